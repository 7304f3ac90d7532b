"""Faults, lowered: what strikes when and where, in absolute time, each with luck of its own.

A fault that cannot fire (share 0, no length) leaves nothing in the plan, so that the run stays the same to the last
bit.  The luck of a fault is keyed by its name: adding one moves nothing else.  All faults end when everything is
repaired, for the judgement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cqrsim.messages import LINK_NAMES, Link, Operation
from cqrsim.plan.answers import By, Effect, Measure, Target
from cqrsim.plan.draws import Draws
from cqrsim.plan.parts import STALLED, UNSLOWED, FaultPeriod, FaultPlan
from cqrsim.plan.reach import links_in_use
from cqrsim.plan.windows import Windows, begins_and_ends, bursts
from cqrsim.scenario import effects as what
from cqrsim.scenario import triggers as when
from cqrsim.scenario.distributions import AnyDistribution, Constant
from cqrsim.scenario.faults import Fault, fault_names
from cqrsim.scenario.scenario import Scenario
from cqrsim.trace import FaultNote

STRIKE_BY_THEMSELVES = (
    Effect.CRASH, Effect.PROMOTE, Effect.CORRUPT, Effect.TWO_INSTANCES, Effect.PAUSE, Effect.DIE, Effect.CUSTOM,
)  # fmt: skip
"""Effects that happen at a time, or at an operation; the others change what becomes of operations."""

TO_CLIENTS = (Link.HANDLER_TO_CLIENT, Link.STORE_TO_CLIENT, Link.PROJECTION_TO_CLIENT, Link.CACHE_TO_CLIENT)

MILLIONTHS = 1_000_000

_EFFECTS: dict[type, Effect] = {
    what.Refuse: Effect.REFUSE,
    what.Full: Effect.FULL,
    what.Ambiguous: Effect.AMBIGUOUS,
    what.FlushError: Effect.FLUSH_ERROR,
    what.Slow: Effect.SLOW,
    what.Freeze: Effect.FREEZE,
    what.Die: Effect.DIE,
    what.Lie: Effect.LIE,
    what.Consume: Effect.CONSUME,
    what.Crash: Effect.CRASH,
    what.Promote: Effect.PROMOTE,
    what.Corrupt: Effect.CORRUPT,
    what.TwoInstances: Effect.TWO_INSTANCES,
    what.Pause: Effect.PAUSE,
    what.Drop: Effect.DROP,
    what.Duplicate: Effect.DUPLICATE,
    what.Delay: Effect.DELAY,
    what.Cut: Effect.CUT,
    what.Disconnect: Effect.DROP,
    what.Custom: Effect.CUSTOM,
}

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
    plans = tuple(plan for named in lowering.named for plan in lowering.plans(named))
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
        self.links = links_in_use(scenario)
        self.views = tuple(view.name for view in scenario.views)

    # --- when ----------------------------------------------------------------------------------------------------

    def windows(self, named: Named) -> Windows:
        """The stretches in which a fault may strike; of what strikes by itself their beginnings count."""
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
        by_itself = _EFFECTS.get(type(fault.what)) in STRIKE_BY_THEMSELVES
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

    def plans(self, named: Named) -> list[FaultPlan]:
        """What an engine needs to know of a fault; nothing, if it cannot strike or the disk's timeline says it all."""
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
            return _never(fault.what.added)
        return isinstance(fault.what, what.Freeze) and fault.what.then == "ok"

    def _plan(self, named: Named, windows: Windows, where: Place) -> FaultPlan | None:
        fault = named.fault
        operation = Operation.NONE if fault.operation is None else Operation[fault.operation.upper()]
        if operation == Operation.NONE:
            operation = _operation(fault.what, where.target)
        plan = FaultPlan(
            number=named.number,
            effect=_EFFECTS[type(fault.what)],
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
        plan = self._with_effect(plan, named)
        return self._with_trigger(plan, named)

    def _goes_on(self, fault: Fault) -> bool:
        """Whether an operation that sets it off begins something that lasts to the end."""
        effect = _EFFECTS.get(type(fault.what))
        return not self._counts_windows(fault) and not fault.single and effect not in STRIKE_BY_THEMSELVES

    def _with_trigger(self, plan: FaultPlan, named: Named) -> FaultPlan | None:
        """Add what picks the operations; None if that never happens."""
        trigger, purpose = named.fault.when, f"fault {named.name}"
        lasts = self._lasts(named)
        match trigger:
            case when.PerOperation():
                target = " " if plan.target == Target.LINK else ""
                hit = self.draws.marks(purpose + target, trigger.share)
                return None if hit is None else replace(plan, by=By.SHARE, hit=hit, lasts=lasts)
            case when.InBursts():
                bits = bursts(trigger, purpose, self.draws)
                return None if bits is None else replace(plan, by=By.BURSTS, bits=bits, lasts=lasts)
            case when.Nth():
                behind = trigger.side == "after"
                return replace(plan, by=By.COUNT, counts=(trigger.number,), behind=behind, lasts=lasts)
            case when.Sequence():
                return self._with_sequence(replace(plan, lasts=lasts), trigger.pattern)
            case when.While():  # what it measures says how long it lasts
                plan = replace(plan, goes_on=False)
                measure = Measure[trigger.measure.upper()]
                scale = MILLIONTHS if measure == Measure.DISK_USAGE else 1
                return replace(plan, by=By.MEASURE, measure=measure, above=int(trigger.above * scale), lasts=lasts)
            case when.When():
                return replace(plan, by=By.CALL, call=trigger.function, lasts=lasts)
            case when.AfterFault() if not self.strikes_at_known_times(named):
                delay = self.draws.series(f"{purpose} delay", trigger.delay)
                follows = self.by_name[trigger.fault].number
                return replace(plan, by=By.FOLLOWS, follows=follows, delay=delay, lasts=lasts)
        return plan

    def _with_sequence(self, plan: FaultPlan, pattern: str) -> FaultPlan | None:
        counts = tuple(place for place, letter in enumerate(pattern, start=1) if letter in "xX")
        if not counts:
            return None
        return replace(plan, by=By.COUNT, counts=counts, and_all_later=pattern.endswith("X"))

    def _with_effect(self, plan: FaultPlan, named: Named) -> FaultPlan:
        effect, purpose, draws = named.fault.what, f"fault {named.name}", self.draws
        match effect:
            case what.Refuse():
                return replace(plan, no_room=effect.code == "ENOSPC")
            case what.Ambiguous() | what.FlushError():
                return replace(plan, kept=draws.marks(f"{purpose} kept", effect.kept))
            case what.Slow():
                added = None if _never(effect.added) else draws.durations(f"{purpose} added", effect.added)
                return replace(plan, factor=_slowness(effect), added=added)
            case what.Freeze():
                return replace(plan, error=effect.then == "error")
            case what.Die():
                return replace(plan, error=effect.answers)
            case what.Lie():
                return replace(plan, amount=-1 if effect.holds is None else int(effect.holds))
            case what.Consume():
                most = -1 if effect.at_most is None else int(effect.at_most)
                return replace(plan, amount=int(effect.per_second), at_most_bytes=most)
            case what.Crash():
                restart = draws.series(f"{purpose} restart", effect.restart)
                held = effect.while_down == "held"
                return replace(plan, restart=restart, power=effect.power, tears=effect.tears, held=held)
            case what.Promote():
                lag = -1 if effect.lag is None else int(effect.lag)
                restart = draws.series(f"{purpose} switch", effect.switch)
                return replace(plan, amount=lag, appends=effect.appends, restart=restart, held=True)
            case what.Corrupt():
                detected = draws.chances(f"{purpose} detected")
                share = int(effect.detected * 2**32)
                return replace(plan, amount=effect.records, detected=detected, detected_below=share)
            case what.TwoInstances():
                return replace(plan, older=draws.marks(f"{purpose} older", 0.5))
            case what.Pause():
                return replace(plan, held=effect.takeover)
            case what.Duplicate():
                after = draws.durations(f"{purpose} after", effect.after)
                return replace(plan, added=after, amount=self.doublers.index(named.number))
            case what.Delay():
                return replace(plan, added=draws.durations(f"{purpose} by", effect.by))
            case what.Cut():
                return replace(plan, held=effect.held)
            case what.Custom():
                return replace(plan, custom=effect.function)
        return plan

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
        effect = _EFFECTS.get(type(named.fault.what))
        return effect in STRIKE_BY_THEMSELVES and effect not in (Effect.TWO_INSTANCES, Effect.PAUSE)

    def _can_fire(self, named: Named) -> bool:
        fault = named.fault
        if isinstance(fault.what, what.Overload):
            return True
        if self._is_on_timeline(named):
            return not isinstance(fault.what, what.Slow) or _slowness(fault.what) != UNSLOWED
        return bool(self.plans(named))

    # --- the disk's speed ----------------------------------------------------------------------------------------

    def disk_timeline(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """When the disk's speed changes, and its slowness from then on; slow periods that overlap multiply."""
        slow = [
            (begins, ends, _slowness(named.fault.what))
            for named in self.named
            if isinstance(named.fault.what, what.Slow | what.Freeze)
            and self._counts_windows(named.fault)
            and self.strikes_at_known_times(named)
            and _slowness(named.fault.what) != UNSLOWED
            for begins, ends in self.windows(named)
        ]
        changes = sorted({time for begins, ends, _ in slow for time in (begins, ends)})
        return tuple(changes), tuple(_slowness_at(time, slow) for time in changes)


def _is_nothing(fault: Fault) -> bool:
    """Whether it would change nothing wherever it strikes."""
    match fault.what:
        case what.Slow(factor=factor, added=added):
            return round(factor * UNSLOWED) == UNSLOWED and _never(added)
        case what.Delay(by=by):
            return _never(by)
        case what.Consume(per_second=rate):
            return int(rate) == 0
        case what.TwoInstances() | what.Pause():
            return fault.lasts is not None and _never(fault.lasts)
    return False


def _operation(effect: what.AnyEffect, target: Target) -> Operation:
    """Which operations are meant where nothing is said."""
    return Operation.FLUSH if isinstance(effect, what.FlushError | what.Lie) else _DEFAULT_OPERATION[target]


def _never(added: AnyDistribution) -> bool:
    return isinstance(added, Constant) and int(added.value) == 0


def _slowness(effect: "what.Slow | what.Freeze") -> int:
    return STALLED if isinstance(effect, what.Freeze) else max(1, round(effect.factor * UNSLOWED))


def _slowness_at(time: int, slow: Sequence[tuple[int, int, int]]) -> int:
    slowness = UNSLOWED
    for begins, ends, factor in slow:
        if begins <= time < ends:
            slowness = slowness * factor // UNSLOWED
    return slowness
