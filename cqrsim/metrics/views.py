"""What projections showed over time: a view lasts until the projection has crashed and built another one.

A projection that starts again shows what its log had up to a position when it started, and what it has applied itself
since it crashed.  One that reads the log without having crashed only catches up: it keeps what it shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cqrsim.messages import Part
from cqrsim.metrics.paths import Paths, first_times, paths, remembered
from cqrsim.metrics.steps import FOREVER, Ints, earliest
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Rows, Trace


@dataclass(frozen=True, eq=False)
class View:
    """What was shown from ``begins`` to ``ends`` (ns), and since when: by key of the attempt, -1 for never."""

    begins: int
    ends: int
    since: Ints


@remembered
def views_of(trace: Trace) -> list[list[View]]:
    """The views of each projection, in the order of time; of most there is one."""
    return [_views(paths(trace), number) for number in range(len(trace.about.projections))]


def _views(ways: Paths, number: int) -> list[View]:
    applied = ways.rows(Moment.APPLIED)
    applied = applied.take((applied.place == number) & (applied.outcome == 0))
    began = [(NEVER, NEVER)]  # crash and restart
    caught_up: list[list[tuple[int, int]]] = [[]]
    for crash, restart, position in _restarts(ways.trace, number):
        if crash >= 0:
            began.append((crash, restart))
            caught_up.append([])
        caught_up[-1].append((restart, position))
    views = []
    for index, (crash, restart) in enumerate(began):
        next_crash, ends = began[index + 1] if index + 1 < len(began) else (FOREVER, FOREVER)
        since = _applied_between(ways, applied, crash, next_crash)
        since = np.where(since >= 0, np.maximum(since, restart), NEVER)
        for time, position in caught_up[index]:
            since = earliest(since, read_from_log(ways, time, position))
        views.append(View(restart, ends, since))
    return views


def _restarts(trace: Trace, number: int) -> list[tuple[int, int, int]]:
    """Restarts with their positions, each with the crash before it since the last one; -1 if there was none."""
    crashed, restarted = (_of_part(trace.of(moment), number) for moment in (Moment.CRASHED, Moment.RESTARTED))
    found, last = [], NEVER
    for time, position in zip(restarted.time.tolist(), restarted.value.tolist(), strict=True):
        crashes = crashed.time[(crashed.time <= time) & (crashed.time > last)]
        found.append((int(crashes[0]) if len(crashes) else NEVER, time, position))
        last = time
    return found


def _of_part(rows: Rows, number: int) -> Rows:
    return rows.take((rows.outcome == Part.PROJECTION) & (rows.place == number))


def _applied_between(ways: Paths, applied: Rows, begins: int, ends: int) -> Ints:
    """When the events of each attempt were first applied within a time."""
    if begins > NEVER or ends < FOREVER:
        applied = applied.take((applied.time >= begins) & (applied.time < ends))
    return first_times(ways.event_key(applied), applied.time, ways.keys)


def read_from_log(ways: Paths, time: int, position: int) -> Ints:
    """The time, for each attempt whose events somebody finds who reads the log then, up to a position."""
    lives = ways.lives
    there = (lives.since <= time) & ((lives.until < 0) | (lives.until > time))
    there &= ~lives.is_error & (lives.position < position)
    found = np.full(ways.keys, NEVER, np.int64)
    found[lives.key[there]] = time
    return found
