"""Designs against one of them, paired by replication: what differs, by how much, and is it real."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cqrsim.experiments.estimates import Metric, rows_of
from cqrsim.metrics import intervals

COLUMNS = ("design", "name", "unit", "difference", "low", "high", "p_value", "pairs", "correlation", "variance_ratio")


@dataclass(frozen=True)
class Pairs:
    """One metric of two designs, in the replications in which both have it."""

    theirs: pd.Series[float]
    ours: pd.Series[float]
    beyond: bool
    """Whether some values are only lower bounds, so that nothing can be subtracted."""


def difference_table(
    frame: pd.DataFrame, against: str, designs: Sequence[str], metrics: Sequence[Metric], confidence: float
) -> pd.DataFrame:
    """One row per other design and metric; the p-values are adjusted together."""
    rows, beyond = [], []
    for metric in metrics:
        for design in designs:
            if design != against:
                pairs = _pairs(frame, metric, design, against)
                rows.append((design, metric.name, metric.unit, *_difference(pairs, confidence)))
                beyond.append(pairs.beyond)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["design"] = pd.Categorical(table["design"], categories=list(designs), ordered=True)
    table["p_value"] = intervals.holm(table["p_value"])
    compared = zip(table["difference"], table["p_value"], beyond, strict=True)
    table["verdict"] = [_verdict(difference, p_value, open_, 1 - confidence) for difference, p_value, open_ in compared]
    return table


def _pairs(frame: pd.DataFrame, metric: Metric, design: str, against: str) -> Pairs:
    rows = rows_of(frame, metric)
    theirs, ours = (
        rows.loc[rows["design"] == name, ["replication", "value", "lower_bound"]].dropna() for name in (design, against)
    )
    both = theirs.merge(ours, on="replication", suffixes=("_theirs", "_ours"))
    beyond = bool((both["lower_bound_theirs"] | both["lower_bound_ours"]).any())
    return Pairs(both["value_theirs"], both["value_ours"], beyond)


def _difference(pairs: Pairs, confidence: float) -> intervals.Difference:
    """Nothing but the number of pairs, where a side is only known to lie beyond something."""
    nothing = math.nan
    if pairs.beyond:
        return intervals.Difference(nothing, nothing, nothing, nothing, len(pairs.ours), nothing, nothing)
    return intervals.paired_difference(pairs.theirs, pairs.ours, confidence)


def _verdict(difference: float, p_value: float, beyond: bool, level: float) -> str:
    """What may be said of a difference, in words."""
    if beyond:
        return "cannot be told: a value lies beyond what was seen"
    if math.isnan(difference):
        return "cannot be told: nothing to compare"
    if difference == 0 and not p_value < level:
        return "the same"
    if math.isnan(p_value):
        return "cannot be told: too few replications"
    return "not resolved" if p_value >= level else "higher" if difference > 0 else "lower"
