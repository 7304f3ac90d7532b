"""Small systems to compare engines on: one that uses every link, and random ones, rich in ties."""

from swarm.dice import Dice
from swarm.scenarios import scenario_of

import cqrsim as cq
from cqrsim import bytes_, ms, seconds

TIED = 3
"""Every so manieth random scenario is one in which much happens at once."""


def busy(**parts: object) -> cq.Scenario:
    """Few aggregates, two groups of clients in step, and every link in use; nothing goes wrong by itself."""
    settings: dict[str, object] = {
        "clients": (
            cq.Clients(cq.Regular(ms(6)), name="one", invalid=0.1, changes=((1, 0.5), (-1, 0.5)), patience=ms(90),
                       retries=cq.Retries(2, ms(5)), own_reads=cq.OwnReads(after=ms(1), count=2, gap=ms(2))),
            cq.Clients(cq.Regular(ms(9)), name="two", changes=((1, 0.5), (-1, 0.5)), feedback=cq.ForwardEvent()),
        ),
        "feedback": cq.SyncValidation("applied", wait_at_most=ms(40))
        | cq.ForwardEvent(poll=ms(20))
        | cq.ErrorCache(keep_for=ms(50), poll=ms(10), success_by="read_model"),
        "state": cq.FromPublished(give_up_after=ms(30), catch_up=True),
        "handlers": cq.Handlers(shards=2, workers=2, validate=ms(1)),
        "store": cq.EventStore(restart=ms(20)),
        "disk": cq.Disk(write=ms(3), flush=ms(1), capacity=bytes_(60_000)),
        "projections": (
            cq.Projection(ms(1), name="board", checkpoint_every=5, rebuild="checkpoint"),
            cq.Projection(cq.Exponential(ms(5)), name="list", catch_up=True, batch=3),
        ),
        "network": cq.Network(client_to_handler=ms(1), handler_to_store=ms(1), store_to_subscriber=ms(1)),
        "aggregates": cq.Evenly(4),
        "rule": cq.Range(0, 3),
        "length": ms(260),
        "grace": ms(20),
        "drain": seconds(5),
    }  # fmt: skip
    return cq.Scenario(**(settings | parts))  # type: ignore[arg-type]


def curious(**parts: object) -> cq.Scenario:
    """The same with clients that look everywhere until they find something, and handlers that load what they need."""
    looks = cq.ErrorCache(keep_for=ms(50), poll=ms(3), success_by="read_model", reload=ms(4))
    settings: dict[str, object] = {
        "feedback": looks | cq.ForwardEvent(poll=ms(2)),
        "state": cq.LoadDecideAppend(retries=2, give_up_after=ms(30)),
    }
    return busy(**(settings | parts))


def number(seed: int) -> cq.Scenario:
    """The random scenario of a number: one of the swarm, or the same in step."""
    return in_step(scenario_of(seed), seed) if seed % TIED == TIED - 1 else scenario_of(seed)


def in_step(scenario: cq.Scenario, seed: int) -> cq.Scenario:
    """The same scenario on a grid of 1 ms: clients come together, everything takes 0, 1 or 2 ms."""
    dice = Dice(f"in step {seed}")

    def time() -> cq.Constant:
        return cq.Constant(ms(dice.choice((0, 0, 1, 2))))

    def route(given: cq.Route) -> cq.Route:
        return given.variant(delay=time())

    pace = ms(dice.choice((2, 3, 4, 6)))
    routes = {name: route(getattr(scenario.network, name)) for name in sorted(cq.Network.__dataclass_fields__)}
    return scenario.with_(
        clients=[_in_step(group, pace) for group in scenario.groups],
        handlers=scenario.handlers.variant(validate=time()),
        disk=scenario.disk.variant(write=time(), flush=time()),
        projections=[view.variant(apply=time(), checkpoint=time()) for view in scenario.views],
        network=cq.Network(**routes),
        length=ms(200),
    )


def _in_step(group: cq.Clients, pace: cq.Duration) -> cq.Clients:
    """Clients that wait for answers go on doing so."""
    if isinstance(group.arrivals, cq.Closed):
        return group.variant(arrivals=group.arrivals.variant(think=pace, pace=None))
    return group.variant(arrivals=cq.Regular(pace))
