"""The durable log: what the store holds in the end, append by append, in the order of positions.

Where something has vanished from it or was altered, there is also the log as it stood before: one for each stretch of
time in which it only grew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cqrsim.metrics.lives import Lives
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.steps import FOREVER, Bools, Ints, Timeline, earliest, running_max, running_sum
from cqrsim.metrics.views import views_of
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace


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
    is_altered: Bools
    """Those that no longer say what they said: they have a place and a version, but change nothing."""
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
        """The appends alone, without error events and without what was altered."""
        return Stream(self, np.flatnonzero(~self.is_error & ~self.is_altered))

    @cached_property
    def places(self) -> Stream:
        """The same with what was altered: it counts in versions and positions."""
        return Stream(self, np.flatnonzero(~self.is_error)) if self.is_altered.any() else self.appends


class Stream:
    """The appends of the log as the streams of their aggregates: how many events at which time, and what they say."""

    def __init__(self, log: Log, rows: Ints) -> None:
        self.rows = rows
        self.aggregate = log.aggregate[rows]
        self.written = log.written[rows]
        self.version = log.version_before[rows] + log.events[rows]
        """Version of the aggregate after each append."""
        trace = log.paths.trace
        change = np.where(log.is_altered[rows], 0, trace.marks.change[log.command[rows]])
        self.state = trace.about.start + running_sum(self.aggregate, change)
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
    """When each attempt's events were first shown, by projection and key of the attempt."""
    return [earliest(*(view.since for view in views)) for views in views_of(trace)]


@dataclass(frozen=True, eq=False)
class Stretch:
    """A stretch of time, [begins, ends) in ns, in which the log only grew, and what it held at the end of it."""

    begins: int
    ends: int
    log: Log


@remembered
def log_of(trace: Trace) -> Log:
    """The durable log of a trace, as it is in the end."""
    lives = paths(trace).lives
    if not len(lives.changes):
        return _ordered(trace, lives, np.zeros(len(lives), np.bool_))
    return _standing(trace, int(lives.changes[-1]), FOREVER)


def logs_of(trace: Trace) -> Iterator[Stretch]:
    """The log as it stood over time, one after the other: a single one where nothing ever vanished or was altered.

    They are made when they are asked for, and not kept: there may be many, and each is as large as the log.
    """
    changes = paths(trace).lives.changes.tolist()
    for begins, ends in pairwise([NEVER, *changes]):
        yield Stretch(begins, ends, _standing(trace, begins, ends))
    yield Stretch(changes[-1] if changes else NEVER, FOREVER, log_of(trace))


def log_at(trace: Trace, time: int) -> Log:
    """The log as it stood at a time, with what was added to it before anything left it again."""
    changes = paths(trace).lives.changes
    after = int(np.searchsorted(changes, time, side="right"))
    if after == len(changes):
        return log_of(trace)
    return _standing(trace, int(changes[after - 1]) if after else NEVER, int(changes[after]))


@remembered
def vanished_from(trace: Trace) -> list[tuple[Log, Ints]]:
    """What is not in the log any more, as logs of what went together, and when it did."""
    lives = paths(trace).lives
    gone = []
    for time in np.unique(lives.vanished[lives.vanished >= 0]).tolist():
        part = lives.take(lives.vanished == time)
        gone.append((_ordered(trace, part, np.zeros(len(part), np.bool_)), np.full(len(part), time, np.int64)))
    return gone


def _standing(trace: Trace, begins: int, ends: int) -> Log:
    """What stood in the log at the end of a stretch in which nothing left it."""
    lives = paths(trace).lives
    there = (lives.since < ends) & ((lives.vanished < 0) | (lives.vanished >= ends))
    lives = lives.take(there)
    return _ordered(trace, lives, (lives.altered >= 0) & (lives.altered <= begins))


def _ordered(trace: Trace, lives: Lives, is_altered: Bools) -> Log:
    """A log of entries in the order of their positions, or of time if they have none."""
    ways, time, value = paths(trace), lives.since, lives.position
    numbered = bool((value >= 0).all())
    order = np.lexsort((time, value)) if numbered else np.argsort(time, kind="stable")
    lives, is_altered = lives.take(order), is_altered[order]
    command, value, is_error = lives.command, lives.position, lives.is_error
    events = np.where(is_error, 1, trace.marks.events[command].astype(np.int64))
    if numbered and not trace.about.measured:
        events[:-1] = np.diff(value)  # a custom rule may make another number of events than the marks say
        if trace.custom is not None and len(events) and not is_error[-1]:
            events[-1] = len(trace.custom.payloads.get((int(command[-1]), int(lives.attempt[-1])), "?"))
    elif not numbered:
        value = np.cumsum(events) - events
    aggregate = trace.marks.aggregate[command]
    of_stream = np.where(is_error, 0, events)
    version_before = running_sum(aggregate, of_stream) - of_stream
    return Log(
        ways, value, command, lives.attempt, lives.key, aggregate, is_error, is_altered, events, lives.since,
        version_before,
    )  # fmt: skip
