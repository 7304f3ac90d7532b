"""Whether intervals cover as often as they promise, as far as so many trials can tell."""

from collections.abc import Iterable

import numpy as np
from scipy import stats

MISS = 1e-4
"""Chance that an honest interval fails a test."""


def covered(truth: float, intervals: Iterable[tuple[float, float]]) -> np.ndarray:
    """Which intervals hold the truth."""
    ends = np.array(list(intervals))
    return (ends[:, 0] <= truth) & (truth <= ends[:, 1])


def assert_covers(hits: np.ndarray, promised: float = 0.95) -> None:
    """As often as promised, neither less nor more."""
    low, high = stats.binom.ppf([MISS / 2, 1 - MISS / 2], len(hits), promised)
    assert low <= hits.sum() <= high, f"{hits.mean():.4f} of {len(hits)} covered, {promised} promised"


def assert_covers_at_least(hits: np.ndarray, promised: float) -> None:
    """At least as often as promised."""
    low = stats.binom.ppf(MISS, len(hits), promised)
    assert hits.sum() >= low, f"{hits.mean():.4f} of {len(hits)} covered, at least {promised} promised"
