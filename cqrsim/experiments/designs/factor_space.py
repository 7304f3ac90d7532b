"""Metrics as functions of a few settings, each anywhere within a range, with everything else held fast: luck, too."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.errors import Problem, ResultError, RunError, ScenarioError
from cqrsim.experiments.answers.questions import Question
from cqrsim.experiments.checks import a_scenario
from cqrsim.experiments.designs.design import as_text, distinct
from cqrsim.experiments.designs.factors import RangeFactor, factors_of, overlaps
from cqrsim.experiments.loads.stability import overload
from cqrsim.experiments.running.collect import collect
from cqrsim.experiments.running.measured import sum_up
from cqrsim.experiments.running.runs import Task, run_all

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

Floats = NDArray[np.float64]

MOST_CORNERS = 1024
"""Corners that are looked at beforehand: those of ten factors."""


@dataclass(frozen=True)
class FactorSpace:
    """A base scenario and the ranges of some of its settings."""

    base: Scenario
    factors: tuple[RangeFactor, ...]

    @classmethod
    def of(cls, base: Any, factors: Any) -> FactorSpace:
        """The space of these factors; ScenarioError for what is no range, is refused, or is overloaded in a corner."""
        base, problems = a_scenario("base", base), list[Problem]()
        given = factors_of(factors, problems)
        for factor in given:
            if not isinstance(factor, RangeFactor):
                message = "must be a range: its share of the variance is asked for"
                problems.append(Problem(" + ".join(factor.paths), None, message, 'write Between("1ms", "9ms")'))
        problems += overlaps(base, given)
        ranges = []
        for factor in given:
            try:
                ranges += [factor.read_by(base)] if isinstance(factor, RangeFactor) else []
            except ScenarioError as error:
                problems += error.problems
        if problems:
            raise ScenarioError(distinct(problems))
        found = cls(base, tuple(ranges))
        found.scenarios(itertools.islice(itertools.product((0.0, 1.0), repeat=len(ranges)), MOST_CORNERS))
        return found

    @property
    def names(self) -> list[str]:
        """What the factors are called: by their paths."""
        return [" + ".join(factor.paths) for factor in self.factors]

    def settings(self, shares: Sequence[float]) -> dict[str, Any]:
        """The settings at a point, given by how far up each range it lies (0 to 1)."""
        pairs = zip(self.factors, shares, strict=True)
        levels = [zip(factor.paths, factor.at(float(share)), strict=True) for factor, share in pairs]
        return dict(itertools.chain.from_iterable(levels))

    def scenarios(self, points: Iterable[Sequence[float]]) -> list[Scenario]:
        """The scenarios at some points; ScenarioError for the first that is refused, or cannot keep up."""
        return [self._scenario(self.settings(shares)) for shares in points]

    def values(self, points: Sequence[Sequence[float]], questions: Sequence[Question], asking: Asking) -> Floats:
        """The mean of each metric at each point (one row per metric), over replications that share their luck.

        Raises RunError where a run failed, ResultError where a metric is not known at some point.
        """
        scenarios = self.scenarios(points)
        tasks = [
            Task(number, replication, scenario, asking.seed, asking.engine)
            for number, scenario in enumerate(scenarios)
            for replication in range(asking.replications)
        ]
        outcomes = run_all(tasks, sum_up, asking.n_jobs, asking.progress)
        found = collect(tasks, outcomes, {"point": pd.Series(range(len(scenarios)))})
        if found.failures:
            first = found.failures[0]
            raise RunError(f"the run {self._told(points[first.key[0]])} failed: {first.message}")
        frame = found.frame
        return np.array([self._means(question, frame, points) for question in questions])

    def _scenario(self, settings: Mapping[str, Any]) -> Scenario:
        scenario = self.base.with_(settings)
        if why := overload(scenario):
            told = ", ".join(f"{path} = {as_text(value)}" for path, value in settings.items())
            message = f"is overloaded at {told} ({why}): there are no steady means to tell the factors' shares of"
            raise ScenarioError((Problem("factors", None, message, "choose narrower ranges"),))
        return scenario

    def _means(self, question: Question, frame: pd.DataFrame, points: Sequence[Sequence[float]]) -> Floats:
        rows = question.answered(frame)
        known = rows["value"].where(~rows["lower_bound"].astype(bool))
        means = known.groupby(rows["point"]).agg(lambda values: values.mean(skipna=False)).reindex(range(len(points)))
        unknown = means.index[means.isna()]
        if len(unknown):
            where = self._told(points[unknown[0]])
            raise ResultError(f"{question.text} is not known {where}, so its shares of variance are not")
        return np.asarray(means, np.float64)

    def _told(self, shares: Sequence[float]) -> str:
        return "at " + ", ".join(f"{path} = {as_text(value)}" for path, value in self.settings(shares).items())


@dataclass(frozen=True)
class Asking:
    """How the runs are done."""

    replications: int
    seed: int
    n_jobs: int | None
    progress: bool | None
    engine: str
