"""Where one design overtakes another: crossings of bands, and a break-even that is known beforehand."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.errors import ResultError, ScenarioError
from cqrsim.experiments.answers.crossings import Band
from cqrsim.experiments.designs.axis import Axis


def system(**parts: Any) -> cq.Scenario:
    """Commands every 20 ms at a system without delays, whose clients wait for the write."""
    settings: dict[str, Any] = {
        "clients": cq.Clients(cq.Regular(ms(20))),
        "aggregates": cq.Evenly(10**9),
        "feedback": cq.SyncValidation("written"),
        "length": seconds(0.5),
        "grace": seconds(0),
    }
    return cq.Scenario(**(settings | parts))


OWN = ("own store", system(state=cq.OwnStore(save=ms(2))))
EVENTS = ("events", system())


def test_the_break_even_is_where_both_take_as_long() -> None:
    """A store of its own takes 2 ms whatever the event store's disk does: so they cross at a disk of 2 ms."""
    found = cq.breakeven(OWN, EVENTS, "feedback_ms_p50", {"disk.write": ["1ms", "4ms"]}, replications=3)
    assert found.frame["difference"].tolist() == pytest.approx([1.0, -2.0])
    assert found.frame["verdict"].tolist() == ["events better", "own store better"]
    crossing = found.crossings().iloc[0]
    assert (crossing["at"], crossing["before"], crossing["after"]) == (pytest.approx(2.0), "events", "own store")
    assert found.sentence() == (
        '"events" has the better feedback_ms_p50 up to disk.write = 2ms (between 2ms and 2ms), '
        'and beyond that "own store" (each point judged at 95 % by itself).'
    )


def test_a_surface_has_a_crossing_for_each_row() -> None:
    """Only events wait for the store's answer, so the break-even comes as much sooner as that takes longer."""
    over = {"disk.write": ["0.5ms", "4ms"], "network.store_to_handler": ["0ms", "1ms"]}
    found = cq.breakeven(OWN, EVENTS, "feedback_ms_p50", over, replications=2)
    assert found.frame["x"].tolist() == [0.5, 4.0] * 2
    assert found.crossings()["at"].tolist() == pytest.approx([2.0, 1.0])
    assert found.sentence().splitlines()[1].startswith('At network.store_to_handler = 1ms "events"')


def test_designs_that_do_the_same_cannot_be_told_apart() -> None:
    """The same numbers in every pair: no verdict, no crossing, and it says so."""
    found = cq.breakeven(("a", EVENTS[1]), ("b", EVENTS[1]), "feedback_ms_p50", {"disk.write": ["1ms", "2ms"]}, 2)
    assert set(found.frame["verdict"]) == {"unresolved"}
    assert found.crossings().empty
    assert "is not told apart at any of 2 values" in found.sentence()


def test_points_that_cannot_keep_up_are_marked_and_not_simulated() -> None:
    """Their verdict names the design and the station."""
    over = {"disk.write": ["1ms", "30ms"]}
    found = cq.breakeven(OWN, EVENTS, "feedback_ms_p50", over, replications=2)
    last = found.frame.iloc[-1]
    assert np.isnan(last["difference"]) and last["pairs"] == 0
    assert '"events" is overloaded: disk' in last["verdict"]


def test_results_do_not_depend_on_who_does_the_work() -> None:
    """One worker or two, either engine."""
    over = {"clients.arrivals.every": ["10ms", "20ms"]}
    noisy = {"disk": cq.Disk(write=cq.Exponential(ms(1)))}
    designs = [("a", system(**noisy)), ("b", system(**noisy, feedback=cq.ForwardEvent(poll=ms(3))))]
    one = cq.breakeven(*designs, "feedback_ms_p50", over, replications=3, engine="simpy")
    two = cq.breakeven(*designs, "feedback_ms_p50", over, replications=3, n_jobs=2)
    assert one.frame.equals(two.frame)


