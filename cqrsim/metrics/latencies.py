"""How long commands wait, for what, and which of them wait for it at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cqrsim.messages import Decision, Seen, Truth
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import Paths, first_times, paths, remembered
from cqrsim.metrics.steps import Bools, Ints, is_any
from cqrsim.metrics.verdicts import Verdicts, verdicts
from cqrsim.metrics.visibility import passed_by, passed_by_any, visible_times
from cqrsim.metrics.waits import Waits
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace


@dataclass(frozen=True, eq=False)
class Latency:
    """A wait of each command, from ``since`` until ``until`` in ns (-1: has not happened).

    ``counted`` says which commands wait for it at all, ``never`` which of them wait in vain.
    """

    name: str
    since: Ints
    until: Ints
    counted: Bools
    never: Bools
    given_up: Ints
    """When somebody stopped waiting in vain; -1 if nobody did before the end."""

    def waits(self, chosen: Bools, end_ns: int) -> Waits:
        """The waits of the chosen commands, in milliseconds."""
        counted = self.counted & chosen & (self.since >= 0)
        ended = counted & (self.until >= 0)
        never = counted & self.never & ~ended
        censored = counted & ~never & ~ended
        stopped = np.where(self.given_up >= 0, self.given_up, end_ns)
        return Waits(
            (self.until - self.since)[ended] / 1e6,
            np.maximum(end_ns - self.since[censored], 0) / 1e6,
            np.maximum(stopped - self.since, 0)[never] / 1e6,
        )

    def of(self, name: str, chosen: Bools) -> Latency:
        """The same wait of some of the commands, under a name of its own."""
        return replace(self, name=name, counted=self.counted & chosen)

    def from_sent(self, sent: Ints) -> Latency:
        """The same wait, counted from when the command was really sent."""
        return replace(self, name=f"{self.name}_from_sent", since=sent)


@dataclass(frozen=True, eq=False)
class Seeing:
    """When commands became durable, and when projections showed them; of the first append of each command."""

    written: Ints
    visible: Ints
    passed: Bools
    applied: list[Ints]
    passed_by: list[Bools]


@remembered
def seeing(trace: Trace) -> Seeing:
    """Durability and visibility of all commands."""
    log = log_of(trace)
    rows, count = log.appends.rows, len(trace.marks)
    command = log.command[rows]

    def of_command(times: Ints) -> Ints:
        return first_times(command, times[rows], count)

    def flag(flags: Bools) -> Bools:
        return first_times(command, flags[rows].astype(np.int64), count) > 0

    return Seeing(
        written=of_command(log.written),
        visible=of_command(visible_times(trace)),
        passed=flag(passed_by_any(trace)),
        applied=[of_command(times) for times in log.applied],
        passed_by=[flag(flags) for flags in passed_by(trace)],
    )


@remembered
def latencies(trace: Trace) -> dict[str, Latency]:
    """All waits by their names, without the unit: answer, feedback, durability, visibility, lag, own_read, turns."""
    ways, verdict = paths(trace), verdicts(trace)
    waits = [_feedback(ways, verdict), _answer(ways, verdict)]
    waits += [*_storing(trace, ways, verdict), _own_read(ways), *_turns(ways)]
    return {wait.name: wait for wait in waits}


def _feedback(ways: Paths, verdict: Verdicts) -> Latency:
    """Waiting for the outcome, in vain if the client gave up or if nothing was stored that it could be told of.

    A client whose polls ran out, and which has no patience to run out, counts as unresolved: a trace does not say how
    often clients were willing to look.
    """
    never = ~verdict.told & ((verdict.gave_up >= 0) | verdict.not_stored)
    return Latency("feedback", ways.intended, verdict.informed, ways.issued, never, verdict.gave_up)


def _answer(ways: Paths, verdict: Verdicts) -> Latency:
    counted = ways.issued & (verdict.truth != Truth.CAUGHT)
    never = verdict.told | (verdict.gave_up >= 0) | (verdict.truth == Truth.NEVER_ARRIVED)
    answered = ways.first(Moment.ANSWERED)
    return Latency("answer", ways.intended, answered, counted, never, verdict.gave_up)


def _storing(trace: Trace, ways: Paths, verdict: Verdicts) -> list[Latency]:
    """Durability and visibility are waited for by all commands with events but those refused."""
    see = seeing(trace)
    refused = is_any(verdict.truth, (Truth.REFUSED, Truth.CAUGHT))
    counted = ways.issued & ~refused & (trace.marks.events > 0)
    failed = verdict.not_stored
    nobody = np.full(ways.commands, NEVER, np.int64)
    written = see.written >= 0
    waits = [
        Latency("durability", ways.intended, see.written, counted, failed, nobody),
        Latency("visibility", ways.intended, see.visible, counted, failed | see.passed, nobody),
        Latency("lag", see.written, see.visible, written, see.passed, nobody),
    ]
    if len(trace.about.projections) > 1:
        for name, applied, passed in zip(trace.about.projections, see.applied, see.passed_by, strict=True):
            waits.append(Latency(f"visibility_{name}", ways.intended, applied, counted, failed | passed, nobody))
            waits.append(Latency(f"lag_{name}", see.written, applied, written, passed, nobody))
    return waits


def _own_read(ways: Paths) -> Latency:
    rows = ways.rows(Moment.OWN_READ)
    reads = ways.first(Moment.OWN_READ) >= 0
    seen = rows.take(rows.outcome == Seen.YES)
    shown = first_times(seen.command, seen.time, ways.commands)
    return Latency("own_read", ways.intended, shown, reads, reads, np.full(ways.commands, NEVER, np.int64))


def _turns(ways: Paths) -> list[Latency]:
    """Waiting for the turn and holding it, of the first try of each command that was not turned away unread."""
    decided = ways.rows(Moment.DECIDED)
    turned_away = ways.first_where(Moment.DECIDED, decided.outcome == Decision.OVERLOADED) >= 0
    received = np.where(turned_away, NEVER, ways.first_of_attempt(Moment.RECEIVED))
    by_command = received.reshape(ways.commands, ways.attempts) >= 0
    first = np.arange(ways.commands) * ways.attempts + np.argmax(by_command, axis=1)
    came = received[first]
    admitted = np.where(came >= 0, ways.first_of_attempt(Moment.ADMITTED)[first], NEVER)
    ended = ways.released_of_try[ways.try_of[first]]
    nothing, nobody = np.zeros(ways.commands, np.bool_), np.full(ways.commands, NEVER, np.int64)
    return [
        Latency("turn_wait", came, admitted, came >= 0, nothing, nobody),
        Latency("turn_held", admitted, ended, admitted >= 0, nothing, nobody),
    ]
