"""All that is known from theory, put to the test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import pandas as pd

from cqrsim.experiments import simulate
from cqrsim.experiments.checks import an_engine, whole_number, workers
from cqrsim.experiments.running.runs import Done, Failure, Outcome, Task, run_all
from cqrsim.experiments.showing import wording
from cqrsim.theory.judging import (
    FIRST_LEVEL,
    MORE,
    SECOND_LEVEL,
    Judged,
    Verdict,
    expected_false_alarms,
    failed,
    judge,
    judge_equality,
)
from cqrsim.theory.oracle import Case, Measure, Oracle
from cqrsim.theory.registry import chosen

COLUMNS = ("theory", "estimate", "low", "high", "standard_error", "runs")
ERRORS = ("id", "case", "replication", "seed", "scenario", "message", "traceback")


@dataclass(frozen=True, eq=False, repr=False)
class Verification:
    """What came of putting theory to the test.

    ``frame`` has one row per quantity: id, quantity, theory, estimate, low, high (99 % at the first look, 99.99 % at
    the second), standard_error, runs, looks (1 or 2), verdict.  ``errors`` tells which runs broke.
    """

    oracles: tuple[Oracle, ...]
    seed: int
    frame: pd.DataFrame
    errors: pd.DataFrame

    @property
    def is_fine(self) -> bool:
        """Whether everything agrees."""
        return not len(self.failures)

    @property
    def failures(self) -> pd.DataFrame:
        """The quantities that do not agree at the last look."""
        return self.frame[~self.frame["verdict"].isin([str(verdict) for verdict in Verdict if verdict.is_fine])]

    @property
    def false_alarms(self) -> float:
        """How many quantities of a correct simulator would be called wrong, on average."""
        return expected_false_alarms(len(self.frame))

    def table(self) -> pd.DataFrame:
        """The frame as people read it."""
        rows = self.frame.to_dict("records")
        again = ["" if row["looks"] == 1 else ", looked at twice" for row in rows]
        return pd.DataFrame(
            {
                "id": self.frame["id"],
                "quantity": self.frame["quantity"],
                "theory": [_number(row["theory"]) for row in rows],
                "estimate": [_number(row["estimate"]) for row in rows],
                "interval": [_interval(row["low"], row["high"]) for row in rows],
                "runs": self.frame["runs"],
                "verdict": [f"{row['verdict']}{twice}" for row, twice in zip(rows, again, strict=True)],
            }
        )

    def __repr__(self) -> str:
        twice = int((self.frame["looks"] == 2).sum())
        told = "all agree" if self.is_fine else f"{len(self.failures)} do not agree (see .failures)"
        return (
            f"Verification({len(self.frame)} quantities of {len(self.oracles)} oracles, seed {self.seed}: {told}, "
            f"{twice} looked at twice, {self.false_alarms:.1g} false alarms expected)"
        )

    def _repr_html_(self) -> str:
        return wording.html_table(repr(self), self.table())


def verify(
    ids: str | Oracle | Iterable[str | Oracle] | None = None,
    seed: int = 1,
    replications: int | None = None,
    n_jobs: int | None = None,
    progress: bool | None = None,
    engine: str = "auto",
) -> Verification:
    """Simulate systems whose behaviour is known from theory, and say whether estimates and theory agree.

    ``ids`` names oracles (``cq.theory.oracles()`` has them all) or gives oracles of your own; without it all are
    taken.  What misses at 1 % is looked at again, in four times as many runs that nobody has seen before, and fails if
    it misses at 1 in 10,000 there.  ``replications`` is for the first look, instead of each oracle's own number; few
    may lack power, which is a failure, too.  ``n_jobs`` and ``engine`` are those of ``sweep``, and change nothing.

    Raises ScenarioError before anything runs for an id that is not there, and for fewer than 2 replications.

    >>> import cqrsim as cq
    >>> cq.verify(["O05"]).frame["verdict"].unique().tolist()
    ['equal']
    """
    seed, n_jobs, engine = whole_number("seed", seed), workers(n_jobs), an_engine(engine)
    if replications is not None:
        replications = whole_number("replications", replications, at_least=2)
    asked = chosen(ids)
    looks = Looks([(oracle, case) for oracle in asked for case in oracle.cases], seed, engine, n_jobs, progress)
    found = looks.first(replications)
    doubtful = [number for number, judged in enumerate(found) if any(one.verdict.can_change for one in judged.values())]
    again = looks.second(doubtful, replications)
    rows = [row for number in range(len(found)) for row in _rows(looks.cases[number], found[number], again.get(number))]
    return Verification(tuple(asked), seed, pd.DataFrame(rows), looks.errors())


Judgement = Mapping[str, Judged]
"""What is to be said of each quantity of a case."""


class Looks:
    """Runs the systems of some cases, and judges what was found."""

    def __init__(
        self,
        cases: Sequence[tuple[Oracle, Case]],
        seed: int,
        engine: str,
        n_jobs: int | None,
        progress: bool | None,
    ) -> None:
        self.cases = cases
        self.seed = seed
        self.engine = engine
        self.n_jobs = n_jobs
        self.progress = progress
        self.failures: list[Failure] = []

    def first(self, replications: int | None) -> list[Judgement]:
        """Every case in its own number of runs."""
        wanted = {number: range(_runs(case, replications)) for number, (_, case) in enumerate(self.cases)}
        return list(self._judged(wanted, FIRST_LEVEL).values())

    def second(self, doubtful: Iterable[int], replications: int | None) -> dict[int, Judgement]:
        """The doubtful cases in the runs that come after those of the first look."""
        wanted = {}
        for number in doubtful:
            runs = _runs(self.cases[number][1], replications)
            wanted[number] = range(runs, runs + MORE * runs)
        return self._judged(wanted, SECOND_LEVEL)

    def errors(self) -> pd.DataFrame:
        """One row per run that broke."""
        rows = []
        for failure in self.failures:
            oracle, case = self.cases[failure.key[0]]
            said = (failure.key[1], failure.seed, failure.scenario, failure.message, failure.traceback)
            rows.append((oracle.id, case.name, *said))
        return pd.DataFrame(rows, columns=list(ERRORS))

    def _judged(self, wanted: Mapping[int, range], level: float) -> dict[int, Judgement]:
        tasks = [
            Task(number, replication, self.cases[number][1].scenario, self.seed, self.engine)
            for number, replications in wanted.items()
            for replication in replications
        ]
        measures = tuple(case.measure for _, case in self.cases)
        outcomes = run_all(tasks, partial(_measured, measures), self.n_jobs, self.progress)
        self.failures += [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        by_case: dict[int, list[Outcome[Mapping[str, float]]]] = {number: [] for number in wanted}
        for outcome in outcomes:
            by_case[outcome.key[0]].append(outcome)
        return {number: _judge_case(self.cases[number][1], of_it, level) for number, of_it in by_case.items()}


def _runs(case: Case, replications: int | None) -> int:
    return case.runs if replications is None or case.exact else replications


def _measured(measures: Sequence[Measure], task: Task) -> Mapping[str, float]:
    run = simulate(task.scenario, task.seed, task.replication, task.engine)
    return {name: float(value) for name, value in measures[task.design](run).items()}


def _judge_case(case: Case, outcomes: Sequence[Outcome[Mapping[str, float]]], level: float) -> Judgement:
    found = [outcome.result for outcome in outcomes if isinstance(outcome, Done)]
    if len(found) < len(outcomes):
        return {name: failed(theory, len(found)) for name, theory in case.theory.items()}
    judged = {}
    for name, theory in case.theory.items():
        values = [result[name] for result in found]
        exactly, precision = case.exact, case.precision_of(name)
        judged[name] = judge_equality(values, theory) if exactly else judge(values, theory, precision, level)
    return judged


def _rows(of: tuple[Oracle, Case], first: Judgement, second: Judgement | None) -> Iterator[dict[str, object]]:
    """What the last look at each quantity found; what agreed at the first is not asked again."""
    oracle, case = of
    for name, judged in first.items():
        looks = 1
        if second is not None and judged.verdict.can_change:
            judged, looks = second[name], 2
        told = asdict(judged)
        numbers = {column: told[column] for column in COLUMNS}
        yield {
            "id": oracle.id,
            "quantity": case.called(name),
            **numbers,
            "looks": looks,
            "verdict": str(judged.verdict),
        }


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _interval(low: float, high: float) -> str:
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"
