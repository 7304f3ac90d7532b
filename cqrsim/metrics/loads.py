"""How much everybody has to do: throughput, queues, utilisation, messages, room on the disk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cqrsim.messages import Answer, AppendOutcome, Channel, Link, Truth
from cqrsim.metrics import queues
from cqrsim.metrics.figures import Figure, per
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import Paths, paths
from cqrsim.metrics.steps import Bools, Ints, exact_sum
from cqrsim.metrics.verdicts import verdicts
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import About, Rows, Trace


def load_figures(trace: Trace) -> list[Figure]:
    """Loads in the measured window; what is said per command counts all rows of the commands of the window.

    Messages are those that were sent, lost ones too.  Not counted is what a trace does not show: messages still under
    way when it ends, and reads that were asked again because their answer was late, not lost.
    """
    questions = (_throughput, _levels, _utilisation, _per_command, _store, _cache)
    return [figure for question in questions for figure in question(trace)]


@dataclass(frozen=True)
class Flows:
    """How much came in, got through, and is left: counts, those by name within the window."""

    in_window: int
    issued: int
    passed: dict[str, int]
    unsettled: int

    def figures(self, about: About) -> list[Figure]:
        """As counts and rates."""
        seconds = (about.length_ns - about.warm_up_ns) / 1e9
        figures = [Figure("commands", "count", float(self.in_window), "", self.issued)]
        for name, count in self.passed.items():
            figures.append(Figure(name, "per_s", count / seconds if seconds > 0 else math.nan, "per_s", count))
        return [*figures, Figure("unsettled_commands", "end", float(self.unsettled), "", self.issued)]


def _throughput(trace: Trace) -> list[Figure]:
    ways, log = paths(trace), log_of(trace)
    times = {
        "issued": ways.rows(Moment.ISSUED).time,
        "durable": log.written[log.appends.rows],
        "informed": queues.informed(trace),
    }
    passed = {name: _within(trace, at) for name, at in times.items()}
    unsettled = int((verdicts(trace).truth[ways.issued] == Truth.UNDECIDED).sum())
    return Flows(int(ways.in_window.sum()), int(ways.issued.sum()), passed, unsettled).figures(trace.about)


def _within(trace: Trace, times: Ints) -> int:
    return int(((times >= trace.about.warm_up_ns) & (times < trace.about.length_ns)).sum())


@dataclass(frozen=True)
class Level:
    """How many there were of something: on average, at once, and ever."""

    mean: float
    highest: int
    count: int

    @classmethod
    def of(cls, intervals: queues.Intervals, about: About) -> Level:
        """That of intervals within the window."""
        begin, end = about.warm_up_ns, about.length_ns
        return cls(intervals.mean(begin, end), intervals.highest(begin, end), len(intervals.begins))

    def figures(self, name: str) -> list[Figure]:
        """Mean and maximum."""
        return [
            Figure(name, "mean", self.mean, "", self.count),
            Figure(name, "max", float(self.highest), "", self.count),
        ]


def _levels(trace: Trace) -> list[Figure]:
    levels = {
        "in_system": queues.in_system(trace),
        "waiting": queues.waiting(trace),
        "validating": queues.validating(trace),
        "at_store": queues.at_store(trace),
    }
    return [figure for name, one in levels.items() for figure in Level.of(one, trace.about).figures(name)]


def _utilisation(trace: Trace) -> list[Figure]:
    about = trace.about
    begin, end = about.warm_up_ns, about.length_ns
    workers, writes = queues.working(trace), queues.store_busy(trace)
    refusals, counts = queues.refusing(trace)
    return utilisation_figures(
        about,
        (workers.mean(begin, end), len(workers.begins)),
        (writes.mean(begin, end), len(writes.begins)),
        (refusals.mean(begin, end), int(counts.sum())),
    )


Share = tuple[float, int]
"""A share of time, and on how much it rests."""


def utilisation_figures(about: About, workers: Share, writes: Share, refusals: Share) -> list[Figure]:
    """The share of time in which workers and the store's serial section are at work, and the store takes no appends."""
    return [
        Figure("handler_busy", "share", workers[0] / max(about.shards * about.workers, 1), "share", workers[1]),
        Figure("store_busy", "share", writes[0], "share", writes[1]),
        Figure("store_refusing", "share", refusals[0], "share", refusals[1]),
    ]


