"""The log as a stream meets it: versions and states of aggregates, decisions judged by them, divergence, views."""

from __future__ import annotations

from typing import Any

from cqrsim.messages import AppendOutcome, Decision
from cqrsim.metrics import layout as at
from cqrsim.metrics.compiled import inlined, kernel
from cqrsim.metrics.handles import opened
from cqrsim.metrics.stream_memory import (
    NOWHERE,
    add,
    free_record,
    join,
    leave,
    left,
    part,
    put,
    stays,
    take_record,
)
from cqrsim.metrics.stream_reads import known_settles

ACCEPTED, FORBIDDEN = int(Decision.ACCEPTED), int(Decision.FORBIDDEN)
CONFLICT, FENCED = int(AppendOutcome.CONFLICT), int(AppendOutcome.FENCED)
IS_DECISION, IS_LOST_APPEND = 0, 1
CURRENT_OF_STREAM = 0


@inlined
def stream_of(memory: Any, aggregate: int) -> Any:
    """Where the row of an aggregate begins."""
    return aggregate * (at.G_VIEWS + 2 * memory.numbers[at.PROJECTIONS])


@inlined
def allows(numbers: Any, state: int, change: int) -> Any:
    """Whether the range rule lets a state change."""
    return numbers[at.LOW] <= state + change <= numbers[at.HIGH]


# --- the writes and decisions of an instant -------------------------------------------------------------------------


@kernel
def flush(memory: Any) -> None:
    """All writes of the present instant are known: they enter the log in its order, and decisions are judged by it."""
    numbers, pool, lists = memory.numbers, memory.pool, memory.lists
    start, count = numbers[at.WRITING + at.LISTS], numbers[at.WRITING]
    if count > 1:
        _sort_by_position(pool, lists, start, count)
    for i in range(start, start + count):
        _enters_log(memory, lists[i])
    judged = numbers[at.JUDGING + at.LISTS]
    for i in range(judged, judged + numbers[at.JUDGING], 2):
        if lists[i] == IS_DECISION:
            _judge_decision(memory, lists[i + 1])
        else:
            pool[lists[i + 1] + at.LOST_WRONG] = forbidden_then(memory, lists[i + 1])
    numbers[at.WRITING] = numbers[at.JUDGING] = 0


@kernel
def _sort_by_position(pool: Any, lists: Any, start: int, count: int) -> None:
    """Shell's sort: they are few, or almost in order."""
    gap = count // 2
    while gap > 0:
        for i in range(start + gap, start + count):
            attempt, here = lists[i], i
            while here >= start + gap and pool[lists[here - gap] + at.POSITION] > pool[attempt + at.POSITION]:
                lists[here] = lists[here - gap]
                here -= gap
            lists[here] = attempt
        gap //= 2


@kernel
def _enters_log(memory: Any, attempt: int) -> None:
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    command, now = pool[attempt + at.OF], numbers[at.NOW]
    events, measured = pool[command + at.EVENT_COUNT], pool[command + at.FLAGS] & at.MEASURED
    stream = stream_of(memory, pool[command + at.AGGREGATE])
    pool[attempt + at.WRITTEN] = now
    _count_write(memory, attempt, command, now)
    if numbers[at.RULED] and not allows(numbers, streams[stream + at.G_STATE], pool[command + at.CHANGE]):
        pool[command + at.DOUBLE] = 1
        numbers[at.WRONG_ACCEPT] += measured
    if streams[stream + at.G_JUDGED] >= 0:
        _carry_on(memory, stream, pool[attempt + at.DECIDED], events, pool[command + at.CHANGE])
    if streams[stream + at.G_CHANGED] != now:
        streams[stream + at.G_CHANGED] = now
        streams[stream + at.G_VERSION_BEFORE] = streams[stream + at.G_VERSION]
        streams[stream + at.G_STATE_BEFORE] = streams[stream + at.G_STATE]
    streams[stream + at.G_VERSION] += events
    streams[stream + at.G_STATE] += pool[command + at.CHANGE]
    is_first = pool[command + at.STORED] < 0
    if is_first:
        stays(memory, command)
        leave(memory, at.IN_SYSTEM, now)
        pool[command + at.STORED], pool[command + at.STORED_AT], pool[command + at.WRITTEN_BY] = 1, now, attempt
    else:
        pool[command + at.STORED] += 1
    settle(memory, attempt)
    _awaits_views(memory, attempt, command, stream, events)
    if numbers[at.FOLDS]:
        _awaits_fold(memory, attempt, command, stream)
    if is_first and pool[command + at.KNOWN_AT] >= 0:
        known_settles(memory, command, attempt)


