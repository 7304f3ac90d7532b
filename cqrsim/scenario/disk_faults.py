"""What strikes the disk: errors, stalls, lies, and the end of it or of its room."""

from typing import Literal

from cqrsim.scenario import effects
from cqrsim.scenario.checks import Growth, Maybe, Name, PositiveDuration, Share, YesNo
from cqrsim.scenario.fault import Fault, ShortFault
from cqrsim.scenario.triggers import PerOperation
from cqrsim.scenario.values import setting, value
from cqrsim.units import Duration, Size


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
