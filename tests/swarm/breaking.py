"""Random faults: every effect by every trigger that goes with it, and all short forms."""

from collections.abc import Callable
from typing import Any

import cqrsim as cq
from cqrsim import bytes_, kb, ms, per_second
from cqrsim.messages import LINK_NAMES
from cqrsim.scenario.effects import MANNERS, AnyEffect
from cqrsim.scenario.targets import OPERATIONS, target_of
from cqrsim.scenario.triggers import AnyTrigger

from .dice import Dice


def faults(dice: Dice, scenario: cq.Scenario) -> list[cq.AnyFault]:
    """A few faults, each with a name of its own."""
    found: list[cq.AnyFault] = []
    for number in range(dice.choice((1, 1, 2, 3, 4))):
        make = short if dice.often(0.4) else general
        others = [str(part.name) for fault in found for part in fault.generals()]
        found.append(make(dice, scenario, "abcd"[number], others))
    return found


def nothing_happens(view: Any) -> None:
    """An effect of somebody's own that only looks."""
    assert view.time_ns >= 0


def now_and_then(view: Any) -> bool:
    """A condition of somebody's own, that depends on what is there."""
    return bool(view.log_length % 7 == 3)


# --- the general form -----------------------------------------------------------------------------------------------


def general(dice: Dice, scenario: cq.Scenario, name: str, others: list[str]) -> cq.Fault:
    """Any effect, anywhere, whenever it may strike."""
    kinds = [kind for kind in MANNERS if kind is not cq.Consume or scenario.disk.capacity is not None]
    what = effect(dice, dice.choice(kinds))
    kind = dice.choice(MANNERS[type(what)].targets)
    where = target(dice, scenario, kind)
    when = trigger(dice, scenario, what, where, others)
    says_how_long = isinstance(when, cq.Renewal | cq.While) or MANNERS[type(what)].at_once
    lasts = None if says_how_long or dice.often(0.3) else dice.distribution(40)
    once = isinstance(when, cq.At)
    begin = dice.duration(1, 300)
    return cq.Fault(
        what,
        when=when,
        where=where,
        lasts=lasts,
        between=None if once else dice.maybe(0.2, (begin, dice.choice((None, begin + dice.duration(1, 300))))),
        at_most=dice.choice((None, None, 1, 3)),
        name=name,
    )


def effect(dice: Dice, kind: type) -> AnyEffect:
    settings: dict[type, Callable[[], dict[str, Any]]] = {
        cq.Refuse: lambda: {"code": dice.choice(("EIO", "ENOSPC", "EROFS"))},
        cq.Ambiguous: lambda: {"kept": dice.choice((0.0, 0.5, 1.0))},
        cq.FlushError: lambda: {"kept": dice.choice((0.0, 0.5, 1.0))},
        cq.Slow: lambda: {"factor": dice.choice((1.0, 7.5)), "added": dice.distribution(3)},
        cq.Freeze: lambda: {"then": dice.choice(("ok", "error"))},
        cq.Die: lambda: {"answers": dice.often(0.5)},
        cq.Lie: lambda: {"holds": dice.maybe(0.5, dice.duration(1, 50))},
        cq.Consume: lambda: {"per_second": kb(dice.choice((10, 200))), "at_most": dice.maybe(0.3, bytes_(4000))},
        cq.Crash: lambda: {"restart": dice.distribution(30), "while_down": dice.choice(("held", "lost"))},
        cq.Promote: lambda: {"appends": dice.choice((0, 1, 5)), "switch": dice.distribution(20)},
        cq.Corrupt: lambda: {"records": dice.choice((1, 3)), "detected": dice.choice((0.0, 0.5, 1.0))},
        cq.Pause: lambda: {"takeover": dice.often(0.6)},
        cq.Duplicate: lambda: {"after": dice.distribution(3)},
        cq.Delay: lambda: {"by": dice.distribution(10)},
        cq.Cut: lambda: {"held": dice.often(0.5)},
        cq.Overload: lambda: {"rate": per_second(300), "invalid": dice.choice((1.0, 0.5))},
        cq.Custom: lambda: {"function": nothing_happens},
    }
    return kind(**settings.get(kind, dict)())


def target(dice: Dice, scenario: cq.Scenario, kind: str) -> str:
    if kind == "links":
        return link(dice, scenario)
    ones = {
        "handlers": [str(shard) for shard in range(scenario.handlers.shards)],
        "projections": [view.name for view in scenario.views],
        "clients": [group.name for group in scenario.groups],
    }
    one = dice.choice(ones[kind]) if kind in ones and dice.often(0.4) else None
    return kind if one is None else f"{kind}.{one}"


def link(dice: Dice, scenario: cq.Scenario) -> str:
    """The links that matter most, above all; now and then the way to one projection."""
    if dice.often(0.1):
        return f"store->projection.{dice.choice(scenario.views).name}"
    main = ("client->handler", "handler->client", "handler->store", "store->handler", "store->subscriber",
            "store->projection")  # fmt: skip
    return dice.choice(main) if dice.often(0.7) else dice.choice(LINK_NAMES)


