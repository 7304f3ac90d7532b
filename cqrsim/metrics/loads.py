"""How much everybody has to do: throughput, queues, utilisation, messages, room on the disk."""

from __future__ import annotations

import math

import numpy as np

from cqrsim.messages import Answer, AppendOutcome, Channel, Link, Truth
from cqrsim.metrics import queues
from cqrsim.metrics.figures import Figure, per
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import Paths, paths
from cqrsim.metrics.steps import Bools, Ints
from cqrsim.metrics.verdicts import verdicts
from cqrsim.moments import Moment
from cqrsim.trace import Rows, Trace


def load_figures(trace: Trace) -> list[Figure]:
    """Loads in the measured window; what is said per command counts all rows of the commands of the window.

    Messages are those that were sent, lost ones too.  Not counted is what a trace does not show: messages still under
    way when it ends, and reads that were asked again because their answer was late, not lost.
    """
    questions = (_throughput, _levels, _utilisation, _per_command, _store, _cache)
    return [figure for question in questions for figure in question(trace)]


def _throughput(trace: Trace) -> list[Figure]:
    ways, about, log = paths(trace), trace.about, log_of(trace)
    seconds = (about.length_ns - about.warm_up_ns) / 1e9
    times = {
        "issued": ways.rows(Moment.ISSUED).time,
        "durable": log.written[log.appends.rows],
        "informed": queues.informed(trace),
    }
    figures = [Figure("commands", "count", float(ways.in_window.sum()), "", int(ways.issued.sum()))]
    for name, at in times.items():
        count = _within(trace, at)
        figures.append(Figure(name, "per_s", count / seconds if seconds > 0 else math.nan, "per_s", count))
    unsettled = int((verdicts(trace).truth[ways.issued] == Truth.UNDECIDED).sum())
    return [*figures, Figure("unsettled_commands", "end", float(unsettled), "", int(ways.issued.sum()))]


def _within(trace: Trace, times: Ints) -> int:
    return int(((times >= trace.about.warm_up_ns) & (times < trace.about.length_ns)).sum())


def _levels(trace: Trace) -> list[Figure]:
    begin, end = trace.about.warm_up_ns, trace.about.length_ns
    levels = {
        "in_system": queues.in_system(trace),
        "waiting": queues.waiting(trace),
        "validating": queues.validating(trace),
        "at_store": queues.at_store(trace),
    }
    figures = []
    for name, intervals in levels.items():
        n = len(intervals.begins)
        figures.append(Figure(name, "mean", intervals.mean(begin, end), "", n))
        figures.append(Figure(name, "max", float(intervals.highest(begin, end)), "", n))
    return figures


def _utilisation(trace: Trace) -> list[Figure]:
    """The share of time in which workers and the store's serial section are at work, and the store takes appends."""
    about = trace.about
    begin, end = about.warm_up_ns, about.length_ns
    workers, writes = queues.working(trace), queues.store_busy(trace)
    refusals, counts = queues.refusing(trace)
    busy = workers.mean(begin, end) / max(about.shards * about.workers, 1)
    return [
        Figure("handler_busy", "share", busy, "share", len(workers.begins)),
        Figure("store_busy", "share", writes.mean(begin, end), "share", len(writes.begins)),
        Figure("store_refusing", "share", refusals.mean(begin, end), "share", int(counts.sum())),
    ]


_MESSAGES = {
    Moment.SENT: 1,
    Moment.LOADED: 2,
    Moment.REREAD: 2,
    Moment.ANSWERED: 1,
    Moment.APPEND_SENT: 1,
    Moment.APPEND_ANSWERED: 1,
    Moment.APPLIED: 1,
    Moment.REFUSAL_STORED: 1,
    Moment.REFUSAL_LOST: 1,
    Moment.REFUSAL_CACHED: 1,
    Moment.POLLED: 2,
    Moment.OWN_READ: 2,
}
"""Messages that a row stands for: a question comes with its answer."""

_LOST = {
    Link.HANDLER_TO_CLIENT: 1,
    Link.HANDLER_TO_STORE: 1,
    Link.STORE_TO_HANDLER: 2,
    Link.STORE_TO_PROJECTION: 1,
    Link.STORE_TO_CLIENT: 1,
    Link.HANDLER_TO_CACHE: 1,
    Link.CLIENT_TO_STORE: 1,
    Link.CLIENT_TO_CACHE: 1,
    Link.CLIENT_TO_PROJECTION: 1,
}
"""Messages that a loss stands for, where no other row tells of them: whoever lost the answer to a read had asked."""


