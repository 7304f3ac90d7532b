"""The rules of crashes and recoveries: each is broken by one story, and kept by the one with a reason."""

from collections.abc import Callable
from typing import Any

import pytest
from metrics.stories import Story

from cqrsim.messages import Answer, AppendOutcome, Link, Operation, Part
from cqrsim.metrics import invariants
from cqrsim.moments import Moment
from cqrsim.trace import FaultNote

Spoil = Callable[[], Story]

HANDLER, INSTANCE = Part.HANDLER, Part.INSTANCE
WAITS: dict[str, Any] = {"fold_on": "answer", "wait_for": "answer", "answer_at": ("written",)}


def story(count: int = 1, **about: Any) -> Story:
    return Story(commands=count, faults=(FaultNote("power"),), **about)


def told(at: float, **about: Any) -> Story:
    """A command is answered at a time; it is written at 5 ms."""
    answered = story(**WAITS | about).issue(1).decide(2).send_append(2).write(5, 0).release(5)
    return answered.row(at, Moment.ANSWERED, outcome=Answer.SUCCESS)


def two_under_way(**about: Any) -> Story:
    """The turn passes before the first append has ended."""
    both = story(2, **WAITS | about).issue(1, 0).decide(2, 0).send_append(2, 0).release(3, 0)
    both.issue(1, 1).decide(4, 1).send_append(4, 1).release(6, 1)
    return both.write(5, 0, 0).write(6, 1, 1)


WRONG: dict[str, tuple[Spoil, str]] = {
    "vanished though it never was there": (
        lambda: story().issue(1).decide(2).send_append(2).fail(3).crash(5).vanish(5),
        "vanished without having been in the log: command 0",
    ),
    "vanished for no reason": (lambda: story().store(1, 0).vanish(9), "vanished without a fault or crash: command 0"),
    "vanished before the fault": (
        lambda: story().store(1, 0).vanish(9).crash(10).restart(11, value=0),
        "vanished without a fault or crash: command 0",
    ),
    "altered for no reason": (lambda: story().store(1, 0).alter(9), "altered without a fault or crash: command 0"),
    "found without a restart": (
        lambda: story().issue(1).decide(2).send_append(2).find(9, 0),
        "found without a restart of the store: command 0",
    ),
    "found though never given": (
        lambda: story().issue(1).decide(2).row(2, Moment.APPEND_SENT).crash(5).restart(9, value=1).find(9, 0),
        "found without having arrived: command 0",
    ),
    "found though known": (
        lambda: story().store(1, 0).crash(5).restart(9, value=1).find(9, 1),
        "found though it was in the log already: command 0",
    ),
    "a restart forgets": (
        lambda: story().store(1, 0).crash(5).restart(9, value=0),
        "the store starts with 0 events, and the log has 1",
    ),
    "a restart invents": (
        lambda: story().store(1, 0).crash(5).restart(9, value=2),
        "the store starts with 2 events, and the log has 1",
    ),
    "the dead decide": (
        lambda: story().issue(1).decide(9).crash(5, HANDLER).forget(5),
        "decided after its handler had crashed: command 0",
    ),
    "the dead release": (
        lambda: story().issue(1).decide(2).crash(5, HANDLER).forget(5).release(6),
        "released after its handler had crashed: command 0",
    ),
    "forgotten though never known": (
        lambda: story().issue(1).crash(5, HANDLER).forget(5),
        "forgotten but not received: command 0",
    ),
    "told too early": (lambda: told(4), "answered a success that was not durable: command 0"),
    "two appends under way": (two_under_way, "two appends of an aggregate under way at once: command 1"),
    "stored twice in one try": (
        lambda: story(attempts_per_try=3).store(1, 0).row(6, Moment.ADMITTED, attempt=1)
        .row(6, Moment.DECIDED, attempt=1, value=1).send_append(6, attempt=1).write(7, 1, attempt=1),
        "stored twice in one try: command 0",
    ),
    "a copy of nothing": (
        lambda: story(2, duplicates_from=4).store(1, 0).row(3, Moment.APPEND_RECEIVED, 1, 4, value=0),
        "append arrived without being sent: command 1",
    ),
    "received, and no copy": (
        lambda: story().row(1, Moment.ISSUED, value=0).row(2, Moment.RECEIVED, attempt=1, value=0),
        "received but not sent: command 0",
    ),
    "a position given again though nothing has vanished": (
        lambda: story(2).store(1, 0, 0).crash(5).restart(6, value=1).store(10, 0, 1, version=1),
        "position given twice: command 1",
    ),
    "a hole where something has vanished": (
        lambda: story(3).store(1, 0, 0).store(10, 1, 1, version=1).store(20, 2, 2, version=2)
        .crash(50).vanish(50, 1).restart(60, value=2),
        "position does not follow on the one before: command 2",
    ),
    "folded though it only died with the store": (
        lambda: story(**WAITS).issue(1).decide(2).send_append(2).fold(4, 1).crash(5)
        .fail(5, outcome=AppendOutcome.CRASHED, fault=0).restart(9, value=0),
        "folded but never durable: command 0",
    ),
    "failed twice": (
        lambda: story().issue(1).decide(2).send_append(2).fail(3).crash(5).fail(5, outcome=AppendOutcome.CRASHED),
        "append_failed more than once in one attempt: command 0",
    ),
    "published though it only vanished": (
        lambda: story().issue(1).decide(2).send_append(2).row(3, Moment.PUBLISHED, value=0).fail(4),
        "published before durable: command 0",
    ),
    "late without a reason": (
        lambda: story(2).issue(1, 0).decide(2, 0).send_append(2, 0).write(3, 0, 0).release(3, 0)
        .store(10, 1, 1, version=1).apply(20, 0, 0),
        "applied against the order of the log in view: command 1",
    ),
}  # fmt: skip

