"""What happened in a run: one sorted table of integers, with the marks of the commands it speaks of.

A trace is written once by an engine (or built from measurements) and never changed.  Everything that is reported
is computed from it.  Its rows are sorted by (time, moment, command, attempt, place, outcome, value): rows of the same
nanosecond stand in the order of :mod:`cqrsim.moments`, which is not always the order of cause and effect.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cqrsim.errors import TraceError
from cqrsim.moments import NEVER, Moment

if TYPE_CHECKING:
    import pandas as pd

Result = TypeVar("Result")

COLUMNS: tuple[str, ...] = ("time", "moment", "command", "attempt", "place", "outcome", "value")
"""The columns of a trace, in the order of its sorting key."""

_DTYPES = {"time": np.int64, "command": np.int64, "value": np.int64}
_NAMES = {moment.name.lower(): moment for moment in Moment}
_VERSION = "cqrsim trace 1"
_ROW_GROUP = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of a trace as columns of equal length; ``time`` is in nanoseconds."""

    time: NDArray[np.int64]
    moment: NDArray[np.int16]
    command: NDArray[np.int64]
    attempt: NDArray[np.int16]
    place: NDArray[np.int16]
    outcome: NDArray[np.int16]
    value: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time)

    def take(self, which: NDArray[Any]) -> Rows:
        """The rows that a mask or an array of row numbers chooses, in its order."""
        return Rows(*(getattr(self, name)[which] for name in COLUMNS))


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What each command is, whatever becomes of it: arrays over the commands 0..n-1.

    ``intended`` is in nanoseconds, or -1 where only the run decides it (clients that wait for answers): then the
    ``ISSUED`` row holds it.  ``event_bytes`` is the size of one event.  Of the commands of such clients only those
    with an ``ISSUED`` row exist.

    What is the same for all commands is one number, shown to each of them (a read-only array of stride 0), in memory
    and in a pickle.
    """

    group: NDArray[np.int16]
    session: NDArray[np.int64]
    aggregate: NDArray[np.int64]
    valid: NDArray[np.bool_]
    change: NDArray[np.int64]
    events: NDArray[np.int16]
    event_bytes: NDArray[np.int64]
    error_bytes: NDArray[np.int64]
    intended: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.intended)

    @classmethod
    def of(cls, count: int, **columns: Any) -> Marks:
        """Marks of ``count`` commands; what is not given is plain: one group, one valid event, an own aggregate.

        >>> marks = Marks.of(3, aggregate=[7, 7, 8])
        >>> marks.aggregate.tolist(), marks.session.tolist(), marks.events.tolist()
        ([7, 7, 8], [0, 1, 2], [1, 1, 1])
        """
        given_both = {"session", "aggregate"} <= columns.keys()
        numbers = None if given_both else np.arange(count, dtype=np.int64)
        plain: dict[str, Any] = {"session": numbers, "aggregate": numbers, "valid": True, "change": 1, "events": 1}
        plain |= {"group": 0, "event_bytes": 0, "error_bytes": 0, "intended": NEVER}
        return cls(**_columns(cls, count, plain | columns))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as :meth:`of` takes them, for arrays of stride 0 would be written out in full."""
        columns = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        short = {name: column[0] if _is_one_number(column) else column for name, column in columns.items()}
        return partial(Marks.of, len(self), **short), ()


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """What each background read is: arrays over the reads 0..n-1, as numbered by the ``BACKGROUND_READ`` rows."""

    session: NDArray[np.int64]
    aggregate: NDArray[np.int64]
    projection: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.session)

    @classmethod
    def of(cls, count: int = 0, **columns: Any) -> Reads:
        """Reads of the first projection, each by its own session, unless told otherwise."""
        numbers = np.arange(count, dtype=np.int64)
        return cls(**_columns(cls, count, {"session": numbers, "aggregate": 0, "projection": 0} | columns))


@dataclass(frozen=True, slots=True)
class FaultNote:
    """A fault by its name, what kind it is, and where it strikes; the n-th note belongs to fault number n."""

    name: str
    kind: str = ""
    target: str = ""
    effect: str = ""
    """What it does there, in a word."""


