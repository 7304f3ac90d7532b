"""Comparisons: the same commands, the same luck, and honest words about what differs."""

import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cqrsim as cq
from cqrsim.experiments import Interrupted
from cqrsim.experiments.answers.findings import findings
from cqrsim.experiments.running import measured
from cqrsim.experiments.running.runs import Task
from cqrsim.experiments.running.sampling import chosen

COMPARING = sys.modules["cqrsim.experiments.compare"]
"""The module; under its name stands the function of the same name."""


def short(scenario: cq.Scenario) -> cq.Scenario:
    return scenario.with_(length=cq.seconds(1), warm_up=cq.seconds(0))


@pytest.fixture(scope="module")
def blog() -> cq.Scenario:
    return short(cq.presets.blog().with_({"clients.invalid": 0.1, "clients.patience": None}))


@pytest.fixture(scope="module")
def answers(blog: cq.Scenario) -> cq.Comparison:
    return cq.compare(cq.presets.feedback_cases(blog), replications=4, seed=1)


@pytest.fixture(scope="module")
def filling(blog: cq.Scenario) -> cq.Comparison:
    return cq.compare(cq.presets.feedback_cases(cq.presets.filling(blog)), replications=3, seed=1)


def closed(blog: cq.Scenario) -> cq.Scenario:
    return blog.with_({"clients.arrivals": cq.Closed(5, think=cq.ms(100))})


class TestRefusals:
    """What is no comparison is refused before anything runs."""

    def test_nothing(self) -> None:
        with pytest.raises(cq.ScenarioError, match="nothing to compare"):
            cq.compare({})

    @pytest.mark.parametrize("wrong", [0, -1, 2.5])
    def test_no_replications(self, blog: cq.Scenario, wrong: Any) -> None:
        with pytest.raises(cq.ScenarioError, match="replications: must be a whole number, at least 1"):
            cq.compare({"blog": blog}, replications=wrong)

    def test_what_is_no_scenario(self) -> None:
        wrong: Any = {"blog": "blog.toml"}
        with pytest.raises(cq.ScenarioError, match='"blog": must be a scenario'):
            cq.compare(wrong)

    @pytest.mark.parametrize("wrong", [["blog"], "blog", None])
    def test_what_is_no_mapping(self, wrong: Any) -> None:
        with pytest.raises(cq.ScenarioError, match="designs: must be a dict of scenarios by their names"):
            cq.compare(wrong)

    def test_a_scenario_without_a_name(self, blog: cq.Scenario) -> None:
        wrong: Any = blog
        with pytest.raises(cq.ScenarioError, match="must be a dict of scenarios"):
            cq.compare(wrong)
        wrong = {1: blog}
        with pytest.raises(cq.ScenarioError, match="names must be texts"):
            cq.compare(wrong)

    @pytest.mark.parametrize("wrong", [0, 1, 95, "0.95"])
    def test_a_confidence_that_is_none(self, blog: cq.Scenario, wrong: float) -> None:
        with pytest.raises(cq.ScenarioError, match="confidence: must lie between 0 and 1"):
            cq.compare({"blog": blog}, confidence=wrong)

    @pytest.mark.parametrize("wrong", [0, 1.5, "all"])
    def test_a_number_of_workers_that_is_none(self, blog: cq.Scenario, wrong: Any) -> None:
        with pytest.raises(cq.ScenarioError, match="n_jobs: must be a whole number other than 0"):
            cq.compare({"blog": blog}, n_jobs=wrong)

    def test_open_clients_with_closed_ones(self, blog: cq.Scenario) -> None:
        """Those who wait hide the stall from those who measure."""
        with pytest.raises(cq.ScenarioError, match="differ in whether they wait for answers"):
            cq.compare({"open": blog, "closed": closed(blog)})

    def test_but_not_closed_clients_with_closed_ones(self, blog: cq.Scenario) -> None:
        one = closed(blog)
        cases = {"wait": one, "silence": one.with_(feedback=cq.Silence(reload=cq.ms(200)))}
        assert cq.compare(cases, replications=1).shared["same_commands"].all()


