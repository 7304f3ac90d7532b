"""The same rules as the actors', over one row of whole numbers: handlers of events that change explicit state.

Written apart from the actors, so that each engine is the other's oracle: they agree to the digest.  Plain Python in the
subset that Numba compiles; where Numba is installed it is compiled, once, and kept on disk.

Rules
1.  The state is ``m``, integers throughout (see :mod:`cqrsim.engines.array_memory`); no fraction, no chance, no names.
2.  What is to happen stands in a heap, ordered by (time, moment, command, attempt, place, order of entering).
3.  An act is (kind, a, b, c, d); :func:`happen` is the table of all kinds and of who handles them.
4.  A message that takes no time is delivered within the act that sends it: :func:`carry` says so, the sender delivers.
5.  What was put off (by a pause, a store that is down) is an act again; :func:`run_agenda` lets it happen in its turn.
6.  No function calls itself, by whatever way: compiled code could not be kept on disk.
7.  Luck that was not drawn beforehand is noted, drawn, and the run begun anew; so is one for which memory was short.
8.  In a run in which nobody looks back, journeys and errands are given back when nobody needs them (``REFS``).
"""

import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from cqrsim.engines import native
from cqrsim.engines.array_memory import *  # noqa: F403  # its names are this module's vocabulary
from cqrsim.engines.array_memory import Ints, Known, Memory, reasons
from cqrsim.errors import PlanError
from cqrsim.messages import Answer, AppendOutcome, Belief, Channel, Decision, Link, Operation, Part
from cqrsim.moments import NEVER, OVERFLOW, Moment
from cqrsim.plan.answers import AnswerAt, By, Effect, Flush, FoldOn, Measure, OnDoubt, OnError, Save, Target, Turn, WaitFor
from cqrsim.plan.plan import Plan
from cqrsim.trace import Rows, Trace

# --- the vocabulary as numbers ---------------------------------------------------------------------------------------

(
    COMMAND_ARRIVES, ANSWER_ARRIVES, EVENT_PUSHED, LOOK_ARRIVES, FIND_ARRIVES, OWN_READ_ARRIVES, DECIDE, SAVED,
    LOAD_ARRIVES, REREAD_ARRIVES, STREAM_READ, STREAM_ARRIVES, APPEND_ARRIVES, ERROR_ARRIVES, STORE_ANSWERS,
    EVENT_HEARD, DUPLICATE_HEARD, DELIVERED, VIEW_HAS_APPLIED, VIEWS_TAKE_TOO_LONG, CACHE_PUT, PRE_VALIDATED,
    SEND_AGAIN, LOOK, OWN_READ,
) = range(25)  # fmt: skip
ABOUT_SOMEBODY = OWN_READ
"""Kinds up to here are about the journey or errand ``a``, which is needed until they have happened."""
(
    ISSUE_OPEN, ISSUE_CLOSED, BACKGROUND_READ, PATIENCE_ENDS, WINDOW_CLOSES, BATCH_WRITTEN, FLUSH_BEGINS, FLUSH_TICK,
    FLUSHED, BATCH_APPLIED, CHECKPOINTED, VIEW_POLLS, CACHE_EXPIRES, PERIOD, NOTE, WATCH_FIRES, STORE_STARTS, JUDGE,
    INSTANCE_STARTS, INSTANCE_READS, INSTANCE_HAS_READ, GAP_READ, HAS_CAUGHT_UP, RECONCILE, STOP_SHARING, RESUME,
    LET_IN, VIEW_STARTS, VIEW_READS_ON, STORE_IS_UP, ADMIT, LOADED, DECIDE_NOW, GO_ON, IS_DECIDED, HAS_APPENDED,
    SUCCEED, HEAR_ANSWER, SEND_APPEND, ONE_HEARS, GIVES_UP_NOW, SEND_QUESTION, HAS_REREAD, REPLY, READ_STREAM,
    COME_UP, JUDGE_SHARD, JUDGE_VIEWS, HEAR_MEANWHILE,
) = range(25, 74)  # fmt: skip

M_RESTARTED, M_STRUCK, M_CRASHED = int(Moment.RESTARTED), int(Moment.FAULT_STRUCK), int(Moment.CRASHED)
M_ENDED, M_BEGAN, M_VANISHED = int(Moment.FAULT_ENDED), int(Moment.FAULT_BEGAN), int(Moment.VANISHED)
M_RECOVERED, M_ALTERED, M_FORGOTTEN = int(Moment.RECOVERED), int(Moment.ALTERED), int(Moment.FORGOTTEN)
M_ISSUED, M_CAUGHT, M_SENT, M_LOST = int(Moment.ISSUED), int(Moment.CAUGHT), int(Moment.SENT), int(Moment.MESSAGE_LOST)
M_RECEIVED, M_LOADED, M_ADMITTED = int(Moment.RECEIVED), int(Moment.LOADED), int(Moment.ADMITTED)
M_DECIDED, M_SAVED, M_APPEND_SENT = int(Moment.DECIDED), int(Moment.SAVED), int(Moment.APPEND_SENT)
M_APPEND_RECEIVED, M_STARTED = int(Moment.APPEND_RECEIVED), int(Moment.APPEND_STARTED)
M_BUFFERED, M_WRITTEN, M_FAILED = int(Moment.BUFFERED), int(Moment.WRITTEN), int(Moment.APPEND_FAILED)
M_REFUSAL_STORED, M_REFUSAL_LOST = int(Moment.REFUSAL_STORED), int(Moment.REFUSAL_LOST)
M_PUBLISHED, M_DELIVERED, M_APPEND_ANSWERED = int(Moment.PUBLISHED), int(Moment.DELIVERED), int(Moment.APPEND_ANSWERED)
M_FOLDED, M_REREAD, M_APPLIED = int(Moment.FOLDED), int(Moment.REREAD), int(Moment.APPLIED)
M_CHECKPOINTED, M_RELEASED, M_CACHED = int(Moment.CHECKPOINTED), int(Moment.RELEASED), int(Moment.REFUSAL_CACHED)
M_ANSWERED, M_INFORMED, M_EXPIRED = int(Moment.ANSWERED), int(Moment.INFORMED), int(Moment.REFUSAL_EXPIRED)
M_POLLED, M_OWN_READ, M_BACKGROUND = int(Moment.POLLED), int(Moment.OWN_READ), int(Moment.BACKGROUND_READ)
M_HANDLER_GAVE_UP, M_GAVE_UP = int(Moment.HANDLER_GAVE_UP), int(Moment.GAVE_UP)

NOTHING, GOT_IT, SUCCESS, FAILURE, UNKNOWN = (int(answer) for answer in Answer)
ACCEPTED, INVALID, FORBIDDEN, OVERLOADED = (int(decision) for decision in Decision)
OK, DUPLICATE, FULL, ERROR, CONFLICT, NOT_FOUND, CRASHED, FENCED = (int(outcome) for outcome in AppendOutcome)
BY_REPLY, BY_PUSH, BY_EVENTS, BY_VIEW, BY_CACHE, BY_OWN_CHECK = (int(channel) for channel in Channel)
(
    TO_HANDLER, TO_CLIENT, TO_STORE, STORE_TO_HANDLER, TO_SUBSCRIBER, TO_VIEW, STORE_TO_CLIENT, TO_CACHE,
    CACHE_TO_CLIENT, VIEW_TO_CLIENT, CLIENT_TO_STORE, CLIENT_TO_CACHE, CLIENT_TO_VIEW, VIEW_TO_HANDLER,
) = (int(link) for link in Link)  # fmt: skip
PART_STORE, PART_HANDLER, PART_VIEW, PART_INSTANCE = (int(part) for part in Part)
OP_WRITE, OP_FLUSH = 1 << Operation.WRITE, 1 << Operation.FLUSH
AT_RECEIVED, AT_DECIDED, AT_WRITTEN, AT_APPLIED = (int(moment) for moment in AnswerAt)
FOLDS_NEVER, FOLDS_DECISIONS, FOLDS_EVENTS, FOLDS_ANSWERS = (int(answer) for answer in FoldOn)
WAITS_FOR_NOTHING, WAITS_FOR_EVENT, WAITS_FOR_ANSWER = (int(answer) for answer in WaitFor)
SAVES_NOT, SAVES_FIRST, SAVES_LAST = (int(answer) for answer in Save)
BY_AGGREGATE, BY_SHARD, ONE_FOR_ALL, NO_TURN = (int(turn) for turn in Turn)
FLUSH_GROUP, FLUSH_EACH, FLUSH_PERIODIC = (int(flush) for flush in Flush)
GOES_ON_AFTER_ERROR, POISONS, EXITS_ON_ERROR = (int(policy) for policy in OnError)
PRESUMES, REREADS, SAYS_UNKNOWN = (int(answer) for answer in OnDoubt)
(
    REFUSE, NO_ROOM, AMBIGUOUS, FLUSH_ERROR, SLOW, FREEZE, DIE, LIE, CONSUME, CRASH, PROMOTE, CORRUPT, TWO, PAUSE,
    DROP, DOUBLE, DELAY, CUT, _OF_ONES_OWN,
) = (int(effect) for effect in Effect)  # fmt: skip
AT_DISK, AT_STORE, AT_HANDLER, AT_VIEW, AT_LINK = (int(target) for target in Target)
BY_TIME, BY_CHANCE, BY_BURSTS, BY_COUNT, BY_MEASURE, BY_FOLLOWING, _BY_CALL = (int(by) for by in By)
DISK_USAGE, STORE_QUEUE, HANDLER_QUEUE, VIEW_QUEUE, LOG_LENGTH = (int(measure) for measure in Measure)
NOT_KNOWN, PRESUMED = int(Belief.UNKNOWN), int(Belief.PRESUMED_FAILURE)

MAIN, POLL, LOAD, OF_ERROR, OWN = range(5)
KINDS, NUMBERS, LIVES, VIEWS_WITH_LUCK, TRIES_WITH_LUCK = 5, 16, 8, 16, 64
FOREVER, SECOND, KIB, MILLIONTHS, CHANCES, UNSLOWED = 1 << 62, 1_000_000_000, 1024, 1_000_000, 1 << 32, 1000


# --- records and lists -----------------------------------------------------------------------------------------------


def room_for(m, size):
    """A record whose cells its taker fills; one that was given back, if there is any of the size."""
    if size <= SMALL and m[FREE + size] != 0:
        record = m[FREE + size]
        m[FREE + size] = m[record]
        return record
    record = m[TOP]
    m[TOP] = record + size
    if m[TOP] > m[SIZE]:
        raise MemoryError
    return record


def new(m, size):
    """A record of zeros."""
    record = room_for(m, size)
    if size <= SMALL:
        for cell in range(record, record + size):
            m[cell] = 0
    return record


def give_back(m, record, size):
    """A record is free for another of its size."""
    if size <= SMALL:
        m[record] = m[FREE + size]
        m[FREE + size] = record


def push(m, items, value):
    """To the end of a list."""
    cell = room_for(m, 2)
    m[cell], m[cell + 1] = value, 0
    if m[items + COUNT] == 0:
        m[items + FIRST] = cell
    else:
        m[m[items + LAST] + 1] = cell
    m[items + LAST] = cell
    m[items + COUNT] += 1


def take(m, items):
    """The first of a list, which it leaves."""
    cell = m[items + FIRST]
    value = m[cell]
    m[items + FIRST] = m[cell + 1]
    m[items + COUNT] -= 1
    give_back(m, cell, 2)
    return value


def clear(m, items):
    """A list of nothing; its cells stay with those who walk them."""
    m[items + FIRST] = m[items + LAST] = m[items + COUNT] = 0


def after_all(m, items, others):
    """A list goes on with the values of another."""
    cell = m[others + FIRST]
    while cell:
        push(m, items, m[cell])
        cell = m[cell + 1]


def put_at_end(m, vector, value):
    """To the end of a vector."""
    count = m[vector + V_COUNT]
    if count == m[vector + V_ROOM]:
        room = 2 * count + 64
        base = new(m, room + SMALL)
        for i in range(count):
            m[base + i] = m[m[vector + V_BASE] + i]
        m[vector + V_BASE], m[vector + V_ROOM] = base, room
    m[m[vector + V_BASE] + count] = value
    m[vector + V_COUNT] = count + 1


def hold(m, who):
    """Somebody needs a journey or an errand."""
    m[who + REFS] += 1


def drop(m, who):
    """Somebody needs it no more; it goes when it was the last, and with a journey perhaps its errand."""
    m[who + REFS] -= 1
    if m[who + REFS] != 0 or m[RECYCLES] == 0:
        return
    errand = who
    if m[who + IS_JOURNEY] == 1:
        errand = m[who + ERRAND]
        give_back(m, who, TAKEN + m[VIEW_COUNT])
        m[errand + REFS] -= 1
        if m[errand + REFS] != 0:
            return
    give_back(m, errand, ERRAND_SIZE)


# --- time and luck ---------------------------------------------------------------------------------------------------


def after(m, delay, moment, command, attempt, place, kind, a, b, c, d):
    """Let an act happen after a delay, in its rank; what would come at the end of the run or later is left out."""
    time = m[TIME] + delay
    if time >= m[END]:
        return
    if kind <= ABOUT_SOMEBODY:
        m[a + REFS] += 1
    act = new_act(m, kind, a, b, c, d)
    rank = (moment << 56) + (command << 24) + ((attempt & 0xFFF) << 12) + (place & 0xFFF)
    m[SEQUENCE] += 1
    m[act + ACT_SEQUENCE] = m[SEQUENCE]
    if m[HEAP_COUNT] == m[HEAP_ROOM]:
        grow_heap(m)
    heap, slot = m[HEAP], m[HEAP_COUNT]
    m[HEAP_COUNT] = slot + 1
    while slot > 0:
        above = (slot - 1) >> 1
        at = heap + 3 * above
        if m[at] < time or (m[at] == time and m[at + 1] <= rank):  # of equals the one that came first stays ahead
            break
        to = heap + 3 * slot
        m[to], m[to + 1], m[to + 2] = m[at], m[at + 1], m[at + 2]
        slot = above
    at = heap + 3 * slot
    m[at], m[at + 1], m[at + 2] = time, rank, act


def grow_heap(m):
    """Room for twice as many."""
    room = 2 * m[HEAP_ROOM]
    base = new(m, 3 * room)
    for i in range(3 * m[HEAP_COUNT]):
        m[base + i] = m[m[HEAP] + i]
    m[HEAP], m[HEAP_ROOM] = base, room


def is_before(m, a, b):
    """Whether what stands in one slot of the heap comes before what stands in another."""
    if m[a] != m[b]:
        return m[a] < m[b]
    if m[a + 1] != m[b + 1]:
        return m[a + 1] < m[b + 1]
    return m[m[a + 2] + ACT_SEQUENCE] < m[m[b + 2] + ACT_SEQUENCE]


def next_act(m):
    """Take the next act out of the heap; its time is the time now."""
    heap = m[HEAP]
    m[TIME], act = m[heap], m[heap + 2]
    count = m[HEAP_COUNT] - 1
    m[HEAP_COUNT] = count
    last = heap + 3 * count
    slot = 0
    while True:
        below = 2 * slot + 1
        if below >= count:
            break
        at = heap + 3 * below
        if below + 1 < count and is_before(m, at + 3, at):
            below, at = below + 1, at + 3
        if is_before(m, last, at):
            break
        to = heap + 3 * slot
        m[to], m[to + 1], m[to + 2] = m[at], m[at + 1], m[at + 2]
        slot = below
    to = heap + 3 * slot
    m[to], m[to + 1], m[to + 2] = m[last], m[last + 1], m[last + 2]
    return act


def new_act(m, kind, a, b, c, d):
    """Something to happen."""
    act = room_for(m, ACT_SIZE)
    m[act + ACT_KIND], m[act + ACT_A], m[act + ACT_B], m[act + ACT_C], m[act + ACT_D] = kind, a, b, c, d
    return act


def drawn(m, column, slot, command):
    """The luck of a command; the second cell of a column says what every command has, if it is the same for all."""
    if m[column] == 1:
        return m[column + 1]
    row = m[column + 2 + slot]
    if row == 0:
        return misses(m, column, slot)
    return m[row + command]


def of_series(m, series, number):
    """Luck that belongs to no command: the number-th of its kind."""
    if number >= m[series + 1]:
        return misses(m, series, number)
    return m[m[series] + number]


def misses(m, where, what):
    """Luck that was not drawn: take note, and go on a while with what may be wrong, to see what else is missing."""
    for i in range(m[MISSES]):
        if m[MISSED + 2 * i] == where and m[MISSED + 2 * i + 1] == what:
            return 0
    if m[MISSES] < MOST_MISSES:
        m[MISSED + 2 * m[MISSES]], m[MISSED + 2 * m[MISSES] + 1] = where, what
        m[MISSES] += 1
    if m[MISSES] == 1:
        m[BUDGET] = m[EVENTS_DONE] + 10_000
    return 0


def row(m, moment, command, attempt, place, outcome, value):
    """Record a step."""
    at = m[OUT_END]
    if at >= m[OUT_LAST]:
        raise MemoryError
    m[at], m[at + 1], m[at + 2], m[at + 3] = m[TIME], moment, command, attempt
    m[at + 4], m[at + 5], m[at + 6] = place, outcome, value
    m[OUT_END] = at + WIDTH


def note(m, moment, journey, place, outcome, value):
    """Record a step of a journey."""
    row(m, moment, m[journey + COMMAND], m[journey + ATTEMPT], place, outcome, value)


# --- faults: whether one strikes -------------------------------------------------------------------------------------


def window_of(m, watch):
    """The number of the last of its windows that has begun, or -1."""
    time, low, high = m[TIME], 0, m[watch + F_WINDOW_COUNT]
    while low < high:
        middle = (low + high) >> 1
        if m[m[watch + F_WINDOWS] + 3 * middle] <= time:
            low = middle + 1
        else:
            high = middle
    return low - 1


def is_open(m, watch):
    """Whether it may strike now; the third cell of a window is how long the longest lasts that has begun."""
    last = window_of(m, watch)
    return last >= 0 and m[TIME] < m[m[watch + F_WINDOWS] + 3 * last + 2]


def holds_until(m, watch):
    """How long what it has begun by striking now goes on."""
    if m[TIME] < m[watch + F_UNTIL]:
        return m[watch + F_UNTIL]
    last = window_of(m, watch)
    return m[m[watch + F_WINDOWS] + 3 * last + 2] if last >= 0 else m[watch + F_TO]


def ends_of_strike(m, watch, number):
    """When the strike that has just come is over; never later than the repair."""
    if m[watch + F_LASTS] == 0 or m[watch + F_BY] == BY_TIME:
        return holds_until(m, watch)
    return min(m[TIME] + of_series(m, m[watch + F_LASTS], number), m[REPAIRED])


def strikes(m, watch, journey, slot):
    """Whether a fault strikes an operation on a journey; if so, that is entered in the ledger."""
    if not is_open(m, watch):
        return False
    if m[watch + F_TARGET] == AT_HANDLER and m[watch + F_PLACE] >= 0 and m[journey + SHARD] != m[watch + F_PLACE]:
        return False
    if m[watch + F_GROUP] >= 0 and m[journey + GROUP] != m[watch + F_GROUP]:
        return False
    m[watch + F_SEEN] += 1
    if m[TIME] < m[watch + F_UNTIL]:
        if m[watch + F_ACTS] == 1:
            return False
        enter_strike(m, watch, journey)
        return True
    if not picks(m, watch, journey, slot):
        return False
    if 0 <= m[watch + F_AT_MOST] <= m[watch + F_FIRED] and m[watch + F_BY] != BY_FOLLOWING:
        return False
    fire(m, watch, journey)
    return True


def picks(m, watch, journey, slot):
    """Whether this operation is one of those that its trigger means."""
    by = m[watch + F_BY]
    if by == BY_CHANCE:
        return drawn(m, m[watch + F_HIT], slot, m[journey + COMMAND]) == 1
    if by == BY_BURSTS:
        return of_series(m, m[watch + F_BITS], m[watch + F_SEEN] - 1) == 1
    if by == BY_COUNT:
        return counts(m, watch)
    if by == BY_MEASURE:
        above = measure(m, m[watch + F_MEASURE]) > m[watch + F_ABOVE]
        chosen = above and (m[watch + F_ACTS] == 0 or m[watch + F_WAS_ABOVE] == 0)
        m[watch + F_WAS_ABOVE] = 1 if above else 0
        return chosen
    return True


def counts(m, watch):
    """Whether the operation's number is one of its numbers."""
    seen, last = m[watch + F_SEEN], -1
    for i in range(m[watch + F_COUNT_COUNT]):
        last = m[m[watch + F_COUNTS] + i]
        if last == seen:
            return True
    return m[watch + F_ALL_LATER] == 1 and seen > last


def measure(m, what):
    """What a condition looks at."""
    if what == DISK_USAGE:
        return scaled(taken_room(m), MILLIONTHS, m[CAPACITY]) if m[CAPACITY] > 0 else 0
    if what == STORE_QUEUE:
        return m[m[WAITING] + COUNT]
    if what == LOG_LENGTH:
        return m[m[LOG] + V_COUNT]
    longest = 0
    if what == HANDLER_QUEUE:
        for shard in range(m[SHARD_COUNT]):
            longest = max(longest, m[turns_of(m, newest_of(m, shard), shard) + T_WAITING])
    else:
        for number in range(m[VIEW_COUNT]):
            longest = max(longest, m[m[m[VIEWS] + number * VIEW_SIZE + Y_WAITING] + COUNT])
    return longest


def scaled(amount, factor, by):
    """amount * factor // by, without leaving 64 bits."""
    return amount // by * factor + amount % by * factor // by


def fire(m, watch, journey):
    """It strikes: the ledger knows, and so do those that follow it."""
    number = m[watch + F_FIRED]
    m[watch + F_FIRED] = number + 1
    enter_strike(m, watch, journey)
    by_time = m[watch + F_BY] == BY_TIME or m[watch + F_BY] == BY_FOLLOWING
    if journey != 0 and m[watch + F_LASTS] != 0 and not by_time:
        m[watch + F_UNTIL] = min(m[TIME] + of_series(m, m[watch + F_LASTS], number), m[REPAIRED])
    elif journey != 0 and m[watch + F_GOES_ON] == 1:
        m[watch + F_UNTIL] = holds_until(m, watch)
    if m[watch + F_UNTIL] > m[TIME] and m[watch + F_ACTS] == 0:
        period(m, M_BEGAN, m[watch + F_NUMBER])
        later_note(m, m[watch + F_UNTIL] - m[TIME], M_ENDED, watch)
    cell = m[m[watch + F_FOLLOWERS] + FIRST]
    while cell:
        follow(m, m[cell], number)
        cell = m[cell + 1]