def trigger(dice: Dice, scenario: cq.Scenario, what: AnyEffect, where: str, others: list[str]) -> AnyTrigger:
    """Any trigger that goes with the effect and its target."""
    happens = OPERATIONS[target_of(where).kind]
    fitting = [one for one in MANNERS[type(what)].operations or happens if one in happens]
    kinds: list[type] = [cq.At, cq.Every]
    kinds += [cq.AfterFault] if others and not isinstance(what, cq.Overload) else []
    kinds += [] if isinstance(what, cq.Die) else [cq.Renewal]
    lasting = cq.Overload | cq.Disconnect | cq.Die | cq.Freeze | cq.Pause | cq.TwoInstances | cq.Cut | cq.Consume
    lasts_long = isinstance(what, lasting)
    kinds += [cq.While] if happens and not lasts_long else []
    if fitting and not isinstance(what, cq.Consume):
        kinds += [cq.PerOperation, cq.InBursts, cq.Nth, cq.Sequence, cq.When]
    kind = dice.choice(kinds)
    of = {"of": dice.choice((None, dice.choice(fitting)))} if fitting else {}
    if kind is cq.AfterFault:
        return cq.AfterFault(dice.choice(others), delay=dice.distribution(20))
    if kind is cq.While:
        return condition(dice, scenario)
    made: dict[type, Callable[[], AnyTrigger]] = {
        cq.At: lambda: cq.At(dice.duration(1, 300)),
        cq.Every: lambda: cq.Every(dice.duration(40, 300), jitter=dice.choice((ms(0), ms(10)))),
        cq.Renewal: lambda: cq.Renewal(up=cq.Exponential(ms(100)), down=dice.distribution(20)),
        cq.PerOperation: lambda: cq.PerOperation(dice.choice((0.02, 0.1, 0.5, 1.0)), **of),
        cq.InBursts: lambda: cq.InBursts(dice.choice((0.02, 0.2)), mean=3, **of),
        cq.Nth: lambda: cq.Nth(dice.randint(1, 30), side=side(dice, what), **of),
        cq.Sequence: lambda: cq.Sequence(dice.choice((".x", "..xx.x", "....X", "x" * 5)), **of),
        cq.When: lambda: cq.When(now_and_then),
    }
    return made[kind]()


def side(dice: Dice, what: AnyEffect) -> str:
    both = isinstance(what, cq.Crash | cq.Pause | cq.TwoInstances | cq.Custom)
    return dice.choice(("before", "after")) if both else "before"


def condition(dice: Dice, scenario: cq.Scenario) -> cq.While:
    if scenario.disk.capacity is not None and dice.often(0.5):
        return cq.While("disk_usage", above=0.3)
    measure = dice.choice(("store_queue", "handler_queue", "projection_queue", "log_length"))
    return cq.While(measure, above=dice.choice((10, 30)) if measure == "log_length" else dice.choice((1, 3)))


# --- the short forms ------------------------------------------------------------------------------------------------


def short(dice: Dice, scenario: cq.Scenario, name: str, others: list[str]) -> cq.AnyFault:
    """One of the short forms."""
    at, lasts, share = dice.duration(1, 300), dice.duration(1, 80), dice.choice((0.02, 0.2, 1.0))
    stretch = {"at": at, "lasts": dice.maybe(0.7, lasts)}
    restart = dice.distribution(30)
    held = dice.choice(("held", "lost"))
    shard = dice.maybe(0.5, dice.randrange(scenario.handlers.shards))
    way = link(dice, scenario)
    forms: list[Callable[[], cq.AnyFault]] = [
        lambda: cq.DiskFull(at, lasts, name=name),
        lambda: cq.WriteErrors(share, **stretch, name=name),
        lambda: cq.AmbiguousErrors(share, kept=dice.choice((0.5, 1.0)), **stretch, name=name),
        lambda: cq.FlushErrors(share, kept=dice.choice((0.0, 0.5)), **stretch, name=name),
        lambda: cq.SlowDisk(dice.choice((2, 7.5)), at, lasts, name=name),
        lambda: cq.Stall(at, lasts, then=dice.choice(("ok", "error")), name=name),
        lambda: cq.LyingFlush(at, dice.maybe(0.5, lasts), holds=dice.maybe(0.5, ms(30)), name=name),
        lambda: cq.DeadDisk(at, answers=dice.often(0.5), name=name),
        lambda: cq.PowerLoss(at, restart, tears=dice.often(0.5), name=name),
        lambda: cq.StoreCrash(at, restart, while_down=held, name=name),
        lambda: cq.FailOver(at, lag=dice.maybe(0.5, ms(10)), switch=restart, name=name),
        lambda: cq.SilentChange(at, records=2, detected=dice.choice((0.0, 0.9)), name=name),
        lambda: cq.LostMessages(share, way, **stretch, name=name),
        lambda: cq.DuplicateMessages(share, way, after=dice.distribution(3), **stretch, name=name),
        lambda: cq.DelayedMessages(dice.distribution(10), way, share=share, **stretch, name=name),
        lambda: cq.Partition(sorted({way, "handler->store"}), at, lasts, held=dice.often(0.5), name=name),
        lambda: cq.HandlerCrash(at, restart, shard=shard, while_down=held, name=name),
        lambda: cq.Overlap(at, lasts, shard=shard, name=name),
        lambda: cq.Zombie(at, lasts, shard=shard, name=name),
        lambda: cq.ProjectionCrash(at, restart, name=name),
        lambda: cq.ClientDisconnect(at, lasts, name=name),
        lambda: cq.Flood(per_second(300), at, lasts, name=name),
    ]
    if scenario.disk.capacity is not None:
        forms.append(lambda: cq.ConsumeDisk(kb(100), at, lasts, name=name))
    return dice.choice(forms)()
