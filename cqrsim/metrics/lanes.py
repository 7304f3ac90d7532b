"""The steps of one command in lanes: at whose place each of them happened, and how the places stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cqrsim.messages import LINK_NAMES
from cqrsim.metrics.vocabulary import PLACE_OF
from cqrsim.moments import Moment

_PART_OF_PLACE = {"group": "client", "shard": "handler", "store": "store", "projection": "projection", "cache": "cache"}
PART_OF_CHANNEL = {"event_poll": "store", "read_model": "projection", "error_cache": "cache"}
_STRUCK_IN = {"write": "store", "flush": "store", "append": "handler", "decide": "handler", "answer": "handler"}
"""In which lane a fault strikes, by the operation; messages and projections are struck where they are just then."""
_ORDER = ("client", "handler", "store", "projection", "cache")
_AT_CLIENT = (Moment.INFORMED, Moment.CAUGHT)
_BAD = {
    Moment.APPEND_FAILED, Moment.REFUSAL_LOST, Moment.MESSAGE_LOST, Moment.HANDLER_GAVE_UP, Moment.GAVE_UP,
    Moment.REFUSAL_EXPIRED, Moment.FAULT_STRUCK, Moment.FORGOTTEN, Moment.VANISHED, Moment.ALTERED,
}  # fmt: skip
_BAD_WORDS = {
    "failure", "invalid", "forbidden", "overloaded", "full", "error", "conflict", "unknown", "crashed", "fenced",
}  # fmt: skip


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
        return PART_OF_CHANNEL.get(who, "client")
    if place == "link":
        return part_at(who.split("->")[0])
    part = _PART_OF_PLACE[place]
    return f"projection {who}" if part == "projection" else part


def _lane_beside(step: Step, steps: Sequence[Step]) -> str:
    """Where the same attempt was at that time, or just before."""
    others = [one for one in steps if one.lane and one.time <= step.time]
    found = max(others, key=lambda one: (one.time, one.attempt == step.attempt), default=None)
    return "client" if found is None else found.lane


def part_at(end_of_link: str) -> str:
    """The part that one end of a link is called after."""
    return "handler" if end_of_link == "subscriber" else end_of_link


def lanes_of(steps: Sequence[Step], projections: Sequence[str] = ()) -> list[str]:
    """The lanes, from left to right; if the run's projections are given, each that should hear of it has a lane.

    A look at a read model does not say which one it was; where there are several, it has a lane of its own.
    """
    used = {step.lane for step in steps}
    used |= {part_at(step.link.split("->")[1]) for step in steps if step.link in LINK_NAMES}
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
    part = part_at(step.link.split("->")[1])
    there = [lane for lane in lanes if lane.split()[0] == part]
    applied = {one.lane for one in steps if one.moment == Moment.APPLIED}
    return next((lane for lane in there if lane not in applied), there[-1] if there else lanes[-1])