def enter_strike(m, watch, journey):
    """Into the ledger."""
    if journey == 0:
        row(m, M_STRUCK, NEVER, 0, m[watch + F_NUMBER], 0, m[watch + F_FIRED])
    else:
        note(m, M_STRUCK, journey, m[watch + F_NUMBER], m[watch + F_OPERATION], m[watch + F_SEEN])


def follow(m, watch, number):
    """Another fault has struck: this one does so in a while."""
    begins = m[TIME] + of_series(m, m[watch + F_DELAY], number)
    most = m[watch + F_AT_MOST]
    if not (m[watch + F_FROM] <= begins < m[watch + F_TO]) or 0 <= most <= m[watch + F_FOLLOWED]:
        return
    m[watch + F_FOLLOWED] += 1
    if m[watch + F_ACTS] == 1:
        after(m, begins - m[TIME], M_STRUCK, 0, 0, m[watch + F_NUMBER], WATCH_FIRES, watch, 0, 0, 0)
        return
    ends = m[watch + F_TO]
    if m[watch + F_LASTS] != 0:
        ends = min(ends, begins + of_series(m, m[watch + F_LASTS], number))
    add_window(m, watch, begins, ends)
    later_note(m, begins - m[TIME], M_BEGAN, watch)
    later_note(m, ends - m[TIME], M_ENDED, watch)


def add_window(m, watch, begins, ends):
    """One more window, in the order of their beginnings."""
    count = m[watch + F_WINDOW_COUNT]
    if count == m[watch + F_WINDOW_ROOM]:
        room = 2 * count + 32
        base = new(m, 3 * room)
        for i in range(3 * count):
            m[base + i] = m[m[watch + F_WINDOWS] + i]
        m[watch + F_WINDOWS], m[watch + F_WINDOW_ROOM] = base, room
    base, place = m[watch + F_WINDOWS], count
    while place > 0 and (
        m[base + 3 * place - 3] > begins or (m[base + 3 * place - 3] == begins and m[base + 3 * place - 2] > ends)
    ):
        m[base + 3 * place], m[base + 3 * place + 1] = m[base + 3 * place - 3], m[base + 3 * place - 2]
        place -= 1
    m[base + 3 * place], m[base + 3 * place + 1] = begins, ends
    m[watch + F_WINDOW_COUNT] = count + 1
    longest = 0
    for i in range(count + 1):
        longest = max(longest, m[base + 3 * i + 1]) if i > 0 else m[base + 1]
        m[base + 3 * i + 2] = longest


def period(m, moment, fault):
    """A period of a fault begins or ends."""
    row(m, moment, NEVER, 0, fault, 0, 0)


def later_note(m, delay, moment, watch):
    """Record a beginning or an end when it is due."""
    after(m, delay, moment, 0, 0, m[watch + F_NUMBER], NOTE, moment, m[watch + F_NUMBER], 0, 0)


# --- links -----------------------------------------------------------------------------------------------------------


def route_of(m, link):
    """The record of a link."""
    return m[ROUTES] + link * ROUTE_SIZE


def carry(m, route, journey, moment, kind, connection, sort, number, b, c, d):
    """Send a message that ends in an act; True if it takes no time, and the sender must let it happen now."""
    if m[route + R_PERFECT] == 1:
        return True
    slot = (m[journey + LUCK] * KINDS + sort) * NUMBERS + number % NUMBERS
    if m[route + R_LOST] != 0 and drawn(m, m[route + R_LOST], slot, m[journey + COMMAND]) != 0:
        lose(m, route, journey, NEVER)
        return False
    later, copies = 0, 0
    if m[route + R_WATCHES] != 0:
        copies = new(m, LIST_SIZE)
        later = meet_faults(m, route, journey, slot, copies)
        if later < 0:
            return False
    at_once = m[route + R_INSTANT] == 1 and later == 0
    if not at_once:
        bring(m, route, journey, moment, kind, connection, slot, later, b, c, d)
    if copies != 0:
        while m[copies + COUNT]:
            double = take(m, copies)
            bring(m, route, double, moment, kind, connection, slot, later + take(m, copies), b, c, d)
        give_back(m, copies, LIST_SIZE)
    return at_once


def bring(m, route, journey, moment, kind, connection, slot, later, b, c, d):
    """A message is on its way, and overtakes none of its connection."""
    arrives = m[TIME] + drawn(m, m[route + R_DELAY], slot, m[journey + COMMAND]) + later
    if m[route + R_IN_ORDER] == 1:
        latest = m[route + R_LATEST] + connection
        if arrives + 1 < m[latest]:
            arrives = m[latest]  # one behind: what stands there is one more than the time
        m[latest] = arrives + 1
    order = m[journey + POSITION] if m[route + R_IN_LOG_ORDER] == 1 else m[journey + COMMAND]
    after(m, arrives - m[TIME], moment, order, m[journey + ATTEMPT], slot, kind, journey, b, c, d)


def lose(m, route, journey, fault):
    """A message is lost."""
    note(m, M_LOST, journey, m[route + R_LINK], m[route + R_PROJECTION], fault)


def meet_faults(m, route, journey, slot, copies):
    """How much later the message arrives for what strikes it (-1: never); ``copies`` gets (which, how much later)."""
    later = 0
    is_main = slot % (KINDS * NUMBERS) == 0
    cell = m[m[route + R_WATCHES] + FIRST]
    while cell:
        watch = m[cell]
        cell = m[cell + 1]
        effect = m[watch + F_EFFECT]
        if effect == DOUBLE and not is_main:
            if is_open(m, watch):
                m[watch + F_SEEN] += 1
        elif strikes(m, watch, journey, slot):
            if effect == DROP or (effect == CUT and m[watch + F_HELD] == 0):
                lose(m, route, journey, m[watch + F_NUMBER])
                return -1
            if effect == CUT:
                later += holds_until(m, watch) - m[TIME]
            else:
                added = drawn(m, m[watch + F_ADDED], slot, m[journey + COMMAND])
                if effect == DELAY:
                    later += added
                else:
                    push(m, copies, double_of(m, route, journey, m[watch + F_AMOUNT]))
                    push(m, copies, added)
    return later


def double_of(m, route, journey, which):
    """The copy of a message, an attempt of its own where what it asks for would be done once more."""
    if m[route + R_COPIES] == 0:
        return journey
    double = copy_of(m, journey)
    m[double + ATTEMPT] = (m[DUPLICATES_FROM] << which) + m[journey + ATTEMPT]
    m[double + SETTLED] = 1 if m[route + R_LINK] == TO_STORE else 0
    return double


# --- journeys --------------------------------------------------------------------------------------------------------


def new_journey(m, errand):
    """An attempt of an errand's command."""
    journey = new(m, TAKEN + m[VIEW_COUNT])
    m[journey + IS_JOURNEY] = 1
    for field in range(COMMAND, TRIES + 1):
        m[journey + field] = m[errand + field]
    m[journey + EVENTS], m[journey + RETRYABLE] = 1, 1
    m[journey + EXPECTED] = m[journey + POSITION] = m[journey + PREVIOUS] = m[journey + PREVIOUS_OF_SHARD] = -1
    m[journey + ERRAND] = errand
    m[errand + REFS] += 1
    enlist(m, journey)
    return journey


def copy_of(m, journey):
    """The same once more; only where nothing is given back."""
    double = new(m, TAKEN + m[VIEW_COUNT])
    for field in range(TAKEN):
        m[double + field] = m[journey + field]
    m[double + IN_HAND] = m[double + APPLIED] = m[double + KNOWN_BY] = m[double + STAMP] = 0
    enlist(m, double)
    return double


def enlist(m, journey):
    """All journeys of a run in which somebody may look back."""
    if m[RECYCLES] == 0:
        m[journey + ALL_NEXT] = m[ALL_JOURNEYS]
        m[ALL_JOURNEYS] = journey


def following(m, journey):
    """The next attempt of a command after a conflict, which begins where this one was admitted."""
    other = new_journey(m, m[journey + ERRAND])
    m[other + TRIES] = m[journey + TRIES]
    m[other + ATTEMPT] = m[journey + ATTEMPT] + 1
    m[other + LUCK] = m[journey + LUCK] + TRIES_WITH_LUCK
    m[other + IDENTITY] = m[journey + IDENTITY]
    for field in range(AGGREGATE, EVENTS + 1):
        m[other + field] = m[journey + field]
    m[other + HOME] = m[journey + HOME]
    return other


# --- streams ---------------------------------------------------------------------------------------------------------


def fold_in(m, stream, journey):
    """Fold one append into an aggregate's stream; one whose record was altered counts, and changes nothing."""
    m[stream + A_VERSION] += m[journey + EVENTS]
    if m[journey + ALTERED] == 0:
        m[stream + A_STATE] += m[journey + CHANGE]
    if m[KEEPS_APPENDS] == 1:
        link = new(m, 2)
        m[link], m[link + 1] = journey, m[stream + A_APPENDS]
        m[stream + A_APPENDS], m[stream + A_TOUCHED] = link, 1


def fold_anew(m, stream):
    """The state of an aggregate again from its appends, of which some may have changed."""
    m[stream + A_STATE] = m[START]
    link = m[stream + A_APPENDS]
    while link:
        if m[m[link] + ALTERED] == 0:
            m[stream + A_STATE] += m[m[link] + CHANGE]
        link = m[link + 1]


def empty_streams(m, streams, count):
    """Hold nothing."""
    for i in range(count):
        stream = streams + i * STREAM_SIZE
        m[stream + A_VERSION], m[stream + A_STATE], m[stream + A_APPENDS] = 0, m[START], 0


def own_stream(m, home, place):
    """An aggregate in the state of an instance, by its place among those of the shard."""
    return m[home + D_STREAM] + place * STREAM_SIZE


def snapshot_of(m, aggregate):
    """The stream of an aggregate as a reader of the log finds it now."""
    stream, snapshot = m[READABLE] + aggregate * STREAM_SIZE, new(m, SNAPSHOT_SIZE)
    m[snapshot + N_VERSION], m[snapshot + N_STATE] = m[stream + A_VERSION], m[stream + A_STATE]
    m[snapshot + N_APPENDS], m[snapshot + N_CUTS] = m[stream + A_APPENDS], m[CUTS]
    m[snapshot + N_LIFE] = m[LIFE]
    return snapshot


def is_older(m, snapshot, stream):
    """Whether a reader holds more than the snapshot; a shorter log is not older if it has been cut since."""
    return m[snapshot + N_VERSION] < m[stream + A_VERSION] and m[snapshot + N_CUTS] <= m[stream + A_CUTS]


def hold_as(m, stream, snapshot):
    """Hold an aggregate as a snapshot says."""
    m[stream + A_VERSION], m[stream + A_STATE] = m[snapshot + N_VERSION], m[snapshot + N_STATE]
    m[stream + A_APPENDS], m[stream + A_TOUCHED] = m[snapshot + N_APPENDS], 1


def stamp_all(m, link):
    """Mark the appends of a chain with a number of its own."""
    m[STAMPS] += 1
    while link:
        m[m[link] + STAMP] = m[STAMPS]
        link = m[link + 1]


def note_missing(m, home, mine, theirs, version):
    """Record as folded what stands in one chain of appends and not in the other."""
    stamp_all(m, mine)
    while theirs:
        if m[m[theirs] + STAMP] != m[STAMPS]:
            note(m, M_FOLDED, m[theirs], m[home + D_SHARD], m[home + D_NUMBER], version)
        theirs = m[theirs + 1]


def holds_append(m, stream, journey):
    """Whether an append has been folded in already."""
    link = m[stream + A_APPENDS]
    while link:
        if m[link] == journey:
            return True
        link = m[link + 1]
    return False


# --- waits of equal length -------------------------------------------------------------------------------------------


def still_waits(m, patience, who, attempt):
    """Whether somebody's waiting is not over."""
    if m[patience + P_WHOSE] == 0:
        return m[who + OVER] == 0 and m[who + TRIES] * m[ATTEMPTS_PER_TRY] == attempt
    if m[patience + P_WHOSE] == 1:
        return m[who + SETTLED] == 0 and m[m[who + HOME] + D_DEAD] == 0
    return m[who + Q_DONE] == 0 and m[m[m[who + Q_JOURNEY] + HOME] + D_DEAD] == 0


def begin_to_wait(m, patience, who, command, attempt):
    """Somebody begins to wait; for ever, if the limit is -1."""
    if m[patience + P_LIMIT] < 0:
        return
    until = m[TIME] + m[patience + P_LIMIT]
    waiter = new(m, WAITER_SIZE)
    m[waiter + W_UNTIL], m[waiter + W_COMMAND] = until, command
    m[waiter + W_ATTEMPT], m[waiter + W_WHO] = attempt, who
    if m[patience + P_WHOSE] < 2:
        hold(m, who)
    before = m[patience + P_LAST]
    while before != 0 and (
        m[before + W_UNTIL] > until
        or (m[before + W_UNTIL] == until and m[before + W_COMMAND] > command)
        or (m[before + W_UNTIL] == until and m[before + W_COMMAND] == command and m[before + W_ATTEMPT] > attempt)
    ):
        before = m[before + W_BEFORE]
    behind = m[before + W_BEHIND] if before else m[patience + P_FIRST]
    m[waiter + W_BEFORE], m[waiter + W_BEHIND] = before, behind
    if before:
        m[before + W_BEHIND] = waiter
    else:
        m[patience + P_FIRST] = waiter
    if behind:
        m[behind + W_BEFORE] = waiter
    else:
        m[patience + P_LAST] = waiter
    if m[patience + P_IS_SET] == 0:
        wait_for_first(m, patience)


def leave_first(m, patience):
    """The first of those who wait is not waited for any more; who needs the waiter must hold it."""
    waiter = m[patience + P_FIRST]
    who = m[waiter + W_WHO]
    behind = m[waiter + W_BEHIND]
    m[patience + P_FIRST] = behind
    if behind:
        m[behind + W_BEFORE] = 0
    else:
        m[patience + P_LAST] = 0
    give_back(m, waiter, WAITER_SIZE)
    if m[patience + P_WHOSE] < 2:
        drop(m, who)


def wait_for_first(m, patience):
    """Wait for the first who still waits."""
    while m[patience + P_FIRST]:
        waiter = m[patience + P_FIRST]
        if still_waits(m, patience, m[waiter + W_WHO], m[waiter + W_ATTEMPT]):
            break
        leave_first(m, patience)
    waiter = m[patience + P_FIRST]
    m[patience + P_IS_SET] = 1 if waiter else 0
    if waiter:
        command, attempt = m[waiter + W_COMMAND], m[waiter + W_ATTEMPT]
        wait = m[waiter + W_UNTIL] - m[TIME]
        after(m, wait, m[patience + P_MOMENT], command, attempt, 0, PATIENCE_ENDS, patience, command, attempt, 0)


def patience_ends(m, patience, command, attempt):
    """Somebody has waited long enough."""
    waiter = m[patience + P_FIRST]
    if waiter != 0 and m[waiter + W_COMMAND] == command and m[waiter + W_ATTEMPT] == attempt:
        who = m[waiter + W_WHO]
        whose = m[patience + P_WHOSE]
        if whose < 2:
            hold(m, who)
        leave_first(m, patience)
        if still_waits(m, patience, who, attempt):
            if whose == 0:
                loses_patience(m, who, attempt)
            elif whose == 1:
                if is_there(m, m[who + HOME], GIVES_UP_NOW, who, attempt):
                    gives_up_now(m, who, attempt)
            elif is_there(m, m[m[who + Q_JOURNEY] + HOME], SEND_QUESTION, who, 0):
                send_question(m, who)
        if whose < 2:
            drop(m, who)
    wait_for_first(m, patience)


# --- clients: issuing ------------------------------------------------------------------------------------------------


def group_of(m, who):
    """The group of a journey or an errand."""
    return m[GROUPS] + m[who + GROUP] * GROUP_SIZE


def issue_open(m, command):
    """An open client issues, and the next one will when it is time."""
    behind = command + 1
    if behind < m[OPEN]:
        after(m, m[m[INTENDED] + behind] - m[TIME], M_ISSUED, behind, 0, 0, ISSUE_OPEN, behind, 0, 0, 0)
    issue(m, command, m[TIME])


def think(m, number, client, turn):
    """A closed client thinks, and issues its next command when it is due."""
    group = m[GROUPS] + number * GROUP_SIZE
    place = turn * m[group + G_CLIENTS] + client
    if place >= m[group + G_COUNT]:
        return
    issues = m[TIME] + m[m[group + G_THINK] + place]
    intended = issues
    if m[group + G_PACE] >= 0:
        intended = turn * m[group + G_PACE]
        issues = max(issues, intended)
    if intended < m[ARRIVALS_END]:
        command = m[group + G_FIRST] + place
        after(m, issues - m[TIME], M_ISSUED, command, 0, 0, ISSUE_CLOSED, command, intended, 0, 0)


def issue(m, command, intended):
    """A client wants something."""
    errand = new(m, ERRAND_SIZE)
    number = m[m[MARKS] + command] >> 2 & 0xFF
    m[errand + COMMAND], m[errand + GROUP] = command, number
    m[errand + SESSION_OF] = m[m[SESSION] + command]
    hold(m, errand)
    row(m, M_ISSUED, command, 0, number, 0, intended)
    check = m[m[GROUPS] + number * GROUP_SIZE + G_PRE_VALIDATION]
    if check == 0:
        send(m, errand)
    else:
        after(m, drawn(m, check, 0, command), M_SENT, command, 0, 0, PRE_VALIDATED, errand, 0, 0, 0)
    drop(m, errand)


def pre_validated(m, errand):
    """Its own check keeps a client from sending what is wrong in itself."""
    command = m[errand + COMMAND]
    if m[m[MARKS] + command] & 1 == 0:
        send(m, errand)
        return
    row(m, M_CAUGHT, command, 0, m[errand + GROUP], 0, 0)
    is_informed(m, errand, FAILURE, BY_OWN_CHECK, 0)


def send(m, errand):
    """Send the command, for the first time or again."""
    group, command, tries = group_of(m, errand), m[errand + COMMAND], m[errand + TRIES]
    journey = new_journey(m, errand)
    hold(m, journey)
    m[journey + IDENTITY] = command
    if m[group + G_AT_MOST] >= 0 and not (m[group + G_SAME_ID] == 1 and m[group + G_MAKES_ID] == 1):
        m[journey + IDENTITY] += tries * m[COMMANDS]
    m[journey + ATTEMPT] = tries * m[ATTEMPTS_PER_TRY]
    m[journey + LUCK] = tries % TRIES_WITH_LUCK
    m[errand + LATEST], m[errand + LATEST_ATTEMPT] = journey, m[journey + ATTEMPT]
    note(m, M_SENT, journey, m[errand + GROUP], 0, 0)
    if m[group + G_MAKES_ID] == 1:
        know(m, errand, m[journey + IDENTITY])
        if m[group + G_SOURCE_COUNT] > 0:
            look_out(m, errand)
    begin_to_wait(m, m[group + G_PATIENCE], errand, command, m[journey + ATTEMPT])
    connection = m[errand + SESSION_OF]
    if carry(m, route_of(m, TO_HANDLER), journey, M_RECEIVED, COMMAND_ARRIVES, connection, MAIN, 0, 0, 0, 0):
        receive(m, journey)
    drop(m, journey)


def know(m, errand, identity):
    """The client knows its command by this id, too."""
    if m[RECYCLES] == 1:
        m[errand + KNOWN_FIRST] = 1  # nobody looks, and there is but one id
        return
    cell = new(m, 2)
    m[cell] = identity
    if m[errand + KNOWN_FIRST] == 0:
        m[errand + KNOWN_FIRST] = cell
    else:
        m[m[errand + KNOWN_LAST] + 1] = cell
    m[errand + KNOWN_LAST] = cell


def knows(m, errand, identity):
    """Whether the client knows its command by this id."""
    if m[RECYCLES] == 1:
        return m[errand + KNOWN_FIRST] != 0
    cell = m[errand + KNOWN_FIRST]
    while cell:
        if m[cell] == identity:
            return True
        cell = m[cell + 1]
    return False


# --- clients: hearing ------------------------------------------------------------------------------------------------


def reply(m, journey, answer):
    """The handler answers the client."""
    m[journey + ANSWER] = answer
    route, connection = route_of(m, TO_CLIENT), m[journey + SESSION_OF]
    if carry(m, route, journey, M_ANSWERED, ANSWER_ARRIVES, connection, MAIN, 0, 0, 0, 0):
        hears_answer(m, journey)


def hears_answer(m, journey):
    """The handler's answer has arrived."""
    errand, answer = m[journey + ERRAND], m[journey + ANSWER]
    group = group_of(m, errand)
    note(m, M_ANSWERED, journey, m[errand + GROUP], answer, 0)
    m[errand + ANSWERED] = 1
    if m[errand + OVER] == 0:
        if answer == GOT_IT:
            know(m, errand, m[journey + IDENTITY])
            if m[errand + LATEST] == journey and m[group + G_SOURCE_COUNT] > 0:
                look_out(m, errand)
        elif answer == UNKNOWN:
            has_other_channels = m[group + G_SOURCE_COUNT] > 0 or m[group + G_PUSHED] == 1
            if not has_other_channels and m[journey + TRIES] == m[errand + TRIES]:
                loses_patience(m, errand, m[journey + ATTEMPT])
        else:
            learns(m, errand, answer, BY_REPLY, journey)
    if m[group + G_CLOSED] == 1:
        may_go_on(m, errand)


def hears_push(m, journey, answer):
    """An event was pushed; without the command's id the client cannot tell that it is its own."""
    errand = m[journey + ERRAND]
    if m[errand + OVER] == 0 and knows(m, errand, m[journey + IDENTITY]):
        learns(m, errand, answer, BY_PUSH, journey)


