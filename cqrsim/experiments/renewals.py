"""How often something strikes that is up for a while and down for a while, again and again: expected, not drawn."""

from __future__ import annotations

from collections.abc import Callable
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
from cqrsim.scenario.triggers import Renewal

Floats = npt.NDArray[np.floating[Any]]

CELLS = 4096
"""Into how many cells a stretch of time is cut; enough for a thousandth."""

MANY = 300
"""From so many cycles on, their mean length says it as well."""

NEARLY_NONE = 1e-12
"""Chances below this one are left out."""


def expected_renewals(given: Renewal, begin: float, end: float, lasting: bool, at_most: float = np.inf) -> float:
    """How often its times down begin within [begin, end) ns on average or, if they last, reach into it.

    ``at_most`` bounds what happens in each run; if the window begins late, only the average of all runs.

    >>> from cqrsim.units import seconds
    >>> round(expected_renewals(Renewal(Exponential(seconds(50)), seconds(0)), 0, 10e9, lasting=False), 6)
    0.2
    """
    cycle, down = given.up.mean_ns() + given.down.mean_ns(), given.down.mean_ns() if lasting and begin else 0.0
    if end > MANY * cycle:
        return float(min((end - begin + down) / cycle, at_most))
    strikes = _strikes(given, end, at_most if begin == 0 else np.inf)
    found = _until(strikes, end, end) - _until(strikes, begin, end)
    if down:
        repaired = _sum(strikes, _masses(given.down, end))
        found += _until(strikes, begin, end) - _until(repaired, begin, end)
    return float(min(found, at_most))


def _strikes(given: Renewal, end: float, at_most: float) -> Floats:
    """The expected number of strikes in each cell up to an end: of the first ones, the second ones, and so on."""
    strike = _masses(given.up, end)
    cycle = _sum(_masses(given.down, end), strike)
    total, number = np.zeros(CELLS + 1), 0
    while strike.sum() > NEARLY_NONE and number < at_most:
        total += strike
        strike, number = _sum(strike, cycle), number + 1
    return total


def _masses(given: AnyDistribution, end: float) -> Floats:
    """How likely a duration is to round to so many cells."""
    edges = (np.arange(CELLS + 1) + 0.5) * (end / CELLS)
    return np.diff(_CHANCES[type(given)](given, edges), prepend=0.0)


def _sum(one: Floats, other: Floats) -> Floats:
    """Masses of the sum of two durations, through the frequency domain, with room enough not to come around."""
    room = 2 * (CELLS + 1)
    found = np.fft.irfft(np.fft.rfft(one, room) * np.fft.rfft(other, room), room)[: CELLS + 1]
    return np.maximum(found, 0.0)


def _until(masses: Floats, time: float, end: float) -> float:
    """What the cells hold up to a time; each reaches half a cell to both sides."""
    edges = np.concatenate([[0.0], (np.arange(CELLS + 1) + 0.5) * (end / CELLS)])
    return float(np.interp(time, edges, np.concatenate([[0.0], masses.cumsum()])))


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
