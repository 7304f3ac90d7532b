"""What anomalies go back to: the fault, crash, full disk, lost message or wait that was given up, in words.

A trouble of the command itself comes first, then what parted its aggregate's state from the log or troubled the
aggregate before, then what befell the parts that serve it.  Nothing is explained by default: where a trace tells of no
trouble that came before, there is no cause.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cqrsim.messages import LINK_NAMES, Answer, AppendOutcome, Decision, Part
from cqrsim.metrics.divergence import divergence, stretches
from cqrsim.metrics.paths import Paths, first_times, paths, remembered
from cqrsim.metrics.steps import FOREVER, Bools, Ints, Timeline, first_after
from cqrsim.metrics.vocabulary import fault_name
from cqrsim.moments import NEVER, OVERFLOW, Moment
from cqrsim.trace import Rows, Trace

_OWN = {
    Moment.VANISHED: 0,
    Moment.ALTERED: 0,
    Moment.APPEND_FAILED: 1,
    Moment.REFUSAL_LOST: 1,
    Moment.MESSAGE_LOST: 1,
    Moment.FORGOTTEN: 1,
    Moment.FAULT_STRUCK: 2,
    Moment.HANDLER_GAVE_UP: 3,
    Moment.DECIDED: 3,
}
"""What troubles commands, and which of these is named first: what unmade a command, what stopped it, the rest."""

_OF_CLIENT = (Moment.GAVE_UP, Moment.SENT, Moment.REFUSAL_EXPIRED)
"""Where a client, or a cache for it, did not wait any longer: a command that is sent again says so, too."""

_WORDS = {
    Moment.HANDLER_GAVE_UP: "handler gave up waiting",
    Moment.DECIDED: "handler overloaded",
    Moment.GAVE_UP: "client gave up waiting",
    Moment.SENT: "client tried again",
    Moment.REFUSAL_EXPIRED: "refusal expired",
}


@dataclass(frozen=True, eq=False)
class Troubles:
    """All troubles of a trace: those of commands, those of clients, those of the world, each in the order of time.

    Of the troubles of commands the more telling kinds stand first.
    """

    trace: Trace
    rows: Rows
    clients_from: int
    """Where the troubles of clients begin."""
    world_from: int
    """Where the troubles of the world begin: they belong to no command."""
    first: Ints
    """The row of each command's first trouble; -1 if it had none."""

    def of_command(self, command: int) -> str:
        """What struck a command first; "" if nothing did."""
        row = int(self.first[command])
        return "" if row < 0 else self._words(row)

    def of_key(self, key: int) -> str:
        """What struck the command of an attempt."""
        return self.of_command(key // paths(self.trace).attempts)

    def behind(self, commands: Ints, visible: Ints) -> Ints:
        """The rows that what befell commands goes back to, by the time at which it was visible; -1 for none."""
        rows = self.first[commands]
        for look in (self._of_divergence, self._of_aggregate, self._of_parts, self._of_client, self._of_world):
            without = np.flatnonzero(rows < 0)
            if not len(without):
                break
            rows[without] = look(commands[without], visible[without])
        return rows

    def count(self, rows: Ints) -> Counter[str]:
        """How often each cause occurs among rows; what differs in nothing that words tell is put into words once."""
        rows = rows[rows >= 0]
        columns = (self.rows.moment, self.rows.place, self.rows.outcome, self.rows.value)
        told = np.stack([column[rows].astype(np.int64) for column in columns], axis=1)
        _, examples, counts = np.unique(told, axis=0, return_index=True, return_counts=True)
        found: Counter[str] = Counter()
        for row, count in zip(rows[examples].tolist(), counts.tolist(), strict=True):
            found[self._words(row)] += count
        return found

    def _of_divergence(self, commands: Ints, visible: Ints) -> Ints:
        """What made the state of the aggregate part from the log when it last did."""
        parts, parted = divergence(self.trace), stretches(self.trace)
        rows = np.full(len(commands), NEVER, np.int64)
        if len(parted):
            stretch = parted.last(self.trace.marks.aggregate[commands], np.full(len(commands), FOREVER))
            there = stretch >= 0
            command = parts.key[parted.cause[stretch[there]]] // paths(self.trace).attempts
            rows[there] = np.where(self.first[command] >= 0, self.first[command], self._first_of_clients[command])
        return rows

    def _of_aggregate(self, commands: Ints, visible: Ints) -> Ints:
        """The latest trouble of another command of the aggregate, or else the latest that a client sent again."""
        aggregate = self.trace.marks.aggregate[commands]
        rows, again = self._of_aggregates.last(aggregate, visible), self._sent_again
        tried = Timeline(self.trace.marks.aggregate[self.rows.command[again]], self.rows.time[again])
        later = tried.last(aggregate, visible)
        return np.where((rows < 0) & (later >= 0), again[later] if len(again) else NEVER, rows)

    def _of_client(self, commands: Ints, visible: Ints) -> Ints:
        """The client's first own trouble."""
        rows = self._first_of_clients[commands]
        there = np.flatnonzero(rows >= 0)
        rows[there[self.rows.time[rows[there]] > visible[there]]] = NEVER
        return rows

    def _of_parts(self, commands: Ints, visible: Ints) -> Ints:
        """What befell the world latest, if it was not over when the command was issued."""
        rows = self._of_world(commands, visible)
        there, issued = np.flatnonzero(rows >= 0), paths(self.trace).first(Moment.ISSUED)[commands]
        rows[there[self._ends[rows[there] - self.world_from] < issued[there]]] = NEVER
        return rows

    def _of_world(self, commands: Ints, visible: Ints) -> Ints:
        """What befell the world latest: the store, projections, disk and links, or the command's shard."""
        if self.world_from == len(self.rows):
            return np.full(len(commands), NEVER, np.int64)
        shard = self.trace.marks.aggregate[commands] % max(self.trace.about.shards, 1)
        everywhere = self._of_shards.last(np.full(len(commands), NEVER), visible)
        there = self._of_shards.last(shard, visible)
        latest = np.maximum(everywhere, there)  # they stand in the order of time
        return np.where(latest < 0, NEVER, latest + self.world_from)

    @cached_property
    def _of_aggregates(self) -> Timeline:
        own = slice(0, self.clients_from)
        return Timeline(self.trace.marks.aggregate[self.rows.command[own]], self.rows.time[own])

    @cached_property
    def _sent_again(self) -> Ints:
        """The rows in which a client sent a command again."""
        clients = np.arange(self.clients_from, self.world_from, dtype=np.int64)
        return np.asarray(clients[self.rows.moment[clients] == Moment.SENT], np.int64)

    @cached_property
    def _of_shards(self) -> Timeline:
        return Timeline(_shard_of(self._world), self._world.time)

    @cached_property
    def _world(self) -> Rows:
        return self.rows.take(np.arange(self.world_from, len(self.rows)))

    @cached_property
    def _ends(self) -> Ints:
        """When each trouble of the world was over."""
        return _world_ends(self.trace, self._world)

    @cached_property
    def _first_of_clients(self) -> Ints:
        return _first_rows(self.rows, self.clients_from, self.world_from, paths(self.trace).commands)

    def _words(self, row: int) -> str:
        rows = self.rows
        moment, outcome, value = Moment(int(rows.moment[row])), int(rows.outcome[row]), int(rows.value[row])
        if moment in _WORDS:
            return _WORDS[moment]
        number = int(rows.place[row]) if moment in (Moment.FAULT_STRUCK, Moment.FAULT_BEGAN) else value
        if moment != Moment.RESTARTED and (fault := fault_name(self.trace.about, number)):
            return fault
        if moment == Moment.MESSAGE_LOST:
            return "overflow" if value == OVERFLOW else f"loss on {LINK_NAMES[int(rows.place[row])]}"
        if moment == Moment.RESTARTED:
            return "second instance"
        if moment in (Moment.CRASHED, Moment.FORGOTTEN):
            return f"{'handler' if moment == Moment.FORGOTTEN else Part(outcome).name.lower()} crashed"
        if moment in (Moment.VANISHED, Moment.ALTERED):
            return moment.name.lower()
        return _WORDS_OF_APPEND.get(outcome, f"disk {AppendOutcome(outcome).name.lower()}")


_WORDS_OF_APPEND = {
    int(AppendOutcome.CRASHED): "store crashed",
    int(AppendOutcome.FENCED): "instance was replaced",
    int(AppendOutcome.CONFLICT): "version conflict",
}


@remembered
def troubles(trace: Trace) -> Troubles:
    """All troubles of a trace."""
    ways = paths(trace)
    own = _together([_own_troubles(ways, moment) for moment in _OWN])
    rank = np.zeros(max(Moment) + 1, np.int64)
    rank[list(_OWN)] = list(_OWN.values())
    own = own.take(np.lexsort((own.time, rank[own.moment])))
    clients = _together([_of_clients(ways, moment) for moment in _OF_CLIENT])
    clients = clients.take(np.argsort(clients.time, kind="stable"))
    world = _troubles_of_the_world(trace)
    rows = _together([own, clients, world])
    first = _first_rows(rows, 0, len(own), ways.commands)
    return Troubles(trace, rows, len(own), len(own) + len(clients), first)


def _together(parts: list[Rows]) -> Rows:
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__dataclass_fields__))