def has_looked(m, answer, channel, of):
    """A look has come back."""
    errand = m[of + ERRAND]
    if answer != NOTHING and m[errand + OVER] == 0:
        learns(m, errand, answer, channel, of)


def learns(m, errand, answer, channel, of):
    """It knows the outcome now, unless it takes a failure for a reason to try again."""
    if answer == FAILURE and m[of + RETRYABLE] == 1:
        if m[of + TRIES] != m[errand + TRIES]:
            return
        group = group_of(m, errand)
        if m[group + G_AFTER_FAILURE] == 1 and m[errand + TRIES] < m[group + G_AT_MOST]:
            try_again(m, errand)
            return
    is_informed(m, errand, answer, channel, m[of + ATTEMPT])


def is_informed(m, errand, answer, channel, attempt):
    """It knows what became of its command."""
    m[errand + OVER] = 1
    row(m, M_INFORMED, m[errand + COMMAND], attempt, channel, answer, 0)
    group = group_of(m, errand)
    if answer == SUCCESS and m[group + G_READS] > 0:
        plan_own_read(m, errand, 0, drawn(m, m[group + G_READ_AFTER], 0, m[errand + COMMAND]))
    if m[group + G_CLOSED] == 1:
        may_go_on(m, errand)


def loses_patience(m, errand, attempt):
    """It has waited long enough: once more, or never again."""
    group = group_of(m, errand)
    if m[group + G_AFTER_TIMEOUT] == 1 and m[errand + TRIES] < m[group + G_AT_MOST]:
        try_again(m, errand)
        return
    m[errand + OVER] = 1
    belief = PRESUMED if m[group + G_PRESUMES] == 1 else NOT_KNOWN
    row(m, M_GAVE_UP, m[errand + COMMAND], m[errand + LATEST_ATTEMPT], m[errand + GROUP], belief, 0)
    if m[group + G_CLOSED] == 1:
        may_go_on(m, errand)


def try_again(m, errand):
    """In a while."""
    m[errand + TRIES] += 1
    m[errand + LOOKING_SINCE] += 1
    command, tries = m[errand + COMMAND], m[errand + TRIES]
    wait = drawn(m, m[group_of(m, errand) + G_BACKOFF], tries, command)
    after(m, wait, M_SENT, command, tries * m[ATTEMPTS_PER_TRY], 0, SEND_AGAIN, errand, 0, 0, 0)


