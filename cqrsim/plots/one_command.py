"""Who did what when, with one command?  A sequence diagram: lanes side by side, time downwards."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cqrsim.errors import ResultError
from cqrsim.metrics.arrows import Arrow, arrows_of
from cqrsim.metrics.lanes import Step, lanes_of, lost_towards, steps_of
from cqrsim.moments import Moment
from cqrsim.plots import style
from cqrsim.plots.sources import HasTrace, journey_of, trace_of
from cqrsim.plots.steps import Span, heights_of, spans_of
from cqrsim.trace import Trace

_INCHES_PER_LINE = 0.165
_WORDS = {
    "own_read": "own read",
    "refusal_stored": "refusal stored",
    "polled": "looked",
    "folded": "state updated",
    "caught": "caught, not sent",
    "handler_gave_up": "gave up waiting",
    "gave_up": "gave up",
    "released": "turn passed on",
    "admitted": "got the turn",
    "forgotten": "handler crashed",
    "vanished": "vanished from the log",
    "recovered": "found in the log",
    "altered": "altered in the log",
}
_LETTERS = 7.5
_INCHES_PER_LETTER = 0.059
_CAPTION = (
    "bars: the client waits for the outcome, the handler has given the turn, the store has the append\n"
    "dotted: a message with waiting or work on the way"
)
_SAID_AT_HOME = (Moment.ISSUED, Moment.SENT, Moment.CAUGHT, Moment.ANSWERED, Moment.RECEIVED, Moment.DECIDED)
"""Moments whose place is the group of clients, or the shard."""

_OUTCOMES = {"yes": "seen", "no": "not yet seen", "ok": "ok", "nothing": "nothing yet", "never_told": "", "event": ""}


@dataclass(frozen=True)
class Label:
    """The lines of text at one point: all that happened in a lane at one instant."""

    lane: str
    time: float
    lines: tuple[str, ...]
    bad: bool
    good: bool


def journey(run_or_frame: HasTrace | Trace | pd.DataFrame, command: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw all that happened to one command: who did what when, and which messages led from one to the other.

    Takes a run and the number of a command, or a table as ``run.journey(command)`` returns it.  Time runs down and is
    not to scale: every instant is labelled with the milliseconds since the command was issued, and longer waits take
    more room.  Wide bars say that the client waits for the outcome, that the command has its handler's turn, that the
    store has its append.  Full arrows are single messages; dotted ones stand for messages with waiting or work on the
    way.  Questions of a client that looks for its outcome are shown where they are answered.

    From a table alone it cannot always be told at which moment an answer left the handler; it then leaves as late as
    it can.

    >>> frame = pd.DataFrame({"time_ms": [0.0, 0.5], "attempt": 0, "moment": ["sent", "received"],
    ...                       "who": ["clients", "shard 0"], "outcome": ""})
    >>> [label.get_text() for label in journey(frame).get_yticklabels()]
    ['0', '0.50']
    """
    frame, answer_at, projections = _source(run_or_frame, command)
    steps = _without_idle_looks(steps_of(frame))
    title = f"The way of {'a command' if command is None else f'command {command:,}'}: who did what when"
    if not steps:
        ax = style.new_axes(ax, height=1.5)
        style.dress(ax, title)
        style.say(ax, "Nothing happened to this command.")
        return ax
    drawing = _Drawing.of(steps, lanes_of(steps, projections), ax)
    drawing.frame(title)
    drawing.spans(spans_of(steps))
    drawing.arrows(arrows_of(steps, answer_at))
    drawing.losses()
    drawing.labels()
    return drawing.ax


def _source(source: HasTrace | Trace | pd.DataFrame, command: int | None) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """The table, at which moment the clients of the command are answered, and all projections, as far as known."""
    if isinstance(source, pd.DataFrame):
        return source, "", ()
    if command is None:
        raise ResultError("which command?  Say journey(run, command=...)")
    trace = trace_of(source)
    table = journey_of(trace, command)
    return table, trace.about.answer_at[int(trace.marks.group[command])], trace.about.projections


