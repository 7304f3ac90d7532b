"""A design run through: every point, replicated, in one tidy frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.answers import pareto_front
from cqrsim.experiments.answers.estimates import Metric, estimate_all, find_metrics, text_of_all
from cqrsim.experiments.checks import an_engine, share, whole_number, workers
from cqrsim.experiments.compare import DEFAULT_METRICS
from cqrsim.experiments.designs.design import Design
from cqrsim.experiments.designs.sweep_file import SweepFile
from cqrsim.experiments.loads.unstable import why_unstable
from cqrsim.experiments.plotting import Plotting
from cqrsim.experiments.running.collect import all_failed, refuse_only_failures, told_failures
from cqrsim.experiments.running.keeper import Keeper
from cqrsim.experiments.running.measured import Summed, sum_up
from cqrsim.experiments.running.numbers import summary_of
from cqrsim.experiments.running.parts import Result, RunKey
from cqrsim.experiments.running.results_folder import InMemory, Results, ResultsFolder
from cqrsim.experiments.running.runs import Done, Failure, Interrupted, Outcome, finished, watched
from cqrsim.experiments.running.shards import WHOLE, Shard
from cqrsim.experiments.running.shared import refuse_mixed_points
from cqrsim.experiments.running.wanted import Asked, Wanted, read_asked, write_asked
from cqrsim.experiments.showing import wording
from cqrsim.experiments.showing.files import ready_folder, write_table
from cqrsim.metrics.backlog import Growth


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """What came of a design.

    ``frame`` has one row per point, replication, metric and statistic, with a column per varied setting; ``errors``
    tells which runs failed, ``runs`` holds the digests by which results can be recognised.  Points that cannot keep up
    with their commands are marked and were not run, unless that was asked for: see ``design.overloads``.
    """

    asked: Asked
    confidence: float
    results: Results

    @property
    def design(self) -> Design:
        """What was run."""
        return self.asked.design

    @property
    def replications(self) -> int:
        """Runs of each point."""
        return self.asked.replications

    @property
    def seed(self) -> int:
        """The luck of all points."""
        return self.asked.seed

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per point, replication, metric and statistic."""
        return self._rows(None)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run that ended well, with the digests by which it can be recognised."""
        found = [one for one in self._wanted if one.key in self.results]
        rows = [(one.key.seed, one.key.scenario, self.results.trace(one.key), one.key.version) for one in found]
        table = pd.DataFrame(rows, columns=["seed", "scenario", "trace", "version"])
        return self._labelled(found, np.ones(len(found), np.intp), table)

    @cached_property
    def errors(self) -> pd.DataFrame:
        """One row per run that failed, with all that is needed to see its error again."""
        failures = self._failures
        found = [one for one in self._wanted if one.key in failures]
        told = told_failures([failures[one.key] for one in found])
        return self._labelled(found, np.ones(len(found), np.intp), told)

    def table(self, *names: str, interval: bool = True) -> pd.DataFrame:
        """One row per point: its settings, and the mean over replications of each metric with its interval, as text.

        Shares are in percent; "failed" says that all runs of a point failed, "unstable" that it cannot keep up with its
        commands, so that waits depend on how long one looks.  Raises ResultError for a name that does not exist.
        """
        metrics = self._metrics(names)
        settings = self._settings()
        shown = text_of_all(self._rows(metrics), "point", metrics, self.confidence, interval)
        shown = shown.reindex(settings.index).fillna(wording.NOTHING)
        failed, unstable = (
            shown.index.isin(list(points)) for points in (all_failed(self.runs, self.errors, "point"), self.unstable)
        )
        for metric in metrics:
            shown.loc[failed, metric.name] = wording.FAILED
            if metric.unit == "ms":
                shown.loc[unstable, metric.name] = wording.UNSTABLE
        return settings.join(shown).reset_index()

    def estimates(self, *names: str) -> pd.DataFrame:
        """The numbers behind :meth:`table`: one row per point and metric, with ``value``, ``low`` and ``high``."""
        metrics = self._metrics(names)
        found = estimate_all(self._rows(metrics), "point", metrics, self.confidence)
        return self._settings().reset_index().merge(found, on="point")

    def pareto(self, *names: str) -> pd.DataFrame:
        """Which points no other beats in all of these metrics at once, and by which the others are beaten.

        ``on_front`` is "yes", "no" or "cannot be told"; see :func:`cqrsim.experiments.answers.pareto_front.pareto`.
        """
        found = pareto_front.pareto(self._rows(self._metrics(names)), "point", *names, confidence=self.confidence)
        return self._settings().reset_index().merge(found, on="point")

    def metrics(self) -> pd.DataFrame:
        """What was measured: one row per metric and statistic, with its unit."""
        return pd.DataFrame(self.results.kinds([one.key for one in self._wanted]), columns=["metric", "stat", "unit"])

    @property
    def skipped(self) -> dict[int, str]:
        """The points that were not run, since they cannot keep up with their commands, and why."""
        return self.asked.overloads

    @cached_property
    def unstable(self) -> dict[int, str]:
        """The points that cannot keep up with their commands, and why: known beforehand, or seen in their runs."""
        growths = self.results.growths({one.key for one in self._wanted})
        of_points: dict[int, list[Growth]] = {}
        for one in self._wanted:
            if one.key in growths:
                of_points.setdefault(one.point, []).append(growths[one.key])
        points = self.design.points
        seen = {point: why_unstable(points[point][1], found) for point, found in of_points.items()}
        return dict(sorted({**self.skipped, **{point: told for point, told in seen.items() if told}}.items()))

    @property
    def complete(self) -> bool:
        """Whether every run that was asked for has ended, well or not."""
        ended = len(self.runs) + len(self.errors)
        return ended == len(self._wanted)

    def save(self, folder: str | Path) -> list[Path]:
        """Write results, digests and errors as CSV and Parquet, and what was asked as a sweep file; returns the files.

        ``sweep.toml`` names the base scenario beside it, the factors, the replications and the seed, and can be run
        again.  Raises OSError if the folder cannot be written.
        """
        folder = ready_folder(Path(folder))
        tables = {"sweep": self.frame, "estimates": self.estimates(), "runs": self.runs, "errors": self.errors}
        files = [file for name, table in tables.items() for file in write_table(table, folder / name)]
        return files + write_asked(folder, self.asked)

    @property
    def plot(self) -> Plotting:
        """The pictures that can be drawn of a sweep: see ``dir(sweep.plot)``."""
        return Plotting(self, "sweep")

    def report(self, path: str | Path, *names: str, question: str = "") -> list[Path]:
        """Write all that a reader needs to believe this sweep, or to repeat it, as .md or .html.

        See :func:`cqrsim.reports.sweep_report`, which does it.
        """
        from cqrsim.reports import sweep_report

        return sweep_report(self, path, *names, question=question)

    @cached_property
    def _failures(self) -> dict[RunKey, Failure]:
        return self.results.failures({one.key for one in self._wanted})

    @cached_property
    def _wanted(self) -> list[Wanted]:
        return self.asked.wanted()

    def _metrics(self, names: tuple[str, ...]) -> list[Metric]:
        return find_metrics(self.metrics(), names, DEFAULT_METRICS)

    def _rows(self, metrics: list[Metric] | None) -> pd.DataFrame:
        """The rows of some metrics, or of all; no others are read from a folder."""
        kinds = None if metrics is None else {(metric.metric, metric.stat, metric.unit) for metric in metrics}
        numbers = self.results.numbers([one.key for one in self._wanted], kinds)
        found = [one for one in self._wanted if one.key in numbers]
        many = [numbers[one.key] for one in found]
        counts = np.array([len(one.kinds) for one in many], np.intp)
        return self._labelled(found, counts, summary_of(many))

    def _labelled(self, runs: list[Wanted], counts: np.ndarray[Any, Any], frame: pd.DataFrame) -> pd.DataFrame:
        """A frame with so many rows of each run, behind columns that say whose they are."""
        points = np.repeat(np.array([one.point for one in runs], np.int64), counts)
        columns = {name: values.iloc[points].reset_index(drop=True) for name, values in self.design.columns().items()}
        replications = np.repeat(np.array([one.replication for one in runs], np.int64), counts)
        return pd.DataFrame({"point": points, **columns, "replication": replications, **frame})

    def _settings(self) -> pd.DataFrame:
        return pd.DataFrame(self.design.columns()).rename_axis("point")

    def __repr__(self) -> str:
        failed = f", {len(self.errors)} runs failed (see .errors)" if len(self.errors) else ""
        failed += f", {len(self.unstable)} of them unstable" if self.unstable else ""
        part = "" if self.asked.shard == WHOLE else f", shard {self.asked.shard}"
        return f"Sweep({len(self.design)} points, {self.replications} replications, seed {self.seed}{part}{failed})"

    def _repr_html_(self) -> str:
        heads = {metric.name: metric.heading for metric in self._metrics(())}
        return wording.html_table(repr(self), self.table().rename(columns=heads))


def sweep(
    design: Design,
    replications: int = 10,
    seed: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
    out: str | Path | None = None,
    shard: str | tuple[int, int] | Shard = WHOLE,
    overloaded: str = "mark",
) -> Sweep:
    """Run every point of a design ``replications`` times; all points meet the same luck.

    ``n_jobs`` is joblib's; None takes what an outer ``joblib.parallel_config`` says, and one where there is none.
    ``engine`` is that of ``simulate``.  The result depends on neither.  A run that fails is kept in ``errors`` and
    stops no other.  On Ctrl-C the KeyboardInterrupt that is raised carries what was finished as its ``partial``.

    With ``out``, a folder, finished runs are written there as they come, and are not run again by the next call, be it
    after an interruption or of another design; memory does not grow with the number of runs.  ``shard`` "3/16" runs the
    third of sixteen parts; :func:`gather` puts their folders together.  Points that cannot keep up with their commands
    (see :func:`loads`) are marked and not run; ``overloaded="run"`` runs them, too.

    Raises ScenarioError before anything runs for what is no design or an empty one, if ``replications`` is not at
    least 1, and if clients wait for their answers at some points and not at others; OSError for a folder that cannot be
    written; RunError if no run ends well.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> result = sweep(cq.grid(blog, {"disk.write": [cq.ms(1), cq.ms(2)]}), replications=2)
    >>> sorted(set(result.frame["disk.write"]))
    ['1ms', '2ms']
    """
    n_jobs, confidence, engine = workers(n_jobs), share("confidence", confidence), an_engine(engine)
    counted, seed = whole_number("replications", replications, at_least=1), whole_number("seed", seed)
    asked = Asked(_checked(design), counted, seed, Shard.read(shard), _run_or_mark(overloaded))
    asked.must_have_points()
    if out is None:
        memory = InMemory()
        found = Sweep(asked, confidence, memory)
        _run(found, memory, n_jobs, progress, engine)
    else:
        asked.must_fit_in_files()
        with Keeper(out) as keeper:
            write_asked(Path(out), asked)
            found = Sweep(asked, confidence, keeper.folder)
            _run(found, keeper, n_jobs, progress, engine)
    refuse_only_failures(list(found._failures.values()), len(found.runs))
    return found


def load_results(folder: str | Path, confidence: float = 0.95) -> Sweep:
    """What is there of a sweep that was run with ``out``, complete or not.

    Raises ScenarioError if the folder does not say what was asked.
    """
    return Sweep(read_asked(Path(folder)), share("confidence", confidence), ResultsFolder(folder))


def _run(so_far: Sweep, kept: Keeper | InMemory, n_jobs: int | None, progress: bool | None, engine: str) -> None:
    """Run what is not there yet, all points before any is repeated; on Ctrl-C what is there is handed on."""
    known = so_far.results
    tasks = {one.key: one.task(engine) for one in so_far._wanted}
    waiting = {task.key: key for key, task in tasks.items() if key not in known}
    chosen = sorted((tasks[key] for key in waiting.values()), key=lambda task: (task.replication, task.design))
    there = len(tasks) - len(chosen)
    outcomes: Iterator[Outcome[Summed]] = finished(chosen, sum_up, n_jobs)
    try:
        for outcome in watched(outcomes, len(tasks), progress, before=there):
            _keep(kept, waiting[outcome.key], outcome)
            there += 1
    except KeyboardInterrupt as stopped:
        raise Interrupted([], partial=so_far if there else None) from stopped


def _keep(kept: Keeper | InMemory, key: RunKey, outcome: Outcome[Summed]) -> None:
    if isinstance(outcome, Done):
        kept.take(Result(key, outcome.result.trace, outcome.result.numbers, outcome.result.growth))
    else:
        kept.fail(key, outcome)


def _checked(design: Design) -> Design:
    if not isinstance(design, Design):
        hint = "take its .design" if isinstance(design, SweepFile) else "make one with grid(base, factors)"
        raise ScenarioError((Problem("design", design, "must be a design", hint),))
    if not len(design):
        raise ScenarioError((Problem("design", None, "has no points"),))
    refuse_mixed_points(design)
    return design


def _run_or_mark(overloaded: str) -> bool:
    """Whether points that cannot keep up are run."""
    if overloaded in ("mark", "run"):
        return overloaded == "run"
    raise ScenarioError((Problem("overloaded", overloaded, 'must be "mark" or "run"'),))
