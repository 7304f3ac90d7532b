"""What goes wrong, when, and for how long.

Every fault is a small class of its own, and reaches the others only through what becomes of appends, writes and
messages.  A fault that cannot fire (share 0, no length) leaves a run as it is, to the last bit.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from cqrsim.scenario.checks import Growth, LinkName, Maybe, Name, Share
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.values import Settings, setting, value
from cqrsim.units import Duration


@dataclass(frozen=True)
class Span:
    """From when until when; None means to the end."""

    begins: Duration
    ends: Duration | None

    def __str__(self) -> str:
        if self.ends is None:
            return f"from {self.begins} on" if self.begins else "all the time"
        return f"from {self.begins} to {self.ends}"


class Fault(Settings):
    """What all faults can tell."""

    at: Duration

    @property
    def span(self) -> Span:
        """When the fault is there."""
        lasts: Duration | None = getattr(self, "lasts", None)
        return Span(self.at, None if lasts is None else self.at + lasts)


@value
class DiskFull(Fault):
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


@value
class WriteErrors(Fault):
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


@value
class SlowDisk(Fault):
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


@value
class Stall(Fault):
    """The disk does nothing for a while, and then goes on where it was.

    >>> from cqrsim.units import seconds
    >>> str(Stall(at=seconds(20), lasts=seconds(2)).span)
    'from 20s to 22s'
    """

    at: Duration
    """When it begins."""
    lasts: Duration
    """How long it lasts."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["Stall"] = setting(default="Stall", kw_only=True, repr=False)


@value
class LostMessages(Fault):
    """A share of the messages on one link never arrives.

    >>> LostMessages(share=0.1, link="store->handler").share
    0.1
    """

    share: Share
    """Which share."""
    link: LinkName = "store->projection"
    """Which link, such as "client->handler"."""
    at: Duration = Duration(0)
    """When it begins."""
    lasts: Maybe[Duration] = None
    """How long it lasts; "none": to the end."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["LostMessages"] = setting(default="LostMessages", kw_only=True, repr=False)


AnyFault: TypeAlias = Annotated[DiskFull | WriteErrors | SlowDisk | Stall | LostMessages, Choice("fault")]
