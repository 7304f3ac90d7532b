"""How the way of one command is laid out: who is busy with it from when until when, and how far instants are apart.

Nothing is drawn here.  Lanes stand side by side, time runs down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cqrsim.metrics.arrows import ENDS_OF_APPEND
from cqrsim.metrics.lanes import Step
from cqrsim.moments import Moment


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
        ((Moment.APPEND_RECEIVED,), ENDS_OF_APPEND, False),
    ):
        for begin in [step for step in steps if step.moment in opens]:
            ends = [one.time for one in steps if one.moment in closes and (once or one.attempt >= begin.attempt)]
            ends = [time for time in ends if time >= begin.time]
            spans.append(Span(begin.lane, begin.time, ends[-1 if once else 0] if ends else None))
    return spans


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
