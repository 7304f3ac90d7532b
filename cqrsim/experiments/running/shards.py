"""Parts of a sweep for machines that know nothing of each other: every n-th run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from cqrsim.errors import Problem, ScenarioError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """The k-th of n parts, counted from 1."""

    number: int
    of: int

    @classmethod
    def read(cls, given: object) -> Shard:
        """A shard from "3/16" or (3, 16); ScenarioError for what is none.

        >>> Shard.read("3/16")
        Shard(number=3, of=16)
        >>> Shard.read("17/16")
        Traceback (most recent call last):
        cqrsim.errors.ScenarioError: shard: must be such as "3/16", the first one being "1/16" (got "17/16")
        """
        if isinstance(given, Shard):
            return given
        found = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", given) if isinstance(given, str) else None
        pair = tuple(map(int, found.groups())) if found else given
        whole = isinstance(pair, tuple | list) and len(pair) == 2 and all(type(part) is int for part in pair)
        if whole and 1 <= pair[0] <= pair[1]:  # type: ignore[index]
            return cls(*pair)  # type: ignore[misc]
        raise ScenarioError((Problem("shard", given, 'must be such as "3/16", the first one being "1/16"'),))

    def part_of(self, items: Sequence[Item]) -> list[Item]:
        """Every n-th, so that shards have equal work where the costs of neighbours are alike.

        >>> Shard(2, 3).part_of("abcdefg")
        ['b', 'e']
        """
        return list(items[self.number - 1 :: self.of])

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


WHOLE = Shard(1, 1)
