"""Which of several means may be the best, where all were measured under the same luck.

Multiple comparisons with the best under common random numbers (Nelson and Matejcik 1995): simultaneous intervals for
each mean minus the best of the others.  They take it that the differences of any two have one variance (sphericity),
and are robust where that is only roughly so.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cqrsim.metrics.steps import Floats


class AgainstBest(NamedTuple):
    """Each mean minus the best of the others; ``low`` and ``high`` hold for all at once, and reach to 0 at least."""

    means: Floats
    differences: Floats
    low: Floats
    high: Floats
    half_width: float


def against_the_best(values: ArrayLike, smallest: bool = True, confidence: float = 0.95) -> AgainstBest:
    """Compare each column with the best of the others; rows are replications, which all columns share.

    ``smallest`` says which is best.  Raises ValueError for fewer than two columns.

    >>> found = against_the_best([[1.0, 2.0, 5.0], [1.1, 2.3, 5.1], [0.9, 1.9, 5.2], [1.0, 2.1, 4.9]])
    >>> found.low.round(2).tolist(), found.high.round(2).tolist()
    ([-1.28, 0.0, 0.0], [0.0, 1.28, 4.26])
    """
    table = np.asarray(values, np.float64)
    runs, columns = table.shape
    if columns < 2:
        raise ValueError("to find the best there must be at least two")
    means = table.mean(axis=0)
    sign = 1.0 if smallest else -1.0
    differences = sign * _minus_least_of_others(sign * means)
    half = _half_width(table, confidence) if runs > 1 else math.inf
    apart = sign * differences
    low, high = np.minimum(apart - half, 0.0), np.maximum(apart + half, 0.0)
    low, high = (low, high) if smallest else (0.0 - high, 0.0 - low)  # minus from 0: there is no -0
    return AgainstBest(means, differences + 0.0, low, high, half)


def _minus_least_of_others(means: Floats) -> Floats:
    first, second = np.sort(means)[:2]
    others = np.where(np.arange(len(means)) == np.argmin(means), second, first)
    return np.asarray(means - others, np.float64)


def _half_width(table: Floats, confidence: float) -> float:
    runs, columns = table.shape
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    degrees = (columns - 1) * (runs - 1)
    variance = float((rest**2).sum()) / degrees
    return critical_value(columns - 1, degrees, confidence) * math.sqrt(2 * variance / runs)


@functools.lru_cache(maxsize=256)
def critical_value(others: int, degrees: int, confidence: float = 0.95) -> float:
    """What the largest of several t variables, each two of them correlated by 1/2, exceeds with 1 - confidence.

    The one-sided points of Dunnett (1955), by numeric integration over the spread and over what is common to all.

    >>> [round(critical_value(others, 20), 2) for others in (1, 2, 4, 9)]
    [1.72, 2.03, 2.3, 2.6]
    """
    from scipy import optimize, special, stats

    nodes, weights = np.polynomial.legendre.leggauss(160)
    spread = np.sqrt(stats.chi2.ppf((nodes + 1) / 2, degrees) / degrees)
    common, mass = 9 * nodes, 9 * weights * stats.norm.pdf(9 * nodes)

    def missed(point: float) -> float:
        below = special.ndtr(math.sqrt(2) * point * spread[:, None] + common) ** others
        return float(weights / 2 @ below @ mass) - confidence

    single, all_apart = (float(stats.t.isf((1 - confidence) / share, degrees)) for share in (1, others))
    if others == 1:
        return single
    return float(optimize.brentq(missed, single, all_apart + 0.1, xtol=1e-10))
