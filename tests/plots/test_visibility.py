import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.errors import ResultError
from cqrsim.plots import style, t_visibility
from cqrsim.plots.visibility import nines, seeing

RATE_PER_S = 50.0
LATER = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(200))),
    state=cq.FromGenerated(),
    network=cq.Network(store_to_projection=cq.Route(cq.Exponential(ms(1000 / RATE_PER_S)), in_order=False)),
    aggregates=cq.Evenly(1000),
    length=seconds(4),
    warm_up=seconds(1),
)
"""An event is seen after an exponential time: N = R = W = 1 of PBS (Bailis et al. 2012)."""


@pytest.fixture(scope="module")
def comparison():
    """One false alarm in 10,000 for each time that is looked at."""
    slower = LATER.with_({"network.store_to_projection.delay": cq.Exponential(ms(2000 / RATE_PER_S))})
    designs = {"fast": LATER, "slow": slower}
    return cq.compare(designs, replications=20, seed=1, confidence=0.9999, engine="simpy")


def test_the_curve_is_that_of_an_exponential_lag(comparison):
    """P(seen after t) = 1 - exp(-nu t), within the drawn intervals, which are narrow."""
    for one, rate_per_s in zip(seeing(comparison), (RATE_PER_S, RATE_PER_S / 2), strict=True):
        looked_at = [int(np.searchsorted(one.times, quantile * 1000 / rate_per_s)) for quantile in (0.1, 0.7, 1.5, 3.0)]
        theory = 1 - np.exp(-rate_per_s * one.times[looked_at] / 1000)
        assert (one.low[looked_at] <= theory).all()
        assert (theory <= one.high[looked_at]).all()
        assert (one.high - one.low)[looked_at].max() < 0.05
        for told in one.named:
            assert told.low <= -1000 * np.log(1 - told.share) / rate_per_s <= told.high


def test_designs_are_drawn_in_their_colours_with_bands_and_named_times(comparison, looking):
    ax = t_visibility(comparison)
    assert [line.get_label() for line in looking.lines(ax, "design")] == ["fast", "slow"]
    colours = [look.colour for look in style.looks(["fast", "slow"]).values()]
    assert [line.get_color() for line in looking.lines(ax, "design")] == colours
    assert len([band for band in ax.collections if band.get_gid() == "band"]) == 2
    assert len(looking.lines(ax, "interval")) == len(looking.lines(ax, "named")) == 4
    texts = looking.texts(ax, "name")
    assert all("99 % in" in text.get_text() and "99.9 % in" in text.get_text() for text in texts)
    assert looking.covering(texts) == []
    assert looking.cut_off([*ax.texts, ax.xaxis.label, ax.yaxis.label]) == []


def test_named_times_are_not_below_zero_and_thin_marks(looking):
    """Two replications tell little to those who want to be sure: their intervals would reach below 0."""
    told = cq.compare({"a": LATER, "b": LATER}, replications=2, seed=1, confidence=0.9999, engine="simpy")
    assert (told.quantiles("lag_ms", p=(0.999,))["low"] < 0).all(), "this is about such intervals"
    ax = t_visibility(told)
    marks = looking.lines(ax, "interval")
    assert marks and all(mark.get_linewidth() < 1 and min(mark.get_xdata()) > 0 for mark in marks)
    texts = [text.get_text() for text in looking.texts(ax, "name")]
    assert all("(0 to" in text and "-" not in text for text in texts)


def test_of_a_run_the_named_times_are_those_of_its_consistency(looking):
    run = cq.simulate(LATER, seed=1, engine="simpy")
    ax = t_visibility(run)
    told = run.consistency().set_index("metric")["value"]
    named = [(line.get_ydata()[0], line.get_xdata()[0]) for line in looking.lines(ax, "named")]
    assert named == [pytest.approx((2, told["t_visibility_ms_p99"])), pytest.approx((3, told["t_visibility_ms_p999"]))]
    (line,) = looking.lines(ax, "design")
    assert (np.diff(line.get_ydata()) >= 0).all()


def test_what_is_passed_by_keeps_the_curve_down(looking):
    """One message in five is lost, and nobody catches up: the line stays below 90 %, and no time has a name."""
    lossy = LATER.with_({"network.store_to_projection.loss": 0.2, "projections.catch_up": False})
    run = cq.simulate(lossy, seed=1, engine="simpy")
    ax = t_visibility(run)
    (line,) = looking.lines(ax, "design")
    assert nines(np.array([0.7]))[0] < line.get_ydata()[-1] < nines(np.array([0.9]))[0]
    assert not looking.lines(ax, "named")
    assert all("beyond" in text.get_text() for text in looking.texts(ax, "name"))


def test_one_projection_is_looked_at_by_its_name():
    two = LATER.with_({"projections": (cq.Projection(name="list"), cq.Projection(name="search", poll=ms(100)))})
    run = cq.simulate(two, seed=1, engine="simpy")
    (alone,), (both,) = seeing(run, "search"), seeing(run)
    assert both.named[0].value >= alone.named[0].value
    assert t_visibility(run, "search").get_title(loc="left") == "How soon reads see what is durable, in search"
    with pytest.raises(ResultError, match='no projection "serach"; there are list, search'):
        t_visibility(run, "serach")
