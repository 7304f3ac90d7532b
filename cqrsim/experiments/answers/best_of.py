"""Which designs may be the best in one metric, all others considered at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from cqrsim.errors import ResultError, shown
from cqrsim.experiments.answers.differences import LEAST_ALIKE
from cqrsim.experiments.answers.estimates import WHOLE, Metric, rows_of
from cqrsim.experiments.checks import share
from cqrsim.metrics.best import against_the_best

BEST, NEARLY, PERHAPS, NOT_BEST = "the best", "best within the margin", "may be the best", "not the best"
UNKNOWN = "cannot be told: a value lies beyond what was seen"
NOTHING = "cannot be told: there is no value"
COLUMNS = ("design", "value", "difference", "low", "high", "verdict", "replications", "replications_needed")


def best_of(
    frame: pd.DataFrame,
    designs: Sequence[str],
    metric: Metric,
    smallest: bool = True,
    margin: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """One row per design: its mean minus the best of the others, with simultaneous intervals, and what that says.

    Only replications that all designs have are used.  A design of which values are lower bounds, or of which there are
    none, stays out of it.  Of two that are alike each may be the best.
    """
    if isinstance(margin, bool) or not isinstance(margin, Real) or not 0 <= float(margin) < math.inf:
        raise ResultError(f"margin: must be a number from 0, in the unit of {metric.name} (got {shown(margin)})")
    confidence = share("confidence", confidence)
    rows = rows_of(frame, metric)
    beyond = set(rows.loc[rows["lower_bound"], "design"])
    there = set(rows.loc[rows["value"].notna(), "design"])
    outside = {name: UNKNOWN if name in beyond else NOTHING for name in designs if name in beyond or name not in there}
    values = rows.pivot(index="replication", columns="design", values="value")
    values = values.reindex(columns=[design for design in designs if design not in outside]).dropna()
    if values.shape[1] < 2 or not len(values):
        raise ResultError(f"to find the best of {metric.name}, two designs must have it in the same replications")
    found = _judged(values, metric, smallest, margin, confidence)
    untold = [(name, *[math.nan] * 4, why, len(values), math.nan) for name, why in outside.items()]
    table = pd.DataFrame([*found, *untold], columns=list(COLUMNS))
    table["design"] = pd.Categorical(table["design"], categories=list(designs), ordered=True)
    return table.sort_values("design", ignore_index=True)


def _judged(
    values: pd.DataFrame, metric: Metric, smallest: bool, margin: float, confidence: float
) -> list[tuple[Any, ...]]:
    found = against_the_best(values.to_numpy(np.float64), smallest, confidence)
    needed = _needed(found.half_width, margin, len(values))
    chance, rows = _perhaps_chance(values, metric), []
    for place, design in enumerate(values.columns):
        low, high = float(found.low[place]), float(found.high[place])
        nearest, worst = (low, high) if smallest else (-high, -low)
        said = BEST if worst <= 0 else NEARLY if worst <= margin else PERHAPS if nearest < 0 else NOT_BEST
        difference = float(found.differences[place])
        said = PERHAPS if chance or (said == BEST and difference == 0) else said
        rows.append((design, float(found.means[place]), difference, low, high, said, len(values), needed))
    return rows


def _perhaps_chance(values: pd.DataFrame, metric: Metric) -> bool:
    """Whether the designs differ by the same in all replications, and that of something counted, which few may do."""
    if not metric.is_count and metric.unit not in WHOLE:
        return False
    apart = values.sub(values.iloc[:, 0], axis=0).to_numpy(np.float64)
    return bool((np.ptp(apart, axis=0) == 0).all() and (len(values) < LEAST_ALIKE or not apart.any()))


def _needed(half_width: float, margin: float, runs: int) -> float:
    """How many replications make the half-width as small as the margin, roughly; NaN without a margin."""
    if not margin or not math.isfinite(half_width):
        return math.nan
    return float(max(runs, math.ceil(runs * (half_width / margin) ** 2)))
