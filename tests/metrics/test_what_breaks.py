"""Crashes, lies and copies, told by hand: what is in the log in the end, what anomalies there are, and what heals."""

from typing import Any

import pandas as pd
import pytest
from metrics.stories import Story

from cqrsim.messages import Answer, AppendOutcome, Decision, Link, Operation, Part, Seen
from cqrsim.metrics import anomalies, commands, consistency, episodes, events, invariants, journey, reads, unexplained
from cqrsim.metrics.divergence import divergence
from cqrsim.moments import OVERFLOW, Moment
from cqrsim.trace import FaultNote, Reads

FAULTS = (FaultNote("power", "PowerLoss", "store", "crash"), FaultNote("disk", "AmbiguousErrors", "disk", "ambiguous"))
CRASHED, ERROR = AppendOutcome.CRASHED, AppendOutcome.ERROR
HANDLER, PROJECTION, INSTANCE = Part.HANDLER, Part.PROJECTION, Part.INSTANCE
OWN, PUBLISHED, ANSWERED = (
    {"fold_on": "decision"},
    {"fold_on": "publication", "wait_for": "publication"},
    {"fold_on": "answer", "wait_for": "answer"},
)


def story(count: int = 1, **about: Any) -> Story:
    return Story(commands=count, faults=FAULTS, **about)


def sent(count: int = 1, **about: Any) -> Story:
    """A command is accepted at 2 ms, and its append has arrived."""
    return story(count, **about).issue(1).decide(2).send_append(2)


def found(told: Story) -> dict[str, tuple[int, int]]:
    """How many commands each kind befell in the end, and how many for a while."""
    table = anomalies(told.trace())
    return {row.kind: (row[2], row.healed) for row in table.itertuples()}


def truth(told: Story, command: int = 0) -> str:
    return str(commands(told.trace())["truth"].iloc[command])


def positions(told: Story) -> list[int]:
    return list(events(told.trace())["position"])


# --- the store -------------------------------------------------------------------------------------------------------


def ambiguous() -> Story:
    """An error is answered; the bytes are there, and a restart finds them."""
    told = sent(**ANSWERED).strike(3, 1, Operation.WRITE, 0).fail(3, outcome=ERROR, fault=1)
    return told.release(4).inform(5, Answer.FAILURE)


def test_an_error_that_was_none() -> None:
    assert (truth(ambiguous()), positions(ambiguous())) == ("not_durable", [])
    told = ambiguous().restart(500, value=1).find(500, 0)
    assert (truth(told), positions(told)) == ("durable", [0])
    assert found(told) == {"GHOST": (1, 0), "BEHIND": (1, 0), "PGAP": (1, 0)}
    assert anomalies(told.trace())["causes"].tolist() == ["disk (1)"] * 3
    row = commands(told.trace()).iloc[0]
    assert (row["written_ms"], pd.isna(row["reason"])) == (500, True)
    assert anomalies(told.trace())["visible_ms"].tolist() == [500] * 3
    assert unexplained(told.trace()) == invariants(told.trace()) == []


def test_what_a_restart_finds_may_be_published_after_all() -> None:
    told = ambiguous().restart(500, value=1).find(500, 0).row(500, Moment.PUBLISHED, value=0).apply(501, 0)
    assert found(told) == {"GHOST": (1, 0), "BEHIND": (1, 0)}
    assert invariants(told.trace()) == []


def test_a_state_lacks_what_a_restart_finds() -> None:
    told = ambiguous().restart(500, value=1).find(500, 0).row(500, Moment.PUBLISHED, value=0).apply(501, 0)
    told.commands = 2
    told.issue(600, 1).decide(601, 1, version=0).send_append(601, 1).write(602, 1, 1).fold(603, 2, 1).release(603, 1)
    told.apply(603, 1, 1).inform(604, command=1)
    assert found(told) == {"GHOST": (1, 0), "BEHIND": (1, 0)}


