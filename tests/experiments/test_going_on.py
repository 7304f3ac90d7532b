"""Sweeps that are interrupted, changed, or spread over machines: nothing finished is lost, nothing is run twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest

import cqrsim as cq
from cqrsim.experiments.running.results_folder import ResultsFolder

BLOG = cq.presets.blog().with_(length=cq.ms(200), warm_up=cq.seconds(0))


def design_of(*rates: int, **settings: Any) -> cq.Design:
    base = BLOG.with_(settings) if settings else BLOG
    return cq.grid(
        base, {"clients.arrivals.rate": [cq.per_second(rate) for rate in rates], "disk.write": ["1ms", "2ms"]}
    )


DESIGN = design_of(100, 200)


@pytest.fixture(scope="module")
def uninterrupted() -> cq.Sweep:
    return cq.sweep(DESIGN, replications=8, engine="simpy")


def assert_same(one: cq.Sweep, other: cq.Sweep) -> None:
    pd.testing.assert_frame_equal(one.frame, other.frame)
    pd.testing.assert_frame_equal(one.runs, other.runs)
    pd.testing.assert_frame_equal(one.table(), other.table())


class Counting:
    """Counts what is run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stop_after: int = 10**9) -> None:
        self.runs: list[tuple[int, int]] = []
        sweeping = sys.modules["cqrsim.experiments.sweep"]
        really = sweeping.sum_up

        def counted(task: Any) -> Any:
            if len(self.runs) == stop_after:
                raise KeyboardInterrupt
            self.runs.append(task.key)
            return really(task)

        monkeypatch.setattr(sweeping, "sum_up", counted)


def test_results_are_the_same_from_a_folder(uninterrupted: cq.Sweep, tmp_path: Path) -> None:
    assert_same(cq.sweep(DESIGN, 8, engine="simpy", out=tmp_path), uninterrupted)
    assert_same(cq.load_results(tmp_path), uninterrupted)
    assert cq.load_results(tmp_path).complete


