"""The steps of one command as a sequence diagram needs them: who stands where, what led to what, and how far apart.

Nothing is drawn here.  Lanes stand side by side, time runs down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cqrsim.messages import LINK_NAMES
from cqrsim.metrics.vocabulary import PLACE_OF
from cqrsim.moments import Moment

_PART_OF_PLACE = {"group": "client", "shard": "handler", "store": "store", "projection": "projection", "cache": "cache"}
_PART_OF_CHANNEL = {"event_poll": "store", "read_model": "projection", "error_cache": "cache"}
_STRUCK_IN = {"write": "store", "flush": "store", "append": "handler", "decide": "handler", "answer": "handler"}
"""In which lane a fault strikes, by the operation; messages and projections are struck where they are just then."""
_ORDER = ("client", "handler", "store", "projection", "cache")
_AT_CLIENT = (Moment.INFORMED, Moment.CAUGHT)
_ENDS_OF_APPEND = (Moment.WRITTEN, Moment.APPEND_FAILED, Moment.BUFFERED, Moment.RECOVERED)
_BAD = {
    Moment.APPEND_FAILED, Moment.REFUSAL_LOST, Moment.MESSAGE_LOST, Moment.HANDLER_GAVE_UP, Moment.GAVE_UP,
    Moment.REFUSAL_EXPIRED, Moment.FAULT_STRUCK, Moment.FORGOTTEN, Moment.VANISHED, Moment.ALTERED,
}  # fmt: skip
_BAD_WORDS = {
    "failure",
    "invalid",
    "forbidden",
    "overloaded",
    "full",
    "error",
    "conflict",
    "unknown",
    "crashed",
    "fenced",
}


@dataclass
class Step:
    """One row of a journey: when (ms since issued), which moment, in which lane, and what came of it."""

    time: float
    attempt: int
    moment: Moment
    who: str
    outcome: str
    lane: str

    @property
    def bad(self) -> bool:
        """Whether it is something going wrong, or the news of it."""
        return self.moment in _BAD or self.outcome in _BAD_WORDS

    @property
    def link(self) -> str:
        """The link on which a message was lost; empty for other moments."""
        return self.who if self.moment == Moment.MESSAGE_LOST else ""


@dataclass(frozen=True)
class Arrow:
    """What led from one step to another: one message, or (``indirect``) a message and some waiting or work."""

    departs: Step
    arrives: Step
    indirect: bool = False


def steps_of(frame: pd.DataFrame) -> list[Step]:
    """The steps of a journey's table in the order of time, each in its lane; at one instant, attempt by attempt."""
    steps = []
    for time, attempt, name, who, outcome in frame[["time_ms", "attempt", "moment", "who", "outcome"]].itertuples(
        index=False
    ):
        moment = Moment[str(name).upper()]
        lane = _lane(moment, str(who), str(outcome))
        steps.append(Step(float(time), int(attempt), moment, str(who), str(outcome), lane))
    for step in steps:
        step.lane = step.lane or _lane_beside(step, steps)
    return sorted(steps, key=lambda step: (step.time, step.attempt, step.moment == Moment.MESSAGE_LOST))


def _lane(moment: Moment, who: str, outcome: str) -> str:
    """Projections have a lane each, called after them; of all other parts there is one.

    Where a fault strikes a message or a projection is not said: "".
    """
    if moment == Moment.FAULT_STRUCK:
        return _STRUCK_IN.get(outcome, "")
    place = PLACE_OF[moment]
    if moment in _AT_CLIENT:
        return "client"
    if place == "channel":
        return _PART_OF_CHANNEL.get(who, "client")
    if place == "link":
        return _part(who.split("->")[0])
    part = _PART_OF_PLACE[place]
    return f"projection {who}" if part == "projection" else part


def _lane_beside(step: Step, steps: Sequence[Step]) -> str:
    """Where the same attempt was at that time, or just before."""
    others = [one for one in steps if one.lane and one.time <= step.time]
    found = max(others, key=lambda one: (one.time, one.attempt == step.attempt), default=None)
    return "client" if found is None else found.lane


