"""How far a metric moves when one setting does: the rows of a tornado that is drawn of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cqrsim.errors import ResultError
from cqrsim.plots import style
from cqrsim.plots.intervals import words_of
from cqrsim.plots.possible import possible

_NUMBERS = ["value", "low", "high"]

BAR = 0.62
"""The height of a bar, where rows are 1 apart."""


@runtime_checkable
class HasPoints(Protocol):
    """A sweep."""

    @property
    def design(self) -> Any:
        """What was asked."""

    @property
    def unstable(self) -> Mapping[int, str]:
        """The points that cannot keep up with their commands, and why."""

    def estimates(self, *names: str) -> pd.DataFrame:
        """One row per point and metric."""


@dataclass(frozen=True)
class Level:
    """The metric at one level of a setting; ``low`` is NaN where the value is only a lower bound."""

    told: str
    value: float
    low: float
    high: float

    @property
    def is_bound(self) -> bool:
        """Whether the metric may be larger than that."""
        return bool(np.isnan(self.low))

    @property
    def lowest(self) -> float:
        """Where what is drawn of it begins."""
        return self.low if np.isfinite(self.low) else self.value

    @property
    def highest(self) -> float:
        """Where what is drawn of it ends."""
        return self.high if np.isfinite(self.high) else self.value


@dataclass(frozen=True)
class Span:
    """One setting: the metric at the base, at its lowest and highest level, and the levels that cannot keep up."""

    path: str
    middle: float
    ends: tuple[Level, ...]
    overloaded: tuple[str, ...]

    @property
    def reach(self) -> float:
        """From the lowest to the highest mean; infinite with a level that cannot keep up."""
        values = [self.middle, *(end.value for end in self.ends)]
        return np.inf if self.overloaded else max(values) - min(values)

    @property
    def lowest(self) -> float:
        """Where what is drawn of it begins."""
        return min([self.middle, *(end.lowest for end in self.ends)])

    def draw(self, ax: Axes, row: int) -> None:
        """A bar from the base to each end, with the level that leads there."""
        for number, end in enumerate(self.ends):
            place = row + (BAR / 2 * (number - 0.5) if self._in_two_lanes else 0.0)
            self._bar(ax, end, place, BAR / 2 if self._in_two_lanes else BAR)
            _write(ax, end, place, right=end.value >= self.middle)
        self._tell_overload(ax, row)

    @property
    def _in_two_lanes(self) -> bool:
        """Whether the ends would cover each other: they lie on one side of the base, or their intervals overlap."""
        if len(self.ends) < 2:
            return False
        low, high = self.ends
        return (low.value >= self.middle) == (high.value >= self.middle) or low.highest >= high.lowest

    def _bar(self, ax: Axes, end: Level, place: float, height: float) -> None:
        ax.barh(place, end.value - self.middle, left=self.middle, height=height, color=style.SKY, gid="span")
        if end.is_bound:
            ax.plot([end.value], [place], ">", color=style.INK, markersize=6, gid="beyond")
        elif np.isfinite([end.low, end.high]).all():
            ax.hlines(place, end.low, end.high, color=style.INK, linewidth=1.6, gid="interval")

    def _tell_overload(self, ax: Axes, row: int) -> None:
        if self.overloaded:
            ax.annotate(
                f"{', '.join(self.overloaded)}\ncannot keep up", (1.0, row), xycoords=("axes fraction", "data"),
                xytext=(5, 0), textcoords="offset points", va="center", fontsize=style.SMALL, color=style.VERMILION,
                annotation_clip=False, gid="overloaded",
            )  # fmt: skip


def _write(ax: Axes, end: Level, place: float, right: bool) -> None:
    """The level that leads to an end, beyond its interval."""
    beside = end.highest if right else end.lowest
    told = f"{end.told}: this or more" if end.is_bound else end.told
    ax.annotate(
        told, (beside, place), xytext=(5 if right else -5, 0), textcoords="offset points",
        ha="left" if right else "right", va="center", fontsize=style.SMALL, color=style.INK,
        path_effects=style.halo(), gid="level",
    )  # fmt: skip


def spans_of(sweep: HasPoints, metric: str) -> tuple[list[Span], str]:
    """What each setting of a sweep of one at a time does to a metric, the strongest first, and what the axis says.

    Raises ResultError if nothing is known of the base.
    """
    estimates = possible(sweep.estimates(metric))
    scale, label = words_of(estimates, metric)
    found = _all_points(sweep, estimates.assign(**(scale * estimates[_NUMBERS])))
    base = found.iloc[0]
    if base["overloaded"] or np.isnan(base["value"]):
        why = "cannot keep up with its commands" if base["overloaded"] else f"has no {metric}"
        raise ResultError(f"the base of this sweep {why}: there is nothing to measure the settings against")
    moved = ((path, found[found[path].astype(str) != str(base[path])]) for path in sweep.design.paths)
    spans = [_span(points, path, base["value"]) for path, points in moved]
    return sorted(spans, key=lambda span: -span.reach), label


def _all_points(sweep: HasPoints, estimates: pd.DataFrame) -> pd.DataFrame:
    """One row per point, the base first; without numbers where nothing was run."""
    points: pd.DataFrame = sweep.design.frame[["point", *sweep.design.paths]]
    found = points.merge(estimates[["point", *_NUMBERS]], on="point", how="left")
    return found.assign(overloaded=found["point"].isin(list(sweep.unstable)))


def _span(moved: pd.DataFrame, path: str, middle: float) -> Span:
    """The extreme points of one setting; those between them are left out."""
    overloaded = moved.loc[moved["overloaded"], path].astype(str)
    kept = moved[~moved["overloaded"]].dropna(subset="value").sort_values("value", kind="stable")
    ends = kept.iloc[[0, -1]] if len(kept) > 1 else kept
    rows = ends[[path, *_NUMBERS]].itertuples(index=False, name=None)
    levels = tuple(Level(str(told), *numbers) for told, *numbers in rows)
    return Span(path, float(middle), levels, tuple(overloaded))
