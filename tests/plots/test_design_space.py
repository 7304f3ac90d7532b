"""Pictures of designs and settings: break-even, Pareto, tornado, timeouts, heat map."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
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


class Map:
    """A break-even analysis of two settings, as a picture sees it."""

    names = ("a", "b")
    metric = SimpleNamespace(name="feedback_ms_p50", unit="ms")
    axes = (SimpleNamespace(path="disk", label="disk, ms"), SimpleNamespace(path="rate", label="rate, per s"))

    def __init__(self, differences: list[float], wide: float = 0.0) -> None:
        places = pd.DataFrame({"x": [1.0, 2.0, 1.0, 2.0], "y": [1.0, 1.0, 5.0, 5.0]})
        value = pd.Series(differences)
        self.frame = places.assign(rate=places["y"], difference=value, low=value - wide, high=value + wide)

    def crossings(self) -> pd.DataFrame:
        return pd.DataFrame({name: np.empty(0) for name in ("at", "low", "high", "rate")})


def test_what_is_not_resolved_is_hatched() -> None:
    ax = cq.plots.breakeven(Map([1.0, 2.0, -1.0, 0.0], wide=1.5))
    assert [one.get_gid() for one in ax.collections].count("unresolved") == 1
    assert len(ax.figure.axes) == 2, "the colours have a scale"


@pytest.mark.parametrize(
    ("differences", "said", "dots", "crosses"),
    [
        ([0.0, 0.0, 0.0, math.nan], "not told apart anywhere: dots are what was compared", 3, 1),
        ([math.nan] * 4, "not known anywhere", 0, 4),
    ],
)
def test_a_map_without_any_difference_invents_no_colours(
    looking: SimpleNamespace, differences: list[float], said: str, dots: int, crosses: int
) -> None:
    """The points are shown, and words say why there is nothing else."""
    ax = cq.plots.breakeven(Map(differences))
    assert ax.get_title(loc="left").splitlines()[1] == said
    assert [len(line.get_xdata()) for line in looking.lines(ax, "same")] == [dots]
    assert len(looking.lines(ax, "unknown")) == crosses
    assert ax.figure.axes == [ax] and not ax.collections


def test_the_same_design_twice_is_not_told_apart(looking: SimpleNamespace) -> None:
    over = {"disk.write": ["1ms", "2ms"], "handlers.validate": ["1ms", "2ms"]}
    same = cq.breakeven(("a", EVENTS[1]), ("b", EVENTS[1]), "feedback_ms_p50", over, replications=2)
    (dots,) = looking.lines(cq.plots.breakeven(same), "same")
    assert sorted(map(tuple, dots.get_xydata())) == [(1, 1), (1, 2), (2, 1), (2, 2)]


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


class Front:
    """A comparison of two metrics, as a picture sees it."""

    def __init__(self, **values: tuple[float, float, float]) -> None:
        self._values = values

    def pareto(self, *names: str) -> pd.DataFrame:
        return pd.DataFrame({"design": list(self._values), "on_front": "yes"})

    def estimates(self, *names: str) -> pd.DataFrame:
        ends = pd.DataFrame(list(self._values.values()), columns=["value", "low", "high"])
        of_all = ends.assign(design=list(self._values), unit="ms")
        of_y = of_all.assign(name=names[1], value=3.0, low=-1.0, high=4.0)
        return pd.concat([of_all.assign(name=names[0]), of_y])


def test_a_front_draws_lower_bounds_as_arrows_and_nothing_impossible(looking: SimpleNamespace) -> None:
    front = Front(known=(5.0, -2.0, 12.0), more=(9.0, math.nan, math.nan), nothing=(math.nan,) * 3)
    ax = cq.plots.pareto(front, "feedback_ms_p99", "answer_ms_p99")
    (arrow,) = looking.lines(ax, "beyond")
    assert (arrow.get_marker(), *arrow.get_xydata()[0]) == (">", 9.0, 3.0)
    assert [text.get_text() for text in looking.texts(ax, "beyond")] == ["or more"]
    assert [text.get_text() for text in looking.texts(ax, "name")] == ["known", "more"]
    assert looking.covering(list(ax.texts)) == []
    spans = np.array([lines.get_segments()[0] for lines in ax.collections if lines.get_gid() == "interval"])
    assert spans.min() == 0.0 and len(spans) == 3


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
    (rings,) = looking.lines(ax, "theory")
    assert rings.get_linestyle() == "None", "between timeouts nothing was calculated"
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
