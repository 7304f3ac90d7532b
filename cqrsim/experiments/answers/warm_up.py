"""A suggestion for the warm-up, from the mean over replications (MSER-5)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.errors import Problem, ResultError, RunError, ScenarioError
from cqrsim.experiments.answers.estimates import metrics_of, unknown
from cqrsim.experiments.checks import a_scenario, an_engine, whole_number, workers
from cqrsim.experiments.running.runs import Done, Task, run_all
from cqrsim.experiments.showing.wording import html_table
from cqrsim.experiments.simulate import simulate
from cqrsim.metrics.latencies import latencies
from cqrsim.metrics.mser import mser
from cqrsim.metrics.paths import paths
from cqrsim.metrics.waits import NS
from cqrsim.scenario import Scenario
from cqrsim.trace import Trace
from cqrsim.units import Duration

BATCH = 5
"""Commands per batch: the five in MSER-5."""

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
"""When the commands of a run were due (ns), and how long they waited (ms), in the order in which they were due."""


@dataclass(frozen=True, eq=False, repr=False)
class WarmUp:
    """A suggested warm-up; ``curve`` has the mean wait of each five commands, and the statistic if cut before them.

    A suggestion that is not ``trusted`` lies in the second half of the run, or at its middle: all that it says is
    that longer runs are needed.
    """

    warm_up: Duration
    trusted: bool
    metric: str
    replications: int
    curve: pd.DataFrame

    @property
    def sentence(self) -> str:
        """What is suggested, and how far to trust it."""
        start = f"MSER-5 on {self.metric}, averaged over {self.replications} replications, suggests a warm-up of "
        if self.trusted:
            return f"{start}{self.warm_up}."
        return f"{start}{self.warm_up}, which is not to be trusted: it lies in the second half; make the runs longer."

    def __repr__(self) -> str:
        return f"WarmUp({self.sentence})"

    def _repr_html_(self) -> str:
        return html_table(self.sentence, self.curve.head(10))


def suggest_warm_up(
    scenario: Scenario,
    replications: int = 10,
    metric: str = "feedback_ms",
    seed: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    engine: str = "auto",
) -> WarmUp:
    """Where a scenario has warmed up, as its replications show together (White 1997; Franklin and White 2008).

    The scenario runs without its own warm-up.  The rule is applied to the mean over the replications, command by
    command in the order in which they are due: applied to single runs it makes the bias worse.  What did not end counts
    with how long it was followed.  It is a suggestion: look at ``curve``, and take more rather than less.

    Raises ScenarioError for what is no scenario or no number of replications, ResultError for a metric that is no
    latency and for runs of fewer than 50 commands, RunError if a run fails.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(4), warm_up=cq.seconds(0))
    >>> suggest_warm_up(blog, replications=3).trusted
    True
    """
    scenario = a_scenario("scenario", scenario).with_(warm_up="0s")
    replications, seed = whole_number("replications", replications, at_least=1), whole_number("seed", seed)
    engine, n_jobs = an_engine(engine), workers(n_jobs)
    _check_latency(metric, scenario)
    tasks = [Task(0, number, scenario, seed, engine) for number in range(replications)]
    outcomes = run_all(tasks, partial(_curve_of, name=metric.removesuffix("_ms")), n_jobs, progress)
    curves = []
    for outcome in outcomes:
        if not isinstance(outcome, Done):
            raise RunError(f"a run failed: {outcome.message}")
        curves.append(outcome.result)
    return _suggested(curves, metric)


def _check_latency(metric: str, scenario: Scenario) -> None:
    if not isinstance(metric, str):
        raise ScenarioError((Problem("metric", metric, 'must be the name of a latency, such as "feedback_ms"'),))
    derived = ("durable_", "refused_", "failed_")
    names = [one.metric for one in metrics_of([scenario]).values() if one.unit == "ms" and one.stat == "p50"]
    known = [name for name in names if not name.startswith(derived) and not name.endswith("_from_sent_ms")]
    if metric not in known:
        raise ResultError(unknown("latency", metric, known))


def _curve_of(task: Task, name: str) -> Curve:
    return in_order(simulate(task.scenario, task.seed, task.replication, task.engine).trace, name)


def in_order(trace: Trace, name: str) -> Curve:
    """The waits of all commands in the order in which they are due, as far as they were followed."""
    wait, came = latencies(trace)[name], paths(trace).intended
    stopped = np.select([wait.until >= 0, wait.given_up >= 0], [wait.until, wait.given_up], trace.about.end_ns)
    there = np.flatnonzero(wait.counted & (wait.since >= 0) & paths(trace).in_window)
    there = there[np.argsort(came[there], kind="stable")]
    return came[there].astype(np.float64), np.maximum(stopped - wait.since, 0)[there] / NS


def _suggested(curves: list[Curve], metric: str) -> WarmUp:
    shortest = min(len(waits) for _, waits in curves)
    came, waits = (np.mean([curve[side][:shortest] for curve in curves], axis=0) for side in (0, 1))
    try:
        found = mser(waits, BATCH)
    except ValueError as error:
        raise ResultError(f"{error}: make the run longer") from None
    begins = came[: len(found.batches) * BATCH : BATCH]
    curve = pd.DataFrame({"at_ms": begins / NS, metric: found.batches, "mser": found.curve})
    cut = Duration(round(begins[found.leave_out // BATCH])) if found.leave_out else Duration(0)
    return WarmUp(cut, found.in_first_half, metric, len(curves), curve)