def _without_idle_looks(steps: list[Step]) -> list[Step]:
    """Of a long row of looks that found nothing only the first and the last, which then says how many there were."""
    kept: list[Step] = []
    row: list[Step] = []
    for step in steps:
        idle = step.moment == Moment.POLLED and step.outcome == "nothing"
        if row and not (idle and step.who == row[-1].who):
            kept += _ends(row)
            row = []
        (row if idle else kept).append(step)
    return kept + _ends(row)


def _ends(row: list[Step]) -> list[Step]:
    if len(row) <= 3:
        return row
    row[-1].outcome = f"nothing {len(row)} times"
    return [row[0], row[-1]]


def _labels(steps: Sequence[Step], letters: int) -> list[Label]:
    """Steps of one lane and instant share a label, in their order; its lines are as short as lanes are narrow."""
    groups: dict[tuple[str, float], list[Step]] = {}
    for step in steps:
        groups.setdefault((step.lane, step.time), []).append(step)
    return [
        Label(
            lane, time, tuple(line for words in dict.fromkeys(_words(step) for step in group)
                              for line in textwrap.wrap(words, max(letters, 12), break_long_words=False)),
            bad=any(step.bad for step in group),
            good=any(step.moment == Moment.INFORMED and step.outcome == "success" for step in group),
        )
        for (lane, time), group in groups.items()
    ]  # fmt: skip


def _words(step: Step) -> str:
    """A step as one says it."""
    name = step.moment.name.lower()
    said = _WORDS.get(name, name.replace("_", " "))
    outcome = _OUTCOMES.get(step.outcome, step.outcome.replace("_", " "))
    if step.moment == Moment.WRITTEN and step.outcome == "ok":
        return said
    if step.moment == Moment.FAULT_STRUCK:
        return f"fault: {step.who}"
    if step.link:
        return f"message to {step.link.split('->')[1]} lost"
    if step.moment == Moment.SENT and step.attempt:
        said = "sent again"
    if step.moment == Moment.INFORMED:
        said = f"informed by {step.who.replace('_', ' ')}"
    return f"{said}: {outcome}" if outcome else said


# --- drawing ---------------------------------------------------------------------------------------------------------


