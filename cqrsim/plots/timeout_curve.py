"""How long should a handler wait for its own events?  What each timeout costs, beside the line of theory."""

from __future__ import annotations

from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cqrsim.errors import ResultError, did_you_mean, shown
from cqrsim.plots import style

_DRAWN = {
    "shares": {
        "false_timeout_share": ("released too early", style.BLUE, "o"),
        "double_accept_share": ("accepted twice", style.VERMILION, "s"),
    },
    "turn_held": {
        "turn_held_ms_mean": ("on average", style.GREEN, "o"),
        "turn_held_ms_p99": ("99 % within", style.PURPLE, "s"),
    },
}
_HOLLOW: dict[str, Any] = {"markersize": 10, "markerfacecolor": "none", "alpha": 0.8, "clip_on": False}
"""Marks of theory: around those of what was simulated, where the two agree."""

_LABELS = {"shares": "share, %", "turn_held": "turn held, ms"}
_TITLES = {
    "shares": "What a timeout costs: simulated in intervals, theory as hollow marks",
    "turn_held": "How long a turn is held: simulated in intervals, theory as hollow marks",
}


@runtime_checkable
class HasTimeouts(Protocol):
    """A timeout curve."""

    timeouts: tuple[object, ...]
    frame: pd.DataFrame


def timeout_curve(curve: HasTimeouts, what: Literal["shares", "turn_held"] = "shares", ax: Axes | None = None) -> Axes:
    """Draw what each timeout costs: the shares of turns released too early and of aggregates accepted twice.

    Theory is known at these timeouts only, and nothing is drawn between them.  ``what="turn_held"`` draws how long
    turns are held instead.  What did not occur, and is nothing by theory, is not
    drawn.  Raises ResultError for what is no timeout curve, and for another ``what``.

    >>> rates = {"false_timeout_share": [0.3, 0.1], "double_accept_share": [0.2, 0.05]}
    >>> ends = {f"{name}_{end}": rates[name] for name in rates for end in ("low", "high", "theory")}
    >>> class Curve:
    ...     timeouts = ("10ms", "20ms")
    ...     frame = pd.DataFrame({"timeout_ms": [10.0, 20.0], **rates, **ends})
    >>> timeout_curve(Curve()).get_xlabel()
    'timeout, ms'
    """
    if not isinstance(curve, HasTimeouts):
        raise ResultError(f"this is drawn of what cq.timeout_curve(...) returns (got {shown(curve)})")
    if what not in _DRAWN:
        hint = did_you_mean(what, _DRAWN) or 'write "shares" or "turn_held"'
        raise ResultError(f"a timeout curve has no {shown(what)}; {hint}")
    ax = style.new_axes(ax, height=3.4)
    style.dress(ax, _TITLES[what], "timeout, ms", _LABELS[what])
    ends = [_line(ax, curve.frame, name, *look) for name, look in _DRAWN[what].items()]
    times = curve.frame["timeout_ms"].to_numpy(np.float64)
    style.logarithmic(ax, "x", times.min() / 1.15, times.max() * 1.9)
    style.plain_numbers(ax.yaxis)
    ax.set_ylim(0, 1.08 * ax.get_ylim()[1])
    _name_lines(ax, [end for end in ends if end is not None])
    return ax


def _line(
    ax: Axes, frame: pd.DataFrame, name: str, told: str, colour: str, marker: str
) -> tuple[float, float, str, str] | None:
    """One measure in its intervals, with its theory; where its higher end is, and what to write there."""
    scale = 100.0 if name.endswith("_share") else 1.0
    value, low, high, theory = (
        scale * frame[column].to_numpy(np.float64) for column in (name, f"{name}_low", f"{name}_high", f"{name}_theory")
    )
    if not np.nan_to_num(value).any() and not np.nan_to_num(theory).any():
        return None
    times = frame["timeout_ms"].to_numpy(np.float64)
    ax.plot(times, theory, marker, color=colour, gid="theory", **_HOLLOW)
    ax.vlines(times, low, high, color=colour, linewidth=2.2, gid="interval")
    ax.plot(times, value, marker, color=colour, markersize=4.5, clip_on=False, gid=name)
    place = 0 if np.nan_to_num(value[0]) > np.nan_to_num(value[-1]) else -1
    return float(times[place]), float(value[place]), told, colour


def _name_lines(ax: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """What each line is, beside its highest end, none above another."""
    height = 1.5 * style.SMALL / 72 * ax.figure.dpi / ax.bbox.height * (ax.get_ylim()[1] - ax.get_ylim()[0])
    places = style.apart([end[1] for end in ends], [height] * len(ends), lowest=ax.get_ylim()[0])
    for (x, y, told, colour), place in zip(ends, places, strict=True):
        ax.annotate(
            told, (x, y), xytext=(8, place), textcoords=("offset points", "data"), va="bottom",
            fontsize=style.SMALL, color=colour, path_effects=style.halo(), gid="name",
        )  # fmt: skip
