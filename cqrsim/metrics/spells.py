"""Stretches of time in groups, each with what it tells of, and which of them reach into others."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cqrsim.metrics.steps import Ints, Timeline, running_max
from cqrsim.moments import NEVER


class Spells:
    """Spells [begins, ends] of groups, both ends included; each has a row that it tells of.

    >>> spells = Spells(np.array([7, 7, 8]), np.array([10, 20, 0]), np.array([90, 30, 5]), np.array([4, 5, 6]))
    >>> spells.reaching(np.array([7, 7, 7, 8]), np.array([0, 25, 95, 6]), np.array([9, 99, 99, 99])).tolist()
    [-1, 4, -1, -1]
    """

    def __init__(self, group: NDArray[Any], begins: Ints, ends: Ints, rows: Ints) -> None:
        self.group = group.astype(np.int64)
        self.begins = begins
        self.ends = ends
        self.rows = rows

    def reaching(self, group: NDArray[Any], since: Ints, until: Ints) -> Ints:
        """For each stretch [since, until] of a group the row of a spell that reaches into it; -1 if none does.

        Of those that began in time it is the one that lasts longest.
        """
        found = np.full(len(group), NEVER, np.int64)
        if not len(self.rows):
            return found
        last = self._line.last(group, until)
        there = np.flatnonzero(last >= 0)
        longest = self._longest[last[there]]
        reaches = self.ends[longest] >= since[there]
        found[there[reaches]] = self.rows[longest[reaches]]
        return found

    @cached_property
    def _line(self) -> Timeline:
        return Timeline(self.group, self.begins)

    @cached_property
    def _longest(self) -> Ints:
        """For each spell, which of its group lasts longest among it and those before it."""
        order = self._line.order
        by_end = np.argsort(self.ends, kind="stable")
        rank = np.empty(len(by_end), np.int64)
        rank[by_end] = np.arange(len(by_end))
        longest = np.empty(len(by_end), np.int64)
        longest[order] = by_end[running_max(self.group[order], rank[order])]
        return longest


def nothing() -> Spells:
    """No spells at all."""
    none = np.empty(0, np.int64)
    return Spells(none, none, none, none)
