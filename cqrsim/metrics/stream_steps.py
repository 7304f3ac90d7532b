"""What each step of a journey changes: of its command, of its attempt, and of how many are where."""

from __future__ import annotations

from typing import Any

from cqrsim.metrics import layout as at
from cqrsim.metrics.compiled import inlined, kernel
from cqrsim.metrics.stream_log import (
    IS_DECISION,
    IS_LOST_APPEND,
    forbidden_then,
    is_extra,
    settle,
    stream_of,
    suspect,
)
from cqrsim.metrics.stream_memory import (
    add,
    enter,
    leave,
    left,
    may_leave,
    put,
    stays,
    take_record,
)
from cqrsim.metrics.stream_reads import knows
from cqrsim.metrics.stream_words import (
    CLIENT_TO_HANDLER,
    CONFLICT,
    EVENT_PUSH,
    FAILURE,
    FENCED,
    HANDLER_TO_STORE,
    IS_ACCEPTED,
    IS_FORBIDDEN,
    IS_OVERLOADED,
    STORE_TO_HANDLER,
    STORE_TO_PROJECTION,
    STORE_TO_SUBSCRIBER,
    SUCCESS,
    YES,
)

# --- commands and attempts ----------------------------------------------------------------------------------------


@kernel
def issue(memory: Any, number: int, now: int, said: int) -> None:
    """A command comes into being."""
    numbers, pool = memory.numbers, memory.pool
    command, strides = take_record(memory, at.COMMAND), at.STRIDES
    group = memory.group[number * numbers[strides]]
    session = memory.session[number * numbers[strides + 1]]
    intended = memory.intended[number * numbers[strides + 7]]
    if intended < 0:
        intended = said if said >= 0 else now
    flags = memory.group_flags[group] | memory.flags[number]
    numbers[at.ISSUED_COUNT] += 1
    if numbers[at.BEGIN] <= intended < numbers[at.LENGTH]:
        flags |= at.MEASURED
        numbers[at.IN_WINDOW] += 1
    if numbers[at.BEGIN] <= now < numbers[at.LENGTH]:
        numbers[at.ISSUED_RATE] += 1
    memory.flags[number] = flags
    memory.slots[number] = command // numbers[at.WIDTH]
    pool[command + at.NUMBER], pool[command + at.GROUP], pool[command + at.SESSION] = number, group, session
    pool[command + at.AGGREGATE] = memory.aggregate[number * numbers[strides + 2]]
    pool[command + at.CHANGE] = memory.change[number * numbers[strides + 3]]
    pool[command + at.EVENT_COUNT] = memory.events[number * numbers[strides + 4]]
    pool[command + at.EVENT_SIZE] = memory.event_bytes[number * numbers[strides + 5]]
    pool[command + at.FLAGS], pool[command + at.INTENDED], pool[command + at.ISSUED] = flags, intended, now
    pool[command + at.DEBT] = 2  # an answer, and the outcome
    numbers[at.OPEN] += 1
    enter(memory, at.IN_SYSTEM, now)
    if numbers[at.ORDERED_USERS]:
        users, user = memory.users, session * (at.U_APPLIED + numbers[at.PROJECTIONS])
        if users[user + at.U_HEAD] < 0:
            users[user + at.U_HEAD] = command
        else:
            pool[users[user + at.U_TAIL] + at.NEXT] = command
        users[user + at.U_TAIL] = command


@inlined
def attempt_of(memory: Any, command: int, trial: int) -> Any:
    """The record of an attempt; made when it is first met."""
    pool = memory.pool
    latest = pool[command + at.LATEST]
    if latest >= 0 and pool[latest + at.TRIAL] == trial:
        return latest
    attempt = pool[command + at.FIRST]
    while attempt >= 0 and pool[attempt + at.TRIAL] != trial:
        attempt = pool[attempt + at.NEXT]
    if attempt < 0:
        attempt = take_record(memory, at.ATTEMPT)
        pool[attempt + at.OF], pool[attempt + at.TRIAL] = command, trial
        pool[attempt + at.TRY] = trial // memory.numbers[at.PER_TRY]
        pool[attempt + at.NEXT] = pool[command + at.FIRST]
        pool[command + at.FIRST] = attempt
        pool[command + at.DEBT] += 1
    pool[command + at.LATEST] = attempt
    return attempt


# --- steps of attempts --------------------------------------------------------------------------------------------


@inlined
def is_sent(pool: Any, command: int, attempt: int, now: int) -> None:
    """A client has sent it."""
    if pool[attempt + at.A_SENT] < 0:
        pool[attempt + at.A_SENT] = now
    if pool[command + at.SENT] < 0:
        pool[command + at.SENT] = now


