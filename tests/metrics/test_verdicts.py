"""Truth and belief, case by case."""

import numpy as np
import pytest
from metrics.stories import Story

from cqrsim.messages import Answer, AppendOutcome, Belief, Channel, Decision, Link
from cqrsim.metrics import commands, outcomes
from cqrsim.moments import Moment

STORIES: dict[str, tuple[Story, str, str]] = {
    "all went well": (Story().store(1, 0).inform(5), "durable", "success"),
    "told, and the disk is full": (
        Story().issue(1).decide(2).inform(2).send_append(2).fail(3),
        "not_durable",
        "success",
    ),
    "refused, and told so": (
        Story().issue(1).decide(2, decision=Decision.INVALID).inform(3, Answer.FAILURE),
        "refused",
        "failure",
    ),
    "refused, and told nothing": (Story().issue(1).decide(2, decision=Decision.FORBIDDEN), "refused", "never_told"),
    "turned away": (Story().issue(1).decide(2, decision=Decision.OVERLOADED), "refused", "never_told"),
    "lost on the way": (
        Story().issue(1).lose(1, Link.CLIENT_TO_HANDLER).give_up(50),
        "never_arrived",
        "unknown",
    ),
    "silence taken for failure, but stored": (
        Story().store(1, 0).give_up(50, Belief.PRESUMED_FAILURE),
        "durable",
        "presumed_failure",
    ),
    "told before giving up": (Story().store(1, 0).inform(5).give_up(50), "durable", "success"),
    "caught": (
        Story().row(1, Moment.ISSUED, value=1_000_000).row(2, Moment.CAUGHT),
        "caught",
        "failure",
    ),
    "append lost": (
        Story().issue(1).decide(2).row(2, Moment.APPEND_SENT).lose(2, Link.HANDLER_TO_STORE),
        "not_durable",
        "never_told",
    ),
    "append on its way": (Story().issue(1).decide(2).row(2, Moment.APPEND_SENT), "undecided", "never_told"),
    "append not yet sent": (Story().issue(1).decide(2), "undecided", "never_told"),
    "append waiting in the store": (Story().issue(1).decide(2).send_append(2), "undecided", "never_told"),
    "acknowledged, not flushed": (
        Story().issue(1).decide(2).send_append(2).row(3, Moment.BUFFERED, value=0).inform(4),
        "undecided",
        "success",
    ),
    "waiting for the turn": (Story().issue(1).row(1, Moment.RECEIVED), "undecided", "never_told"),
    "on its way to the handler": (Story().issue(1), "undecided", "never_told"),
    "passed by without a decision": (
        Story().issue(1).row(1, Moment.RECEIVED).row(1, Moment.ADMITTED).release(9),
        "refused",
        "never_told",
    ),
    "stored twice": (
        Story().store(1, 0).decide(10, attempt=1).send_append(10, attempt=1).write(11, 1, attempt=1).inform(12),
        "stored_twice",
        "success",
    ),
    "found to be there already": (
        Story().store(1, 0).decide(10, attempt=1).send_append(10, attempt=1)
        .fail(11, attempt=1, outcome=AppendOutcome.DUPLICATE).inform(12),
        "durable",
        "success",
    ),
    "a second try succeeded": (
        Story().issue(1).lose(1, Link.CLIENT_TO_HANDLER).row(9, Moment.SENT, attempt=1)
        .decide(10, attempt=1).send_append(10, attempt=1).write(11, 0, attempt=1),
        "durable",
        "never_told",
    ),
    "no events, accepted": (
        Story(marks={"events": 0}).issue(1).decide(2).release(2).inform(3),
        "durable",
        "success",
    ),
    "reloaded after a conflict": (
        Story(attempts_per_try=3).issue(1).decide(2).send_append(2, expected=0)
        .fail(3, outcome=AppendOutcome.CONFLICT).row(4, Moment.ADMITTED, attempt=1)
        .row(4, Moment.DECIDED, attempt=1, value=1).send_append(4, attempt=1).write(5, 0, attempt=1)
        .release(6, attempt=1),
        "durable",
        "never_told",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_truth_and_belief(name: str) -> None:
    story, truth, belief = STORIES[name]
    row = commands(story.trace()).iloc[0]
    assert (row["truth"], row["belief"]) == (truth, belief)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("told, and the disk is full", "full"),
        ("refused, and told so", "invalid"),
        ("turned away", "overloaded"),
        ("lost on the way", "lost"),
        ("append lost", "lost"),
        ("caught", "invalid"),
    ],
)
def test_the_first_thing_in_the_way_is_the_reason(name: str, reason: str) -> None:
    assert commands(STORIES[name][0].trace())["reason"].iloc[0] == reason


@pytest.mark.parametrize(
    "name", ["all went well", "reloaded after a conflict", "a second try succeeded", "stored twice"]
)
def test_what_became_durable_has_no_reason(name: str) -> None:
    assert commands(STORIES[name][0].trace())["reason"].isna().all()


def test_what_is_still_under_way_has_the_reason_of_its_delay() -> None:
    story = Story(attempts_per_try=3).issue(1).decide(2).send_append(2, expected=0)
    story.fail(3, outcome=AppendOutcome.CONFLICT).row(4, Moment.ADMITTED, attempt=1)
    story.row(4, Moment.DECIDED, attempt=1, value=1).send_append(4, attempt=1)
    row = commands(story.trace()).iloc[0]
    assert (row["truth"], row["reason"]) == ("undecided", "conflict")


def test_outcomes_count_every_command_of_the_window_once() -> None:
    story = Story(commands=4, warm_up_ns=1_000_000).store(0.5, 0, command=0)
    story.store(10, 1, command=1).inform(14, command=1)
    story.issue(20, 2).decide(21, 2, Decision.INVALID).inform(22, Answer.FAILURE, 2)
    story.store(1500, 2, command=3)
    table = outcomes(story.trace())
    assert table["commands"].sum() == 2, "neither that of the warm-up nor that of the grace period"
    assert np.isclose(table["share"].sum(), 1)
    cells = table[table.commands > 0].set_index(["truth", "belief"])["commands"].to_dict()
    assert cells == {("refused", "failure"): 1, ("durable", "success"): 1}


def test_outcomes_have_all_cells_also_of_nothing() -> None:
    table = outcomes(Story(commands=0).trace())
    assert len(table) == 7 * 5
    assert table["commands"].sum() == 0
    assert table["share"].isna().all()


def test_a_command_that_is_caught_is_known_to_have_failed_at_once() -> None:
    row = commands(STORIES["caught"][0].trace()).iloc[0]
    assert row["feedback_ms"] == 1.0
    told = STORIES["caught"][0].inform(2, Answer.FAILURE, channel=Channel.PRE_VALIDATION)
    assert commands(told.trace())["channel"].iloc[0] == "pre_validation"
