"""Right and wrong decisions, and state that parts from the log."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from metrics.stories import FULL, Story

from cqrsim.messages import AppendOutcome, Command, Decision, Link, Refused
from cqrsim.metrics import anomalies, commands, consistency, episodes, events
from cqrsim.moments import Moment

ONE_AT_MOST = {"low": 0, "high": 1}


def flags(story: Story, name: str) -> list[Any]:
    return [None if pd.isna(flag) else bool(flag) for flag in commands(story.trace())[name]]


def measured(story: Story) -> dict[str, float]:
    return dict(consistency(story.trace())[["metric", "value"]].itertuples(index=False, name=None))


def found(story: Story) -> dict[str, tuple[int, ...]]:
    table = anomalies(story.trace()).query("count > 0")
    return dict(zip(table["kind"], table["witnesses"], strict=True))


def test_two_that_exclude_each_other_are_accepted() -> None:
    """The second is judged where its events stand in the log."""
    story = Story(commands=2, **ONE_AT_MOST).store(1, 0, 0).store(10, 1, 1, version=0)
    assert flags(story, "wrong_accept") == [False, True]
    assert flags(story, "stale_decision") == [False, True]
    assert found(story) == {"UNK": (0, 1), "DBL": (1,)}


def test_an_acceptance_that_failed_is_judged_when_it_failed() -> None:
    story = Story(commands=2, **ONE_AT_MOST).store(1, 0, 0)
    story.issue(10, 1).decide(11, 1, version=0).send_append(11, 1).fail(12, 1)
    assert flags(story, "wrong_accept") == [False, True]
    assert "DBL" not in found(story), "the log holds but one"


def test_a_conflict_takes_an_acceptance_back() -> None:
    story = Story(commands=2, **ONE_AT_MOST).store(1, 0, 0)
    story.issue(10, 1).decide(11, 1, version=0).send_append(11, 1).fail(12, 1, outcome=AppendOutcome.CONFLICT)
    assert flags(story, "wrong_accept") == [False, False]


def test_a_refusal_is_wrong_if_the_log_allows_it() -> None:
    story = Story(**ONE_AT_MOST).issue(1).decide(2, decision=Decision.FORBIDDEN, version=1)
    assert flags(story, "wrong_refuse") == [True]


def test_a_refusal_for_what_is_on_its_way_is_right() -> None:
    """The first is decided at 2 ms, durable at 9 ms; the second is refused in between, and the log agrees later."""
    story = Story(commands=2, **ONE_AT_MOST).issue(1, 0).decide(2, 0).send_append(2, 0).write(9, 0, 0)
    story.issue(3, 1).decide(4, 1, Decision.FORBIDDEN, version=1)
    assert flags(story, "wrong_refuse") == [False, False]
    assert flags(story, "stale_decision") == [False, True], "but it was decided on more than was durable"


def test_a_refusal_right_behind_the_write_is_right() -> None:
    """At the same nanosecond the decision stands before the write, though it came after it."""
    story = Story(commands=2, **ONE_AT_MOST).store(1, 0, 0)
    story.issue(2, 1).decide(3, 1, Decision.FORBIDDEN, version=1)
    assert flags(story, "wrong_refuse") == [False, False]
    assert flags(story, "stale_decision") == [False, False]


def test_invalid_commands_are_refused_for_themselves() -> None:
    story = Story(**ONE_AT_MOST).issue(1).decide(2, decision=Decision.INVALID)
    assert flags(story, "wrong_refuse") == [False]


def test_without_a_rule_no_decision_is_wrong() -> None:
    assert flags(Story().store(1, 0), "wrong_accept") == [False]


def test_aggregates_are_judged_apart() -> None:
    story = Story(commands=2, marks={"aggregate": [0, 1]}, **ONE_AT_MOST).store(1, 0, 0).store(10, 1, 1)
    assert flags(story, "wrong_accept") == [False, False]


def test_under_a_lost_rule_nobody_can_tell() -> None:
    """A rule of functions is not saved with the trace."""
    story = Story(custom_rule=True).store(1, 0)
    assert flags(story, "wrong_accept") == [None]


@dataclass
class Rule:
    """At most two events may name a colour."""

    payloads: dict[tuple[int, int], tuple[str, ...]]
    initial: int = 0

    def decide(self, state: int, command: Command) -> Refused | tuple[str, ...]:
        return Refused() if state + 1 > 2 else ("painted",)

    def evolve(self, state: int, event: str) -> int:
        return state + (event == "painted")


def test_a_custom_rule_is_folded_over_the_log() -> None:
    story = Story(commands=4, custom_rule=True)
    for command in range(3):
        story.store(10 * command, command, command, version=command)
    story.issue(50, 3).decide(51, 3, Decision.FORBIDDEN, version=3)
    story.custom = Rule({(command, 0): ("painted",) for command in range(3)})
    assert flags(story, "wrong_accept") == [False, False, True, False]
    assert flags(story, "wrong_refuse") == [False] * 4
    story.custom = Rule({(command, 0): ("erased",) for command in range(3)})
    assert flags(story, "wrong_refuse") == [False, False, False, True]


def test_a_custom_rule_says_how_many_events_the_last_append_has() -> None:
    story = Story(custom_rule=True).store(1, 0)
    story.custom = Rule({(0, 0): ("painted", "painted", "painted")})
    assert events(story.trace())["version"].tolist() == [1, 2, 3]


def ahead() -> Story:
    """The handler folds at the decision; the append finds the disk full; the next command is refused for nothing."""
    story = Story(commands=2, faults=FULL, fold_on="decision", aggregates=4, end_ns=1_000_000_000, **ONE_AT_MOST)
    story.issue(100, 0).decide(100, 0).fold(100, 1, 0).send_append(100, 0).release(100, 0).fail(104, 0, fault=0)
    return story.issue(300, 1).decide(300, 1, Decision.FORBIDDEN, version=1)


def test_ahead() -> None:
    story = ahead()
    kinds = found(story)
    assert (kinds["AHEAD"], kinds["WREJ"]) == ((0,), (1,))
    assert flags(story, "divergent_decision") == [False, True]
    assert measured(story)["divergence_share"] == pytest.approx(0.9 / 4), "0.9 s of one aggregate in four"
    assert measured(story)["decided_while_divergent_share"] == 0.5
    episode = episodes(story.trace()).query("kind == 'divergence'").iloc[0]
    assert (episode["aggregate"], episode["begin_ms"], episode["peak"]) == (0, 100, 1)
    assert (episode["cause"], episode["ended_by"], episode["wrong_decisions"]) == ("disk full", "end of run", 1)
    causes = anomalies(story.trace()).set_index("kind")["causes"]
    assert causes["AHEAD"] == causes["WREJ"] == "disk full (1)"


def test_a_stream_that_is_read_again_ends_the_divergence() -> None:
    story = ahead().row(500, Moment.REREAD, 1, outcome=AppendOutcome.UNKNOWN)
    assert "AHEAD" not in found(story)
    assert measured(story)["divergence_share"] == pytest.approx(0.4 / 4)
    episode = episodes(story.trace()).query("kind == 'divergence'").iloc[0]
    assert (episode["end_ms"], episode["ended_by"]) == (500, "stream read again")


def test_what_is_on_its_way_is_no_divergence() -> None:
    """A handler that folds at the decision is ahead of the store for a while: that is lag, if all goes well."""
    story = Story(fold_on="decision").issue(1).decide(2).fold(2, 1).send_append(2).release(2).write(50, 0)
    assert measured(story)["divergence_share"] == 0
    story = Story(fold_on="decision").issue(1).decide(2).fold(2, 1).send_append(2).release(2)
    assert found(story) == {}, "nor is what is still waiting when the run ends"


def behind() -> Story:
    """The store's answer is lost, the handler gives up and passes the turn: it lacks what the log has."""
    story = Story(commands=2, fold_on="answer", wait_for="answer", **ONE_AT_MOST)
    story.issue(100, 0).decide(100, 0).send_append(100, 0).write(104, 0, 0).lose(104, Link.STORE_TO_HANDLER, 0)
    story.row(200, Moment.HANDLER_GAVE_UP, 0).release(200, 0)
    return story.issue(300, 1).decide(300, 1, version=0).send_append(300, 1).write(302, 1, 1).fold(303, 2, 1)