def lying() -> Story:
    """A write is told and applied; a loss of power takes it back, and its place goes to another."""
    told = story(2, **OWN).issue(1).decide(2).fold(2, 1).send_append(2).release(2).write(3, 0).apply(4, 0).inform(5)
    told.crash(100).vanish(100).restart(200, value=0)
    told.issue(300, 1).decide(301, 1, version=1).fold(301, 2, 1).send_append(301, 1).release(301, 1).write(302, 0, 1)
    return told.apply(303, 0, 1).inform(304, command=1)


def test_a_lying_flush_and_a_loss_of_power() -> None:
    told = lying()
    assert (truth(told), truth(told, 1), positions(told)) == ("not_durable", "durable", [0])
    assert found(told) == {"LOST": (1, 0), "AHEAD": (1, 0), "PHANTOM": (1, 0)}
    table = anomalies(told.trace()).set_index("kind")
    assert set(table["visible_ms"]) == {100}
    assert set(table["causes"]) == {"power (1)"}
    assert commands(told.trace())["reason"].tolist()[0] == "vanished"
    assert invariants(told.trace()) == []
    episode = episodes(told.trace()).query("kind == 'down'").iloc[0]
    assert (episode["target"], episode["begin_ms"], episode["end_ms"], episode["cause"]) == ("store", 100, 200, "power")


def test_what_vanished_was_there_for_those_who_decided_on_it() -> None:
    """The second finds the one that is allowed taken, and rightly so; after the loss the third does not."""
    told = story(3, low=0, high=1, **OWN).issue(1).decide(2).fold(2, 1).send_append(2).release(2).write(3, 0)
    told.issue(10, 1).decide(11, 1, Decision.FORBIDDEN, version=1).crash(100).vanish(100).restart(200, value=0)
    told.issue(300, 2).decide(301, 2, Decision.FORBIDDEN, version=1)
    assert commands(told.trace())["wrong_refuse"].tolist() == [False, False, True]
    assert commands(told.trace())["stale_decision"].tolist() == [False, False, True]
    assert found(told)["WREJ"] == (1, 0)


def test_a_fail_over_forgets_the_latest() -> None:
    told = story(2)
    told.store(1, 0, 0).inform(5, command=0).store(10, 1, 1, version=1).inform(15, command=1)
    told.crash(50).vanish(50, 1).restart(60, value=1)
    assert found(told) == {"LOST": (1, 0), "PHANTOM": (1, 0)}
    assert positions(told) == [0]
    assert invariants(told.trace()) == []


@pytest.mark.parametrize("survives", [False, True])
def test_a_crash_before_and_after_the_flush(survives: bool) -> None:
    """Nobody is answered either way; who waits for an answer for ever holds its turn for ever."""
    told = sent(**ANSWERED).crash(3)
    told = (
        told.restart(50, value=1).find(50, 0)
        if survives
        else told.fail(3, outcome=CRASHED, fault=0).restart(50, value=0)
    )
    kinds = {"UNK": (1, 0), "STUCK": (1, 0)} | ({"PGAP": (1, 0)} if survives else {"SILENT": (1, 0)})
    assert truth(told) == ("durable" if survives else "not_durable")
    assert found(told) == kinds
    assert set(anomalies(told.trace())["unexplained"]) == {0}
    assert invariants(told.trace()) == []


def test_acknowledged_before_the_flush_and_lost() -> None:
    told = sent(**ANSWERED).row(3, Moment.BUFFERED, value=0).fold(4, 1).release(4).inform(5)
    told.crash(9).fail(9, outcome=CRASHED, fault=0).restart(50, value=0)
    assert found(told) == {"LOST": (1, 0), "AHEAD": (1, 0)}


def test_an_altered_record_keeps_its_place() -> None:
    told = story(2, **OWN)
    for command in (0, 1):
        told.store(10 * command + 1, command, command, version=command).inform(10 * command + 5, command=command)
        told.fold(10 * command + 2, command + 1, command)
    told.strike(50).alter(50)
    assert positions(told) == [1]
    assert events(told.trace())["version"].tolist() == [2]
    assert found(told) == {"LOST": (1, 0), "AHEAD": (1, 0), "PHANTOM": (1, 0)}
    assert invariants(told.trace()) == []
    told.crash(60, PROJECTION).restart(90, PROJECTION, value=2)
    assert found(told)["PHANTOM"] == (0, 1), "who reads the log anew does not see it"


