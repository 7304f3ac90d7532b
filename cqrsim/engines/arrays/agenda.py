"""What is to happen: by its time and rank, or at once."""

from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import clear, new, room_for
from cqrsim.engines.arrays.words import *


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