@inlined
def is_received(memory: Any, command: int, attempt: int, now: int) -> None:
    """It has reached a handler."""
    numbers, pool = memory.numbers, memory.pool
    if pool[attempt + at.RECEIVED] < 0:
        pool[attempt + at.RECEIVED] = now
        pool[command + at.DEBT] += 1  # the turn passes on
        numbers[at.WAITING_COUNT] += 1
        enter(memory, at.WAITING, now)


@inlined
def is_admitted(memory: Any, attempt: int, now: int) -> None:
    """It has the turn, and a worker."""
    numbers, pool = memory.numbers, memory.pool
    pool[attempt + at.ADMITTED] = now
    if pool[attempt + at.RECEIVED] >= 0:
        leave(memory, at.WAITING, now)
    numbers[at.VALIDATING_COUNT] += 1
    enter(memory, at.VALIDATING, now)
    if numbers[at.WORKER_WAITS] and pool[attempt + at.TRIAL] % numbers[at.PER_TRY] == 0:
        numbers[at.WORKING_COUNT] += 1
        add(numbers, at.WORKING_TIME, left(numbers, now))


@kernel
def is_decided(memory: Any, command: int, attempt: int, decision: int, version: int) -> None:
    """It is accepted or refused."""
    _numbers, pool, now = memory.numbers, memory.pool, memory.numbers[at.NOW]
    pool[attempt + at.DECIDED], pool[attempt + at.DECISION] = now, decision
    pool[attempt + at.VERSION] = version
    if decision == IS_OVERLOADED:
        leave(memory, at.WAITING, now)
        may_leave(memory, command)
        settle(memory, attempt)
        pool[command + at.DEBT] -= 1
        return
    leave(memory, at.VALIDATING, now)
    judge_soon(memory, command, attempt, decision, version)
    if decision != IS_ACCEPTED:
        may_leave(memory, command)
        settle(memory, attempt)
    elif pool[command + at.EVENT_COUNT] == 0:
        settle(memory, attempt)
        if pool[command + at.EMPTY_AT] < 0:
            leaves_for_good(memory, command, now)
            pool[command + at.EMPTY_AT] = pool[command + at.STORED_AT] = now


@inlined
def leaves_for_good(memory: Any, command: int, now: int) -> None:
    """It leaves the system, whatever else becomes of it."""
    stays(memory, command)
    leave(memory, at.IN_SYSTEM, now)


@kernel
def judge_soon(memory: Any, command: int, attempt: int, decision: int, version: int) -> None:
    """Decisions are judged when all writes of their instant are known."""
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    measured = pool[command + at.FLAGS] & at.MEASURED
    aggregate = pool[command + at.AGGREGATE]
    stream = stream_of(memory, aggregate)
    numbers[at.DECISIONS] += measured
    if decision == IS_ACCEPTED:
        numbers[at.ACCEPTANCES] += measured
    elif decision == IS_FORBIDDEN:
        numbers[at.FORBIDDANCES] += measured
        numbers[at.FORBIDDEN_EVER] = 1
    durable = streams[stream + at.G_VERSION]
    if 0 <= version < durable:
        numbers[at.STALE] += measured
    to_judge = decision == IS_FORBIDDEN or (decision == IS_ACCEPTED and pool[command + at.EVENT_COUNT] == 0)
    if version > durable or (numbers[at.RULED] and to_judge):
        put(memory, at.JUDGING, IS_DECISION)
        put(memory, at.JUDGING, attempt)
    if measured and (streams[stream + at.G_SUSPECTS] >= 0 or streams[stream + at.G_EXTRA] >= 0):
        put(memory, at.DOUBTS, aggregate)
        put(memory, at.DOUBTS, numbers[at.NOW])


@kernel
def is_lost(memory: Any, command: int, attempt: int, link: int, view: int) -> None:
    """A message of an attempt was lost."""
    numbers, pool, now = memory.numbers, memory.pool, memory.numbers[at.NOW]
    if link == CLIENT_TO_HANDLER:
        if pool[attempt + at.LOST_COMMAND] < 0:
            pool[attempt + at.LOST_COMMAND] = now
            may_leave(memory, command)
            if pool[attempt + at.RECEIVED] < 0:
                settle(memory, attempt)
    elif link == HANDLER_TO_STORE:
        if pool[attempt + at.APPEND_SENT] < 0:
            pool[attempt + at.LOST_BEFORE] = now
        else:
            append_may_be_lost(memory, command, attempt, now)
    elif link in (STORE_TO_HANDLER, STORE_TO_SUBSCRIBER):
        if link == STORE_TO_HANDLER:
            pool[attempt + at.LOST_ANSWER] = now
        if pool[attempt + at.NOTICE] < 0:
            pool[attempt + at.NOTICE] = now
        if numbers[at.FOLDS] and pool[attempt + at.WRITTEN] >= 0 and pool[attempt + at.FOLDED] < 0:
            suspect(memory, attempt, stream_of(memory, pool[command + at.AGGREGATE]))
    elif link == STORE_TO_PROJECTION:
        here = attempt + at.VIEWS + 2 * view + 1
        if pool[here] < 0:
            pool[here] = now


