"""What workers, disk and projections do, one thing after the other, and what led from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from cqrsim.messages import Decision
from cqrsim.metrics import queues
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import paths
from cqrsim.metrics.phases import Phase, phases
from cqrsim.metrics.steps import Ints
from cqrsim.moments import Moment
from cqrsim.trace import Trace


@dataclass(frozen=True, eq=False)
class Slices:
    """Stretches of work of one kind in the order of time; those of one ``part`` and ``worker`` do not overlap.

    Times are in ns.  ``command`` is whose work it is, or whose first where it is done for several at once; ``key`` is
    the attempt, as in :class:`~cqrsim.metrics.paths.Paths`.
    """

    part: Ints
    """Number of the shard or projection; 0 for the disk."""
    worker: Ints
    begins: Ints
    ends: Ints
    command: Ints
    key: Ints
    words: list[str]

    def __len__(self) -> int:
        return len(self.command)


def deciding(trace: Trace) -> Slices:
    """Commands being decided.  A trace does not say by which worker of a shard: it is the first that is free."""
    ways, some = paths(trace), phases(trace)
    some = some.take((some.phase == Phase.DECIDING) & (some.ends >= 0))
    order = np.lexsort((some.attempt, some.command, some.begins))
    command, begins, ends = some.command[order], some.begins[order], some.ends[order]
    key = command * ways.attempts + some.attempt[order]
    shard = trace.marks.aggregate[command] % max(trace.about.shards, 1)
    words = [f"{number} {said}" for number, said in zip(command.tolist(), _decided(trace, key), strict=True)]
    return Slices(shard, _first_free(shard, begins, ends), begins, ends, command, key, words)


def _decided(trace: Trace, key: Ints) -> list[str]:
    ways = paths(trace)
    rows = ways.rows(Moment.DECIDED)
    outcome = dict(zip(ways.key(rows).tolist(), rows.outcome.tolist(), strict=True))
    names = {int(decision): decision.name.lower() for decision in Decision}
    return [names.get(outcome.get(one, -1), "forgotten") for one in key.tolist()]


def _first_free(shard: Ints, begins: Ints, ends: Ints) -> Ints:
    """The workers, from 1, when whoever is free takes the next one; times ascend."""
    busy: dict[int, list[tuple[int, int]]] = {}
    idle: dict[int, list[int]] = {}
    worker = np.empty(len(shard), np.int64)
    for row, (where, begin, end) in enumerate(zip(shard.tolist(), begins.tolist(), ends.tolist(), strict=True)):
        at_work, free = busy.setdefault(where, []), idle.setdefault(where, [])
        while at_work and at_work[0][0] <= begin:
            heappush(free, heappop(at_work)[1])
        worker[row] = heappop(free) if free else len(at_work) + 1
        heappush(at_work, (end, int(worker[row])))
    return worker


def writing(trace: Trace) -> Slices:
    """The store's writes, each of one batch of appends, led by the command that it is called after."""
    ways, started, busy = paths(trace), paths(trace).rows(Moment.APPEND_STARTED), queues.store_busy(trace)
    ends = np.where(busy.ends < 0, np.maximum(busy.begins, trace.about.end_ns), busy.ends)
    words = [f"write {command}" if count <= 1 else f"write {command} and {count - 1} more"
             for command, count in zip(started.command.tolist(), started.value.tolist(), strict=True)]  # fmt: skip
    one = np.ones(len(started), np.int64)
    return Slices(0 * one, one, busy.begins, ends, started.command, ways.key(started), words)


def applying(trace: Trace) -> Slices:
    """Events on their way into projections: since they were published, or the ones before them were applied."""
    parts = [_applying(trace, place) for place in range(len(trace.about.projections))]
    nothing = np.empty(0, np.int64)

    def joined(name: str) -> Ints:
        return np.concatenate([nothing, *(getattr(part, name) for part in parts)])

    words = [words for part in parts for words in part.words]
    return Slices(
        joined("part"), joined("worker"), joined("begins"), joined("ends"), joined("command"), joined("key"), words
    )


def _applying(trace: Trace, place: int) -> Slices:
    log = log_of(trace)
    applied, published = log.applied[place], log.published
    shown = np.flatnonzero((applied >= 0) & (published >= 0))
    shown = shown[np.lexsort((log.position[shown], applied[shown]))]
    ends, first, counts = np.unique(applied[shown], return_index=True, return_counts=True)
    since = np.minimum.reduceat(published[shown], first) if len(first) else ends
    begins = np.minimum(np.maximum(since, np.append(np.int64(0), ends)[: len(ends)]), ends)
    command = log.command[shown[first]]
    words = [f"apply {number}" if count == 1 else f"apply {number} and {count - 1} more"
             for number, count in zip(command.tolist(), counts.tolist(), strict=True)]  # fmt: skip
    one = np.ones(len(ends), np.int64)
    return Slices(place * one, one, begins, ends, command, log.key[shown[first]], words)


# --- what led to what ------------------------------------------------------------------------------------------------


def decided_to_written(trace: Trace, decided: Slices, written: Slices) -> Iterator[tuple[int, int]]:
    """The decisions, and the writes that their appends were part of: row numbers of slices that take some time."""
    ended = paths(trace).append_ended[decided.key]
    write = np.searchsorted(written.begins, ended, side="left") - 1
    there = (ended >= 0) & (write >= 0)
    there[there] &= (written.ends[write[there]] >= ended[there]) & (decided.ends[there] <= ended[there])
    for row in np.flatnonzero(there & (decided.ends > decided.begins)).tolist():
        yield row, int(write[row])


def written_to_applied(trace: Trace, written: Slices, applied: Slices) -> Iterator[tuple[int, int]]:
    """The writes, and what projections did with the events: row numbers of slices that take some time."""
    durable = paths(trace).entered[applied.key]
    write = np.searchsorted(written.begins, durable, side="left") - 1
    there = (durable >= 0) & (write >= 0)
    there[there] &= written.ends[write[there]] >= durable[there]
    for row in np.flatnonzero(there & (applied.ends > applied.begins)).tolist():
        if applied.begins[row] >= written.begins[write[row]]:
            yield int(write[row]), row