def may_go_on(m, errand):
    """A closed client goes on to its next command when what it waits for has come."""
    group = group_of(m, errand)
    if m[errand + GOES_ON] == 1:
        return
    if m[errand + OVER] == 1 or (m[errand + ANSWERED] == 1 and m[group + G_WAITS_FOR_OUTCOME] == 0):
        m[errand + GOES_ON] = 1
        place = m[errand + COMMAND] - m[group + G_FIRST]
        think(m, m[errand + GROUP], place % m[group + G_CLIENTS], place // m[group + G_CLIENTS] + 1)


# --- clients: looking ------------------------------------------------------------------------------------------------


def look_out(m, errand):
    """Begin to look at every status source, afresh."""
    m[errand + LOOKING_SINCE] += 1
    group = group_of(m, errand)
    for i in range(m[group + G_SOURCE_COUNT]):
        plan_look(m, errand, m[group + G_SOURCES] + i * SOURCE_SIZE, 0, m[errand + LOOKING_SINCE])


def plan_look(m, errand, source, number, since):
    """The next look, if there may be one more."""
    if 0 <= m[source + S_AT_MOST] <= number:
        return
    gap = m[m[source + S_GAPS] + min(number, m[source + S_GAP_COUNT] - 1)]
    command, attempt, channel = m[errand + COMMAND], m[errand + LATEST_ATTEMPT], m[source + S_CHANNEL]
    after(m, gap, M_POLLED, command, attempt, channel, LOOK, errand, source, number, since)


def look(m, errand, source, number, since):
    """Ask, unless it knows by now or has begun afresh."""
    if m[errand + OVER] == 1 or m[errand + LOOKING_SINCE] != since:
        return
    plan_look(m, errand, source, number + 1, since)
    journey, connection = m[errand + LATEST], m[errand + SESSION_OF]
    there = m[source + S_THERE]
    if carry(m, there, journey, M_POLLED, LOOK_ARRIVES, connection, POLL, number, source, number, 0):
        look_arrives(m, journey, source, number)


def look_arrives(m, journey, source, number):
    """The question has arrived at the status source: what it finds goes back."""
    channel, view = m[source + S_CHANNEL], m[source + S_VIEW]
    if channel == BY_EVENTS and m[IS_DOWN] == 1:
        return
    if channel == BY_VIEW and m[view + Y_SERVES] == 0:
        return
    answer, of = NOTHING, journey
    if channel == BY_EVENTS:
        found = find_events(m, m[journey + ERRAND])
        if found != 0:
            answer = SUCCESS if found > 0 else FAILURE
            of = found if found > 0 else -found
    elif channel == BY_CACHE:
        cache = m[group_of(m, journey) + G_CACHE]
        kept = m[m[cache + C_TABLE] + m[journey + COMMAND]] if cache != 0 else 0
        if kept != 0:
            answer, of = FAILURE, m[kept + K_JOURNEY]
    elif shows(m, view, m[journey + COMMAND]):
        answer = SUCCESS
    note(m, M_POLLED, journey, channel, answer, number + 1)
    back, connection = m[source + S_BACK], m[journey + SESSION_OF]
    if carry(m, back, journey, M_INFORMED, FIND_ARRIVES, connection, POLL, number, answer, channel, of):
        has_looked(m, answer, channel, of)


def find_events(m, errand):
    """A success among what is stored under the ids that the client knows, else the last find; failures are negative."""
    found = 0
    cell = m[errand + KNOWN_FIRST]
    while cell:
        here = m[m[FOUND] + m[cell]]
        if here > 0:
            return here
        if here != 0:
            found = here
        cell = m[cell + 1]
    return found


def plan_own_read(m, errand, number, delay):
    """The next read of a client that knows of its success."""
    command, attempt = m[errand + COMMAND], m[errand + LATEST_ATTEMPT]
    after(m, delay, M_OWN_READ, command, attempt, number, OWN_READ, errand, number, 0, 0)


def own_read(m, errand, number):
    """It reads, and will again."""
    group, command = group_of(m, errand), m[errand + COMMAND]
    if number + 1 < m[group + G_READS]:
        gap = drawn(m, m[group + G_READ_GAP], (number + 1) % NUMBERS, command)
        plan_own_read(m, errand, number + 1, gap)
    view = m[m[group + G_READ_OF] + drawn(m, m[group + G_READ_CHOICE], number % NUMBERS, command)]
    journey, connection = m[errand + LATEST], m[errand + SESSION_OF]
    route = route_of(m, CLIENT_TO_VIEW)
    if carry(m, route, journey, M_OWN_READ, OWN_READ_ARRIVES, connection, OWN, number, view, number, 0):
        own_read_arrives(m, journey, view, number)


def own_read_arrives(m, journey, number, which):
    """It sees what the projection shows now."""
    view = m[VIEWS] + number * VIEW_SIZE
    if m[view + Y_SERVES] == 0:
        note(m, M_LOST, journey, CLIENT_TO_VIEW, 0, m[view + Y_DOWN_BY])
        return
    note(m, M_OWN_READ, journey, number, 1 if shows(m, view, m[journey + COMMAND]) else 0, which)


def background_read(m, number):
    """A read that has nothing to do with a command."""
    view = m[m[READ_VIEWS] + number]
    if m[m[VIEWS] + view * VIEW_SIZE + Y_SERVES] == 1:
        row(m, M_BACKGROUND, number, 0, view, NEVER, NEVER)
    plan_background_read(m, number + 1)


def plan_background_read(m, number):
    """The next of them."""
    if number < m[READ_COUNT]:
        after(m, m[m[READ_TIMES] + number] - m[TIME], M_BACKGROUND, number, 0, 0, BACKGROUND_READ, number, 0, 0, 0)


# --- the error cache -------------------------------------------------------------------------------------------------


def cache_put(m, journey):
    """A refusal has arrived at the cache."""
    cache, command = m[group_of(m, journey) + G_CACHE], m[journey + COMMAND]
    note(m, M_CACHED, journey, 0, 0, 0)
    old = m[m[cache + C_TABLE] + command]
    if old != 0:
        forget_kept(m, cache, old)
    kept = new(m, KEPT_SIZE)
    m[kept + K_COMMAND], m[kept + K_PUT_AT], m[kept + K_JOURNEY] = command, m[TIME], journey
    hold(m, journey)
    last = m[cache + C_LAST]
    m[kept + K_BEFORE] = last
    if last != 0:
        m[last + K_BEHIND] = kept
    else:
        m[cache + C_FIRST] = kept
    m[cache + C_LAST] = m[m[cache + C_TABLE] + command] = kept
    m[cache + C_COUNT] += 1
    if 0 <= m[cache + C_AT_MOST] < m[cache + C_COUNT]:
        expire(m, cache, m[cache + C_FIRST], 1)
    if m[cache + C_KEEP_FOR] >= 0:
        attempt, now = m[journey + ATTEMPT], m[TIME]
        after(m, m[cache + C_KEEP_FOR], M_EXPIRED, command, attempt, 0, CACHE_EXPIRES, cache, command, now, 0)


def cache_expires(m, cache, command, put_at):
    """The time of an entry is over, unless it was replaced."""
    kept = m[m[cache + C_TABLE] + command]
    if kept != 0 and m[kept + K_PUT_AT] == put_at:
        expire(m, cache, kept, 0)


def expire(m, cache, kept, pushed_out):
    """An entry goes."""
    note(m, M_EXPIRED, m[kept + K_JOURNEY], 0, 0, pushed_out)
    forget_kept(m, cache, kept)


def forget_kept(m, cache, kept):
    """Take an entry out of the cache."""
    before, behind = m[kept + K_BEFORE], m[kept + K_BEHIND]
    if before != 0:
        m[before + K_BEHIND] = behind
    else:
        m[cache + C_FIRST] = behind
    if behind != 0:
        m[behind + K_BEFORE] = before
    else:
        m[cache + C_LAST] = before
    m[m[cache + C_TABLE] + m[kept + K_COMMAND]] = 0
    m[cache + C_COUNT] -= 1
    drop(m, m[kept + K_JOURNEY])
    give_back(m, kept, KEPT_SIZE)


# --- the handler: turns ----------------------------------------------------------------------------------------------


def shard_of(m, number):
    """The record of a shard."""
    return m[SHARDS] + number * SHARD_SIZE


def newest_of(m, number):
    """The instance of a shard that takes the new commands."""
    return m[m[m[shard_of(m, number) + SH_INSTANCES] + LAST]]


def turns_of(m, home, shard):
    """What a shard has among the turns of an instance."""
    turns = m[home + D_TURNS]
    return turns + shard * SHARD_TURNS_SIZE if m[H_TURN] == ONE_FOR_ALL else turns


def turn_of(m, journey):
    """The turn that a journey takes: (holder, first, last)."""
    turns = m[m[journey + HOME] + D_TURNS]
    if m[H_TURN] == ONE_FOR_ALL:
        return turns + m[SHARD_COUNT] * SHARD_TURNS_SIZE
    if m[H_TURN] == BY_SHARD:
        return turns + SHARD_TURNS_SIZE
    return turns + SHARD_TURNS_SIZE + 3 * m[journey + PLACE]


def enter_turns(m, journey):
    """A command waits for its turn."""
    hold(m, journey)
    m[turns_of(m, m[journey + HOME], m[journey + SHARD]) + T_WAITING] += 1
    if m[H_TURN] == NO_TURN:
        is_ready(m, journey)
        return
    turn = turn_of(m, journey)
    if m[turn] == 0:
        m[turn] = journey
        is_ready(m, journey)
    else:
        line_up(m, turn + 1, journey)


def line_up(m, line, journey):
    """To the end of a line, (first, last); a journey stands in one line at most."""
    m[journey + NEXT] = 0
    if m[line] == 0:
        m[line] = journey
    else:
        m[m[line + 1] + NEXT] = journey
    m[line + 1] = journey


def first_in(m, line):
    """The first leaves the line."""
    journey = m[line]
    m[line] = m[journey + NEXT]
    return journey


def is_ready(m, journey):
    """It has the turn, and needs a worker."""
    turns = turns_of(m, m[journey + HOME], m[journey + SHARD])
    if m[turns + T_FREE] > 0:
        m[turns + T_FREE] -= 1
        let_go(m, turns, journey)
    else:
        line_up(m, turns + T_READY_FIRST, journey)


def let_go(m, turns, journey):
    """It has both."""
    m[turns + T_WAITING] -= 1
    admit(m, journey)


def free_worker(m, journey):
    """A worker is free for the next who has the turn."""
    turns = turns_of(m, m[journey + HOME], m[journey + SHARD])
    if m[turns + T_READY_FIRST] != 0:
        let_go(m, turns, first_in(m, turns + T_READY_FIRST))
    else:
        m[turns + T_FREE] += 1


def pass_on(m, journey):
    """The turn goes to the next."""
    turn = turn_of(m, journey) if m[H_TURN] != NO_TURN else 0
    if m[H_WORKER_WAITS] == 1:
        free_worker(m, journey)
    if turn != 0:
        next_turn(m, turn)
    drop(m, journey)


def next_turn(m, turn):
    """Who waits behind the holder has it now."""
    if m[turn + 1] != 0:
        m[turn] = first_in(m, turn + 1)
        is_ready(m, m[turn])
    else:
        m[turn] = 0


def drop_dead(m, home, shard):
    """An instance of a shard has died that shares its turns with others: none of its own waits there."""
    turns = turns_of(m, home, shard)
    m[turns + T_READY_FIRST] = m[turns + T_WAITING] = 0
    m[turns + T_FREE] = m[H_WORKERS]
    turn = m[home + D_TURNS] + m[SHARD_COUNT] * SHARD_TURNS_SIZE
    if m[turn] == 0:
        return
    waiting = m[turn + 1]
    m[turn + 1] = 0
    while waiting:
        behind = m[waiting + NEXT]
        if m[m[waiting + HOME] + D_DEAD] == 0:
            line_up(m, turn + 1, waiting)
        waiting = behind
    if m[m[m[turn] + HOME] + D_DEAD] == 1:
        next_turn(m, turn)


# --- the handler: what an absent instance does later -----------------------------------------------------------------


def defer(m, home, kind, a, b, c):
    """It is away: this is for later, or never."""
    if m[home + D_PAUSED] == 1 and m[home + D_DEAD] == 0:
        push(m, m[home + D_PUT_OFF], new_act(m, kind, a, b, c, 0))


def is_there(m, home, kind, a, b):
    """Whether it can act now; if not, the act is for later, or never."""
    if m[home + D_AWAY] == 1:
        defer(m, home, kind, a, b, 0)
    return m[home + D_AWAY] == 0


def is_struck(m, watches, journey, kind, b):
    """Whether a fault that watches for this takes the instance away: then the rest, an act, is for later, or never."""
    cell = m[watches + FIRST]
    while cell:
        watch = m[cell]
        if strikes(m, watch, journey, m[journey + LUCK]):
            strike_handler(m, watch, journey, m[watch + F_FIRED] - 1)
        cell = m[cell + 1]
    home = m[journey + HOME]
    if m[home + D_AWAY] == 1 and kind >= 0:
        defer(m, home, kind, journey, b, 0)
    return m[home + D_AWAY] == 1


def strike_handler(m, watch, journey, number):
    """What a fault of handlers does: to the shard that is meant, or where it happens, or to all."""
    first, last = 0, m[SHARD_COUNT] - 1
    if m[watch + F_PLACE] >= 0:
        first = last = m[watch + F_PLACE]
    elif journey != 0:
        first = last = m[journey + SHARD]
    for shard in range(first, last + 1):
        if m[watch + F_EFFECT] == CRASH:
            fresh = kill(m, shard, watch)
            wait = of_series(m, m[watch + F_RESTART], number)
            after(m, wait, M_RESTARTED, 0, 0, shard, INSTANCE_STARTS, fresh, 0, 0, 0)
        else:
            older = newest_of(m, shard)
            if m[older + D_UP] == 1 and m[older + D_AWAY] == 0:
                is_doubled_or_paused(m, older, watch, number)


def is_doubled_or_paused(m, older, watch, number):
    """A second instance shares the commands for a while; or this one stands still, and another may take its place."""
    kind = STOP_SHARING
    if m[watch + F_EFFECT] == TWO:
        start_second(m, older, m[watch + F_NUMBER])
        shard = shard_of(m, m[older + D_SHARD])
        m[shard + SH_OLDER], m[shard + SH_SHARER] = older, watch
    else:
        kind = RESUME
        m[older + D_AWAY] = m[older + D_PAUSED] = 1
        if m[watch + F_HELD] == 1:
            start_second(m, older, m[watch + F_NUMBER])
    wait = ends_of_strike(m, watch, number) - m[TIME]
    after(m, wait, M_ENDED, 0, 0, m[watch + F_NUMBER], kind, older, 0, 0, 0)


# --- the handler: from a command to its events -----------------------------------------------------------------------


def receive(m, journey):
    """A command has arrived at the shard of its aggregate."""
    command = m[journey + COMMAND]
    marks = m[m[MARKS] + command]
    m[journey + AGGREGATE] = aggregate = m[m[AGGREGATE_OF] + command]
    m[journey + CHANGE] = m[m[CHANGE_OF] + command]
    m[journey + EVENTS] = marks >> 10
    m[journey + PLACE] = place = aggregate // m[SHARD_COUNT]
    m[journey + SHARD] = shard = aggregate - place * m[SHARD_COUNT]
    m[journey + HOME] = home = home_of(m, journey)
    if m[home + D_AWAY] == 1 or m[home + D_UP] == 0:
        if m[home + D_HOLDS] == 1:
            push(m, m[home + D_HELD], new_act(m, COMMAND_ARRIVES, journey, 0, 0, 0))
        else:
            note(m, M_LOST, journey, TO_HANDLER, 0, m[home + D_DOWN_BY])
        return
    waiting = m[turns_of(m, home, shard) + T_WAITING]
    note(m, M_RECEIVED, journey, shard, 0, waiting)
    if 0 <= m[H_QUEUE_LIMIT] <= waiting:
        note(m, M_DECIDED, journey, shard, OVERLOADED, -1)
        m[journey + SETTLED] = 1
        reply(m, journey, FAILURE)
        return
    if m[HOLDS_IN_HAND] == 1:
        take_in_hand(m, home, journey)
    if m[group_of(m, journey) + G_ANSWER_AT] == AT_RECEIVED:
        reply(m, journey, GOT_IT)
    enter_turns(m, journey)


def home_of(m, journey):
    """Which instance of its shard takes a command: the newest, or while two share them, one by the luck of it."""
    shard, newest = shard_of(m, m[journey + SHARD]), newest_of(m, m[journey + SHARD])
    older = m[shard + SH_OLDER]
    if older != 0 and m[older + D_AWAY] == 0:
        column = m[m[shard + SH_SHARER] + F_OLDER]
        if m[newest + D_UP] == 0 or drawn(m, column, m[journey + LUCK], m[journey + COMMAND]) != 0:
            return older
    return newest


def take_in_hand(m, home, journey):
    """What an instance works at, and loses when it dies."""
    first = m[home + D_HAND]
    m[journey + IN_HAND], m[journey + HAND_PREVIOUS], m[journey + HAND_NEXT] = 1, 0, first
    if first != 0:
        m[first + HAND_PREVIOUS] = journey
    m[home + D_HAND] = journey


def put_out_of_hand(m, journey):
    """It works at it no more."""
    if m[journey + IN_HAND] == 0:
        return
    m[journey + IN_HAND] = 0
    previous, behind = m[journey + HAND_PREVIOUS], m[journey + HAND_NEXT]
    if previous != 0:
        m[previous + HAND_NEXT] = behind
    else:
        m[m[journey + HOME] + D_HAND] = behind
    if behind != 0:
        m[behind + HAND_PREVIOUS] = previous


def admit(m, journey):
    """It has the turn, and a worker."""
    if not is_there(m, m[journey + HOME], ADMIT, journey, 0):
        return
    note(m, M_ADMITTED, journey, m[journey + SHARD], 0, 0)
    if m[LOADS] == 1:
        m[journey + READS] += 1
        ask_load(m, new_reading(m, journey, 0))
    else:
        validate(m, journey)


def validate(m, journey):
    """Work on it."""
    command, attempt = m[journey + COMMAND], m[journey + ATTEMPT]
    wait = drawn(m, m[H_VALIDATE], m[journey + LUCK], command)
    after(m, wait, M_DECIDED, command, attempt, 0, DECIDE, journey, 0, 0, 0)


def loaded(m, journey, snapshot):
    """The state that it asked for has come."""
    home = m[journey + HOME]
    if m[home + D_AWAY] == 1:
        defer(m, home, LOADED, journey, snapshot, 0)
        return
    m[journey + VERSION], m[journey + STATE] = m[snapshot + N_VERSION], m[snapshot + N_STATE]
    note(m, M_LOADED, journey, m[journey + SHARD], 0, m[journey + VERSION])
    validate(m, journey)


def decide(m, journey):
    """Accept or refuse, unless a fault strikes first."""
    if not is_there(m, m[journey + HOME], DECIDE, journey, 0):
        return
    if m[BEFORE_DECISION] != 0 and is_struck(m, m[BEFORE_DECISION], journey, DECIDE_NOW, 0):
        return
    decide_now(m, journey)


def decide_now(m, journey):
    """By the command itself, and by the state as it is known here."""
    if m[LOADS] == 0:
        stream = own_stream(m, m[journey + HOME], m[journey + PLACE])
        m[journey + VERSION], m[journey + STATE] = m[stream + A_VERSION], m[stream + A_STATE]
    decision = ACCEPTED
    if m[m[MARKS] + m[journey + COMMAND]] & 2 == 0:
        decision = INVALID
    elif m[HAS_RULE] == 1 and not (m[LOW] <= m[journey + STATE] + m[journey + CHANGE] <= m[HIGH]):
        decision = FORBIDDEN
    note(m, M_DECIDED, journey, m[journey + SHARD], decision, m[journey + VERSION])
    accepted = 1 if decision == ACCEPTED else 0
    if m[AFTER_DECISION] != 0 and is_struck(m, m[AFTER_DECISION], journey, GO_ON, accepted):
        return
    go_on(m, journey, accepted)


def go_on(m, journey, accepted):
    """What follows from the decision; then the worker has done its part."""
    home = m[journey + HOME]
    hold(m, journey)
    if accepted:
        accept(m, journey)
    else:
        refuse(m, journey)
    if is_there(m, home, IS_DECIDED, journey, 0):
        is_decided(m, journey)
    drop(m, journey)


def is_decided(m, journey):
    """The worker is free, unless it waits for the end of the turn."""
    if m[H_WORKER_WAITS] == 0:
        free_worker(m, journey)


def refuse(m, journey):
    """It is refused for good."""
    group = group_of(m, journey)
    m[journey + RETRYABLE] = 0
    if m[group + G_ANSWER_AT] != AT_RECEIVED:
        reply(m, journey, FAILURE)
    notify_failure(m, journey)
    release(m, journey)


def notify_failure(m, journey):
    """Tell of a refusal or failure by the ways that do not wait for an answer."""
    group = group_of(m, journey)
    if m[group + G_ERROR_EVENTS] == 1:
        route, shard = route_of(m, TO_STORE), m[journey + SHARD]
        if carry(m, route, journey, M_APPEND_RECEIVED, ERROR_ARRIVES, shard, OF_ERROR, 0, 0, 0, 0):
            append_error(m, journey)
    if m[group + G_CACHE] != 0 and carry(m, route_of(m, TO_CACHE), journey, M_CACHED, CACHE_PUT, 0, MAIN, 0, 0, 0, 0):
        cache_put(m, journey)


def accept(m, journey):
    """It becomes events, or changes nothing."""
    answer_at = m[group_of(m, journey) + G_ANSWER_AT]
    is_empty = m[journey + EVENTS] == 0
    if answer_at == AT_DECIDED or (is_empty and answer_at > AT_DECIDED):
        reply(m, journey, SUCCESS)
    if is_empty:
        m[journey + SETTLED] = 1
        release(m, journey)
        return
    m[journey + EXPECTED] = m[journey + VERSION] if m[CHECKS_VERSION] == 1 else -1
    if m[SAVE] == SAVES_FIRST:
        save(m, journey)
        return
    if m[FOLD_ON] == FOLDS_DECISIONS and m[SAVE] != SAVES_LAST:
        fold(m, journey, m[journey + HOME])
    append(m, journey)
    if is_there(m, m[journey + HOME], HAS_APPENDED, journey, 0):
        has_appended(m, journey)


def has_appended(m, journey):
    """The append is on its way; what comes next does not wait for what becomes of it."""
    if m[SAVE] == SAVES_LAST:
        save(m, journey)
    elif m[WAIT_FOR] == WAITS_FOR_NOTHING:
        succeed(m, journey)


def save(m, journey):
    """To the handler's own store."""
    command, attempt = m[journey + COMMAND], m[journey + ATTEMPT]
    wait = drawn(m, m[SAVE_TIME], m[journey + LUCK], command)
    after(m, wait, M_SAVED, command, attempt, 0, SAVED, journey, 0, 0, 0)


def saved(m, journey):
    """It is there."""
    home = m[journey + HOME]
    if not is_there(m, home, SAVED, journey, 0):
        return
    note(m, M_SAVED, journey, m[journey + SHARD], 0, 0)
    fold(m, journey, home)
    if m[SAVE] == SAVES_FIRST:
        append(m, journey)
    if is_there(m, home, SUCCEED, journey, 0):
        succeed(m, journey)


def append(m, journey):
    """Send it to the event store, unless a fault strikes first."""
    if m[BEFORE_APPEND] != 0 and is_struck(m, m[BEFORE_APPEND], journey, SEND_APPEND, 0):
        return
    send_append(m, journey)


def send_append(m, journey):
    """On its way; if the handler waits, its patience begins."""
    note(m, M_APPEND_SENT, journey, m[journey + SHARD], 0, m[journey + EXPECTED])
    route = route_of(m, TO_STORE)
    if carry(m, route, journey, M_APPEND_RECEIVED, APPEND_ARRIVES, m[journey + SHARD], MAIN, 0, 0, 0, 0):
        append_arrives(m, journey)
    if m[WAIT_FOR] != WAITS_FOR_NOTHING and m[journey + SETTLED] == 0:
        begin_to_wait(m, m[H_PATIENCE], journey, m[journey + COMMAND], m[journey + ATTEMPT])
    if m[AFTER_APPEND] != 0:
        is_struck(m, m[AFTER_APPEND], journey, -1, 0)


def fold(m, journey, home):
    """Put its events into the state of an instance."""
    fold_in(m, own_stream(m, home, m[journey + PLACE]), journey)
    m[journey + FOLDED_AT] = m[TIME]
    note_fold(m, journey, home)


def note_fold(m, journey, home):
    """Record that an instance's state holds the events of an append from now on."""
    version = m[own_stream(m, home, m[journey + PLACE]) + A_VERSION]
    note(m, M_FOLDED, journey, m[journey + SHARD], m[home + D_NUMBER], version)


# --- the handler: what became of the append --------------------------------------------------------------------------


def answered(m, journey, outcome):
    """The store's answer has arrived; one that nobody waits for any more changes nothing."""
    if not is_there(m, m[journey + HOME], STORE_ANSWERS, journey, outcome):
        return
    note(m, M_APPEND_ANSWERED, journey, m[journey + SHARD], outcome, 0)
    if m[journey + SETTLED] == 1:
        return
    if m[BEFORE_ANSWER] != 0 and is_struck(m, m[BEFORE_ANSWER], journey, HEAR_ANSWER, outcome):
        return
    hear_answer(m, journey, outcome)


def hear_answer(m, journey, outcome):
    """Take in what became of the append."""
    if outcome == OK:
        if m[FOLD_ON] == FOLDS_ANSWERS:
            fold(m, journey, m[journey + HOME])
        if m[AFTER_ANSWER] != 0 and is_struck(m, m[AFTER_ANSWER], journey, SUCCEED, 0):
            return
        succeed(m, journey)
    elif outcome == CONFLICT and m[LOADS] == 1 and m[journey + ATTEMPT] % m[ATTEMPTS_PER_TRY] < m[CONFLICT_RETRIES]:
        reload(m, journey)
    elif m[ON_DOUBT] == REREADS or (m[FOLD_ON] == FOLDS_ANSWERS and (outcome == CONFLICT or outcome == DUPLICATE)):
        reread(m, journey)
    elif outcome == DUPLICATE:
        succeed(m, journey)
    elif outcome == ERROR and m[ON_DOUBT] == SAYS_UNKNOWN:
        fail(m, journey, UNKNOWN)
    else:
        fail(m, journey, FAILURE)


def hears_event(m, journey):
    """An event of this shard's aggregates was published and has come back."""
    cell = m[m[shard_of(m, m[journey + SHARD]) + SH_INSTANCES] + FIRST]
    while cell:
        home = m[cell]
        if m[home + D_PAUSED] == 1:
            defer(m, home, ONE_HEARS, home, journey, 0)
        else:
            one_hears(m, home, journey)
        cell = m[cell + 1]


def one_hears(m, home, journey):
    """One instance hears; if it keeps count, it notices when something is missing."""
    if m[CATCHES_UP] == 1 and m[journey + PREVIOUS_OF_SHARD] > m[home + D_HEARD_UP_TO] and m[home + D_UP] == 1:
        push(m, m[home + D_HEARD], journey)
        catch_up(m, home)
    elif m[home + D_CATCHING_UP] == 1:
        push(m, m[home + D_HEARD], journey)
    else:
        instance_hears(m, home, journey)


def instance_hears(m, home, journey):
    """An instance hears of an event, if it is there; each event counts once."""
    if m[home + D_AWAY] == 1 or m[home + D_UP] == 0:
        if m[home + D_DEAD] == 0:
            push(m, m[home + D_HEARD], journey)
        return
    if m[journey + POSITION] < m[home + D_SINCE]:
        return
    stream = own_stream(m, home, m[journey + PLACE])
    if m[DUPLICATES_FROM] >= 0:
        m[stream + A_TOUCHED] = 1
        if holds_append(m, stream, journey):
            return
    if m[CATCHES_UP] == 1:
        if is_known(m, home, journey):
            return
        gets_known(m, home, journey)
    m[home + D_HEARD_UP_TO] = max(m[home + D_HEARD_UP_TO], m[journey + POSITION])
    if m[FOLD_ON] == FOLDS_EVENTS:
        fold(m, journey, home)
    if m[WAIT_FOR] == WAITS_FOR_EVENT and m[journey + HOME] == home and m[journey + SETTLED] == 0:
        if m[BEFORE_ANSWER] != 0 and is_struck(m, m[BEFORE_ANSWER], journey, SUCCEED, 0):
            return
        if m[AFTER_ANSWER] != 0 and is_struck(m, m[AFTER_ANSWER], journey, SUCCEED, 0):
            return
        succeed(m, journey)


def is_known(m, home, journey):
    """Whether an instance that keeps count has heard of an event or read it."""
    link = m[journey + KNOWN_BY]
    while link:
        if m[link] == home:
            return True
        link = m[link + 1]
    return False


def gets_known(m, home, journey):
    """It has."""
    link = new(m, 2)
    m[link], m[link + 1] = home, m[journey + KNOWN_BY]
    m[journey + KNOWN_BY] = link


def hears_of_duplicate(m, journey):
    """What was sent again is in the store already; its event has been published before."""
    if m[WAIT_FOR] == WAITS_FOR_EVENT and m[journey + SETTLED] == 0:
        if is_there(m, m[journey + HOME], SUCCEED, journey, 0):
            succeed(m, journey)


def gives_up_now(m, journey, attempt):
    """Waited long enough.  The append goes on all the same: only the waiting ends."""
    if m[journey + SETTLED] == 1:
        return
    row(m, M_HANDLER_GAVE_UP, m[journey + COMMAND], attempt, m[journey + SHARD], 0, 0)
    if m[ON_DOUBT] == REREADS:
        reread(m, journey)
    else:
        fail(m, journey, UNKNOWN if m[ON_DOUBT] == SAYS_UNKNOWN else FAILURE)


def reload(m, journey):
    """Somebody else was faster: load again, decide again, as the next attempt, which has the turn still."""
    m[journey + SETTLED] = 1
    other, home = following(m, journey), m[journey + HOME]
    if m[HOLDS_IN_HAND] == 1:
        put_out_of_hand(m, journey)
        take_in_hand(m, home, other)
    if m[H_TURN] != NO_TURN and m[turn_of(m, journey)] == journey:
        m[turn_of(m, journey)] = other
    hold(m, other)
    turns = turns_of(m, home, m[other + SHARD])
    m[turns + T_WAITING] += 1
    if m[H_WORKER_WAITS] == 1:
        let_go(m, turns, other)
    else:
        is_ready(m, other)


def succeed(m, journey):
    """As far as the handler knows the events are written."""
    m[journey + SETTLED] = 1
    answer_at = m[group_of(m, journey) + G_ANSWER_AT]
    if answer_at == AT_WRITTEN:
        reply(m, journey, SUCCESS)
    elif answer_at == AT_APPLIED:
        await_views(m, journey)
    release(m, journey)


def fail(m, journey, answer):
    """As far as the handler knows the events are not written; or it does not know, and says so."""
    m[journey + SETTLED] = 1
    if m[group_of(m, journey) + G_ANSWER_AT] >= AT_WRITTEN:
        reply(m, journey, answer)
    if answer == FAILURE:
        notify_failure(m, journey)
    release(m, journey)


def release(m, journey):
    """The turn of the aggregate passes on."""
    note(m, M_RELEASED, journey, m[journey + SHARD], 0, 0)
    if m[HOLDS_IN_HAND] == 1:
        put_out_of_hand(m, journey)
    pass_on(m, journey)


# --- the handler: answers that wait for projections ------------------------------------------------------------------


def is_applied(m, journey):
    """Whether the projections that it waits for have applied what its command has changed."""
    awaited = m[group_of(m, journey) + G_APPLIED_IN]
    return m[m[APPLIED_BY] + m[journey + COMMAND]] & awaited == awaited


def await_views(m, journey):
    """Answer when the projections have applied what the command has changed, in whichever try."""
    if is_applied(m, journey):
        reply(m, journey, SUCCESS)
        return
    command = m[journey + COMMAND]
    if m[m[AWAITING] + command] == 0:
        m[m[AWAITING] + command] = new(m, LIST_SIZE)
    push(m, m[m[AWAITING] + command], journey)
    most = m[group_of(m, journey) + G_WAIT_AT_MOST]
    if most >= 0:
        attempt = m[journey + ATTEMPT]
        after(m, most, M_HANDLER_GAVE_UP, command, attempt, 2, VIEWS_TAKE_TOO_LONG, journey, 0, 0, 0)


def view_has_applied(m, journey, view):
    """A projection says that it has applied the events of a command."""
    command = m[journey + COMMAND]
    m[m[APPLIED_BY] + command] |= 1 << view
    waiting = m[m[AWAITING] + command]
    if waiting != 0 and is_applied(m, journey):
        m[m[AWAITING] + command] = 0
        while m[waiting + COUNT]:
            reply_if_there(m, take(m, waiting), SUCCESS)


def views_take_too_long(m, journey):
    """Waited long enough for projections."""
    waiting = m[m[AWAITING] + m[journey + COMMAND]]
    if waiting == 0:
        return
    found = False
    for _ in range(m[waiting + COUNT]):  # all go round once, but the one that waits no more
        other = take(m, waiting)
        if other == journey and not found:
            found = True
        else:
            push(m, waiting, other)
    if found:
        reply_if_there(m, journey, UNKNOWN)


def reply_if_there(m, journey, answer):
    """Who stands still answers later, and who is dead never."""
    if is_there(m, m[journey + HOME], REPLY, journey, answer):
        reply(m, journey, answer)


# --- the handler: reading streams ------------------------------------------------------------------------------------


def new_reading(m, journey, behind_appends):
    """One need of a stream; asked for once or several times, answered by the first answer that comes."""
    reading = new(m, READING_SIZE)
    m[reading + Q_JOURNEY], m[reading + Q_BEHIND_APPENDS] = journey, behind_appends
    return reading


def question(m, reading):
    """Count one more question, begin to wait for its answer, and return its number."""
    journey = m[reading + Q_JOURNEY]
    m[reading + Q_ASKED] += 1
    begin_to_wait(m, m[READ_PATIENCE], reading, m[journey + COMMAND], m[journey + ATTEMPT])
    return m[journey + READS] * (NUMBERS // 2) + m[reading + Q_ASKED] - 1


def ask_load(m, reading):
    """Ask for the stream as it is."""
    number, journey, route = question(m, reading), m[reading + Q_JOURNEY], route_of(m, TO_STORE)
    if carry(m, route, journey, M_LOADED, LOAD_ARRIVES, m[journey + SHARD], LOAD, number, reading, number, 0):
        load_arrives(m, journey, reading, number)


def ask_reread(m, reading):
    """Ask for the stream as it is when everything that the store has received before has been written."""
    number, journey, route = question(m, reading), m[reading + Q_JOURNEY], route_of(m, TO_STORE)
    if carry(m, route, journey, M_LOADED, REREAD_ARRIVES, m[journey + SHARD], LOAD, number, reading, number, 0):
        reread_arrives(m, journey, reading, number)


def send_question(m, reading):
    """Ask again."""
    if m[reading + Q_BEHIND_APPENDS] == 1:
        ask_reread(m, reading)
    else:
        ask_load(m, reading)


def reread(m, journey):
    """In doubt: look at the stream."""
    m[journey + SETTLED] = 1
    m[journey + READS] += 1
    ask_reread(m, new_reading(m, journey, 1))


def load_arrives(m, journey, reading, number):
    """The store is asked for a stream."""
    if m[IS_DOWN] == 0:
        read_stream(m, journey, reading, number)
    elif m[HOLDS_WHILE_DOWN] == 1:
        push(m, m[HELD], new_act(m, READ_STREAM, journey, reading, number, 0))
    else:
        lose_at_store(m, journey)


def reread_arrives(m, journey, reading, number):
    """The store is asked for a stream as it is behind all appends so far."""
    if m[IS_DOWN] == 0:
        entry = new_entry(m, journey, 0, 0)
        m[entry + E_READING], m[entry + E_NUMBER] = reading, number
        enter(m, entry)
    elif m[HOLDS_WHILE_DOWN] == 1:
        push(m, m[HELD], new_act(m, REREAD_ARRIVES, journey, reading, number, 0))
    else:
        lose_at_store(m, journey)


def read_stream(m, journey, reading, number):
    """What the reader will get is as it is now; the reading takes its time."""
    snapshot = snapshot_of(m, m[journey + AGGREGATE])
    command, attempt = m[journey + COMMAND], m[journey + ATTEMPT]
    work = drawn(m, m[READ], m[journey + LUCK], command) + to_read_of(m, m[journey + AGGREGATE]) * m[READ_PER_EVENT]
    wait = time_for(m, work, m[TIME])
    after(m, wait, M_LOADED, command, attempt, number, STREAM_READ, journey, reading, number, snapshot)


def stream_read(m, journey, reading, number, snapshot):
    """The store answers, unless it has crashed while it read."""
    if m[snapshot + N_LIFE] != m[LIFE]:
        lose_at_store(m, journey)
        return
    route, shard = route_of(m, STORE_TO_HANDLER), m[journey + SHARD]
    if carry(m, route, journey, M_LOADED, STREAM_ARRIVES, shard, LOAD, number, reading, snapshot, 0):
        stream_arrives(m, journey, reading, snapshot)


def stream_arrives(m, journey, reading, snapshot):
    """The first answer is taken."""
    if m[reading + Q_DONE] == 1:
        return
    m[reading + Q_DONE] = 1
    if m[reading + Q_BEHIND_APPENDS] == 1:
        has_reread(m, journey, snapshot)
    else:
        loaded(m, journey, snapshot)


def has_reread(m, journey, snapshot):
    """Take the stream as it is; the append succeeded if it is found there (or its command id is)."""
    home = m[journey + HOME]
    if m[home + D_AWAY] == 1:
        defer(m, home, HAS_REREAD, journey, snapshot, 0)
        return
    found = False
    link = m[snapshot + N_APPENDS]
    while link != 0 and not found:
        found = m[m[link] + IDENTITY] == m[journey + IDENTITY]
        link = m[link + 1]
    note(m, M_REREAD, journey, m[journey + SHARD], OK if found else NOT_FOUND, m[snapshot + N_VERSION])
    stream = own_stream(m, home, m[journey + PLACE])
    if not is_older(m, snapshot, stream):
        note_missing(m, home, m[stream + A_APPENDS], m[snapshot + N_APPENDS], m[snapshot + N_VERSION])
        m[stream + A_CUTS] = m[snapshot + N_CUTS]
        hold_as(m, stream, snapshot)
    if found:
        succeed(m, journey)
    else:
        fail(m, journey, FAILURE)


# --- the disk --------------------------------------------------------------------------------------------------------


def time_for(m, work, now):
    """How long work takes that starts now: slow periods stretch it, stalls hold it up."""
    if m[CHANGE_COUNT] == 0:
        return work
    low, high = 0, m[CHANGE_COUNT]
    while low < high:
        middle = (low + high) >> 1
        if m[m[CHANGES] + 2 * middle] <= now:
            low = middle + 1
        else:
            high = middle
    at = low - 1
    time = now
    while True:
        slowness = m[m[CHANGES] + 2 * at + 1] if at >= 0 else UNSLOWED
        is_last = at + 1 == m[CHANGE_COUNT]
        ends = 0 if is_last else m[m[CHANGES] + 2 * at + 2]
        if slowness != 0:
            needed = -(-work * slowness // UNSLOWED)
            if is_last or time + needed <= ends:
                return time + needed - now
            work -= (ends - time) * UNSLOWED // slowness
        time = ends
        at += 1


def slot_at_disk(m, journey, is_error):
    """An error event has luck of its own, else it would meet the very trouble that it is to tell of."""
    return 2 * m[journey + LUCK] + is_error


def taken_by_others(m):
    """Bytes that faults have taken by now, in the windows that are open."""
    total = 0
    cell = m[m[TAKERS] + FIRST]
    while cell:
        watch = m[cell]
        cell = m[cell + 1]
        if m[watch + F_EFFECT] != CONSUME:
            continue
        for i in range(m[watch + F_WINDOW_COUNT]):
            begins = m[m[watch + F_WINDOWS] + 3 * i]
            if begins <= m[TIME] < m[m[watch + F_WINDOWS] + 3 * i + 1]:
                taken = scaled(m[TIME] - begins, m[watch + F_AMOUNT], SECOND)
                most = m[watch + F_AT_MOST_BYTES]
                total += taken if most < 0 else min(taken, most)
                break
    return total


def taken_room(m):
    """Bytes that are not free."""
    return m[USED] + taken_by_others(m)


def refusal(m, journey, is_error, size):
    """OK if so many more bytes fit, else FULL; REFUSED_BY says for which fault (-1: nobody's)."""
    m[REFUSED_BY] = NEVER
    capacity = m[CAPACITY]
    if m[m[TAKERS] + COUNT] > 0:
        cell = m[m[TAKERS] + FIRST]
        while cell:
            watch = m[cell]
            cell = m[cell + 1]
            if m[watch + F_EFFECT] == NO_ROOM and strikes(m, watch, journey, slot_at_disk(m, journey, is_error)):
                m[REFUSED_BY] = m[watch + F_NUMBER]
                return FULL
        taken = taken_by_others(m)
        if taken > 0 and 0 <= capacity < m[USED] + taken + size:
            blame(m, journey)
            return FULL
    return FULL if 0 <= capacity < m[USED] + size else OK


def blame(m, journey):
    """The first of those that take room bit by bit enters the refusal in the ledger."""
    cell = m[m[TAKERS] + FIRST]
    while cell:
        watch = m[cell]
        cell = m[cell + 1]
        if m[watch + F_EFFECT] == CONSUME and strikes(m, watch, journey, 0):
            m[REFUSED_BY] = m[watch + F_NUMBER]
            return


def fails(m, watch, kept, outcome):
    """An operation of the disk ends with an error, unless something else has made it one before."""
    if m[F_OUTCOME] == OK:
        m[F_OUTCOME], m[F_FAULT], m[F_KEPT] = outcome, m[watch + F_NUMBER], kept


def in_progress(m, watch):
    """Whether it is a stall at known times, which strikes what is under way."""
    return m[watch + F_EFFECT] == FREEZE and m[watch + F_BY] == BY_TIME


def find_fate(m, entry, work, operations, retries):
    """What becomes of one operation of the disk that starts now: delays add up, the first error counts."""
    leader, slot = m[entry + E_JOURNEY], slot_at_disk(m, m[entry + E_JOURNEY], m[entry + E_IS_ERROR])
    m[HAS_FATE], m[F_OUTCOME], m[F_FAULT], m[F_KEPT], m[F_SAFE_FROM] = 1, OK, NEVER, 1, 0
    struck, held, command = new(m, LIST_SIZE), 0, m[leader + COMMAND]
    cell = m[m[DISK_WATCHES] + FIRST]
    while cell:
        watch = m[cell]
        cell = m[cell + 1]
        is_meant = operations >> m[watch + F_OPERATION] & 1 == 1
        if is_meant and not in_progress(m, watch) and strikes(m, watch, leader, slot):
            push(m, struck, watch)
    cell = m[struck + FIRST]
    while cell:
        watch = m[cell]
        cell = m[cell + 1]
        effect = m[watch + F_EFFECT]
        if effect == SLOW:
            work = work * max(m[watch + F_FACTOR], 1) // UNSLOWED
            held += drawn(m, m[watch + F_ADDED], slot, command) if m[watch + F_ADDED] != 0 else 0
        elif effect == FREEZE:
            held += holds_until(m, watch) - m[TIME]
            if m[watch + F_ERROR] == 1:
                fails(m, watch, 0, ERROR)
        elif effect != LIE:
            kept = drawn(m, m[watch + F_KEPT_COLUMN], slot, command) if m[watch + F_KEPT_COLUMN] != 0 else 0
            if effect != FLUSH_ERROR or retries == 0:
                fails(m, watch, kept, FULL if m[watch + F_NO_ROOM] == 1 else ERROR)
            elif kept != 1:
                m[F_SAFE_FROM] = FOREVER
    m[F_DURATION] = time_for(m, work, m[TIME]) + held
    freeze_in_progress(m, leader, operations)
    while m[struck + COUNT]:
        watch = take(m, struck)
        if m[watch + F_EFFECT] == LIE:
            until = m[TIME] + m[F_DURATION] + m[watch + F_AMOUNT]
            if m[watch + F_AMOUNT] < 0:
                until = holds_until(m, watch)
            m[F_SAFE_FROM] = max(m[F_SAFE_FROM], until)
    give_back(m, struck, LIST_SIZE)
    return m[F_DURATION]


def freeze_in_progress(m, leader, operations):
    """A stall that ends with an error strikes whatever is under way in it, however it began."""
    now, ends_at = m[TIME], m[TIME] + m[F_DURATION]
    cell = m[m[DISK_WATCHES] + FIRST]
    while cell:
        watch = m[cell]
        cell = m[cell + 1]
        if not in_progress(m, watch) or operations >> m[watch + F_OPERATION] & 1 == 0:
            continue
        for i in range(m[watch + F_WINDOW_COUNT]):
            begins = m[m[watch + F_WINDOWS] + 3 * i]
            if begins < ends_at and now < m[m[watch + F_WINDOWS] + 3 * i + 1]:
                m[watch + F_SEEN] += 1
                fire(m, watch, leader)
                fails(m, watch, 0, ERROR)
                break


# --- the event store: what comes in ----------------------------------------------------------------------------------


def new_entry(m, journey, size, is_error):
    """Something that waits for the serial section."""
    entry = new(m, ENTRY_SIZE)
    m[STAMPS] += 1
    m[entry + E_JOURNEY], m[entry + E_BYTES], m[entry + E_IS_ERROR] = journey, size, is_error
    m[entry + E_FAULT] = m[entry + E_POSITION] = NEVER
    m[entry + E_ID] = m[STAMPS]
    hold(m, journey)
    return entry


def is_done_with(m, entry):
    """Nobody looks at it any more."""
    if m[RECYCLES] == 1:
        drop(m, m[entry + E_JOURNEY])
        give_back(m, entry, ENTRY_SIZE)


def lose_at_store(m, journey):
    """A message to the store has found nobody there."""
    note(m, M_LOST, journey, TO_STORE, 0, m[DOWN_BY])


def append_arrives(m, journey):
    """An append has arrived."""
    if m[IS_DOWN] == 0:
        enter(m, new_entry(m, journey, m[journey + EVENTS] * m[group_of(m, journey) + G_EVENT_BYTES], 0))
    elif m[ANSWERS_DEAD] == 1:
        entry = new_entry(m, journey, 0, 0)
        m[entry + E_OUTCOME], m[entry + E_FAULT] = ERROR, m[DOWN_BY]
        note(m, M_APPEND_RECEIVED, journey, 0, 0, m[m[WAITING] + COUNT])
        tell_failure(m, entry)
    elif m[HOLDS_WHILE_DOWN] == 1:
        push(m, m[HELD], new_act(m, APPEND_ARRIVES, journey, 0, 0, 0))
    else:
        lose_at_store(m, journey)


def append_error(m, journey):
    """An error event has arrived: a refusal, stored like any event."""
    if m[IS_DOWN] == 0:
        enter(m, new_entry(m, journey, m[group_of(m, journey) + G_ERROR_BYTES], 1))
    elif m[ANSWERS_DEAD] == 1:
        entry = new_entry(m, journey, 0, 1)
        m[entry + E_OUTCOME], m[entry + E_FAULT] = ERROR, m[DOWN_BY]
        note_failure(m, entry)
    elif m[HOLDS_WHILE_DOWN] == 1:
        push(m, m[HELD], new_act(m, ERROR_ARRIVES, journey, 0, 0, 0))
    else:
        lose_at_store(m, journey)


def enter(m, entry):
    """It waits for the serial section."""
    if m[entry + E_READING] == 0 and m[entry + E_IS_ERROR] == 0:
        note(m, M_APPEND_RECEIVED, m[entry + E_JOURNEY], 0, 0, m[m[WAITING] + COUNT])
    push(m, m[WAITING], entry)
    if m[BUSY] == 0:
        turn_to_next(m)


# --- the event store: the serial section -----------------------------------------------------------------------------


def turn_to_next(m):
    """Turn to what is waiting, if there is anything, and it has waited enough."""
    if m[WHEN_IDLE] == 1 and m[m[UNFLUSHED] + COUNT] == 0:
        m[WHEN_IDLE] = 0
        add_to_agenda(m, COME_UP, 1, 0, 0)
    elif m[FLUSH_DUE] == 1 and m[m[UNFLUSHED] + COUNT] > 0:
        start_flush(m)
    elif m[m[WAITING] + COUNT] > 0:
        first = m[m[m[WAITING] + FIRST]]
        if m[WINDOW_NS] <= 0 or 0 < m[BATCH_AT_MOST] <= m[m[WAITING] + COUNT] or m[OVER_FOR] == m[first + E_ID]:
            start_batch(m)
        elif m[CLOSES_FOR] != m[first + E_ID]:
            m[CLOSES_FOR] = m[first + E_ID]
            journey = m[first + E_JOURNEY]
            command, attempt = m[journey + COMMAND], m[journey + ATTEMPT]
            after(m, m[WINDOW_NS], M_STARTED, command, attempt, 0, WINDOW_CLOSES, m[first + E_ID], 0, 0, 0)


def window_closes(m, number):
    """The first of a batch has waited enough."""
    m[OVER_FOR] = number
    if m[BUSY] == 0 and m[m[WAITING] + COUNT] > 0 and m[m[m[m[WAITING] + FIRST]] + E_ID] == number:
        start_batch(m)


def start_batch(m):
    """Write a batch: what is waiting, at most so many."""
    m[BUSY] = 1
    count = m[m[WAITING] + COUNT]
    if m[BATCH_AT_MOST] >= 0:
        count = min(count, m[BATCH_AT_MOST])
    batch = new(m, LIST_SIZE)
    for _ in range(count):
        push(m, batch, take(m, m[WAITING]))
    writes = sort_out(m, batch)
    leader = leader_of(m, batch)
    m[WORK_SERIAL] += 1
    serial = m[WORK_SERIAL]
    m[AT_WORK], m[HAS_FATE], m[BEGAN_AT] = batch, 0, m[TIME]
    journey, wait = m[leader + E_JOURNEY], 0
    command, attempt = m[journey + COMMAND], m[journey + ATTEMPT]
    if writes > 0:
        if m[m[BEFORE_WRITE] + COUNT] > 0 and brings_down(m, m[BEFORE_WRITE], leader):
            return
        wait = begin_write(m, leader, batch)
        if m[m[BEFORE_FLUSH] + COUNT] > 0 and m[FLUSH] != FLUSH_PERIODIC:
            writing = time_for(m, write_work(m, leader, batch), m[TIME])
            after(m, writing, M_BUFFERED, command, 0, 0, FLUSH_BEGINS, serial, 0, 0, 0)
        row(m, M_STARTED, command, attempt, 0, 0, writes)
        if m[PUBLISH_EARLY] == 1:
            publish_early(m, batch)
    after(m, wait, M_WRITTEN, command, attempt, 0, BATCH_WRITTEN, serial, 0, 0, 0)


def brings_down(m, watches, leader):
    """Whether one of the faults that watch this operation brings the store down."""
    life, journey = m[LIFE], m[leader + E_JOURNEY]
    slot = slot_at_disk(m, journey, m[leader + E_IS_ERROR])
    cell = m[watches + FIRST]
    while cell:
        watch = m[cell]
        if strikes(m, watch, journey, slot):
            strike_store(m, watch, m[watch + F_FIRED] - 1)
        cell = m[cell + 1]
    return m[LIFE] != life


def flush_begins(m, serial):
    """The bytes have left the process, and are forced to the medium from now on."""
    if m[AT_WORK] != 0 and m[WORK_SERIAL] == serial:
        brings_down(m, m[BEFORE_FLUSH], m[m[m[AT_WORK] + FIRST]])


def sort_out(m, batch):
    """How many of a batch are to be written, each judged as if those before it were."""
    writes = 0
    m[STAMPS] += 1
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_READING] == 0 and is_to_be_written(m, entry):
            writes += 1
            m[entry + E_TAKES_ROOM] = 1
            m[USED] += m[entry + E_BYTES]
        cell = m[cell + 1]
    return writes


def leader_of(m, batch):
    """The first of a batch that is written, or of those that are not."""
    cell = m[batch + FIRST]
    while cell:
        if m[m[cell] + E_TAKES_ROOM] == 1:
            return m[cell]
        cell = m[cell + 1]
    return m[m[batch + FIRST]]


def is_to_be_written(m, entry):
    """No duplicate, of the expected version, and there is room."""
    journey, is_error = m[entry + E_JOURNEY], m[entry + E_IS_ERROR]
    if m[POISONED] == 1:
        m[entry + E_OUTCOME], m[entry + E_FAULT] = ERROR, m[POISONED_BY]
        return False
    if is_error == 0 and m[DEDUPE] == 1:
        m[entry + E_ORIGINAL] = original_of(m, m[journey + IDENTITY])
        if m[entry + E_ORIGINAL] != 0:
            m[entry + E_OUTCOME] = DUPLICATE
            return False
    if m[FENCING] == 1 and m[m[journey + HOME] + D_NUMBER] < m[shard_of(m, m[journey + SHARD]) + SH_NEWEST]:
        m[entry + E_OUTCOME], m[entry + E_FAULT] = FENCED, m[m[journey + HOME] + D_REPLACED_BY]
        return False
    stream, version = m[STREAMS] + m[journey + AGGREGATE] * STREAM_SIZE, 0
    if is_error == 0 and m[CHECKS_VERSION] == 1:
        # of the log's streams A_TOUCHED is the batch in which A_CUTS was the version so far
        version = m[stream + A_CUTS] if m[stream + A_TOUCHED] == -m[STAMPS] else m[stream + A_VERSION]
        if m[journey + EXPECTED] != version:
            m[entry + E_OUTCOME] = CONFLICT
            return False
    m[entry + E_OUTCOME] = refusal(m, journey, is_error, m[entry + E_BYTES])
    m[entry + E_FAULT] = m[REFUSED_BY]
    if m[entry + E_OUTCOME] == OK and is_error == 0:
        m[stream + A_TOUCHED], m[stream + A_CUTS] = -m[STAMPS], version + m[journey + EVENTS]
        if m[DEDUPE] == 1:
            remember(m, entry)
    return m[entry + E_OUTCOME] == OK


def write_work(m, leader, batch):
    """Work to write a batch, without forcing it to the medium."""
    size = 0
    cell = m[batch + FIRST]
    while cell:
        size += m[m[cell] + E_BYTES] if m[m[cell] + E_TAKES_ROOM] == 1 else 0
        cell = m[cell + 1]
    journey = m[leader + E_JOURNEY]
    slot = slot_at_disk(m, journey, m[leader + E_IS_ERROR])
    return drawn(m, m[DISK_WRITE], slot, m[journey + COMMAND]) + m[PER_KIB] * size // KIB


def flush_work(m, entry):
    """Work to force an append onto the medium."""
    journey = m[entry + E_JOURNEY]
    return drawn(m, m[DISK_FLUSH], slot_at_disk(m, journey, m[entry + E_IS_ERROR]), m[journey + COMMAND])


def begin_write(m, leader, batch):
    """How long the write takes; what becomes of it is decided now, and shows at its end."""
    work = write_work(m, leader, batch)
    if m[FLUSH] == FLUSH_GROUP:
        work += flush_work(m, leader)
    cell = m[batch + FIRST]
    while cell != 0 and m[FLUSH] == FLUSH_EACH:
        work += flush_work(m, m[cell]) if m[m[cell] + E_TAKES_ROOM] == 1 else 0
        cell = m[cell + 1]
    if m[m[DISK_WATCHES] + COUNT] == 0:
        return time_for(m, work, m[TIME])
    operations = OP_WRITE if m[FLUSH] == FLUSH_PERIODIC else OP_WRITE | OP_FLUSH
    find_fate(m, leader, work, operations, m[RETRY_FLUSH])
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_TAKES_ROOM] == 1:
            m[entry + E_SAFE_FROM] = m[F_SAFE_FROM]
            if m[F_OUTCOME] != OK:
                m[entry + E_OUTCOME], m[entry + E_FAULT] = m[F_OUTCOME], m[F_FAULT]
                forget(m, entry)
        cell = m[cell + 1]
    return m[F_DURATION]


def publish_early(m, batch):
    """Publish before it is known whether the write will succeed, under the positions that it then would get."""
    position = m[NEXT_POSITION]
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        journey = m[entry + E_JOURNEY]
        if m[entry + E_TAKES_ROOM] == 1:
            events = 1
            if m[entry + E_IS_ERROR] == 0:
                m[journey + POSITION] = position
                events = m[journey + EVENTS]
                publish(m, entry)
            position += events
        cell = m[cell + 1]


def batch_written(m, serial):
    """The batch is written: give versions and positions, tell everybody, go on."""
    if m[AT_WORK] == 0 or m[WORK_SERIAL] != serial:
        return  # the store has crashed meanwhile
    batch = m[AT_WORK]
    if m[m[AFTER_WRITE] + COUNT] > 0:
        first = first_append(m, batch)
        if first != 0 and brings_down(m, m[AFTER_WRITE], first):
            return
    if m[HAS_FATE] == 1 and m[F_OUTCOME] == ERROR and m[ON_ERROR] != GOES_ON_AFTER_ERROR:
        if m[ON_ERROR] == EXITS_ON_ERROR:
            exits(m, m[F_FAULT])
            return
        m[POISONED], m[POISONED_BY] = 1, m[F_FAULT]
    m[AT_WORK] = 0
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_READING] != 0:
            read_stream(m, m[entry + E_JOURNEY], m[entry + E_READING], m[entry + E_NUMBER])
        elif m[entry + E_OUTCOME] == OK:
            give_place(m, entry)
        elif m[entry + E_ORIGINAL] == 0:
            has_failed(m, entry)
        cell = m[cell + 1]
    if m[FLUSH] == FLUSH_PERIODIC:
        keep_for_flush(m, batch)
    else:
        make_durable(m, batch)
    cell = m[batch + FIRST]
    while cell:
        if m[m[cell] + E_ORIGINAL] != 0:
            repeats(m, m[cell])
        cell = m[cell + 1]
    while m[batch + COUNT]:
        entry = take(m, batch)
        if m[FLUSH] != FLUSH_PERIODIC or m[entry + E_OUTCOME] != OK or m[entry + E_READING] != 0:
            is_done_with(m, entry)
    give_back(m, batch, LIST_SIZE)
    m[BUSY] = 0
    turn_to_next(m)


