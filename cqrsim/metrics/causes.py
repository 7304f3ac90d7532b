"""Troubles: the faults, crashes, full disks, lost messages and waits that were given up, in words.

Each trouble of a command has a sign, which says what it touched; which signs can cause which anomaly is said in
:mod:`cqrsim.metrics.blame`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from cqrsim.messages import LINK_NAMES, Answer, AppendOutcome, Decision, Link, Operation, Part
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import Paths, first_times, paths, remembered
from cqrsim.metrics.steps import Bools, Ints, earliest, running_max
from cqrsim.metrics.vocabulary import fault_name
from cqrsim.moments import NEVER, OVERFLOW, Moment
from cqrsim.trace import Rows, Trace

_OWN = {
    Moment.VANISHED: 0,
    Moment.ALTERED: 0,
    Moment.APPEND_FAILED: 1,
    Moment.REFUSAL_LOST: 1,
    Moment.MESSAGE_LOST: 1,
    Moment.FORGOTTEN: 1,
    Moment.FAULT_STRUCK: 2,
    Moment.HANDLER_GAVE_UP: 3,
    Moment.DECIDED: 3,
}
"""What troubles commands, and which of these is named first: what unmade a command, what stopped it, the rest."""

_OF_CLIENT = (Moment.GAVE_UP, Moment.SENT, Moment.REFUSAL_EXPIRED, Moment.ANSWERED, Moment.APPEND_SENT)
"""Where a client, or who was to tell it, did not wait any longer: a command that is sent again says so, too.

What else follows from a design alone comes after that: answers that were overtaken by events, and overtaken appends.
"""

_WORDS = {
    Moment.HANDLER_GAVE_UP: "handler gave up waiting",
    Moment.DECIDED: "handler overloaded",
    Moment.GAVE_UP: "client gave up waiting",
    Moment.SENT: "client tried again",
    Moment.REFUSAL_EXPIRED: "refusal expired",
    Moment.APPEND_SENT: "appends overtook each other",
}


class Sign(IntEnum):
    """What a trouble of a command touched; what was lost or struck on a link has the number of the link as its sign."""

    GONE = 20
    """Its event left the log, or its record says something else."""
    NOTICE_GONE = 21
    """Its error event was not stored, or left the log."""
    FAILED = 22
    """Its append failed."""
    FORGOTTEN = 23
    """Its handler crashed, and took it along."""
    HANDLER_GAVE_UP = 24
    OVERLOADED = 25
    GAVE_UP = 26
    SENT_AGAIN = 27
    EXPIRED = 28
    """Its refusal was not kept any longer."""
    TOLD_LATE = 29
    """Its event was published before the client knew what to wait for."""
    TOLD_UNKNOWN = 40
    """Who waited for projections did not wait any longer."""
    OVERTAKEN = 41
    """Its append came into the log before one that was sent earlier, or the other way round."""
    STRUCK = 30
    """Something struck it that has no operation; otherwise the number of the operation is added."""
    STRUCK_WRITE = 30 + Operation.WRITE
    STRUCK_FLUSH = 30 + Operation.FLUSH
    STRUCK_APPEND = 30 + Operation.APPEND
    STRUCK_DECIDE = 30 + Operation.DECIDE
    STRUCK_ANSWER = 30 + Operation.ANSWER
    STRUCK_APPLY = 30 + Operation.APPLY
    STRUCK_MESSAGE = 30 + Operation.MESSAGE
    """Of messages only those whose link nobody knows."""


_SIGNS = {
    Moment.VANISHED: Sign.GONE,
    Moment.ALTERED: Sign.GONE,
    Moment.APPEND_FAILED: Sign.FAILED,
    Moment.REFUSAL_LOST: Sign.NOTICE_GONE,
    Moment.FORGOTTEN: Sign.FORGOTTEN,
    Moment.HANDLER_GAVE_UP: Sign.HANDLER_GAVE_UP,
    Moment.DECIDED: Sign.OVERLOADED,
    Moment.GAVE_UP: Sign.GAVE_UP,
    Moment.SENT: Sign.SENT_AGAIN,
    Moment.REFUSAL_EXPIRED: Sign.EXPIRED,
    Moment.ANSWERED: Sign.TOLD_LATE,
    Moment.APPEND_SENT: Sign.OVERTAKEN,
}


@dataclass(frozen=True, eq=False)
class Troubles:
    """All troubles of a trace: those of commands, those of clients, those of the world, each in the order of time.

    Of the troubles of commands the more telling kinds stand first.
    """

    trace: Trace
    rows: Rows
    signs: Ints
    """What each trouble of a command or a client touched; -1 for those of the world."""
    world_from: int
    """Where the troubles of the world begin: they belong to no command."""
    first: Ints
    """The row of each command's first trouble; -1 if it had none."""

    def of_command(self, command: int) -> str:
        """What struck a command first; "" if nothing did."""
        row = int(self.first[command])
        return "" if row < 0 else self._words(row)

    def of_key(self, key: int) -> str:
        """What struck the command of an attempt."""
        return self.of_command(key // paths(self.trace).attempts)

    def count(self, rows: Ints) -> Counter[str]:
        """How often each cause occurs among rows; what differs in nothing that words tell is put into words once."""
        rows = rows[rows >= 0]
        columns = (self.rows.moment, self.rows.place, self.rows.outcome, self.rows.value)
        told = np.stack([column[rows].astype(np.int64) for column in columns], axis=1)
        _, examples, counts = np.unique(told, axis=0, return_index=True, return_counts=True)
        found: Counter[str] = Counter()
        for row, count in zip(rows[examples].tolist(), counts.tolist(), strict=True):
            found[self._words(row)] += count
        return found

    def with_signs(self, signs: frozenset[int]) -> Ints:
        """The rows that have one of the signs, the more telling ones first."""
        return np.flatnonzero(np.isin(self.signs, list(signs)))

    def _words(self, row: int) -> str:
        rows = self.rows
        moment, outcome, value = Moment(int(rows.moment[row])), int(rows.outcome[row]), int(rows.value[row])
        if moment in _WORDS:
            return _WORDS[moment]
        if moment == Moment.ANSWERED:
            return "event came before the answer" if outcome == Answer.RECEIVED else "projections took too long"
        number = int(rows.place[row]) if moment in (Moment.FAULT_STRUCK, Moment.FAULT_BEGAN) else value
        if moment != Moment.RESTARTED and (fault := fault_name(self.trace.about, number)):
            return fault
        if moment == Moment.MESSAGE_LOST:
            return "overflow" if value == OVERFLOW else f"loss on {LINK_NAMES[int(rows.place[row])]}"
        if moment == Moment.RESTARTED:
            return "second instance"
        if moment in (Moment.CRASHED, Moment.FORGOTTEN):
            return f"{'handler' if moment == Moment.FORGOTTEN else Part(outcome).name.lower()} crashed"
        if moment in (Moment.VANISHED, Moment.ALTERED):
            return moment.name.lower()
        return _WORDS_OF_APPEND.get(outcome, f"disk {AppendOutcome(outcome).name.lower()}")


_WORDS_OF_APPEND = {
    int(AppendOutcome.CRASHED): "store crashed",
    int(AppendOutcome.FENCED): "instance was replaced",
    int(AppendOutcome.CONFLICT): "version conflict",
}


@remembered
def troubles(trace: Trace) -> Troubles:
    """All troubles of a trace."""
    ways = paths(trace)
    own = _together([_own_troubles(ways, moment) for moment in _OWN])
    rank = np.zeros(max(Moment) + 1, np.int64)
    rank[list(_OWN)] = list(_OWN.values())
    own = own.take(np.lexsort((own.time, rank[own.moment])))
    clients = _together([_of_clients(ways, moment) for moment in _OF_CLIENT])
    world = _troubles_of_the_world(trace)
    rows = _together([own, clients, world])
    of_commands = len(own) + len(clients)
    signs = np.full(len(rows), NEVER, np.int64)
    signs[:of_commands] = _signs(trace, rows.take(np.arange(of_commands)))
    return Troubles(trace, rows, signs, of_commands, _first_rows(own, ways.commands))


def _together(parts: list[Rows]) -> Rows:
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__dataclass_fields__))


