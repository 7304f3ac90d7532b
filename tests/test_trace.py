"""The one table: its order, its digest, its file, and measured traces."""

import contextlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from cqrsim.errors import TraceError
from cqrsim.moments import Moment
from cqrsim.trace import COLUMNS, About, FaultNote, Marks, Reads, Trace

patient = settings(deadline=None)

small = st.integers(0, 3)
row = st.tuples(small, st.sampled_from(list(Moment)), small, small, small, small, st.integers(-1, 5))
rows = st.lists(row, max_size=30).map(lambda listed: np.array(listed, np.int64).reshape(-1, 7))


def some_trace() -> Trace:
    about = About(
        length_ns=10, warm_up_ns=1, groups=("api", "web"), closed=(False, True), low=0, high=9,
        faults=(FaultNote("stall", "Stall", "disk"), FaultNote("loss")),
    )  # fmt: skip
    flat = np.array(
        [[3, Moment.ISSUED, 0, 0, 0, 0, 3], [4, Moment.SENT, 0, 0, 0, 0, -1], [9, Moment.ISSUED, 1, 0, 1, 0, 8]]
    )
    marks = Marks.of(2, group=[0, 1], aggregate=[5, 5], valid=[True, False], events=[1, 3])
    return Trace.from_rows(flat, marks, Reads.of(2, aggregate=[1, 2]), about)


def arrays(trace: Trace) -> dict[str, list[Any]]:
    parts = {"rows": trace.rows, "marks": trace.marks, "reads": trace.reads}
    return {
        f"{name}.{field}": [column.dtype, column.tolist()]
        for name, part in parts.items()
        for field in part.__dataclass_fields__
        if (column := getattr(part, field)) is not None
    }


@patient
@given(rows)
def test_rows_are_sorted_by_the_whole_key(flat: np.ndarray) -> None:
    """Ties in time are broken by the other columns, in their order."""
    trace = Trace.from_rows(flat)
    expected = sorted(map(tuple, flat.tolist()))
    assert list(zip(*(trace.column(name).tolist() for name in COLUMNS), strict=True)) == expected


@patient
@given(rows, st.randoms())
def test_the_digest_does_not_depend_on_the_order_in_which_rows_were_written(flat: np.ndarray, random: Any) -> None:
    order = list(range(len(flat)))
    random.shuffle(order)
    assert Trace.from_rows(flat).digest() == Trace.from_rows(flat[order]).digest()


def test_the_digest_is_defined_by_bytes() -> None:
    """It stays the same on every machine and in every version that reads these traces."""
    assert some_trace().digest() == "4d645a7991e3e9aa38e84835519d18d4867cbc84f3af6880f1d5a212541093bf"


def test_the_digest_is_of_what_happened_only() -> None:
    trace = some_trace()
    other = Trace(trace.rows, Marks.of(2), about=About(length_ns=99))
    assert other.digest() == trace.digest()


def test_any_value_changes_the_digest() -> None:
    flat = np.array([[3, Moment.ISSUED, 0, 0, 0, 0, 3]])
    digests = {Trace.from_rows(flat).digest()}
    for column in range(7):
        changed = flat.copy()
        changed[0, column] += 1
        digests.add(Trace.from_rows(changed).digest())
    assert len(digests) == 8


@patient
@given(rows)
def test_rows_of_a_moment_are_those_of_the_table(flat: np.ndarray) -> None:
    trace = Trace.from_rows(flat)
    assert sum(len(trace.of(moment)) for moment in Moment) == len(trace)
    for moment in Moment:
        of_moment = trace.rows.take(trace.column("moment") == moment)
        assert np.array_equal(trace.of(moment).time, of_moment.time)
        assert np.array_equal(trace.of(moment).value, of_moment.value)
        assert trace.of(moment) is trace.of(moment)


def test_an_unknown_column_is_refused_with_a_hint() -> None:
    with pytest.raises(TraceError, match=r'no column "tmie".*did you mean "time"'):
        some_trace().column("tmie")


def test_rows_of_another_shape_are_refused() -> None:
    with pytest.raises(TraceError, match="7 columns"):
        Trace.from_rows(np.zeros((3, 6), np.int64))


def test_about_survives_json() -> None:
    about = some_trace().about
    assert About.from_dict(about.to_dict()) == about


def test_the_end_is_known_in_the_end() -> None:
    """Who does not say when following stopped means the last row, or the end of the window."""
    assert some_trace().about.end_ns == 10
    assert Trace.from_rows(np.array([[30, Moment.SENT, 0, 0, 0, 0, 0]]), about=About(length_ns=10)).about.end_ns == 30


def test_a_trace_survives_pickling_without_what_can_be_computed() -> None:
    trace = some_trace()
    trace.of(Moment.SENT)
    trace.remember(len)
    copy = pickle.loads(pickle.dumps(trace))
    assert arrays(copy) == arrays(trace)
    assert copy.about == trace.about
    assert not copy._parts
    assert not copy._computed


def test_what_is_computed_of_a_trace_is_computed_once() -> None:
    calls: list[Trace] = []
    trace = some_trace()
    for _ in range(2):
        trace.remember(calls.append)
    assert calls == [trace]


