"""Statistics of waits of which some had not ended when the run did.

What happened counts at its time.  What can never happen counts as later than anything.  What was unresolved when the
run ended is right-censored (Kaplan and Meier 1958).  Without censoring all of this is exact: the p-quantile is the
order statistic number ceil(p * n).

Sums are of whole nanoseconds and the curve is followed from one censored wait to the next, so that nothing depends on
the order in which the waits came.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cqrsim.metrics.steps import Floats, Ints, exact_sum

NS = 1_000_000
"""Nanoseconds in a millisecond."""


@dataclass(frozen=True)
class Known:
    """A statistic; ``beyond`` says that it is only known to be larger than ``value``."""

    value: float
    beyond: bool = False


class Waits:
    """Waits in milliseconds: those that ended, those cut off by the end of the run, those that can never end.

    ``never`` holds how long each of the latter was known to have lasted.

    >>> Waits(np.array([1.0, 2.0, 3.0, 4.0])).quantile(0.5)
    Known(value=2.0, beyond=False)
    >>> Waits(np.array([1.0, 2.0]), never=np.array([30.0, 30.0])).quantile(0.99)
    Known(value=30.0, beyond=True)
    """

    def __init__(self, ended: Floats, censored: Floats | None = None, never: Floats | None = None) -> None:
        nothing = np.empty(0)
        self.ended = np.sort(ended)
        self.until = np.arange(1, len(ended) + 1)
        """How many waits ended until each value, and with it."""
        self.censored = np.sort(nothing if censored is None else censored)
        self.counted_within: dict[float, int] = {}
        """How many ended within some limits, where that is known better than from the values."""
        self.total_ns = exact_sum(_nanoseconds(self.ended))
        self.never = nothing if never is None else never
        self.in_vain = len(self.never)
        self.longest = max(float(part.max(initial=0.0)) for part in (self.ended, self.censored, self.never))
        """The longest time that anything was followed."""

    @classmethod
    def counted(
        cls, values: Floats, counts: Ints, total_ns: int, censored: Floats, in_vain: int, longest: float
    ) -> Waits:
        """Waits of which only counts are known: so many of each value, ascending, and the sum of them all (ns).

        >>> Waits.counted(np.array([1.0, 2.0]), np.array([3, 1]), 5_000_000, np.empty(0), 0, 2.0).mean()
        Known(value=1.25, beyond=False)
        """
        waits = cls(np.empty(0), censored)
        waits.ended, waits.until, waits.total_ns = values, np.cumsum(counts), total_ns
        waits.in_vain, waits.longest = in_vain, max(longest, 0.0)
        return waits

    def __len__(self) -> int:
        return self.many + len(self.censored) + self.in_vain

    @property
    def many(self) -> int:
        """How many waits ended."""
        return int(self.until[-1]) if len(self.until) else 0

    def within(self, limit: float) -> int:
        """How many ended within so many milliseconds."""
        if limit in self.counted_within:
            return self.counted_within[limit]
        return self._ended_until(int(np.searchsorted(self.ended, limit, side="right")))

    def share(self) -> Known:
        """The share that ended."""
        return Known(self.many / len(self) if len(self) else math.nan)

    def share_within(self, limit: float) -> Known:
        """The share that ended within so many milliseconds."""
        if not len(self):
            return Known(math.nan)
        within = self.within(limit)
        if not len(self.censored) or self.censored[0] >= limit:
            return Known(within / len(self))
        curve = self._curve
        segment = int(np.searchsorted(curve.begins[1:], limit, side="left"))
        still = curve.survival[segment]
        if curve.at_risk[segment] > 0:
            gone = within - int(curve.ended_before[segment])
            still = still * ((curve.at_risk[segment] - gone) / curve.at_risk[segment])
        return Known(1.0 - float(still))

    def quantile(self, p: float) -> Known:
        """The shortest time within which a share ``p`` ended, or a time that it lies beyond."""
        if not len(self):
            return Known(math.nan)
        rank = max(math.ceil(p * len(self) - 1e-9), 1) - 1
        if rank < self.many and not (len(self.censored) and self.censored[0] < self._value(rank)):
            return Known(self._value(rank))
        if len(self.censored):
            reached = self._curve.reaches(1 - p + 1e-12)
            if reached >= 0:
                return Known(self._value(reached))
        return Known(self._at_least(rank), beyond=True)

    def mean(self) -> Known:
        """The mean; where not all ended, the mean of the waits as cut off at the longest time known."""
        if not len(self):
            return Known(math.nan)
        longest = round(self.longest * NS)
        if not len(self.censored):
            total = self.total_ns + self.in_vain * longest
            return Known(total / (len(self) * NS), beyond=self.many < len(self))
        return Known(self._curve.area(longest) / NS, beyond=True)

    def _value(self, number: int) -> float:
        """The n-th shortest of the waits that ended, from 0."""
        return float(self.ended[np.searchsorted(self.until, number, side="right")])

    def _ended_until(self, index: int) -> int:
        return int(self.until[index - 1]) if index else 0

    def _at_least(self, rank: int) -> float:
        """The n-th shortest of all waits, as far as they were followed."""
        counts = np.concatenate([np.diff(self.until, prepend=0), np.ones(len(self.censored), np.int64)])
        values = np.concatenate([self.ended, self.censored])
        order = np.argsort(values, kind="stable")
        index = int(np.searchsorted(np.cumsum(counts[order]), rank, side="right"))
        return float(values[order][index]) if index < len(values) else self.longest

    @cached_property
    def _curve(self) -> _Curve:
        """The share still waiting: Kaplan and Meier's product."""
        begins, lost = np.unique(self.censored, return_counts=True)
        cut = np.append(np.searchsorted(self.ended, begins, side="right"), len(self.ended))
        until = np.append(0, self.until)[cut]
        counts = np.diff(self.until, prepend=0)
        sums = np.append(0, np.cumsum((_nanoseconds(self.ended) * counts)[cut[0] :]))
        ended, later = np.diff(until, prepend=0), np.diff(sums[cut - cut[0]])
        at_risk = len(self) - np.append(0, until[:-1]) - np.append(0, np.cumsum(lost))
        return _Curve(
            begins=np.append(0.0, begins),
            at_risk=at_risk,
            ended=ended,
            ended_before=np.append(0, until[:-1]),
            first_sum=self.total_ns - int(later.sum()),
            later_sums=later,
        )


