"""How long until clients are told?  The share of commands that have come so far, by time, for each design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from cqrsim.plots import style
from cqrsim.plots.sources import HasLatencies, HasTrace, waits_of
from cqrsim.plots.style import Look
from cqrsim.trace import Trace

Floats = NDArray[np.float64]

_TITLES = {
    "answer_ms": "Commands that have their first answer",
    "feedback_ms": "Commands whose client has been told an outcome",
    "durability_ms": "Commands whose events are durable",
    "visibility_ms": "Commands that show in all projections",
    "own_read_ms": "Commands that their client has seen in a projection",
    "lag_ms": "Durable commands that show in all projections",
    "turn_wait_ms": "Commands that have got the turn",
    "turn_held_ms": "Commands that have passed the turn on",
}
_SINCE = {
    "lag_ms": "the events were durable",
    "turn_wait_ms": "the handler received the command",
    "turn_held_ms": "the command got the turn",
}
_FROM_INTENDED, _FROM_SENT = "the command was meant to be issued", "the command was sent"
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

    @property
    def median(self) -> float:
        """When it reaches a half; infinite if it does not."""
        reached = np.searchsorted(self.shares, 0.5)
        return float(self.times[reached]) if reached < len(self.times) else np.inf

    def at(self, times: Floats) -> Floats:
        """The share at other times."""
        before = np.searchsorted(self.times, times, side="right")
        return np.append(0.0, self.shares)[before]


def feedback_ecdf(
    comparison_or_frame: HasLatencies | HasTrace | Trace | pd.DataFrame,
    ax: Axes | None = None,
    metric: str = "feedback_ms",
) -> Axes:
    """Draw the share of commands whose clients have been told an outcome by time t, one line per design.

    Whether they were told the truth is another question: see :func:`~cqrsim.plots.outcome_matrix`.

    Takes a comparison, a run, or a frame as a comparison's ``latencies()`` returns it: ``design``, ``value`` in
    milliseconds, and if they are there ``fate`` (known, censored or never) and ``replication``.  ``metric`` may be
    any other latency, such as "visibility_ms".

    What was unresolved when a run ended is right-censored (Kaplan and Meier 1958); what can never come stays out for
    ever, so that a line may stop below 100 %: its end is labelled with the level.  The band around a line reaches
    from the lowest to the highest of the replications.

    >>> frame = pd.DataFrame({"design": ["wait", "wait", "silence"], "value": [2.0, 3.0, 2000.0]})
    >>> ax = feedback_ecdf(frame)
    >>> ax.get_xlabel(), [line.get_label() for line in ax.lines if line.get_gid() == "design"]
    ('time since the command was meant to be issued (ms)', ['wait', 'silence'])
    """
    frame = waits_of(comparison_or_frame, metric)
    ax = style.new_axes(ax, height=4.0)
    title, since = _words(metric)
    style.dress(ax, f"{title}, by time", f"time since {since} (ms)", "share of commands (%)")
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
    style.logarithmic(ax, "x", left, right)
    _label_ends(ax, curves, all_looks)
    if most := max(bands):
        ax.set_xlabel(f"{ax.get_xlabel()}\nbands: from the lowest to the highest of {most} replications")
    return ax


def curve_of(waits: pd.DataFrame) -> Curve:
    """The curve of some waits, with what never ends and what was cut off taken for what it is.

    >>> frame = pd.DataFrame({"value": [1.0, 4.0, 9.0, 9.0], "fate": ["known", "known", "never", "never"]})
    >>> curve_of(frame).shares.tolist()
    [0.25, 0.5]
    """
    values = waits["value"].to_numpy(np.float64)
    ended = np.sort(values[(waits["fate"] == "known").to_numpy(np.bool_)])
    censored = np.sort(values[(waits["fate"] == "censored").to_numpy(np.bool_)])
    gone = np.arange(len(ended)) + np.searchsorted(censored, ended, side="left")
    shares: Floats = np.asarray(1.0 - np.cumprod(1.0 - 1.0 / (len(values) - gone)), np.float64)
    if not len(censored):
        shares = np.arange(1, len(ended) + 1) / max(len(values), 1)  # the same, without rounding
    followed = float(np.nanmax(values, initial=0.0)) if len(values) else 0.0
    return Curve(ended, shares, len(values), len(censored) / max(len(values), 1), followed)


def _words(metric: str) -> tuple[str, str]:
    """What is seen, and since when it is counted."""
    plain = metric.replace("_from_sent", "")
    since = _FROM_SENT if plain != metric else _SINCE.get(metric, _FROM_INTENDED)
    return _TITLES.get(plain, f"Commands that have come to {plain.removesuffix('_ms').replace('_', ' ')}"), since


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
    steps: dict[str, Any] = {"drawstyle": "steps-post", "color": look.colour}
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
    evenly = np.linspace(0, len(times) - 1, _MOST_STEPS).astype(int)
    keep = np.unique(np.append(evenly, np.arange(len(times) - 300, len(times))))
    return times[keep], shares[keep]


def _band(ax: Axes, part: pd.DataFrame, colour: str, left: float, right: float) -> int:
    """The spread over replications at each time; the number of replications, 0 if there is nothing to spread."""
    if "replication" not in part or part["replication"].nunique() < 2:
        return 0
    grid = np.geomspace(left, right, 300)
    shares = np.array([curve_of(one).at(grid) for _, one in part.groupby("replication", observed=True)])
    ax.fill_between(grid, shares.min(axis=0), shares.max(axis=0), color=colour, alpha=0.18, linewidth=0, step="post")
    return len(shares)


def _label_ends(ax: Axes, curves: dict[str, Curve], all_looks: dict[str, Look]) -> None:
    """The name of each design and the level that it reaches, beside the axes at that level, the fastest on top."""
    names = sorted(curves, key=lambda name: (-round(curves[name].level, 3), curves[name].median))
    line = 1.3 * style.SMALL / 72 * ax.figure.dpi / ax.bbox.height * 1.03
    texts = [_end_label(name, curves[name]) for name in names]
    if sum(text.count("\n") + 1.2 for text in texts) * line > 1.0:
        texts = [text.replace("\n", " ") for text in texts]
    heights = [(text.count("\n") + 1.2) * line for text in texts]
    places = style.apart([curves[name].level for name in names], heights, lowest=0.0)
    where: Any = ax.get_yaxis_transform()
    for name, text, place in zip(names, texts, places, strict=True):
        look = all_looks[name]
        leader = [(1.0, curves[name].level), (1.02, place), (1.055, place)]
        ax.plot(
            *zip(*leader, strict=True), transform=where, color=look.colour, linestyle=look.dash, linewidth=1.2,
            clip_on=False, gid="leader",
        )  # fmt: skip
        ax.text(1.065, place, text, transform=where, fontsize=style.SMALL, color=look.colour, va="center", gid="design")


def _end_label(name: str, curve: Curve) -> str:
    """The name, the level, and what keeps it below 100 %."""
    if curve.level == 1.0:
        return f"{name}: 100 %"
    still = f"\n{style.percent(curve.open)} open at the end" if curve.open else ""
    return f"{name}:\n{style.percent(curve.level)} ever{still}"
