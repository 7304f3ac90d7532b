"""What the points of a design must obey: comparisons of settings, as texts that can be saved."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cqrsim.errors import Problem, ScenarioError, shown
from cqrsim.experiments.designs.between import kind_of, parsed_amount
from cqrsim.experiments.designs.reading import Place, place_of, settings_below
from cqrsim.scenario.values import Settings, shortened

if TYPE_CHECKING:
    from cqrsim.experiments.designs.factors import AnyFactor
    from cqrsim.scenario import Scenario

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_SIGN = re.compile(r"(<=|>=|==|!=|<|>)")
_EXAMPLE = 'write "disk.write.p50 < disk.write.p99" or "clients.arrivals.rate <= 300/s"'
_WORDS = {"true": True, "false": False, "none": None}

ABSENT = object()
"""Stands for a setting that a point does not have, since something of another kind stands there."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a value, or a setting with its place."""

    text: str
    value: Any = None
    place: Place | None = None
    varied: str = ""
    """The path of the factor at which the setting stands, or below which it does."""
    below: Place = ()
    """Its place from there."""

    def at(self, settings: Mapping[str, Any]) -> Any:
        """What stands there at a point."""
        if not self.varied:
            return self.value
        try:
            return settings_below(settings[self.varied], self.below)
        except LookupError:
            return ABSENT


@dataclass(frozen=True)
class Constraint:
    """A comparison that every point must obey; one that compares a setting which a point does not have lets it be."""

    text: str
    left: Side
    sign: str
    right: Side

    def holds(self, settings: Mapping[str, Any]) -> bool | None:
        """Whether a point obeys, None if it lacks a setting; ScenarioError if the two cannot be compared there."""
        left, right = self.left.at(settings), self.right.at(settings)
        if left is ABSENT or right is ABSENT:
            return None
        problem = self._incomparable(left, right)
        if problem is not None:
            raise ScenarioError((problem,))
        return COMPARISONS[self.sign](left, right)

    def _incomparable(self, left: Any, right: Any) -> Problem | None:
        kinds = [kind_of(left), kind_of(right)]
        if kinds[0] is not None and kinds[0] == kinds[1]:
            return None
        for side, value in ((self.left, left), (self.right, right)):
            if isinstance(value, Settings):
                hint = f'compare one of its numbers, such as "{side.text}.{_a_number_of(value)}"'
                return Problem("where", self.text, f'"{side.text}" is {shown(value)}, which is no number', hint)
        if None in (left, right) and self.sign in ("==", "!="):
            return None
        if None not in (left, right) and type(left) is type(right) and self.sign in ("==", "!="):
            return None
        return Problem("where", self.text, f"cannot compare {_told(left)} with {_told(right)} by {self.sign}")


def constraints_of(base: Scenario, factors: Iterable[AnyFactor], where: Any) -> tuple[Constraint, ...]:
    """Constraints as read from texts; ScenarioError has what is wrong with any of them.

    >>> import cqrsim as cq
    >>> constraints_of(cq.presets.blog(), (), ["clients.patience > 2s"])[0].holds({})
    True
    """
    if isinstance(where, str):
        where = (where,)
    if not isinstance(where, Iterable) or isinstance(where, Mapping):
        raise ScenarioError((Problem("where", where, "must be a list of comparisons", _EXAMPLE),))
    reader = _Reader(base, [path for factor in factors for path in factor.paths])
    found = [reader.constraint(text) for text in where]
    if reader.problems:
        raise ScenarioError(reader.problems)
    return tuple(constraint for constraint in found if constraint is not None)


class _Reader:
    """Reads constraints on the settings of one design."""

    def __init__(self, base: Scenario, paths: list[str]) -> None:
        self.base = base
        self.places = {path: place_of(base, path) or tuple(path.split(".")) for path in paths}
        self.problems: list[Problem] = []

    def constraint(self, text: Any) -> Constraint | None:
        parts = [part.strip() for part in _SIGN.split(text)] if isinstance(text, str) else []
        if len(parts) != 3 or not parts[0] or not parts[2]:
            self.problems.append(Problem("where", text, "must be one comparison by <, <=, >, >=, == or !=", _EXAMPLE))
            return None
        left, right = self._side(parts[0]), self._side(parts[2])
        if left.place is None and right.place is None:
            self.problems.append(Problem("where", text, "compares no setting", _EXAMPLE))
        return Constraint(" ".join(parts), left, parts[1], right)

    def _side(self, text: str) -> Side:
        """A value, if it can be read as one; else a path."""
        if text.startswith('"') and text.endswith('"') and len(text) > 1:
            return Side(text, text[1:-1])
        if text in _WORDS:
            return Side(text, _WORDS[text])
        amount = parsed_amount(text)
        if amount is not None:
            return Side(text, amount)
        try:
            return Side(text, int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text))
        except ValueError:
            return self._setting(text)

    def _setting(self, path: str) -> Side:
        place = place_of(self.base, path) or tuple(path.split("."))
        for varied, above in self.places.items():
            if place[: len(above)] == above:
                return Side(path, None, place, varied, place[len(above) :])
        try:
            value = shortened(self.base.setting(path))
        except ScenarioError as error:
            self.problems += error.problems
            return Side(path, None, place)
        if any(other[: len(place)] == place for other in self.places.values()):
            message = f'"{path}" is varied in parts, and so cannot be compared as a whole'
            self.problems.append(Problem("where", None, message, "compare one of its parts"))
        return Side(path, value, place)


def _told(value: Any) -> str:
    """A value with its kind, for a message."""
    kind = kind_of(value)
    if kind is None or kind == "number":
        return "none" if value is None else shown(value)
    return f"the {kind} {value}"


def _a_number_of(value: Settings) -> str:
    """The name of a setting that can be compared, as an example."""
    return next((name for name, given in value.given().items() if kind_of(given) is not None), "...")
