"""Where the handler's own state and the durable log part, and for how long.

A handler is ahead while it holds events that never become durable, and behind while it lacks events that are durable
although the turn has passed on (or although nothing will tell it of them).  Events that are on their way are neither:
they are lag.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cqrsim.messages import Link
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.spans import Spans
from cqrsim.metrics.states import State, held, of_shards, states_of
from cqrsim.metrics.steps import FOREVER, Bools, Ints, Timeline, earliest, first_after, unions
from cqrsim.metrics.stuck import unpublished
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
    ways, states = paths(trace), states_of(trace)
    extra, missing = [], []
    folds = trace.about.fold_on != "never" and not trace.about.measured  # though it may never get there
    if trace.about.live_state and (len(ways.rows(Moment.FOLDED)) or folds):
        unreal = (ways.durable < 0) & ~pending_attempts(ways)
        for state in states:
            since = held(ways, state)
            extra.append(_extra(ways, state, since, unreal))
            missing.append(_missing(ways, state, since))
    parts, ahead = Spans.of([*extra, *missing]), sum(len(part.key) for part in extra)
    aggregate = trace.marks.aggregate[ways.command_of[parts.key]]
    return Divergence(parts.key, aggregate, np.arange(len(parts.key)) < ahead, parts.begins, parts.ends)


def _extra(ways: Paths, state: State, since: Ints, unreal: Bools) -> Spans:
    """Events that a state holds, from when they are certainly not in the log: at once, or when they left it."""
    key = np.flatnonzero((since >= 0) & unreal)
    begins = np.maximum(since[key], ways.left[key])
    return _while_live(state, key, begins, _reread_after(ways, key, begins))


def _missing(ways: Paths, state: State, since: Ints) -> Spans:
    """Durable events that a state lacks though their turn is over, or though their notice was lost."""
    key = np.flatnonzero((ways.entered >= 0) & of_shards(ways, state))
    given_up = _given_up(ways, since)[key]
    durable = np.where(ways.durable >= 0, ways.durable, ways.entered)[key]
    begins = np.maximum(np.maximum(durable, given_up), state.begins)
    behind = (given_up >= 0) & ((since[key] < 0) | (since[key] > begins))
    key, begins = key[behind], begins[behind]
    return _while_live(state, key, begins, earliest(since[key], ways.left[key]))


def _given_up(ways: Paths, since: Ints) -> Ints:
    """From when on the handler does not expect to hear of each append any more; -1 while it may.

    Who listens to what is published hears of its events also after a crash; who waits for answers does not.
    """
    passed = ways.released_of_try[ways.try_of]
    if ways.trace.about.fold_on == "publication" and len(ways.rows(Moment.FORGOTTEN)):
        passed = np.where(ways.of_try(ways.forgotten >= 0) & (since >= 0), NEVER, passed)
    notice = earliest(ways.lost(Link.STORE_TO_SUBSCRIBER), ways.lost(Link.STORE_TO_HANDLER))
    if ways.trace.about.fold_on == "publication":
        notice = earliest(notice, unpublished(ways))
    if ways.is_copy.any():
        unexpected = ways.is_copy & (ways.first_of_attempt(Moment.RECEIVED) < 0)
        notice = np.where(unexpected, ways.entered, notice)
    return np.where(passed >= 0, passed, np.where(since < 0, notice, NEVER))


def _while_live(state: State, key: Ints, begins: Ints, ends: Ints) -> Spans:
    """Spans cut off where the state ends; without those that would be empty."""
    if state.ends < FOREVER:
        ends = np.where(ends < 0, state.ends, np.minimum(ends, state.ends))
    there = (ends < 0) | (begins < ends)
    return Spans(key[there], begins[there], ends[there])


def _reread_after(ways: Paths, key: Ints, time: Ints) -> Ints:
    """When a handler next took over the stream of an aggregate as it is; -1 if it never did."""
    rows, aggregate = ways.rows(Moment.REREAD), ways.trace.marks.aggregate
    return first_after(aggregate[rows.command], rows.time, aggregate[ways.command_of[key]], time, inclusive=False)


@remembered
def stretches(trace: Trace) -> Stretches:
    """The divergence of a trace by aggregate."""
    parts = divergence(trace)
    ends = np.where(parts.ends < 0, FOREVER, parts.ends)
    aggregate, begins, until, peak, cause = unions(parts.aggregate, parts.begins, ends)
    return Stretches(aggregate, begins, np.where(until == FOREVER, NEVER, until), peak, cause)
