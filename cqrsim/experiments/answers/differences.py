"""Designs against one of them, paired by replication: what differs, by how much, and is it real."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.experiments.answers.estimates import Metric, rows_of
from cqrsim.metrics import intervals

COLUMNS = ("design", "name", "unit", "difference", "low", "high", "p_value", "pairs", "correlation", "variance_ratio")


@dataclass(frozen=True)
class Pairs:
    """One metric of two designs, in the replications in which both have it."""

    theirs: NDArray[np.float64]
    ours: NDArray[np.float64]
    theirs_beyond: bool
    ours_beyond: bool
    """Whether some values of a side are only lower bounds."""
    nothing_of: int = 0
    """Where a share is 0 in every run of both sides, or 1 in every run, of how many things on each."""

    @property
    def beyond(self) -> bool:
        """Whether nothing can be subtracted."""
        return self.theirs_beyond or self.ours_beyond

    def interval(self, confidence: float) -> tuple[float, float]:
        """Between what the difference lies; an end is infinite where a side is only known to lie beyond something.

        Lower bounds of theirs make lower bounds of the difference, so that the lower end stands.  Where nothing was
        seen on either side, or nothing else, each may be as far from that as the rule of three says.
        """
        if self.nothing_of:
            most = intervals.proportion(0, self.nothing_of, confidence).high
            return -most, most
        _, low, high = intervals.mean_interval(self.theirs - self.ours, confidence)
        return -math.inf if self.ours_beyond else low, math.inf if self.theirs_beyond else high


def difference_table(
    frame: pd.DataFrame, against: str, designs: Sequence[str], metrics: Sequence[Metric], confidence: float
) -> pd.DataFrame:
    """One row per other design and metric; the p-values are adjusted together."""
    rows, beyond = [], []
    for metric in metrics:
        known = ByReplication.of(frame, metric, designs)
        for design in designs:
            if design != against:
                pairs = known.pairs(design, against)
                rows.append((design, metric.name, metric.unit, *_difference(pairs, confidence)))
                beyond.append(pairs.beyond)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["design"] = pd.Categorical(table["design"], categories=list(designs), ordered=True)
    table["p_value"] = intervals.holm(table["p_value"])
    compared = zip(table["difference"], table["p_value"], beyond, strict=True)
    table["verdict"] = [_verdict(difference, p_value, open_, 1 - confidence) for difference, p_value, open_ in compared]
    return table


@dataclass(frozen=True, eq=False)
class ByReplication:
    """One metric: a row per replication, a column per design (or point of a sweep); NaN where it is not known."""

    values: NDArray[np.float64]
    beyond: NDArray[np.bool_]
    counts: NDArray[np.float64]
    place: Mapping[Any, int]
    """The column of each design."""
    is_share: bool

    @classmethod
    def of(cls, frame: pd.DataFrame, metric: Metric, everybody: Sequence[Any], by: str = "design") -> ByReplication:
        """That of a long frame, in which ``by`` tells the designs apart."""
        rows = rows_of(frame, metric)
        rows = rows[rows["value"].notna()]
        place = {one: number for number, one in enumerate(everybody)}
        replications, row = np.unique(rows["replication"].to_numpy(np.int64), return_inverse=True)
        column = rows[by].map(place).to_numpy(np.intp)
        tables = np.full((3, len(replications), len(place)), np.nan)
        for table, name in zip(tables, ("value", "lower_bound", "n"), strict=True):
            table[row, column] = rows[name].to_numpy(np.float64)
        return cls(tables[0], tables[1] == 1, tables[2], place, metric.unit == "share")

    def pairs(self, theirs: Any, ours: Any) -> Pairs:
        """The replications that both have."""
        columns = [self.place[theirs], self.place[ours]]
        values = self.values[:, columns]
        both = ~np.isnan(values).any(axis=1)
        values = values[both]
        theirs_beyond, ours_beyond = (bool(self.beyond[both, column].any()) for column in columns)
        all_alike = self.is_share and bool((values == 0).all() or (values == 1).all())
        seen_of = int(self.counts[both][:, columns].sum(axis=0).min()) if all_alike else 0
        return Pairs(values[:, 0], values[:, 1], theirs_beyond, ours_beyond, seen_of)


def pairs_of(frame: pd.DataFrame, metric: Metric, theirs: Any, ours: Any, by: str = "design") -> Pairs:
    """One metric of two designs, or of two points of a sweep, paired by replication."""
    return ByReplication.of(frame[frame[by].isin([theirs, ours])], metric, [theirs, ours], by).pairs(theirs, ours)


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
