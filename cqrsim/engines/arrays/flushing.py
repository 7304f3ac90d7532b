"""The event store: what is written becomes durable."""

from cqrsim.engines.arrays import disks, logbook, publishing, recovery, storing
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import after_all, give_back, new, push, take
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *


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
                publishing.answer(m, entry)
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
        storing.turn_to_next(m)


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
    if m[m[BEFORE_FLUSH] + COUNT] > 0 and storing.brings_down(m, m[BEFORE_FLUSH], leader):
        return
    work = storing.flush_work(m, leader)
    if m[m[DISK_WATCHES] + COUNT] == 0:
        wait = disks.time_for(m, work, m[TIME])
    else:
        wait = disks.find_fate(m, leader, work, OP_FLUSH, m[RETRY_FLUSH])
    after(m, wait, M_WRITTEN, command, attempt, 1, FLUSHED, serial, 0, 0, 0)


def flushed(m, serial):
    """What was written is durable now, or the flush has failed."""
    if m[AT_WORK] == 0 or m[WORK_SERIAL] != serial:
        return
    batch = m[AT_WORK]
    if m[m[AFTER_FLUSH] + COUNT] > 0 and storing.brings_down(m, m[AFTER_FLUSH], m[m[batch + FIRST]]):
        return
    if m[HAS_FATE] == 1 and m[F_OUTCOME] != OK:
        flush_has_failed(m, batch)
        return
    m[AT_WORK] = 0
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_ORIGINAL] != 0:
            storing.tell_duplicate(m, entry)
        else:
            if m[HAS_FATE] == 1:
                m[entry + E_SAFE_FROM] = max(m[entry + E_SAFE_FROM], m[F_SAFE_FROM])
            is_durable(m, entry)
            if m[ANSWER_AFTER_WRITE] == 0:
                publishing.answer(m, entry)
        cell = m[cell + 1]
    while m[batch + COUNT]:
        storing.is_done_with(m, take(m, batch))
    give_back(m, batch, LIST_SIZE)
    m[BUSY] = 0
    storing.turn_to_next(m)


def flush_has_failed(m, batch):
    """A periodic flush has reported an error.  A store that goes on comes to the next flush, which seems to work."""
    if m[ON_ERROR] == EXITS_ON_ERROR:
        recovery.exits(m, m[F_FAULT])
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
    storing.turn_to_next(m)


def is_durable(m, entry):
    """It is in the log for everybody, and published."""
    journey = m[entry + E_JOURNEY]
    logbook.keep(m, entry)
    if m[entry + E_IS_ERROR] == 1:
        note(m, M_REFUSAL_STORED, journey, 0, 0, m[entry + E_POSITION])
        publishing.tell_pushed(m, journey, FAILURE)
        return
    note(m, M_WRITTEN, journey, 0, OK, m[entry + E_POSITION])
    if m[PUBLISH_EARLY] == 0:
        publishing.publish(m, entry)
