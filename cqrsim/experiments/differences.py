"""Designs against one of them, paired by replication: what differs, by how much, and is it real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cqrsim.experiments.estimates import Floats, Metric, rows_of
from cqrsim.metrics import intervals

COLUMNS = (
    "design",
    "name",
    "unit",
    "difference",
    "low",
    "high",
    "p_value",
    "pairs",
    "correlation",
    "variance_ratio",
    "verdict",
)


@dataclass(frozen=True)
class Paired:
    """One metric of two designs, in the replications in which both have it."""

    theirs: Floats
    ours: Floats
    beyond: bool
    """Whether some of the values are only lower bounds, so that nothing can be subtracted."""


def difference_table(
    frame: pd.DataFrame, against: str, designs: Sequence[str], metrics: Sequence[Metric], confidence: float
) -> pd.DataFrame:
    """One row per other design and metric; the p-values are adjusted together."""
    rows = [
        {"design": design, "name": metric.name, "unit": metric.unit}
        | _difference(_pair(frame, metric, design, against), confidence)
        for metric in metrics
        for design in designs
        if design != against
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    tested = table["p_value"].notna()
    table.loc[tested, "p_value"] = intervals.holm(table.loc[tested, "p_value"].to_numpy(np.float64))
    table["verdict"] = [
        _verdict(*row, 1 - confidence) for row in table[["verdict", "difference", "p_value"]].itertuples(index=False)
    ]
    table["design"] = pd.Categorical(table["design"], categories=list(designs), ordered=True)
    return table
