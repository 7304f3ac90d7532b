"""A range that a setting is drawn from: what stands in a design where any value between two would do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from cqrsim.errors import Problem, ScenarioError, UnitError, did_you_mean, shown
from cqrsim.plan.arithmetic import exp, log
from cqrsim.units import Duration, Rate, Size

SCALES = ("linear", "log")
AMOUNTS: tuple[type[Duration] | type[Rate] | type[Size], ...] = (Duration, Rate, Size)
DIGITS = 6
"""Significant digits of fractions, so that files and labels stay readable."""


@dataclass(frozen=True)
class Between:
    """Any value from ``low`` to ``high``, equally likely on a linear or a logarithmic scale.

    Both ends are durations, rates, sizes or numbers, or texts of them.  Raises ScenarioError, with all mistakes, for
    ends of two kinds, a low that is not below the high, and a logarithmic scale that does not begin above 0.

    >>> from cqrsim import ms
    >>> Between(ms(1), "100ms", scale="log").at(0.5)
    ms(10)
    >>> Between(1, 3).at(0.99)
    3
    """

    low: Any
    high: Any
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        """Read texts, and refuse what is no range."""
        problems = list(_of_scale(self.scale))
        ends = {name: _end(name, getattr(self, name), problems) for name in ("low", "high")}
        if not problems:
            problems += _of_ends(ends["low"], ends["high"], self.scale)
        if problems:
            raise ScenarioError(problems, "Between")
        is_mixed = {type(end) for end in ends.values()} == {int, float}
        for name, end in ends.items():
            object.__setattr__(self, name, float(end) if is_mixed else end)

    def at(self, share: float) -> Any:
        """The value that lies so far up the range: ``share`` is 0 at the low end and 1 at the high end.

        Whole numbers have equal parts of the range each; durations are whole nanoseconds, sizes whole bytes; rates and
        fractions have six significant digits.
        """
        return self.along([share])[0]

    def along(self, shares: Sequence[float]) -> list[Any]:
        """The values at many places at once, as :meth:`at` gives each."""
        whole = type(self.low) is int
        numbers = self._numbers(np.asarray(shares, dtype=np.float64), self.high + 1 if whole else self.high)
        return [self._rounded(number) for number in numbers.tolist()]

    def _numbers(self, shares: npt.NDArray[np.float64], end: float) -> npt.NDArray[np.float64]:
        """So far up from the low end to another one, with the same bits on every machine."""
        low, high = float(self.low), float(end)
        if self.scale == "linear":
            return low + shares * (high - low)
        begin, until = log(np.array([low, high], dtype=np.float64))
        return exp(begin + shares * (until - begin))

    def _rounded(self, number: float) -> Any:
        """A number as a value of the range's kind, and within it."""
        kind = type(self.low)
        if kind is int:
            return min(max(math.floor(number), self.low), self.high)
        if kind in (Duration, Size):
            return kind(min(max(round(number), int(self.low)), int(self.high)))
        return kind(min(max(float(f"{number:.{DIGITS}g}"), float(self.low)), float(self.high)))

    def __repr__(self) -> str:
        """Code that makes this range again."""
        scale = "" if self.scale == "linear" else f", scale={self.scale!r}"
        return f"Between({self.low!r}, {self.high!r}{scale})"


def kind_of(value: Any) -> str | None:
    """What a value is counted in: "duration", "rate", "size" or "number"; None if it is none of these."""
    if isinstance(value, AMOUNTS):
        return type(value).what
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else None


def parsed_amount(text: str) -> Duration | Rate | Size | None:
    """A text as the amount that it is, or None.

    >>> parsed_amount("50/s"), parsed_amount("2 apples")
    (per_second(50), None)
    """
    for kind in AMOUNTS:
        try:
            return kind.parse(text)
        except UnitError:
            continue
    return None


def _of_scale(scale: Any) -> list[Problem]:
    if scale in SCALES:
        return []
    return [Problem("scale", scale, 'must be "linear" or "log"', did_you_mean(scale, SCALES))]


def _end(name: str, given: Any, problems: list[Problem]) -> Any:
    """One end of a range, with its kind known."""
    if isinstance(given, np.generic):
        given = given.item()
    found = parsed_amount(given) if isinstance(given, str) else given
    if found is None or kind_of(found) is None or not math.isfinite(found):
        problems.append(Problem(name, given, 'must be a duration, a rate, a size or a number, such as "2ms" or "50/s"'))
    return found


def _of_ends(low: Any, high: Any, scale: str) -> list[Problem]:
    if kind_of(low) != kind_of(high):
        return [Problem("high", high, f"must be a {kind_of(low)}, as low is ({shown(low)})")]
    problems = []
    if not float(low) < float(high):
        problems.append(Problem("low", low, f"must be less than high ({shown(high)})"))
    if scale == "log" and not float(low) > 0:
        problems.append(Problem("low", low, "must be more than 0 on a logarithmic scale"))
    return problems