def test_an_altered_record_changes_nothing_any_more() -> None:
    """One is allowed; the record of the one that took it no longer says so, and the next is refused for nothing."""
    told = story(2, low=0, high=1, **OWN).store(1, 0).fold(2, 1).strike(50).alter(50)
    told.issue(60, 1).decide(61, 1, Decision.FORBIDDEN, version=1)
    assert commands(told.trace())["wrong_refuse"].tolist() == [False, True]
    assert commands(told.trace())["stale_decision"].tolist() == [False, False]


def test_a_dead_disk_is_down_for_good() -> None:
    told = story(2).store(1, 0).inform(5).crash(50).vanish(50).issue(60, 1).row(61, Moment.RECEIVED, 1)
    row = anomalies(told.trace()).set_index("kind").loc["DOWN"]
    assert (row["count"], row["witnesses"], row["causes"], row["visible_ms"]) == (1, (1,), "power (1)", 50)
    assert "DOWN" not in found(told.restart(90, value=0))


# --- the handler -----------------------------------------------------------------------------------------------------


def test_a_handler_that_crashes_takes_what_it_has_not_decided_along() -> None:
    told = story(**PUBLISHED).issue(1).row(2, Moment.RECEIVED, value=0).row(2, Moment.ADMITTED, value=0)
    assert truth(told) == "undecided"
    told.crash(3, HANDLER).forget(3).restart(9, HANDLER, value=0)
    assert truth(told) == "never_arrived"
    assert commands(told.trace())["reason"].tolist() == ["forgotten"]
    assert found(told) == {"UNK": (1, 0)}
    assert unexplained(told.trace()) == invariants(told.trace()) == []


def test_a_handler_that_crashes_before_it_appends() -> None:
    told = story(**OWN).issue(1).decide(2).crash(3, HANDLER).forget(3).restart(9, HANDLER, value=-1).inform(2)
    assert truth(told) == "not_durable"
    assert found(told) == {"LOST": (1, 0)}


def test_a_handler_that_crashes_while_it_appends() -> None:
    """Whatever became of the append: here it is durable, and whoever reads the log later has it."""
    told = sent(**ANSWERED).crash(3, HANDLER).forget(3).write(4, 0).apply(5, 0).restart(9, HANDLER, value=1)
    assert truth(told) == "durable"
    assert found(told) == {"UNK": (1, 0)}
    assert invariants(told.trace()) == []


def race(**about: Any) -> Story:
    """The log is read before the append lands that was under way when the handler crashed."""
    told = sent(2, **about).crash(3, HANDLER).forget(3).restart(9, HANDLER, value=0).write(12, 0).apply(13, 0)
    told.issue(20, 1).decide(21, 1, version=0).send_append(21, 1).write(22, 1, 1).apply(23, 1, 1).release(23, 1)
    return told.inform(24, command=1)


def test_a_rebuilt_state_lacks_what_lands_later() -> None:
    told = race(low=0, high=1, **ANSWERED).fold(23, 1, 1, instance=1)
    assert found(told) == {"UNK": (1, 0), "BEHIND": (1, 0), "DBL": (1, 0)}
    assert anomalies(told.trace()).set_index("kind").loc["BEHIND", "visible_ms"] == 12
    assert unexplained(told.trace()) == invariants(told.trace()) == []


def test_who_listens_hears_of_what_lands_later() -> None:
    told = race(**PUBLISHED).fold(13, 1, 0, instance=1).fold(23, 2, 1, instance=1)
    assert found(told) == {"UNK": (1, 0)}
    assert not len(divergence(told.trace())), "it is lag"


