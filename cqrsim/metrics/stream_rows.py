"""One row after the other: each step of a journey changes what is known of its command, of its aggregate, of all."""

from __future__ import annotations

from typing import Any

from cqrsim.metrics import layout as at
from cqrsim.metrics.compiled import inlined, kernel
from cqrsim.metrics.handles import opened, pointer
from cqrsim.metrics.stream_ends import finish
from cqrsim.metrics.stream_log import (
    applies,
    flush,
    folds,
    rereads,
    stream_of,
)
from cqrsim.metrics.stream_memory import (
    NOWHERE,
    add,
    enter,
    left,
    observe,
    put,
)
from cqrsim.metrics.stream_reads import expects, looks
from cqrsim.metrics.stream_steps import (
    append_may_be_lost,
    attempt_of,
    gives_up,
    has_failed,
    has_looked,
    is_admitted,
    is_decided,
    is_informed,
    is_lost,
    is_received,
    is_released,
    is_sent,
    is_through,
    issue,
    leaves_for_good,
)
from cqrsim.metrics.stream_store import (
    begins_write,
    ends_write,
    expires,
    is_cached,
    is_refused,
    polls,
    restarts,
    stores_refusal,
)
from cqrsim.metrics.stream_words import (
    ADMITTED,
    ANSWERED,
    APPEND_ANSWERED,
    APPEND_FAILED,
    APPEND_RECEIVED,
    APPEND_SENT,
    APPEND_STARTED,
    APPLIED,
    BACKGROUND_READ,
    BUFFERED,
    CAUGHT,
    CRASHED,
    DECIDED,
    FINE,
    FOLDED,
    FORGOTTEN,
    GAP,
    GAVE_UP,
    INFORMED,
    ISSUED,
    LATE,
    MESSAGE_LOST,
    OK,
    OWN_READ,
    POLLED,
    RECEIVED,
    REFUSAL_CACHED,
    REFUSAL_EXPIRED,
    REFUSAL_LOST,
    REFUSAL_STORED,
    RELEASED,
    REREAD,
    RESTARTED,
    SENT,
    STORE_TO_CLIENT,
    UNEXPECTED,
    WRITTEN,
)

# --- instants -----------------------------------------------------------------------------------------------------


@kernel
def next_instant(memory: Any, time: int) -> None:
    """All rows of the present instant are known."""
    numbers = memory.numbers
    if numbers[at.WRITING] + numbers[at.JUDGING] > 0:
        flush(memory)
    now = numbers[at.NOW]
    if now < numbers[at.LENGTH] and time > numbers[at.BEGIN]:
        observe(memory)
    if numbers[at.SUCCESSES] + numbers[at.FAILURES] > 0:
        _refusing(numbers, now)
        if numbers[at.END_HERE] - numbers[at.LOG_END] != numbers[at.EVENTS_HERE]:
            numbers[at.STATUS] = GAP
        numbers[at.LOG_END], numbers[at.EVENTS_HERE] = numbers[at.END_HERE], 0
    numbers[at.LOSING] = 0
    numbers[at.NOW] = time


@kernel
def _refusing(numbers: Any, now: int) -> None:
    """Successes end a stretch in which the store refuses; then failures begin one."""
    if numbers[at.SUCCESSES] > 0 and numbers[at.REFUSES] == 1:
        numbers[at.REFUSES] = 0
        add(numbers, at.REFUSING_TIME, -left(numbers, now))
    if numbers[at.FAILURES] > 0 and numbers[at.REFUSES] == 0:
        numbers[at.REFUSES] = 1
        add(numbers, at.REFUSING_TIME, left(numbers, now))
    numbers[at.REFUSED_COUNT] += numbers[at.FAILURES]
    numbers[at.SUCCESSES] = numbers[at.FAILURES] = 0


# --- all rows -----------------------------------------------------------------------------------------------------


