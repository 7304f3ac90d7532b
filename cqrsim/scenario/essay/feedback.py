"""How a client learns what became of its command: the essay's section on asynchronicity, cases 1 to 4."""

from __future__ import annotations

from collections.abc import Iterator

from cqrsim.scenario.claims import Claim, Condition, above, below, more
from cqrsim.scenario.client_faults import ClientDisconnect
from cqrsim.scenario.disk_faults import DiskFull, WriteErrors
from cqrsim.scenario.essay.systems import PLAIN, SMALL, crowded, shop
from cqrsim.scenario.feedback import ErrorCache, ForwardEvent, Silence, SyncValidation
from cqrsim.scenario.message_faults import LostMessages
from cqrsim.scenario.process_faults import Overlap
from cqrsim.units import ms, seconds

WAIT = SyncValidation()
FORWARD = ForwardEvent(poll=ms(50))
SILENCE = Silence(reload=ms(500), patience=seconds(2))
CACHE = ErrorCache(keep_for=seconds(10), poll=ms(50))
MISTAKEN = shop().with_({"clients.invalid": 0.1})
"""One command in ten is wrong in itself."""
FULL = DiskFull(at=seconds(2), lasts=seconds(2))


def claims() -> Iterator[Claim]:
    """Those of this section."""
    yield _one_at_a_time()
    yield _waiting_takes_longer()
    yield _waiting_client_knows()
    yield _forward_event_tells()
    yield _pushed_or_polled()
    yield _handler_made_id()
    yield _silence_shows_success()
    yield _silence_tells_no_reason()
    yield _error_events_fill_the_store()
    yield _cache_spares_the_store()
    yield _cases_combine()


def _one_at_a_time() -> Claim:
    base = crowded()
    return Claim(
        "one_at_a_time",
        "A command handler lets only one command change an aggregate at a time.",
        "CQRS, definitions",
        {
            "turns": base,
            "no turns": base.with_({"handlers.turn": "none"}),
            "two instances": base.with_faults(Overlap(at=seconds(1), lasts=seconds(3))),
        },
        (below("double_accept_share", "turns", SMALL), above("double_accept_share", "no turns", SMALL)),
        (
            Condition(
                "there is one instance of the handler at a time",
                (above("double_accept_share", "two instances", SMALL),),
            ),
        ),
    )


def _waiting_takes_longer() -> Claim:
    return Claim(
        "waiting_takes_longer",
        "Where the client waits for the validation, it takes longer to push a command.",
        "Feedback, case 1",
        {
            "wait": shop().with_(feedback=WAIT),
            "forward event": shop().with_(feedback=FORWARD),
            "silence": shop().with_(feedback=SILENCE),
        },
        (
            more("answer_ms_mean", "wait", than="forward event", by=0.1),
            more("answer_ms_mean", "wait", than="silence", by=0.1),
        ),
    )


def _waiting_client_knows() -> Claim:
    failing = shop().with_faults(WriteErrors(share=0.05))
    return Claim(
        "waiting_client_knows",
        'A client that waits for the validation knows afterwards whether its command succeeded: "accepted" or not.',
        "Feedback, case 1",
        {
            "disk well": MISTAKEN.with_(feedback=WAIT),
            "writes fail": failing.with_(feedback=WAIT),
            "writes fail, answered when written": failing,
        },
        (
            below("never_informed_share", "disk well", SMALL),
            below("false_success_share", "disk well", SMALL),
            below("false_success_share", "writes fail, answered when written", SMALL),
        ),
        (
            Condition(
                "what was accepted is also written",
                (above("false_success_share", "writes fail", PLAIN),),
            ),
        ),
    )


def _forward_event_tells() -> Claim:
    return Claim(
        "forward_event_tells",
        "Published events, error events among them, let a client learn later whether its command succeeded or failed.",
        "Feedback, case 2",
        {
            "forward event": MISTAKEN.with_(feedback=FORWARD),
            "forward event, disk full": MISTAKEN.with_(feedback=FORWARD).with_faults(FULL),
            "error cache, disk full": MISTAKEN.with_(feedback=CACHE).with_faults(FULL),
        },
        (
            above("refused_feedback_share", "forward event", 1 - PLAIN),
            above("durable_feedback_share", "forward event", 1 - PLAIN),
        ),
        (
            Condition(
                "the event store takes the error event, too: a full disk silences it",
                (
                    above("silent_failure_share", "forward event, disk full", PLAIN),
                    below("silent_failure_share", "error cache, disk full", SMALL),
                ),
            ),
        ),
    )


def _pushed_or_polled() -> Claim:
    away = ClientDisconnect(at=seconds(2), lasts=seconds(1))
    pushed, polled = ForwardEvent(push=True), FORWARD
    return Claim(
        "pushed_or_polled",
        "A client may ask for the outcome of its command, or have it pushed out to it.",
        "Feedback, case 2",
        {
            "pushed": MISTAKEN.with_(feedback=pushed),
            "polled": MISTAKEN.with_(feedback=polled),
            "pushed, client away": MISTAKEN.with_(feedback=pushed).with_faults(away),
            "polled, client away": MISTAKEN.with_(feedback=polled).with_faults(away),
        },
        (
            below("never_informed_share", "pushed", SMALL),
            below("never_informed_share", "polled", SMALL),
            below("never_informed_share", "polled, client away", SMALL),
        ),
        (
            Condition(
                "a client that is pushed to is there when it is told",
                (above("never_informed_share", "pushed, client away", PLAIN),),
            ),
        ),
    )