@kernel
def _count_write(memory: Any, attempt: int, command: int, now: int) -> None:
    numbers, pool = memory.numbers, memory.pool
    events = pool[command + at.EVENT_COUNT]
    if pool[attempt + at.APPEND_RECEIVED] >= 0 and pool[attempt + at.FAILED] < 0:
        leave(memory, at.AT_STORE, now)
    if numbers[at.BEGIN] <= now < numbers[at.LENGTH]:
        numbers[at.DURABLE_RATE] += 1
    numbers[at.LOG_LENGTH] += 1
    numbers[at.EVENTS] += events
    add(numbers, at.EVENT_BYTES, events * pool[command + at.EVENT_SIZE])
    numbers[at.EVENTS_HERE] += events
    numbers[at.END_HERE] = max(numbers[at.END_HERE], pool[attempt + at.POSITION] + events)


@inlined
def settle(memory: Any, attempt: int) -> None:
    """It is known what becomes of an attempt: its command waits for that no more."""
    pool = memory.pool
    if pool[attempt + at.SETTLED] < 0:
        pool[attempt + at.SETTLED] = 1
        pool[pool[attempt + at.OF] + at.DEBT] -= 1


# --- decisions ----------------------------------------------------------------------------------------------------


@kernel
def _judge_decision(memory: Any, attempt: int) -> None:
    """Whether it was decided on a version that was not durable, and whether it was right by the log."""
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    command = pool[attempt + at.OF]
    stream = stream_of(memory, pool[command + at.AGGREGATE])
    version, latest = pool[attempt + at.VERSION], streams[stream + at.G_VERSION]
    measured = pool[command + at.FLAGS] & at.MEASURED
    if version > latest:
        numbers[at.STALE] += measured
    refused = pool[attempt + at.DECISION] == FORBIDDEN
    is_empty = pool[attempt + at.DECISION] == ACCEPTED and pool[command + at.EVENT_COUNT] == 0
    if not numbers[at.RULED] or not (refused or is_empty):
        return
    if version <= latest:
        _verdict(numbers, refused, _state_here(memory, stream, pool[command + at.AGGREGATE], version),
                 pool[command + at.CHANGE], measured)  # fmt: skip
        return
    judgement = take_record(memory, at.JUDGEMENT)
    pool[judgement + at.J_TIME], pool[judgement + at.J_VERSION] = pool[attempt + at.DECIDED], version
    pool[judgement + at.J_REFUSAL], pool[judgement + at.J_COUNTS] = refused, measured
    pool[judgement + at.J_CHANGE] = pool[command + at.CHANGE]
    pool[judgement + at.NEXT] = streams[stream + at.G_JUDGED]
    streams[stream + at.G_JUDGED] = judgement


@inlined
def _verdict(numbers: Any, refused: bool, state: int, change: int, measured: int) -> None:
    """A refusal of what the log allows is wrong, and so is the acceptance of what it forbids."""
    if refused and allows(numbers, state, change):
        numbers[at.WRONG_REFUSE] += measured
    elif not refused and not allows(numbers, state, change):
        numbers[at.WRONG_ACCEPT] += measured


