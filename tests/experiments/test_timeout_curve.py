"""What a timeout of case 2a costs, measured and calculated: false timeouts, turns held, double accepts."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.errors import ScenarioError
from cqrsim.experiments.answers.timeout_theory import DOUBLE, FALSE, HELD, HELD_P99, MEASURES, Theory
from cqrsim.experiments.loads.durations import Together, masses, sum_of

MISS = 1e-4
"""Chance that a correct simulator misses, per comparison."""


def overtaking(delay: Any) -> cq.Route:
    """A link on which messages may overtake each other."""
    return cq.Route(delay, in_order=False)


def one_aggregate(**parts: Any) -> cq.Scenario:
    """One aggregate under 20 commands a second: 1 ms to validate, 5 ms to write, 20 ms to come back."""
    settings: dict[str, Any] = {
        "clients": cq.Clients(cq.Poisson(per_second(20))),
        "aggregates": cq.Evenly(1),
        "state": cq.FromPublished(),
        "handlers": cq.Handlers(validate=ms(1)),
        "disk": cq.Disk(write=cq.Exponential(ms(5))),
        "network": cq.Network(store_to_subscriber=overtaking(cq.Exponential(ms(20)))),
        "length": seconds(8),
        "warm_up": seconds(0.5),
    }
    return cq.Scenario(**(settings | parts))


def created_once(**parts: Any) -> cq.Scenario:
    """200 aggregates that exist once or not at all, each created again and again ten times a second."""
    settings: dict[str, Any] = {
        "clients": cq.Clients(cq.Poisson(per_second(2000)), changes=1),
        "aggregates": cq.Evenly(200),
        "state": cq.FromPublished(),
        "handlers": cq.Handlers(),
        "disk": cq.Disk(),
        "rule": cq.Range(0, 1),
        "network": cq.Network(
            handler_to_store=overtaking(cq.Exponential(ms(40))), store_to_subscriber=overtaking(cq.Exponential(ms(80)))
        ),
        "length": seconds(1),
        "warm_up": seconds(0),
        "grace": seconds(1),
    }
    return one_aggregate(**(settings | parts))


def test_o17_the_theory_of_one_aggregate() -> None:
    """Write Exp(200), publication Exp(50), timeout 0.1 s: the numbers of a per-aggregate lock (no silent failures)."""
    found = Theory(one_aggregate(), 0.1e9).of(0.1e9)
    false = 200 / 150 * math.exp(-5) - 50 / 150 * math.exp(-20)
    assert found[FALSE] == pytest.approx(0.008983928645062748, rel=1e-3) == pytest.approx(false, rel=1e-3)
    held_ms = (26.572118202625047 - 0.01 * 101) / 0.99
    assert found[HELD] == pytest.approx(held_ms, rel=1e-4)
    assert Theory(one_aggregate(), 2e9).of(2e9)[HELD] == pytest.approx(26.0, rel=1e-4)


def test_the_simulator_agrees_with_the_theory_of_timeouts_and_turns() -> None:
    """Every interval holds its theory, and is narrow enough for that to mean something."""
    curve = cq.timeout_curve(one_aggregate(), [ms(10), ms(40)], replications=24, confidence=1 - MISS)
    for name in (FALSE, HELD, HELD_P99):
        for row in curve.frame.to_dict("records"):
            cell_of_the_grid = 0.0 if name == FALSE else 0.01
            assert row[f"{name}_low"] - cell_of_the_grid <= row[f"{name}_theory"]
            assert row[f"{name}_theory"] <= row[f"{name}_high"] + cell_of_the_grid
            assert row[f"{name}_high"] - row[f"{name}_low"] < 0.5 * row[f"{name}_theory"]


@pytest.mark.parametrize("validate_ms", [0, 10])
def test_the_simulator_agrees_with_the_theory_of_double_accepts(validate_ms: int) -> None:
    """E[(1 - exp(-l X)); X > tau + validation], for X the sum of two exponentials."""
    handlers = cq.Handlers(validate=ms(validate_ms), workers=10_000)
    curve = cq.timeout_curve(created_once(handlers=handlers), [ms(30), ms(120)], replications=24, confidence=1 - MISS)
    for row in curve.frame.to_dict("records"):
        assert row[f"{DOUBLE}_low"] <= row[f"{DOUBLE}_theory"] <= row[f"{DOUBLE}_high"]
        assert row[f"{DOUBLE}_high"] - row[f"{DOUBLE}_low"] < 0.4 * row[f"{DOUBLE}_theory"]
        late = row["timeout_ms"] + validate_ms
        assert row[f"{DOUBLE}_theory"] == pytest.approx(_doubled(late, 0.01), rel=2e-3)


def _doubled(late_ms: float, per_ms: float) -> float:
    """The same integral over the density of a sum of exponentials with means of 40 and 80 ms."""

    def upto(rate: float) -> float:
        """The integral of exp(-rate x) times the density, from the timeout on."""
        slow, fast = 1 / 80 + rate, 1 / 40 + rate
        return (math.exp(-slow * late_ms) / slow - math.exp(-fast * late_ms) / fast) / 40

    return upto(0.0) - upto(per_ms)


@settings(deadline=None, max_examples=25)
@given(first=st.floats(0.5, 50), second=st.floats(0.5, 50), share=st.floats(0.05, 3))
def test_sums_of_durations_are_those_of_analysis(first: float, second: float, share: float) -> None:
    """Two exponentials: the chance to be later than a time, and the mean up to it."""
    late = share * (first + second)
    both = Together.of([cq.Exponential(ms(first)), cq.Exponential(ms(second))], 40e6 * (first + second))
    if math.isclose(first, second, rel_tol=0.05):
        exact = stats.gamma(2, scale=(first + second) / 2).sf(late)
    else:
        exact = (first * math.exp(-late / first) - second * math.exp(-late / second)) / (first - second)
    assert both.later_than(late * 1e6) == pytest.approx(exact, abs=5e-3)
    assert both.mean_up_to(40e6 * (first + second)) / 1e6 == pytest.approx(first + second, rel=1e-3)


@given(low=st.integers(0, 50), width=st.integers(1, 50), wait=st.integers(0, 100))
def test_masses_keep_all_that_lies_on_the_grid(low: int, width: int, wait: int) -> None:
    """Nothing is lost, whatever is added up, as long as the grid reaches far enough."""
    one, other = cq.Uniform(ms(low), ms(low + width)), cq.Constant(ms(wait))
    total = sum_of(masses(one, 300e6), masses(other, 300e6))
    assert total.sum() == pytest.approx(1)
    assert total @ np.arange(len(total)) * 300 / 4096 == pytest.approx(low + width / 2 + wait, abs=0.2)


SILENT = [
    ({"faults": cq.WriteErrors(0.1)}, MEASURES, "something goes wrong"),
    ({"store": cq.EventStore(flush=ms(5))}, MEASURES, "flushes come now and then"),
    ({"handlers": cq.Handlers(turn="shard")}, MEASURES, "turns are not those of aggregates"),
    ({"rule": None}, (DOUBLE,), "do not exclude each other"),
    ({"rule": cq.Range(0, 9)}, (DOUBLE,), "do not exclude each other"),
    ({"store": cq.EventStore(check_version=True)}, MEASURES, "expect another version are refused"),
    ({"aggregates": cq.Zipf(200, exponent=1)}, (DOUBLE,), "more popular"),
]


@pytest.mark.parametrize(("parts", "names", "told"), SILENT)
def test_where_there_is_no_theory_it_says_why(parts: dict[str, Any], names: tuple[str, ...], told: str) -> None:
    """NaN, and a reason."""
    theory = Theory(created_once(**parts), 0.1e9)
    found = theory.of(0.1e9)
    assert {name for name, value in found.items() if math.isnan(value)} == set(names) == set(theory.silent)
    assert all(told in reason for reason in theory.silent.values())


def test_version_checks_leave_no_double_accepts() -> None:
    """Nothing that the log forbids gets into it, however short the timeout: measured as 0 with an upper bound."""
    scenario = created_once(store=cq.EventStore(check_version=True), length=seconds(0.5))
    curve = cq.timeout_curve(scenario, ["20ms"], replications=2)
    row = curve.frame.iloc[0]
    assert row[DOUBLE] == 0 < row[f"{DOUBLE}_high"] < 0.05
    assert row[FALSE] > 0.2
    assert "No theory for double_accept_share" in repr(curve)
    assert "double_accept_share" in curve._repr_html_()


def test_timeouts_are_sorted_and_each_is_tried_once() -> None:
    """Texts and durations alike."""
    curve = cq.timeout_curve(one_aggregate(length=seconds(1)), ["50ms", ms(20), ms(50)], replications=2)
    assert curve.timeouts == (ms(20), ms(50))
    assert curve.table()["timeout"].tolist() == ["20ms", "50ms"]
    assert "false_timeout_share_theory" in curve.table()


def test_what_is_no_timeout_is_refused_before_anything_runs() -> None:
    """All mistakes at once, and states that wait for no event."""
    with pytest.raises(ScenarioError, match="state: must be FromPublished"):
        cq.timeout_curve(one_aggregate(state=cq.FromGenerated()), [ms(1)])
    with pytest.raises(ScenarioError, match="must be a list of durations"):
        cq.timeout_curve(one_aggregate(), ms(1))  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="2 mistakes"):
        cq.timeout_curve(one_aggregate(), [ms(0), "soon"])
    with pytest.raises(ScenarioError, match="nothing to try"):
        cq.timeout_curve(one_aggregate(), [])
