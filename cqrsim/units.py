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
from typing import Any, ClassVar, Self, overload

from cqrsim.amounts import LARGEST, NUMBER, Amount, counted, counted_text, decimal_text, finite, is_number, plain
from cqrsim.amounts import whole_division as divided
from cqrsim.errors import UnitError


class _Count(Amount, int):
    """A whole number of a smallest unit; arithmetic keeps the type where that makes sense."""

    __slots__ = ()

    def __new__(cls, count: int) -> Self:
        """Make one from a count of the smallest unit."""
        if isinstance(count, bool) or not hasattr(count, "__index__"):
            raise UnitError(f"a {cls.what} is a whole number of its smallest unit, not {count!r}")
        if count < 0:
            raise UnitError(f"a {cls.what} cannot be negative")
        if count > LARGEST:
            raise UnitError(f"this {cls.what} is too large to count")
        return super().__new__(cls, count)

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
            raise UnitError(f"a {self.what} cannot be negative: {self} - {other}")
        return type(self)(int(self) - int(other))

    def __mul__(self, other: float) -> Self:
        return type(self)(counted(other, int(self))) if is_number(other) else NotImplemented

    __rmul__ = __mul__

    @overload  # type: ignore[override]  # a duration by a number is a duration
    def __truediv__(self, other: Self) -> float: ...
    @overload
    def __truediv__(self, other: float) -> Self: ...
    def __truediv__(self, other: Any) -> Any:
        if type(other) is type(self):
            return int(self) / int(other)
        if not is_number(other):
            return NotImplemented
        top, bottom = finite(other).as_integer_ratio()
        return type(self)(divided(int(self) * bottom, top))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number with a unit; spaces between them are allowed."""
        return cls(counted_text(*cls.split(text)))


class Duration(_Count):
    """A length of time: a whole number of nanoseconds, at least 0.

    >>> Duration(1_500_000)
    ms(1.5)
    """

    __slots__ = ()

    what = "duration"
    kind_of_unit = "time"
    needs = 'write "5s", or seconds(5)'
    units: ClassVar = {
        "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9
    }  # fmt: skip
    pattern = rf"^\s*\+?{NUMBER}\s*(ns|us|µs|ms|s|min|h|d)\s*$"
    examples: ClassVar = ["2ms", "5s", "1.5us"]

    @classmethod
    def written(cls, number: str) -> str:
        """Write a number as seconds."""
        return f'"{number}s", or seconds({number})'

    def __str__(self) -> str:
        """Write it exactly, in the largest unit that suits: without a fraction from a minute on."""
        count = int(self)
        if count == 0:
            return "0s"
        for unit in ("d", "h", "min"):
            if count % self.units[unit] == 0:
                return f"{count // self.units[unit]}{unit}"
        unit = next(unit for unit in ("s", "ms", "us", "ns") if count >= self.units[unit])
        return f"{decimal_text(count, self.units[unit])}{unit}"

    def __repr__(self) -> str:
        return _code(self, ((86_400 * 10**9, days), (3600 * 10**9, hours), (60 * 10**9, minutes)), _DECIMAL, ns)


class Size(_Count):
    """A number of bytes, at least 0.

    >>> Size(4096), Size(50_000)
    (kib(4), kb(50))
    """

    __slots__ = ()

    what = "size"
    kind_of_unit = "size"
    needs = 'write "400B" or "4KiB", or kib(4)'
    units: ClassVar = {
        "B": 1, "kB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30,
        "TB": 10**12, "TiB": 2**40,
    }  # fmt: skip
    pattern = rf"^\s*\+?{NUMBER}\s*(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)\s*$"
    examples: ClassVar = ["400B", "4KiB", "50GB"]

    @classmethod
    def written(cls, number: str) -> str:
        """Write a number as bytes."""
        return f'"{number}B", or bytes_({number})'

    def __str__(self) -> str:
        """Write it exactly, with the fewest digits."""
        whole = [(unit, scale) for unit, scale in self.units.items() if self % scale == 0 and (self > 0 or scale == 1)]
        unit, scale = min(whole, key=lambda pair: (len(str(self // pair[1])), pair[1]))
        return f"{self // scale}{unit}"

    def __repr__(self) -> str:
        whole = ((2**30, gib), (10**9, gb), (2**20, mib), (10**6, mb), (2**10, kib), (10**3, kb))
        return _code(self, whole, (), bytes_)


class Rate(Amount, float):
    """So many per second, at least 0.

    >>> Rate(200), per_second(200) * seconds(5)
    (per_second(200), 1000.0)
    """

    __slots__ = ()

    what = "rate"
    kind_of_unit = "rate"
    needs = 'write "200/s", or per_second(200)'
    units: ClassVar = {"/s": 1, "/min": 60, "/h": 3600}
    pattern = rf"^\s*\+?{NUMBER}\s*/\s*(s|min|h)\s*$"
    examples: ClassVar = ["200/s", "12/min", "3/h"]

    def __new__(cls, times_per_second: float) -> Self:
        """Make one from a number per second."""
        if not is_number(times_per_second) and type(times_per_second) is not cls:
            raise UnitError(f"a rate is a number per second, not {times_per_second!r}")
        value = float(times_per_second)
        if not math.isfinite(value):
            raise UnitError("a rate must be finite")
        if value < 0:
            raise UnitError("a rate cannot be negative")
        return super().__new__(cls, value + 0.0)

    @classmethod
    def written(cls, number: str) -> str:
        """Write a number as so many per second."""
        return f'"{number}/s", or per_second({number})'

    def __str__(self) -> str:
        """Write it exactly and shortly; seconds are the usual unit."""
        numbers = {unit: plain(float(self) * scale) for unit, scale in self.units.items()}
        exact = [unit for unit, number in numbers.items() if Rate.parse(f"{number}{unit}") == float(self)]
        unit = min(exact, key=lambda unit: 2 * len(numbers[unit]) + len(unit))
        return f"{numbers[unit]}{unit}"

    def __repr__(self) -> str:
        return f"per_second({plain(float(self))})"

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
    def __mul__(self, other: Duration) -> float: ...
    @overload
    def __mul__(self, other: float) -> Self: ...
    def __mul__(self, other: float) -> float:
        if isinstance(other, Duration):
            return float(self) * int(other) / 1e9
        return type(self)(float(self) * float(other)) if is_number(other) else NotImplemented

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: Self) -> float: ...  # type: ignore[overload-overlap]  # it comes first, so it wins
    @overload
    def __truediv__(self, other: float) -> Self: ...
    def __truediv__(self, other: Any) -> Any:
        if type(other) is type(self):
            return float(self) / float(other)
        return type(self)(float(self) / float(other)) if is_number(other) else NotImplemented

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number with a unit of rate."""
        number, scale = cls.split(re.sub(r"\s*/\s*", "/", text))
        return cls(float(number) / scale)