@dataclass
class _Drawing:
    """A sequence diagram in the making: lanes are numbered from the left, heights are lines of text from the top."""

    ax: Axes
    steps: list[Step]
    lanes: list[str]
    texts: list[Label]
    heights: dict[float, float]
    from_the_right: set[tuple[str, float]] = field(default_factory=set)
    """The points that a message reaches from the right; their texts stand to the left."""

    @classmethod
    def of(cls, steps: list[Step], lanes: list[str], ax: Axes | None) -> _Drawing:
        texts = _labels(steps, letters=int(_lane_inches(lanes) / _INCHES_PER_LETTER))
        lines: dict[float, int] = {}
        for text in texts:
            lines[text.time] = max(lines.get(text.time, 0), len(text.lines))
        heights = heights_of(steps, lines)
        ax = style.new_axes(ax, height=_INCHES_PER_LINE * (max(heights.values()) + 1) + 1.3)
        return cls(ax, steps, lanes, texts, heights)

    def x(self, lane: str) -> int:
        return self.lanes.index(lane)

    @property
    def bottom(self) -> float:
        return max(self.heights.values()) + 1.0

    def frame(self, title: str) -> None:
        """Lanes with their names on top, instants as ticks."""
        ax, lanes = self.ax, self.lanes
        style.dress(ax, title, x=_CAPTION, y="time since issued (ms), not to scale")
        ax.xaxis.label.set(fontsize=_LETTERS, color=style.QUIET)
        ax.xaxis.set_label_position("bottom")
        ax.grid(visible=False, axis="x")
        ax.set_xlim(-1.15, len(lanes) - 0.1)
        ax.set_ylim(self.bottom, 0.0)
        ax.set_yticks(list(self.heights.values()), [_when(time) for time in self.heights])
        ax.tick_params(axis="both", length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
        ax.set_xticks(range(len(lanes)), [_lane_name(lane, self.steps) for lane in lanes], linespacing=1.3)
        ax.spines[:].set_visible(False)
        ax.vlines(range(len(lanes)), 0.0, self.bottom, color=style.QUIET, linewidth=0.8, zorder=1)

    def spans(self, spans: Sequence[Span]) -> None:
        """Pale bars on the lanes; one that does not end runs out of the picture."""
        for span in spans:
            top = self.heights[span.begins]
            end = self.bottom if span.ends is None else self.heights[span.ends]
            bar = Rectangle((self.x(span.lane) - 0.035, top), 0.07, end - top, zorder=2, gid="span")
            bar.set(facecolor="#D6E6F2", edgecolor=style.BLUE, linewidth=0.5)
            self.ax.add_patch(bar)

    def arrows(self, arrows: Sequence[Arrow]) -> None:
        """Straight to the next lane; bent a little, never back in time, where they would meet points of others."""
        for arrow in arrows:
            from_x, to_x = self.x(arrow.departs.lane), self.x(arrow.arrives.lane)
            from_y, to_y = self.heights[arrow.departs.time], self.heights[arrow.arrives.time]
            slope = (to_y - from_y) * _INCHES_PER_LINE / (abs(to_x - from_x) * _lane_inches(self.lanes))
            bend = 0.0 if abs(to_x - from_x) == 1 else math.copysign(min(0.12, 0.4 * slope), to_x - from_x)
            self.ax.annotate(
                "", xy=(to_x, to_y), xytext=(from_x, from_y), gid="message",
                arrowprops={
                    "arrowstyle": "-|>", "linewidth": 1.0, "shrinkA": 3, "shrinkB": 3, "mutation_scale": 9,
                    "color": style.VERMILION if arrow.arrives.bad else style.QUIET, "zorder": 3,
                    "linestyle": (0, (1.5, 1.5)) if arrow.indirect else "solid",
                    "connectionstyle": f"arc3,rad={bend}",
                },
            )  # fmt: skip
            if from_x > to_x:
                self.from_the_right.add((arrow.arrives.lane, arrow.arrives.time))

    def losses(self) -> None:
        """Lost messages end on the way."""
        for step in self.steps:
            if step.link:
                x, y = self.x(step.lane), self.heights[step.time]
                end = (x + self.x(lost_towards(step, self.steps, self.lanes))) / 2
                self.ax.plot([x, end], [y, y + 0.6], color=style.VERMILION, linewidth=1.0, zorder=3, gid="lost")
                self.ax.plot(end, y + 0.6, marker="x", markersize=6, color=style.VERMILION, zorder=4)

    def labels(self) -> None:
        """Points, and their texts above them, on the side from which no message comes."""
        for text in self.texts:
            x, y = self.x(text.lane), self.heights[text.time]
            colour = style.VERMILION if text.bad else style.GREEN if text.good else style.INK
            left = text.lane == "client" or (text.lane, text.time) in self.from_the_right
            self.ax.plot(x, y, "o", markersize=4.5, color=colour, zorder=5, gid="moment")
            self.ax.annotate(
                "\n".join(text.lines), xy=(x, y), xytext=(-6 if left else 6, 1), textcoords="offset points",
                ha="right" if left else "left", va="bottom", fontsize=_LETTERS, linespacing=1.15, color=colour,
                path_effects=style.halo(), zorder=6, gid="label",
            )  # fmt: skip


def _lane_inches(lanes: Sequence[str]) -> float:
    """How far lanes are apart, about."""
    return style.WIDTH / (len(lanes) + 1.3)


def _lane_name(lane: str, steps: Sequence[Step]) -> str:
    """The part that it is, and below its own name if it has one."""
    part, _, own = lane.partition(" ")
    if part in ("client", "handler"):
        own = next((step.who for step in steps if step.lane == lane and step.moment in _SAID_AT_HOME), "")
    return f"{part}\n{own}"


def _when(time: float) -> str:
    if time == 0:
        return "0"
    return f"{time:,.2f}" if time < 10_000 else f"{time:,.1f}"
