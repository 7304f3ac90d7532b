"""Truth and belief: what became of each command, and what its client believes in the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cqrsim.messages import Answer, AppendOutcome, Belief, Decision, Link, Truth
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import Paths, first_times, paths, remembered
from cqrsim.metrics.steps import Bools, Ints, is_any
from cqrsim.metrics.vocabulary import Reason
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace

Codes = NDArray[np.int8]

STORED = (Truth.DURABLE, Truth.STORED_TWICE)
NOT_STORED = (Truth.REFUSED, Truth.NOT_DURABLE, Truth.NEVER_ARRIVED)


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Arrays over commands; times in nanoseconds, -1 for what did not happen."""

    truth: Codes
    belief: Codes
    channel: Codes
    """By which the client learned; -1 if it did not."""
    reason: Codes
    """What stood in the way first; -1 for what is durable, and where nothing did."""
    informed: Ints
    """When the client knew the outcome: told by a channel, or by its own pre-validation."""
    gave_up: Ints
    settled: Ints
    """When the truth was settled; -1 while it is not."""

    @property
    def stored(self) -> Bools:
        """Whether the events are in the log; a command without events is stored once it is accepted."""
        return is_any(self.truth, STORED)

    @property
    def not_stored(self) -> Bools:
        """Whether it is certain that they are not."""
        return is_any(self.truth, NOT_STORED)

    @property
    def told(self) -> Bools:
        """Whether the client was told an outcome."""
        return self.informed >= 0


@remembered
def verdicts(trace: Trace) -> Verdicts:
    """Truth and belief of all commands of a trace."""
    ways = paths(trace)
    truth, settled = _truth(ways)
    informed, answer, channel = _told(ways)
    gave_up, last_belief = _given_up(ways)
    belief = np.where(gave_up >= 0, last_belief, Belief.NEVER_TOLD)
    belief = np.where(answer == Answer.SUCCESS, Belief.SUCCESS, belief)
    belief = np.where(answer == Answer.FAILURE, Belief.FAILURE, belief)
    reason = np.where(is_any(truth, STORED), NEVER, _reason(ways))
    codes = [column.astype(np.int8) for column in (truth, belief, channel, reason)]
    return Verdicts(codes[0], codes[1], codes[2], codes[3], informed, gave_up, settled)


def _truth(ways: Paths) -> tuple[Ints, Ints]:
    stored, stored_at = _stored(ways)
    caught = ways.first(Moment.CAUGHT)
    sent = ways.first(Moment.SENT)
    accepted, refused = ways.any_attempt(ways.accepted >= 0), ways.any_attempt(ways.refused >= 0)
    passed_by = ways.any_attempt(ways.first_of_attempt(Moment.RELEASED) >= 0)  # released without a decision
    pending = ways.any_attempt(pending_attempts(ways))
    arrived = ways.any_attempt(ways.first_of_attempt(Moment.RECEIVED) >= 0)
    forgotten = ways.any_attempt(ways.forgotten >= 0)
    truth = np.select(
        [
            stored > 1,
            stored == 1,
            (caught >= 0) & (sent < 0),
            pending,
            accepted,
            refused | passed_by,
            (sent >= 0) & (~arrived | forgotten),
        ],
        [
            Truth.STORED_TWICE,
            Truth.DURABLE,
            Truth.CAUGHT,
            Truth.UNDECIDED,
            Truth.NOT_DURABLE,
            Truth.REFUSED,
            Truth.NEVER_ARRIVED,
        ],
        Truth.UNDECIDED,
    )
    ends = [ways.refused, ways.append_failed, ways.append_lost, ways.lost(Link.CLIENT_TO_HANDLER)]
    ends += [ways.forgotten, ways.left]
    last = np.max([end.reshape(ways.commands, ways.attempts).max(axis=1, initial=NEVER) for end in ends], axis=0)
    settled = np.where(stored > 0, stored_at, np.where(truth == Truth.CAUGHT, caught, last))
    return truth, np.where(truth == Truth.UNDECIDED, NEVER, settled)


def _stored(ways: Paths) -> tuple[Ints, Ints]:
    """How often each command was stored, and when first; one without events is stored when it is accepted."""
    log = log_of(ways.trace).appends
    command = log_of(ways.trace).command[log.rows]
    times = np.bincount(command, minlength=ways.commands)
    at = first_times(command, log.written, ways.commands) if len(command) else np.full(ways.commands, NEVER)
    empty = ways.first_attempt(np.where(without_events(ways), ways.accepted, NEVER))
    nothing_to_store = (times == 0) & (empty >= 0)
    return np.where(nothing_to_store, 1, times), np.where(nothing_to_store, empty, at)


def without_events(ways: Paths) -> Bools:
    """Which attempts were accepted and had nothing to append; not those whose handler crashed before it could."""
    silent = (ways.accepted >= 0) & (ways.first_of_attempt(Moment.APPEND_SENT) < 0)
    no_events = (ways.trace.marks.events == 0)[ways.command_of]
    over = no_events | ((ways.first_of_attempt(Moment.RELEASED) >= 0) & (ways.forgotten < 0))
    return np.asarray(silent & (ways.entered < 0) & over, np.bool_)


