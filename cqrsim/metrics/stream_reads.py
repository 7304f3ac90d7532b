"""Reads as a stream meets them: how far behind they are, and what their sessions could expect."""

from __future__ import annotations

from typing import Any

from cqrsim.metrics import layout as at
from cqrsim.metrics.compiled import kernel
from cqrsim.metrics.stream_memory import NOWHERE, add, free_record, take_record

_PRIME = 2_147_483_647


@kernel
def pair_of(memory: Any, reader: int, aggregate: int) -> Any:
    """Where it stands what a session knows of an aggregate; made if there is nothing yet."""
    numbers, pairs = memory.numbers, memory.pairs
    width = at.P_MISSING + numbers[at.PROJECTIONS]
    size = numbers[at.TABLE]
    key = reader * numbers[at.AGGREGATES] + aggregate
    place = key % _PRIME * 48271 % _PRIME % size
    while pairs[place * width] >= 0 and pairs[place * width] != key:
        place = (place + 1) % size
    here = place * width
    if pairs[here] < 0:
        pairs[here + at.P_KEY] = key
        pairs[here + at.P_READ] = pairs[here + at.P_READS] = NOWHERE
        for word in range(at.P_DURABLE, width):
            if word != at.P_READS:
                pairs[here + word] = 0
        numbers[at.KEYS] += 1
    return here


@kernel
def looks(memory: Any, reader: int, aggregate: int, view: int, stream: int) -> bool:
    """Somebody reads: what is shown, what is missing, what the session had seen before. Whether that is measured."""
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    now = numbers[at.NOW]
    oldest, lacks = streams[stream + at.G_VIEWS + 2 * view], streams[stream + at.G_VIEWS + 2 * view + 1]
    version = streams[stream + at.G_VERSION] - lacks
    pair = pair_of(memory, reader, aggregate)
    read_before = memory.pairs[pair + at.P_READ]
    memory.pairs[pair + at.P_READ] = max(read_before, version)
    if not numbers[at.BEGIN] <= now < numbers[at.LENGTH]:
        return False
    numbers[at.READS] += 1
    if lacks > 0:
        numbers[at.STALE_READS] += 1
        numbers[at.VERSIONS_BEHIND] += lacks
    if oldest >= 0:
        add(numbers, at.READ_TIME, now - pool[oldest + at.WRITTEN])
    if read_before >= 0:
        numbers[at.READ_FLOORS] += 1
        if version < read_before:
            numbers[at.READ_VIOLATED] += 1
    return True


# --- what sessions know to have written ---------------------------------------------------------------------------


@kernel
def knows(memory: Any, command: int) -> None:
    """A client has learned of the success of its command."""
    numbers, pool, pairs = memory.numbers, memory.pool, memory.pairs
    pair = pair_of(memory, pool[command + at.SESSION], pool[command + at.AGGREGATE])
    pool[command + at.KNOWN_AT], pool[command + at.PAIR] = numbers[at.NOW], pair
    pairs[pair + at.P_OPEN] += 1
    if pool[command + at.STORED] > 0:
        known_settles(memory, command, pool[command + at.WRITTEN_BY])


@kernel
def known_settles(memory: Any, command: int, attempt: int) -> None:
    """It is known which attempt made such a write durable (-1: none): reads that expect it are judged."""
    numbers, pool, pairs = memory.numbers, memory.pool, memory.pairs
    pair = pool[command + at.PAIR]
    pairs[pair + at.P_OPEN] -= 1
    pool[command + at.LEFT] = 0
    if attempt >= 0:
        pairs[pair + at.P_DURABLE] = 1
        for view in range(numbers[at.PROJECTIONS]):
            if pool[attempt + at.VIEWS + 2 * view] < 0:
                pairs[pair + at.P_MISSING + view] += 1
    read, before = pairs[pair + at.P_READS], NOWHERE
    while read >= 0:
        following = pool[read + at.NEXT]
        if pool[read + at.R_TIME] >= pool[command + at.KNOWN_AT] and _is_judged(memory, read, attempt):
            if before >= 0:
                pool[before + at.NEXT] = following
            else:
                pairs[pair + at.P_READS] = following
            free_record(memory, read)
        else:
            before = read
        read = following


@kernel
def _is_judged(memory: Any, read: int, attempt: int) -> bool:
    """Take one of the writes into account that a read expects; whether that was the last that mattered."""
    pool = memory.pool
    pool[read + at.R_LEFT] -= 1
    violated = False
    if attempt >= 0:
        shown = pool[attempt + at.VIEWS + 2 * pool[read + at.R_VIEW]]
        violated = shown < 0 or shown > pool[read + at.R_TIME]
        pool[read + at.R_FLOOR] = 1
    if violated or pool[read + at.R_LEFT] == 0:
        _count(memory.numbers, pool[read + at.R_FLOOR] == 1, violated)
        return True
    return False


@kernel
def _count(numbers: Any, has_floor: bool, violated: bool) -> None:
    if has_floor:
        numbers[at.OWN_FLOORS] += 1
        numbers[at.OWN_VIOLATED] += violated


@kernel
def expects(memory: Any, session: int, aggregate: int, view: int) -> None:
    """A measured own read: whether it shows all that its session knows to have written."""
    numbers, pool, pairs = memory.numbers, memory.pool, memory.pairs
    pair = pair_of(memory, session, aggregate)
    has_floor = pairs[pair + at.P_DURABLE] == 1
    if pairs[pair + at.P_MISSING + view] > 0 or pairs[pair + at.P_OPEN] == 0:
        _count(numbers, has_floor, pairs[pair + at.P_MISSING + view] > 0)
        return
    read = take_record(memory, at.READ)
    pool[read + at.R_TIME], pool[read + at.R_VIEW] = numbers[at.NOW], view
    pool[read + at.R_FLOOR], pool[read + at.R_LEFT] = has_floor, pairs[pair + at.P_OPEN]
    pool[read + at.NEXT] = pairs[pair + at.P_READS]
    pairs[pair + at.P_READS] = read
