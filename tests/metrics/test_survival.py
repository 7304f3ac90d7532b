"""Kaplan and Meier's curve, restricted means, and incidences of outcomes that compete, against other roads to them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.coverage import MISS
from metrics.stories import patient
from scipy import stats
from small import at, story

import cqrsim as cq
from cqrsim.metrics import incidence
from cqrsim.metrics.incidence import ENDINGS, Endings
from cqrsim.metrics.survival import pooled, restricted_mean, survival
from cqrsim.metrics.waits import Waits

times = st.lists(st.integers(1, 40).map(float), max_size=25)


@patient
@given(ended=times, censored=times, at_ms=st.integers(0, 45))
def test_the_curve_is_that_of_scipy(ended: list[float], censored: list[float], at_ms: int) -> None:
    """As far as anybody was followed; SciPy tells the last value for ever."""
    if not ended:
        return
    mine = survival(Waits(np.array(ended), np.array(censored)), at_ms)[0]
    theirs = stats.ecdf(stats.CensoredData(uncensored=ended, right=censored)).sf.evaluate(at_ms)
    if at_ms > max(ended + censored) and theirs > 0:
        assert math.isnan(mine)
    else:
        assert mine == pytest.approx(theirs, abs=1e-12)


@patient
@given(ended=times, censored=times, never=times, limit=st.integers(1, 45))
def test_the_restricted_mean_is_the_area_below_the_curve(
    ended: list[float], censored: list[float], never: list[float], limit: int
) -> None:
    waits = Waits(*(np.array(part, float) for part in (ended, censored, never)))
    if not len(waits):
        return
    curve = survival(waits, np.arange(limit + 1))
    area = math.nan if math.isnan(curve[-1]) else curve[:-1].sum()
    assert restricted_mean(waits, limit) == pytest.approx(area, nan_ok=True)


@patient
@given(ended=times, censored=times, never=times)
def test_incidences_and_those_still_waiting_make_up_all(
    ended: list[float], censored: list[float], never: list[float]
) -> None:
    after = np.array(ended + censored + never)
    if not len(after):
        return
    kinds = np.array([number % 3 for number in range(len(ended))] + [-1] * (len(censored) + len(never)), np.int8)
    vain = np.arange(len(after)) >= len(ended) + len(censored)
    moments = np.arange(0, 45)
    shares = Endings(after, kinds, vain).shares(moments).sum(axis=0)
    still = survival(Waits(*(np.array(part, float) for part in (ended, censored, never))), moments)
    np.testing.assert_allclose(shares, 1 - still, atol=1e-12)


@patient
@given(ended=times)
def test_without_censoring_incidences_are_counts(ended: list[float]) -> None:
    if not ended:
        return
    kinds = np.array([number % 3 for number in range(len(ended))], np.int8)
    found = Endings(np.array(ended), kinds, np.zeros(len(ended), np.bool_)).shares(20)
    counted = [((kinds == kind) & (np.array(ended) <= 20)).mean() for kind in range(3)]
    np.testing.assert_allclose(found[:, 0], counted, atol=1e-12)


def test_o34_what_was_cut_off_biases_naive_means_and_not_the_curve() -> None:
    """Exponential at rate 0.5, followed for 3 (Kaplan and Meier 1958): closed forms for both."""
    drawn = np.random.default_rng(34).exponential(2.0, (40, 500))
    runs = [Waits(run[run <= 3], np.full((run > 3).sum(), 3.0)) for run in drawn]
    theory = {
        "naive mean": (1.1383492496333953, [run.ended.mean() for run in runs]),
        "restricted mean": (1.5537396797031404, [restricted_mean(run, 3.0) for run in runs]),
        "still there after 2": (0.36787944117144233, [survival(run, 2.0)[0] for run in runs]),
        "censored": (0.22313016014842982, [len(run.censored) / len(run) for run in runs]),
    }
    for name, (truth, found) in theory.items():
        error = np.std(found, ddof=1) / math.sqrt(len(found))
        assert error < 0.02 * truth and abs(np.mean(found) - truth) < stats.t.isf(MISS / 2, 39) * error, name
    together = pooled(runs)
    assert together.quantile(0.5).value == pytest.approx(1.3862943611198906, rel=0.05)
    assert together.quantile(0.95).beyond and math.isnan(survival(together, 3.5)[0])


def test_nobody_followed_so_far_is_not_known() -> None:
    assert math.isnan(survival(Waits(np.array([1.0]), np.array([2.0])), 3.0)[0])
    assert survival(Waits(np.array([1.0]), never=np.array([2.0])), 3.0)[0] == 0.5
    assert math.isnan(restricted_mean(Waits(np.empty(0)), 3.0))
    assert np.isnan(Endings(np.empty(0), np.empty(0, np.int8), np.empty(0, np.bool_)).shares([1.0])).all()


def test_a_run_tells_who_was_told_what_by_when() -> None:
    """A write takes 3 ms; while the disk is full clients are told of failures; who hears nothing gives up."""
    full = cq.DiskFull(at=cq.ms(15), lasts=cq.seconds(100))
    scenario = story(at(1, 10, 20, 30), full, state=cq.FromGenerated(wait=True))
    found = incidence(cq.simulate(scenario, seed=1, engine="simpy").trace, at_ms=[0, 2.9, 3.1])
    told = found.set_index(["outcome", "at_ms"])["share"]
    assert told["told success"].tolist() == [0.0, 0.0, 0.5]
    assert told["told failure", 3.1] == 0.5
    silent = scenario.with_(feedback=cq.ForwardEvent(poll="10ms")).with_({"clients.patience": "50ms"})
    run = cq.simulate(silent, seed=1, engine="simpy")
    found = incidence(run.trace, at_ms=[49.0, 51.0])
    assert found["outcome"].cat.categories.tolist() == list(ENDINGS)
    assert found[found["at_ms"] == 51.0]["share"].tolist() == [0.5, 0.0, 0.5]
    assert found[found["at_ms"] == 49.0]["share"].tolist() == [0.5, 0.0, 0.0]
