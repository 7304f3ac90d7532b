"""Numbers about beliefs, loss and staleness, and what they are shares of."""

import numpy as np
import pytest
from metrics.stories import Story

from cqrsim.messages import Answer, Belief, Decision
from cqrsim.metrics import consistency, summary


def mixed() -> Story:
    """Ten commands: of each fate one or more."""
    story = Story(commands=10, marks={"aggregate": list(range(10))})
    for command in range(10):
        story.issue(10 * command, command)
    for position, command in enumerate((0, 1, 2, 3)):  # these four are stored
        at = 10 * command + 1
        story.decide(at, command).send_append(at, command).write(at + 1, position, command)
        story.release(at + 1, command).apply(at + 51 * (command + 1), position, command)
    story.inform(5, command=0).inform(15, Answer.FAILURE, 1).give_up(900, Belief.PRESUMED_FAILURE, 2).give_up(
        900, command=3
    )
    for command in (4, 5):  # these two are accepted, and lost
        story.decide(10 * command + 1, command).send_append(10 * command + 1, command).fail(10 * command + 2, command)
    story.inform(45, command=4).give_up(900, command=5)
    for command in (6, 7, 8):  # these three are refused
        story.decide(10 * command + 1, command, Decision.INVALID)
    story.inform(65, Answer.FAILURE, 6).give_up(900, Belief.PRESUMED_FAILURE, 7)
    return story  # the last never gets anywhere


@pytest.mark.parametrize(
    ("metric", "count"),
    [
        ("false_success", 1),
        ("false_failure", 2),
        ("silent_failure", 3),
        ("unknown", 2),
        ("never_informed", 6),
        ("loss", 1),
        ("ghost", 1),
        ("duplicate", 0),
    ],
)
def test_beliefs_are_counted_and_shared(metric: str, count: int) -> None:
    table = consistency(mixed().trace()).set_index("metric")
    assert table.loc[f"{metric}_count", "value"] == count
    assert tuple(table.loc[f"{metric}_share", ["value", "n"]]) == (count / 10, 10)


def test_the_summary_says_the_same() -> None:
    trace = mixed().trace()
    table, long = consistency(trace), summary(trace)
    names = long["metric"].str.cat(long["stat"], sep="_").where(long["stat"] != "value", long["metric"])
    said = dict(zip(names, long["value"], strict=True))
    for metric, value in zip(table["metric"], table["value"], strict=True):
        assert said[metric] == value or (np.isnan(said[metric]) and np.isnan(value))


def test_names_in_the_summary_are_unique() -> None:
    long = summary(mixed().trace())
    assert not long.duplicated(["metric", "stat"]).any()


def test_visibility_after_a_time() -> None:
    """The four lags are 50, 101, 152 and 203 ms."""
    table = consistency(mixed().trace()).set_index("metric")
    assert table.loc["visible_within_10ms_share", "value"] == 0
    assert table.loc["visible_within_100ms_share", "value"] == 0.25
    assert table.loc["visible_within_1000ms_share", "value"] == 1
    assert table.loc["t_visibility_ms_p99", "value"] == pytest.approx(203)
    assert not table.loc["t_visibility_ms_p99", "lower_bound"]


def test_latencies_are_split_by_truth() -> None:
    """A design that fails fast does not look fast: its successes have latencies of their own."""
    table = summary(mixed().trace()).set_index(["metric", "stat"])
    assert tuple(table.loc[("durable_feedback", "share"), ["value", "n"]]) == (0.5, 4)
    assert tuple(table.loc[("refused_feedback", "share"), ["value", "n"]]) == (1 / 3, 3)
    assert tuple(table.loc[("failed_feedback", "share"), ["value", "n"]]) == (0.5, 2)
    assert table.loc[("durable_feedback_ms", "p50"), "value"] == 5


def test_durability_is_waited_for_by_all_that_are_not_refused() -> None:
    table = summary(mixed().trace()).set_index(["metric", "stat"])
    assert tuple(table.loc[("durability", "share"), ["value", "n", "n_censored"]]) == (4 / 7, 7, 1)
    assert tuple(table.loc[("durability_ms", "p50"), ["value", "lower_bound"]]) == (2, False)
    assert table.loc[("durability_ms", "p90"), "lower_bound"]


def test_projections_have_their_own_latencies_if_there_are_several() -> None:
    story = Story(projections=("list", "search")).store(1, 0).apply(50, 0, projection=1)
    table = summary(story.trace()).set_index(["metric", "stat"])
    assert table.loc[("visibility_list_ms", "p50"), "value"] == 3
    assert table.loc[("visibility_search_ms", "p50"), "value"] == 49
    assert table.loc[("visibility_ms", "p50"), "value"] == 49
    assert table.loc[("lag_search_ms", "p50"), "value"] == 47
    assert "visibility_view_ms" not in summary(Story().trace())["metric"].tolist()


def test_nothing_measured_is_not_zero() -> None:
    table = consistency(Story(commands=0).trace()).set_index("metric")
    for name in ("false_success_share", "stale_read_share", "wrong_accept_per_million", "visible_within_10ms_share"):
        assert np.isnan(table.loc[name, "value"])
        assert table.loc[name, "n"] == 0
