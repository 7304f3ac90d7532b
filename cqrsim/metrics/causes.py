"""What struck a command: the fault, full disk or lost message that its troubles go back to, in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from cqrsim.messages import LINK_NAMES, AppendOutcome
from cqrsim.metrics.divergence import divergence, stretches
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.steps import FOREVER, Ints
from cqrsim.metrics.vocabulary import fault_name
from cqrsim.moments import Moment
from cqrsim.trace import Rows, Trace


@dataclass(frozen=True, eq=False)
class Troubles:
    """Failed appends, lost refusals and lost messages in the order of time, then waits that handlers gave up."""

    trace: Trace
    rows: Rows
    first: Ints
    """The row of each command's first trouble; -1 if it had none."""

    def of_command(self, command: int) -> str:
        """What struck a command first; "" if nothing did."""
        row = int(self.first[command])
        return "" if row < 0 else self._words(row)

    def near(self, commands: Ints) -> Counter[str]:
        """How many of the commands go back to what: what struck them, or else their aggregate's latest divergence."""
        parts, parted = divergence(self.trace), stretches(self.trace)
        rows = self.first[commands]
        lucky = np.flatnonzero(rows < 0)
        if len(parted):
            aggregate = self.trace.marks.aggregate[commands[lucky]]
            stretch = parted.last(aggregate, np.full(len(lucky), FOREVER))
            lucky, stretch = lucky[stretch >= 0], stretch[stretch >= 0]
            rows[lucky] = self.first[parts.key[parted.cause[stretch]] // paths(self.trace).attempts]
        return self._count(rows[rows >= 0])

    def of_key(self, key: int) -> str:
        """What struck the command of an attempt."""
        return self.of_command(key // paths(self.trace).attempts)

    def _count(self, rows: Ints) -> Counter[str]:
        """How often each cause occurs among rows; what differs in nothing that words tell is put into words once."""
        columns = (self.rows.moment, self.rows.place, self.rows.outcome, self.rows.value)
        told = np.stack([column[rows].astype(np.int64) for column in columns], axis=1)
        _, examples, counts = np.unique(told, axis=0, return_index=True, return_counts=True)
        found: Counter[str] = Counter()
        for row, count in zip(rows[examples].tolist(), counts.tolist(), strict=True):
            found[self._words(row)] += count
        return found

    def _words(self, row: int) -> str:
        rows = self.rows
        moment = Moment(int(rows.moment[row]))
        if moment == Moment.HANDLER_GAVE_UP:
            return "handler gave up waiting"
        fault = fault_name(self.trace.about, int(rows.value[row]))
        if fault:
            return fault
        if moment == Moment.MESSAGE_LOST:
            return f"loss on {LINK_NAMES[int(rows.place[row])]}"
        return f"disk {AppendOutcome(int(rows.outcome[row])).name.lower()}"


@remembered
def troubles(trace: Trace) -> Troubles:
    """All troubles of a trace."""
    ways = paths(trace)
    kinds = (Moment.APPEND_FAILED, Moment.REFUSAL_LOST, Moment.MESSAGE_LOST, Moment.HANDLER_GAVE_UP)
    parts = [_without_conflicts(ways, moment) for moment in kinds]
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__dataclass_fields__]
    rows = Rows(*columns)
    rows = rows.take(np.lexsort((rows.time, rows.moment == Moment.HANDLER_GAVE_UP)))
    first = np.full(ways.commands, -1, np.int64)
    first[rows.command[::-1]] = np.arange(len(rows))[::-1]
    return Troubles(trace, rows, first)


def _without_conflicts(ways: Paths, moment: Moment) -> Rows:
    """Conflicts and duplicates are not trouble: they are the store's version check and memory at work."""
    rows = ways.rows(moment)
    if moment != Moment.APPEND_FAILED:
        return rows
    return rows.take(~np.isin(rows.outcome, (AppendOutcome.CONFLICT, AppendOutcome.DUPLICATE)))


def most_common(causes: Counter[str]) -> str:
    """Causes with how often they occur, the most common first; of equally common ones in the order of their names.

    >>> most_common(Counter({"stall": 2, "loss": 1, "disk full": 1}))
    'stall (2), disk full (1), loss (1)'
    """
    ordered = sorted(causes.items(), key=lambda cause: (-cause[1], cause[0]))
    return ", ".join(f"{word} ({count})" for word, count in ordered)
