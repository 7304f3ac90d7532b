"""Marks of commands: who they are, no luck drawn in vain, and no room taken by what is the same for all."""

import dataclasses
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.moments import Moment
from cqrsim.plan import draws, marks
from cqrsim.plan.plan import Plan, lower
from cqrsim.trace import Marks, Trace

POISSON = cq.Poisson(per_second(1000))
CLOSED = cq.Closed(4, think=cq.Exponential(ms(50)))


def plan(*groups: cq.Clients, **settings: Any) -> Plan:
    return lower(cq.Scenario(clients=groups, length=seconds(2), **settings), seed=1)


def same_for_all(found: Marks) -> set[str]:
    """The columns that are one number in memory."""
    return {field.name for field in dataclasses.fields(found) if getattr(found, field.name).strides == (0,)}


@pytest.fixture
def purposes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What streams are opened for."""
    opened: list[tuple[Any, ...]] = []

    class Watched(draws.Stream):
        def __init__(self, seed: int, replication: int, *words: str | int) -> None:
            opened.append(words[:2])
            super().__init__(seed, replication, *words)

    for module in (draws, marks):
        monkeypatch.setattr(module, "Stream", Watched)
    return opened


def test_a_plain_group_draws_only_what_differs(purposes: list[tuple[Any, ...]]) -> None:
    """Which aggregate; that all are valid, and change one thing by one event, needs no luck."""
    found = plan(cq.Clients(POISSON))
    assert purposes == [("clients", "aggregate")]
    assert same_for_all(found.marks) == {"group", "valid", "change", "events", "event_bytes", "error_bytes"}
    assert np.shares_memory(found.marks.session, found.groups[0].commands)
    assert found.caught.strides == (0,) and not found.caught.any()


def test_each_group_draws_for_itself(purposes: list[tuple[Any, ...]]) -> None:
    """A group that has invalid commands makes no other group draw."""
    busy = cq.Clients(POISSON, "busy", invalid=0.5, pre_validation=cq.PreValidation(0.5, ms(1)), events={1: 1, 2: 1})
    found = plan(cq.Clients(POISSON, "plain"), busy, aggregates=cq.Evenly(1))
    assert purposes == [("busy", "invalid"), ("busy", "events"), ("busy", "caught")]
    plain, other = (group.commands for group in found.groups)
    assert found.marks.valid[plain].all() and (found.marks.events[plain] == 1).all()
    assert found.caught[other].any() and not (found.caught & found.marks.valid).any()
    assert set(found.marks.events[other].tolist()) == {1, 2}


@pytest.mark.parametrize("invalid", [0.0, 1.0])
@pytest.mark.parametrize("caught", [0.0, 1.0])
def test_shares_of_none_and_of_all_need_no_luck(purposes: list[tuple[Any, ...]], invalid: float, caught: float) -> None:
    found = plan(cq.Clients(POISSON, invalid=invalid, pre_validation=cq.PreValidation(caught, ms(1))))
    assert purposes == [("clients", "aggregate")]
    assert found.marks.valid.tolist() == [invalid == 0.0] * len(found.marks)
    assert found.caught.tolist() == [invalid == caught == 1.0] * len(found.marks)


def test_commands_are_numbered_by_time_and_closed_groups_stand_behind() -> None:
    """Commands of the same time by group; sessions count on from group to group."""
    regular = cq.Regular(ms(1))
    found = plan(
        cq.Clients(CLOSED, "c"),
        cq.Clients(regular, "a"),
        cq.Clients(POISSON, "p", sessions=5),
        cq.Clients(regular, "b"),
    )
    closed, a, p, b = (group.commands for group in found.groups)
    intended, session = found.marks.intended, found.marks.session
    assert np.array_equal(np.sort(np.concatenate([a, p, b, closed])), np.arange(len(found.marks)))
    assert np.array_equal(closed, np.arange(len(found.marks) - len(closed), len(found.marks)))
    assert np.all(np.diff(intended[: -len(closed)]) >= 0) and set(intended[closed].tolist()) == {-1}
    assert np.array_equal(intended[a], intended[b]) and np.all(a < b)
    assert np.array_equal(session[closed], np.arange(len(closed)) % 4)
    assert np.array_equal(session[a], 4 + np.arange(len(a)))
    assert set(session[p].tolist()) == set(range(4 + len(a), 9 + len(a)))
    assert np.array_equal(session[b], 9 + len(a) + np.arange(len(b)))
    assert found.groups[0].closed is not None and len(found.groups[0].closed.think_ns) == len(closed)


def test_times_that_only_the_run_decides_take_no_room() -> None:
    assert "intended" in same_for_all(plan(cq.Clients(CLOSED)).marks)


@pytest.mark.parametrize("sessions", [None, 3])
def test_background_reads_of_several_groups_stand_in_the_order_of_time(sessions: int | None) -> None:
    """Each group's readers are others than the next one's."""
    reads = [cq.BackgroundReads(per_second(rate), sessions=readers) for rate, readers in ((300, 1), (200, 4))]
    groups = [cq.Clients(POISSON, name, background_reads=one) for name, one in zip("ab", reads, strict=True)]
    both = plan(*groups).looks
    assert np.all(np.diff(both.time) >= 0)
    assert set(both.reads.session.tolist()) == {0, 1, 2, 3, 4}
    assert set(both.time[both.reads.session == 0].tolist()) == set(plan(groups[0]).looks.time.tolist())


class TestColumnsOfOneNumber:
    """Nothing that takes marks can tell them from full arrays."""

    def test_a_pickle_holds_the_number_once(self) -> None:
        """And what comes out of it is the same marks, as light as before."""
        found = Marks.of(100_000, session=0, aggregate=0, valid=False, event_bytes=77)
        assert same_for_all(found) == {field.name for field in dataclasses.fields(Marks)}
        packed = pickle.dumps(found)
        assert len(packed) < 2000
        again = pickle.loads(packed)
        assert len(again) == 100_000 and same_for_all(again) == same_for_all(found)
        for field in dataclasses.fields(Marks):
            assert np.array_equal(getattr(again, field.name), getattr(found, field.name))
            assert getattr(again, field.name).dtype == getattr(found, field.name).dtype

    @pytest.mark.parametrize("count", [0, 1, 5])
    def test_few_commands(self, count: int) -> None:
        found = pickle.loads(pickle.dumps(Marks.of(count, aggregate=np.arange(count) + 7)))
        assert found.aggregate.tolist() == list(range(7, 7 + count))
        assert found.events.tolist() == [1] * count

    def test_a_saved_trace_holds_them_in_full(self, tmp_path: Path) -> None:
        """Files are for everybody."""
        full = {name: np.full(5, value) for name, value in (("change", 1), ("events", 1), ("valid", True))}
        rows = np.array([[1, Moment.ISSUED, 4, 0, 0, 0, 1]])
        paths = [tmp_path / name for name in ("short", "long")]
        for path, found in zip(paths, (Marks.of(5), Marks.of(5, **full)), strict=True):
            Trace.from_rows(rows, found).save(path)
        assert paths[0].read_bytes() == paths[1].read_bytes()
        assert Trace.load(paths[0]).marks.change.tolist() == [1] * 5


def test_lowering_many_commands_takes_little_more_memory_than_what_it_makes() -> None:
    """Three columns of 8 bytes stay (numbers, times, aggregates), and nothing else is ever as long."""
    scenario = cq.Scenario(clients=cq.Clients(cq.Poisson(per_second(100_000))), length=seconds(2))
    lower(scenario.with_(length=ms(1)), seed=1)  # what is imported and kept once is not counted
    tracemalloc.start()
    found = lower(scenario, seed=1)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.marks) > 190_000
    assert kept < 25 * len(found.marks)
    assert peak < 30 * len(found.marks)
