"""Command handlers that come and go: the essay on life cycles, upgrades and shards."""

from __future__ import annotations

from collections.abc import Iterator

from cqrsim.scenario.aggregates import Evenly
from cqrsim.scenario.claims import Claim, Condition, above, below, more
from cqrsim.scenario.essay.systems import PLAIN, SMALL, contested, shop
from cqrsim.scenario.process_faults import HandlerCrash, Overlap
from cqrsim.scenario.state import FromPublished, LoadDecideAppend
from cqrsim.units import ms, seconds, us

RESTARTS = tuple(HandlerCrash(at=seconds(at), restart=ms(100)) for at in (1, 2, 3, 4))


def claims() -> Iterator[Claim]:
    """Those of life cycles, and of what 2a and 2b promise alike."""
    yield _state_makes_validation_fast()
    yield _handlers_come_and_go()
    yield _handlers_are_upgraded()
    yield _handlers_are_sharded()


def _state_makes_validation_fast() -> Claim:
    reading = shop().with_({"store.read": us(500)})
    return Claim(
        "state_makes_validation_fast",
        "A command handler keeps state so that it can validate fast.",
        "State and life cycles",
        {"keeps state": reading, "loads it each time": reading.with_(state=LoadDecideAppend())},
        (more("turn_held_ms_mean", "loads it each time", than="keeps state", by=0.5),),
    )


def _handlers_come_and_go() -> Claim:
    """A write ends within the 100 ms of a restart, but not within 10 us."""
    hurried = tuple(HandlerCrash(at=ms(100 * place), restart=us(10)) for place in range(2, 49))
    return Claim(
        "handlers_come_and_go",
        "Handlers may live shortly and start again when they are wanted, since the event store remembers for them.",
        "State and life cycles",
        {
            "2a": contested().with_(state=FromPublished()).with_faults(*RESTARTS),
            "2b": contested().with_faults(*RESTARTS),
            "2a, back at once": contested().with_(state=FromPublished()).with_faults(*hurried),
            "2b, back at once": contested().with_faults(*hurried),
        },
        (
            below("double_accept_share", "2a", SMALL),
            below("double_accept_share", "2b", SMALL),
            below("decided_while_divergent_share", "2a", SMALL),
            below("decided_while_divergent_share", "2b", SMALL),
        ),
        (
            Condition(
                "what the last one sent is written before the next one reads",
                (
                    above("double_accept_share", "2b, back at once", SMALL),
                    more("double_accept_share", "2b, back at once", than="2a, back at once", by=SMALL),
                ),
            ),
        ),
    )


def _handlers_are_upgraded() -> Claim:
    side_by_side = Overlap(at=seconds(1), lasts=seconds(3))
    return Claim(
        "handlers_are_upgraded",
        "Handlers that build their state from events (2a, 2b) are easily upgraded: a new one builds its own.",
        "State, cases 2a and 2b",
        {
            "2a, one after the other": contested().with_(state=FromPublished()).with_faults(*RESTARTS),
            "2b, one after the other": contested().with_faults(*RESTARTS),
            "2a, side by side": contested().with_(state=FromPublished()).with_faults(side_by_side),
            "2b, side by side": contested().with_faults(side_by_side),
            "2b, side by side, versions checked": contested()
            .with_({"store.check_version": True})
            .with_faults(side_by_side),
        },
        (
            below("double_accept_share", "2a, one after the other", SMALL),
            below("double_accept_share", "2b, one after the other", SMALL),
        ),
        (
            Condition(
                "the old one has ended before the new one begins, or the store checks versions",
                (
                    above("double_accept_share", "2b, side by side", SMALL),
                    more("double_accept_share", "2b, side by side", than="2a, side by side", by=PLAIN),
                    below("double_accept_share", "2b, side by side, versions checked", SMALL),
                ),
            ),
        ),
    )


def _handlers_are_sharded() -> Claim:
    """Validation takes 8 ms: one handler can do 125 commands a second, of 200 that come."""
    slow = {"handlers.validate": ms(8), "handlers.worker_waits": False}
    four = {**slow, "handlers.shards": 4}
    return Claim(
        "handlers_are_sharded",
        "Handlers that build their state from events (2a, 2b) are easily sharded: more of them do more.",
        "State, cases 2a and 2b",
        {
            "one handler": shop().with_(slow),
            "four shards, 2a": shop().with_(four).with_(state=FromPublished()),
            "four shards, 2b": shop().with_(four),
            "four shards, one aggregate": shop().with_(four).with_(aggregates=Evenly(1)),
        },
        (
            more("durable_per_s", "four shards, 2a", than="one handler", by=50),
            more("durable_per_s", "four shards, 2b", than="one handler", by=50),
            below("decided_while_divergent_share", "four shards, 2a", SMALL),
            below("decided_while_divergent_share", "four shards, 2b", SMALL),
        ),
        (
            Condition(
                "the commands are about many aggregates",
                (more("durable_per_s", "four shards, 2b", than="four shards, one aggregate", by=50),),
            ),
        ),
    )
