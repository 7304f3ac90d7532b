"""Levels over time, loads, and stretches of trouble."""

import numpy as np
import pandas as pd
import pytest
from metrics.stories import FULL, Story

from cqrsim.messages import Answer, AppendOutcome, Channel, Decision, Link
from cqrsim.metrics import episodes, series, summary
from cqrsim.moments import Moment


def numbers(story: Story) -> dict[str, float]:
    table = summary(story.trace())
    names = table["metric"].str.cat(table["stat"], sep="_")
    return dict(zip(names, table["value"], strict=True))


def one() -> Story:
    """Issued at 100, received at 200, admitted at 300, decided at 400, at the store from 500 to 700, applied at 900."""
    story = Story(end_ns=1_000_000_000).issue(100).row(200, Moment.RECEIVED, value=0).row(300, Moment.ADMITTED)
    story.row(400, Moment.DECIDED, value=0).send_append(500).row(500, Moment.APPEND_STARTED, value=1)
    return story.write(700, 0).release(800).inform(850).apply(900, 0)


def test_levels_are_weighted_by_time() -> None:
    table = series(one().trace(), bins=2)
    assert table["in_system"].tolist() == pytest.approx([0.8, 0.4])
    assert table["waiting"].tolist() == pytest.approx([0.2, 0])
    assert table["at_store"].tolist() == pytest.approx([0, 0.4])
    assert table["lag_view_events"].tolist() == pytest.approx([0, 0.4])
    assert table["store_bytes"].tolist() == pytest.approx([0, 400 * 0.6])


def test_rates_count_what_happens_in_a_bin() -> None:
    table = series(one().trace(), bins=4)
    assert table["arrivals_per_s"].tolist() == [4, 0, 0, 0]
    assert table["durable_per_s"].tolist() == [0, 0, 4, 0]
    assert table["informed_per_s"].tolist() == [0, 0, 0, 4]


def test_the_number_of_bins_does_not_change_the_whole() -> None:
    trace = one().trace()
    for bins in (1, 3, 7, 200):
        table = series(trace, bins)
        widths = table["end_ms"] - table["begin_ms"]
        assert len(table) == bins
        assert (table["in_system"] * widths).sum() == pytest.approx(600)


def test_levels_and_loads_of_the_window() -> None:
    found = numbers(one())
    assert found["in_system_mean"] == pytest.approx(0.6)
    assert (found["waiting_mean"], found["waiting_max"]) == (pytest.approx(0.1), 1)
    assert found["at_store_mean"] == pytest.approx(0.2)
    assert found["handler_busy_share"] == pytest.approx(0.1)
    assert found["store_busy_share"] == pytest.approx(0.2)
    assert found["lag_view_events_mean"] == pytest.approx(0.2)
    assert (found["durable_per_s"], found["commands_count"]) == (1, 1)


def test_a_worker_that_waits_is_busy_until_the_turn_passes() -> None:
    story = one()
    story.about |= {"worker_waits": True, "workers": 2}
    assert numbers(story)["handler_busy_share"] == pytest.approx(0.5 / 2)


def test_the_store_is_busy_while_it_writes_a_batch() -> None:
    """Two appends in one batch, and an error event in one of its own: each is written once."""
    story = Story(commands=3).issue(0, 0).issue(0, 1).issue(0, 2)
    story.decide(0, 0).decide(0, 1).decide(0, 2, Decision.INVALID).send_append(0, 0).send_append(0, 1)
    story.row(100, Moment.APPEND_STARTED, 0, value=2).write(200, 0, 0).write(200, 1, 1)
    story.row(400, Moment.APPEND_STARTED, 2, value=1).row(700, Moment.REFUSAL_STORED, 2, value=2)
    assert numbers(story)["store_busy_share"] == pytest.approx(0.4)


def test_messages_and_polls_are_per_command() -> None:
    story = Story(commands=2).store(1, 0, 0).issue(9, 1)
    story.row(5, Moment.POLLED, place=Channel.EVENT_POLL).inform(6, channel=Channel.EVENT_PUSH)
    found = numbers(story)
    assert found["polls_per_command"] == 0.5
    assert found["messages_per_command"] == (2 + 1 + 1 + 2 + 1) / 2, "sent twice, append, applied, poll, push"


