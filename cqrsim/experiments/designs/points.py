"""The points of a design, made one by one: what each sets, the scenario that follows, and all that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.designs.arrangements import Arrangement, Settings
from cqrsim.experiments.designs.constraints import Constraint, constraints_of
from cqrsim.experiments.designs.factors import AnyFactor, Paths, RangeFactor
from cqrsim.scenario.values import shortened

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

MOST_TOLD = 10
"""Mistakes of points within ranges that are told one by one: each point there has a value of its own."""


@dataclass(frozen=True)
class Points:
    """The points of a design, made once."""

    points: tuple[tuple[Settings, Scenario], ...]
    left_out: int

    @classmethod
    def of(cls, base: Scenario, factors: Sequence[AnyFactor], arrangement: Arrangement, where: Any = ()) -> Points:
        """All points that obey the constraints; ScenarioError names what is wrong with any."""
        paths = tuple(path for factor in factors for path in factor.paths)
        maker = _Maker(base, paths, constraints_of(base, factors, where))
        for changes in arrangement.changes(base, factors):
            maker.make(changes)
        problems = distinct([*maker.problems, *maker.in_vain()])
        if len(problems) > MOST_TOLD and any(isinstance(factor, RangeFactor) for factor in factors):
            problems[MOST_TOLD:] = [Problem("", None, f"{len(problems) - MOST_TOLD} more like these at other points")]
        if problems:
            raise ScenarioError(problems)
        return cls(tuple(maker.points), maker.left_out)


class _Maker:
    """Makes points one by one, and remembers what is wrong with them."""

    def __init__(self, base: Scenario, paths: Paths, constraints: tuple[Constraint, ...]) -> None:
        self.base = base
        self.constraints = constraints
        self.paths = paths
        self.points: list[tuple[Settings, Scenario]] = []
        self.problems: list[Problem] = []
        self.left_out = 0
        self.judged: set[str] = set()
        """Constraints on what at least one point has."""
        self.breaking: dict[str, None] = {}
        """Those that at least one point breaks."""

    @cached_property
    def of_base(self) -> Settings:
        """The varied settings as the base has them."""
        return {path: shortened(self.base.setting(path)) for path in self.paths}

    def make(self, changes: Settings) -> None:
        """Make one point, unless a constraint leaves it out: then it need not even be a valid scenario."""
        try:
            settings = changes if len(changes) == len(self.paths) else {**self.of_base, **changes}
            if self._obeys(settings):
                self.points.append((settings, self.base.with_(changes) if changes else self.base))
            else:
                self.left_out += 1
        except ScenarioError as error:
            self.problems += error.problems

    def _obeys(self, settings: Settings) -> bool:
        verdicts = {constraint.text: constraint.holds(settings) for constraint in self.constraints}
        self.judged.update(text for text, holds in verdicts.items() if holds is not None)
        broken = [text for text, holds in verdicts.items() if holds is False]
        self.breaking.update(dict.fromkeys(broken))
        return not broken

    def in_vain(self) -> Iterator[Problem]:
        """Constraints about what no point has, or that leave none."""
        if self.problems:
            return
        for constraint in self.constraints:
            if constraint.text not in self.judged:
                yield Problem("where", constraint.text, "compares a setting that no point has")
        if self.left_out and not self.points:
            yield Problem("where", ", ".join(self.breaking), f"leaves none of {self.left_out} points")


def distinct(problems: Iterable[Problem]) -> list[Problem]:
    """Problems without those that read the same."""
    return list({str(problem): problem for problem in problems}.values())
