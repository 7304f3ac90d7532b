"""The checker: silent about what is right, and it names who does what is wrong."""

from collections.abc import Callable

import pytest
from metrics.stories import Story

from cqrsim.messages import AppendOutcome, Channel, Decision, Link, Seen
from cqrsim.metrics import invariants
from cqrsim.moments import Moment

RIGHT: dict[str, Story] = {
    "nothing": Story(commands=0),
    "a good command": Story().store(1, 0).inform(5).look(6, Seen.YES),
    "one after the other": Story(commands=2).store(1, 0, 0).store(3, 1, 1, version=1),
    "a full disk": Story().issue(1).decide(2).send_append(2).fail(3).release(4),
    "a lost append": Story().issue(1).decide(2).row(2, Moment.APPEND_SENT).lose(2, Link.HANDLER_TO_STORE),
    "a publication lost": Story().issue(1).decide(2).send_append(2).write(3, 0).lose(3, Link.STORE_TO_PROJECTION),
    "published early, where that is allowed": Story(publishes_before_durable=True).issue(1).decide(2).send_append(2)
    .row(2, Moment.PUBLISHED, value=0).apply(3, 0).row(5, Moment.WRITTEN, value=0),
    "a late answer": Story(commands=2, fold_on="answer").issue(1, 0).decide(2, 0).send_append(2, 0)
    .row(3, Moment.HANDLER_GAVE_UP, 0).release(3, 0).store(4, 0, 1).fold(6, 1, 1).write(10, 1, 0).fold(11, 2, 0),
    "an error event": Story(commands=2).issue(1, 0).decide(2, 0, Decision.INVALID)
    .row(3, Moment.REFUSAL_STORED, 0, value=0).store(9, 1, 1),
}  # fmt: skip

Spoil = Callable[[], Story]

