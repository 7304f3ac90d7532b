"""When clients mean to issue their commands: arrival times in nanoseconds, below an end."""

from collections.abc import Callable

import numpy as np

from cqrsim.plan.arithmetic import log
from cqrsim.plan.draws import Floats, Ints, Stream, sample, stream_of
from cqrsim.scenario.arrivals import AnyArrivals, Bursts, Closed, Poisson, Recorded, Regular
from cqrsim.scenario.distributions import AnyDistribution

Luck = tuple[int, int, str]
"""Seed, replication and group: what a group's streams are keyed by, besides their purpose."""


def open_times(arrivals: AnyArrivals, luck: Luck, end_ns: int) -> Ints:
    """Intended times of an open group, ascending.."""
    if isinstance(arrivals, Poisson):
        return _until(end_ns, _exponential_gaps(luck, 1e9 / float(arrivals.rate)))
    if isinstance(arrivals, Regular):
        return np.arange(int(arrivals.start), end_ns, int(arrivals.every), dtype=np.int64)
    if isinstance(arrivals, Recorded):
        times = np.sort(np.asarray(arrivals.times_ns, dtype=np.int64))
        return times[times < end_ns]
    assert isinstance(arrivals, Bursts)
    return _burst_times(arrivals, luck, end_ns)


def _exponential_gaps(luck: Luck, mean_ns: float) -> Callable[[], Ints]:
    blocks = stream_of(*luck, "arrival")

    def next_gaps() -> Ints:
        result: Ints = np.rint(-mean_ns * log(1.0 - next(blocks))).astype(np.int64)
        return result

    return next_gaps


def _until(end_ns: int, next_gaps: Callable[[], Ints]) -> Ints:
    """Add gaps up until the end is passed."""
    parts, now = [], 0
    while now < end_ns:
        times = now + np.cumsum(next_gaps())
        parts.append(times)
        now = int(times[-1])
    times = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    return times[times < end_ns]


def _burst_times(arrivals: Bursts, luck: Luck, end_ns: int) -> Ints:
    """A Poisson process whose rate alternates: unit-rate arrivals, mapped through the accumulated rate.

    The same unit arrivals serve every choice of rates.
    """
    borders = _alternating(arrivals.quiet, arrivals.burst, luck, end_ns)
    rates = np.where(np.arange(len(borders) - 1) % 2 == 0, float(arrivals.rate), float(arrivals.burst_rate)) / 1e9
    accumulated = np.concatenate([[0.0], np.cumsum(np.diff(borders) * rates)])
    blocks, parts, level = stream_of(*luck, "arrival"), [], 0.0
    while level < accumulated[-1]:
        levels = level + np.cumsum(-log(1.0 - next(blocks)))
        parts.append(levels)
        level = float(levels[-1])
    levels = np.concatenate(parts) if parts else np.empty(0)
    levels = levels[levels < accumulated[-1]]
    period = np.searchsorted(accumulated, levels, side="right") - 1
    times: Ints = np.rint(borders[period] + (levels - accumulated[period]) / rates[period]).astype(np.int64)
    return times[times < end_ns]


def _alternating(quiet: AnyDistribution, burst: AnyDistribution, luck: Luck, end_ns: int) -> Ints:
    """Borders of the periods, beginning with a quiet one at 0."""
    streams = (Stream(*luck, "quiet", 0), Stream(*luck, "burst", 0))
    borders = [0]
    while borders[-1] < end_ns:
        number, kind = divmod(len(borders) - 1, 2)
        drawn = sample((quiet, burst)[kind], streams[kind].take(1), np.array([number]))
        borders.append(borders[-1] + max(1, int(drawn[0])))
    return np.asarray(borders, dtype=np.int64)


def think_times(closed: Closed, luck: Luck, end_ns: int) -> Ints:
    """Think times of a closed group, in the order of its commands: the first of every client, then the second, ...

    As many as could be needed if every answer came at once; clients that wait use fewer.
    """
    stream = Stream(*luck, "think", 0)
    rounds: list[Ints] = []
    elapsed = np.zeros(closed.clients, dtype=np.int64)
    number = np.arange(closed.clients)
    while _has_another_round(closed, len(rounds), elapsed, end_ns):
        thought = sample(closed.think, stream.take(closed.clients), number + len(rounds) * closed.clients)
        elapsed = elapsed + thought
        rounds.append(thought)
    return np.concatenate(rounds) if rounds else np.empty(0, dtype=np.int64)


def _has_another_round(closed: Closed, rounds: int, elapsed: Ints, end_ns: int) -> bool:
    if closed.at_most is not None and rounds >= closed.at_most:
        return False
    if closed.pace is not None and rounds * int(closed.pace) >= end_ns:
        return False
    return bool(np.any(elapsed < end_ns))


def shares_to_levels(weights: Floats) -> Floats:
    """Cumulative shares, for looking a uniform number up."""
    levels = np.cumsum(weights)
    result: Floats = levels / levels[-1]
    return result


def choose(uniform: Floats, levels: Floats) -> Ints:
    """Which of several weighted things each uniform number falls on."""
    result: Ints = np.minimum(np.searchsorted(levels, uniform, side="right"), len(levels) - 1)
    return result.astype(np.int64)