@dataclass(frozen=True, slots=True)
class About:
    """What must be known of a run to read its trace: plain numbers and words, times in nanoseconds.

    Tuples called after groups (``closed``, ``presumes_failure``, ``answer_at``) have one entry per group of clients.
    A command belongs to the measured window if its intended time is in [``warm_up_ns``, ``length_ns``).
    """

    length_ns: int
    warm_up_ns: int = 0
    end_ns: int = NEVER
    """When following stopped: what had not happened by then is unknown, not absent.  -1: at the last row."""
    groups: tuple[str, ...] = ("clients",)
    closed: tuple[bool, ...] = (False,)
    """Whether the clients of the group wait for an answer before they think of the next command."""
    presumes_failure: tuple[bool, ...] = (False,)
    """Whether the clients of the group take silence for failure."""
    answer_at: tuple[str, ...] = ("decided",)
    """Which moment the first answer waits for: received, decided, written or applied."""
    projections: tuple[str, ...] = ("view",)
    faults: tuple[FaultNote, ...] = ()
    aggregates: int = 1
    shards: int = 1
    workers: int = 1
    """Workers of each shard."""
    turn: str = "aggregate"
    """Who goes one at a time: the commands of an aggregate, shard, everything, or none."""
    live_state: bool = True
    """Whether the handler keeps the state of its aggregates, rather than load it for each command."""
    fold_on: str = "never"
    """What puts events into the handler's state: decision, publication, answer or never."""
    wait_for: str = "nothing"
    """What a turn lasts until: nothing, publication or answer."""
    expect_version: bool = False
    """Whether appends name the version they were decided on, and the store refuses them if it has moved."""
    attempts_per_try: int = 1
    """How many attempts the handler may make for each one of the client: reloads after conflicts are attempts."""
    publishes_before_durable: bool = False
    delivers_in_order: bool = True
    """Whether every projection meets the events in the order of the log, though perhaps not all of them."""
    capacity_bytes: int = NEVER
    """Room for events and error events; -1 without limit."""
    low: int | None = None
    """Lowest number that the state rule lets an aggregate hold; None without a rule of this kind."""
    high: int | None = None
    start: int = 0
    """The number that an aggregate holds before its first event."""
    custom_rule: bool = False
    """Whether the state rule is a pair of functions, which a saved trace cannot carry."""
    give_up_ns: int = NEVER
    """How long a handler waits before it lets the turn pass; -1 for as long as it takes."""
    worker_waits: bool = False
    """Whether a worker stays with its command until the turn passes, rather than until it has decided."""
    repaired_ns: int = NEVER
    """When everything was repaired and the store started again, to be judged; -1 in runs without faults."""
    duplicates_from: int = NEVER
    """Attempts from this number D on are copies of messages that faults have doubled, of attempt number modulo D; -1
    where none does."""
    keeps_own_store: bool = False
    """Whether the handler's state survives its crash, in a store of its own."""
    catches_up: tuple[bool, ...] = ()
    """Whether each projection notices gaps and reads the log from there."""
    measured: bool = False
    """Whether the rows were measured somewhere rather than simulated."""

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> About:
        """The inverse of :meth:`to_dict`, lists taken for tuples."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        plain["faults"] = tuple(FaultNote(**note) for note in plain.get("faults", ()))
        return cls(**plain)


class Trace:
    """The sorted rows of a run, the marks of its commands and background reads, and what there is to know about it.

    ``rows`` must be sorted already: :meth:`from_rows` and :meth:`from_frame` take any order.  ``custom`` is the state
    rule of the run where it is not a range of whole numbers; it is not saved.

    >>> trace = Trace.from_rows(np.array([[5, Moment.SENT, 0, 0, 0, 0, 0], [3, Moment.ISSUED, 0, 0, 0, 0, 3]]))
    >>> trace
    Trace(2 rows, 1 command, 0.000 s)
    >>> trace.column("time").tolist(), trace.of(Moment.SENT).time.tolist()
    ([3, 5], [5])
    """

    def __init__(
        self, rows: Rows, marks: Marks, reads: Reads | None = None, about: About | None = None, custom: Any = None
    ) -> None:
        self.rows = rows
        self.marks = marks
        self.reads = Reads.of() if reads is None else reads
        last = int(rows.time[-1]) if len(rows) else 0
        about = About(length_ns=last + 1) if about is None else about
        self.about = about if about.end_ns >= 0 else dataclasses.replace(about, end_ns=max(last, about.length_ns))
        self.custom = custom
        self._order: NDArray[np.intp] | None = None
        self._bounds: NDArray[np.intp] | None = None
        self._parts: dict[int, Rows] = {}
        self._computed: dict[object, Any] = {}

    @classmethod
    def from_rows(
        cls,
        flat: NDArray[np.int64],
        marks: Marks | None = None,
        reads: Reads | None = None,
        about: About | None = None,
        custom: Any = None,
    ) -> Trace:
        """A trace of rows in any order: an integer array of shape (n, 7), columns as in :data:`COLUMNS`."""
        if flat.ndim != 2 or flat.shape[1] != len(COLUMNS):
            raise TraceError(f"rows of a trace have {len(COLUMNS)} columns, not an array of shape {flat.shape}")
        columns: list[NDArray[Any]] = [
            np.ascontiguousarray(flat[:, i], _DTYPES.get(name, np.int16)) for i, name in enumerate(COLUMNS)
        ]
        order = _sorting(columns)
        rows = Rows(*(columns if order is None else [column[order] for column in columns]))
        if marks is None:
            marks = Marks.of(int(rows.command[rows.moment != Moment.BACKGROUND_READ].max(initial=-1)) + 1)
        return cls(rows, marks, reads, about, custom)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        about: About | None = None,
        marks: Marks | None = None,
        reads: Reads | None = None,
    ) -> Trace:
        """A trace of measurements: one row per step, in any order.

        Needed are ``moment`` (names such as "written", or numbers), ``command`` (any ids) and ``time`` (whole
        nanoseconds) or ``time_ms``.  ``attempt``, ``place`` and ``outcome`` are 0 and ``value`` is -1 if absent.
        Without ``marks`` the columns ``group``, ``session``, ``aggregate``, ``valid``, ``change`` and ``events`` are
        used where there are any; otherwise all commands are valid, of one group, each with an aggregate of its own.
        Ids that are not the numbers 0, 1, 2... are numbered in the order of their first rows.

        Raises TraceError for missing columns, unknown moments and negative times.

        >>> import pandas as pd
        >>> Trace.from_frame(pd.DataFrame({"time_ms": [0.0, 2.5], "moment": ["issued", "written"], "command": "a"}))
        Trace(2 rows, 1 command, 0.003 s)
        """
        times, moments, commands = _measured_times(frame), _measured_moments(frame), _measured_commands(frame)
        others = {name: _measured_numbers(frame, name, 0) for name in ("attempt", "place", "outcome")}
        intended = np.where(moments == Moment.ISSUED, times, NEVER)
        others["value"] = _measured_numbers(frame, "value", intended)
        columns = {"time": times, "moment": moments, "command": commands} | others
        flat = np.column_stack([columns[name] for name in COLUMNS]) if len(frame) else np.empty((0, 7), np.int64)
        if marks is None:
            marks = _measured_marks(frame, commands)
        if about is None:
            last = int(times.max(initial=0))
            about = About(length_ns=last + 1, aggregates=int(marks.aggregate.max(initial=0)) + 1, measured=True)
        return cls.from_rows(flat, marks, reads, about)

    def to_frame(self) -> pd.DataFrame:
        """The rows as a DataFrame: ``time`` in whole nanoseconds, ``moment`` as an ordered categorical of names."""
        import pandas as pd

        names = [moment.name.lower() for moment in Moment]
        columns: dict[str, Any] = {name: getattr(self.rows, name) for name in COLUMNS}
        codes = np.searchsorted(np.array(Moment), self.rows.moment)
        columns["moment"] = pd.Categorical.from_codes(codes, categories=pd.Index(names), ordered=True)
        return pd.DataFrame(columns)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        seconds = self.rows.time[-1] / 1e9 if len(self) else 0.0
        return f"Trace({_count(len(self), 'row')}, {_count(len(self.marks), 'command')}, {seconds:,.3f} s)"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_order": None, "_bounds": None, "_parts": {}, "_computed": {}}

    def column(self, name: str) -> NDArray[Any]:
        """One column of all rows, in order; names are those of :data:`COLUMNS`."""
        if name not in COLUMNS:
            raise TraceError(f'no column "{name}" in a trace{_did_you_mean(name, COLUMNS)}')
        column: NDArray[Any] = getattr(self.rows, name)
        return column

    def of(self, moment: Moment) -> Rows:
        """The rows of one moment, in order."""
        if self._bounds is None or self._order is None:
            self._order = np.argsort(self.rows.moment, kind="stable")
            self._bounds = np.searchsorted(self.rows.moment[self._order], np.arange(max(Moment) + 2))
        if moment not in self._parts:
            here = self._order[self._bounds[moment] : self._bounds[moment + 1]]
            self._parts[moment] = self.rows.take(here)
        return self._parts[moment]

    def remember(self, compute: Callable[[Trace], Result]) -> Result:
        """What ``compute`` makes of this trace: computed when first asked for, and kept as long as the trace."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        result: Result = self._computed[compute]
        return result

    def digest(self) -> str:
        """SHA-256 of a version header and the sorted columns as little-endian 64-bit integers, in hexadecimal.

        Only what happened counts: marks and ``about`` are no part of it.
        """
        return _digest(_VERSION, [getattr(self.rows, name) for name in COLUMNS])

    def save(self, path: str | Path) -> None:
        """Write the trace, with its marks, reads and ``about``, as one Parquet file that :meth:`load` reads back."""
        import pyarrow as pa
        from pyarrow import parquet

        parts = [_parts_of(part) for part in (self.rows, self.marks, self.reads)]
        fields = [pa.field(name, pa.from_numpy_dtype(values.dtype)) for part in parts for name, values in part.items()]
        counts = [len(part) for part in (self.rows, self.marks, self.reads)]
        header: dict[str, Any] = {"format": _VERSION, "counts": counts}
        header |= {"content": self._content(), "about": self.about.to_dict()}
        schema = pa.schema(fields, metadata={"cqrsim": json.dumps(header)})
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for part, count in zip(parts, counts, strict=True):
                columns = [part.get(field.name, pa.nulls(count, field.type)) for field in schema]
                if count:
                    writer.write_table(pa.table(columns, schema=schema), row_group_size=_ROW_GROUP)

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Read what :meth:`save` wrote; TraceError if the file is damaged or no trace of this version."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(path) as file:
                metadata = file.schema_arrow.metadata or {}
                if b"cqrsim" not in metadata:
                    raise TraceError(f"{path} is a Parquet file, but not a trace")
                header = json.loads(metadata[b"cqrsim"])
                if header["format"] != _VERSION:
                    raise TraceError(f'{path} is a "{header["format"]}", this version reads "{_VERSION}"')
                about = About.from_dict(header["about"])
                rows, marks, reads = _read_parts(file, header["counts"])
        except (FileNotFoundError, TraceError):
            raise
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise TraceError(f"{path} is damaged or not a trace: {error}") from error
        trace = cls(rows, marks, reads, about)
        if trace._content() != header["content"]:
            raise TraceError(f"{path} is damaged: its digest is not that of its content")
        return trace

    def _content(self) -> str:
        arrays = [values for part in (self.rows, self.marks, self.reads) for values in _parts_of(part).values()]
        return _digest(_VERSION + json.dumps(self.about.to_dict(), sort_keys=True), arrays)