def first_append(m, batch):
    """The first of a batch that was to be written, or 0."""
    cell = m[batch + FIRST]
    while cell:
        if m[m[cell] + E_READING] == 0 and m[m[cell] + E_ORIGINAL] == 0:
            return m[cell]
        cell = m[cell + 1]
    return 0


def make_durable(m, batch):
    """All of a batch that succeeded, each with its answer."""
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_READING] == 0 and m[entry + E_OUTCOME] == OK:
            is_durable(m, entry)
            answer(m, entry)
        cell = m[cell + 1]


def repeats(m, entry):
    """A duplicate is answered like the append that it repeats, and when that is."""
    original = m[entry + E_ORIGINAL]
    if m[original + E_OUTCOME] != OK:
        m[entry + E_OUTCOME], m[entry + E_FAULT] = m[original + E_OUTCOME], m[original + E_FAULT]
        tell_failure(m, entry)
    elif m[original + E_DURABLE] == 1 or m[ANSWER_AFTER_WRITE] == 1:
        tell_duplicate(m, entry)
    else:
        push(m, m[UNFLUSHED], entry)


def tell_duplicate(m, entry):
    """Whoever waits for its event need not."""
    tell_failure(m, entry)
    journey = m[entry + E_JOURNEY]
    if m[LISTENS] == 1:
        route, shard = route_of(m, TO_SUBSCRIBER), m[journey + SHARD]
        if carry(m, route, journey, M_FOLDED, DUPLICATE_HEARD, shard, MAIN, 0, 0, 0, 0):
            hears_of_duplicate(m, journey)


def has_failed(m, entry):
    """An error has been reported; the bytes may be there all the same, and show when the store starts again."""
    if m[HAS_FATE] == 1 and m[entry + E_TAKES_ROOM] == 1 and m[entry + E_OUTCOME] == m[F_OUTCOME]:
        if m[F_KEPT] == 1:
            push(m, m[IN_DOUBT], entry)
        else:
            m[entry + E_TAKES_ROOM] = 0
            m[USED] -= m[entry + E_BYTES]
    tell_failure(m, entry)


def tell_failure(m, entry):
    """Record it, and answer."""
    note_failure(m, entry)
    answer(m, entry)


def note_failure(m, entry):
    """Record what became of an append that did not become durable."""
    moment = M_REFUSAL_LOST if m[entry + E_IS_ERROR] == 1 else M_FAILED
    m[entry + E_NOTED] = 1
    note(m, moment, m[entry + E_JOURNEY], 0, m[entry + E_OUTCOME], m[entry + E_FAULT])


# --- the event store: durability -------------------------------------------------------------------------------------


def keep_for_flush(m, batch):
    """What is written waits for the next flush."""
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_READING] == 0 and m[entry + E_OUTCOME] == OK:
            if m[entry + E_IS_ERROR] == 0:
                note(m, M_BUFFERED, m[entry + E_JOURNEY], 0, 0, m[entry + E_POSITION])
            push(m, m[UNFLUSHED], entry)
            if m[ANSWER_AFTER_WRITE] == 1:
                answer(m, entry)
        cell = m[cell + 1]
    if m[m[UNFLUSHED] + COUNT] == 0:
        m[FLUSH_DUE] = 0


def flush_tick(m):
    """Time for the periodic flush: at once, or right after the write in progress."""
    after(m, m[FLUSH_EVERY], M_BUFFERED, 0, 0, 0, FLUSH_TICK, 0, 0, 0, 0)
    if m[IS_DOWN] == 1:
        return
    m[FLUSH_DUE] = 1 if m[BUSY] == 1 or m[m[UNFLUSHED] + COUNT] > 0 else 0
    if m[BUSY] == 0:
        turn_to_next(m)


def start_flush(m):
    """Force what was written onto the medium."""
    m[BUSY], m[FLUSH_DUE] = 1, 0
    batch = m[UNFLUSHED]
    m[UNFLUSHED] = new(m, LIST_SIZE)
    m[WORK_SERIAL] += 1
    m[AT_WORK], m[HAS_FATE] = batch, 0
    leader = m[m[batch + FIRST]]
    journey = m[leader + E_JOURNEY]
    command, attempt, serial = m[journey + COMMAND], m[journey + ATTEMPT], m[WORK_SERIAL]
    if m[m[BEFORE_FLUSH] + COUNT] > 0 and brings_down(m, m[BEFORE_FLUSH], leader):
        return
    work = flush_work(m, leader)
    if m[m[DISK_WATCHES] + COUNT] == 0:
        wait = time_for(m, work, m[TIME])
    else:
        wait = find_fate(m, leader, work, OP_FLUSH, m[RETRY_FLUSH])
    after(m, wait, M_WRITTEN, command, attempt, 1, FLUSHED, serial, 0, 0, 0)


def flushed(m, serial):
    """What was written is durable now, or the flush has failed."""
    if m[AT_WORK] == 0 or m[WORK_SERIAL] != serial:
        return
    batch = m[AT_WORK]
    if m[m[AFTER_FLUSH] + COUNT] > 0 and brings_down(m, m[AFTER_FLUSH], m[m[batch + FIRST]]):
        return
    if m[HAS_FATE] == 1 and m[F_OUTCOME] != OK:
        flush_has_failed(m, batch)
        return
    m[AT_WORK] = 0
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_ORIGINAL] != 0:
            tell_duplicate(m, entry)
        else:
            if m[HAS_FATE] == 1:
                m[entry + E_SAFE_FROM] = max(m[entry + E_SAFE_FROM], m[F_SAFE_FROM])
            is_durable(m, entry)
            if m[ANSWER_AFTER_WRITE] == 0:
                answer(m, entry)
        cell = m[cell + 1]
    while m[batch + COUNT]:
        is_done_with(m, take(m, batch))
    give_back(m, batch, LIST_SIZE)
    m[BUSY] = 0
    turn_to_next(m)


