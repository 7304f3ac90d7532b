"""What goes wrong: the general form, and short forms for what goes wrong most often.

A fault says what happens, when, where and for how long; every short form is a general one, written shorter.  Each has
luck of its own, keyed by its name.  A fault that cannot fire (share 0, no length) leaves a run as it is, to the last
bit.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cqrsim.errors import Problem, ScenarioError, UnitError
from cqrsim.scenario import effects, triggers
from cqrsim.scenario.checks import (
    Checked,
    Count,
    Growth,
    Maybe,
    Name,
    Number,
    PositiveDuration,
    PositiveRate,
    Share,
    YesNo,
)
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.distributions import Constant, DistributionOrNone, DistributionSetting
from cqrsim.scenario.effects import MANNERS, AnyEffect, Crash
from cqrsim.scenario.targets import OPERATIONS, LinkOrWay, LinksSetting, Where, target_of
from cqrsim.scenario.triggers import AfterFault, At, Nth, OfOperations, PerOperation, TriggerSetting
from cqrsim.scenario.values import Known, Settings, setting, shortened, value
from cqrsim.units import Duration, Size, seconds

_Window: TypeAlias = tuple[Duration, Duration | None] | None


@dataclass(frozen=True)
class Span:
    """From when until when; None means to the end."""

    begins: Duration
    ends: Duration | None

    def __str__(self) -> str:
        if self.ends is None:
            return f"from {self.begins} on" if self.begins else "all the time"
        return f"from {self.begins} to {self.ends}"


def _between(given: Any) -> tuple[Duration, Duration | None]:
    """A begin and an end; "none" for an end that does not come."""
    pair = tuple(given) if isinstance(given, list | tuple) else ()
    if len(pair) != 2:
        raise ValueError('must be a begin and an end, such as ["5s", "10s"]; an end may be "none"')
    begin, problems = _duration("0", pair[0])
    end, more = (None, []) if pair[1] in (None, "none") else _duration("1", pair[1])
    if problems or more:
        raise ScenarioError((*problems, *more))
    return begin, end


def _duration(place: str, given: Any) -> tuple[Any, list[Problem]]:
    try:
        return Duration.accept(given), []
    except UnitError as error:
        return None, [Problem(place, given, str(error))]


_END = {"anyOf": [Duration.json_schema(), {"const": "none"}, {"type": "null"}]}
_BETWEEN = Checked(
    _between,
    "a begin and an end",
    {"type": "array", "prefixItems": [Duration.json_schema(), _END], "minItems": 2, "maxItems": 2},
)

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    BetweenSetting: TypeAlias = Accepts[_Window, _Window]
else:
    BetweenSetting = Maybe[Annotated[tuple[Duration, Duration | None], _BETWEEN]]


@value
class Fault(Settings):
    """The general form: what goes wrong, when, where, and for how long.

    >>> from cqrsim.scenario import Every, Slow
    >>> from cqrsim.units import seconds
    >>> slow = Fault(Slow(10), when=Every(seconds(60)), lasts=seconds(5))
    >>> slow.target, str(slow.span)
    ('disk', 'from 1min on')
    >>> Fault(Slow(10), where="client->handler")
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: Fault: where: Slow strikes the disk (got "client->handler")
    """

    what: AnyEffect
    """What happens."""
    when: TriggerSetting = setting(default=Duration(0))
    """When it strikes; a duration stands for once, at that time."""
    where: Maybe[Where] = None
    """Where: "disk", "store", "handlers" or "handlers.2", "projections" or "projections.board", "clients" or
    "clients.api", a link such as "client->handler", or "store->projection.board"; "none": where the effect belongs."""
    lasts: DistributionOrNone = setting(default=None)
    """How long each strike lasts; "none": to the end, or, where the trigger picks operations and the effect can befall
    one of them, for that operation."""
    between: BetweenSetting = setting(default=None)
    """From when to when it may strike, as a list of two; the second may be "none"; "none": always."""
    at_most: Maybe[Count] = None
    """How often it may strike; "none": no limit."""
    name: Maybe[Name] = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["Fault"] = setting(default="Fault", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """What has no meaning together."""
        if known.has("what", "where"):
            yield from _misplaced(known.what, known.where)
        if known.has("what", "when", "where"):
            yield from _misbound(known.what, known.when, known.where)
        if known.has("what", "when", "lasts"):
            yield from _length_said_elsewhere(known.what, known.when, known.lasts)
        if known.has("when", "between"):
            yield from _outside(known.when, known.between)
        if known.has("when", "name") and isinstance(known.when, AfterFault) and known.when.fault == known.name:
            yield Problem("when.fault", known.name, "is the fault itself")

    @property
    def target(self) -> str:
        """Where it strikes, decided."""
        return _target(self.what, self.where)

    @property
    def operation(self) -> str | None:
        """Which operations its trigger picks from, decided; None for triggers that do not look at operations."""
        if isinstance(self.when, triggers.When):
            return _operation(self.what, self.target)
        if isinstance(self.when, OfOperations):
            return self.when.of or _operation(self.what, self.target)
        return None

    @property
    def single(self) -> bool:
        """Whether a strike befalls one operation, and is over with it."""
        return self.operation is not None and self.lasts is None and MANNERS[type(self.what)].single

    @property
    def span(self) -> Span:
        """When it may be there, as far as that is known beforehand."""
        begins, ends = self.between if self.between is not None else (Duration(0), None)
        if isinstance(self.when, At):
            once = self.lasts.value if isinstance(self.lasts, Constant) else None
            return Span(self.when.at, None if once is None else self.when.at + once)
        if isinstance(self.when, triggers.Every):
            begins = max(begins, self.when.begins)
        return Span(begins, ends if self.single else None)

    def general(self) -> "Fault":
        """The fault itself."""
        return self

    def generals(self) -> tuple["Fault", ...]:
        """The fault itself."""
        return (self,)


def _target(what: effects.Effect, where: str | None) -> str:
    return where if where is not None else MANNERS[type(what)].targets[0]


def _operation(what: effects.Effect, target: str) -> str | None:
    """The operation that is meant where nothing is said."""
    operations = (*MANNERS[type(what)].operations, *OPERATIONS[target_of(target).kind])
    return operations[0] if operations else None


_CALLED = {
    "disk": "the disk",
    "store": "the store",
    "handlers": "handlers",
    "projections": "projections",
    "clients": "clients",
    "links": "links",
}


def _listed(words: Iterable[str], last: str = "or") -> str:
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end


def _misplaced(what: effects.Effect, where: str | None) -> Iterator[Problem]:
    """An effect where it cannot strike."""
    effect, manner = type(what).__name__, MANNERS[type(what)]
    if where is None and manner.targets[0] == "links":
        yield Problem("where", None, f'{effect} strikes a link, so it must be said which: where = "client->handler"')
        return
    kind = target_of(_target(what, where)).kind
    if kind not in manner.targets:
        yield Problem("where", where, f"{effect} strikes {_listed(_CALLED[one] for one in manner.targets)}")
    elif isinstance(what, Crash) and kind != "store":
        for name in ("power", "tears"):
            if getattr(what, name):
                yield Problem(f"what.{name}", True, f"belongs to the store: {_CALLED[kind]} write nothing")


def _misbound(what: effects.Effect, when: triggers.Trigger, where: str | None) -> Iterator[Problem]:
    """A trigger that does not go with the effect or the target."""
    effect, manner, target = type(what).__name__, MANNERS[type(what)], _target(what, where)
    happens = OPERATIONS[target_of(target).kind]
    if isinstance(when, OfOperations | triggers.When) and not happens:
        message = f"{_CALLED['clients']} do nothing that can be counted: use a trigger of time"
        yield Problem("when", None, f"{type(when).__name__} picks operations, but {message}")
    elif isinstance(when, OfOperations) and when.of is not None:
        fitting = [one for one in manner.operations or happens if one in happens]
        if when.of not in happens:
            quoted = _listed(f'"{one}"' for one in happens)
            yield Problem("when.of", when.of, f'there is no such operation at "{target}": use {quoted}')
        elif when.of not in fitting:
            yield Problem("when.of", when.of, f'{effect} befalls "{_listed(fitting)}" only')
    after = (Crash, effects.Pause, effects.TwoInstances, effects.Custom)
    if isinstance(when, Nth) and when.side == "after" and not isinstance(what, after):
        names = _listed(one.__name__ for one in after)
        yield Problem("when.side", "after", f"belongs to {names}: {effect} must strike ahead of an operation to matter")
    if isinstance(what, effects.Die) and isinstance(when, triggers.Renewal | triggers.While):
        yield Problem("when", None, f"a disk that has died stays dead: {type(when).__name__} would bring it back")


def _length_said_elsewhere(what: effects.Effect, when: triggers.Trigger, lasts: Any) -> Iterator[Problem]:
    """A length where the trigger or the effect says it."""
    if lasts is None:
        return
    if isinstance(when, triggers.Renewal | triggers.While):
        yield Problem("lasts", shortened(lasts), f"must not be given: {type(when).__name__} says how long")
    elif MANNERS[type(what)].at_once:
        yield Problem(
            "lasts", shortened(lasts), f"must not be given: {type(what).__name__} {MANNERS[type(what)].at_once}"
        )


def _outside(when: triggers.Trigger, between: _Window) -> Iterator[Problem]:
    """A window that cannot be, or that is said of a single time."""
    if between is None:
        return
    begin, end = between
    if end is not None and end < begin:
        yield Problem("between", None, f"must not end ({end}) before it begins ({begin})")
    elif isinstance(when, At):
        hint = f'write when = "{begin}"' + (f', lasts = "{end - begin}"' if end is not None else "")
        yield Problem(
            "between", None, f"belongs to what strikes again and again; this strikes once, at {when.at}", hint
        )


class ShortFault(Settings):
    """What all short forms can tell."""

    at: Duration
    name: str | None

    @property
    def span(self) -> Span:
        """When the fault is there."""
        lasts: Duration | None = getattr(self, "lasts", None)
        return Span(self.at, None if lasts is None else self.at + lasts)

    @property
    def between(self) -> tuple[Duration, Duration | None] | None:
        """The same for the general form; None if it is always there."""
        span = self.span
        return (span.begins, span.ends) if span.begins or span.ends is not None else None

    @abstractmethod
    def general(self) -> Fault:
        """The same fault in the general form."""

    def generals(self) -> tuple[Fault, ...]:
        """The same fault in the general form: one fault, or one for each link."""
        return (self.general(),)


@value
class DiskFull(ShortFault):
    """Something else fills the disk: appends are refused until room is made.

    >>> from cqrsim.units import seconds
    >>> str(DiskFull(at=seconds(20), lasts=seconds(5)).span)
    'from 20s to 25s'
    """

    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["DiskFull"] = setting(default="DiskFull", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Full(), when=self.at, lasts=self.lasts, name=self.name)


@value
class WriteErrors(ShortFault):
    """A share of the writes fails with a clean error, and nothing is kept.

    >>> str(WriteErrors(share=0.01).span)
    'all the time'
    """

    share: Share
    """Which share."""
    at: Duration = Duration(0)
    """When it begins."""
    lasts: Maybe[Duration] = None
    """How long it lasts; "none": to the end."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["WriteErrors"] = setting(default="WriteErrors", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Refuse(), when=PerOperation(self.share), between=self.between, name=self.name)


