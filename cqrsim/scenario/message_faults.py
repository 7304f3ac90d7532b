"""What strikes messages: they are lost, doubled or late, or their links are cut."""

from collections.abc import Iterable
from typing import Literal

from cqrsim.errors import Problem, ScenarioError
from cqrsim.scenario import effects
from cqrsim.scenario.checks import Maybe, Name, Share, YesNo
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.fault import Fault, ShortFault
from cqrsim.scenario.targets import LinkOrWay, LinksSetting
from cqrsim.scenario.triggers import PerOperation
from cqrsim.scenario.values import setting, value
from cqrsim.units import Duration


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
