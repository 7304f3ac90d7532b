"""A setting as an axis: its values as numbers in one unit, and numbers as values again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cqrsim.errors import Problem
from cqrsim.experiments.designs.between import kind_of
from cqrsim.experiments.showing import wording
from cqrsim.units import Duration, Size

UNITS = {"duration": "ms", "rate": "per second", "size": "bytes", "number": ""}
NANOSECONDS = {"duration": 1e6}
"""What the numbers of an axis are multiplied by to be values; 1 for all others."""


@dataclass(frozen=True)
class Axis:
    """A varied setting whose values are all durations, all rates, all sizes or all numbers."""

    path: str
    values: tuple[Any, ...]
    """Ascending, each once."""

    @classmethod
    def of(cls, path: str, values: Sequence[Any], problems: list[Problem]) -> Axis:
        """The axis of these values; what keeps them from being one is added to the problems."""
        kinds = {kind_of(value) for value in values}
        if None in kinds or len(kinds) != 1:
            message = "must be durations, rates, sizes or numbers, all of one kind, to be an axis"
            problems.append(Problem(path, values, message))
            return cls(path, ())
        if len(set(values)) < 2:
            problems.append(Problem(path, values, "needs at least two values, between which something can cross"))
        return cls(path, tuple(sorted(set(values))))

    @property
    def kind(self) -> str:
        """What the values are counted in."""
        return kind_of(self.values[0]) or ""

    @property
    def label(self) -> str:
        """The path with the unit of its numbers."""
        unit = UNITS[self.kind]
        return f"{self.path}, {unit}" if unit else self.path

    def number(self, value: Any) -> float:
        """A value as a number of the axis: durations in milliseconds, rates per second, sizes in bytes.

        >>> from cqrsim.units import ms
        >>> Axis("disk.write", (ms(1), ms(2))).number(ms(1.5))
        1.5
        """
        return float(value) / NANOSECONDS.get(self.kind, 1.0)

    def text(self, number: float) -> str:
        """A number of the axis as a value with its unit, to three digits.

        >>> from cqrsim.units import ms
        >>> Axis("disk.write", (ms(1), ms(2))).text(1.23456)
        '1.23ms'
        """
        rounded = float(f"{number * NANOSECONDS.get(self.kind, 1.0):.3g}")
        if self.kind == "number":
            return wording.plain(rounded)
        exact = round(rounded) if isinstance(self.values[0], Duration | Size) else rounded
        return str(type(self.values[0])(exact))
