"""Sums, minima and maxima of exponential times, what a cut-off leaves of them, and who looks at which times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

Survival = Callable[[float], float]
"""P(X > t) at a time in seconds."""


@dataclass(frozen=True)
class Stages:
    """A sum of exponential times with different rates: hypoexponential, as the sojourns of a tandem (Jackson 1957).

    >>> round(Stages((50.0, 30.0)).mean, 6)
    0.053333
    """

    rates: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The sum of the means."""
        return math.fsum(1 / rate for rate in self.rates)

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(math.fsum(1 / rate**2 for rate in self.rates))

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """P(X > t) is the sum of weight * exp(-rate t)."""
        return tuple(math.prod(other / (other - rate) for other in self.rates if other != rate) for rate in self.rates)

    def survival(self, time: float) -> float:
        """P(X > time)."""
        return math.fsum(weight * math.exp(-rate * time) for weight, rate in zip(self.weights, self.rates, strict=True))

    def quantile(self, share: float) -> float:
        """The time that X is below with this chance, by bisection."""
        low, high = 0.0, 100 * self.mean
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if self.survival(middle) > 1 - share else (low, middle)
        return (low + high) / 2

    def cut_at(self, limit: float) -> Moments:
        """The moments of min(X, limit), integrated from the survival function."""
        mean = second = 0.0
        for weight, rate in zip(self.weights, self.rates, strict=True):
            beyond = math.exp(-rate * limit)
            mean += weight * (1 - beyond) / rate
            second += weight * 2 * (1 - beyond * (1 + rate * limit)) / rate**2
        return Moments(mean, second)


class Moments(NamedTuple):
    """The mean of a time, and that of its square."""

    mean: float
    second: float

    def plus(self, constant: float) -> Moments:
        """Those of the time and a constant."""
        return Moments(self.mean + constant, self.second + 2 * constant * self.mean + constant**2)

    def mixed_with(self, other: Moments, share: float) -> Moments:
        """Those of a time that is the other one in this share of cases."""
        return Moments(*((1 - share) * mine + share * its for mine, its in zip(self, other, strict=True)))


class Looking(NamedTuple):
    """Mean time until a look finds the outcome, in seconds, and the mean number of looks."""

    known: float
    looks: float


def looking(survival: Survival, gaps: Iterator[float]) -> Looking:
    """Who looks again and again, with these gaps, finds an outcome at the first look after it.

    The mean is the sum of gap * P(X > begin of the gap), the number of looks that of P(X > begin of the gap).

    >>> from itertools import repeat
    >>> round(looking(lambda time: math.exp(-50 * time), repeat(0.1)).looks, 6)
    1.006784
    """
    begins = known = looks = 0.0
    for gap in gaps:
        still = survival(begins)
        if still < 1e-15:
            break
        known, looks, begins = known + gap * still, looks + still, begins + gap
    return Looking(known, looks)


def growing(first: float, factor: float, cap: float) -> Iterator[float]:
    """Gaps that grow by a factor up to a cap."""
    gap = first
    while True:
        yield gap
        gap = min(gap * factor, cap)


def last_of(count: int, mean: float) -> float:
    """The mean of the largest of several independent exponential times: mean (1 + 1/2 + ... + 1/n) (Rényi 1953).

    >>> last_of(2, 1.0)
    1.5
    """
    return mean * math.fsum(1 / number for number in range(1, count + 1))


def found_while_kept(mean: float, poll: float, keep_for: float) -> float:
    """P(some look at poll, 2 poll, 3 poll, ... falls within ``keep_for`` after an exponential time).

    Elementary: the sum over the looks of P(look - keep_for < X <= look), if what is kept is gone before the next look.

    >>> found_while_kept(mean=0.05, poll=0.1, keep_for=0.1)
    1.0
    """
    assert keep_for <= poll
    never_before = math.exp(-(poll - keep_for) / mean)
    at_first = never_before - math.exp(-poll / mean)
    return 1.0 if keep_for == poll else at_first / (1 - math.exp(-poll / mean))


def poisson_cut_at(mean: float, limit: int) -> float:
    """The mean of the smaller of a Poisson number and a limit.

    >>> round(poisson_cut_at(mean=2.0, limit=100), 12)
    2.0
    """
    chances = [math.exp(-mean)]
    for number in range(1, limit):
        chances.append(chances[-1] * mean / number)
    below = math.fsum(number * chance for number, chance in enumerate(chances))
    return below + limit * (1 - math.fsum(chances))


def mean_until_cut(rate: float, cutoff: float) -> tuple[float, float, float]:
    """Of an exponential time cut off at a limit: the share beyond, the mean of the others, and that of min(X, limit).

    >>> [round(value, 6) for value in mean_until_cut(rate=0.5, cutoff=3.0)]
    [0.22313, 1.138349, 1.55374]
    """
    beyond = math.exp(-rate * cutoff)
    restricted = (1 - beyond) / rate
    return beyond, (restricted - cutoff * beyond) / (1 - beyond), restricted