def ns(number: float) -> Duration:
    """So many nanoseconds; a fraction is rounded, as in all of these."""
    return Duration(counted(number, 1))


def us(number: float) -> Duration:
    """So many microseconds."""
    return Duration(counted(number, 1_000))


def ms(number: float) -> Duration:
    """So many milliseconds.

    >>> str(ms(1.5)), int(ms(1.5))
    ('1.5ms', 1500000)
    """
    return Duration(counted(number, 1_000_000))


def seconds(number: float) -> Duration:
    """So many seconds."""
    return Duration(counted(number, 10**9))


def minutes(number: float) -> Duration:
    """So many minutes."""
    return Duration(counted(number, 60 * 10**9))


def hours(number: float) -> Duration:
    """So many hours."""
    return Duration(counted(number, 3600 * 10**9))


def days(number: float) -> Duration:
    """So many days of 24 hours."""
    return Duration(counted(number, 24 * 3600 * 10**9))


def per_second(number: float) -> Rate:
    """So many times a second."""
    return Rate(number)


def per_minute(number: float) -> Rate:
    """So many times a minute."""
    return Rate(finite(number) / 60)


def per_hour(number: float) -> Rate:
    """So many times an hour."""
    return Rate(finite(number) / 3600)


def bytes_(number: float) -> Size:
    """So many bytes; a fraction is rounded, as in all of these."""
    return Size(counted(number, 1))


def kb(number: float) -> Size:
    """So many times 1000 bytes."""
    return Size(counted(number, 10**3))


def mb(number: float) -> Size:
    """So many times 1000² bytes."""
    return Size(counted(number, 10**6))


def gb(number: float) -> Size:
    """So many times 1000³ bytes."""
    return Size(counted(number, 10**9))


def kib(number: float) -> Size:
    """So many times 1024 bytes."""
    return Size(counted(number, 2**10))


def mib(number: float) -> Size:
    """So many times 1024² bytes."""
    return Size(counted(number, 2**20))


def gib(number: float) -> Size:
    """So many times 1024³ bytes."""
    return Size(counted(number, 2**30))


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


def _code(value: int, whole: Any, decimal: Any, smallest: Any) -> str:
    """The shortest call that makes this value again."""
    count = int(value)
    if count == 0 and decimal:
        return "seconds(0)"
    for scale, make in whole:
        if count and count % scale == 0:
            return f"{make.__name__}({count // scale})"
    for scale, make in decimal:
        text = decimal_text(count, scale)
        if count >= scale and counted(float(text), scale) == count:
            return f"{make.__name__}({text})"
    return f"{smallest.__name__}({count})"


__all__ = [
    "Duration", "Rate", "Size", "bytes_", "days", "gb", "gib", "hours", "kb", "kib", "mb", "mib", "minutes", "ms",
    "ns", "parse_duration", "parse_rate", "parse_size", "per_hour", "per_minute", "per_second", "seconds", "us",
]  # fmt: skip
