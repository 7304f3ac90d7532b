"""The event store goes down and comes up: what survives, what is cut off, what is found."""

from cqrsim.engines.arrays import disks, instances, journeys, logbook, publishing, rebuilding, storing
from cqrsim.engines.arrays.agenda import add_to_agenda, after, put_on_agenda
from cqrsim.engines.arrays.luck import drawn, of_series
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import clear, new, push, take
from cqrsim.engines.arrays.rows import note, row
from cqrsim.engines.arrays.words import *
from cqrsim.moments import NEVER


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
        logbook.vanish(m, m[watch + F_NUMBER])
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
    logbook.vanish(m, m[watch + F_NUMBER])
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
            logbook.alter(m, entry, m[watch + F_NUMBER])


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
    slot = disks.slot_at_disk(m, journey, m[leader + E_IS_ERROR])
    work = drawn(m, m[DISK_WRITE], slot, m[journey + COMMAND]) + m[PER_KIB] * size // KIB
    return began + disks.time_for(m, work, began) <= m[TIME]


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
        logbook.refold(m)


def cut_at_unsafe(m, fault):
    """The log ends before the first record that was not yet safe."""
    found = False
    cell = m[m[LOG_ENTRIES] + FIRST]
    while cell:
        found = found or m[m[cell] + E_SAFE_FROM] > m[TIME]
        m[m[cell] + E_GONE] = 1 if found else 0
        cell = m[cell + 1]
    logbook.vanish(m, fault)


def lose_entry(m, entry, fault):
    """It never becomes durable, and nobody is told."""
    if m[entry + E_READING] != 0:
        storing.lose_at_store(m, m[entry + E_JOURNEY])
        return
    if m[entry + E_ORIGINAL] != 0:
        return
    if m[entry + E_TAKES_ROOM] == 1:
        m[entry + E_TAKES_ROOM] = 0
        m[USED] -= m[entry + E_BYTES]
    m[entry + E_OUTCOME], m[entry + E_FAULT] = CRASHED, fault
    logbook.forget(m, entry)
    if m[entry + E_NOTED] == 0:
        storing.note_failure(m, entry)


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
        logbook.give_place(m, entry)
        logbook.keep(m, entry)
        if m[entry + E_IS_ERROR] == 0 and m[DEDUPE] == 1:
            logbook.remember(m, entry)
        note(m, M_RECOVERED, m[entry + E_JOURNEY], 0, m[entry + E_IS_ERROR], m[entry + E_POSITION])
        cell = m[cell + 1]
    row(m, M_RESTARTED, NEVER, 0, 0, PART_STORE, events_in_log(m))
    cell = m[found + FIRST]
    while cell != 0 and m[REPUBLISH] == 1:
        if m[m[cell] + E_IS_ERROR] == 0 and m[m[cell] + E_PUBLISHED] == 0:
            publishing.publish(m, m[cell])
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
            cell = m[m[journeys.shard_of(m, shard) + SH_INSTANCES] + FIRST]
            while cell:
                home = m[cell]
                m[home + D_HEARD_UP_TO] = min(m[home + D_HEARD_UP_TO], m[LOG_END] - 1)
                instances.catch_up(m, home)
                cell = m[cell + 1]
    for number in range(m[VIEW_COUNT]):
        view = m[VIEWS] + number * VIEW_SIZE
        if m[view + Y_POLL] < 0 and m[view + Y_CATCH_UP] == 1:
            m[view + Y_UP_TO] = min(m[view + Y_UP_TO], m[LOG_END])
            if m[view + Y_UP] == 1 and m[view + Y_READING] == 0:
                rebuilding.read_log(m, view)
    if m[BUSY] == 0:
        storing.turn_to_next(m)


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
                logbook.alter(m, entry, m[entry + E_FAULT])
        cell = m[cell + 1]
    if count == 0 or (repaired == 1 and m[REFUSES_DAMAGE] == 1):
        return
    found = False
    cell = m[m[LOG_ENTRIES] + FIRST]
    while cell:
        found = found or m[m[cell] + E_GONE] == 1
        m[m[cell] + E_GONE] = 1 if found else 0
        cell = m[cell + 1]
    logbook.vanish(m, fault)


def judge_store(m):
    """Everything is repaired; the store is started again once, as soon as it has nothing in hand."""
    if m[IS_DEAD] == 1:
        return
    if m[IS_DOWN] == 0 and (m[BUSY] == 1 or m[m[UNFLUSHED] + COUNT] > 0):
        m[WHEN_IDLE] = 1
    else:
        come_up(m, 1)
