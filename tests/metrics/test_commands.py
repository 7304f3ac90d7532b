"""One row per command: times, latencies, flags."""

import numpy as np
import pandas as pd
import pytest
from metrics.stories import Story

from cqrsim.errors import TraceError
from cqrsim.messages import Channel, Decision, Seen
from cqrsim.metrics import commands, events, journey
from cqrsim.moments import Moment

WELL = ("issued", "sent", "received", "admitted", "decided", "append_sent", "written", "published", "released")


def test_every_step_has_its_time() -> None:
    row = commands(Story().store(1, 0).inform(7).trace()).iloc[0]
    times = [row[f"{step}_ms"] for step in WELL]
    assert times == [1, 1, 2, 2, 2, 2, 3, 3, 3]
    assert (row["applied_view_ms"], row["visible_ms"], row["informed_ms"]) == (4, 4, 7)
    assert pd.isna(row["gave_up_ms"])
    assert pd.isna(row["seen_ms"])


def test_latencies_count_from_intended_and_from_sent() -> None:
    """A client that is stuck sends late; both times are told."""
    story = Story().row(5, Moment.ISSUED, value=1_000_000).row(5, Moment.SENT).decide(6).send_append(6).write(7, 0)
    story.apply(9, 0).row(10, Moment.ANSWERED, outcome=1).inform(11).look(12, Seen.NO).look(15, Seen.YES)
    row = commands(story.trace()).iloc[0]
    latencies = {"answer": 9, "feedback": 10, "durability": 6, "visibility": 8, "own_read": 14}
    for name, expected in latencies.items():
        assert row[f"{name}_ms"] == expected
        assert row[f"{name}_from_sent_ms"] == expected - 4
    assert row["lag_ms"] == 2
    assert row["seen_ms"] == 15


def test_turns_are_timed_per_try() -> None:
    story = Story().issue(1).row(2, Moment.RECEIVED).row(5, Moment.ADMITTED).row(6, Moment.DECIDED).release(9)
    row = commands(story.trace()).iloc[0]
    assert (row["turn_wait_ms"], row["turn_held_ms"]) == (3, 4)


def test_who_is_turned_away_does_not_wait_for_a_turn() -> None:
    story = Story().issue(1).decide(2, decision=Decision.OVERLOADED)
    assert commands(story.trace())["turn_wait_ms"].isna().all()


def test_all_projections_must_show_it_before_it_is_visible() -> None:
    story = Story(commands=2, projections=("list", "search")).store(1, 0).apply(9, 0, projection=1)
    story.store(20, 1, command=1)
    table = commands(story.trace())
    assert table["applied_list_ms"].tolist() == [4, 23]
    assert table["visible_ms"].tolist()[0] == 9
    assert np.isnan(table["visible_ms"].iloc[1])


def test_only_issued_commands_have_a_row() -> None:
    """In closed groups the marks are of commands that might have been."""
    story = Story(commands=3, marks={"group": [0, 1, 1]}, groups=("api", "web"), closed=(False, True))
    table = commands(story.store(1, 0, command=1).trace())
    assert table["command"].tolist() == [1]
    assert table["group"].tolist() == ["web"]
    assert table["group"].cat.categories.tolist() == ["api", "web"]


def test_attempts_and_polls_are_counted() -> None:
    story = Story().store(1, 0).row(8, Moment.SENT, attempt=1)
    for number in range(3):
        story.row(10 + number, Moment.POLLED, place=Channel.EVENT_POLL, value=number + 1)
    row = commands(story.trace()).iloc[0]
    assert (row["attempts"], row["polls"]) == (2, 3)


def test_background_reads_are_nobodys_command() -> None:
    """Their rows carry the number of the read where others carry that of the command."""
    story = Story(commands=1).store(1, 0)
    plain = commands(story.trace())
    story.row(5, Moment.BACKGROUND_READ, command=0, attempt=0)
    story.reads = type(story.reads).of(1)
    pd.testing.assert_frame_equal(commands(story.trace()), plain)


def test_events_have_positions_and_versions() -> None:
    """A command's events stand together; error events take positions, but no versions."""
    story = Story(commands=3, marks={"events": [2, 1, 1], "aggregate": [7, 7, 7]})
    story.store(1, 0, command=0)
    story.issue(5, 1).decide(6, 1, Decision.INVALID).row(7, Moment.REFUSAL_STORED, 1, value=2)
    story.store(10, 3, command=2, version=2)
    table = events(story.trace())
    assert table["position"].tolist() == [0, 1, 2, 3]
    assert table["kind"].tolist() == ["event", "event", "error", "event"]
    assert table["version"].tolist() == [1, 2, -1, 3]
    assert table["size_bytes"].tolist() == [400, 400, 250, 400]
    assert table["command"].tolist() == [0, 0, 1, 2]


def test_events_of_a_measured_trace_need_no_positions() -> None:
    story = Story(commands=2, measured=True)
    story.row(5, Moment.WRITTEN, 1).row(3, Moment.WRITTEN, 0)
    table = events(story.trace())
    assert table["command"].tolist() == [0, 1]
    assert table["position"].tolist() == [0, 1]


def test_a_journey_is_told_in_words() -> None:
    table = journey(Story(commands=2).store(5, 0, command=1).inform(9, command=1).trace(), 1)
    assert table["time_ms"].is_monotonic_increasing
    assert table["time_ms"].iloc[0] == 0
    said = [tuple(row) for row in table[["moment", "who", "outcome"]].itertuples(index=False)]
    assert said[0] == ("issued", "clients", "")
    assert ("decided", "shard 0", "accepted") in said
    assert ("applied", "view", "") in said
    assert said[-1] == ("informed", "reply", "success")


def test_a_journey_of_nobody_is_refused() -> None:
    with pytest.raises(TraceError, match="no command 7 in this trace: they are 0 to 0"):
        journey(Story().store(1, 0).trace(), 7)
    with pytest.raises(TraceError, match="none was issued"):
        journey(Story().trace(), 0)
