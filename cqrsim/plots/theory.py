"""Does the simulator agree with theory?  Every quantity's estimate, as far from theory as its standard error goes."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MultipleLocator

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style

_NEEDED = ("id", "quantity", "theory", "estimate", "low", "high", "standard_error", "looks", "verdict")
_FARTHEST = 6.0
"""Standard errors that the picture shows; what lies beyond stands at its edge, with a number."""

FIRST, TWICE, EQUAL, WRONG = "agrees", "agrees, looked at twice", "equal to the last bit", "does not agree"
Row = dict[Any, Any]
_LOOKS: dict[str, tuple[str, str]] = {
    FIRST: (style.BLUE, "o"),
    TWICE: (style.ORANGE, "D"),
    EQUAL: (style.INK, "s"),
    WRONG: (style.VERMILION, "X"),
}


@runtime_checkable
class HasVerdicts(Protocol):
    """A verification."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per quantity: theory, estimate, interval, verdict."""


def theory(verification_or_frame: HasVerdicts | pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how far every estimate lies from theory, in standard errors and with its interval, one line an oracle.

    Takes a verification (``cq.verify()``) or its frame.  An interval that holds 0 agrees with theory; of the intervals
    of a first look one in a hundred does not, and is looked at again.

    Raises ResultError for what is neither.

    >>> import cqrsim as cq
    >>> [label.get_text() for label in theory(cq.verify(["O05"])).get_yticklabels()]
    ['O05']
    """
    frame = _verdicts(verification_or_frame)
    lines = {name: _rows(frame[frame["id"] == name]) for name in dict.fromkeys(frame["id"])}
    rooms = [_room(rows) for rows in lines.values()]
    ax = style.new_axes(ax, height=1.5 + 0.24 * sum(rooms))
    style.dress(ax, "Estimates beside theory", "estimate - theory, in standard errors")
    ax.axvline(0, color=style.INK, linewidth=0.9, zorder=1)
    middles = np.cumsum(rooms) - np.array(rooms) / 2
    for middle, room, rows in zip(middles, rooms, lines.values(), strict=True):
        _line(ax, middle, room, rows)
    ax.set_yticks(middles, list(lines))
    ax.set_ylim(sum(rooms) + 0.1, -0.1)
    ax.set_xlim(-_FARTHEST - 0.5, _FARTHEST + 0.5)
    ax.xaxis.set_major_locator(MultipleLocator(2))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0f}" if value else "0"))
    ax.grid(visible=False, axis="y")
    _legend(ax, {_kind(row) for rows in lines.values() for row in rows})
    return ax


def _verdicts(source: HasVerdicts | pd.DataFrame) -> pd.DataFrame:
    frame = source.frame if not isinstance(source, pd.DataFrame) and isinstance(source, HasVerdicts) else source
    if not isinstance(frame, pd.DataFrame) or not set(_NEEDED) <= set(frame.columns):
        raise ResultError(f"this is drawn of a verification, or of its frame (got {shown(source)})")
    return frame


def _rows(frame: pd.DataFrame) -> list[Row]:
    return frame.to_dict("records")


def _room(rows: list[Row]) -> float:
    """Lines that an oracle takes: one, or so many that what is written of failures can be read."""
    return max(1.0, 0.75 * len(rows)) if any(_kind(row) == WRONG for row in rows) else 1.0


def _line(ax: Axes, middle: float, room: float, rows: list[Row]) -> None:
    """The quantities of an oracle, a little above each other."""
    spread = room / 2 - 0.2
    heights = middle + np.linspace(-spread, spread, len(rows)) if len(rows) > 1 else [middle]
    for height, row in zip(heights, rows, strict=True):
        _quantity(ax, float(height), row)


def _quantity(ax: Axes, height: float, row: Row) -> None:
    kind = _kind(row)
    colour, marker = _LOOKS[kind]
    distance, low, high = _in_standard_errors(row)
    if np.isnan(distance):
        _note(ax, 0.0, height, f"{row['quantity']}: {row['verdict']}", colour)
        return
    ax.plot(np.clip([low, high], -_FARTHEST, _FARTHEST), [height] * 2, color=colour, linewidth=0.9, alpha=0.45)
    seen = float(np.clip(distance, -_FARTHEST, _FARTHEST))
    ax.plot(seen, height, marker=marker, markersize=3.2 if kind == FIRST else 4.5, color=colour, gid="quantity")
    if kind == WRONG:
        _note(ax, seen, height, f"{row['quantity']}: {distance:+.1f}", colour)


def _kind(row: Row) -> str:
    if row["verdict"] == "equal":
        return EQUAL
    if row["verdict"] != "agrees":
        return WRONG
    return FIRST if row["looks"] == 1 else TWICE


def _in_standard_errors(row: Row) -> tuple[float, float, float]:
    """The estimate and its interval, from theory; what never varies is at it, or beyond everything."""
    error = row["standard_error"]
    if not error > 0:
        same = row["estimate"] - row["theory"]
        beyond = float("nan") if np.isnan(same) else float(np.sign(same)) * 2 * _FARTHEST
        return beyond, beyond, beyond
    distance, low, high = ((row[name] - row["theory"]) / error for name in ("estimate", "low", "high"))
    return distance, low, high


def _note(ax: Axes, beside: float, height: float, text: str, colour: str) -> None:
    """Written on that side of the dot where there is room."""
    left = beside > 0
    ax.annotate(
        text, (beside, height), xytext=(-7 if left else 7, 0), textcoords="offset points",
        ha="right" if left else "left", va="center", fontsize=style.SMALL, color=colour, path_effects=style.halo(),
        gid="failure",
    )  # fmt: skip


def _legend(ax: Axes, kinds: set[str]) -> None:
    """Only what is there, below the axes."""
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=colour, markersize=5, label=kind)
        for kind, (colour, marker) in _LOOKS.items()
        if kind in kinds
    ]
    ax.figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK,
    )  # fmt: skip