def flush_has_failed(m, batch):
    """A periodic flush has reported an error.  A store that goes on comes to the next flush, which seems to work."""
    if m[ON_ERROR] == EXITS_ON_ERROR:
        exits(m, m[F_FAULT])
        return
    if m[ON_ERROR] == POISONS:
        m[POISONED], m[POISONED_BY] = 1, m[F_FAULT]
    cell = m[batch + FIRST]
    while cell != 0 and m[F_KEPT] == 0:
        m[m[cell] + E_SAFE_FROM] = FOREVER
        cell = m[cell + 1]
    after_all(m, batch, m[UNFLUSHED])
    m[UNFLUSHED] = batch
    m[AT_WORK] = m[BUSY] = 0
    turn_to_next(m)


def is_durable(m, entry):
    """It is in the log for everybody, and published."""
    journey = m[entry + E_JOURNEY]
    keep(m, entry)
    if m[entry + E_IS_ERROR] == 1:
        note(m, M_REFUSAL_STORED, journey, 0, 0, m[entry + E_POSITION])
        tell_pushed(m, journey, FAILURE)
        return
    note(m, M_WRITTEN, journey, 0, OK, m[entry + E_POSITION])
    if m[PUBLISH_EARLY] == 0:
        publish(m, entry)


# --- the event store: answers and publications -----------------------------------------------------------------------


def answer(m, entry):
    """Tell the handler what became of its append, if it listens."""
    if m[entry + E_IS_ERROR] == 1 or m[WAIT_FOR] != WAITS_FOR_ANSWER:
        return
    journey, outcome = m[entry + E_JOURNEY], m[entry + E_OUTCOME]
    route, shard = route_of(m, STORE_TO_HANDLER), m[journey + SHARD]
    if carry(m, route, journey, M_APPEND_ANSWERED, STORE_ANSWERS, shard, MAIN, 0, outcome, 0, 0):
        answered(m, journey, outcome)


def publish(m, entry):
    """Tell everybody who listens; each publication says which one came before it."""
    journey = m[entry + E_JOURNEY]
    m[entry + E_PUBLISHED] = 1
    m[journey + WAS_ALTERED] = m[journey + ALTERED]
    note(m, M_PUBLISHED, journey, 0, 0, m[journey + POSITION])
    m[journey + PREVIOUS], m[LAST_PUBLISHED] = m[LAST_PUBLISHED], m[journey + POSITION]
    if m[LISTENS] == 1:
        shard = shard_of(m, m[journey + SHARD])
        m[journey + PREVIOUS_OF_SHARD] = m[shard + SH_LAST_PUBLISHED]
        m[shard + SH_LAST_PUBLISHED] = m[journey + POSITION]
        route = route_of(m, TO_SUBSCRIBER)
        if carry(m, route, journey, M_FOLDED, EVENT_HEARD, m[journey + SHARD], MAIN, 0, 0, 0, 0):
            hears_event(m, journey)
    for number in range(m[VIEW_COUNT]):
        view = m[VIEWS] + number * VIEW_SIZE
        if m[view + Y_POLL] < 0 and carry(
            m, m[view + Y_ROUTE], journey, M_DELIVERED, DELIVERED, 0, MAIN, 0, view, 0, 0
        ):
            deliver(m, view, journey)
    if m[PUSHES] == 1:
        tell_pushed(m, journey, SUCCESS)


def tell_pushed(m, journey, said):
    """Tell the client, if events are pushed to it."""
    if m[group_of(m, journey) + G_PUSHED] == 0:
        return
    route, sort = route_of(m, STORE_TO_CLIENT), MAIN if said == SUCCESS else OF_ERROR
    if carry(m, route, journey, M_INFORMED, EVENT_PUSHED, m[journey + SESSION_OF], sort, 0, said, 0, 0):
        hears_push(m, journey, said)


# --- the log ---------------------------------------------------------------------------------------------------------


def give_place(m, entry):
    """It has been written: it gets its position, and counts from now on."""
    journey = m[entry + E_JOURNEY]
    m[entry + E_POSITION] = m[NEXT_POSITION]
    if m[entry + E_IS_ERROR] == 1:
        m[NEXT_POSITION] += 1
    else:
        m[journey + POSITION] = m[NEXT_POSITION]
        m[NEXT_POSITION] += m[journey + EVENTS]
        fold_in_log(m, m[STREAMS], journey)


def fold_in_log(m, streams, journey):
    """Into the stream of its aggregate; whether it was touched means something else there."""
    stream = streams + m[journey + AGGREGATE] * STREAM_SIZE
    batch = m[stream + A_TOUCHED]
    fold_in(m, stream, journey)
    m[stream + A_TOUCHED] = batch


def keep(m, entry):
    """It is durable: readers may find it."""
    journey = m[entry + E_JOURNEY]
    m[entry + E_DURABLE] = 1
    if m[HAS_FAULTS] == 1:
        m[entry + E_WRITTEN_AT] = m[TIME]
        push(m, m[LOG_ENTRIES], entry)
    if m[entry + E_IS_ERROR] == 1:
        if m[FOUND] != 0 and m[m[FOUND] + m[journey + IDENTITY]] <= 0:
            m[m[FOUND] + m[journey + IDENTITY]] = -journey
        return
    if m[FOUND] != 0:
        m[m[FOUND] + m[journey + IDENTITY]] = journey
    m[LOG_END] = m[entry + E_POSITION] + m[journey + EVENTS]
    if m[KEEPS_LOG] == 1:
        put_at_end(m, m[LOG], journey)
        put_at_end(m, m[LOG_POSITIONS], m[entry + E_POSITION])
    if m[READABLE] != m[STREAMS]:
        fold_in_log(m, m[READABLE], journey)


def first_behind(m, position):
    """The number of the first durable append that is not before a position."""
    low, high = 0, m[m[LOG] + V_COUNT]
    while low < high:
        middle = (low + high) >> 1
        if m[m[m[LOG_POSITIONS] + V_BASE] + middle] < position:
            low = middle + 1
        else:
            high = middle
    return low


def in_log(m, number):
    """The number-th durable append."""
    return m[m[m[LOG] + V_BASE] + number]


def to_read_of(m, aggregate):
    """How many events a reader of a stream needs: those since its snapshot."""
    version = m[m[STREAMS] + aggregate * STREAM_SIZE + A_VERSION]
    return version % m[SNAPSHOT_EVERY] if m[SNAPSHOT_EVERY] > 0 else version


def original_of(m, identity):
    """The append that the store remembers under a command id."""
    entry = m[m[STORED] + identity]
    if entry != 0 and m[DEDUPE_FOR] >= 0 and m[entry + E_DURABLE] == 1:
        if m[entry + E_WRITTEN_AT] + m[DEDUPE_FOR] <= m[TIME]:
            unstore(m, entry)
            return 0
    return entry


def remember(m, entry):
    """Remember an append by its command id; the oldest is forgotten when there are too many."""
    place = m[STORED] + m[m[entry + E_JOURNEY] + IDENTITY]
    old = m[place]
    m[place] = entry
    m[entry + E_WRITTEN_AT] = m[TIME]
    if old != 0:
        m[entry + E_BEFORE], m[entry + E_BEHIND] = m[old + E_BEFORE], m[old + E_BEHIND]
    else:
        m[entry + E_BEFORE], m[entry + E_BEHIND] = m[STORED_LAST], 0
        m[STORED_COUNT] += 1
    if m[entry + E_BEFORE] != 0:
        m[m[entry + E_BEFORE] + E_BEHIND] = entry
    else:
        m[STORED_FIRST] = entry
    if m[entry + E_BEHIND] != 0:
        m[m[entry + E_BEHIND] + E_BEFORE] = entry
    else:
        m[STORED_LAST] = entry
    if 0 <= m[DEDUPE_AT_MOST] < m[STORED_COUNT]:
        unstore(m, m[STORED_FIRST])


def forget(m, entry):
    """It was not written after all."""
    if m[STORED] != 0 and m[entry + E_IS_ERROR] == 0 and m[m[STORED] + m[m[entry + E_JOURNEY] + IDENTITY]] == entry:
        unstore(m, entry)


def unstore(m, entry):
    """Remember it no more."""
    before, behind = m[entry + E_BEFORE], m[entry + E_BEHIND]
    if before != 0:
        m[before + E_BEHIND] = behind
    else:
        m[STORED_FIRST] = behind
    if behind != 0:
        m[behind + E_BEFORE] = before
    else:
        m[STORED_LAST] = before
    m[m[STORED] + m[m[entry + E_JOURNEY] + IDENTITY]] = 0
    m[STORED_COUNT] -= 1


def vanish(m, fault):
    """What is marked as gone, though it was taken for durable, is no more; readers find the log as if it never was."""
    entries, left, gone = m[LOG_ENTRIES], new(m, LIST_SIZE), 0
    cell = m[entries + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_GONE] == 1:
            gone += 1
            note(m, M_VANISHED, m[entry + E_JOURNEY], 0, m[entry + E_IS_ERROR], fault)
            m[USED] -= m[entry + E_BYTES]
            m[entry + E_DURABLE] = m[entry + E_TAKES_ROOM] = m[entry + E_GONE] = 0
        else:
            push(m, left, entry)
        cell = m[cell + 1]
    if gone > 0:
        m[LOG_ENTRIES] = left
        m[CUTS] += 1
        refold(m)


def refold(m):
    """Make everything anew from the entries that are left."""
    count = m[AGGREGATE_COUNT]
    empty_streams(m, m[STREAMS], count)
    if m[READABLE] != m[STREAMS]:
        empty_streams(m, m[READABLE], count)
    m[m[LOG] + V_COUNT] = m[m[LOG_POSITIONS] + V_COUNT] = m[LOG_END] = m[NEXT_POSITION] = 0
    if m[FOUND] != 0:
        for identity in range(m[IDENTITIES]):
            m[m[FOUND] + identity] = 0
    entry = m[STORED_FIRST]
    while entry:
        behind = m[entry + E_BEHIND]
        if m[entry + E_DURABLE] == 0:
            unstore(m, entry)
        entry = behind
    entries = m[LOG_ENTRIES]
    m[LOG_ENTRIES] = new(m, LIST_SIZE)
    cell = m[entries + FIRST]
    while cell:
        entry = m[cell]
        at = m[entry + E_WRITTEN_AT]
        give_place(m, entry)
        keep(m, entry)
        m[entry + E_WRITTEN_AT] = at
        cell = m[cell + 1]


def alter(m, entry, fault):
    """Its record says something else from now on: it stays where it is, and changes nothing any more."""
    journey = m[entry + E_JOURNEY]
    m[journey + ALTERED] = 1
    note(m, M_ALTERED, journey, 0, m[entry + E_IS_ERROR], fault)
    if m[FOUND] != 0:
        m[m[FOUND] + m[journey + IDENTITY]] = 0
    if m[entry + E_IS_ERROR] == 0:
        fold_anew(m, m[STREAMS] + m[journey + AGGREGATE] * STREAM_SIZE)
        if m[READABLE] != m[STREAMS]:
            fold_anew(m, m[READABLE] + m[journey + AGGREGATE] * STREAM_SIZE)


# --- the event store goes down and comes up --------------------------------------------------------------------------


def strike_store(m, watch, number):
    """What a fault of the store or its disk does by itself."""
    effect = m[watch + F_EFFECT]
    if effect == CRASH:
        crash_store(m, watch, number)
    elif effect == PROMOTE:
        promote(m, watch, number)
    elif effect == CORRUPT:
        corrupt(m, watch, number)
    elif effect == DIE and m[IS_DEAD] == 0:
        go_down(m, m[watch + F_NUMBER], 1, 0, 0, 0)
        mark_all_gone(m)
        vanish(m, m[watch + F_NUMBER])
        m[IS_DEAD], m[ANSWERS_DEAD] = 1, m[watch + F_ERROR]


def crash_store(m, watch, number):
    """The process dies, or the whole machine."""
    is_torn = False
    if m[watch + F_TEARS] == 1 and m[watch + F_BEHIND] == 0 and m[AT_WORK] != 0:
        cell = m[m[AT_WORK] + FIRST]
        while cell:
            is_torn = is_torn or m[m[cell] + E_TAKES_ROOM] == 1
            cell = m[cell + 1]
    go_down(m, m[watch + F_NUMBER], m[watch + F_POWER], m[watch + F_BEHIND], m[watch + F_HELD], 0)
    if not (is_torn and m[REFUSES_DAMAGE] == 1):
        come_up_after(m, of_series(m, m[watch + F_RESTART], number))


def exits(m, fault):
    """The disk has reported an error, and it is this store's policy to die of that."""
    go_down(m, fault, 0, 0, 1, 0)
    come_up_after(m, of_series(m, m[RESTART], m[EXITS]))
    m[EXITS] += 1


def mark_all_gone(m):
    """Everything in the log is gone."""
    cell = m[m[LOG_ENTRIES] + FIRST]
    while cell:
        m[m[cell] + E_GONE] = 1
        cell = m[cell + 1]


def promote(m, watch, number):
    """A replica takes over, which has not heard of the latest appends."""
    go_down(m, m[watch + F_NUMBER], 1, 0, m[watch + F_HELD], 1)
    heard = m[m[LOG_ENTRIES] + COUNT] - m[watch + F_APPENDS]
    cell, place = m[m[LOG_ENTRIES] + FIRST], 0
    while cell:
        entry = m[cell]
        is_late = m[entry + E_WRITTEN_AT] > m[TIME] - m[watch + F_AMOUNT]
        m[entry + E_GONE] = 1 if (is_late if m[watch + F_AMOUNT] >= 0 else place >= heard) else 0
        cell = m[cell + 1]
        place += 1
    vanish(m, m[watch + F_NUMBER])
    cell = m[m[LOG_ENTRIES] + FIRST]
    while cell:
        m[m[cell] + E_SAFE_FROM] = 0
        cell = m[cell + 1]
    come_up_after(m, of_series(m, m[watch + F_RESTART], number))


def corrupt(m, watch, number):
    """Stored records change; some so that a checksum tells, when the store next starts."""
    amount = m[watch + F_AMOUNT]
    for k in range(number * amount, (number + 1) * amount):
        whole = 0
        cell = m[m[LOG_ENTRIES] + FIRST]
        while cell:
            whole += 1 if is_whole(m, m[cell]) else 0
            cell = m[cell + 1]
        if whole == 0:
            return
        chosen = of_series(m, m[watch + F_LUCK], k) * whole // CHANCES
        cell = m[m[LOG_ENTRIES] + FIRST]
        while chosen > 0 or not is_whole(m, m[cell]):
            chosen -= 1 if is_whole(m, m[cell]) else 0
            cell = m[cell + 1]
        entry = m[cell]
        if of_series(m, m[watch + F_DETECTED], k) < m[watch + F_DETECTED_BELOW]:
            m[entry + E_FAULT], m[entry + E_DAMAGED] = m[watch + F_NUMBER], 1
            push(m, m[DAMAGED], entry)
        else:
            alter(m, entry, m[watch + F_NUMBER])


def is_whole(m, entry):
    """Whether its record is as it was written."""
    return m[m[entry + E_JOURNEY] + ALTERED] == 0 and m[entry + E_DAMAGED] == 0


def go_down(m, fault, power, behind, held, to_replica):
    """Everybody who waits for an answer waits in vain."""
    row(m, M_CRASHED, NEVER, 0, 0, PART_STORE, fault)
    m[LIFE] += 1
    m[IS_DOWN], m[DOWN_BY], m[HOLDS_WHILE_DOWN] = 1, fault, held
    break_off(m, fault, power, behind)
    cell = m[m[WAITING] + FIRST]
    while cell:
        lose_entry(m, m[cell], fault)
        cell = m[cell + 1]
    clear(m, m[WAITING])
    lose_cached(m, fault, power, to_replica)
    m[BUSY] = m[FLUSH_DUE] = m[POISONED] = 0


def break_off(m, fault, power, behind):
    """What the disk was busy with is there, or is not."""
    batch = m[AT_WORK]
    if batch == 0:
        return
    m[AT_WORK] = 0
    failed = m[HAS_FATE] == 1 and m[F_OUTCOME] != OK
    kept = m[HAS_FATE] == 0 or m[F_KEPT] == 1
    flushed_by_now = behind == 1 or (failed and kept)
    written = power == 0 and is_written(m, batch)
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        cell = m[cell + 1]
        is_append = m[entry + E_READING] == 0 and m[entry + E_ORIGINAL] == 0
        there = is_append and kept and m[entry + E_POSITION] == NEVER
        there = there and (m[entry + E_OUTCOME] == OK or (m[HAS_FATE] == 1 and m[entry + E_OUTCOME] == m[F_OUTCOME]))
        if there and (flushed_by_now or written):
            m[entry + E_OUTCOME] = OK
            if behind == 1 and m[HAS_FATE] == 0:
                m[entry + E_SAFE_FROM] = 0
            push(m, m[IN_DOUBT], entry)
        elif m[entry + E_POSITION] == NEVER:
            lose_entry(m, entry, fault)
        elif behind == 1 and m[entry + E_ORIGINAL] == 0:
            push(m, m[IN_DOUBT], entry)
        else:
            push(m, m[UNFLUSHED], entry)


def is_written(m, batch):
    """Whether the bytes of the batch had left the process, though they were not flushed."""
    leader, size = 0, 0
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_READING] == 0 and m[entry + E_ORIGINAL] == 0 and m[entry + E_OUTCOME] == OK:
            leader = entry if leader == 0 else leader
            size += m[entry + E_BYTES]
        cell = m[cell + 1]
    if leader == 0:
        return False
    journey, began = m[leader + E_JOURNEY], m[BEGAN_AT]
    slot = slot_at_disk(m, journey, m[leader + E_IS_ERROR])
    work = drawn(m, m[DISK_WRITE], slot, m[journey + COMMAND]) + m[PER_KIB] * size // KIB
    return began + time_for(m, work, began) <= m[TIME]


def lose_cached(m, fault, power, to_replica):
    """What was written and not flushed outlives the process, but not the machine, nor does a replica know of it."""
    unflushed = m[UNFLUSHED]
    m[UNFLUSHED] = new(m, LIST_SIZE)
    while m[unflushed + COUNT]:
        entry = take(m, unflushed)
        if m[entry + E_ORIGINAL] == 0:
            if power == 1:
                lose_entry(m, entry, fault)
            else:
                push(m, m[IN_DOUBT], entry)
    if power == 1:
        doubtful = m[IN_DOUBT]
        m[IN_DOUBT] = new(m, LIST_SIZE)
        while m[doubtful + COUNT]:
            entry = take(m, doubtful)
            if to_replica == 1 or m[entry + E_SAFE_FROM] > m[TIME]:
                lose_entry(m, entry, fault)
            else:
                push(m, m[IN_DOUBT], entry)
        if to_replica == 0:
            cut_at_unsafe(m, fault)
    if m[FLUSH] == FLUSH_PERIODIC:
        refold(m)


def cut_at_unsafe(m, fault):
    """The log ends before the first record that was not yet safe."""
    found = False
    cell = m[m[LOG_ENTRIES] + FIRST]
    while cell:
        found = found or m[m[cell] + E_SAFE_FROM] > m[TIME]
        m[m[cell] + E_GONE] = 1 if found else 0
        cell = m[cell + 1]
    vanish(m, fault)


def lose_entry(m, entry, fault):
    """It never becomes durable, and nobody is told."""
    if m[entry + E_READING] != 0:
        lose_at_store(m, m[entry + E_JOURNEY])
        return
    if m[entry + E_ORIGINAL] != 0:
        return
    if m[entry + E_TAKES_ROOM] == 1:
        m[entry + E_TAKES_ROOM] = 0
        m[USED] -= m[entry + E_BYTES]
    m[entry + E_OUTCOME], m[entry + E_FAULT] = CRASHED, fault
    forget(m, entry)
    if m[entry + E_NOTED] == 0:
        note_failure(m, entry)


def come_up_after(m, delay):
    """It will start again."""
    after(m, delay, M_RESTARTED, 0, 0, 0, STORE_STARTS, m[LIFE], 0, 0, 0)


def store_starts(m, life):
    """The process is up, unless it has died once more."""
    if life == m[LIFE] and m[IS_DOWN] == 1 and m[IS_DEAD] == 0:
        come_up(m, 0)


def come_up(m, repaired):
    """Look at what there is, and go on from there; after a repair without what was damaged."""
    if m[m[DAMAGED] + COUNT] > 0 and m[REFUSES_DAMAGE] == 1 and repaired == 0:
        return
    sort_out_damage(m, repaired)
    m[IS_DOWN] = m[POISONED] = 0
    found = m[IN_DOUBT]
    m[IN_DOUBT] = new(m, LIST_SIZE)
    cell = m[found + FIRST]
    while cell:
        entry = m[cell]
        give_place(m, entry)
        keep(m, entry)
        if m[entry + E_IS_ERROR] == 0 and m[DEDUPE] == 1:
            remember(m, entry)
        note(m, M_RECOVERED, m[entry + E_JOURNEY], 0, m[entry + E_IS_ERROR], m[entry + E_POSITION])
        cell = m[cell + 1]
    row(m, M_RESTARTED, NEVER, 0, 0, PART_STORE, events_in_log(m))
    cell = m[found + FIRST]
    while cell != 0 and m[REPUBLISH] == 1:
        if m[m[cell] + E_IS_ERROR] == 0 and m[m[cell] + E_PUBLISHED] == 0:
            publish(m, m[cell])
        cell = m[cell + 1]
    add_to_agenda(m, STORE_IS_UP, 0, 0, 0)
    put_on_agenda(m, m[HELD])


