"""Durations, sizes and rates that carry their unit, in code (``ms(2)``) and in files (``"2ms"``).

A :class:`Duration` is a whole number of nanoseconds, a :class:`Size` a whole number of bytes, a :class:`Rate` a
number per second.  They are Python numbers, so that plans and engines can compute with them, but a setting takes
nothing without a unit.

>>> ms(1.5) + us(20)
ms(1.52)
>>> 3 * seconds(20), seconds(1) / ms(250)
(minutes(1), 4.0)
>>> str(kib(4)), str(per_minute(12))
('4KiB', '0.2/s')
"""

import math
import re
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, overload

from cqrsim.errors import UnitError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

LARGEST = 2**63 - 1
"""The largest count of nanoseconds or bytes: what a trace can hold, 292 years."""

_NUMBER = r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
_WITH_UNIT = re.compile(rf"\s*(?P<number>[+-]?{_NUMBER})\s*(?P<unit>[^\s0-9].*?)?\s*")
_OTHER_SPELLINGS = {
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


class _Amount(int):
    """A whole number of a smallest unit; arithmetic keeps the type where that makes sense."""

    _what: ClassVar[str]
    _needs: ClassVar[str]
    _units: ClassVar[dict[str, int]]
    _pattern: ClassVar[str]
    _examples: ClassVar[list[str]]

    def __new__(cls, count: int) -> Self:
        """Make one from a count of the smallest unit."""
        if isinstance(count, bool) or not hasattr(count, "__index__"):
            raise UnitError(f"a {cls._what} is a whole number of its smallest unit, not {count!r}")
        if count < 0:
            raise UnitError(f"a {cls._what} cannot be negative")
        if count > LARGEST:
            raise UnitError(f"this {cls._what} is too large to count: the limit is {_text(LARGEST, cls._units)}")
        return super().__new__(cls, count)

    def __str__(self) -> str:
        return _text(int(self), self._units)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec) if not spec or spec[-1] in "s<>^0123456789" else format(int(self), spec)

    @overload
    def __add__(self, other: Self) -> Self: ...
    @overload
    def __add__(self, other: int) -> int: ...
    def __add__(self, other: int) -> int:
        return type(self)(int(self) + int(other)) if type(other) is type(self) else NotImplemented

    def __radd__(self, other: int) -> int:
        """Add to 0, where ``sum`` begins."""
        return self if type(other) is int and other == 0 else NotImplemented

    @overload
    def __sub__(self, other: Self) -> Self: ...
    @overload
    def __sub__(self, other: int) -> int: ...
    def __sub__(self, other: int) -> int:
        if type(other) is not type(self):
            return NotImplemented
        if other > self:
            raise UnitError(f"a {self._what} cannot be negative: {self} - {other}")
        return type(self)(int(self) - int(other))

    def __mul__(self, other: float) -> Self:
        return type(self)(_rounded(other, int(self))) if _is_number(other) else NotImplemented

    __rmul__ = __mul__

    @overload  # type: ignore[override]  # a duration by a number is a duration
    def __truediv__(self, other: Self) -> float: ...
    @overload
    def __truediv__(self, other: float) -> Self: ...
    def __truediv__(self, other: Any) -> Any:
        if type(other) is type(self):
            return int(self) / int(other)
        return type(self)(_rounded(1 / other, int(self))) if _is_number(other) else NotImplemented

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number with a unit; spaces between them are allowed."""
        number, unit = _split(text, cls._what, cls._needs, cls._units)
        from decimal import Decimal

        top, bottom = Decimal(number).as_integer_ratio()
        return cls(_whole_division(top * cls._units[unit], bottom))

    @classmethod
    def _accept(cls, value: Any) -> Self:
        """What a setting takes: one of these, or its text."""
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        if type(value) in (int, float):
            raise UnitError(f"a {cls._what} needs a unit: {cls._advice(value)}")
        raise UnitError(f"must be a {cls._what}: {cls._needs}")

    @classmethod
    def _advice(cls, value: float) -> str:
        return cls._needs

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        return _pydantic_schema(cls._accept)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: "GetJsonSchemaHandler") -> dict[str, Any]:
        return _json_schema(cls)


class Duration(_Amount):
    """A length of time: a whole number of nanoseconds, at least 0.

    >>> Duration(1_500_000)
    ms(1.5)
    """

    _what = "duration"
    _needs = 'write "5s", or seconds(5)'
    _units: ClassVar = {
        "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9
    }  # fmt: skip
    _pattern = rf"^\s*\+?{_NUMBER}\s*(ns|us|µs|ms|s|min|h|d)\s*$"
    _examples: ClassVar = ["2ms", "5s", "1.5us"]

    @classmethod
    def _advice(cls, value: float) -> str:
        number = _plain(value)
        return f'write "{number}s", or seconds({number})' if math.isfinite(value) and value >= 0 else cls._needs

    def __repr__(self) -> str:
        return _code(self, ((3600 * 24 * 10**9, days), (3600 * 10**9, hours), (60 * 10**9, minutes)), _DECIMAL, ns)


class Size(_Amount):
    """A number of bytes, at least 0.

    >>> Size(4096), Size(50_000)
    (kib(4), kb(50))
    """

    _what = "size"
    _needs = 'write "400B" or "4KiB", or kib(4)'
    _units: ClassVar = {
        "B": 1, "kB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30,
        "TB": 10**12, "TiB": 2**40,
    }  # fmt: skip
    _pattern = rf"^\s*\+?{_NUMBER}\s*(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)\s*$"
    _examples: ClassVar = ["400B", "4KiB", "50GB"]

    @classmethod
    def _advice(cls, value: float) -> str:
        number = _plain(value)
        usual = math.isfinite(value) and value >= 0
        return f'write "{number}B", or bytes_({number})' if usual else cls._needs

    def __repr__(self) -> str:
        whole = ((2**30, gib), (10**9, gb), (2**20, mib), (10**6, mb), (2**10, kib), (10**3, kb))
        return _code(self, whole, (), bytes_)


class Rate(float):
    """So many per second, at least 0.

    >>> Rate(200), per_second(200) * seconds(5)
    (per_second(200), 1000.0)
    """

    _what = "rate"
    _needs = 'write "200/s", or per_second(200)'
    _units: ClassVar = {"/s": 1, "/min": 60, "/h": 3600}
    _pattern = rf"^\s*\+?{_NUMBER}\s*/\s*(s|min|h)\s*$"
    _examples: ClassVar = ["200/s", "12/min", "3/h"]

    def __new__(cls, times_per_second: float) -> Self:
        """Make one from a number per second."""
        if not _is_number(times_per_second):
            raise UnitError(f"a rate is a number per second, not {times_per_second!r}")
        value = float(times_per_second)
        if not math.isfinite(value):
            raise UnitError("a rate must be finite")
        if value < 0:
            raise UnitError("a rate cannot be negative")
        return super().__new__(cls, value + 0.0)

    def __str__(self) -> str:
        """The shortest text that reads back as exactly this rate."""
        texts = [f"{_plain(float(self) * scale)}{unit}" for unit, scale in self._units.items()]
        exact = [text for text in texts if Rate.parse(text) == float(self)]
        return min(exact, key=len)

    def __repr__(self) -> str:
        return f"per_second({_plain(float(self))})"

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec and spec[-1] in "eEfFgG%n" else format(str(self), spec)

    @overload
    def __add__(self, other: Self) -> Self: ...
    @overload
    def __add__(self, other: float) -> float: ...
    def __add__(self, other: float) -> float:
        return type(self)(float(self) + float(other)) if type(other) is type(self) else NotImplemented

    def __radd__(self, other: float) -> float:
        """Add to 0, where ``sum`` begins."""
        return self if type(other) is int and other == 0 else NotImplemented

    @overload
    def __mul__(self, other: Duration) -> float: ...  # type: ignore[overload-overlap]  # it comes first, so it wins
    @overload
    def __mul__(self, other: float) -> Self: ...
    def __mul__(self, other: float) -> float:
        if isinstance(other, Duration):
            return float(self) * int(other) / 1e9
        return type(self)(float(self) * float(other)) if _is_number(other) else NotImplemented

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: Self) -> float: ...
    @overload
    def __truediv__(self, other: float) -> Self: ...
    def __truediv__(self, other: Any) -> Any:
        if type(other) is type(self):
            return float(self) / float(other)
        return type(self)(float(self) / float(other)) if _is_number(other) else NotImplemented

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number with a unit of rate."""
        number, unit = _split(re.sub(r"\s*/\s*", "/", text), cls._what, cls._needs, cls._units)
        return cls(float(number) / cls._units[unit])

    @classmethod
    def _accept(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        if type(value) in (int, float):
            number = _plain(value)
            usual = math.isfinite(value) and value >= 0
            raise UnitError(
                "a rate needs a unit: " + (f'write "{number}/s", or per_second({number})' if usual else cls._needs)
            )
        raise UnitError(f"must be a rate: {cls._needs}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        return _pydantic_schema(cls._accept)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: "GetJsonSchemaHandler") -> dict[str, Any]:
        return _json_schema(cls)


def ns(number: float) -> Duration:
    """So many nanoseconds; a fraction is rounded, as in all of these."""
    return Duration(_rounded(number, 1))


def us(number: float) -> Duration:
    """So many microseconds."""
    return Duration(_rounded(number, 1_000))


def ms(number: float) -> Duration:
    """So many milliseconds.

    >>> str(ms(1.5)), int(ms(1.5))
    ('1.5ms', 1500000)
    """
    return Duration(_rounded(number, 1_000_000))


def seconds(number: float) -> Duration:
    """So many seconds."""
    return Duration(_rounded(number, 10**9))


def minutes(number: float) -> Duration:
    """So many minutes."""
    return Duration(_rounded(number, 60 * 10**9))


def hours(number: float) -> Duration:
    """So many hours."""
    return Duration(_rounded(number, 3600 * 10**9))


def days(number: float) -> Duration:
    """So many days of 24 hours."""
    return Duration(_rounded(number, 24 * 3600 * 10**9))


def per_second(number: float) -> Rate:
    """So many times a second."""
    return Rate(number)


def per_minute(number: float) -> Rate:
    """So many times a minute."""
    return Rate(_checked(number) / 60)


def per_hour(number: float) -> Rate:
    """So many times an hour."""
    return Rate(_checked(number) / 3600)


def bytes_(number: float) -> Size:
    """So many bytes; a fraction is rounded, as in all of these."""
    return Size(_rounded(number, 1))


def kb(number: float) -> Size:
    """So many times 1000 bytes."""
    return Size(_rounded(number, 10**3))


def mb(number: float) -> Size:
    """So many times 1000² bytes."""
    return Size(_rounded(number, 10**6))


def gb(number: float) -> Size:
    """So many times 1000³ bytes."""
    return Size(_rounded(number, 10**9))


def kib(number: float) -> Size:
    """So many times 1024 bytes."""
    return Size(_rounded(number, 2**10))


def mib(number: float) -> Size:
    """So many times 1024² bytes."""
    return Size(_rounded(number, 2**20))


def gib(number: float) -> Size:
    """So many times 1024³ bytes."""
    return Size(_rounded(number, 2**30))


def parse_duration(text: str) -> Duration:
    """Read "1.5ms", "5s", "2min" and the like.

    >>> parse_duration("1.5ms")
    ms(1.5)
    >>> parse_duration("5 sec")
    Traceback (most recent call last):
    cqrsim.errors.UnitError: "sec" is not a unit of time here; did you mean "5s"?
    """
    return Duration.parse(text)


def parse_size(text: str) -> Size:
    """Read "600B", "4KiB", "50GB" and the like.

    >>> parse_size("4KiB")
    kib(4)
    """
    return Size.parse(text)


def parse_rate(text: str) -> Rate:
    """Read "200/s", "12/min", "3/h".

    >>> parse_rate("12/min")
    per_second(0.2)
    """
    return Rate.parse(text)


_DECIMAL = ((10**9, seconds), (10**6, ms), (10**3, us))
_T = TypeVar("_T", bound=_Amount)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | _Amount | Rate)


def _checked(number: float) -> float:
    if not _is_number(number):
        raise UnitError(f"a plain number is needed, not {number!r}")
    if not math.isfinite(number):
        raise UnitError(f"a finite number is needed, not {number!r}")
    return float(number)


def _rounded(number: float, scale: int) -> int:
    """Multiply a number by a scale, exactly, and round to the nearest whole number."""
    if _is_number(number) and hasattr(number, "__index__"):
        return int(number) * scale
    top, bottom = _checked(number).as_integer_ratio()
    return _whole_division(top * scale, bottom)


def _whole_division(top: int, bottom: int) -> int:
    """Divide and round to the nearest, halves away from zero."""
    whole = (2 * abs(top) + bottom) // (2 * bottom)
    return whole if top >= 0 else -whole


def _plain(number: float) -> str:
    """A number as people write it: 200 rather than 200.0."""
    return str(int(number)) if math.isfinite(number) and number == int(number) and abs(number) < 1e16 else repr(number)


def _decimal(count: int, scale: int) -> str:
    """Divide by a power of ten and write all decimals."""
    whole, rest = divmod(count, scale)
    fraction = str(rest).zfill(len(str(scale)) - 1).rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def _text(count: int, units: dict[str, int]) -> str:
    """An exact text in the largest unit that needs no fraction or, below a minute, few decimals."""
    if "s" not in units:
        whole = [(unit, scale) for unit, scale in units.items() if count % scale == 0 and (count or scale == 1)]
        unit, scale = min(whole, key=lambda pair: (len(str(count // pair[1])), pair[1]))
        return f"{count // scale}{unit}"
    if count == 0:
        return "0s"
    for unit in ("d", "h", "min"):
        if count % units[unit] == 0:
            return f"{count // units[unit]}{unit}"
    unit = next(unit for unit in ("s", "ms", "us", "ns") if count >= units[unit])
    return f"{_decimal(count, units[unit])}{unit}"


def _code(value: _T, whole: Any, decimal: Any, smallest: Any) -> str:
    """The shortest call that makes this value again."""
    count = int(value)
    if count == 0 and decimal:
        return "seconds(0)"
    for scale, make in whole:
        if count and count % scale == 0:
            return f"{make.__name__}({count // scale})"
    for scale, make in decimal:
        text = _decimal(count, scale)
        if count >= scale and make(float(text)) == count:
            return f"{make.__name__}({text})"
    return f"{smallest.__name__}({count})"


def _split(text: str, what: str, needs: str, units: dict[str, int]) -> tuple[str, str]:
    """The number and the unit of a text, or a UnitError that says what is wrong with it."""
    found = _WITH_UNIT.fullmatch(text)
    if found is None:
        raise UnitError(f"not a {what}: {needs}")
    number, unit = found["number"], found["unit"]
    if unit is None:
        raise UnitError(f"a {what} needs a unit: {needs}")
    unit = "us" if unit in ("µs", "μs") else unit
    if unit not in units:
        raise UnitError(_wrong_unit(number, unit, what, units))
    if number.startswith("-"):
        raise UnitError(f"a {what} cannot be negative")
    return number, unit


def _wrong_unit(number: str, unit: str, what: str, units: dict[str, int]) -> str:
    kind = {"duration": "time", "size": "size", "rate": "rate"}[what]
    meant = _OTHER_SPELLINGS.get(unit, _OTHER_SPELLINGS.get(unit.lower(), ""))
    if what == "rate" and meant and not meant.startswith("/"):
        meant = f"/{meant}"
    if meant in units:
        return f'"{unit}" is not a unit of {kind} here; did you mean "{number}{meant}"?'
    return f'"{unit}" is not a unit of {kind}; use {", ".join(list(units)[:-1])} or {list(units)[-1]}'


def _pydantic_schema(accept: Any) -> Any:
    from pydantic_core import core_schema

    return core_schema.no_info_plain_validator_function(
        accept, serialization=core_schema.to_string_ser_schema(when_used="always")
    )


def _json_schema(cls: Any) -> dict[str, Any]:
    return {"type": "string", "title": cls.__name__, "pattern": cls._pattern, "examples": cls._examples}


__all__ = [
    "Duration", "Rate", "Size", "bytes_", "days", "gb", "gib", "hours", "kb", "kib", "mb", "mib", "minutes", "ms",
    "ns", "parse_duration", "parse_rate", "parse_size", "per_hour", "per_minute", "per_second", "seconds", "us",
]  # fmt: skip
