"""Traces written by hand: a story is told row by row, in milliseconds, and becomes a trace."""

from typing import Any

import numpy as np
from hypothesis import settings

from cqrsim.messages import Answer, AppendOutcome, Belief, Channel, Decision, Link, Operation, Part, Seen
from cqrsim.moments import Moment
from cqrsim.trace import About, FaultNote, Marks, Reads, Trace

SECOND = 1_000_000_000

patient = settings(deadline=None)
"""For properties: a busy machine is no reason to fail."""


class Story:
    """Rows told one by one; ``marks`` are columns of the marks, ``about`` fields of the about."""

    def __init__(self, commands: int = 1, marks: dict[str, Any] | None = None, **about: Any) -> None:
        self.rows: list[tuple[int, ...]] = []
        self.commands = commands
        self.marks = {"aggregate": 0, "event_bytes": 400, "error_bytes": 250} | (marks or {})
        self.about: dict[str, Any] = {"length_ns": SECOND, "end_ns": 2 * SECOND} | about
        self.reads = Reads.of()
        self.custom: Any = None

    def row(
        self, at: float, moment: Moment, command: int = 0, attempt: int = 0, place: int = 0, outcome: int = 0,
        value: int = -1,
    ) -> "Story":  # fmt: skip
        """One row; ``at`` is in milliseconds."""
        self.rows.append((round(at * 1e6), moment, command, attempt, place, outcome, value))
        return self

    def issue(self, at: float, command: int = 0) -> "Story":
        """Issued as intended, and sent at once."""
        self.row(at, Moment.ISSUED, command, value=round(at * 1e6))
        return self.row(at, Moment.SENT, command)

    def decide(
        self, at: float, command: int = 0, decision: Decision = Decision.ACCEPTED, version: int = 0, attempt: int = 0
    ) -> "Story":
        """Received, admitted and decided at once."""
        self.row(at, Moment.RECEIVED, command, attempt, value=0)
        if decision != Decision.OVERLOADED:
            self.row(at, Moment.ADMITTED, command, attempt, value=0)
        self.row(at, Moment.DECIDED, command, attempt, outcome=decision, value=version)
        if decision not in (Decision.ACCEPTED, Decision.OVERLOADED):
            self.row(at, Moment.RELEASED, command, attempt)
        return self

    def send_append(self, at: float, command: int = 0, attempt: int = 0, expected: int = -1) -> "Story":
        """The append leaves the handler, and arrives at once."""
        self.row(at, Moment.APPEND_SENT, command, attempt, value=expected)
        return self.row(at, Moment.APPEND_RECEIVED, command, attempt, value=0)

    def write(self, at: float, position: int, command: int = 0, attempt: int = 0) -> "Story":
        """The append is durable, and published at once."""
        self.row(at, Moment.WRITTEN, command, attempt, outcome=AppendOutcome.OK, value=position)
        return self.row(at, Moment.PUBLISHED, command, attempt, value=position)

    def fail(
        self,
        at: float,
        command: int = 0,
        attempt: int = 0,
        outcome: AppendOutcome = AppendOutcome.FULL,
        fault: int = -1,
    ) -> "Story":
        """The append failed."""
        return self.row(at, Moment.APPEND_FAILED, command, attempt, outcome=outcome, value=fault)

    def lose(self, at: float, link: Link, command: int = 0, attempt: int = 0, fault: int = -1) -> "Story":
        """A message was lost."""
        return self.row(at, Moment.MESSAGE_LOST, command, attempt, place=link, value=fault)

    def release(self, at: float, command: int = 0, attempt: int = 0) -> "Story":
        """The turn passes on."""
        return self.row(at, Moment.RELEASED, command, attempt)

    def fold(self, at: float, version: int, command: int = 0, attempt: int = 0, instance: int = 0) -> "Story":
        """The handler's state takes the events in."""
        return self.row(at, Moment.FOLDED, command, attempt, outcome=instance, value=version)

    def apply(self, at: float, position: int, command: int = 0, projection: int = 0) -> "Story":
        """A projection applies the events."""
        return self.row(at, Moment.APPLIED, command, place=projection, value=position)

    def inform(
        self, at: float, answer: Answer = Answer.SUCCESS, command: int = 0, channel: Channel = Channel.REPLY
    ) -> "Story":
        """The client knows."""
        return self.row(at, Moment.INFORMED, command, place=channel, outcome=answer)

    def give_up(self, at: float, belief: Belief = Belief.UNKNOWN, command: int = 0) -> "Story":
        """The client waits no longer."""
        return self.row(at, Moment.GAVE_UP, command, outcome=belief)

    def store(self, at: float, position: int, command: int = 0, version: int = 0) -> "Story":
        """The whole way of a good command in four steps of a millisecond: issued, decided, written, applied."""
        self.issue(at, command).decide(at + 1, command, version=version).send_append(at + 1, command)
        return self.write(at + 2, position, command).release(at + 2, command).apply(at + 3, position, command)

    def strike(
        self, at: float, fault: int = 0, operation: Operation = Operation.NONE, command: int = -1, number: int = 1
    ) -> "Story":
        """A fault strikes."""
        return self.row(at, Moment.FAULT_STRUCK, command, place=fault, outcome=operation, value=number)

    def crash(self, at: float, part: Part = Part.STORE, place: int = 0, fault: int = 0) -> "Story":
        """A fault strikes, and a part crashes."""
        self.strike(at, fault)
        return self.row(at, Moment.CRASHED, -1, place=place, outcome=part, value=fault)

    def restart(self, at: float, part: Part = Part.STORE, place: int = 0, value: int = -1) -> "Story":
        """A part starts again, or for the first time."""
        return self.row(at, Moment.RESTARTED, -1, place=place, outcome=part, value=value)

    def vanish(self, at: float, command: int = 0, attempt: int = 0, fault: int = 0) -> "Story":
        """The events are not in the log any more."""
        return self.row(at, Moment.VANISHED, command, attempt, value=fault)

    def find(self, at: float, position: int, command: int = 0, attempt: int = 0) -> "Story":
        """A store that starts finds the events in its log."""
        return self.row(at, Moment.RECOVERED, command, attempt, value=position)

    def alter(self, at: float, command: int = 0, fault: int = 0) -> "Story":
        """The record of the events says something else now."""
        return self.row(at, Moment.ALTERED, command, value=fault)

    def forget(self, at: float, command: int = 0, attempt: int = 0, fault: int = 0) -> "Story":
        """The handler that held the command has crashed."""
        return self.row(at, Moment.FORGOTTEN, command, attempt, value=fault)

    def look(self, at: float, seen: Seen, command: int = 0, projection: int = 0, number: int = 0) -> "Story":
        """The client reads what it has written."""
        return self.row(at, Moment.OWN_READ, command, place=projection, outcome=seen, value=number)

    def trace(self) -> Trace:
        """The story as a trace."""
        flat = np.array(self.rows, np.int64).reshape(-1, 7)
        marks = Marks.of(self.commands, **self.marks)
        return Trace.from_rows(flat, marks, self.reads, About(**self.about), self.custom)


FULL = (FaultNote("disk full", "DiskFull", "disk"),)
"""One fault, under number 0."""
