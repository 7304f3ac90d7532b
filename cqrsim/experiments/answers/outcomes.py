"""Truth and belief over replications."""

from __future__ import annotations

import pandas as pd

from cqrsim.metrics import intervals

COLUMNS = ("design", "truth", "belief", "commands", "share", "low", "high")


def outcome_shares(outcomes: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """One row per design and cell that was seen: commands in all, mean share over replications, and its interval.

    Every replication has all cells, so that one in which a cell is empty counts with a share of 0.
    """
    rows = []
    for (design, truth, belief), cell in outcomes.groupby(["design", "truth", "belief"], observed=True):
        commands = int(cell["commands"].sum())
        if commands:
            mean, low, high = intervals.mean_interval(cell["share"], confidence)
            rows.append((design, truth, belief, commands, mean, max(low, 0.0), min(high, 1.0)))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("design", "truth", "belief"):
        table[name] = table[name].astype(outcomes[name].dtype)
    return table
