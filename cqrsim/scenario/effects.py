"""What a fault does where it strikes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from cqrsim.errors import Problem
from cqrsim.scenario.checks import (
    FUNCTION,
    Count,
    Growth,
    Maybe,
    Number,
    PositiveDuration,
    PositiveRate,
    PositiveSize,
    Share,
    YesNo,
)
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.values import CodeOnly, Known, Settings, setting, value
from cqrsim.units import Duration, Size, seconds


class Effect(Settings):
    """What all effects have in common."""


@value
class Refuse(Effect):
    """The disk answers a write with a clean error, and keeps nothing.

    >>> Refuse("ENOSPC").code
    'ENOSPC'
    """

    code: Literal["EIO", "ENOSPC", "EROFS"] = "EIO"
    """What it says: an input/output error, no space left, or read-only."""
    kind: Literal["Refuse"] = setting(default="Refuse", kw_only=True, repr=False)


@value
class Full(Effect):
    """Something else has filled the disk: appends are refused until room is made.

    >>> Full()
    Full()
    """

    kind: Literal["Full"] = setting(default="Full", kw_only=True, repr=False)


@value
class Ambiguous(Effect):
    """The disk answers a write with an error, although it may have kept the bytes.

    >>> Ambiguous(kept=0.5).kept
    0.5
    """

    kept: Share = 1.0
    """Which share of the writes struck is kept all the same; it shows when the store starts again."""
    kind: Literal["Ambiguous"] = setting(default="Ambiguous", kw_only=True, repr=False)


@value
class FlushError(Effect):
    """A flush fails once, and the operating system takes what it should have written for clean.

    >>> FlushError().kept
    0.0
    """

    kept: Share = 0.0
    """Which share of the flushes struck has written all the same."""
    kind: Literal["FlushError"] = setting(default="FlushError", kw_only=True, repr=False)


@value
class Slow(Effect):
    """The disk takes longer.

    >>> from cqrsim.units import ms
    >>> Slow(10, added=ms(5)).factor
    10.0
    """

    factor: Growth = 1.0
    """How many times as long."""
    added: DistributionSetting = setting(default=Duration(0))
    """Time that comes on top, for each operation."""
    kind: Literal["Slow"] = setting(default="Slow", kw_only=True, repr=False)


@value
class Freeze(Effect):
    """The disk does nothing until the fault is over, and then goes on where it was.

    >>> Freeze(then="error").then
    'error'
    """

    then: Literal["ok", "error"] = "ok"
    """What becomes of the operation that it froze in."""
    kind: Literal["Freeze"] = setting(default="Freeze", kw_only=True, repr=False)


@value
class Die(Effect):
    """The disk is gone for good, and the log with it.

    >>> Die().answers
    False
    """

    answers: YesNo = False
    """Whether a dead disk answers with errors, or not at all."""
    kind: Literal["Die"] = setting(default="Die", kw_only=True, repr=False)


@value
class Lie(Effect):
    """A flush is answered as done, but the bytes stay in a cache that a loss of power empties.

    >>> from cqrsim.units import ms
    >>> Lie(holds=ms(700)).holds
    ms(700)
    """

    holds: Maybe[PositiveDuration] = None
    """How long the cache holds bytes before they reach the medium after all; "none": as long as the fault lasts."""
    kind: Literal["Lie"] = setting(default="Lie", kw_only=True, repr=False)


@value
class Consume(Effect):
    """Something else fills the disk bit by bit; when the fault is over, it makes room again.

    >>> from cqrsim.units import mb
    >>> Consume(mb(1)).at_most is None
    True
    """

    per_second: Size
    """Bytes that it takes each second."""
    at_most: Maybe[PositiveSize] = None
    """Bytes that it takes in all; "none": until the disk is full."""
    kind: Literal["Consume"] = setting(default="Consume", kw_only=True, repr=False)


@value
class Crash(Effect):
    """The store, a handler or a projection dies, and starts again.

    >>> from cqrsim.units import seconds
    >>> Crash(power=True, restart=seconds(30)).while_down
    'held'
    """

    power: YesNo = False
    """Whether the whole machine dies, and what was written and not flushed with it; only for the store."""
    restart: DistributionSetting = setting(default=seconds(1))
    """Time until it runs again."""
    tears: YesNo = False
    """Whether the write that was under way may have reached the medium in part; only with a loss of power."""
    while_down: Literal["held", "lost"] = "held"
    """What becomes of messages to it while it is down: they wait for it, or are lost.  What is published to a
    projection that is down is lost either way."""
    kind: Literal["Crash"] = setting(default="Crash", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """A torn write without a loss of power."""
        if known.has("power", "tears") and known.tears and not known.power:
            yield Problem("tears", True, "needs power = true: what is written outlives a process that dies")


@value
class Promote(Effect):
    """A replica takes the store's place, and has not heard of the latest appends.

    >>> Promote(appends=4).lag is None
    True
    """

    lag: Maybe[Duration] = None
    """How far it is behind in time; "none": that is said by ``appends``."""
    appends: Number = 0
    """How many appends it is behind."""
    switch: DistributionSetting = setting(default=seconds(5))
    """Time during which nobody answers."""
    kind: Literal["Promote"] = setting(default="Promote", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """A lag said twice."""
        if known.has("lag", "appends") and known.lag is not None and known.appends:
            yield Problem("appends", known.appends, f"say either appends or lag ({known.lag}), not both")


@value
class Corrupt(Effect):
    """Stored records change.

    >>> Corrupt(records=3, detected=0.9).records
    3
    """

    records: Count = 1
    """How many, each drawn from all that are stored."""
    detected: Share = 0.0
    """Which share of them a restart of the store notices, by a checksum; the others just say something else."""
    kind: Literal["Corrupt"] = setting(default="Corrupt", kw_only=True, repr=False)


@value
class TwoInstances(Effect):
    """A second instance of a shard runs beside the first one, as in a rolling upgrade; both take commands.

    When the fault is over, the second one stays, and the first takes no more.

    >>> TwoInstances()
    TwoInstances()
    """

    kind: Literal["TwoInstances"] = setting(default="TwoInstances", kw_only=True, repr=False)


@value
class Pause(Effect):
    """A handler stands still, as in a long garbage collection, and then goes on as if nothing had been.

    >>> Pause(takeover=False).takeover
    False
    """

    takeover: YesNo = True
    """Whether another instance takes its place meanwhile, so that it comes back as a zombie."""
    kind: Literal["Pause"] = setting(default="Pause", kw_only=True, repr=False)


@value
class Drop(Effect):
    """Messages never arrive.

    >>> Drop()
    Drop()
    """

    kind: Literal["Drop"] = setting(default="Drop", kw_only=True, repr=False)


@value
class Duplicate(Effect):
    """Messages arrive twice.

    >>> from cqrsim.units import ms
    >>> Duplicate(after=ms(5)).after
    Constant(value=ms(5))
    """

    after: DistributionSetting = setting(default=Duration(0))
    """Time from the message to its copy."""
    kind: Literal["Duplicate"] = setting(default="Duplicate", kw_only=True, repr=False)


@value
class Delay(Effect):
    """Messages arrive later.

    >>> from cqrsim.units import ms
    >>> Delay(ms(5)).by
    Constant(value=ms(5))
    """

    by: DistributionSetting
    """By how much."""
    kind: Literal["Delay"] = setting(default="Delay", kw_only=True, repr=False)


@value
class Cut(Effect):
    """A link is cut: nothing gets through.

    >>> Cut(held=True).held
    True
    """

    held: YesNo = False
    """Whether messages wait until the link is whole again, or are lost."""
    kind: Literal["Cut"] = setting(default="Cut", kw_only=True, repr=False)


@value
class Disconnect(Effect):
    """Clients lose their connection: what is said to them meanwhile does not reach them.

    >>> Disconnect()
    Disconnect()
    """

    kind: Literal["Disconnect"] = setting(default="Disconnect", kw_only=True, repr=False)


@value
class Overload(Effect):
    """Clients send many more commands, at random times.

    >>> from cqrsim.units import per_second
    >>> Overload(per_second(200)).invalid
    1.0
    """

    rate: PositiveRate
    """How many more."""
    invalid: Share = 1.0
    """Which share of them is wrong in itself."""
    kind: Literal["Overload"] = setting(default="Overload", kw_only=True, repr=False)


@value
class Custom(CodeOnly, Effect):
    """Whatever a function of your own does to the system.  It cannot be written to a file.

    >>> Custom(print).kind
    'Custom'
    """

    called = "the effect Custom"
    instead = "another effect"

    function: Annotated[Callable[[Any], None], FUNCTION]
    """Called with a view of the system at each strike."""
    kind: Literal["Custom"] = setting(default="Custom", kw_only=True, repr=False)


AnyEffect: TypeAlias = Annotated[
    Refuse | Full | Ambiguous | FlushError | Slow | Freeze | Die | Lie | Consume | Crash | Promote | Corrupt
    | TwoInstances | Pause | Drop | Duplicate | Delay | Cut | Disconnect | Overload | Custom,
    Choice("effect"),
]  # fmt: skip


@dataclass(frozen=True)
class Manner:
    """How an effect strikes: where, at which operations, and whether it lasts."""

    targets: tuple[str, ...]
    """Kinds of target; the first is meant where nothing is said, except for links, of which there are many."""
    operations: tuple[str, ...] = ()
    """Operations that it can be bound to; empty: all of its target."""
    single: bool = False
    """Whether it can befall one operation, and be over with it."""
    at_once: str = ""
    """Why it cannot be said to last; empty if it can."""


_SUDDEN = "happens at once"
_ANYWHERE = ("store", "disk", "handlers", "projections", "clients", "links")

MANNERS: dict[type[Effect], Manner] = {
    Refuse: Manner(("disk",), operations=("write",), single=True),
    Full: Manner(("disk",)),
    Ambiguous: Manner(("disk",), operations=("write",), single=True),
    FlushError: Manner(("disk",), operations=("flush",), single=True),
    Slow: Manner(("disk",), single=True),
    Freeze: Manner(("disk",)),
    Die: Manner(("disk",), at_once="is for ever"),
    Lie: Manner(("disk",), operations=("flush",), single=True),
    Consume: Manner(("disk",)),
    Crash: Manner(("store", "handlers", "projections"), at_once="lasts as long as its restart"),
    Promote: Manner(("store",), at_once="lasts as long as its switch"),
    Corrupt: Manner(("store",), at_once=_SUDDEN),
    TwoInstances: Manner(("handlers",)),
    Pause: Manner(("handlers",)),
    Drop: Manner(("links",), single=True),
    Duplicate: Manner(("links",), single=True),
    Delay: Manner(("links",), single=True),
    Cut: Manner(("links",)),
    Disconnect: Manner(("clients",)),
    Overload: Manner(("clients",)),
    Custom: Manner(_ANYWHERE, at_once=_SUDDEN),
}
"""How each effect strikes."""
