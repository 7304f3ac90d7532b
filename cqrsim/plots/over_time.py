"""What went on in a run, and when?  Small pictures below each other that share the time, with fault periods shaded."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cqrsim import metrics
from cqrsim.errors import ResultError
from cqrsim.metrics.paths import paths
from cqrsim.plots import style
from cqrsim.plots.along_time import BINS, LABEL, bytes_unit, edges_of, legend, titled, until, window
from cqrsim.plots.periods import name_above, periods_of, shade
from cqrsim.plots.sources import HasTrace, latency, name_of, trace_of
from cqrsim.trace import Trace

Floats = NDArray[np.float64]

PANELS = ("commands", "disk", "divergence", "lag", "feedback")
"""What is shown, from top to bottom."""

_FEEDBACK_BINS = 80


def timeline(run: HasTrace | Trace, axes: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw a run over time in five pictures, and return their axes: :data:`PANELS` says which is which.

    Commands in the system and waiting; the disk's use (in percent if it has a capacity); aggregates whose state in
    the handler has parted from the log; events that projections have yet to apply; the median and the 99 % quantile
    of the time until clients were told an outcome, by when their commands were intended.  Levels are means over bins,
    weighted by time.  Triangles stand where a quantile was never reached, because too many clients were never told.

    Periods in which a fault was in force are shaded and named, and so are those in which the store refused appends
    for a while.  Dotted lines bound the measured window.

    ``axes`` takes five axes to draw on, that should share their x axis.

    >>> from cqrsim.moments import Moment
    >>> rows = np.array([[0, Moment.ISSUED, 0, 0, 0, 0, 0], [10**9, Moment.INFORMED, 0, 0, 0, 2, 0]])
    >>> axes = timeline(Trace.from_rows(rows))
    >>> len(axes), axes[-1].get_xlabel()
    (5, 'time since the run began (s)')
    """
    trace = trace_of(run)
    drawn = _axes(axes)
    series = metrics.series(trace, bins=BINS)
    last = until(trace)
    periods = periods_of(trace, last)
    for ax in drawn:
        style.dress(ax)
        ax.set_xlim(0.0, last)
        shade(ax, periods)
        window(ax, trace)
    _commands(drawn[0], series)
    _disk(drawn[1], series, trace.about.capacity_bytes)
    _divergence(drawn[2], series, trace.about.live_state)
    _lag(drawn[3], series, trace.about.projections)
    _feedback(drawn[4], trace)
    drawn[4].set_xlabel(LABEL, fontsize=style.TEXT, color=style.INK)
    name_above(drawn[0], periods, titled("A run over time", name_of(run), trace))
    return drawn


def _axes(axes: Sequence[Axes] | None) -> tuple[Axes, ...]:
    if axes is None:
        _, made = plt.subplots(
            len(PANELS), 1, sharex=True, figsize=(style.WIDTH, 7.6), dpi=120, layout="constrained",
            height_ratios=[1.2, 1.0, 0.8, 1.0, 1.2],
        )  # fmt: skip
        axes = list(made)
    if len(axes) != len(PANELS):
        raise ResultError(f"a time line takes {len(PANELS)} axes ({', '.join(PANELS)}), not {len(axes)}")
    return tuple(axes)


# --- the pictures ----------------------------------------------------------------------------------------------------


def _levels(ax: Axes, series: pd.DataFrame, columns: dict[str, tuple[str, str]]) -> None:
    """Levels as steps, one line each: name of the column -> what it is called, and its colour."""
    for name, (_, colour) in columns.items():
        ax.stairs(series[name].to_numpy(), edges_of(series), color=colour, linewidth=1.2, baseline=None, gid="level")
    legend(ax, list(columns.values()))
    ax.set_ylim(0.0, max(1.05 * float(series[list(columns)].max().max()), 1e-9))
    style.plain_numbers(ax.yaxis)


def _commands(ax: Axes, series: pd.DataFrame) -> None:
    ax.set_ylabel("commands")
    columns = {
        "in_system": ("in the system", style.QUIET),
        "waiting": ("waiting for the turn", style.BLUE),
        "at_store": ("at the store", style.VERMILION),
    }
    ax.stairs(series["in_system"].to_numpy(), edges_of(series), fill=True, color=style.QUIET, alpha=0.35)
    _levels(ax, series, columns)


