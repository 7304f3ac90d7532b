"""How long until each moment?  The spread of every latency on one axis, with the share of commands that has it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style
from cqrsim.plots.feedback import Curve, curve_of
from cqrsim.plots.sources import HasLatencies, HasTrace, name_of, waits_of
from cqrsim.trace import Trace

Floats = NDArray[np.float64]

MOMENTS = {
    "answer_ms": "first answer",
    "feedback_ms": "client told",
    "durability_ms": "durable",
    "visibility_ms": "visible everywhere",
    "own_read_ms": "seen by its client",
}
"""The latencies that are shown unless others are named, and what they end with."""

_SINCE = "time since the command was meant to be issued (ms)"
_LEGEND = "dot: median, bar: 99 % quantile, each missing where too few come so far"
_LEGEND_OF_INTERVALS = "; lines: intervals"
_QUANTILES = (0.5, 0.99)
_HEIGHT = 0.72
"""How high a ridge is, where rows are 1 apart."""
_BINS = 160
_BETWEEN = 0.9
"""Room above each moment for its name, where there are several designs."""


@runtime_checkable
class HasQuantiles(Protocol):
    """A comparison."""

    def quantiles(self, latency: str = ..., p: Sequence[float] = ...) -> pd.DataFrame:
        """Quantiles with intervals: design, p, value, low, high, beyond."""


@dataclass(frozen=True)
class Ridge:
    """One latency of one design: how it spreads, its quantiles with their intervals, and what never comes."""

    metric: str
    design: str
    curve: Curve
    never: float
    quantiles: tuple[tuple[float, float, float], ...]
    """Value, low and high of each; NaN where it is not known."""


def latency_ridge(
    run_or_comparison: HasLatencies | HasTrace | Trace, metrics: Sequence[str] = tuple(MOMENTS), ax: Axes | None = None
) -> Axes:
    """Draw how each latency spreads: a ridge per moment, and per design, with the share of commands that has it.

    Ridges are histograms over equal steps of the logarithm, each as high as its highest step.  Below each stand its
    median (dot) and its 99 % quantile (bar) of all commands that wait for it; one that is not reached is missing.  Of
    a comparison the lines through them are confidence intervals over replications (by sectioning).  At the right
    stands the share that came to the moment, and what share waits in vain or was still open when the run ended.
    Moments that nobody waits for are left out.

    Raises ResultError for a latency that does not exist.

    >>> ax = latency_ridge(Trace.from_rows(np.empty((0, 7), np.int64)))
    >>> ax.get_xlabel(), [text.get_text() for text in ax.texts]
    ('time since the command was meant to be issued (ms)', ['Nobody waits for any of this.'])
    """
    if not metrics or isinstance(metrics, str):
        raise ResultError(f"metrics: name some latencies, such as {list(MOMENTS)[:2]} (got {shown(metrics)})")
    found = [list(ridges_of(run_or_comparison, metric)) for metric in metrics]
    ridges = [ridge for several in found if any(one.curve.count for one in several) for ridge in several]
    designs = list(dict.fromkeys(ridge.design for ridge in ridges))
    rows = list(_rows(ridges, several=len(designs) > 1))
    ax = style.new_axes(ax, height=1.1 + (0.3 if len(designs) > 1 else 0.6) * max([2.0, *(-row for row in rows)]))
    name = name_of(run_or_comparison)
    style.dress(
        ax,
        f"How long until each moment{f': {name}' if name else ''}",
        "time since the command was meant to be issued (ms)",
    )
    ax.set_yticks([])
    if not ridges:
        style.say(ax, "Nobody waits for any of this.")
        return ax
    left, right = _limits(ridges)
    style.logarithmic(ax, "x", left, right)
    _draw(ax, ridges, rows, left, right)
    sure = any(math.isfinite(low) for ridge in ridges for _, low, _ in ridge.quantiles)
    ax.set_xlabel(f"{_SINCE}\n{_LEGEND}{_LEGEND_OF_INTERVALS if sure else ''}")
    return ax


def ridges_of(source: HasLatencies | HasTrace | Trace, metric: str) -> Iterator[Ridge]:
    """What is shown of one latency, by design; nothing of designs in which nobody waits for it."""
    frame = waits_of(source, metric)
    names = frame["design"].astype(str)
    told = source.quantiles(metric, p=_QUANTILES) if isinstance(source, HasQuantiles) else None
    for name in _designs(source, frame):
        waits = frame[names == name]
        curve = curve_of(waits)
        quantiles = _own_quantiles(curve) if told is None else _told_quantiles(told[told["design"] == name])
        never = float((waits["fate"] == "never").mean()) if len(waits) else math.nan
        yield Ridge(metric, name, curve, never, quantiles)


def _designs(source: object, frame: pd.DataFrame) -> list[str]:
    """All designs in their order, so that each keeps its colour; a run has one name."""
    if isinstance(frame["design"].dtype, pd.CategoricalDtype):
        return [str(name) for name in frame["design"].cat.categories]
    found = [str(name) for name in frame["design"].unique()]
    return found or [name_of(source) or "this run"]


def _own_quantiles(curve: Curve) -> tuple[tuple[float, float, float], ...]:
    """The quantiles of a single run, of which nobody knows how sure they are."""
    found = []
    for p in _QUANTILES:
        place = int(np.searchsorted(curve.shares, p - 1e-12))
        value = float(curve.times[place]) if place < len(curve.times) else math.nan
        found.append((value, math.nan, math.nan))
    return tuple(found)


def _told_quantiles(told: pd.DataFrame) -> tuple[tuple[float, float, float], ...]:
    known = told.assign(value=told["value"].where(~told["beyond"].astype(bool)))
    return tuple(known[["value", "low", "high"]].itertuples(index=False, name=None))


def _rows(ridges: Sequence[Ridge], several: bool) -> Iterator[float]:
    """Where the foot of each ridge stands: downwards, and with room for the name of each moment above its designs."""
    place, before = 0.0, ""
    for ridge in ridges:
        place -= 1.0 + (_BETWEEN if several and ridge.metric != before else 0.0)
        before = ridge.metric
        yield place


def _limits(ridges: Sequence[Ridge]) -> tuple[float, float]:
    """From the shortest to the longest wait that ended; what took no time at all stands at the left end."""
    ended = np.concatenate([ridge.curve.times[ridge.curve.times > 0] for ridge in ridges])
    if not len(ended):
        return 0.1, 1000.0
    low, high = float(ended.min()), float(ended.max())
    return low / 1.3, max(high, 2 * low) * 1.3


# --- drawing ---------------------------------------------------------------------------------------------------------


def _draw(ax: Axes, ridges: Sequence[Ridge], rows: Sequence[float], left: float, right: float) -> None:
    all_looks = style.looks(dict.fromkeys(ridge.design for ridge in ridges))
    several = len(all_looks) > 1
    for ridge, row in zip(ridges, rows, strict=True):
        colour = all_looks[ridge.design].colour
        _ridge(ax, ridge, row, colour, left, right)
        _quantiles(ax, ridge, row, colour)
        ax.text(
            1.015, row + 0.25, _share(ridge), transform=ax.get_yaxis_transform(), fontsize=style.SMALL, color=colour,
            va="center", gid="share",
        )  # fmt: skip
    ax.text(
        1.015, 1.0, "share that\ncame to it", transform=ax.transAxes, fontsize=style.SMALL, color=style.QUIET,
        va="center", gid="heading",
    )  # fmt: skip
    ax.set_ylim(rows[-1] - 0.35, 0.0)
    ax.grid(visible=False, axis="y")
    _name_rows(ax, ridges, rows, [all_looks[ridge.design].colour if several else style.INK for ridge in ridges])


def _ridge(ax: Axes, ridge: Ridge, row: float, colour: str, left: float, right: float) -> None:
    """How the waits that ended spread, as a filled histogram that stands on its row."""
    edges = np.geomspace(left, right, _BINS + 1)
    weights = np.diff(ridge.curve.shares, prepend=0.0)
    heights, _ = np.histogram(np.maximum(ridge.curve.times, left), edges, weights=weights)
    ax.plot([left, right], [row, row], color=style.FAINT, linewidth=0.8, zorder=1)
    if heights.any():
        tops = row + _HEIGHT * heights / heights.max()
        ax.stairs(tops, edges, baseline=row, fill=True, color=colour, alpha=0.55, gid="ridge")


def _quantiles(ax: Axes, ridge: Ridge, row: float, colour: str) -> None:
    """The median as a dot, the 99 % quantile as a bar, each in its interval."""
    foot = row - 0.12
    for (value, low, high), mark, size in zip(ridge.quantiles, ("o", "|"), (4.0, 7.0), strict=True):
        if not math.isfinite(value) or value <= 0:
            continue
        if math.isfinite(low) and math.isfinite(high):
            ends = [max(low, ax.get_xlim()[0]), high]
            ax.plot(ends, [foot, foot], color=colour, linewidth=1.6, solid_capstyle="butt", gid="interval")
        ax.plot(value, foot, mark, color=colour, markersize=size, markeredgewidth=1.6, gid="quantile")


def _share(ridge: Ridge) -> str:
    """How many came to the moment, and what kept the others."""
    if not ridge.curve.count:
        return "nobody waits"
    parts = [("never", ridge.never), ("open", ridge.curve.open)]
    others = ", ".join(f"{style.percent(share)} {word}" for word, share in parts if share)
    return f"{style.percent(_came(ridge))}" + (f" ({others})" if others else "")


def _came(ridge: Ridge) -> float:
    """The share that was seen to come to the moment."""
    return len(ridge.curve.times) / ridge.curve.count


def _name_rows(ax: Axes, ridges: Sequence[Ridge], rows: Sequence[float], colours: Sequence[str]) -> None:
    """Of one run the moments at the left; of several designs these, below the name of each moment."""
    several = len({ridge.design for ridge in ridges}) > 1
    names = [ridge.design if several else _moment(ridge.metric) for ridge in ridges]
    ax.set_yticks([row + 0.25 for row in rows], names)
    ax.tick_params(axis="y", length=0)
    for label, colour in zip(ax.get_yticklabels(), colours, strict=True):
        label.set_color(colour)
    if not several:
        return
    first: dict[str, float] = {}
    for ridge, row in zip(ridges, rows, strict=True):
        first.setdefault(ridge.metric, row)
    common: Any = {"transform": ax.get_yaxis_transform(), "fontsize": style.TEXT, "fontweight": "bold"}
    for metric, row in first.items():
        ax.text(0.0, row + _HEIGHT + 0.22, _moment(metric), color=style.INK, va="bottom", gid="moment", **common)


def _moment(metric: str) -> str:
    return MOMENTS.get(metric, metric.removesuffix("_ms").replace("_", " "))
