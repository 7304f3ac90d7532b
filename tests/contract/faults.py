"""Every fault by itself: each short form, and each effect wherever and whenever it may strike."""

from collections.abc import Iterator
from dataclasses import dataclass

import cqrsim as cq
from contract.systems import busy
from cqrsim import bytes_, kb, ms, per_second
from cqrsim.errors import ScenarioError
from cqrsim.messages import LINK_NAMES
from cqrsim.scenario.effects import MANNERS, AnyEffect
from cqrsim.scenario.faults import ShortFault
from cqrsim.scenario.targets import OPERATIONS, target_of
from cqrsim.scenario.triggers import AnyTrigger

AT, LASTS = ms(60), ms(70)

SHORT: tuple[cq.AnyFault, ...] = (
    cq.DiskFull(AT, LASTS),
    cq.WriteErrors(0.3),
    cq.WriteErrors(1.0, at=AT, lasts=LASTS),
    cq.AmbiguousErrors(0.4, kept=0.5),
    cq.FlushErrors(0.3, kept=0.5),
    cq.SlowDisk(7.5, AT, LASTS),
    cq.Stall(AT, LASTS),
    cq.Stall(AT, LASTS, then="error"),
    cq.LyingFlush(AT, LASTS, holds=ms(20)),
    cq.DeadDisk(AT),
    cq.DeadDisk(AT, answers=True),
    cq.ConsumeDisk(kb(500), AT, LASTS),
    cq.PowerLoss(AT, restart=ms(30), tears=True),
    cq.StoreCrash(AT, restart=ms(30)),
    cq.StoreCrash(AT, restart=ms(30), while_down="lost"),
    cq.FailOver(AT, lag=ms(20), switch=ms(10)),
    cq.FailOver(AT, appends=3, switch=ms(10)),
    cq.SilentChange(AT, records=2),
    cq.HandlerCrash(AT, restart=ms(30)),
    cq.HandlerCrash(AT, restart=ms(30), shard=1, while_down="lost"),
    cq.Overlap(AT, LASTS),
    cq.Overlap(AT, LASTS, shard=0),
    cq.Zombie(AT, LASTS),
    cq.ProjectionCrash(AT, restart=ms(30)),
    cq.ProjectionCrash(AT, restart=ms(30), projection="list"),
    cq.ClientDisconnect(AT, LASTS),
    cq.ClientDisconnect(AT, LASTS, group="two"),
    cq.Flood(per_second(400), AT, LASTS, invalid=0.5),
    cq.Partition(("client->handler", "store->projection"), AT, LASTS),
    cq.Partition(("handler->store", "store->subscriber"), AT, LASTS, held=True),
)
"""Every short form but those of single messages, with its settings one way and the other."""


def short_forms() -> Iterator[cq.AnyFault]:
    """All of them; those of messages on every link."""
    yield from SHORT
    for link in (*LINK_NAMES, "store->projection.list"):
        yield cq.LostMessages(0.4, link)
        yield cq.DuplicateMessages(0.4, link, after=ms(1))
        yield cq.DelayedMessages(ms(3), link, share=0.5)


def short_kinds() -> set[str]:
    """What the vocabulary has."""
    return {kind.__name__ for kind in ShortFault.__subclasses__()}


# --- the general form ------------------------------------------------------------------------------------------------

EFFECTS: tuple[AnyEffect, ...] = (
    cq.Refuse("EROFS"),
    cq.Full(),
    cq.Ambiguous(kept=0.5),
    cq.FlushError(kept=0.5),
    cq.Slow(7.5, added=ms(1)),
    cq.Freeze(),
    cq.Die(),
    cq.Lie(),
    cq.Consume(kb(500), at_most=bytes_(50_000)),
    cq.Crash(restart=ms(10)),
    cq.Promote(appends=2, switch=ms(5)),
    cq.Corrupt(records=2, detected=0.5),
    cq.TwoInstances(),
    cq.Pause(),
    cq.Drop(),
    cq.Duplicate(after=ms(1)),
    cq.Delay(ms(3)),
    cq.Cut(),
    cq.Disconnect(),
    cq.Overload(per_second(300), invalid=0.5),
)
"""Every effect but a function of somebody's own."""