def test_more_is_better_of_some_metrics_and_neither_of_others() -> None:
    """The verdict knows which way is better."""
    over = {"clients.arrivals.every": ["10ms", "20ms"]}
    lossy = system(network=cq.Network(handler_to_store=cq.Route(loss=0.5)), state=cq.FromGenerated(wait=False))
    found = cq.breakeven(("lossy", lossy), ("sound", system()), "durable_per_s", over, replications=4)
    assert set(found.frame["verdict"]) == {"sound better"}
    found = cq.breakeven(("lossy", lossy), ("sound", system()), "messages_per_command", over, replications=4)
    assert set(found.frame["verdict"]) <= {"lossy better", "sound better", "unresolved"}


@given(
    slope=st.floats(0.1, 10).flatmap(lambda size: st.sampled_from([size, -size])),
    zero=st.floats(1.05, 8.95),
    half=st.floats(0, 0.3),
)
def test_a_straight_band_crosses_where_its_lines_do(slope: float, zero: float, half: float) -> None:
    """The crossing is exact, and lies between those of the ends of the interval."""
    places = np.arange(0.0, 11.0)
    value = slope * (places - zero)
    half = half * abs(slope)
    (found,) = Band.of(places, value, value - half, value + half).crossings()
    assert found.at == pytest.approx(zero)
    assert found.before == (-1 if slope > 0 else 1)
    assert found.low == pytest.approx(zero - half / abs(slope), abs=1e-9)
    assert found.high == pytest.approx(zero + half / abs(slope), abs=1e-9)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 3)), min_size=1, max_size=8))
def test_every_crossing_is_between_places_that_are_resolved(points: list[tuple[float, float]]) -> None:
    """As many crossings as changes of sign among the resolved places; each within its bounds."""
    value, half = (np.array(column) for column in zip(*points, strict=True))
    band = Band.of(np.arange(len(value)), value, value - half, value + half)
    signs = [sign for sign in band.signs if sign]
    crossings = band.crossings()
    assert len(crossings) == sum(one != other for one, other in pairwise(signs))
    assert all(one.low - 1e-9 <= one.at <= one.high + 1e-9 for one in crossings if not np.isnan(one.at))


def test_nothing_is_said_across_a_gap() -> None:
    """A place at which nothing is known parts the curve."""
    nan = float("nan")
    assert Band.of([0, 1, 2], [-1, nan, 1], [-1, nan, 1], [-1, nan, 1]).crossings() == []


def test_a_crossing_that_is_not_resolved_on_both_sides_is_none() -> None:
    """The mean changes its sign, but the right side is not sure."""
    assert Band.of([0, 1], [-2, 1], [-3, -1], [-1, 3]).crossings() == []


def test_axes_speak_of_units() -> None:
    """Numbers of an axis and back again."""
    axis = Axis("clients.arrivals.rate", (per_second(50), per_second(100)))
    assert axis.label == "clients.arrivals.rate, per second"
    assert axis.text(axis.number(per_second(75))) == "75/s"


def test_mistakes_are_told_before_anything_runs() -> None:
    """Settings, values, metrics, numbers."""
    for over, told in [
        ({"disk.wirte": ["1ms", "2ms"]}, 'did you mean "disk.write"'),
        ({"disk.write": ["1ms"]}, "needs at least two values"),
        ({"feedback": [cq.SyncValidation(), cq.ForwardEvent()]}, "to be an axis"),
        ({}, "one or two paths"),
        (["disk.write"], "one or two paths"),
    ]:
        with pytest.raises(ScenarioError, match=told):
            cq.breakeven(OWN, EVENTS, "feedback_ms_p50", over)  # type: ignore[arg-type]
    with pytest.raises(ResultError, match='did you mean "feedback_ms_p50"'):
        cq.breakeven(OWN, EVENTS, "feedback_p50", {"disk.write": ["1ms", "2ms"]})
    with pytest.raises(ScenarioError, match="replications: must be a whole number, at least 2"):
        cq.breakeven(OWN, EVENTS, "feedback_ms_p50", {"disk.write": ["1ms", "2ms"]}, replications=1)
    with pytest.raises(ScenarioError, match="another name"):
        cq.breakeven(OWN, OWN, "feedback_ms_p50", {"disk.write": ["1ms", "2ms"]})
