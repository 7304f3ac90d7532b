"""A strike, lowered: what picks the operations, and what it then does, as numbers."""

from dataclasses import replace

from cqrsim.plan.answers import By, Effect, Measure, Target
from cqrsim.plan.draws import Draws
from cqrsim.plan.parts import STALLED, UNSLOWED, FaultPlan
from cqrsim.plan.windows import bursts
from cqrsim.scenario import effects as what
from cqrsim.scenario import triggers as when
from cqrsim.scenario.distributions import AnyDistribution, Constant

MILLIONTHS = 1_000_000

EFFECTS: dict[type, Effect] = {
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


# --- what picks ------------------------------------------------------------------------------------------------------


def with_trigger(plan: FaultPlan, trigger: when.AnyTrigger, purpose: str, draws: Draws) -> FaultPlan | None:
    """Add what picks the operations; None if that never happens.  Triggers of time have said all by their windows."""
    match trigger:
        case when.PerOperation():
            target = " " if plan.target == Target.LINK else ""
            hit = draws.marks(purpose + target, trigger.share)
            return None if hit is None else replace(plan, by=By.SHARE, hit=hit)
        case when.InBursts():
            bits = bursts(trigger, purpose, draws)
            return None if bits is None else replace(plan, by=By.BURSTS, bits=bits)
        case when.Nth():
            return replace(plan, by=By.COUNT, counts=(trigger.number,), behind=trigger.side == "after")
        case when.Sequence():
            return _with_sequence(plan, trigger.pattern)
        case when.While():  # what it measures says how long it lasts
            measure = Measure[trigger.measure.upper()]
            scale = MILLIONTHS if measure == Measure.DISK_USAGE else 1
            return replace(plan, by=By.MEASURE, measure=measure, above=int(trigger.above * scale), goes_on=False)
        case when.When():
            return replace(plan, by=By.CALL, call=trigger.function)
    return replace(plan, lasts=None)


def _with_sequence(plan: FaultPlan, pattern: str) -> FaultPlan | None:
    counts = tuple(place for place, letter in enumerate(pattern, start=1) if letter in "xX")
    if not counts:
        return None
    return replace(plan, by=By.COUNT, counts=counts, and_all_later=pattern.endswith("X"))


# --- what it does ----------------------------------------------------------------------------------------------------


def with_effect(plan: FaultPlan, effect: what.AnyEffect, purpose: str, draws: Draws, copier: int) -> FaultPlan:
    """Add what it does; ``copier`` numbers the faults that double messages."""
    if plan.target == Target.DISK:
        return _at_the_disk(plan, effect, purpose, draws)
    if plan.target == Target.LINK:
        return _at_a_link(plan, effect, purpose, draws, copier)
    return _at_a_process(plan, effect, purpose, draws)


def _at_the_disk(plan: FaultPlan, effect: what.AnyEffect, purpose: str, draws: Draws) -> FaultPlan:
    match effect:
        case what.Refuse():
            return replace(plan, no_room=effect.code == "ENOSPC")
        case what.Ambiguous() | what.FlushError():
            return replace(plan, kept=draws.marks(f"{purpose} kept", effect.kept))
        case what.Slow():
            added = None if is_never(effect.added) else draws.durations(f"{purpose} added", effect.added)
            return replace(plan, factor=slowness_of(effect), added=added)
        case what.Freeze():
            return replace(plan, error=effect.then == "error")
        case what.Die():
            return replace(plan, error=effect.answers)
        case what.Lie():
            return replace(plan, amount=-1 if effect.holds is None else int(effect.holds))
        case what.Consume():
            most = -1 if effect.at_most is None else int(effect.at_most)
            return replace(plan, amount=int(effect.per_second), at_most_bytes=most)
    return _of_ones_own(plan, effect)


def _at_a_link(plan: FaultPlan, effect: what.AnyEffect, purpose: str, draws: Draws, copier: int) -> FaultPlan:
    match effect:
        case what.Duplicate():
            return replace(plan, added=draws.durations(f"{purpose} after", effect.after), amount=copier)
        case what.Delay():
            return replace(plan, added=draws.durations(f"{purpose} by", effect.by))
        case what.Cut():
            return replace(plan, held=effect.held)
    return _of_ones_own(plan, effect)


def _at_a_process(plan: FaultPlan, effect: what.AnyEffect, purpose: str, draws: Draws) -> FaultPlan:
    match effect:
        case what.Crash():
            restart = draws.series(f"{purpose} restart", effect.restart)
            held = effect.while_down == "held"
            return replace(plan, restart=restart, power=effect.power, tears=effect.tears, held=held)
        case what.Promote():
            lag = -1 if effect.lag is None else int(effect.lag)
            restart = draws.series(f"{purpose} switch", effect.switch)
            return replace(plan, amount=lag, appends=effect.appends, restart=restart, held=True)
        case what.Corrupt():
            detected, share = draws.chances(f"{purpose} detected"), int(effect.detected * 2**32)
            return replace(plan, amount=effect.records, detected=detected, detected_below=share)
        case what.TwoInstances():
            return replace(plan, older=draws.marks(f"{purpose} older", 0.5))
        case what.Pause():
            return replace(plan, held=effect.takeover)
    return _of_ones_own(plan, effect)


def _of_ones_own(plan: FaultPlan, effect: what.AnyEffect) -> FaultPlan:
    return replace(plan, custom=effect.function) if isinstance(effect, what.Custom) else plan


def is_never(added: AnyDistribution) -> bool:
    """Whether it adds no time."""
    return isinstance(added, Constant) and int(added.value) == 0


def slowness_of(effect: what.Slow | what.Freeze) -> int:
    """How slow the disk is, in thousandths."""
    return STALLED if isinstance(effect, what.Freeze) else max(1, round(effect.factor * UNSLOWED))