def events_in_log(m):
    """How many events and error events are durable."""
    if m[HAS_FAULTS] == 0:
        return m[NEXT_POSITION]
    total = 0
    cell = m[m[LOG_ENTRIES] + FIRST]
    while cell:
        total += 1 if m[m[cell] + E_IS_ERROR] == 1 else m[m[m[cell] + E_JOURNEY] + EVENTS]
        cell = m[cell + 1]
    return total


def store_is_up(m):
    """It has taken what waited for it; now those who keep count look what they have missed."""
    if m[CATCHES_UP] == 1:
        for shard in range(m[SHARD_COUNT]):
            cell = m[m[shard_of(m, shard) + SH_INSTANCES] + FIRST]
            while cell:
                home = m[cell]
                m[home + D_HEARD_UP_TO] = min(m[home + D_HEARD_UP_TO], m[LOG_END] - 1)
                catch_up(m, home)
                cell = m[cell + 1]
    for number in range(m[VIEW_COUNT]):
        view = m[VIEWS] + number * VIEW_SIZE
        if m[view + Y_POLL] < 0 and m[view + Y_CATCH_UP] == 1:
            m[view + Y_UP_TO] = min(m[view + Y_UP_TO], m[LOG_END])
            if m[view + Y_UP] == 1 and m[view + Y_READING] == 0:
                read_log(m, view)
    if m[BUSY] == 0:
        turn_to_next(m)


def sort_out_damage(m, repaired):
    """A store cuts its log at the first damaged record; a repair takes out the damaged ones alone."""
    damaged, fault, count = m[DAMAGED], NEVER, 0
    m[DAMAGED] = new(m, LIST_SIZE)
    cell = m[damaged + FIRST]
    while cell:
        entry = m[cell]
        m[entry + E_DAMAGED] = 0
        if m[entry + E_DURABLE] == 1:
            fault = m[entry + E_FAULT] if count == 0 else fault
            count += 1
            m[entry + E_GONE] = 1
            if repaired == 1 and m[REFUSES_DAMAGE] == 1:
                m[entry + E_GONE] = 0
                alter(m, entry, m[entry + E_FAULT])
        cell = m[cell + 1]
    if count == 0 or (repaired == 1 and m[REFUSES_DAMAGE] == 1):
        return
    found = False
    cell = m[m[LOG_ENTRIES] + FIRST]
    while cell:
        found = found or m[m[cell] + E_GONE] == 1
        m[m[cell] + E_GONE] = 1 if found else 0
        cell = m[cell + 1]
    vanish(m, fault)


def judge_store(m):
    """Everything is repaired; the store is started again once, as soon as it has nothing in hand."""
    if m[IS_DEAD] == 1:
        return
    if m[IS_DOWN] == 0 and (m[BUSY] == 1 or m[m[UNFLUSHED] + COUNT] > 0):
        m[WHEN_IDLE] = 1
    else:
        come_up(m, 1)


# --- instances of the handler come and go ----------------------------------------------------------------------------


def new_instance(m, shard, number, streams, turns):
    """An instance that is not up yet; streams and turns of its own where none are given."""
    home = new(m, INSTANCE_SIZE)
    if streams == 0:
        count = m[AGGREGATE_COUNT] // m[SHARD_COUNT] + 1
        streams = new(m, max(count * STREAM_SIZE, SMALL + 1))
        empty_streams(m, streams, count)
    if turns == 0:
        keys = m[AGGREGATE_COUNT] // m[SHARD_COUNT] + 1 if m[H_TURN] == BY_AGGREGATE else 1
        turns = new(m, max(SHARD_TURNS_SIZE + 3 * keys, SMALL + 1))
        m[turns + T_FREE] = m[H_WORKERS]
    m[home + D_SHARD], m[home + D_NUMBER], m[home + D_STREAM], m[home + D_TURNS] = shard, number, streams, turns
    m[home + D_COMES_AS], m[home + D_HOLDS] = PART_HANDLER, 1
    m[home + D_DOWN_BY] = m[home + D_REPLACED_BY] = m[home + D_HEARD_UP_TO] = NEVER
    m[home + D_HELD], m[home + D_PUT_OFF] = new(m, LIST_SIZE), new(m, LIST_SIZE)
    m[home + D_UNFLUSHED], m[home + D_HEARD] = new(m, LIST_SIZE), new(m, LIST_SIZE)
    return home


def kill(m, number, watch):
    """All instances of a shard die; returns the one that will start, which is not up yet."""
    shard, fault = shard_of(m, number), m[watch + F_NUMBER]
    newest = newest_of(m, number)
    row(m, M_CRASHED, NEVER, 0, number, PART_HANDLER, fault)
    held = new(m, LIST_SIZE)
    cell = m[m[shard + SH_INSTANCES] + FIRST]
    while cell:
        old = m[cell]
        m[old + D_AWAY], m[old + D_DEAD], m[old + D_UP] = 1, 1, 0
        journey = m[old + D_HAND]
        while journey:
            note(m, M_FORGOTTEN, journey, number, 0, fault)
            m[journey + IN_HAND] = 0
            journey = m[journey + HAND_NEXT]
        m[old + D_HAND] = 0
        after_all(m, held, m[old + D_HELD])
        cell = m[cell + 1]
    m[shard + SH_OLDER] = 0
    turns = 0
    if m[H_TURN] == ONE_FOR_ALL:
        turns = m[newest + D_TURNS]
        drop_dead(m, newest, number)
    streams = m[newest + D_STREAM] if m[SAVE] != SAVES_NOT else 0
    fresh = new_instance(m, number, m[newest + D_NUMBER] + m[newest + D_HAS_BEEN_UP], streams, turns)
    m[fresh + D_DOWN_BY], m[fresh + D_HOLDS], m[fresh + D_HELD] = fault, m[watch + F_HELD], held
    m[shard + SH_INSTANCES] = new(m, LIST_SIZE)
    push(m, m[shard + SH_INSTANCES], fresh)
    return fresh


def instance_starts(m, fresh):
    """The process is up; a state that is not in a store of its own is read from the log."""
    if m[fresh + D_DEAD] == 1 or m[fresh + D_UP] == 1 or m[fresh + D_STARTING] == 1:
        return
    m[fresh + D_STARTING] = 1
    if m[SAVE] != SAVES_NOT:
        is_up(m, fresh, NEVER)
        add_to_agenda(m, LET_IN, fresh, 0, 0)
        add_to_agenda(m, HEAR_MEANWHILE, fresh, 0, 0)
    elif m[IS_DOWN] == 1:
        push(m, m[HELD], new_act(m, INSTANCE_READS, fresh, 0, 0, 0))
    else:
        instance_reads(m, fresh)


def instance_reads(m, fresh):
    """It reads the streams of all aggregates of its shard, as they are now; that takes its time."""
    if m[fresh + D_DEAD] == 1:
        return
    shard = m[fresh + D_SHARD]
    m[fresh + D_SINCE] = m[NEXT_POSITION] if m[READS_WRITTEN] == 1 else m[LOG_END]
    m[fresh + D_HEARD_UP_TO] = m[fresh + D_SINCE] - 1
    if m[CATCHES_UP] == 1:
        for number in range(m[m[LOG] + V_COUNT]):
            if m[in_log(m, number) + SHARD] == shard:
                gets_known(m, fresh, in_log(m, number))
    wait, up_to = 0, m[LOG_END]
    if m[LOADS] == 0:
        wait = reading_time(m, shard, take_over_all(m, fresh))
    after(m, wait, M_RESTARTED, 0, 0, shard, INSTANCE_HAS_READ, fresh, up_to, 0, 0)


