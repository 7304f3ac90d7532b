"""Plain settings with their limits: counts, shares, factors, names; each says in words what it accepts."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.units import Duration, Rate, Size

T = TypeVar("T")


class Checked:
    """Marks a type in an annotation: what it accepts, as a function, in words, and as a JSON Schema."""

    def __init__(self, accept: Callable[[Any], Any], words: str, schema: Mapping[str, Any]) -> None:
        self.accept = accept
        self.words = words
        self.schema = schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_plain_validator_function(self.accept)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


class OrNone:
    """Marks a setting that may be absent; files say "none", since TOML has no word for it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_before_validator_function(_none, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(schema)
        alternatives = made.pop("anyOf", None) or [made]
        return {"anyOf": [*alternatives, {"const": "none"}]}


def _none(value: Any) -> Any:
    return None if isinstance(value, str) and value == "none" else value


Maybe: TypeAlias = Annotated[T | None, OrNone()]


def whole_number(at_least: int | None = None) -> Checked:
    """Whole numbers, from a lowest one on."""
    words = "a whole number" + ("" if at_least is None else f", at least {at_least}")

    def accept(value: Any) -> int:
        if isinstance(value, bool | Duration | Size) or not hasattr(value, "__index__"):
            raise ValueError(f"must be {words}")
        number = operator.index(value)
        if at_least is not None and number < at_least:
            raise ValueError(f"must be {words}")
        return number

    limits = {} if at_least is None else {"minimum": at_least}
    return Checked(accept, words, {"type": "integer", **limits})


def _number(value: Any, words: str) -> float:
    """A finite number; minus zero is refused, because it equals zero but is written otherwise."""
    if isinstance(value, bool | Duration | Size | Rate | str) or not hasattr(value, "__float__"):
        raise ValueError(f"must be {words}{_percentage(value)}")
    number = float(value)
    if number == 0 and math.copysign(1, number) < 0:
        raise ValueError(f"must be {words}, and not minus zero")
    if not math.isfinite(number):
        raise ValueError(f"must be {words}")
    return number


def _percentage(value: Any) -> str:
    """A share is not written as a percentage; say how."""
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*", value) if isinstance(value, str) else None
    return f"; did you mean {float(found[1]) / 100:.6g}?" if found else ""


def number(words: str, low: float, high: float = math.inf, above: bool = False) -> Checked:
    """Numbers from ``low`` (or above it) up to ``high``."""

    def accept(value: Any) -> float:
        found = _number(value, words)
        if not low <= found <= high or (above and found == low):
            raise ValueError(f"must be {words}")
        return found

    schema: dict[str, Any] = {"type": "number", "exclusiveMinimum" if above else "minimum": low}
    return Checked(accept, words, schema if math.isinf(high) else {**schema, "maximum": high})


def _positive(kind: type[Duration] | type[Size] | type[Rate]) -> Checked:
    """Amounts with a unit, more than none."""

    def accept(value: Any) -> Any:
        amount = kind.accept(value)
        if not amount:
            raise ValueError(f"must be a {kind.what} of more than 0")
        return amount

    return Checked(accept, f'a {kind.what} of more than 0, such as "{kind.examples[0]}"', kind.json_schema())


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _name(value: Any) -> str:
    """A name that can stand in a dotted path."""
    if not isinstance(value, str):
        raise ValueError("must be a name in quotes")
    wrong = not value or value != value.strip() or "." in value or value.isdigit() or value == "none"
    if wrong or not value.isprintable():
        raise ValueError('must be a name: not empty, no dot, not only digits, not "none"')
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")
    return value


def function(value: Any) -> Any:
    """Whatever can be called."""
    if not callable(value):
        raise ValueError("must be a function")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, Iterable) or isinstance(value, Mapping):
        raise ValueError("must be a list of names")
    return tuple(_name(name) for name in value)


def _amounts(value: Any) -> list[tuple[str, Any, Any]]:
    """Whole numbers with weights, each with its place: from one number, a list of pairs, or a table."""
    if hasattr(value, "__index__") and not isinstance(value, bool):
        return [("", value, 1.0)]
    if isinstance(value, Mapping):
        return [(str(key), _from_key(key), weight) for key, weight in value.items()]
    if isinstance(value, Iterable) and not isinstance(value, str):
        pairs = list(value)
        if all(isinstance(pair, Iterable) and not isinstance(pair, str) and len(tuple(pair)) == 2 for pair in pairs):
            return [(str(place), *pair) for place, pair in enumerate(pairs)]
    raise ValueError("must be a whole number, or a list of numbers with their weights: [[1, 0.9], [-1, 0.1]]")


