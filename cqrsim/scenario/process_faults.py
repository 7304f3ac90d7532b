"""What strikes processes: handlers and projections die, stand still, or run twice."""

from typing import Literal

from cqrsim.scenario import effects
from cqrsim.scenario.checks import Maybe, Name, Number
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.fault import Fault, ShortFault
from cqrsim.scenario.targets import one_of
from cqrsim.scenario.values import setting, value
from cqrsim.units import Duration, seconds


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
            effects.Crash(restart=self.restart, while_down=self.while_down),
            when=self.at,
            where=one_of("handlers", self.shard),
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
            where=one_of("handlers", self.shard),
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
            where=one_of("handlers", self.shard),
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
            effects.Crash(restart=self.restart),
            when=self.at,
            where=one_of("projections", self.projection),
            name=self.name,
        )
