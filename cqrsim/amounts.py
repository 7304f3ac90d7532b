"""How amounts with a unit are read, written and refused: what durations, sizes and rates have in common."""

import math
import re
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

from cqrsim.errors import UnitError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

LARGEST = 2**63 - 1
"""The largest count of nanoseconds or bytes: what a trace can hold, 292 years."""

LARGEST_EXPONENT = 30
"""Numbers beyond ten to this power are too large for every unit."""

NUMBER = r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
_WITH_UNIT = rf"\s*(?P<number>[+-]?{NUMBER})\s*(?P<unit>[^\s0-9].*?)?\s*"
OTHER_SPELLINGS = {
    **dict.fromkeys(("sec", "secs", "second", "seconds", "S"), "s"),
    **dict.fromkeys(("m", "mins", "minute", "minutes", "Min"), "min"),
    **dict.fromkeys(("msec", "msecs", "millis", "millisecond", "milliseconds", "MS", "Ms"), "ms"),
    **dict.fromkeys(("usec", "micros", "microsecond", "microseconds", "US"), "us"),
    **dict.fromkeys(("nsec", "nanos", "nanosecond", "nanoseconds", "NS"), "ns"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours", "H"), "h"),
    **dict.fromkeys(("day", "days", "D"), "d"),
    **dict.fromkeys(("b", "byte", "bytes"), "B"),
    **dict.fromkeys(("K", "k", "kb", "KB"), "kB"),
    **dict.fromkeys(("kib", "Ki", "KIB"), "KiB"),
    **dict.fromkeys(("M", "mb", "Mb"), "MB"),
    **dict.fromkeys(("mib", "Mi", "MIB"), "MiB"),
    **dict.fromkeys(("G", "gb", "Gb"), "GB"),
    **dict.fromkeys(("gib", "Gi", "GIB"), "GiB"),
    **dict.fromkeys(("/sec", "/second", "per second", "Hz", "hz", "rps", "qps"), "/s"),
    **dict.fromkeys(("/m", "/minute", "per minute"), "/min"),
    **dict.fromkeys(("/hour", "/hr", "per hour"), "/h"),
}
"""What people write instead of a unit; told, never guessed."""


class Amount:
    """A number that is nothing without its unit; settings take one, or its text."""

    __slots__ = ()

    what: ClassVar[str]
    """What it is called in messages."""
    kind_of_unit: ClassVar[str]
    """What its units are units of."""
    needs: ClassVar[str]
    """How it can be written, in a file and in code."""
    units: ClassVar[dict[str, int]]
    """Its units, with their sizes."""
    pattern: ClassVar[str]
    """A regular expression of its texts, for JSON Schema."""
    examples: ClassVar[list[str]]
    """Some texts."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number with a unit."""
        raise NotImplementedError

    @classmethod
    def written(cls, number: str) -> str:
        """Say how a number could be written with a unit."""
        raise NotImplementedError

    @classmethod
    def accept(cls, value: Any) -> Self:
        """Take one of these, or its text; refuse bare numbers with advice."""
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        if type(value) in (int, float):
            usual = math.isfinite(value) and value >= 0
            advice = f"write {cls.written(plain(value))}" if usual else cls.needs
            raise UnitError(f"a {cls.what} needs a unit: {advice}")
        raise UnitError(f"must be a {cls.what}: {cls.needs}")

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Describe the texts."""
        return {"type": "string", "pattern": cls.pattern, "examples": cls.examples}

    @classmethod
    def split(cls, text: str) -> tuple[str, int]:
        """Part a text into its number and the size of its unit, or say what is wrong with it."""
        found = re.fullmatch(_WITH_UNIT, text)
        if found is None:
            raise UnitError(f"not a {cls.what}: {cls.needs}")
        number, unit = found["number"], found["unit"]
        if unit is None:
            raise UnitError(f"a {cls.what} needs a unit: {cls.needs}")
        unit = "us" if unit in ("µs", "μs") else unit
        if unit not in cls.units:
            raise UnitError(cls._wrong_unit(number, unit))
        if number.startswith("-"):
            raise UnitError(f"a {cls.what} cannot be negative")
        return number, cls.units[unit]

    @classmethod
    def _wrong_unit(cls, number: str, unit: str) -> str:
        meant = OTHER_SPELLINGS.get(unit, OTHER_SPELLINGS.get(unit.lower(), ""))
        if meant not in cls.units:
            meant = f"/{meant}"
        if meant in cls.units:
            return f'"{unit}" is not a unit of {cls.kind_of_unit} here; did you mean "{number}{meant}"?'
        *first, last = cls.units
        return f'"{unit}" is not a unit of {cls.kind_of_unit}; use {", ".join(first)} or {last}'

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        from pydantic_core import core_schema

        as_text = core_schema.to_string_ser_schema(when_used="always")
        return core_schema.no_info_plain_validator_function(cls.accept, serialization=as_text)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: "GetJsonSchemaHandler") -> dict[str, Any]:
        return cls.json_schema()


def is_number(value: object) -> bool:
    """Whether a value is a plain number, without a unit."""
    return isinstance(value, Real) and not isinstance(value, bool | Amount)


def finite(number: float) -> float:
    """Check that a number is plain and finite."""
    if not is_number(number):
        raise UnitError(f"a plain number is needed, not {number!r}")
    if not math.isfinite(number):
        raise UnitError(f"a finite number is needed, not {number!r}")
    return float(number)


def counted(number: float, scale: int) -> int:
    """Multiply a number by a scale, exactly, and round to the nearest whole number."""
    if is_number(number) and hasattr(number, "__index__"):
        return int(number) * scale
    top, bottom = finite(number).as_integer_ratio()
    return whole_division(top * scale, bottom)


def counted_text(number: str, scale: int) -> int:
    """Multiply a decimal text by a scale, exactly, and round to the nearest whole number."""
    from decimal import Decimal

    decimal = Decimal(number)
    if not decimal or decimal.adjusted() < -LARGEST_EXPONENT:
        return 0
    if decimal.adjusted() > LARGEST_EXPONENT:
        return LARGEST + 1
    top, bottom = decimal.as_integer_ratio()
    return whole_division(top * scale, bottom)


def whole_division(top: int, bottom: int) -> int:
    """Divide and round to the nearest, halves away from zero."""
    whole = (2 * abs(top) + abs(bottom)) // (2 * abs(bottom))
    return whole if (top < 0) == (bottom < 0) else -whole


def plain(number: float) -> str:
    """Write a number as people do: 200 rather than 200.0."""
    return str(int(number)) if math.isfinite(number) and number == int(number) and abs(number) < 1e16 else repr(number)


def decimal_text(count: int, scale: int) -> str:
    """Divide by a power of ten and write all decimals."""
    whole, rest = divmod(count, scale)
    fraction = str(rest).zfill(len(str(scale)) - 1).rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)
