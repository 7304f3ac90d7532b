"""How long things take: distributions of durations, by the numbers that people know them by.

Where a distribution is expected, a plain duration stands for :class:`Constant`.
"""

import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from cqrsim.errors import Problem
from cqrsim.scenario.checks import Maybe, PositiveDuration, PositiveNumber, Weight, YesNo
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.measured import (
    Column,
    DataFile,
    Measured,
    Unit,
    as_durations,
    digest_of_values,
    durations_in,
    exactly_one,
    read_durations,
)
from cqrsim.scenario.values import Known, Settings, setting, value
from cqrsim.units import Duration

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

Z_99 = 2.3263478740408408
"""The 99 % quantile of the standard normal distribution."""


class Distribution(Settings):
    """What all distributions can tell."""

    @abstractmethod
    def mean_ns(self) -> float:
        """The mean, in nanoseconds."""


@value
class Constant(Distribution):
    """Always the same.

    >>> from cqrsim.units import ms
    >>> Constant(ms(2)).mean_ns()
    2000000.0
    """

    value: Duration
    """How long it takes."""
    kind: Literal["Constant"] = setting(default="Constant", kw_only=True, repr=False)

    def mean_ns(self) -> float:
        """The value."""
        return float(self.value)

    def shorthand(self) -> Duration:
        """A plain duration says the same."""
        return self.value


@value
class Exponential(Distribution):
    """Exponential: memoryless, the standard deviation equals the mean.

    >>> from cqrsim.units import ms
    >>> Exponential(ms(1))
    Exponential(mean=ms(1))
    """

    mean: Duration
    """The mean."""
    kind: Literal["Exponential"] = setting(default="Exponential", kw_only=True, repr=False)

    def mean_ns(self) -> float:
        """The mean."""
        return float(self.mean)