def _disk(ax: Axes, series: pd.DataFrame, capacity: int) -> None:
    """Events, and error events on top of them."""
    unit, scale = ("%", 100 / capacity) if capacity > 0 else bytes_unit(float(series["store_bytes"].max()))
    ax.set_ylabel(f"disk use ({unit})" if capacity <= 0 else "disk use\n(% of capacity)")
    events, total = series["event_bytes"].to_numpy() * scale, series["store_bytes"].to_numpy() * scale
    edges = edges_of(series)
    names = [("events", style.BLUE)]
    ax.stairs(events, edges, fill=True, color=style.BLUE, alpha=0.35, gid="level")
    if series["error_bytes"].max() > 0:
        ax.stairs(total, edges, baseline=events, fill=True, color=style.VERMILION, alpha=0.6, gid="level")
        names.insert(0, ("error events", style.VERMILION))
    ax.set_ylim(0.0, 105.0 if capacity > 0 else None)
    legend(ax, names)


def _divergence(ax: Axes, series: pd.DataFrame, live_state: bool) -> None:
    ax.set_ylabel("divergent\naggregates")
    if not live_state:
        ax.set_yticks([])
        style.say(ax, "The handler keeps no state that could part from the log.")
        return
    _levels(ax, series, {"divergent_aggregates": ("handler and log\nhave parted", style.VERMILION)})
    if not series["divergent_aggregates"].max() > 0:
        ax.set_ylim(0.0, 1.0)
        ax.set_yticks([0, 1])


def _lag(ax: Axes, series: pd.DataFrame, projections: Sequence[str]) -> None:
    ax.set_ylabel("lag (events)")
    colours = [style.GREEN, style.PURPLE, style.ORANGE, style.SKY]
    _levels(
        ax,
        series,
        {f"lag_{name}_events": (name, colours[place % len(colours)]) for place, name in enumerate(projections)},
    )


def _feedback(ax: Axes, trace: Trace) -> None:
    """Quantiles by when commands were intended; what never came counts as later than anything."""
    ax.set_ylabel("feedback (ms)")
    wait = latency(trace, "feedback_ms")
    counted = wait.counted & paths(trace).issued & (wait.since >= 0)
    if not counted.any():
        style.say(ax, "No command was issued.")
        return
    since = wait.since[counted] / 1e9
    value = np.where(wait.until[counted] >= 0, (wait.until - wait.since)[counted] / 1e6, np.inf)
    edges = np.linspace(0.0, max(float(since.max()), 1e-9) * (1 + 1e-9), _FEEDBACK_BINS + 1)
    names = [(0.5, "median", style.BLUE), (0.99, "99 % quantile", style.VERMILION)]
    found = [_quantiles(edges, since, value, share) for share, _, _ in names]
    known = np.concatenate(found)
    known = known[np.isfinite(known) & (known > 0)]
    if len(known):
        low, high = float(known.min()), float(known.max())
        room = 2.2 if high / low < 3 else 1.5
        style.logarithmic(ax, "y", low / room, high * room)
    else:
        ax.set_yticks([])
    for (_, _, colour), values, row in zip(names, found, (0.9, 1.0), strict=True):
        _draw_quantiles(ax, (edges[1:] + edges[:-1]) / 2, values, colour, row)
    never = [("▲ not reached", style.QUIET)] if any(np.isinf(values).any() for values in found) else []
    legend(ax, [(name, colour) for _, name, colour in names] + never)


def _quantiles(edges: Floats, since: Floats, value: Floats, share: float) -> Floats:
    """A quantile of each bin: NaN where there is no command, infinite where too many never get there."""
    bins = np.searchsorted(edges, since, side="right") - 1
    order = np.lexsort([value, bins])
    counts = np.bincount(bins, minlength=len(edges) - 1)
    starts = np.cumsum(counts) - counts
    ranks = starts + np.maximum(np.ceil(share * counts - 1e-9).astype(int), 1) - 1
    found = np.full(len(counts), np.nan)
    found[counts > 0] = value[order][ranks[counts > 0]]
    return found


def _draw_quantiles(ax: Axes, times: Floats, values: Floats, colour: str, row: float) -> None:
    beyond = np.isinf(values)
    finite = np.where(beyond | (values <= 0), np.nan, values)
    ax.plot(times, finite, color=colour, linewidth=1.2, marker=".", markersize=3, gid="quantile")
    if beyond.any():
        ax.plot(
            times[beyond], np.full(int(beyond.sum()), row), "^", markersize=3.5, color=colour, clip_on=False,
            transform=ax.get_xaxis_transform(), gid="never",
        )  # fmt: skip