def test_behind() -> None:
    story = behind().release(303, 1)
    kinds = found(story)
    assert (kinds["BEHIND"], kinds["DBL"]) == ((0,), (1,))
    assert flags(story, "divergent_decision") == [False, True]
    episode = episodes(story.trace()).query("kind == 'divergence'").iloc[0]
    assert (episode["begin_ms"], episode["cause"]) == (200, "loss on store->handler")


def test_events_that_come_after_all_end_the_divergence() -> None:
    story = behind().fold(400, 1, 0)
    episode = episodes(story.trace()).query("kind == 'divergence'").iloc[0]
    assert (episode["begin_ms"], episode["end_ms"], episode["ended_by"]) == (200, 400, "events came after all")
    assert "BEHIND" not in found(story)


def test_a_handler_without_a_state_of_its_own_cannot_diverge() -> None:
    story = Story(live_state=False).store(1, 0)
    assert measured(story)["divergence_share"] == 0


def test_a_turn_that_nothing_can_release_is_stuck() -> None:
    """It waits for the publication of an append that failed."""
    story = Story(commands=3, fold_on="publication", wait_for="publication")
    story.issue(1, 0).decide(2, 0).send_append(2, 0).fail(3, 0)
    story.issue(4, 1).row(4, Moment.RECEIVED, 1).issue(5, 2).row(5, Moment.RECEIVED, 2)
    assert found(story)["STUCK"] == (0,)
    episode = episodes(story.trace()).query("kind == 'stuck_turn'").iloc[0]
    assert (episode["target"], episode["begin_ms"], episode["commands"]) == ("aggregate 0", 2, 2)
    assert "STUCK" not in found(story.release(900, 0))