def _columns(cls: type[Any], count: int, values: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Whole columns of the dtypes that the annotations of ``cls`` name; a single number is not written out."""
    columns = {}
    for field in dataclasses.fields(cls):
        dtype = np.dtype(str(field.type).removeprefix("NDArray[np.").removesuffix("]").removesuffix("_"))
        column = np.broadcast_to(np.asarray(values[field.name], dtype), count)
        columns[field.name] = column if _is_one_number(column) else np.ascontiguousarray(column)
    if unknown := set(values) - set(columns):
        raise TypeError(f"no such columns: {', '.join(sorted(unknown))}")
    return columns


def _is_one_number(column: NDArray[Any]) -> bool:
    """Whether all its entries are the same place in memory."""
    return column.strides == (0,) and len(column) > 0


def _sorting(columns: Sequence[NDArray[Any]]) -> NDArray[np.intp] | None:
    """The order that sorts rows by all columns, or None if they are sorted.

    Engines write almost in the order of time, and few rows share an instant: so the whole key is compared only there.
    """
    time = columns[0]
    order = np.argsort(time, kind="stable")
    time = time[order]
    same = time[1:] == time[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False)) if len(time) else order
    rows = order[tied]
    order[tied] = rows[np.lexsort([column[rows] for column in reversed(columns)])]
    return None if np.array_equal(order, np.arange(len(order))) else order


def _digest(header: str, arrays: Sequence[NDArray[Any]]) -> str:
    total = hashlib.sha256(f"{header}\n".encode())
    for values in arrays:
        total.update(len(values).to_bytes(8, "little"))
        total.update(np.ascontiguousarray(values, "<i8").data)
    return total.hexdigest()


def _parts_of(part: Rows | Marks | Reads) -> dict[str, NDArray[Any]]:
    """The columns of a part as the file calls them: the names of marks and reads say what they belong to."""
    prefix = {"Marks": "command_", "Reads": "read_"}.get(type(part).__name__, "")
    return {prefix + field.name: getattr(part, field.name) for field in dataclasses.fields(part)}


def _read_parts(file: Any, counts: Sequence[int]) -> tuple[Rows, Marks, Reads]:
    """The three parts stand one after the other, each in row groups of its own."""
    parts: list[Any] = []
    group = 0
    for cls, count in zip((Rows, Marks, Reads), counts, strict=True):
        names = list(_parts_of(cls(*[np.empty(0)] * len(dataclasses.fields(cls)))))
        groups = list(range(group, group := group + -(-count // _ROW_GROUP)))
        table = file.read_row_groups(groups, columns=names)
        parts.append(cls(*(table[name].to_numpy() for name in names)))
        if len(table) != count:
            raise ValueError(f"{count} rows of {cls.__name__} announced, {len(table)} found")
    return parts[0], parts[1], parts[2]


def _did_you_mean(word: str, words: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.lower(), words, 1)
    return f'; did you mean "{close[0]}"?' if close else f"; there are {', '.join(words)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _measured_times(frame: pd.DataFrame) -> NDArray[np.int64]:
    if "time" in frame:
        times = np.asarray(frame["time"])
        if times.dtype.kind not in "iu" and len(times):
            raise TraceError('the column "time" must hold whole nanoseconds; call it "time_ms" for milliseconds')
    elif "time_ms" in frame:
        milliseconds = np.asarray(frame["time_ms"], np.float64)
        if not np.isfinite(milliseconds).all():
            raise TraceError(f"row {int(np.argmin(np.isfinite(milliseconds)))} has no time")
        times = np.rint(milliseconds * 1e6)
    else:
        raise TraceError(f'a measured trace needs a column "time" (ns) or "time_ms", not only {list(frame.columns)}')
    if len(times) and times.min() < 0:
        raise TraceError(f"row {int(np.argmin(times))} has a negative time, {times.min()}: count from the first moment")
    return times.astype(np.int64)


def _measured_moments(frame: pd.DataFrame) -> NDArray[np.int64]:
    """The numbers of the moments, given as numbers or as names in any case."""
    if "moment" not in frame:
        raise TraceError(f'a measured trace needs a column "moment", not only {list(frame.columns)}')
    numbers = {}
    for word in frame["moment"].unique():
        name = word.strip().lower().replace(" ", "_") if isinstance(word, str) else ""
        if name not in _NAMES and (isinstance(word, str) or word not in set(Moment)):
            raise TraceError(f'unknown moment "{word}"{_did_you_mean(str(word), list(_NAMES))}')
        numbers[word] = int(_NAMES.get(name, word))
    return np.array([numbers[word] for word in frame["moment"]], np.int64)


def _measured_commands(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Numbers of the commands: as they are if dense, else counted in the order of their first rows."""
    if "command" not in frame:
        raise TraceError(f'a measured trace needs a column "command", not only {list(frame.columns)}')
    column = frame["command"]
    if column.isna().any():
        raise TraceError(f"row {int(np.argmax(column.isna()))} has no command; write -1 for rows that belong to none")
    ids = np.asarray(column)
    whole = ids.dtype.kind in "iu"
    if whole and ids.min(initial=0) >= NEVER and ids.max(initial=0) <= 4 * len(ids):
        return ids.astype(np.int64)
    first = np.argsort(_measured_times(frame), kind="stable")
    numbers: dict[Any, int] = {NEVER: NEVER} if whole else {}
    for name in ids[first].tolist():
        numbers.setdefault(name, len(numbers) - whole)
    return np.array([numbers[name] for name in ids.tolist()], np.int64)


def _measured_numbers(frame: pd.DataFrame, name: str, default: Any) -> NDArray[np.int64]:
    if name not in frame:
        return np.broadcast_to(np.int64(default), len(frame))
    values = np.asarray(frame[name])
    if values.dtype.kind not in "iub" and len(values):
        raise TraceError(f'the column "{name}" must hold whole numbers, as the table in cqrsim.moments says')
    return values.astype(np.int64)


def _measured_marks(frame: pd.DataFrame, commands: NDArray[np.int64]) -> Marks:
    """Marks from the columns that name them, as the first row of each command has them."""
    numbers, first = np.unique(commands, return_index=True)
    first, numbers = first[numbers >= 0], numbers[numbers >= 0]
    count = int(numbers.max(initial=-1)) + 1
    columns = {}
    for name in ("group", "session", "aggregate", "valid", "change", "events", "event_bytes", "error_bytes"):
        if name in frame:
            columns[name] = getattr(Marks.of(count), name).copy()
            columns[name][numbers] = _measured_numbers(frame, name, 0)[first]
    return Marks.of(count, **columns)