@kernel
def take_rows(memory: Any, rows: Any) -> int:
    """Take in rows, in their order, until something is wrong; how many were taken."""
    count = len(rows) // 7
    memory, rows = opened(memory), pointer(rows)
    numbers = memory.numbers
    for i in range(0, 7 * count, 7):
        if rows[i] != numbers[at.NOW]:
            next_instant(memory, rows[i])
        moment, number = rows[i + 1], rows[i + 2]
        if moment > WRITTEN and numbers[at.WRITING] + numbers[at.JUDGING] > 0:
            flush(memory)
        if moment < ISSUED:
            if moment == RESTARTED:
                restarts(memory, rows[i + 5], rows[i + 4], rows[i + 6])
            elif moment >= CRASHED and moment <= FORGOTTEN:
                numbers[at.STATUS] = UNEXPECTED + moment
        elif moment == BACKGROUND_READ:
            reader, aggregate = numbers[at.FIRST_READER] + memory.reader[number], memory.read_aggregate[number]
            looks(memory, reader, aggregate, rows[i + 4], stream_of(memory, aggregate))
        elif number >= 0:
            _take_row(memory, rows, i, moment, number)
        if numbers[at.STATUS] != FINE:
            return i // 7
    return count


@inlined
def _take_row(memory: Any, rows: Any, i: int, moment: int, number: int) -> None:
    """A row of a command."""
    numbers = memory.numbers
    now, trial, place, outcome, value = rows[i], rows[i + 3], rows[i + 4], rows[i + 5], rows[i + 6]
    if moment == ISSUED:
        issue(memory, number, now, value)
    flags = memory.flags[number]
    measured = flags & at.MEASURED
    numbers[at.SEEN + moment] += measured
    if flags & at.SAMPLED:
        for column in range(7):
            put(memory, at.KEPT, rows[i + column])
    _for_all(memory, number, moment, trial, place, outcome, value, measured)
    slot = memory.slots[number]
    if slot >= 0:
        command = slot * numbers[at.WIDTH]
        if moment >= ANSWERED or moment == CAUGHT:
            _step_of_command(memory, command, moment, place, outcome, now)
        elif moment != ISSUED and moment != REFUSAL_CACHED:
            attempt = attempt_of(memory, command, trial)
            _step_of_attempt(memory, command, attempt, moment, place, outcome, value)
        if memory.pool[command + at.DEBT] == 0:
            finish(memory, command)
    elif slot == NOWHERE or moment in (SENT, RECEIVED, DECIDED, APPEND_SENT, WRITTEN, APPEND_FAILED, INFORMED, GAVE_UP):
        numbers[at.STATUS] = LATE


@inlined
def _for_all(
    memory: Any, number: int, moment: int, trial: int, place: int, outcome: int, value: int, measured: int
) -> None:
    """What a row says whatever is known of its command."""
    numbers = memory.numbers
    now = numbers[at.NOW]
    if BUFFERED <= moment <= REFUSAL_LOST:
        ends_write(numbers, number, trial, now)
        if moment == REFUSAL_STORED:
            stores_refusal(numbers, memory.error_bytes[number * numbers[at.STRIDES + 6]], value)
        elif moment in (REFUSAL_LOST, APPEND_FAILED):
            is_refused(numbers, moment == APPEND_FAILED, outcome, now)
        elif moment == WRITTEN and outcome == OK:
            numbers[at.SUCCESSES] += 1
    elif moment == APPEND_STARTED:
        begins_write(numbers, number, trial, now)
    elif moment == APPLIED:
        if memory.flags[number] & at.AWAITS:
            numbers[at.AWAITED] += measured
    elif moment == REREAD:
        if numbers[at.FOLDS]:
            rereads(memory, memory.aggregate[number * numbers[at.STRIDES + 2]])
    elif moment == POLLED:
        polls(memory, number, place, outcome)
    elif moment == REFUSAL_CACHED:
        is_cached(memory, number, now)
    elif moment == REFUSAL_EXPIRED:
        expires(memory, number, value, now)
    elif moment == MESSAGE_LOST:
        numbers[at.LOST + place] += measured
        if place == STORE_TO_CLIENT and measured:
            put(memory, at.LOSING, number)
    elif moment == OWN_READ:
        session, aggregate = (
            memory.session[number * numbers[at.STRIDES + 1]],
            memory.aggregate[number * numbers[at.STRIDES + 2]],
        )
        if looks(memory, session, aggregate, place, stream_of(memory, aggregate)):
            expects(memory, session, aggregate, place)
        if not memory.flags[number] & at.READS_OWN:
            numbers[at.STATUS] = UNEXPECTED + OWN_READ


