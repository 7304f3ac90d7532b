"""Where does one design overtake another?  Paired differences over one setting, or over two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cqrsim.errors import Problem, ResultError, ScenarioError
from cqrsim.experiments.answers.crossings import Band
from cqrsim.experiments.answers.differences import pairs_of
from cqrsim.experiments.answers.directions import Better, better
from cqrsim.experiments.answers.estimates import Metric, metrics_of, unknown
from cqrsim.experiments.checks import a_scenario, an_engine, share, whole_number, workers
from cqrsim.experiments.designs.axis import Axis
from cqrsim.experiments.designs.design import Design
from cqrsim.experiments.designs.designs import grid
from cqrsim.experiments.running.collect import collect
from cqrsim.experiments.running.measured import sum_up
from cqrsim.experiments.running.runs import Task, run_all
from cqrsim.experiments.running.shared import refuse_mixed_clients
from cqrsim.experiments.showing import wording
from cqrsim.scenario import Scenario

UNRESOLVED = "unresolved"


@dataclass(frozen=True, eq=False, repr=False)
class Breakeven:
    """How two designs differ in one metric, at each point of a grid of one or two settings.

    ``frame`` has one row per point: the settings, as text and (``x``, ``y``) as numbers in the units of ``axes``; the
    paired ``difference`` of the means, the first design minus the second, from ``low`` to ``high``, each with this
    confidence by itself; the number of ``pairs``; and a ``verdict``: "<name> better" (or "lower", of metrics that have
    no better), "unresolved", or why it cannot be told.
    """

    names: tuple[str, str]
    metric: Metric
    axes: tuple[Axis, ...]
    replications: int
    seed: int
    confidence: float
    frame: pd.DataFrame
    errors: pd.DataFrame

    def crossings(self) -> pd.DataFrame:
        """Where one design overtakes the other along the first setting, for each value of the second one.

        One row per crossing: the place ``at`` which it is interpolated and between which places (``low``, ``high``) it
        lies, that is where the ends of the interval cross 0; and which design is ``before`` and ``after`` it the better
        one.  No row: there is no crossing within the range that is resolved on both sides.

        Each point is judged with the confidence by itself.  Of many points at which the designs do not differ some look
        as if they did: trust a crossing that has several resolved points on either side.
        """
        rows = []
        for name, part in self._rows():
            for found in _band(part).crossings():
                before, after = (self.names[self._winner(sign)] for sign in (found.before, -found.before))
                rows.append((*name, found.at, found.low, found.high, before, after))
        seconds = [axis.path for axis in self.axes[1:]]
        return pd.DataFrame(rows, columns=[*seconds, "at", "low", "high", "before", "after"])

    def sentence(self) -> str:
        """What is found, in words with numbers; with two settings a sentence for each value of the second one."""
        told = []
        for name, part in self._rows():
            where = f"At {self.axes[1].path} = {name[0]} " if name else ""
            told.append(f"{where}{self._told(part)}")
        return "\n".join(line[0].upper() + line[1:] if line[0] != '"' else line for line in told)

    def __repr__(self) -> str:
        over = " and ".join(axis.path for axis in self.axes)
        failed = f", {len(self.errors)} runs failed (see .errors)" if len(self.errors) else ""
        runs = f"{self.replications} replications, seed {self.seed}{failed}"
        head = f'Breakeven({self.metric.name} of "{self.names[0]}" minus "{self.names[1]}" over {over}; {runs})'
        return f"{head}\n{self.sentence()}"

    def _repr_html_(self) -> str:
        shown = self.frame.drop(columns=["x", "y"], errors="ignore")
        cells = zip(shown["difference"], shown["high"] - shown["difference"], strict=True)
        scale = wording.scale(self.metric.unit)
        shown["difference"] = [wording.number(value * scale, half * scale) for value, half in cells]
        return wording.html_table(repr(self), shown.drop(columns=["low", "high"]))

    def _rows(self) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
        """The points along the first setting, for each value of the second."""
        if len(self.axes) == 1:
            return [((), self.frame)]
        path = self.axes[1].path
        return [((str(value),), part) for value, part in self.frame.groupby(path, observed=True, sort=False)]

    def _winner(self, sign: int) -> int:
        """Which of the two is ahead where the difference has this sign."""
        return int((sign > 0) == (better(self.metric) != Better.MORE))

    def _told(self, part: pd.DataFrame) -> str:
        axis, crossings = self.axes[0], _band(part).crossings()
        if not crossings:
            return self._without_crossing(part)
        told = [f"{self._leads(crossings[0].before)} up to {axis.path} = {self._place(crossings[0])}"]
        told += [f'then "{self.names[self._winner(one.before)]}" up to {self._place(one)}' for one in crossings[1:]]
        last, each = self.names[self._winner(-crossings[-1].before)], f"{wording.plain(100 * self.confidence)} %"
        return f'{", ".join(told)}, and beyond that "{last}" (each point judged at {each} by itself).'

    def _leads(self, sign: int) -> str:
        return f'"{self.names[self._winner(sign)]}" {_ahead(self.metric)} {self.metric.name}'

    def _place(self, found: Any) -> str:
        at, low, high = (self.axes[0].text(number) for number in (found.at, found.low, found.high))
        return f"{at} (between {low} and {high})"

    def _without_crossing(self, part: pd.DataFrame) -> str:
        signs, axis = _band(part).signs, self.axes[0]
        resolved = [sign for sign in signs if sign]
        if not resolved:
            return f"{self.metric.name} of the two is not told apart at any of {len(signs)} values of {axis.path}."
        if len(resolved) == len(signs):
            return (
                f"{self._leads(resolved[0])} at all {len(signs)} values of {axis.path}: no crossing within the range."
            )
        some = f"{len(resolved)} of {len(signs)} values of {axis.path}"
        return f"{self._leads(resolved[0])} at {some}; at the others that cannot be told, so no crossing is sure."


def breakeven(
    a: Scenario | tuple[str, Scenario],
    b: Scenario | tuple[str, Scenario],
    metric: str,
    over: Mapping[str, Sequence[Any]],
    replications: int = 10,
    seed: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
) -> Breakeven:
    """Run two designs at every point of a grid, on the same commands and luck, and find where one overtakes the other.

    A design is a scenario, or a name with one.  ``over`` has one path with its values, for a curve, or two, for a
    surface: durations, rates, sizes or numbers.  A point at which a design surely cannot keep up with its commands is
    not simulated.

    Raises ScenarioError before anything runs for settings that do not exist, values that are refused, and designs of
    which only one has clients that wait for their answers; ResultError for a metric that does not exist.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> wait = ("wait", blog.with_(feedback=cq.SyncValidation("written")))
    >>> forward = ("forward", blog.with_(feedback=cq.ForwardEvent(poll=cq.ms(8))))
    >>> found = breakeven(wait, forward, "feedback_ms_p50", {"disk.write": ["1ms", "2ms"]}, replications=3)
    >>> print(found.sentence())
    "wait" has the better feedback_ms_p50 at all 2 values of disk.write: no crossing within the range.
    """
    designs = _two_designs(a, b)
    over = _one_or_two(over)
    grids = [grid(scenario, over) for scenario in designs.values()]
    axes = _axes(grids[0])
    refuse_mixed_clients(designs)
    asked = _asked(metric, designs)
    replications = whole_number("replications", replications, at_least=2)
    seed, confidence, n_jobs = whole_number("seed", seed), share("confidence", confidence), workers(n_jobs)
    reasons = _overloads(grids, list(designs))
    tasks = [
        Task(2 * point + side, replication, scenario, seed, an_engine(engine))
        for point, why in enumerate(reasons)
        for replication in range(0 if why else replications)
        for side, scenario in enumerate(one.points[point][1] for one in grids)
    ]
    labels = {"point": [number // 2 for number in range(2 * len(reasons))], "design": [*designs] * len(reasons)}
    outcomes = run_all(tasks, sum_up, n_jobs, progress)
    found = collect(tasks, outcomes, {name: pd.Series(values) for name, values in labels.items()})
    names = (*designs,)
    result = Breakeven((names[0], names[1]), asked, axes, replications, seed, confidence, pd.DataFrame(), found.errors)
    return _with_points(result, found.frame, grids[0], reasons)


def _two_designs(a: Any, b: Any) -> dict[str, Scenario]:
    """The two designs by their names: those that are given, or those of the scenarios, or "a" and "b"."""
    named = []
    for label, given in (("a", a), ("b", b)):
        pair = given if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str) else ("", given)
        named.append((pair[0], a_scenario(label, pair[1])))
    names = [name or scenario.name for name, scenario in named]
    if not all(names) or names[0] == names[1]:
        names = [name or label for (name, _), label in zip(named, "ab", strict=True)]
    if names[0] == names[1]:
        raise ScenarioError((Problem("b", names[1], "must have another name than a"),))
    return dict(zip(names, (scenario for _, scenario in named), strict=True))


def _one_or_two(over: Any) -> Mapping[str, Sequence[Any]]:
    if not isinstance(over, Mapping) or not 1 <= len(over) <= 2 or not all(isinstance(path, str) for path in over):
        hint = 'write {"disk.write": [ms(1), ms(2)]}'
        raise ScenarioError((Problem("over", over, "must be a dict of one or two paths with their values", hint),))
    return over


def _axes(design: Design) -> tuple[Axis, ...]:
    problems: list[Problem] = []
    axes = tuple(Axis.of(path, [settings[path] for settings, _ in design], problems) for path in design.paths)
    if problems:
        raise ScenarioError(problems)
    return axes


def _asked(metric: str, designs: Mapping[str, Scenario]) -> Metric:
    known = metrics_of(designs.values())
    if metric not in known:
        raise ResultError(unknown("metric", str(metric), list(known)))
    return known[metric]


def _overloads(grids: Sequence[Design], names: Sequence[str]) -> list[str]:
    """For each point which design cannot keep up there, and why; empty if both can."""
    return [
        "; ".join(f'"{name}" is overloaded: {why}' for name, why in zip(names, whys, strict=True) if why)
        for whys in zip(*(one.overloads for one in grids), strict=True)
    ]


def _with_points(empty: Breakeven, frame: pd.DataFrame, design: Design, reasons: Sequence[str]) -> Breakeven:
    """The result with a row for each point, along the first axis for each value of the second."""
    rows = []
    for point, (settings, _) in enumerate(design):
        numbers = [axis.number(settings[axis.path]) for axis in empty.axes]
        texts = {axis.path: str(settings[axis.path]) for axis in empty.axes}
        found = _difference(empty, frame[frame["point"] == point], reasons[point])
        rows.append(texts | dict(zip("xy", numbers, strict=False)) | found)
    order = ["y", "x"] if len(empty.axes) == 2 else ["x"]
    ordered = pd.DataFrame(rows).sort_values(order, kind="stable", ignore_index=True)
    return Breakeven(**{**empty.__dict__, "frame": ordered})


def _difference(asked: Breakeven, frame: pd.DataFrame, reason: str) -> dict[str, Any]:
    if reason:
        return {"difference": math.nan, "low": math.nan, "high": math.nan, "pairs": 0, "verdict": reason}
    pairs = pairs_of(frame, asked.metric, *asked.names)
    low, high = pairs.interval(asked.confidence)
    value = math.nan if pairs.beyond else float((pairs.theirs - pairs.ours).mean())
    sign = (low > 0) - (high < 0)
    ahead = "lower" if better(asked.metric) == Better.NEITHER else "better"
    verdict = f"{asked.names[asked._winner(sign)]} {ahead}" if sign else UNRESOLVED
    return {"difference": value, "low": low, "high": high, "pairs": len(pairs.ours), "verdict": verdict}


def _band(part: pd.DataFrame) -> Band:
    return Band.of(*(part[name].tolist() for name in ("x", "difference", "low", "high")))


def _ahead(metric: Metric) -> str:
    return "has the lower" if better(metric) == Better.NEITHER else "has the better"
