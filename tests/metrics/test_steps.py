"""The arithmetic of levels and counts, against loops that take their time."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from metrics.stories import patient

from cqrsim.metrics.steps import (
    Timeline,
    elapsed,
    highest_level,
    mean_levels,
    milliseconds,
    pair_numbers,
    running_max,
    running_sum,
    unions,
)

grouped = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=25)
intervals = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 15), st.one_of(st.none(), st.integers(0, 9))), max_size=20
)


def columns(rows: list[tuple[int, ...]], count: int) -> list[np.ndarray]:
    return list(np.array(rows, np.int64).reshape(-1, count).T)


def spans(rows: list[tuple[int, int, int | None]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    group, begins, lasts = columns([(g, b, -1 if length is None else length) for g, b, length in rows], 3)
    return group, begins, np.where(lasts < 0, -1, begins + lasts)


@patient
@given(grouped, grouped, st.booleans())
def test_a_timeline_counts_what_has_happened(
    things: list[tuple[int, int]], asked: list[tuple[int, int]], inclusive: bool
) -> None:
    (group, time), (at_group, at_time) = columns(things, 2), columns(asked, 2)
    line = Timeline(group, time)
    happened = [[g == one and (t < at or (inclusive and t == at)) for g, t in things] for one, at in asked]
    assert line.count(at_group, at_time, inclusive).tolist() == [sum(flags) for flags in happened]
    last = [
        max((i for i, flag in enumerate(flags) if flag), key=lambda i: (things[i][1], i), default=-1)
        for flags in happened
    ]
    assert line.last(at_group, at_time, inclusive).tolist() == last


@patient
@given(grouped)
def test_running_sums_and_maxima_stay_within_their_groups(things: list[tuple[int, int]]) -> None:
    group, values = columns(things, 2)
    before = [[v for g, v in things[: i + 1] if g == one] for i, (one, _) in enumerate(things)]
    assert running_sum(group, values).tolist() == [sum(part) for part in before]
    assert running_max(group, values).tolist() == [max(part) for part in before]


@patient
@given(grouped)
def test_pairs_are_numbered_alike_if_they_are_alike(things: list[tuple[int, int]]) -> None:
    first, second = columns(things, 2)
    numbers = pair_numbers(first, second).tolist()
    for one, number in zip(things, numbers, strict=True):
        assert [number == other for other in numbers] == [one == other for other in things]


@patient
@given(intervals, st.lists(st.integers(0, 20), min_size=2, max_size=5, unique=True))
def test_levels_are_weighted_by_time(rows: list[tuple[int, int, int | None]], edges: list[int]) -> None:
    _, begins, ends = spans(rows)
    at = np.array(sorted(edges))
    means, weighted = mean_levels(begins, ends, at), mean_levels(begins, ends, at, begins)
    for number, (low, high) in enumerate(itertools.pairwise(at)):
        until = np.where(ends < 0, high, np.minimum(ends, high))
        inside = np.maximum(until - np.maximum(begins, low), 0)
        assert np.isclose(means[number] * (high - low), inside.sum())
        assert np.isclose(weighted[number] * (high - low), (inside * begins).sum())


@patient
@given(intervals, st.integers(0, 10), st.integers(1, 20))
def test_the_highest_level_is_the_largest_number_at_once(
    rows: list[tuple[int, int, int | None]], low: int, width: int
) -> None:
    _, begins, ends = spans(rows)
    instants = range(low, low + width)
    levels = [int(((begins <= t) & ((ends < 0) | (ends > t))).sum()) for t in instants]
    assert highest_level(begins, ends, np.array([low, low + width])) == max(levels)


@patient
@given(intervals)
def test_unions_cover_what_their_parts_cover(rows: list[tuple[int, int, int | None]]) -> None:
    group, begins, ends = spans([row for row in rows if row[2] != 0])
    ends = np.where(ends < 0, 40, ends)
    who, since, until, peak, opened = unions(group, begins, ends)
    for one in range(3):
        for instant in range(40):
            level = int(((group == one) & (begins <= instant) & (ends > instant)).sum())
            covering = (who == one) & (since <= instant) & (until > instant)
            assert covering.sum() == (level > 0)
            if level:
                assert peak[covering][0] >= level
    assert np.array_equal(begins[opened], since)
    assert np.array_equal(group[opened], who)


def test_what_did_not_happen_has_no_time() -> None:
    assert np.array_equal(milliseconds(np.array([-1, 1_500_000])), [np.nan, 1.5], equal_nan=True)
    assert np.array_equal(elapsed(np.array([-1, 3_000_000]), np.array([0, 1_000_000])), [np.nan, 2.0], equal_nan=True)
