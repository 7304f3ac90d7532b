"""Who is shown to be better in one metric: one design beside all others at once, paired by replication."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cqrsim.experiments.answers.differences import LEAST_ALIKE, ByReplication
from cqrsim.experiments.answers.directions import Better, better
from cqrsim.experiments.answers.estimates import WHOLE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Leads:
    """One metric of all designs, and how many standard errors each number of pairs takes."""

    known: ByReplication
    reach: Floats
    """Half the interval by the number of pairs, in standard errors; infinite for none and for one."""

    @classmethod
    def of(cls, known: ByReplication, confidence: float) -> Leads:
        """That of Student's t."""
        from scipy import stats

        degrees = np.arange(1, max(len(known.values), 1))
        return cls(known, np.concatenate([[np.inf, np.inf], stats.t.ppf((1 + confidence) / 2, degrees)]))

    def over_others(self, place: int) -> Floats:
        """Of the design in this column against each: 1 if it is better, -1 if worse, 0 if they never differ.

        NaN where that is not known, as where of a share or a count nothing was seen on either side, or nothing else.
        """
        values, mine = self.known.values, self.known.values[:, [place]]
        both = ~np.isnan(values) & ~np.isnan(mine)
        apart = np.where(both, mine - values, 0.0)
        low, high = self._intervals(apart, both)
        low[(self.known.beyond & both).any(axis=0)] = -np.inf
        high[(self.known.beyond[:, [place]] & both).any(axis=0)] = np.inf
        sign = 1.0 if better(self.known.metric) == Better.LESS else -1.0
        same = (apart == 0).all(axis=0) & np.isfinite(low) & np.isfinite(high)
        ways = np.where(high < 0, sign, np.where(low > 0, -sign, np.where(same, 0.0, np.nan)))
        return np.where(self._perhaps_chance(mine, apart, both), np.nan, ways)

    def _intervals(self, apart: Floats, both: Flags) -> tuple[Floats, Floats]:
        pairs = both.sum(axis=0)
        means = apart.sum(axis=0) / np.maximum(pairs, 1)
        squares = (np.where(both, apart - means, 0.0) ** 2).sum(axis=0)
        errors = np.sqrt(squares / np.maximum(pairs - 1, 1) / np.maximum(pairs, 1))
        half = np.where(pairs > 1, np.where(pairs > 1, self.reach[pairs], 0.0) * errors, np.inf)
        return means - half, means + half

    def _perhaps_chance(self, mine: Floats, apart: Floats, both: Flags) -> Flags:
        """Where what is counted may be alike by chance: nothing was seen, or few pairs differ by the same."""
        metric, values = self.known.metric, self.known.values
        if not metric.is_count and metric.unit not in WHOLE:
            return np.zeros(values.shape[1], np.bool_)
        alike = [(~both | ((values == one) & (mine == one))).all(axis=0) for one in (0.0, metric.whole)]
        most, least = np.where(both, apart, -np.inf).max(axis=0), np.where(both, apart, np.inf).min(axis=0)
        return np.asarray(alike[0] | alike[1] | ((most == least) & (both.sum(axis=0) < LEAST_ALIKE)))
