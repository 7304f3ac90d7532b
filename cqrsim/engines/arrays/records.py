"""Records, lists and vectors in memory, and who still needs a journey."""

from cqrsim.engines.arrays.memory import *


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