@value
class AmbiguousErrors(ShortFault):
    """A share of the writes fails with an error, although the bytes may have been kept.

    >>> AmbiguousErrors(share=0.01).general().what
    Ambiguous()
    """

    share: Share
    """Which share."""
    kept: Share = 1.0
    """Which share of them is kept all the same; it shows when the store starts again."""
    at: Duration = Duration(0)
    """When it begins."""
    lasts: Maybe[Duration] = None
    """How long it lasts; "none": to the end."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["AmbiguousErrors"] = setting(default="AmbiguousErrors", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Ambiguous(self.kept), when=PerOperation(self.share), between=self.between, name=self.name)


@value
class FlushErrors(ShortFault):
    """A share of the flushes fails once, and what they should have written is taken for clean.

    >>> FlushErrors(share=0.01).general().operation
    'flush'
    """

    share: Share
    """Which share."""
    kept: Share = 0.0
    """Which share of them has written all the same."""
    at: Duration = Duration(0)
    """When it begins."""
    lasts: Maybe[Duration] = None
    """How long it lasts; "none": to the end."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["FlushErrors"] = setting(default="FlushErrors", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            effects.FlushError(self.kept),
            when=PerOperation(self.share, of="flush"),
            between=self.between,
            name=self.name,
        )


@value
class SlowDisk(ShortFault):
    """The disk is slower for a while.

    >>> from cqrsim.units import seconds
    >>> SlowDisk(factor=10, at=seconds(20), lasts=seconds(5)).factor
    10.0
    """

    factor: Growth
    """How many times slower."""
    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["SlowDisk"] = setting(default="SlowDisk", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Slow(self.factor), when=self.at, lasts=self.lasts, name=self.name)


