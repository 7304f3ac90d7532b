"""Where the handler's own state and the durable log part, and for how long.

A handler is ahead while it holds events that never become durable, and behind while it lacks events that are durable
although the turn has passed on (or although nothing will tell it of them).  Events that are on their way are neither:
they are lag.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cqrsim.messages import Link
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import Paths, earliest, paths, remembered
from cqrsim.metrics.steps import FOREVER, Bools, Ints, Timeline, unions
from cqrsim.metrics.verdicts import pending_attempts
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace


@dataclass(frozen=True, eq=False)
class Divergence:
    """Stretches in which an attempt's events are extra or missing in the handler's state: [begins, ends) in ns.

    An end of -1 says that it lasted to the end of the run.
    """

    key: Ints
    aggregate: Ints
    is_extra: Bools
    begins: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, eq=False)
class Stretches:
    """The same by aggregate: maximal stretches in which anything is extra or missing."""

    aggregate: Ints
    begins: Ints
    ends: Ints
    peak: Ints
    """The largest number of attempts at once whose events are extra or missing."""
    cause: Ints
    """Row of the :class:`Divergence` that opened the stretch."""

    def __len__(self) -> int:
        return len(self.aggregate)

    def covers(self, aggregate: Ints, time: Ints) -> Bools:
        """Whether an aggregate is divergent at a time: from the instant after it began to its end."""
        row = self.last(aggregate, time)
        ends = np.where(self.ends < 0, FOREVER, self.ends)
        found: Bools = row >= 0
        found[found] = time[found] < ends[row[found]]
        return found

    def last(self, aggregate: Ints, time: Ints) -> Ints:
        """The latest stretch of an aggregate that began strictly before a time; -1 for none."""
        return Timeline(self.aggregate, self.begins).last(aggregate, time, inclusive=False)


@remembered
def divergence(trace: Trace) -> Divergence:
    """All parts of a run in which a handler's state was not a fold of the log."""
    ways = paths(trace)
    if not trace.about.live_state or not len(ways.rows(Moment.FOLDED)):
        nothing = np.empty(0, np.int64)
        return Divergence(nothing, nothing, nothing.astype(np.bool_), nothing, nothing)
    folded = ways.first_of_attempt(Moment.FOLDED)
    extra = np.flatnonzero((folded >= 0) & (ways.durable < 0) & ~pending_attempts(ways))
    extra_ends = _reread_after(ways, extra, folded[extra])
    missing, begins, ends = _missing(ways, folded)
    key = np.concatenate([extra, missing])
    return Divergence(
        key,
        trace.marks.aggregate[ways.command_of[key]],
        np.arange(len(key)) < len(extra),
        np.concatenate([folded[extra], begins]),
        np.concatenate([extra_ends, ends]),
    )


def _missing(ways: Paths, folded: Ints) -> tuple[Ints, Ints, Ints]:
    """Durable events that the handler lacks though their turn is over, or though their notice was lost."""
    log = log_of(ways.trace)
    key = np.unique(log.key[log.appends.rows])
    notice = earliest(ways.lost(Link.STORE_TO_SUBSCRIBER), ways.lost(Link.STORE_TO_HANDLER))
    passed = ways.released_of_try[ways.try_of[key]]
    given_up = np.where(passed >= 0, passed, np.where(folded[key] < 0, notice[key], NEVER))
    begins = np.maximum(ways.durable[key], given_up)
    behind = (given_up >= 0) & ((folded[key] < 0) | (folded[key] > begins))
    return key[behind], begins[behind], folded[key[behind]]


def _reread_after(ways: Paths, key: Ints, time: Ints) -> Ints:
    """When a handler next took over the stream of an aggregate as it is; -1 if it never did."""
    rows = ways.rows(Moment.REREAD)
    aggregate = ways.trace.marks.aggregate
    rereads = Timeline(aggregate[rows.command], rows.time)
    group = aggregate[ways.command_of[key]]
    count = rereads.count(group, time)
    there = rereads.count(group, np.full(len(key), FOREVER)) > count
    ends = np.full(len(key), NEVER, np.int64)
    if there.any():
        ends[there] = rows.time[rereads.nth(group[there], count[there])]
    return ends


@remembered
def stretches(trace: Trace) -> Stretches:
    """The divergence of a trace by aggregate."""
    parts = divergence(trace)
    ends = np.where(parts.ends < 0, FOREVER, parts.ends)
    aggregate, begins, until, peak, cause = unions(parts.aggregate, parts.begins, ends)
    return Stretches(aggregate, begins, np.where(until == FOREVER, NEVER, until), peak, cause)
