"""How wide is narrow enough: half-widths and margins as people say them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from cqrsim.errors import Problem

FORM = 'write a number in the unit of the metric, such as 0.001, a share of its value, such as "5%", or "5% or 0.001"'
"""How a width is said."""

_PART = re.compile(r"\s*(?P<number>\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)\s*(?P<percent>%)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Width:
    """So much in the unit of a metric, or such a share of its value: whichever is more."""

    absolute: float = 0.0
    relative: float = 0.0

    def of(self, value: float) -> float:
        """How much that is for a value; of a value that is NaN only the part in the unit of the metric is known."""
        if math.isnan(value):
            return self.absolute or math.nan
        return max(self.absolute, self.relative * abs(value))

    def __str__(self) -> str:
        parts = [f"{100 * self.relative:g}%"] if self.relative else []
        return " or ".join([*parts, f"{self.absolute:g}"] if self.absolute else parts)


def width(said: Any) -> Width:
    """Read a width; ValueError for what is none.

    >>> width(0.001), width("5%").of(200.0), width("5% or 0.2").of(0.0)
    (Width(absolute=0.001, relative=0.0), 10.0, 0.2)
    """
    if isinstance(said, Width):
        return said
    if isinstance(said, str):
        return _of_text(said)
    if isinstance(said, Real) and not isinstance(said, bool) and 0 < float(said) < math.inf:
        return Width(absolute=float(said))
    raise ValueError(FORM)


def widths(path: str, said: Any, needed: bool = True) -> tuple[dict[str, Width], list[Problem]]:
    """Read widths by names of metrics, and tell all that is wrong with them."""
    if not isinstance(said, Mapping) or (needed and not said):
        return {}, [Problem(path, said, "must be a dict of widths by the names of metrics", FORM)]
    found, wrong = {}, []
    for name, one in said.items():
        try:
            found[name] = width(one)
        except ValueError:
            wrong.append(Problem(f"{path}.{name}", one, "must be a width above 0", FORM))
    return found, wrong


def _of_text(text: str) -> Width:
    """Read "5%", "0.2" or "5% or 0.2"."""
    said = [_PART.fullmatch(part) for part in re.split(r"\bor\b", text)]
    numbers: dict[bool, Sequence[float]] = {
        percent: [float(part["number"]) for part in said if part and bool(part["percent"]) == percent]
        for percent in (True, False)
    }
    relative, absolute = numbers[True], numbers[False]
    told = all(0 < number < math.inf for number in (*relative, *absolute))
    if None in said or len(relative) > 1 or len(absolute) > 1 or not told:
        raise ValueError(FORM)
    return Width(absolute=sum(absolute), relative=sum(relative) / 100)
