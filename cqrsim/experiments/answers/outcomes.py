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
            interval = intervals.share_interval(cell["share"].dropna(), commands, confidence)
            rows.append((design, truth, belief, commands, *interval))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("design", "truth", "belief"):
        table[name] = table[name].astype(outcomes[name].dtype)
    return table
