"""The disk: how long work takes, whether there is room, and what becomes of an operation."""

from cqrsim.engines.arrays import faults
from cqrsim.engines.arrays.luck import drawn
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import give_back, new, push, take
from cqrsim.engines.arrays.words import *
from cqrsim.moments import NEVER


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
                taken = faults.scaled(m[TIME] - begins, m[watch + F_AMOUNT], SECOND)
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
            if m[watch + F_EFFECT] == NO_ROOM and faults.strikes(m, watch, journey, slot_at_disk(m, journey, is_error)):
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
        if m[watch + F_EFFECT] == CONSUME and faults.strikes(m, watch, journey, 0):
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
        if is_meant and not in_progress(m, watch) and faults.strikes(m, watch, leader, slot):
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
            held += faults.holds_until(m, watch) - m[TIME]
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
                until = faults.holds_until(m, watch)
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
                faults.fire(m, watch, leader)
                fails(m, watch, 0, ERROR)
                break
