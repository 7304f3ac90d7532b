"""Waits of which some have not ended: exact where nothing is censored, Kaplan and Meier where something is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.stories import Story, patient
from scipy import stats

from cqrsim.messages import Belief
from cqrsim.metrics import summary
from cqrsim.metrics.waits import Known, Waits

times = st.lists(st.integers(0, 20).map(float), min_size=1, max_size=40)
shares = st.sampled_from([0.01, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0])


@patient
@given(times, shares)
def test_without_censoring_a_quantile_is_an_order_statistic(ended: list[float], p: float) -> None:
    known = Waits(np.array(ended)).quantile(p)
    assert known == Known(float(np.quantile(ended, p, method="inverted_cdf")))


@patient
@given(times)
def test_without_censoring_the_mean_is_the_mean(ended: list[float]) -> None:
    assert Waits(np.array(ended)).mean() == Known(float(np.mean(np.sort(ended))))


@patient
@given(times, times)
def test_the_curve_is_that_of_scipy(ended: list[float], censored: list[float]) -> None:
    """Kaplan and Meier's estimate, step by step."""
    waits = Waits(np.array(ended), np.array(censored))
    sample = stats.CensoredData(uncensored=ended, right=censored)
    reference = stats.ecdf(sample).cdf
    for limit in np.unique(ended):
        assert waits.share_within(limit).value == pytest.approx(float(reference.evaluate(limit)), abs=1e-12)


@patient
@given(times, times, shares)
def test_a_censored_quantile_is_where_the_curve_gets_there(ended: list[float], censored: list[float], p: float) -> None:
    known = Waits(np.array(ended), np.array(censored)).quantile(p)
    reference = stats.ecdf(stats.CensoredData(uncensored=ended, right=censored)).cdf
    there = reference.quantiles[reference.probabilities >= p - 1e-9]
    if known.beyond:
        assert not len(there)
        assert known.value <= max(ended + censored)
    else:
        assert known.value == there[0]


@patient
@given(times, times, shares)
def test_waits_in_vain_are_later_than_anything(ended: list[float], never: list[float], p: float) -> None:
    known = Waits(np.array(ended), never=np.array(never)).quantile(p)
    rank = math.ceil(p * (len(ended) + len(never)) - 1e-9)
    if rank <= len(ended):
        assert known == Known(sorted(ended)[rank - 1])
    else:
        assert known == Known(max(ended + never), beyond=True)


@patient
@given(times, times)
def test_the_restricted_mean_is_the_area_under_the_curve(ended: list[float], censored: list[float]) -> None:
    waits = Waits(np.array(ended), np.array(censored))
    survival = stats.ecdf(stats.CensoredData(uncensored=ended, right=censored)).sf
    grid = np.arange(0, max(ended + censored), 0.5)
    assert waits.mean().beyond
    assert waits.mean().value == pytest.approx(float(np.sum(survival.evaluate(grid)) * 0.5))


def test_nothing_has_no_statistics() -> None:
    nothing = Waits(np.empty(0))
    assert math.isnan(nothing.quantile(0.5).value)
    assert math.isnan(nothing.mean().value)
    assert math.isnan(nothing.share().value)
    assert math.isnan(nothing.share_within(1).value)


def test_all_in_vain_is_known_to_have_lasted() -> None:
    never = Waits(np.empty(0), never=np.array([3.0, 5.0]))
    assert never.quantile(0.5) == Known(5.0, beyond=True)
    assert never.mean() == Known(5.0, beyond=True)
    assert never.share() == Known(0.0)


def test_a_design_that_gives_up_does_not_look_faster() -> None:
    """Three are told after 1, 2 and 3 ms, one gives up after 50, one is unresolved at the end (2 s)."""
    story = Story(commands=5)
    for command in range(5):
        story.store(command * 10, command, command)
    for command in range(3):
        story.inform(command * 10 + 5 + command, command=command)
    story.give_up(30 + 50, Belief.UNKNOWN, command=3)
    table = summary(story.trace()).set_index(["metric", "stat"])
    p50, p90 = table.loc[("feedback_ms", "p50")], table.loc[("feedback_ms", "p90")]
    assert (p50["value"], p50["lower_bound"]) == (7.0, False)
    assert (p90["value"], p90["lower_bound"], p90["n"], p90["n_censored"]) == (1960.0, True, 5, 1)
    assert table.loc[("feedback", "share"), "value"] == 0.6
    assert table.loc[("feedback_ms", "mean"), "lower_bound"]