class TestSharedCommands:
    """Designs meet identical commands, or it is said why not."""

    def test_designs_of_the_same_clients_meet_the_same_commands(self, answers: cq.Comparison) -> None:
        assert answers.shared["same_commands"].all()
        assert set(answers.shared["design"]) == {"forward event", "silence", "error cache"}

    def test_clients_that_differ_on_purpose_are_told(self, blog: cq.Scenario) -> None:
        other = blog.with_({"clients.invalid": 0.5, "aggregates": cq.Evenly(7)})
        shared = cq.compare({"few": blog, "many": other}, replications=1).shared
        assert shared.to_dict("records") == [
            {
                "design": "many",
                "group": "clients",
                "same_commands": False,
                "because": "clients.invalid, aggregates",
            }
        ]

    def test_a_group_more_is_told(self, blog: cq.Scenario) -> None:
        other = blog.with_(clients=(blog.groups[0], cq.Clients(cq.Poisson(cq.per_second(5)), name="import")))
        shared = cq.compare({"one": blog, "two": other}, replications=1).shared
        assert shared["same_commands"].tolist() == [True, False]
        assert shared["because"].tolist() == ["", "which groups there are"]

    def test_equal_clients_with_other_commands_would_be_a_mistake_of_ours(
        self, blog: cq.Scenario, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        digests = iter(range(10))
        told = "cqrsim.experiments.running.measured.marks_digests"
        monkeypatch.setattr(told, lambda trace: {"clients": str(next(digests))})
        with pytest.raises(cq.CqrsimError, match="a mistake in cqrsim"):
            cq.compare({"one": blog, "two": blog}, replications=1)


class TestFrame:
    """One row per design, replication, metric and statistic."""

    def test_columns_and_order(self, answers: cq.Comparison) -> None:
        frame = answers.frame
        assert frame.columns.tolist() == [
            "design", "replication", "metric", "stat", "value", "unit", "n", "n_censored", "lower_bound",
        ]  # fmt: skip
        assert frame["design"].cat.categories.tolist() == ["wait", "forward event", "silence", "error cache"]
        assert not frame.duplicated(["design", "replication", "metric", "stat"]).any()
        places = frame[["design", "replication"]].assign(design=frame["design"].cat.codes)
        assert places.apply(tuple, axis=1).is_monotonic_increasing

    def test_it_holds_the_summaries_of_the_runs(self, answers: cq.Comparison) -> None:
        mine = answers.frame.query("design == 'silence' and replication == 2").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine.drop(columns=["design", "replication"]), answers.run("silence", 2).summary())

    def test_runs_are_recognised_by_their_digests(self, answers: cq.Comparison) -> None:
        row = answers.runs.query("design == 'wait' and replication == 3").iloc[0]
        assert row["trace"] == answers.run("wait", 3).trace.digest()
        assert row["scenario"] == answers.designs["wait"].digest()

    @pytest.mark.parametrize("n_jobs", [2, -1])
    def test_results_do_not_depend_on_the_number_of_workers(self, answers: cq.Comparison, n_jobs: int) -> None:
        again = cq.compare(answers.designs, replications=4, seed=1, n_jobs=n_jobs)
        pd.testing.assert_frame_equal(again.frame, answers.frame)
        pd.testing.assert_frame_equal(again.latencies(), answers.latencies())
        pd.testing.assert_frame_equal(again.runs, answers.runs)

    def test_a_replication_does_not_depend_on_how_many_there_are(self, answers: cq.Comparison) -> None:
        fewer = cq.compare(answers.designs, replications=2, seed=1)
        mine = answers.frame.query("replication < 2").reset_index(drop=True)
        pd.testing.assert_frame_equal(fewer.frame, mine)


