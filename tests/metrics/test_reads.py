"""Looks at projections: what they show, how far behind, and what a session may expect of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from metrics.stories import Story, patient

from cqrsim.messages import Seen
from cqrsim.metrics import consistency, reads
from cqrsim.moments import Moment
from cqrsim.trace import Reads


def slow_view() -> Story:
    """Two writes of one session to one aggregate; the projection applies them 100 ms late."""
    story = Story(commands=2, marks={"session": [5, 5]})
    for command in range(2):
        at = 10 * command
        story.issue(at, command).decide(at + 1, command, version=command).send_append(at + 1, command)
        story.write(at + 2, command, command).release(at + 2, command).inform(at + 3, command=command)
        story.apply(at + 102, command, command)
    return story


def test_versions_and_time_behind() -> None:
    story = slow_view()
    for number, at in enumerate((50, 105, 120)):
        story.look(at, Seen.NO if at < 112 else Seen.YES, command=1, number=number)
    table = reads(story.trace())
    assert table["version"].tolist() == [0, 1, 2]
    assert table["versions_behind"].tolist() == [2, 1, 0]
    assert table["global_versions_behind"].tolist() == [2, 1, 0]
    assert table["behind_ms"].tolist() == [48, 93, 0]
    assert table["saw"].tolist() == [False, False, True]
    assert table["read_your_writes_floor"].tolist() == [2, 2, 2]
    assert table["read_your_writes_violated"].tolist() == [True, True, False]


def test_at_one_instant_what_is_applied_is_seen() -> None:
    table = reads(slow_view().look(102, Seen.YES, command=0).trace())
    assert table["version"].tolist() == [1]
    assert table["read_your_writes_violated"].tolist() == [True], "it knew of its second write by then"


def test_a_floor_rises_only_by_writes_that_are_known_to_have_succeeded() -> None:
    story = Story(commands=1).store(1, 0, 0).look(3.5, Seen.NO, 0)
    assert reads(story.trace())["read_your_writes_floor"].tolist() == [-1]
    assert reads(story.inform(3.2).trace())["read_your_writes_floor"].tolist() == [1]


def test_one_may_expect_ones_own_writes_only() -> None:
    story = slow_view()
    story.commands, story.marks["session"] = 3, [5, 5, 6]
    story.issue(40, 2).look(50, Seen.NO, command=2)
    assert reads(story.trace())["read_your_writes_floor"].tolist() == [-1]


def two_views() -> Story:
    """The second projection is 100 ms behind the first; three background reads of one session."""
    story = Story(commands=1, marks={"session": [1]}, projections=("list", "search"))
    story.store(1, 0).apply(104, 0, projection=1)
    for number, at in enumerate((10, 20, 200)):
        story.row(at, Moment.BACKGROUND_READ, number, place=(0, 1, 1)[number])
    story.reads = Reads.of(3, session=[1, 1, 1], aggregate=0, projection=[0, 1, 1])
    return story


def test_reading_another_projection_can_lead_back_in_time() -> None:
    table = reads(two_views().trace())
    assert table["kind"].tolist() == ["background"] * 3
    assert table["projection"].tolist() == ["list", "search", "search"]
    assert table["version"].tolist() == [1, 0, 1]
    assert table["monotonic_reads_floor"].tolist() == [-1, 1, 1]
    assert table["monotonic_reads_violated"].tolist() == [False, True, False]
    assert table["saw"].isna().all()


def test_a_background_reader_is_not_the_client_of_the_same_number() -> None:
    table = reads(two_views().inform(5).trace())
    assert table["session"].tolist() == [1, 1, 1]
    assert (table["read_your_writes_floor"] == -1).all()


def test_a_gap_is_counted_as_long_as_it_lasts() -> None:
    """The second event is shown, the first is not: one version behind, since the first was written."""
    story = Story(commands=2).issue(1, 0).decide(2, 0).send_append(2, 0).write(3, 0, 0).store(10, 1, 1, version=1)
    table = reads(story.look(53, Seen.YES, command=1).trace())
    assert (table["version"].iloc[0], table["versions_behind"].iloc[0], table["behind_ms"].iloc[0]) == (1, 1, 50)


def test_shares_have_their_own_denominators() -> None:
    story = slow_view().look(5, Seen.NO, 0).look(50, Seen.NO, 1).look(500, Seen.YES, 1)
    measured = consistency(story.trace()).set_index("metric")
    assert tuple(measured.loc["stale_read_share", ["value", "n"]]) == (2 / 3, 3)
    assert tuple(measured.loc["read_your_writes_violation_share", ["value", "n"]]) == (2 / 3, 3)
    assert tuple(measured.loc["monotonic_reads_violation_share", ["value", "n"]]) == (0, 2)


def test_writes_of_a_session_that_are_applied_the_other_way_round() -> None:
    story = Story(commands=3, marks={"session": [1, 1, 2]}, delivers_in_order=False)
    for command, applied in enumerate((50, 40, 30)):
        story.issue(command, command).decide(command, command).send_append(command, command)
        story.write(10 + command, command, command).apply(applied, command, command)
    measured = consistency(story.trace()).set_index("metric")
    assert tuple(measured.loc["monotonic_writes_violation_count", ["value", "n"]]) == (1, 1)


@patient
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30), st.one_of(st.none(), st.integers(0, 30))), max_size=8),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 70)), max_size=6),
)
def test_staleness_is_what_counting_gives(
    writes: list[tuple[int, int, int | None]], looks: list[tuple[int, int]]
) -> None:
    """Any aggregates, gaps and inversions: versions and age are those of a count over all events."""
    writes = sorted(writes, key=lambda write: write[1])
    story = Story(commands=len(writes), marks={"aggregate": [aggregate for aggregate, _, _ in writes]})
    for command, (_, written, lasts) in enumerate(writes):
        story.write(written, command, command)
        if lasts is not None:
            story.apply(written + lasts, command, command)
    looks = sorted(looks, key=lambda look: look[1])
    for number, (_, at) in enumerate(looks):
        story.row(at, Moment.BACKGROUND_READ, number)
    story.reads = Reads.of(len(looks), aggregate=np.array([aggregate for aggregate, _ in looks], np.int64))
    table = reads(story.trace())
    for (aggregate, at), row in zip(looks, table.itertuples(), strict=True):
        there = [(w, a is not None and w + a <= at) for g, w, a in writes if g == aggregate and w <= at]
        missing = [written for written, applied in there if not applied]
        assert row.version == len(there) - len(missing)
        assert row.versions_behind == len(missing)
        assert row.behind_ms == (at - min(missing) if missing else 0)
        everywhere = [w for _, w, a in writes if w <= at and (a is None or w + a > at)]
        assert row.global_versions_behind == len(everywhere)
