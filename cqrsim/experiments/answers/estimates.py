"""Metrics over replications: means with intervals, paired differences, and the names by which they are asked for.

Intervals come from the replications only.  A percentile is averaged over the replications' percentiles; where some of
them are known only to lie beyond a time, the mean is, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cqrsim.errors import ResultError, did_you_mean
from cqrsim.experiments.showing import wording
from cqrsim.metrics import intervals, summary
from cqrsim.plan.plan import lower
from cqrsim.scenario import Scenario
from cqrsim.trace import COLUMNS, Trace

WHOLE = {"share": 1.0, "per_million": 1e6}
"""Units of shares, and what all of something is in them."""

COUNT = "count"
"""The statistic that says how many there were."""


@dataclass(frozen=True)
class Metric:
    """A metric and a statistic of it; people write the two as one name, such as "feedback_ms_p99"."""

    name: str
    metric: str
    stat: str
    unit: str

    @property
    def heading(self) -> str:
        """How a table calls it."""
        return wording.heading(self.metric, self.stat, self.unit)

    @property
    def is_count(self) -> bool:
        """Whether it is a number of things, of which there may be none by chance."""
        return self.stat == COUNT and not self.unit

    @property
    def whole(self) -> float:
        """What all of something is in its unit; infinite where there is no all."""
        return WHOLE.get(self.unit, math.inf)


@dataclass(frozen=True)
class Estimate:
    """A mean over replications and its interval; NaN where there is nothing to say."""

    value: float
    low: float
    high: float
    runs: int
    beyond: bool = False
    """Whether ``value`` is only a lower bound."""

    @property
    def half_width(self) -> float:
        """Half the interval."""
        return (self.high - self.low) / 2

    def text(self, scale: float = 1.0, interval: bool = True) -> str:
        """As a cell of a table."""
        if self.beyond:
            return wording.at_least(self.value * scale)
        if interval and self.value == 0 and 0 < self.high < math.inf:
            return wording.zero(self.high * scale)
        interval = interval and self.high > self.value  # what is all in every run cannot be more
        return wording.number(self.value * scale, self.half_width * scale if interval else math.nan)


def metrics_in(frame: pd.DataFrame) -> dict[str, Metric]:
    """All metrics of a long frame, by the name under which they are asked for."""
    kinds = frame[["metric", "stat", "unit"]].drop_duplicates().astype(str)
    found = (Metric(full_name(*kind[:2]), *kind) for kind in kinds.itertuples(index=False, name=None))
    return {metric.name: metric for metric in found}


def full_name(metric: str, stat: str) -> str:
    """The name of a metric's statistic; "value" goes without saying.

    >>> full_name("feedback_ms", "p99"), full_name("time_to_full_s", "value")
    ('feedback_ms_p99', 'time_to_full_s')
    """
    return metric if stat in ("", "value") else f"{metric}_{stat}"


def find_metrics(frame: pd.DataFrame, names: Sequence[str], default: Sequence[str]) -> list[Metric]:
    """The metrics of these names, or those of the default ones that exist; ResultError for names that do not."""
    known = metrics_in(frame)
    if not names:
        return [known[name] for name in default if name in known]
    if wrong := [name for name in names if name not in known]:
        raise ResultError("\n".join(unknown("metric", name, list(known)) for name in wrong))
    return [known[name] for name in names]


def check_names(names: Sequence[str], scenarios: Iterable[Scenario]) -> None:
    """Find out, before anything runs, whether there will be metrics of these names; ResultError if not.

    >>> import cqrsim as cq
    >>> check_names(["feedback_ms_p98"], [cq.presets.blog()])
    Traceback (most recent call last):
    cqrsim.errors.ResultError: no metric "feedback_ms_p98"; did you mean "feedback_ms_p99"?
    """
    if names:
        find_metrics(_nothing_measured(scenarios), names, ())


def metrics_of(scenarios: Iterable[Scenario]) -> dict[str, Metric]:
    """All metrics that runs of these scenarios will have, by name; nothing is run."""
    return metrics_in(_nothing_measured(scenarios))


def _nothing_measured(scenarios: Iterable[Scenario]) -> pd.DataFrame:
    return pd.concat([_nothing_happened(scenario) for scenario in scenarios])


def _nothing_happened(scenario: Scenario) -> pd.DataFrame:
    """The summary of a run of which there are no rows yet."""
    plan = lower(scenario.with_(length="1s", warm_up="0s"), seed=0)
    rows = np.empty((0, len(COLUMNS)), np.int64)
    return summary(Trace.from_rows(rows, plan.marks, plan.looks.reads, plan.about))


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """What to say of a name that does not exist.

    >>> unknown("design", "wiat", ["wait", "silence"])
    'no design "wiat"; did you mean "wait"?'
    """
    hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
    return f'no {kind} "{name}"; {hint}'


def estimate_all(frame: pd.DataFrame, by: str, metrics: Sequence[Metric], confidence: float) -> pd.DataFrame:
    """One row per group and metric: value, low, high, runs, and whether the value is only a lower bound."""
    rows = []
    for metric in metrics:
        for group, part in rows_of(frame, metric).groupby(by, observed=True, sort=True):
            rows.append((group, metric.name, metric.unit, *_row(estimate(part, metric.unit, confidence))))
    return pd.DataFrame(rows, columns=[by, "name", "unit", "value", "low", "high", "runs", "beyond"])


def text_of_all(
    frame: pd.DataFrame, by: str, metrics: Sequence[Metric], confidence: float, interval: bool
) -> pd.DataFrame:
    """One row per group, one column per metric, as text to read; index is the groups."""
    columns = {}
    for metric in metrics:
        groups = rows_of(frame, metric).groupby(by, observed=False, sort=True)
        columns[metric.name] = {
            group: estimate(part, metric.unit, confidence).text(wording.scale(metric.unit), interval)
            for group, part in groups
        }
    return pd.DataFrame(columns).rename_axis(by)


def estimate(rows: pd.DataFrame, unit: str, confidence: float) -> Estimate:
    """The mean over replications of one metric in one design.

    If nothing was seen in any replication, a share is at most 3/n with 95 % confidence (the rule of three), and if
    nothing else was, at least 1 - 3/n.  Here n are the commands of all replications, as if they were independent of
    each other: there are no replications that differ, from which it could be told how much they depend.  What strikes
    many commands at once, such as a rare fault that never came, may be likelier than that.

    Where a count is 0 in all replications, no more than 3 of as many runs have any, with 95 % confidence, which bounds
    the mean of what comes one at a time (Poisson); fewer than 3 runs bound nothing.
    """
    values = rows["value"].to_numpy(np.float64)
    there = ~np.isnan(values)
    values, runs = values[there], int(there.sum())
    if not runs:
        return Estimate(math.nan, math.nan, math.nan, 0)
    if rows["lower_bound"].to_numpy(np.bool_)[there].any():
        return Estimate(float(values.mean()), math.nan, math.nan, runs, beyond=True)
    if unit in WHOLE and (not values.any() or (values == WHOLE[unit]).all()):
        share, of = float(values[0]) / WHOLE[unit], int(rows["n"].sum())
        found = intervals.share_interval([share], of, confidence)
        return Estimate(float(values[0]), found.low * WHOLE[unit], found.high * WHOLE[unit], runs)
    if not unit and not values.any() and (rows["stat"] == COUNT).all():
        return Estimate(0.0, 0.0, intervals.most_of_none(runs, confidence), runs)
    return Estimate(*intervals.mean_interval(values, confidence), runs)


def rows_of(frame: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """The rows of a long frame that hold one metric."""
    return frame[(frame["metric"] == metric.metric) & (frame["stat"] == metric.stat)]


def _row(estimate: Estimate) -> tuple[float, float, float, int, bool]:
    return estimate.value, estimate.low, estimate.high, estimate.runs, estimate.beyond