class TestTable:
    """What a reader sees: a mean with its interval, or what is known of it."""

    def test_a_row_per_design_and_a_column_per_name(self, answers: cq.Comparison) -> None:
        table = answers.table("feedback_ms_p50", "silent_failure_share")
        assert table.columns.tolist() == ["design", "feedback_ms_p50", "silent_failure_share"]
        assert table["design"].tolist() == list(answers.designs)

    def test_means_and_intervals_come_from_the_replications(self, answers: cq.Comparison) -> None:
        rows = answers.frame.query("design == 'wait' and metric == 'feedback_ms' and stat == 'p50'")
        found = answers.estimates("feedback_ms_p50").query("design == 'wait'").iloc[0]
        half = 3.182446 * rows["value"].std() / math.sqrt(4)
        assert found["value"] == pytest.approx(rows["value"].mean())
        assert (found["low"], found["high"]) == pytest.approx((found["value"] - half, found["value"] + half))

    def test_a_percentile_that_cannot_be_known_shows_as_more_than(self, answers: cq.Comparison) -> None:
        table = answers.table("feedback_ms_p99").set_index("design")["feedback_ms_p99"]
        assert table["silence"] == "> 10,000"
        assert "±" in table["wait"]

    def test_nothing_seen_shows_what_there_may_be(self, answers: cq.Comparison) -> None:
        table = answers.table("false_success_share")
        assert table["false_success_share"].str.startswith("0 (< ").all()
        high = answers.estimates("false_success_share")["high"]
        n = answers.frame.query("metric == 'false_success' and stat == 'share' and design == 'wait'")["n"].sum()
        assert high.tolist() == pytest.approx([-math.log(0.05) / n] * 4)

    def test_intervals_may_be_left_out(self, answers: cq.Comparison) -> None:
        assert not answers.table("feedback_ms_p50", interval=False)["feedback_ms_p50"].str.contains("±").any()

    def test_one_replication_has_no_interval(self, blog: cq.Scenario) -> None:
        assert "±" not in cq.compare({"blog": blog}, replications=1).table("feedback_ms_p50")["feedback_ms_p50"][0]

    def test_without_names_the_table_shows_speed_and_harm(self, answers: cq.Comparison) -> None:
        assert {"feedback_ms_p99", "feedback_share", "false_success_share"} <= set(answers.table().columns)

    def test_unknown_names_are_told_with_what_was_meant(self, answers: cq.Comparison) -> None:
        with pytest.raises(cq.ResultError, match='no metric "feedback_p99_ms"; did you mean "feedback_ms_p99"'):
            answers.table("feedback_p99_ms")


class TestDifferences:
    """Paired by replication, adjusted for being several."""

    def test_differences_are_those_of_the_replications(self, answers: cq.Comparison) -> None:
        values = answers.frame.query("metric == 'feedback_ms' and stat == 'mean'").pivot(
            index="replication", columns="design", values="value"
        )
        row = answers.differences("wait", "feedback_ms_mean").query("design == 'forward event'").iloc[0]
        apart = values["forward event"] - values["wait"]
        assert row["difference"] == pytest.approx(apart.mean())
        assert row["pairs"] == 4
        assert row["low"] < row["difference"] < row["high"]
        assert row["verdict"] == "higher"

    def test_what_is_the_same_is_called_so(self, answers: cq.Comparison) -> None:
        row = answers.differences("wait", "durability_ms_p50").query("design == 'silence'").iloc[0]
        assert (row["difference"], row["verdict"]) == (0.0, "the same")

    def test_what_lies_beyond_what_was_seen_is_not_subtracted(self, answers: cq.Comparison) -> None:
        row = answers.differences("wait", "feedback_ms_p99").query("design == 'silence'").iloc[0]
        assert math.isnan(row["difference"]) and row["verdict"].startswith("cannot be told: a value lies beyond")

    def test_p_values_are_adjusted_for_all_rows_together(self, answers: cq.Comparison) -> None:
        alone = answers.differences("wait", "feedback_ms_p50").set_index("design")["p_value"]
        several = answers.differences("wait", "feedback_ms_p50", "visibility_ms_mean")
        among = several.query("name == 'feedback_ms_p50'").set_index("design")["p_value"]
        assert (among >= alone).all() and (among > alone).any()

    def test_pairing_is_worth_something(self, blog: cq.Scenario) -> None:
        """The same commands are slow to show on both disks: said as found, not promised."""
        disks = {"fast": blog, "slow": blog.with_({"disk.write": cq.ms(1)})}
        found = cq.compare(disks, replications=4).differences("fast", "visibility_ms_mean").iloc[0]
        assert found["correlation"] > 0.9 and found["variance_ratio"] > 5

    def test_one_replication_resolves_nothing(self, blog: cq.Scenario) -> None:
        cases = cq.presets.feedback_cases(blog)
        found = cq.compare(cases, replications=1).differences("wait", "feedback_ms_p50")
        assert set(found["verdict"]) == {"cannot be told: too few replications"}

    def test_unknown_designs_are_told(self, answers: cq.Comparison) -> None:
        with pytest.raises(cq.ResultError, match='no design "silense"; did you mean "silence"'):
            answers.differences("silense")
        with pytest.raises(cq.ResultError, match="no design"):
            answers.run("silense")


