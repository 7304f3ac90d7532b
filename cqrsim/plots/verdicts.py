"""Does what is claimed hold?  How far what was measured lies beyond what was predicted, claim by claim."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol, runtime_checkable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style

_NEEDED = ("id", "claim_verdict", "condition", "unit", "than", "value", "low", "high", "limit", "over")
_FARTHEST = 300.0
"""How many times as far as predicted the picture shows; what lies beyond stands at its edge as an arrow."""

_LOOKS = {
    "holds": (style.GREEN, "\N{CHECK MARK}"),
    "holds under a condition": (style.BLUE, "(\N{CHECK MARK})"),
    "does not hold": (style.VERMILION, "\N{MULTIPLICATION X}"),
    "not resolved": (style.QUIET, "?"),
}
"""Colour and sign of every verdict."""

_AXIS = "\N{LEFTWARDS ARROW} against   times the limit that was set beforehand   for \N{RIGHTWARDS ARROW}"

Row = dict[Any, Any]


@runtime_checkable
class HasChecks(Protocol):
    """Judged claims."""

    @property
    def checks(self) -> pd.DataFrame:
        """One row per prediction: value, interval, limit, and of which claim."""


class Distance(NamedTuple):
    """How many times as far as predicted a value lies, with its interval: above 1 it is as predicted."""

    value: float
    low: float
    high: float


def claims(judged_or_checks: HasChecks | pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw for every claim how far beyond its limit the weakest of its predictions lies, with the interval.

    Takes judged claims (``cq.judge()``) or their ``checks``.  Dots right of 1 speak for a claim.  Rings left of 1 are
    what is seen without the condition that a claim leaves out: they speak against it, as was predicted, too.  The scale
    is that of the limit: ten times as large as the least that was predicted, or a tenth of the most.  Of what was
    predicted to befall nearly all it is told how many it does not befall.

    Raises ResultError for what is neither.

    >>> frame = pd.DataFrame([["a_claim", "holds", "", "share", "", 0.5, 0.4, 0.6, 0.1, True]], columns=list(_NEEDED))
    >>> [label.get_text() for label in claims(frame).get_yticklabels()]
    ['a claim  ✓']
    """
    frame = _checks(judged_or_checks)
    names = list(dict.fromkeys(frame["id"]))
    ax = style.new_axes(ax, height=1.5 + 0.235 * max(3, len(names)))
    style.dress(ax, "What was measured, beside what was predicted", _AXIS)
    style.logarithmic(ax, "x", 1 / _FARTHEST, _FARTHEST)
    ax.axvline(1, color=style.INK, linewidth=0.9, zorder=1)
    verdicts = {}
    for height, name in enumerate(names):
        rows = frame[frame["id"] == name].to_dict("records")
        verdicts[name] = str(rows[0]["claim_verdict"])
        _claim(ax, height, rows, _LOOKS[verdicts[name]][0])
    _labels(ax, names, verdicts)
    _legend(ax, set(verdicts.values()), bool((frame["condition"] != "").any()))
    return ax


def _checks(source: HasChecks | pd.DataFrame) -> pd.DataFrame:
    frame = source.checks if not isinstance(source, pd.DataFrame) and isinstance(source, HasChecks) else source
    if not isinstance(frame, pd.DataFrame) or not set(_NEEDED) <= set(frame.columns):
        raise ResultError(f"this is drawn of judged claims, or of their checks (got {shown(source)})")
    return frame


def _claim(ax: Axes, height: float, rows: list[Row], colour: str) -> None:
    """The weakest prediction of the claim, and the weakest of its conditions, each by the first that it predicts."""
    own = [distance_of(row) for row in rows if not row["condition"]]
    first = {row["condition"]: row for row in reversed(rows) if row["condition"]}
    without = [distance_of(row) for row in first.values()]
    if without:
        _mark(ax, height, _turned(_weakest(without)), colour, filled=False)
    if own:
        _mark(ax, height, _weakest(own), colour, filled=True)


def distance_of(row: Row) -> Distance:
    """How many times the limit a value is; for one that should lie below, how many times it would fit under it.

    >>> row = {"value": 0.2, "low": 0.1, "high": 0.4, "limit": 0.1, "over": True, "than": "", "unit": "share"}
    >>> distance_of(row)
    Distance(value=2.0, low=1.0, high=4.0)
    >>> distance_of(row | {"value": 0.0, "low": 0.0, "high": 0.05, "over": False})
    Distance(value=inf, low=2.0, high=inf)
    >>> distance_of(row | {"value": 1.0, "low": 0.875, "high": 1.0, "limit": 0.75})
    Distance(value=inf, low=2.0, high=inf)
    """
    value, low, high, limit = (float(row[name]) for name in ("value", "low", "high", "limit"))
    over = bool(row["over"])
    if row["unit"] == "share" and limit > 0.5 and not row["than"]:
        value, low, high, limit, over = 1 - value, 1 - high, 1 - low, 1 - limit, not over
    if over:
        return Distance(*(max(end, 0.0) / limit for end in (value, low, high)))
    if row["than"]:
        nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        value, low, high = abs(value), nearest, max(abs(low), abs(high))
    return Distance(_times(limit, value), _times(limit, high), _times(limit, low))


def _times(limit: float, value: float) -> float:
    return math.inf if value <= 0 else limit / value


def _weakest(distances: list[Distance]) -> Distance:
    """The one that is least sure; one that is not known is never sure."""
    return min(distances, key=lambda one: -1.0 if math.isnan(one.low) else one.low)


def _turned(distance: Distance) -> Distance:
    """To the other side: what speaks against the claim."""
    value, low, high = (math.inf if end == 0 else 1 / end for end in distance)
    return Distance(value, high, low)


def _mark(ax: Axes, height: float, distance: Distance, colour: str, filled: bool) -> None:
    if math.isnan(distance.value):
        return
    value, low, high = (min(max(end, 1 / _FARTHEST), _FARTHEST) for end in distance)
    ax.plot([low, high], [height, height], color=colour, linewidth=1.4, solid_capstyle="butt", gid="interval")
    marker = "<" if value <= 1 / _FARTHEST else ">" if value >= _FARTHEST else "o"
    ax.plot(
        value, height, marker=marker, markersize=5.5, color=colour, markerfacecolor=colour if filled else "white",
        clip_on=False, zorder=3, gid="for" if filled else "against",
    )  # fmt: skip


def _labels(ax: Axes, names: list[str], verdicts: dict[str, str]) -> None:
    """The claims on the left, each with the sign of its verdict, in its colour."""
    shown_names = [f"{name.replace('_', ' ')}  {_LOOKS[verdicts[name]][1]}" for name in names]
    ax.set_yticks(range(len(names)), shown_names)
    for label, name in zip(ax.get_yticklabels(), names, strict=True):
        label.set_color(_LOOKS[verdicts[name]][0])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=True, axis="y", color=style.FAINT, linewidth=0.4)


def _legend(ax: Axes, verdicts: set[str], conditions: bool) -> None:
    """Only what is there, below the axes."""
    handles = [
        Line2D([], [], color=colour, marker="o", markersize=5, linewidth=1.4, label=f"{sign}  {verdict}")
        for verdict, (colour, sign) in _LOOKS.items()
        if verdict in verdicts
    ]
    if conditions:
        ring = Line2D([], [], marker="o", markersize=5, markerfacecolor="white", color=style.BLUE, linestyle="")
        ring.set_label("the same without the condition")
        handles.append(ring)
    ax.figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip
