"""Designs against one of them, paired by replication: what differs, by how much, and is it real."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.experiments.answers.estimates import WHOLE, Metric, rows_of
from cqrsim.metrics import intervals

COLUMNS = ("design", "name", "unit", "difference", "low", "high", "p_value", "pairs", "correlation", "variance_ratio")

LEAST_ALIKE = 5
"""Pairs of which a difference that is the same in all is taken for exact where something is counted."""


@dataclass(frozen=True)
class Pairs:
    """One metric of two designs, in the replications in which both have it."""

    theirs: NDArray[np.float64]
    ours: NDArray[np.float64]
    theirs_beyond: bool
    ours_beyond: bool
    """Whether some values of a side are only lower bounds."""
    nothing_of: int = 0
    """Where a share is 0 in every run of both sides, or all in every run, of how many things on each.

    Where a count is 0 in every run of both sides, of how many runs."""
    whole: float = 1.0
    """What all of something is in the unit of the metric; infinite for what has no all."""
    untold: bool = False
    """Whether a share is 0, or all, of no things at all, so that it says nothing."""
    by_chance: bool = False
    """Whether few runs may well be alike by chance, as they are where something is counted."""

    @property
    def beyond(self) -> bool:
        """Whether nothing can be subtracted."""
        return self.theirs_beyond or self.ours_beyond

    @property
    def too_few(self) -> bool:
        """Whether the difference is the same in all pairs, of which there are too few to take it for exact."""
        alike = 0 < len(self.ours) < LEAST_ALIKE and np.ptp(self.theirs - self.ours) == 0
        return self.by_chance and not self.nothing_of and bool(alike)

    def most(self, confidence: float) -> float:
        """How far each side may be from the nothing, or from the all, that was seen of it: the rule of three."""
        if math.isinf(self.whole):
            return intervals.most_of_none(self.nothing_of, confidence)
        return self.whole * intervals.proportion(0, self.nothing_of, confidence).high

    def p_of_nothing(self, margin: float) -> float:
        """How likely it would be to see nothing, or all, if a side were as far from that as the margin."""
        if math.isinf(self.whole):
            return math.exp(-margin * self.nothing_of)
        return float((1.0 - min(margin / self.whole, 1.0)) ** self.nothing_of)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Between what the difference lies; an end is infinite where a side is only known to lie beyond something.

        Lower bounds of theirs make lower bounds of the difference, so that the lower end stands.  Where nothing was
        seen on either side, or nothing else, each may be as far from that as the rule of three says.
        """
        if self.untold or self.too_few:
            return -self.whole, self.whole
        if self.nothing_of:
            return -self.most(confidence), self.most(confidence)
        _, low, high = intervals.mean_interval(self.theirs - self.ours, confidence)
        return -math.inf if self.ours_beyond else low, math.inf if self.theirs_beyond else high


def difference_table(
    frame: pd.DataFrame, against: str, designs: Sequence[str], metrics: Sequence[Metric], confidence: float
) -> pd.DataFrame:
    """One row per other design and metric; the p-values are adjusted together."""
    rows, seen = [], list[Pairs]()
    for metric in metrics:
        known = ByReplication.of(frame, metric, designs)
        for design in designs:
            if design != against:
                pairs = known.pairs(design, against)
                rows.append((design, metric.name, metric.unit, *_difference(pairs, confidence)))
                seen.append(pairs)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["design"] = pd.Categorical(table["design"], categories=list(designs), ordered=True)
    table["p_value"] = intervals.holm(table["p_value"])
    compared = zip(table["difference"], table["p_value"], seen, strict=True)
    table["verdict"] = [_verdict(difference, p_value, pairs, 1 - confidence) for difference, p_value, pairs in compared]
    return table


@dataclass(frozen=True, eq=False)
class ByReplication:
    """One metric: a row per replication, a column per design (or point of a sweep); NaN where it is not known."""

    values: NDArray[np.float64]
    beyond: NDArray[np.bool_]
    counts: NDArray[np.float64]
    place: Mapping[Any, int]
    """The column of each design."""
    metric: Metric

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
        return cls(tables[0], tables[1] == 1, tables[2], place, metric)

    def pairs(self, theirs: Any, ours: Any) -> Pairs:
        """The replications that both have."""
        columns = [self.place[theirs], self.place[ours]]
        values = self.values[:, columns]
        both = ~np.isnan(values).any(axis=1)
        values = values[both]
        theirs_beyond, ours_beyond = (bool(self.beyond[both, column].any()) for column in columns)
        alike, of = self._all_alike(values), self._number(self.counts[both][:, columns])
        return Pairs(
            values[:, 0], values[:, 1], theirs_beyond, ours_beyond, of if alike else 0, self.metric.whole,
            alike and not of, self.metric.is_count or self.metric.unit in WHOLE,
        )  # fmt: skip

    def _all_alike(self, values: NDArray[np.float64]) -> bool:
        """Whether nothing was seen on either side, or, of a share, nothing else."""
        if not self.metric.is_count and self.metric.unit not in WHOLE:
            return False
        return bool(len(values)) and bool((values == 0).all() or (values == self.metric.whole).all())

    def _number(self, counts: NDArray[np.float64]) -> int:
        """On how many things a share rests on each side, and a count on how many runs."""
        return len(counts) if self.metric.is_count else int(counts.sum(axis=0).min())


def pairs_of(frame: pd.DataFrame, metric: Metric, theirs: Any, ours: Any, by: str = "design") -> Pairs:
    """One metric of two designs, or of two points of a sweep, paired by replication."""
    return ByReplication.of(frame[frame[by].isin([theirs, ours])], metric, [theirs, ours], by).pairs(theirs, ours)


def _difference(pairs: Pairs, confidence: float) -> intervals.Difference:
    """Nothing but the number of pairs, where a side is only known to lie beyond something, or is a share of nothing."""
    nothing = math.nan
    if pairs.beyond or pairs.untold:
        return intervals.Difference(nothing, nothing, nothing, nothing, len(pairs.ours), nothing, nothing)
    found = intervals.paired_difference(pairs.theirs, pairs.ours, confidence)
    if pairs.nothing_of or pairs.too_few:
        low, high = pairs.interval(confidence)
        return found._replace(low=low, high=high, p_value=1.0 if len(pairs.ours) > 1 and pairs.nothing_of else nothing)
    return found


def _verdict(difference: float, p_value: float, pairs: Pairs, level: float) -> str:
    """What may be said of a difference, in words."""
    if pairs.beyond:
        return "cannot be told: a value lies beyond what was seen"
    if math.isnan(difference):
        return "cannot be told: nothing to compare"
    if math.isnan(p_value):
        return "cannot be told: too few replications"
    if difference == 0 and not pairs.nothing_of:
        return "the same"
    return "not resolved" if p_value >= level else "higher" if difference > 0 else "lower"