def messages(story: Story) -> float:
    return numbers(story)["messages_per_command"]


def test_reads_of_the_handler_are_a_question_and_an_answer() -> None:
    plain = messages(Story().store(1, 0))
    assert messages(Story().store(1, 0).row(2, Moment.LOADED, value=0)) == plain + 2
    assert messages(Story().store(1, 0).row(4, Moment.REREAD, value=1)) == plain + 2


@pytest.mark.parametrize("about", [{"fold_on": "publication"}, {"wait_for": "publication"}])
def test_publications_to_subscribed_handlers_are_messages(about: dict[str, str]) -> None:
    plain = messages(Story().store(1, 0))
    story = Story(**about).store(1, 0)
    assert messages(story) == plain + 1
    assert messages(story.lose(3, Link.STORE_TO_SUBSCRIBER)) == plain + 1, "lost, but sent"


def test_notices_of_what_was_applied_are_messages() -> None:
    story = Story(answer_at=("applied",)).store(1, 0)
    assert messages(story) == messages(Story().store(1, 0)) + 1
    assert messages(story.lose(4, Link.PROJECTION_TO_HANDLER)) == messages(Story().store(1, 0)) + 1


def decided() -> Story:
    """Sent and accepted, and no more than that: one message."""
    return Story().issue(1).decide(2)


