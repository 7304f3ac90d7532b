"""What can go wrong: one fault, when it begins, and how long it lasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cqrsim.errors import Problem, ScenarioError
from cqrsim.explorer.knobs import options
from cqrsim.scenario import (
    AmbiguousErrors,
    AnyFault,
    DiskFull,
    FailOver,
    HandlerCrash,
    LostMessages,
    Partition,
    PowerLoss,
    ProjectionCrash,
    Scenario,
    SlowDisk,
    Stall,
    WriteErrors,
)
from cqrsim.units import Duration, ms, seconds

NONE = "nothing"

FAULTS: Mapping[str, Callable[[Duration, Duration], AnyFault]] = {
    "the disk is full": lambda at, lasts: DiskFull(at=at, lasts=lasts),
    "the disk stands still": lambda at, lasts: Stall(at=at, lasts=lasts),
    "the disk is 10 times slower": lambda at, lasts: SlowDisk(10, at=at, lasts=lasts),
    "10 % of writes fail": lambda at, lasts: WriteErrors(0.1, at=at, lasts=lasts),
    "10 % fail, and may be kept": lambda at, lasts: AmbiguousErrors(0.1, kept=0.5, at=at, lasts=lasts),
    "power loss": lambda at, lasts: PowerLoss(at=at, restart=lasts),
    "fail-over to a replica": lambda at, lasts: FailOver(at=at, switch=lasts),
    "the handlers crash": lambda at, lasts: HandlerCrash(at=at, restart=lasts),
    "the projections crash": lambda at, lasts: ProjectionCrash(at=at, restart=lasts),
    "10 % of answers get lost": lambda at, lasts: LostMessages(0.1, "handler->client", at=at, lasts=lasts),
    "handlers cut off from store": lambda at, lasts: Partition("handler->store", at=at, lasts=lasts),
}
"""By what they are called on the page."""

TIMES = options(map(seconds, (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 90, 120)))
SPANS = options((ms(100), ms(200), ms(500), *map(seconds, (1, 2, 3, 4, 5, 10, 20, 30, 60))))


FIRST_AT, FIRST_LASTS = seconds(4), seconds(2)


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong, or nothing."""

    name: str = NONE
    at: Duration = FIRST_AT
    lasts: Duration = FIRST_LASTS

    def faults(self) -> tuple[AnyFault, ...]:
        """The fault, if there is one.

        >>> Trouble("the disk is full").faults()
        (DiskFull(at=seconds(4), lasts=seconds(2)),)
        """
        return () if self.name == NONE else (FAULTS[self.name](self.at, self.lasts),)

    def check(self, scenario: Scenario) -> None:
        """Raise ScenarioError for trouble that begins when everything is over."""
        if self.name != NONE and self.at >= scenario.length:
            message = f"{self.name}: must begin before the run ends ({scenario.length})"
            raise ScenarioError((Problem("trouble", self.at, message),))