WRONG: dict[str, tuple[Spoil, str]] = {
    "issued twice": (lambda: Story().store(1, 0).row(9, Moment.ISSUED, value=9_000_000), "issued more than once"),
    "sent without being issued": (lambda: Story().row(1, Moment.SENT), "sent without being issued: command 0"),
    "received out of nowhere": (
        lambda: Story().row(1, Moment.ISSUED, value=0).row(2, Moment.RECEIVED, value=0),
        "received but not sent: command 0",
    ),
    "lost and received": (
        lambda: Story().store(1, 0).lose(1, Link.CLIENT_TO_HANDLER),
        "lost and received in one attempt: command 0",
    ),
    "caught and sent": (lambda: Story().store(1, 0).row(1, Moment.CAUGHT), "caught and sent"),
    "decided twice": (
        lambda: Story().store(1, 0).row(9, Moment.DECIDED, value=0),
        "decided more than once in one attempt",
    ),
    "told twice": (lambda: Story().store(1, 0).inform(5).inform(6), "informed more than once"),
    "written and failed": (lambda: Story().store(1, 0).fail(9), "written and failed in one attempt"),
    "written out of nowhere": (lambda: Story().issue(1).decide(2).write(3, 0), "append ended without arriving"),
    "appended though refused": (
        lambda: Story().issue(1).decide(2, decision=Decision.INVALID).send_append(2),
        "append sent without being accepted",
    ),
    "over capacity": (lambda: Story(capacity_bytes=399).store(1, 0), "more than 399 bytes stored: command 0"),
    "a gap in the log": (
        lambda: Story(commands=2).store(1, 0, 0).store(10, 2, 1, version=1),
        "position does not follow on the one before: command 1",
    ),
    "a position given twice": (
        lambda: Story(commands=2).store(1, 0, 0).store(10, 0, 1, version=1),
        "position given twice: command 1",
    ),
    "positions against time": (
        lambda: Story(commands=2, marks={"aggregate": [0, 1]}).store(10, 0, 0).store(1, 1, 1),
        "written before its position's turn: command 1",
    ),
    "a log that begins in the middle": (lambda: Story().store(1, 5), "the log begins at position 5"),
    "on another version": (
        lambda: Story(commands=2, expect_version=True).store(1, 0, 0).issue(9, 1).decide(10, 1)
        .send_append(10, 1, expected=0).write(11, 1, 1),
        "written on another version than it expected: command 1",
    ),
    "published before durable": (
        lambda: Story().issue(1).decide(2).send_append(2).row(3, Moment.PUBLISHED, value=0)
        .row(4, Moment.WRITTEN, value=0),
        "published before durable: command 0",
    ),
    "two in one turn": (
        lambda: Story(commands=2).issue(1, 0).decide(2, 0).issue(1, 1).decide(3, 1).release(9, 0).release(9, 1),
        "admitted while another has the turn of the aggregate: command 1",
    ),
    "two in the turn of a shard": (
        lambda: Story(commands=2, marks={"aggregate": [0, 2]}, turn="shard", shards=2).issue(1, 0).decide(2, 0)
        .issue(1, 1).decide(3, 1),
        "admitted while another has the turn of the shard: command 1",
    ),
    "more at work than workers": (
        lambda: Story(commands=2, marks={"aggregate": [0, 1]}).issue(1, 0).issue(1, 1)
        .row(1, Moment.RECEIVED, 0).row(1, Moment.ADMITTED, 0).row(1, Moment.RECEIVED, 1).row(1, Moment.ADMITTED, 1)
        .row(5, Moment.DECIDED, 0).row(5, Moment.DECIDED, 1),
        "more commands at work than workers",
    ),
    "issued too early": (lambda: Story().row(1, Moment.ISSUED, value=5_000_000), "issued before intended: command 0"),
    "applied before published": (
        lambda: Story().issue(1).decide(2).send_append(2).apply(2.5, 0).write(3, 0),
        "applied before an earlier step: command 0",
    ),
    "applied twice": (lambda: Story().store(1, 0).apply(9, 0), "applied more than once in view: command 0"),
    "applied in the wrong order": (
        lambda: Story(commands=2).issue(1, 0).decide(2, 0).send_append(2, 0).write(3, 0, 0).release(3, 0)
        .store(10, 1, 1, version=1).apply(90, 0, 0),
        "applied against the order of the log in view: command 1",
    ),
    "folded though not durable": (
        lambda: Story(fold_on="answer").issue(1).decide(2).send_append(2).fail(3).fold(4, 1),
        "folded but never durable: command 0",
    ),
    "folded too early": (
        lambda: Story(fold_on="publication").store(1, 0).fold(2, 1),
        "folded before durable: command 0",
    ),
    "folded with a hole": (
        lambda: Story(commands=2, fold_on="answer").store(1, 0, 0).store(10, 1, 1, version=1).fold(13, 2, 1),
        "folded ahead of an earlier event of its stream: command 1",
    ),
    "seen but not applied": (
        lambda: Story().issue(1).decide(2).send_append(2).write(3, 0).look(4, Seen.YES),
        "read in view otherwise than applied: command 0",
    ),
    "applied but not seen": (
        lambda: Story().store(1, 0).look(9, Seen.NO),
        "read in view otherwise than applied: command 0",
    ),
    "told of a success that is none": (
        lambda: Story().issue(1).decide(2).send_append(2).fail(3).inform(4, channel=Channel.EVENT_PUSH),
        "told of a success that is not durable: command 0",
    ),
    "admitted without arriving": (
        lambda: Story().issue(1).row(2, Moment.ADMITTED),
        "more have left the handler than came",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_silent_about_what_is_right(name: str) -> None:
    assert invariants(RIGHT[name].trace()) == []


@pytest.mark.parametrize("name", WRONG)
def test_it_names_what_is_wrong(name: str) -> None:
    spoil, rule = WRONG[name]
    assert any(broken.startswith(rule) for broken in invariants(spoil().trace())), invariants(spoil().trace())


def test_many_are_named_briefly() -> None:
    story = Story(commands=9)
    for command in range(9):
        story.row(command, Moment.SENT, command)
    assert invariants(story.trace()) == ["sent without being issued: commands 0, 1, 2, 3, 4 and 4 more"]


def test_measured_traces_need_not_have_every_step() -> None:
    story = Story(measured=True).row(1, Moment.RECEIVED).row(3, Moment.WRITTEN, outcome=AppendOutcome.OK)
    assert invariants(story.trace()) == []
    backwards = Story(measured=True).row(5, Moment.RECEIVED).row(3, Moment.WRITTEN, outcome=AppendOutcome.OK)
    assert invariants(backwards.trace()) == ["written before an earlier step: command 0"]
