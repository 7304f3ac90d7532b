"""One prediction beside what was measured: shown, refuted, or neither, by where the whole interval lies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cqrsim.experiments.answers.differences import Pairs
from cqrsim.experiments.answers.estimates import WHOLE, Metric, full_name
from cqrsim.experiments.running.numbers import Kind, Numbers
from cqrsim.experiments.showing import wording
from cqrsim.metrics import intervals
from cqrsim.scenario.claims import Prediction

SHOWN, REFUTED, OPEN = "shown", "refuted", "not resolved"
"""What may be said of a prediction."""


class Known(NamedTuple):
    """What was measured for a prediction: a value, or a difference, and between what it lies."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Series:
    """One metric of one design: a value for each replication, NaN where it is not known."""

    metric: Metric
    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    """On how many things each value rests."""
    beyond: NDArray[np.bool_]
    """Which values are only lower bounds."""

    @classmethod
    def of(cls, runs: Sequence[Numbers], name: str) -> Series:
        """That of some runs, in their order."""
        places = [_place(run.kinds, name) for run in runs]
        kind = runs[0].kinds[places[0]]
        found = [(run.value[at], run.n[at], run.lower_bound[at]) for run, at in zip(runs, places, strict=True)]
        values, counts, beyond = zip(*found, strict=True)
        return cls(Metric(name, *kind), np.array(values), np.array(counts), np.array(beyond))

    def known(self, confidence: float) -> Known:
        """The mean over replications and its interval; where nothing was seen, or nothing else, a bound for that."""
        there = ~np.isnan(self.values)
        values, of = self.values[there], int(self.counts[there].sum())
        if len(values) < 2:
            return Known(math.nan, math.nan, math.nan)
        whole = WHOLE.get(self.metric.unit)
        if whole:
            return Known(*(whole * end for end in intervals.share_interval(values / whole, of, confidence)))
        if not self.metric.unit and not values.any():
            return Known(0.0, 0.0, -math.log(1 - confidence) / len(values))
        value, low, high = intervals.mean_interval(values, confidence)
        return Known(value, low, math.inf if self.beyond[there].any() else high)

    def minus(self, other: Series, confidence: float) -> Known:
        """The mean difference of replications that had the same luck, with its interval."""
        both = ~(np.isnan(self.values) | np.isnan(other.values))
        theirs, ours = self.values[both], other.values[both]
        if len(theirs) < 2:
            return Known(math.nan, math.nan, math.nan)
        pairs = Pairs(
            theirs, ours, bool(self.beyond[both].any()), bool(other.beyond[both].any()), self._nothing_of(other, both)
        )
        return Known(float((theirs - ours).mean()), *pairs.interval(confidence))

    def _nothing_of(self, other: Series, both: NDArray[np.bool_]) -> int:
        """Where a share is 0 in all runs of both, or 1 in all, of how many things on each side."""
        values = np.concatenate([self.values[both], other.values[both]])
        if self.metric.unit != "share" or not ((values == 0).all() or (values == 1).all()):
            return 0
        return int(min(self.counts[both].sum(), other.counts[both].sum()))


def _place(kinds: Sequence[Kind], name: str) -> int:
    return next(place for place, (metric, stat, _) in enumerate(kinds) if full_name(metric, stat) == name)


@dataclass(frozen=True)
class Checked:
    """A prediction, what was measured, and what follows."""

    prediction: Prediction
    metric: Metric
    known: Known
    verdict: str
    condition: str = ""
    """Without which condition it was predicted; empty where the claim itself is."""

    @property
    def predicted(self) -> str:
        """What was said beforehand."""
        one, limit = self.prediction, self._amount(self.prediction.limit)
        side = "above" if one.over else "below"
        if one.than is None:
            return f'"{one.design}": {self._name} {side} {limit}'
        if one.over:
            return f'"{one.design}": {self._name} more than {limit} above "{one.than}"'
        return f'"{one.design}" and "{one.than}": {self._name} less than {limit} apart'

    @property
    def measured(self) -> str:
        """What was seen, with its interval."""
        value, low, high = (self._plain(end) for end in self.known)
        minus = "" if self.prediction.than is None else f' minus "{self.prediction.than}"'
        interval = f"{low} or more" if math.isinf(self.known.high) else f"{value} ({low} to {high})"
        seen = "no value" if math.isnan(self.known.value) else f"{interval}{self._unit}"
        return f'"{self.prediction.design}"{minus}: {self._name} {seen}'

    @property
    def _name(self) -> str:
        return wording.heading(self.metric.metric, self.metric.stat, self.metric.unit).rpartition(", ")[0] or (
            wording.heading(self.metric.metric, self.metric.stat, self.metric.unit)
        )

    @property
    def _unit(self) -> str:
        points = " percentage points" if self.prediction.than else " %"
        units = {"share": points, "per_s": " per second", "per_million": " per million", "": ""}
        return units.get(self.metric.unit, f" {self.metric.unit}")

    def _amount(self, value: float) -> str:
        return f"{self._plain(value)}{self._unit}"

    def _plain(self, value: float) -> str:
        return wording.plain(value * wording.scale(self.metric.unit), 3)


def check(runs: dict[str, Sequence[Numbers]], predicted: Prediction, condition: str, confidence: float) -> Checked:
    """Judge one prediction by the runs of each design."""
    found = Series.of(runs[predicted.design], predicted.metric)
    if predicted.than is None:
        known = found.known(confidence)
    else:
        known = found.minus(Series.of(runs[predicted.than], predicted.metric), confidence)
    return Checked(predicted, found.metric, known, judged(predicted, known), condition)


def judged(predicted: Prediction, known: Known) -> str:
    """Shown where the whole interval lies on the side that was predicted, refuted where it lies on the other.

    >>> from cqrsim.scenario.claims import above, alike
    >>> judged(above("loss_share", "silence", 0.1), Known(0.3, 0.2, 0.4))
    'shown'
    >>> judged(alike("loss_share", "silence", "wait", within=0.1), Known(-0.3, -0.4, -0.05))
    'not resolved'
    """
    low, high = known.low, known.high
    if predicted.than is not None and not predicted.over:
        low, high = nearest_to_zero(low, high), max(abs(low), abs(high))
    if math.isnan(low) or math.isnan(high):
        return OPEN
    over, under = low > predicted.limit, high < predicted.limit
    if not (over or under):
        return OPEN
    return SHOWN if over == predicted.over else REFUTED


def nearest_to_zero(low: float, high: float) -> float:
    """The smallest distance from 0 within an interval."""
    return 0.0 if low <= 0 <= high else min(abs(low), abs(high))


def one_verdict(verdicts: Iterable[str]) -> str:
    """What may be said of several predictions together: all must be shown, and one that is refuted is enough.

    >>> one_verdict(["shown", "not resolved"]), one_verdict(["not resolved", "refuted"])
    ('not resolved', 'refuted')
    """
    said = set(verdicts)
    return REFUTED if REFUTED in said else OPEN if OPEN in said else SHOWN
