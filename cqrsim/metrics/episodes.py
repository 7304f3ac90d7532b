"""Stretches of trouble: faults in force, a store that refuses, state parted from the log, turns held for ever."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cqrsim.messages import Link
from cqrsim.metrics.causes import troubles
from cqrsim.metrics.decisions import decisions
from cqrsim.metrics.divergence import divergence, stretches
from cqrsim.metrics.paths import Paths, earliest, paths, remembered
from cqrsim.metrics.queues import failed_appends, fault_periods, refusing
from cqrsim.metrics.schema import rows_of
from cqrsim.metrics.steps import Ints, Timeline
from cqrsim.metrics.vocabulary import fault_name
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace

END_OF_RUN = "end of run"

Row = tuple[Any, ...]


def episodes(trace: Trace) -> pd.DataFrame:
    """One row per episode, by kind and then by begin; the columns are in ``schema()``."""
    rows = [*_faults(trace), *_refusals(trace), *_divergences(trace), *_stuck(trace)]
    return rows_of("episodes", rows, trace.about)


def _faults(trace: Trace) -> list[Row]:
    numbers, periods = fault_periods(trace)
    rows = []
    for number, begin, end in zip(numbers.tolist(), periods.begins.tolist(), periods.ends.tolist(), strict=True):
        name = fault_name(trace.about, number)
        target = trace.about.faults[number].target if number < len(trace.about.faults) else ""
        rows.append(_row("fault", target, -1, begin, end, name, "repair", 0, 0, 0))
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
            "stream read again" if rereads[i] else "events came after all",
            parted.peak[i],
            taken[i],
            wrong[i],
        )
        for i in order.tolist()
    ]


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
    scope = _turn_of(trace, ways.command_of)
    behind = (received >= 0) & (admitted < 0) & (released < 0) & (ways.refused < 0)
    queues = np.bincount(scope[behind], minlength=int(scope.max(initial=0)) + 1)
    rows = []
    for one in key[np.argsort(admitted[key], kind="stable")].tolist():
        aggregate = int(trace.marks.aggregate[one // ways.attempts])
        target = f"{trace.about.turn} {scope[one]}"
        count = int(queues[scope[one]])
        rows.append(_row("stuck_turn", target, aggregate, admitted[one], -1, struck.of_key(one), "", 0, count, 0))
    return rows


def _turn_of(trace: Trace, command: Ints) -> Ints:
    """The number of the turn that a command takes."""
    aggregate = trace.marks.aggregate[command]
    turns = {"aggregate": aggregate, "shard": aggregate % max(trace.about.shards, 1)}
    return turns.get(trace.about.turn, np.zeros(len(command), np.int64))


@remembered
def stuck_turns(trace: Trace) -> Ints:
    """Keys of the attempts that hold a turn which nothing can release any more.

    They wait for a stream, a publication or an answer that cannot come, because the append failed or a message was
    lost, and nobody gives up waiting.
    """
    ways, about = paths(trace), trace.about
    if about.turn == "none" or about.give_up_ns >= 0:
        return np.empty(0, np.int64)
    holds = (ways.first_of_attempt(Moment.ADMITTED) >= 0) & (ways.released_of_try[ways.try_of] < 0)
    return np.flatnonzero(holds & (_gone(ways, about.wait_for) >= 0))


def _gone(ways: Paths, wait_for: str) -> Ints:
    """When what each attempt waits for became impossible."""
    unheard = _unheard(ways)
    if wait_for == "answer":
        return unheard
    unread = np.where(ways.first_of_attempt(Moment.DECIDED) < 0, unheard, NEVER)
    if wait_for == "nothing":
        return unread
    return earliest(unread, ways.append_failed, ways.append_lost, ways.lost(Link.STORE_TO_SUBSCRIBER))


def _unheard(ways: Paths) -> Ints:
    """When each attempt lost its last message to or from the store, if it has heard nothing of the store since."""
    lost = ways.rows(Moment.MESSAGE_LOST)
    lost = lost.take(np.isin(lost.place, (Link.HANDLER_TO_STORE, Link.STORE_TO_HANDLER)))
    last, heard = np.full(ways.keys, NEVER, np.int64), np.full(ways.keys, NEVER, np.int64)
    last[ways.key(lost)] = lost.time
    for moment in (Moment.LOADED, Moment.APPEND_ANSWERED, Moment.REREAD):
        rows = ways.rows(moment)
        np.maximum.at(heard, ways.key(rows), rows.time)
    return np.where(last >= heard, last, NEVER)


def _row(
    kind: str, target: str, aggregate: int, begin: int, end: int, cause: str, ended_by: str,
    peak: int, commands: int, wrong: int,
) -> Row:  # fmt: skip
    ends, how = (end / 1e6, ended_by) if end >= 0 else (np.nan, END_OF_RUN)
    return kind, target, aggregate, begin / 1e6, ends, cause, how, peak, commands, wrong
