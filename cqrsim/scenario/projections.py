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
    """Time to apply one event."""
    name: Name = "view"
    """What it is called, in tables and where others name it."""
    poll: Maybe[PositiveDuration] = None
    """Time between two looks for new events; "none": they are pushed to it."""
    batch: Maybe[Count] = None
    """Events that are applied together, at most; "none": no limit."""
    commit: DistributionOrNone = setting(default=None)
    """Time to commit a batch, after which its events show together; "none": each shows when it is applied."""
    checkpoint_every: Maybe[Count] = None
    """Events between two checkpoints; "none": no checkpoints."""
    checkpoint: DistributionSetting = setting(default=Duration(0))
    """Time of one checkpoint."""
