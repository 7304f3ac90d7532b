"""What somebody claims of systems like these, as values: which designs to run, and what to expect of them beforehand.

A claim says what should be seen, as :class:`Prediction`: a metric of one design, or of one beside another, lies above
or below a limit.  Where a claim leaves out a :class:`Condition`, it says what should be seen without it.  Nothing here
runs, and no verdict is written down: that comes from what is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cqrsim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Prediction:
    """A metric of one design lies above or below a limit, or its distance from that of another design does.

    The limit is in the unit of the metric; shares are fractions.  Made by :func:`above`, :func:`below`, :func:`more`
    and :func:`alike`.
    """

    metric: str
    design: str
    limit: float
    over: bool
    """Whether it lies above the limit."""
    than: str | None = None
    """The other design that is subtracted."""


def above(metric: str, design: str, limit: float) -> Prediction:
    """Predict a metric of a design above a limit.

    >>> above("loss_share", "fire and forget", 0.01).over
    True
    """
    return Prediction(metric, design, limit, over=True)


def below(metric: str, design: str, limit: float) -> Prediction:
    """Predict a metric of a design below a limit.

    >>> below("loss_share", "careful", 0.001).over
    False
    """
    return Prediction(metric, design, limit, over=False)


def more(metric: str, design: str, than: str, by: float) -> Prediction:
    """Predict a metric of a design to be larger than that of another, by more than so much.

    >>> more("answer_ms_mean", "wait", than="silence", by=0.1).than
    'silence'
    """
    return Prediction(metric, design, by, over=True, than=than)


def alike(metric: str, design: str, than: str, within: float) -> Prediction:
    """Predict a metric of two designs to differ by less than so much, one way or the other.

    >>> alike("loss_share", "mended", than="left alone", within=0.01).over
    False
    """
    return Prediction(metric, design, within, over=False, than=than)


@dataclass(frozen=True)
class Condition:
    """What a claim leaves out, and what is predicted where it is not so."""

    says: str
    without: tuple[Prediction, ...]
    """What is seen where the condition is not met, and the claim fails."""


@dataclass(frozen=True)
class Claim:
    """A claim, where it stands, what is run to test it, and what is predicted.

    One that no simulator can test has no designs, but a reason in ``untestable``.
    """

    id: str
    says: str
    """The claim in our own words."""
    section: str
    """Where it stands."""
    designs: Mapping[str, Scenario] = field(default_factory=dict)
    """Designs that differ in what the claim is about; all of them meet the same luck."""
    predictions: tuple[Prediction, ...] = ()
    """What is seen if the claim holds; where there are conditions, with these met."""
    conditions: tuple[Condition, ...] = ()
    untestable: str = ""
    """Why no simulator can test it."""

    @property
    def is_testable(self) -> bool:
        """Whether there is anything to run."""
        return not self.untestable

    def all_predictions(self) -> tuple[Prediction, ...]:
        """Those of the claim, and those of its conditions."""
        return self.predictions + tuple(one for condition in self.conditions for one in condition.without)


def claims() -> tuple[Claim, ...]:
    """List the claims of the essay "CQRS+Event Sourcing Messaging Patterns" (Jens Rantil, 2013), in its order.

    Those that are about people, effort or names stand last, with the reason why they are not tested.

    >>> found = claims()
    >>> len({claim.id for claim in found}) == len(found)
    True
    >>> next(claim for claim in found if claim.id == "waiting_takes_longer").section
    'Feedback, case 1'
    """
    from cqrsim.scenario.essay import every_claim  # some hundred scenarios, which nobody wants with the front door

    return every_claim()


__all__ = ["Claim", "Condition", "Prediction", "above", "alike", "below", "claims", "more"]
