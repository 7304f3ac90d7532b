"""Where a run has warmed up, and whether its backlog grows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.stories import patient

from cqrsim.metrics.backlog import growth_between
from cqrsim.metrics.mser import mser


def brute_force(values: np.ndarray, batch: int = 5) -> int:
    """As it is written down: White (1997)."""
    means = values[: len(values) // batch * batch].reshape(-1, batch).mean(axis=1)
    found = [((means[cut:] - means[cut:].mean()) ** 2).sum() / (len(means) - cut) ** 2 for cut in range(len(means) - 4)]
    return int(np.argmin(found)) * batch


@patient
@given(seed=st.integers(0, 10**6), drop=st.integers(0, 100), size=st.integers(50, 400))
def test_the_rule_is_what_it_says(seed: int, drop: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(0, 1, size) + np.where(np.arange(size) < drop, 5.0, 0.0)
    assert mser(values).leave_out == brute_force(values)


def test_a_start_that_differs_is_left_out() -> None:
    values = np.random.default_rng(1).normal(0, 1, 1000) + np.where(np.arange(1000) < 100, 10.0, 0.0)
    found = mser(values)
    assert 100 <= found.leave_out <= 150 and found.in_first_half


def test_a_drift_to_the_end_is_not_trusted() -> None:
    assert not mser(np.arange(500.0) ** 2).in_first_half


def test_too_few_values_are_refused() -> None:
    with pytest.raises(ValueError, match="49 values are too few to find a warm-up in: 50 are needed"):
        mser(np.zeros(49))


def lindley(generator: np.random.Generator, runs: int, commands: int, rho: float) -> np.ndarray:
    """Waits of M/M/1 queues that start empty (service takes 1 on average)."""
    waits = np.zeros((runs, commands))
    for number in range(1, commands):
        step = generator.exponential(1, runs) - generator.exponential(1 / rho, runs)
        waits[:, number] = np.maximum(waits[:, number - 1] + step, 0.0)
    return waits


def test_o37_what_is_left_is_less_biased_where_the_start_was_empty() -> None:
    """M/M/1 at 0.8, started empty: the mean of the first 300 is too small; behind the cut it is less so."""
    generator = np.random.default_rng(37)
    whole, behind = [], []
    for _ in range(60):
        curve = lindley(generator, 200, 300, 0.8).mean(axis=0)
        whole.append(curve.mean() - 4.0)
        behind.append(curve[mser(curve).leave_out :].mean() - 4.0)
    error = np.std(np.abs(whole) - np.abs(behind), ddof=1) / np.sqrt(60)
    assert np.mean(whole) < -0.25
    assert np.mean(np.abs(whole) - np.abs(behind)) > 4 * error
    assert abs(np.mean(behind)) < 0.5 * abs(np.mean(whole))


def open_at(came: list[int], closed: list[int], time: int) -> int:
    return sum(a < time and (b < 0 or b >= time) for a, b in zip(came, closed, strict=True))


@patient
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(-1, 120)), max_size=40))
def test_growth_is_what_is_open_at_the_end_less_what_was_in_the_middle(spans: list[tuple[int, int]]) -> None:
    came = [a for a, _ in spans]
    closed = [-1 if b < 0 else a + b for a, b in spans]
    found = growth_between(np.array(came, np.int64), np.array(closed, np.int64), 0, 100)
    assert found.arrivals == sum(a >= 50 for a in came)
    if any(0 <= b < 50 for b in closed):
        assert found.growth == open_at(came, closed, 100) - open_at(came, closed, 50)
    else:
        assert found.growth == 0


def test_who_takes_longer_than_half_of_the_window_says_nothing() -> None:
    """A fixed delay fills the system without overloading it."""
    came = np.arange(0, 100)
    assert growth_between(came, came + 60, 0, 100).growth == 0
    assert growth_between(came, came + 30, 0, 100).growth == 0
    assert growth_between(came, came * 2, 0, 100).growth == pytest.approx(25, abs=1)
