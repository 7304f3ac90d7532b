"""What strikes the event store: it dies, a replica takes its place, its records change."""

from collections.abc import Iterator
from typing import Literal

from cqrsim.errors import Problem
from cqrsim.scenario import effects
from cqrsim.scenario.checks import Count, Maybe, Name, Number, Share, YesNo
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.fault import Fault, ShortFault
from cqrsim.scenario.values import Known, setting, value
from cqrsim.units import Duration, seconds


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
        return Fault(effects.Crash(power=True, restart=self.restart, tears=self.tears), when=self.at, name=self.name)


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
        return Fault(effects.Crash(restart=self.restart, while_down=self.while_down), when=self.at, name=self.name)


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
    """Which share of them a restart of the store notices, by a checksum."""
    name: Name | None = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["SilentChange"] = setting(default="SilentChange", kw_only=True, repr=False)

    def general(self) -> Fault:
        """The same fault in the general form."""
        return Fault(effects.Corrupt(self.records, self.detected), when=self.at, name=self.name)
