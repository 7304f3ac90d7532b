"""Right and wrong decisions: what the handler decided, against what the durable log says it should have.

The true decision applies the same rule to the durable log.  An acceptance is judged where its events stand in the
log, or at the moment at which its append failed.  It is judged by the log as it stood then, with what has vanished from
it since.  A refusal has no place in the log: it is wrong if the log allows
the command both with what was durable then and with what was then on its way and became durable later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cqrsim.messages import AppendOutcome, Decision
from cqrsim.metrics.log import Log, Stream, logs_of
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.steps import Bools, Floats, Ints, earliest, is_any
from cqrsim.metrics.true_rule import custom_verdicts
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Rows, Trace


@dataclass(frozen=True, eq=False)
class Decisions:
    """All decisions of the handler, in the order of time; flags are 1.0, 0.0, or NaN where nobody can tell."""

    time: Ints
    command: Ints
    key: Ints
    aggregate: Ints
    outcome: Ints
    wrong_accept: Floats
    wrong_refuse: Floats
    stale: Bools
    """Decided on a version that was not the durable one at that time."""

    @property
    def wrong(self) -> Bools:
        """Whether the decision is known to be wrong, either way."""
        return np.asarray((self.wrong_accept == 1) | (self.wrong_refuse == 1))


@remembered
def decisions(trace: Trace) -> Decisions:
    """All decisions of a trace, judged."""
    ways = paths(trace)
    rows = ways.rows(Moment.DECIDED)
    key = ways.key(rows)
    aggregate = trace.marks.aggregate[rows.command]
    stale = np.zeros(len(rows), np.bool_)
    wrong_accept, wrong_refuse = np.zeros(len(rows)), np.zeros(len(rows))
    ended = _ended(ways, rows, key)
    for stretch in logs_of(trace):
        here = np.flatnonzero((rows.time >= stretch.begins) & (rows.time < stretch.ends))
        stale[here] = _stale(stretch.log, rows.take(here), aggregate[here])
        here = np.flatnonzero((ended >= stretch.begins) & (ended < stretch.ends))
        wrong_accept[here], wrong_refuse[here] = _wrong(stretch.log, rows.take(here), key[here], aggregate[here])
    outcome = rows.outcome.astype(np.int64)
    return Decisions(rows.time, rows.command, key, aggregate, outcome, wrong_accept, wrong_refuse, stale)


def _ended(ways: Paths, rows: Rows, key: Ints) -> Ints:
    """When it showed what each decision was worth: where it was appended, or failed to be; at once if it was neither.

    That chooses the log that it is judged by: what vanished later was there for it.
    """
    appended = np.where(ways.entered >= 0, ways.entered, earliest(ways.append_failed, ways.append_lost))[key]
    return np.where((rows.outcome == Decision.ACCEPTED) & (appended >= 0), appended, rows.time)


def _stale(log: Log, rows: Rows, aggregate: Ints) -> Bools:
    """Whether each was decided on another version than the durable one; at the very instant of a write, both count."""
    latest = log.places.version_at(aggregate, rows.time)
    oldest = log.places.version_at(aggregate, rows.time, inclusive=False)
    stale = (rows.value >= 0) & ((rows.value < oldest) | (rows.value > latest))
    return np.asarray(stale & (rows.outcome != Decision.OVERLOADED), np.bool_)


def _wrong(log: Log, rows: Rows, key: Ints, aggregate: Ints) -> tuple[Floats, Floats]:
    """Wrong acceptances and wrong refusals by the log as it stood then."""
    ways, stream = log.paths, log.places
    trace = ways.trace
    accepted, forbidden = rows.outcome == Decision.ACCEPTED, rows.outcome == Decision.FORBIDDEN
    wrong_accept, wrong_refuse = np.zeros(len(rows)), np.zeros(len(rows))
    if trace.about.low is not None and trace.about.high is not None:
        on_version = _judged_version(stream, aggregate, rows)
        allowed = _allowed(trace, stream, aggregate, on_version, rows.command)
        wrong_refuse[forbidden & allowed] = 1.0
        wrong_accept[accepted & _forbidden_at_append(ways, log, rows.command, key, allowed)] = 1.0
    elif trace.custom is not None:
        on_version = _judged_version(stream, aggregate, rows)
        return custom_verdicts(trace, log, rows.command, key, on_version, accepted, forbidden)
    elif trace.about.custom_rule or forbidden.any():
        wrong_accept[accepted], wrong_refuse[forbidden] = np.nan, np.nan
    return wrong_accept, wrong_refuse


def _judged_version(stream: Stream, aggregate: Ints, rows: Rows) -> Ints:
    """The durable version, or one on its way to become durable, that is nearest to the one decided on."""
    latest = stream.version_at(aggregate, rows.time)
    oldest = stream.version_at(aggregate, rows.time, inclusive=False)
    begun = np.maximum(latest, stream.version_begun(aggregate, rows.time))
    return np.clip(np.where(rows.value < 0, latest, rows.value), oldest, begun)


def _allowed(trace: Trace, stream: Stream, aggregate: Ints, version: Ints, command: Ints) -> Bools:
    """Whether the range rule lets an aggregate at this version change by the command."""
    return _in_range(trace, stream.state_at(aggregate, version) + trace.marks.change[command])


def _in_range(trace: Trace, state: Ints) -> Bools:
    low, high = trace.about.low, trace.about.high
    assert low is not None and high is not None
    return (state >= low) & (state <= high)


def _forbidden_at_append(ways: Paths, log: Log, command: Ints, key: Ints, allowed_when_decided: Bools) -> Bools:
    """Whether the durable log forbids what each attempt appended, at the place or time of its append.

    What failed only because its version had moved, or its handler been replaced, was never more than a proposal; what
    is still under way is not judged.
    """
    trace, stream = ways.trace, log.places
    aggregate = trace.marks.aggregate[command]
    row_of_key = np.full(ways.keys, NEVER, np.int64)
    row_of_key[log.key[stream.rows]] = stream.rows
    row = row_of_key[key]
    conflicts = ways.first_where(
        Moment.APPEND_FAILED,
        is_any(ways.rows(Moment.APPEND_FAILED).outcome, (AppendOutcome.CONFLICT, AppendOutcome.FENCED)),
    )
    failed = np.where(conflicts >= 0, NEVER, earliest(ways.append_failed, ways.append_lost))[key]
    earlier, later = (
        _allowed(trace, stream, aggregate, stream.version_at(aggregate, failed, inclusive), command)
        for inclusive in (False, True)
    )
    forbidden = (failed >= 0) & ~earlier & ~later
    stored = row >= 0
    forbidden[stored] = ~_allowed(trace, stream, aggregate[stored], log.version_before[row[stored]], command[stored])
    nothing_to_append = (trace.marks.events[command] == 0) & ~stored
    return np.where(nothing_to_append, ~allowed_when_decided, forbidden)
