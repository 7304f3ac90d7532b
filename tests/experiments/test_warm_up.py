"""A warm-up is suggested on the mean over replications, and doubted where it should be."""

from typing import Any

import numpy as np
import pytest
from metrics.coverage import MISS
from scipy import stats

import cqrsim as cq
from cqrsim.experiments.answers.warm_up import in_order


def mm1(rate: float, length: float) -> cq.Scenario:
    """An M/M/1 queue that takes 10 ms for a command, and starts empty."""
    return cq.Scenario(
        clients=cq.Clients(cq.Poisson(cq.per_second(rate))),
        handlers=cq.Handlers(validate=cq.Exponential(cq.ms(10))),
        aggregates=cq.Evenly(10**9),
        state=cq.FromGenerated(give_up_after=None),
        length=cq.seconds(length),
    )


def test_o37_the_curve_starts_as_the_chain_of_numbers_found_says() -> None:
    """Waits of the first, second, tenth and hundredth command at load 0.8, and the mean of the first hundred."""
    runs = [cq.simulate(mm1(80, 1.9), seed=37, replication=number).trace for number in range(400)]
    waits = np.array([in_order(trace, "turn_wait")[1][:100] for trace in runs])
    theory = {1: 0.0044444444444444444, 9: 0.01859832085936294, 99: 0.03810376245169547}
    assert (waits[:, 0] == 0).all()
    found = [(waits[:, place], truth) for place, truth in theory.items()]
    for values, truth in [*found, (waits.mean(axis=1), 0.031000537992316925)]:
        error = values.std(ddof=1) / 20
        assert error < 0.15 * truth * 1e3
        assert abs(values.mean() - truth * 1e3) < stats.t.isf(MISS / 2, 399) * error


def test_a_queue_that_starts_empty_is_cut_where_it_has_filled() -> None:
    found = cq.suggest_warm_up(mm1(80, 8), replications=40, metric="turn_wait_ms", seed=2)
    assert found.trusted and cq.ms(10) < found.warm_up < cq.seconds(4)
    assert found.curve.columns.tolist() == ["at_ms", "turn_wait_ms", "mser"]
    cut = found.curve["at_ms"] >= int(found.warm_up) / 1e6
    assert found.curve.loc[cut, "turn_wait_ms"].mean() > found.curve["turn_wait_ms"].mean()
    assert "suggests a warm-up of" in repr(found) and "at_ms" in found._repr_html_()


def test_what_never_settles_is_not_trusted() -> None:
    """An overloaded queue grows for ever: there is no warm-up that would help."""
    found = cq.suggest_warm_up(mm1(150, 3), replications=5, metric="turn_wait_ms")
    assert not found.trusted and "not to be trusted" in found.sentence


def test_the_warm_up_of_the_scenario_does_not_matter() -> None:
    one, other = (mm1(80, 4).with_(warm_up=text) for text in ("0s", "1s"))
    assert cq.suggest_warm_up(one, 3).warm_up == cq.suggest_warm_up(other, 3).warm_up


def test_mistakes_are_told() -> None:
    with pytest.raises(cq.ResultError, match='no latency "feedback_ms_p50"; did you mean "feedback_ms"'):
        cq.suggest_warm_up(mm1(80, 4), metric="feedback_ms_p50")
    with pytest.raises(cq.ScenarioError, match="replications"):
        cq.suggest_warm_up(mm1(80, 4), replications=0)
    wrong: Any = 5
    with pytest.raises(cq.ScenarioError, match="metric: must be the name of a latency"):
        cq.suggest_warm_up(mm1(80, 4), metric=wrong)
    with pytest.raises(cq.ResultError, match="too few to find a warm-up in: 50 are needed: make the run longer"):
        cq.suggest_warm_up(mm1(10, 1), replications=2)
