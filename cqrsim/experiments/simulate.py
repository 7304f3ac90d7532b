"""One scenario, one seed, one run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim import metrics
from cqrsim.engines import choosing
from cqrsim.errors import ResultError, TraceError
from cqrsim.experiments.answers.strikes import quiet
from cqrsim.experiments.checks import a_scenario, an_engine, command_number, whole_number
from cqrsim.experiments.plotting import Plotting
from cqrsim.experiments.running.watching import tell
from cqrsim.experiments.sequences import SequenceDiagram
from cqrsim.experiments.showing.files import ready_folder, write_table
from cqrsim.experiments.showing.wording import html_table
from cqrsim.metrics.conversation import conversation
from cqrsim.metrics.perfetto import trace_events
from cqrsim.plan.plan import lower

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario
    from cqrsim.trace import Trace


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """What happened in one simulated run: its scenario, its luck, its trace, and the tables that follow from them.

    Tables are computed when first asked for, and kept.
    """

    scenario: Scenario
    seed: int
    replication: int
    trace: Trace
    _tables: dict[tuple[str, Any], pd.DataFrame] = field(default_factory=dict, init=False)

    @property
    def frame(self) -> pd.DataFrame:
        """The same as :meth:`summary`."""
        return self.summary()

    def summary(self) -> pd.DataFrame:
        """What this run comes to: one row per metric and statistic."""
        return self._table("summary", metrics.summary)

    def commands(self) -> pd.DataFrame:
        """One row per command: every step of its journey, the truth and the client's belief."""
        return self._table("commands", metrics.commands)

    def events(self) -> pd.DataFrame:
        """One row per durable event, in the order of the log."""
        return self._table("events", metrics.events)

    def reads(self) -> pd.DataFrame:
        """One row per look at a projection."""
        return self._table("reads", metrics.reads)

    def episodes(self) -> pd.DataFrame:
        """One row per fault, outage or divergence, with its start and end."""
        return self._table("episodes", metrics.episodes)

    def series(self, bins: int = 200) -> pd.DataFrame:
        """The run over time, in equal bins; averages are weighted by time, never sampled."""
        bins = whole_number("bins", bins, at_least=1)
        return self._table("series", lambda trace: metrics.series(trace, bins=bins), bins)

    def outcomes(self) -> pd.DataFrame:
        """What became of the commands against what their clients believe."""
        return self._table("outcomes", metrics.outcomes)

    def consistency(self) -> pd.DataFrame:
        """Divergence, wrong decisions, staleness and session guarantees."""
        return self._table("consistency", metrics.consistency)

    def anomalies(self) -> pd.DataFrame:
        """What went wrong for good, with witnesses and causes."""
        return self._table("anomalies", metrics.anomalies)

    def faults(self) -> pd.DataFrame:
        """The ledger: one row per firing of a fault and per period in which one was in force."""
        return self._table("faults", metrics.faults)

    def journey(self, command: int) -> pd.DataFrame:
        """Everything that happened to one command, in order; ResultError for a command that was never issued."""
        command = command_number(command)
        try:
            return self._table("journey", lambda trace: metrics.journey(trace, command), command)
        except TraceError as error:
            raise ResultError(str(error)) from None

    def sequence(self, command: int) -> SequenceDiagram:
        """Who said what to whom about one command, as a diagram in text; ResultError for one that was never issued.

        Notebooks and code hosts draw its ``mermaid`` text; :func:`cqrsim.plots.sequence` draws the same.
        """
        command = command_number(command)
        try:
            return SequenceDiagram(conversation(self.trace, command))
        except TraceError as error:
            raise ResultError(str(error)) from None

    @property
    def plot(self) -> Plotting:
        """The pictures that can be drawn of a run: ``run.plot.timeline()``."""
        return Plotting(self, "run")

    def export_perfetto(self, path: str | Path) -> Path:
        """Write the run as a file that trace viewers open: ui.perfetto.dev, or chrome://tracing.

        See :mod:`cqrsim.metrics.perfetto` for what stands where.  Raises OSError if the file cannot be written.
        """
        path = Path(path)
        path.write_text(json.dumps(trace_events(self.trace), separators=(",", ":")), encoding="utf-8")
        return path

    def save(self, folder: str | Path) -> list[Path]:
        """Write the scenario, the trace and the tables into a folder, and return the files.

        Raises OSError if the folder cannot be written.
        """
        folder = ready_folder(Path(folder))
        files = [folder / "scenario.toml", folder / "trace.parquet"]
        self.scenario.save(files[0])
        self.trace.save(files[1])
        for name in ("summary", "commands", "outcomes", "episodes", "anomalies", "faults"):
            files += write_table(getattr(self, name)(), folder / name)
        return files

    def __repr__(self) -> str:
        name = f"{self.scenario.name}, " if self.scenario.name else ""
        told = f"Run({name}seed {self.seed}, replication {self.replication}, {len(self.trace):,} rows of trace)"
        return "\n".join(filter(None, (told, quiet(self.scenario, lambda: self.faults()["fault"]))))

    def _repr_html_(self) -> str:
        return html_table(repr(self), _seen(self.outcomes()))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_tables": {}}

    def _table(self, name: str, compute: Callable[[Trace], pd.DataFrame], detail: Any = None) -> pd.DataFrame:
        """A shallow copy is enough to keep what is remembered from being changed: pandas copies on write."""
        if (name, detail) not in self._tables:
            self._tables[name, detail] = compute(self.trace)
        return self._tables[name, detail].copy(deep=False)


def _seen(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The outcomes that there were, the most frequent first, as people read them."""
    seen = outcomes[outcomes["commands"] > 0].sort_values("commands", ascending=False, kind="stable")
    words = {name: seen[name].astype(str).str.replace("_", " ") for name in ("truth", "belief")}
    heads = {"truth": "what became of the commands", "belief": "what their clients believe", "share": "share, %"}
    return seen.assign(**words, share=100 * seen["share"]).rename(columns=heads)


def simulate(scenario: Scenario, seed: int, replication: int = 0, engine: str = "auto") -> Run:
    """Run a scenario once.

    Seed and replication together choose the luck: the same three arguments give the same run, to the nanosecond.
    Replications of one seed are independent of each other.  ``engine`` is "simpy", "array" or "auto", the faster one;
    the run is the same on each.

    Raises ScenarioError for what is no scenario, for a seed or replication that is no whole number from 0, and for an
    unknown engine; PlanError if the array engine is asked for what only SimPy can run: functions of somebody's own.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(2), warm_up=cq.seconds(0))
    >>> run = simulate(blog, seed=1)
    >>> run.trace.digest() == simulate(blog, seed=1).trace.digest()
    True
    """
    scenario, seed = a_scenario("scenario", scenario), whole_number("seed", seed)
    replication = whole_number("replication", replication)
    engine = an_engine(engine)
    plan = lower(scenario, seed, replication)
    return Run(scenario, seed, replication, choosing.run(plan, engine, tell))
