"""What is each command of a short run going through?  Rows of commands, coloured by phase; who waits for whom."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from cqrsim.errors import ResultError, UnitError, did_you_mean, shown
from cqrsim.messages import Belief
from cqrsim.metrics.paths import paths
from cqrsim.metrics.phases import Phase, Phases, phases
from cqrsim.metrics.verdicts import verdicts
from cqrsim.moments import Moment
from cqrsim.plots import style
from cqrsim.plots.periods import Period, name_above, periods_of, shade
from cqrsim.plots.sources import HasTrace, name_of, trace_of
from cqrsim.trace import Trace
from cqrsim.units import Duration, parse_duration

Ints = NDArray[np.int64]

COLOURS = {
    Phase.WAITING: style.ORANGE,
    Phase.DECIDING: style.BLUE,
    Phase.WRITING: style.VERMILION,
    Phase.SHOWING: style.SKY,
}
NAMES = {
    Phase.WAITING: "waiting for the turn",
    Phase.DECIDING: "deciding",
    Phase.WRITING: "writing",
    Phase.SHOWING: "until visible",
}
_TOLD = {
    Belief.SUCCESS: ("o", style.GREEN, "told: success"),
    Belief.FAILURE: ("X", style.BLACK, "told: failure"),
    Belief.UNKNOWN: ("$?$", style.PURPLE, "gave up, does not know"),
    Belief.PRESUMED_FAILURE: ("s", style.PURPLE, "gave up, takes it for failed"),
}
"""Signs and colours of what clients came to believe, and in words."""
_LABELS = {"run": "time since the run began (ms)", "issued": "time since the command was issued (ms)"}
_BAR, _BELOW = 0.5, 0.28
"""How high the bars are, and how far below the middle of a row the line of its client runs."""
_INCHES_PER_ROW = 0.19
SINCE = ("run", "issued")
"""What times are counted from: rows then stand in time together, or each begins at 0."""


def swim_lanes(
    run: HasTrace | Trace,
    begin: Duration | str = "0s",
    end: Duration | str | None = None,
    most: int = 30,
    since: str = "run",
    ax: Axes | None = None,
) -> Axes:
    """Draw the commands issued from ``begin`` on as rows, coloured by what they are going through.

    A thin line reaches from where a command was issued to where its client was told, or gave up, with a sign of what
    it then believed; triangles at the right stand for what lies beyond the picture, or never came.  At ``most`` so many
    commands are shown; ``end`` is where the picture ends, and without it as much is shown as they mostly take.  Faults
    are shaded and named.  With ``since="issued"`` every row begins at 0, so that short phases can be seen and
    compared, and ``end`` counts from there.

    Raises ResultError for times that are none, for an end that is not after the begin, and for ``most`` below 1.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.ms(200), warm_up=cq.seconds(0))
    >>> ax = swim_lanes(cq.simulate(blog, seed=1, engine="simpy"), most=10)
    >>> ax.get_xlabel(), ax.get_ylabel(), len(ax.get_yticks())
    ('time since the run began (ms)', 'command', 10)
    """
    trace = trace_of(run)
    asked = _Asked.of(begin, end, most, since)
    chosen = _chosen(trace, asked)
    ax = style.new_axes(ax, height=1.75 + _INCHES_PER_ROW * max(len(chosen.commands), 4))
    style.dress(ax, "", _LABELS[asked.since], "command")
    if not len(chosen.commands):
        ax.set_title(_title(name_of(run), chosen), loc="left", fontsize=style.TITLE, color=style.INK)
        style.say(ax, "No command was issued in this time.")
        return ax
    left, right = _limits(trace, chosen, asked)
    ax.set(xlim=(left, right), ylim=(len(chosen.commands) - 0.3, -0.7))
    ax.set_yticks(range(len(chosen.commands)), [f"{command:,}" for command in chosen.commands])
    ax.grid(visible=False, axis="y")
    periods = _in_ms(periods_of(trace, right / 1e3), left, right) if asked.since == "run" else []
    shade(ax, periods)
    _phases(ax, trace, chosen, right)
    _key(ax, _told(ax, trace, chosen, right))
    name_above(ax, periods, _title(name_of(run), chosen))
    return ax


# --- what is shown ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """What is to be seen; times in nanoseconds."""

    begin: int
    end: int | None
    most: int
    since: str

    @classmethod
    def of(cls, begin: Any, end: Any, most: Any, since: Any) -> _Asked:
        """The same from what somebody said; ResultError for what cannot be meant."""
        begin_ns, end_ns = _time("begin", begin), None if end is None else _time("end", end)
        if since not in SINCE:
            hint = did_you_mean(since, SINCE)
            raise ResultError(f'since must be "run" or "issued" (got {shown(since)}){f"; {hint}" if hint else ""}')
        if end_ns is not None and end_ns <= (begin_ns if since == "run" else 0):
            raise ResultError(f"end must be after begin (got {shown(begin)} to {shown(end)})")
        return cls(begin_ns, end_ns, _count(most), since)


def _count(most: Any) -> int:
    try:
        count = 0 if isinstance(most, bool) else operator.index(most)
    except TypeError:
        count = 0
    if count < 1:
        raise ResultError(f"most must be a whole number, at least 1 (got {shown(most)})")
    return count


def _time(name: str, said: Any) -> int:
    """A time in nanoseconds."""
    try:
        if isinstance(said, Duration | str):
            return int(parse_duration(said) if isinstance(said, str) else said)
    except UnitError as error:
        raise ResultError(f"{name}: {error}") from None
    raise ResultError(f'{name} must be a time, such as "1.5s" or ms(20) (got {shown(said)})')


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The commands that are shown, of how many in that time; when they were issued, and where their rows begin (ns)."""

    commands: Ints
    issued: Ints
    zero: Ints
    of: int

    def rows_of(self, commands: Ints) -> Ints:
        """The rows of commands that are shown."""
        place = {command: row for row, command in enumerate(self.commands.tolist())}
        return np.array([place[command] for command in commands.tolist()], np.int64)

    def ms(self, times: Ints, rows: Ints) -> NDArray[np.float64]:
        """Where times stand on the axis; -1, which is never, stands beyond everything."""
        return np.where(times < 0, np.inf, (times - self.zero[rows]) / 1e6)


