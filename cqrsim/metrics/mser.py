"""Where a run has warmed up, as far as its own values can tell."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cqrsim.metrics.steps import Floats


class Truncation(NamedTuple):
    """How many values to leave out at the start, and the curve whose lowest point says so."""

    leave_out: int
    curve: Floats
    """The statistic if so many batches are left out; NaN for the last few, which are too few to tell."""
    batches: Floats
    """Means of the batches."""

    @property
    def in_first_half(self) -> bool:
        """Whether the lowest point can be trusted: in the second half it says only that the run is too short."""
        return 2 * int(np.nanargmin(self.curve)) <= len(self.batches)


FEWEST_LEFT = 5
"""Batches behind a cut that its statistic needs at least: fewer have hardly a spread."""


def mser(values: ArrayLike, batch: int = 5) -> Truncation:
    """The marginal standard error rule (White 1997) on means of five values each: MSER-5 (Franklin and White 2008).

    Left out are as many batches as make the squared deviations of the others from their mean, divided by the square of
    their number, the least.  Raises ValueError for values that make fewer than ten batches.

    >>> mser(np.append(np.full(20, 9.0), np.tile([1.0, 2.0, 3.0, 2.0, 2.0], 40))).leave_out
    20
    """
    numbers = np.asarray(values, np.float64).reshape(-1)
    many = len(numbers) // batch
    if many < 2 * FEWEST_LEFT:
        needed = 2 * FEWEST_LEFT * batch
        raise ValueError(f"{len(numbers)} values are too few to find a warm-up in: {needed} are needed")
    batches = numbers[: many * batch].reshape(many, batch).mean(axis=1)
    left = np.arange(many, 0, -1)
    centred = batches - batches.mean()
    sums, squares = (np.cumsum(part[::-1])[::-1] for part in (centred, centred**2))
    curve = np.maximum(squares - sums**2 / left, 0.0) / left**2
    curve[many - FEWEST_LEFT + 1 :] = math.nan
    return Truncation(int(np.nanargmin(curve)) * batch, curve, batches)
