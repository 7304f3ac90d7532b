"""Which designs does no other beat?  Two metrics against each other, each design as a cross of its intervals."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox, BboxBase

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style
from cqrsim.plots.intervals import words_of
from cqrsim.plots.possible import possible

_LOOKS = {"yes": (style.BLUE, "o"), "cannot be told": (style.ORANGE, "D"), "no": (style.QUIET, "o")}
"""Colour and mark by whether a design is on the front."""

_TOLD = {"yes": "beaten by none", "cannot be told": "perhaps beaten", "no": "beaten"}

_WIDE = 30.0
"""The largest of some positive values, over the smallest, from which on a logarithmic axis shows them better."""

_SHORT = 0.2
"""A name up to this share of the width of the axes is short."""

_BESIDE = ((6, 5), (6, -11), (-6, 5), (-6, -11))
"""Where a name may stand from its cross, in points, the best place first."""


@runtime_checkable
class HasFront(Protocol):
    """A comparison, or a sweep."""

    def estimates(self, *names: str) -> pd.DataFrame:
        """One row per design (or point) and metric: value, low, high, unit."""

    def pareto(self, *names: str) -> pd.DataFrame:
        """One row per design (or point): on_front."""


def pareto(comparison_or_sweep: HasFront, x_metric: str, y_metric: str, ax: Axes | None = None) -> Axes:
    """Draw two metrics of every design against each other, with the intervals of both, and which no other beats.

    The points of a sweep are called by their settings, unless they are beaten.  Names without room are left out.  A
    value that is only a lower bound is drawn as an arrow.

    Raises ResultError for what is neither a comparison nor a sweep, and for metrics that do not exist or that have no
    better.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> answers = cq.compare({"fast": blog, "slow": blog.with_({"disk.write": cq.ms(3)})}, replications=3)
    >>> ax = pareto(answers, "durability_ms_p50", "messages_per_command")
    >>> [text.get_text() for text in ax.texts]
    ['fast', 'slow']
    """
    if not isinstance(comparison_or_sweep, HasFront):
        raise ResultError(f"this is drawn of a comparison or a sweep (got {shown(comparison_or_sweep)})")
    front = comparison_or_sweep.pareto(x_metric, y_metric)
    estimates = comparison_or_sweep.estimates(x_metric, y_metric)
    by = "design" if "design" in front else "point"
    sides = [_side(estimates, by, metric) for metric in (x_metric, y_metric)]
    ax = style.new_axes(ax, height=4.0)
    style.dress(ax, "What can be had at the price of what", *(label for _, label in sides))
    names = _names(front, estimates, by)
    crosses = front[[by, "on_front"]].merge(sides[0][0], on=by).merge(sides[1][0], on=by, suffixes=("_x", "_y"))
    crosses = crosses.dropna(subset=["value_x", "value_y"])
    for row in crosses.to_dict("records"):
        _cross(ax, row)
    _axes(ax, crosses)
    _write(ax, [(names[row[by]], row["value_x"], row["value_y"]) for row in crosses.to_dict("records")])
    _explain(ax, crosses["on_front"])
    return ax


def _axes(ax: Axes, crosses: pd.DataFrame) -> None:
    """Room for the names, and logarithmic axes for what is far apart."""
    ax.margins(x=0.14, y=0.12)
    sides: tuple[Literal["x", "y"], ...] = ("x", "y")
    for side in sides:
        numbers = crosses[[f"value_{side}", f"low_{side}", f"high_{side}"]].to_numpy(np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if numbers.min(initial=1.0) > 0 and numbers.max(initial=0.0) > _WIDE * numbers.min(initial=np.inf):
            style.logarithmic(ax, side, numbers.min() / 1.5, numbers.max() * 2.5)
        else:
            style.plain_numbers(ax.xaxis if side == "x" else ax.yaxis)


def _side(estimates: pd.DataFrame, by: str, metric: str) -> tuple[pd.DataFrame, str]:
    """One metric of every design, scaled as its label says."""
    rows = possible(estimates[estimates["name"] == metric])
    scale, label = words_of(rows, metric)
    return rows[[by]].assign(**{name: scale * rows[name] for name in ("value", "low", "high")}), label


def _names(front: pd.DataFrame, estimates: pd.DataFrame, by: str) -> dict[object, str]:
    """What to write beside each cross: designs by name; of points the settings, if they are not beaten."""
    if by == "design":
        return {name: str(name) for name in front[by]}
    known = ("point", "name", "unit", "value", "low", "high", "runs", "beyond")
    paths = [name for name in estimates if name not in known]
    settings = estimates.drop_duplicates(by).set_index(by)[paths]
    kept = set(front.loc[front["on_front"] != "no", by])
    return {point: ", ".join(map(str, row)) if point in kept else "" for point, row in settings.T.items()}


def _cross(ax: Axes, row: dict[Hashable, Any]) -> None:
    """One design: a dot in the intervals of both metrics."""
    colour, marker = _LOOKS[str(row["on_front"])]
    x, y = row["value_x"], row["value_y"]
    ends = [row[f"{end}_{side}"] for side in "xy" for end in ("low", "high")]
    if np.isfinite(ends[:2]).all():
        ax.hlines(y, *ends[:2], color=colour, linewidth=1.6, alpha=0.7, gid="interval")
    if np.isfinite(ends[2:]).all():
        ax.vlines(x, *ends[2:], color=colour, linewidth=1.6, alpha=0.7, gid="interval")
    arrows = [arrow for side, arrow in (("x", ">"), ("y", "^")) if np.isnan(row[f"low_{side}"])]
    for arrow in arrows:
        ax.plot([x], [y], arrow, color=colour, markersize=7, gid="beyond")
        _or_more(ax, (x, y), arrow, colour)
    if not arrows:
        ax.plot([x], [y], marker, color=colour, markersize=5.5, gid="value")


def _or_more(ax: Axes, point: tuple[float, float], arrow: str, colour: str) -> None:
    """The words where the arrow points to."""
    to_the_right = arrow == ">"
    ax.annotate(
        "or more", point, xytext=(7, 0) if to_the_right else (0, 6), textcoords="offset points",
        ha="left" if to_the_right else "center", va="center" if to_the_right else "bottom", fontsize=style.SMALL,
        color=colour, annotation_clip=False, gid="beyond",
    )  # fmt: skip


def _write(ax: Axes, names: list[tuple[str, float, float]]) -> None:
    """The names beside their crosses, where they cover neither each other nor a cross."""
    ax.figure.canvas.draw()
    crosses = [ax.transData.transform((x, y)) for _, x, y in names]
    taken = [Bbox.from_bounds(left - 4, bottom - 4, 8, 8) for left, bottom in crosses]
    taken += [text.get_window_extent() for text in ax.texts]
    for name, x, y in names:
        for place in _BESIDE if name else ():
            text = ax.annotate(
                name, (x, y), xytext=place, textcoords="offset points", ha="left" if place[0] > 0 else "right",
                fontsize=style.SMALL, color=style.INK, path_effects=style.halo(), gid="name",
            )  # fmt: skip
            box = text.get_window_extent()
            if _within(box, ax.bbox) and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _within(box: Bbox, axes: BboxBase) -> bool:
    """Whether a name stays within the axes; a short one may leave them, a long one would leave no room for them."""
    return box.width < _SHORT * axes.width or (axes.x0 <= box.x0 and box.x1 <= axes.x1)


def _explain(ax: Axes, kinds: pd.Series[str]) -> None:
    """What the colours mean, as far as they occur, above the axes."""
    for kind, (colour, marker) in _LOOKS.items():
        if (kinds == kind).any():
            ax.plot([], [], marker, color=colour, markersize=5.5, label=_TOLD[kind])
    ax.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK, handletextpad=0.2, columnspacing=1.0,
    )  # fmt: skip
