"""Rules of what crashes, vanishes and comes back: the log loses nothing unless the ledger says so."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cqrsim.messages import Answer, AppendOutcome, Part
from cqrsim.metrics.broken import Check, broken
from cqrsim.metrics.log import Log, log_at
from cqrsim.metrics.paths import Paths
from cqrsim.metrics.states import doubled
from cqrsim.metrics.steps import Bools, Ints, earliest, running_max
from cqrsim.moments import Moment
from cqrsim.trace import Rows


def what_is_gone_was_struck(ways: Paths, log: Log) -> Iterator[str]:
    """Nothing leaves the log, or is altered in it, but what was there, by a fault or crash that the ledger knows."""
    for moment in (Moment.VANISHED, Moment.ALTERED):
        rows, word = ways.rows(moment), moment.name.lower()
        if not len(rows):
            continue
        lives = ways.lives
        entered = np.unique(lives.key * 2 + lives.is_error)
        there = np.isin(ways.key(rows) * 2 + (rows.outcome == 1), entered)
        yield from broken(f"{word} without having been in the log", rows.command[~there])
        yield from broken(f"{word} without a fault or crash", rows.command[~_ledgered(ways, rows)])


def _ledgered(ways: Paths, rows: Rows) -> Bools:
    """Whether the fault of a row had struck or begun, or else the store had crashed, by the time of the row."""
    known = np.zeros(len(rows), np.bool_)
    for moment in (Moment.FAULT_STRUCK, Moment.FAULT_BEGAN):
        faults = ways.trace.of(moment)
        for fault in np.unique(rows.value[rows.value >= 0]).tolist():
            first = faults.time[faults.place == fault].min(initial=np.iinfo(np.int64).max)
            known |= (rows.value == fault) & (rows.time >= first)
    for moment in (Moment.CRASHED, Moment.RESTARTED):
        of_store = ways.trace.of(moment)
        first = of_store.time[of_store.outcome == Part.STORE].min(initial=np.iinfo(np.int64).max)
        known |= (rows.value < 0) & (rows.time >= first)
    return known


def what_is_found_was_under_way(ways: Paths, log: Log) -> Iterator[str]:
    """A store that restarts finds what it was given and had not counted yet, and nothing else."""
    rows = ways.rows(Moment.RECOVERED)
    if not len(rows):
        return
    restarted = ways.trace.of(Moment.RESTARTED)
    restarts = restarted.time[restarted.outcome == Part.STORE]
    yield from broken("found without a restart of the store", rows.command[~np.isin(rows.time, restarts)])
    events = rows.take(rows.outcome == 0)
    key = ways.key(events)
    received = ways.first_of_attempt(Moment.APPEND_RECEIVED)[key]
    yield from broken("found without having arrived", events.command[(received < 0) | (received > events.time)])
    written, left = ways.written[key], ways.left[key]
    twice = (written >= 0) & (written <= events.time) & ((left < 0) | (left > events.time))
    yield from broken("found though it was in the log already", events.command[twice])


def restarts_count_what_is_there(ways: Paths, log: Log) -> Iterator[str]:
    """A store has, after a restart, all that was durable and has not vanished: neither more nor less."""
    restarted = ways.trace.of(Moment.RESTARTED)
    restarted = restarted.take((restarted.outcome == Part.STORE) & (restarted.value >= 0))
    for time, value in zip(restarted.time.tolist(), restarted.value.tolist(), strict=True):
        standing = log_at(ways.trace, time)
        events = int(standing.events[standing.written <= time].sum())
        at_least = events - int(standing.events[standing.written == time].sum())
        if not at_least <= value <= events + _vanished_then(ways, time):
            yield f"the store starts with {value} events, and the log has {events}"


def _vanished_then(ways: Paths, time: int) -> int:
    """Events that left the log at the very instant of a restart: what was let in may have brought the next crash."""
    rows = ways.rows(Moment.VANISHED)
    rows = rows.take(rows.time == time)
    return int(np.where(rows.outcome == 1, 1, ways.trace.marks.events[rows.command]).sum())


def crashed_handlers_do_nothing_more(ways: Paths, log: Log) -> Iterator[str]:
    """What a handler has forgotten in a crash goes no further in it."""
    if not len(ways.rows(Moment.FORGOTTEN)):
        return
    for moment in (Moment.ADMITTED, Moment.LOADED, Moment.DECIDED, Moment.SAVED, Moment.APPEND_SENT, Moment.RELEASED):
        rows = ways.rows(moment)
        forgotten = ways.forgotten[ways.key(rows)]
        # What is released is not forgotten at the same instant: the other steps may have come just before.
        late = (rows.time >= forgotten) if moment == Moment.RELEASED else (rows.time > forgotten)
        late &= forgotten >= 0
        yield from broken(f"{moment.name.lower()} after its handler had crashed", rows.command[late])


def success_is_told_of_what_is_durable(ways: Paths, log: Log) -> Iterator[str]:
    """Who is answered when it is written or applied is told of a success that was in the log by then.

    Handlers that wait for no answer do not know, nor does a store know that answers before it has flushed.
    """
    about = ways.trace.about
    if about.wait_for == "nothing" or about.publishes_before_durable or about.measured:
        return
    rows = ways.rows(Moment.ANSWERED)
    late = ways.answered_at("written") | ways.answered_at("applied")
    rows = rows.take(
        (rows.outcome == Answer.SUCCESS) & late[rows.command] & (ways.trace.marks.events[rows.command] > 0)
    )
    acknowledged = earliest(ways.entered, ways.first_of_attempt(Moment.BUFFERED))
    since = ways.first_attempt(acknowledged)[rows.command]
    nothing_to_append = ways.first(Moment.APPEND_SENT)[rows.command] < 0
    early = ((since < 0) | (since > rows.time)) & ~nothing_to_append
    yield from broken("answered a success that was not durable", rows.command[early])


def appends_go_one_by_one(ways: Paths, log: Log) -> Iterator[str]:
    """Where handlers wait, an aggregate has at most one append under way that anybody still waits for."""
    about = ways.trace.about
    if about.wait_for == "nothing" or about.turn == "none" or about.publishes_before_durable or about.measured:
        return
    sent = ways.first_of_attempt(Moment.APPEND_SENT)
    ended = earliest(ways.append_ended, ways.first_of_attempt(Moment.BUFFERED))
    given_up = ways.of_try((ways.first_of_attempt(Moment.HANDLER_GAVE_UP) >= 0) | (ways.forgotten >= 0))
    waits = (sent >= 0) & (ended >= 0) & ~given_up & ~_died_with_the_store(ways)
    key = np.flatnonzero(waits)
    key = key[np.argsort(sent[key], kind="stable")]
    aggregate = ways.trace.marks.aggregate[ways.command_of[key]]
    group, begins, ends = aggregate, sent[key], ended[key]
    order = np.argsort(group, kind="stable")
    key, group, begins = key[order], group[order], begins[order]
    until = running_max(group, ends[order])
    both = (group[1:] == group[:-1]) & (begins[1:] < until[:-1])
    both &= ~doubled(ways.trace, group[1:], begins[1:])
    yield from broken("two appends of an aggregate under way at once", ways.command_of[key[1:][both]])


def _died_with_the_store(ways: Paths) -> Bools:
    """Appends of which nobody was told, because the store crashed."""
    failed = ways.rows(Moment.APPEND_FAILED)
    crashed = ways.first_where(Moment.APPEND_FAILED, failed.outcome == AppendOutcome.CRASHED)
    return np.asarray((crashed >= 0) | (ways.first_of_attempt(Moment.RECOVERED) >= 0), np.bool_)


def tries_are_stored_once(ways: Paths, log: Log) -> Iterator[str]:
    """What a client sends once is stored once, however often its handler appends it; copies are tries of their own."""
    rows = log.appends.rows
    times = np.bincount(_try(ways, log.key[rows]), minlength=1)
    twice = np.flatnonzero(times > 1)
    yield from broken("stored twice in one try", twice // max(ways.attempts, 1))


def _try(ways: Paths, key: Ints) -> Ints:
    return np.asarray(ways.try_of[key], np.int64)


RULES_OF_RECOVERY: tuple[Check, ...] = (
    what_is_gone_was_struck,
    what_is_found_was_under_way,
    restarts_count_what_is_there,
    crashed_handlers_do_nothing_more,
    success_is_told_of_what_is_durable,
    appends_go_one_by_one,
    tries_are_stored_once,
)
"""All of them, in the order in which they are checked."""
