"""Faults, waiting: whether one strikes an operation, and its entry in the ledger."""

from cqrsim.engines.arrays import disks, journeys, queueing
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.luck import drawn, of_series
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import new
from cqrsim.engines.arrays.rows import note, row
from cqrsim.engines.arrays.words import *
from cqrsim.moments import NEVER


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
        return scaled(disks.taken_room(m), MILLIONTHS, m[CAPACITY]) if m[CAPACITY] > 0 else 0
    if what == STORE_QUEUE:
        return m[m[WAITING] + COUNT]
    if what == LOG_LENGTH:
        return m[m[LOG] + V_COUNT]
    longest = 0
    if what == HANDLER_QUEUE:
        for shard in range(m[SHARD_COUNT]):
            longest = max(longest, m[queueing.turns_of(m, journeys.newest_of(m, shard), shard) + T_WAITING])
    else:
        for number in range(m[VIEW_COUNT]):
            longest = max(longest, m[m[m[VIEWS] + number * VIEW_SIZE + Y_WAITING] + COUNT])
    return longest


def scaled(amount, factor, by):
    """Amount * factor // by, without leaving 64 bits."""
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