def test_ctrl_c_loses_nothing_and_the_same_call_goes_on(
    uninterrupted: cq.Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        Counting(patched, stop_after=11)
        with pytest.raises(KeyboardInterrupt) as stopped:
            cq.sweep(DESIGN, 8, engine="simpy", out=tmp_path)
    assert len(stopped.value.partial.runs) == 11  # type: ignore[attr-defined]
    left = cq.load_results(tmp_path)
    assert len(left.runs) == 11 and not left.complete
    counting = Counting(monkeypatch)
    assert_same(cq.sweep(DESIGN, 8, engine="simpy", out=tmp_path), uninterrupted)
    assert len(counting.runs) == 32 - 11


def test_a_second_run_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cq.sweep(DESIGN, 2, engine="simpy", out=tmp_path)
    counting = Counting(monkeypatch)
    cq.sweep(DESIGN, 2, engine="simpy", out=tmp_path)
    assert counting.runs == []


def test_a_changed_design_runs_only_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More points, more replications; and what is no longer asked for does not show."""
    cq.sweep(DESIGN, 2, engine="simpy", out=tmp_path)
    counting = Counting(monkeypatch)
    wider = cq.sweep(design_of(200, 300), 3, engine="simpy", out=tmp_path)
    assert len(counting.runs) == 2 * 3 + 2
    assert set(wider.frame["clients.arrivals.rate"].astype(str)) == {"200/s", "300/s"}
    pd.testing.assert_frame_equal(wider.frame, cq.sweep(design_of(200, 300), 3, engine="simpy").frame)


def test_other_luck_or_another_system_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cq.sweep(DESIGN, 2, engine="simpy", out=tmp_path)
    counting = Counting(monkeypatch)
    cq.sweep(DESIGN, 2, seed=2, engine="simpy", out=tmp_path)
    cq.sweep(design_of(100, length=cq.ms(100)), 2, engine="simpy", out=tmp_path)
    assert len(counting.runs) == 8 + 4


def test_equal_points_are_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    twice = cq.sweep(cq.grid(BLOG, {"disk.write": ["1ms", "1000us"]}), 2, engine="simpy")
    assert len(counting.runs) == 2 and len(twice.runs) == 4
    one, other = (twice.frame[twice.frame["point"] == point]["value"] for point in (0, 1))
    pd.testing.assert_series_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def test_a_run_that_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeping = sys.modules["cqrsim.experiments.sweep"]
    really = sweeping.sum_up

    def breaks(task: Any) -> Any:
        if task.key == (1, 1):
            raise RuntimeError("disk on fire")
        return really(task)

    with monkeypatch.context() as patched:
        patched.setattr(sweeping, "sum_up", breaks)
        broken = cq.sweep(DESIGN, 2, engine="simpy", out=tmp_path)
    assert broken.errors[["point", "replication", "message"]].to_numpy().tolist() == [
        [1, 1, "RuntimeError: disk on fire"]
    ]
    assert cq.load_results(tmp_path).complete and "1 runs failed" in repr(broken)
    counting = Counting(monkeypatch)
    mended = cq.sweep(DESIGN, 2, engine="simpy", out=tmp_path)
    assert counting.runs == [(1, 1)] and not len(mended.errors)


PROGRAM = """
import sys, time
import cqrsim as cq
sys.path.insert(0, {folder!r})
from test_going_on import DESIGN

sweeping = sys.modules["cqrsim.experiments.sweep"]
really, log = sweeping.sum_up, sys.argv[2]

def logged(task):
    found = really(task)
    with open(log, "a") as file:
        file.write(f"{{task.scenario.digest()}} {{task.replication}} {{time.time()}}\\n")
    return found

sweeping.sum_up = logged
cq.sweep(DESIGN, replications=8, engine="simpy", n_jobs={n_jobs}, out=sys.argv[1])
"""


SECONDS_UNTIL_ON_DISK = 1.5
"""Half a second is promised, and workers hand over what half a second has brought; a busy machine may take its time."""


def log_of(out: Path) -> Path:
    """Where the program tells which runs have finished, and when."""
    return out.with_name("finished.txt")


def finished_before(out: Path, moment: float) -> set[tuple[str, int]]:
    """The runs that had finished by then."""
    lines = [line.split() for line in log_of(out).read_text().splitlines()]
    return {(line[0], int(line[1])) for line in lines if len(line) == 3 and float(line[2]) <= moment}


def killed(out: Path, seconds: float, n_jobs: int) -> bool:
    """Runs the sweep in a process of its own and kills that; False if it was finished before.

    The time counts from the first result: that of starting up differs too much.
    """
    program = PROGRAM.format(folder=str(Path(__file__).parent), n_jobs=n_jobs)
    before = len(list(out.glob("results/*")))
    log_of(out).write_text("")  # what an earlier kill may have cost is not asked for again
    command = [sys.executable, "-c", program, str(out), str(log_of(out))]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    while process.poll() is None and len(list(out.glob("results/*"))) <= before:
        time.sleep(0.002)
    time.sleep(seconds)
    finished = process.poll() is not None
    if not finished:
        os.killpg(process.pid, signal.SIGKILL)
    _, told = process.communicate()
    assert not finished or process.returncode == 0, told
    return not finished


def kill_again_and_again(folder: Path, uninterrupted: cq.Sweep, times: int, n_jobs: int) -> None:
    """The number of runs that are there never falls, and in the end there is what there would have been."""
    there, kills, out = 0, 0, folder / "out"
    for number in range(times):
        kills += killed(out, seconds=0.013 * (number * 7 % times), n_jobs=n_jobs)
        ended = time.time()
        results = ResultsFolder(out)
        assert len(results) >= there and not results.damaged
        there = len(results)
        on_disk = {(key.scenario, key.replication) for key in results}
        assert finished_before(out, ended - n_jobs * SECONDS_UNTIL_ON_DISK) <= on_disk
    assert kills and there
    resumed = cq.sweep(DESIGN, 8, engine="simpy", out=out)
    assert_same(resumed, uninterrupted)
    frame = pd.read_parquet(out / "results")
    assert not frame.duplicated(["scenario", "seed", "replication", "version", "metric", "stat"]).any()


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_killed_without_warning_and_gone_on(uninterrupted: cq.Sweep, tmp_path: Path, n_jobs: int) -> None:
    kill_again_and_again(tmp_path, uninterrupted, 2, n_jobs)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_killed_ten_times_and_gone_on(uninterrupted: cq.Sweep, tmp_path: Path, n_jobs: int) -> None:
    kill_again_and_again(tmp_path, uninterrupted, 10, n_jobs)


def test_sixteen_shards_are_one_sweep(uninterrupted: cq.Sweep, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(1, 17)]
    for number, folder in enumerate(folders, 1):
        part = cq.sweep(DESIGN, 8, engine="simpy", out=folder, shard=f"{number}/16")
        assert len(part.runs) == 2 and f"shard {number}/16" in repr(part)
    assert_same(cq.gather(folders[::-1]), uninterrupted)
    assert_same(cq.gather(folders, out=tmp_path / "all"), uninterrupted)
    assert_same(cq.load_results(tmp_path / "all"), uninterrupted)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("shards")
    for number in (1, 2, 3):
        cq.sweep(DESIGN, 2, engine="simpy", out=folder / str(number), shard=(number, 3))
    return [folder / str(number) for number in (1, 2, 3)]


def refused(folders: list[Path]) -> str:
    with pytest.raises(cq.ScenarioError) as told:
        cq.gather(folders)
    return str(told.value)


def test_missing_and_doubled_shards_are_refused_at_once(shards: list[Path]) -> None:
    told = refused([shards[0], shards[0]])
    assert f"{shards[0]}: is shard 1/3, as {shards[0]} is" in told
    assert "folders: shards are missing: 2/3, 3/3" in told


def test_foreign_shards_are_refused(shards: list[Path], tmp_path: Path) -> None:
    cq.sweep(DESIGN, 2, seed=2, engine="simpy", out=tmp_path / "luck", shard="2/3")
    cq.sweep(design_of(100), 2, engine="simpy", out=tmp_path / "design", shard="2/3")
    cq.sweep(DESIGN, 2, engine="simpy", out=tmp_path / "number", shard="2/4")
    assert "belongs to another sweep than" in refused([shards[0], tmp_path / "luck", shards[2]])
    assert "its seed differ" in refused([shards[0], tmp_path / "luck", shards[2]])
    assert "its design and points differ" in refused([shards[0], tmp_path / "design", shards[2]])
    assert "its number of shards differ" in refused([shards[0], tmp_path / "number", shards[2]])


def test_unfinished_shards_are_refused(shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Counting(monkeypatch, stop_after=1)
    with pytest.raises(KeyboardInterrupt):
        cq.sweep(DESIGN, 2, engine="simpy", out=tmp_path, shard="2/3")
    assert "is not finished: 2 of its runs are missing" in refused([shards[0], tmp_path, shards[2]])


def test_what_is_no_folder_of_a_sweep_is_refused(shards: list[Path], tmp_path: Path) -> None:
    told = refused([shards[0], tmp_path, tmp_path / "nowhere"])
    assert told.count("holds no results of a sweep") == 2


def test_equal_points_of_different_shards_are_one_run(tmp_path: Path) -> None:
    design = cq.grid(BLOG, {"disk.write": ["1ms", "1000us", "2ms"]})
    for number in (1, 2):
        cq.sweep(design, 1, engine="simpy", out=tmp_path / str(number), shard=(number, 2))
    for _ in range(2):  # to gather twice is to gather once
        gathered = cq.gather([tmp_path / "1", tmp_path / "2"], out=tmp_path / "all")
        pd.testing.assert_frame_equal(gathered.frame, cq.sweep(design, 1, engine="simpy").frame)
        rows = pd.read_parquet(tmp_path / "all" / "results")
        assert not rows.duplicated(["scenario", "replication", "metric", "stat"]).any()


def test_each_shard_has_a_folder_of_its_own(shards: list[Path]) -> None:
    with pytest.raises(cq.ScenarioError, match="is the folder of shard 1/3 of this sweep; give each shard"):
        cq.sweep(DESIGN, 2, engine="simpy", out=shards[0], shard="2/3")
    with pytest.raises(cq.ScenarioError, match="is the folder of shard 1/3 of this sweep"):
        cq.gather(shards, out=shards[0])
    with pytest.raises(cq.ScenarioError, match="must be a list of folders"):
        cq.gather(str(shards[0]))


def test_two_sweeps_share_a_folder(tmp_path: Path) -> None:
    """What the first one found can still be read after the second has put its runs beside."""
    first = cq.sweep(DESIGN, 1, engine="simpy", out=tmp_path)
    second = cq.sweep(design_of(300), 2, engine="simpy", out=tmp_path)
    assert len(first.frame) and len(second.frame) and set(first.frame["point"]) == {0, 1, 2, 3}


def test_a_seed_that_no_file_can_hold_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(cq.ScenarioError, match="seed: must be at most"):
        cq.sweep(DESIGN, 1, seed=2**63, out=tmp_path / "out")


@pytest.mark.parametrize("wrong", ["0/3", "4/3", "3", "a/b", (1, 2, 3), None, 3, (1.0, 2)])
def test_what_is_no_shard(wrong: Any) -> None:
    with pytest.raises(cq.ScenarioError, match='must be such as "3/16"'):
        cq.sweep(DESIGN, 1, shard=wrong)


def test_a_folder_that_was_changed_by_hand_is_not_believed(shards: list[Path]) -> None:
    file = shards[2] / "sweep.toml"
    whole = file.read_text()
    file.write_text(whole.replace("2ms", "3ms"))
    try:
        assert "has changed since" in refused(shards)
    finally:
        file.write_text(whole)


def test_rules_of_functions_cannot_be_kept(tmp_path: Path) -> None:
    """No file can say what they are; nothing is run or written."""
    rule = cq.Rule(decide=lambda state, command: ["done"], evolve=lambda state, event: state, initial=0)
    for design in (cq.grid(BLOG, {"rule": [rule]}), cq.grid(BLOG.with_(rule=rule), {"disk.write": ["1ms"]})):
        with pytest.raises(cq.ScenarioError, match="a custom Rule"):
            cq.sweep(design, 1, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_points_that_cannot_keep_up_are_marked_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    slow = cq.grid(BLOG, {"disk.write": ["1ms", "40ms"]})
    marked = cq.sweep(slow, 2, engine="simpy", out=tmp_path)
    assert len(counting.runs) == 2 and list(marked.unstable) == [1]
    table = marked.table("durability_ms_p50")
    assert (
        table["durability_ms_p50"][1] == "unstable"
        and list(marked.skipped) == [1]
        and "1 of them unstable" in repr(marked)
    )
    everything = cq.sweep(slow, 2, engine="simpy", out=tmp_path, overloaded="run")
    assert len(everything.runs) == 4 and not everything.skipped and len(counting.runs) == 4
    assert list(everything.unstable) == [1] and "1 of them unstable" in repr(everything)
    with pytest.raises(cq.ScenarioError, match="no point can keep up with its commands"):
        cq.sweep(cq.grid(BLOG, {"disk.write": ["40ms"]}), 2)
    with pytest.raises(cq.ScenarioError, match='overloaded: must be "mark" or "run"'):
        cq.sweep(slow, 2, overloaded="skip")


@pytest.mark.parametrize("n_jobs", [2, 4])
def test_workers_make_no_difference_to_a_folder(uninterrupted: cq.Sweep, tmp_path: Path, n_jobs: int) -> None:
    assert_same(cq.sweep(DESIGN, 8, engine="simpy", out=tmp_path, n_jobs=n_jobs), uninterrupted)


@pytest.fixture(scope="module")
def cluster() -> Any:
    """A real cluster: a scheduler, and two workers in processes of their own."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster


def test_a_dask_cluster_makes_no_difference(uninterrupted: cq.Sweep, cluster: Any, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster) as client, joblib.parallel_config(backend="dask"):
        assert len(client.scheduler_info()["workers"]) == 2
        assert_same(cq.sweep(DESIGN, 8, engine="simpy", out=tmp_path), uninterrupted)
        assert_same(cq.sweep(DESIGN, 8, engine="simpy"), uninterrupted)


def test_functions_of_a_notebook_travel_to_a_cluster(cluster: Any) -> None:
    distributed = pytest.importorskip("distributed")
    rule = cq.Rule(decide=lambda state, command: ["done"], evolve=lambda state, event: state, initial=0)
    design = cq.grid(BLOG, {"rule": [rule], "disk.write": ["1ms", "2ms"]})
    with distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        there = cq.sweep(design, 2)
    pd.testing.assert_frame_equal(there.frame, cq.sweep(design, 2).frame)


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """The sweep of these tests, as a file."""
    cq.SweepFile(DESIGN, 2, 1).save(tmp_path / "sweep.toml", scenario="scenario.toml")
    DESIGN.base.save(tmp_path / "scenario.toml")
    return tmp_path / "sweep.toml"


def cqrsim(*arguments: object) -> int:
    from cqrsim.cli import main

    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_shards_from_the_command_line(asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cqrsim("sweep", asked) == 0
    whole = capsys.readouterr().out
    folders = [tmp_path / str(number) for number in (1, 2, 3)]
    for number, folder in enumerate(folders, 1):
        assert cqrsim("sweep", asked, "--shard", f"{number}/3", "--out", folder) == 0
    capsys.readouterr()
    assert cqrsim("gather", *folders, "--out", tmp_path / "all") == 0
    assert capsys.readouterr().out.startswith(whole.rstrip())
    assert_same(cq.load_results(tmp_path / "all"), cq.sweep(DESIGN, 2))
    assert cqrsim("gather", *folders[:2]) == 2
    assert capsys.readouterr().err == "cqrsim: folders: a shard is missing: 3/3\n"
    assert cqrsim("sweep", asked, "--shard", "3/2", "--out", tmp_path / "no") == 2
    assert cqrsim("sweep", asked, "--shard", "2/2") == 2
    assert "--shard needs --out" in capsys.readouterr().err


def test_a_cluster_from_the_command_line(
    asked: Path, cluster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cqrsim("sweep", asked, "--dask", cluster.scheduler_address, "--out", tmp_path / "out") == 0
    assert_same(cq.load_results(tmp_path / "out"), cq.sweep(DESIGN, 2))
    assert cqrsim("sweep", asked, "--dask", "nowhere", "--out", tmp_path / "no") == 2
    assert "dask: no scheduler answers there" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
    assert cqrsim("sweep", asked, "--dask", "nowhere", "--jobs", "2") == 2
