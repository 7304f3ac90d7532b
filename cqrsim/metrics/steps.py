"""Arithmetic of things that happen in groups over time: how many until then, and what level in between.

All of it is exact and without a loop over the things: sorting and searching stand in for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FOREVER = np.iinfo(np.int64).max
"""Later than any time of a trace."""


class Timeline:
    """Things that happened in groups at times; equal times of a group keep the order in which they are given.

    >>> line = Timeline(np.array([7, 7, 8]), np.array([10, 20, 15]))
    >>> line.count(np.array([7, 7, 8, 9]), np.array([20, 9, 99, 99])).tolist()
    [2, 0, 1, 0]
    """

    def __init__(self, group: NDArray[Any], time: Ints) -> None:
        self._times = _distinct(time)
        self._width = len(self._times) + 1
        key = group.astype(np.int64) * self._width + np.searchsorted(self._times, time)
        self.order = np.argsort(key, kind="stable")
        """Row numbers, sorted by group and time."""
        self._key = key[self.order]

    def start(self, group: NDArray[Any]) -> Ints:
        """Where in ``order`` the things of a group begin."""
        return np.asarray(np.searchsorted(self._key, group.astype(np.int64) * self._width), np.int64)

    def count(self, group: NDArray[Any], time: Ints, inclusive: bool = True) -> Ints:
        """How many things of the group happened until the time, or strictly before it."""
        rank = np.searchsorted(self._times, time, side="right" if inclusive else "left")
        until = np.searchsorted(self._key, group.astype(np.int64) * self._width + rank)
        return np.asarray(until - self.start(group), np.int64)

    def last(self, group: NDArray[Any], time: Ints, inclusive: bool = True) -> Ints:
        """The row number of the last thing of the group until the time; -1 where there is none."""
        count = self.count(group, time, inclusive)
        return self.nth(group, count - 1)

    def nth(self, group: NDArray[Any], number: Ints) -> Ints:
        """The row number of the n-th thing of the group, from 0; -1 for numbers below 0."""
        where = self.start(group) + number
        rows = np.full(len(where), -1, np.int64)
        found = number >= 0
        rows[found] = self.order[where[found]]
        return rows


def first_after(
    group: NDArray[Any], time: Ints, asked_group: NDArray[Any], since: Ints, inclusive: bool = True
) -> Ints:
    """For each asked group the time of its first thing that is not before a time (or strictly after it); -1 for none.

    >>> first_after(np.array([7, 7, 8]), np.array([10, 20, 15]), np.array([7, 7, 8]), np.array([11, 21, 15])).tolist()
    [20, -1, 15]
    """
    line = Timeline(group, time)
    before = line.count(asked_group, since, not inclusive)
    there = line.count(asked_group, np.full(len(since), FOREVER)) > before
    found = np.full(len(since), -1, np.int64)
    if there.any():
        found[there] = time[line.nth(asked_group[there], before[there])]
    return found


def is_any(codes: NDArray[Any], wanted: Sequence[int]) -> Bools:
    """Which of the codes are among a few; quicker for those than looking them up in a set.

    >>> is_any(np.array([0, 2, 5]), (2, 5)).tolist()
    [False, True, True]
    """
    found: Bools = np.equal(codes, wanted[0])
    for code in wanted[1:]:
        found |= codes == code
    return found


def earliest(*times: Ints) -> Ints:
    """The earliest of several times, element by element, where -1 is never."""
    stacked = np.stack(times).view(np.uint64)
    return np.asarray(stacked.min(axis=0).view(np.int64))


def _distinct(values: Ints) -> Ints:
    """The values without repetition, ascending; quick for values that ascend already, as times do."""
    ascending = np.sort(values, kind="stable")
    changes = np.append(True, ascending[1:] != ascending[:-1])[: len(ascending)]
    return np.asarray(ascending[changes], np.int64)


def running_sum(group: NDArray[Any], values: NDArray[Any]) -> Ints:
    """For each row the sum of the values of its group up to and including it, rows in the given order.

    >>> running_sum(np.array([1, 2, 1]), np.array([5, 6, 7])).tolist()
    [5, 6, 12]
    """
    order = np.argsort(group, kind="stable")
    total = np.cumsum(values[order], dtype=np.int64)
    firsts = _firsts(group[order])
    before = np.where(firsts > 0, total[firsts - 1], 0) if len(total) else total
    result = np.empty(len(order), np.int64)
    result[order] = total - before
    return result


def running_max(group: NDArray[Any], values: Ints) -> Ints:
    """For each row the largest value of its group up to and including it, rows in the given order.

    >>> running_max(np.array([1, 2, 1, 1]), np.array([5, 6, 3, FOREVER])).tolist()[:3]
    [5, 6, 5]
    """
    order = np.argsort(group, kind="stable")
    levels, rank = np.unique(values, return_inverse=True)
    base = np.cumsum(np.append(False, group[order][1:] != group[order][:-1])) * np.int64(len(levels))
    result = np.empty(len(order), np.int64)
    result[order] = levels[np.maximum.accumulate(rank[order] + base[: len(order)]) - base[: len(order)]]
    return result


def pair_numbers(first: NDArray[Any], second: NDArray[Any]) -> Ints:
    """A number for each distinct pair, the same for equal pairs."""
    _, one = np.unique(first, return_inverse=True)
    names, two = np.unique(second, return_inverse=True)
    return np.asarray(one * np.int64(len(names)) + two, np.int64)


def _firsts(sorted_group: NDArray[Any]) -> Ints:
    """For each row of sorted groups, where its group begins."""
    changes = np.append(True, sorted_group[1:] != sorted_group[:-1])[: len(sorted_group)]
    return np.maximum.accumulate(np.where(changes, np.arange(len(sorted_group)), 0))


def integrals(times: NDArray[Any], weights: NDArray[Any] | None, edges: Ints) -> Floats:
    """Of the level that each time raises by its weight for good: the area (level times ns) between the edges."""
    weights = np.ones(len(times)) if weights is None else np.asarray(weights, np.float64)
    widths = np.diff(edges).astype(np.float64)
    bins = np.searchsorted(edges, times, side="right") - 1
    early, inside = bins < 0, (bins >= 0) & (bins < len(widths))
    here = bins[inside]
    rises = np.bincount(here, weights[inside], len(widths))
    areas = np.bincount(here, weights[inside] * (edges[here + 1] - times[inside]), len(widths))
    level = weights[early].sum() + np.append(0.0, np.cumsum(rises)[:-1])
    return np.asarray(level * widths + areas, np.float64)


def exact_sum(numbers: NDArray[Any]) -> int:
    """The sum of whole numbers, also where it takes more than 64 bits.

    >>> exact_sum(np.array([2**62, 2**62, 2**62])) == 3 * 2**62
    True
    """
    whole = np.asarray(numbers, np.int64)
    return (int((whole >> 32).sum()) << 32) + int((whole & (2**32 - 1)).sum())


def mean_level(begins: Ints, ends: Ints, begin: int, end: int, weights: NDArray[Any] | None = None) -> float:
    """The mean number (or weight) of what is there from ``begins`` to ``ends``, within a stretch of time.

    It does not depend on the order of the things, to the last bit.  An end of -1 is never.

    >>> mean_level(np.array([0, 5]), np.array([10, -1]), 0, 10)
    1.5
    """

    def spent(times: Ints, chosen: NDArray[Any] | slice) -> int:
        left = np.maximum(end - np.maximum(times[chosen], begin), 0)
        return exact_sum(left if weights is None else left * weights[chosen])

    return (spent(begins, slice(None)) - spent(ends, ends >= 0)) / (end - begin)


def mean_levels(begins: Ints, ends: Ints, edges: Ints, weights: NDArray[Any] | None = None) -> Floats:
    """The mean number (or weight) of what is there from ``begins`` to ``ends``, between each two edges.

    Weighted by time, not sampled.  An end of -1 is never.

    >>> mean_levels(np.array([0, 5]), np.array([10, -1]), np.array([0, 10, 20])).tolist()
    [1.5, 1.0]
    """
    ended = ends >= 0
    area = integrals(begins, weights, edges)
    area -= integrals(ends[ended], None if weights is None else weights[ended], edges)
    return np.asarray(area / np.maximum(np.diff(edges), 1), np.float64)


def highest_level(begins: Ints, ends: Ints, edges: Ints) -> int:
    """The largest number of what is there at once, within the edges; what takes no time does not count.

    >>> highest_level(np.array([0, 2, 5]), np.array([5, 9, -1]), np.array([0, 20]))
    2
    """
    ends = np.where(ends < 0, FOREVER, ends)
    times, place = np.unique(np.concatenate([begins, ends]), return_inverse=True)
    changes = np.bincount(place[: len(begins)], minlength=len(times)) - np.bincount(
        place[len(begins) :], minlength=len(times)
    )
    levels = np.cumsum(changes)
    until = np.append(times[1:], FOREVER)
    return int(levels[(times < edges[-1]) & (until > edges[0])].max(initial=0))


def unions(group: Ints, begins: Ints, ends: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Stretches of time in which a group has at least one interval [begin, end), none of them empty.

    Returns the group, begin and end of each stretch, the largest number of intervals at once, and the row number of
    the interval that opened it.
    """
    count = len(group)
    time = np.concatenate([begins, ends])
    change = np.concatenate([np.ones(count, np.int64), -np.ones(count, np.int64)])
    who = np.concatenate([group, group])
    order = np.lexsort([change, time, who])
    level = np.cumsum(change[order])
    closes = np.flatnonzero(level == 0)
    opens = np.append(0, closes[:-1] + 1)[: len(closes)]
    peaks = np.maximum.reduceat(level, opens) if len(opens) else opens
    rows = order[opens]
    return who[rows], time[rows], time[order[closes]], np.asarray(peaks, np.int64), rows


def milliseconds(times: Ints) -> Floats:
    """Nanoseconds as milliseconds; -1 (did not happen) as NaN."""
    return np.where(times < 0, np.nan, times / 1e6)


def elapsed(until: Ints, since: Ints) -> Floats:
    """Milliseconds between two times; NaN where one of them did not happen."""
    return np.where((until < 0) | (since < 0), np.nan, (until - since) / 1e6)