@pytest.mark.parametrize("empty", [False, True])
def test_a_saved_trace_is_the_same_when_loaded(tmp_path: Path, empty: bool) -> None:
    trace = Trace.from_rows(np.empty((0, 7), np.int64), about=About(length_ns=5)) if empty else some_trace()
    trace.save(tmp_path / "trace.parquet")
    loaded = Trace.load(tmp_path / "trace.parquet")
    assert arrays(loaded) == arrays(trace)
    assert loaded.about == trace.about
    assert loaded.digest() == trace.digest()


def test_many_row_groups_come_back_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cqrsim.trace._ROW_GROUP", 2)
    trace = some_trace()
    trace.save(tmp_path / "trace.parquet")
    assert arrays(Trace.load(tmp_path / "trace.parquet")) == arrays(trace)


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_damaged_file_is_refused(tmp_path: Path, at: float) -> None:
    """Whichever byte is wrong: either Parquet notices, or the digest does."""
    path = tmp_path / "trace.parquet"
    some_trace().save(path)
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 0xFF
    path.write_bytes(content)
    with contextlib.suppress(TraceError):
        loaded = Trace.load(path)
        assert arrays(loaded) == arrays(some_trace()), "unless the byte meant nothing, as in Parquet's statistics"


def test_a_changed_value_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    some_trace().save(path)
    table = parquet.read_table(path)
    times = pa.array([4, 4, 9, *[None] * (len(table) - 3)], pa.int64())
    changed = table.set_column(0, "time", times)
    with parquet.ParquetWriter(path, changed.schema) as writer:
        for start, stop in ((0, 3), (3, 5), (5, 7)):
            writer.write_table(changed.slice(start, stop - start))
    with pytest.raises(TraceError, match="digest"):
        Trace.load(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    some_trace().save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TraceError, match="damaged or not a trace"):
        Trace.load(path)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    parquet.write_table(pa.table({"time": [1, 2]}), path)
    with pytest.raises(TraceError, match="not a trace"):
        Trace.load(path)
    path.write_text("time,moment\n")
    with pytest.raises(TraceError, match="not a trace"):
        Trace.load(path)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Trace.load(tmp_path / "none.parquet")


@patient
@given(rows)
def test_a_frame_makes_the_same_trace_again(flat: np.ndarray) -> None:
    trace = Trace.from_rows(flat)
    frame = trace.to_frame()
    assert list(frame.columns) == list(COLUMNS)
    assert Trace.from_frame(frame).digest() == trace.digest()


def test_measured_times_may_be_in_milliseconds_and_ids_words() -> None:
    """Commands are numbered in the order in which they first appear in time."""
    frame = pd.DataFrame(
        {"time_ms": [2.0, 1.0, 0.5], "moment": ["WRITTEN", "issued", "Issued"], "command": ["b", "b", "a"]}
    )
    trace = Trace.from_frame(frame)
    assert trace.column("time").tolist() == [500_000, 1_000_000, 2_000_000]
    assert trace.column("command").tolist() == [0, 1, 1]
    assert trace.about.measured
    assert trace.of(Moment.ISSUED).value.tolist() == [500_000, 1_000_000], "intended as issued"


def test_measured_marks_are_taken_from_columns() -> None:
    frame = pd.DataFrame(
        {
            "time": [1, 2, 3],
            "moment": "issued",
            "command": [0, 1, 1],
            "aggregate": [7, 8, 9],
            "valid": [True, False, True],
        }
    )
    marks = Trace.from_frame(frame).marks
    assert marks.aggregate.tolist() == [7, 8]
    assert marks.valid.tolist() == [True, False]
    assert marks.session.tolist() == [0, 1]


def test_large_ids_are_numbered() -> None:
    frame = pd.DataFrame({"time": [1, 2, 3], "moment": "issued", "command": [10**15, -1, 10**14]})
    assert Trace.from_frame(frame).column("command").tolist() == [0, -1, 1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time": [1], "moment": ["writen"], "command": [0]}, 'unknown moment "writen"; did you mean "written"'),
        ({"time": [1], "moment": [99], "command": [0]}, 'unknown moment "99"'),
        ({"time": [-1], "moment": ["written"], "command": [0]}, "negative time"),
        ({"time": [1.5], "moment": ["written"], "command": [0]}, "whole nanoseconds"),
        ({"time_ms": [float("nan")], "moment": ["written"], "command": [0]}, "row 0 has no time"),
        ({"moment": ["written"], "command": [0]}, 'needs a column "time"'),
        ({"time": [1], "command": [0]}, 'needs a column "moment"'),
        ({"time": [1], "moment": ["written"]}, 'needs a column "command"'),
        ({"time": [1, 2], "moment": "written", "command": ["a", None]}, "row 1 has no command"),
        ({"time": [1], "moment": ["written"], "command": [0], "outcome": ["ok"]}, '"outcome" must hold whole numbers'),
    ],
)
def test_wrong_measurements_are_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(TraceError, match=message):
        Trace.from_frame(pd.DataFrame(columns))


def test_no_measurements_make_an_empty_trace() -> None:
    frame = pd.DataFrame({"time": np.array([], np.int64), "moment": [], "command": []})
    assert len(Trace.from_frame(frame)) == 0
    assert len(Trace.from_frame(frame).marks) == 0


def test_unknown_marks_are_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        Marks.of(1, colour=3)


def test_it_says_briefly_what_it_is() -> None:
    assert repr(some_trace()) == "Trace(3 rows, 2 commands, 0.000 s)"