def _first_rows(rows: Rows, begin: int, end: int, commands: int) -> Ints:
    """For each command the first row within a range; -1 if it has none there."""
    first = np.full(commands, NEVER, np.int64)
    first[rows.command[begin:end][::-1]] = np.arange(begin, end)[::-1]
    return first


def _own_troubles(ways: Paths, moment: Moment) -> Rows:
    """Of decisions only refusals for a full queue, and of conflicts only those that a handler has left at that.

    Duplicates are no trouble: they are the store's memory at work, as is its version check as long as it helps.
    """
    rows = ways.rows(moment)
    if moment == Moment.DECIDED:
        return rows.take(rows.outcome == Decision.OVERLOADED)
    if moment != Moment.APPEND_FAILED:
        return rows
    reloaded = (rows.outcome == AppendOutcome.CONFLICT) & ~_is_last_of_its_try(ways, rows)
    return rows.take(~reloaded & (rows.outcome != AppendOutcome.DUPLICATE))


def _is_last_of_its_try(ways: Paths, rows: Rows) -> Bools:
    """Whether no later attempt of the same try was decided."""
    decided = ways.rows(Moment.DECIDED)
    last = np.full(ways.keys, NEVER, np.int64)
    np.maximum.at(last, ways.try_of[ways.key(decided)], decided.attempt)
    return np.asarray(rows.attempt >= last[ways.try_of[ways.key(rows)]])


