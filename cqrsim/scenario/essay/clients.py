"""Who issues commands, and how often they go wrong: the essay's section on the client."""

from __future__ import annotations

from collections.abc import Iterator

from cqrsim.scenario.claims import Claim, Condition, above, below, more
from cqrsim.scenario.clients import OwnReads, PreValidation
from cqrsim.scenario.disk_faults import DiskFull
from cqrsim.scenario.essay.systems import PLAIN, SMALL, contested, shop
from cqrsim.scenario.feedback import ForwardEvent, Silence, SyncValidation
from cqrsim.units import ms, seconds

SILENCE = Silence(reload=ms(500), patience=seconds(2))
MISTAKEN = {"clients.invalid": 0.05}
"""One command in twenty is wrong in itself."""
CHECKED = {**MISTAKEN, "clients.pre_validation": PreValidation(caught=0.99)}
"""99 of 100 of those are caught before they are sent."""


def claims() -> Iterator[Claim]:
    """Those of this section."""
    yield _web_tier_and_silence()
    yield _interface_and_silence()
    yield _nearly_all_go_through()
    yield _errors_are_not_immediate()
    yield _reload_shows_the_truth()


def _web_tier_and_silence() -> Claim:
    silent = shop().with_(feedback=SILENCE)
    full = DiskFull(at=seconds(2), lasts=seconds(1))
    return Claim(
        "web_tier_and_silence",
        "Where a web tier catches 99 % of the invalid commands, the rest may be dropped in silence.",
        "Who is the client",
        {
            "checked before": silent.with_(CHECKED),
            "not checked": silent.with_(MISTAKEN),
            "checked before, disk full": silent.with_(CHECKED).with_faults(full),
        },
        (
            below("silent_failure_share", "checked before", 2 * SMALL),
            above("silent_failure_share", "not checked", PLAIN),
        ),
        (
            Condition(
                "commands fail only because they are invalid: what the store does not take is dropped as silently",
                (above("silent_failure_share", "checked before, disk full", PLAIN),),
            ),
        ),
    )


def _interface_and_silence() -> Claim:
    return Claim(
        "interface_and_silence",
        "An interface that offers only what is possible prevents 99 % of the errors, so that silence will do.",
        "Who is the client",
        {
            "checked by the interface": shop().with_(feedback=SILENCE).with_(CHECKED),
            "others change the state": contested().with_(feedback=SILENCE).with_(CHECKED),
        },
        (below("silent_failure_share", "checked by the interface", 2 * SMALL),),
        (
            Condition(
                "the interface knows all that forbids a command: not what others have done meanwhile",
                (above("silent_failure_share", "others change the state", PLAIN),),
            ),
        ),
    )


def _nearly_all_go_through() -> Claim:
    """Who simply expects success is wrong as often as a silent client's command fails."""
    hopeful = shop().with_(feedback=SILENCE)
    return Claim(
        "nearly_all_go_through",
        "99 % of the commands succeed, so that an interface may simply expect it.",
        "Who is the client",
        {
            "own web tier": hopeful.with_(CHECKED),
            "customers, by an API": hopeful.with_({"clients.invalid": 0.2}),
            "scarce things": contested().with_(feedback=SILENCE).with_(CHECKED),
        },
        (below("silent_failure_share", "own web tier", PLAIN),),
        (
            Condition(
                "clients know what is valid before they send",
                (above("silent_failure_share", "customers, by an API", PLAIN),),
            ),
            Condition(
                "commands seldom exclude each other",
                (above("silent_failure_share", "scarce things", PLAIN),),
            ),
        ),
    )


def _errors_are_not_immediate() -> Claim:
    mistaken = shop().with_(MISTAKEN)
    return Claim(
        "errors_are_not_immediate",
        "Errors are not shown at once when a command is issued.",
        "Who is the client",
        {
            "forward event": mistaken.with_(feedback=ForwardEvent(poll=ms(50))),
            "wait": mistaken.with_(feedback=SyncValidation()),
        },
        (above("refused_feedback_ms_mean", "forward event", 20),),
        (
            Condition(
                "the client does not wait for the validation, as it does in case 1",
                (
                    below("refused_feedback_ms_mean", "wait", 5),
                    more("refused_feedback_ms_mean", "forward event", than="wait", by=20),
                ),
            ),
        ),
    )


def _reload_shows_the_truth() -> Claim:
    told = shop().with_({"projections.apply": ms(4)})
    return Claim(
        "reload_shows_the_truth",
        "A user who wonders whether it went wrong reloads the page, and sees how things are.",
        "Who is the client",
        {
            "reload after a second": told.with_({"clients.own_reads": OwnReads(after=seconds(1))}),
            "reload at once": told.with_({"clients.own_reads": OwnReads(after=ms(1))}),
        },
        (below("read_your_writes_violation_share", "reload after a second", SMALL),),
        (
            Condition(
                "the reload comes later than the projection lags behind",
                (above("read_your_writes_violation_share", "reload at once", PLAIN),),
            ),
        ),
    )
