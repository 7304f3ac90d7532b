"""The systems whose speed is measured."""

import cqrsim as cq
from cqrsim import ms, per_second, seconds

RATE = 200
"""Commands a second, in all of them."""

THREE_STATIONS = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(RATE))),
    handlers=cq.Handlers(validate=cq.Exponential(ms(1))),
    disk=cq.Disk(write=cq.Exponential(ms(2))),
    projections=cq.Projection(apply=cq.Exponential(ms(2))),
    length=seconds(100),
    grace=seconds(0),
)

BLOG = cq.presets.blog()

FULL = BLOG.with_(
    clients=BLOG.clients.variant(
        retries=cq.Retries(at_most=2, first=ms(100)),
        sessions=100,
        own_reads=cq.OwnReads(after=ms(5)),
        background_reads=cq.BackgroundReads(per_second(20)),
    ),
    feedback=cq.ForwardEvent(poll=ms(100)) | cq.ErrorCache(keep_for=seconds(30)),
    rule=cq.Range(0, 20, start=10),
    projections=(
        BLOG.projections,
        cq.Projection(cq.Exponential(ms(1)), "search", checkpoint_every=100, rebuild="checkpoint", catch_up=True),
    ),
    name="full",
)
"""Forward events and an error cache, polled; retries, own and background reads, a rule, two projections."""

HOSTILE = FULL.with_faults(*cq.presets.hostile())
"""The same under faults: writes that fail, messages lost, doubled and late, and a crash every 200 ms."""


def lasting(scenario: cq.Scenario, commands: int) -> cq.Scenario:
    """A scenario so long that about so many commands are issued."""
    length = seconds(commands / RATE)
    return scenario.with_(length=length, warm_up=min(scenario.warm_up, length / 10))
