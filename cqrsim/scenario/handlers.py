"""Command handlers: how many there are, how long they think, and who goes one at a time."""

from typing import Literal

from cqrsim.scenario.checks import Count, Maybe, Number, YesNo
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.values import Settings, setting, value
from cqrsim.units import Duration


@value
class Handlers(Settings):
    """Command handlers admit one command at a time per aggregate, and validate it.

    >>> from cqrsim.units import ms
    >>> Handlers(shards=4, validate=ms(0.2)).turn
    'aggregate'
    """

    shards: Count = 1
    """Aggregates are divided among so many handlers."""
    workers: Count = 1
    """Commands that each shard handles at the same time."""
    queue_limit: Maybe[Number] = None
    """Commands that may wait in a shard; more are refused unread.  0: none may; "none": no limit."""
    validate: DistributionSetting = setting(default=Duration(0))
    """Time to decide one command."""
    turn: Literal["aggregate", "shard", "everything", "none"] = "aggregate"
    """Within what only one command may be under way."""
    worker_waits: YesNo = False
    """Whether a worker stays busy until its command's turn has passed on."""
