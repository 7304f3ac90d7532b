"""Logarithm, exponential and normal quantile: the bits of the written-out formulas, and close to the truth."""

import numpy as np
import pytest
from scipy import special

from cqrsim.plan.arithmetic import LN2_HIGH, LN2_LOW, exp, log, normal_quantile

STREAM = np.random.default_rng(1)
SHARES = np.concatenate([STREAM.random(20_000), 10.0 ** -STREAM.uniform(0, 16, 20_000), [0.5, 0.075, 0.925, 2.0**-54]])
POSITIVE = np.concatenate([SHARES, 1.0 / SHARES, 10.0 ** STREAM.uniform(-300, 300, 20_000), [1.0, np.sqrt(0.5)]])


def written_out(x: np.ndarray) -> np.ndarray:
    """The logarithm as a textbook has it, step after step."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < 0.7071067811865476
    mantissa, exponent = np.where(small, mantissa * 2.0, mantissa), exponent - small
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    series = np.full_like(ratio, 1.0 / 23.0)
    for odd in range(21, 0, -2):
        series = series * (ratio * ratio) + 1.0 / odd
    return exponent * LN2_HIGH + (2.0 * ratio * series + exponent * LN2_LOW)


def test_a_logarithm_has_the_bits_of_its_formula() -> None:
    """Reading the exponent off the bits, and writing over arrays, changes no bit of a result."""
    assert np.array_equal(log(POSITIVE), written_out(POSITIVE))


def test_a_logarithm_leaves_alone_what_it_was_given() -> None:
    """Its argument may be read-only, spread out in memory, or whole numbers."""
    given = np.broadcast_to(np.float64(8.0), 3)
    assert np.array_equal(log(given), written_out(given))
    assert np.array_equal(log(POSITIVE[::3]), written_out(POSITIVE[::3]))
    assert log(np.array([2]))[0] == log(np.array([2.0]))[0]


def units_apart(found: np.ndarray, right: np.ndarray) -> float:
    return float(np.max(np.abs(found - right) / np.spacing(np.abs(right))))


def test_logarithm_and_exponential_are_right_but_for_the_last_place() -> None:
    """One unit more than they promise is for the library that they are compared with."""
    x = STREAM.uniform(-600, 600, 20_000)
    assert units_apart(log(POSITIVE), np.log(POSITIVE)) <= 4
    assert units_apart(exp(x), np.exp(x)) <= 3


def test_normal_quantiles_are_right_in_the_middle_and_in_both_tails() -> None:
    """All three formulas are used, and each agrees with SciPy."""
    q = np.abs(SHARES - 0.5)
    radius = np.sqrt(-np.log(np.minimum(SHARES, 1.0 - SHARES)))
    for which in (q <= 0.425, (q > 0.425) & (radius <= 5.0), radius > 5.0):
        assert which.any()
        assert normal_quantile(SHARES[which]) == pytest.approx(special.ndtri(SHARES[which]), rel=1e-13, abs=1e-15)
    assert np.array_equal(normal_quantile(SHARES)[::7], normal_quantile(SHARES[::7]))
