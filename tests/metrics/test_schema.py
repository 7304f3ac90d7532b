"""Every table has exactly the columns and dtypes that the schema says, of any trace, and keeps them in a file."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from metrics.stories import FULL, Story

from cqrsim import metrics
from cqrsim.messages import Answer, AppendOutcome, Decision, Seen
from cqrsim.metrics.schema import TABLES, build, columns_of
from cqrsim.metrics.vocabulary import CATEGORIES
from cqrsim.moments import Moment
from cqrsim.trace import Reads, Trace

Table = Callable[[Trace], pd.DataFrame]

FUNCTIONS: dict[str, Table] = {name: getattr(metrics, name) for name in TABLES if name != "journey"}
FUNCTIONS["journey"] = lambda trace: metrics.journey(trace, 0)


def eventful() -> Trace:
    """One of everything, with two projections and two groups."""
    story = Story(
        commands=4, marks={"group": [0, 1, 0, 1]}, groups=("api", "web"), projections=("list", "full text"),
        faults=FULL, fold_on="decision", low=0, high=1,
    )  # fmt: skip
    story.row(0, Moment.FAULT_BEGAN, -1).row(500, Moment.FAULT_ENDED, -1)
    story.store(1, 0, 0).inform(6, command=0).look(7, Seen.YES, 0).look(8, Seen.NO, 0, projection=1)
    story.issue(10, 1).decide(11, 1).fold(11, 1, 1).send_append(11, 1).fail(12, 1, fault=0).release(13, 1)
    story.issue(20, 2).decide(21, 2, Decision.FORBIDDEN, version=2).inform(22, Answer.FAILURE, 2)
    story.row(23, Moment.REFUSAL_LOST, 2, outcome=AppendOutcome.FULL, value=0)
    story.row(24, Moment.REFUSAL_CACHED, 2).row(90, Moment.REFUSAL_EXPIRED, 2, value=0)
    story.row(30, Moment.BACKGROUND_READ, 0, place=1)
    story.reads = Reads.of(1, projection=1)
    return story.trace()


TRACES = {"eventful": eventful(), "empty": Story(commands=0).trace(), "no rows": Story(commands=3).trace()}


def matches(table: str, frame: pd.DataFrame, trace: Trace) -> bool:
    """Whether a frame has the columns of its table, in order, with their dtypes."""
    columns = list(columns_of(table, trace.about))
    assert list(frame.columns) == [column.name for column in columns]
    for column in columns:
        dtype = frame[column.name].dtype
        if column.dtype.startswith("["):
            assert dtype == CATEGORIES[column.dtype[1:-1]], column.name
        else:
            assert str(dtype) == column.dtype, column.name
    return isinstance(frame.index, pd.RangeIndex)


CASES = [(table, name) for table in TABLES for name in TRACES if table != "journey" or name == "eventful"]
"""All but the journey of a command that is not there."""


@pytest.mark.parametrize(("table", "name"), CASES)
def test_tables_are_as_the_schema_says(table: str, name: str) -> None:
    trace = TRACES[name]
    assert matches(table, FUNCTIONS[table](trace), trace)


def test_the_eventful_trace_leaves_no_table_empty() -> None:
    """Otherwise the test above would say little."""
    assert all(len(function(TRACES["eventful"])) for function in FUNCTIONS.values())


@pytest.mark.parametrize("table", TABLES)
def test_tables_survive_a_file(tmp_path: Path, table: str) -> None:
    """Parquet keeps every dtype; a tuple comes back as an array."""
    frame = FUNCTIONS[table](TRACES["eventful"])
    frame.to_parquet(tmp_path / "table.parquet")
    loaded = pd.read_parquet(tmp_path / "table.parquet")
    if table == "anomalies":
        loaded["witnesses"] = loaded["witnesses"].map(tuple)
    for name in frame.columns:
        if str(frame[name].dtype) != "category":
            assert str(loaded[name].dtype) == str(frame[name].dtype)
        else:
            assert loaded[name].cat.categories.tolist() == frame[name].cat.categories.tolist()
            assert loaded[name].cat.ordered == frame[name].cat.ordered
    pd.testing.assert_frame_equal(loaded, frame, check_dtype=False, check_categorical=False)


def test_the_schema_is_a_table_too() -> None:
    schema = metrics.schema()
    assert list(schema.columns) == ["table", "column", "dtype", "unit", "meaning"]
    assert schema["table"].unique().tolist() == list(TABLES)
    assert not schema.duplicated(["table", "column"]).any()
    assert (schema["meaning"].str.len() > 3).all()


def test_the_schema_says_what_is_counted() -> None:
    schema = metrics.schema()
    meaning = schema[(schema["table"] == "summary") & (schema["column"] == "metric")].iloc[0].meaning
    assert "loads, re-reads" in meaning
    assert "writes, but not periodic flushes" in meaning
    assert not schema["meaning"].str.contains("  ").any()


def test_units_stand_last_in_names() -> None:
    schema = metrics.schema()
    for unit in ("ms", "bytes", "per_s"):
        named = schema[(schema["unit"] == unit)]["column"]
        assert named.str.endswith(f"_{unit}").all()


def test_a_forgotten_column_is_noticed() -> None:
    with pytest.raises(KeyError, match="share"):
        build("outcomes", {"truth": [], "belief": [], "commands": []}, TRACES["empty"].about)


def test_tables_do_not_share_what_others_may_change() -> None:
    trace = TRACES["eventful"]
    changed = metrics.commands(trace)
    changed.loc[:, "aggregate"] = 99
    assert (metrics.commands(trace)["aggregate"] != 99).all()
