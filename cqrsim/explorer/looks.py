"""A comparison that can be seen before it is finished, and be left between two of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from cqrsim.experiments import Comparison
from cqrsim.experiments.compare import FEWEST_KEPT, SAMPLE, checked_designs, comparison_of, tasks_of
from cqrsim.experiments.running.measured import Measured, measure
from cqrsim.experiments.running.runs import Outcome, finished
from cqrsim.scenario import Scenario

FIRST_LOOK = 2
"""Replications after which there is something to be seen: fewer have no interval."""


@dataclass(frozen=True, eq=False)
class Look:
    """How far a comparison has come; at some points, what it says so far."""

    done: int
    of: int
    comparison: Comparison | None = None

    @property
    def is_last(self) -> bool:
        """Whether all runs are finished."""
        return self.done == self.of


def looks(
    designs: Mapping[str, Scenario], replications: int, seed: int, engine: str = "auto", confidence: float = 0.95
) -> Iterator[Look]:
    """Compare designs, one run at a time; the last look has what :func:`cqrsim.compare` would return.

    Whoever stops asking, stops the work.  Raises ScenarioError and RunError as ``compare`` does.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length="1s", warm_up="0s")
    >>> [(look.done, look.comparison is not None) for look in looks({"wait": blog}, replications=3, seed=1)]
    [(0, False), (1, False), (2, True), (3, True)]
    """
    named = checked_designs(designs)
    tasks = tasks_of(named, 0, replications, seed, engine)
    work = partial(measure, keep=max(FEWEST_KEPT, SAMPLE // replications))
    outcomes: list[Outcome[Measured]] = []
    yield Look(0, len(tasks))
    for outcome in finished(tasks, work, n_jobs=1):
        outcomes.append(outcome)
        done = len(outcomes)
        so_far = None
        if done in (FIRST_LOOK * len(named), len(tasks)):
            so_far = comparison_of(named, done // len(named), seed, confidence, None, tasks[:done], outcomes)
        yield Look(done, len(tasks), so_far)
