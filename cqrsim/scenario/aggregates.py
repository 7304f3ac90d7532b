"""What commands are about: how many aggregates there are, and how popular each is."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import numpy.typing as npt

from cqrsim.scenario.checks import POPULARITY, Count, NonNegative
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.values import Settings, setting, value

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    WeightsSetting: TypeAlias = Accepts[tuple[float, ...], Iterable[float] | npt.NDArray[Any]]
else:
    WeightsSetting = Annotated[tuple[float, ...], POPULARITY]


@value
class Evenly(Settings):
    """All aggregates are equally popular.

    >>> Evenly(1000)
    Evenly(count=1000)
    """

    count: Count
    """How many aggregates there are."""
    kind: Literal["Evenly"] = setting(default="Evenly", kw_only=True, repr=False)


@value
class Zipf(Settings):
    """A few are popular, most are not: the n-th is n to the power of ``exponent`` times less popular than the first.

    >>> Zipf(1000, exponent=0.8)
    Zipf(count=1000, exponent=0.8)
    """

    count: Count
    """How many aggregates there are."""
    exponent: NonNegative
    """0 is evenly; 1 is what many sites measure."""
    kind: Literal["Zipf"] = setting(default="Zipf", kw_only=True, repr=False)


@value
class Weighted(Settings):
    """Popularity as recorded: one weight per aggregate; they need not add up to 1.

    >>> Weighted([5, 3, 1])
    Weighted(weights=(5.0, 3.0, 1.0))
    """

    weights: WeightsSetting
    """The weight of each aggregate."""
    kind: Literal["Weighted"] = setting(default="Weighted", kw_only=True, repr=False)


AnyAggregates: TypeAlias = Annotated[Evenly | Zipf | Weighted, Choice("aggregates")]
