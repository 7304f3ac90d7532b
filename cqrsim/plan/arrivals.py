"""When clients mean to issue their commands: arrival times in nanoseconds, below an end."""

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np

from cqrsim.plan.arithmetic import log
from cqrsim.plan.draws import BLOCK, SERIES_BLOCK, Floats, Ints, Stream, sample
from cqrsim.scenario.arrivals import AnyArrivals, Bursts, Closed, Poisson, Recorded, Regular
from cqrsim.scenario.distributions import AnyDistribution

Luck = tuple[int, int, str]
"""Seed, replication and group: what a group's streams are keyed by, besides their purpose."""

BURST_BLOCK = 16_384
"""Arrivals in bursts summed up at a time.  The sums are of floats, and begin anew: another size is another result."""

FEW = 16
"""Up to so many things to choose from, comparing with each is quicker than searching."""

MOST_STEPS = 65_536
"""Steps of a table to search with: more would not stay in the processor's cache."""


def open_times(arrivals: AnyArrivals, luck: Luck, end_ns: int) -> Ints:
    """Intended times of an open group, ascending."""
    if isinstance(arrivals, Poisson):
        return _poisson_times(1e9 / float(arrivals.rate), luck, end_ns)
    if isinstance(arrivals, Regular):
        return np.arange(int(arrivals.start), end_ns, int(arrivals.every), dtype=np.int64)
    if isinstance(arrivals, Recorded):
        times = np.sort(np.asarray(arrivals.times_ns, dtype=np.int64))
        return times[times < end_ns]
    assert isinstance(arrivals, Bursts)
    return _burst_times(arrivals, luck, end_ns)


def _poisson_times(mean_ns: float, luck: Luck, end_ns: int) -> Ints:
    """Add gaps up until the end is passed."""
    stream = Stream(*luck, "arrival", 0)
    parts, now = [np.empty(0, dtype=np.int64)], 0
    while now < end_ns:
        times = _gaps(stream.take(_likely((end_ns - now) / mean_ns)), mean_ns, end_ns)
        times[0] += now
        np.cumsum(times, out=times)
        parts.append(times)
        now = int(times[-1])
    parts[-1] = parts[-1][: np.searchsorted(parts[-1], end_ns)]  # only the last can have gone too far
    return np.concatenate(parts)


def _likely(mean: float) -> int:
    """How many numbers of a stream to take, to be rarely too few and never far too many."""
    return min(BLOCK, int(mean + 4.0 * mean**0.5) + 16)


def _gaps(uniform: Floats, mean_ns: float, end_ns: int) -> Ints:
    gaps = log(1.0 - uniform)
    gaps *= -mean_ns
    np.minimum(gaps, end_ns, out=gaps)  # whatever comes later is not asked for, and sums stay within 64 bits
    return np.rint(gaps, out=gaps).astype(np.int64)


def _burst_times(arrivals: Bursts, luck: Luck, end_ns: int) -> Ints:
    """A Poisson process whose rate alternates: unit-rate arrivals, mapped through the accumulated rate.

    The same unit arrivals serve every choice of rates.
    """
    borders = _alternating(arrivals.quiet, arrivals.burst, luck, end_ns)
    rates = np.where(np.arange(len(borders) - 1) % 2 == 0, float(arrivals.rate), float(arrivals.burst_rate)) / 1e9
    accumulated = np.concatenate([[0.0], np.cumsum(np.diff(borders) * rates)])
    stream, parts, level = Stream(*luck, "arrival", 0), [np.empty(0, dtype=np.int64)], 0.0
    while level < accumulated[-1]:
        levels = level + np.cumsum(-log(1.0 - stream.take(BURST_BLOCK)))
        level = float(levels[-1])
        levels = levels[levels < accumulated[-1]]
        period = np.searchsorted(accumulated, levels, side="right") - 1
        times = np.rint(borders[period] + (levels - accumulated[period]) / rates[period]).astype(np.int64)
        parts.append(times[times < end_ns])
    return np.concatenate(parts)


