"""Running many things: whoever does the work, the outcomes are the same, and one that fails stops no other."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import joblib
import pytest

from cqrsim.experiments.running import runs
from cqrsim.experiments.running.runs import Chunks, Done, Failure, Interrupted, Task, finished, run_all


@dataclass(frozen=True)
class Number:
    """Stands in for a scenario: it is all that a task asks of one."""

    value: int

    def digest(self) -> str:
        return f"number {self.value}"


def tasks_of(*values: int) -> list[Task]:
    return [Task(design, 0, Number(value), seed=7) for design, value in enumerate(values)]  # type: ignore[arg-type]


def inverse(task: Task) -> float:
    return 1 / task.scenario.value  # type: ignore[attr-defined]


def always_dies(task: Task) -> str:
    os._exit(1)


def results(outcomes: list) -> list:
    return [outcome.result for outcome in outcomes]


@pytest.mark.parametrize("n_jobs", [1, 2, None])
def test_outcomes_stand_in_the_order_of_their_keys(n_jobs: int | None) -> None:
    """However many workers there are, and in whatever order the tasks are given."""
    outcomes = run_all(tasks_of(1, 2, 4, 5)[::-1], inverse, n_jobs)
    assert results(outcomes) == [1.0, 0.5, 0.25, 0.2]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failing_run_is_kept_with_all_that_repeats_it_and_the_others_go_on(n_jobs: int) -> None:
    good, bad, also_good = run_all(tasks_of(1, 0, 2), inverse, n_jobs)
    assert isinstance(good, Done) and isinstance(also_good, Done) and isinstance(bad, Failure)
    assert (bad.key, bad.scenario, bad.seed) == ((1, 0), "number 0", 7)
    assert bad.message == "ZeroDivisionError: division by zero"
    assert "in inverse" in bad.traceback


def test_functions_without_a_name_travel_to_workers() -> None:
    """As those that are defined in a notebook must."""
    assert results(run_all(tasks_of(3, 4), lambda task: task.scenario.value**2, n_jobs=2)) == [9, 16]


@pytest.mark.parametrize("backend", ["threading", "sequential", "multiprocessing"])
def test_an_outer_joblib_configuration_is_honoured(backend: str) -> None:
    """Also a backend that can only hand over results all at once."""
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert results(run_all(tasks_of(1, 2), inverse, n_jobs=None)) == [1.0, 0.5]
        assert results(run_all(tasks_of(1, 2), inverse, n_jobs=2)) == [1.0, 0.5]


def test_threads_of_an_outer_configuration_really_do_the_work() -> None:
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert set(results(run_all(tasks_of(1, 2), lambda task: os.getpid(), n_jobs=None))) == {os.getpid()}


def test_work_lost_with_a_dying_worker_is_done_again(tmp_path: Path) -> None:
    mark = tmp_path / "somebody died"

    def dies_once(task: Task) -> str:
        if not mark.exists():
            mark.touch()
            os._exit(1)
        return "done"

    assert results(run_all(tasks_of(1, 2, 3), dies_once, n_jobs=2)) == ["done"] * 3
    assert mark.exists()


def test_work_that_always_kills_its_worker_is_reported() -> None:
    (outcome,) = run_all(tasks_of(1), always_dies, n_jobs=2)
    assert isinstance(outcome, Failure) and "TerminatedWorkerError" in outcome.message


def test_interrupting_keeps_what_was_finished() -> None:
    def interrupted(task: Task) -> int:
        if task.design == 2:
            raise KeyboardInterrupt
        return task.design

    with pytest.raises(KeyboardInterrupt) as stopped:
        run_all(tasks_of(1, 1, 1, 1), interrupted)
    assert isinstance(stopped.value, Interrupted)
    assert results(stopped.value.outcomes) == [0, 1]


def test_one_worker_needs_no_joblib() -> None:
    code = (
        "import sys; from cqrsim.experiments.running.runs import Task, run_all;"
        "print(len(run_all([Task(0, 0, None, 1)], lambda task: 1, n_jobs=1)), 'joblib' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "False"]


def test_chunks_begin_small_and_grow_to_half_a_second() -> None:
    chunks = Chunks(tasks_of(*range(1, 101)), workers=2)
    cut = iter(chunks)
    assert len(next(cut)) == 1
    chunks.learn(runs=1, seconds=0.05)
    assert len(next(cut)) == 10


def test_chunks_leave_work_for_everybody_at_the_end() -> None:
    chunks = Chunks(tasks_of(*range(1, 9)), workers=2)
    chunks.learn(runs=1, seconds=0.0001)
    assert [len(chunk) for chunk in chunks] == [2, 2, 1, 1, 1, 1]


def test_chunks_hold_every_task_once() -> None:
    tasks = tasks_of(*range(1, 38))
    chunks = Chunks(tasks, workers=3)
    chunks.learn(runs=1, seconds=0.2)
    assert [task for chunk in chunks for task in chunk] == tasks


def test_a_bar_shows_only_where_somebody_watches(monkeypatch, capsys) -> None:
    """Standard error is no terminal under a test; a bar that is asked for comes after a second."""
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    run_all(tasks_of(1, 2), inverse)
    assert capsys.readouterr().err == ""
    run_all(tasks_of(1, 2, 3), lambda task: time.sleep(0.6), progress=True)
    assert "run" in capsys.readouterr().err


def test_outcomes_are_handed_over_as_they_come() -> None:
    outcomes = finished(tasks_of(1, 0), inverse, n_jobs=1)
    assert isinstance(next(outcomes), Done)
    assert isinstance(next(outcomes), Failure)


def test_a_backend_may_be_named_by_the_digest_less() -> None:
    """A scenario that has no digest can still fail in peace."""
    (outcome,) = run_all([Task(0, 0, None, 1)], lambda task: 1 / 0)  # type: ignore[arg-type]
    assert isinstance(outcome, Failure) and outcome.scenario == ""
    assert runs.attempt(lambda task: 5, Task(0, 1, None, 1)) == Done((0, 1), 5)  # type: ignore[arg-type]


def test_a_run_that_kills_every_worker_stops_no_other() -> None:
    """Those that were under way beside it are tried alone, so that only the killer is left out."""

    def kills(task: Task) -> int:
        if task.design == 3:
            os._exit(1)
        return task.design

    outcomes = run_all(tasks_of(*range(1, 10)), kills, n_jobs=2)
    assert [outcome.key[0] for outcome in outcomes if isinstance(outcome, Failure)] == [3]
    assert results([outcome for outcome in outcomes if isinstance(outcome, Done)]) == [0, 1, 2, 4, 5, 6, 7, 8]


def test_work_that_cannot_travel_fails_everywhere_and_at_once() -> None:
    lock = threading.Lock()
    outcomes = run_all(tasks_of(1, 2, 3), lambda task: lock.locked(), n_jobs=2)
    assert all(isinstance(outcome, Failure) and "pickle" in outcome.message for outcome in outcomes)
