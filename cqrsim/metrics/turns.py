"""Who has which turn, from when until when, and who waits behind.

A turn belongs to an aggregate, a shard, or everything: to whatever lets its commands go one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cqrsim.metrics.paths import paths, remembered
from cqrsim.metrics.queues import Intervals
from cqrsim.metrics.steps import Bools, Ints, earliest
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace


@dataclass(frozen=True, eq=False)
class Stays:
    """Commands that have a turn, or wait for one, by the number of the turn: [begins, ends) in ns.

    An end of -1 says that it lasted to the end of the run.
    """

    turn: Ints
    command: Ints
    begins: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.turn)

    def take(self, which: Bools | Ints) -> Stays:
        """Some of them."""
        return Stays(self.turn[which], self.command[which], self.begins[which], self.ends[which])

    def of(self, turn: int) -> Intervals:
        """The intervals of one turn."""
        here = self.turn == turn
        return Intervals(self.begins[here], self.ends[here])


@remembered
def holding(trace: Trace) -> Stays:
    """Commands that have the turn, from admitted until it passes on; none where nobody waits for turns."""
    ways = paths(trace)
    begins = np.where(ways.tries_begin, ways.first_of_attempt(Moment.ADMITTED), NEVER)
    return _stays(trace, begins, ways.released_of_try[ways.try_of])


@remembered
def queueing(trace: Trace) -> Stays:
    """Commands that wait for the turn or for a worker, until they have both, are turned away, or are forgotten."""
    ways = paths(trace)
    admitted = ways.first_of_attempt(Moment.ADMITTED)
    ends = np.where(admitted >= 0, admitted, earliest(ways.refused, ways.forgotten))
    return _stays(trace, ways.first_of_attempt(Moment.RECEIVED), ends)


def turn_of(trace: Trace, command: Ints) -> Ints:
    """The number of the turn that a command takes."""
    aggregate = trace.marks.aggregate[command]
    turns = {"aggregate": aggregate, "shard": aggregate % max(trace.about.shards, 1)}
    return turns.get(trace.about.turn, np.zeros(len(command), np.int64))


def occupied_share(trace: Trace, turns: Ints) -> list[float]:
    """The share of the measured window in which somebody has each of some turns."""
    about, stays = trace.about, holding(trace)
    return [stays.of(int(turn)).mean(about.warm_up_ns, about.length_ns) for turn in turns]


def hottest(trace: Trace, most: int) -> Ints:
    """The turns that are taken for most of the measured window, the hottest first; of equals the lower number first."""
    stays, about = holding(trace), trace.about
    begins = np.maximum(stays.begins, about.warm_up_ns)
    ends = np.minimum(np.where(stays.ends < 0, about.length_ns, stays.ends), about.length_ns)
    turns, place = np.unique(stays.turn, return_inverse=True)
    spent = np.zeros(len(turns), np.int64)
    np.add.at(spent, place, np.maximum(ends - begins, 0))
    order = np.argsort(-spent, kind="stable")[:most]
    return np.asarray(turns[order], np.int64)


def _stays(trace: Trace, begins: Ints, ends: Ints) -> Stays:
    """Those of all attempts that began."""
    there = np.flatnonzero((begins >= 0) & (trace.about.turn != "none"))
    command = paths(trace).command_of[there]
    return Stays(turn_of(trace, command), command, begins[there], ends[there])
