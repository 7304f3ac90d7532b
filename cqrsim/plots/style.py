"""One style for all pictures: colours that everybody can tell apart, a light grid, and numbers as people read them.

Nothing here touches matplotlib's own settings: whatever a picture needs is said to the artists themselves.

The n-th design of a comparison has the n-th colour and dash in every picture, in the order in which the designs were
named.  A frame that lost some of its designs keeps their colours as long as its column "design" is a categorical.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
"""The eight colours of Okabe and Ito, "Color universal design" (2008)."""

INK, QUIET, FAINT = "#262626", "#6E6E6E", "#DCDCDC"
"""Greys: for what is read, what is said aside, and what only guides the eye."""

TEXT, SMALL, TITLE = 9.0, 8.0, 10.5
"""Sizes of letters in points."""

WIDTH = 7.0
"""Width of a figure in inches: that of a notebook's column."""

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, QUIET)
"""Grey stands in for yellow, which can hardly be seen on white."""
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)))


@dataclass(frozen=True)
class Look:
    """How a design is drawn; lines that coincide can still be told apart by their dashes."""

    colour: str
    dash: Any


def looks(designs: Iterable[str]) -> dict[str, Look]:
    """The look of every design, by its place in the order; eight colours and four dashes give 32 in all.

    >>> looks(["wait", "silence"])["silence"].colour
    '#D55E00'
    """
    return {name: _look(place) for place, name in enumerate(designs)}


def _look(place: int) -> Look:
    again, colour = divmod(place, len(_COLOURS))
    return Look(_COLOURS[colour], _DASHES[(place + again) % len(_DASHES)])


def new_axes(ax: Axes | None, height: float) -> Axes:
    """The axes that were given, or those of a new figure of that height in inches."""
    if ax is not None:
        return ax
    _, made = plt.subplots(figsize=(WIDTH, height), dpi=120, layout="constrained")
    return made


def dress(ax: Axes, title: str = "", x: str = "", y: str = "") -> None:
    """Title, labels, a light grid behind everything, and no frame but the axes themselves."""
    if title:
        ax.set_title(title, fontsize=TITLE, color=INK, loc="left")
    ax.set_xlabel(x, fontsize=TEXT, color=INK)
    ax.set_ylabel(y, fontsize=TEXT, color=INK)
    ax.tick_params(which="both", labelsize=SMALL, colors=QUIET, labelcolor=INK)
    ax.grid(visible=True, which="major", color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(QUIET)


def plain_numbers(axis: Axis) -> None:
    """Numbers on an axis as :func:`amount` writes them, and none between the marks."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))
    axis.set_minor_formatter(NullFormatter())


def logarithmic(ax: Axes, which: Literal["x", "y"], low: float, high: float) -> None:
    """A logarithmic axis from low to high: marks at decades, and in between where there are few of them."""
    axis: Axis = ax.xaxis if which == "x" else ax.yaxis
    ax.set(**{f"{which}scale": "log", f"{which}lim": (low, high)})
    axis.set_major_locator(LogLocator(subs=(1.0,) if high / low > 300 else (1.0, 2.0, 5.0)))
    axis.set_minor_locator(LogLocator(subs="auto") if high / low > 300 else NullLocator())
    plain_numbers(axis)


def say(ax: Axes, message: str) -> None:
    """Write in the middle of the axes why there is nothing to be seen."""
    ax.text(0.5, 0.5, message, transform=ax.transAxes, ha="center", va="center", fontsize=TEXT, color=QUIET, wrap=True)


def halo(width: float = 2.0) -> list[AbstractPathEffect]:
    """A white rim around letters, so that they can be read across lines."""
    return [withStroke(linewidth=width, foreground="white")]


def percent(share: float) -> str:
    """A share in percent, with as many digits as it takes not to claim none or all.

    >>> percent(0.979), percent(1.0), percent(0.99996), percent(0.0)
    ('97.9 %', '100 %', '99.996 %', '0 %')
    """
    if share in (0.0, 1.0) or math.isnan(share):
        return f"{share:.0%}".replace("%", " %")
    digits = 1
    while digits < 9 and f"{share:.{digits}%}" in (f"{0:.{digits}%}", f"{1:.{digits}%}"):
        digits += 1
    return f"{100 * share:.{digits}f} %"


def amount(value: float) -> str:
    """A number on an axis: no exponents, thousands apart.

    >>> amount(0.05), amount(1.0), amount(25000.0)
    ('0.05', '1', '25,000')
    """
    if value >= 1:
        return f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}"
    return f"{value:.6f}".rstrip("0").rstrip(".")


def apart(wanted: Sequence[float], heights: Sequence[float], lowest: float) -> list[float]:
    """Where labels go that want to stand at some heights, so that none covers another: down if need be.

    Both are in the same unit; ``heights`` is the room that each label takes.  No label goes below ``lowest`` as long
    as there is room above.

    >>> apart([1.0, 1.0, 0.2], [0.1, 0.1, 0.1], lowest=0.0)
    [1.0, 0.9, 0.2]
    """
    order = sorted(range(len(wanted)), key=lambda place: -wanted[place])
    found = list(wanted)
    for above, below in itertools.pairwise(order):
        found[below] = min(wanted[below], found[above] - (heights[above] + heights[below]) / 2)
    floor = lowest
    for place in reversed(order):
        found[place] = max(found[place], floor + heights[place] / 2)
        floor = found[place] + heights[place] / 2
    return found
