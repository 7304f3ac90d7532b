"""What pictures of a run over time share: the axis, the measured window, levels as steps, names at the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cqrsim.moments import Moment
from cqrsim.plots import style
from cqrsim.plots.periods import Period, faults_throughout, name_above, periods_of, shade
from cqrsim.trace import Trace

Floats = NDArray[np.float64]

BINS = 300
"""How many stretches a run is cut into: more than that can hardly be told apart on seven inches."""

LABEL = "time since the run began (s)"

_IDLE = (Moment.POLLED, Moment.OWN_READ, Moment.BACKGROUND_READ, Moment.REFUSAL_EXPIRED, Moment.FAULT_ENDED)


def until(trace: Trace) -> float:
    """The time shown, in seconds: as long as anything happens; when people only look and wait is left out."""
    happens = trace.rows.time[~np.isin(trace.rows.moment, _IDLE)]
    last = int(happens[-1]) if len(happens) else 0
    return max(last, trace.about.length_ns, 1) / 1e9


def bounds(trace: Trace, bins: int = BINS) -> NDArray[np.int64]:
    """The bounds of equal stretches of the time shown, in nanoseconds."""
    return np.linspace(0, math.ceil(until(trace) * 1e9), bins + 1).astype(np.int64)


def edges_of(series: pd.DataFrame) -> Floats:
    """The bounds of the bins of a series, in seconds."""
    return np.append(series["begin_ms"].to_numpy(), series["end_ms"].to_numpy()[-1:]) / 1e3


def lay_out(ax: Axes, trace: Trace, title: str, y: str, periods: Sequence[Period] | None = None) -> None:
    """The axes of a whole run: labelled, periods of trouble shaded and named, the measured window dotted."""
    last = until(trace)
    periods = periods_of(trace, last) if periods is None else periods
    style.dress(ax, x=LABEL, y=y)
    ax.set_xlim(0.0, last)
    shade(ax, periods)
    window(ax, trace)
    name_above(ax, periods, title)


def window(ax: Axes, trace: Trace) -> None:
    """Dotted lines where the measured window begins and ends."""
    for time in (trace.about.warm_up_ns, trace.about.length_ns):
        if time > 0:
            ax.axvline(time / 1e9, color=style.QUIET, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1, gid="window")


def titled(title: str, name: str, trace: Trace) -> str:
    """A title with the name of the run, and the faults that are there all the time."""
    throughout = faults_throughout(trace)
    said = f"{title}{f': {name}' if name else ''}"
    return f"{said} (all the time: {', '.join(throughout)})" if throughout else said


def legend(ax: Axes, names: Sequence[tuple[str, str]]) -> None:
    """Names in their colours, to the right of the picture, one below the other."""
    for row, (text, colour) in enumerate(names):
        ax.annotate(
            text, xy=(1.0, 1.0), xycoords="axes fraction", xytext=(5, -11 * row), textcoords="offset points",
            ha="left", va="top", fontsize=style.SMALL, color=colour,
        )  # fmt: skip


def name_at(ax: Axes, names: Sequence[tuple[str, str, float]]) -> None:
    """Names in their colours to the right of the picture, each beside a value on the y axis, none above another.

    The y axis must have its limits and its scale by now.
    """
    line = 1.25 * style.SMALL / 72 * ax.figure.dpi / ax.bbox.height
    wanted = [_share_of_height(ax, value) for _, _, value in names]
    heights = [(text.count("\n") + 1.3) * line for text, _, _ in names]
    where: Any = ax.transAxes
    for (text, colour, _), place in zip(names, style.apart(wanted, heights, lowest=0.0), strict=True):
        ax.text(1.015, place, text, transform=where, fontsize=style.SMALL, color=colour, va="center", gid="name")


def _share_of_height(ax: Axes, value: float) -> float:
    """Where a value stands between the bottom (0) and the top (1) of the axes."""
    _, pixels = ax.transData.transform((ax.get_xlim()[0], value))
    place = float(ax.transAxes.inverted().transform((0.0, pixels))[1])
    return min(max(place, 0.0), 1.0) if math.isfinite(place) else 0.0


def bytes_unit(most: float) -> tuple[str, float]:
    """The largest unit of which there is at least one, and what bytes are multiplied by.

    >>> bytes_unit(25_000.0)
    ('kB', 0.001)
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if most >= size:
            return unit, 1 / size
    return "bytes", 1.0
