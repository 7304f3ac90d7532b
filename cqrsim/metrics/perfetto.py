"""A run as a file for trace viewers: who was busy with which command, in the Trace Event Format of Chrome and Perfetto.

Each part of the system is a process of the viewer, each of its workers a thread.  What one worker does one after the
other stands as slices on its thread; what goes on side by side (waiting, being told, catching up) stands as pairs of
begin and end with an id.  Arrows lead from a decision to the write that made it durable, and on to the projections.
The format: Duca and Sinclair, "Trace Event Format" (2016).  Times are in microseconds, to the nanosecond.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cqrsim.messages import Belief
from cqrsim.metrics import queues
from cqrsim.metrics.down import outages
from cqrsim.metrics.paths import paths
from cqrsim.metrics.phases import Phase, phases
from cqrsim.metrics.queues import Intervals
from cqrsim.metrics.slices import Slices, applying, decided_to_written, deciding, writing, written_to_applied
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.vocabulary import fault_name, outcome_name, part_name
from cqrsim.moments import Moment
from cqrsim.trace import Trace

Event = dict[str, Any]

FAULTS, CLIENTS, STORE, PROJECTIONS, LEVELS, SHARDS = 1, 2, 3, 4, 5, 10
"""Numbers of the processes; the shards are numbered from the last one."""

_ORDER = {"X": 0, "b": 1, "e": 2, "C": 3, "i": 4, "s": 5, "f": 6}
"""At one instant slices come before the arrows between them."""


@dataclass(frozen=True, eq=False)
class _Work:
    """Slices, and whose they are."""

    category: str
    slices: Slices
    process: int

    def place(self, row: int) -> dict[str, int]:
        """The process and thread of a slice: shards are processes of their own, projections are threads."""
        part, worker = int(self.slices.part[row]), int(self.slices.worker[row])
        if self.process == SHARDS:
            return {"pid": SHARDS + part, "tid": worker}
        return {"pid": self.process, "tid": part + worker}


def trace_events(trace: Trace) -> dict[str, Any]:
    """The whole run in the format's words, ready to be written as JSON.

    >>> from cqrsim.trace import Trace
    >>> rows = np.array([[0, Moment.ISSUED, 0, 0, 0, 0, 0], [1500, Moment.INFORMED, 0, 0, 0, 2, 0]])
    >>> events = trace_events(Trace.from_rows(rows))["traceEvents"]
    >>> [(event["name"], event["ph"], event["ts"]) for event in events if "id" in event]
    [('command 0', 'b', 0.0), ('command 0', 'e', 1.5)]
    """
    decided = _Work("decide", deciding(trace), SHARDS)
    written, applied = _Work("write", writing(trace), STORE), _Work("apply", applying(trace), PROJECTIONS)
    events = [*_commands(trace), *_waits(trace), *_levels(trace), *_faults(trace)]
    for work in (decided, written, applied):
        events += _slices(work)
    events += _arrows("append", decided, written, decided_to_written(trace, decided.slices, written.slices))
    events += _arrows("event", written, applied, written_to_applied(trace, written.slices, applied.slices))
    events.sort(key=lambda event: (event["ts"], _ORDER[event["ph"]]))
    _number(events)
    return {"traceEvents": [*_names(trace, decided.slices), *events], "displayTimeUnit": "ms"}


def _number(events: list[Event]) -> None:
    """Give what belongs together a number instead of a name, since viewers read names as hexadecimal numbers."""
    numbers: dict[str, int] = {}
    for event in events:
        if "id" in event:
            event["id"] = numbers.setdefault(event["id"], len(numbers) + 1)


def _us(time_ns: int) -> float:
    return int(time_ns) / 1000


# --- what goes on one after the other --------------------------------------------------------------------------------


def _slices(work: _Work) -> Iterator[Event]:
    slices = work.slices
    rows = zip(slices.begins.tolist(), slices.ends.tolist(), slices.command.tolist(), slices.words, strict=True)
    for row, (begins, ends, command, words) in enumerate(rows):
        yield {
            "name": words, "cat": work.category, "ph": "X", **work.place(row), "ts": _us(begins),
            "dur": _lasts(begins, ends), "args": {"command": command},
        }  # fmt: skip


def _lasts(begins: int, ends: int) -> float:
    """How long a slice lasts: viewers add it to its begin, and rounding must not carry that beyond its end."""
    lasts = _us(ends - begins)
    begin, end = _us(begins), _us(ends)
    return lasts if begin + lasts <= end else max(lasts - 2 * math.ulp(end), 0.0)


def _arrows(name: str, source: _Work, target: _Work, pairs: Iterator[tuple[int, int]]) -> Iterator[Event]:
    """Flows, each with both of its ends, which stand where the slices begin."""
    for number, (one, other) in enumerate(pairs):
        shared = {"name": name, "cat": "flow", "id": f"{name} {number}"}
        yield {**shared, "ph": "s", **source.place(one), "ts": _us(source.slices.begins[one])}
        yield {**shared, "ph": "f", "bp": "e", **target.place(other), "ts": _us(target.slices.begins[other])}


# --- what goes on side by side ---------------------------------------------------------------------------------------


def _pair(
    name: str, category: str, identity: str, process: int, begins: int, ends: int, **told: Any
) -> Iterator[Event]:
    shared = {"name": name, "cat": category, "id": identity, "pid": process, "tid": 0}
    yield {**shared, "ph": "b", "ts": _us(begins), "args": told}
    yield {**shared, "ph": "e", "ts": _us(ends), "args": {}}


def _commands(trace: Trace) -> Iterator[Event]:
    """Each command from issued to its client being told, or giving up, or to the end of the run."""
    ways, verdict, end = paths(trace), verdicts(trace), trace.about.end_ns
    issued = ways.first(Moment.ISSUED)
    until = np.where(verdict.informed >= 0, verdict.informed, verdict.gave_up)
    for command in np.flatnonzero(issued >= 0).tolist():
        begins = int(issued[command])
        ends = int(until[command]) if until[command] >= begins else max(end, begins)
        believes = Belief(int(verdict.belief[command])).name.lower()
        name = f"command {command}"
        yield from _pair(name, "command", name, CLIENTS, begins, ends, believes=believes)


def _waits(trace: Trace) -> Iterator[Event]:
    """Waiting for the turn in a shard, and for the store."""
    some, end = phases(trace), trace.about.end_ns
    shard = trace.marks.aggregate % max(trace.about.shards, 1)
    for phase, words in ((Phase.WAITING, "waits for the turn"), (Phase.WRITING, "append under way")):
        found = some.take((some.phase == phase) & (some.ends != some.begins))
        columns = (found.command, found.attempt, found.begins, found.ends)
        for command, attempt, begins, ends in zip(*(column.tolist() for column in columns), strict=True):
            process = SHARDS + int(shard[command]) if phase == Phase.WAITING else STORE
            name, until = f"{command} {words}", ends if ends >= 0 else max(end, begins)
            identity, category = f"{name} {attempt}", phase.name.lower()
            yield from _pair(name, category, identity, process, begins, until, attempt=attempt)


# --- levels and faults -----------------------------------------------------------------------------------------------


def _levels(trace: Trace) -> Iterator[Event]:
    """Queue lengths, bytes on the disk and the lag of projections, whenever they change."""
    levels = {
        "commands in the system": ("commands", queues.in_system(trace)),
        "commands waiting for the turn": ("commands", queues.waiting(trace)),
        "appends at the store": ("appends", queues.at_store(trace)),
        "disk": ("bytes", queues.stored(trace)),
    }
    for place, name in enumerate(trace.about.projections):
        levels[f"lag of {name}"] = ("events", queues.lagging(trace, place))
    for name, (unit, intervals) in levels.items():
        for time, level in _steps(intervals):
            yield {"name": name, "ph": "C", "pid": LEVELS, "tid": 0, "ts": _us(time), "args": {unit: level}}


def _steps(intervals: Intervals) -> Iterator[tuple[int, int]]:
    """The times at which a level changes, and what it is from then on."""
    weights = np.ones(len(intervals.begins), np.int64) if intervals.weights is None else intervals.weights
    ended = intervals.ends >= 0
    times = np.concatenate([np.zeros(1, np.int64), intervals.begins, intervals.ends[ended]])
    changes = np.concatenate([np.zeros(1, np.int64), weights, -weights[ended]])
    instants, place = np.unique(times, return_inverse=True)
    changed = np.zeros(len(instants), np.int64)
    np.add.at(changed, place, changes)
    levels = np.cumsum(changed)
    new = np.append(True, levels[1:] != levels[:-1])
    return zip(instants[new].tolist(), levels[new].tolist(), strict=True)


def _faults(trace: Trace) -> Iterator[Event]:
    """Periods of faults and outages as pairs; each firing as an instant."""
    about = trace.about
    numbers, periods = queues.fault_periods(trace)
    begun = zip(numbers.tolist(), periods.begins.tolist(), periods.ends.tolist(), strict=True)
    for place, (number, begins, ends) in enumerate(begun):
        until = ends if ends >= 0 else max(about.end_ns, begins)
        yield from _pair(fault_name(about, number), "fault", f"fault {place}", FAULTS, begins, until)
    crashed, again = outages(trace)
    for place, (time, ends) in enumerate(zip(crashed.time.tolist(), again.tolist(), strict=True)):
        name = f"{part_name(about, int(crashed.outcome[place]), int(crashed.place[place]))} down"
        until = ends if ends >= 0 else max(about.end_ns, time)
        yield from _pair(name, "fault", f"outage {place}", FAULTS, time, until,
                         cause=fault_name(about, int(crashed.value[place])))  # fmt: skip
    struck = trace.of(Moment.FAULT_STRUCK)
    for row in range(len(struck)):
        operation = outcome_name(Moment.FAULT_STRUCK, int(struck.outcome[row]))
        yield {
            "name": f"{fault_name(about, int(struck.place[row]))} strikes", "cat": "fault", "ph": "i", "s": "g",
            "pid": FAULTS, "tid": 0, "ts": _us(int(struck.time[row])),
            "args": {"operation": operation, "command": int(struck.command[row])},
        }  # fmt: skip


# --- what everything is called ---------------------------------------------------------------------------------------


def _names(trace: Trace, decided: Slices) -> Iterator[Event]:
    """Names of processes and threads, and the order in which they stand."""
    shards = {SHARDS + shard: f"command handler, shard {shard}" for shard in range(max(trace.about.shards, 1))}
    others = {STORE: "event store", PROJECTIONS: "projections", LEVELS: "levels"}
    processes = {FAULTS: "faults", CLIENTS: "clients", **shards, **others}
    for place, (number, name) in enumerate(processes.items()):
        yield _meta("process_name", number, 0, name=name)
        yield _meta("process_sort_index", number, 0, sort_index=place)
    yield _meta("thread_name", STORE, 1, name="disk")
    for place, name in enumerate(trace.about.projections):
        yield _meta("thread_name", PROJECTIONS, place + 1, name=name)
    for shard, worker in sorted(set(zip(decided.part.tolist(), decided.worker.tolist(), strict=True))):
        yield _meta("thread_name", SHARDS + shard, worker, name=f"worker {worker}")


def _meta(kind: str, process: int, thread: int, **told: Any) -> Event:
    return {"name": kind, "ph": "M", "pid": process, "tid": thread, "ts": 0, "args": told}