@inlined
def _step_of_command(memory: Any, command: int, moment: int, place: int, outcome: int, now: int) -> None:
    pool = memory.pool
    if moment == ANSWERED:
        if pool[command + at.ANSWERED] < 0:
            pool[command + at.ANSWERED] = now
            pool[command + at.DEBT] -= 1
    elif moment == INFORMED:
        is_informed(memory, command, place, outcome, now)
    elif moment == GAVE_UP:
        gives_up(pool, command, outcome, now)
    elif moment == OWN_READ:
        has_looked(pool, command, outcome, now)
    elif moment == CAUGHT and pool[command + at.CAUGHT] < 0:
        pool[command + at.CAUGHT] = now
        pool[command + at.DEBT] -= 1
        if pool[command + at.SENT] < 0:
            leaves_for_good(memory, command, now)


@inlined
def _step_of_attempt(
    memory: Any, command: int, attempt: int, moment: int, place: int, outcome: int, value: int
) -> None:
    numbers, pool = memory.numbers, memory.pool
    now = numbers[at.NOW]
    if moment == SENT:
        is_sent(pool, command, attempt, now)
    elif moment == RECEIVED:
        is_received(memory, command, attempt, now)
    elif moment == ADMITTED:
        is_admitted(memory, attempt, now)
    elif moment == DECIDED:
        is_decided(memory, command, attempt, outcome, value)
    elif moment == APPEND_SENT:
        pool[attempt + at.APPEND_SENT] = now
        if pool[attempt + at.LOST_BEFORE] == now:
            append_may_be_lost(memory, command, attempt, now)
    elif moment == APPEND_RECEIVED:
        pool[attempt + at.APPEND_RECEIVED] = now
        numbers[at.AT_STORE_COUNT] += 1
        enter(memory, at.AT_STORE, now)
    elif moment == BUFFERED:
        pool[attempt + at.BUFFERED] = now
        is_through(pool, attempt, now)
    elif moment == WRITTEN and outcome == OK:
        pool[attempt + at.POSITION] = value
        is_through(pool, attempt, now)
        put(memory, at.WRITING, attempt)
    elif moment in (WRITTEN, APPEND_FAILED):
        has_failed(memory, command, attempt, outcome, now)
    elif moment == APPEND_ANSWERED:
        pool[attempt + at.HEARD] = now
    elif moment == FOLDED:
        folds(memory, attempt)
    elif moment == APPLIED:
        if outcome == 0:
            applies(memory, attempt, place)
    elif moment == RELEASED:
        is_released(memory, command, attempt, now)
    elif moment == MESSAGE_LOST:
        is_lost(memory, command, attempt, place, outcome)


@kernel
def end_rows(memory: Any) -> None:
    """There are no more rows: the last instant is complete."""
    memory = opened(memory)
    next_instant(memory, memory.numbers[at.END] if memory.numbers[at.END] > memory.numbers[at.NOW] else 1 << 62)
    observe_last(memory)


@kernel
def observe_last(memory: Any) -> None:
    """What is there when nothing changes any more lasts for ever."""
    if memory.numbers[at.NOW] < memory.numbers[at.LENGTH]:
        observe(memory)


@kernel
def finish_some(memory: Any, start: int, count: int) -> int:
    """Judge some of the commands that are still open when the run is over, as it is then; where to go on."""
    memory = opened(memory)
    numbers, pool = memory.numbers, memory.pool
    record = start
    while record < numbers[at.USED] and count > 0:
        if pool[record + at.KIND] == at.COMMAND and pool[record + at.DONE] < 0:
            finish(memory, record)
            count -= 1
        record += numbers[at.WIDTH]
    return record
