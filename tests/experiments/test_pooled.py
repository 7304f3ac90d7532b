"""Quantiles, curves and incidences of a comparison: commands of all replications, intervals from replications."""

import math
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import cqrsim as cq
from cqrsim.metrics import incidence


@pytest.fixture(scope="module")
def answers() -> cq.Comparison:
    blog = cq.presets.blog().with_({"length": "2s", "warm_up": "0s", "clients.patience": "1s"})
    full = cq.DiskFull(at=cq.seconds(1), lasts=cq.ms(400))
    patient, polling = blog.with_faults(full), blog.with_faults(full).with_(feedback=cq.ForwardEvent(poll="100ms"))
    return cq.compare({"wait": patient, "forward event": polling}, replications=4, engine="simpy")


class TestQuantiles:
    """The quantile of all commands together, with an interval by sectioning."""

    def test_the_value_is_the_order_statistic_of_all_commands(self, answers: cq.Comparison) -> None:
        waits = answers.latencies().query("design == 'wait'")["value"].sort_values().to_numpy()
        found = answers.quantiles(p=[0.5, 0.99]).query("design == 'wait'")
        assert found["value"].tolist() == [waits[math.ceil(p * len(waits)) - 1] for p in (0.5, 0.99)]
        assert (found["sampled_share"] == 1).all() and (found["runs"] == 4).all()

    def test_the_width_is_the_spread_of_the_runs_around_it(self, answers: cq.Comparison) -> None:
        rows = answers.frame.query("design == 'wait' and metric == 'feedback_ms' and stat == 'p50'")
        found = answers.quantiles(p=0.5).query("design == 'wait'").iloc[0]
        spread = math.sqrt(((rows["value"] - found["value"]) ** 2).sum() / 3)
        assert found["high"] - found["value"] == pytest.approx(stats.t.isf(0.025, 3) * spread / 2)

    def test_what_lies_beyond_what_was_seen_has_no_interval(self, answers: cq.Comparison) -> None:
        found = answers.quantiles(p=(0.5, 0.99)).query("design == 'forward event'").set_index("p")
        assert found["beyond"].tolist() == [False, True]
        assert found.loc[0.99, "value"] == pytest.approx(1000, abs=1) and math.isnan(found.loc[0.99, "high"])

    def test_a_bounded_sample_says_what_share_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.modules["cqrsim.experiments.compare"], "SAMPLE", 400)
        blog = cq.presets.blog().with_({"length": "2s", "warm_up": "0s"})
        few = cq.compare({"blog": blog}, replications=4, engine="simpy").quantiles(p=0.5).iloc[0]
        assert 0.2 < few["sampled_share"] < 0.35

    @pytest.mark.parametrize("wrong", [0, 1.0, "half", [0.5, 2], True])
    def test_shares_that_are_none_are_refused(self, answers: cq.Comparison, wrong: Any) -> None:
        with pytest.raises(cq.ResultError, match="p: must lie between 0 and 1"):
            answers.quantiles(p=wrong)


class TestCurves:
    """Who still waits, and how waiting ended."""

    def test_shares_still_waiting_are_means_over_replications(self, answers: cq.Comparison) -> None:
        """Nothing is censored here, so that they can be counted."""
        found = answers.survival(at=[150, "0.9s"]).query("design == 'forward event'")
        sample = answers.latencies().query("design == 'forward event'")
        waiting = (sample["value"] > 150) | (sample["fate"] == "never")
        means = waiting.groupby(sample["replication"]).mean()
        assert found["share"].iloc[0] == pytest.approx(means.mean())
        half = stats.t.isf(0.025, 3) * means.std() / 2
        assert found["low"].iloc[0] == pytest.approx(means.mean() - half)
        assert found["at_ms"].tolist() == [150.0, 900.0]

    def test_nobody_waiting_is_not_nobody_for_certain(self, answers: cq.Comparison) -> None:
        row = answers.survival(at="900ms").query("design == 'wait'").iloc[0]
        assert row["share"] == 0 and 0 < row["high"] < 0.01

    def test_the_restricted_mean_counts_those_who_wait_in_vain(self, answers: cq.Comparison) -> None:
        sample = answers.latencies().query("design == 'forward event'")
        means = sample["value"].clip(upper=500).groupby(sample["replication"]).mean()
        found = answers.restricted_mean(within="500ms").query("design == 'forward event'").iloc[0]
        assert found["value"] == pytest.approx(means.mean())

    def test_incidences_are_those_of_the_runs(self, answers: cq.Comparison) -> None:
        found = answers.incidence(at=[200, 1001])
        runs = [incidence(answers.run("forward event", number).trace, [200, 1001]) for number in range(4)]
        mine = found.query("design == 'forward event'")["share"].to_numpy()
        np.testing.assert_allclose(mine, np.mean([run["share"] for run in runs], axis=0))
        assert mine[5] > 0.1  # some gave up

    def test_incidences_and_survival_make_up_all(self, answers: cq.Comparison) -> None:
        at = [1, 100, 1001]
        told = answers.incidence(at=at).groupby(["design", "at_ms"], observed=True)["share"].sum()
        gave_up = answers.incidence(at=at).query("outcome == 'gave up'").set_index(["design", "at_ms"])["share"]
        still = answers.survival(at=at).set_index(["design", "at_ms"])["share"]
        np.testing.assert_allclose(told - gave_up, 1 - still)

    @pytest.mark.parametrize("wrong", [-1, "soon", None, [], True, float("nan")])
    def test_times_that_are_none_are_refused(self, answers: cq.Comparison, wrong: Any) -> None:
        with pytest.raises(cq.ResultError, match="at: "):
            answers.survival(at=wrong)

    def test_unknown_latencies_are_told(self, answers: cq.Comparison) -> None:
        for question in (answers.survival, answers.quantiles, answers.restricted_mean):
            with pytest.raises(cq.ResultError, match='no latency "feedbck_ms"; did you mean "feedback_ms"'):
                question("feedbck_ms")


def test_designs_stand_in_their_order_also_where_all_runs_failed(answers: cq.Comparison) -> None:
    empty = pd.DataFrame({"design": [], "replication": []})
    from cqrsim.experiments.answers.pooled import by_run

    assert by_run(empty, ["b", "a"]) == [("b", []), ("a", [])]
    assert list(answers.survival()["design"].cat.categories) == ["wait", "forward event"]