def test_a_crash_rebuilds_what_was_ahead() -> None:
    """The state of fire and forget is in memory: its next instance starts from the log."""
    told = sent(**OWN).fold(2, 1).release(2).fail(3).inform(2).crash(50, HANDLER).restart(60, HANDLER, value=0)
    assert found(told) == {"LOST": (1, 0), "AHEAD": (0, 1)}
    kept = sent(keeps_own_store=True, **OWN).fold(2, 1).release(2).fail(3).inform(2)
    kept.crash(50, HANDLER).restart(60, HANDLER, value=-1)
    assert found(kept) == {"LOST": (1, 0), "AHEAD": (1, 0)}, "a store of its own is still there"
    episode = episodes(told.trace()).query("kind == 'divergence'").iloc[0]
    assert (episode["end_ms"], episode["ended_by"]) == (50, "handler crashed")


def test_a_turn_that_nothing_releases_is_released_by_a_crash() -> None:
    told = sent(**PUBLISHED).fail(3)
    assert found(told)["STUCK"] == (1, 0)
    assert found(told.crash(50, HANDLER).forget(50).restart(60, HANDLER, value=0))["STUCK"] == (0, 1)


def overlap(position: int) -> Story:
    """A second instance starts at 5 ms; the first still accepts a command and folds it into its own state."""
    told = story(2, low=0, high=1, keeps_own_store=position < 0, **ANSWERED).restart(5, INSTANCE, value=position)
    told.strike(5).issue(6).decide(7).send_append(7).write(8, 0).apply(9, 0).fold(9, 1).release(9).inform(10)
    told.issue(20, 1).decide(21, 1, version=0).send_append(21, 1).write(22, 1, 1).apply(23, 1, 1)
    return told.fold(23, 1, 1, instance=1).release(23, 1).inform(24, command=1)


def test_two_instances_know_nothing_of_each_other() -> None:
    assert found(overlap(0)) == {"BEHIND": (1, 0), "DBL": (1, 0)}
    assert unexplained(overlap(0).trace()) == invariants(overlap(0).trace()) == []


def test_two_instances_may_share_a_store() -> None:
    assert "BEHIND" not in found(overlap(-1))


def test_two_instances_may_have_a_turn_each() -> None:
    told = overlap(0).issue(30, 0).row(6, Moment.ADMITTED, 1)
    assert not [rule for rule in invariants(told.trace()) if rule.startswith("admitted while")]


def test_an_instance_that_was_replaced_is_refused() -> None:
    told = sent(**ANSWERED).fail(3, outcome=AppendOutcome.FENCED).release(4).inform(5, Answer.FAILURE)
    assert (truth(told), commands(told.trace())["reason"].tolist()) == ("not_durable", ["fenced"])
    assert found(told) == {}


# --- projections -----------------------------------------------------------------------------------------------------


def test_a_projection_loses_its_queue_and_reads_the_log() -> None:
    """The second was published while it was down; the third comes after it is up again."""
    told = story(3)
    told.store(1, 0, 0).inform(5, command=0).crash(9, PROJECTION)
    told.issue(10, 1).decide(11, 1, version=1).send_append(11, 1).write(12, 1, 1).release(12, 1).inform(15, command=1)
    told.row(12, Moment.MESSAGE_LOST, 1, place=Link.STORE_TO_PROJECTION, outcome=0, value=0)
    lost = told.trace()
    assert set(anomalies(lost)["kind"]) == {"PGAP", "DOWN"}
    told.apply(29, 1, 1).restart(30, PROJECTION, value=2).store(40, 2, 2, version=2).inform(45, command=2)
    assert found(told) == {"PGAP": (0, 1)}
    assert commands(told.trace())["visible_ms"].tolist() == [4, 30, 43]
    assert invariants(told.trace()) == []


def test_a_rebuilt_view_does_not_show_what_has_vanished() -> None:
    told = lying().crash(400, PROJECTION, fault=1).restart(420, PROJECTION, value=1)
    assert found(told)["PHANTOM"] == (0, 1)


def test_catching_up_heals_a_gap_and_keeps_the_rest() -> None:
    told = story(2).issue(1).decide(2).send_append(2).write(3, 0).lose(3, Link.STORE_TO_PROJECTION, fault=1)
    told.release(3).inform(4).store(10, 1, 1, version=1).inform(15, command=1)
    assert found(told) == {"PGAP": (1, 0)}
    told.apply(20, 0).restart(20, PROJECTION, value=2)
    assert found(told) == {"PGAP": (0, 1)}
    assert anomalies(told.trace())["visible_ms"].tolist() == [3]
    assert invariants(told.trace()) == [], "it came late, and for a reason"


