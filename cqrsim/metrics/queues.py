"""Who is where from when until when: the intervals behind every queue length, level and utilisation.

An end of -1 says that the interval lasted to the end of the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cqrsim.messages import AppendOutcome
from cqrsim.metrics.log import log_of, vanished_from
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.steps import Floats, Ints, earliest, highest_level, is_any, mean_level, mean_levels
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.visibility import passed_by
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Rows, Trace


@dataclass(frozen=True, eq=False)
class Intervals:
    """Things that are there from ``begins`` until ``ends`` (ns, -1: for good), each with a weight if given."""

    begins: Ints
    ends: Ints
    weights: Ints | None = None

    def means(self, edges: Ints) -> Floats:
        """The mean level between each two edges, weighted by time."""
        return mean_levels(self.begins, self.ends, edges, self.weights)

    def mean(self, begin: int, end: int) -> float:
        """The mean level within a stretch of time; NaN if it has no length."""
        return mean_level(self.begins, self.ends, begin, end, self.weights) if end > begin else float("nan")

    def highest(self, begin: int, end: int) -> int:
        """The largest number of things at once within a stretch of time."""
        return highest_level(self.begins, self.ends, np.array([begin, end]))


def in_system(trace: Trace) -> Intervals:
    """Commands from issued until it is settled what becomes of them."""
    ways = paths(trace)
    issued, settled = ways.first(Moment.ISSUED), verdicts(trace).settled
    there = issued >= 0
    return Intervals(issued[there], np.where(settled[there] < 0, NEVER, np.maximum(settled, issued)[there]))


def waiting(trace: Trace) -> Intervals:
    """Attempts from received until they have the turn and a worker, are turned away, or are lost with their handler."""
    ways = paths(trace)
    admitted = ways.first_of_attempt(Moment.ADMITTED)
    ends = np.where(admitted >= 0, admitted, earliest(ways.refused, ways.forgotten))
    return _between(ways.first_of_attempt(Moment.RECEIVED), ends)


def validating(trace: Trace) -> Intervals:
    """Attempts from admitted until decided, or until their handler crashes."""
    ways = paths(trace)
    decided = ways.first_of_attempt(Moment.DECIDED)
    return _between(ways.first_of_attempt(Moment.ADMITTED), np.where(decided >= 0, decided, ways.forgotten))


def working(trace: Trace) -> Intervals:
    """Workers of handlers at work: until they have decided, or until the turn passes if they wait so long."""
    if not trace.about.worker_waits:
        return validating(trace)
    ways = paths(trace)
    admitted = ways.first_of_attempt(Moment.ADMITTED)
    return _between(np.where(ways.tries_begin, admitted, NEVER), ways.released_of_try[ways.try_of])


def at_store(trace: Trace) -> Intervals:
    """Appends from their arrival in the store until they are durable or have failed."""
    ways = paths(trace)
    return _between(ways.first_of_attempt(Moment.APPEND_RECEIVED), ways.append_ended)


def _between(begins: Ints, ends: Ints) -> Intervals:
    there = begins >= 0
    return Intervals(begins[there], ends[there])


def store_busy(trace: Trace) -> Intervals:
    """Writes of batches, from their start until their leader is through; the section is serial.

    Periodic flushes are left out: a trace tells when one ended, but not when it began.  Where there are any, the
    write of a batch that an error event leads is through when it is flushed, or when the next write starts.
    """
    ways = paths(trace)
    started = ways.rows(Moment.APPEND_STARTED)
    kinds = (Moment.BUFFERED, Moment.WRITTEN, Moment.APPEND_FAILED, Moment.REFUSAL_STORED, Moment.REFUSAL_LOST)
    ends = _first_after(ways, started, [ways.rows(kind) for kind in kinds])
    following = np.append(started.time[1:], NEVER)[: len(started)]
    return Intervals(started.time, earliest(ends, following))


def _first_after(ways: Paths, begun: Rows, others: list[Rows]) -> Ints:
    """For each row the time of the first of the other rows of its attempt that is not before it; -1 if none is."""
    key = np.concatenate([ways.key(begun), *(ways.key(rows) for rows in others)])
    time = np.concatenate([begun.time, *(rows.time for rows in others)])
    is_end = np.arange(len(key)) >= len(begun)
    order = np.lexsort((is_end, time, key))
    ends = np.where(is_end[order], np.arange(len(order)), len(order))
    coming = np.minimum.accumulate(ends[::-1])[::-1]
    found = np.full(len(key), NEVER, np.int64)
    has = coming < len(order)
    same = has.copy()
    same[has] = key[order][coming[has]] == key[order][has]
    found[order[same]] = time[order][coming[same]]
    return found[: len(begun)]


def cached(trace: Trace) -> Intervals:
    """Refusals in the error caches, until they expire, are pushed out, or are written anew."""
    put, gone = trace.of(Moment.REFUSAL_CACHED), trace.of(Moment.REFUSAL_EXPIRED)
    command, time = np.concatenate([put.command, gone.command]), np.concatenate([put.time, gone.time])
    is_put = np.arange(len(time)) < len(put)
    order = np.lexsort((~is_put, time, command))
    follows = np.append(command[order][1:] == command[order][:-1], False)[: len(order)]
    ends = np.where(follows, np.append(time[order][1:], NEVER)[: len(order)], NEVER)
    chosen = is_put[order]
    return Intervals(time[order][chosen], ends[chosen])


def stored(trace: Trace, errors: bool | None = None) -> Intervals:
    """Bytes in the store, from when they are durable until they vanish; of events, error events, or (None) both."""
    parts = [(log_of(trace), np.full(len(log_of(trace)), NEVER, np.int64)), *vanished_from(trace)]
    log = [(part.written, ends, part.size, part.is_error) for part, ends in parts]
    begins, ends, size, is_error = (np.concatenate(column) for column in zip(*log, strict=True))
    chosen = np.ones(len(begins), np.bool_) if errors is None else is_error == errors
    return Intervals(begins[chosen], ends[chosen], size[chosen])


def lagging(trace: Trace, projection: int) -> Intervals:
    """Durable events that a projection has yet to apply; what it has passed by is lost to it, and no lag."""
    log = log_of(trace)
    chosen = ~log.is_error & ~log.is_altered & ~passed_by(trace)[projection]
    parts = [(log.written[chosen], log.applied[projection][chosen], log.events[chosen])]
    for part, ends in vanished_from(trace):
        events = part.appends.rows
        shown = earliest(part.applied[projection], ends)[events]
        parts.append((part.written[events], shown, part.events[events]))
    begins, until, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Intervals(begins, until, weights)


@remembered
def fault_periods(trace: Trace) -> tuple[Ints, Intervals]:
    """The faults that came into force, by number, and when they did and ended."""
    began, ended = trace.of(Moment.FAULT_BEGAN), trace.of(Moment.FAULT_ENDED)
    ends = np.full(len(began), NEVER, np.int64)
    for number in np.unique(began.place):
        here = np.flatnonzero(began.place == number)
        times = ended.time[ended.place == number]
        after = np.searchsorted(times, began.time[here], side="right")
        ends[here[after < len(times)]] = times[after[after < len(times)]]
    return began.place.astype(np.int64), Intervals(began.time, ends)


def informed(trace: Trace) -> Ints:
    """When clients came to know an outcome, in the order of time."""
    times = verdicts(trace).informed
    return np.sort(times[times >= 0])


def refusing(trace: Trace) -> tuple[Intervals, Ints]:
    """Stretches in which the store refused all appends and error events, and how many; conflicts do not count.

    A stretch begins with the first refusal and ends with the next success.
    """
    ways = paths(trace)
    stored, failed, lost = ways.lives.since, failed_appends(trace), ways.rows(Moment.REFUSAL_LOST)
    time = np.concatenate([stored, failed.time, lost.time])
    is_failure = np.arange(len(time)) >= len(stored)
    order = np.lexsort((is_failure, time))
    time, is_failure = time[order], is_failure[order]
    opens = is_failure & ~np.append(False, is_failure[:-1])[: len(time)]
    number = np.cumsum(opens)
    successes = np.append(np.flatnonzero(~is_failure), len(time))
    starts = np.flatnonzero(opens)
    closes = successes[np.searchsorted(successes, starts)]
    ends = np.append(time, NEVER)[closes]
    counts = np.bincount(number[is_failure], minlength=len(starts) + 1)[1:]
    return Intervals(time[starts], ends), counts


def failed_appends(trace: Trace) -> Rows:
    """Appends that found no room or broke: not those that met a newer version or were there already."""
    rows = paths(trace).rows(Moment.APPEND_FAILED)
    return rows.take(is_any(rows.outcome, (AppendOutcome.FULL, AppendOutcome.ERROR)))
