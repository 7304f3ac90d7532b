"""What an event store brings, and what can fail with it: the essay's section on event sourcing."""

from __future__ import annotations

from collections.abc import Iterator

from cqrsim.scenario.aggregates import Evenly
from cqrsim.scenario.claims import Claim, Condition, above, below, more
from cqrsim.scenario.clients import Retries
from cqrsim.scenario.disk_faults import DiskFull, LyingFlush, WriteErrors
from cqrsim.scenario.essay.systems import PLAIN, SMALL, shop
from cqrsim.scenario.message_faults import DuplicateMessages, LostMessages
from cqrsim.scenario.process_faults import ProjectionCrash
from cqrsim.scenario.state import LoadDecideAppend
from cqrsim.scenario.store_faults import PowerLoss
from cqrsim.units import ms, seconds, us


def claims() -> Iterator[Claim]:
    """Those of this section."""
    yield _store_keeps_all_events()
    yield _streams_are_quick_to_read()
    yield _messages_whole_or_not_at_all()
    yield _syncing_can_fail()
    yield _projections_can_be_thrown_away()


def _store_keeps_all_events() -> Claim:
    off = PowerLoss(at=seconds(3), restart=ms(500))
    return Claim(
        "store_keeps_all_events",
        "The event store writes every event to its disk, and is what everybody else can be rebuilt from.",
        "Event sourcing",
        {
            "power fails": shop().with_faults(off),
            "power fails, flushes lie": shop().with_faults(LyingFlush(), off),
        },
        (below("loss_share", "power fails", SMALL),),
        (
            Condition(
                "what the disk calls flushed is flushed",
                (above("loss_share", "power fails, flushes lie", PLAIN),),
            ),
        ),
    )


def _streams_are_quick_to_read() -> Claim:
    """A store without streams is one in which all events belong to one aggregate; nobody queues for turns in either."""
    loading = (
        shop()
        .with_(state=LoadDecideAppend())
        .with_({"clients.arrivals.rate": "50/s", "store.read": us(100), "store.read_per_event": us(20)})
    )
    return Claim(
        "streams_are_quick_to_read",
        "A store that groups events by aggregate gets one of them up to date sooner than reading all events would.",
        "Event sourcing",
        {
            "a stream for each of 1,000": loading,
            "one stream for everything": loading.with_(aggregates=Evenly(1)),
        },
        (more("turn_held_ms_mean", "one stream for everything", than="a stream for each of 1,000", by=1),),
    )


def _messages_whole_or_not_at_all() -> Claim:
    """That a message is whole is how the model is made; tested is that it arrives once, or not at all."""
    lossy = shop().with_faults(LostMessages(link="handler->client", share=0.05))
    again = Retries(at_most=2, first=ms(50))
    return Claim(
        "messages_whole_or_not_at_all",
        "The messaging layer delivers a message once and whole, or not at all.",
        "Failing disk writes",
        {
            "messages lost": lossy.with_({"clients.events": 3}),
            "messages lost, sent again": lossy.with_({"clients.patience": ms(100), "clients.retries": again}),
            "delivered twice": shop().with_faults(DuplicateMessages(link="client->handler", share=0.05)),
        },
        (
            below("duplicate_share", "messages lost", SMALL),
            above("durability_share", "messages lost", 1 - SMALL),
        ),
        (
            Condition(
                "nobody sends again what was not answered",
                (above("duplicate_share", "messages lost, sent again", PLAIN),),
            ),
            Condition(
                "the layer itself repeats nothing",
                (above("duplicate_share", "delivered twice", PLAIN),),
            ),
        ),
    )


def _syncing_can_fail() -> Claim:
    return Claim(
        "syncing_can_fail",
        "With an event store there is something new that can fail: the disk is full, or broken.",
        "Failing disk writes",
        {
            "disk well": shop(),
            "disk full": shop().with_faults(DiskFull(at=seconds(2), lasts=seconds(1))),
            "disk broken": shop().with_faults(WriteErrors(share=0.05)),
        },
        (
            above("durability_share", "disk well", 1 - SMALL),
            below("durability_share", "disk full", 0.9),
            below("durability_share", "disk broken", 0.98),
        ),
    )


def _projections_can_be_thrown_away() -> Claim:
    thrown = ProjectionCrash(at=seconds(2), restart=ms(200))
    return Claim(
        "projections_can_be_thrown_away",
        "The state of a projection can be thrown away and built anew from the events.",
        "State and life cycles",
        {
            "kept": shop(),
            "thrown away": shop().with_faults(thrown),
            "lacked some, thrown away": shop().with_faults(
                LostMessages(share=0.05, lasts=seconds(1)), ProjectionCrash(at=seconds(4), restart=ms(200))
            ),
        },
        (
            above("visibility_share", "thrown away", 1 - SMALL),
            above("visibility_share", "lacked some, thrown away", 1 - SMALL),
            more("lag_ms_mean", "thrown away", than="kept", by=10),
        ),
    )
