"""Which settings does a metric hang on most?  One bar a setting, the strongest on top."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style
from cqrsim.plots.one_at_a_time import BAR, HasPoints, spans_of

_WORDS = {
    "sobol": ("Share of the variance that is due to each setting", "share of the variance"),
    "morris": ("How much each setting moves the metric over its whole range (mu*)", "mean elementary effect"),
}


@runtime_checkable
class HasIndices(Protocol):
    """What a sensitivity analysis found."""

    method: str
    frame: pd.DataFrame


def tornado(indices_or_sweep: HasIndices | HasPoints, metric: str = "", ax: Axes | None = None) -> Axes:
    """Draw how strongly each setting acts on a metric: sensitivity indices, or a sweep of one setting at a time.

    Of Sobol's indices the dark bar is the setting alone, the light one counts its interactions, too; lines are
    intervals.  Of a sweep made by ``cq.one_at_a_time`` each bar reaches from the lowest to the highest mean that the
    setting leads to, around that of the base.  A setting with a level that cannot keep up with its commands comes
    first, and says so at the right.

    Raises ResultError for what is neither, for another sweep, for a metric that was not asked for, and for a sweep of
    whose base nothing is known.

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
    if not rows[list(columns)].fillna(0.0).to_numpy().any():
        return _nothing_varies(ax, rows, metric)
    for column in columns:
        _bars(ax, rows, column, light=column == "total")
    _rows(ax, rows["factor"].tolist())
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    ax.axvline(0, color=style.QUIET, linewidth=0.8)
    if found.method == "sobol":
        _legend(ax)
    return ax


def _nothing_varies(ax: Axes, rows: pd.DataFrame, metric: str) -> Axes:
    """The settings without bars, and why there are none."""
    _rows(ax, rows["factor"].tolist())
    ax.set_xticks([])
    style.say(ax, f"nothing varies: {metric} is the same at all points")
    return ax


def _bars(ax: Axes, rows: pd.DataFrame, column: str, light: bool) -> None:
    places = np.arange(len(rows)) + (0.0 if column == "mu_star" else -0.16 if light else 0.16)
    colour, height = style.SKY if light else style.BLUE, BAR if column == "mu_star" else BAR / 2
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
    spans, label = spans_of(sweep, metric)
    ax = style.new_axes(ax, height=1.1 + 0.42 * len(spans))
    style.dress(ax, "What each setting alone makes of the base", label)
    for place, span in enumerate(spans):
        span.draw(ax, place)
    ax.axvline(spans[0].middle, color=style.INK, linewidth=1.0)
    _rows(ax, [span.path for span in spans])
    ax.margins(x=0.08)
    _room_for_levels(ax)
    if all(span.lowest >= 0 for span in spans):
        ax.set(xticks=[tick for tick in ax.get_xticks() if tick >= 0], xlim=ax.get_xlim())
    return ax


def _room_for_levels(ax: Axes) -> None:
    """Wider, until the names of the levels stand within the axes."""
    names = [text for text in ax.texts if text.get_gid() == "level"]
    for _ in range(3):
        ax.figure.canvas.draw()
        boxes = [text.get_window_extent() for text in names]
        left = min([ax.bbox.x0, *(box.x0 - 4 for box in boxes)])
        right = max([ax.bbox.x1, *(box.x1 + 4 for box in boxes)])
        (low, _), (high, _) = ax.transData.inverted().transform([(left, 0), (right, 0)])
        ax.set_xlim(low, high)


def _rows(ax: Axes, names: list[str]) -> None:
    """One row a setting, the first on top."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
