"""Instances of the handler die, start, read the log, catch up, and compare their own store with it."""

from cqrsim.engines.arrays import absence, disks, folding, handling, hearing, journeys, logbook, queueing
from cqrsim.engines.arrays.agenda import add_to_agenda, after, new_act, put_on_agenda
from cqrsim.engines.arrays.luck import drawn, of_series
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import after_all, new, push, take
from cqrsim.engines.arrays.rows import note, row
from cqrsim.engines.arrays.words import *
from cqrsim.moments import NEVER


def new_instance(m, shard, number, streams, turns):
    """An instance that is not up yet; streams and turns of its own where none are given."""
    home = new(m, INSTANCE_SIZE)
    if streams == 0:
        count = m[AGGREGATE_COUNT] // m[SHARD_COUNT] + 1
        streams = new(m, max(count * STREAM_SIZE, SMALL + 1))
        folding.empty_streams(m, streams, count)
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
    shard, fault = journeys.shard_of(m, number), m[watch + F_NUMBER]
    newest = journeys.newest_of(m, number)
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
        queueing.drop_dead(m, newest, number)
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
            if m[logbook.in_log(m, number) + SHARD] == shard:
                hearing.gets_known(m, fresh, logbook.in_log(m, number))
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
            snapshot = folding.snapshot_of(m, aggregate)
            folding.hold_as(m, folding.own_stream(m, fresh, aggregate // m[SHARD_COUNT]), snapshot)
            m[folding.own_stream(m, fresh, aggregate // m[SHARD_COUNT]) + A_CUTS] = m[CUTS]
            events += logbook.to_read_of(m, aggregate)
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
        is_append = is_append and m[entry + E_IS_ERROR] == 0 and m[entry + E_READING] == 0
        if is_append and m[entry + E_ORIGINAL] == 0 and m[journey + SHARD] == m[fresh + D_SHARD]:
            push(m, m[fresh + D_UNFLUSHED], journey)
        cell = m[cell + 1]


def reading_time(m, shard, events):
    """How long a sweep through the log takes; each shard has luck of its own for each of its readings."""
    number = m[journeys.shard_of(m, shard) + SH_READINGS]
    m[journeys.shard_of(m, shard) + SH_READINGS] += 1
    work = of_series(m, m[journeys.shard_of(m, shard) + SH_SERIES], number) + events * m[READ_PER_EVENT]
    return disks.time_for(m, work, m[TIME])


def instance_has_read(m, fresh, up_to):
    """It has its state."""
    if m[fresh + D_DEAD] == 0:
        is_up(m, fresh, up_to)
        cell = m[m[fresh + D_UNFLUSHED] + FIRST]
        while cell:
            handling.note_fold(m, m[cell], fresh)
            cell = m[cell + 1]
        hear_what_came_meanwhile(m, fresh)
        add_to_agenda(m, LET_IN, fresh, 0, 0)


def is_up(m, fresh, up_to):
    """It takes commands from now on; the store learns which instance is the newest."""
    row(m, M_RESTARTED, NEVER, 0, m[fresh + D_SHARD], m[fresh + D_COMES_AS], up_to)
    m[fresh + D_UP] = m[fresh + D_HAS_BEEN_UP] = 1
    m[journeys.shard_of(m, m[fresh + D_SHARD]) + SH_NEWEST] = m[fresh + D_NUMBER]


def let_in(m, home):
    """It takes what has waited for it."""
    put_on_agenda(m, m[home + D_HELD])


def start_second(m, older, fault):
    """Another instance of the same shard, which builds its state as after a crash, unless they share a store."""
    streams = m[older + D_STREAM] if m[SAVE] != SAVES_NOT else 0
    turns = m[older + D_TURNS] if m[H_TURN] == ONE_FOR_ALL else 0
    fresh = new_instance(m, m[older + D_SHARD], m[older + D_NUMBER] + 1, streams, turns)
    m[fresh + D_COMES_AS], m[older + D_REPLACED_BY] = PART_INSTANCE, fault
    push(m, m[journeys.shard_of(m, m[older + D_SHARD]) + SH_INSTANCES], fresh)
    instance_starts(m, fresh)


def stop_sharing(m, older):
    """The older instance takes no more commands."""
    shard = journeys.shard_of(m, m[older + D_SHARD])
    if m[shard + SH_OLDER] == older:
        m[shard + SH_OLDER] = 0


def resume(m, home):
    """It goes on as if nothing had been."""
    if m[home + D_DEAD] == 1:
        return
    m[home + D_AWAY] = m[home + D_PAUSED] = 0
    put_off = m[home + D_PUT_OFF]
    m[home + D_PUT_OFF] = new(m, LIST_SIZE)
    resume_next(m, home, put_off)


def resume_next(m, home, put_off):
    """One thing after the other, until it is paused again: then the rest is put off behind what it was at."""
    if m[home + D_AWAY] == 1:
        after_all(m, m[home + D_PUT_OFF], put_off)
    elif m[put_off + COUNT] == 0:
        let_in(m, home)
    else:
        add_to_agenda(m, RESUME_NEXT, home, put_off, 0)
        cell = new(m, 2)
        m[cell], m[cell + 1] = take(m, put_off), m[AGENDA]
        m[AGENDA] = cell


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
    for number in range(logbook.first_behind(m, m[home + D_HEARD_UP_TO] + 1), m[m[LOG] + V_COUNT]):
        if m[logbook.in_log(m, number) + SHARD] == shard:
            events += m[logbook.in_log(m, number) + EVENTS]
    after(m, reading_time(m, shard, events), M_FOLDED, 0, 0, shard, HAS_CAUGHT_UP, home, 0, 0, 0)


def has_caught_up(m, home):
    """It hears of what it has missed, and of what came meanwhile."""
    if not absence.is_there(m, home, HAS_CAUGHT_UP, home, 0):
        return
    m[home + D_CATCHING_UP] = 0
    number, until = logbook.first_behind(m, m[home + D_HEARD_UP_TO] + 1), m[m[LOG] + V_COUNT]
    while number < until:
        if m[logbook.in_log(m, number) + SHARD] == m[home + D_SHARD]:
            hearing.instance_hears(m, home, logbook.in_log(m, number))
        number += 1
    hear_what_came_meanwhile(m, home)


def hear_what_came_meanwhile(m, home):
    """Most of it was in the log; what a store has published early may not have been."""
    heard = m[home + D_HEARD]
    m[home + D_HEARD] = new(m, LIST_SIZE)
    cell = m[heard + FIRST]
    while cell:
        hearing.instance_hears(m, home, m[cell])
        cell = m[cell + 1]


def reconcile(m):
    """Compare the handler's own store with the log, and take over what the log says of aggregates that differ."""
    after(m, m[RECONCILE_EVERY], M_REREAD, 0, 0, 0, RECONCILE, 0, 0, 0, 0)
    if m[IS_DOWN] == 1:
        return
    for shard in range(m[SHARD_COUNT]):
        home = journeys.newest_of(m, shard)
        if m[home + D_UP] == 1 and m[home + D_AWAY] == 0:
            for aggregate in range(shard, m[AGGREGATE_COUNT], m[SHARD_COUNT]):
                reconcile_one(m, home, aggregate)


def reconcile_one(m, home, aggregate):
    """One aggregate, if it differs, for long enough, and that is noticed."""
    mine, theirs = folding.own_stream(m, home, aggregate // m[SHARD_COUNT]), m[READABLE] + aggregate * STREAM_SIZE
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
    snapshot = folding.snapshot_of(m, aggregate)
    version = m[snapshot + N_VERSION]
    folding.hold_as(m, mine, snapshot)
    note(m, M_REREAD, latest, m[home + D_SHARD], OK, version)
    folding.note_missing(m, home, mine_now, m[snapshot + N_APPENDS], version)
