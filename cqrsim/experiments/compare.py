"""Several designs on the same commands and the same luck."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.answers.estimates import check_names
from cqrsim.experiments.answers.precision import Precision, check_first_look, next_size
from cqrsim.experiments.checks import a_scenario, an_engine, share, whole_number, workers
from cqrsim.experiments.comparison import DEFAULT_METRICS, Comparison
from cqrsim.experiments.running.collect import collect
from cqrsim.experiments.running.measured import Measured, measure
from cqrsim.experiments.running.runs import Interrupted, Outcome, Task, run_all
from cqrsim.experiments.running.shared import refuse_mixed_clients, shared_marks
from cqrsim.scenario import Scenario

SAMPLE = 100_000
"""About how many commands per design are kept for distributions."""

FEWEST_KEPT = 100
"""Commands that are kept of a run at least, if there are so many."""

__all__ = ["DEFAULT_METRICS", "Comparison", "compare"]

USUAL = 20
"""Replications, where nobody says how many."""


def compare(
    designs: Mapping[str, Scenario],
    replications: int | None = None,
    seed: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
    until: Precision | None = None,
) -> Comparison:
    """Run every design ``replications`` times, 20 if not said; all of them meet the same commands and luck each time.

    With ``until`` these are only the first, at least 10: as long as a half-width that it names is not reached in some
    design, the next replications follow, up to its cap.  Whether all was reached is told in ``precision``.

    ``n_jobs`` is joblib's; None takes what an outer ``joblib.parallel_config`` says, and one where there is none.
    ``engine`` is that of ``simulate``.  The result depends on neither.  A run that fails is kept in ``errors`` and
    stops no other.  On Ctrl-C the KeyboardInterrupt that is raised carries what was finished as its ``partial``.

    Raises ScenarioError before anything runs for what is no mapping or an empty one, fewer than one replication, and
    for designs of which some have clients that wait for their answers and some have not; ResultError, also before,
    for metrics that do not exist; RunError if no run ends well.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> answers = compare({"wait": blog, "slow disk": blog.with_({"disk.write": cq.ms(3)})}, replications=2)
    >>> list(answers.table("feedback_ms_p50")["design"])
    ['wait', 'slow disk']
    """
    named = checked_designs(designs)
    if replications is None:
        replications = min(USUAL, until.at_most) if isinstance(until, Precision) else USUAL
    replications = whole_number("replications", replications, at_least=1)
    seed, confidence, n_jobs = whole_number("seed", seed), share("confidence", confidence), workers(n_jobs)
    engine = an_engine(engine)
    if until is not None:
        check_first_look(until, replications)
        check_names(until.names, named.values())
    keep = max(FEWEST_KEPT, SAMPLE // (until.at_most if until else replications))
    work = partial(measure, keep=keep)
    outcomes: list[Outcome[Measured]] = []
    done, wanted = 0, replications
    while True:
        result = partial(
            comparison_of, named, wanted, seed, confidence, until, tasks_of(named, 0, wanted, seed, engine)
        )
        try:
            outcomes += run_all(tasks_of(named, done, wanted, seed, engine), work, n_jobs, progress)
        except Interrupted as stopped:
            outcomes += stopped.outcomes
            stopped.partial = result(outcomes) if outcomes else None
            raise
        comparison = result(outcomes)
        done, wanted = wanted, next_size(comparison.precision, wanted, until.at_most) if until else wanted
        if done == wanted:
            return comparison


def tasks_of(designs: Mapping[str, Scenario], begin: int, end: int, seed: int, engine: str) -> list[Task]:
    """The runs of some replications; those of one replication stand together."""
    return [
        Task(number, replication, scenario, seed, engine)
        for replication in range(begin, end)
        for number, scenario in enumerate(designs.values())
    ]


def checked_designs(designs: Mapping[str, Scenario]) -> dict[str, Scenario]:
    """The designs, if they can be compared; ScenarioError lists every mistake."""
    if not isinstance(designs, Mapping):
        example = 'write {"wait": one, "silence": other}'
        raise ScenarioError((Problem("designs", designs, "must be a dict of scenarios by their names", example),))
    named = dict(designs)
    if not named:
        raise ScenarioError((Problem("designs", None, "there is nothing to compare"),))
    wrong = [Problem("designs", name, "names must be texts") for name in named if not isinstance(name, str)]
    for name, scenario in named.items():
        try:
            a_scenario(f'"{name}"', scenario)
        except ScenarioError as error:
            wrong += error.problems
    if wrong:
        raise ScenarioError(wrong)
    refuse_mixed_clients(named)
    return named


def comparison_of(
    designs: dict[str, Scenario],
    replications: int,
    seed: int,
    confidence: float,
    until: Precision | None,
    tasks: list[Task],
    outcomes: list[Outcome[Measured]],
) -> Comparison:
    """What came of some runs, put together; RunError if all of them failed."""
    names = pd.Categorical(list(designs), categories=list(designs), ordered=True)
    found = collect(tasks, sorted(outcomes, key=lambda outcome: outcome.key), {"design": pd.Series(names)})
    return Comparison(
        designs=designs,
        replications=replications,
        seed=seed,
        confidence=confidence,
        frame=found.frame,
        shared=shared_marks(designs, found.measured),
        runs=found.runs,
        errors=found.errors,
        _outcomes=found.joined({key: result.outcomes for key, result in found.measured.items()}),
        _sample=found.joined({key: result.sample for key, result in found.measured.items()}),
        _until=until,
    )
