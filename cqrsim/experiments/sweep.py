"""A design run through: every point, replicated, in one tidy frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments import wording
from cqrsim.experiments.checks import an_engine, share, whole_number, workers
from cqrsim.experiments.collect import all_failed, collect
from cqrsim.experiments.compare import DEFAULT_METRICS
from cqrsim.experiments.design import Design
from cqrsim.experiments.estimates import estimate_all, find_metrics, text_of_all
from cqrsim.experiments.files import ready_folder, write_table
from cqrsim.experiments.measured import Measured, measure
from cqrsim.experiments.runs import Interrupted, Outcome, Task, run_all
from cqrsim.experiments.shared import refuse_mixed_points
from cqrsim.experiments.sweep_file import SweepFile


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """What came of a design.

    ``frame`` has one row per point, replication, metric and statistic, with a column per varied setting; ``errors``
    tells which runs failed, ``runs`` holds the digests by which results can be recognised.
    """

    design: Design
    replications: int
    seed: int
    confidence: float
    frame: pd.DataFrame
    runs: pd.DataFrame
    errors: pd.DataFrame

    def table(self, *names: str, interval: bool = True) -> pd.DataFrame:
        """One row per point: its settings, and the mean over replications of each metric with its interval, as text.

        Shares are in percent; "failed" says that all runs of a point failed.  Raises ResultError for a name that does
        not exist.
        """
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        settings = self.design.frame.drop(columns="scenario").set_index("point")
        shown = text_of_all(self.frame, "point", metrics, self.confidence, interval)
        shown = shown.reindex(settings.index).fillna(wording.NOTHING)
        shown.loc[all_failed(self.runs, self.errors, "point")] = wording.FAILED
        return settings.join(shown).reset_index()

    def estimates(self, *names: str) -> pd.DataFrame:
        """The numbers behind :meth:`table`: one row per point and metric, with ``value``, ``low`` and ``high``."""
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        found = estimate_all(self.frame, "point", metrics, self.confidence)
        return self.design.frame.drop(columns="scenario").merge(found, on="point")

    def save(self, folder: str | Path) -> list[Path]:
        """Write results, digests and errors as CSV and Parquet, and what was asked as a sweep file; returns the files.

        ``sweep.toml`` names the base scenario beside it, the factors, the replications and the seed, and can be run
        again.  Raises OSError if the folder cannot be written.
        """
        folder = ready_folder(Path(folder))
        tables = {"sweep": self.frame, "runs": self.runs, "errors": self.errors}
        files = [file for name, table in tables.items() for file in write_table(table, folder / name)]
        files.append(folder / "scenario.toml")
        self.design.base.save(files[-1])
        files.append(folder / "sweep.toml")
        SweepFile(self.design, self.replications, self.seed).save(files[-1], scenario="scenario.toml")
        return files

    def __repr__(self) -> str:
        failed = f", {len(self.errors)} runs failed (see .errors)" if len(self.errors) else ""
        return f"Sweep({len(self.design)} points, {self.replications} replications, seed {self.seed}{failed})"

    def _repr_html_(self) -> str:
        return wording.html_table(repr(self), self.table())


def sweep(
    design: Design,
    replications: int = 10,
    seed: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
) -> Sweep:
    """Run every point of a design ``replications`` times; all points meet the same luck.

    ``n_jobs`` is joblib's; None takes what an outer ``joblib.parallel_config`` says, and one where there is none.
    ``engine`` is that of ``simulate``.  The result depends on neither.  A run that fails is kept in ``errors`` and
    stops no other.  On Ctrl-C the KeyboardInterrupt that is raised carries what was finished as its ``partial``.

    Raises ScenarioError before anything runs for what is no design or an empty one, if ``replications`` is not at
    least 1, and if clients wait for their answers at some points and not at others; RunError if no run ends well.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> result = sweep(cq.grid(blog, {"disk.write": [cq.ms(1), cq.ms(2)]}), replications=2)
    >>> sorted(set(result.frame["disk.write"]))
    ['1ms', '2ms']
    """
    design = _checked(design)
    replications = whole_number("replications", replications, at_least=1)
    seed, confidence, n_jobs = whole_number("seed", seed), share("confidence", confidence), workers(n_jobs)
    engine = an_engine(engine)
    tasks = [
        Task(number, replication, scenario, seed, engine)
        for number, (_, scenario) in enumerate(design)
        for replication in range(replications)
    ]
    result = partial(_sweep_of, design, replications, seed, confidence, tasks)
    try:
        return result(run_all(tasks, partial(measure, keep=0), n_jobs, progress))
    except Interrupted as stopped:
        stopped.partial = result(stopped.outcomes) if stopped.outcomes else None
        raise


def _checked(design: Design) -> Design:
    if not isinstance(design, Design):
        hint = "take its .design" if isinstance(design, SweepFile) else "make one with grid(base, factors)"
        raise ScenarioError((Problem("design", design, "must be a design", hint),))
    if not len(design):
        raise ScenarioError((Problem("design", None, "has no points"),))
    refuse_mixed_points(design)
    return design


def _sweep_of(
    design: Design,
    replications: int,
    seed: int,
    confidence: float,
    tasks: list[Task],
    outcomes: list[Outcome[Measured]],
) -> Sweep:
    labels = {"point": pd.Series(range(len(design)))} | design.columns()
    found = collect(tasks, outcomes, labels)
    return Sweep(design, replications, seed, confidence, found.frame, found.runs, found.errors)