def pending_attempts(ways: Paths) -> Bools:
    """Which attempts may still become durable when the trace ends."""
    sent, received = ways.first_of_attempt(Moment.SENT), ways.first_of_attempt(Moment.RECEIVED)
    on_its_way = (sent >= 0) & (received < 0) & (ways.lost(Link.CLIENT_TO_HANDLER) < 0)
    decided = ways.first_of_attempt(Moment.DECIDED) >= 0
    done = ways.of_try(decided | (ways.first_of_attempt(Moment.RELEASED) >= 0) | (ways.forgotten >= 0))
    undecided = (received >= 0) & ~done
    stopped_short = (ways.forgotten >= 0) & (ways.first_of_attempt(Moment.APPEND_SENT) < 0)
    over = (ways.append_ended >= 0) | (ways.append_lost >= 0) | stopped_short | without_events(ways)
    copy = ways.is_copy & (ways.first_of_attempt(Moment.APPEND_RECEIVED) >= 0)
    return np.asarray((on_its_way & ~done) | undecided | (((ways.accepted >= 0) | copy) & ~over), np.bool_)


def _told(ways: Paths) -> tuple[Ints, Ints, Ints]:
    """When, what and by which channel each client was told first."""
    rows = ways.rows(Moment.INFORMED)
    rows = rows.take(is_any(rows.outcome, (Answer.SUCCESS, Answer.FAILURE)))
    told = first_times(rows.command, rows.time, ways.commands)
    answer = first_times(rows.command, rows.outcome.astype(np.int64), ways.commands)
    channel = first_times(rows.command, rows.place.astype(np.int64), ways.commands)
    itself = (told < 0) & (ways.first(Moment.CAUGHT) >= 0)
    told = np.where(itself, ways.first(Moment.CAUGHT), told)
    return told, np.where(itself, Answer.FAILURE, answer), channel


def _given_up(ways: Paths) -> tuple[Ints, Ints]:
    rows = ways.rows(Moment.GAVE_UP)
    last = np.full(ways.commands, NEVER, np.int64)
    belief = np.full(ways.commands, Belief.NEVER_TOLD, np.int64)
    last[rows.command] = rows.time
    belief[rows.command] = rows.outcome
    return last, belief


_OF_DECISION = {
    Decision.INVALID: Reason.INVALID,
    Decision.FORBIDDEN: Reason.FORBIDDEN,
    Decision.OVERLOADED: Reason.OVERLOADED,
}
_OF_APPEND = {
    AppendOutcome.FULL: Reason.FULL,
    AppendOutcome.ERROR: Reason.ERROR,
    AppendOutcome.CONFLICT: Reason.CONFLICT,
    AppendOutcome.UNKNOWN: Reason.UNKNOWN,
    AppendOutcome.CRASHED: Reason.CRASHED,
    AppendOutcome.FENCED: Reason.FENCED,
}


def _reason(ways: Paths) -> Ints:
    """The first thing that stood in the way of each command, as far as it was under way; -1 if nothing did."""
    decided, failed, lost = (
        ways.rows(moment) for moment in (Moment.DECIDED, Moment.APPEND_FAILED, Moment.MESSAGE_LOST)
    )
    forgotten, vanished, altered = (ways.rows(moment) for moment in (Moment.FORGOTTEN, Moment.VANISHED, Moment.ALTERED))
    lost = lost.take(is_any(lost.place, (Link.CLIENT_TO_HANDLER, Link.HANDLER_TO_STORE)))
    reasons = [
        (decided, _translated(decided.outcome, _OF_DECISION)),
        (failed, _translated(failed.outcome, _OF_APPEND)),
        (lost, np.full(len(lost), Reason.LOST, np.int64)),
        (forgotten, np.full(len(forgotten), Reason.FORGOTTEN, np.int64)),
        (vanished, np.where(vanished.outcome == 0, Reason.VANISHED, NEVER)),
        (altered, np.where(altered.outcome == 0, Reason.ALTERED, NEVER)),
    ]
    command = np.concatenate([rows.command for rows, _ in reasons])
    time = np.concatenate([rows.time for rows, _ in reasons])
    reason = np.concatenate([codes for _, codes in reasons])
    order = np.argsort(time, kind="stable")
    order = order[reason[order] >= 0]
    first = first_times(command[order], reason[order], ways.commands)
    return np.where(ways.first(Moment.CAUGHT) >= 0, Reason.INVALID, first)


def _translated(codes: NDArray[np.int16], words: dict[Decision, Reason] | dict[AppendOutcome, Reason]) -> Ints:
    table = np.full(8, NEVER, np.int64)
    for code, reason in words.items():
        table[code] = reason
    return table[codes]
