"""How long until clients know?  The share of commands that have come so far, by time, for each design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from cqrsim.plots import style
from cqrsim.plots.sources import HasLatencies, HasTrace, waits_of
from cqrsim.plots.style import Look

Floats = NDArray[np.float64]

_SEEN = {
    "answer_ms": "have their first answer",
    "feedback_ms": "have clients that know the outcome",
    "durability_ms": "are durable",
    "visibility_ms": "show in all projections",
    "own_read_ms": "are seen by an own read",
    "lag_ms": "have got from durable to all projections",
    "turn_wait_ms": "have the turn",
    "turn_held_ms": "have passed the turn on",
}
_SINCE = {"lag_ms": "durable", "turn_wait_ms": "received", "turn_held_ms": "admitted"}
_MOST_STEPS = 3000


@dataclass(frozen=True, eq=False)
class Curve:
    """The share of waits that ended within a time, as it climbs; times in milliseconds, ascending.

    ``open`` is the share that was unresolved when its run ended, ``followed`` the longest time that anything was
    waited for.
    """

    times: Floats
    shares: Floats
    count: int
    open: float
    followed: float

    @property
    def level(self) -> float:
        """The share that it climbs to."""
        return float(self.shares[-1]) if len(self.shares) else 0.0

    def at(self, times: Floats) -> Floats:
        """The share at other times."""
        before = np.searchsorted(self.times, times, side="right")
        return np.append(0.0, self.shares)[before]


def feedback_ecdf(
    comparison_or_frame: HasLatencies | HasTrace | pd.DataFrame, ax: Axes | None = None, metric: str = "feedback_ms"
) -> Axes:
    """Draw the share of commands whose clients know their outcome by time t, one line per design.

    Takes a comparison, a run, or a frame as a comparison's ``latencies()`` returns it: ``design``, ``value`` in
    milliseconds, and if they are there ``fate`` (known, censored or never) and ``replication``.  ``metric`` may be
    any other latency, such as "visibility_ms".

    What was unresolved when a run ended is right-censored (Kaplan and Meier 1958); what can never come stays out for
    ever, so that a line may stop below 100 %: its end is labelled with the level.  The band around a line reaches
    from the lowest to the highest of the replications.

    >>> frame = pd.DataFrame({"design": ["wait", "wait", "silence"], "value": [2.0, 3.0, 2000.0]})
    >>> ax = feedback_ecdf(frame)
    >>> ax.get_xlabel(), [line.get_label() for line in ax.lines if line.get_gid() == "design"]
    ('time since intended (ms)', ['wait', 'silence'])
    """
    frame = waits_of(comparison_or_frame, metric)
    ax = style.new_axes(ax, height=4.0)
    title = f"Commands that {_SEEN.get(metric, f'have come to {metric}')}, by time"
    style.dress(ax, title, f"time since {_SINCE.get(metric, 'intended')} (ms)", "share of commands (%)")
    curves = {name: curve_of(part) for name, part in _by_design(frame)}
    ax.set_ylim(0.0, 1.03)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f}"))
    if not sum(curve.count for curve in curves.values()):
        style.say(ax, f"No command of the measured window waits for this ({metric}).")
        return ax
    left, right = _limits(list(curves.values()))
    all_looks = style.looks(_designs(frame))
    bands = [_band(ax, part, all_looks[name].colour, left, right) for name, part in _by_design(frame)]
    for name, curve in curves.items():
        _line(ax, name, curve, all_looks[name], left, right)
    _time_axis(ax, left, right)
    _label_ends(ax, curves, all_looks)
    if most := max(bands):
        _remark(ax, f"bands: lowest to highest of {most} replications")
    return ax


def curve_of(waits: pd.DataFrame) -> Curve:
    """The curve of some waits, with what never ends and what was cut off taken for what it is.

    >>> frame = pd.DataFrame({"value": [1.0, 4.0, 9.0, 9.0], "fate": ["known", "known", "never", "never"]})
    >>> curve_of(frame).shares.tolist()
    [0.25, 0.5]
    """
    values, fate = waits["value"].to_numpy(np.float64), waits["fate"].astype(str).to_numpy()
    ended = np.sort(values[fate == "known"])
    censored = np.sort(values[fate == "censored"])
    gone = np.arange(len(ended)) + np.searchsorted(censored, ended, side="left")
    shares = 1.0 - np.cumprod(1.0 - 1.0 / (len(values) - gone))
    if not len(censored):
        shares = np.arange(1, len(ended) + 1) / max(len(values), 1)  # the same, without rounding
    followed = float(np.nanmax(values, initial=0.0)) if len(values) else 0.0
    return Curve(ended, shares, len(values), len(censored) / max(len(values), 1), followed)


def _designs(frame: pd.DataFrame) -> list[str]:
    design = frame["design"]
    if isinstance(design.dtype, pd.CategoricalDtype):
        return [str(name) for name in design.cat.categories]
    return [str(name) for name in design.unique()]


def _by_design(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    names = frame["design"].astype(str)
    for name in _designs(frame):
        part = frame[names == name]
        if len(part):
            yield name, part


def _limits(curves: list[Curve]) -> tuple[float, float]:
    """What the time axis spans; waits of 0 stand at its left end, where a logarithm has no place for them."""
    times = np.concatenate([curve.times[curve.times > 0] for curve in curves])
    longest = max(curve.followed for curve in curves)
    shortest = float(times.min()) if len(times) else max(longest, 1.0)
    return shortest / 1.25, max(longest, 2 * shortest) * 1.1


def _line(ax: Axes, name: str, curve: Curve, look: Look, left: float, right: float) -> None:
    """Solid as long as somebody is informed; thin from there on, where nothing comes any more."""
    times, shares = _thinned(np.maximum(curve.times, left), curve.shares)
    last = times[-1] if len(times) else left
    steps = {"drawstyle": "steps-post", "color": look.colour}
    if len(times):
        ax.plot(
            np.append(times[0], times), np.append(0.0, shares),
            linestyle=look.dash, linewidth=1.8, label=name, gid="design", solid_capstyle="butt", **steps,
        )  # fmt: skip
        ax.plot(last, curve.level, "o", markersize=3.5, color=look.colour, clip_on=False, gid="end")
    ax.plot([last, right], [curve.level] * 2, linewidth=0.8, alpha=0.7, gid="level", **steps)


def _thinned(times: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Fewer steps than anybody could see, but all of the slowest."""
    if len(times) <= _MOST_STEPS:
        return times, shares
    keep = np.unique(np.append(np.linspace(0, len(times) - 1, _MOST_STEPS).astype(int), np.arange(-300, 0) + len(times)))
    return times[keep], shares[keep]


