"""Measured values from arrays and CSV files, as durations; every mistake is told with its line."""

import csv
import functools
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, ValidationInfo

from cqrsim.errors import Problem, ScenarioError, UnitError, closest, did_you_mean
from cqrsim.scenario.checks import Checked, Text
from cqrsim.units import Duration

SHIPPED = "cqrsim:"
"""How the name of a file begins that comes with the package."""

MOST_TOLD = 3
"""Wrong values of one file or list that are told one by one."""

Unit: TypeAlias = Literal["ns", "us", "ms", "s", "min", "h", "d"]
SCALES: dict[str, int] = Duration.units


def shipped_files() -> tuple[str, ...]:
    """Names of the measured files that come with the package.

    >>> shipped_files()[1]
    'cqrsim:append_postgres_commit.csv'
    """
    return tuple(sorted(f"{SHIPPED}{path.name}" for path in _data_folder().glob("*.csv")))


def _data_folder() -> Path:
    return Path(__file__).parent.parent / "data"


def _path_of(file: str) -> Path:
    return _data_folder() / file.removeprefix(SHIPPED) if file.startswith(SHIPPED) else Path(file)


def _locate(file: str | None, info: ValidationInfo) -> str | None:
    """Make a path absolute, from the folder of the scenario file if there is one, and look whether the file exists."""
    if file is None:
        return None
    if file.startswith(SHIPPED):
        if file not in shipped_files():
            hint = did_you_mean(file, shipped_files()) or f"there are {', '.join(shipped_files())}"
            raise ScenarioError((Problem("", file, "no such file comes with cqrsim", hint),))
        return file
    folder = (info.context or {}).get("folder")
    path = (Path(folder) / file if folder else Path(file)).expanduser().resolve()
    if not path.is_file():
        raise ScenarioError((Problem("", file, f"no such file: {path}", _similar_file(path)),))
    return str(path)


def _similar_file(path: Path) -> str | None:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    found = closest(path.name, [other.name for other in path.parent.iterdir()])
    return f'did you mean "{path.with_name(found).name}"?' if found else None


def _file_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str | Path):
        raise ValueError("must be the path of a CSV file")
    return None if value is None else str(value)


DataFile: TypeAlias = Annotated[
    str | None,
    Checked(_file_text, "the path of a CSV file", {"type": ["string", "null"]}),
    AfterValidator(_locate),
]
"""A CSV file: a path, relative to the scenario file, or "cqrsim:NAME" for one that comes with the package."""

Column: TypeAlias = Text | None


def _values(value: Any) -> tuple[Any, ...]:
    """A list, tuple or array; numbers wait for their unit."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise ValueError("must be a list of durations, or of numbers in the given unit")
    return tuple(value)


_VALUES_SCHEMA = {"type": "array", "items": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}}
Measured: TypeAlias = Annotated[tuple[Duration, ...], Checked(_values, "a list of durations", _VALUES_SCHEMA)]


def as_durations(values: Iterable[Any], unit: str, path: str) -> tuple[Duration, ...]:
    """Give numbers their unit; durations and texts have one already."""
    return _all_right((f"{path}.{position}", value, unit) for position, value in enumerate(values))


@functools.lru_cache(maxsize=64)
def durations_in(packed: bytes) -> tuple[Duration, ...]:
    """Durations from whole nanoseconds of 64 bits each, which is how they travel between processes."""
    return tuple(Duration(count) for count in np.frombuffer(packed, np.int64).tolist())


def read_durations(file: str, column: str | None, unit: str) -> tuple[Duration, ...]:
    """Read one column of a CSV file of numbers in a unit; the first column, unless one is named."""
    try:
        state = _path_of(file).stat()
    except OSError as error:
        raise ScenarioError((Problem("file", file, f"cannot be read: {error.strerror}"),)) from None
    return _read(file, column, unit, (state.st_mtime_ns, state.st_size))


@functools.lru_cache(maxsize=16)
def _read(file: str, column: str | None, unit: str, state: tuple[int, int]) -> tuple[Duration, ...]:
    """Read a file once, as long as it stays as it is."""
    try:
        with _path_of(file).open(newline="", encoding="utf-8-sig") as lines:
            numbered = enumerate(csv.reader(lines), 1)
            rows = [(number, row) for number, row in numbered if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError((Problem("file", file, f"cannot be read: {error}"),)) from None
    place, body = _find_column(file, column, rows)
    cells = [(number, row[place].strip() if place < len(row) else "") for number, row in body]
    found = _quickly([cell for _, cell in cells], SCALES[unit])
    if found is None:
        found = _all_right((f"file: line {number}", cell, unit) for number, cell in cells)
    if not found:
        raise ScenarioError((Problem("file", file, "holds no values"),))
    return found


def _find_column(file: str, column: str | None, rows: list[tuple[int, list[str]]]) -> tuple[int, Any]:
    """Where the values stand: the position of the column and the lines below the head, if there is one."""
    if not rows:
        raise ScenarioError((Problem("file", file, "is empty"),))
    head = [cell.strip() for cell in rows[0][1]]
    if column is None:
        return 0, rows if _is_a_number(head[0]) else rows[1:]
    if column not in head:
        hint = did_you_mean(column, head) or f"there are {', '.join(head)}"
        raise ScenarioError((Problem("column", column, f"no such column in {file}", hint),))
    return head.index(column), rows[1:]


def _is_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _quickly(cells: list[str], scale: int) -> tuple[Duration, ...] | None:
    """Numbers as durations, if all of them are right."""
    try:
        return tuple(Duration(round(float(cell) * scale)) for cell in cells)
    except (ValueError, OverflowError):
        return None


def _all_right(values: Iterator[tuple[str, Any, str]]) -> tuple[Duration, ...]:
    """All values as durations, or the first few mistakes."""
    problems, found = [], []
    for path, value, unit in values:
        try:
            found.append(_duration(value, unit))
        except UnitError as error:
            problems.append(Problem(path, value, str(error)))
    if len(problems) > MOST_TOLD:
        more = len(problems) - MOST_TOLD
        problems[MOST_TOLD:] = [Problem("", None, f"{more} more values are wrong in the same list")]
    if problems:
        raise ScenarioError(problems)
    return tuple(found)


def _duration(value: Any, unit: str) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str) and not _is_a_number(value) and any(letter.isdigit() for letter in value):
        return Duration.parse(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise UnitError("not a number")
    return Duration(round(number * SCALES[unit]))


def digest_of_values(values_ns: npt.NDArray[np.int64]) -> str:
    """SHA-256 of nanoseconds as little-endian 64-bit numbers."""
    return hashlib.sha256(values_ns.astype("<i8").tobytes()).hexdigest()


def exactly_one(names: tuple[str, ...], given: Mapping[str, Any]) -> Iterator[Problem]:
    """Complain unless exactly one of these settings is given."""
    present = [name for name in names if given[name]]
    if len(present) != 1:
        listed = f"{', '.join(names[:-1])} or {names[-1]}"
        yield Problem("", None, f"needs {listed}" if not present else f"takes only one of {listed}")
