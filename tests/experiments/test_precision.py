"""Runs that go on until the answer is narrow enough, and say so when it is not."""

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cqrsim as cq
from cqrsim.experiments import Interrupted
from cqrsim.experiments.answers.width import Width, width
from cqrsim.experiments.running import measured
from cqrsim.experiments.running.runs import Task
from cqrsim.experiments.showing.telling import comparison_text

COMPARING = sys.modules["cqrsim.experiments.compare"]
"""The module; under its name stands the function of the same name."""


@pytest.fixture(scope="module")
def blog() -> cq.Scenario:
    return cq.presets.blog().with_(length=cq.ms(300), warm_up=cq.seconds(0))


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The runs that were asked for, in their order."""
    asked: list[tuple[int, int]] = []

    def noted(task: Task, keep: int) -> measured.Measured:
        asked.append(task.key)
        return measured.measure(task, keep)

    monkeypatch.setattr(COMPARING, "measure", noted)
    return asked


class TestPrecision:
    """What is wanted is read, and mistakes are told, before anything runs."""

    def test_it_is_a_value(self) -> None:
        one, other = (cq.Precision({"feedback_ms_p50": "5% or 0.2"}) for _ in range(2))
        assert one == other and hash(one) == hash(other)
        assert one.half_widths == (("feedback_ms_p50", Width(0.2, 0.05)),)

    @pytest.mark.parametrize(
        "wrong",
        ["", "5", "5 %%", "-5%", "0%", "1e999%", "1e999", "5% or 4%", 0, -1, True, None, float("inf")],
    )
    def test_what_is_no_width_is_refused(self, wrong: Any) -> None:
        if wrong == "5":
            assert width(wrong) == Width(absolute=5.0)
            return
        with pytest.raises(cq.ScenarioError, match=r"until\.feedback_ms_p50: must be a width above 0"):
            cq.Precision({"feedback_ms_p50": wrong})

    def test_all_mistakes_are_told_at_once(self) -> None:
        with pytest.raises(cq.ScenarioError, match="2 mistakes"):
            cq.Precision({"feedback_ms_p50": "narrow"}, at_most=5)
        wrong: Any = "5%"
        with pytest.raises(cq.ScenarioError, match="must be a dict of widths"):
            cq.Precision(wrong)

    def test_a_first_look_too_early_or_too_late(self, blog: cq.Scenario) -> None:
        until = cq.Precision({"feedback_ms_p50": "5%"}, at_most=20)
        for replications in (9, 21):
            with pytest.raises(cq.ScenarioError, match="replications: must be from 10 to 20 for a first look"):
                cq.compare({"blog": blog}, replications, until=until)
        wrong: Any = {"feedback_ms_p50": "5%"}
        with pytest.raises(cq.ScenarioError, match="until: must be a precision"):
            cq.compare({"blog": blog}, 10, until=wrong)

    def test_names_are_checked_before_anything_runs(self, blog: cq.Scenario, tasks: list[Any]) -> None:
        with pytest.raises(cq.ResultError, match='no metric "feedback_ms_p98"; did you mean "feedback_ms_p99"'):
            cq.compare({"blog": blog}, 10, until=cq.Precision({"feedback_ms_p98": "5%"}))
        assert not tasks


class TestStopping:
    """The next replications follow until all is narrow, and none is run twice."""

    def test_it_goes_on_until_all_is_met(self, blog: cq.Scenario, tasks: list[tuple[int, int]]) -> None:
        designs = {"wait": blog, "slow": blog.with_({"disk.write": cq.Exponential(cq.ms(9))})}
        until = cq.Precision({"durability_ms_mean": "15%", "feedback_ms_p50": 0.5}, at_most=400)
        found = cq.compare(designs, 10, seed=3, engine="simpy", until=until)
        assert found.precision["met"].all() and "not reached" not in repr(found)
        assert 10 < found.replications < 400
        assert sorted(tasks) == [(d, r) for d in range(2) for r in range(found.replications)]
        assert (found.precision["half_width"] <= found.precision["wanted"]).all()
        early = cq.compare(designs, 10, seed=3, engine="simpy")
        mine = found.frame[found.frame["replication"] < 10].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, early.frame)
        estimates = early.estimates("durability_ms_mean")
        assert ((estimates["high"] - estimates["value"]) > 0.15 * estimates["value"]).any()

    def test_it_is_as_if_all_had_been_asked_for_at_once(self, blog: cq.Scenario) -> None:
        found = cq.compare({"a": blog, "b": blog}, 10, until=cq.Precision({"feedback_ms_p99": "1%"}, at_most=14))
        whole = cq.compare({"a": blog, "b": blog}, 14)
        pd.testing.assert_frame_equal(found.frame, whole.frame)
        pd.testing.assert_frame_equal(found.runs, whole.runs)

    def test_what_was_not_reached_is_said(self, blog: cq.Scenario) -> None:
        until = cq.Precision({"feedback_ms_p99": "0.1%", "feedback_ms_p50": "50%"}, at_most=12)
        found = cq.compare({"wait": blog}, 10, until=until)
        assert found.replications == 12
        assert found.precision["met"].tolist() == [False, True]
        assert "precision not reached" in repr(found)
        assert 'feedback_ms_p99 in "wait" was not reached in 12 replications' in comparison_text(found)

    def test_a_share_of_nothing_needs_a_floor(self, blog: cq.Scenario) -> None:
        relative, floor = ({"false_success_share": said} for said in ("5%", "5% or 0.05"))
        assert not cq.compare({"a": blog}, 10, until=cq.Precision(relative, at_most=10)).precision["met"].any()
        assert cq.compare({"a": blog}, 10, until=cq.Precision(floor, at_most=10)).precision["met"].all()

    def test_interrupted_in_a_later_batch_it_keeps_all_that_was_finished(
        self, blog: cq.Scenario, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupts(task: Task, keep: int) -> measured.Measured:
            if task.replication == 11:
                raise KeyboardInterrupt
            return measured.measure(task, keep)

        monkeypatch.setattr(COMPARING, "measure", interrupts)
        with pytest.raises(KeyboardInterrupt) as stopped:
            cq.compare({"a": blog}, 10, n_jobs=1, until=cq.Precision({"feedback_ms_p99": "0.1%"}))
        assert isinstance(stopped.value, Interrupted)
        assert stopped.value.partial.runs["replication"].tolist() == list(range(11))


def test_a_width_is_the_larger_of_its_parts() -> None:
    assert width("5% or 0.2").of(100.0) == 5.0 and width("0.2 or 5%").of(1.0) == 0.2
    assert np.isnan(width("5%").of(float("nan")))
    assert str(width("5% or 0.2")) == "5% or 0.2" and width(str(width("0.001"))) == width(0.001)


def test_the_usual_number_of_runs_gives_way_to_a_lower_cap() -> None:
    """Whoever names no replications is not told off for twenty of them."""
    blog = cq.presets.blog().with_(length=cq.ms(200), warm_up=cq.seconds(0))
    enough = cq.Precision({"feedback_ms_p50": "90%"}, at_most=12)
    assert cq.compare({"blog": blog}, until=enough, engine="simpy").replications == 12
