"""Several designs on the same commands and the same luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from cqrsim.errors import Problem, ResultError, ScenarioError
from cqrsim.experiments import wording
from cqrsim.experiments.checks import a_scenario, an_engine, share, whole_number, workers
from cqrsim.experiments.collect import all_failed, collect
from cqrsim.experiments.differences import difference_table
from cqrsim.experiments.estimates import estimate_all, find_metrics, text_of_all, unknown
from cqrsim.experiments.files import file_names, ready_folder, write_table
from cqrsim.experiments.measured import Measured, measure
from cqrsim.experiments.outcomes import outcome_shares
from cqrsim.experiments.runs import Interrupted, Outcome, Task, run_all
from cqrsim.experiments.sampling import FATES, NOT_COUNTED
from cqrsim.experiments.shared import refuse_mixed_clients, shared_marks
from cqrsim.experiments.simulate import Run, simulate
from cqrsim.scenario import Scenario

SAMPLE = 100_000
"""About how many commands per design are kept for distributions."""

DEFAULT_METRICS = (
    "feedback_ms_p50",
    "feedback_ms_p99",
    "feedback_share",
    "silent_failure_share",
    "false_success_share",
    "false_failure_share",
)
"""What a table shows when nothing is named."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """How designs differ on the same commands and the same luck.

    ``frame`` has one row per design, replication, metric and statistic; NaN in ``value`` beside a number in
    ``lower_bound`` says that a percentile lies beyond it.  ``shared`` tells which client groups met identical
    commands in every design, ``errors`` which runs failed, ``runs`` the digests by which results can be recognised.
    """

    designs: dict[str, Scenario]
    replications: int
    seed: int
    confidence: float
    frame: pd.DataFrame
    shared: pd.DataFrame
    runs: pd.DataFrame
    errors: pd.DataFrame
    _outcomes: pd.DataFrame
    _sample: pd.DataFrame

    def table(self, *names: str, interval: bool = True) -> pd.DataFrame:
        """One row per design and one column per metric: the mean over replications with its interval, as text.

        Shares are in percent, all else in the unit that the name ends with.  A percentile that more commands than
        wished never reached shows as "> t", and "failed" says that all runs of a design failed.  Raises ResultError
        for a name that does not exist.
        """
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        shown = text_of_all(self.frame, "design", metrics, self.confidence, interval)
        shown.loc[shown.index.isin(self._failed())] = wording.FAILED
        return shown.reset_index()

    def estimates(self, *names: str) -> pd.DataFrame:
        """The numbers behind :meth:`table`: one row per design and metric, with ``value``, ``low`` and ``high``.

        ``beyond`` marks values that are only lower bounds; shares are fractions here.
        """
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        return estimate_all(self.frame, "design", metrics, self.confidence)

    def differences(self, against: str, *names: str) -> pd.DataFrame:
        """Every other design minus ``against``, paired by replication.

        One row per design and metric: difference and interval, p-value (adjusted after Holm for all rows of the
        table), number of pairs, how strongly the pairs are correlated, how many times the variance is smaller than
        that of independent runs, and a verdict in words.
        """
        self._known(against)
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        return difference_table(self.frame, against, list(self.designs), metrics, self.confidence)

    def outcomes(self) -> pd.DataFrame:
        """The cells of truth and belief that were seen, by design: commands in all, and their share with interval."""
        return outcome_shares(self._outcomes, self.confidence)

    def latencies(self, name: str = "feedback_ms") -> pd.DataFrame:
        """A sample of commands with one latency: the same commands in every design, from all replications.

        ``value`` is in milliseconds.  ``fate`` says what it means: how long it took ("known"), how long it had not
        happened when the run ended ("censored"), or for how long it was waited for in vain ("never").
        """
        known = [column for column in self._sample.columns if column.endswith("_ms")]
        if name not in known:
            raise ResultError(unknown("latency", name, known))
        fates = f"{name.removesuffix('_ms')}_fate"
        counted = self._sample[self._sample[fates] != NOT_COUNTED].reset_index(drop=True)
        found = counted[["design", "replication", "command"]].assign(value=counted[name])
        dtype = pd.CategoricalDtype(list(FATES), ordered=True)
        return found.assign(fate=pd.Categorical.from_codes(counted[fates].to_numpy(np.int64), dtype=dtype))

    def run(self, design: str, replication: int = 0) -> Run:
        """One of the runs in full, simulated again; it is the same run."""
        self._known(design)
        return simulate(self.designs[design], self.seed, replication)

    def save(self, folder: str | Path) -> list[Path]:
        """Write results, outcomes, digests and errors as CSV and Parquet, and every design as TOML; returns the files.

        Raises OSError if the folder cannot be written.
        """
        folder = ready_folder(Path(folder))
        tables = {"comparison": self.frame, "outcomes": self.outcomes(), "runs": self.runs, "errors": self.errors}
        files = [file for name, table in tables.items() for file in write_table(table, folder / name)]
        for name, file in file_names(self.designs).items():
            files.append(folder / f"{file}.toml")
            self.designs[name].save(files[-1])
        return files

    def _failed(self) -> list[str]:
        """The designs of which all runs failed."""
        return all_failed(self.runs, self.errors, "design")

    def _known(self, design: str) -> None:
        if design not in self.designs:
            raise ResultError(unknown("design", design, list(self.designs)))

    def __repr__(self) -> str:
        failed = f", {len(self.errors)} runs failed (see .errors)" if len(self.errors) else ""
        failed += "".join(f', all of "{design}"' for design in self._failed())
        return f"Comparison({', '.join(self.designs)}; {self.replications} replications, seed {self.seed}{failed})"

    def _repr_html_(self) -> str:
        return wording.html_table(repr(self), self.table())


def compare(
    designs: Mapping[str, Scenario],
    replications: int = 20,
    seed: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
) -> Comparison:
    """Run every design ``replications`` times; in each replication all designs meet the same commands and luck.

    ``n_jobs`` is joblib's; None takes what an outer ``joblib.parallel_config`` says, and one where there is none.
    ``engine`` is that of ``simulate``.  The result depends on neither.  A run that fails is kept in ``errors`` and
    stops no other.  On Ctrl-C the KeyboardInterrupt that is raised carries what was finished as its ``partial``.

    Raises ScenarioError before anything runs for what is no mapping or an empty one, fewer than one replication, and
    for designs of which some have clients that wait for their answers and some have not; RunError if no run ends well.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> answers = compare({"wait": blog, "slow disk": blog.with_({"disk.write": cq.ms(3)})}, replications=2)
    >>> list(answers.table("feedback_ms_p50")["design"])
    ['wait', 'slow disk']
    """
    named = _checked(designs)
    replications = whole_number("replications", replications, at_least=1)
    seed, confidence, n_jobs = whole_number("seed", seed), share("confidence", confidence), workers(n_jobs)
    engine = an_engine(engine)
    tasks = [
        Task(number, replication, scenario, seed, engine)
        for replication in range(replications)
        for number, scenario in enumerate(named.values())
    ]
    result = partial(_comparison_of, named, replications, seed, confidence, tasks)
    try:
        return result(run_all(tasks, partial(measure, keep=max(100, SAMPLE // replications)), n_jobs, progress))
    except Interrupted as stopped:
        stopped.partial = result(stopped.outcomes) if stopped.outcomes else None
        raise


def _checked(designs: Mapping[str, Scenario]) -> dict[str, Scenario]:
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


def _comparison_of(
    designs: dict[str, Scenario],
    replications: int,
    seed: int,
    confidence: float,
    tasks: list[Task],
    outcomes: list[Outcome[Measured]],
) -> Comparison:
    names = pd.Categorical(list(designs), categories=list(designs), ordered=True)
    found = collect(tasks, outcomes, {"design": pd.Series(names)})
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
    )
