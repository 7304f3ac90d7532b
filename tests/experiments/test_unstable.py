"""Designs that cannot keep up are marked; those that can are not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from metrics.coverage import assert_covers_at_least

import cqrsim as cq
from cqrsim.experiments.answers.findings import findings
from cqrsim.experiments.compare import comparison_of, tasks_of
from cqrsim.experiments.loads.unstable import can_be_judged, growth_interval
from cqrsim.experiments.running.measured import measure
from cqrsim.experiments.running.runs import Done
from cqrsim.experiments.showing.telling import comparison_text
from cqrsim.metrics.backlog import Growth, backlog_growth


def queue(load: float, **settings: object) -> cq.Scenario:
    """One handler that takes 5 ms on average for a command."""
    rate = cq.per_second(200 * load)
    parts: dict[str, object] = {
        "clients": cq.Clients(cq.Poisson(rate)),
        "handlers": cq.Handlers(validate=cq.Exponential(cq.ms(5))),
        "aggregates": cq.Evenly(10**6),
        "length": cq.seconds(8),
        "warm_up": cq.seconds(1),
    }
    return cq.Scenario(**(parts | settings))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def answers() -> cq.Comparison:
    designs = {f"load {load}": queue(load) for load in (0.5, 0.9, 1.25, 2.0)}
    return cq.compare(designs, replications=6)


def test_those_that_cannot_keep_up_are_marked(answers: cq.Comparison) -> None:
    found = answers.unstable.set_index("design")
    assert list(found.index) == ["load 1.25", "load 2.0"]
    assert (found["growth_share"] - [0.2, 0.5]).abs().max() < 0.07  # 1 - 1 / load


def test_their_times_are_not_shown_and_their_values_are_kept(answers: cq.Comparison) -> None:
    table = answers.table("feedback_ms_p50", "feedback_share").set_index("design")
    assert table["feedback_ms_p50"].eq("unstable").tolist() == [False, False, True, True]
    assert "unstable" not in table["feedback_share"].tolist()
    assert answers.estimates("feedback_ms_p50")["value"].notna().all()
    assert repr(answers).endswith("unstable: load 1.25, load 2.0)")
    assert '"load 2.0" is unstable: of every 100 commands' in comparison_text(answers)
    assert not any("load 2.0" in sentence for sentence in findings(answers))


def test_they_are_not_compared_in_times(answers: cq.Comparison) -> None:
    found = answers.verdict("load 0.5", "feedback_ms_p50", "handler_busy_share").frame.set_index(["design", "name"])
    assert found.loc[("load 1.25", "feedback_ms_p50"), "verdict"] == "unstable"
    assert found.loc[("load 0.9", "feedback_ms_p50"), "verdict"] != "unstable"
    assert found.loc[("load 1.25", "handler_busy_share"), "verdict"] == "higher"


def test_a_disk_and_a_projection_that_cannot_keep_up_are_found() -> None:
    slow_disk = queue(0.5, disk=cq.Disk(write=cq.ms(14)))
    slow_view = queue(0.5, projections=cq.Projection(apply=cq.ms(14)))
    found = cq.compare({"disk": slow_disk, "view": slow_view, "fine": queue(0.5)}, replications=4)
    assert found.unstable["design"].tolist() == ["disk", "view"]


def test_clients_that_wait_long_make_no_backlog() -> None:
    """For what clients do with their time nobody is overloaded."""
    silent = queue(0.3, feedback=cq.Silence(reload=cq.seconds(3)), length=cq.seconds(4), warm_up=cq.seconds(0))
    assert cq.compare({"silence": silent}, replications=4).unstable.empty


def test_faults_and_bursts_are_another_matter() -> None:
    assert can_be_judged(queue(2.0))
    assert not can_be_judged(queue(2.0).with_faults(cq.Stall(at=cq.seconds(6), lasts=cq.seconds(2))))
    waiting = cq.Clients(cq.Closed(5, think=cq.ms(100)))
    assert not can_be_judged(queue(2.0, clients=waiting))
    full = queue(0.3).with_faults(cq.Stall(at=cq.seconds(6), lasts=cq.seconds(2)))
    assert cq.compare({"stall": full}, replications=3).unstable.empty


def test_growth_is_that_of_whole_runs(answers: cq.Comparison) -> None:
    """However few of their commands are kept: with a sample of ten the verdict is the same."""
    row = answers.runs.query("design == 'load 2.0' and replication == 1").iloc[0]
    assert (row["growth"], row["arrivals"]) == backlog_growth(answers.run("load 2.0", 1).trace)
    designs = answers.designs
    tasks = tasks_of(designs, 0, 6, answers.seed, "auto")
    outcomes = [Done(task.key, measure(task, keep=10)) for task in tasks]
    few = comparison_of(designs, 6, answers.seed, 0.95, None, tasks, outcomes)
    assert len(few._sample) <= 10 * len(tasks)
    pd.testing.assert_frame_equal(few.unstable, answers.unstable)


def test_growth_is_kept_with_a_saved_comparison(answers: cq.Comparison, tmp_path: Path) -> None:
    answers.save(tmp_path)
    pd.testing.assert_frame_equal(cq.load_comparison(tmp_path).unstable, answers.unstable)


def test_chance_alone_hardly_ever_looks_like_growth() -> None:
    """A backlog that is the same in the middle and at the end, but for much noise."""
    generator = np.random.default_rng(5)
    calm = []
    for row in generator.normal(0, 40, (2000, 5)):
        calm.append(not growth_interval([Growth(float(growth), 1000) for growth in row])[1])
    assert_covers_at_least(np.array(calm), 0.99)


def test_one_run_tells_nothing() -> None:
    assert not growth_interval([Growth(500.0, 1000)])[1] and not growth_interval([])[1]