@kernel
def _state_here(memory: Any, stream: int, aggregate: int, version: int) -> Any:
    """The state of an aggregate at a version that it had at the present instant, or right before it."""
    numbers, pool, streams, lists = memory.numbers, memory.pool, memory.streams, memory.lists
    if version >= streams[stream + at.G_VERSION] or streams[stream + at.G_CHANGED] != numbers[at.NOW]:
        return streams[stream + at.G_STATE]
    reached, state = streams[stream + at.G_VERSION_BEFORE], streams[stream + at.G_STATE_BEFORE]
    start = numbers[at.WRITING + at.LISTS]
    for i in range(start, start + numbers[at.WRITING]):
        command = pool[lists[i] + at.OF]
        if pool[command + at.AGGREGATE] == aggregate:
            reached += pool[command + at.EVENT_COUNT]
            if reached > version:
                break
            state += pool[command + at.CHANGE]
    return state


@kernel
def _carry_on(memory: Any, stream: int, decided: int, events: int, change: int) -> None:
    """Another append becomes durable: what was decided on events that were on their way meets the next of them."""
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    version, state = streams[stream + at.G_VERSION], streams[stream + at.G_STATE]
    judgement, before = streams[stream + at.G_JUDGED], NOWHERE
    while judgement >= 0:
        following = pool[judgement + at.NEXT]
        reached = version + events
        too_late, wanted = decided > pool[judgement + at.J_TIME], pool[judgement + at.J_VERSION]
        if too_late or reached >= wanted:
            if not too_late and reached == wanted:
                state_then = state + change
            else:
                state_then = state
            _verdict(numbers, pool[judgement + at.J_REFUSAL] == 1, state_then, pool[judgement + at.J_CHANGE],
                     pool[judgement + at.J_COUNTS])  # fmt: skip
            if before >= 0:
                pool[before + at.NEXT] = following
            else:
                streams[stream + at.G_JUDGED] = following
            free_record(memory, judgement)
        else:
            before = judgement
        judgement = following


@kernel
def judge_the_rest(memory: Any) -> None:
    """The run is over: decisions on events that were on their way are judged by the log as it is."""
    memory = opened(memory)
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    for aggregate in range(numbers[at.AGGREGATES]):
        stream = stream_of(memory, aggregate)
        judgement = streams[stream + at.G_JUDGED]
        while judgement >= 0:
            _verdict(numbers, pool[judgement + at.J_REFUSAL] == 1, streams[stream + at.G_STATE],
                     pool[judgement + at.J_CHANGE], pool[judgement + at.J_COUNTS])  # fmt: skip
            judgement = pool[judgement + at.NEXT]
        streams[stream + at.G_JUDGED] = NOWHERE


@kernel
def forbidden_then(memory: Any, attempt: int) -> int:
    """Whether the log forbids what an attempt asked for, both right before and right after the present instant."""
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    command = pool[attempt + at.OF]
    stream = stream_of(memory, pool[command + at.AGGREGATE])
    earlier = later = streams[stream + at.G_STATE]
    if streams[stream + at.G_CHANGED] == numbers[at.NOW]:
        earlier = streams[stream + at.G_STATE_BEFORE]
    change = pool[command + at.CHANGE]
    return 0 if allows(numbers, earlier, change) or allows(numbers, later, change) else 1


# --- what the handler holds ---------------------------------------------------------------------------------------


@kernel
def released_of_try(pool: Any, attempt: int) -> int:
    """When the turn of an attempt's try passed on; -1 if it did not."""
    other, released = pool[pool[attempt + at.OF] + at.FIRST], NOWHERE
    while other >= 0:
        if pool[other + at.TRY] == pool[attempt + at.TRY]:
            released = max(released, pool[other + at.RELEASED])
        other = pool[other + at.NEXT]
    return released


@inlined
def suspect(memory: Any, attempt: int, stream: int) -> None:
    """It is, or may be, a part of a divergence."""
    pool = memory.pool
    if pool[attempt + at.SUSPECT] < 0:
        pool[attempt + at.SUSPECT] = 1
        join(pool, memory.streams, stream + at.G_SUSPECTS, attempt, at.BEHIND_OF, at.AHEAD_OF)


