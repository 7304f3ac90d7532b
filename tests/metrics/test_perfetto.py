"""Files for trace viewers keep to the Trace Event Format: Duca and Sinclair (2016)."""

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.metrics.slices import deciding
from cqrsim.moments import Moment

BLOG = cq.presets.blog().with_(length=seconds(2), warm_up=seconds(0))
RUNS = {
    "calm": BLOG,
    "troubled": BLOG.with_(feedback=cq.ForwardEvent(poll=ms(100))).with_faults(
        cq.LostMessages(share=0.1),
        cq.DiskFull(at=seconds(1), lasts=ms(50)),
        cq.HandlerCrash(at=seconds(1.1), restart=ms(50)),
    ),
    "crowded": BLOG.with_(
        clients=BLOG.clients.variant(arrivals=cq.Poisson(cq.per_second(1500))),
        handlers=BLOG.handlers.variant(shards=3, workers=2),
        length=ms(500),
    ),
}
Events = list[dict[str, Any]]


@pytest.fixture(scope="module", params=list(RUNS))
def run(request: pytest.FixtureRequest) -> cq.Run:
    return cq.simulate(RUNS[request.param], seed=1, engine="simpy")


@pytest.fixture(scope="module")
def events(run: cq.Run, tmp_path_factory: pytest.TempPathFactory) -> Events:
    path = run.export_perfetto(tmp_path_factory.mktemp("trace") / "run.json")
    found: Events = json.loads(path.read_text())["traceEvents"]
    return found


NEEDED = {
    "X": {"dur", "args"}, "b": {"id", "cat"}, "e": {"id", "cat"}, "C": {"args"}, "i": {"s"}, "M": {"args"},
    "s": {"id", "cat"}, "f": {"id", "cat", "bp"},
}  # fmt: skip


def test_every_event_has_what_its_kind_needs(events: Events) -> None:
    for event in events:
        assert {"name", "ph", "pid", "tid", "ts"} | NEEDED[event["ph"]] <= event.keys()
        assert event["ts"] >= 0 and event.get("dur", 0) >= 0
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int) and isinstance(event["name"], str)


def test_events_stand_in_the_order_of_time(events: Events) -> None:
    times = [event["ts"] for event in events if event["ph"] != "M"]
    assert times == sorted(times)


def test_slices_of_one_thread_do_not_overlap(events: Events) -> None:
    threads = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            threads[event["pid"], event["tid"]].append(event)
    assert len(threads) >= 3
    for slices in threads.values():
        for one, other in pairwise(slices):
            assert one["ts"] + one["dur"] <= other["ts"]
            assert one["dur"] >= 0


def test_whatever_begins_ends_once_and_not_before(events: Events) -> None:
    open_since: dict[tuple[str, int], float] = {}
    for event in (event for event in events if event["ph"] in "be"):
        pair = (event["cat"], event["id"])
        if event["ph"] == "b":
            assert pair not in open_since
            open_since[pair] = event["ts"]
        else:
            assert open_since.pop(pair) <= event["ts"]
    assert not open_since


def test_every_arrow_has_both_ends_within_slices(events: Events) -> None:
    slices = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            slices[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    starts = {event["id"]: event for event in events if event["ph"] == "s"}
    ends = {event["id"]: event for event in events if event["ph"] == "f"}
    assert starts and starts.keys() == ends.keys()
    assert len(starts) + len(ends) == sum(event["ph"] in "sf" for event in events)
    begins = {place: {begin for begin, end in some if end > begin} for place, some in slices.items()}
    for number, start in starts.items():
        assert start["ts"] <= ends[number]["ts"]
        for end in (start, ends[number]):
            assert end["ts"] in begins[end["pid"], end["tid"]]


def test_counters_are_levels(run: cq.Run, events: Events) -> None:
    """They never fall below zero, and the bytes on the disk end with what the log holds."""
    levels: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if event["ph"] == "C":
            (value,) = event["args"].values()
            levels[event["name"]].append(value)
    assert {"disk", "commands waiting for the turn", "appends at the store", "lag of view"} <= levels.keys()
    assert all(min(values) >= 0 for values in levels.values())
    assert levels["disk"][-1] == run.events()["size_bytes"].sum()


def test_everything_that_happened_is_there(run: cq.Run, events: Events) -> None:
    """Each command once, each write of the store once, each firing of a fault once; all processes have names."""
    count = defaultdict(int)
    for event in events:
        count[event.get("cat", ""), event["ph"]] += 1
    assert count["command", "b"] == len(run.commands())
    assert count["write", "X"] == len(run.trace.of(Moment.APPEND_STARTED))
    assert count["fault", "i"] == len(run.trace.of(Moment.FAULT_STRUCK))
    named = {event["pid"] for event in events if event["name"] == "process_name"}
    assert {event["pid"] for event in events} == named


def test_workers_are_no_more_than_there_are() -> None:
    run = cq.simulate(RUNS["crowded"], seed=1, engine="simpy")
    slices = deciding(run.trace)
    assert set(slices.worker.tolist()) == {1, 2} and set(slices.part.tolist()) == {0, 1, 2}


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    run = cq.simulate(BLOG.with_(length=ms(100)), seed=1, engine="simpy")
    with pytest.raises(OSError, match="nowhere"):
        run.export_perfetto(tmp_path / "nowhere" / "run.json")