def _first_rows(rows: Rows, commands: int) -> Ints:
    """For each command its first row; -1 if it has none."""
    first = np.full(commands, NEVER, np.int64)
    first[rows.command[::-1]] = np.arange(len(rows))[::-1]
    return first


def _signs(trace: Trace, rows: Rows) -> Ints:
    """What each trouble of a command or its client touched."""
    table = np.full(max(Moment) + 1, Sign.STRUCK, np.int64)
    table[list(_SIGNS)] = list(_SIGNS.values())
    signs = table[rows.moment]
    lost, struck = rows.moment == Moment.MESSAGE_LOST, rows.moment == Moment.FAULT_STRUCK
    signs[lost] = rows.place[lost]
    signs[struck] += rows.outcome[struck]
    signs[(signs == Sign.TOLD_LATE) & (rows.outcome == Answer.UNKNOWN)] = Sign.TOLD_UNKNOWN
    signs[(signs == Sign.GONE) & (rows.outcome == 1)] = Sign.NOTICE_GONE
    on_link = np.flatnonzero(struck & (rows.outcome == Operation.MESSAGE))
    links = np.array([_link(note.target) for note in trace.about.faults] or [NEVER], np.int64)
    known = (rows.place[on_link] >= 0) & (rows.place[on_link] < len(links))
    link = links[np.where(known, rows.place[on_link], 0)]
    signs[on_link[known & (link >= 0)]] = link[known & (link >= 0)]
    return signs


def _link(target: str) -> int:
    """The link on which a fault strikes messages; -1 for none that is known."""
    name, _, _ = target.partition(".")
    if name == "clients":
        return Link.HANDLER_TO_CLIENT
    return LINK_NAMES.index(name) if name in LINK_NAMES else NEVER


