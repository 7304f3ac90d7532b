"""What each command is going through, from when until when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from cqrsim.metrics.latencies import seeing
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.steps import Ints, earliest
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace


class Phase(IntEnum):
    """A stretch of a command's way."""

    WAITING = 0
    """In the handler's queue, until it has the turn and a worker."""
    DECIDING = 1
    """With a worker, until it is accepted or refused."""
    WRITING = 2
    """From the append being sent until it is durable, or failed."""
    SHOWING = 3
    """Durable, and not yet shown by all projections."""


@dataclass(frozen=True, eq=False)
class Phases:
    """Phases of attempts as columns of equal length, sorted by command, begin and phase; times in ns.

    ``ends`` is -1 where a phase lasts to the end of the run, or is never over.
    """

    command: Ints
    attempt: Ints
    phase: Ints
    begins: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.command)

    def take(self, chosen: NDArray[np.bool_]) -> Phases:
        """Some of them."""
        columns = (self.command, self.attempt, self.phase, self.begins, self.ends)
        return Phases(*(column[chosen] for column in columns))


@remembered
def phases(trace: Trace) -> Phases:
    """All phases of all attempts of a trace; a command shows itself once, whichever attempt was stored."""
    ways = paths(trace)
    parts = [(phase, *ends) for phase, ends in _of_attempts(ways).items()]
    columns = [_there(ways, phase, begins, ends) for phase, begins, ends in parts]
    see = seeing(trace)
    shows = np.flatnonzero(see.written >= 0)
    columns.append((shows, np.zeros(len(shows), np.int64), np.full(len(shows), Phase.SHOWING, np.int64),
                    see.written[shows], see.visible[shows]))  # fmt: skip
    command, attempt, phase, begins, ends = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.lexsort((phase, begins, command))
    return Phases(command[order], attempt[order], phase[order], begins[order], ends[order])


def _of_attempts(ways: Paths) -> dict[Phase, tuple[Ints, Ints]]:
    """Begin and end by attempt."""
    admitted, decided = ways.first_of_attempt(Moment.ADMITTED), ways.first_of_attempt(Moment.DECIDED)
    turned_away = earliest(ways.refused, ways.forgotten)
    return {
        Phase.WAITING: (ways.first_of_attempt(Moment.RECEIVED), np.where(admitted >= 0, admitted, turned_away)),
        Phase.DECIDING: (admitted, np.where(decided >= 0, decided, ways.forgotten)),
        Phase.WRITING: (ways.first_of_attempt(Moment.APPEND_SENT), earliest(ways.append_ended, ways.append_lost)),
    }


def _there(ways: Paths, phase: Phase, begins: Ints, ends: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """The columns of the attempts that came to a phase; an end that lies before the begin is none."""
    came = np.flatnonzero(begins >= 0)
    until = np.where(ends[came] >= begins[came], ends[came], NEVER)
    attempts = max(ways.attempts, 1)
    return came // attempts, came % attempts, np.full(len(came), phase, np.int64), begins[came], until