def _chosen(trace: Trace, asked: _Asked) -> _Chosen:
    """The first commands of that time, in the order in which they were issued."""
    issued = paths(trace).first(Moment.ISSUED)
    there = (issued >= 0) & (issued >= asked.begin)
    if asked.end is not None and asked.since == "run":
        there &= issued < asked.end
    order = np.flatnonzero(there)
    order = order[np.argsort(issued[order], kind="stable")]
    first = order[: asked.most]
    zero = issued[first] if asked.since == "issued" else np.zeros(len(first), np.int64)
    return _Chosen(first, issued[first], zero, len(order))


def _limits(trace: Trace, chosen: _Chosen, asked: _Asked) -> tuple[float, float]:
    """From and until when, in ms: without an end until nine in ten things that end have ended, and a little longer."""
    rows = np.arange(len(chosen.commands))
    first = chosen.ms(chosen.issued, rows)
    left = asked.begin / 1e6 if asked.end is not None and asked.since == "run" else float(first.min())
    if asked.end is not None:
        right = asked.end / 1e6
    else:
        most = max(_mostly_over(trace, chosen), float(first.max()))
        right = most + 0.1 * max(most - left, 1e-3)
    return left - 0.015 * (right - left), right


def _mostly_over(trace: Trace, chosen: _Chosen) -> float:
    some = _phases_of(trace, chosen)
    told = verdicts(trace).informed[chosen.commands]
    ends = np.concatenate([
        chosen.ms(some.ends, chosen.rows_of(some.command)), chosen.ms(told, np.arange(len(told))),
    ])  # fmt: skip
    ends = ends[np.isfinite(ends)]
    return float(np.quantile(ends, 0.9)) if len(ends) else 0.0