@value
class Stall(ShortFault):
    """The disk does nothing for a while, and then goes on where it was.

    >>> from cqrsim.units import seconds
    >>> str(Stall(at=seconds(20), lasts=seconds(2)).span)
    'from 20s to 22s'
    """

    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    then: Literal["ok", "error"] = "ok"
    """What becomes of the operation that it froze in."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["Stall"] = setting(default="Stall", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Freeze(self.then), when=self.at, lasts=self.lasts, name=self.name)


@value
class LyingFlush(ShortFault):
    """Flushes are answered as done, but the bytes stay in a cache that a loss of power empties.

    >>> LyingFlush().general().what
    Lie()
    """

    at: Duration = Duration(0)
    """When it begins."""
    lasts: Maybe[Duration] = None
    """How long it lasts; "none": to the end."""
    holds: Maybe[PositiveDuration] = None
    """How long the cache holds bytes before they reach the medium after all; "none": as long as the fault lasts."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["LyingFlush"] = setting(default="LyingFlush", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Lie(self.holds), when=self.at, lasts=self.lasts, name=self.name)


@value
class DeadDisk(ShortFault):
    """The disk is gone for good, and the log with it.

    >>> from cqrsim.units import seconds
    >>> str(DeadDisk(at=seconds(20)).span)
    'from 20s on'
    """

    at: Duration
    """When it begins."""
    answers: YesNo = False
    """Whether it answers with errors, or not at all."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["DeadDisk"] = setting(default="DeadDisk", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Die(self.answers), when=self.at, name=self.name)


@value
class ConsumeDisk(ShortFault):
    """Something else fills the disk bit by bit, and makes room again when it is over.

    >>> from cqrsim.units import mb, seconds
    >>> ConsumeDisk(mb(1), at=seconds(20), lasts=seconds(5)).per_second
    mb(1)
    """

    per_second: Size
    """Bytes that it takes each second."""
    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["ConsumeDisk"] = setting(default="ConsumeDisk", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Consume(self.per_second), when=self.at, lasts=self.lasts, name=self.name)


@value
class PowerLoss(ShortFault):
    """The store's machine loses its power: what was written and not flushed is gone.

    >>> from cqrsim.units import seconds
    >>> PowerLoss(at=seconds(20), restart=seconds(30)).general().what.power
    True
    """

    at: Duration
    """When."""
    restart: DistributionSetting = setting(default=seconds(1))
    """Time until it runs again."""
    tears: YesNo = False
    """Whether the write that was under way may have reached the medium in part."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["PowerLoss"] = setting(default="PowerLoss", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(Crash(power=True, restart=self.restart, tears=self.tears), when=self.at, name=self.name)