def _band(ax: Axes, part: pd.DataFrame, colour: str, left: float, right: float) -> int:
    """The spread over replications at each time; the number of replications, 0 if there is nothing to spread."""
    if "replication" not in part or part["replication"].nunique() < 2:
        return 0
    grid = np.geomspace(left, right, 300)
    shares = np.array([curve_of(one).at(grid) for _, one in part.groupby("replication", observed=True)])
    ax.fill_between(grid, shares.min(axis=0), shares.max(axis=0), color=colour, alpha=0.18, linewidth=0, step="post")
    return len(shares)


def _time_axis(ax: Axes, left: float, right: float) -> None:
    ax.set_xscale("log")
    ax.set_xlim(left, right)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda time, _: style.amount(time)))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _label_ends(ax: Axes, curves: dict[str, Curve], all_looks: dict[str, Look]) -> None:
    """The name of each design and the level that it reaches, beside the axes at that level."""
    line = 1.3 * style.SMALL / 72 * ax.figure.dpi / ax.bbox.height * 1.03
    texts = {name: _end_label(name, curve) for name, curve in curves.items()}
    if sum(text.count("\n") + 1.4 for text in texts.values()) * line > 1.0:
        texts = {name: text.replace("\n", "  ") for name, text in texts.items()}
    heights = [(text.count("\n") + 1.4) * line for text in texts.values()]
    places = style.apart([curve.level for curve in curves.values()], heights, lowest=0.0)
    where: Any = ax.get_yaxis_transform()
    for (name, text), place in zip(texts.items(), places, strict=True):
        colour = all_looks[name].colour
        ax.annotate(
            text, xy=(1.0, curves[name].level), xytext=(1.035, place), xycoords=where, textcoords=where,
            fontsize=style.SMALL, color=colour, va="center", ha="left", annotation_clip=False, gid="design",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 0},
        )  # fmt: skip


def _end_label(name: str, curve: Curve) -> str:
    """The name, the level, and what keeps it below 100 %."""
    if curve.level == 1.0:
        return f"{name}\n100 %"
    still = f", {style.percent(curve.open)} open" if curve.open else ""
    return f"{name}\n{style.percent(curve.level)} ever{still}"


def _remark(ax: Axes, text: str) -> None:
    ax.text(
        0.99, 0.02, text, transform=ax.transAxes, fontsize=style.SMALL, color=style.QUIET, ha="right", va="bottom",
        path_effects=style.halo(),
    )  # fmt: skip
