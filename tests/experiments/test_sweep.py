"""Sweeps: every point, replicated, in one tidy frame, whoever does the work."""

import pickle
import sys
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest

import cqrsim as cq
from cqrsim.experiments import load_sweep


@pytest.fixture(scope="module")
def design() -> cq.Design:
    blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    return cq.grid(blog, {"disk.write": [cq.ms(2), cq.ms(1)], "clients.invalid": [0.0, 0.5]})


@pytest.fixture(scope="module")
def result(design: cq.Design) -> cq.Sweep:
    return cq.sweep(design, replications=2, seed=1)


def test_the_frame_has_a_row_per_point_replication_and_metric(result: cq.Sweep) -> None:
    frame = result.frame
    assert frame.columns.tolist()[:4] == ["point", "disk.write", "clients.invalid", "replication"]
    assert not frame.duplicated(["point", "replication", "metric", "stat"]).any()
    settings = frame[["point", "disk.write", "clients.invalid"]].drop_duplicates().astype({"disk.write": str})
    assert settings.to_numpy().tolist() == [[0, "2ms", 0.0], [1, "2ms", 0.5], [2, "1ms", 0.0], [3, "1ms", 0.5]]


def test_each_row_is_that_of_a_single_run(design: cq.Design, result: cq.Sweep) -> None:
    mine = result.frame.query("point == 3 and replication == 1").reset_index(drop=True)
    alone = cq.simulate(design.points[3][1], seed=1, replication=1).summary()
    pd.testing.assert_frame_equal(mine[alone.columns], alone)


def test_the_table_has_a_row_per_point(result: cq.Sweep) -> None:
    table = result.table("durability_ms_p50", "feedback_share")
    assert table.columns.tolist() == ["point", "disk.write", "clients.invalid", "durability_ms_p50", "feedback_share"]
    assert len(table) == 4 and table["durability_ms_p50"].str.contains("±").all()


def test_a_slower_disk_takes_longer(result: cq.Sweep) -> None:
    found = result.estimates("durability_ms_p50").set_index(["disk.write", "clients.invalid"])["value"]
    assert found["2ms", 0.0] > found["1ms", 0.0] + 0.9


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_the_number_of_workers_makes_no_difference(design: cq.Design, result: cq.Sweep, n_jobs: int) -> None:
    pd.testing.assert_frame_equal(cq.sweep(design, 2, 1, n_jobs=n_jobs).frame, result.frame)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_nor_does_who_they_are(design: cq.Design, result: cq.Sweep, backend: str) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        pd.testing.assert_frame_equal(cq.sweep(design, 2, 1).frame, result.frame)


def test_points_meet_the_same_luck(result: cq.Sweep) -> None:
    """The disk is no matter of who issues what."""
    issued = result.frame.query("metric == 'issued'").groupby(["replication", "clients.invalid"])["value"].nunique()
    assert (issued == 1).all()


def test_a_failing_run_stops_no_other(design: cq.Design) -> None:
    def explodes(state: Any, command: cq.Command) -> Any:
        raise RuntimeError("no decision")

    bad = cq.Rule(decide=explodes, evolve=lambda state, event: state, initial=0)
    mixed = cq.grid(design.base, {"rule": [None, bad]})
    found = cq.sweep(mixed, replications=2)
    assert found.errors["point"].tolist() == [1, 1]
    assert "no decision" in found.errors["message"][0] and "explodes" in found.errors["traceback"][0]
    assert set(found.frame["point"]) == {0}
    assert "2 runs failed" in repr(found)


@pytest.mark.parametrize("wrong", [0, -3, "many"])
def test_replications_are_at_least_one(design: cq.Design, wrong: Any) -> None:
    with pytest.raises(cq.ScenarioError, match="replications: must be a whole number, at least 1"):
        cq.sweep(design, replications=wrong)


def test_an_empty_design_is_refused(design: cq.Design) -> None:
    empty = cq.Design(design.base, (type(design.factors[0])(("disk.write",), ()),))
    with pytest.raises(cq.ScenarioError, match="design: has no points"):
        cq.sweep(empty)


def test_a_sweep_pickles_saves_and_shows_itself(result: cq.Sweep, tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(result)).frame, result.frame)
    assert all(file.exists() for file in result.save(tmp_path / "out"))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out" / "sweep.parquet"), result.frame)
    assert repr(result) == "Sweep(4 points, 2 replications, seed 1)"
    assert "disk.write" in result._repr_html_()


def test_what_was_asked_is_saved_and_can_be_asked_again(tmp_path: Path) -> None:
    blog = cq.presets.blog().with_(length="1s", warm_up="0s")
    factors: Any = {
        "clients.arrivals.rate": [cq.per_second(20)],
        ("feedback", "state"): [
            (cq.SyncValidation(), cq.FromGenerated()),
            (cq.Silence(reload="2s"), cq.FromPublished()),
        ],
        "disk.write": [cq.Exponential(cq.ms(1)), "2ms"],
        "clients.patience": [None, cq.seconds(3)],
    }
    design = cq.grid(blog, factors)
    cq.sweep(design, replications=1, seed=3).save(tmp_path)
    again = load_sweep(tmp_path / "sweep.toml")
    assert (again.replications, again.seed, again.design.paths) == (1, 3, design.paths)
    assert [scenario for _, scenario in again.design] == [scenario for _, scenario in design]


def test_open_and_closed_clients_are_refused() -> None:
    blog = cq.presets.blog().with_(length="1s", warm_up="0s")
    mixed = cq.grid(blog, {"clients.arrivals": [blog.clients.arrivals, cq.Closed(3, think="1s")]})
    with pytest.raises(cq.ScenarioError, match="differ in whether they wait for answers") as told:
        cq.sweep(mixed)
    assert "clients.arrivals = Closed" in str(told.value)


def test_but_not_closed_clients_alone() -> None:
    closed = cq.presets.blog().with_({"length": "1s", "warm_up": "0s", "clients.arrivals": cq.Closed(3, think="1s")})
    assert len(cq.sweep(cq.grid(closed, {"clients.arrivals.clients": [1, 2]}), replications=1).runs) == 2


@pytest.mark.parametrize("wrong", [cq.presets.blog(), None, "sweep.toml"])
def test_what_is_no_design(wrong: Any) -> None:
    with pytest.raises(cq.ScenarioError, match="must be a design"):
        cq.sweep(wrong)


def test_a_point_of_which_all_runs_failed_says_so(design: cq.Design, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeping = sys.modules["cqrsim.experiments.sweep"]
    summed = sweeping.sum_up

    def breaks(task: Any) -> Any:
        if task.design == 1:
            raise RuntimeError("disk on fire")
        return summed(task)

    monkeypatch.setattr(sweeping, "sum_up", breaks)
    shown = cq.sweep(design, replications=1).table("feedback_share")["feedback_share"]
    assert shown[1] == "failed" and "failed" not in shown.drop(1).tolist()