def _alternating(quiet: AnyDistribution, burst: AnyDistribution, luck: Luck, end_ns: int) -> Ints:
    """Borders of the periods, beginning with a quiet one at 0."""
    lengths = (_drawn(quiet, Stream(*luck, "quiet", 0)), _drawn(burst, Stream(*luck, "burst", 0)))
    borders = [0]
    while borders[-1] < end_ns:
        kind = (len(borders) - 1) % 2
        borders.append(borders[-1] + max(1, next(lengths[kind])))
    return np.asarray(borders, dtype=np.int64)


def _drawn(distribution: AnyDistribution, stream: Stream) -> Iterator[int]:
    """Durations (ns) without end."""
    for first in count(0, SERIES_BLOCK):
        yield from sample(distribution, stream.take(SERIES_BLOCK), np.arange(first, first + SERIES_BLOCK)).tolist()


def think_times(closed: Closed, luck: Luck, end_ns: int) -> Ints:
    """Think times of a closed group, in the order of its commands: the first of every client, then the second, ...

    As many as could be needed if every answer came at once; clients that wait use fewer.
    """
    stream, parts = Stream(*luck, "think", 0), [np.empty(0, dtype=np.int64)]
    rounds, most = 0, _most_rounds(closed, end_ns)
    elapsed = np.zeros(closed.clients, dtype=np.int64)
    while rounds < most and elapsed.min() < end_ns:
        together = int(min(most - rounds, _rounds_together(closed, end_ns - int(elapsed.min()))))
        index = np.arange(rounds * closed.clients, (rounds + together) * closed.clients)
        thought = sample(closed.think, stream.take(len(index)), index)
        # To think on behind the end changes nothing, and could be longer than 64 bits hold.
        by_round = np.minimum(thought, end_ns).reshape(together, closed.clients)
        passed = elapsed + np.cumsum(by_round, axis=0)
        # The round in which the last client passes the end is still needed, and none behind it.
        needed = min(together, 1 + int(np.count_nonzero(passed.min(axis=1) < end_ns)))
        parts.append(thought[: needed * closed.clients])
        rounds, elapsed = rounds + needed, passed[-1]
    return np.concatenate(parts)


def _rounds_together(closed: Closed, rest_ns: int) -> int:
    """How many rounds to draw at once: about as many as the rest of the time takes, or a block."""
    mean = closed.think.mean_ns()
    return min(_likely(rest_ns / mean) if mean > 0 else BLOCK, max(1, BLOCK // closed.clients))


def _most_rounds(closed: Closed, end_ns: int) -> float:
    """How many rounds there are at most, however quickly all goes."""
    most = float("inf") if closed.at_most is None else closed.at_most
    return most if closed.pace is None else min(most, -(-end_ns // int(closed.pace)))


def choose(weights: Floats) -> Callable[[Floats], Ints]:
    """A function that says which of several weighted things each uniform number falls on.

    >>> choose(np.array([1.0, 3.0]))(np.array([0.2, 0.3, 0.9])).tolist()
    [0, 1, 1]
    """
    levels = np.cumsum(weights)
    borders = (levels / levels[-1])[:-1]
    return _counting(borders) if len(borders) < FEW else _searching(borders)


def _counting(borders: Floats) -> Callable[[Floats], Ints]:
    def chosen(uniform: Floats) -> Ints:
        passed = np.zeros(len(uniform), dtype=np.int64)
        for border in borders.tolist():
            passed += uniform >= border
        return passed

    return chosen


def _searching(borders: Floats) -> Callable[[Floats], Ints]:
    """With a table over equal steps of [0, 1): most steps hold no border, and only in the others is there to search.

    The number of steps is a power of two, so that the step of a number is found without rounding.
    """
    steps = min(8 << len(borders).bit_length(), MOST_STEPS)
    within = np.bincount((borders * steps).astype(np.int64), minlength=steps)[:steps]
    before = np.cumsum(within) - within

    def chosen(uniform: Floats) -> Ints:
        step = (uniform * steps).astype(np.int64)
        passed = before[step]
        rest = np.flatnonzero(within[step])
        passed[rest] = np.searchsorted(borders, uniform[rest], side="right")
        return passed

    return chosen
