"""Strikes made to order: when a memoryless fault strikes, given how often it does within a stretch of time.

The times have the distribution that they would have by themselves in the runs in which the fault strikes so often: a
Poisson process that is known to strike n times within a stretch does so at n times drawn evenly from it (Cox and Lewis
1966).  So a run with forced times is an honest run of those that are seldom seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cqrsim.plan.arithmetic import exp, log
from cqrsim.plan.draws import LONGEST_NS, Stream

NEVER_AGAIN_NS = int(LONGEST_NS)
"""The time until a strike that no run lives to see."""

NEARLY_NONE = 1e-18
"""A chance below this, compared with what has been added up, is left out."""


@dataclass(frozen=True)
class Often:
    """How often a fault strikes in a run: so many times, or at least so many times."""

    count: int
    or_more: bool = False

    def __str__(self) -> str:
        return f"{self.count} or more" if self.or_more else str(self.count)


@dataclass(frozen=True)
class Memoryless:
    """A fault that strikes at any moment with the same chance, from ``begin_ns`` up to ``end_ns``."""

    mean_ns: float
    """Time between two strikes, on average."""
    begin_ns: int
    end_ns: int
    at_once: bool
    """Whether strikes take no time, so that their number is Poisson; else only the first is by itself memoryless."""

    @property
    def expected(self) -> float:
        """How many strikes there are on average, if they take no time."""
        return (self.end_ns - self.begin_ns) / self.mean_ns

    def chance(self, often: Often) -> float:
        """How likely it is to strike so often (Poisson).

        >>> Memoryless(2.0, 0, 2, at_once=True).chance(Often(1, or_more=True)).__round__(6)
        0.632121
        """
        chances = self._chances(often.count)
        return sum(chances) if often.or_more else next(chances)

    def up_times(self, often: Often, luck: Stream) -> tuple[int, ...]:
        """Nanoseconds from each strike's end to the next strike, beginning with the run, when it strikes so often.

        >>> never = Memoryless(1e9, 0, 10**9, at_once=True).up_times(Often(0), Stream(1, 0, "forced"))
        >>> never == (NEVER_AGAIN_NS,)
        True
        """
        if often.count == 0:
            return (NEVER_AGAIN_NS,)
        if not self.at_once:
            return tuple(self._after_a_first(luck))
        count = self._at_least(often.count, float(luck.take(1)[0])) if often.or_more else often.count
        times = self.begin_ns + np.sort(luck.take(count)) * (self.end_ns - self.begin_ns)
        return (*np.diff(times.astype(np.int64), prepend=0).tolist(), NEVER_AGAIN_NS)

    def _after_a_first(self, luck: Stream) -> Iterator[int]:
        """The first strike comes before the end, the others as they will; the time down in between only delays them."""
        passed = self._up(float(luck.take(1)[0]) * self.chance(Often(1, or_more=True)))
        yield passed
        while passed < self.end_ns:
            up = self._up(float(luck.take(1)[0]))
            yield up
            passed += up

    def _up(self, share: float) -> int:
        """The time within which this share of all strikes come."""
        return int(-self.mean_ns * log(np.array([1.0 - share]))[0])

    def _at_least(self, count: int, share: float) -> int:
        """The number that this share of the runs with at least so many strikes stay below."""
        left = share * self.chance(Often(count, or_more=True))
        for more, chance in enumerate(self._chances(count)):
            left -= chance
            if left < 0:
                return count + more
        return count

    def _chances(self, count: int) -> Iterator[float]:
        """How likely it is to strike ``count`` times, once more, and so on, as long as it adds to the sum."""
        expected, total = self.expected, 0.0
        chance = float(exp(np.array([-expected]))[0])
        for number in range(1, count + 1):
            chance *= expected / number
        while total == 0.0 or chance > NEARLY_NONE * total or count < expected:
            yield chance
            total, count = total + chance, count + 1
            chance *= expected / count
