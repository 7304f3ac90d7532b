"""When an estimate agrees with theory, and how seldom a correct simulator is called wrong.

A quantity is looked at twice at most.  The first look calls it in question if theory lies outside its interval at a
level of 1 %; then new runs, with luck that has nothing to do with the first and four times as many, are asked, and
only what misses there at a level of 1 in 10,000, too, is a failure.  A correct simulator is thus called wrong in
0.01 * 0.0001 = one of a million quantities: with a hundred quantities once in 10,000 times.

Levels are those of Student's interval, which is exact for normal values.  What a run says of a quantity is a mean over
hundreds of commands, and the arithmetic leaves room for a factor of six below the one in a thousand that is wanted.

An estimate that is not precise enough would agree with anything: its standard error must be below what the oracle
allows, or it is a failure, too.  Where theory is exact, a single bit is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from cqrsim.metrics.intervals import mean_interval

FIRST_LEVEL, SECOND_LEVEL = 0.01, 0.0001
"""Chance that an interval of the first and of the second look does not hold the truth."""

MORE = 4
"""How many times as many runs the second look has."""


class Verdict(StrEnum):
    """What is to be said of a quantity."""

    AGREES = "agrees"
    EQUAL = "equal"
    """To the last bit, in every run."""
    MISSES = "misses"
    DIFFERS = "differs"
    """From what must be equal."""
    NO_POWER = "no power"
    """The estimate is too wild to say anything."""
    FAILED = "run failed"

    @property
    def is_fine(self) -> bool:
        """Whether it speaks for the simulator."""
        return self in (Verdict.AGREES, Verdict.EQUAL)

    @property
    def can_change(self) -> bool:
        """Whether a second look may say something else."""
        return self in (Verdict.MISSES, Verdict.NO_POWER)


@dataclass(frozen=True)
class Judged:
    """A quantity as theory has it and as it was found in so many runs, with its interval."""

    theory: float
    estimate: float
    low: float
    high: float
    standard_error: float
    runs: int
    verdict: Verdict


def judge(values: ArrayLike, theory: float, precision: float, level: float = FIRST_LEVEL) -> Judged:
    """What independent values say of a theory: Student's interval at a level, and a standard error small enough.

    ``precision`` is the largest standard error, relative to theory.

    >>> print(judge([9.0, 10.0, 11.0, 10.5], theory=10.0, precision=0.05).verdict)
    agrees
    >>> print(judge([9.0, 10.0, 11.0, 10.5], theory=10.0, precision=0.01).verdict)
    no power
    """
    numbers = np.asarray(values, np.float64)
    if len(numbers) < 2 or np.isnan(numbers).any():
        return _unknown(theory, len(numbers), Verdict.NO_POWER)
    error = float(numbers.std(ddof=1)) / math.sqrt(len(numbers))
    estimate, low, high = mean_interval(numbers, 1 - level)
    verdict = Verdict.AGREES if low <= theory <= high else Verdict.MISSES
    if error > precision * abs(theory):
        verdict = Verdict.NO_POWER
    return Judged(theory, estimate, low, high, error, len(numbers), verdict)


def judge_equality(values: ArrayLike, theory: float) -> Judged:
    """What values say of a theory that leaves no room.

    >>> print(judge_equality([83.0], 83.0).verdict)
    equal
    """
    numbers = np.asarray(values, np.float64)
    if not len(numbers):
        return _unknown(theory, 0, Verdict.FAILED)
    verdict = Verdict.EQUAL if (numbers == theory).all() else Verdict.DIFFERS
    return Judged(theory, float(numbers.mean()), float(numbers.min()), float(numbers.max()), 0.0, len(numbers), verdict)


def failed(theory: float, runs: int) -> Judged:
    """What is to be said when a run broke."""
    return _unknown(theory, runs, Verdict.FAILED)


def _unknown(theory: float, runs: int, verdict: Verdict) -> Judged:
    return Judged(theory, math.nan, math.nan, math.nan, math.nan, runs, verdict)


def expected_false_alarms(quantities: int) -> float:
    """How many quantities of a correct simulator will be called wrong, on average.

    >>> f"{expected_false_alarms(100):.0e}"
    '1e-04'
    """
    return quantities * FIRST_LEVEL * SECOND_LEVEL