def _own_troubles(ways: Paths, moment: Moment) -> Rows:
    """Of decisions only refusals for a full queue, and of conflicts only those that a handler has left at that.

    Duplicates are no trouble: they are the store's memory at work, as is its version check as long as it helps.
    """
    rows = ways.rows(moment)
    if moment == Moment.DECIDED:
        return rows.take(rows.outcome == Decision.OVERLOADED)
    if moment != Moment.APPEND_FAILED:
        return rows
    helped = (rows.outcome == AppendOutcome.CONFLICT) & ~_is_last_of_its_try(ways, rows) & ~_is_refused(ways, rows)
    return rows.take(~helped & (rows.outcome != AppendOutcome.DUPLICATE))


def _is_last_of_its_try(ways: Paths, rows: Rows) -> Bools:
    """Whether no later attempt of the same try was decided."""
    decided = ways.rows(Moment.DECIDED)
    last = np.full(ways.keys, NEVER, np.int64)
    np.maximum.at(last, ways.try_of[ways.key(decided)], decided.attempt)
    return np.asarray(rows.attempt >= last[ways.try_of[ways.key(rows)]])


def _is_refused(ways: Paths, rows: Rows) -> Bools:
    """Whether an attempt of the same try was refused, which had been accepted before."""
    return ways.of_try(ways.refused >= 0)[ways.key(rows)]


def _of_clients(ways: Paths, moment: Moment) -> Rows:
    """Only what is sent again without having been refused before is sent again for want of patience."""
    rows = ways.rows(moment)
    if moment == Moment.ANSWERED:
        return rows.take(_is_late(ways, rows))
    if moment == Moment.APPEND_SENT:
        return rows.take(_is_overtaken(ways)[ways.key(rows)])
    if moment != Moment.SENT:
        return rows
    rows, answers = rows.take(rows.attempt > 0), ways.rows(Moment.ANSWERED)
    refused = answers.take(answers.outcome == Answer.FAILURE)
    first = first_times(refused.command, refused.time, ways.commands)[rows.command]
    attempt = first_times(refused.command, refused.attempt.astype(np.int64), ways.commands)[rows.command]
    earlier = (first >= 0) & (first <= rows.time) & (attempt < rows.attempt)
    return rows.take(~earlier)


def _is_late(ways: Paths, answers: Rows) -> Bools:
    """Answers of use no more: "received" after the event was published, "unknown" when projections took too long.

    Who learns the id of its command from the answer does not recognise the event that came before.
    """
    key = ways.key(answers)
    told = earliest(ways.first_of_attempt(Moment.PUBLISHED), ways.first_of_attempt(Moment.REFUSAL_STORED))[key]
    received = (answers.outcome == Answer.RECEIVED) & (told >= 0) & (told <= answers.time)
    unknown = (answers.outcome == Answer.UNKNOWN) & ways.answered_at("applied")[answers.command]
    return np.asarray(received | unknown, np.bool_)


def _is_overtaken(ways: Paths) -> Bools:
    """Which attempts' appends stand in the stream of their aggregate otherwise than they were sent."""
    log, overtaken = log_of(ways.trace), np.zeros(ways.keys, np.bool_)
    here = log.appends.rows
    key, aggregate = log.key[here], log.aggregate[here]
    order = np.argsort(log.position[here], kind="stable")
    key, aggregate = key[order], aggregate[order]
    sent = ways.first_of_attempt(Moment.APPEND_SENT)[key]
    later_before = running_max(aggregate, sent) > sent
    earlier_behind = -running_max(aggregate[::-1], -sent[::-1])[::-1] < sent
    overtaken[key] = (later_before | earlier_behind) & (sent >= 0)
    return overtaken


def _troubles_of_the_world(trace: Trace) -> Rows:
    """Crashes, second instances, faults that came into force or struck nobody in particular.

    A fault that crashed a part struck that part.
    """
    second = trace.of(Moment.RESTARTED)
    second = second.take(second.outcome == Part.INSTANCE)
    struck = trace.of(Moment.FAULT_STRUCK)
    crashed = set(zip(trace.of(Moment.CRASHED).value.tolist(), trace.of(Moment.CRASHED).time.tolist(), strict=True))
    crashes = [strike in crashed for strike in zip(struck.place.tolist(), struck.time.tolist(), strict=True)]
    struck = struck.take((struck.command < 0) & ~np.array(crashes, np.bool_))
    rows = _together([struck, second, trace.of(Moment.FAULT_BEGAN), trace.of(Moment.CRASHED)])
    return rows.take(np.argsort(rows.time, kind="stable"))


def most_common(causes: Counter[str]) -> str:
    """Causes with how often they occur, the most common first; of equally common ones in the order of their names.

    >>> most_common(Counter({"stall": 2, "loss": 1, "disk full": 1}))
    'stall (2), disk full (1), loss (1)'
    """
    ordered = sorted(causes.items(), key=lambda cause: (-cause[1], cause[0]))
    return ", ".join(f"{word} ({count})" for word, count in ordered)