def take_over_all(m, fresh):
    """Hold what the log says of the shard's aggregates; how many events that is to read."""
    events, shard = 0, m[fresh + D_SHARD]
    for aggregate in range(shard, m[AGGREGATE_COUNT], m[SHARD_COUNT]):
        stream = m[READABLE] + aggregate * STREAM_SIZE
        if m[stream + A_APPENDS] != 0:
            snapshot = snapshot_of(m, aggregate)
            hold_as(m, own_stream(m, fresh, aggregate // m[SHARD_COUNT]), snapshot)
            m[own_stream(m, fresh, aggregate // m[SHARD_COUNT]) + A_CUTS] = m[CUTS]
            events += to_read_of(m, aggregate)
    if m[READS_WRITTEN] == 1:
        if m[AT_WORK] != 0:
            add_unflushed(m, fresh, m[AT_WORK])
        add_unflushed(m, fresh, m[UNFLUSHED])
    return events


def add_unflushed(m, fresh, entries):
    """What is written and waits for a periodic flush, or is in one, was read, too."""
    cell = m[entries + FIRST]
    while cell:
        entry = m[cell]
        journey = m[entry + E_JOURNEY]
        is_append = m[entry + E_POSITION] != NEVER or entries == m[UNFLUSHED]
        if is_append and m[entry + E_ORIGINAL] == 0 and m[entry + E_IS_ERROR] == 0 and m[entry + E_READING] == 0:
            if m[journey + SHARD] == m[fresh + D_SHARD]:
                push(m, m[fresh + D_UNFLUSHED], journey)
        cell = m[cell + 1]


def reading_time(m, shard, events):
    """How long a sweep through the log takes; each shard has luck of its own for each of its readings."""
    number = m[shard_of(m, shard) + SH_READINGS]
    m[shard_of(m, shard) + SH_READINGS] += 1
    work = of_series(m, m[shard_of(m, shard) + SH_SERIES], number) + events * m[READ_PER_EVENT]
    return time_for(m, work, m[TIME])


def instance_has_read(m, fresh, up_to):
    """It has its state."""
    if m[fresh + D_DEAD] == 0:
        is_up(m, fresh, up_to)
        cell = m[m[fresh + D_UNFLUSHED] + FIRST]
        while cell:
            note_fold(m, m[cell], fresh)
            cell = m[cell + 1]
        hear_what_came_meanwhile(m, fresh)
        add_to_agenda(m, LET_IN, fresh, 0, 0)


def is_up(m, fresh, up_to):
    """It takes commands from now on; the store learns which instance is the newest."""
    row(m, M_RESTARTED, NEVER, 0, m[fresh + D_SHARD], m[fresh + D_COMES_AS], up_to)
    m[fresh + D_UP] = m[fresh + D_HAS_BEEN_UP] = 1
    m[shard_of(m, m[fresh + D_SHARD]) + SH_NEWEST] = m[fresh + D_NUMBER]


def start_second(m, older, fault):
    """Another instance of the same shard, which builds its state as after a crash, unless they share a store."""
    streams = m[older + D_STREAM] if m[SAVE] != SAVES_NOT else 0
    turns = m[older + D_TURNS] if m[H_TURN] == ONE_FOR_ALL else 0
    fresh = new_instance(m, m[older + D_SHARD], m[older + D_NUMBER] + 1, streams, turns)
    m[fresh + D_COMES_AS], m[older + D_REPLACED_BY] = PART_INSTANCE, fault
    push(m, m[shard_of(m, m[older + D_SHARD]) + SH_INSTANCES], fresh)
    instance_starts(m, fresh)


def stop_sharing(m, older):
    """The older instance takes no more commands."""
    shard = shard_of(m, m[older + D_SHARD])
    if m[shard + SH_OLDER] == older:
        m[shard + SH_OLDER] = 0


def resume(m, home):
    """It goes on as if nothing had been."""
    if m[home + D_DEAD] == 1:
        return
    m[home + D_AWAY] = m[home + D_PAUSED] = 0
    add_to_agenda(m, LET_IN, home, 0, 0)
    put_on_agenda(m, m[home + D_PUT_OFF])


def catch_up(m, home):
    """An instance has noticed that it has missed something: it reads the log from where it was."""
    if m[home + D_CATCHING_UP] == 1 or m[home + D_AWAY] == 1 or m[home + D_UP] == 0:
        return
    m[home + D_CATCHING_UP] = 1
    if m[IS_DOWN] == 1:
        push(m, m[HELD], new_act(m, GAP_READ, home, 0, 0, 0))
    else:
        gap_read(m, home)


def gap_read(m, home):
    """It takes as long as there is to read."""
    events, shard = 0, m[home + D_SHARD]
    for number in range(first_behind(m, m[home + D_HEARD_UP_TO] + 1), m[m[LOG] + V_COUNT]):
        if m[in_log(m, number) + SHARD] == shard:
            events += m[in_log(m, number) + EVENTS]
    after(m, reading_time(m, shard, events), M_FOLDED, 0, 0, shard, HAS_CAUGHT_UP, home, 0, 0, 0)


def has_caught_up(m, home):
    """It hears of what it has missed, and of what came meanwhile."""
    if not is_there(m, home, HAS_CAUGHT_UP, home, 0):
        return
    m[home + D_CATCHING_UP] = 0
    number, until = first_behind(m, m[home + D_HEARD_UP_TO] + 1), m[m[LOG] + V_COUNT]
    while number < until:
        if m[in_log(m, number) + SHARD] == m[home + D_SHARD]:
            instance_hears(m, home, in_log(m, number))
        number += 1
    hear_what_came_meanwhile(m, home)


def hear_what_came_meanwhile(m, home):
    """Most of it was in the log; what a store has published early may not have been."""
    heard = m[home + D_HEARD]
    m[home + D_HEARD] = new(m, LIST_SIZE)
    cell = m[heard + FIRST]
    while cell:
        instance_hears(m, home, m[cell])
        cell = m[cell + 1]


def reconcile(m):
    """Compare the handler's own store with the log, and take over what the log says of aggregates that differ."""
    after(m, m[RECONCILE_EVERY], M_REREAD, 0, 0, 0, RECONCILE, 0, 0, 0, 0)
    if m[IS_DOWN] == 1:
        return
    for shard in range(m[SHARD_COUNT]):
        home = newest_of(m, shard)
        if m[home + D_UP] == 1 and m[home + D_AWAY] == 0:
            for aggregate in range(shard, m[AGGREGATE_COUNT], m[SHARD_COUNT]):
                reconcile_one(m, home, aggregate)


def reconcile_one(m, home, aggregate):
    """One aggregate, if it differs, for long enough, and that is noticed."""
    mine, theirs = own_stream(m, home, aggregate // m[SHARD_COUNT]), m[READABLE] + aggregate * STREAM_SIZE
    if m[mine + A_TOUCHED] == 0:
        return
    a, b = m[mine + A_APPENDS], m[theirs + A_APPENDS]
    while a != 0 and b != 0 and a != b and m[a] == m[b]:
        a, b = m[a + 1], m[b + 1]
    if a == b:
        return
    mine_now = m[mine + A_APPENDS]
    latest = m[mine_now] if mine_now != 0 else m[m[theirs + A_APPENDS]]
    if m[latest + FOLDED_AT] > m[TIME] - m[RECONCILE_EVERY]:
        return
    column = m[RECONCILE_FINDS]
    if column != 0 and drawn(m, column, m[latest + LUCK], m[latest + COMMAND]) != 1:
        return
    snapshot = snapshot_of(m, aggregate)
    version = m[snapshot + N_VERSION]
    hold_as(m, mine, snapshot)
    note(m, M_REREAD, latest, m[home + D_SHARD], OK, version)
    note_missing(m, home, mine_now, m[snapshot + N_APPENDS], version)


# --- projections: events come in -------------------------------------------------------------------------------------


def deliver(m, view, journey):
    """Published events have arrived; while it reads the log it needs none, and while it is down there is nobody."""
    if m[view + Y_UP] == 0:
        note(m, M_LOST, journey, TO_VIEW, m[view + Y_NUMBER], m[view + Y_DOWN_BY])
    elif m[view + Y_READING] == 1:
        push(m, m[view + Y_HEARD], journey)
    elif m[view + Y_CATCH_UP] == 1 and m[journey + PREVIOUS] >= m[view + Y_UP_TO]:
        push(m, m[view + Y_HEARD], journey)
        read_log(m, view)
    else:
        view_hears(m, view, journey)


def view_hears(m, view, journey):
    """Take in what was published, once, and as long as there is room."""
    if m[view + Y_KEEPS_COUNT] == 1 and has_taken(m, view, journey):
        return
    if 0 <= m[view + Y_BUFFER] <= m[m[view + Y_WAITING] + COUNT]:
        note(m, M_LOST, journey, TO_VIEW, m[view + Y_NUMBER], OVERFLOW)
        return
    take_in(m, view, journey, m[journey + WAS_ALTERED])
    if m[view + Y_AT_WORK] == 0:
        start_work(m, view)


def has_taken(m, view, journey):
    """Whether it has taken an append in, in this life."""
    return m[journey + TAKEN + m[view + Y_NUMBER]] >> 1 == m[view + Y_LIFE] + 1


def take_in(m, view, journey, altered):
    """Events are to be applied; an altered record changes nothing, but what was published of it before does."""
    push(m, m[view + Y_WAITING], journey)
    hold(m, journey)
    m[journey + TAKEN + m[view + Y_NUMBER]] = 2 * (m[view + Y_LIFE] + 1) + altered
    m[view + Y_UP_TO] = max(m[view + Y_UP_TO], m[journey + POSITION] + m[journey + EVENTS])


def view_polls(m, view):
    """Look for new events every so often; not while the last ones are still being applied."""
    after(m, m[view + Y_POLL], M_DELIVERED, 0, 0, m[view + Y_NUMBER], VIEW_POLLS, view, 0, 0, 0)
    if m[view + Y_AT_WORK] != 0 or m[view + Y_UP] == 0 or m[view + Y_READING] == 1 or m[IS_DOWN] == 1:
        return
    fetch(m, view, m[view + Y_BATCH])
    if m[m[view + Y_WAITING] + COUNT] > 0:
        start_work(m, view)


def fetch(m, view, most):
    """Take in what the log has behind what it has taken in so far."""
    start, until = first_behind(m, m[view + Y_UP_TO]), m[m[LOG] + V_COUNT]
    if most >= 0:
        until = min(until, start + most)
    for number in range(start, until):
        journey = in_log(m, number)
        if m[view + Y_KEEPS_COUNT] == 0 or not has_taken(m, view, journey):
            take_in(m, view, journey, m[journey + ALTERED])


# --- projections: events are applied ---------------------------------------------------------------------------------


def start_work(m, view):
    """Apply what waits: one append, or a batch if they are committed together."""
    batch, waiting = new(m, LIST_SIZE), m[view + Y_WAITING]
    push(m, batch, take(m, waiting))
    m[view + Y_AT_WORK] = batch
    m[view + Y_SERIAL] += 1
    serial, first = m[view + Y_SERIAL], m[m[batch + FIRST]]
    if m[m[view + Y_BEFORE] + COUNT] > 0 and is_view_struck(m, view, m[view + Y_BEFORE], first):
        return
    work, command, attempt = 0, m[first + COMMAND], m[first + ATTEMPT]
    if m[view + Y_COMMIT] != 0:
        while m[waiting + COUNT] > 0 and m[batch + COUNT] != m[view + Y_BATCH]:
            push(m, batch, take(m, waiting))
        work = drawn(m, m[view + Y_COMMIT], m[first + LUCK], command)
    column = m[view + Y_REBUILD] if m[view + Y_REBUILDS] != 0 else m[view + Y_APPLY]
    cell = m[batch + FIRST]
    while cell:
        journey = m[cell]
        work += drawn(m, column, m[journey + LUCK], m[journey + COMMAND]) * m[journey + EVENTS]
        cell = m[cell + 1]
    after(m, work, M_APPLIED, command, attempt, m[view + Y_NUMBER], BATCH_APPLIED, view, serial, 0, 0)


def is_view_struck(m, view, watches, journey):
    """Whether one of the faults that watch a projection brings it down; it has other luck when it is back."""
    life = m[view + Y_LIFE]
    slot = ((life % LIVES) * TRIES_WITH_LUCK + m[journey + LUCK]) * VIEWS_WITH_LUCK + m[view + Y_NUMBER]
    cell = m[watches + FIRST]
    while cell:
        watch = m[cell]
        if strikes(m, watch, journey, slot):
            crash_view(m, view, watch, m[watch + F_FIRED] - 1)
        cell = m[cell + 1]
    return life != m[view + Y_LIFE]


def batch_applied(m, view, serial):
    """The batch shows from now on."""
    if m[view + Y_AT_WORK] == 0 or m[view + Y_SERIAL] != serial:
        return  # it has crashed meanwhile
    batch, events = m[view + Y_AT_WORK], 0
    cell = m[batch + FIRST]
    while cell:
        show(m, view, m[cell])
        events += m[m[cell] + EVENTS]
        cell = m[cell + 1]
    first, last = m[m[batch + FIRST]], m[m[batch + LAST]]
    if m[m[view + Y_AFTER] + COUNT] > 0 and is_view_struck(m, view, m[view + Y_AFTER], first):
        return
    if m[view + Y_CHECKPOINT_EVERY] > 0:
        m[view + Y_SINCE_CHECKPOINT] += events
        if m[view + Y_SINCE_CHECKPOINT] >= m[view + Y_CHECKPOINT_EVERY]:
            m[view + Y_SINCE_CHECKPOINT] = 0
            wait = drawn(m, m[view + Y_CHECKPOINT], m[first + LUCK], m[first + COMMAND])
            command, attempt, number = m[last + COMMAND], m[last + ATTEMPT], m[view + Y_NUMBER]
            after(m, wait, M_CHECKPOINTED, command, attempt, number, CHECKPOINTED, view, serial, 0, 0)
            return
    goes_on(m, view)


def checkpointed(m, view, serial):
    """What it shows is safe up to here."""
    if m[view + Y_AT_WORK] == 0 or m[view + Y_SERIAL] != serial:
        return
    last = m[m[m[view + Y_AT_WORK] + LAST]]
    note(m, M_CHECKPOINTED, last, m[view + Y_NUMBER], 0, m[last + POSITION])
    m[view + Y_CHECKPOINT_AT] = m[last + POSITION] + m[last + EVENTS]
    goes_on(m, view)


def goes_on(m, view):
    """With what waits, or with its reading."""
    batch = m[view + Y_AT_WORK]
    m[view + Y_AT_WORK] = 0
    while m[batch + COUNT]:
        drop(m, take(m, batch))
    give_back(m, batch, LIST_SIZE)
    if m[m[view + Y_WAITING] + COUNT] > 0:
        start_work(m, view)
    elif m[view + Y_READING] == 1:
        reads_on(m, view)


def show(m, view, journey):
    """Its change is in the view; if that is being built anew, in the one to come."""
    number = m[view + Y_NUMBER]
    blank = m[journey + TAKEN + number] & 1
    if blank == 0 and m[view + Y_SHOWN] != 0:
        layer = m[view + Y_LAYER] if m[view + Y_REBUILDS] == 0 else 1 - m[view + Y_LAYER]
        epoch = m[view + Y_EPOCH] if m[view + Y_REBUILDS] == 0 else m[view + Y_REBUILDS]
        m[m[view + Y_SHOWN] + 2 * m[journey + COMMAND] + layer] = epoch
    if m[view + Y_KEEPS_COUNT] == 1:
        if m[journey + APPLIED] >> number & 1 == 1:
            return  # in an earlier life
        m[journey + APPLIED] |= 1 << number
    note(m, M_APPLIED, journey, number, blank, m[journey + POSITION])
    if m[group_of(m, journey) + G_ANSWER_AT] == AT_APPLIED:
        route = route_of(m, VIEW_TO_HANDLER)
        if carry(m, route, journey, M_APPLIED, VIEW_HAS_APPLIED, number, MAIN, 0, number, 0, 0):
            view_has_applied(m, journey, number)


def shows(m, view, command):
    """Whether a query at this moment sees the change of a command."""
    return m[m[view + Y_SHOWN] + 2 * command + m[view + Y_LAYER]] == m[view + Y_EPOCH]


# --- projections crash, and read the log -----------------------------------------------------------------------------


def crash_view(m, view, watch, number):
    """What it had taken in and not applied is lost, and its view, unless there is a checkpoint to begin from."""
    m[view + Y_LIFE] += 1
    place = m[view + Y_NUMBER]
    row(m, M_CRASHED, NEVER, 0, place, PART_VIEW, m[watch + F_NUMBER])
    m[view + Y_UP] = m[view + Y_READING] = m[view + Y_AT_WORK] = m[view + Y_SERVES] = m[view + Y_SINCE_CHECKPOINT] = 0
    m[view + Y_DOWN_BY] = m[watch + F_NUMBER]
    clear(m, m[view + Y_WAITING])
    clear(m, m[view + Y_HEARD])
    wait = of_series(m, m[watch + F_RESTART], number)
    after(m, wait, M_RESTARTED, 0, 0, place, VIEW_STARTS, view, m[view + Y_LIFE], 0, 0)


def view_starts(m, view, life):
    """The process is up: build the view from the log, while the old one is served, or none."""
    if life != m[view + Y_LIFE] or m[view + Y_UP] == 1:
        return
    m[view + Y_UP] = 1
    m[view + Y_SERVES] = m[view + Y_SERVES_REBUILDING]
    m[view + Y_UP_TO] = m[view + Y_CHECKPOINT_AT] if m[view + Y_FROM_CHECKPOINT] == 1 else 0
    m[view + Y_EPOCHS] += 1
    m[view + Y_REBUILDS] = m[view + Y_EPOCHS]
    number, layer = m[view + Y_NUMBER], 1 - m[view + Y_LAYER]
    journey = m[ALL_JOURNEYS] if m[view + Y_UP_TO] > 0 else 0
    while journey:
        if m[journey + APPLIED] >> number & 1 == 1 and m[journey + POSITION] < m[view + Y_UP_TO]:
            m[journey + TAKEN + number] = 2 * (life + 1)
            if m[view + Y_SHOWN] != 0:
                m[m[view + Y_SHOWN] + 2 * m[journey + COMMAND] + layer] = m[view + Y_REBUILDS]
        journey = m[journey + ALL_NEXT]
    read_log(m, view)


def read_log(m, view):
    """From where it is to the end."""
    m[view + Y_READING] = 1
    if m[view + Y_AT_WORK] == 0:
        reads_on(m, view)


def reads_on(m, view):
    """Take in what the log has; at its end, listen again."""
    if m[IS_DOWN] == 1:
        push(m, m[HELD], new_act(m, VIEW_READS_ON, view, m[view + Y_LIFE], 0, 0))
        return
    fetch(m, view, -1)
    if m[m[view + Y_WAITING] + COUNT] > 0:
        start_work(m, view)
        return
    m[view + Y_READING], m[view + Y_SERVES] = 0, 1
    if m[view + Y_REBUILDS] != 0:
        m[view + Y_LAYER], m[view + Y_EPOCH] = 1 - m[view + Y_LAYER], m[view + Y_REBUILDS]
        m[view + Y_REBUILDS] = 0
    row(m, M_RESTARTED, NEVER, 0, m[view + Y_NUMBER], PART_VIEW, m[LOG_END])
    heard = m[view + Y_HEARD]
    m[view + Y_HEARD] = new(m, LIST_SIZE)
    cell = m[heard + FIRST]
    while cell:
        view_hears(m, view, m[cell])
        cell = m[cell + 1]


# --- what is to happen -----------------------------------------------------------------------------------------------


def add_to_agenda(m, kind, a, b, c):
    """Ahead of everything else that is to happen at once."""
    cell = new(m, 2)
    m[cell], m[cell + 1] = new_act(m, kind, a, b, c, 0), m[AGENDA]
    m[AGENDA] = cell


def put_on_agenda(m, acts):
    """A list of acts, in its order, ahead of everything else; the list is empty then."""
    if m[acts + COUNT] > 0:
        m[m[acts + LAST] + 1] = m[AGENDA]
        m[AGENDA] = m[acts + FIRST]
        clear(m, acts)


def run_agenda(m):
    """Let what is to happen at once happen."""
    while m[AGENDA]:
        cell = m[AGENDA]
        act = m[cell]
        m[AGENDA] = m[cell + 1]
        give_back(m, cell, 2)
        happen(m, m[act + ACT_KIND], m[act + ACT_A], m[act + ACT_B], m[act + ACT_C], m[act + ACT_D])


def watch_fires(m, watch):
    """Its time has come, and no operation is needed."""
    fire(m, watch, 0)
    number, target = m[watch + F_FIRED] - 1, m[watch + F_TARGET]
    if target == AT_HANDLER:
        strike_handler(m, watch, 0, number)
    elif target != AT_VIEW:
        strike_store(m, watch, number)
    else:
        for place in range(m[VIEW_COUNT]):
            if m[watch + F_PLACE] == NEVER or m[watch + F_PLACE] == place:
                crash_view(m, m[VIEWS] + place * VIEW_SIZE, watch, number)


def judge(m):
    """Repair everything and start the store once, if anything has gone wrong at all."""
    struck = m[ANY_STRUCK] == 1
    cell = m[m[WATCHES] + FIRST]
    while cell:
        struck = struck or m[m[cell] + F_FIRED] > 0
        cell = m[cell + 1]
    if struck:
        add_to_agenda(m, JUDGE_VIEWS, 0, 0, 0)
        for shard in range(m[SHARD_COUNT] - 1, -1, -1):
            add_to_agenda(m, JUDGE_SHARD, shard, 0, 0)
        judge_store(m)


def judge_shard(m, shard):
    """An instance that is down starts now."""
    if m[newest_of(m, shard) + D_UP] == 0:
        instance_starts(m, newest_of(m, shard))


def judge_views(m):
    """Projections that are down start now."""
    for number in range(m[VIEW_COUNT]):
        view = m[VIEWS] + number * VIEW_SIZE
        if m[view + Y_UP] == 0:
            view_starts(m, view, m[view + Y_LIFE])


def let_in(m, home):
    """It takes what has waited for it."""
    put_on_agenda(m, m[home + D_HELD])


def happen(m, kind, a, b, c, d):
    """The table of what can happen, and who handles it."""
    if kind == COMMAND_ARRIVES:
        receive(m, a)
    elif kind == DECIDE:
        decide(m, a)
    elif kind == BATCH_WRITTEN:
        batch_written(m, a)
    elif kind == BATCH_APPLIED:
        batch_applied(m, a, b)
    elif kind == ISSUE_OPEN:
        issue_open(m, a)
    elif kind == ANSWER_ARRIVES:
        hears_answer(m, a)
    elif kind == APPEND_ARRIVES:
        append_arrives(m, a)
    elif kind == STORE_ANSWERS:
        answered(m, a, b)
    elif kind == EVENT_HEARD:
        hears_event(m, a)
    elif kind == DELIVERED:
        deliver(m, b, a)
    elif kind <= ABOUT_SOMEBODY:
        happen_to_somebody(m, kind, a, b, c, d)
    elif kind < STOP_SHARING:
        happen_by_time(m, kind, a, b, c)
    else:
        happen_again(m, kind, a, b, c)
    if kind <= ABOUT_SOMEBODY:
        drop(m, a)


def happen_to_somebody(m, kind, a, b, c, d):
    """To a journey or an errand."""
    if kind == EVENT_PUSHED:
        hears_push(m, a, b)
    elif kind == LOOK:
        look(m, a, b, c, d)
    elif kind == LOOK_ARRIVES:
        look_arrives(m, a, b, c)
    elif kind == FIND_ARRIVES:
        has_looked(m, b, c, d)
    elif kind == OWN_READ:
        own_read(m, a, b)
    elif kind == OWN_READ_ARRIVES:
        own_read_arrives(m, a, b, c)
    elif kind == SAVED:
        saved(m, a)
    elif kind == LOAD_ARRIVES:
        load_arrives(m, a, b, c)
    elif kind == REREAD_ARRIVES:
        reread_arrives(m, a, b, c)
    elif kind == STREAM_READ:
        stream_read(m, a, b, c, d)
    elif kind == STREAM_ARRIVES:
        stream_arrives(m, a, b, c)
    elif kind == ERROR_ARRIVES:
        append_error(m, a)
    elif kind == DUPLICATE_HEARD:
        hears_of_duplicate(m, a)
    elif kind == VIEW_HAS_APPLIED:
        view_has_applied(m, a, b)
    elif kind == VIEWS_TAKE_TOO_LONG:
        views_take_too_long(m, a)
    elif kind == CACHE_PUT:
        cache_put(m, a)
    elif kind == PRE_VALIDATED:
        pre_validated(m, a)
    elif kind == SEND_AGAIN and m[a + OVER] == 0:
        send(m, a)


def happen_by_time(m, kind, a, b, c):
    """Because it is time."""
    if kind == ISSUE_CLOSED:
        issue(m, a, b)
    elif kind == BACKGROUND_READ:
        background_read(m, a)
    elif kind == PATIENCE_ENDS:
        patience_ends(m, a, b, c)
    elif kind == WINDOW_CLOSES:
        window_closes(m, a)
    elif kind == FLUSH_BEGINS:
        flush_begins(m, a)
    elif kind == FLUSH_TICK:
        flush_tick(m)
    elif kind == FLUSHED:
        flushed(m, a)
    elif kind == CHECKPOINTED:
        checkpointed(m, a, b)
    elif kind == VIEW_POLLS:
        view_polls(m, a)
    elif kind == CACHE_EXPIRES:
        cache_expires(m, a, b, c)
    elif kind == PERIOD:
        m[ANY_STRUCK] = 1
        period(m, a, b)
    elif kind == NOTE:
        period(m, a, b)
    elif kind == WATCH_FIRES:
        watch_fires(m, a)
    elif kind == STORE_STARTS:
        store_starts(m, a)
    elif kind == JUDGE:
        judge(m)
    elif kind == INSTANCE_STARTS:
        instance_starts(m, a)
    elif kind == INSTANCE_READS:
        instance_reads(m, a)
    elif kind == INSTANCE_HAS_READ:
        instance_has_read(m, a, b)
    elif kind == GAP_READ:
        gap_read(m, a)
    elif kind == HAS_CAUGHT_UP:
        has_caught_up(m, a)
    elif kind == RECONCILE:
        reconcile(m)


def happen_again(m, kind, a, b, c):
    """At its end, or because it was put off."""
    if kind == STOP_SHARING:
        stop_sharing(m, a)
    elif kind == RESUME:
        resume(m, a)
    elif kind == LET_IN:
        let_in(m, a)
    elif kind == VIEW_STARTS:
        view_starts(m, a, b)
    elif kind == VIEW_READS_ON:
        if b == m[a + Y_LIFE] and m[a + Y_READING] == 1 and m[a + Y_AT_WORK] == 0:
            reads_on(m, a)
    elif kind == STORE_IS_UP:
        store_is_up(m)
    elif kind == ADMIT:
        admit(m, a)
    elif kind == LOADED:
        loaded(m, a, b)
    elif kind == DECIDE_NOW:
        decide_now(m, a)
    elif kind == GO_ON:
        go_on(m, a, b)
    elif kind == IS_DECIDED:
        is_decided(m, a)
    elif kind == HAS_APPENDED:
        has_appended(m, a)
    elif kind == SUCCEED:
        succeed(m, a)
    elif kind == HEAR_ANSWER:
        hear_answer(m, a, b)
    elif kind == SEND_APPEND:
        send_append(m, a)
    elif kind == ONE_HEARS:
        one_hears(m, a, b)
    elif kind == GIVES_UP_NOW:
        gives_up_now(m, a, b)
    elif kind == SEND_QUESTION:
        send_question(m, a)
    elif kind == HAS_REREAD:
        has_reread(m, a, b)
    elif kind == REPLY:
        reply(m, a, b)
    elif kind == READ_STREAM:
        read_stream(m, a, b, c)
    elif kind == COME_UP:
        come_up(m, a)
    elif kind == JUDGE_SHARD:
        judge_shard(m, a)
    elif kind == JUDGE_VIEWS:
        judge_views(m)
    elif kind == HEAR_MEANWHILE:
        hear_what_came_meanwhile(m, a)


# --- the run ---------------------------------------------------------------------------------------------------------


def begin(m):
    """Set the first of everything that happens by itself."""
    for i in range(m[PERIOD_COUNT]):
        at = m[PERIODS] + 3 * i
        after(m, m[at + 1], M_BEGAN, 0, 0, m[at], PERIOD, M_BEGAN, m[at], 0, 0)
        after(m, m[at + 2], M_ENDED, 0, 0, m[at], PERIOD, M_ENDED, m[at], 0, 0)
    cell = m[m[WATCHES] + FIRST]
    while cell:
        watch = m[cell]
        if m[watch + F_ACTS] == 1 and m[watch + F_BY] == BY_TIME:
            for i in range(m[watch + F_WINDOW_COUNT]):
                begins = m[m[watch + F_WINDOWS] + 3 * i]
                after(m, begins, M_STRUCK, 0, 0, m[watch + F_NUMBER], WATCH_FIRES, watch, 0, 0, 0)
        cell = m[cell + 1]
    if m[FLUSH] == FLUSH_PERIODIC:
        after(m, m[FLUSH_EVERY], M_BUFFERED, 0, 0, 0, FLUSH_TICK, 0, 0, 0, 0)
    if m[RECONCILE_EVERY] >= 0:
        after(m, m[RECONCILE_EVERY], M_REREAD, 0, 0, 0, RECONCILE, 0, 0, 0, 0)
    for number in range(m[VIEW_COUNT]):
        view = m[VIEWS] + number * VIEW_SIZE
        if m[view + Y_POLL] >= 0:
            after(m, m[view + Y_POLL], M_DELIVERED, 0, 0, number, VIEW_POLLS, view, 0, 0, 0)
    if m[REPAIRED] >= 0:
        after(m, m[REPAIRED], M_STRUCK, 0, 0, 0xFFF, JUDGE, 0, 0, 0, 0)
    if m[OPEN] > 0:
        after(m, m[m[INTENDED]], M_ISSUED, 0, 0, 0, ISSUE_OPEN, 0, 0, 0, 0)
    for number in range(m[GROUP_COUNT]):
        if m[m[GROUPS] + number * GROUP_SIZE + G_CLOSED] == 1:
            for client in range(m[m[GROUPS] + number * GROUP_SIZE + G_CLIENTS]):
                think(m, number, client, 0)
    plan_background_read(m, 0)


def is_above(m, a, b):
    """Whether one row of the trace belongs behind another of the same instant."""
    for column in range(1, WIDTH):
        if m[a + column] != m[b + column]:
            return m[a + column] > m[b + column]
    return False


def settle(m):
    """Put the rows of each instant in order, up to the end of what is recorded."""
    start, end = m[OUT], m[OUT_END]
    while start < end:
        behind = start + WIDTH
        while behind < end and m[behind] == m[start]:
            behind += WIDTH
        sort_rows(m, start, (behind - start) // WIDTH)
        start = behind


def sort_rows(m, base, count):
    """In their order, by Shell's method; mostly there are a few, and in order already."""
    gap = count // 2 if count > 32 else min(count - 1, 1)
    while gap > 0:
        for i in range(gap, count):
            at = base + i * WIDTH
            while at - gap * WIDTH >= base and is_above(m, at - gap * WIDTH, at):
                for column in range(at, at + WIDTH):
                    m[column], m[column - gap * WIDTH] = m[column - gap * WIDTH], m[column]
                at -= gap * WIDTH
        gap //= 2


def advance(m):
    """Let things happen until the run is over (0), rows are to be taken out (1), memory (2) or luck (3) is short."""
    if m[SEQUENCE] == 0:
        begin(m)
    while m[HEAP_COUNT] > 0:
        if m[OUT_END] > m[OUT_SOFT] and m[m[HEAP]] > m[TIME]:
            settle(m)
            return 1
        if m[TOP] > m[SIZE] >> 1:
            return 2
        if m[MISSES] > 0 and m[EVENTS_DONE] > m[BUDGET]:
            return 3
        m[EVENTS_DONE] += 1
        act = next_act(m)
        kind, a, b, c, d = m[act + ACT_KIND], m[act + ACT_A], m[act + ACT_B], m[act + ACT_C], m[act + ACT_D]
        give_back(m, act, ACT_SIZE)
        happen(m, kind, a, b, c, d)
        if m[AGENDA]:
            run_agenda(m)
    settle(m)
    return 3 if m[MISSES] > 0 else 0


# --- from a plan to a trace ------------------------------------------------------------------------------------------

HANDLERS = tuple(
    value for value in list(globals().values()) if isinstance(value, types.FunctionType) and value.__module__ == __name__
)
"""All of the above, in the order in which they stand: what is compiled."""

Advance = Callable[[Any], int]
"""Takes the memory of a run, lets it happen, and returns as :func:`advance` does."""

Take = Callable[[Ints], object]
"""Takes rows of the trace, of shape (n, 7), in their order; a block never ends within an instant."""


def can_run(plan: Plan) -> tuple[str, ...]:
    """Why this engine cannot run a plan; each reason names the setting."""
    return reasons(plan)


def run(plan: Plan, compiled: bool | None = None) -> Trace:
    """Let a plan happen, up to its end: by compiled code where Numba is installed, unless told otherwise.

    Raises PlanError for a plan that :func:`can_run` has reasons against.

    >>> from cqrsim.engines import simpy_engine
    >>> from cqrsim.plan.plan import lower
    >>> from cqrsim.scenario import Clients, Poisson, Scenario
    >>> from cqrsim.units import per_second, seconds
    >>> plan = lower(Scenario(clients=Clients(arrivals=Poisson(per_second(100))), length=seconds(1)), seed=1)
    >>> run(plan, compiled=False).digest() == simpy_engine.run(plan).digest()
    True
    """
    blocks = list[Ints]()
    stream(plan, lambda: blocks.clear() or blocks.append, compiled)
    dtypes = (np.int64, np.int16, np.int64, np.int16, np.int16, np.int16, np.int64)
    columns = [np.concatenate([block[:, i].astype(dtype) for block in blocks]) for i, dtype in enumerate(dtypes)]
    return Trace(Rows(*columns), plan.marks, plan.looks.reads, plan.about)


def stream(plan: Plan, begin_anew: Callable[[], Take], compiled: bool | None = None) -> None:
    """Hand the rows of a run over, block by block, as they come about.

    ``begin_anew`` is called before the first block, and again when a run has to be begun anew because luck or memory
    was short: what was taken before is void then.
    """
    if told := can_run(plan):
        raise PlanError("the array engine cannot run this plan: " + "; ".join(told))
    advance_by = _advance(compiled)
    known = _known_of(plan)
    while not _attempt(Memory(plan, known), advance_by, begin_anew()):
        pass


def _attempt(memory: Memory, advance_by: Advance, take_rows: Take) -> bool:
    """Whether a run came to its end; if not, it is known by now what was short."""
    numbers: Any = memory.numbers()
    if advance_by is advance:
        numbers = numbers.tolist()
    while True:
        try:
            said = advance_by(numbers)
        except MemoryError:
            said = -1
        if said == -1:
            memory.known.room *= 4
            memory.known.rows *= 2
            return False
        if said in (0, 1):
            start, end = int(numbers[OUT]), int(numbers[OUT_END])
            take_rows(np.array(numbers[start:end], dtype=np.int64).reshape(-1, WIDTH))
            numbers[OUT_END] = start
        if said == 0:
            return True
        if said == 2:
            numbers = _with_more_room(numbers)
        elif said == 3:
            memory.missed(numbers)
            return False


def _with_more_room(numbers: Any) -> Any:
    """The same memory with room for as much again as it has taken in the run so far."""
    top, size = int(numbers[TOP]), int(numbers[SIZE])
    more = 2 * size
    if isinstance(numbers, list):
        numbers.extend([0] * (more - size))
    else:
        larger = np.zeros(more, dtype=np.int64)
        larger[:top] = numbers[:top]
        numbers = larger
    numbers[SIZE], numbers[LIMIT] = more, top + (more - top) // 2
    return numbers


_KNOWN: dict[tuple[Any, ...], Known] = {}
"""What runs of a shape have turned out to need: the next one of its shape draws that at once."""


def _known_of(plan: Plan) -> Known:
    """By the settings of a plan, roughly: what is known too much costs time, and what too little another attempt."""
    groups = tuple((group.feedback.answer_at, group.retries is None, len(group.commands)) for group in plan.groups)
    faults = tuple((fault.effect, fault.by, fault.target) for fault in plan.faults)
    shape = (len(plan.projections), len(plan.marks), groups, faults, plan.state.wait_for, plan.state.fold_on)
    return _KNOWN.setdefault(shape, Known())


# --- compiling -------------------------------------------------------------------------------------------------------


@cache
def _advance(compiled: bool | None) -> Advance:
    """The rules as machine code, or as they stand."""
    if compiled is False or not native.is_possible():
        return advance
    made, _ = native.compiled(HANDLERS, globals(), FAILED)
    return made
