"""Whether a run could keep up: how many commands more were open at the end of the window than in its middle.

A command is open until its truth is settled and, if it is durable, until every projection shows it.  What clients do
with their time is no part of this: who waits two seconds for no news makes no queue longer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cqrsim.metrics.latencies import latencies
from cqrsim.metrics.paths import paths, remembered
from cqrsim.metrics.steps import Ints
from cqrsim.metrics.verdicts import verdicts
from cqrsim.moments import NEVER
from cqrsim.trace import Trace


class Growth(NamedTuple):
    """How many commands more are open after the second half of the window, and how many came in it."""

    growth: float
    arrivals: int


@remembered
def closed_times(trace: Trace) -> Ints:
    """When each command was through (ns): settled, and shown where there is something to show; -1 if it was not."""
    settled, seen = verdicts(trace).settled, latencies(trace)["visibility"]
    shown = np.where(seen.until >= 0, seen.until, NEVER)
    waits = seen.counted & ~seen.never
    return np.where((settled < 0) | (waits & (shown < 0)), NEVER, np.maximum(settled, shown))


def backlog_growth(trace: Trace) -> Growth:
    """By how many the open commands of the window grow in its second half, and how many arrive in it.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(2), warm_up=cq.seconds(0))
    >>> growth, arrivals = backlog_growth(cq.simulate(blog, seed=1, engine="simpy").trace)
    >>> abs(growth) < 10 < arrivals
    True
    """
    ways, about = paths(trace), trace.about
    chosen = ways.in_window
    return growth_between(ways.intended[chosen], closed_times(trace)[chosen], about.warm_up_ns, about.length_ns)


def growth_between(came: Ints, closed: Ints, begin: int, end: int) -> Growth:
    """The same of any things that came and were closed (-1: never) at such times.

    Where nothing was closed by the middle, things take longer than half of the window: nothing can be said, and no
    growth is told.

    >>> growth_between(np.array([0, 2, 5, 6, 8]), np.array([1, 3, -1, -1, 9]), begin=0, end=10)
    Growth(growth=2.0, arrivals=3)
    """
    middle = (begin + end) // 2
    there = np.where(closed < 0, np.iinfo(np.int64).max, closed)
    arrivals = int((came >= middle).sum())
    if not (there < middle).any():
        return Growth(0.0, arrivals)
    at_middle, at_end = (int(((came < time) & (there >= time)).sum()) for time in (middle, end))
    return Growth(float(at_end - at_middle), arrivals)
