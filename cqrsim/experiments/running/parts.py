"""Files of results: many runs in one Parquet file, which is there as a whole or not at all.

A row is one metric of one run, with all that tells whose it is, so that any program can read the folder as one table.
What the runs are stands in the file's metadata, too, so that looking for them does not take reading the rows.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cqrsim.experiments.running.numbers import Kind, Numbers, same
from cqrsim.metrics.backlog import Growth

if TYPE_CHECKING:
    import pyarrow as pa

RUNS = b"cqrsim.runs"
"""Under this key the metadata hold the runs of a file and the metrics that they have."""


class RunKey(NamedTuple):
    """What makes a run the run that it is."""

    scenario: str
    """The scenario's digest."""
    seed: int
    replication: int
    version: str
    """Of cqrsim."""


@dataclass(frozen=True, eq=False)
class Result:
    """What is kept of a finished run."""

    key: RunKey
    trace: str
    """Digest of all that happened."""
    numbers: Numbers
    growth: Growth
    """By how much the backlog grew."""


class About(NamedTuple):
    """What the metadata tell of a run."""

    key: RunKey
    trace: str
    growth: Growth
    kinds: tuple[Kind, ...]


class BrokenPartError(Exception):
    """A file that is not what was written: cut short, changed, or gone."""

    def __init__(self, path: Path, told: str) -> None:
        super().__init__(f"{path} {told}")
        self.path = path


def write_part(path: Path, results: Sequence[Result]) -> None:
    """Write runs to a file; whoever looks sees all of it or nothing, even if the power fails."""
    import pyarrow.parquet as pq

    unfinished = path.with_name(f".{path.name}.{os.getpid()}")  # a dot keeps it out of what programs read
    pq.write_table(_table(results), unfinished, compression="zstd", write_page_checksum=True)
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())
    unfinished.replace(path)
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """A new name is on disk only when its folder is, where folders can be asked for that."""
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def runs_in(path: Path) -> list[About]:
    """What a file holds, without its rows; BrokenPartError if it is damaged."""
    return list(_listed(_opened(path).schema_arrow, path))


def read_part(path: Path) -> Iterator[Result]:
    """The runs of a file; BrokenPartError if it is damaged."""
    table = _read(path)
    listed = list(_listed(table.schema, path))
    if sum(len(run.kinds) for run in listed) != table.num_rows:
        raise BrokenPartError(path, f"has {table.num_rows} rows, which are not those of its runs")
    columns = [_column(table, name) for name in ("value", "n", "n_censored", "lower_bound")]
    begin = 0
    for key, trace, growth, kinds in listed:
        end = begin + len(kinds)
        yield Result(key, trace, Numbers(kinds, *(column[begin:end] for column in columns)), growth)
        begin = end


def _column(table: pa.Table, name: str) -> NDArray[Any]:
    column: NDArray[Any] = table.column(name).to_numpy()
    return column


def _opened(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BrokenPartError(path, f"cannot be read: {error}") from error


def _read(path: Path) -> pa.Table:
    import pyarrow as pa

    try:
        return _opened(path).read(["value", "n", "n_censored", "lower_bound"])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BrokenPartError(path, f"cannot be read: {error}") from error


def _listed(schema: pa.Schema, path: Path) -> Iterator[About]:
    digest, _, listed = (schema.metadata or {}).get(RUNS, b"").partition(b" ")
    if digest != _digest(listed):
        raise BrokenPartError(path, "does not say which runs it holds")
    told = json.loads(listed)
    kinds = [same(tuple((metric, stat, unit) for metric, stat, unit in one)) for one in told["kinds"]]
    for *key, trace, growth, number in told["runs"]:
        yield About(RunKey(*key), trace, Growth(*growth), kinds[number])


def _table(results: Sequence[Result]) -> pa.Table:
    import pyarrow as pa

    lengths = [len(result.numbers.kinds) for result in results]
    columns: dict[str, Any] = {
        name: _repeated([getattr(result.key, name) for result in results], lengths) for name in RunKey._fields
    }
    columns["trace"] = _repeated([result.trace for result in results], lengths)
    for place, name in enumerate(("metric", "stat", "unit")):
        columns[name] = _words([kind[place] for result in results for kind in result.numbers.kinds])
    for name in ("value", "n", "n_censored", "lower_bound"):
        columns[name] = np.concatenate([getattr(result.numbers, name) for result in results])
    return pa.table(columns).replace_schema_metadata({RUNS: _told(results)})


def _repeated(values: Sequence[str] | Sequence[int], lengths: Sequence[int]) -> Any:
    """A value of each run, as often as the run has rows."""
    import pyarrow as pa

    codes = np.repeat(np.arange(len(values), dtype=np.int32), lengths)
    if isinstance(values[0], int):
        return pa.array(np.array(values, np.int64)[codes])
    distinct = {value: number for number, value in enumerate(dict.fromkeys(values))}
    numbered = np.array([distinct[value] for value in values], np.int32)
    return pa.DictionaryArray.from_arrays(numbered[codes], pa.array(list(distinct), pa.string()))


def _words(words: Sequence[str]) -> Any:
    import pyarrow as pa

    distinct = {word: number for number, word in enumerate(dict.fromkeys(words))}
    codes = np.fromiter((distinct[word] for word in words), np.int32, len(words))
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(distinct), pa.string()))


def _told(results: Sequence[Result]) -> bytes:
    kinds: dict[tuple[Kind, ...], int] = {}
    runs = [[*r.key, r.trace, r.growth, kinds.setdefault(r.numbers.kinds, len(kinds))] for r in results]
    listed = json.dumps({"kinds": list(kinds), "runs": runs}, separators=(",", ":")).encode()
    return _digest(listed) + b" " + listed


def _digest(listed: bytes) -> bytes:
    """Parquet's own checksums are of rows only."""
    return hashlib.sha256(listed).hexdigest().encode()