def _phases_of(trace: Trace, chosen: _Chosen) -> Phases:
    every = phases(trace)
    return every.take(np.isin(every.command, chosen.commands))


def _in_ms(periods: list[Period], left: float, right: float) -> list[Period]:
    """The periods that can be seen, in milliseconds, as far as they can."""
    found = [Period(one.name, max(one.begins * 1e3, left), min(one.ends * 1e3, right), one.is_fault) for one in periods]
    return [one for one in found if one.begins <= one.ends and one.ends >= left and one.begins <= right]


def _title(name: str, chosen: _Chosen) -> str:
    less = f", the first {len(chosen.commands):,} of {chosen.of:,}" if len(chosen.commands) < chosen.of else ""
    return f"What commands go through{f': {name}' if name else ''}{less}"


# --- drawing ---------------------------------------------------------------------------------------------------------


def _phases(ax: Axes, trace: Trace, chosen: _Chosen, right: float) -> None:
    """A bar for each phase, slim for what the handler has no hand in; those that do not end reach to the right edge."""
    some = _phases_of(trace, chosen)
    rows = chosen.rows_of(some.command)
    begins, ends = chosen.ms(some.begins, rows), np.minimum(chosen.ms(some.ends, rows), right)
    for phase, colour in COLOURS.items():
        here = (some.phase == phase) & (begins <= right)
        height = _BAR * (0.5 if phase == Phase.SHOWING else 1.0)
        ax.barh(
            rows[here] - _BAR / 2 + height / 2 - 0.08, (ends - begins)[here], left=begins[here], height=height,
            color=colour, linewidth=0, zorder=2, gid=phase.name.lower(),
        )  # fmt: skip


def _told(ax: Axes, trace: Trace, chosen: _Chosen, right: float) -> list[Belief]:
    """From issued to when a client knew, or gave up; returns what they came to believe."""
    verdict, rows = verdicts(trace), np.arange(len(chosen.commands))
    told, gave_up = verdict.informed[chosen.commands], verdict.gave_up[chosen.commands]
    at, issued = chosen.ms(np.where(told >= 0, told, gave_up), rows), chosen.ms(chosen.issued, rows)
    heights, beyond = rows + _BELOW, at > right
    ax.hlines(heights, issued, np.minimum(at, right), color=style.INK, linewidth=0.8, zorder=3, gid="told")
    ax.plot(issued, heights, "|", color=style.INK, markersize=5, zorder=4, gid="issued")
    ax.plot(
        np.ones(int(beyond.sum())), heights[beyond], ">", markersize=3.5, color=style.INK, clip_on=False,
        transform=ax.get_yaxis_transform(), gid="beyond",
    )  # fmt: skip
    found = []
    for one in _TOLD:
        here = (verdict.belief[chosen.commands] == one) & ~beyond
        if here.any():
            found.append(one)
            ax.plot(at[here], heights[here], zorder=5, gid="belief", **_sign(one))
    return found


def _sign(belief: Belief) -> dict[str, Any]:
    sign, colour, _ = _TOLD[belief]
    return {
        "marker": sign, "color": colour, "markersize": 5.0, "markeredgecolor": "white", "markeredgewidth": 0.4,
        "linestyle": "none",
    }  # fmt: skip


def _key(ax: Axes, signs: Sequence[Belief]) -> None:
    """What colours and signs mean, below the picture."""
    handles: list[Artist] = [Patch(color=colour, label=NAMES[phase]) for phase, colour in COLOURS.items()]
    handles.append(Line2D([], [], marker="|", color=style.INK, linewidth=0.8, label="issued, until told"))
    handles += [Line2D([], [], label=_TOLD[one][2], **_sign(one)) for one in signs]
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.45 / (_INCHES_PER_ROW * len(ax.get_yticks()))),
        ncols=3, fontsize=style.SMALL, frameon=False, handlelength=1.2, columnspacing=1.4,
    )  # fmt: skip