def test_a_full_buffer_drops_silently() -> None:
    told = story().issue(1).decide(2).send_append(2).write(3, 0).release(3).inform(4)
    told.lose(3, Link.STORE_TO_PROJECTION, fault=OVERFLOW)
    assert anomalies(told.trace())[["kind", "causes"]].to_numpy().tolist() == [["PGAP", "overflow (1)"]]


def test_reads_are_judged_by_the_log_and_the_view_of_their_time() -> None:
    """Two are written and shown; one vanishes, and the view is built anew."""
    told = story(2).store(1, 0, 0).store(10, 1, 1, version=1).crash(50).vanish(50, 1).restart(60, value=1)
    told.crash(70, PROJECTION).restart(80, PROJECTION, value=1)
    for number, at in enumerate((20, 65, 90)):
        told.row(at, Moment.BACKGROUND_READ, number)
    told.reads = Reads.of(3, session=0)
    table = reads(told.trace())
    assert table["version"].tolist() == [2, 2, 1]
    assert table["versions_behind"].tolist() == [0, 0, 0]
    assert table["monotonic_reads_violated"].tolist() == [False, False, True]


def test_own_reads_follow_the_view() -> None:
    told = lying().look(20, Seen.YES).crash(400, PROJECTION, fault=1).look(410, Seen.YES)
    told.restart(420, PROJECTION, value=1).look(430, Seen.NO)
    assert invariants(told.trace()) == []
    assert invariants(told.look(440, Seen.YES).trace()) == ["read in view otherwise than applied: command 0"]


# --- copies ----------------------------------------------------------------------------------------------------------

COPIES = {"duplicates_from": 4}


def test_a_doubled_command_is_stored_twice() -> None:
    told = story(**COPIES).store(1, 0).inform(5).strike(1, 0, Operation.MESSAGE, 0)
    told.decide(6, attempt=4, version=1).send_append(6, attempt=4).write(7, 1, attempt=4).release(7, attempt=4)
    told.row(8, Moment.APPLIED, 0, 4, value=1)
    assert (truth(told), found(told)) == ("stored_twice", {"DUP": (1, 0)})
    assert anomalies(told.trace())["causes"].tolist() == ["power (1)"]
    assert invariants(told.trace()) == []


def doubled_append(**about: Any) -> Story:
    told = story(**COPIES, **about).store(1, 0).inform(5).fold(3, 1).strike(2, 0, Operation.MESSAGE, 0)
    told.row(3, Moment.APPEND_RECEIVED, 0, 4, value=0).write(6, 1, attempt=4)
    return told.row(8, Moment.APPLIED, 0, 4, value=1)


def test_a_doubled_append_is_stored_twice_and_nobody_expects_its_answer() -> None:
    assert found(doubled_append(**ANSWERED)) == {"BEHIND": (1, 0), "DUP": (1, 0)}
    assert invariants(doubled_append(**ANSWERED).trace()) == []
    told = doubled_append(**PUBLISHED).fold(8, 2, 0, 4)
    assert found(told) == {"DUP": (1, 0)}


def test_a_doubled_publication_is_the_same_event() -> None:
    told = story(**COPIES, **PUBLISHED).store(1, 0).inform(5).fold(3, 1)
    told.row(6, Moment.APPLIED, 0, 4, value=0).row(6, Moment.FOLDED, 0, 4, value=1)
    assert found(told) == {}
    assert invariants(told.trace()) == []


def test_copies_are_tries_of_their_own() -> None:
    """Also where a handler may make several attempts for each of the client's."""
    told = story(duplicates_from=4, attempts_per_try=4).store(1, 0).inform(5)
    told.row(6, Moment.RECEIVED, 0, 4, value=0).row(6, Moment.ADMITTED, 0, 4)
    assert truth(told) == "durable"
    assert found(told) == {}
    assert commands(told.trace())["attempts"].tolist() == [1]


