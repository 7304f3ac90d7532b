"""Which designs may be the best in one metric, all others considered at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cqrsim.errors import ResultError, shown
from cqrsim.experiments.answers.estimates import Metric, rows_of
from cqrsim.metrics.best import against_the_best

BEST, NEARLY, PERHAPS, NOT_BEST = "the best", "best within the margin", "may be the best", "not the best"
UNKNOWN = "cannot be told: a value lies beyond what was seen"
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

    Only replications that all designs have are used.  A design of which values are lower bounds stays out of it.
    """
    if not 0 <= margin < math.inf:
        raise ResultError(f"margin: must be a number from 0, in the unit of {metric.name} (got {shown(margin)})")
    rows = rows_of(frame, metric)
    beyond = set(rows.loc[rows["lower_bound"], "design"])
    open_ = [design for design in designs if design not in beyond]
    values = rows.pivot(index="replication", columns="design", values="value")
    values = values.reindex(columns=open_).dropna()
    if len(open_) < 2 or not len(values):
        raise ResultError(f"to find the best of {metric.name}, two designs must have it in the same replications")
    found = _judged(values, smallest, margin, confidence)
    outside = [(name, *[math.nan] * 4, UNKNOWN, len(values), math.nan) for name in designs if name in beyond]
    table = pd.DataFrame([*found, *outside], columns=list(COLUMNS))
    table["design"] = pd.Categorical(table["design"], categories=list(designs), ordered=True)
    return table.sort_values("design", ignore_index=True)


def _judged(values: pd.DataFrame, smallest: bool, margin: float, confidence: float) -> list[tuple[Any, ...]]:
    found = against_the_best(values.to_numpy(np.float64), smallest, confidence)
    needed = _needed(found.half_width, margin, len(values))
    rows = []
    for place, design in enumerate(values.columns):
        low, high = float(found.low[place]), float(found.high[place])
        nearest, worst = (low, high) if smallest else (-high, -low)
        said = BEST if worst <= 0 else NEARLY if worst <= margin else PERHAPS if nearest < 0 else NOT_BEST
        difference = float(found.differences[place])
        rows.append((design, float(found.means[place]), difference, low, high, said, len(values), needed))
    return rows


def _needed(half_width: float, margin: float, runs: int) -> float:
    """How many replications make the half-width as small as the margin, roughly; NaN without a margin."""
    if not margin or not math.isfinite(half_width):
        return math.nan
    return float(max(runs, math.ceil(runs * (half_width / margin) ** 2)))