def _part(end_of_link: str) -> str:
    return "handler" if end_of_link == "subscriber" else end_of_link


def lanes_of(steps: Sequence[Step], projections: Sequence[str] = ()) -> list[str]:
    """The lanes, from left to right; if the run's projections are given, each that should hear of it has a lane.

    A look at a read model does not say which one it was; where there are several, it has a lane of its own.
    """
    used = {step.lane for step in steps}
    used |= {_part(step.link.split("->")[1]) for step in steps if step.link in LINK_NAMES}
    if any(step.moment == Moment.PUBLISHED for step in steps):
        used |= {f"projection {name}" for name in projections}
    known = [f"projection {name}" for name in projections]
    views = [lane for lane in known if lane in used] + sorted(
        lane for lane in used if lane.startswith("projection ") and lane not in known
    )
    if "projection" in used:
        views = _join_views(steps, views, known)
    before, after = [lane for lane in _ORDER if lane in used], ["cache"] if "cache" in used else []
    return [lane for lane in before if lane not in ("projection", "cache")] + views + after


def _join_views(steps: Sequence[Step], views: list[str], known: list[str]) -> list[str]:
    """Whatever happened at some projection happened at the only one, if there is only one."""
    candidates = views or known
    if len(candidates) != 1:
        lost = any(step.lane == "projection" for step in steps) or not views
        return [*views, "projection"] if lost else views
    for step in steps:
        step.lane = candidates[0] if step.lane == "projection" else step.lane
    return candidates


def lost_towards(step: Step, steps: Sequence[Step], lanes: Sequence[str]) -> str:
    """The lane that a lost message did not reach: of several projections one that never applied the event."""
    part = _part(step.link.split("->")[1])
    there = [lane for lane in lanes if lane.split()[0] == part]
    applied = {one.lane for one in steps if one.moment == Moment.APPLIED}
    return next((lane for lane in there if lane not in applied), there[-1] if there else lanes[-1])


# --- what led to what ------------------------------------------------------------------------------------------------

_LEADS_TO: dict[Moment, tuple[tuple[Moment, ...], bool]] = {
    Moment.RECEIVED: ((Moment.SENT,), False),
    Moment.APPEND_RECEIVED: ((Moment.APPEND_SENT,), False),
    Moment.APPEND_ANSWERED: (_ENDS_OF_APPEND, False),
    Moment.REFUSAL_STORED: ((Moment.DECIDED, Moment.RELEASED), True),
    Moment.REFUSAL_LOST: ((Moment.DECIDED, Moment.RELEASED), True),
    Moment.REFUSAL_CACHED: ((Moment.DECIDED, Moment.RELEASED), False),
    Moment.APPLIED: ((Moment.PUBLISHED,), True),
}
"""Which moments send the message that ends in a moment, and whether there is waiting or work in between."""

_SPEAKS_AT: dict[str, tuple[Moment, ...]] = {
    "decided": (Moment.DECIDED,),
    "written": (Moment.RELEASED,),
    "applied": (Moment.RELEASED, Moment.APPLIED),
}
"""After which moment, whichever comes last, a handler answers."""


def arrows_of(steps: Sequence[Step], answer_at: str = "") -> list[Arrow]:
    """The messages that led from step to step.

    ``answer_at`` is when the handler answers; where it is not known, the handler is taken to speak as late as it can.
    """
    arrows = []
    for place, step in enumerate(steps):
        before = steps[:place]
        departs, indirect = _departure(step, before, steps, answer_at)
        if departs is not None and departs.lane != step.lane:
            arrows.append(Arrow(departs, step, indirect))
    return arrows