LOSSES: dict[str, tuple[Story, int]] = {
    "a command": (Story().issue(1).lose(1, Link.CLIENT_TO_HANDLER), 1),
    "a reply": (decided().lose(2, Link.HANDLER_TO_CLIENT), 2),
    "an append": (decided().row(2, Moment.APPEND_SENT).lose(2, Link.HANDLER_TO_STORE), 2),
    "the question of a load": (Story().issue(1).row(2, Moment.RECEIVED).lose(2, Link.HANDLER_TO_STORE), 2),
    "the answer of a load": (Story().issue(1).row(2, Moment.RECEIVED).lose(2, Link.STORE_TO_HANDLER), 3),
    "the answer to an append": (decided().send_append(2).write(3, 0).lose(3, Link.STORE_TO_HANDLER), 3),
    "the answer to a failed append": (decided().send_append(2).fail(3).lose(3, Link.STORE_TO_HANDLER), 3),
    "that, and the answer to the read that followed": (
        decided().send_append(2).write(3, 0).lose(3, Link.STORE_TO_HANDLER).lose(9, Link.STORE_TO_HANDLER),
        5,
    ),
    "an error event": (Story().issue(1).decide(2, 0, Decision.INVALID).lose(2, Link.HANDLER_TO_STORE), 2),
    "an entry of the cache": (Story().issue(1).decide(2, 0, Decision.INVALID).lose(2, Link.HANDLER_TO_CACHE), 2),
    "a publication": (decided().send_append(2).write(3, 0).lose(3, Link.STORE_TO_PROJECTION), 3),
    "a pushed event": (decided().send_append(2).write(3, 0).lose(3, Link.STORE_TO_CLIENT), 3),
    "the question of a poll": (decided().lose(5, Link.CLIENT_TO_STORE), 2),
    "the answer of a poll": (
        decided().row(5, Moment.POLLED, place=Channel.EVENT_POLL).lose(5, Link.STORE_TO_CLIENT),
        3,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_lost_messages_were_sent_and_count_once(name: str) -> None:
    story, sent = LOSSES[name]
    assert messages(story) == sent


def test_a_periodic_flush_is_no_write() -> None:
    """Written from 100 to 200 ms, flushed until 700: no row tells when the flush began."""
    story = Story(end_ns=1_000_000_000).issue(0).decide(0).send_append(0)
    story.row(100, Moment.APPEND_STARTED, value=1).row(200, Moment.BUFFERED, value=0).write(700, 0)
    assert numbers(story)["store_busy_share"] == pytest.approx(0.1)


def test_retries_and_conflicts_are_per_command() -> None:
    story = (
        Story().issue(1).decide(2).send_append(2).fail(3, outcome=AppendOutcome.CONFLICT).row(9, Moment.SENT, attempt=1)
    )
    found = numbers(story)
    assert (found["retries_per_command"], found["conflicts_per_command"]) == (1, 1)


def test_time_to_full_is_known_or_beyond_the_run() -> None:
    full = summary(Story().issue(1).decide(2).send_append(2).fail(400).trace()).set_index("metric")
    assert tuple(full.loc["time_to_full_s", ["value", "lower_bound"]]) == (0.4, False)
    never = summary(Story().store(1, 0).trace()).set_index("metric")
    assert tuple(never.loc["time_to_full_s", ["value", "lower_bound", "n_censored"]]) == (2.0, True, 1)


def test_cache_entries_last_until_they_expire_or_are_written_anew() -> None:
    story = Story(commands=2, length_ns=1_000_000_000, end_ns=1_000_000_000)
    story.issue(0, 0).issue(0, 1).decide(0, 0, Decision.INVALID).decide(0, 1, Decision.INVALID)
    story.row(100, Moment.REFUSAL_CACHED, 0).row(300, Moment.REFUSAL_CACHED, 0).row(
        500, Moment.REFUSAL_EXPIRED, 0, value=1
    )
    story.row(600, Moment.REFUSAL_CACHED, 1)
    story.row(650, Moment.POLLED, 0, place=Channel.ERROR_CACHE, outcome=Answer.NOTHING)
    story.row(650, Moment.POLLED, 1, place=Channel.ERROR_CACHE, outcome=Answer.FAILURE)
    found = numbers(story)
    assert found["cache_entries_mean"] == pytest.approx(0.8)
    assert (found["cache_entries_max"], found["cache_pushed_out_count"]) == (1, 1)
    assert found["cache_hit_share"] == 0.5


def test_bytes_are_told_by_kind() -> None:
    story = Story(commands=2, marks={"events": [3, 1]}).store(1, 0, 0)
    story.issue(9, 1).decide(10, 1, Decision.INVALID).row(11, Moment.REFUSAL_STORED, 1, value=3)
    found = numbers(story)
    assert (found["event_bytes_end"], found["error_bytes_end"], found["store_bytes_end"]) == (1200, 250, 1450)
    assert (found["events_count"], found["error_events_count"]) == (3, 1)


def test_fault_periods_are_episodes() -> None:
    story = Story(faults=FULL).store(1, 0)
    for begin, end in ((100, 200), (300, 400)):
        story.row(begin, Moment.FAULT_BEGAN, -1).row(end, Moment.FAULT_ENDED, -1)
    story.row(900, Moment.FAULT_BEGAN, -1)
    table = episodes(story.trace())
    assert table["begin_ms"].tolist() == [100, 300, 900]
    assert table["end_ms"].tolist()[:2] == [200, 400]
    assert np.isnan(table["end_ms"].iloc[2])
    assert table["ended_by"].tolist() == ["repair", "repair", "end of run"]
    assert set(table["cause"]) == {"disk full"}
    levels = series(story.trace(), bins=20)
    assert levels["faults_active"].tolist()[:5] == [0, 1, 0, 1, 0]


def refusing(story: Story) -> pd.DataFrame:
    table = episodes(story.trace())
    return table[table["kind"] == "store_refuses"]


def test_a_refusing_store_is_an_episode_until_its_next_success() -> None:
    story = Story(commands=5, faults=FULL, marks={"aggregate": list(range(5))})
    for command, at in enumerate((10, 20, 30, 40, 50)):
        story.issue(at, command).decide(at, command).send_append(at, command)
    story.write(11, 0, 0).fail(21, 1, fault=0).fail(31, 2, fault=0).write(41, 1, 3).fail(51, 4)
    table = refusing(story)
    assert table["begin_ms"].tolist() == [21, 51]
    assert table["end_ms"].tolist()[0] == 41
    assert table["peak"].tolist() == [2, 1]
    assert table["cause"].tolist() == ["disk full", "disk full"]
    assert table["ended_by"].tolist() == ["next success", "end of run"]
    assert numbers(story)["store_refusing_share"] == pytest.approx(0.02 + 0.949)


def test_a_conflict_is_no_refusing_store() -> None:
    story = Story().issue(1).decide(2).send_append(2).fail(3, outcome=AppendOutcome.CONFLICT)
    assert refusing(story).empty
