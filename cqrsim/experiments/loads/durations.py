"""How long durations take, alone and together: as masses on a grid of time, expected instead of drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from cqrsim.plan.draws import lognormal_parameters
from cqrsim.scenario.distributions import (
    AnyDistribution,
    Constant,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Uniform,
)

Floats = npt.NDArray[np.floating[Any]]

CELLS = 4096
"""Into how many cells a stretch of time is cut; enough for a thousandth."""


def masses(given: AnyDistribution, end: float, cells: int = CELLS) -> Floats:
    """How likely a duration is to round to so many cells of a stretch of time, up to its end."""
    edges = (np.arange(cells + 1) + 0.5) * (end / cells)
    return np.diff(_CHANCES[type(given)](given, edges), prepend=0.0)


def sum_of(one: Floats, other: Floats) -> Floats:
    """Masses of the sum of two durations, through the frequency domain, with room enough not to come around."""
    room = 2 * len(one)
    found = np.fft.irfft(np.fft.rfft(one, room) * np.fft.rfft(other, room), room)[: len(one)]
    return np.maximum(found, 0.0)


@dataclass(frozen=True, eq=False)
class Together:
    """How long several independent durations take one after the other, up to an end; the rest is later than that.

    >>> from cqrsim.units import ms
    >>> both = Together.of([Constant(ms(1)), Exponential(ms(10))], 100e6)
    >>> round(both.later_than(11e6), 3), round(both.mean_up_to(11e6) / 1e6, 2)
    (0.368, 7.32)
    """

    cell_ns: float
    masses: Floats

    @classmethod
    def of(cls, durations: Iterable[AnyDistribution], end_ns: float, cells: int = 16 * CELLS) -> Together:
        """Durations that are added up, in nanoseconds."""
        parts = [masses(one, end_ns, cells) for one in durations]
        return cls(end_ns / cells, reduce(sum_of, parts))

    def and_then(self, given: AnyDistribution) -> Together:
        """The same, and one more duration after them."""
        cells = len(self.masses) - 1
        return Together(self.cell_ns, sum_of(self.masses, masses(given, cells * self.cell_ns, cells)))

    @property
    def times_ns(self) -> Floats:
        """The middles of the cells."""
        return np.arange(len(self.masses)) * self.cell_ns

    def later_than(self, time_ns: float) -> float:
        """How likely they take longer than that."""
        return float(np.clip(1.0 - self._until(time_ns), 0.0, 1.0))

    def mean_up_to(self, time_ns: float) -> float:
        """How long they take on average if whoever waits gives up after that time: E[min(X, time)], in nanoseconds."""
        times = np.append(self.times_ns[self.times_ns < time_ns], time_ns)
        chances = 1.0 - np.array([self._until(times)]).reshape(-1)
        return float(np.trapezoid(chances, times))

    def quantile(self, share: float) -> float:
        """Within which time they end with that chance; infinite if that is beyond the grid."""
        known = self.masses.cumsum()
        return float(np.searchsorted(known, share) * self.cell_ns) if share <= known[-1] else np.inf

    def _until(self, time_ns: float | Floats) -> Any:
        """How likely they end by a time; a cell's mass is spread over it, except for what takes no time at all."""
        edges = np.concatenate([[0.0], (np.arange(len(self.masses)) + 0.5) * self.cell_ns])
        return np.interp(time_ns, edges, np.concatenate([[self.masses[0]], self.masses.cumsum()]))


def _exponential(given: Exponential, t: Floats) -> Floats:
    return -np.expm1(-t / float(given.mean)) if given.mean else np.ones_like(t)


def _uniform(given: Uniform, t: Floats) -> Floats:
    low, high = float(given.low), float(given.high)
    return np.clip((t - low) / (high - low), 0.0, 1.0) if high > low else (t >= low) * 1.0


def _lognormal(given: LogNormal, t: Floats) -> Floats:
    from scipy.special import ndtr

    mu, sigma = lognormal_parameters(given)
    chances: Floats = ndtr((np.log(t) - mu) / sigma) if sigma else (np.log(t) >= mu) * 1.0
    return chances


def _gamma(given: Gamma, t: Floats) -> Floats:
    from scipy.special import gammainc

    shape = 1.0 / (given.cv * given.cv)
    chances: Floats = gammainc(shape, t * (shape / float(given.mean)))
    return chances


def _mixture(given: Mixture, t: Floats) -> Floats:
    total = sum(weight for weight, _ in given.parts)
    chances: Floats = np.sum([weight / total * _CHANCES[type(part)](part, t) for weight, part in given.parts], axis=0)
    return chances


def _empirical(given: Empirical, t: Floats) -> Floats:
    values = np.sort(given.values_ns)
    return np.searchsorted(values, t, side="right") / len(values)


_CHANCES: dict[type, Callable[[Any, Floats], Floats]] = {
    Constant: lambda given, t: (t >= float(given.value)) * 1.0,
    Exponential: _exponential,
    Uniform: _uniform,
    LogNormal: _lognormal,
    Gamma: _gamma,
    Mixture: _mixture,
    Empirical: _empirical,
}
"""How likely each distribution is not to exceed durations."""
