"""Statistics of waits of which some had not ended when the run did.

What happened counts at its time.  What can never happen counts as later than anything.  What was unresolved when the
run ended is right-censored (Kaplan and Meier 1958).  Without censoring all of this is exact: the p-quantile is the
order statistic number ceil(p * n).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cqrsim.metrics.steps import Floats


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
        self.censored = np.sort(nothing if censored is None else censored)
        self.never = nothing if never is None else never

    def __len__(self) -> int:
        return len(self.ended) + len(self.censored) + len(self.never)

    def share(self) -> Known:
        """The share that ended."""
        return Known(len(self.ended) / len(self) if len(self) else math.nan)

    def share_within(self, limit: float) -> Known:
        """The share that ended within so many milliseconds."""
        if not len(self):
            return Known(math.nan)
        within = int(np.searchsorted(self.ended, limit, side="right"))
        if not len(self.censored) or self.censored[0] >= limit:
            return Known(within / len(self))
        return Known(1.0 - float(self._survival[within - 1]) if within else 0.0)

    def quantile(self, p: float) -> Known:
        """The shortest time within which a share ``p`` ended, or a time that it lies beyond."""
        if not len(self):
            return Known(math.nan)
        rank = max(math.ceil(p * len(self) - 1e-9), 1) - 1
        if rank < len(self.ended) and not (len(self.censored) and self.censored[0] < self.ended[rank]):
            return Known(float(self.ended[rank]))
        reached = np.flatnonzero(self._survival <= 1 - p + 1e-12)
        if len(reached) and len(self.censored):
            return Known(float(self.ended[reached[0]]))
        at_least = np.sort(np.concatenate([self.ended, self.censored]))
        return Known(float(at_least[rank]) if rank < len(at_least) else self.longest, beyond=True)

    def mean(self) -> Known:
        """The mean; where not all ended, the mean of the waits as cut off at the longest time known."""
        if not len(self):
            return Known(math.nan)
        if len(self.ended) == len(self):
            return Known(float(self.ended.mean()))
        steps = np.concatenate([[0.0], self.ended, [self.longest]])
        return Known(float(np.sum(np.diff(steps) * np.append(1.0, self._survival))), beyond=True)

    @property
    def longest(self) -> float:
        """The longest time that anything was followed."""
        return max(float(part.max(initial=0.0)) for part in (self.ended, self.censored, self.never))

    @cached_property
    def _survival(self) -> Floats:
        """The share still waiting after each end: Kaplan and Meier's product, one factor per end."""
        gone = np.arange(len(self.ended)) + np.searchsorted(self.censored, self.ended, side="left")
        at_risk = len(self) - gone
        return np.asarray(np.cumprod(1.0 - 1.0 / at_risk), np.float64)