@value
class StoreCrash(ShortFault):
    """The event store's process dies: what was written outlives it, flushed or not.

    >>> from cqrsim.units import seconds
    >>> StoreCrash(at=seconds(20)).general().target
    'store'
    """

    at: Duration
    """When."""
    restart: DistributionSetting = setting(default=seconds(1))
    """Time until it runs again."""
    while_down: Literal["held", "lost"] = "held"
    """What becomes of messages to it while it is down: they wait for it, or are lost."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["StoreCrash"] = setting(default="StoreCrash", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(Crash(restart=self.restart, while_down=self.while_down), when=self.at, name=self.name)


@value
class FailOver(ShortFault):
    """A replica takes the event store's place, and has not heard of the latest appends.

    >>> from cqrsim.units import seconds
    >>> FailOver(at=seconds(20), appends=4).general().what
    Promote(appends=4)
    """

    at: Duration
    """When."""
    lag: Maybe[Duration] = None
    """How far it is behind in time; "none": that is said by ``appends``."""
    appends: Maybe[Number] = None
    """How many appends it is behind; "none": that is said by ``lag``; with neither it lacks nothing."""
    switch: DistributionSetting = setting(default=seconds(5))
    """Time during which nobody answers."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["FailOver"] = setting(default="FailOver", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """A lag said twice."""
        if known.has("lag", "appends") and known.lag is not None and known.appends is not None:
            yield Problem("appends", known.appends, f"say either appends or lag ({known.lag}), not both")

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Promote(self.lag, self.appends or 0, self.switch), when=self.at, name=self.name)


@value
class SilentChange(ShortFault):
    """Stored records change, and mostly nobody notices.

    >>> from cqrsim.units import seconds
    >>> SilentChange(at=seconds(20), records=3).general().what
    Corrupt(records=3)
    """

    at: Duration
    """When."""
    records: Count = 1
    """How many, each drawn from all that are stored."""
    detected: Share = 0.0
    """Which share of them a reader or a restart notices, by a checksum."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["SilentChange"] = setting(default="SilentChange", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Corrupt(self.records, self.detected), when=self.at, name=self.name)


