"""Ranges: every value between two ends, as the setting reads it, evenly over the scale."""

import math
import pickle
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cqrsim as cq
import cqrsim.units
from cqrsim import bytes_, ms, per_second, seconds

SHARES = st.floats(0, 1)


def ends(kind: type) -> st.SearchStrategy[tuple[Any, Any]]:
    """Two different values of one kind, the smaller one first; more than 0."""
    make = {
        cq.Duration: st.integers(1, 10**12).map(cq.ns),
        cq.Size: st.integers(1, 10**12).map(bytes_),
        cq.Rate: st.floats(1e-3, 1e6).map(per_second),
        float: st.floats(1e-6, 1e6),
        int: st.integers(1, 10**6),
    }[kind]
    return st.tuples(make, make).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: tuple(sorted(pair)))  # type: ignore[arg-type,return-value]


KINDS = st.sampled_from([cq.Duration, cq.Size, cq.Rate, float, int])
RANGES = st.builds(
    lambda pair, scale: cq.Between(*pair, scale=scale), KINDS.flatmap(ends), st.sampled_from(["linear", "log"])
)


@given(RANGES, SHARES, SHARES)
def test_values_lie_within_the_range_and_ascend(between: cq.Between, one: float, other: float) -> None:
    low, high = (between.at(share) for share in sorted((one, other)))
    assert between.low <= low <= high <= between.high
    assert type(low) is type(between.low)


@given(RANGES)
def test_the_ends_belong_to_it(between: cq.Between) -> None:
    at_low, at_high = float(between.at(0.0)), float(between.at(1.0))
    assert at_low == pytest.approx(float(between.low), rel=1e-5) and at_high == pytest.approx(
        float(between.high), rel=1e-5
    )


@given(RANGES, SHARES)
def test_fractions_have_six_digits(between: cq.Between, share: float) -> None:
    """Unless they are an end, which is as it was given."""
    value = between.at(share)
    if isinstance(value, float) and value not in (between.low, between.high):
        assert float(f"{float(value):.6g}") == float(value)


def test_whole_numbers_have_equal_parts_of_the_range() -> None:
    counts = Counter(cq.Between(1, 4).at(share / 1000) for share in range(1000))
    assert counts == {1: 250, 2: 250, 3: 250, 4: 250}


def test_half_way_up_a_logarithmic_scale_is_the_geometric_mean() -> None:
    assert cq.Between("10/s", "1000/s", scale="log").at(0.5) == per_second(100)
    counts = Counter(cq.Between(1, 3, scale="log").at(share / 2000) for share in range(2000))
    parts = [math.log((whole + 1) / whole) / math.log(4) for whole in (1, 2, 3)]
    assert [counts[whole] / 2000 for whole in (1, 2, 3)] == pytest.approx(parts, abs=2e-3)


NAMES = {name: getattr(cq, name) for name in (*cqrsim.units.__all__, "Between")}


@given(RANGES)
def test_a_range_is_a_value_and_says_how_it_is_made(between: cq.Between) -> None:
    assert eval(repr(between), NAMES) == between == pickle.loads(pickle.dumps(between))
    assert hash(eval(repr(between), NAMES)) == hash(between)


def test_texts_are_read_as_what_they_are() -> None:
    assert cq.Between("1ms", "2s") == cq.Between(ms(1), seconds(2))
    assert cq.Between(1, 2.5) == cq.Between(1.0, 2.5)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ((ms(1), per_second(2)), "high: must be a duration, as low is (1ms) (got 2/s)"),
        ((ms(2), ms(2)), "low: must be less than high (2ms) (got 2ms)"),
        ((ms(2), 5), "high: must be a duration, as low is (2ms) (got 5)"),
        (("fast", "slow"), 'low: must be a duration, a rate, a size or a number, such as "2ms" or "50/s" (got "fast")'),
        ((0, 1, "log"), "low: must be more than 0 on a logarithmic scale (got 0)"),
        ((0, 1, "logarithmic"), 'scale: must be "linear" or "log" (got "logarithmic"); did you mean "log"?'),
        ((True, 2), "low: must be a duration"),
        ((0, math.inf), "high: must be a duration"),
    ],
)
def test_what_is_no_range_is_refused(given_: tuple[Any, ...], message: str) -> None:
    with pytest.raises(cq.ScenarioError) as told:
        cq.Between(*given_)
    assert message in str(told.value)


def test_both_ends_and_the_scale_are_told_at_once() -> None:
    with pytest.raises(cq.ScenarioError, match="Between: 3 mistakes"):
        cq.Between("fast", None, scale="log2")  # type: ignore[arg-type]
