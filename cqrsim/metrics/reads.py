"""One row per look at a projection: what it showed, how far behind that was, and what the session could expect.

Session guarantees after Terry et al. (1994); versions and time behind after PBS (Bailis et al. 2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cqrsim.messages import Answer
from cqrsim.metrics.log import Log, log_of, logs_of, vanished_from
from cqrsim.metrics.paths import paths, remembered
from cqrsim.metrics.schema import build
from cqrsim.metrics.steps import FOREVER, Bools, Floats, Ints, Timeline, milliseconds, pair_numbers, running_max
from cqrsim.metrics.views import View, views_of
from cqrsim.metrics.vocabulary import CATEGORIES, coded, named
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace


def reads(trace: Trace) -> pd.DataFrame:
    """One row per own or background read, in the order of time; the columns are in ``schema()``."""
    looks = judged_reads(trace)
    columns: dict[str, Any] = {
        "kind": coded((looks.command < 0).astype(np.int64), CATEGORIES["read_kind"]),
        "projection": named(looks.projection, trace.about.projections),
        "time_ms": milliseconds(looks.time),
        "in_window": looks.in_window(trace),
        "saw": pd.arrays.BooleanArray(looks.saw, looks.command < 0),
        "read_your_writes_floor": looks.own_floor,
        "read_your_writes_violated": looks.own_violated,
        "monotonic_reads_floor": looks.read_floor,
        "monotonic_reads_violated": looks.read_violated,
    }
    for name in ("read", "command", "session", "aggregate", "version", "versions_behind", "global_versions_behind"):
        columns[name] = getattr(looks, name)
    columns["behind_ms"] = looks.behind_ms
    return build("reads", columns, trace.about)


@dataclass(frozen=True, eq=False)
class Looks:
    """Reads in the order of time: what they are about, and what they showed.

    Sessions of background reads have numbers of their own: ``reader`` tells them from sessions of clients.
    """

    read: Ints
    command: Ints
    session: Ints
    reader: Ints
    aggregate: Ints
    projection: Ints
    time: Ints
    saw: Bools
    version: Ints
    versions_behind: Ints
    global_versions_behind: Ints
    behind_ms: Floats
    own_floor: Ints
    own_violated: Bools
    read_floor: Ints
    read_violated: Bools

    def in_window(self, trace: Trace) -> Bools:
        """Which reads are measured."""
        return (self.time >= trace.about.warm_up_ns) & (self.time < trace.about.length_ns)


@remembered
def judged_reads(trace: Trace) -> Looks:
    """All reads of a trace, judged."""
    asked = _asked(trace)
    version, missing = np.zeros_like(asked["time"]), np.zeros_like(asked["time"])
    everywhere, behind = np.zeros_like(asked["time"]), np.zeros(len(version))
    own_floor, own_violated = np.full(len(version), NEVER, np.int64), np.zeros(len(version), np.bool_)
    for number in range(len(trace.about.projections)):
        here = asked["projection"] == number
        if not here.any():
            continue
        aggregate, time = asked["aggregate"][here], asked["time"][here]
        version[here], missing[here], everywhere[here], behind[here] = _shown(trace, number, aggregate, time)
        own_floor[here], own_violated[here] = _own_writes(trace, number, asked["reader"][here], aggregate, time)
    read_floor = _read_before(asked["reader"], asked["aggregate"], version)
    flags: dict[str, Any] = {"own_floor": own_floor, "own_violated": own_violated, "read_floor": read_floor}
    shown: dict[str, Any] = {
        "version": version,
        "versions_behind": missing,
        "global_versions_behind": everywhere,
        "behind_ms": behind,
    }
    return Looks(**asked, **shown, **flags, read_violated=(read_floor >= 0) & (version < read_floor))


def _asked(trace: Trace) -> dict[str, Any]:
    """What is read by whom and when: own and background reads together, in the order of time."""
    own, background, marks = trace.of(Moment.OWN_READ), trace.of(Moment.BACKGROUND_READ), trace.marks
    first_reader = int(marks.session.max(initial=-1)) + 1
    number = background.command
    of_background = trace.reads.session[number] if len(number) else number
    columns = {
        "read": (own.value, number),
        "command": (own.command, np.full(len(number), NEVER)),
        "session": (marks.session[own.command], of_background),
        "reader": (marks.session[own.command], first_reader + of_background),
        "aggregate": (marks.aggregate[own.command], trace.reads.aggregate[number] if len(number) else number),
        "projection": (own.place.astype(np.int64), background.place.astype(np.int64)),
        "time": (own.time, background.time),
        "saw": (own.outcome == 1, np.zeros(len(number), np.bool_)),
    }
    order = np.argsort(np.concatenate(columns["time"]), kind="stable")
    return {name: np.concatenate(parts)[order] for name, parts in columns.items()}


def _shown(trace: Trace, projection: int, aggregate: Ints, time: Ints) -> tuple[Ints, Ints, Ints, Floats]:
    """Version shown, events of the aggregate and of all aggregates missing, and since when in milliseconds.

    Each read meets the log and the view as they were then.
    """
    version, missing, everywhere = (np.zeros(len(time), np.int64) for _ in range(3))
    behind, views = np.zeros(len(time)), views_of(trace)[projection]
    there = [(time >= view.begins) & (time < view.ends) for view in views]
    for view, seen in zip(views, there, strict=True):
        version[seen] = _version(trace, view, aggregate[seen], time[seen])
    for stretch in logs_of(trace):
        for view, seen in zip(views, there, strict=True):
            here = np.flatnonzero(seen & (time >= stretch.begins) & (time < stretch.ends))
            lacks = _lacking(stretch.log, view, aggregate[here], time[here])
            missing[here], everywhere[here], behind[here] = lacks
    return version, missing, everywhere, behind


def _version(trace: Trace, view: View, aggregate: Ints, time: Ints) -> Ints:
    """How many events of each aggregate were shown, also those that have left the log since."""
    logs = [log_of(trace), *(log for log, _ in vanished_from(trace))]
    of = np.concatenate([log.aggregate[log.places.rows] for log in logs])
    key = np.concatenate([log.key[log.places.rows] for log in logs])
    events = np.concatenate([log.events[log.places.rows] for log in logs])
    shown = np.where(view.since[key] < 0, FOREVER, view.since[key])
    return _events_until(of, shown, events, aggregate, time)


def _lacking(log: Log, view: View, aggregate: Ints, time: Ints) -> tuple[Ints, Ints, Floats]:
    """Events of the aggregate and of all aggregates that are in a log and not shown, and since when."""
    rows = log.appends.rows
    of, written, events = log.aggregate[rows], log.written[rows], log.events[rows]
    applied = view.since[log.key[rows]]
    applied = np.where(applied < 0, FOREVER, applied)
    missing = _events_until(of, written, events, aggregate, time) - _events_until(of, applied, events, aggregate, time)
    everything, of_all = np.zeros(len(rows), np.int64), np.zeros(len(time), np.int64)
    everywhere = _events_until(everything, written, events, of_all, time)
    everywhere -= _events_until(everything, applied, events, of_all, time)
    in_log = Timeline(of, running_max(of, written))
    complete = Timeline(of, running_max(of, applied)).count(aggregate, time)
    lacks = in_log.count(aggregate, time) > complete
    behind = np.zeros(len(time))
    oldest = in_log.nth(aggregate[lacks], complete[lacks])
    behind[lacks] = (time[lacks] - written[oldest]) / 1e6
    return np.maximum(missing, 0), np.maximum(everywhere, 0), behind


def _events_until(group: Ints, at: Ints, events: Ints, asked_group: Ints, time: Ints) -> Ints:
    """How many events of a group had come until a time."""
    line = Timeline(group, at)
    total = np.append(0, np.cumsum(events[line.order]))
    start = line.start(asked_group)
    return np.asarray(total[start + line.count(asked_group, time)] - total[start], np.int64)


def _own_writes(trace: Trace, projection: int, reader: Ints, aggregate: Ints, time: Ints) -> tuple[Ints, Bools]:
    """The version up to the latest own write whose success the reader knew, and whether one of those is missing."""
    known = known_writes(trace)
    pairs = pair_numbers(np.concatenate([known.session, reader]), np.concatenate([known.aggregate, aggregate]))
    wrote, asks = pairs[: len(known.time)], pairs[len(known.time) :]
    applied = log_of(trace).applied[projection][known.row]
    shown = running_max(wrote, np.where(applied < 0, FOREVER, applied))
    newest = running_max(wrote, known.version)
    last = Timeline(wrote, known.time).last(asks, time)
    has = last >= 0
    floor, violated = np.full(len(time), NEVER, np.int64), np.zeros(len(time), np.bool_)
    floor[has] = newest[last[has]]
    violated[has] = shown[last[has]] > time[has]
    return floor, violated


@dataclass(frozen=True, eq=False)
class KnownWrites:
    """Durable appends whose clients came to know of the success, in the order in which they did."""

    session: Ints
    aggregate: Ints
    time: Ints
    version: Ints
    row: Ints
    """Row of the log."""


@remembered
def known_writes(trace: Trace) -> KnownWrites:
    """The writes that a session knows to have succeeded: only those raise what it may expect to read."""
    log, ways = log_of(trace), paths(trace)
    told = ways.rows(Moment.INFORMED)
    told = told.take(told.outcome == Answer.SUCCESS)
    first = np.full(ways.commands, NEVER, np.int64)
    rows = log.appends.rows
    first[log.command[rows][::-1]] = rows[::-1]
    row = first[told.command]
    told, row = told.take(row >= 0), row[row >= 0]
    version = log.version_before[row] + log.events[row]
    marks = trace.marks
    return KnownWrites(marks.session[told.command], marks.aggregate[told.command], told.time, version, row)


def _read_before(reader: Ints, aggregate: Ints, version: Ints) -> Ints:
    """The newest version that the same session had read of the same aggregate before; -1 for its first read."""
    pairs = pair_numbers(reader, aggregate)
    order = np.argsort(pairs, kind="stable")
    highest = running_max(pairs, version)[order]
    first = np.append(True, pairs[order][1:] != pairs[order][:-1])[: len(order)]
    floor = np.empty(len(order), np.int64)
    floor[order] = np.where(first, NEVER, np.append(NEVER, highest[:-1])[: len(order)])
    return floor


def inverted_writes(trace: Trace) -> tuple[int, int]:
    """Consecutive durable writes of one session: pairs, and pairs that some projection applied in the wrong order.

    The guarantee is Terry's "monotonic writes".
    """
    log, ways = log_of(trace), paths(trace)
    rows = log.appends.rows
    session, issued = trace.marks.session[log.command[rows]], ways.first(Moment.ISSUED)[log.command[rows]]
    order = np.lexsort((log.command[rows], issued, session))
    same = session[order][1:] == session[order][:-1]
    earlier, later = rows[order][:-1][same], rows[order][1:][same]
    inverted = np.zeros(len(earlier), np.bool_)
    for applied in log.applied:
        inverted |= (applied[earlier] >= 0) & (applied[later] >= 0) & (applied[later] < applied[earlier])
    return len(earlier), int(inverted.sum())
