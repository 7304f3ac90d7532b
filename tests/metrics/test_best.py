"""Comparisons with the best: the critical values are those of the literature."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from metrics.stories import patient
from scipy import stats

from cqrsim.metrics.best import against_the_best, critical_value

DUNNETT = {
    5: (2.02, 2.44, 2.68, 2.85, 2.98, 3.08, 3.16, 3.24, 3.30),
    10: (1.81, 2.15, 2.34, 2.47, 2.56, 2.64, 2.70, 2.76, 2.81),
    20: (1.72, 2.03, 2.19, 2.30, 2.39, 2.46, 2.51, 2.56, 2.60),
    10**6: (1.64, 1.92, 2.06, 2.16, 2.23, 2.29, 2.34, 2.38, 2.42),
}
"""One-sided points for 1 to 9 others at 95 %, by degrees of freedom (Dunnett 1955, table 1a)."""


@pytest.mark.parametrize("degrees", DUNNETT)
def test_critical_values_are_those_of_the_table(degrees: int) -> None:
    found = [critical_value(others, degrees) for others in range(1, 10)]
    assert found == pytest.approx(DUNNETT[degrees], abs=0.0101)


@pytest.mark.parametrize(("others", "degrees", "confidence"), [(2, 9, 0.95), (3, 12, 0.9), (4, 27, 0.99)])
def test_they_are_points_of_the_multivariate_t(others: int, degrees: int, confidence: float) -> None:
    """SciPy integrates by quasi-random points: to about four digits."""
    shape = np.full((others, others), 0.5) + np.eye(others) / 2
    point = np.full(others, critical_value(others, degrees, confidence))
    law = stats.multivariate_t(shape=shape, df=degrees)
    assert law.cdf(point, random_state=1) == pytest.approx(confidence, abs=1e-3)


def test_two_are_compared_by_the_one_sided_paired_t_interval() -> None:
    values = np.random.default_rng(3).normal([0.0, 0.4], 1, (12, 2))
    differences = values[:, 0] - values[:, 1]
    half = stats.t.isf(0.05, 11) * differences.std(ddof=1) / math.sqrt(12)
    found = against_the_best(values)
    assert found.half_width == pytest.approx(half)
    assert found.low[0] == pytest.approx(min(differences.mean() - half, 0))


tables = arrays.arrays(np.float64, st.tuples(st.integers(2, 8), st.integers(2, 5)), elements=st.integers(-50, 50))


@patient
@given(values=tables)
def test_largest_is_smallest_with_the_sign_turned(values: np.ndarray) -> None:
    one, other = against_the_best(values), against_the_best(-values, smallest=False)
    np.testing.assert_allclose(one.low, -other.high, atol=1e-9)
    np.testing.assert_allclose(one.differences, -other.differences, atol=1e-9)


@patient
@given(values=tables, luck=st.lists(st.integers(-1000, 1000), min_size=8, max_size=8))
def test_luck_that_all_share_changes_nothing(values: np.ndarray, luck: list[int]) -> None:
    shifted = against_the_best(values + np.array(luck[: len(values)])[:, None])
    np.testing.assert_allclose(shifted.low, against_the_best(values).low, atol=1e-6)


@patient
@given(values=tables)
def test_one_at_least_may_be_the_best_and_intervals_reach_zero(values: np.ndarray) -> None:
    found = against_the_best(values)
    assert (found.low <= 0).all() and (found.high >= 0).all()
    assert found.differences.min() <= 0


def test_a_single_replication_tells_nothing_and_a_single_design_is_refused() -> None:
    assert against_the_best([[1.0, 2.0]]).high.tolist() == [math.inf, math.inf]
    with pytest.raises(ValueError, match="at least two"):
        against_the_best([[1.0], [2.0]])
