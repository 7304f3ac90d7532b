"""Designs as people ask for them: a grid, one thing at a time, or points spread over ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cqrsim.errors import Problem
from cqrsim.experiments.checks import a_scenario
from cqrsim.experiments.designs.arrangements import GRID, Arrangement, spread
from cqrsim.experiments.designs.between import Between
from cqrsim.experiments.designs.checked_design import design_of
from cqrsim.experiments.designs.design import Design
from cqrsim.experiments.designs.factors import Paths, factors_of
from cqrsim.scenario import Scenario

Values = Sequence[Any] | Between
Factors = Mapping[str, Values] | Mapping[Paths, Values] | Mapping[str | Paths, Values]


def grid(base: Scenario, factors: Factors, where: Sequence[str] = ()) -> Design:
    """Every combination of the factors' levels, applied to a base scenario; the last factor varies fastest.

    A factor is a dotted path with its values, or a tuple of paths that move together with tuples of values.  ``where``
    holds comparisons of settings that every point must obey, such as "disk.write.p50 < disk.write.p99"; points that do
    not are left out.  Raises ScenarioError, with all mistakes at once, for unknown paths (did-you-mean), values that a
    setting refuses, factors without values, paths that two factors move, and constraints that leave no point.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog()
    >>> together = [(cq.seconds(9), cq.seconds(1))]
    >>> design = grid(blog, {"disk.write": [cq.ms(1), cq.ms(2)], ("length", "warm_up"): together})
    >>> len(design)
    2
    >>> design.frame[["disk.write", "length"]]
      disk.write length
    0        1ms     9s
    1        2ms     9s
    >>> grid(blog, {"handlers.shards": [1, 2, 4], "handlers.workers": [1, 4]}, where=["handlers.shards > 1"])
    Design(4 points, 2 left out by where; handlers.shards: 3, handlers.workers: 2)
    """
    return _designed(base, factors, where, GRID, [])


def one_at_a_time(base: Scenario, factors: Factors, where: Sequence[str] = ()) -> Design:
    """The base scenario, and then every level of each factor alone, with all else as in the base.

    Factors and ``where`` are those of :func:`grid`.  A level that the base has already is not doubled.

    >>> import cqrsim as cq
    >>> design = one_at_a_time(cq.presets.blog(), {"handlers.shards": [1, 2], "clients.invalid": [0, 0.1]})
    >>> design.frame[["handlers.shards", "clients.invalid"]]
       handlers.shards  clients.invalid
    0                1             0.02
    1                2             0.02
    2                1             0.00
    3                1             0.10
    """
    return _designed(base, factors, where, Arrangement("one_at_a_time"), [])


def latin_hypercube(base: Scenario, factors: Factors, points: int, seed: int = 1, where: Sequence[str] = ()) -> Design:
    """So many points spread over all ranges: each range is cut into ``points`` parts, of which each holds one point.

    A factor is a path with a :class:`Between`, a tuple of paths with as many (they move together), or a list of levels
    as in :func:`grid`: at every combination of these stand the same points.  McKay, Beckman and Conover (1979).

    >>> import cqrsim as cq
    >>> fast_or_slow = cq.Between("0.1ms", "10ms", scale="log")
    >>> design = latin_hypercube(cq.presets.blog(), {"disk.write": fast_or_slow, "handlers.shards": [1, 4]}, points=50)
    >>> len(design)
    100
    """
    return _spread(base, factors, where, "latin_hypercube", points, seed)


def sobol(base: Scenario, factors: Factors, points: int, seed: int = 1, where: Sequence[str] = ()) -> Design:
    """The same with a scrambled Sobol sequence, which fills several ranges more evenly; ``points`` is a power of two.

    >>> import cqrsim as cq
    >>> sobol(cq.presets.blog(), {"clients.invalid": cq.Between(0, 0.5)}, points=100)
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: points: must be a power of two for sobol (got 100); take 64 or 128
    """
    return _spread(base, factors, where, "sobol", points, seed)


def _spread(base: Scenario, factors: Factors, where: Sequence[str], name: str, points: int, seed: int) -> Design:
    problems: list[Problem] = []
    return _designed(base, factors, where, spread(name, points, seed, problems), problems)


def _designed(
    base: Scenario, factors: Factors, where: Sequence[str], arrangement: Arrangement, problems: list[Problem]
) -> Design:
    base = a_scenario("base", base)
    found = factors_of(factors, problems)
    return design_of(base, found, problems, arrangement, where)