OTHERS: tuple[AnyEffect, ...] = (
    cq.Ambiguous(kept=1.0),
    cq.FlushError(kept=0.0),
    cq.Slow(2),
    cq.Slow(added=cq.Exponential(ms(3))),
    cq.Freeze(then="error"),
    cq.Die(answers=True),
    cq.Lie(holds=ms(10)),
    cq.Consume(kb(900)),
    cq.Crash(power=True, tears=True, restart=ms(10)),
    cq.Crash(power=True, restart=ms(10)),
    cq.Crash(restart=ms(10), while_down="lost"),
    cq.Promote(lag=ms(10), switch=ms(5)),
    cq.Corrupt(records=1, detected=1.0),
    cq.Pause(takeover=False),
    cq.Cut(held=True),
)
"""The same with other settings."""

LEADERS: dict[str, cq.Fault] = {
    "known": cq.Fault(cq.Slow(1.001), when=cq.At(ms(40)), lasts=ms(1), name="leader"),
    "unknown": cq.Fault(cq.Drop(), when=cq.Sequence("....x..x"), where="client->handler", name="leader"),
}
"""Whom others follow: one whose times are known before the run, and one that only the run decides."""


@dataclass(frozen=True)
class Alone:
    """A fault by itself, but for the one that it follows."""

    what: AnyEffect
    when: AnyTrigger
    where: str
    leader: str | None = None
    lasts: cq.Duration | None = None

    def __str__(self) -> str:
        return f"{self.what!r} {self.when!r} at {self.where} for {self.lasts} behind {self.leader}"

    def scenario(self) -> cq.Scenario:
        """The busy system with this fault; ScenarioError if there can be no such fault."""
        fault = cq.Fault(self.what, when=self.when, where=self.where, lasts=self.lasts, name="alone")
        leaders = () if self.leader is None else (LEADERS[self.leader],)
        return busy(faults=(*leaders, fault))


def alone(effects: tuple[AnyEffect, ...], everywhere: bool) -> Iterator[Alone]:
    """Every fault that can be, by effect, trigger and, if asked for, all places and with and without a length."""
    for what in effects:
        for where in places(what) if everywhere else places(what)[:1]:
            for when, leader in triggers(what, where):
                both = (Alone(what, when, where, leader, lasts) for lasts in (ms(15), None))
                possible = [one for one in both if can_be(one)]
                yield from possible if everywhere else possible[:1]


def can_be(fault: Alone) -> bool:
    """Whether the checks of scenarios admit it."""
    try:
        fault.scenario()
    except ScenarioError:
        return False
    return True


def places(what: AnyEffect) -> list[str]:
    """Where an effect may strike: all of a kind, and one of it; of links those that matter most."""
    one = {"handlers": "handlers.1", "projections": "projections.list", "clients": "clients.two"}
    links = ["client->handler", "handler->store", "store->subscriber", "store->projection", "handler->client"]
    found = list[str]()
    for kind in MANNERS[type(what)].targets:
        found += links if kind == "links" else [kind] + ([one[kind]] if kind in one else [])
    return found


def triggers(what: AnyEffect, where: str) -> Iterator[tuple[AnyTrigger, str | None]]:
    """Whenever it may strike, but for conditions that are functions; and whom it follows."""
    yield cq.At(AT), None
    yield cq.Every(ms(50), jitter=ms(10)), None
    yield cq.Renewal(up=ms(40), down=cq.Exponential(ms(15))), None
    yield cq.AfterFault("leader", delay=ms(5)), "known"
    yield cq.AfterFault("leader", delay=cq.Exponential(ms(5))), "unknown"
    yield cq.While("disk_usage", above=0.2), None
    yield cq.While("store_queue", above=0), None
    yield cq.While("handler_queue", above=0), None
    yield cq.While("projection_queue", above=0), None
    yield cq.While("log_length", above=20), None
    happens = OPERATIONS[target_of(where).kind]
    for of in [one for one in MANNERS[type(what)].operations or happens if one in happens]:
        yield cq.PerOperation(0.2, of=of), None  # type: ignore[arg-type]
        yield cq.InBursts(0.05, mean=3, of=of), None  # type: ignore[arg-type]
        yield cq.Nth(12, of=of), None  # type: ignore[arg-type]
        yield cq.Nth(12, of=of, side="after"), None  # type: ignore[arg-type]
        yield cq.Sequence("....x..xx...X", of=of), None  # type: ignore[arg-type]
