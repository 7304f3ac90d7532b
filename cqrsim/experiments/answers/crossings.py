"""Where a curve that is only known within a band crosses zero, and how sure that is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Crossing:
    """A change of sign: at ``at``, and, where the band holds the curve, between ``low`` and ``high``."""

    at: float
    low: float
    high: float
    before: int
    """The sign to the left of it; to the right it is the other."""


@dataclass(frozen=True, eq=False)
class Band:
    """A curve over ascending places, with the interval that it lies in at each; NaN where nothing is known."""

    places: Floats
    value: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, places: Sequence[float], value: Sequence[float], low: Sequence[float], high: Sequence[float]) -> Band:
        """A band of any numbers."""
        return cls(*(np.asarray(one, np.float64) for one in (places, value, low, high)))

    @property
    def signs(self) -> list[int]:
        """1 where all of the interval lies above 0, -1 where all of it lies below, 0 where that is not resolved."""
        return [int(low > 0) - int(high < 0) for low, high in zip(self.low, self.high, strict=True)]

    def crossings(self) -> list[Crossing]:
        """Where the curve passes from one side that is resolved to the other, interpolated linearly.

        A crossing lies between the last place at which the one side, and the first at which the other is sure: where
        the ends of the interval cross 0.  Nothing is said across places at which nothing is known.

        >>> Band.of([0, 1, 2], [-2, 0, 2], [-3, -1, 1], [-1, 1, 3]).crossings()
        [Crossing(at=1.0, low=0.5, high=1.5, before=-1)]
        """
        return [crossing for part in self._unbroken() for crossing in part._of_neighbours()]

    def _unbroken(self) -> Iterator[Band]:
        known = np.isfinite(self.value) & np.isfinite(self.low) & np.isfinite(self.high)
        for is_known, run in itertools.groupby(range(len(known)), key=lambda place: bool(known[place])):
            if is_known:
                chosen = list(run)
                yield Band(self.places[chosen], self.value[chosen], self.low[chosen], self.high[chosen])

    def _of_neighbours(self) -> Iterator[Crossing]:
        """Between resolved places of different sign that have only unresolved ones between them."""
        signs = self.signs
        resolved = [place for place, sign in enumerate(signs) if sign]
        for left, right in itertools.pairwise(resolved):
            if signs[left] != signs[right]:
                near, far = (self.low, self.high) if signs[left] > 0 else (self.high, self.low)
                span = slice(left, right + 1)
                low, high = _first_zero(self.places[span], near[span]), _last_zero(self.places[span], far[span])
                yield Crossing(_first_zero(self.places[span], self.value[span]), low, high, signs[left])


def _first_zero(places: Floats, values: Floats) -> float:
    """Where a line through points first reaches zero."""
    for left, right in itertools.pairwise(range(len(places))):
        if values[left] * values[right] <= 0 and values[left] != values[right]:
            share = values[left] / (values[left] - values[right])
            return float(places[left] + share * (places[right] - places[left]))
    return math.nan


def _last_zero(places: Floats, values: Floats) -> float:
    """Where it does so last."""
    return -_first_zero(-places[::-1], values[::-1])
