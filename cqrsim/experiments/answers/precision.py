"""Running on until the answer is narrow enough.

The first look is at ten replications at least: fewer tell too little of their own spread.  Each further batch is as
large as what was seen says, but adds at least a quarter and at most doubles.  To stop when the interval happens to be
narrow costs a little coverage (Chow and Robbins 1965; Law and Kelton): of intervals at 95 % some 93 % cover.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.answers.estimates import Estimate, estimate, find_metrics, rows_of
from cqrsim.experiments.answers.width import Width, widths
from cqrsim.experiments.checks import whole_number
from cqrsim.experiments.showing import wording

FIRST_LOOK = 10
"""Replications before the first look, at least."""

COLUMNS = ("design", "name", "unit", "value", "half_width", "wanted", "met", "runs")


@dataclass(frozen=True, init=False)
class Precision:
    """Half-widths of intervals to be reached, by the names of metrics, in ``at_most`` replications.

    A half-width is a number in the metric's unit (shares are fractions), a share of the value such as "5%", or both:
    "5% or 0.001" is content with the larger one, since 5 % of next to nothing is never reached.

    >>> Precision({"feedback_ms_p99": "5%", "silent_failure_share": 0.001}, at_most=200)
    Precision(feedback_ms_p99 within 5%, silent_failure_share within 0.001; at most 200 replications)
    >>> Precision({"feedback_ms_p99": "narrow"})
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: until.feedback_ms_p99: must be a width above 0 (got "narrow"); write a number in ...
    """

    half_widths: tuple[tuple[str, Width], ...]
    at_most: int

    def __init__(self, half_widths: Mapping[str, float | str | Width], at_most: int = 200) -> None:
        found, wrong = widths("until", half_widths)
        try:
            at_most = whole_number("at_most", at_most, at_least=FIRST_LOOK)
        except ScenarioError as error:
            wrong += error.problems
        if wrong:
            raise ScenarioError(wrong)
        object.__setattr__(self, "half_widths", tuple(found.items()))
        object.__setattr__(self, "at_most", at_most)

    @property
    def names(self) -> list[str]:
        """The metrics that it speaks of."""
        return [name for name, _ in self.half_widths]

    def __repr__(self) -> str:
        said = ", ".join(f"{name} within {width}" for name, width in self.half_widths)
        return f"Precision({said}; at most {self.at_most} replications)"


def check_first_look(until: Precision, replications: int) -> None:
    """ScenarioError for what is no precision, and for a first look that is too early or too late."""
    if not isinstance(until, Precision):
        hint = 'write Precision({"feedback_ms_p99": "5%"})'
        raise ScenarioError((Problem("until", until, "must be a precision", hint),))
    if not FIRST_LOOK <= replications <= until.at_most:
        allowed = f"must be from {FIRST_LOOK} to {until.at_most} for a first look at the precision"
        raise ScenarioError((Problem("replications", replications, allowed),))


def precision_table(frame: pd.DataFrame, until: Precision, confidence: float) -> pd.DataFrame:
    """One row per design and metric: the half-width, the one that is wanted, and whether that is met."""
    rows = []
    for metric, (_, width) in zip(find_metrics(frame, until.names, ()), until.half_widths, strict=True):
        for design, part in rows_of(frame, metric).groupby("design", observed=False, sort=True):
            found = estimate(part, metric.unit, confidence)
            half, wanted = half_width(found), width.of(found.value)
            rows.append((design, metric.name, metric.unit, found.value, half, wanted, half <= wanted, found.runs))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["design"] = pd.Categorical(table["design"], categories=frame["design"].cat.categories, ordered=True)
    return table.sort_values("design", kind="stable", ignore_index=True)


def half_width(found: Estimate) -> float:
    """How far the truth may lie from an estimate; infinite where that cannot be said.

    >>> half_width(Estimate(0.0, 0.0, 0.003, 10)), half_width(Estimate(5.0, 4.0, 6.0, 10))
    (0.003, 1.0)
    """
    reach = max(found.high - found.value, found.value - found.low)
    return math.inf if math.isnan(reach) or found.beyond else reach


def next_size(table: pd.DataFrame, replications: int, at_most: int) -> int:
    """How many replications there shall be at the next look; the same number if there is nothing more to do.

    >>> table = pd.DataFrame({"half_width": [2.0, 0.1], "wanted": [1.5, 0.2], "met": [False, True]})
    >>> next_size(table, 10, at_most=200), next_size(table, 10, at_most=12), next_size(table[1:], 10, at_most=200)
    (18, 12, 10)
    """
    open_ = table[~table["met"]]
    if open_.empty or replications >= at_most:
        return replications
    ratios = (open_["half_width"] / open_["wanted"]).fillna(math.inf)
    return grown(replications, float(ratios.max()), at_most)


def grown(replications: int, too_wide: float, at_most: int) -> int:
    """How many replications there shall be next, where the widest interval is so many times too wide.

    >>> grown(10, 1.01, 200), grown(10, 1.3, 200), grown(10, 50.0, 200), grown(10, 50.0, 12)
    (13, 17, 20, 12)
    """
    needed = replications * min(too_wide, 2.0) ** 2
    return min(at_most, math.ceil(min(max(needed, 1.25 * replications), 2 * replications)))


def not_reached(table: pd.DataFrame) -> list[str]:
    """A sentence for each precision that was not reached."""
    return [
        f'The precision wanted of {row["name"]} in "{row["design"]}" was not reached in {row["runs"]} replications: '
        f"{_reach(row['half_width'], row['unit'])} instead of {_reach(row['wanted'], row['unit'])}."
        for row in table[~table["met"]].to_dict("records")
    ]


def _reach(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "an unknown half-width" if math.isinf(value) else "a share of nothing"
    shown = wording.plain(value * wording.scale(unit), 2)
    return f"± {shown} {'%' if unit == 'share' else unit}".rstrip()
