"""What strikes clients, and what they do to others: lost connections and floods."""

from typing import Literal

from cqrsim.scenario import effects
from cqrsim.scenario.checks import Maybe, Name, PositiveRate, Share
from cqrsim.scenario.fault import Fault, ShortFault
from cqrsim.scenario.targets import one_of
from cqrsim.scenario.values import setting, value
from cqrsim.units import Duration


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
            where=one_of("clients", self.group),
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