class TestOutcomes:
    """Truth and belief over replications."""

    def test_shares_of_a_design_are_those_of_its_runs(self, filling: cq.Comparison) -> None:
        table = filling.outcomes()
        assert table.columns.tolist() == ["design", "truth", "belief", "commands", "share", "low", "high"]
        assert table.groupby("design", observed=True)["share"].sum().tolist() == pytest.approx([1.0] * 4)
        runs = [filling.run("wait", replication).outcomes() for replication in range(3)]
        cell = "truth == 'not_durable' and belief == 'success'"
        mine = table.query(f"design == 'wait' and {cell}").iloc[0]
        assert mine["commands"] == sum(run.query(cell)["commands"].sum() for run in runs)
        assert mine["share"] == pytest.approx(np.mean([run.query(cell)["share"].sum() for run in runs]))

    def test_who_was_told_need_not_know(self, answers: cq.Comparison, filling: cq.Comparison) -> None:
        """With designs that answer too early, some of those who were told believe what is not true."""
        told, honest = findings(filling)[0], findings(answers)[0]
        assert told.startswith("Half of the clients have been told an outcome within")
        assert 'With "wait"' in told and told.endswith("this includes those told of a success that is lost.")
        assert honest.startswith("Half of the clients have been told") and "is lost" not in honest

    def test_a_full_disk_makes_liars_of_those_who_answer_early(self, filling: cq.Comparison) -> None:
        false = filling.estimates("false_success_share", "silent_failure_share").set_index(["name", "design"])["value"]
        assert false["false_success_share", "wait"] > 0.1
        assert false["false_success_share", "error cache"] == 0
        assert false["silent_failure_share", "forward event"] > 0.1


