"""Stretches of trouble: faults, parts that are down, a store that refuses, state parted from the log, turns held."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cqrsim.messages import Part
from cqrsim.metrics.causes import troubles
from cqrsim.metrics.decisions import decisions
from cqrsim.metrics.divergence import Stretches, divergence, stretches
from cqrsim.metrics.down import outages, served
from cqrsim.metrics.paths import paths
from cqrsim.metrics.queues import failed_appends, fault_periods, refusing
from cqrsim.metrics.schema import rows_of
from cqrsim.metrics.steps import Ints, Timeline, is_any
from cqrsim.metrics.stuck import stuck_turns
from cqrsim.metrics.turns import turn_of
from cqrsim.metrics.vocabulary import fault_name, part_name
from cqrsim.moments import Moment
from cqrsim.trace import Trace

END_OF_RUN = "end of run"

Row = tuple[Any, ...]


def episodes(trace: Trace) -> pd.DataFrame:
    """One row per episode, by kind and then by begin; the columns are in ``schema()``."""
    rows = [*_faults(trace), *_down(trace), *_refusals(trace), *_divergences(trace), *_stuck(trace)]
    return rows_of("episodes", rows, trace.about)


def _faults(trace: Trace) -> list[Row]:
    numbers, periods = fault_periods(trace)
    rows = []
    for number, begin, end in zip(numbers.tolist(), periods.begins.tolist(), periods.ends.tolist(), strict=True):
        name = fault_name(trace.about, number)
        target = trace.about.faults[number].target if number < len(trace.about.faults) else ""
        rows.append(_row("fault", target, -1, begin, end, name, "repair", 0, 0, 0))
    return rows


def _down(trace: Trace) -> list[Row]:
    """Parts from their crash until they start again."""
    crashed, ends = outages(trace)
    issued, rows = paths(trace).first(Moment.ISSUED), []
    columns = (crashed.outcome, crashed.place, crashed.time, ends, crashed.value)
    for part, place, begin, end, fault in zip(*(column.tolist() for column in columns), strict=True):
        target, cause = part_name(trace.about, part, place), fault_name(trace.about, fault)
        meanwhile = (issued >= begin) & ((issued < end) | (end < 0)) & served(trace, part, place)
        rows.append(_row("down", target, -1, begin, end, cause, "restart", 0, int(meanwhile.sum()), 0))
    return rows


def _refusals(trace: Trace) -> list[Row]:
    periods, counts = refusing(trace)
    failed = failed_appends(trace)
    lost = trace.of(Moment.REFUSAL_LOST)
    command, time = np.concatenate([failed.command, lost.command]), np.concatenate([failed.time, lost.time])
    first = np.argsort(time, kind="stable")
    at = first[np.searchsorted(time[first], periods.begins)]
    struck = troubles(trace)
    rows = []
    for begin, end, count, who in zip(periods.begins, periods.ends, counts, command[at], strict=True):
        cause = struck.of_command(int(who))
        rows.append(_row("store_refuses", "store", -1, begin, end, cause, "next success", count, count, 0))
    return rows


def _divergences(trace: Trace) -> list[Row]:
    parts, parted, decided, struck = divergence(trace), stretches(trace), decisions(trace), troubles(trace)
    if not len(parted):
        return []
    inside = parted.last(decided.aggregate, decided.time)
    inside[~parted.covers(decided.aggregate, decided.time)] = len(parted)
    taken = np.bincount(inside, minlength=len(parted) + 1)
    wrong = np.bincount(inside[decided.wrong], minlength=len(parted) + 1)
    order = np.argsort(parted.begins, kind="stable")
    rereads = _rereads(trace, parted.aggregate, parted.ends)
    return [
        _row(
            "divergence",
            f"aggregate {parted.aggregate[i]}",
            int(parted.aggregate[i]),
            parted.begins[i],
            parted.ends[i],
            struck.of_key(int(parts.key[parted.cause[i]])),
            "stream read again" if rereads[i] else _ended_by(trace, parted, i),
            parted.peak[i],
            taken[i],
            wrong[i],
        )
        for i in order.tolist()
    ]


def _ended_by(trace: Trace, parted: Stretches, row: int) -> str:
    """How a divergence ended that no re-reading ended."""
    shard, time = int(parted.aggregate[row]) % max(trace.about.shards, 1), int(parted.ends[row])
    for moment, words in ((Moment.CRASHED, "handler crashed"), (Moment.RESTARTED, "handler read the log anew")):
        rows = trace.of(moment)
        here = (rows.time == time) & (rows.place == shard) & is_any(rows.outcome, (Part.HANDLER, Part.INSTANCE))
        if here.any():
            return words
    return "events left the log" if (trace.of(Moment.VANISHED).time == time).any() else "events came after all"


def _rereads(trace: Trace, aggregate: Ints, time: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether a handler took over the stream of an aggregate at that very time."""
    rows = paths(trace).rows(Moment.REREAD)
    line = Timeline(trace.marks.aggregate[rows.command], rows.time)
    return np.asarray(line.count(aggregate, time) > line.count(aggregate, time, inclusive=False))


def _stuck(trace: Trace) -> list[Row]:
    ways, struck = paths(trace), troubles(trace)
    admitted = ways.first_of_attempt(Moment.ADMITTED)
    received, released = ways.first_of_attempt(Moment.RECEIVED), ways.released_of_try[ways.try_of]
    key = stuck_turns(trace)
    scope = turn_of(trace, ways.command_of)
    behind = (received >= 0) & (admitted < 0) & (released < 0) & (ways.refused < 0)
    queues = np.bincount(scope[behind], minlength=int(scope.max(initial=0)) + 1)
    rows = []
    for one in key[np.argsort(admitted[key], kind="stable")].tolist():
        aggregate = int(trace.marks.aggregate[one // ways.attempts])
        target = f"{trace.about.turn} {scope[one]}"
        count = int(queues[scope[one]])
        rows.append(_row("stuck_turn", target, aggregate, admitted[one], -1, struck.of_key(one), "", 0, count, 0))
    return rows


def _row(
    kind: str, target: str, aggregate: int, begin: int, end: int, cause: str, ended_by: str,
    peak: int, commands: int, wrong: int,
) -> Row:  # fmt: skip
    ends, how = (end / 1e6, ended_by) if end >= 0 else (np.nan, END_OF_RUN)
    return kind, target, aggregate, begin / 1e6, ends, cause, how, peak, commands, wrong
