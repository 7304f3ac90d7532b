"""Choices by one seeded generator: what is drawn depends on the seed and on nothing else."""

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

import cqrsim as cq
from cqrsim import ms, us

One = TypeVar("One")


class Dice(Random):
    """A generator with the few throws that scenarios are made of."""

    def often(self, share: float) -> bool:
        return self.random() < share

    def maybe(self, share: float, given: One) -> One | None:
        """What is given, in a share of the cases."""
        return given if self.often(share) else None

    def some(self, share: float, **settings: Any) -> dict[str, Any]:
        """Each of the settings with the same share: most scenarios keep most defaults, and each keeps others."""
        return {name: given for name, given in settings.items() if self.often(share)}

    def duration(self, low_ms: float, high_ms: float) -> cq.Duration:
        """Whole milliseconds often, so that things coincide; else anything."""
        if self.often(0.5):
            return ms(max(1, round(self.uniform(low_ms, high_ms))))
        return us(max(1, round(self.uniform(low_ms, high_ms) * 1000)))

    def distribution(self, mean_ms: float) -> cq.AnyDistribution:
        """Constants above all: they make ties."""
        kind = self.randrange(6)
        mean = us(max(1, round(mean_ms * self.choice((0.2, 0.5, 1, 1, 2)) * 1000)))
        if kind == 0:
            return cq.Exponential(mean)
        if kind == 1:
            return cq.Uniform(ms(0), mean)
        if kind == 2:
            return cq.LogNormal(p50=mean, p99=mean * 5)
        return cq.Constant(self.choice((mean, ms(1), ms(0), ms(2))))

    def among(self, given: Sequence[One], at_most: int) -> list[One]:
        """A few of them, each once."""
        return self.sample(given, self.randint(1, min(at_most, len(given))))