# --- what goes back to what ------------------------------------------------------------------------------------------


def test_without_any_trouble_nothing_is_explained() -> None:
    told = sent(**OWN).fold(2, 1).release(2).write(3, 0).inform(4, Answer.FAILURE)
    assert anomalies(told.trace())[["kind", "unexplained"]].to_numpy().tolist() == [["GHOST", 1]]
    assert unexplained(told.trace()) == ["GHOST without a cause: command 0"]


def test_a_trouble_of_another_aggregate_explains_nothing() -> None:
    told = story(2, **OWN)
    told.marks["aggregate"] = [0, 1]
    told.issue(1).decide(2).send_append(2).release(2).fail(3, fault=0).inform(4, Answer.FAILURE)
    told.issue(10, 1).decide(11, 1).fold(11, 1, 1).send_append(11, 1).release(11, 1)
    told.write(12, 0, 1).inform(13, Answer.FAILURE, 1)
    assert unexplained(told.trace()) == ["GHOST without a cause: command 1"]


def test_what_comes_later_explains_nothing() -> None:
    told = sent(**OWN).fold(2, 1).release(2).write(3, 0).inform(4, Answer.FAILURE).crash(900)
    assert anomalies(told.trace()).set_index("kind").loc["GHOST", "unexplained"] == 1


@pytest.mark.parametrize("shard", [0, 1])
def test_a_crash_of_another_shard_explains_nothing(shard: int) -> None:
    told = (
        story(shards=2, **OWN).issue(10).crash(10.2, HANDLER, shard).restart(10.4, HANDLER, shard, value=0).decide(11)
    )
    told.fold(11, 1, instance=1 - shard).send_append(11).release(11).write(12, 0).inform(13, Answer.FAILURE)
    assert unexplained(told.trace()) == (["GHOST without a cause: command 0"] if shard else [])


def test_a_period_of_a_fault_explains_nothing_by_itself() -> None:
    """It takes what it struck, or somebody who did not wait so long."""
    told = sent(**OWN).fold(2, 1).write(3, 0).release(3).inform(4, Answer.FAILURE)
    told.row(0, Moment.FAULT_BEGAN, -1).row(90, Moment.FAULT_ENDED, -1)
    assert unexplained(told.trace())
    assert anomalies(told.strike(2, 0, Operation.WRITE, 0).trace())["causes"].tolist() == ["power (1)"]


def test_causes_and_what_has_none_add_up() -> None:
    told = story(2, **OWN)
    told.marks["aggregate"] = [0, 1]
    for command in (0, 1):
        told.issue(1, command).decide(2, command).send_append(2, command).release(2, command)
        told.write(3 + command, command, command).inform(5, Answer.FAILURE, command)
    told.strike(2, 1, Operation.WRITE, 1)
    row = anomalies(told.trace()).iloc[0]
    assert (row["kind"], row["count"], row["causes"], row["unexplained"]) == ("GHOST", 2, "disk (1)", 1)


# --- tables and journeys ---------------------------------------------------------------------------------------------

TOLD = {"ambiguous": ambiguous, "lying": lying, "race": lambda: race(**ANSWERED), "copies": doubled_append}


@pytest.mark.parametrize("name", TOLD)
def test_journeys_have_words_for_everything(name: str) -> None:
    told = TOLD[name]().restart(500, value=1).find(500, 1) if name == "ambiguous" else TOLD[name]()
    table = journey(told.trace(), 0)
    assert not table[["moment", "who"]].isna().any().any()


def test_a_journey_tells_of_faults() -> None:
    table = journey(ambiguous().trace(), 0)
    struck = table[table.moment == "fault_struck"].iloc[0]
    assert (struck["who"], struck["outcome"]) == ("disk", "write")
    table = journey(lying().trace(), 0)
    assert table[table.moment == "vanished"]["who"].tolist() == ["store"]


def test_loss_is_counted() -> None:
    table = consistency(lying().trace()).set_index("metric")
    assert table.loc["loss_count", "value"] == 1
    assert table.loc["false_success_count", "value"] == 1
