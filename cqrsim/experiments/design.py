"""Which settings an experiment varies, and the scenarios that follow: a value, checked before anything runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.checks import a_scenario

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

Paths = tuple[str, ...]
Settings = dict[str, Any]


@dataclass(frozen=True)
class Factor:
    """One thing that varies: the settings that move together, and their levels, each with a value per setting."""

    paths: Paths
    levels: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, key: str | Sequence[str], values: Any, problems: list[Problem]) -> Factor:
        """A factor of one path, or of several that move together; what is wrong with it is added to the problems."""
        paths = (key,) if isinstance(key, str) else tuple(key)
        name = " + ".join(paths)
        if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
            problems.append(Problem(name, values, "the values of a factor must be a list"))
            return cls(paths, ())
        levels = [(_plain(value),) if isinstance(key, str) else _plain(value) for value in values]
        if not levels:
            problems.append(Problem(name, levels, "a factor needs at least one value"))
        fits = [isinstance(level, list | tuple) and len(level) == len(paths) for level in levels]
        message = f"each value must be a list of {len(paths)}, one for every path"
        problems += [Problem(name, level, message) for level, fit in zip(levels, fits, strict=True) if not fit]
        return cls(paths, tuple(tuple(level) for level, fit in zip(levels, fits, strict=True) if fit))


@dataclass(frozen=True)
class Design:
    """A base scenario and the factors that vary it; iterate over it for ``(settings, scenario)`` of every point.

    The last factor varies fastest.  :func:`grid` makes one.
    """

    base: Scenario
    factors: tuple[Factor, ...]

    @property
    def paths(self) -> Paths:
        """The varied settings, in order."""
        return tuple(path for factor in self.factors for path in factor.paths)

    @cached_property
    def points(self) -> tuple[tuple[Settings, Scenario], ...]:
        """All points of the grid; ScenarioError names every one that is not a valid scenario."""
        points: list[tuple[Settings, Scenario]] = []
        problems: list[Problem] = []
        for levels in itertools.product(*(factor.levels for factor in self.factors)):
            settings = dict(zip(self.paths, itertools.chain.from_iterable(levels), strict=True))
            try:
                points.append((settings, self.base.with_(settings)))
            except ScenarioError as error:
                problems += error.problems
        if problems:
            raise ScenarioError(distinct(problems))
        return tuple(points)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per point: its number, a column per varied setting, and the scenario's digest."""
        rows = pd.DataFrame({"point": range(len(self))})
        for path, column in self.columns().items():
            rows[path] = column
        rows["scenario"] = [scenario.digest() for _, scenario in self]
        return rows

    def columns(self) -> dict[str, pd.Series[Any]]:
        """For every varied setting its value at each point: numbers, or text in the order of the levels."""
        return {path: _column([settings[path] for settings, _ in self]) for path in self.paths}

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[tuple[Settings, Scenario]]:
        return iter(self.points)

    def __repr__(self) -> str:
        factors = ", ".join(f"{' + '.join(factor.paths)}: {len(factor.levels)}" for factor in self.factors)
        return f"Design({len(self)} points; {factors})"

    def __getstate__(self) -> dict[str, Any]:
        return {"base": self.base, "factors": self.factors}


def grid(base: Scenario, factors: Mapping[str | Paths, Sequence[Any]]) -> Design:
    """Every combination of the factors' levels, applied to a base scenario.

    A factor is a dotted path with its values, or a tuple of paths that move together with tuples of values.
    Raises ScenarioError, with all mistakes at once, for unknown paths (did-you-mean), values that a setting refuses,
    factors without values, and paths that two factors move.

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
    """
    base = a_scenario("base", base)
    if not isinstance(factors, Mapping):
        example = 'write {"disk.write": [ms(1), ms(2)]}'
        raise ScenarioError((Problem("factors", factors, "must be a dict of values by their path", example),))
    problems: list[Problem] = []
    made = [Factor.of(key, values, problems) for key, values in factors.items() if _is_key(key, problems)]
    if not factors:
        problems.append(Problem("factors", None, "a design needs at least one factor"))
    return design_of(base, made, problems)


def design_of(base: Scenario, factors: Sequence[Factor], problems: Sequence[Problem] = ()) -> Design:
    """The design of these factors, with all its points checked; mistakes are told together with those found before."""
    problems = [*problems, *_overlaps(factors)]
    if problems:
        raise ScenarioError(distinct([*problems, *_among_others(base, factors)]))
    design = Design(base, tuple(factors))
    assert len(design) > 0  # counting the points makes them, so that mistakes show before anything runs
    return design


def distinct(problems: Iterable[Problem]) -> list[Problem]:
    """Problems without those that read the same."""
    return list({str(problem): problem for problem in problems}.values())


def _is_key(key: Any, problems: list[Problem]) -> bool:
    paths = key if isinstance(key, tuple) else (key,)
    if paths and all(isinstance(path, str) for path in paths):
        return True
    problems.append(Problem("factors", key, "a factor must be a path, or a tuple of paths that move together"))
    return False


def _among_others(base: Scenario, factors: Sequence[Factor]) -> Iterator[Problem]:
    """What is wrong besides: paths that do not exist, and values that settings refuse.

    Settings that a broken factor would move are not known, so whatever hangs on them, too, is not held against others.
    """
    overlapping = {problem.path for problem in _overlaps(factors)}
    sound = [factor for factor in factors if factor.levels and overlapping.isdisjoint(factor.paths)]
    broken = {path for factor in factors if factor not in sound for path in factor.paths}
    for path in sorted(broken):
        try:
            base.setting(path)
        except ScenarioError as error:
            yield from error.problems
    try:
        _ = Design(base, tuple(sound)).points
    except ScenarioError as error:
        yield from (problem for problem in error.problems if not _hangs_on(problem, broken))


def _hangs_on(problem: Problem, paths: Iterable[str]) -> bool:
    """Whether a problem concerns one of these settings, or names it as what a value does not go with."""
    said = set(problem.message.replace('"', " ").replace(",", " ").split())
    return any(problem.path == path or path in said or path.rpartition(".")[2] in said for path in paths)


def _overlaps(factors: Sequence[Factor]) -> Iterator[Problem]:
    """Settings that would be set twice, the same or one within the other: the result would hang on the order."""
    paths = [path for factor in factors for path in factor.paths]
    for one, other in itertools.combinations(paths, 2):
        if one == other:
            yield Problem(one, None, "is varied twice")
        elif other.startswith(f"{one}.") or one.startswith(f"{other}."):
            part, whole = sorted((one, other), key=len, reverse=True)
            yield Problem(part, None, f'is varied alone and as a part of "{whole}"')


def _plain(value: Any) -> Any:
    """Numbers of NumPy as those of Python."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def _column(values: Sequence[Any]) -> pd.Series[Any]:
    """Durations, sizes and rates are numbers to Python, but without their unit they would say nothing."""
    if all(type(value) in (int, float, bool) for value in values):
        return pd.Series(list(values))
    words = [as_text(value) for value in values]
    return pd.Series(pd.Categorical(words, categories=list(dict.fromkeys(words)), ordered=True))


def as_text(value: Any) -> str:
    """A setting's value in a few characters: "1.5ms", "200/s", "ForwardEvent(poll=ms(100))"."""
    return str(value) if isinstance(value, int | float | str) or value is None else repr(value)
