"""The event store: the serial section in which batches are written."""

from cqrsim.engines.arrays import (
    disks,
    faults,
    flushing,
    hearing,
    journeys,
    links,
    loading,
    logbook,
    publishing,
    recovery,
)
from cqrsim.engines.arrays.agenda import add_to_agenda, after, new_act
from cqrsim.engines.arrays.luck import drawn
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import drop, give_back, hold, new, push, take
from cqrsim.engines.arrays.rows import note, row
from cqrsim.engines.arrays.words import *
from cqrsim.moments import NEVER


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
        enter(m, new_entry(m, journey, m[journey + EVENTS] * m[journeys.group_of(m, journey) + G_EVENT_BYTES], 0))
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
        enter(m, new_entry(m, journey, m[journeys.group_of(m, journey) + G_ERROR_BYTES], 1))
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


def turn_to_next(m):
    """Turn to what is waiting, if there is anything, and it has waited enough."""
    if m[WHEN_IDLE] == 1 and m[m[UNFLUSHED] + COUNT] == 0:
        m[WHEN_IDLE] = 0
        add_to_agenda(m, COME_UP, 1, 0, 0)
    elif m[FLUSH_DUE] == 1 and m[m[UNFLUSHED] + COUNT] > 0:
        flushing.start_flush(m)
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
            writing = disks.time_for(m, write_work(m, leader, batch), m[TIME])
            after(m, writing, M_BUFFERED, command, 0, 0, FLUSH_BEGINS, serial, 0, 0, 0)
        row(m, M_STARTED, command, attempt, 0, 0, writes)
        if m[PUBLISH_EARLY] == 1:
            publish_early(m, batch)
    after(m, wait, M_WRITTEN, command, attempt, 0, BATCH_WRITTEN, serial, 0, 0, 0)


def brings_down(m, watches, leader):
    """Whether one of the faults that watch this operation brings the store down."""
    life, journey = m[LIFE], m[leader + E_JOURNEY]
    slot = disks.slot_at_disk(m, journey, m[leader + E_IS_ERROR])
    cell = m[watches + FIRST]
    while cell:
        watch = m[cell]
        if faults.strikes(m, watch, journey, slot):
            recovery.strike_store(m, watch, m[watch + F_FIRED] - 1)
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
        m[entry + E_ORIGINAL] = logbook.original_of(m, m[journey + IDENTITY])
        if m[entry + E_ORIGINAL] != 0:
            m[entry + E_OUTCOME] = DUPLICATE
            return False
    if m[FENCING] == 1 and m[m[journey + HOME] + D_NUMBER] < m[journeys.shard_of(m, m[journey + SHARD]) + SH_NEWEST]:
        m[entry + E_OUTCOME], m[entry + E_FAULT] = FENCED, m[m[journey + HOME] + D_REPLACED_BY]
        return False
    stream, version = m[STREAMS] + m[journey + AGGREGATE] * STREAM_SIZE, 0
    if is_error == 0 and m[CHECKS_VERSION] == 1:
        # of the log's streams A_TOUCHED is the batch in which A_CUTS was the version so far
        version = m[stream + A_CUTS] if m[stream + A_TOUCHED] == -m[STAMPS] else m[stream + A_VERSION]
        if m[journey + EXPECTED] != version:
            m[entry + E_OUTCOME] = CONFLICT
            return False
    m[entry + E_OUTCOME] = disks.refusal(m, journey, is_error, m[entry + E_BYTES])
    m[entry + E_FAULT] = m[REFUSED_BY]
    if m[entry + E_OUTCOME] == OK and is_error == 0:
        m[stream + A_TOUCHED], m[stream + A_CUTS] = -m[STAMPS], version + m[journey + EVENTS]
        if m[DEDUPE] == 1:
            logbook.remember(m, entry)
    return m[entry + E_OUTCOME] == OK


def write_work(m, leader, batch):
    """Work to write a batch, without forcing it to the medium."""
    size = 0
    cell = m[batch + FIRST]
    while cell:
        size += m[m[cell] + E_BYTES] if m[m[cell] + E_TAKES_ROOM] == 1 else 0
        cell = m[cell + 1]
    journey = m[leader + E_JOURNEY]
    slot = disks.slot_at_disk(m, journey, m[leader + E_IS_ERROR])
    return drawn(m, m[DISK_WRITE], slot, m[journey + COMMAND]) + m[PER_KIB] * size // KIB


def flush_work(m, entry):
    """Work to force an append onto the medium."""
    journey = m[entry + E_JOURNEY]
    return drawn(m, m[DISK_FLUSH], disks.slot_at_disk(m, journey, m[entry + E_IS_ERROR]), m[journey + COMMAND])


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
        return disks.time_for(m, work, m[TIME])
    operations = OP_WRITE if m[FLUSH] == FLUSH_PERIODIC else OP_WRITE | OP_FLUSH
    disks.find_fate(m, leader, work, operations, m[RETRY_FLUSH])
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_TAKES_ROOM] == 1:
            m[entry + E_SAFE_FROM] = m[F_SAFE_FROM]
            if m[F_OUTCOME] != OK:
                m[entry + E_OUTCOME], m[entry + E_FAULT] = m[F_OUTCOME], m[F_FAULT]
                logbook.forget(m, entry)
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
                publishing.publish(m, entry)
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
            recovery.exits(m, m[F_FAULT])
            return
        m[POISONED], m[POISONED_BY] = 1, m[F_FAULT]
    m[AT_WORK] = 0
    cell = m[batch + FIRST]
    while cell:
        entry = m[cell]
        if m[entry + E_READING] != 0:
            loading.read_stream(m, m[entry + E_JOURNEY], m[entry + E_READING], m[entry + E_NUMBER])
        elif m[entry + E_OUTCOME] == OK:
            logbook.give_place(m, entry)
        elif m[entry + E_ORIGINAL] == 0:
            has_failed(m, entry)
        cell = m[cell + 1]
    if m[FLUSH] == FLUSH_PERIODIC:
        flushing.keep_for_flush(m, batch)
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
            flushing.is_durable(m, entry)
            publishing.answer(m, entry)
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
        route, shard = links.route_of(m, TO_SUBSCRIBER), m[journey + SHARD]
        if links.carry(m, route, journey, M_FOLDED, DUPLICATE_HEARD, shard, MAIN, 0, 0, 0, 0):
            hearing.hears_of_duplicate(m, journey)


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
    publishing.answer(m, entry)


def note_failure(m, entry):
    """Record what became of an append that did not become durable."""
    moment = M_REFUSAL_LOST if m[entry + E_IS_ERROR] == 1 else M_FAILED
    m[entry + E_NOTED] = 1
    note(m, moment, m[entry + E_JOURNEY], 0, m[entry + E_OUTCOME], m[entry + E_FAULT])
