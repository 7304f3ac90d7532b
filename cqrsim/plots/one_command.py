"""Who did what when, with one command?  A sequence diagram: lanes side by side, time downwards."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cqrsim.errors import ResultError
from cqrsim.moments import Moment
from cqrsim.plots import style
from cqrsim.metrics import journey as journey_table
from cqrsim.plots.sources import HasTrace, trace_of
from cqrsim.plots.steps import Arrow, Span, Step, arrows_of, heights_of, lanes_of, lost_towards, spans_of, steps_of
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
}
_INCHES_PER_LETTER = 0.059
_CAPTION = "bars: the client waits to know, the handler has given the turn, the store has the append\ndotted: a message with waiting or work on the way"
_OUTCOMES = {"yes": "seen", "no": "not yet seen", "ok": "ok", "nothing": "nothing yet", "never_told": ""}


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
    more room.  Wide bars say that the client waits to know, that the command has its handler's turn, that the store
    has its append.  Full arrows are single messages; dotted ones stand for messages with waiting or work on the way.
    Questions of a client that looks for its outcome are shown where they are answered.

    From a table alone it cannot always be told at which moment an answer left the handler; it then leaves as late as
    it can.

    >>> frame = pd.DataFrame({"time_ms": [0.0, 0.5], "attempt": 0, "moment": ["sent", "received"],
    ...                       "who": ["clients", "shard 0"], "outcome": ""})
    >>> [label.get_text() for label in journey(frame).get_yticklabels()]
    ['0', '0.50']
    """
    frame, answer_at, projections = _source(run_or_frame, command)
    steps = _without_idle_looks(steps_of(frame))
    name = "a command" if command is None else f"command {command:,}"
    if not steps:
        ax = style.new_axes(ax, height=1.5)
        style.dress(ax, f"The way of {name}")
        style.say(ax, "Nothing happened to this command.")
        return ax
    lanes = lanes_of(steps, projections)
    labels = _labels(steps, letters=int(style.WIDTH / (len(lanes) + 1.3) / _INCHES_PER_LETTER))
    lines = {label.time: 0 for label in labels}
    for label in labels:
        lines[label.time] = max(lines[label.time], len(label.lines))
    heights = heights_of(steps, lines)
    bottom = max(heights.values()) + 1.0
    ax = style.new_axes(ax, height=_INCHES_PER_LINE * bottom + 1.0)
    _frame(ax, steps, lanes, heights, bottom)
    ax.set_title(f"The way of {name}: who did what when", fontsize=style.TITLE, color=style.INK, loc="left")
    arrows = arrows_of(steps, answer_at)
    for span in spans_of(steps):
        _draw_span(ax, span, lanes, heights, bottom)
    for arrow in arrows:
        _draw_arrow(ax, arrow, lanes, heights)
    for step in steps:
        if step.link:
            _draw_loss(ax, step, lost_towards(step, steps, lanes), lanes, heights)
    for label in labels:
        _draw_label(ax, label, lanes, heights, _from_the_right(label, arrows, lanes))
    return ax


def _source(source: HasTrace | Trace | pd.DataFrame, command: int | None) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """The table, at which moment the clients of the command are answered, and all projections, as far as known."""
    if isinstance(source, pd.DataFrame):
        return source, "", ()
    if command is None:
        raise ResultError("which command?  Say journey(run, command=...)")
    trace = trace_of(source)
    table = journey_table(trace, command)
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
    if step.link:
        return f"message to {step.link.split('->')[1]} lost"
    if step.moment == Moment.SENT and step.attempt:
        said = "sent again"
    if step.moment == Moment.INFORMED:
        said = f"informed by {step.who.replace('_', ' ')}"
    return f"{said}: {outcome}" if outcome else said


# --- drawing ---------------------------------------------------------------------------------------------------------


def _frame(ax: Axes, steps: Sequence[Step], lanes: list[str], heights: dict[float, float], bottom: float) -> None:
    """Lanes with their names on top, instants as ticks."""
    style.dress(ax, y="time since issued (ms), not to scale")
    ax.grid(visible=False, axis="x")
    ax.set_xlabel(_CAPTION, fontsize=7.5, color=style.QUIET)
    ax.xaxis.set_label_position("bottom")
    ax.set_xlim(-1.15, len(lanes) - 0.1)
    ax.set_ylim(bottom, 0.0)
    ax.set_yticks(list(heights.values()), [_when(time) for time in heights])
    ax.tick_params(axis="both", length=0)
    ax.xaxis.tick_top()
    ax.set_xticks(range(len(lanes)), [_lane_name(lane, steps) for lane in lanes], linespacing=1.3)
    ax.spines[:].set_visible(False)
    ax.vlines(range(len(lanes)), 0.0, bottom, color=style.QUIET, linewidth=0.8, zorder=1)


