"""Intervals from replications: each number here stands for one independent run (Law and Kelton).

Never for one command: the commands of a run depend on each other, and an interval that takes them for independent
misses the truth far more often than it says.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cqrsim.metrics.survival import pooled
from cqrsim.metrics.waits import Waits


class Interval(NamedTuple):
    """A value and its confidence interval."""

    value: float
    low: float
    high: float


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """The mean of independent values with Student's t interval; infinitely wide for a single one.

    >>> [round(x, 3) for x in mean_interval([9.0, 10.0, 11.0])]
    [10.0, 7.516, 12.484]
    """
    numbers = _numbers(values)
    _check(confidence)
    if not len(numbers):
        return Interval(math.nan, math.nan, math.nan)
    mean = float(numbers.mean())
    if len(numbers) == 1:
        return Interval(mean, -math.inf, math.inf)
    half = _student(confidence, len(numbers) - 1) * float(numbers.std(ddof=1)) / math.sqrt(len(numbers))
    return Interval(mean, mean - half, mean + half)


def quantile_interval(runs: Sequence[ArrayLike | Waits], p: float, confidence: float = 0.95) -> Interval:
    """The p-quantile of the values of several runs, with an interval by sectioning (Asmussen and Glynn 2007).

    The value is the quantile of all runs together, the width comes from the spread of each run's own quantile around
    it.  Of :class:`Waits` some may be censored or in vain: the ends are NaN where the quantile of all, or of one of the
    runs, is only known to lie beyond something; whether the value is, :meth:`Waits.quantile` of all together tells.

    >>> [round(x, 2) for x in quantile_interval([[1, 2, 3], [2, 3, 4], [3, 4, 5]], 0.5)]
    [3.0, 0.52, 5.48]
    """
    _check(confidence)
    parts = [part for part in map(_waits, runs) if len(part)]
    if not parts:
        return Interval(math.nan, math.nan, math.nan)
    together, own = pooled(parts).quantile(p), [part.quantile(p) for part in parts]
    if together.beyond or any(one.beyond for one in own):
        return Interval(together.value, math.nan, math.nan)
    if len(parts) == 1:
        return Interval(together.value, -math.inf, math.inf)
    deviations = np.array([one.value - together.value for one in own])
    spread = math.sqrt(float((deviations**2).sum()) / (len(parts) - 1))
    half = _student(confidence, len(parts) - 1) * spread / math.sqrt(len(parts))
    return Interval(together.value, together.value - half, together.value + half)


def share_interval(shares: ArrayLike, n: int, confidence: float = 0.95) -> Interval:
    """The mean of one share per run, Student's t interval within 0 and 1; ``n`` is how many things they are shares of.

    Where none were seen in any run, or all, the bound is that of :func:`proportion`; NaN if any share is.

    >>> share_interval([0.0, 0.0, 0.0], n=3000).high < 0.001, share_interval([0.1, math.nan], n=20).value
    (True, nan)
    """
    values = _floats(shares)
    if np.isnan(values).any() or not len(values):
        return Interval(math.nan, math.nan, math.nan)
    if not values.any() or (values == 1).all():
        return proportion(n if values.any() else 0, n, confidence)
    mean, low, high = mean_interval(values, confidence)
    return Interval(mean, max(low, 0.0), min(high, 1.0))


class Difference(NamedTuple):
    """A mean difference of paired values, and what the pairing was worth."""

    value: float
    low: float
    high: float
    p_value: float
    """How likely a difference as large would be if there were none (two-sided, Student's t)."""
    pairs: int
    correlation: float
    """Between the two sides; NaN if one of them never varies."""
    variance_ratio: float
    """How many times larger the variance of the difference would be for independent runs; NaN if it is 0."""


def paired_difference(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Difference:
    """The mean of ``a - b`` over pairs that had the same luck, with its interval.

    Pairs of which one side is NaN are left out.  A difference that is the same in all of two pairs or more is taken for
    exact, as it is of what does not hang on luck.  Raises ValueError for sides of different length.

    >>> difference = paired_difference([2.0, 3.0, 4.0, 6.0], [1.0, 2.0, 3.0, 4.0])
    >>> difference.value, difference.pairs, round(difference.correlation, 3)
    (1.25, 4, 0.983)
    """
    left, right = _floats(a), _floats(b)
    if left.shape != right.shape:
        raise ValueError(f"pairs have two sides, not {len(left)} values and {len(right)}")
    both = ~(np.isnan(left) | np.isnan(right))
    left, right = left[both], right[both]
    value, low, high = mean_interval(left - right, confidence)
    if len(left) < 2:
        return Difference(value, low, high, math.nan, len(left), math.nan, math.nan)
    variance = float((left - right).var(ddof=1))
    apart = float(left.var(ddof=1) + right.var(ddof=1))
    correlation = float(np.corrcoef(left, right)[0, 1]) if left.std() > 0 and right.std() > 0 else math.nan
    ratio = apart / variance if variance > 0 else math.nan
    return Difference(value, low, high, _p_value(value, variance, len(left)), len(left), correlation, ratio)


def _p_value(mean: float, variance: float, n: int) -> float:
    if variance == 0:
        return 1.0 if mean == 0 else 0.0
    from scipy import stats

    return float(2 * stats.t.sf(abs(mean) / math.sqrt(variance / n), n - 1))


def equivalence(a: ArrayLike, b: ArrayLike, margin: float) -> float:
    """How likely as small a difference of pairs would be, if the true one were as large as the margin.

    The larger p-value of two one-sided t tests (Schuirmann 1987); NaN for fewer than two pairs.

    >>> equivalence([1.0, 2.1, 3.0], [1.1, 2.0, 3.1], margin=1.0) < 0.01
    True
    """
    differences = _numbers(_floats(a) - _floats(b))
    if len(differences) < 2:
        return math.nan
    room = margin - abs(float(differences.mean()))
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    if error == 0:
        return 0.0 if room > 0 else 1.0
    from scipy import stats

    return float(stats.t.sf(room / error, len(differences) - 1))


def proportion(count: int, n: int, confidence: float = 0.95) -> Interval:
    """A share of n independent trials with the exact interval (Clopper and Pearson 1934); none seen is [0, 3/n], not 0.

    Where none (or all) were seen the bound is one-sided: -ln(1 - confidence) / n, "the rule of three" (Hanley and
    Lippman-Hand 1983).

    >>> [round(x, 4) for x in proportion(0, 1000)]
    [0.0, 0.0, 0.003]
    >>> [round(x, 3) for x in proportion(10, 100)]
    [0.1, 0.049, 0.176]
    """
    _check(confidence)
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no proportion")
    if n == 0:
        return Interval(math.nan, 0.0, 1.0)
    share, most = count / n, min(1.0, -math.log(1 - confidence) / n)
    if count == 0:
        return Interval(0.0, 0.0, most)
    if count == n:
        return Interval(1.0, 1.0 - most, 1.0)
    from scipy import stats

    tail = (1 - confidence) / 2
    low = stats.beta.ppf(tail, count, n - count + 1)
    high = stats.beta.isf(tail, count + 1, n - count)
    return Interval(share, float(low), float(high))


def most_of_none(runs: int, confidence: float = 0.95) -> float:
    """How many there may be in a run on average, where none were in so many runs; infinite for too few runs to tell.

    No more than that share of the runs has any, by the rule of three; what comes one at a time (Poisson) has a mean of
    no more than that, too.

    >>> round(most_of_none(10), 3), most_of_none(2)
    (0.3, inf)
    """
    _check(confidence)
    most = -math.log(1 - confidence) / runs if runs else math.inf
    return most if most < 1 else math.inf


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values adjusted for being several (Holm 1979): each holds at its level whatever the others say; NaN stays.

    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    values = _floats(p_values)
    adjusted = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, np.float64).reshape(-1)


def _waits(run: ArrayLike | Waits) -> Waits:
    return run if isinstance(run, Waits) else Waits(_numbers(run))


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    numbers = _floats(values)
    return numbers[~np.isnan(numbers)]


@functools.lru_cache(maxsize=1024)
def _student(confidence: float, degrees: int) -> float:
    from scipy import stats

    return float(stats.t.ppf((1 + confidence) / 2, degrees))


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