@inlined
def clear(memory: Any, attempt: int, stream: int) -> None:
    """It is no part of a divergence any more."""
    pool = memory.pool
    if pool[attempt + at.SUSPECT] >= 0:
        pool[attempt + at.SUSPECT] = NOWHERE
        part(pool, memory.streams, stream + at.G_SUSPECTS, attempt, at.BEHIND_OF, at.AHEAD_OF)


@kernel
def note_part(memory: Any, aggregate: int, begins: int, ends: int) -> None:
    """From ``begins`` to ``ends`` (-1: to the end of the run) the state of an aggregate and the log had parted."""
    if ends < 0 or begins < ends:
        put(memory, at.PARTS, aggregate)
        put(memory, at.PARTS, begins)
        put(memory, at.PARTS, ends)


@kernel
def _awaits_fold(memory: Any, attempt: int, command: int, stream: int) -> None:
    pool = memory.pool
    if pool[attempt + at.FOLDED] >= 0:
        clear(memory, attempt, stream)
        return
    pool[command + at.DEBT] += 1
    if pool[attempt + at.NOTICE] >= 0 or released_of_try(pool, attempt) >= 0:
        suspect(memory, attempt, stream)


@kernel
def folds(memory: Any, attempt: int) -> None:
    """The handler's state holds the events of an attempt from now on."""
    numbers, pool = memory.numbers, memory.pool
    if pool[attempt + at.FOLDED] >= 0 or not numbers[at.FOLDS]:
        return
    command, now = pool[attempt + at.OF], numbers[at.NOW]
    stream = stream_of(memory, pool[command + at.AGGREGATE])
    pool[attempt + at.FOLDED] = now
    if pool[attempt + at.WRITTEN] >= 0:
        pool[command + at.DEBT] -= 1
        released = released_of_try(pool, attempt)
        clear(memory, attempt, stream)
        if released >= 0:
            note_missing(memory, attempt, max(released, pool[attempt + at.WRITTEN]), now)
    elif pool[attempt + at.FAILED] >= 0:
        is_extra(memory, attempt, stream)
    else:
        suspect(memory, attempt, stream)


@kernel
def note_missing(memory: Any, attempt: int, begins: int, ends: int) -> None:
    """The handler lacked the events of an attempt."""
    note_part(memory, memory.pool[memory.pool[attempt + at.OF] + at.AGGREGATE], begins, ends)


@kernel
def is_extra(memory: Any, attempt: int, stream: int) -> None:
    """The handler holds what will never be in the log, until it next reads the stream anew."""
    pool, streams = memory.pool, memory.streams
    begins, ends = pool[attempt + at.FOLDED], pool[attempt + at.REREAD]
    clear(memory, attempt, stream)
    if ends >= 0:
        note_part(memory, pool[pool[attempt + at.OF] + at.AGGREGATE], begins, ends)
        return
    earliest = streams[stream + at.G_EXTRA]
    streams[stream + at.G_EXTRA] = begins if earliest < 0 else min(earliest, begins)
    streams[stream + at.G_EXTRA_LATEST] = max(streams[stream + at.G_EXTRA_LATEST], begins)


@kernel
def rereads(memory: Any, aggregate: int) -> None:
    """A handler takes over the stream of an aggregate as it is: what it held before and the log lacks is gone."""
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    now, stream = numbers[at.NOW], stream_of(memory, aggregate)
    attempt = streams[stream + at.G_SUSPECTS]
    while attempt >= 0:
        folded = pool[attempt + at.FOLDED]
        if 0 <= folded < now and pool[attempt + at.REREAD] < 0:
            pool[attempt + at.REREAD] = now
        attempt = pool[attempt + at.AHEAD_OF]
    if 0 <= streams[stream + at.G_EXTRA] < now:
        note_part(memory, aggregate, streams[stream + at.G_EXTRA], now)
        if streams[stream + at.G_EXTRA_LATEST] < now:
            streams[stream + at.G_EXTRA] = streams[stream + at.G_EXTRA_LATEST] = NOWHERE
        else:
            streams[stream + at.G_EXTRA] = now


