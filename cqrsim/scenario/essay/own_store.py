"""State in a store of the handler's own: the essay's case 1."""

from __future__ import annotations

from collections.abc import Iterator

from cqrsim.scenario.claims import Claim, above, below
from cqrsim.scenario.disk_faults import WriteErrors
from cqrsim.scenario.essay.systems import PLAIN, SMALL, contested
from cqrsim.scenario.state import OwnStore
from cqrsim.units import ms, seconds

FAILING = WriteErrors(share=0.05, lasts=seconds(3))
"""The disk recovers, so that it can be seen what heals by itself."""


def claims() -> Iterator[Claim]:
    """Those of case 1."""
    yield _own_store_parts()
    yield _own_store_is_hard_to_correct()


def _own_store_parts() -> Claim:
    own, event = OwnStore(ms(0.5)), OwnStore(ms(0.5), order="event_first")
    return Claim(
        "own_store_may_part",
        "If the handler has a store of its own, and anything goes wrong with writing events, the two disagree.",
        "State, case 1",
        {
            "disk well": contested().with_(state=own),
            "own store first": contested().with_(state=own).with_faults(FAILING),
            "event first": contested().with_(state=event).with_faults(FAILING),
            "2b": contested().with_faults(FAILING),
        },
        (
            below("decided_while_divergent_share", "disk well", SMALL),
            above("decided_while_divergent_share", "own store first", PLAIN),
            above("decided_while_divergent_share", "event first", PLAIN),
            below("decided_while_divergent_share", "2b", SMALL),
        ),
    )


def _own_store_is_hard_to_correct() -> Claim:
    own = contested().with_faults(FAILING)
    return Claim(
        "own_store_is_hard_to_correct",
        "Such a disagreement is hard to correct.",
        "State, case 1",
        {
            "left alone": own.with_(state=OwnStore(ms(0.5))),
            "compared every 500 ms": own.with_(state=OwnStore(ms(0.5), reconcile_every=ms(500))),
            "2b": own,
        },
        (
            above("divergent_aggregates_end", "left alone", 1),
            below("divergent_aggregates_end", "compared every 500 ms", 1),
            above("loss_share", "compared every 500 ms", SMALL),
            above("wrong_accept_per_million", "compared every 500 ms", 1000),
            below("loss_share", "2b", SMALL),
        ),
    )