@kernel
def append_may_be_lost(memory: Any, command: int, attempt: int, now: int) -> None:
    """A message to the store was lost while an append was on its way: that one, if it never arrives."""
    pool = memory.pool
    if pool[attempt + at.LOST_APPEND] < 0 and pool[attempt + at.APPEND_RECEIVED] < 0:
        pool[attempt + at.LOST_APPEND] = now
        may_leave(memory, command)
        if memory.numbers[at.RULED]:
            put(memory, at.JUDGING, IS_LOST_APPEND)
            put(memory, at.JUDGING, attempt)


@inlined
def is_through(pool: Any, attempt: int, now: int) -> None:
    """The store is through with an append, and its answer may have been lost at this very instant."""
    if pool[attempt + at.LOST_ANSWER] == now:
        pool[attempt + at.UNANSWERED] = 1


@kernel
def has_failed(memory: Any, command: int, attempt: int, outcome: int, now: int) -> None:
    """Its append has failed."""
    numbers, pool = memory.numbers, memory.pool
    if outcome == CONFLICT:
        numbers[at.CONFLICTS] += pool[command + at.FLAGS] & at.MEASURED
    if pool[attempt + at.FAILED] >= 0:
        return
    pool[attempt + at.FAILED], pool[attempt + at.FAILED_WITH] = now, outcome
    if pool[attempt + at.APPEND_RECEIVED] >= 0 and pool[attempt + at.WRITTEN] < 0:
        leave(memory, at.AT_STORE, now)
    is_through(pool, attempt, now)
    may_leave(memory, command)
    settle(memory, attempt)
    judged = outcome != CONFLICT and outcome != FENCED and pool[attempt + at.DECISION] == IS_ACCEPTED
    if numbers[at.RULED] and judged and forbidden_then(memory, attempt):
        numbers[at.WRONG_ACCEPT] += pool[command + at.FLAGS] & at.MEASURED
    if pool[attempt + at.FOLDED] >= 0:
        is_extra(memory, attempt, stream_of(memory, pool[command + at.AGGREGATE]))


@kernel
def is_released(memory: Any, command: int, attempt: int, now: int) -> None:
    """The turn of its try passes on."""
    numbers, pool = memory.numbers, memory.pool
    pool[attempt + at.RELEASED] = now
    pool[command + at.DEBT] -= 1
    other = pool[command + at.FIRST]
    while other >= 0:
        if pool[other + at.TRY] == pool[attempt + at.TRY]:
            if numbers[at.WORKER_WAITS] and pool[other + at.TRIAL] % numbers[at.PER_TRY] == 0:
                add(numbers, at.WORKING_TIME, -left(numbers, now))
            if numbers[at.FOLDS] and pool[other + at.WRITTEN] >= 0 and pool[other + at.FOLDED] < 0:
                suspect(memory, other, stream_of(memory, pool[command + at.AGGREGATE]))
        other = pool[other + at.NEXT]


# --- steps of commands --------------------------------------------------------------------------------------------


@kernel
def is_informed(memory: Any, command: int, channel: int, answer: int, now: int) -> None:
    """Its client is told an outcome."""
    numbers, pool = memory.numbers, memory.pool
    flags = pool[command + at.FLAGS]
    if channel == EVENT_PUSH:
        numbers[at.PUSHED] += flags & at.MEASURED
    if (answer != SUCCESS and answer != FAILURE) or pool[command + at.INFORMED] >= 0:
        return
    pool[command + at.INFORMED], pool[command + at.TOLD] = now, answer
    if numbers[at.BEGIN] <= now < numbers[at.LENGTH]:
        numbers[at.INFORMED_RATE] += 1
    if pool[command + at.GAVE_UP] < 0:
        pool[command + at.DEBT] -= 1
    if answer == SUCCESS and flags & at.READS_OWN:
        pool[command + at.DEBT] += 1
        knows(memory, command)


@kernel
def gives_up(pool: Any, command: int, belief: int, now: int) -> None:
    """Its client waits no more."""
    if pool[command + at.GAVE_UP] < 0 and pool[command + at.INFORMED] < 0:
        pool[command + at.DEBT] -= 1
    pool[command + at.GAVE_UP], pool[command + at.BELIEF] = now, belief


@kernel
def has_looked(pool: Any, command: int, seen: int, now: int) -> None:
    """Its client has read, and may have seen its change."""
    pool[command + at.HAS_READ] = 1
    if seen == YES and pool[command + at.SHOWN] < 0:
        pool[command + at.SHOWN] = now
        pool[command + at.DEBT] -= 1
