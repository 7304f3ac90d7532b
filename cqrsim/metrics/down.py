"""Parts that crashed, until they came back, or for good."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from cqrsim.messages import Part
from cqrsim.metrics.paths import paths, remembered
from cqrsim.metrics.steps import Bools, Ints, first_after
from cqrsim.metrics.vocabulary import fault_name
from cqrsim.moments import Moment
from cqrsim.trace import Rows, Trace

_EARLIER = (Moment.APPEND_FAILED, Moment.FAULT_BEGAN, Moment.FAULT_STRUCK)
"""What a store may have its own policy for, and crash."""


@dataclass(frozen=True, eq=False)
class Down:
    """Parts that are down at the end of a run."""

    since: Ints
    """Of each part since when, in ns."""
    commands: Ints
    """Commands that were issued while a part was down that they needed, ascending."""
    causes: Counter[str]
    unexplained: int


@remembered
def parts_down(trace: Trace) -> Down:
    """What is down when a trace ends."""
    crashed = _for_good(trace)
    ways = paths(trace)
    issued, needs = ways.first(Moment.ISSUED), np.zeros(ways.commands, np.bool_)
    causes: Counter[str] = Counter()
    earlier = min((int(trace.of(moment).time[0]) for moment in _EARLIER if len(trace.of(moment))), default=None)
    without = 0
    for part, place, time, fault in zip(crashed.outcome, crashed.place, crashed.time, crashed.value, strict=True):
        needs |= (issued >= time) & served(trace, int(part), int(place))
        if fault >= 0 or (earlier is not None and earlier <= time):
            causes[fault_name(trace.about, int(fault)) or f"{Part(int(part)).name.lower()} crashed"] += 1
        else:
            without += 1
    return Down(crashed.time, np.flatnonzero(needs), causes, without)


def outages(trace: Trace) -> tuple[Rows, Ints]:
    """All crashes, and when the part started again; -1 if it did not."""
    crashed, started = trace.of(Moment.CRASHED), trace.of(Moment.RESTARTED)
    return crashed, first_after(_part(started), started.time, _part(crashed), crashed.time)


def _for_good(trace: Trace) -> Rows:
    """The last crash of each part that did not start again after it."""
    crashed, again = outages(trace)
    crashed = crashed.take(again < 0)
    _, first = np.unique(_part(crashed), return_index=True)
    return crashed.take(np.sort(first))


def _part(rows: Rows) -> Ints:
    """A number for each part; the instances of a shard are that shard."""
    kind = np.where(rows.outcome == Part.INSTANCE, Part.HANDLER, rows.outcome).astype(np.int64)
    return rows.place * np.int64(len(Part)) + kind


def served(trace: Trace, part: int, place: int) -> Bools:
    """Which commands a part serves."""
    if part in (Part.HANDLER, Part.INSTANCE):
        return np.asarray(trace.marks.aggregate % max(trace.about.shards, 1) == place, np.bool_)
    return np.ones(len(trace.marks), np.bool_)
