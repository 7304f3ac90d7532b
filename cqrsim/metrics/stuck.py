"""Turns that are held although nothing can release them any more."""

from __future__ import annotations

import numpy as np

from cqrsim.messages import AppendOutcome, Link
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.spans import Spans
from cqrsim.metrics.steps import Bools, Ints, earliest, is_any
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace


@remembered
def held_turns(trace: Trace) -> Spans:
    """Attempts that held a turn which nothing could release, from when that was so until a restart did so after all.

    They wait for a stream, a publication or an answer that cannot come, because the append failed or a message was
    lost, and nobody gives up waiting.
    """
    ways, about = paths(trace), trace.about
    if about.turn == "none" or about.give_up_ns >= 0:
        return Spans.of([])
    gone, released = _gone(ways, about.wait_for), ways.released_of_try[ways.try_of]
    admitted = ways.first_of_attempt(Moment.ADMITTED)
    lasting = np.flatnonzero((admitted >= 0) & (gone >= 0) & (released < 0))
    over = np.flatnonzero((admitted >= 0) & (gone >= 0) & (released > gone) & ~_stored_before(ways))
    return Spans.of([Spans.lasting(lasting, gone[lasting]), Spans(over, gone[over], released[over])])


def _stored_before(ways: Paths) -> Bools:
    """Attempts whose append was found to be there already: who waits for its event has not waited in vain."""
    found = []
    for moment in (Moment.WRITTEN, Moment.APPEND_FAILED):
        rows = ways.rows(moment)
        found.append(ways.first_where(moment, rows.outcome == AppendOutcome.DUPLICATE) >= 0)
    return np.asarray(found[0] | found[1], np.bool_)


def stuck_turns(trace: Trace) -> Ints:
    """Keys of the attempts that hold such a turn to the end of the run."""
    turns = held_turns(trace)
    return turns.key[turns.ends < 0]


def _gone(ways: Paths, wait_for: str) -> Ints:
    """When what each attempt waits for became impossible."""
    unheard = _unheard(ways)
    if wait_for == "answer":
        return unheard
    unread = np.where(ways.first_of_attempt(Moment.DECIDED) < 0, unheard, NEVER)
    if wait_for == "nothing":
        return unread
    return earliest(
        unread, ways.append_failed, ways.append_lost, ways.lost(Link.STORE_TO_SUBSCRIBER), unpublished(ways)
    )


def _unheard(ways: Paths) -> Ints:
    """When each attempt lost its last message to or from the store, if it has heard nothing of the store since.

    A store that crashes answers nobody either.
    """
    lost, failed = ways.rows(Moment.MESSAGE_LOST), ways.rows(Moment.APPEND_FAILED)
    lost = lost.take(is_any(lost.place, (Link.HANDLER_TO_STORE, Link.STORE_TO_HANDLER)))
    failed = failed.take(failed.outcome == AppendOutcome.CRASHED)
    found = ways.rows(Moment.RECOVERED)
    last, heard = ways.first_where(Moment.RECOVERED, found.outcome == 0), np.full(ways.keys, NEVER, np.int64)
    np.maximum.at(last, ways.key(failed), failed.time)
    np.maximum.at(last, ways.key(lost), lost.time)
    for moment in (Moment.LOADED, Moment.APPEND_ANSWERED, Moment.REREAD):
        rows = ways.rows(moment)
        np.maximum.at(heard, ways.key(rows), rows.time)
    return np.where(last >= heard, last, NEVER)


def unpublished(ways: Paths) -> Ints:
    """When a restart found each append that nobody had spoken of, and did not speak of it either; -1 for others."""
    found = ways.rows(Moment.RECOVERED)
    times = ways.first_where(Moment.RECOVERED, found.outcome == 0)
    return np.where(ways.first_of_attempt(Moment.PUBLISHED) < 0, times, NEVER) if len(found) else times
