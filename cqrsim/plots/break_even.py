"""Where does one design overtake another?  The difference of two designs over one setting, or over two as a map."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from numpy.typing import NDArray

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style

Floats = NDArray[np.float64]

_MAP = LinearSegmentedColormap.from_list("better and worse", [style.BLUE, "#F7F7F7", style.VERMILION])
"""Blue where the first design has less, vermilion where it has more: told apart by everybody."""

_FULL = 0.8
"""This share of the differences have shades of their own; the largest ones have the darkest."""


@runtime_checkable
class HasCrossings(Protocol):
    """A break-even analysis."""

    names: Any
    metric: Any
    axes: Any
    frame: pd.DataFrame

    def crossings(self) -> pd.DataFrame:
        """One row per crossing: at, low, high."""


def breakeven(result: HasCrossings, ax: Axes | None = None) -> Axes:
    """Draw how two designs differ over a setting, with the band of the intervals and where it crosses zero.

    With two settings it is a map of the difference: a line where it crosses zero, hatched where that is not resolved,
    and a cross where it cannot be told, for instance since a design cannot keep up there.  Where no point differs,
    there is nothing to map, and only the points are shown.

    Raises ResultError for what is no result of ``cq.breakeven``.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> silence = blog.with_(feedback=cq.Silence(reload=cq.ms(9)))
    >>> found = cq.breakeven(blog, silence, "feedback_ms_p50", {"disk.write": ["1ms", "2ms"]}, replications=2)
    >>> breakeven(found).get_xlabel()
    'disk.write, ms'
    """
    if not isinstance(result, HasCrossings):
        raise ResultError(
            f"this is drawn of a break-even analysis, as cq.breakeven(...) returns it (got {shown(result)})"
        )
    ax = style.new_axes(ax, height=3.4 if len(result.axes) == 1 else 4.2)
    if len(result.axes) == 1:
        _curve(ax, result)
    else:
        _surface(ax, result)
    return ax


def _curve(ax: Axes, result: HasCrossings) -> None:
    scale, unit = _unit(result.metric)
    frame = result.frame
    x, value, low, high = (frame[name].to_numpy(np.float64) for name in ("x", "difference", "low", "high"))
    value, low, high = scale * value, scale * low, scale * high
    style.dress(ax, _title(result), result.axes[0].label, f"difference{unit}")
    ax.fill_between(x, low, high, color=style.BLUE, alpha=0.18, linewidth=0, gid="band")
    ax.plot(x, value, "o-", color=style.BLUE, linewidth=1.4, markersize=4, gid="difference")
    ax.axhline(0, color=style.INK, linewidth=0.9)
    ax.margins(x=0.03, y=0.18)
    for place in x[np.isnan(value)]:
        ax.plot([place], [0], "x", color=style.QUIET, markersize=6, gid="unknown")
    for row in result.crossings().to_dict("records"):
        ax.axvspan(row["low"], row["high"], color=style.ORANGE, alpha=0.35, linewidth=0, gid="crossing")
        told = result.axes[0].text(row["at"])
        ax.annotate(
            f"crosses at {told}", (row["at"], 0), xytext=(4, 6), textcoords="offset points",
            fontsize=style.SMALL, color=style.INK, path_effects=style.halo(),
        )  # fmt: skip
    _sides(ax, result)


def _sides(ax: Axes, result: HasCrossings) -> None:
    """Which design has less, above and below zero."""
    bottom, top = ax.get_ylim()
    for y, side, name in ((0.98, top > 0, result.names[1]), (0.02, bottom < 0, result.names[0])):
        if side:
            ax.text(
                0.99, y, f'"{name}" has less', transform=ax.transAxes, ha="right", va="top" if y > 0.5 else "bottom",
                fontsize=style.SMALL, color=style.QUIET, path_effects=style.halo(),
            )  # fmt: skip


def _surface(ax: Axes, result: HasCrossings) -> None:
    scale, unit = _unit(result.metric)
    grid = {name: result.frame.pivot(index="y", columns="x", values=name) for name in ("difference", "low", "high")}
    value = scale * grid["difference"].to_numpy(np.float64)
    x, y = grid["difference"].columns.to_numpy(np.float64), grid["difference"].index.to_numpy(np.float64)
    style.dress(ax, _title(result), result.axes[0].label, result.axes[1].label)
    ax.grid(visible=False)
    for row, column in zip(*np.nonzero(np.isnan(value)), strict=True):
        ax.plot([x[column]], [y[row]], "x", color=style.QUIET, markersize=6, gid="unknown")
    known = np.abs(value[np.isfinite(value)])
    if not known.any():
        _nothing_between(ax, x, y, value)
        return
    widest = float(np.quantile(known, _FULL)) or float(known.max())
    shaded = ax.pcolormesh(
        x, y, np.ma.masked_invalid(value), cmap=_MAP, norm=TwoSlopeNorm(0.0, -widest, widest), shading="nearest",
    )  # fmt: skip
    unresolved = (grid["low"].to_numpy() <= 0) & (grid["high"].to_numpy() >= 0)
    if unresolved.any():
        hatched = np.ma.masked_where(~unresolved, np.zeros_like(value))
        ax.pcolor(x, y, hatched, hatch="////", alpha=0.0, shading="nearest", edgecolor=style.QUIET, gid="unresolved")
    _zero_line(ax, result)
    extend = "both" if known.max(initial=0.0) > widest else "neither"
    bar = ax.figure.colorbar(shaded, ax=ax, shrink=0.9, extend=extend)
    bar.set_label(f'difference{unit}\n(below 0: "{result.names[0]}" has less)', fontsize=style.SMALL, color=style.INK)
    bar.ax.tick_params(labelsize=style.SMALL)


def _nothing_between(ax: Axes, x: Floats, y: Floats, value: Floats) -> None:
    """The points that were run, and in words that they show no difference."""
    rows, columns = np.nonzero(np.isfinite(value))
    ax.plot(x[columns], y[rows], "o", color=style.BLUE, markersize=4.5, gid="same")
    ax.margins(0.12)
    said = "not told apart anywhere: dots are what was compared" if len(rows) else "not known anywhere"
    ax.set_title(f"{ax.get_title(loc='left')}\n{said}", fontsize=style.TITLE, color=style.INK, loc="left")


def _zero_line(ax: Axes, result: HasCrossings) -> None:
    """Where the difference crosses zero along each row, with how sure that is, joined from row to row."""
    found = result.crossings()
    heights = dict(zip(result.frame[result.axes[1].path].astype(str), result.frame["y"], strict=True))
    y = [heights[str(value)] for value in found[result.axes[1].path]]
    ax.plot(found["at"], y, "o-", color=style.INK, linewidth=1.6, markersize=4, gid="zero")
    ax.hlines(y, found["low"], found["high"], color=style.INK, linewidth=3.0, alpha=0.55, gid="sure")


def _title(result: HasCrossings) -> str:
    return f'{result.metric.name}: "{result.names[0]}" minus "{result.names[1]}"'


def _unit(metric: Any) -> tuple[float, str]:
    """By what values are multiplied, and the unit that a label then ends with."""
    if metric.unit == "share":
        return 100.0, ", percentage points"
    return 1.0, f", {metric.unit}" if metric.unit else ""
