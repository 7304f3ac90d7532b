"""How often something strikes that is up for a while and down for a while, again and again: expected, not drawn."""

from __future__ import annotations

import numpy as np

from cqrsim.experiments.loads.durations import CELLS, Floats, masses, sum_of
from cqrsim.scenario.triggers import Renewal

MANY = 300
"""From so many cycles on, their mean length says it as well."""

NEARLY_NONE = 1e-12
"""Chances below this one are left out."""


def expected_renewals(given: Renewal, begin: float, end: float, lasting: bool, at_most: float = np.inf) -> float:
    """How often its times down begin within [begin, end) ns on average or, if they last, reach into it.

    ``at_most`` bounds what happens in each run; if the window begins late, only the average of all runs.

    >>> from cqrsim.scenario.distributions import Exponential
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
        repaired = sum_of(strikes, masses(given.down, end))
        found += _until(strikes, begin, end) - _until(repaired, begin, end)
    return float(min(found, at_most))


def _strikes(given: Renewal, end: float, at_most: float) -> Floats:
    """The expected number of strikes in each cell up to an end: of the first ones, the second ones, and so on."""
    strike = masses(given.up, end)
    cycle = sum_of(masses(given.down, end), strike)
    total, number = np.zeros(CELLS + 1), 0
    while strike.sum() > NEARLY_NONE and number < at_most:
        total += strike
        strike, number = sum_of(strike, cycle), number + 1
    return total


def _until(masses: Floats, time: float, end: float) -> float:
    """What the cells hold up to a time; each reaches half a cell to both sides."""
    edges = np.concatenate([[0.0], (np.arange(CELLS + 1) + 0.5) * (end / CELLS)])
    return float(np.interp(time, edges, np.concatenate([[0.0], masses.cumsum()])))