def loading(wait_for: str = "answer") -> Story:
    """A handler that loads the stream for each command has let one in, and another waits."""
    story = Story(commands=2, live_state=False, wait_for=wait_for).issue(1, 0)
    story.row(2, Moment.RECEIVED).row(2, Moment.ADMITTED)
    return story.issue(4, 1).row(4, Moment.RECEIVED, 1)


@pytest.mark.parametrize("wait_for", ["answer", "publication", "nothing"])
@pytest.mark.parametrize("link", [Link.HANDLER_TO_STORE, Link.STORE_TO_HANDLER])
def test_a_load_that_is_lost_for_ever_holds_the_turn(link: Link, wait_for: str) -> None:
    story = loading(wait_for)
    assert "STUCK" not in found(story), "it may still be under way"
    story.lose(3, link)
    assert found(story)["STUCK"] == (0,)
    episode = episodes(story.trace()).query("kind == 'stuck_turn'").iloc[0]
    assert (episode["target"], episode["begin_ms"], episode["commands"]) == ("aggregate 0", 2, 1)
    assert episode["cause"] == f"loss on {link.name.lower().replace('_to_', '->')}"
    assert "STUCK" not in found(story.row(9, Moment.LOADED, value=0)), "asked again"


def test_a_lost_load_does_not_hold_the_turn_of_a_handler_that_asks_again() -> None:
    story = loading().lose(3, Link.HANDLER_TO_STORE)
    story.about["give_up_ns"] = 5_000_000_000
    assert "STUCK" not in found(story)


def test_a_reload_after_a_conflict_may_be_lost_too() -> None:
    story = loading().row(3, Moment.LOADED, value=0).row(3, Moment.DECIDED, value=0).send_append(3, expected=0)
    story.fail(5, outcome=AppendOutcome.CONFLICT).row(6, Moment.APPEND_ANSWERED, outcome=AppendOutcome.CONFLICT)
    story.row(6, Moment.ADMITTED, attempt=1).lose(6, Link.HANDLER_TO_STORE, attempt=1)
    story.about["attempts_per_try"] = 4
    assert found(story)["STUCK"] == (0,)


def test_a_stream_that_is_to_be_read_again_and_is_lost_holds_the_turn() -> None:
    story = Story(fold_on="answer", wait_for="answer").issue(1).decide(2).send_append(2).fail(3)
    story.row(4, Moment.APPEND_ANSWERED, outcome=AppendOutcome.FULL)
    assert "STUCK" not in found(story)
    assert found(story.lose(4, Link.HANDLER_TO_STORE))["STUCK"] == (0,)


def test_who_waits_for_nothing_is_not_held_up_by_a_lost_append() -> None:
    """It saves to its own store, and passes the turn on when that is done."""
    story = Story(fold_on="decision").issue(1).decide(2).row(2, Moment.APPEND_SENT).lose(2, Link.HANDLER_TO_STORE)
    assert "STUCK" not in found(story)


def test_a_turn_that_waits_for_a_slow_disk_is_not_stuck() -> None:
    story = Story(fold_on="publication", wait_for="publication").issue(1).decide(2).send_append(2)
    assert "STUCK" not in found(story)
