"""The ways of commands and attempts through a trace, as arrays: when each step was first reached.

A time of -1 says that it was not.  An attempt has the key ``command * attempts + attempt``, where ``attempts`` is one
more than the highest number of an attempt in the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import TypeVar

import numpy as np

from cqrsim.messages import AppendOutcome, Decision, Link
from cqrsim.metrics.lives import Lives, lives_of
from cqrsim.metrics.steps import Bools, Ints, earliest, is_any
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Rows, Trace

Result = TypeVar("Result")

_BELONG_TO_NO_COMMAND = (
    Moment.FAULT_BEGAN, Moment.FAULT_ENDED, Moment.CRASHED, Moment.RESTARTED, Moment.BACKGROUND_READ,
)  # fmt: skip


def remembered(compute: Callable[[Trace], Result]) -> Callable[[Trace], Result]:
    """Compute something of a trace once, and keep it as long as the trace."""

    @wraps(compute)
    def recall(trace: Trace) -> Result:
        return trace.remember(compute)

    return recall


def first_times(keys: Ints, times: Ints, count: int) -> Ints:
    """For each of ``count`` keys the first of its times, which ascend; -1 for those that have none."""
    first = np.full(count, NEVER, np.int64)
    first[keys[::-1]] = times[::-1]
    return first


class Paths:
    """Steps of commands and attempts.  Arrays over commands have length ``commands``, over attempts ``keys``."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.commands = len(trace.marks)
        rows = trace.rows
        journeys = ~is_any(rows.moment, _BELONG_TO_NO_COMMAND)
        self.attempts = int(rows.attempt[journeys].max(initial=0)) + 1
        self.keys = self.commands * self.attempts
        self._first: dict[int, Ints] = {}
        self._first_of_attempt: dict[int, Ints] = {}

    def rows(self, moment: Moment) -> Rows:
        """The rows of a moment that belong to a command."""
        rows = self.trace.of(moment)
        return rows if len(rows) == 0 or rows.command.min() >= 0 else rows.take(rows.command >= 0)

    def key(self, rows: Rows) -> Ints:
        """The attempts that rows belong to."""
        return rows.command * self.attempts + rows.attempt

    def first(self, moment: Moment) -> Ints:
        """When each command first reached a step."""
        if moment not in self._first:
            rows = self.rows(moment)
            self._first[moment] = first_times(rows.command, rows.time, self.commands)
        return self._first[moment]

    def first_of_attempt(self, moment: Moment) -> Ints:
        """When each attempt first reached a step."""
        if moment not in self._first_of_attempt:
            self._first_of_attempt[moment] = self.first_where(moment, None)
        return self._first_of_attempt[moment]

    def first_where(self, moment: Moment, chosen: Bools | None) -> Ints:
        """The same, of the rows that are chosen only."""
        rows = self.rows(moment)
        rows = rows if chosen is None else rows.take(chosen)
        return first_times(self.key(rows), rows.time, self.keys)

    def any_attempt(self, of_attempt: Bools) -> Bools:
        """Whether any attempt of each command has it."""
        return np.asarray(of_attempt.reshape(self.commands, self.attempts).any(axis=1))

    def first_attempt(self, times: Ints) -> Ints:
        """The earliest of the attempts' times, for each command."""
        by_command = times.reshape(self.commands, self.attempts)
        return earliest(*by_command.T) if self.attempts > 1 else by_command[:, 0]

    def lost(self, link: Link) -> Ints:
        """When the first message of each attempt was lost on a link."""
        return self.first_where(Moment.MESSAGE_LOST, self.rows(Moment.MESSAGE_LOST).place == link)

    def lost_to(self, projection: int) -> Ints:
        """When the published events of each attempt were lost on their way to a projection."""
        rows = self.rows(Moment.MESSAGE_LOST)
        mine = (rows.place == Link.STORE_TO_PROJECTION) & (rows.outcome == projection)
        return self.first_where(Moment.MESSAGE_LOST, mine)

    def answered_at(self, moment: str) -> Bools:
        """Which commands are of groups whose first answer waits for that moment."""
        told = np.array(self.trace.about.answer_at) == moment
        return np.asarray(told[np.minimum(self.trace.marks.group, len(told) - 1)], np.bool_)

    @cached_property
    def command_of(self) -> Ints:
        """The command of each attempt."""
        return np.repeat(np.arange(self.commands, dtype=np.int64), self.attempts)

    @cached_property
    def issued(self) -> Bools:
        """Which commands exist in this run: those that were issued, or of which anything else is known."""
        seen = self.first(Moment.ISSUED) >= 0
        return seen if seen.any() or not self.trace.about.measured else np.ones(self.commands, np.bool_)

    @cached_property
    def intended(self) -> Ints:
        """When each command was meant to be issued."""
        rows = self.rows(Moment.ISSUED)
        said = np.full(self.commands, NEVER, np.int64)
        said[rows.command] = np.where(rows.value >= 0, rows.value, rows.time)
        marked = self.trace.marks.intended
        return np.where(marked >= 0, marked, said)

    @cached_property
    def in_window(self) -> Bools:
        """Which commands are measured: issued, and meant to be so within the window."""
        about = self.trace.about
        return self.issued & (self.intended >= about.warm_up_ns) & (self.intended < about.length_ns)

    @cached_property
    def accepted(self) -> Ints:
        """When each attempt was accepted."""
        return self.first_where(Moment.DECIDED, self.rows(Moment.DECIDED).outcome == Decision.ACCEPTED)

    @cached_property
    def refused(self) -> Ints:
        """When each attempt was refused."""
        return self.first_where(Moment.DECIDED, self.rows(Moment.DECIDED).outcome != Decision.ACCEPTED)

    @cached_property
    def lives(self) -> Lives:
        """Everything that was ever in the log."""
        return lives_of(self)

    @cached_property
    def written(self) -> Ints:
        """When the store wrote the events of each attempt, whatever became of them later."""
        return self.first_where(Moment.WRITTEN, self.rows(Moment.WRITTEN).outcome == AppendOutcome.OK)

    @cached_property
    def entered(self) -> Ints:
        """When the events of each attempt first were in the log: written, or found there after a restart."""
        found = self.rows(Moment.RECOVERED)
        if not len(found):
            return self.written
        return earliest(self.written, self.first_where(Moment.RECOVERED, found.outcome == 0))

    @cached_property
    def durable(self) -> Ints:
        """When the events of each attempt entered the log to stay; -1 if they are not in it in the end."""
        if not len(self.lives.changes):
            return self.entered
        return self._of_events(self.lives.until < 0, self.lives.since)

    @cached_property
    def left(self) -> Ints:
        """When the events of each attempt left the log for good: they vanished, or were altered; -1 if they did not."""
        left = self._of_events(self.lives.until >= 0, self.lives.until)
        return np.where(self.durable >= 0, NEVER, left)

    def _of_events(self, chosen: Bools, times: Ints) -> Ints:
        """A time of what was in the log, by attempt: the last one where an append was there several times."""
        of_attempt = np.full(self.keys, NEVER, np.int64)
        chosen = chosen & ~self.lives.is_error
        of_attempt[self.lives.key[chosen]] = times[chosen]
        return of_attempt

    @cached_property
    def forgotten(self) -> Ints:
        """When the handler that held each attempt crashed and took it along."""
        return self.first_of_attempt(Moment.FORGOTTEN)

    @cached_property
    def append_ended(self) -> Ints:
        """When the store was through with the append of each attempt: for good, in vain, or only after a restart."""
        return earliest(self.entered, self.append_failed)

    @cached_property
    def append_failed(self) -> Ints:
        """When the append of each attempt failed, or was found to be a duplicate."""
        duplicate = self.first_where(Moment.WRITTEN, self.rows(Moment.WRITTEN).outcome != AppendOutcome.OK)
        return earliest(self.first_of_attempt(Moment.APPEND_FAILED), duplicate)

    @cached_property
    def append_lost(self) -> Ints:
        """When the append of each attempt was lost on its way to the store."""
        sent, arrived = self.first_of_attempt(Moment.APPEND_SENT), self.first_of_attempt(Moment.APPEND_RECEIVED)
        rows = self.rows(Moment.MESSAGE_LOST)
        after = rows.time >= sent[self.key(rows)]
        lost = self.first_where(Moment.MESSAGE_LOST, (rows.place == Link.HANDLER_TO_STORE) & after)
        return np.where((sent >= 0) & (arrived < 0), lost, NEVER)

    @cached_property
    def _numbers(self) -> tuple[Ints, Ints]:
        """Of each attempt the client's try that it belongs to, and its number within that try.

        Attempts that a handler adds by reloading share a try.  Copies that a fault has made have tries of their own,
        numbered behind those of the originals.
        """
        about, number = self.trace.about, np.arange(self.keys, dtype=np.int64) % max(self.attempts, 1)
        copies_from = about.duplicates_from
        if copies_from < 0:
            return number // about.attempts_per_try, number % about.attempts_per_try
        copies, own = number // copies_from, number % copies_from
        tries_before = -(-copies_from // about.attempts_per_try) * copies
        return tries_before + own // about.attempts_per_try, own % about.attempts_per_try

    @cached_property
    def tries(self) -> Ints:
        """The client's try that each attempt belongs to."""
        return self._numbers[0]

    @cached_property
    def try_of(self) -> Ints:
        """A number for each command and try of the client, by attempt."""
        return self.command_of * self.attempts + self.tries

    @cached_property
    def tries_begin(self) -> Bools:
        """Which attempts are the first of their try."""
        return np.asarray(self._numbers[1] == 0)

    @cached_property
    def is_copy(self) -> Bools:
        """Which attempts are copies of messages that a fault has doubled."""
        copies_from = self.trace.about.duplicates_from
        number = np.arange(self.keys, dtype=np.int64) % max(self.attempts, 1)
        return np.asarray((number >= copies_from) & (copies_from >= 0))

    @cached_property
    def original(self) -> Ints:
        """For each attempt itself, and for a copy the attempt that it is a copy of, which may be a copy itself.

        Copies are numbered by powers of two, and those that are made later on the way by the higher ones.
        """
        keys = np.arange(self.keys, dtype=np.int64)
        if not self.is_copy.any():
            return keys
        copies_from = self.trace.about.duplicates_from
        copies = keys % self.attempts // copies_from
        latest = 2 ** np.floor(np.log2(np.maximum(copies, 1))).astype(np.int64)
        return np.where(self.is_copy, keys - latest * copies_from, keys)

    def event_key(self, rows: Rows) -> Ints:
        """The attempts whose events rows speak of: copies of events that were stored but once are those events."""
        key = self.key(rows)
        if not self.is_copy.any():
            return key
        unstored = self.is_copy & (self.first_of_attempt(Moment.APPEND_RECEIVED) < 0)
        return np.where(unstored, self.original, np.arange(self.keys))[key]

    @cached_property
    def released_of_try(self) -> Ints:
        """When the turn of each try passed on, by its number in ``try_of``; or when who had it forgot it."""
        released = np.full(self.keys, NEVER, np.int64)
        for moment in (Moment.FORGOTTEN, Moment.RELEASED):
            rows = self.rows(moment)
            released[self.try_of[self.key(rows)]] = rows.time
        return released

    def of_try(self, of_attempt: Bools) -> Bools:
        """For each attempt, whether any attempt of the same try has it."""
        found = np.zeros(self.keys, np.bool_)
        found[self.try_of[of_attempt]] = True
        return found[self.try_of]


@remembered
def paths(trace: Trace) -> Paths:
    """The ways through a trace."""
    return Paths(trace)
