"""Finished runs in a folder: all of a file or nothing, each run once, and nothing that was finished is lost."""

import contextlib
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim.experiments.running import keeper
from cqrsim.experiments.running.keeper import Keeper
from cqrsim.experiments.running.numbers import Numbers, same
from cqrsim.experiments.running.parts import BrokenPartError, Result, RunKey, read_part, runs_in, write_part
from cqrsim.experiments.running.results_folder import InMemory, ResultsFolder
from cqrsim.experiments.running.runs import Failure
from cqrsim.metrics.backlog import Growth

KINDS = (("feedback_ms", "p50", "ms"), ("loss", "count", ""), ("loss", "share", "share"))


def key(number: int) -> RunKey:
    return RunKey(f"scenario {number % 3}", 7, number, "0.1.0")


def result(number: int, kinds: tuple = KINDS) -> Result:
    values = np.array([number, np.nan, 1 / (number + 1)][: len(kinds)])
    counts = np.full(len(kinds), number)
    numbers = Numbers(same(kinds), values, counts, counts * 0, counts % 2 == 1)
    return Result(key(number), f"trace {number}", numbers, Growth(number / 2, number))


def equal(one: Result, other: Result) -> bool:
    arrays = ("value", "n", "n_censored", "lower_bound")
    same_arrays = all(
        np.array_equal(getattr(one.numbers, name), getattr(other.numbers, name), equal_nan=name == "value")
        for name in arrays
    )
    told = [(each.key, each.trace, each.growth, each.numbers.kinds) for each in (one, other)]
    return told[0] == told[1] and same_arrays


def fill(folder: Path, *numbers: int) -> None:
    with Keeper(folder) as keeps:
        for number in numbers:
            keeps.take(result(number))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9, unique=True), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_a_part_comes_back_as_it_was_written(tmp_path_factory, numbers: list[int], most: int) -> None:
    """Runs may have different metrics; NaN stays NaN."""
    path = tmp_path_factory.mktemp("parts") / "part-000001.parquet"
    given = [result(number, KINDS[: 1 + number % most]) for number in numbers]
    write_part(path, given)
    assert all(equal(*pair) for pair in zip(read_part(path), given, strict=True))
    assert [tuple(run) for run in runs_in(path)] == [(r.key, r.trace, r.growth, r.numbers.kinds) for r in given]
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_any_program_reads_the_folder_as_one_tidy_table(tmp_path: Path) -> None:
    """One row per run and metric, with scenario digest, seed, replication and version."""
    fill(tmp_path, 0, 1, 2)
    frame = pd.read_parquet(tmp_path / "results")
    whose = ["scenario", "seed", "replication", "version", "trace"]
    assert frame.columns.tolist() == [*whose, "metric", "stat", "unit", "value", "n", "n_censored", "lower_bound"]
    assert len(frame) == 3 * len(KINDS) and not frame.duplicated([*whose, "metric", "stat"]).any()
    assert frame.query("replication == 2 and metric == 'feedback_ms'")["value"].tolist() == [2.0]


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_file_that_was_cut_or_changed_is_never_taken_for_whole(tmp_path_factory, data: st.DataObject) -> None:
    """Wherever it was cut short, and whichever byte of its rows was changed."""
    path = tmp_path_factory.mktemp("parts") / "part-000001.parquet"
    given = [result(number) for number in range(5)]
    write_part(path, given)
    whole = path.read_bytes()
    if data.draw(st.booleans()):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        with pytest.raises(BrokenPartError):
            list(read_part(path))
    else:
        at = data.draw(st.integers(0, len(whole) - 1))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with contextlib.suppress(BrokenPartError):
            assert all(equal(*pair) for pair in zip(read_part(path), given, strict=True))


def test_a_damaged_file_is_put_aside_and_told_and_its_runs_are_missing(tmp_path: Path) -> None:
    fill(tmp_path, 0, 1)
    (part,) = (tmp_path / "results").glob("part-*")
    part.write_bytes(part.read_bytes()[:100])
    assert len(ResultsFolder(tmp_path)) == 0 and ResultsFolder(tmp_path).damaged == [part]
    with pytest.warns(cq.CqrsimWarning, match=r"part-000001.parquet is damaged: .* its runs are run again"):
        fill(tmp_path, 0)
    assert len(ResultsFolder(tmp_path)) == 1
    assert (tmp_path / "results" / "_damaged-part-000001.parquet").exists()