MESSAGES = {
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

MESSAGES_LOST = {
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
    messages = sum(weight * count(moment) for moment, weight in MESSAGES.items())
    messages += _notices(trace, window) + _lost(ways, window)
    conflicts = int(window[failed.command[failed.outcome == AppendOutcome.CONFLICT]].sum())
    sent = int(window.sum()) - int((window & (ways.first(Moment.SENT) < 0)).sum())
    return per_command_figures(n, count(Moment.POLLED), messages, count(Moment.SENT) - sent, conflicts)


def per_command_figures(commands: int, polls: int, messages: int, retries: int, conflicts: int) -> list[Figure]:
    """What is said and done for a command, on average."""
    return [
        per("polls", polls, commands, "command"),
        per("messages", messages, commands, "command"),
        per("retries", retries, commands, "command"),
        per("conflicts", conflicts, commands, "command"),
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
    messages = sum(weight * int((lost.place == link).sum()) for link, weight in MESSAGES_LOST.items())
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


@dataclass(frozen=True)
class Stored:
    """What the store holds in the end, error events apart, and when it first had no room (-1: never)."""

    entries: int
    error_events: int
    events: int
    event_bytes: int
    error_bytes: int
    first_full: int

    def figures(self, about: About) -> list[Figure]:
        """As bytes and counts, and a time that is only known to be later where there was room to the end."""
        size = {
            "store": (self.event_bytes + self.error_bytes, self.entries),
            "event": (self.event_bytes, self.entries - self.error_events),
            "error": (self.error_bytes, self.error_events),
        }
        figures = [Figure(f"{name}_bytes", "end", float(of), "bytes", n) for name, (of, n) in size.items()]
        figures.append(Figure("events", "count", float(self.events), "", self.entries))
        figures.append(Figure("error_events", "count", float(self.error_events), "", self.entries))
        has_room = self.first_full < 0
        first = (about.end_ns if has_room else self.first_full) / 1e9
        return [*figures, Figure("time_to_full_s", "value", first, "s", 1, int(has_room), has_room)]


def _store(trace: Trace) -> list[Figure]:
    log = log_of(trace)
    rows = [trace.of(moment) for moment in (Moment.APPEND_FAILED, Moment.REFUSAL_LOST)]
    full = np.concatenate([row.time[row.outcome == AppendOutcome.FULL] for row in rows])
    return Stored(
        entries=len(log),
        error_events=int(log.is_error.sum()),
        events=int(log.events[~log.is_error].sum()),
        event_bytes=exact_sum(log.size[~log.is_error]),
        error_bytes=exact_sum(log.size[log.is_error]),
        first_full=int(full.min()) if len(full) else NEVER,
    ).figures(trace.about)


def _cache(trace: Trace) -> list[Figure]:
    looks = trace.of(Moment.POLLED)
    looks = looks.take(looks.place == Channel.ERROR_CACHE)
    hits = int((looks.outcome == Answer.FAILURE).sum())
    pushed_out = int((trace.of(Moment.REFUSAL_EXPIRED).value == 1).sum())
    return cache_figures(Level.of(queues.cached(trace), trace.about), pushed_out, len(looks), hits)


def cache_figures(entries: Level, pushed_out: int, looks: int, hits: int) -> list[Figure]:
    """What the error caches hold, and what is found there."""
    return [
        *entries.figures("cache_entries"),
        Figure("cache_pushed_out", "count", float(pushed_out), "", entries.count),
        Figure("cache_hit", "share", hits / looks if looks else math.nan, "share", looks),
    ]
