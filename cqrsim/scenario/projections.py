"""Projections: what applies the published events, and answers queries."""

from cqrsim.scenario.checks import Count, Maybe, Name, PositiveDuration
from cqrsim.scenario.distributions import DistributionOrNone, DistributionSetting
from cqrsim.scenario.values import Settings, setting, value
from cqrsim.units import Duration


@value
class Projection(Settings):
    """A projection applies events one after the other, pushed to it or polled.

    >>> from cqrsim.scenario.distributions import Exponential
    >>> from cqrsim.units import ms
    >>> Projection(apply=Exponential(ms(1))).name
    'view'
    """

    apply: DistributionSetting = setting(default=Duration(0))
    """Time to apply one event; the events of one command share their draw."""
    name: Name = "view"
    """What it is called, in tables and where others name it."""
    poll: Maybe[PositiveDuration] = None
    """Time between two looks for new events; "none": they are pushed to it.  A look crosses no link: delays and losses
    from store to projection have no effect on a projection that polls."""
    batch: Maybe[Count] = None
    """Appends that are applied together, at most (the events of one command stay together); "none": no limit."""
    commit: DistributionOrNone = setting(default=None)
    """Time to commit a batch, after which its events show together; "none": each shows when it is applied."""
    checkpoint_every: Maybe[Count] = None
    """Events between two checkpoints; "none": no checkpoints."""
    checkpoint: DistributionSetting = setting(default=Duration(0))
    """Time of one checkpoint."""
