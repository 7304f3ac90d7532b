"""How fast the store grows, when it is full, and how far handler and log part in events."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.stories import Story, patient

import cqrsim as cq
from cqrsim import kb, ms, seconds
from cqrsim.metrics import parted_events
from cqrsim.metrics.divergence import stretches
from cqrsim.metrics.growth import filling, growth_bytes_per_s


def steady(count: int, **about: int) -> Story:
    """So many appends of 400 bytes, evenly apart over the window of one second."""
    story = Story(count, {"aggregate": list(range(count))}, **about)
    for command in range(count):
        at = (command + 0.5) * 1000 / count
        story.issue(at, command).decide(at, command).send_append(at, command).write(at, command, command)
    return story


@patient
@given(st.integers(1, 40), st.integers(0, 100_000))
def test_a_store_that_grows_evenly_is_full_when_its_room_is_used_up(count: int, spare: int) -> None:
    """The time to full is the capacity over the growth, seen or not."""
    trace = steady(count, capacity_bytes=400 * count + spare).trace()
    found = filling(trace)
    assert found.bytes_per_s == growth_bytes_per_s(trace, errors=False) == 400 * count
    assert growth_bytes_per_s(trace, errors=True) == 0
    assert not found.seen
    assert found.full_s == pytest.approx((400 * count + spare) / (400 * count))


def test_without_limits_or_growth_it_is_never_full() -> None:
    assert filling(steady(5).trace()).full_s == math.inf
    assert filling(Story(capacity_bytes=1000).issue(5).trace()).full_s == math.inf


def test_the_first_refusal_for_want_of_room_ends_the_growth() -> None:
    """Five appends before 500 ms and a refusal then: 2,000 bytes in half a second."""
    story = steady(10)
    story.rows = [row for row in story.rows if row[0] < 500e6]
    story.issue(500, 5).decide(500, 5).send_append(500, 5).fail(500, 5)
    found = filling(story.trace())
    assert (found.seen, found.full_s, found.bytes_per_s) == (True, 0.5, 4000)


def test_a_small_disk_fills_when_the_summary_says_so() -> None:
    small = cq.presets.blog().with_({"length": seconds(4), "warm_up": seconds(1), "disk.capacity": kb(200)})
    run = cq.simulate(small, seed=1, engine="simpy")
    summary = run.summary().set_index("metric")["value"]
    found = filling(run.trace)
    assert found.seen
    assert found.full_s == summary["time_to_full_s"]
    assert found.full_s == pytest.approx(200_000 / found.bytes_per_s, rel=0.15)


@pytest.mark.parametrize(("case", "parts"), [("1 own first", True), ("2b", False)])
def test_events_are_ahead_exactly_while_aggregates_are_divergent(case: str, parts: bool) -> None:
    """A full disk leaves an own store with events that the log will never have."""
    blog = cq.presets.blog().with_(length=seconds(3), warm_up=seconds(1))
    trace = cq.simulate(
        cq.presets.state_cases(blog.with_faults(cq.DiskFull(at=seconds(1), lasts=ms(500))))[case], seed=1,
        engine="simpy",
    ).trace  # fmt: skip
    edges = np.linspace(0, trace.about.end_ns, 50).astype(np.int64)
    ahead, behind = parted_events.ahead(trace).means(edges), parted_events.behind(trace).means(edges)
    assert (ahead.max() > 10) == parts
    assert not behind.any()
    assert bool(len(stretches(trace))) == parts
