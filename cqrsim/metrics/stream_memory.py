"""How a stream's memory is used: numbers and lists, records, rings of them, and who has left the system."""

from __future__ import annotations

from typing import Any

from cqrsim.metrics import layout as at
from cqrsim.metrics.compiled import inlined, kernel

LOW_WORD = (1 << 32) - 1
NOWHERE = -1


@inlined
def add(numbers: Any, where: int, amount: int) -> None:
    """Add to a sum of two words."""
    numbers[where] += amount >> 32
    numbers[where + 1] += amount & LOW_WORD


@inlined
def left(numbers: Any, time: int) -> Any:
    """How much of the window is left at a time."""
    return max(numbers[at.LENGTH] - max(time, numbers[at.BEGIN]), 0)


@inlined
def put(memory: Any, which: int, number: int) -> None:
    """Put a number at the end of a list."""
    numbers = memory.numbers
    memory.lists[numbers[which + at.LISTS] + numbers[which]] = number
    numbers[which] += 1


@kernel
def take_record(memory: Any, kind: int) -> Any:
    """A fresh record: all of it -1, but for its kind."""
    numbers, pool = memory.numbers, memory.pool
    record = numbers[at.FREE]
    if record >= 0:
        numbers[at.FREE] = pool[record + at.NEXT]
    else:
        record = numbers[at.USED]
        numbers[at.USED] += numbers[at.WIDTH]
    for word in range(numbers[at.WIDTH]):
        pool[record + word] = -1
    pool[record + at.KIND] = kind
    return record


@inlined
def free_record(memory: Any, record: int) -> None:
    """Give back a record."""
    memory.pool[record + at.KIND] = at.FREED
    memory.pool[record + at.NEXT] = memory.numbers[at.FREE]
    memory.numbers[at.FREE] = record


@inlined
def enter(memory: Any, level: int, time: int) -> None:
    """One more is there."""
    numbers = memory.numbers
    numbers[level] += 1
    add(numbers, level + 2, left(numbers, time))


@inlined
def leave(memory: Any, level: int, time: int) -> None:
    """One less is there."""
    numbers = memory.numbers
    numbers[level] -= 1
    add(numbers, level + 2, -left(numbers, time))


# --- rings: records of an aggregate, to and from which it is but a step ---------------------------------------------


@inlined
def join(pool: Any, streams: Any, head: int, record: int, before: int, behind: int) -> None:
    """Put a record at the front of a ring."""
    first = streams[head]
    pool[record + before], pool[record + behind] = NOWHERE, first
    if first >= 0:
        pool[first + before] = record
    streams[head] = record


@inlined
def part(pool: Any, streams: Any, head: int, record: int, before: int, behind: int) -> None:
    """Take a record out of a ring."""
    ahead, after = pool[record + before], pool[record + behind]
    if ahead >= 0:
        pool[ahead + behind] = after
    else:
        streams[head] = after
    if after >= 0:
        pool[after + before] = ahead


# --- whether commands have left the system ------------------------------------------------------------------------

B_MOST, B_FATE, B_WHOSE, PER_BREAK = 0, 1, 2, 3
OPEN_FATE, STAYED, LEFT_THEN = 0, 1, 2


@kernel
def may_leave(memory: Any, command: int) -> None:
    """From here on the command has left the system, if nothing more becomes of it."""
    numbers, pool, breaks = memory.numbers, memory.pool, memory.breaks
    if pool[command + at.STORED_AT] >= 0 or pool[command + at.EMPTY_AT] >= 0:
        return
    stays(memory, command)
    here = numbers[at.BREAKS]
    breaks[here + B_MOST], breaks[here + B_FATE], breaks[here + B_WHOSE] = 0, OPEN_FATE, command
    pool[command + at.BREAK] = here
    numbers[at.BREAKS] += PER_BREAK


@inlined
def stays(memory: Any, command: int) -> None:
    """It has not left where it might have."""
    here = memory.pool[command + at.BREAK]
    if here >= 0:
        memory.breaks[here + B_FATE] = STAYED
        memory.pool[command + at.BREAK] = NOWHERE


@kernel
def left_there(memory: Any, command: int, time: int) -> None:
    """It has left where it might have."""
    here = memory.pool[command + at.BREAK]
    memory.breaks[here + B_FATE] = LEFT_THEN
    memory.pool[command + at.BREAK] = NOWHERE
    add(memory.numbers, at.IN_SYSTEM + 2, -left(memory.numbers, time))


@kernel
def observe(memory: Any) -> None:
    """Note the levels that lasted from the present instant until a later one."""
    numbers = memory.numbers
    for level in range(at.WAITING, at.CACHED + 4, 4):
        numbers[level + 1] = max(numbers[level + 1], numbers[level])
    latest = numbers[at.BREAKS] - PER_BREAK
    memory.breaks[latest + B_MOST] = max(memory.breaks[latest + B_MOST], numbers[at.IN_SYSTEM])