class TestLatencies:
    """A sample of the same commands in every design."""

    def test_all_commands_are_there_as_long_as_they_are_few(self, answers: cq.Comparison) -> None:
        found = answers.latencies("feedback_ms").query("design == 'wait' and replication == 1")
        run = answers.run("wait", 1).commands().query("in_window")
        assert found["value"].tolist() == run["feedback_ms"].tolist()
        assert (found["fate"] == "known").all()

    def test_what_never_comes_is_kept_with_how_long_it_was_waited_for(self, answers: cq.Comparison) -> None:
        found = answers.latencies("feedback_ms").query("design == 'silence' and fate == 'never'")
        assert len(found) and found["value"].between(9_999, 10_001).all()

    def test_what_was_cut_off_by_the_end_is_censored(self, blog: cq.Scenario) -> None:
        stalled = blog.with_faults(cq.Stall(at=cq.ms(500), lasts=cq.seconds(100))).with_(drain=cq.ms(1))
        found = cq.compare({"stalled": stalled}, replications=1).latencies("durability_ms")
        assert set(found["fate"]) == {"known", "censored"}
        longest = float(int(stalled.length + stalled.grace_time)) / 1e6 - 500
        assert found.query("fate == 'censored'")["value"].max() == pytest.approx(longest, rel=0.1)

    def test_other_latencies_have_their_own_commands(self, answers: cq.Comparison) -> None:
        """Refused commands never wait for durability."""
        assert len(answers.latencies("durability_ms")) < len(answers.latencies("feedback_ms"))

    def test_unknown_latencies_are_told(self, answers: cq.Comparison) -> None:
        with pytest.raises(cq.ResultError, match='no latency "feedbak_ms"; did you mean "feedback_ms"'):
            answers.latencies("feedbak_ms")

    def test_a_bounded_sample_holds_the_same_commands_in_every_design(
        self, blog: cq.Scenario, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(COMPARING, "SAMPLE", 0)
        found = cq.compare(cq.presets.feedback_cases(blog), replications=2).latencies("answer_ms")
        numbers = [set(part["command"]) for _, part in found.query("replication == 1").groupby("design")]
        assert all(each == numbers[0] for each in numbers) and len(numbers[0]) == 100

    def test_samples_are_nested_and_look_like_all(self) -> None:
        numbers = np.arange(10_000)
        few, many = chosen(numbers, 100), chosen(numbers, 1000)
        assert set(few) < set(many)
        assert abs(many.mean() - 5_000) < 300


class TestErrors:
    """A run that breaks is kept, and the others go on."""

    @pytest.fixture
    def broken(self, blog: cq.Scenario, monkeypatch: pytest.MonkeyPatch) -> cq.Comparison:
        def breaks(task: Task, keep: int) -> measured.Measured:
            if task.key == (1, 2):
                raise RuntimeError("disk on fire")
            return measured.measure(task, keep)

        monkeypatch.setattr(COMPARING, "measure", breaks)
        return cq.compare({"wait": blog, "silence": blog.with_(feedback=cq.Silence(reload="2s"))}, replications=3)

    def test_it_is_told_with_all_that_repeats_it(self, broken: cq.Comparison) -> None:
        (row,) = broken.errors.to_dict("records")
        assert (row["design"], row["replication"], row["seed"]) == ("silence", 2, 1)
        assert row["scenario"] == broken.designs["silence"].digest()
        assert row["message"] == "RuntimeError: disk on fire" and "in breaks" in row["traceback"]
        assert "1 runs failed" in repr(broken)

    def test_the_others_are_compared(self, broken: cq.Comparison) -> None:
        assert len(broken.runs) == 5
        assert broken.differences("wait", "answer_ms_p50")["pairs"].tolist() == [2]
        assert broken.estimates("answer_ms_p50")["runs"].tolist() == [3, 2]

    def test_a_design_of_which_all_runs_failed_says_so(
        self, blog: cq.Scenario, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def breaks(task: Task, keep: int) -> measured.Measured:
            if task.design == 1:
                raise RuntimeError("disk on fire")
            return measured.measure(task, keep)

        monkeypatch.setattr(COMPARING, "measure", breaks)
        result = cq.compare({"wait": blog, "other": blog}, replications=2)
        table = result.table("feedback_ms_p50", "feedback_share").set_index("design")
        assert table.loc["other"].tolist() == ["failed", "failed"] and "failed" not in table.loc["wait"].tolist()
        assert repr(result).endswith('2 runs failed (see .errors), all of "other")')

    def test_if_all_fail_there_is_no_comparison(self, blog: cq.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        def breaks(task: Task, keep: int) -> None:
            raise RuntimeError("disk on fire")

        monkeypatch.setattr(COMPARING, "measure", breaks)
        with pytest.raises(cq.CqrsimError, match="all 2 runs failed, the first of them with RuntimeError: disk"):
            cq.compare({"wait": blog}, replications=2)

    def test_interrupting_leaves_what_was_finished(self, blog: cq.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupts(task: Task, keep: int) -> measured.Measured:
            if task.replication == 2:
                raise KeyboardInterrupt
            return measured.measure(task, keep)

        monkeypatch.setattr(COMPARING, "measure", interrupts)
        with pytest.raises(KeyboardInterrupt) as stopped:
            cq.compare({"wait": blog, "other": blog}, replications=5, n_jobs=1)
        assert isinstance(stopped.value, Interrupted)
        partial: cq.Comparison = stopped.value.partial
        assert partial.runs["replication"].tolist() == [0, 1, 0, 1]


def test_a_rule_from_a_notebook_travels_to_workers(blog: cq.Scenario) -> None:
    """Its functions have no name that another process could import."""
    rule = cq.Rule(decide=lambda state, command: ("posted",), evolve=lambda state, event: state + 1, initial=0)
    result = cq.compare({"rule": blog.with_(rule=rule)}, replications=2, n_jobs=2)
    assert len(result.runs) == 2 and not len(result.errors)


def test_a_comparison_pickles_and_shows_itself(answers: cq.Comparison) -> None:
    copy: cq.Comparison = pickle.loads(pickle.dumps(answers))
    pd.testing.assert_frame_equal(copy.table(), answers.table())
    assert repr(copy) == "Comparison(wait, forward event, silence, error cache; 4 replications, seed 1)"
    assert "forward event" in copy._repr_html_()


def test_a_comparison_saves_tables_and_designs(answers: cq.Comparison, tmp_path: Path) -> None:
    files = answers.save(tmp_path / "results")
    assert all(file.exists() for file in files)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "results" / "comparison.parquet"), answers.frame)
    assert cq.load(tmp_path / "results" / "forward-event.toml") == answers.designs["forward event"]


def test_designs_whose_names_differ_only_in_signs_have_files_of_their_own(blog: cq.Scenario, tmp_path: Path) -> None:
    other = blog.with_({"disk.write": "3ms"})
    files = cq.compare({"a b": blog, "a/b": other, "": blog}, replications=1).save(tmp_path)
    assert [file.name for file in files[-3:]] == ["a-b.toml", "a-b-2.toml", "unnamed.toml"]
    assert (cq.load(tmp_path / "a-b.toml"), cq.load(tmp_path / "a-b-2.toml")) == (blog, other)
