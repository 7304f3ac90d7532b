"""Which settings an experiment varies, and the scenarios that follow: a value, checked before anything runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

Paths = tuple[str, ...]
Settings = dict[str, Any]


@dataclass(frozen=True)
class Factor:
    """One thing that varies: the settings that move together, and their levels, each with a value per setting."""

    paths: Paths
    levels: tuple[tuple[Any, ...], ...]


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
        problems: dict[Problem, None] = {}
        for levels in itertools.product(*(factor.levels for factor in self.factors)):
            settings = dict(zip(self.paths, itertools.chain.from_iterable(levels), strict=True))
            try:
                points.append((settings, self.base.with_(settings)))
            except ScenarioError as error:
                problems |= dict.fromkeys(error.problems)
        if problems:
            raise ScenarioError(tuple(problems))
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
        """For every varied setting the value at each point: numbers as such, all else as text in order of the levels."""
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
    >>> design = grid(blog, {"disk.write": [cq.ms(1), cq.ms(2)], ("length", "warm_up"): [(cq.seconds(9), cq.seconds(1))]})
    >>> len(design)
    2
    >>> design.frame[["disk.write", "length"]]
      disk.write length
    0        1ms     9s
    1        2ms     9s
    """
    if not factors:
        raise ScenarioError((Problem("factors", {}, "a design needs at least one factor"),))
    problems: list[Problem] = []
    made = tuple(_factor(key, values, problems) for key, values in factors.items())
    problems += _overlaps(made)
    if problems:
        raise ScenarioError(tuple(problems))
    design = Design(base, made)
    design.points  # noqa: B018 - computed now, so that mistakes show before anything runs
    return design


def _factor(key: str | Paths, values: Sequence[Any], problems: list[Problem]) -> Factor:
    """The factor; what is wrong with it is added to the problems."""
    paths = (key,) if isinstance(key, str) else tuple(key)
    name = " + ".join(paths)
    if isinstance(values, str) or not isinstance(values, Sequence | Iterator) and not hasattr(values, "__iter__"):
        problems.append(Problem(name, values, "the values of a factor must be a list"))
        return Factor(paths, ())
    levels = [value if not isinstance(key, str) else (value,) for value in values]
    if not levels:
        problems.append(Problem(name, list(values), "a factor needs at least one value"))
    for level in levels:
        if not isinstance(level, Sequence) or isinstance(level, str) or len(level) != len(paths):
            problems.append(Problem(name, level, f"needs {len(paths)} values, one for each of the paths"))
    return Factor(paths, tuple(tuple(level) if isinstance(level, Sequence) else () for level in levels))


def _overlaps(factors: Sequence[Factor]) -> Iterator[Problem]:
    """Settings that would be set twice, the same or one within the other: the result would hang on the order."""
    paths = [path for factor in factors for path in factor.paths]
    for one, other in itertools.combinations(paths, 2):
        if one == other:
            yield Problem(one, None, "is moved twice")
        elif other.startswith(f"{one}.") or one.startswith(f"{other}."):
            yield Problem(other, None, f'is moved together with "{one}", of which one is a part of the other')


def _column(values: Sequence[Any]) -> pd.Series[Any]:
    """Durations, sizes and rates are numbers to Python, but without their unit they would say nothing."""
    if all(type(value) in (int, float, bool) for value in values):
        return pd.Series(list(values))
    words = [as_text(value) for value in values]
    return pd.Series(pd.Categorical(words, categories=list(dict.fromkeys(words)), ordered=True))


def as_text(value: Any) -> str:
    """A setting's value in a few characters: "1.5ms", "200/s", "ForwardEvent(poll=ms(100))"."""
    return str(value) if isinstance(value, int | float | str) or value is None else repr(value)