def _handler_made_id() -> Claim:
    lossy = MISTAKEN.with_faults(LostMessages(link="handler->client", share=0.05))
    return Claim(
        "handler_made_id_needs_a_way_back",
        "To ask for its outcome a client needs the command's id; one that the handler makes must find its way back.",
        "Feedback, case 2",
        {
            "client makes it": lossy.with_(feedback=FORWARD),
            "handler makes it": lossy.with_(feedback=FORWARD.variant(command_id="handler")),
        },
        (
            below("never_informed_share", "client makes it", SMALL),
            above("never_informed_share", "handler makes it", PLAIN),
        ),
    )


def _silence_shows_success() -> Claim:
    silent = shop().with_(feedback=SILENCE)
    return Claim(
        "silence_shows_success",
        "A silent client finds what it has created when it asks a projection, and does not find what has failed.",
        "Feedback, case 3",
        {
            "silence": silent,
            "publications lost": silent.with_faults(LostMessages(share=0.05)),
            "projection too slow": silent.with_({"projections.apply": ms(8)}),
        },
        (
            above("durable_feedback_share", "silence", 1 - PLAIN),
            below("false_failure_share", "silence", SMALL),
        ),
        (
            Condition(
                "every published event reaches the projection",
                (above("false_failure_share", "publications lost", PLAIN),),
            ),
            Condition(
                "the projection keeps up, so that it shows what is there before the client despairs",
                (above("false_failure_share", "projection too slow", PLAIN),),
            ),
        ),
    )


def _silence_tells_no_reason() -> Claim:
    return Claim(
        "silence_tells_no_reason",
        "A silent client has no way to learn what went wrong.",
        "Feedback, case 3",
        {
            "silence": MISTAKEN.with_(feedback=SILENCE),
            "wait": MISTAKEN.with_(feedback=WAIT),
            "forward event": MISTAKEN.with_(feedback=FORWARD),
        },
        (
            below("refused_feedback_share", "silence", PLAIN),
            above("silent_failure_share", "silence", 0.05),
            above("refused_feedback_share", "wait", 1 - PLAIN),
            above("refused_feedback_share", "forward event", 1 - PLAIN),
        ),
    )


def _error_events_fill_the_store() -> Claim:
    """With half of the commands wrong, 400 bytes an event and 250 an error event: 1 + 250/400 times as many bytes."""
    wrong = shop().with_({"clients.invalid": 0.5})
    return Claim(
        "error_events_fill_the_store",
        "Clients that make many mistakes fill the event store with error events.",
        "Feedback, case 4",
        {
            "many mistakes": wrong.with_(feedback=FORWARD),
            "many mistakes, not stored": wrong.with_(feedback=WAIT),
            "few mistakes": shop().with_({"clients.invalid": 0.01}).with_(feedback=FORWARD),
        },
        (
            more("store_bytes_end", "many mistakes", than="many mistakes, not stored", by=100_000),
            more("error_bytes_end", "many mistakes", than="few mistakes", by=100_000),
        ),
    )


def _cache_spares_the_store() -> Claim:
    wrong = shop().with_({"clients.invalid": 0.5})
    short, crowded = CACHE.variant(keep_for=ms(20)), CACHE.variant(at_most=2)
    return Claim(
        "cache_spares_the_store",
        "A cache beside the store, whose entries expire, keeps validation errors out of it and still tells the client.",
        "Feedback, case 4",
        {
            "error cache": wrong.with_(feedback=CACHE),
            "error events": wrong.with_(feedback=FORWARD),
            "entries expire at once": wrong.with_(feedback=short),
            "room for two entries": wrong.with_(feedback=crowded),
        },
        (
            more("store_bytes_end", "error events", than="error cache", by=100_000),
            below("error_events_count", "error cache", 1),
            above("refused_feedback_share", "error cache", 1 - PLAIN),
        ),
        (
            Condition(
                "an entry outlives the time until its client looks",
                (below("refused_feedback_share", "entries expire at once", 0.9),),
            ),
            Condition(
                "the cache has room for all entries that live",
                (below("refused_feedback_share", "room for two entries", 0.9),),
            ),
        ),
    )


def _cases_combine() -> Claim:
    full = MISTAKEN.with_faults(FULL)
    return Claim(
        "cases_combine",
        "The cases can be combined, at the price of more of everything.",
        "Feedback, case 4",
        {
            "forward event, disk full": full.with_(feedback=FORWARD),
            "both, disk full": full.with_(feedback=FORWARD | CACHE),
            "forward event": MISTAKEN.with_(feedback=FORWARD),
            "error cache": MISTAKEN.with_(feedback=CACHE),
            "both": MISTAKEN.with_(feedback=FORWARD | CACHE),
        },
        (
            more("silent_failure_share", "forward event, disk full", than="both, disk full", by=PLAIN),
            below("never_informed_share", "both, disk full", SMALL),
            more("messages_per_command", "both", than="forward event", by=0.5),
            more("error_events_count", "both", than="error cache", by=10),
        ),
    )
