"""Every kind of anomaly, and that nothing else is found."""

import pytest
from metrics.stories import FULL, Story

from cqrsim.messages import Answer, AppendOutcome, Belief, Decision, Link
from cqrsim.metrics import anomalies
from cqrsim.metrics.anomalies import WITNESSES
from cqrsim.moments import Moment

REFUSED = Decision.INVALID


def refused() -> Story:
    return Story(faults=FULL).issue(1).decide(2, decision=Decision.INVALID)


def accepted() -> Story:
    return Story(faults=FULL).issue(1).decide(2).send_append(2).release(3)


STORIES: dict[str, tuple[Story, set[str]]] = {
    "well": (Story().store(1, 0).inform(5), set()),
    "refused and told": (refused().inform(3, Answer.FAILURE), set()),
    "refused by silence": (refused().give_up(50, Belief.PRESUMED_FAILURE), set()),
    "still under way": (accepted(), set()),
    "lost": (accepted().inform(3).fail(4, fault=0), {"LOST"}),
    "ghost": (accepted().write(4, 0).inform(5, Answer.FAILURE), {"GHOST"}),
    "silent": (accepted().fail(4, fault=0).give_up(90, Belief.PRESUMED_FAILURE), {"SILENT"}),
    "silent, and it knows": (accepted().fail(4, fault=0).give_up(90), {"SILENT", "UNK"}),
    "never learns of success": (accepted().write(4, 0), {"UNK"}),
    "error event refused": (
        refused().row(3, Moment.REFUSAL_LOST, outcome=AppendOutcome.FULL, value=0),
        {"UNK", "ERRLOST"},
    ),
    "cache entry lost": (refused().lose(2, Link.HANDLER_TO_CACHE), {"UNK", "ERRLOST"}),
    "duplicate": (
        Story().store(1, 0).decide(10, attempt=1).send_append(10, attempt=1).write(11, 1, attempt=1).inform(12),
        {"DUP"},
    ),
    "phantom": (
        accepted().row(3, Moment.PUBLISHED, value=0).apply(3, 0).fail(4).inform(5, Answer.FAILURE),
        {"PHANTOM"},
    ),
    "publication lost": (accepted().write(4, 0).lose(4, Link.STORE_TO_PROJECTION).inform(5), {"PGAP"}),
    "passed by": (
        Story(commands=2).issue(1, 0).decide(2, 0).send_append(2, 0).write(3, 0, 0).release(3, 0).inform(4, command=0)
        .store(10, 1, 1, version=1).inform(15, command=1),
        {"PGAP"},
    ),
    "not yet applied": (
        Story(commands=2).store(1, 0, 0).inform(5, command=0)
        .issue(10, 1).decide(11, 1, version=1).send_append(11, 1).write(12, 1, 1).release(12, 1).inform(13, command=1),
        set(),
    ),
    "not yet applied, where order is not kept": (
        Story(commands=2, delivers_in_order=False).issue(1, 0).decide(2, 0).send_append(2, 0).write(3, 0, 0)
        .release(3, 0).inform(4, command=0).store(10, 1, 1, version=1).inform(15, command=1),
        set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_what_is_found_is_what_happened(name: str) -> None:
    story, kinds = STORIES[name]
    assert set(anomalies(story.trace())["kind"]) == kinds


def test_the_cause_is_named() -> None:
    row = anomalies(STORIES["lost"][0].trace()).iloc[0]
    assert (row["count"], row["witnesses"], row["causes"]) == (1, (0,), "disk full (1)")
    assert anomalies(STORIES["publication lost"][0].trace())["causes"].tolist() == ["loss on store->projection (1)"]


def test_witnesses_are_few_and_counts_exact() -> None:
    story = Story(commands=30, marks={"aggregate": list(range(30))})
    for command in range(30):
        story.issue(command, command).decide(command, command).send_append(command, command)
        story.inform(command, command=command).fail(command, command, outcome=AppendOutcome.FULL)
    row = anomalies(story.trace()).iloc[0]
    assert (row["kind"], row["count"]) == ("LOST", 30)
    assert row["witnesses"] == tuple(range(WITNESSES))
    assert row["causes"] == "disk full (30)", "of all, not only of the witnesses"


def test_causes_are_those_of_all_commands_the_most_common_first() -> None:
    story = Story(commands=30, marks={"aggregate": list(range(30))}, faults=FULL)
    for command in range(30):
        story.issue(command, command).decide(command, command).inform(command, command=command)
        if command < 5:
            story.row(command, Moment.APPEND_SENT, command).lose(command, Link.HANDLER_TO_STORE, command)
        else:
            story.send_append(command, command).fail(command + 1, command, fault=0 if command < 28 else -1)
    causes = anomalies(story.trace())["causes"].iloc[0]
    assert causes == "disk full (25), loss on handler->store (5)"


def received() -> Story:
    """A command that is refused by a handler that answers at once."""
    return (
        Story(answer_at=("received",)).issue(1).row(2, Moment.ANSWERED, outcome=Answer.RECEIVED).decide(3, 0, REFUSED)
    )


@pytest.mark.parametrize("belief", [None, Belief.UNKNOWN, Belief.PRESUMED_FAILURE])
def test_refused_after_received_and_never_told_is_silent(belief: Belief | None) -> None:
    story = received() if belief is None else received().give_up(90, belief)
    assert "SILENT" in set(anomalies(story.trace())["kind"])


def test_refused_and_told_after_all_is_not_silent() -> None:
    assert anomalies(received().inform(9, Answer.FAILURE).trace()).empty


def test_silence_needs_a_client_that_was_answered_received() -> None:
    """Elsewhere silence is that of a lost reply; and a client that heard nothing at all was not even received."""
    story = received()
    story.about["answer_at"] = ("decided",)
    assert set(anomalies(story.trace())["kind"]) == {"UNK"}
    story = Story(answer_at=("received",)).issue(1).decide(3, 0, REFUSED).lose(2, Link.HANDLER_TO_CLIENT)
    assert "SILENT" not in set(anomalies(story.trace())["kind"])