# --- what projections show ----------------------------------------------------------------------------------------


@kernel
def _awaits_views(memory: Any, attempt: int, command: int, stream: int, events: int) -> None:
    """A durable append stands in its aggregate's ring until all projections have applied it."""
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    latest = streams[stream + at.G_LATEST]
    pool[attempt + at.OLDER], pool[attempt + at.NEWER] = latest, NOWHERE
    if latest >= 0:
        pool[latest + at.NEWER] = attempt
    streams[stream + at.G_LATEST] = attempt
    pool[attempt + at.QUEUED] = 1
    pool[command + at.DEBT] += numbers[at.PROJECTIONS]
    for view in range(numbers[at.PROJECTIONS]):
        streams[stream + at.G_VIEWS + 2 * view + 1] += events
        if pool[attempt + at.VIEWS + 2 * view] < 0 and streams[stream + at.G_VIEWS + 2 * view] < 0:
            streams[stream + at.G_VIEWS + 2 * view] = attempt
    for view in range(numbers[at.PROJECTIONS]):
        if pool[attempt + at.VIEWS + 2 * view] >= 0:
            _shows_durable(memory, attempt, view)
    if numbers[at.PROJECTIONS] == 0:
        _leaves_ring(memory, attempt, stream)


@kernel
def applies(memory: Any, attempt: int, view: int) -> None:
    """A projection shows the events of an attempt from now on."""
    pool = memory.pool
    if pool[attempt + at.VIEWS + 2 * view] >= 0:
        return
    command = pool[attempt + at.OF]
    pool[attempt + at.VIEWS + 2 * view] = memory.numbers[at.NOW]
    stream = stream_of(memory, pool[command + at.AGGREGATE])
    memory.streams[stream + at.G_VIEWS + 2 * view + 1] -= pool[command + at.EVENT_COUNT]
    if pool[attempt + at.WRITTEN] >= 0:
        _shows_durable(memory, attempt, view)


@kernel
def _shows_durable(memory: Any, attempt: int, view: int) -> None:
    """An append is durable, and applied by a projection."""
    numbers, pool, streams = memory.numbers, memory.pool, memory.streams
    command = pool[attempt + at.OF]
    stream, events = stream_of(memory, pool[command + at.AGGREGATE]), pool[command + at.EVENT_COUNT]
    pool[command + at.DEBT] -= 1
    here = at.OF_PROJECTION + view * at.PER_PROJECTION
    lag = left(numbers, pool[attempt + at.WRITTEN]) - left(numbers, pool[attempt + at.VIEWS + 2 * view])
    add(numbers, here, events * lag)
    numbers[here + at.LAGGING] += 1
    numbers[here + at.LAST_APPLIED] = max(numbers[here + at.LAST_APPLIED], pool[attempt + at.POSITION])
    if pool[command + at.PAIR] >= 0 and pool[command + at.WRITTEN_BY] == attempt and pool[command + at.LEFT] >= 0:
        memory.pairs[pool[command + at.PAIR] + at.P_MISSING + view] -= 1
    oldest = stream + at.G_VIEWS + 2 * view
    if streams[oldest] == attempt:
        following = pool[attempt + at.NEWER]
        while following >= 0 and pool[following + at.VIEWS + 2 * view] >= 0:
            following = pool[following + at.NEWER]
        streams[oldest] = following
    for other in range(numbers[at.PROJECTIONS]):
        if pool[attempt + at.VIEWS + 2 * other] < 0:
            return
    _leaves_ring(memory, attempt, stream)


@kernel
def _leaves_ring(memory: Any, attempt: int, stream: int) -> None:
    pool = memory.pool
    if pool[attempt + at.QUEUED] < 0:
        return
    pool[attempt + at.QUEUED] = NOWHERE
    older, newer = pool[attempt + at.OLDER], pool[attempt + at.NEWER]
    if older >= 0:
        pool[older + at.NEWER] = newer
    if newer >= 0:
        pool[newer + at.OLDER] = older
    else:
        memory.streams[stream + at.G_LATEST] = older
