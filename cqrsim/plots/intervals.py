"""Which design is better, and is that sure?  One metric of every design, with its confidence interval."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style
from cqrsim.plots.possible import possible

_NEEDED = ("design", "value", "low", "high")
_WIDE = 30.0
"""The largest of some positive values, over the smallest, from which on a logarithmic axis shows them better."""


@runtime_checkable
class HasEstimates(Protocol):
    """A comparison."""

    def estimates(self, *names: str) -> pd.DataFrame:
        """One row per design and metric: value, low, high, unit, beyond."""


def intervals(comparison_or_frame: HasEstimates | pd.DataFrame, metric: str = "", ax: Axes | None = None) -> Axes:
    """Draw one metric of every design as a dot in its confidence interval, the first design on top.

    Takes a comparison with the name of a ``metric``, such as "feedback_ms_p99", or a frame as its ``estimates()``
    returns it for one.  A value that is only a lower bound is drawn as an arrow.  Intervals that do not overlap differ;
    those that do may differ all the same, since designs are paired: see the comparison's ``differences``.

    Raises ResultError for what is neither, and for a frame of several metrics.

    >>> ends = {"low": [1.5, 8.0], "high": [2.5, 10.0]}
    >>> frame = pd.DataFrame({"design": ["wait", "silence"], "value": [2.0, 9.0], **ends})
    >>> [text.get_text() for text in intervals(frame, "feedback_ms_p99").get_yticklabels()]
    ['wait', 'silence']
    """
    frame = possible(_estimates(comparison_or_frame, metric))
    names = [str(name) for name in frame["design"]]
    scale, label = words_of(frame, metric)
    ax = style.new_axes(ax, height=0.9 + 0.32 * max(2, len(names)))
    style.dress(ax, "Mean over replications, with its confidence interval", label)
    colours = [look.colour for look in style.looks(names).values()]
    for place, (row, colour) in enumerate(zip(frame.to_dict("records"), colours, strict=True)):
        _interval(ax, place, {name: scale * row[name] for name in ("value", "low", "high")}, colour)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    _axis(ax, scale * frame[["value", "low", "high"]].to_numpy(np.float64))
    return ax


def _estimates(source: HasEstimates | pd.DataFrame, metric: str) -> pd.DataFrame:
    if not isinstance(source, pd.DataFrame):
        if not isinstance(source, HasEstimates):
            raise ResultError(f"this is drawn of a comparison, or of its estimates (got {shown(source)})")
        source = source.estimates(*([metric] if metric else []))
    if missing := [name for name in _NEEDED if name not in source]:
        raise ResultError(f"a frame of estimates needs the columns {', '.join(_NEEDED)}; there is no {missing[0]}")
    if metric and "name" in source:
        source = source[source["name"] == metric]
    if source["design"].duplicated().any():
        raise ResultError("name the metric to draw: there are several")
    return source


def words_of(frame: pd.DataFrame, metric: str) -> tuple[float, str]:
    """What values are multiplied by, and what the axis says."""
    name = metric or (str(frame["name"].iloc[0]) if "name" in frame and len(frame) else "value")
    words = name.replace("_ms_", "_").removesuffix("_share").replace("_", " ")
    unit = str(frame["unit"].iloc[0]) if "unit" in frame and len(frame) else ("ms" if "_ms" in name else "")
    shown_unit = {"share": "%", "": ""}.get(unit, unit.replace("_", " "))
    return (100.0 if unit == "share" else 1.0), f"{words} ({shown_unit})" if shown_unit else words


def _interval(ax: Axes, place: int, row: dict[str, float], colour: str) -> None:
    value, low, high = row["value"], row["low"], row["high"]
    if np.isnan(value):
        ax.text(0.01, place, "no value", transform=ax.get_yaxis_transform(), fontsize=style.SMALL, color=style.QUIET)
    elif np.isnan(low):
        ax.plot(value, place, ">", color=colour, markersize=7, gid="beyond")
        ax.annotate("  or more", (value, place), fontsize=style.SMALL, color=colour, va="center", annotation_clip=False)
    else:
        if np.isfinite([low, high]).all():
            ax.plot([low, high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt", gid="interval")
        ax.plot(value, place, "o", color=colour, markersize=5, clip_on=False, gid="value")


def _axis(ax: Axes, numbers: NDArray[np.float64]) -> None:
    """From 0, or logarithmic where the designs are orders of magnitude apart."""
    finite = numbers[np.isfinite(numbers)]
    if len(finite) and finite.min() > 0 and finite.max() / finite.min() > _WIDE:
        style.logarithmic(ax, "x", float(finite.min()) / 1.5, float(finite.max()) * 1.5)
        return
    style.plain_numbers(ax.xaxis)
    if len(finite) and finite.min() >= 0:
        ax.set_xlim(0.0, max(float(finite.max()) * 1.08, 1e-9))
