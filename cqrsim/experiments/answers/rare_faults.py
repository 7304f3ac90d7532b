"""Faults that can be made to strike as often as wished, and their scenarios then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.plan.draws import Stream
from cqrsim.plan.forced import Memoryless, Often
from cqrsim.scenario import Fault
from cqrsim.scenario.distributions import Empirical, Exponential
from cqrsim.scenario.effects import MANNERS
from cqrsim.scenario.faults import fault_names
from cqrsim.scenario.triggers import Renewal
from cqrsim.scenario.words import is_zero

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

NOT_RARE = 20.0
"""Who strikes more often than that in a run strikes in all of them."""


@dataclass(frozen=True)
class RareFault:
    """A fault of a scenario that strikes without memory, and the strata of the runs by how often it does."""

    base: Scenario
    place: int
    name: str
    times: Memoryless
    strata: tuple[Often, ...]

    @property
    def chances(self) -> tuple[float, ...]:
        """How likely a run is to belong to each stratum."""
        return tuple(self.times.chance(often) for often in self.strata)

    def scenario(self, stratum: int, seed: int, replication: int) -> Scenario:
        """The scenario in which the fault strikes that often, at times of this replication's own."""
        often = self.strata[stratum]
        luck = Stream(seed, replication, "", f"fault {self.name} forced", often.count)
        up = Empirical(self.times.up_times(often, luck), unit="ns", replay=True)
        faults = list(self.base.faults)
        given = faults[self.place]
        assert isinstance(given, Fault) and isinstance(given.when, Renewal)
        faults[self.place] = given.variant(when=given.when.variant(up=up), name=self.name)
        return self.base.with_(faults=faults)


def rare_fault(scenario: Scenario, name: str | None, strata: int) -> RareFault:
    """The fault of that name, or the only one that qualifies; ScenarioError says what does not, and why."""
    place = _place(scenario, name)
    found, called = scenario.faults[place], fault_names(scenario.faults)[place]
    if why := _unfit(found):
        hint = "estimate with compare(...), or write when = Renewal(up=Exponential(...), down=seconds(0))"
        raise ScenarioError((Problem("fault", called, f"cannot be made to strike on order: {why}", hint),))
    assert isinstance(found, Fault)
    times = _times(scenario, found)
    if times.expected > NOT_RARE:
        message = f"strikes {times.expected:.0f} times a run on average, which is not rare: compare(...) will see it"
        raise ScenarioError((Problem("fault", called, message),))
    if times.expected <= 0:
        raise ScenarioError((Problem("fault", called, "never strikes: its window ends before it begins"),))
    last = strata - 1 if times.at_once else 1
    counts = (*(Often(count) for count in range(last)), Often(last, or_more=True))
    return RareFault(scenario, place, called, times, counts)


def _place(scenario: Scenario, name: str | None) -> int:
    names = fault_names(scenario.faults)
    if name is not None:
        if name in names:
            return names.index(name)
        there = f"there are {', '.join(names)}" if names else "the scenario has no faults"
        raise ScenarioError((Problem("fault", name, "no such fault", did_you_mean(name, names) or there),))
    fit = [place for place, fault in enumerate(scenario.faults) if not _unfit(fault)]
    if len(fit) != 1:
        there = ", ".join(names[place] for place in fit) or "none"
        message = f"must be named: {len(fit)} faults strike without memory ({there})"
        raise ScenarioError((Problem("fault", None, message),))
    return fit[0]


def _unfit(fault: object) -> str:
    """Why a fault cannot be made to strike on order; empty if it can."""
    if not isinstance(fault, Fault) or not isinstance(fault.when, Renewal):
        trigger = type(fault.when).__name__ if isinstance(fault, Fault) else "its short form"
        return f"its strikes are those of {trigger}, not of Renewal"
    if not isinstance(fault.when.up, Exponential) or not fault.when.up.mean:
        return f"its time up is {type(fault.when.up).__name__}, which remembers; it must be Exponential"
    if is_zero(fault.when.down) and not MANNERS[type(fault.what)].at_once:
        return f"{type(fault.what).__name__} would have to last, and its time down is 0"
    return ""


def _times(scenario: Scenario, fault: Fault) -> Memoryless:
    """When it may strike: up to the repair of everything, or within the window that it is given."""
    assert isinstance(fault.when, Renewal)
    begin, end = (0, None) if fault.between is None else fault.between
    repaired = int(scenario.length) + int(scenario.grace_time)
    last = repaired if end is None else min(int(end), repaired)
    times = Memoryless(fault.when.up.mean_ns(), int(begin), last, at_once=is_zero(fault.when.down))
    return times if times.at_once else replace(times, begin_ns=0)