@value
class LostMessages(ShortFault):
    """A share of the messages on one link never arrives.

    >>> LostMessages(share=0.1, link="store->handler").share
    0.1
    """

    share: Share
    """Which share."""
    link: LinkOrWay = "store->projection"
    """Which link, such as "client->handler"; "store->projection.board" is the way to one projection."""
    at: Duration = Duration(0)
    """When it begins."""
    lasts: Maybe[Duration] = None
    """How long it lasts; "none": to the end."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["LostMessages"] = setting(default="LostMessages", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            effects.Drop(), when=PerOperation(self.share), where=self.link, between=self.between, name=self.name
        )


@value
class DuplicateMessages(ShortFault):
    """A share of the messages on one link arrives twice.

    >>> DuplicateMessages(0.1, "client->handler").general().what
    Duplicate()
    """

    share: Share
    """Which share."""
    link: LinkOrWay
    """Which link, such as "client->handler"; "store->projection.board" is the way to one projection."""
    after: DistributionSetting = setting(default=Duration(0))
    """Time from the message to its copy."""
    at: Duration = Duration(0)
    """When it begins."""
    lasts: Maybe[Duration] = None
    """How long it lasts; "none": to the end."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["DuplicateMessages"] = setting(default="DuplicateMessages", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            effects.Duplicate(self.after),
            when=PerOperation(self.share),
            where=self.link,
            between=self.between,
            name=self.name,
        )


