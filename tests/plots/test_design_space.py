"""Pictures of designs and settings: break-even, Pareto, tornado, timeouts, heat map."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.errors import ResultError


def system(**parts: Any) -> cq.Scenario:
    """A few commands through constant delays."""
    settings: dict[str, Any] = {
        "clients": cq.Clients(cq.Regular(ms(20))),
        "aggregates": cq.Evenly(10**9),
        "feedback": cq.SyncValidation("written"),
        "length": seconds(0.3),
        "grace": seconds(0),
    }
    return cq.Scenario(**(settings | parts))


OWN, EVENTS = ("own store", system(state=cq.OwnStore(save=ms(2)))), ("events", system())


@pytest.fixture(scope="module")
def curve() -> cq.Breakeven:
    return cq.breakeven(OWN, EVENTS, "feedback_ms_p50", {"disk.write": ["1ms", "4ms", "30ms"]}, replications=2)


@pytest.fixture(scope="module")
def surface() -> cq.Breakeven:
    over = {"disk.write": ["0.5ms", "1.5ms", "4ms", "30ms"], "network.store_to_handler": ["0ms", "1ms"]}
    return cq.breakeven(OWN, EVENTS, "feedback_ms_p50", over, replications=2)


@pytest.fixture(scope="module")
def swept() -> cq.Sweep:
    design = cq.grid(system(), {"disk.write": ["1ms", "30ms"], "handlers.validate": ["1ms", "2ms"]})
    return cq.sweep(design, replications=2, engine="simpy")


def test_a_curve_shows_its_band_and_where_it_crosses(curve: cq.Breakeven, looking: SimpleNamespace) -> None:
    ax = cq.plots.breakeven(curve)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("disk.write, ms", "difference, ms")
    assert {text.get_text() for text in ax.texts} == {"crosses at 2ms", '"events" has less', '"own store" has less'}
    assert len(looking.lines(ax, "unknown")) == 1, "where a design is overloaded nothing is known"
    assert len(looking.patches(ax, "crossing")) == 1


def test_a_surface_shows_the_zero_line_and_what_is_not_known(surface: cq.Breakeven, looking: SimpleNamespace) -> None:
    ax = cq.plots.breakeven(surface)
    assert ax.get_ylabel() == "network.store_to_handler, ms"
    (zero,) = looking.lines(ax, "zero")
    assert list(zero.get_xdata()) == pytest.approx([2.0, 1.0])
    assert len(looking.lines(ax, "unknown")) == 2


def test_what_is_not_resolved_is_hatched() -> None:
    over = {"disk.write": ["1ms", "2ms"], "handlers.validate": ["1ms", "2ms"]}
    same = cq.breakeven(("a", EVENTS[1]), ("b", EVENTS[1]), "feedback_ms_p50", over, replications=2)
    ax = cq.plots.breakeven(same)
    assert [one.get_gid() for one in ax.collections].count("unresolved") == 1


def test_a_heat_map_has_numbers_and_marks_overload(swept: cq.Sweep, looking: SimpleNamespace) -> None:
    ax = cq.plots.heat_map(swept, "feedback_ms_p50", "disk.write", "handlers.validate")
    assert [text.get_text() for text in ax.texts] == ["2", "3", "overloaded", "overloaded"]
    assert len(looking.patches(ax, "overloaded")) == 2
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1ms", "30ms"]


def test_a_heat_map_needs_two_settings_that_vary(swept: cq.Sweep) -> None:
    with pytest.raises(ResultError, match=r'does not vary "disk\.wirte"; did you mean "disk\.write"'):
        cq.plots.heat_map(swept, "feedback_ms_p50", "disk.wirte", "handlers.validate")
    with pytest.raises(ResultError, match="several points share a cell"):
        cq.plots.heat_map(swept, "feedback_ms_p50", "disk.write", "disk.write")


def test_the_front_of_a_comparison() -> None:
    designs = {"fast": system(), "slow": system(disk=cq.Disk(write=ms(3)))}
    answers = cq.compare(designs, replications=3, engine="simpy")
    ax = cq.plots.pareto(answers, "feedback_ms_p50", "messages_per_command")
    assert [text.get_text() for text in ax.texts] == ["fast", "slow"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["beaten by none", "beaten"]
    assert ax.get_xlabel() == "feedback p50 (ms)"


def test_the_front_of_a_sweep_names_settings(swept: cq.Sweep) -> None:
    ax = cq.plots.pareto(swept, "feedback_ms_p50", "messages_per_command")
    assert "1ms, 1ms" in [text.get_text() for text in ax.texts]


def test_a_tornado_of_one_setting_at_a_time(looking: SimpleNamespace) -> None:
    design = cq.one_at_a_time(system(), {"handlers.validate": ["1ms"], "disk.write": ["1ms", "5ms"]})
    ax = cq.plots.tornado(cq.sweep(design, replications=2, engine="simpy"), "feedback_ms_p50")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["disk.write", "handlers.validate"]
    assert {text.get_text() for text in looking.texts(ax, "level")} == {"1ms", "5ms"}
    assert max(bar.get_width() for bar in looking.patches(ax, "span")) == pytest.approx(5.0)


def test_a_tornado_of_indices_has_the_strongest_on_top(looking: SimpleNamespace) -> None:
    factors = {"handlers.validate": cq.Between(ms(1), ms(2)), "disk.write": cq.Between(ms(1), ms(9))}
    ax = cq.plots.tornado(cq.sobol_indices(system(), factors, "feedback_ms_mean", n=8, engine="simpy"))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["disk.write", "handlers.validate"]
    assert len(looking.patches(ax, "total")) == len(looking.patches(ax, "first_order")) == 2


def test_a_tornado_of_another_sweep_is_refused(swept: cq.Sweep) -> None:
    with pytest.raises(ResultError, match="one setting at a time"):
        cq.plots.tornado(swept, "feedback_ms_p50")


def test_timeouts_stand_beside_their_theory(looking: SimpleNamespace) -> None:
    scenario = system(
        state=cq.FromPublished(),
        network=cq.Network(store_to_subscriber=cq.Route(cq.Exponential(ms(5)), in_order=False)),
    )
    found = cq.timeout_curve(scenario, [ms(2), ms(9)], replications=2, engine="simpy")
    ax = cq.plots.timeout_curve(found)
    assert len(looking.lines(ax, "theory")) == 1, "nothing is accepted twice, by no theory either"
    assert [text.get_text() for text in ax.texts] == ["released too early"]
    ax = cq.plots.timeout_curve(found, "turn_held")
    assert ax.get_ylabel() == "turn held, ms"
    assert len(looking.lines(ax, "theory")) == 2
    with pytest.raises(ResultError, match='did you mean "shares"'):
        cq.plots.timeout_curve(found, "share")  # type: ignore[arg-type]


def test_the_axes_that_are_given_are_drawn_on(curve: cq.Breakeven, swept: cq.Sweep) -> None:
    _, ax = plt.subplots()
    assert cq.plots.breakeven(curve, ax=ax) is ax
    assert cq.plots.heat_map(swept, "feedback_ms_p50", "disk.write", "handlers.validate", ax=ax) is ax


@pytest.mark.parametrize("name", ["breakeven", "timeout_curve", "tornado"])
def test_other_things_are_refused(name: str) -> None:
    with pytest.raises(ResultError, match="this is drawn of"):
        getattr(cq.plots, name)(pd.DataFrame())
    with pytest.raises(ResultError, match="this is drawn of"):
        cq.plots.pareto(pd.DataFrame(), "a", "b")  # type: ignore[arg-type]
    with pytest.raises(ResultError, match="this is drawn of"):
        cq.plots.heat_map(pd.DataFrame(), "a", "b", "c")  # type: ignore[arg-type]