def _lane_name(lane: str, steps: Sequence[Step]) -> str:
    """The part that it is, and below its own name if it has one."""
    part, _, own = lane.partition(" ")
    if part in ("client", "handler"):
        own = next((step.who for step in steps if step.lane == lane and step.moment != Moment.MESSAGE_LOST), "")
    return f"{part}\n{own}" if own else f"{part}\n"


def _when(time: float) -> str:
    if time == 0:
        return "0"
    return f"{time:,.2f}" if time < 10_000 else f"{time:,.1f}"


def _draw_span(ax: Axes, span: Span, lanes: list[str], heights: dict[float, float], bottom: float) -> None:
    """A pale bar on the lane; one that does not end runs out of the picture."""
    top, end = heights[span.begins], bottom if span.ends is None else heights[span.ends]
    x = lanes.index(span.lane)
    ax.add_patch(
        Rectangle((x - 0.035, top), 0.07, end - top, facecolor="#D6E6F2", edgecolor=style.BLUE, linewidth=0.5, zorder=2)
    )


def _draw_arrow(ax: Axes, arrow: Arrow, lanes: list[str], heights: dict[float, float]) -> None:
    """Straight to the next lane; bent a little, never back in time, where it would meet points of others."""
    from_x, to_x = lanes.index(arrow.departs.lane), lanes.index(arrow.arrives.lane)
    from_y, to_y = heights[arrow.departs.time], heights[arrow.arrives.time]
    slope = (to_y - from_y) * _INCHES_PER_LINE / (abs(to_x - from_x) * style.WIDTH / (len(lanes) + 1.3))
    bend = 0.0 if abs(to_x - from_x) == 1 else math.copysign(min(0.12, 0.4 * slope), to_x - from_x)
    ax.annotate(
        "", xy=(to_x, to_y), xytext=(from_x, from_y), gid="message",
        arrowprops={
            "arrowstyle": "-|>", "linewidth": 1.0, "shrinkA": 3, "shrinkB": 3, "mutation_scale": 9,
            "color": style.VERMILION if arrow.arrives.bad else style.QUIET,
            "linestyle": (0, (1.5, 1.5)) if arrow.indirect else "solid", "zorder": 3,
            "connectionstyle": f"arc3,rad={bend}",
        },
    )  # fmt: skip


def _draw_loss(ax: Axes, step: Step, towards: str, lanes: list[str], heights: dict[float, float]) -> None:
    """An arrow that ends on the way."""
    x, y = lanes.index(step.lane), heights[step.time]
    end = (x + lanes.index(towards)) / 2
    ax.plot([x, end], [y, y + 0.6], color=style.VERMILION, linewidth=1.0, zorder=3, gid="lost")
    ax.plot(end, y + 0.6, marker="x", markersize=6, color=style.VERMILION, zorder=4)


def _from_the_right(label: Label, arrows: Sequence[Arrow], lanes: list[str]) -> bool:
    """Whether a message comes to this point from the right."""
    return any(
        arrow.arrives.lane == label.lane
        and arrow.arrives.time == label.time
        and lanes.index(arrow.departs.lane) > lanes.index(label.lane)
        for arrow in arrows
    )


def _draw_label(ax: Axes, label: Label, lanes: list[str], heights: dict[float, float], from_the_right: bool) -> None:
    """A point, and its text above it, on the side from which no message comes."""
    x, y = lanes.index(label.lane), heights[label.time]
    colour = style.VERMILION if label.bad else style.GREEN if label.good else style.INK
    ax.plot(x, y, "o", markersize=4.5, color=colour, zorder=5)
    left = label.lane == "client" or from_the_right
    ax.annotate(
        "\n".join(label.lines), xy=(x, y), xytext=(-6 if left else 6, 1), textcoords="offset points",
        ha="right" if left else "left", va="bottom", fontsize=7.5, linespacing=1.15, color=colour,
        path_effects=style.halo(), zorder=6,
    )  # fmt: skip