def test_what_was_being_written_when_somebody_was_stopped_is_no_result(tmp_path: Path) -> None:
    fill(tmp_path, 0)
    unfinished = tmp_path / "results" / ".part-000002.parquet.4711"
    unfinished.write_bytes(b"PAR1")
    assert len(ResultsFolder(tmp_path)) == 1
    fill(tmp_path)
    assert not unfinished.exists()


def test_many_small_files_become_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a sweep goes on, and at its end; no run is lost or doubled by that."""
    monkeypatch.setattr(keeper, "SECONDS_BETWEEN_PARTS", 0.0)
    most = 0
    with Keeper(tmp_path) as keeps:
        for number in range(100):
            keeps.take(result(number))
            while len(ResultsFolder(tmp_path)) <= number:  # somebody else reads what is being written
                time.sleep(0.001)
            most = max(most, len(list((tmp_path / "results").glob("part-*"))))
    assert 10 < most <= 2 * keeper.PARTS_THAT_BECOME_ONE
    assert len(list((tmp_path / "results").glob("part-*"))) == 1
    numbers = ResultsFolder(tmp_path).numbers([key(number) for number in range(100)])
    assert [one.value[0] for one in numbers.values()] == list(range(100))
    assert len(pd.read_parquet(tmp_path / "results")) == 100 * len(KINDS)


def test_large_files_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "RUNS_OF_A_LARGE_PART", 3)
    fill(tmp_path, 0, 1, 2)
    fill(tmp_path, 3)
    fill(tmp_path, 4)
    assert sorted(len(runs_in(part)) for part in (tmp_path / "results").glob("part-*")) == [2, 3]


def test_stopped_between_writing_one_file_and_removing_those_it_replaces(tmp_path: Path) -> None:
    """Runs are there twice, count once, and are there once after the next visit."""
    fill(tmp_path, 0)
    (first,) = (tmp_path / "results").glob("part-*")
    write_part(first.with_name("part-000002.parquet"), [result(0), result(1)])
    assert len(ResultsFolder(tmp_path)) == 2
    fill(tmp_path)
    assert not first.exists()
    assert len(pd.read_parquet(tmp_path / "results")) == 2 * len(KINDS)


def test_nobody_else_may_write_meanwhile(tmp_path: Path) -> None:
    with Keeper(tmp_path), pytest.raises(OSError, match="another process is writing results into this folder"):
        Keeper(tmp_path)
    Keeper(tmp_path).__exit__()


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="exists"):
        Keeper(tmp_path / "file")


def failure(number: int, message: str = "broke") -> Failure:
    return Failure((0, number), key(number).scenario, 7, message, "Traceback ...")


@pytest.mark.parametrize("in_memory", [True, False])
def test_failures_are_kept_until_the_run_ends_well(tmp_path: Path, in_memory: bool) -> None:
    kept = InMemory() if in_memory else Keeper(tmp_path)
    kept.fail(key(0), failure(0, "first"))
    kept.fail(key(0), failure(0, "again"))
    kept.fail(key(1), failure(1))
    results = kept if isinstance(kept, InMemory) else ResultsFolder(tmp_path)
    assert [one.message for one in results.failures([key(0), key(1), key(2)]).values()] == ["again", "broke"]
    if isinstance(kept, Keeper):
        kept.take(result(0))
        kept.__exit__()
        assert list(ResultsFolder(tmp_path).failures([key(0), key(1)])) == [key(1)]


@pytest.mark.parametrize("line", [b"12", b'{"run": 3}', b'{"run": [1]}', b"\xff\xfe", b'{"run": ["a", 1, 2, "0.1.0"]}'])
def test_lines_that_nobody_of_us_wrote_are_no_failures(tmp_path: Path, line: bytes) -> None:
    with Keeper(tmp_path) as keeps:
        keeps.fail(key(0), failure(0))
    with (tmp_path / "failures.jsonl").open("ab") as file:
        file.write(b"\n" + line)
    assert list(ResultsFolder(tmp_path).failures([key(0)])) == [key(0)]


def test_a_run_that_is_taken_twice_is_there_once(tmp_path: Path) -> None:
    """Within one visit, and in the next."""
    fill(tmp_path, 0, 1, 0)
    fill(tmp_path, 1, 2)
    assert len(pd.read_parquet(tmp_path / "results")) == 3 * len(KINDS)
    assert len(ResultsFolder(tmp_path)) == 3


def test_finished_runs_are_on_disk_though_no_other_follows(tmp_path: Path) -> None:
    """Two at once, then nothing for a while: a machine that stops now loses neither."""
    with Keeper(tmp_path) as keeps:
        keeps.take(result(0))
        keeps.take(result(1))
        time.sleep(1.0)
        assert len(ResultsFolder(tmp_path)) == 2


def test_whoever_reads_finds_runs_that_were_moved_meanwhile(tmp_path: Path) -> None:
    """Files become part of others while somebody holds an older view of the folder."""
    fill(tmp_path, 0)
    older = ResultsFolder(tmp_path)
    fill(tmp_path, 1)
    assert older.numbers([key(0)])[key(0)].value[0] == 0
    assert older.kinds([key(0)]) == list(KINDS)


def test_rows_that_were_changed_are_run_again(tmp_path: Path) -> None:
    """Wherever a byte of a file was changed: the next visit reads all, or puts the file aside."""
    for at in range(40, 2000, 163):
        folder = tmp_path / str(at)
        fill(folder, *range(20))
        (part,) = (folder / "results").glob("part-*")
        whole = part.read_bytes()
        part.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            fill(folder, *range(20))
        found = ResultsFolder(folder)
        values = [numbers.value[0] for numbers in found.numbers([key(number) for number in range(20)]).values()]
        assert sorted(values) == list(range(20)) and len(told) <= 1


def test_a_damaged_file_that_is_read_meanwhile_says_what_to_do(tmp_path: Path) -> None:
    fill(tmp_path, *range(20))
    found = ResultsFolder(tmp_path)
    (part,) = (tmp_path / "results").glob("part-*")
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(cq.ResultError, match="run the sweep again with the same folder"):
        found.numbers([key(0)])


def test_a_line_that_was_cut_short_is_no_failure_and_harms_no_other(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeps:
        keeps.fail(key(0), failure(0))
    file = tmp_path / "failures.jsonl"
    file.write_text(file.read_text() + '\n{"run": ["scen')
    with Keeper(tmp_path) as keeps:
        keeps.fail(key(1), failure(1))
    assert len(ResultsFolder(tmp_path).failures([key(0), key(1)])) == 2
    assert len([line for line in file.read_text().splitlines() if line]) == 3


@pytest.mark.parametrize("in_memory", [True, False])
def test_some_metrics_of_some_runs(tmp_path: Path, in_memory: bool) -> None:
    kept = InMemory() if in_memory else Keeper(tmp_path)
    for number in range(4):
        kept.take(result(number, KINDS[: 1 + number % 3]))
    if isinstance(kept, Keeper):
        kept.__exit__()
    results = kept if isinstance(kept, InMemory) else ResultsFolder(tmp_path)
    assert set(results.kinds([key(0), key(2)])) == set(KINDS)
    assert results.kinds([key(9)]) == []
    found = results.numbers([key(1), key(2), key(9)], {KINDS[1]})
    assert {one.replication: numbers.kinds for one, numbers in found.items()} == {1: (KINDS[1],), 2: (KINDS[1],)}
    assert results.trace(key(2)) == "trace 2"
    assert results.growths([key(2), key(9)]) == {key(2): Growth(1.0, 2)}


def test_a_part_says_what_it_holds_without_being_read(tmp_path: Path) -> None:
    """The metadata suffice: that is what makes going on with a long sweep quick."""
    fill(tmp_path, *range(10))
    (part,) = (tmp_path / "results").glob("part-*")
    metadata = pq.read_schema(part).metadata[b"cqrsim.runs"]
    assert len(json.loads(metadata.partition(b" ")[2])["runs"]) == 10
