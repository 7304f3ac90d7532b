"""Projections: what applies the published events, and answers queries."""

from collections.abc import Iterator
from typing import Literal

from cqrsim.errors import Problem
from cqrsim.scenario.checks import Count, Maybe, Name, PositiveDuration, YesNo
from cqrsim.scenario.distributions import DistributionOrNone, DistributionSetting
from cqrsim.scenario.values import Known, Settings, setting, value
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
    catch_up: YesNo = False
    """Whether it notices gaps (by the position that each event says is before its own, and when the store starts again)
    and then reads the log from where it was."""
    buffer: Maybe[Count] = None
    """Published events that may wait for it; more are dropped, and nobody is told.  "none": no limit."""
    rebuild: Literal["zero", "checkpoint"] = "zero"
    """From where it reads the log when it starts again: from the beginning, or from its last checkpoint."""
    rebuild_per_event: DistributionOrNone = setting(default=None)
    """Time to apply one event then; "none": as ``apply``."""
    serves_while_rebuilding: YesNo = True
    """Whether it answers queries meanwhile, from what it has got so far."""

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Settings that would have no effect."""
        if known.has("poll") and known.poll is not None:
            if known.has("catch_up") and known.catch_up:
                yield Problem("catch_up", True, "belongs to events that are pushed: one that polls misses none")
            if known.has("buffer") and known.buffer is not None:
                yield Problem("buffer", known.buffer, "belongs to events that are pushed: one that polls fetches them")
        if known.has("rebuild", "checkpoint_every") and known.rebuild == "checkpoint" and not known.checkpoint_every:
            yield Problem("rebuild", "checkpoint", "needs checkpoint_every: without checkpoints there is none to read")
