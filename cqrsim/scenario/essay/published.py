"""State from events: the essay's cases 2a (what the store publishes) and 2b (what the handler generates)."""

from __future__ import annotations

from collections.abc import Iterator

from cqrsim.scenario.aggregates import Evenly
from cqrsim.scenario.claims import Claim, Condition, above, below, more
from cqrsim.scenario.disk_faults import AmbiguousErrors, WriteErrors
from cqrsim.scenario.distributions import Exponential
from cqrsim.scenario.essay.systems import PLAIN, SMALL, contested, crowded, shop
from cqrsim.scenario.message_faults import LostMessages
from cqrsim.scenario.process_faults import HandlerCrash
from cqrsim.scenario.state import FromGenerated, FromPublished
from cqrsim.units import ms, seconds

FAILING = WriteErrors(share=0.05)
DIVERGENT = "decided_while_divergent_share"
"""The share of decisions that were made while the handler's state and the log had parted."""
SLOW_ECHO = {"network.store_to_subscriber": Exponential(ms(20)), "disk.write": Exponential(ms(2))}
"""Events take their time to come back, sometimes much longer than mostly."""


def claims() -> Iterator[Claim]:
    """Those of cases 2a and 2b, and of the essay's own implementation."""
    yield _published_state_is_consistent()
    yield _published_failures_are_silent()
    yield _timeout_is_hard_to_choose()
    yield _published_state_needs_turns()
    yield _turns_make_it_synchronous()
    yield _generated_state_is_consistent()
    yield _answer_tells_the_handler()
    yield _asynchronous_later()


def _published_state_is_consistent() -> Claim:
    state = FromPublished(give_up_after=ms(100))
    lost = LostMessages(link="store->subscriber", share=0.02)
    return Claim(
        "published_state_is_consistent",
        "If the store publishes only what it has written, a handler that follows it always agrees with it.",
        "State, case 2a",
        {
            "writes fail": contested().with_(state=state).with_faults(FAILING),
            "handler dies": contested().with_(state=state).with_faults(HandlerCrash(at=seconds(2), restart=ms(100))),
            "published before it is written": contested()
            .with_(state=state)
            .with_({"store.publish": "before_durable"})
            .with_faults(FAILING),
            "publications lost": contested().with_(state=state).with_faults(lost),
            "publications lost, gaps read": contested().with_(state=state.variant(catch_up=True)).with_faults(lost),
        },
        (
            below(DIVERGENT, "writes fail", SMALL),
            below(DIVERGENT, "handler dies", SMALL),
            above(DIVERGENT, "published before it is written", PLAIN),
        ),
        (
            Condition(
                "every published event reaches the handler, or it notices the gap and reads it",
                (
                    above(DIVERGENT, "publications lost", PLAIN),
                    more(
                        DIVERGENT,
                        "publications lost",
                        than="publications lost, gaps read",
                        by=PLAIN,
                    ),
                ),
            ),
        ),
    )


def _published_failures_are_silent() -> Claim:
    failing = shop().with_faults(FAILING)
    return Claim(
        "published_failures_are_silent",
        "In 2a nobody is told of an append that failed: nothing is published of it.",
        "State, case 2a",
        {
            "2a": failing.with_(state=FromPublished()),
            "2a, timeout of 1 s": failing.with_(state=FromPublished(give_up_after=seconds(1))),
            "2b": failing,
        },
        (
            below("failed_feedback_share", "2a", 0.05),
            above("silent_failure_share", "2a", PLAIN),
            above("failed_feedback_share", "2b", 0.95),
            more("failed_feedback_ms_mean", "2a, timeout of 1 s", than="2b", by=500),
        ),
    )


def _timeout_is_hard_to_choose() -> Claim:
    """Short ones take slow for failed, long ones keep everybody waiting behind what has failed."""
    echo = contested().with_(SLOW_ECHO).with_faults(FAILING).with_(aggregates=Evenly(10))
    echo = echo.with_({"clients.arrivals.rate": "50/s"})
    short, long = FromPublished(give_up_after=ms(30)), FromPublished(give_up_after=seconds(1))
    return Claim(
        "timeout_is_hard_to_choose",
        "In 2a a good timeout is hard to choose.",
        "State, case 2a",
        {
            "30 ms": echo.with_(state=short),
            "60 ms": echo.with_(state=FromPublished(give_up_after=ms(60))),
            "250 ms": echo.with_(state=FromPublished(give_up_after=ms(250))),
            "1 s": echo.with_(state=long),
            "2b": echo,
            "30 ms, versions checked": echo.with_(state=short).with_({"store.check_version": True}),
        },
        (
            above("false_failure_share", "30 ms", PLAIN),
            above("double_accept_share", "30 ms", SMALL),
            above("false_failure_share", "30 ms, versions checked", PLAIN),
            above("false_failure_share", "60 ms", PLAIN),
            more("turn_wait_ms_mean", "250 ms", than="2b", by=1),
            more("turn_wait_ms_mean", "1 s", than="250 ms", by=5),
        ),
    )


