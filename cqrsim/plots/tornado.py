"""Which settings does a metric hang on most?  One bar a setting, the strongest on top."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style
from cqrsim.plots.intervals import words_of

_BAR = 0.62
_WORDS = {
    "sobol": ("Share of the variance that is due to each setting", "share of the variance"),
    "morris": ("How much each setting moves the metric over its whole range (mu*)", "mean elementary effect"),
}


@runtime_checkable
class HasIndices(Protocol):
    """What a sensitivity analysis found."""

    method: str
    frame: pd.DataFrame


@runtime_checkable
class HasPoints(Protocol):
    """A sweep."""

    @property
    def design(self) -> Any:
        """What was asked."""

    def estimates(self, *names: str) -> pd.DataFrame:
        """One row per point and metric."""


def tornado(indices_or_sweep: HasIndices | HasPoints, metric: str = "", ax: Axes | None = None) -> Axes:
    """Draw how strongly each setting acts on a metric: sensitivity indices, or a sweep of one setting at a time.

    Of Sobol's indices the dark bar is the setting alone, the light one counts its interactions, too; lines are
    intervals.  Of a sweep made by ``cq.one_at_a_time`` each bar reaches from the lowest to the highest mean that the
    setting leads to, around that of the base.

    Raises ResultError for what is neither, for another sweep, and for a metric that was not asked for.

    >>> effects = {"mu_star": [8.0, 4.0], "mu_star_low": [7.0, 3.0], "mu_star_high": [9.0, 5.0]}
    >>> class Found:
    ...     method = "morris"
    ...     frame = pd.DataFrame({"name": "feedback_ms_p50", "unit": "ms", "factor": ["a", "b"], **effects})
    >>> [text.get_text() for text in tornado(Found()).get_yticklabels()]
    ['a', 'b']
    """
    if isinstance(indices_or_sweep, HasIndices):
        return _of_indices(indices_or_sweep, metric, ax)
    if isinstance(indices_or_sweep, HasPoints):
        return _of_sweep(indices_or_sweep, metric, ax)
    raise ResultError(f"this is drawn of a sensitivity analysis or a sweep (got {shown(indices_or_sweep)})")


def _of_indices(found: HasIndices, metric: str, ax: Axes | None) -> Axes:
    names = list(dict.fromkeys(found.frame["name"]))
    if not metric and len(names) > 1:
        raise ResultError(f"name the metric to draw: {', '.join(names)}")
    metric = metric or names[0]
    if metric not in names:
        raise ResultError(f'no indices of "{metric}"; there are {", ".join(names)}')
    columns = ("total", "first_order") if found.method == "sobol" else ("mu_star",)
    rows = found.frame[found.frame["name"] == metric].sort_values(columns[0], ascending=False, kind="stable")
    ax = style.new_axes(ax, height=1.1 + 0.42 * len(rows))
    title, label = _WORDS[found.method]
    unit = str(rows["unit"].iloc[0])
    label = label if found.method == "sobol" or not unit else f"{label}, {unit}"
    style.dress(ax, f"{title}\n{metric}", label)
    for column in columns:
        _bars(ax, rows, column, light=column == "total")
    _rows(ax, rows["factor"].tolist())
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    ax.axvline(0, color=style.QUIET, linewidth=0.8)
    if found.method == "sobol":
        _legend(ax)
    return ax


def _bars(ax: Axes, rows: pd.DataFrame, column: str, light: bool) -> None:
    places = np.arange(len(rows)) + (0.0 if column == "mu_star" else -0.16 if light else 0.16)
    colour, height = style.SKY if light else style.BLUE, _BAR if column == "mu_star" else _BAR / 2
    ax.barh(places, rows[column], height=height, color=colour, gid=column)
    ax.hlines(places, rows[f"{column}_low"], rows[f"{column}_high"], color=style.INK, linewidth=1.3, gid="interval")


def _legend(ax: Axes) -> None:
    handles = [ax.barh([0], [0], color=colour) for colour in (style.SKY, style.BLUE)]
    ax.legend(
        handles, ["with its interactions", "alone"], loc="lower right", fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK,
    )  # fmt: skip


def _of_sweep(sweep: HasPoints, metric: str, ax: Axes | None) -> Axes:
    if sweep.design.arrangement.name != "one_at_a_time":
        raise ResultError("this is drawn of a sweep of one setting at a time: make its design with cq.one_at_a_time")
    if not metric:
        raise ResultError('name the metric to draw, such as "feedback_ms_p50"')
    found = sweep.estimates(metric).set_index("point")
    scale, label = words_of(found, metric)
    base: dict[Hashable, Any] = found.reset_index().to_dict("records")[0]
    spans = [_span(found, path, base, scale) for path in sweep.design.paths]
    spans.sort(key=lambda span: -span.reach)
    ax = style.new_axes(ax, height=1.1 + 0.42 * len(spans))
    style.dress(ax, "What each setting alone makes of the base", label)
    for place, span in enumerate(spans):
        span.draw(ax, place)
    ax.axvline(scale * base["value"], color=style.INK, linewidth=1.0)
    _rows(ax, [span.path for span in spans])
    ax.margins(x=0.16)
    return ax


class _Span:
    """How far a metric moves when one setting does."""

    def __init__(self, path: str, middle: float, points: list[tuple[str, float, float, float]]) -> None:
        self.path = path
        self.middle = middle
        self.points = points

    @property
    def reach(self) -> float:
        """From the lowest to the highest mean."""
        values = [value for _, value, _, _ in self.points] + [self.middle]
        return max(values) - min(values)

    def draw(self, ax: Axes, place: int) -> None:
        """A bar from the middle to both ends, with the settings that lead there, and the intervals."""
        for value in (min(point[1] for point in self.points), max(point[1] for point in self.points)):
            ax.barh(place, value - self.middle, left=self.middle, height=_BAR, color=style.SKY, gid="span")
        for told, value, low, high in self.points:
            ax.hlines(place, low, high, color=style.INK, linewidth=1.6, gid="interval")
            side = 1 if value >= self.middle else -1
            ax.annotate(
                told, (high if side > 0 else low, place), xytext=(4 * side, 0), textcoords="offset points",
                ha="left" if side > 0 else "right", va="center", fontsize=style.SMALL, color=style.INK,
                path_effects=style.halo(), gid="level",
            )  # fmt: skip


def _span(found: pd.DataFrame, path: str, base: dict[Hashable, Any], scale: float) -> _Span:
    """The extreme points of one setting; those between them are left out."""
    moved = found[(found[path].astype(str) != str(base[path]))].dropna(subset="value").sort_values("value")
    ends = moved.iloc[[0, -1]].drop_duplicates() if len(moved) > 1 else moved
    points = [
        (str(row[path]), scale * row["value"], scale * row["low"], scale * row["high"])
        for row in ends.to_dict("records")
    ]
    middle = scale * float(base["value"])
    return _Span(path, middle, points or [("", middle, middle, middle)])


def _rows(ax: Axes, names: list[str]) -> None:
    """One row a setting, the first on top."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
