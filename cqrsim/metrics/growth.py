"""How fast the store grows, by kind, and when it is full."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cqrsim.messages import AppendOutcome
from cqrsim.metrics.queues import Intervals, stored
from cqrsim.metrics.steps import Ints, exact_sum
from cqrsim.moments import Moment
from cqrsim.trace import Trace


@dataclass(frozen=True)
class Filling:
    """How a store fills up; a ``full_s`` of infinity says that it never does."""

    bytes_per_s: float
    full_s: float
    seen: bool
    """Whether it was seen to be full; otherwise it will be if it goes on as in the measured window."""


def growth_bytes_per_s(trace: Trace, errors: bool | None = None) -> float:
    """By how much events (False), error events (True) or both (None) grew, as long as there was room for them.

    That is in the measured window, or before it if the store was full by then.
    """
    begin, end = _while_there_is_room(trace)
    kept = stored(trace, errors)

    def within(times: Ints) -> int:
        return exact_sum(_sizes(kept)[(times >= begin) & (times < end)])

    return (within(kept.begins) - within(kept.ends)) / ((end - begin) / 1e9) if end > begin else 0.0


def filling(trace: Trace) -> Filling:
    """When the store first had no room; or when it will have none, if it goes on growing as in the measured window."""
    rate, first, end = growth_bytes_per_s(trace), _first_full(trace), trace.about.length_ns
    if first >= 0:
        return Filling(rate, first / 1e9, seen=True)
    if trace.about.capacity_bytes < 0 or rate <= 0:
        return Filling(rate, math.inf, seen=False)
    kept = stored(trace)
    there = (kept.begins < end) & ((kept.ends < 0) | (kept.ends >= end))
    room = trace.about.capacity_bytes - exact_sum(_sizes(kept)[there])
    return Filling(rate, end / 1e9 + max(room, 0) / rate, seen=False)


def _while_there_is_room(trace: Trace) -> tuple[int, int]:
    about, first = trace.about, _first_full(trace)
    end = about.length_ns if first < 0 else min(first, about.length_ns)
    return (about.warm_up_ns if about.warm_up_ns < end else 0), end


def _first_full(trace: Trace) -> int:
    """When something was first refused for want of room; -1 if nothing was."""
    rows = [trace.of(moment) for moment in (Moment.APPEND_FAILED, Moment.REFUSAL_LOST)]
    times = np.concatenate([row.time[row.outcome == AppendOutcome.FULL] for row in rows])
    return int(times.min()) if len(times) else -1


def _sizes(kept: Intervals) -> Ints:
    assert kept.weights is not None  # whatever is stored has a size
    return kept.weights
