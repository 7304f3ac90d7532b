"""Who holds the hottest turns, and who waits behind?  One strip per aggregate over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cqrsim.errors import ResultError, shown
from cqrsim.metrics.turns import holding, hottest, occupied_share, queueing
from cqrsim.plots import style
from cqrsim.plots.along_time import bounds, lay_out, titled
from cqrsim.plots.sources import HasTrace, name_of, trace_of
from cqrsim.trace import Trace

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_HELD, _WAITING, _LONG = style.BLUE, style.GREEN, "#EFB28C"
_FOOT, _HELD_HEIGHT, _WAITING_FROM, _WAITING_HEIGHT = 0.03, 0.34, 0.4, 0.5
"""Within a strip of height 1, from its bottom."""
_SHORTEST_LONG = 0.02
"""Share of the time shown for which a command must hold the turn to have a box of its own."""
_MOST_LONG = 20
"""In one strip: of more only the longest have boxes."""


def turn_occupancy(run: HasTrace | Trace, most: int = 8, ax: Axes | None = None) -> Axes:
    """Draw the hottest turns over time, the one that is occupied most on top: who has each, and who waits behind.

    The lower half of a strip shows for what share of the time somebody has the turn; a command that holds it for long
    has a box of its own, with its number.  The upper half shows how many commands wait for it.  Both have one scale in
    all strips, told below.  At the right stands the share of the measured window in which
    the turn was taken, and how many waited at most.  Commands that wait for a worker count as waiting for the turn.

    Raises ResultError for a ``most`` that is no whole number from 1.

    >>> ax = turn_occupancy(Trace.from_rows(np.empty((0, 7), np.int64)))
    >>> [text.get_text() for text in ax.texts]
    ['Nobody has a turn in this run.']
    """
    trace, most = trace_of(run), _most(most)
    turns = hottest(trace, most)
    ax = style.new_axes(ax, height=1.0 + 0.48 * max(len(turns), 2))
    lay_out(ax, trace, titled("Who has the turn, and who waits", name_of(run), trace), "")
    ax.set_yticks([])
    if not len(turns):
        style.say(ax, _why_nothing(trace))
        return ax
    strips = Strips.of(trace, turns)
    for place, turn in enumerate(turns.tolist()):
        _strip(ax, strips, place)
        _long_ones(ax, trace, turn, -place - 1.0 + _FOOT)
    _names(ax, trace, strips)
    taken, waiting = style.percent(strips.most_taken), f"{strips.most_waiting:,}"
    ax.set_xlabel(f"{ax.get_xlabel()}\nfull height: turn taken {taken} of the time; at once waiting: {waiting}")
    return ax


@dataclass(frozen=True, eq=False)
class Strips:
    """What is shown of some turns: by bin the share of time in which they were taken, and how many waited."""

    turns: Ints
    edges: Ints
    taken: list[Floats]
    waiting: list[Floats]
    highest: list[int]
    """How many waited for each at most."""

    @classmethod
    def of(cls, trace: Trace, turns: Ints) -> Strips:
        """Those of the turns of a run."""
        edges, holds, waits = bounds(trace), holding(trace), queueing(trace)
        taken = [holds.of(turn).means(edges) for turn in turns.tolist()]
        waiting = [waits.of(turn).means(edges) for turn in turns.tolist()]
        return cls(turns, edges, taken, waiting, [waits.of(turn).highest(0, int(edges[-1])) for turn in turns.tolist()])

    @property
    def most_taken(self) -> float:
        """The largest share of a bin in which one of the turns was taken."""
        return min(max(float(values.max()) for values in self.taken), 1.0)

    @property
    def most_waiting(self) -> int:
        """The largest number that waited for one of the turns at once; at least 1."""
        return max(1, *self.highest)


def _most(most: object) -> int:
    if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 1:
        raise ResultError(f"most: how many turns to show must be a whole number from 1 (got {shown(most)})")
    return int(most)


def _why_nothing(trace: Trace) -> str:
    if trace.about.turn == "none":
        return "Commands need no turn: they do not wait for each other."
    return "Nobody has a turn in this run."


def _strip(ax: Axes, strips: Strips, place: int) -> None:
    """How much the turn is taken, and above that who waits for it."""
    bottom = -place - 1.0
    for values, height, base, colour in (
        (strips.taken[place], _HELD_HEIGHT / max(strips.most_taken, 1e-9), bottom + _FOOT, _HELD),
        (strips.waiting[place], _WAITING_HEIGHT / strips.most_waiting, bottom + _WAITING_FROM, _WAITING),
    ):
        tops = base + height * values
        ax.stairs(tops, strips.edges / 1e9, baseline=base, fill=True, color=colour, alpha=0.8, gid="level")
        ax.plot([0.0, strips.edges[-1] / 1e9], [base, base], color=colour, linewidth=0.5)


def _long_ones(ax: Axes, trace: Trace, turn: int, base: float) -> None:
    """Boxes of the commands that held the turn for long, each with its number where there is room."""
    last, stays = int(bounds(trace)[-1]), holding(trace)
    mine = stays.take(stays.turn == turn)
    lasted = np.where(mine.ends < 0, last, mine.ends) - mine.begins
    longest = np.argsort(-lasted, kind="stable")[:_MOST_LONG]
    named: list[tuple[float, float]] = []  # what parts of the strip have words in them, as shares of its width
    for row in longest[lasted[longest] >= _SHORTEST_LONG * last].tolist():
        begins, width = float(mine.begins[row] / last), float(lasted[row] / last)
        box = Rectangle((begins, base), width, _HELD_HEIGHT, transform=ax.get_yaxis_transform(), gid="long")
        box.set(facecolor=_LONG, edgecolor=style.VERMILION, linewidth=0.8)
        ax.add_patch(box)
        _name_long(ax, f"command {mine.command[row]:,}", (begins, begins + width), base + _HELD_HEIGHT / 2, named)


def _name_long(ax: Axes, words: str, box: tuple[float, float], height: float, named: list[tuple[float, float]]) -> None:
    """Words in a box, or else beside it: at its left if there is room.  None where others stand already."""
    begins, ends = box
    needs = 0.75 * (style.SMALL - 1) / 72 * ax.figure.dpi / ax.bbox.width * len(words)
    if needs < ends - begins:
        where, side, taken = (begins + ends) / 2, "center", (begins, ends)
    elif needs < begins:
        where, side, taken = begins, "right", (begins - needs, begins)
    else:
        where, side, taken = ends, "left", (ends, ends + needs)
    if any(taken[0] < right and left < taken[1] for left, right in named):
        return
    named.append(taken)
    ax.annotate(
        words, (where, height), xycoords=ax.get_yaxis_transform(), textcoords="offset points", ha=side, va="center",
        xytext=({"center": 0, "right": -3, "left": 3}[side], 0), fontsize=style.SMALL - 1, color=style.INK, gid="who",
    )  # fmt: skip


def _names(ax: Axes, trace: Trace, strips: Strips) -> None:
    """Which turn each strip is, what its halves are, and how much it is taken."""
    turns, rows = strips.turns, -np.arange(len(strips.turns)) - 0.5
    ax.set_ylim(-float(len(turns)) - 0.05, 0.05)
    ax.set_yticks(rows, [_name(trace, turn) for turn in turns.tolist()])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    shares = occupied_share(trace, turns)
    for row, share, most in zip(rows.tolist(), shares, strips.highest, strict=True):
        for words, height, colour in (
            (f"{most:,} waiting at most", row + 0.15, _WAITING),
            (f"taken {style.percent(share)} of the time", row - 0.3, _HELD),
        ):
            ax.text(
                1.015, height, words, transform=ax.get_yaxis_transform(), fontsize=style.SMALL, color=colour,
                va="center", gid="share",
            )  # fmt: skip


def _name(trace: Trace, turn: int) -> str:
    return f"{trace.about.turn} {turn}" if trace.about.turn in ("aggregate", "shard") else "everything"
