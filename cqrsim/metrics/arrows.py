"""What led to what in the way of one command: which messages went from lane to lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cqrsim.metrics.lanes import PART_OF_CHANNEL, Step
from cqrsim.moments import Moment

ENDS_OF_APPEND = (Moment.WRITTEN, Moment.APPEND_FAILED, Moment.BUFFERED, Moment.RECOVERED)
"""With which the store is through with an append."""


@dataclass(frozen=True)
class Arrow:
    """What led from one step to another: one message, or (``indirect``) a message and some waiting or work."""

    departs: Step
    arrives: Step
    indirect: bool = False


_LEADS_TO: dict[Moment, tuple[tuple[Moment, ...], bool]] = {
    Moment.RECEIVED: ((Moment.SENT,), False),
    Moment.APPEND_RECEIVED: ((Moment.APPEND_SENT,), False),
    Moment.APPEND_ANSWERED: (ENDS_OF_APPEND, False),
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
    if step.moment == Moment.INFORMED and step.who in PART_OF_CHANNEL:
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
