"""Intervals cover what they say they cover."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.stories import patient
from scipy import stats

from cqrsim.metrics.intervals import holm, mean_interval, paired_difference, proportion, quantile_interval

RUNS = 2000
"""Simulated experiments; at 95 % coverage the standard error is half a per cent."""


def test_the_mean_is_covered_as_often_as_promised() -> None:
    sample = np.random.default_rng(1).normal(10, 3, (RUNS, 5))
    covered = [low <= 10 <= high for _, low, high in map(mean_interval, sample)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)


def test_sectioning_covers_a_quantile_of_dependent_values() -> None:
    """Within a run values go up and down together, as latencies do; the runs are independent."""
    generator = np.random.default_rng(2)
    truth, covered = stats.norm.ppf(0.9, scale=math.sqrt(1.25)), []
    for _ in range(400):
        runs = [generator.normal(generator.normal(0, 0.5), 1, 300) for _ in range(10)]
        _, low, high = quantile_interval(runs, 0.9)
        covered.append(low <= truth <= high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.04)


def test_common_luck_narrows_the_interval_of_a_difference() -> None:
    generator = np.random.default_rng(3)
    luck = generator.normal(0, 10, (RUNS, 8))
    left, right = luck + generator.normal(1, 1, luck.shape), luck + generator.normal(0, 1, luck.shape)
    found = [paired_difference(a, b) for a, b in zip(left, right, strict=True)]
    assert np.mean([one.low <= 1 <= one.high for one in found]) == pytest.approx(0.95, abs=0.02)
    assert np.mean([one.correlation for one in found]) > 0.9
    assert np.median([one.variance_ratio for one in found]) > 50
    unpaired = stats.ttest_ind(left, right, axis=1).pvalue
    assert np.mean([one.p_value < 0.05 for one in found]) > 5 * np.mean(unpaired < 0.05)


def test_p_values_are_uniform_where_nothing_differs() -> None:
    sample = np.random.default_rng(4).normal(0, 1, (RUNS, 2, 6))
    p_values = [paired_difference(a, b).p_value for a, b in sample]
    assert np.mean(np.array(p_values) < 0.1) == pytest.approx(0.1, abs=0.025)


def test_the_p_value_is_that_of_the_paired_t_test() -> None:
    a, b = [3.0, 4.0, 6.0, 5.0], [1.0, 3.0, 4.0, 6.0]
    assert paired_difference(a, b).p_value == pytest.approx(stats.ttest_rel(a, b).pvalue)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5])
def test_a_proportion_is_covered(share: float) -> None:
    counts = np.random.default_rng(5).binomial(1000, share, RUNS)
    known = {int(count): proportion(int(count), 1000) for count in np.unique(counts)}
    covered = [known[int(count)].low <= share <= known[int(count)].high for count in counts]
    assert np.mean(covered) > 0.93


def test_none_seen_is_not_none() -> None:
    assert proportion(0, 300).high == pytest.approx(3 / 300, rel=0.01)
    assert proportion(300, 300).low == pytest.approx(1 - 3 / 300, rel=0.01)
    assert proportion(0, 1) == (0.0, 0.0, 1.0)
    assert proportion(0, 0)[1:] == (0.0, 1.0)


def test_one_run_tells_no_width() -> None:
    assert mean_interval([3.0]) == (3.0, -math.inf, math.inf)
    assert quantile_interval([[1.0, 2.0]], 0.5) == (1.0, -math.inf, math.inf)
    difference = paired_difference([3.0], [1.0])
    assert (difference.value, difference.low, difference.high) == (2.0, -math.inf, math.inf)


def test_nothing_tells_nothing() -> None:
    assert all(math.isnan(part) for part in mean_interval([]))
    assert all(math.isnan(part) for part in quantile_interval([[], []], 0.5))
    assert math.isnan(paired_difference([math.nan], [1.0]).value)


def test_equal_sides_do_not_differ() -> None:
    same = paired_difference([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert (same.value, same.low, same.high, same.p_value) == (0, 0, 0, 1)
    shifted = paired_difference([2.0, 3.0], [1.0, 2.0])
    assert (shifted.low, shifted.high, shifted.p_value) == (1, 1, 0)


def test_pairs_without_one_side_are_left_out() -> None:
    difference = paired_difference([1.0, math.nan, 3.0], [0.0, 5.0, 1.0])
    assert (difference.value, difference.pairs) == (1.5, 2)


@patient
@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_adjusts_step_by_step(p_values: list[float]) -> None:
    """Each is the largest of the smaller ones times how many were then left."""
    ordered = sorted(p_values)
    for p, adjusted in zip(p_values, holm(p_values), strict=True):
        rank = max(i for i, other in enumerate(ordered) if other == p)
        steps = [other * (len(ordered) - i) for i, other in enumerate(ordered[: rank + 1])]
        assert adjusted == pytest.approx(min(1.0, max(steps)))


def test_holm_keeps_the_family_at_its_level() -> None:
    p_values = np.random.default_rng(6).uniform(0, 1, (RUNS, 5))
    assert np.mean([(holm(family) < 0.05).any() for family in p_values]) < 0.065


def test_holm_leaves_out_what_is_not_known() -> None:
    assert holm([0.01, math.nan, 0.04]).tolist()[0] == pytest.approx(0.02)
    assert math.isnan(holm([0.01, math.nan])[1])


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        mean_interval([1.0, 2.0], confidence)


def test_wrong_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="no proportion"):
        proportion(3, 2)
    with pytest.raises(ValueError, match="two sides"):
        paired_difference([1.0], [1.0, 2.0])
