"""What varies in a design: settings that move together, through listed levels or along a range."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.designs.between import Between
from cqrsim.experiments.designs.reading import place_of, read, read_strictly

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

Paths = tuple[str, ...]
Level = tuple[Any, ...]
"""One value for each path of a factor."""


@dataclass(frozen=True)
class Factor:
    """One thing that varies: the settings that move together, and their levels, each with a value per setting."""

    paths: Paths
    levels: tuple[Level, ...]

    def read_by(self, base: Scenario, folder: Path | None = None) -> Factor:
        """The same factor, with its values as the settings of a scenario read them."""
        levels = [tuple(_read_all(base, self.paths, level, folder)) for level in self.levels]
        return Factor(self.paths, tuple(levels))

    def __str__(self) -> str:
        return f"{' + '.join(self.paths)}: {len(self.levels)}"


@dataclass(frozen=True)
class RangeFactor:
    """One thing that varies continuously: the settings that move together, each along a range of its own."""

    paths: Paths
    ranges: tuple[Between, ...]

    def at(self, share: float) -> Level:
        """The values so far up the ranges, from 0 to 1."""
        return tuple(between.at(share) for between in self.ranges)

    def along(self, shares: Sequence[float]) -> list[Level]:
        """The values at many places at once."""
        return list(zip(*(between.along(shares) for between in self.ranges), strict=True))

    def read_by(self, base: Scenario, folder: Path | None = None) -> RangeFactor:
        """The same factor, with its ends as a scenario's settings read them; ScenarioError for what they refuse."""
        problems: list[Problem] = []
        ranges = []
        for path, between in zip(self.paths, self.ranges, strict=True):
            try:
                low, high = (read_strictly(base, path, end, folder) for end in (between.low, between.high))
                ranges.append(Between(low, high, between.scale))
            except ScenarioError as error:
                problems += [_within(path, problem) for problem in error.problems]
        if problems:
            raise ScenarioError(problems)
        return RangeFactor(self.paths, tuple(ranges))

    def __str__(self) -> str:
        ends = ", ".join(f"{_short(between.low)} to {_short(between.high)}" for between in self.ranges)
        return f"{' + '.join(self.paths)}: {ends}"


AnyFactor = Factor | RangeFactor


def factor_of(key: str | Sequence[str], values: Any, problems: list[Problem]) -> AnyFactor:
    """A factor of one path, or of several that move together; what is wrong with it is added to the problems."""
    paths = (key,) if isinstance(key, str) else tuple(key)
    name = " + ".join(paths)
    if isinstance(values, Between):
        values = (values,) if len(paths) == 1 else values
    if isinstance(values, tuple | list) and values and all(isinstance(value, Between) for value in values):
        if len(values) != len(paths):
            problems.append(Problem(name, values, f"needs {len(paths)} ranges, one for every path"))
            return Factor(paths, ())
        return RangeFactor(paths, tuple(values))
    if isinstance(values, str | Mapping | Between) or not isinstance(values, Iterable):
        message = "the values of a factor must be a list"
        hint = "give a tuple of ranges, one for every path" if isinstance(values, Between) else None
        problems.append(Problem(name, values, message, hint))
        return Factor(paths, ())
    return _listed(paths, name, values, isinstance(key, str), problems)


def _listed(paths: Paths, name: str, values: Iterable[Any], is_alone: bool, problems: list[Problem]) -> Factor:
    """A factor whose levels are listed."""
    levels = [(_plain(value),) if is_alone else _plain(value) for value in values]
    if not levels:
        problems.append(Problem(name, levels, "a factor needs at least one value"))
    fits = [isinstance(level, list | tuple) and len(level) == len(paths) for level in levels]
    message = f"each value must be a list of {len(paths)}, one for every path"
    problems += [Problem(name, level, message) for level, fit in zip(levels, fits, strict=True) if not fit]
    sound = [tuple(level) for level, fit in zip(levels, fits, strict=True) if fit]
    if any(isinstance(value, Between) for level in sound for value in level):
        problems.append(Problem(name, None, "has a range among its values", "a factor has values, or one range"))
        sound = []
    return Factor(paths, tuple(sound))


def factors_of(factors: Any, problems: list[Problem]) -> list[AnyFactor]:
    """The factors of a dict of values by their path; what is wrong with them is added to the problems."""
    if not isinstance(factors, Mapping):
        example = 'write {"disk.write": [ms(1), ms(2)]}'
        raise ScenarioError((Problem("factors", factors, "must be a dict of values by their path", example),))
    if not factors:
        problems.append(Problem("factors", None, "a design needs at least one factor"))
    return [factor_of(key, values, problems) for key, values in factors.items() if _is_key(key, problems)]


def overlaps(base: Scenario, factors: Sequence[AnyFactor]) -> Iterator[Problem]:
    """Settings that would be set twice, the same or one within the other: the result would hang on the order."""
    places = {path: place_of(base, path) or tuple(path.split(".")) for factor in factors for path in factor.paths}
    paths = [path for factor in factors for path in factor.paths]
    for one, other in itertools.combinations(paths, 2):
        if places[one] == places[other]:
            yield Problem(other, None, "is varied twice" + ("" if one == other else f', as "{one}", too'))
            continue
        part, whole = sorted((one, other), key=lambda path: len(places[path]), reverse=True)
        if places[part][: len(places[whole])] == places[whole]:
            yield Problem(part, None, f'is varied alone and as a part of "{whole}"')


def _is_key(key: Any, problems: list[Problem]) -> bool:
    paths = key if isinstance(key, tuple) else (key,)
    if paths and all(isinstance(path, str) for path in paths):
        return True
    problems.append(Problem("factors", key, "a factor must be a path, or a tuple of paths that move together"))
    return False


def _read_all(base: Scenario, paths: Paths, level: Level, folder: Path | None) -> Iterator[Any]:
    for path, given in zip(paths, level, strict=True):
        yield read(base, path, given, folder)


def _plain(value: Any) -> Any:
    """Numbers of NumPy as those of Python."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def _within(path: str, problem: Problem) -> Problem:
    """A problem of a range, with the path of its setting."""
    return problem.below(path) if problem.path in ("low", "high") else problem


def _short(value: Any) -> str:
    return f"{value:g}" if type(value) is float else str(value)
