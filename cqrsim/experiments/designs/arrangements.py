"""How the points of a design are laid out: everything, one thing at a time, or spread evenly over ranges."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.checks import whole_number
from cqrsim.experiments.designs.factors import AnyFactor, Factor, RangeFactor
from cqrsim.scenario.values import shortened

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

Settings = dict[str, Any]

NAMES = ("grid", "one_at_a_time", "latin_hypercube", "sobol")
SPREAD = ("latin_hypercube", "sobol")
"""Those that spread points over ranges, and so have a number of points and a seed."""


@dataclass(frozen=True)
class Arrangement:
    """One of four ways to lay points out; ``points`` and ``seed`` belong to those that spread them over ranges."""

    name: str = "grid"
    points: int | None = None
    seed: int | None = None

    def changes(self, base: Scenario, factors: Sequence[AnyFactor]) -> Iterator[Settings]:
        """What each point changes of the base, in order."""
        if self.name == "one_at_a_time":
            yield from _one_at_a_time(base, factors)
        elif self.name == "grid":
            yield from _combinations(factors)
        else:
            yield from self._spread(factors)

    def mistakes(self, base: Scenario, factors: Sequence[AnyFactor]) -> Iterator[Problem]:
        """What does not go with these factors."""
        if self.name == "one_at_a_time":
            yield from _not_in(base, factors)
        ranges = [factor for factor in factors if isinstance(factor, RangeFactor)]
        if self.name not in SPREAD:
            hint = "list some values, or spread points with latin_hypercube or sobol"
            message = f"is a range, of which {self.name.replace('_', ' ')} would have no end"
            yield from (Problem(" + ".join(factor.paths), factor.ranges[0], message, hint) for factor in ranges)
        elif factors and all(isinstance(factor, Factor) and factor.levels for factor in factors):
            yield Problem("factors", None, f"{self.name} needs at least one range", 'write Between("1ms", "9ms")')

    def _spread(self, factors: Sequence[AnyFactor]) -> Iterator[Settings]:
        """The points of the ranges, at each combination of what is listed; these vary slowest."""
        listed = [factor for factor in factors if isinstance(factor, Factor)]
        ranges = [factor for factor in factors if isinstance(factor, RangeFactor)]
        columns = [factor.along(shares) for factor, shares in zip(ranges, self._shares(len(ranges)), strict=True)]
        spread = [_merged(ranges, levels) for levels in zip(*columns, strict=True)]
        paths = [path for factor in factors for path in factor.paths]
        for chosen in _combinations(listed):
            for point in spread:
                both = {**chosen, **point}
                yield {path: both[path] for path in paths}

    def _shares(self, dimensions: int) -> list[list[float]]:
        """Points of the unit cube: for each range where they lie in it (0 to 1).

        Both kinds are scrambled: Latin hypercubes after McKay, Beckman and Conover (1979), Sobol's points (1967) with
        directions of Joe and Kuo (2008), scrambled after Matousek (1998).
        """
        from scipy.stats import qmc

        assert self.points is not None and self.seed is not None
        if self.name == "latin_hypercube":
            rows = qmc.LatinHypercube(dimensions, rng=self.seed).random(self.points)
        else:
            rows = qmc.Sobol(dimensions, rng=self.seed).random(self.points)
        return np.asarray(rows, dtype=np.float64).T.tolist()  # type: ignore[no-any-return]


GRID = Arrangement("grid")
"""Every combination."""


def spread(name: str, points: Any, seed: Any, problems: list[Problem]) -> Arrangement:
    """An arrangement over ranges; what is wrong with its numbers is added to the problems."""
    checked = {}
    for label, given, at_least in (("points", points, 1), ("seed", seed, 0)):
        try:
            checked[label] = whole_number(label, given, at_least)
        except ScenarioError as error:
            problems += error.problems
    if name == "sobol" and "points" in checked:
        problems += _no_power_of_two(checked["points"])
    return Arrangement(name, checked.get("points", 1), checked.get("seed", 0))


def _no_power_of_two(points: int) -> list[Problem]:
    """Sobol's points are balanced in powers of two only (Owen 2020)."""
    below = 1 << (points.bit_length() - 1)
    if points == below:
        return []
    return [Problem("points", points, "must be a power of two for sobol", f"take {below} or {2 * below}")]


def _combinations(factors: Sequence[AnyFactor]) -> Iterator[Settings]:
    """Every combination of levels; the last factor varies fastest."""
    listed = [factor for factor in factors if isinstance(factor, Factor)]
    for levels in itertools.product(*(factor.levels for factor in listed)):
        yield _merged(listed, levels)


def _one_at_a_time(base: Scenario, factors: Sequence[AnyFactor]) -> Iterator[Settings]:
    """The base first, then the levels of each factor alone; what the base has already is not doubled."""
    yield {}
    for factor in factors:
        assert isinstance(factor, Factor)
        own = tuple(shortened(base.setting(path)) for path in factor.paths)
        for level in dict.fromkeys(factor.levels):
            if level != own:
                yield _merged([factor], [level])


def _not_in(base: Scenario, factors: Sequence[AnyFactor]) -> Iterator[Problem]:
    """Settings that the base lacks, so that it cannot be one of the points."""
    for path in (path for factor in factors for path in factor.paths):
        try:
            base.setting(path)
        except ScenarioError as error:
            yield from error.problems


def _merged(factors: Sequence[AnyFactor], levels: Sequence[tuple[Any, ...]]) -> Settings:
    """The settings that these levels of factors mean."""
    paths = itertools.chain.from_iterable(factor.paths for factor in factors)
    return dict(zip(paths, itertools.chain.from_iterable(levels), strict=True))