@dataclass(frozen=True, eq=False)
class _Curve:
    """The curve in segments, the first from 0 and one behind each censored wait (ms).

    Within a segment all that are still waiting are known to be, so that it takes equal steps.
    """

    begins: Floats
    at_risk: Ints
    """How many wait at the begin of a segment."""
    ended: Ints
    ended_before: Ints
    first_sum: int
    """The sum (ns) of what ended in the first segment; then of the others."""
    later_sums: Ints

    @cached_property
    def survival(self) -> Floats:
        """The share still waiting at the begin of each segment."""
        here = np.maximum(self.at_risk, 1)
        return np.append(1.0, np.cumprod((here - self.ended) / here))[:-1]

    def reaches(self, share: float) -> int:
        """The number of the first end, from 0, after which no larger share is still waiting; -1 for none."""
        here = np.maximum(self.at_risk, 1)
        after = self.survival * ((here - self.ended) / here)
        found = np.flatnonzero((after <= share) & (self.ended > 0))
        if not len(found):
            return -1
        segment = int(found[0])
        steps = (here[segment] - np.arange(1, self.ended[segment] + 1)) / here[segment]
        return int(self.ended_before[segment] + np.argmax(self.survival[segment] * steps <= share))

    def area(self, longest: int) -> float:
        """The area under the curve (ns) up to the longest wait."""
        begins = np.rint(self.begins * NS)
        ends = np.append(begins[1:], longest)
        still_there = self.at_risk * (ends - begins) - self.ended * ends
        sums = np.append(float(self.first_sum), self.later_sums.astype(np.float64))
        return float(np.sum(self.survival / np.maximum(self.at_risk, 1) * (still_there + sums)))


def _nanoseconds(milliseconds: Floats) -> Ints:
    return np.rint(milliseconds * NS).astype(np.int64)
