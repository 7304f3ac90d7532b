"""The log, the streams in it, and command ids that are remembered."""

from cqrsim.engines.arrays import folding
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import new, push, put_at_end
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *


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
    folding.fold_in(m, stream, journey)
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
    is_old = entry != 0 and m[DEDUPE_FOR] >= 0 and m[entry + E_DURABLE] == 1
    if is_old and m[entry + E_WRITTEN_AT] + m[DEDUPE_FOR] <= m[TIME]:
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
    folding.empty_streams(m, m[STREAMS], count)
    if m[READABLE] != m[STREAMS]:
        folding.empty_streams(m, m[READABLE], count)
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
        folding.fold_anew(m, m[STREAMS] + m[journey + AGGREGATE] * STREAM_SIZE)
        if m[READABLE] != m[STREAMS]:
            folding.fold_anew(m, m[READABLE] + m[journey + AGGREGATE] * STREAM_SIZE)