def _of_clients(ways: Paths, moment: Moment) -> Rows:
    """Only what is sent again without having been refused before is sent again for want of patience."""
    rows = ways.rows(moment)
    if moment != Moment.SENT:
        return rows
    rows, answers = rows.take(rows.attempt > 0), ways.rows(Moment.ANSWERED)
    refused = answers.take(answers.outcome == Answer.FAILURE)
    first = first_times(refused.command, refused.time, ways.commands)[rows.command]
    attempt = first_times(refused.command, refused.attempt.astype(np.int64), ways.commands)[rows.command]
    earlier = (first >= 0) & (first <= rows.time) & (attempt < rows.attempt)
    return rows.take(~earlier)


def _troubles_of_the_world(trace: Trace) -> Rows:
    """Crashes, second instances, faults that came into force or struck nobody in particular, what left the log.

    A fault that crashed a part struck that part.
    """
    second = trace.of(Moment.RESTARTED)
    second = second.take(second.outcome == Part.INSTANCE)
    struck = trace.of(Moment.FAULT_STRUCK)
    crashed = set(zip(trace.of(Moment.CRASHED).value.tolist(), trace.of(Moment.CRASHED).time.tolist(), strict=True))
    crashes = [strike in crashed for strike in zip(struck.place.tolist(), struck.time.tolist(), strict=True)]
    struck = struck.take((struck.command < 0) & ~np.array(crashes, np.bool_))
    others = [trace.of(moment) for moment in (Moment.FAULT_BEGAN, Moment.CRASHED, Moment.VANISHED, Moment.ALTERED)]
    rows = _together([struck, second, *others])
    return rows.take(np.argsort(rows.time, kind="stable"))


def _of_a_shard(rows: Rows) -> Bools:
    of_part = np.isin(rows.moment, (Moment.CRASHED, Moment.RESTARTED))
    return np.asarray(of_part & np.isin(rows.outcome, (Part.HANDLER, Part.INSTANCE)), np.bool_)


def _shard_of(rows: Rows) -> Ints:
    """Which shard a trouble of the world concerns; -1 for all."""
    return np.where(_of_a_shard(rows), rows.place, NEVER).astype(np.int64)


def _world_ends(trace: Trace, rows: Rows) -> Ints:
    """Crashes end with the next start of the part, periods of faults with their end, all else at once."""
    ends = rows.time.copy()
    for begins, over in ((Moment.CRASHED, Moment.RESTARTED), (Moment.FAULT_BEGAN, Moment.FAULT_ENDED)):
        here, later = np.flatnonzero(rows.moment == begins), trace.of(over)
        place, part = rows.place[here].astype(np.int64), rows.outcome[here].astype(np.int64)
        width = max(Part) + 1
        until = first_after(
            later.place * np.int64(width) + later.outcome, later.time, place * width + part, rows.time[here]
        )
        ends[here] = np.where(until < 0, FOREVER, until)
    return ends


def most_common(causes: Counter[str]) -> str:
    """Causes with how often they occur, the most common first; of equally common ones in the order of their names.

    >>> most_common(Counter({"stall": 2, "loss": 1, "disk full": 1}))
    'stall (2), disk full (1), loss (1)'
    """
    ordered = sorted(causes.items(), key=lambda cause: (-cause[1], cause[0]))
    return ", ".join(f"{word} ({count})" for word, count in ordered)
