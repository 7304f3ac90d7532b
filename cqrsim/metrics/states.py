"""Whose state counts: the states that the shards of the handler went through, as they crashed or were replaced.

Instances of a shard are numbered in the order in which they began.  One that starts with what its log says has a state
of its own; one that works on the own store of the instance before it shares that one's state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cqrsim.messages import Part
from cqrsim.metrics.paths import Paths, first_times, remembered
from cqrsim.metrics.steps import FOREVER, Bools, Ints, earliest, is_any
from cqrsim.metrics.views import read_from_log
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Rows, Trace


@dataclass(frozen=True, eq=False)
class State:
    """The live state of some shards from ``begins`` to ``ends`` (ns): that of instances ``first`` to ``last``."""

    shards: tuple[int, ...]
    """Empty for all of them."""
    begins: int
    ends: int
    first: int = 0
    last: int = FOREVER
    position: int = NEVER
    """Up to where it was read from the log when it began; -1 if it began with nothing."""


@remembered
def states_of(trace: Trace) -> list[State]:
    """The states that were live at any time; where nothing crashed or was replaced there is one, of all shards."""
    begun, crashed = trace.of(Moment.RESTARTED), trace.of(Moment.CRASHED)
    begun = begun.take(is_any(begun.outcome, (Part.HANDLER, Part.INSTANCE)))
    crashed = crashed.take((crashed.outcome == Part.HANDLER) & (not trace.about.keeps_own_store))
    shards = np.unique(np.concatenate([begun.place, crashed.place])).tolist()
    if not shards:
        return [State((), NEVER, FOREVER)]
    states = []
    if others := tuple(sorted(set(range(max(trace.about.shards, 1))) - set(shards))):
        states.append(State(others, NEVER, FOREVER))
    for shard in shards:
        here = begun.take(begun.place == shard)
        states += _of_shard(shard, here.time.tolist(), here.value.tolist(), crashed.time[crashed.place == shard])
    return states


def _of_shard(shard: int, times: list[int], positions: list[int], crashes: Ints) -> list[State]:
    """The states of one shard: each lasts until the shard crashes, or until another instance begins with its own."""
    new = [(NEVER, 0, NEVER)]
    new += [
        (time, i + 1, position)
        for i, (time, position) in enumerate(zip(times, positions, strict=True))
        if position >= 0
    ]
    states = []
    for index, (begins, first, position) in enumerate(new):
        ends, after_last = new[index + 1][:2] if index + 1 < len(new) else (FOREVER, FOREVER)
        lost = crashes[(crashes > begins) & (crashes < ends)]
        ends = int(lost[0]) if len(lost) else ends
        states.append(State((shard,), begins, ends, first, after_last - 1, position))
    return states


def second_instances(trace: Trace) -> Rows:
    """Where and when instances began beside others of their shards."""
    begun = trace.of(Moment.RESTARTED)
    return begun.take(begun.outcome == Part.INSTANCE)


def doubled(trace: Trace, aggregate: Ints, time: Ints) -> Bools:
    """Whether the shard of an aggregate has had a second instance by then."""
    begun, first = second_instances(trace), np.full(max(trace.about.shards, 1), FOREVER)
    np.minimum.at(first, begun.place, begun.time)
    return np.asarray(time >= first[aggregate % len(first)], np.bool_)


def folded_times(ways: Paths) -> Ints:
    """When the events of each attempt were first folded into the state of whichever instance."""
    if not ways.is_copy.any():
        return ways.first_of_attempt(Moment.FOLDED)
    rows = ways.rows(Moment.FOLDED)
    return first_times(ways.event_key(rows), rows.time, ways.keys)


def held(ways: Paths, state: State) -> Ints:
    """When the events of each attempt entered a state; -1 if they did not."""
    if not state.shards:
        return folded_times(ways)
    rows = ways.rows(Moment.FOLDED)
    rows = rows.take(np.isin(rows.place, state.shards) & (rows.outcome >= state.first) & (rows.outcome <= state.last))
    folded = first_times(ways.event_key(rows), rows.time, ways.keys)
    if state.position < 0:
        return folded
    read = np.where(of_shards(ways, state), read_from_log(ways, state.begins, state.position), NEVER)
    return earliest(np.where(folded >= 0, np.maximum(folded, state.begins), NEVER), read)


def of_shards(ways: Paths, state: State) -> Bools:
    """Which attempts are of the shards of a state."""
    if not state.shards:
        return np.ones(ways.keys, np.bool_)
    shard = ways.trace.marks.aggregate % max(ways.trace.about.shards, 1)
    return np.asarray(np.isin(shard, state.shards)[ways.command_of], np.bool_)