def _per_command(trace: Trace) -> list[Figure]:
    ways = paths(trace)
    window = ways.in_window
    n = int(window.sum())

    def count(moment: Moment) -> int:
        return int(window[ways.rows(moment).command].sum())

    failed = ways.rows(Moment.APPEND_FAILED)
    messages = sum(weight * count(moment) for moment, weight in _MESSAGES.items())
    messages += _notices(trace, window) + _lost(ways, window)
    conflicts = int(window[failed.command[failed.outcome == AppendOutcome.CONFLICT]].sum())
    sent = int(window.sum()) - int((window & (ways.first(Moment.SENT) < 0)).sum())
    return [
        per("polls", count(Moment.POLLED), n, "command"),
        per("messages", messages, n, "command"),
        per("retries", count(Moment.SENT) - sent, n, "command"),
        per("conflicts", conflicts, n, "command"),
    ]


def _notices(trace: Trace, window: Bools) -> int:
    """What is said to whoever listens: events to clients and handlers, and to handlers what a projection applied.

    Pushed events count where a client learned from them; to one that knows already they say nothing.
    """
    ways, about = paths(trace), trace.about
    told = ways.rows(Moment.INFORMED)
    notices = int(window[told.command[told.place == Channel.EVENT_PUSH]].sum())
    if "publication" in (about.fold_on, about.wait_for):
        notices += int(window[ways.rows(Moment.PUBLISHED).command].sum())
    awaited = window & ways.answered_at("applied")
    return notices + int(awaited[ways.rows(Moment.APPLIED).command].sum())


def _lost(ways: Paths, window: Bools) -> int:
    """Lost messages that no other row stands for: neither lost appends (they were sent) nor answers to polls."""
    lost = ways.rows(Moment.MESSAGE_LOST)
    lost = lost.take(window[lost.command])
    messages = sum(weight * int((lost.place == link).sum()) for link, weight in _LOST.items())
    appends = np.unique(ways.key(lost.take(lost.place == Link.HANDLER_TO_STORE)))
    messages -= int((ways.append_lost[appends] >= 0).sum())
    return messages - _append_answers(ways, lost) - _poll_answers(ways, lost)


def _append_answers(ways: Paths, lost: Rows) -> int:
    """How many answers to appends were lost: one to an attempt, at the very instant at which the append was through."""
    lost = lost.take(lost.place == Link.STORE_TO_HANDLER)
    key = ways.key(lost)
    ends = (ways.first_of_attempt(Moment.BUFFERED), ways.first_of_attempt(Moment.WRITTEN), ways.append_failed)
    through = np.any([end[key] == lost.time for end in ends], axis=0)
    unanswered = ways.first_of_attempt(Moment.APPEND_ANSWERED)[key] < 0
    return len(np.unique(key[through & unanswered]))


def _poll_answers(ways: Paths, lost: Rows) -> int:
    """How many answers to polls of the event stream were lost: what is lost at another instant was pushed."""
    lost, polls = lost.take(lost.place == Link.STORE_TO_CLIENT), ways.rows(Moment.POLLED)
    polls = polls.take(polls.place == Channel.EVENT_POLL)
    asked = set(zip(polls.command.tolist(), polls.time.tolist(), strict=True))
    return sum(who in asked for who in zip(lost.command.tolist(), lost.time.tolist(), strict=True))


def _store(trace: Trace) -> list[Figure]:
    log, end = log_of(trace), trace.about.end_ns / 1e9
    size = {"store": log.size, "event": log.size[~log.is_error], "error": log.size[log.is_error]}
    figures = [Figure(f"{name}_bytes", "end", float(of.sum()), "bytes", len(of)) for name, of in size.items()]
    figures.append(Figure("events", "count", float(log.events[~log.is_error].sum()), "", len(log)))
    figures.append(Figure("error_events", "count", float(log.is_error.sum()), "", len(log)))
    rows = [trace.of(moment) for moment in (Moment.APPEND_FAILED, Moment.REFUSAL_LOST)]
    full = np.concatenate([row.time[row.outcome == AppendOutcome.FULL] for row in rows])
    first = float(full.min()) / 1e9 if len(full) else end
    return [*figures, Figure("time_to_full_s", "value", first, "s", 1, int(not len(full)), not len(full))]


def _cache(trace: Trace) -> list[Figure]:
    about, entries = trace.about, queues.cached(trace)
    looks = trace.of(Moment.POLLED)
    looks = looks.take(looks.place == Channel.ERROR_CACHE)
    hits = int((looks.outcome == Answer.FAILURE).sum())
    n = len(entries.begins)
    pushed_out = float((trace.of(Moment.REFUSAL_EXPIRED).value == 1).sum())
    return [
        Figure("cache_entries", "mean", entries.mean(about.warm_up_ns, about.length_ns), "", n),
        Figure("cache_entries", "max", float(entries.highest(about.warm_up_ns, about.length_ns)), "", n),
        Figure("cache_pushed_out", "count", pushed_out, "", n),
        Figure("cache_hit", "share", hits / len(looks) if len(looks) else math.nan, "share", len(looks)),
    ]
