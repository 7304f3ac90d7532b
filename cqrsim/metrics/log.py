"""The durable log: what the store holds in the end, append by append, in the order of positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cqrsim.messages import AppendOutcome
from cqrsim.metrics.paths import Paths, first_times, paths, remembered
from cqrsim.metrics.steps import Bools, Ints, Timeline, running_max, running_sum
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Rows, Trace


@dataclass(frozen=True, eq=False)
class Log:
    """Appends and error events in the order of their positions, as columns of equal length; times in ns.

    ``events`` counts the events of an append (1 for error events), ``version_before`` those of its aggregate before
    it: error events belong to the log, but not to the stream of an aggregate.
    """

    paths: Paths
    position: Ints
    command: Ints
    attempt: NDArray[np.int16]
    key: Ints
    aggregate: Ints
    is_error: Bools
    events: Ints
    written: Ints
    version_before: Ints

    def __len__(self) -> int:
        return len(self.position)

    @cached_property
    def size(self) -> Ints:
        """Bytes that each takes."""
        marks = self.paths.trace.marks
        error = marks.error_bytes[self.command]
        return np.where(self.is_error, error, self.events * marks.event_bytes[self.command])

    @cached_property
    def applied(self) -> list[Ints]:
        """When each was applied, by projection; -1 if it was not.  Projections take no error events."""
        return [np.where(self.is_error, NEVER, applied[self.key]) for applied in applied_times(self.paths.trace)]

    @cached_property
    def published(self) -> Ints:
        """When each was published; -1 for error events, which are found where they stand."""
        return np.where(self.is_error, NEVER, self.paths.first_of_attempt(Moment.PUBLISHED)[self.key])

    @cached_property
    def appends(self) -> Stream:
        """The appends alone, without error events."""
        return Stream(self, np.flatnonzero(~self.is_error))


class Stream:
    """The appends of the log as the streams of their aggregates: how many events at which time, and what they say."""

    def __init__(self, log: Log, rows: Ints) -> None:
        self.rows = rows
        self.aggregate = log.aggregate[rows]
        self.written = log.written[rows]
        self.version = log.version_before[rows] + log.events[rows]
        """Version of the aggregate after each append."""
        trace = log.paths.trace
        self.state = trace.about.start + running_sum(self.aggregate, trace.marks.change[log.command[rows]])
        """What the aggregate holds after each append, under a range rule."""
        self._log = log
        self._start = trace.about.start

    @cached_property
    def _durable(self) -> Timeline:
        return Timeline(self.aggregate, running_max(self.aggregate, self.written))

    @cached_property
    def _begun(self) -> Timeline:
        decided = self._log.paths.first_of_attempt(Moment.DECIDED)[self._log.key[self.rows]]
        begun = np.where(decided >= 0, decided, self.written)
        return Timeline(self.aggregate, running_max(self.aggregate, begun))

    @cached_property
    def _versions(self) -> Timeline:
        return Timeline(self.aggregate, self.version)

    def version_at(self, aggregate: Ints, time: Ints, inclusive: bool = True) -> Ints:
        """How many events of an aggregate were durable at a time; those of that very instant count if inclusive."""
        return self._version(self._durable.last(aggregate, time, inclusive))

    def version_begun(self, aggregate: Ints, time: Ints) -> Ints:
        """The same, and those that were then decided and on their way, and became durable later."""
        return self._version(self._begun.last(aggregate, time))

    def append_at(self, aggregate: Ints, version: Ints) -> Ints:
        """Which append brought an aggregate to a version: its number among the appends; -1 for none."""
        return self._versions.last(aggregate, version)

    def state_at(self, aggregate: Ints, version: Ints) -> Ints:
        """What an aggregate holds at a version, under a range rule."""
        rows = self.append_at(aggregate, version)
        return np.where(rows < 0, self._start, self.state[rows] if len(self.rows) else self._start)

    def _version(self, rows: Ints) -> Ints:
        return np.where(rows < 0, 0, self.version[rows] if len(self.rows) else 0)


@remembered
def applied_times(trace: Trace) -> list[Ints]:
    """When each attempt's events were first applied, by projection and key of the attempt."""
    ways = paths(trace)
    rows = ways.rows(Moment.APPLIED)
    applied = []
    for number in range(len(trace.about.projections)):
        here = rows.take(rows.place == number)
        applied.append(first_times(ways.key(here), here.time, ways.keys))
    return applied


@remembered
def log_of(trace: Trace) -> Log:
    """The durable log of a trace."""
    ways = paths(trace)
    written = ways.rows(Moment.WRITTEN)
    written = written.take(written.outcome == AppendOutcome.OK)
    refusals = ways.rows(Moment.REFUSAL_STORED)
    time, command, attempt, value = (_both(written, refusals, name) for name in _NEEDED)
    is_error = np.arange(len(written) + len(refusals)) >= len(written)
    events = np.where(is_error, 1, trace.marks.events[command].astype(np.int64))
    numbered = bool((value >= 0).all())
    order = np.lexsort((time, value)) if numbered else np.argsort(time, kind="stable")
    time, command, attempt, value = time[order], command[order], attempt[order], value[order]
    is_error, events = is_error[order], events[order]
    if numbered and not trace.about.measured:
        events[:-1] = np.diff(value)  # a custom rule may make another number of events than the marks say
        if trace.custom is not None and len(events) and not is_error[-1]:
            events[-1] = len(trace.custom.payloads.get((int(command[-1]), int(attempt[-1])), "?"))
    elif not numbered:
        value = np.cumsum(events) - events
    aggregate = trace.marks.aggregate[command]
    of_stream = np.where(is_error, 0, events)
    version_before = running_sum(aggregate, of_stream) - of_stream
    key = command * ways.attempts + attempt
    return Log(ways, value, command, attempt, key, aggregate, is_error, events, time, version_before)


def _both(written: Rows, refusals: Rows, name: str) -> NDArray[Any]:
    return np.concatenate([getattr(written, name), getattr(refusals, name)])


_NEEDED = ("time", "command", "attempt", "value")
