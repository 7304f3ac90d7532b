"""The arrays of a stream: made, grown, emptied. Between two calls of the kernel there is always room for the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cqrsim.metrics import layout as at
from cqrsim.metrics.handles import DTYPES, handle_of
from cqrsim.metrics.histogram import BUCKETS
from cqrsim.metrics.steps import Bools, Ints
from cqrsim.metrics.stream_memory import B_FATE, B_MOST, B_WHOSE, LEFT_THEN, OPEN_FATE, PER_BREAK
from cqrsim.trace import About, Marks, Reads

ROWS = 8192
"""The kernel takes so many rows at once: no list can outgrow its room meanwhile."""
KEPT_LONGEST = 2048
"""Of each latency so many of the longest waits are known to the nanosecond."""
_PER_ROW = {
    at.TAIL: 0, at.CENSORED: 0, at.PARTS: 9, at.DOUBTS: 2, at.KEPT: 7, at.WRITING: 1, at.JUDGING: 2, at.LOSING: 1,
}  # fmt: skip
"""Numbers that a row may add to each list; the two of waits depend on how many latencies there are."""


def facts_of(
    about: About, marks: Marks, reads: Reads, own_reads: tuple[bool, ...]
) -> tuple[dict[str, NDArray[Any]], list[int]]:
    """What is known beforehand, and of each column of the marks 1, or 0 if one value stands for all commands."""
    names = ("group", "session", "aggregate", "change", "events", "event_bytes", "error_bytes", "intended")
    columns = {name: _column(getattr(marks, name)) for name in names}
    groups = max(len(about.groups), int(marks.group.max(initial=0)) + 1)
    flags = np.zeros(groups, np.uint8)
    for group in range(groups):
        awaits = about.answer_at[min(group, len(about.answer_at) - 1)] == "applied"
        looks = own_reads[min(group, len(own_reads) - 1)]
        flags[group] = awaits * at.AWAITS + looks * at.READS_OWN
    facts = {name: column for name, (column, _) in columns.items()}
    facts |= {"group_flags": flags, "reader": _dense(reads.session), "read_aggregate": _dense(reads.aggregate)}
    return facts, [stride for _, stride in columns.values()]


def _column(values: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """A column without gaps, as short as it can be."""
    is_constant = len(values) > 0 and values.strides[0] == 0
    return _dense(values[:1] if is_constant else values), int(not is_constant)


def _dense(values: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(values)


class Memory:
    """All arrays of a stream; what stands where is told by :mod:`cqrsim.metrics.layout`."""

    numbers: Ints
    pool: Ints
    """Records, each ``numbers[WIDTH]`` wide; a record goes by where it begins."""
    lists: Ints
    breaks: Ints
    """Where commands may have left the system: the most that was there since, what became of it, whose it is."""
    slots: NDArray[np.int32]
    """Of each command the number of its record, -1 before there is one, -2 when it is finished."""
    flags: NDArray[np.uint8]
    streams: Ints
    """One row for each aggregate."""
    users: Ints
    """One row for each session."""
    pairs: Ints
    """A hash table of sessions and aggregates."""
    waits: Ints
    """One row for each latency."""
    buckets: Ints
    """One histogram for each latency, that of its negative waits behind it."""

    def __init__(self, **arrays: NDArray[Any]) -> None:
        self.replace(**arrays)

    def replace(self, **arrays: NDArray[Any]) -> None:
        """Take other arrays from now on."""
        self.__dict__.update(arrays)
        everything = {name: self.__dict__[name] for name in DTYPES}
        self.__dict__["handle"] = handle_of(everything)

    @property
    def for_kernels(self) -> Any:
        """What kernels are handed."""
        return self.__dict__["handle"]


class Arrays:
    """The memory of a stream, and what has been taken out of it."""

    def __init__(
        self, about: About, marks: Marks, aggregates: int, sampled: Bools, facts: dict[str, NDArray[Any]]
    ) -> None:
        self.projections = len(about.projections)
        self.latencies = at.VIEW_WAITS + (2 * self.projections if self.projections > 1 else 0)
        self.width = at.VIEWS + 2 * self.projections
        self._tails: list[list[Ints]] = [[] for _ in range(self.latencies)]
        self._taken: dict[int, list[Ints]] = {at.CENSORED: [], at.PARTS: [], at.KEPT: []}
        self.left_early = 0
        """How many have left the system where they might have, and are not among those there any more."""
        self.most_before = 0
        self._per_row = _PER_ROW | dict.fromkeys((at.TAIL, at.CENSORED), 2 * self.latencies)
        self._sizes = {which: 2 * many * ROWS for which, many in self._per_row.items()}
        flags = np.zeros(len(marks), np.uint8)
        flags[sampled] = at.SAMPLED
        numbers = np.zeros(at.OF_PROJECTION + at.PER_PROJECTION * self.projections, np.int64)
        self.memory = Memory(
            numbers=numbers,
            pool=np.empty(4 * ROWS * self.width, np.int64),
            lists=np.empty(0, np.int64),
            breaks=np.zeros(8 * ROWS * PER_BREAK, np.int64),
            slots=np.full(len(marks), -1, np.int32),
            flags=flags,
            streams=self._streams(about, aggregates),
            users=self._users(marks.session),
            pairs=np.full(4 * ROWS * (at.P_MISSING + self.projections), -1, np.int64),
            waits=np.zeros(self.latencies * at.PER_LATENCY, np.int64),
            buckets=np.zeros(self.latencies * 2 * BUCKETS, np.int64),
            **facts,
        )
        self.memory.breaks[B_FATE] = 1
        numbers[at.BREAKS], numbers[at.TABLE] = PER_BREAK, 4 * ROWS
        numbers[at.ORDERED_USERS] = self._many_commands_each(marks.session)
        self._lay_out_lists()

    def _streams(self, about: About, aggregates: int) -> Ints:
        rows = np.full((aggregates, at.G_VIEWS + 2 * self.projections), -1, np.int64)
        rows[:, at.G_VERSION] = rows[:, at.G_VERSION_BEFORE] = 0
        rows[:, at.G_STATE] = rows[:, at.G_STATE_BEFORE] = about.start
        rows[:, at.G_VIEWS + 1 :: 2] = 0
        return rows.reshape(-1)

    def _many_commands_each(self, session: Ints) -> bool:
        """Whether any session issues more than one command: else there is no order to be kept."""
        seen = np.zeros(int(session.max(initial=-1)) + 1, np.bool_)
        seen[session] = True
        return int(seen.sum()) < len(session)

    def _users(self, session: Ints) -> Ints:
        """Rows of sessions; where order does not matter, one row serves for all."""
        count = int(session.max(initial=-1)) + 1 if self._many_commands_each(session) else 1
        return np.full(count * (at.U_APPLIED + self.projections), -1, np.int64)

    # --- room for the next rows ----------------------------------------------------------------------------------

    def make_room(self) -> None:
        """There is room for what the next rows may add."""
        numbers, memory = self.memory.numbers, self.memory
        records = int(numbers[at.USED]) // self.width
        self._drain()
        needed = {which: int(numbers[which]) + many * ROWS for which, many in self._per_row.items()}
        needed[at.PARTS] += 3 * records
        if any(size > self._sizes[which] for which, size in needed.items()):
            self._sizes = {which: max(2 * needed[which], size) for which, size in self._sizes.items()}
            self._lay_out_lists()
        record_words = (2 * ROWS + int(numbers[at.JUDGING])) * self.width
        if int(numbers[at.USED]) + record_words > len(memory.pool):
            self.memory.replace(pool=_longer(memory.pool, 2 * (int(numbers[at.USED]) + record_words)))
        if int(numbers[at.BREAKS]) + 2 * ROWS * PER_BREAK > len(memory.breaks):
            self._compact_breaks()
        self._make_room_for_pairs()

    def _lay_out_lists(self) -> None:
        """Lists stand one behind the other, each with room to grow."""
        numbers, old, start = self.memory.numbers, self.memory.lists, 0
        lists = np.empty(sum(self._sizes.values()), np.int64)
        for which, size in self._sizes.items():
            before, count = int(numbers[which + at.LISTS]), int(numbers[which])
            lists[start : start + count] = old[before : before + count]
            numbers[which + at.LISTS] = start
            start += size
        self.memory.replace(lists=lists)

    def _make_room_for_pairs(self) -> None:
        """Keep the table of pairs at most half full."""
        old, width = self.memory.pairs, at.P_MISSING + self.projections
        keys = int(self.memory.numbers[at.KEYS])
        if 2 * (keys + 2 * ROWS) <= len(old) // width:
            return
        rows = old.reshape(-1, width)
        size = 4 * (keys + 2 * ROWS)
        pairs = np.full((size, width), -1, np.int64)
        moved = np.full(len(rows), -1, np.int64)
        for row in np.flatnonzero(rows[:, at.P_KEY] >= 0).tolist():
            place = int(rows[row, at.P_KEY]) % 2_147_483_647 * 48271 % 2_147_483_647 % size
            while pairs[place, at.P_KEY] >= 0:
                place = (place + 1) % size
            pairs[place], moved[row] = rows[row], place * width
        records = self.records(at.COMMAND)
        here = records[:, at.PAIR] >= 0
        records[here, at.PAIR] = moved[records[here, at.PAIR] // width]
        self._put_back(at.COMMAND, records)
        self.memory.numbers[at.TABLE] = size
        self.memory.replace(pairs=pairs.reshape(-1))

    def records(self, kind: int) -> Ints:
        """All records of a kind, one a row: a copy."""
        rows = self.memory.pool[: int(self.memory.numbers[at.USED])].reshape(-1, self.width)
        found: Ints = rows[rows[:, at.KIND] == kind]
        return found

    def _put_back(self, kind: int, records: Ints) -> None:
        rows = self.memory.pool[: int(self.memory.numbers[at.USED])].reshape(-1, self.width)
        rows[rows[:, at.KIND] == kind] = records

    # --- what is taken out ---------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Take out what only grows, where it is worth it."""
        for which, parts in self._taken.items():
            if self.memory.numbers[which] > self._sizes[which] // 4:
                parts.append(self.take_out(which))
        if self.memory.numbers[at.TAIL] > self._sizes[at.TAIL] // 4:
            self._shorten_tails()

    def take_out(self, which: int) -> Ints:
        """All numbers of a list, which is empty then."""
        numbers = self.memory.numbers
        start, count = int(numbers[which + at.LISTS]), int(numbers[which])
        numbers[which] = 0
        return self.memory.lists[start : start + count].copy()

    def all_of(self, which: int, width: int) -> Ints:
        """All that was ever in a list, as rows."""
        self._taken[which].append(self.take_out(which))
        self._taken[which] = [np.concatenate(self._taken[which])]
        return self._taken[which][0].reshape(-1, width)

    def _shorten_tails(self) -> None:
        """Keep the longest waits only; from where on all are kept is noted."""
        found = self.take_out(at.TAIL).reshape(-1, 2)
        for latency, parts in enumerate(self._tails):
            parts.append(found[found[:, 0] == latency, 1])
            if sum(map(len, parts)) > 2 * KEPT_LONGEST:
                waits = np.concatenate(parts)
                limit = int(np.partition(waits, -KEPT_LONGEST)[-KEPT_LONGEST])
                self._tails[latency] = [waits[waits > limit]]
                self.memory.waits[latency * at.PER_LATENCY + at.W_TAIL] = limit + 1

    def tails(self) -> list[Ints]:
        """Of each latency the longest waits, ascending."""
        self._shorten_tails()
        return [np.sort(np.concatenate(parts)) for parts in self._tails]

    # --- how many were in the system -----------------------------------------------------------------------------

    def _compact_breaks(self) -> None:
        """Forget where commands might have left the system and have not, or have: the rest still has to turn out."""
        numbers = self.memory.numbers
        rows = self.memory.breaks[: int(numbers[at.BREAKS])].reshape(-1, PER_BREAK)
        left = np.cumsum(rows[:, B_FATE] == LEFT_THEN)
        most = rows[:, B_MOST] - left
        kept = np.flatnonzero(rows[:, B_FATE] == OPEN_FATE)
        starts = np.append(0, kept[kept > 0])
        fresh = np.ones((len(starts), PER_BREAK), np.int64)
        fresh[:, B_MOST] = np.maximum.reduceat(most, starts)
        fresh[1:, B_FATE], fresh[1:, B_WHOSE] = OPEN_FATE, rows[starts[1:], B_WHOSE]
        numbers[at.IN_SYSTEM] -= int(left[-1])
        numbers[at.BREAKS] = fresh.size
        breaks = self.memory.breaks
        if 2 * fresh.size > len(breaks):
            breaks = np.zeros(4 * fresh.size, np.int64)
        breaks[: fresh.size] = fresh.reshape(-1)
        self.memory.pool[fresh[1:, B_WHOSE] + at.BREAK] = np.arange(1, len(fresh)) * PER_BREAK
        self.memory.replace(breaks=breaks)

    def most_in_system(self) -> int:
        """The most commands that were in the system at once."""
        rows = self.memory.breaks[: int(self.memory.numbers[at.BREAKS])].reshape(-1, PER_BREAK)
        return max(int((rows[:, B_MOST] - np.cumsum(rows[:, B_FATE] == LEFT_THEN)).max()), 0)


def _longer(array: Ints, size: int) -> Ints:
    longer = np.empty(size, np.int64)
    longer[: len(array)] = array
    return longer
