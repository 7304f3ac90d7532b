"""Faults, lowered: what strikes when and where, in absolute time, each with luck of its own.

A fault that cannot fire (share 0, no length) leaves nothing in the plan, so that the run stays the same to the last
bit.  The luck of a fault is keyed by its name: adding one moves nothing else.  All faults end when everything is
repaired, for the judgement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cqrsim.messages import LINK_NAMES, Link, Operation
from cqrsim.plan.answers import By, Effect, Target
from cqrsim.plan.draws import Draws
from cqrsim.plan.parts import UNSLOWED, FaultPeriod, FaultPlan
from cqrsim.plan.reach import links_in_use
from cqrsim.plan.strikes import EFFECTS, is_never, slowness_of, with_effect, with_trigger
from cqrsim.plan.windows import Windows, begins_and_ends
from cqrsim.scenario import effects as what
from cqrsim.scenario import triggers as when
from cqrsim.scenario.faults import Fault, fault_names
from cqrsim.scenario.scenario import Scenario
from cqrsim.trace import FaultNote

STRIKE_BY_THEMSELVES = (
    Effect.CRASH, Effect.PROMOTE, Effect.CORRUPT, Effect.TWO_INSTANCES, Effect.PAUSE, Effect.DIE, Effect.CUSTOM,
)  # fmt: skip
"""Effects that happen at a time, or at an operation; the others change what becomes of operations."""

TO_CLIENTS = (Link.HANDLER_TO_CLIENT, Link.STORE_TO_CLIENT, Link.PROJECTION_TO_CLIENT, Link.CACHE_TO_CLIENT)

_DEFAULT_OPERATION = {
    Target.DISK: Operation.WRITE,
    Target.STORE: Operation.WRITE,
    Target.HANDLER: Operation.APPEND,
    Target.PROJECTION: Operation.APPLY,
    Target.LINK: Operation.MESSAGE,
}


@dataclass(frozen=True)
class Named:
    """A fault in its general form, under the name by which its luck and its ledger entries go."""

    number: int
    name: str
    kind: str
    fault: Fault


@dataclass(frozen=True)
class Place:
    """Where a fault strikes, as numbers; -1 for all."""

    target: Target
    place: int = -1
    projection: int = -1
    group: int = -1


@dataclass(frozen=True)
class Lowered:
    """All faults of a scenario that can strike."""

    notes: tuple[FaultNote, ...]
    plans: tuple[FaultPlan, ...]
    periods: tuple[FaultPeriod, ...]
    changes_ns: tuple[int, ...]
    slowness: tuple[int, ...]

    @property
    def any(self) -> bool:
        """Whether there is a fault that can strike."""
        return bool(self.plans or self.changes_ns or self.periods)


def named_faults(scenario: Scenario) -> tuple[Named, ...]:
    """All faults in their general form; those without a name are called after their kind and their count among it."""
    found = list[Named]()
    for given, name in zip(scenario.faults, fault_names(scenario.faults), strict=True):
        for part in given.variant(name=name).generals():
            found.append(Named(len(found), str(part.name), given.kind, part))
    return tuple(found)


def lower_faults(scenario: Scenario, draws: Draws, repaired_ns: int) -> Lowered:
    """Everything about faults that a run will need."""
    lowering = Lowering(scenario, draws, repaired_ns)
    plans = tuple(plan for named in lowering.named for plan in lowering.plans[named.number])
    changes, slowness = lowering.disk_timeline()
    notes = tuple(lowering.note(named) for named in lowering.named)
    return Lowered(notes, plans, lowering.periods(), changes, slowness)


class Lowering:
    """The faults of one scenario on their way down to numbers."""

    def __init__(self, scenario: Scenario, draws: Draws, repaired_ns: int) -> None:
        self.scenario = scenario
        self.draws = draws
        self.repaired_ns = repaired_ns
        self.named = named_faults(scenario)
        self.by_name = {named.name: named for named in self.named}
        doublers = [named for named in self.named if isinstance(named.fault.what, what.Duplicate)]
        doublers.sort(key=lambda named: LINK_NAMES.index(named.fault.target.partition(".")[0]))
        self.doublers = [named.number for named in doublers]
        """The faults that double messages, in the order of the way: commands before appends."""
        self.views = tuple(view.name for view in scenario.views)
        self._windows: dict[int, Windows] = {}

    @cached_property
    def links(self) -> frozenset[Link]:
        """The links that carry anything at all."""
        return links_in_use(self.scenario)

    @cached_property
    def plans(self) -> tuple[list[FaultPlan], ...]:
        """What an engine needs to know of each fault, by its number."""
        return tuple(self._plans(named) for named in self.named)

    # --- when ----------------------------------------------------------------------------------------------------

    def windows(self, named: Named) -> Windows:
        """The stretches in which a fault may strike; of what strikes by itself their beginnings count."""
        if named.number not in self._windows:
            self._windows[named.number] = self._find_windows(named)
        return self._windows[named.number]

    def _find_windows(self, named: Named) -> Windows:
        fault = named.fault
        trigger = fault.when
        if isinstance(trigger, when.AfterFault):
            return self._windows_after(named, trigger)
        begins = begins_and_ends(trigger, fault.lasts, f"fault {named.name}", self.draws, self.repaired_ns)
        return self._within(fault, begins)

    def _windows_after(self, named: Named, trigger: when.AfterFault) -> Windows:
        """After each beginning of another fault, where those are known beforehand."""
        leader = self.by_name[trigger.fault]
        if not self.strikes_at_known_times(leader):
            return self._within(named.fault, ((0, self.repaired_ns),))
        delay = self.draws.series(f"fault {named.name} delay", trigger.delay)
        begins = [start + delay[k] for k, (start, _) in enumerate(self.windows(leader))]
        lasts = self._lasts(named)
        return self._within(
            named.fault,
            tuple((t, self.repaired_ns if lasts is None else t + lasts[k]) for k, t in enumerate(sorted(begins))),
        )

    def strikes_at_known_times(self, named: Named) -> bool:
        """Whether its strikes are known before the run, rather than made by what happens in it."""
        trigger = named.fault.when
        if isinstance(trigger, when.AfterFault):
            return self.strikes_at_known_times(self.by_name[trigger.fault])
        return isinstance(trigger, when.At | when.Every | when.Renewal)

    def _within(self, fault: Fault, windows: Windows) -> Windows:
        """What is left of windows between the given times, before the repair, and of the first so many."""
        begin, end = (0, None) if fault.between is None else fault.between
        first, last = int(begin), self.repaired_ns if end is None else min(int(end), self.repaired_ns)
        by_itself = EFFECTS.get(type(fault.what)) in STRIKE_BY_THEMSELVES
        kept = [
            (max(begins, first), min(ends, last))
            for begins, ends in windows
            if begins < last and (ends > first or (by_itself and begins >= first))
        ]
        kept = [(begins, ends) for begins, ends in kept if begins < ends or by_itself]
        return tuple(kept[: fault.at_most] if fault.at_most is not None and self._counts_windows(fault) else kept)

    def _counts_windows(self, fault: Fault) -> bool:
        return isinstance(fault.when, when.At | when.Every | when.Renewal | when.AfterFault)

    def _lasts(self, named: Named) -> Any:
        lasts = named.fault.lasts
        return None if lasts is None else self.draws.series(f"fault {named.name} lasts", lasts)

    # --- where ---------------------------------------------------------------------------------------------------

    def places(self, fault: Fault) -> tuple[Place, ...]:
        """Where it strikes; clients that are cut off are struck on all links to them."""
        where, _, name = fault.target.partition(".")
        if where in ("disk", "store"):
            return (Place(Target[where.upper()]),)
        if where == "handlers":
            return (Place(Target.HANDLER, int(name) if name else -1),)
        if where == "projections":
            return (Place(Target.PROJECTION, self.views.index(name) if name else -1),)
        if where == "clients" and not isinstance(fault.what, what.Disconnect):
            return (Place(Target.STORE),)
        if where == "clients":
            groups = [group.name for group in self.scenario.groups]
            group = groups.index(name) if name else -1
            return tuple(Place(Target.LINK, link, group=group) for link in TO_CLIENTS if link in self.links)
        link = Link(LINK_NAMES.index(where))
        if link not in self.links:
            return ()
        return (Place(Target.LINK, link, self.views.index(name) if name else -1),)

    # --- what ----------------------------------------------------------------------------------------------------

    def _plans(self, named: Named) -> list[FaultPlan]:
        """Nothing, if it cannot strike or the disk's timeline says it all."""
        fault = named.fault
        windows = self.windows(named)
        if isinstance(fault.what, what.Overload) or not windows or self._is_on_timeline(named) or _is_nothing(fault):
            return []
        plans = [self._plan(named, windows, place) for place in self.places(fault)]
        return [part for plan in plans if plan is not None for part in self._by_projection(named, plan)]

    def _is_on_timeline(self, named: Named) -> bool:
        """Whether it does no more than slow the disk down at known times."""
        fault = named.fault
        if fault.target != "disk" or not self.strikes_at_known_times(named):
            return False
        if isinstance(fault.what, what.Slow):
            return is_never(fault.what.added)
        return isinstance(fault.what, what.Freeze) and fault.what.then == "ok"

    def _plan(self, named: Named, windows: Windows, where: Place) -> FaultPlan | None:
        fault = named.fault
        operation = Operation.NONE if fault.operation is None else Operation[fault.operation.upper()]
        if operation == Operation.NONE:
            operation = _operation(fault.what, where.target)
        plan = FaultPlan(
            number=named.number,
            effect=EFFECTS[type(fault.what)],
            target=where.target,
            operation=operation,
            by=By.TIME,
            windows=windows,
            place=where.place,
            projection=where.projection,
            group=where.group,
            at_most=-1 if fault.at_most is None or self.strikes_at_known_times(named) else fault.at_most,
            luck=self.draws.chances(f"fault {named.name} choice"),
            goes_on=self._goes_on(fault),
        )
        copier = self.doublers.index(named.number) if named.number in self.doublers else 0
        plan = with_effect(plan, fault.what, f"fault {named.name}", self.draws, copier)
        if self.strikes_at_known_times(named):
            plan = replace(plan, factor=UNSLOWED)  # how slow the disk is then stands in its timeline
        if isinstance(fault.when, when.AfterFault) and not self.strikes_at_known_times(named):
            delay = self.draws.series(f"fault {named.name} delay", fault.when.delay)
            follows = self.by_name[fault.when.fault].number
            return replace(plan, by=By.FOLLOWS, follows=follows, delay=delay, lasts=self._lasts(named))
        return with_trigger(replace(plan, lasts=self._lasts(named)), fault.when, f"fault {named.name}", self.draws)

    def _goes_on(self, fault: Fault) -> bool:
        """Whether an operation that sets it off begins something that lasts to the end."""
        effect = EFFECTS.get(type(fault.what))
        return not self._counts_windows(fault) and not fault.single and effect not in STRIKE_BY_THEMSELVES

    def _by_projection(self, named: Named, plan: FaultPlan) -> list[FaultPlan]:
        """Shares of publications have luck of their own for each projection."""
        publications = plan.target == Target.LINK and plan.place == Link.STORE_TO_PROJECTION
        if not publications or plan.by != By.SHARE:
            return [plan]
        share = named.fault.when.share  # type: ignore[union-attr]  # of a trigger by share
        numbers = range(len(self.views)) if plan.projection < 0 else (plan.projection,)
        return [
            replace(plan, projection=i, hit=self.draws.marks(f"fault {named.name} {self.views[i]}", share))
            for i in numbers
        ]

    # --- what is recorded ----------------------------------------------------------------------------------------

    def note(self, named: Named) -> FaultNote:
        """What the trace says of it."""
        effect = type(named.fault.what).__name__
        return FaultNote(named.name, named.kind, named.fault.target, effect)

    def periods(self) -> tuple[FaultPeriod, ...]:
        """The stretches of time that the trace records: of all faults that can fire and do not hold throughout."""
        return tuple(
            FaultPeriod(named.number, begins, ends)
            for named in self.named
            if self._can_fire(named) and not self._strikes_once(named) and not self._follows_in_the_run(named)
            for begins, ends in self.windows(named)
            if (begins, ends) != (0, self.repaired_ns)
        )

    def _follows_in_the_run(self, named: Named) -> bool:
        return isinstance(named.fault.when, when.AfterFault) and not self.strikes_at_known_times(named)

    def _strikes_once(self, named: Named) -> bool:
        effect = EFFECTS.get(type(named.fault.what))
        return effect in STRIKE_BY_THEMSELVES and effect not in (Effect.TWO_INSTANCES, Effect.PAUSE)

    def _can_fire(self, named: Named) -> bool:
        fault = named.fault
        if isinstance(fault.what, what.Overload):
            return True
        if self._is_on_timeline(named):
            return not isinstance(fault.what, what.Slow) or slowness_of(fault.what) != UNSLOWED
        return bool(self.plans[named.number])

    # --- the disk's speed ----------------------------------------------------------------------------------------

    def disk_timeline(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """When the disk's speed changes, and its slowness from then on; slow periods that overlap multiply."""
        slow = [
            (begins, ends, slowness_of(named.fault.what))
            for named in self.named
            if isinstance(named.fault.what, what.Slow | what.Freeze)
            and self.strikes_at_known_times(named)
            and slowness_of(named.fault.what) != UNSLOWED
            for begins, ends in self.windows(named)
        ]
        changes = sorted({time for begins, ends, _ in slow for time in (begins, ends)})
        return tuple(changes), tuple(_slowness_at(time, slow) for time in changes)


def _is_nothing(fault: Fault) -> bool:
    """Whether it would change nothing wherever it strikes."""
    match fault.what:
        case what.Slow(factor=factor, added=added):
            return round(factor * UNSLOWED) == UNSLOWED and is_never(added)
        case what.Delay(by=by):
            return is_never(by)
        case what.Consume(per_second=rate):
            return int(rate) == 0
        case what.TwoInstances() | what.Pause():
            return fault.lasts is not None and is_never(fault.lasts)
    return False


def _operation(effect: what.AnyEffect, target: Target) -> Operation:
    """Which operations are meant where nothing is said."""
    return Operation.FLUSH if isinstance(effect, what.FlushError | what.Lie) else _DEFAULT_OPERATION[target]


def _slowness_at(time: int, slow: Sequence[tuple[int, int, int]]) -> int:
    slowness = UNSLOWED
    for begins, ends, factor in slow:
        if begins <= time < ends:
            slowness = slowness * factor // UNSLOWED
    return slowness