@value
class DelayedMessages(ShortFault):
    """Messages on one link arrive later: all of them, or a share.

    >>> from cqrsim.units import ms
    >>> DelayedMessages(ms(50), "store->handler", share=0.1).by
    Constant(value=ms(50))
    """

    by: DistributionSetting
    """By how much."""
    link: LinkOrWay
    """Which link, such as "client->handler"; "store->projection.board" is the way to one projection."""
    share: Share = 1.0
    """Which share."""
    at: Duration = Duration(0)
    """When it begins."""
    lasts: Maybe[Duration] = None
    """How long it lasts; "none": to the end."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["DelayedMessages"] = setting(default="DelayedMessages", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            effects.Delay(self.by),
            when=PerOperation(self.share),
            where=self.link,
            between=self.between,
            name=self.name,
        )


@value
class Partition(ShortFault):
    """One or several links are cut for a while.

    >>> from cqrsim.units import seconds
    >>> both = Partition(["handler->store", "store->handler"], at=seconds(20), lasts=seconds(5), name="cable")
    >>> [fault.name for fault in both.generals()]
    ['cable handler->store', 'cable store->handler']
    """

    link: LinksSetting
    """Which link, such as "client->handler", or a list of links."""
    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    held: YesNo = False
    """Whether messages wait until the link is whole again, or are lost."""
    name: Name | None = None
    """What it is called; if not given, its kind and number.  Of several links, each has the link's name behind it."""
    kind: Literal["Partition"] = setting(default="Partition", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form, if it is about one link."""
        found = self.generals()
        if len(found) > 1:
            raise ScenarioError((Problem("link", None, "there are several links: ask for generals()"),), "Partition")
        return found[0]

    def generals(self) -> tuple[Fault, ...]:
        """One fault for each link."""
        names = partition_names(self.name, self.link) if self.name is not None else (None,) * len(self.link)
        return tuple(
            Fault(effects.Cut(self.held), when=self.at, where=link, lasts=self.lasts, name=name)
            for link, name in zip(self.link, names, strict=True)
        )


def partition_names(name: str, links: Iterable[str]) -> tuple[str, ...]:
    """What the faults of a partition are called: as itself, or with the links behind; names hold no dot.

    >>> partition_names("cut", ["store->handler", "store->projection.board"])
    ('cut store->handler', 'cut store->projection board')
    """
    links = tuple(links)
    return (name,) if len(links) == 1 else tuple(f"{name} {link.replace('.', ' ')}" for link in links)


@value
class HandlerCrash(ShortFault):
    """A command handler dies and starts again: its state, its turns and its queue are gone.

    >>> from cqrsim.units import seconds
    >>> HandlerCrash(at=seconds(20), shard=2).general().target
    'handlers.2'
    """

    at: Duration
    """When."""
    restart: DistributionSetting = setting(default=seconds(1))
    """Time until it runs again."""
    shard: Maybe[Number] = None
    """Which shard, from 0; "none": all of them."""
    while_down: Literal["held", "lost"] = "held"
    """What becomes of messages to it while it is down: they wait for it, or are lost."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["HandlerCrash"] = setting(default="HandlerCrash", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            Crash(restart=self.restart, while_down=self.while_down),
            when=self.at,
            where=_one_of("handlers", self.shard),
            name=self.name,
        )


@value
class Overlap(ShortFault):
    """Two instances of a command handler run side by side for a while, as in a rolling upgrade.

    >>> from cqrsim.units import seconds
    >>> Overlap(at=seconds(20), lasts=seconds(5)).general().what
    TwoInstances()
    """

    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    shard: Maybe[Number] = None
    """Which shard, from 0; "none": all of them."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["Overlap"] = setting(default="Overlap", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            effects.TwoInstances(),
            when=self.at,
            where=_one_of("handlers", self.shard),
            lasts=self.lasts,
            name=self.name,
        )


@value
class Zombie(ShortFault):
    """A command handler stands still, is replaced, and comes back as if nothing had been.

    >>> from cqrsim.units import seconds
    >>> Zombie(at=seconds(20), lasts=seconds(5)).general().what
    Pause()
    """

    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    shard: Maybe[Number] = None
    """Which shard, from 0; "none": all of them."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["Zombie"] = setting(default="Zombie", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            effects.Pause(),
            when=self.at,
            where=_one_of("handlers", self.shard),
            lasts=self.lasts,
            name=self.name,
        )