RIGHT: dict[str, Story] = {
    "vanished in a crash": story().store(1, 0).crash(9).vanish(9).restart(20, value=0),
    "cut off by the store that recovers": story().store(1, 0).row(8, Moment.CRASHED, -1, outcome=Part.STORE, value=-1)
    .restart(9, value=0).vanish(9, fault=-1),
    "a position given again": story(2).store(1, 0, 0).crash(5).vanish(5).restart(6, value=0).store(10, 0, 1),
    "vanished in a period": story().store(1, 0).row(4, Moment.FAULT_BEGAN, -1).vanish(5),
    "altered by a fault": story().store(1, 0).strike(9).alter(9),
    "failed, yet found": story().issue(1).decide(2).send_append(2).fail(3, fault=0).crash(5).restart(9, value=1)
    .find(9, 0),
    "an error event found": story().issue(1).decide(2).send_append(2).crash(5).restart(9, value=1)
    .row(9, Moment.RECOVERED, outcome=1, value=0),
    "told in time": told(6),
    "told at that instant": told(5),
    "told early by who does not wait": told(4, wait_for="nothing"),
    "told when decided": told(4, answer_at=("decided",)),
    "told before the flush": told(4).row(4, Moment.BUFFERED, value=0),
    "two under way, as the first was given up": two_under_way().row(3, Moment.HANDLER_GAVE_UP),
    "two under way, as nobody waits": two_under_way(wait_for="nothing"),
    "two under way, in two instances": two_under_way().restart(3, INSTANCE, value=0),
    "two under way, as nobody knows of the first": story(2, **WAITS).issue(1, 0).decide(2, 0).send_append(2, 0)
    .crash(3, HANDLER).forget(3, 0).restart(3.5, HANDLER, value=0)
    .issue(1, 1).decide(4, 1).send_append(4, 1).release(6, 1).write(5, 0, 0).write(6, 1, 1),
    "stored twice, as it was tried twice": story().store(1, 0).row(8, Moment.SENT, attempt=1).decide(9, attempt=1)
    .send_append(9, attempt=1).write(10, 1, attempt=1),
    "late, as the message was struck": story(2).issue(1, 0).decide(2, 0).send_append(2, 0).write(3, 0, 0)
    .release(3, 0).strike(3, 0, Operation.MESSAGE, 0).store(10, 1, 1, version=1).apply(20, 0, 0),
    "late, as the message was lost": story(2).issue(1, 0).decide(2, 0).send_append(2, 0).write(3, 0, 0)
    .release(3, 0).lose(3, Link.STORE_TO_PROJECTION).store(10, 1, 1, version=1).apply(20, 0, 0),
    "found on another version than it expected": story(2, expect_version=True).issue(1, 0).decide(2, 0)
    .send_append(2, 0, expected=0).fail(3, 0, outcome=AppendOutcome.ERROR, fault=0).release(4, 0)
    .issue(5, 1).decide(6, 1).send_append(6, 1, expected=0).write(7, 0, 1).restart(9, value=2).find(9, 1, 0),
    "a version given again": story(2, expect_version=True).issue(1, 0).decide(2, 0).send_append(2, 0, expected=0)
    .write(3, 0, 0).release(3, 0).crash(5).vanish(5).restart(6, value=0)
    .issue(7, 1).decide(8, 1).send_append(8, 1, expected=0).write(9, 0, 1),
    "acknowledged before the flush, folded and lost": story(**WAITS).issue(1).decide(2).send_append(2)
    .row(3, Moment.BUFFERED, value=0).fold(4, 1).release(4).crash(5).fail(5, outcome=AppendOutcome.CRASHED, fault=0)
    .restart(9, value=0),
    "waiting lost with the handler": story().issue(1).row(2, Moment.RECEIVED, value=0).crash(5, HANDLER).forget(5)
    .restart(9, HANDLER, value=0),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_breaks_a_rule_is_named(name: str) -> None:
    spoil, rule = WRONG[name]
    assert rule in invariants(spoil().trace())


@pytest.mark.parametrize("name", RIGHT)
def test_what_has_a_reason_is_not(name: str) -> None:
    assert invariants(RIGHT[name].trace()) == []
