"""What the store, the error cache and the links are seen to do, whatever is known of the commands concerned."""

from __future__ import annotations

from typing import Any

from cqrsim.metrics import layout as at
from cqrsim.metrics.compiled import inlined, kernel
from cqrsim.metrics.stream_log import (
    applies,
)
from cqrsim.metrics.stream_memory import (
    NOWHERE,
    add,
    enter,
    leave,
    left,
)
from cqrsim.metrics.stream_words import (
    ERROR,
    ERROR_CACHE,
    EVENT_POLL,
    FAILURE,
    FULL,
    PROJECTION,
    RESTARTED,
    STORE,
    UNEXPECTED,
)

# --- the store, the cache, losses ---------------------------------------------------------------------------------


@inlined
def ends_write(numbers: Any, command: int, trial: int, now: int) -> None:
    """The leader of a batch is through, and so is the write."""
    if numbers[at.BUSY_COMMAND] == command and numbers[at.BUSY_ATTEMPT] == trial:
        add(numbers, at.BUSY_TIME, -left(numbers, now))
        numbers[at.BUSY_COMMAND] = NOWHERE


@inlined
def begins_write(numbers: Any, command: int, trial: int, now: int) -> None:
    """A batch is being written; where there was one already, that is over."""
    if numbers[at.BUSY_COMMAND] >= 0:
        add(numbers, at.BUSY_TIME, -left(numbers, now))
    numbers[at.WRITES_COUNT] += 1
    numbers[at.BUSY_COMMAND], numbers[at.BUSY_ATTEMPT] = command, trial
    add(numbers, at.BUSY_TIME, left(numbers, now))


@kernel
def stores_refusal(numbers: Any, size: int, position: int) -> None:
    """An error event is in the log."""
    numbers[at.SUCCESSES] += 1
    numbers[at.LOG_LENGTH] += 1
    numbers[at.ERROR_EVENTS] += 1
    add(numbers, at.ERROR_BYTES, size)
    numbers[at.EVENTS_HERE] += 1
    numbers[at.END_HERE] = max(numbers[at.END_HERE], position + 1)


@kernel
def is_refused(numbers: Any, is_append: bool, outcome: int, now: int) -> None:
    """The store has refused something."""
    if not is_append or outcome in (FULL, ERROR):
        numbers[at.FAILURES] += 1
    if outcome == FULL and numbers[at.FIRST_FULL] < 0:
        numbers[at.FIRST_FULL] = now


@kernel
def is_cached(memory: Any, number: int, now: int) -> None:
    """A refusal is in the error cache."""
    numbers, flags = memory.numbers, memory.flags
    numbers[at.CACHE_COUNT] += 1
    if flags[number] & at.IN_CACHE:
        return  # it takes the place of itself
    flags[number] |= at.IN_CACHE
    enter(memory, at.CACHED, now)


@kernel
def expires(memory: Any, number: int, pushed_out: int, now: int) -> None:
    """A refusal leaves the error cache."""
    memory.numbers[at.PUSHED_OUT] += pushed_out == 1
    if memory.flags[number] & at.IN_CACHE:
        memory.flags[number] &= ~at.IN_CACHE & 255
        leave(memory, at.CACHED, now)


@kernel
def polls(memory: Any, number: int, channel: int, answer: int) -> None:
    """Somebody looks; answers to polls of the event stream that were lost at once need not be counted."""
    numbers, lists = memory.numbers, memory.lists
    if channel == ERROR_CACHE:
        numbers[at.CACHE_LOOKS] += 1
        numbers[at.CACHE_HITS] += answer == FAILURE
    if channel == EVENT_POLL and numbers[at.LOSING] > 0:
        start = numbers[at.LOSING + at.LISTS]
        for i in range(start, start + numbers[at.LOSING]):
            if lists[i] == number:
                lists[i] = NOWHERE
                numbers[at.STOOD_FOR] += 1


@kernel
def restarts(memory: Any, part: int, view: int, position: int) -> None:
    """A projection has read the log up to a position, and shows what it says; a store may start again at any time."""
    numbers, pool = memory.numbers, memory.pool
    if part != STORE and part != PROJECTION:
        numbers[at.STATUS] = UNEXPECTED + RESTARTED
    if part != PROJECTION:
        return
    for attempt in range(0, numbers[at.USED], numbers[at.WIDTH]):
        is_durable = pool[attempt + at.KIND] == at.ATTEMPT and pool[attempt + at.WRITTEN] >= 0
        if is_durable and pool[attempt + at.POSITION] < position:
            applies(memory, attempt, view)