@value
class ProjectionCrash(ShortFault):
    """A projection dies, starts again, and builds its state anew.

    >>> from cqrsim.units import seconds
    >>> ProjectionCrash(at=seconds(20), projection="board").general().target
    'projections.board'
    """

    at: Duration
    """When."""
    restart: DistributionSetting = setting(default=seconds(1))
    """Time until it runs again."""
    projection: Maybe[Name] = None
    """Which one; "none": all of them."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["ProjectionCrash"] = setting(default="ProjectionCrash", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            Crash(restart=self.restart), when=self.at, where=_one_of("projections", self.projection), name=self.name
        )


@value
class ClientDisconnect(ShortFault):
    """Clients lose their connection for a while: what is said to them does not reach them.

    >>> from cqrsim.units import seconds
    >>> ClientDisconnect(at=seconds(20), lasts=seconds(5)).general().target
    'clients'
    """

    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    group: Maybe[Name] = None
    """Which group of clients; "none": all of them."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["ClientDisconnect"] = setting(default="ClientDisconnect", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(
            effects.Disconnect(),
            when=self.at,
            where=_one_of("clients", self.group),
            lasts=self.lasts,
            name=self.name,
        )


@value
class Flood(ShortFault):
    """Clients send many more commands for a while, all or most of them invalid.

    >>> from cqrsim.units import per_second, seconds
    >>> Flood(per_second(200), at=seconds(20), lasts=seconds(5)).invalid
    1.0
    """

    rate: PositiveRate
    """How many more."""
    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    invalid: Share = 1.0
    """Which share of them is wrong in itself."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["Flood"] = setting(default="Flood", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Overload(self.rate, self.invalid), when=self.at, lasts=self.lasts, name=self.name)


def _one_of(targets: str, one: str | int | None) -> str:
    return targets if one is None else f"{targets}.{one}"


AnyFault: TypeAlias = Annotated[
    Fault | DiskFull | WriteErrors | AmbiguousErrors | FlushErrors | SlowDisk | Stall | LyingFlush | DeadDisk
    | ConsumeDisk | PowerLoss | StoreCrash | FailOver | SilentChange | LostMessages | DuplicateMessages
    | DelayedMessages | Partition | HandlerCrash | Overlap | Zombie | ProjectionCrash | ClientDisconnect | Flood,
    Choice("fault"),
]  # fmt: skip


def fault_names(faults: Iterable[AnyFault]) -> tuple[str, ...]:
    """The given names; faults without one are called after their kind and their count among its kind.

    >>> from cqrsim.units import seconds
    >>> fault_names([WriteErrors(0.1), Stall(seconds(1), seconds(2), name="hiccup"), WriteErrors(0.2)])
    ('WriteErrors 1', 'hiccup', 'WriteErrors 2')
    """
    names, counts = [], dict[str, int]()
    for fault in faults:
        counts[fault.kind] = counts.get(fault.kind, 0) + 1
        names.append(fault.name if fault.name is not None else f"{fault.kind} {counts[fault.kind]}")
    return tuple(names)


def named_generals(faults: Iterable[AnyFault]) -> tuple[Fault, ...]:
    """All faults in the general form, each with a name.

    >>> from cqrsim.units import seconds
    >>> [fault.name for fault in named_generals([WriteErrors(0.1), DeadDisk(seconds(1), name="end")])]
    ['WriteErrors 1', 'end']
    """
    faults = tuple(faults)
    pairs = zip(faults, fault_names(faults), strict=True)
    return tuple(general for fault, name in pairs for general in fault.variant(name=name).generals())