def _departure(step: Step, before: Sequence[Step], steps: Sequence[Step], answer_at: str) -> tuple[Step | None, bool]:
    if step.moment in _LEADS_TO:
        moments, indirect = _LEADS_TO[step.moment]
        return _latest(before, step, moments), indirect
    if step.moment == Moment.ANSWERED:
        return _of_answer(step, before, answer_at)
    if step.moment == Moment.FOLDED and not _folds_itself(step, steps):
        return _latest(before, step, (Moment.PUBLISHED,)), False
    if step.moment == Moment.INFORMED and step.who == "event_push":
        return _latest(before, step, (Moment.PUBLISHED, Moment.REFUSAL_STORED)), False
    if step.moment == Moment.INFORMED and step.who in _PART_OF_CHANNEL:
        return _found_by_looking(before, step.who), False
    return None, False


def _found_by_looking(before: Sequence[Step], channel: str) -> Step | None:
    looks = [one for one in before if one.moment == Moment.POLLED and one.who == channel]
    return next((one for one in reversed(looks) if not one.outcome.startswith("nothing")), None)


def _of_answer(step: Step, before: Sequence[Step], answer_at: str) -> tuple[Step | None, bool]:
    """An answer leaves when the handler has come as far as its client waits for, or when it refuses."""
    if step.outcome == "received":
        return _latest(before, step, (Moment.RECEIVED,)), False
    decided = _latest(before, step, (Moment.DECIDED,))
    refused = decided is not None and decided.outcome != "accepted"
    speaks = _SPEAKS_AT.get("decided" if refused else answer_at, (Moment.RELEASED,))
    found = _latest(before, step, speaks) or decided
    return found, found is not None and found.moment == Moment.APPLIED


def _folds_itself(step: Step, steps: Sequence[Step]) -> bool:
    """Whether the handler took up its own events, rather than those that the store published."""
    own = (Moment.DECIDED, Moment.SAVED, Moment.APPEND_ANSWERED, Moment.REREAD)
    return any(one.time == step.time and one.moment in own for one in steps)


def _latest(before: Sequence[Step], step: Step, moments: Sequence[Moment]) -> Step | None:
    """The last of such steps, of the same attempt if there is one."""
    found = [one for one in before if one.moment in moments and one.attempt <= step.attempt]
    same = [one for one in found if one.attempt == step.attempt]
    return same[-1] if same else found[-1] if found else None


# --- who is busy -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """A stretch of time in which a lane has something to do with the command; ``ends`` is None if it never ends."""

    lane: str
    begins: float
    ends: float | None


def spans_of(steps: Sequence[Step]) -> list[Span]:
    """The client waits to know; the handler has given the command its turn; the store has its append."""
    spans = []
    for opens, closes, once in (
        ((Moment.ISSUED,), (Moment.INFORMED, Moment.GAVE_UP), True),
        ((Moment.ADMITTED,), (Moment.RELEASED, Moment.FORGOTTEN), False),
        ((Moment.APPEND_RECEIVED,), _ENDS_OF_APPEND, False),
    ):
        for begin in [step for step in steps if step.moment in opens]:
            ends = [one.time for one in steps if one.moment in closes and (once or one.attempt >= begin.attempt)]
            ends = [time for time in ends if time >= begin.time]
            spans.append(Span(begin.lane, begin.time, ends[-1 if once else 0] if ends else None))
    return spans


# --- how far apart ---------------------------------------------------------------------------------------------------

LINES_OF_LONGEST_WAIT = 3.0


def heights_of(steps: Sequence[Step], lines: dict[float, int]) -> dict[float, float]:
    """Where each instant stands, in lines of text from the top: below its own labels, and lower the longer the wait.

    Waits grow with the root of their length: a picture to scale would hide milliseconds beside seconds.
    """
    times = sorted({step.time for step in steps})
    total = max(times[-1] - times[0], 1e-9)
    heights: dict[float, float] = {}
    height, before = 0.0, times[0]
    for time in times:
        height += lines[time] + LINES_OF_LONGEST_WAIT * math.sqrt((time - before) / total)
        heights[time], before = height, time
    return heights
