"""What has ever been in the log, and from when until when: most of it for good.

Appends enter the log when they are written, or when a store that restarts finds them on its disk.  They leave it when
what was taken for durable vanishes, or when their record comes to say something else; an altered record keeps its
place, so that positions and versions count on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cqrsim.messages import AppendOutcome
from cqrsim.metrics.steps import Bools, Ints, earliest, first_after
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Rows

if TYPE_CHECKING:
    from cqrsim.metrics.paths import Paths


@dataclass(frozen=True, eq=False)
class Lives:
    """Appends and error events as columns of equal length; times in ns, -1 for what did not happen."""

    command: Ints
    attempt: NDArray[np.int16]
    key: Ints
    position: Ints
    is_error: Bools
    is_found: Bools
    """Whether a restart found it, rather than a write of the store put it there."""
    since: Ints
    vanished: Ints
    altered: Ints

    def __len__(self) -> int:
        return len(self.key)

    @cached_property
    def until(self) -> Ints:
        """When each left the log, by whichever way."""
        return earliest(self.vanished, self.altered)

    @property
    def changes(self) -> Ints:
        """The instants at which the log lost anything, ascending."""
        return np.unique(np.concatenate([self.vanished[self.vanished >= 0], self.altered[self.altered >= 0]]))

    def take(self, which: NDArray[Any]) -> Lives:
        """Those that a mask or an array of numbers chooses, in its order."""
        return Lives(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def lives_of(ways: Paths) -> Lives:
    """Everything that a trace has ever had in its log: appends, error events, then what was found later."""
    written, refusals, found = (ways.rows(kind) for kind in (Moment.WRITTEN, Moment.REFUSAL_STORED, Moment.RECOVERED))
    written = written.take(written.outcome == AppendOutcome.OK)
    parts = (written, refusals, found)
    rows = Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__dataclass_fields__))
    number = np.arange(len(rows))
    is_found = number >= len(written) + len(refusals)
    is_error = np.where(is_found, rows.outcome == 1, number >= len(written))
    key = ways.key(rows)
    vanished, altered = (_ended(key, is_error, rows.time, ways, moment) for moment in (Moment.VANISHED, Moment.ALTERED))
    return Lives(rows.command, rows.attempt, key, rows.value, is_error, is_found, rows.time, vanished, altered)


def _ended(key: Ints, is_error: Bools, since: Ints, ways: Paths, moment: Moment) -> Ints:
    """When each that entered the log at a time next met with a moment of its own."""
    rows = ways.rows(moment)
    if not len(rows):
        return np.full(len(key), NEVER, np.int64)
    return first_after(ways.key(rows) * 2 + (rows.outcome == 1), rows.time, key * 2 + is_error, since)