def _published_state_needs_turns() -> Claim:
    follows = crowded().with_(state=FromPublished())
    return Claim(
        "published_state_needs_turns",
        "In 2a the handler must lock: else a second command passes before the event of the first is back.",
        "State, case 2a",
        {"turns": follows, "no turns": follows.with_({"handlers.turn": "none"})},
        (
            below("double_accept_share", "turns", SMALL),
            above("double_accept_share", "no turns", SMALL),
        ),
    )


def _turns_make_it_synchronous() -> Claim:
    """On one aggregate 2a does one command per write and echo, whatever the load; on many it is not held up."""
    follows = shop().with_(state=FromPublished()).with_({"disk.write": ms(4)})
    return Claim(
        "turns_make_it_synchronous",
        "The lock of 2a makes it synchronous with the writes of the event store.",
        "State, case 2a",
        {
            "2a, one aggregate": follows.with_(aggregates=Evenly(1)),
            "2a, one aggregate, faster disk": follows.with_(aggregates=Evenly(1)).with_({"disk.write": ms(2)}),
            "2b without waiting, one aggregate": follows.with_(aggregates=Evenly(1), state=FromGenerated(wait=False)),
            "2a, many aggregates": follows,
        },
        (
            above("turn_held_ms_mean", "2a, one aggregate", 4),
            more("turn_held_ms_mean", "2a, one aggregate", than="2a, one aggregate, faster disk", by=1.8),
            below("turn_held_ms_mean", "2b without waiting, one aggregate", 1),
            above("turn_wait_ms_mean", "2a, one aggregate", 10),
        ),
        (
            Condition(
                "the commands are about the same aggregate",
                (below("turn_wait_ms_mean", "2a, many aggregates", 1),),
            ),
        ),
    )


def _generated_state_is_consistent() -> Claim:
    lost = LostMessages(link="store->handler", share=0.02)
    state = FromGenerated(give_up_after=ms(100))
    return Claim(
        "generated_state_is_consistent",
        "A handler that applies the events it generates itself agrees with the event store.",
        "State, case 2b",
        {
            "waits for the answer": contested().with_faults(FAILING),
            "does not wait": contested().with_(state=FromGenerated(wait=False)).with_faults(FAILING),
            "answers lost": contested().with_(state=state).with_faults(lost),
            "answers lost, reads again": contested().with_(state=state.variant(careful=True)).with_faults(lost),
        },
        (below(DIVERGENT, "waits for the answer", SMALL),),
        (
            Condition(
                "it waits for the store's answer before it applies them",
                (above(DIVERGENT, "does not wait", PLAIN),),
            ),
            Condition(
                "the answer arrives, or the handler reads the stream again in doubt",
                (
                    above(DIVERGENT, "answers lost", PLAIN),
                    more(DIVERGENT, "answers lost", than="answers lost, reads again", by=PLAIN),
                ),
            ),
        ),
    )


def _answer_tells_the_handler() -> Claim:
    return Claim(
        "answer_tells_the_handler",
        'A store that answers "written" or "error" lets the handler know whether to apply its event.',
        "State, case 2b",
        {
            "clean errors": contested().with_faults(FAILING),
            "errors of writes that were kept": contested().with_faults(AmbiguousErrors(share=0.05)),
        },
        (
            below(DIVERGENT, "clean errors", SMALL),
            above("failed_feedback_share", "clean errors", 0.95),
            below("false_failure_share", "clean errors", SMALL),
        ),
        (
            Condition(
                'an "error" means that nothing was kept',
                (above("false_failure_share", "errors of writes that were kept", PLAIN),),
            ),
        ),
    )


def _asynchronous_later() -> Claim:
    """The synchronous handler has one worker, and a write of 4 ms keeps it busy: others wait, of whatever aggregate."""
    synchronous = (
        contested()
        .with_faults(FAILING)
        .with_({"handlers.worker_waits": True, "disk.write": ms(4), "store.batch_at_most": None})
    )
    return Claim(
        "asynchronous_later",
        "Writes may begin as synchronous ones (2b), and be made asynchronous within the handler when that is needed.",
        "Rewind's implementation",
        {
            "synchronous": synchronous,
            "others go on": synchronous.with_({"handlers.worker_waits": False}),
            "nobody waits": synchronous.with_({"handlers.worker_waits": False}).with_(state=FromGenerated(wait=False)),
        },
        (
            more("turn_wait_ms_mean", "synchronous", than="others go on", by=1),
            below(DIVERGENT, "others go on", SMALL),
        ),
        (
            Condition(
                "the next command of the same aggregate still waits for the answer",
                (above(DIVERGENT, "nobody waits", PLAIN),),
            ),
        ),
    )
