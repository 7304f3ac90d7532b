"""From factors to a design, with all mistakes told at once, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.designs.arrangements import GRID, Arrangement
from cqrsim.experiments.designs.constraints import constraints_of
from cqrsim.experiments.designs.design import Design
from cqrsim.experiments.designs.factors import AnyFactor, Factor, overlaps
from cqrsim.experiments.designs.points import Points, distinct

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario


def design_of(
    base: Scenario,
    factors: Sequence[AnyFactor],
    problems: Sequence[Problem] = (),
    arrangement: Arrangement = GRID,
    where: Any = (),
    folder: Path | None = None,
) -> Design:
    """The design of these factors, with all its points checked; mistakes are told together with those found before.

    Files that values name count from ``folder``.
    """
    found = [*problems, *overlaps(base, factors), *arrangement.mistakes(base, factors)]
    read = [_read(factor, base, folder, found) for factor in factors]
    texts = _checked(base, factors, where, found)
    if found:
        raise ScenarioError(distinct([*found, *_among_others(base, read)]))
    design = Design(base, tuple(read), arrangement, texts)
    assert len(design) > 0  # counting the points makes them, so that mistakes show before anything runs
    return design


def _read(factor: AnyFactor, base: Scenario, folder: Path | None, problems: list[Problem]) -> AnyFactor:
    """A factor with its values as the scenario reads them."""
    try:
        return factor.read_by(base, folder)
    except ScenarioError as error:
        problems += error.problems
        return factor


def _checked(base: Scenario, factors: Sequence[AnyFactor], where: Any, problems: list[Problem]) -> tuple[str, ...]:
    """The constraints, evenly spaced."""
    try:
        return tuple(constraint.text for constraint in constraints_of(base, factors, where))
    except ScenarioError as error:
        problems += error.problems
        return ()


def _among_others(base: Scenario, factors: Sequence[AnyFactor]) -> Iterator[Problem]:
    """What is wrong besides: paths that do not exist, and values that settings refuse.

    Settings that a broken factor would move are not known, so whatever hangs on them, too, is not held against others.
    """
    overlapping = {problem.path for problem in overlaps(base, factors)}
    sound = [
        factor
        for factor in factors
        if isinstance(factor, Factor) and factor.levels and overlapping.isdisjoint(factor.paths)
    ]
    broken = {path for factor in factors if factor not in sound for path in factor.paths}
    for path in sorted(broken):
        try:
            base.setting(path)
        except ScenarioError as error:
            yield from error.problems
    try:
        Points.of(base, sound, GRID)
    except ScenarioError as error:
        yield from (problem for problem in error.problems if not _hangs_on(problem, broken))


def _hangs_on(problem: Problem, paths: Iterable[str]) -> bool:
    """Whether a problem concerns one of these settings, or names it as what a value does not go with."""
    said = set(problem.message.replace('"', " ").replace(",", " ").split())
    return any(problem.path == path or path in said or path.rpartition(".")[2] in said for path in paths)
