"""The ledger of faults: every firing and every period, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cqrsim.messages import AppendOutcome, Operation, Part
from cqrsim.metrics.paths import paths, remembered
from cqrsim.metrics.queues import fault_periods
from cqrsim.metrics.schema import build
from cqrsim.metrics.steps import first_after, milliseconds
from cqrsim.metrics.vocabulary import fault_name, outcome_name, part_name
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import FaultNote, Rows, Trace


def faults(trace: Trace) -> pd.DataFrame:
    """One row per firing of a fault and per period in which one was in force, in the order of time.

    Firings have the operation that was struck and its number among its kind; periods have neither.  The columns are in
    ``schema()``.
    """
    struck = trace.of(Moment.FAULT_STRUCK)
    numbers, periods = fault_periods(trace)
    none = np.full(len(numbers), NEVER, np.int64)
    fault = np.concatenate([struck.place.astype(np.int64), numbers])
    time = np.concatenate([struck.time, periods.begins])
    order = np.lexsort((np.arange(len(time)) < len(struck), time))
    in_force = ["in force to the end" if end < 0 else "in force" for end in periods.ends.tolist()]
    operations = [outcome_name(Moment.FAULT_STRUCK, code) for code in struck.outcome.tolist()]
    notes = [_note(trace, number) for number in fault.tolist()]
    columns = {
        "time_ms": time / 1e6,
        "until_ms": milliseconds(np.concatenate([_until(trace, struck), periods.ends])),
        "fault": np.array([fault_name(trace.about, number) for number in fault.tolist()], object),
        "kind": np.array([note.kind for note in notes], object),
        "target": np.array([note.target for note in notes], object),
        "effect": np.array([note.effect for note in notes], object),
        "operation": np.array([*operations, *([""] * len(numbers))], object),
        "number": np.concatenate([struck.value, none]),
        "command": np.concatenate([struck.command, none]),
        "attempt": np.concatenate([struck.attempt.astype(np.int64), none]),
        "outcome": np.array([*_outcomes(trace, struck), *in_force], object),
    }
    return build("faults", {name: column[order] for name, column in columns.items()}, trace.about)


def _note(trace: Trace, number: int) -> FaultNote:
    known = trace.about.faults
    return known[number] if 0 <= number < len(known) else FaultNote("")


def _until(trace: Trace, struck: Rows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """When the part that a firing crashed started again; -1 for other firings."""
    crashed, started = trace.of(Moment.CRASHED), trace.of(Moment.RESTARTED)
    width = len(Part)
    part, again = crashed.place * np.int64(width) + crashed.outcome, started.place * np.int64(width) + started.outcome
    up = first_after(again, started.time, part, crashed.time)
    ends: dict[tuple[int, int], int] = {}
    for fault, time, end in zip(crashed.value.tolist(), crashed.time.tolist(), up.tolist(), strict=True):
        ends[fault, time] = max(ends.get((fault, time), NEVER), end)
    pairs = zip(struck.place.tolist(), struck.time.tolist(), strict=True)
    return np.array([ends.get(pair, NEVER) for pair in pairs], np.int64)


# --- what came of it -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Consequences:
    """What happened at the instants at which faults struck, by fault and time; and to messages and appends."""

    crashed: dict[tuple[int, int], str]
    vanished: Counter[tuple[int, int]]
    altered: Counter[tuple[int, int]]
    lost: set[tuple[int, int, int]]
    """Fault, command and time."""
    second: dict[int, str]
    """Instances that began, by time."""


@remembered
def _consequences(trace: Trace) -> _Consequences:
    crashed, lost, second = (trace.of(moment) for moment in (Moment.CRASHED, Moment.MESSAGE_LOST, Moment.RESTARTED))
    second = second.take(second.outcome == Part.INSTANCE)
    parts = zip(
        crashed.value.tolist(), crashed.time.tolist(), crashed.outcome.tolist(), crashed.place.tolist(), strict=True
    )
    down: dict[tuple[int, int], list[str]] = {}
    for fault, time, part, place in parts:
        down.setdefault((fault, time), []).append(part_name(trace.about, part, place))
    return _Consequences(
        {when: f"{', '.join(names)} crashed" for when, names in down.items()},
        _counted(trace.of(Moment.VANISHED)),
        _counted(trace.of(Moment.ALTERED)),
        set(zip(lost.value.tolist(), lost.command.tolist(), lost.time.tolist(), strict=True)),
        {
            time: f"second instance of shard {place}"
            for time, place in zip(second.time.tolist(), second.place.tolist(), strict=True)
        },
    )


def _counted(rows: Rows) -> Counter[tuple[int, int]]:
    return Counter(zip(rows.value.tolist(), rows.time.tolist(), strict=True))


def _outcomes(trace: Trace, struck: Rows) -> list[str]:
    known, appends = _consequences(trace), _of_appends(trace, struck)
    rows = zip(
        struck.place.tolist(),
        struck.time.tolist(),
        struck.command.tolist(),
        struck.outcome.tolist(),
        appends,
        strict=True,
    )
    return [
        _outcome(known, fault, time, command, operation, append) for fault, time, command, operation, append in rows
    ]


def _outcome(known: _Consequences, fault: int, time: int, command: int, operation: int, append: str) -> str:
    """What came of a firing, in words: what crashed and what left the log before what became of one append."""
    left = [
        f"{count} {word}" for word, count in
        (("vanished", known.vanished[fault, time]), ("altered", known.altered[fault, time])) if count
    ]  # fmt: skip
    if (fault, time) in known.crashed or left:
        return ", ".join([*([known.crashed[fault, time]] if (fault, time) in known.crashed else []), *left])
    if (fault, command, time) in known.lost:
        return "lost"
    if operation in (Operation.WRITE, Operation.FLUSH, Operation.APPEND) and append:
        return append
    return known.second.get(time, "struck") if operation in (Operation.NONE, Operation.ANSWER) else "struck"


def _of_appends(trace: Trace, struck: Rows) -> list[str]:
    """What became of the append that each firing struck, or of the error event; "" where there was none."""
    ways = paths(trace)
    words = np.full(len(struck), "", object)
    there = np.flatnonzero(struck.command >= 0)
    key, time = ways.key(struck.take(there)), struck.time[there]
    ends = [
        (Moment.REFUSAL_STORED, "ok"), (Moment.WRITTEN, "ok"), (Moment.REFUSAL_LOST, ""), (Moment.APPEND_FAILED, ""),
    ]  # fmt: skip
    for moment, word in ends:
        rows = ways.rows(moment)
        found = first_after(ways.key(rows), np.arange(len(rows)), key, _first_not_before(rows, time))
        for row in np.flatnonzero(found >= 0).tolist():
            outcome = AppendOutcome(int(rows.outcome[found[row]]))
            words[there[row]] = word or outcome.name.lower()
    recovered = ways.first_of_attempt(Moment.RECOVERED)[key]
    for row in np.flatnonzero(recovered >= time).tolist():
        said = words[there[row]]
        words[there[row]] = f"{said}, yet found durable" if said else "found durable"
    return [str(word) for word in words.tolist()]


def _first_not_before(
    rows: Rows, time: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.asarray(np.searchsorted(rows.time, time), np.int64)