@value
class Uniform(Distribution):
    """Anything between two durations, equally likely.

    >>> from cqrsim.units import ms
    >>> Uniform(low=ms(2), high=ms(1))
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: Uniform: low: must not be more than high (1ms) (got 2ms)
    """

    low: Duration
    """The shortest."""
    high: Duration
    """The longest."""
    kind: Literal["Uniform"] = setting(default="Uniform", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Low above high."""
        if known.has("low", "high") and known.low > known.high:
            yield Problem("low", known.low, f"must not be more than high ({known.high})")

    def mean_ns(self) -> float:
        """The middle."""
        return (int(self.low) + int(self.high)) / 2


@value
class LogNormal(Distribution):
    """Log-normal, as latencies often are: by median and 99 % quantile, or by mean and coefficient of variation.

    >>> from cqrsim.units import ms
    >>> round(LogNormal(p50=ms(1.5), p99=ms(8)).mean_ns())
    1943242
    >>> LogNormal(mean=ms(2), cv=0.5)
    LogNormal(mean=ms(2), cv=0.5)
    """

    p50: Maybe[PositiveDuration] = setting(default=None, kw_only=True)
    """The median."""
    p99: Maybe[PositiveDuration] = setting(default=None, kw_only=True)
    """What 99 % stay below."""
    mean: Maybe[PositiveDuration] = setting(default=None, kw_only=True)
    """The mean."""
    cv: Maybe[PositiveNumber] = setting(default=None, kw_only=True)
    """Coefficient of variation: standard deviation by mean."""
    kind: Literal["LogNormal"] = setting(default="LogNormal", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Neither or both of the two ways to say it; a p99 below the median."""
        if not known.has("p50", "p99", "mean", "cv"):
            return
        present = {name for name in ("p50", "p99", "mean", "cv") if known.fields[name] is not None}
        if present not in ({"p50", "p99"}, {"mean", "cv"}):
            yield Problem("", None, f"needs p50 and p99, or mean and cv, not {_listed(present)}")
        elif present == {"p50", "p99"} and known.p99 < known.p50:
            yield Problem("p99", known.p99, f"must not be less than p50 ({known.p50})")

    def mean_ns(self) -> float:
        """The mean, computed from the quantiles where they are given."""
        if self.p50 is None or self.p99 is None:
            return float(self.mean or 0)
        sigma = math.log(int(self.p99) / int(self.p50)) / Z_99
        return int(self.p50) * math.exp(sigma * sigma / 2)


@value
class Gamma(Distribution):
    """Gamma: a cv below 1 is steadier than exponential, above 1 wilder.

    >>> from cqrsim.units import ms
    >>> Gamma(ms(2), cv=0.5).mean_ns()
    2000000.0
    """

    mean: PositiveDuration
    """The mean."""
    cv: PositiveNumber
    """Coefficient of variation: standard deviation by mean."""
    kind: Literal["Gamma"] = setting(default="Gamma", kw_only=True, repr=False)

    def mean_ns(self) -> float:
        """The mean."""
        return float(self.mean)


@value
class Mixture(Distribution):
    """Now this, now that: for rare stalls among the usual.

    Weights need not add up to 1.

    >>> from cqrsim.units import ms, seconds
    >>> Mixture([(999, ms(1)), (1, seconds(1))]).mean_ns()
    1999000.0
    """

    parts: "PartsSetting"
    """Weights and distributions: ``[(0.99, ms(1)), (0.01, ms(50))]``."""
    kind: Literal["Mixture"] = setting(default="Mixture", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """No part at all."""
        if known.has("parts") and not known.parts:
            yield Problem("parts", None, "needs at least one part")

    def mean_ns(self) -> float:
        """The weighted mean of the parts."""
        return sum(weight * part.mean_ns() for weight, part in self.parts) / sum(weight for weight, _ in self.parts)


@value
class Empirical(Distribution):
    """Measured values: drawn again at random, or replayed in order.

    Give ``values`` (durations, or numbers in ``unit``; arrays are welcome) or a CSV ``file``.  A relative path counts
    from the scenario file, and is kept as an absolute one; "cqrsim:append_postgres_commit.csv" comes with the package.
    Two with the same values are equal, wherever the values came from.

    >>> Empirical([1.5, 2], unit="ms").mean_ns()
    1750000.0
    >>> Empirical(file="cqrsim:append_postgres_commit.csv")
    Empirical(file='cqrsim:append_postgres_commit.csv')
    """

    values: "MeasuredSetting" = setting(default=())
    """The measured values."""
    file: DataFile = setting(default=None, compare=False)
    """A CSV file to read them from, when the scenario is made."""
    column: Column = setting(default=None, compare=False)
    """Which column of the file; the first, if none is named."""
    unit: Unit = setting(default="us", compare=False)
    """What plain numbers count."""
    replay: YesNo = False
    """In their order, over and over, instead of at random."""
    kind: Literal["Empirical"] = setting(default="Empirical", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Neither values nor a file, or both."""
        if known.has("values", "file"):
            yield from exactly_one(("values", "file"), known.fields)

    def __post_init__(self) -> None:
        """Read the file; give numbers their unit."""
        if self.file is not None:
            found = read_durations(self.file, self.column, self.unit)
        else:
            found = as_durations(self.values, self.unit, "values")
        object.__setattr__(self, "values", found)

    @cached_property
    def values_ns(self) -> npt.NDArray[np.int64]:
        """The values in nanoseconds, in their order; not to be written to."""
        found = np.fromiter(self.values, dtype=np.int64, count=len(self.values))
        found.flags.writeable = False
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Thousands of durations travel as one array."""
        settings = {name: given for name, given in self.__dict__.items() if name != "values_ns"}
        return settings | {"values": self.values_ns.tobytes()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"values": durations_in(state["values"])})

    def mean_ns(self) -> float:
        """The mean of the values."""
        return float(self.values_ns.mean())

    def given(self) -> dict[str, Any]:
        """The file, if the values came from one."""
        if self.file is None:
            return {"values": self.values, "replay": self.replay}
        return {"file": self.file, "column": self.column, "unit": self.unit, "replay": self.replay}

    def content(self) -> dict[str, Any]:
        """The values, by their digest, wherever they came from."""
        return {"values": digest_of_values(self.values_ns), "replay": self.replay}


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names)) or "nothing"


def _as_constant(given: Any) -> Constant | None:
    """A duration, or its text, stands for a constant; a bare number is told that it lacks its unit."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    return Constant(Duration.accept(given))


_SHORTHAND = Duration.json_schema()

AnyDistribution: TypeAlias = Annotated[
    Constant | Exponential | Uniform | LogNormal | Gamma | Mixture | Empirical,
    Choice("distribution", _as_constant, _SHORTHAND),
]

DISTRIBUTIONS: tuple[type[Distribution], ...] = (Constant, Exponential, Uniform, LogNormal, Gamma, Mixture, Empirical)
"""All of them."""

if TYPE_CHECKING:
    _Given: TypeAlias = AnyDistribution | Duration
    DistributionSetting: TypeAlias = Accepts[AnyDistribution, _Given]
    DistributionOrNone: TypeAlias = Accepts[AnyDistribution | None, _Given | None]
    PartsSetting: TypeAlias = Accepts[tuple[tuple[float, AnyDistribution], ...], Iterable[tuple[float, _Given]]]
    MeasuredSetting: TypeAlias = Accepts[tuple[Duration, ...], Iterable[float] | npt.NDArray[Any]]
else:
    DistributionSetting = AnyDistribution
    DistributionOrNone = Maybe[AnyDistribution]
    PartsSetting = tuple[tuple[Weight, AnyDistribution], ...]
    MeasuredSetting = Measured

__all__ = [
    "AnyDistribution", "Constant", "Distribution", "DistributionOrNone", "DistributionSetting", "Empirical",
    "Exponential", "Gamma", "LogNormal", "Mixture", "Uniform",
]  # fmt: skip
