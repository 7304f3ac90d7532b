"""Mean times of what is waited for at most so long, from the distributions alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cqrsim.scenario import AnyDistribution, Constant, Empirical, Exponential, Gamma, LogNormal, Mixture, Uniform
from cqrsim.scenario.distributions import Z_99


def mean_up_to_ns(given: AnyDistribution, limit_ns: float) -> float:
    """The mean of a time or a limit, whichever is shorter (ns): the limited expected value of actuaries.

    Formulas: Klugman, Panjer and Willmot, Loss Models (2012), appendix A.

    >>> import cqrsim as cq
    >>> round(mean_up_to_ns(cq.Exponential(cq.ms(1)), limit_ns=1e6))
    632121
    """
    if math.isinf(limit_ns):
        return given.mean_ns()
    match given:
        case Constant():
            return min(float(given.value), limit_ns)
        case Exponential():
            return -given.mean_ns() * math.expm1(-limit_ns / given.mean_ns()) if given.mean else 0.0
        case Uniform():
            return _uniform(int(given.low), int(given.high), limit_ns)
        case LogNormal():
            return _log_normal(given, limit_ns)
        case Gamma():
            return _gamma(given, limit_ns)
        case Mixture():
            total = sum(weight for weight, _ in given.parts)
            return sum(weight * mean_up_to_ns(part, limit_ns) for weight, part in given.parts) / total
        case Empirical():
            return float(np.minimum(given.values_ns, limit_ns).mean())


def least_mean_of_sum_ns(parts: Sequence[AnyDistribution], limit_ns: float) -> float:
    """What the mean of several times after each other, at most a limit in all, is not below (ns).

    The limit is divided among the parts as their means are: a sum of times cut one by one is never more than the sum
    cut as a whole.
    """
    total = sum(part.mean_ns() for part in parts)
    if math.isinf(limit_ns) or total == 0:
        return total
    return sum(mean_up_to_ns(part, limit_ns * part.mean_ns() / total) for part in parts)


def _uniform(low: int, high: int, limit: float) -> float:
    if limit <= low or low == high:
        return min(limit, float(low))
    inside = min(limit, float(high))
    return ((inside**2 - low**2) / 2 + limit * (high - inside)) / (high - low)


def _log_normal(given: LogNormal, limit: float) -> float:
    """By the normal distribution of the logarithm."""
    if limit <= 0:
        return 0.0
    mean = given.mean_ns()
    if given.p50 is not None and given.p99 is not None:
        sigma = math.log(int(given.p99) / int(given.p50)) / Z_99
    else:
        sigma = math.sqrt(math.log1p(float(given.cv or 0) ** 2))
    if sigma == 0:
        return min(mean, limit)
    distance = (math.log(limit / mean) + sigma * sigma / 2) / sigma
    return mean * _below(distance - sigma) + limit * _below(-distance)


def _gamma(given: Gamma, limit: float) -> float:
    from scipy.special import gammainc, gammaincc

    shape = 1 / float(given.cv) ** 2
    scaled = limit * shape / given.mean_ns()
    return given.mean_ns() * float(gammainc(shape + 1, scaled)) + limit * float(gammaincc(shape, scaled))


def _below(number: float) -> float:
    """The share of the standard normal distribution below a number."""
    return math.erfc(-number / math.sqrt(2)) / 2
