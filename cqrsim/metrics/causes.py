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

    def near(self, aggregate: int, command: int) -> str:
        """What struck a command, or else what its aggregate's latest divergence goes back to."""
        own = self.of_command(command)
        if own:
            return own
        parts, parted = divergence(self.trace), stretches(self.trace)
        row = int(parted.last(np.array([aggregate]), np.array([FOREVER]))[0]) if len(parted) else -1
        return "" if row < 0 else self.of_key(int(parts.key[parted.cause[row]]))

    def of_key(self, key: int) -> str:
        """What struck the command of an attempt."""
        return self.of_command(key // paths(self.trace).attempts)

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


def most_common(words: list[str]) -> str:
    """Causes with how often they occur, the most common first.

    >>> most_common(["stall", "", "disk full", "stall"])
    'stall (2), disk full (1)'
    """
    counts = Counter(sorted(word for word in words if word))
    return ", ".join(f"{word} ({count})" for word, count in counts.most_common())
