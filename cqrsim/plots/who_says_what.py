"""Who said what to whom, for the sake of one command?  A sequence diagram, one message or note below the other."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from cqrsim.errors import ResultError, TraceError, shown
from cqrsim.metrics.conversation import Conversation, Line, conversation
from cqrsim.plots import style
from cqrsim.plots.sources import HasTrace, trace_of
from cqrsim.trace import Trace

_INCHES_PER_ROW, _INCHES_PER_LINE = 0.285, 0.125
_INCHES_PER_LETTER = 0.057
_LETTERS = 7.5
_CAPTION = "time runs down, not to scale; dotted: with waiting or work on the way; a cross: lost"


def sequence(run: HasTrace | Trace, command: int, ax: Axes | None = None) -> Axes:
    """Draw what was said between client, handler, event store and projections about one command.

    Rows stand in the order in which messages arrive, and are labelled with the milliseconds since the command was
    issued.  Crosses are messages that were lost.  Faults that struck, crashes and periods of faults are named.  The
    same as text is ``run.sequence(command)``; :func:`~cqrsim.plots.journey` shows every moment.

    Raises ResultError for what is no run, and for a command that was never issued.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.ms(200), warm_up=cq.seconds(0))
    >>> ax = sequence(cq.simulate(blog, seed=1, engine="simpy"), 0)
    >>> [text.get_text().replace(chr(10), " ") for text in ax.get_xticklabels()]
    ['client', 'command handler', 'event store', 'projection view']
    """
    said = _said(trace_of(run), command)
    rows = _rows(said)
    height = _INCHES_PER_LINE * sum(row.height for row in rows) + 0.95
    drawing = _Drawing(style.new_axes(ax, height=max(height, 1.6)), said)
    drawing.frame(rows)
    for row in rows:
        drawing.row(row)
    return drawing.ax


def _said(trace: Trace, command: int) -> Conversation:
    if isinstance(command, bool) or not hasattr(command, "__index__"):
        raise ResultError(f"a command is called by its number, such as 7 (got {shown(command)})")
    try:
        return conversation(trace, int(command))
    except TraceError as error:
        raise ResultError(str(error)) from None


@dataclass(frozen=True)
class _Row:
    """A line, its words as they are wrapped, and where it stands: from the top, in lines of text."""

    line: Line
    words: str
    place: float
    height: float


def _rows(said: Conversation) -> list[_Row]:
    rows: list[_Row] = []
    below = 0.6
    for line in said.lines:
        words = textwrap.fill(line.words, width=_letters(line, said.lanes), break_long_words=False)
        more = words.count("\n")
        above = more / 2 if line.is_note else more
        height = more + _INCHES_PER_ROW / _INCHES_PER_LINE
        rows.append(_Row(line, words, below + height - more + above, height))
        below += height
    return rows


def _letters(line: Line, lanes: Sequence[str]) -> int:
    """How many letters fit beside a lane, or between two; those at the sides have less room."""
    lane_letters = _lane_inches(lanes) / _INCHES_PER_LETTER
    if not line.is_note:
        return max(int(lane_letters * abs(lanes.index(line.who) - lanes.index(line.towards))) - 3, 12)
    return max(int(lane_letters * (1.5 if line.who else len(lanes) - 1)) - 4, 14)


def _lane_inches(lanes: Sequence[str]) -> float:
    """How far lanes are apart, about."""
    return (style.WIDTH - 1.4) / (len(lanes) + 0.1)


@dataclass
class _Drawing:
    """A sequence diagram in the making: lanes are numbered from the left, heights are lines of text from the top."""

    ax: Axes
    said: Conversation

    def x(self, lane: str) -> float:
        """Where a lane stands; what befalls all of them stands in the middle."""
        return float(self.said.lanes.index(lane)) if lane else (len(self.said.lanes) - 1) / 2

    def frame(self, rows: Sequence[_Row]) -> None:
        """Life lines with their names on top, the time of each row to the left."""
        ax, lanes = self.ax, self.said.lanes
        bottom = (rows[-1].place if rows else 1.0) + 0.8
        title = f"What was said about command {self.said.command:,}"
        style.dress(ax, title, x=_CAPTION, y="time since issued (ms)")
        ax.xaxis.label.set(fontsize=_LETTERS, color=style.QUIET)
        ax.xaxis.set_label_position("bottom")
        ax.grid(visible=False)
        ax.set(xlim=(-0.6, len(lanes) - 0.5), ylim=(bottom, 0.0))
        ax.set_yticks([row.place for row in rows], [_when(row.line) for row in rows])
        ax.tick_params(axis="both", length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
        ax.set_xticks(range(len(lanes)), [_wrapped(title, lanes) for title in self.said.titles], linespacing=1.2)
        for label in ax.get_xticklabels():
            label.set(fontweight="bold", fontsize=style.SMALL)
        ax.spines[:].set_visible(False)
        ax.vlines(range(len(lanes)), 0.0, bottom, color=style.QUIET, linewidth=0.9, zorder=1, gid="life")

    def row(self, row: _Row) -> None:
        """One line."""
        if row.line.is_note:
            self._note(row)
        else:
            self._message(row)

    def _note(self, row: _Row) -> None:
        """A card on the lane, or across all of them."""
        colour = style.VERMILION if row.line.bad else style.GREEN if row.line.good else style.QUIET
        x = self.x(row.line.who)
        if not row.line.who:
            self.ax.axhline(row.place, color=colour, linewidth=0.8, linestyle=(0, (4, 2)), zorder=2, gid="world")
        side = self._side(row.line)
        self.ax.text(
            x + {"left": -0.06, "right": 0.06}.get(side, 0.0), row.place, row.words, fontsize=_LETTERS, gid="note",
            ha=side, va="center", linespacing=1.1, zorder=4,
            color=style.INK if colour == style.QUIET else colour,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "#FAFAFA", "edgecolor": colour, "linewidth": 0.7},
        )  # fmt: skip

    def _side(self, line: Line) -> str:
        """Long notes at the first and the last lane grow inwards."""
        longest = max(len(part) for part in line.words.split("\n"))
        if not line.who or longest * _INCHES_PER_LETTER < _lane_inches(self.said.lanes):
            return "center"
        at = self.said.lanes.index(line.who)
        return "left" if at == 0 else "right" if at == len(self.said.lanes) - 1 else "center"

    def _message(self, row: _Row) -> None:
        """An arrow with its words above it; one that is lost ends with a cross on the way."""
        line, x, to = row.line, self.x(row.line.who), self.x(row.line.towards)
        colour = style.VERMILION if line.bad else style.BLUE
        end = (x + 2 * to) / 3 if line.lost else to
        arrow = {
            "arrowstyle": "-" if line.lost else "-|>", "color": colour, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 1,
            "mutation_scale": 9, "linestyle": (0, (1.5, 1.5)) if line.works_before else "solid",
        }  # fmt: skip
        self.ax.annotate("", xy=(end, row.place), xytext=(x, row.place), arrowprops=arrow, gid="message", zorder=3)
        if line.lost:
            self.ax.plot(end, row.place, "x", markersize=7, markeredgewidth=1.6, color=colour, zorder=4, gid="lost")
        self.ax.annotate(
            row.words, xy=((x + to) / 2, row.place), xytext=(0, 2), textcoords="offset points", ha="center",
            va="bottom", fontsize=_LETTERS, linespacing=1.1, color=style.VERMILION if line.bad else style.INK,
            path_effects=style.halo(), zorder=4, gid="words",
        )  # fmt: skip


def _wrapped(title: str, lanes: Sequence[str]) -> str:
    """The name of a lane in lines that are as short as lanes are narrow, the part in one of its own."""
    part, _, own = title.partition(" ")
    letters = max(int(0.85 * _lane_inches(lanes) / _INCHES_PER_LETTER), 8)
    return "\n".join([part, *textwrap.wrap(own, width=letters)])


def _when(line: Line) -> str:
    """When a message departed and arrived, or when a note was taken."""
    if line.begins_ms == line.ends_ms:
        return _ms(line.ends_ms)
    return f"{_ms(line.begins_ms)} to {_ms(line.ends_ms)}"


def _ms(time: float) -> str:
    if time == 0:
        return "0"
    return f"{time:,.2f}" if time < 10_000 else f"{time:,.0f}"
