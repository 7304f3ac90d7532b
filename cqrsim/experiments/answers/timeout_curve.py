"""How long should a handler wait for its own events?  What each timeout costs, beside what theory says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.errors import Problem, ScenarioError, UnitError
from cqrsim.experiments.answers.estimates import estimate, metrics_in, rows_of
from cqrsim.experiments.answers.timeout_figures import measure_timeouts
from cqrsim.experiments.answers.timeout_theory import Theory
from cqrsim.experiments.checks import a_scenario, an_engine, share, whole_number, workers
from cqrsim.experiments.running.collect import Collected, collect
from cqrsim.experiments.running.measured import Summed
from cqrsim.experiments.running.runs import Task, run_all
from cqrsim.experiments.showing import wording
from cqrsim.scenario import FromPublished
from cqrsim.units import Duration

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario


@dataclass(frozen=True, eq=False, repr=False)
class TimeoutCurve:
    """What each timeout of a handler that listens to its own events costs.

    ``frame`` has one row per timeout.  For each of ``false_timeout_share``, ``turn_held_ms_mean``,
    ``turn_held_ms_p99`` and ``double_accept_share`` there is a column with the estimate, two with the ends of its
    interval (``..._low``, ``..._high``), and one with what theory says (``..._theory``).  Theory takes it that nothing
    queues: appends do not wait for each other, and messages may overtake each other.  It is NaN where it does not
    apply; ``silent`` says why.

    * false timeouts: appends that the handler gave up though they were or became durable, as a share of all appends;
    * turns held: from the admission of a command that appends something to the passing on of its turn;
    * double accepts: of the aggregates that first accepted a command in the window, the share that later accepted one
      that the log forbids.
    """

    scenario: Scenario
    timeouts: tuple[Duration, ...]
    replications: int
    seed: int
    confidence: float
    frame: pd.DataFrame
    silent: dict[str, str]
    errors: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row per timeout as text: each estimate with its interval, and beside it the theory."""
        shown = {"timeout": [str(timeout) for timeout in self.timeouts]}
        for name in _names(self.frame):
            scale = 100.0 if name.endswith("_share") else 1.0
            rows = self.frame[[name, f"{name}_high"]].itertuples(index=False, name=None)
            shown[name] = [_cell(value * scale, (high - value) * scale) for value, high in rows]
            if name not in self.silent:
                shown[f"{name}_theory"] = [wording.plain(value * scale, 3) for value in self.frame[f"{name}_theory"]]
        return pd.DataFrame(shown)

    def __repr__(self) -> str:
        ends = f"{self.timeouts[0]} to {self.timeouts[-1]}"
        failed = f", {len(self.errors)} runs failed (see .errors)" if len(self.errors) else ""
        told = f"TimeoutCurve({len(self.timeouts)} timeouts, {ends}; {self.replications} replications, seed {self.seed}"
        why = [f"No theory for {name}: {reason}." for name, reason in self.silent.items()]
        return "\n".join([f"{told}{failed})", *why])

    def _repr_html_(self) -> str:
        return wording.html_table(repr(self), self.table())


def timeout_curve(
    scenario: Scenario,
    timeouts: Iterable[Any],
    replications: int = 20,
    seed: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
) -> TimeoutCurve:
    """Run a scenario whose state is ``FromPublished`` with several timeouts, on the same commands and luck.

    Each of ``timeouts``, a duration or its text, takes the place of ``state.give_up_after``.  Raises ScenarioError
    before anything runs for scenarios with another state, and for timeouts that are none.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0), state=cq.FromPublished())
    >>> curve = timeout_curve(blog, ["2ms", "20ms"], replications=2)
    >>> curve.frame["false_timeout_share_theory"].round(3).tolist()
    [0.012, 0.0]
    """
    scenario = _checked(scenario)
    tried = _durations(timeouts)
    replications = whole_number("replications", replications, at_least=1)
    seed, confidence, n_jobs = whole_number("seed", seed), share("confidence", confidence), workers(n_jobs)
    variants = [scenario.with_({"state.give_up_after": timeout}) for timeout in tried]
    tasks = [
        Task(number, replication, variant, seed, an_engine(engine))
        for number, variant in enumerate(variants)
        for replication in range(replications)
    ]
    outcomes = run_all(tasks, measure_timeouts, n_jobs, progress)
    found = collect(tasks, outcomes, {"timeout": pd.Series([str(timeout) for timeout in tried])})
    theory = Theory(scenario, float(max(tried)))
    frame = _frame(found, tried, theory, confidence)
    return TimeoutCurve(scenario, tried, replications, seed, confidence, frame, dict(theory.silent), found.errors)


def _checked(scenario: Any) -> Scenario:
    found = a_scenario("scenario", scenario)
    if not isinstance(found.state, FromPublished):
        message = f"must be FromPublished, whose turns wait for events, not {type(found.state).__name__}"
        raise ScenarioError((Problem("state", None, message, "write scenario.with_(state=FromPublished())"),))
    return found


def _durations(given: Any) -> tuple[Duration, ...]:
    """The timeouts in their order, each once, the shortest first."""
    if isinstance(given, str | Duration) or not isinstance(given, Iterable):
        raise ScenarioError((Problem("timeouts", given, "must be a list of durations", "write [ms(10), ms(100)]"),))
    found, problems = list[Duration](), list[Problem]()
    for one in given:
        try:
            timeout = Duration.accept(one)
            problems += [] if timeout else [Problem("timeouts", one, "must be more than 0")]
            found.append(timeout)
        except UnitError as error:
            problems.append(Problem("timeouts", None, str(error)))
    if not found and not problems:
        problems.append(Problem("timeouts", None, "there is nothing to try"))
    if problems:
        raise ScenarioError(problems)
    return tuple(sorted(set(found)))


def _frame(found: Collected[Summed], timeouts: Sequence[Duration], theory: Theory, confidence: float) -> pd.DataFrame:
    rows, frame = [], found.frame
    for timeout in timeouts:
        row: dict[str, Any] = {"timeout": str(timeout), "timeout_ms": float(timeout) / 1e6}
        mine, expected = frame[frame["timeout"] == str(timeout)], theory.of(float(timeout))
        for name, metric in metrics_in(frame).items():
            value = estimate(rows_of(mine, metric), metric.unit, confidence)
            row |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
            row[f"{name}_theory"] = expected[name]
        rows.append(row)
    return pd.DataFrame(rows)


def _names(frame: pd.DataFrame) -> list[str]:
    """What is estimated in a curve's frame."""
    return [name.removesuffix("_theory") for name in frame.columns if name.endswith("_theory")]


def _cell(value: float, half_width: float) -> str:
    if value == 0 and half_width > 0:
        return wording.zero(half_width)
    return wording.number(value, half_width)
