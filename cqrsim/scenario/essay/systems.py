"""The systems on which the essay's claims are tried: small, stable, and ordinary but for what a claim is about.

Assumed, not measured: 200 commands a second for five seconds, a disk that writes in 1.5 ms at the median and 8 ms at
the 99 % quantile (busy two fifths of the time), 0.2 ms for a message, 0.2 ms to validate a
command, and clients that give up after three seconds.
"""

from __future__ import annotations

from cqrsim.scenario.aggregates import Evenly
from cqrsim.scenario.arrivals import Poisson
from cqrsim.scenario.clients import Clients
from cqrsim.scenario.distributions import Exponential, LogNormal
from cqrsim.scenario.feedback import SyncValidation
from cqrsim.scenario.handlers import Handlers
from cqrsim.scenario.projections import Projection
from cqrsim.scenario.rules import Range
from cqrsim.scenario.scenario import Scenario
from cqrsim.scenario.store import Disk
from cqrsim.units import ms, per_second, seconds, us

SMALL = 0.001
"""A share that nobody would notice: one command in a thousand."""

PLAIN = 0.01
"""A share that cannot be overlooked: one in a hundred."""


def shop() -> Scenario:
    """A system in which every command is valid and nothing goes wrong.

    >>> shop().faults, shop().rule
    ((), None)
    """
    return Scenario(
        clients=Clients(Poisson(per_second(200)), patience=seconds(3)),
        feedback=SyncValidation("written"),
        handlers=Handlers(validate=LogNormal(p50=us(200), p99=ms(1))),
        disk=Disk(write=LogNormal(p50=ms(1.5), p99=ms(8))),
        projections=Projection(apply=Exponential(ms(1))),
        network=us(200),
        aggregates=Evenly(1000),
        length=seconds(5),
    )


def contested() -> Scenario:
    """A shop in which commands exclude each other: each of 40 things is taken and given back, one at a time.

    >>> contested().rule
    Range(low=0, high=1)
    """
    return shop().with_(rule=Range(0, 1), aggregates=Evenly(40)).with_({"clients.changes": {1: 1, -1: 1}})


def crowded() -> Scenario:
    """A contested shop of only five things, so that two commands about one often meet.

    >>> crowded().aggregates
    Evenly(count=5)
    """
    return contested().with_(aggregates=Evenly(5))