def _from_key(key: Any) -> Any:
    """Keys of a table are texts in files."""
    try:
        return int(key) if isinstance(key, str) else key
    except ValueError:
        return key


def weighted(at_least: int | None, each: str) -> Callable[[Any], tuple[tuple[int, float], ...]]:
    """Make a check of whole numbers with weights; ``each`` says what one of them is."""
    whole, weight = whole_number(at_least), number("a weight of more than 0", 0.0, above=True)

    def accept(value: Any) -> tuple[tuple[int, float], ...]:
        problems, pairs = [], []
        for place, count, share in _amounts(value):
            for check, given in ((whole, count), (weight, share)):
                try:
                    check.accept(given)
                except ValueError as error:
                    problems.append(Problem(place, given, str(error)))
            pairs.append((count, share))
        if not problems and not pairs:
            problems.append(Problem("", value, f"needs at least one {each}"))
        if not problems and len({count for count, _ in pairs}) < len(pairs):
            problems.append(Problem("", value, f"has the same {each} twice"))
        if problems:
            raise ScenarioError(problems)
        return tuple((int(count), float(share)) for count, share in pairs)

    return accept


_PAIRS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer"},
        {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 2, "maxItems": 2}},
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
    ]
}


def _event_counts(value: Any) -> int | tuple[tuple[int, float], ...]:
    """One number stays a number."""
    pairs = weighted(0, "number of events")(value)
    return pairs[0][0] if len(pairs) == 1 else pairs


Whole: TypeAlias = Annotated[int, whole_number()]
Number: TypeAlias = Annotated[int, whole_number(0)]
Count: TypeAlias = Annotated[int, whole_number(1)]
YesNo: TypeAlias = Annotated[bool, Checked(_yes_or_no, "true or false", {"type": "boolean"})]
Share: TypeAlias = Annotated[float, number("a share between 0 and 1", 0.0, 1.0)]
Growth: TypeAlias = Annotated[float, number("a number, at least 1", 1.0)]
PositiveNumber: TypeAlias = Annotated[float, number("a number of more than 0", 0.0, above=True)]
NonNegative: TypeAlias = Annotated[float, number("a number, at least 0", 0.0)]
Weight: TypeAlias = Annotated[float, number("a weight of more than 0", 0.0, above=True)]
PositiveDuration: TypeAlias = Annotated[Duration, _positive(Duration)]
PositiveSize: TypeAlias = Annotated[Size, _positive(Size)]
PositiveRate: TypeAlias = Annotated[Rate, _positive(Rate)]
Name: TypeAlias = Annotated[str, Checked(_name, "a name", {"type": "string", "minLength": 1, "pattern": "^[^.]+$"})]
Names: TypeAlias = Annotated[
    tuple[str, ...], Checked(_names, "a list of names", {"type": ["array", "string"], "items": {"type": "string"}})
]
if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    NamesSetting: TypeAlias = Accepts[tuple[str, ...], str | Iterable[str]]
else:
    NamesSetting = Names
Text: TypeAlias = Annotated[str, Checked(_text, "a text", {"type": "string"})]
FUNCTION = Checked(function, "a function", {})
EVENTS = Checked(_event_counts, "a number of events, or a list of [number, weight]", _PAIRS_SCHEMA)
CHANGES = Checked(weighted(None, "change"), "a change, or a list of [change, weight]", _PAIRS_SCHEMA)


def _popularity(value: Any) -> tuple[float, ...]:
    """Weights of the aggregates, from any sequence or array."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise ValueError("must be a list of weights")
    problems, weights = [], []
    for position, weight in enumerate(value):
        try:
            weights.append(number("a weight of more than 0", 0.0, above=True).accept(weight))
        except ValueError as error:
            problems.append(Problem(str(position), weight, str(error)))
    if not problems and not weights:
        problems.append(Problem("", None, "needs at least one weight"))
    if problems:
        raise ScenarioError(problems)
    return tuple(weights)


_WEIGHTS_SCHEMA = {"type": "array", "minItems": 1, "items": {"type": "number", "exclusiveMinimum": 0}}
POPULARITY = Checked(_popularity, "a list of weights", _WEIGHTS_SCHEMA)


def reasons(value: Any) -> tuple[str, ...]:
    """Why a client tries again: each reason once, in one order."""
    known = ("timeout", "failure")
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise ValueError('must be a list of "timeout" and "failure"')
    given = tuple(given)
    message = 'must be "timeout" or "failure"'
    wrong = [
        Problem(str(place), word, message, did_you_mean(word, known))
        for place, word in enumerate(given)
        if word not in known
    ]
    if wrong:
        raise ScenarioError(wrong)
    if not given:
        raise ValueError('needs "timeout", "failure" or both; without retries leave retries out')
    return tuple(word for word in known if word in given)
