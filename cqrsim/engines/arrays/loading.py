"""The command handler reads streams from the event store, to decide or in doubt."""

from cqrsim.engines.arrays import absence, disks, folding, handling, hearing, links, logbook, storing, waits
from cqrsim.engines.arrays.agenda import after, new_act
from cqrsim.engines.arrays.luck import drawn, stops_for
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import new, push
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *


def new_reading(m, journey, behind_appends):
    """One need of a stream; asked for once or several times, answered by the first answer that comes."""
    reading = new(m, READING_SIZE)
    m[reading + Q_JOURNEY], m[reading + Q_BEHIND_APPENDS] = journey, behind_appends
    return reading


def question(m, reading):
    """Count one more question, begin to wait for its answer, and return its number."""
    journey = m[reading + Q_JOURNEY]
    m[reading + Q_ASKED] += 1
    waits.begin_to_wait(m, m[READ_PATIENCE], reading, m[journey + COMMAND], m[journey + ATTEMPT])
    return m[journey + READS] * (NUMBERS // 2) + m[reading + Q_ASKED] - 1


def ask_load(m, reading):
    """Ask for the stream as it is."""
    number, journey, route = question(m, reading), m[reading + Q_JOURNEY], links.route_of(m, TO_STORE)
    if links.carry(m, route, journey, M_LOADED, LOAD_ARRIVES, m[journey + SHARD], LOAD, number, reading, number, 0):
        load_arrives(m, journey, reading, number)


def ask_reread(m, reading):
    """Ask for the stream as it is when everything that the store has received before has been written."""
    number, journey, route = question(m, reading), m[reading + Q_JOURNEY], links.route_of(m, TO_STORE)
    if links.carry(m, route, journey, M_LOADED, REREAD_ARRIVES, m[journey + SHARD], LOAD, number, reading, number, 0):
        reread_arrives(m, journey, reading, number)


def send_question(m, reading):
    """Ask again."""
    if m[reading + Q_BEHIND_APPENDS] == 1:
        ask_reread(m, reading)
    else:
        ask_load(m, reading)


def reread(m, journey):
    """In doubt: look at the stream; in a run that keeps none, that was not to be expected."""
    if m[KEEPS_APPENDS] == 0:
        stops_for(m, KEEPS_APPENDS)
        return
    m[journey + SETTLED] = 1
    waits.stop_waiting(m, journey)
    m[journey + READS] += 1
    ask_reread(m, new_reading(m, journey, 1))


def load_arrives(m, journey, reading, number):
    """The store is asked for a stream."""
    if m[IS_DOWN] == 0:
        read_stream(m, journey, reading, number)
    elif m[HOLDS_WHILE_DOWN] == 1:
        push(m, m[HELD], new_act(m, READ_STREAM, journey, reading, number, 0))
    else:
        storing.lose_at_store(m, journey)


def reread_arrives(m, journey, reading, number):
    """The store is asked for a stream as it is behind all appends so far."""
    if m[IS_DOWN] == 0:
        entry = storing.new_entry(m, journey, 0, 0)
        m[entry + E_READING], m[entry + E_NUMBER] = reading, number
        storing.enter(m, entry)
    elif m[HOLDS_WHILE_DOWN] == 1:
        push(m, m[HELD], new_act(m, REREAD_ARRIVES, journey, reading, number, 0))
    else:
        storing.lose_at_store(m, journey)


def read_stream(m, journey, reading, number):
    """What the reader will get is as it is now; the reading takes its time."""
    snapshot = folding.snapshot_of(m, m[journey + AGGREGATE])
    command, attempt = m[journey + COMMAND], m[journey + ATTEMPT]
    work = (
        drawn(m, m[READ], m[journey + LUCK], command)
        + logbook.to_read_of(m, m[journey + AGGREGATE]) * m[READ_PER_EVENT]
    )
    wait = disks.time_for(m, work, m[TIME])
    after(m, wait, M_LOADED, command, attempt, number, STREAM_READ, journey, reading, number, snapshot)


def stream_read(m, journey, reading, number, snapshot):
    """The store answers, unless it has crashed while it read."""
    if m[snapshot + N_LIFE] != m[LIFE]:
        storing.lose_at_store(m, journey)
        return
    route, shard = links.route_of(m, STORE_TO_HANDLER), m[journey + SHARD]
    if links.carry(m, route, journey, M_LOADED, STREAM_ARRIVES, shard, LOAD, number, reading, snapshot, 0):
        stream_arrives(m, journey, reading, snapshot)


def stream_arrives(m, journey, reading, snapshot):
    """The first answer is taken."""
    if m[reading + Q_DONE] == 1:
        return
    m[reading + Q_DONE] = 1
    if m[reading + Q_BEHIND_APPENDS] == 1:
        has_reread(m, journey, snapshot)
    else:
        handling.loaded(m, journey, snapshot)


def has_reread(m, journey, snapshot):
    """Take the stream as it is; the append succeeded if it is found there (or its command id is)."""
    home = m[journey + HOME]
    if m[home + D_AWAY] == 1:
        absence.defer(m, home, HAS_REREAD, journey, snapshot, 0)
        return
    found = False
    link = m[snapshot + N_APPENDS]
    while link != 0 and not found:
        found = m[m[link] + IDENTITY] == m[journey + IDENTITY]
        link = m[link + 1]
    note(m, M_REREAD, journey, m[journey + SHARD], OK if found else NOT_FOUND, m[snapshot + N_VERSION])
    stream = folding.own_stream(m, home, m[journey + PLACE])
    if not folding.is_older(m, snapshot, stream):
        folding.note_missing(m, home, m[stream + A_APPENDS], m[snapshot + N_APPENDS], m[snapshot + N_VERSION])
        m[stream + A_CUTS] = m[snapshot + N_CUTS]
        folding.hold_as(m, stream, snapshot)
    if found:
        hearing.succeed(m, journey)
    else:
        hearing.fail(m, journey, FAILURE)
