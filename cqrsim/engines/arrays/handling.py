"""The command handler: from a command to its events."""

from cqrsim.engines.arrays import (
    absence,
    caching,
    folding,
    hearing,
    journeys,
    links,
    loading,
    queueing,
    storing,
    telling,
    waits,
)
from cqrsim.engines.arrays.agenda import after, new_act
from cqrsim.engines.arrays.luck import drawn
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import drop, hold, push
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *


def receive(m, journey):
    """A command has arrived at the shard of its aggregate."""
    command = m[journey + COMMAND]
    marks = m[m[MARKS] + command]
    m[journey + AGGREGATE] = aggregate = m[m[AGGREGATE_OF] + command]
    m[journey + CHANGE] = m[m[CHANGE_OF] + command]
    m[journey + EVENTS] = marks >> 10
    m[journey + PLACE] = place = aggregate // m[SHARD_COUNT]
    m[journey + SHARD] = shard = aggregate - place * m[SHARD_COUNT]
    m[journey + HOME] = home = home_of(m, journey)
    if m[home + D_AWAY] == 1 or m[home + D_UP] == 0:
        if m[home + D_HOLDS] == 1:
            push(m, m[home + D_HELD], new_act(m, COMMAND_ARRIVES, journey, 0, 0, 0))
        else:
            note(m, M_LOST, journey, TO_HANDLER, 0, m[home + D_DOWN_BY])
        return
    waiting = m[queueing.turns_of(m, home, shard) + T_WAITING]
    note(m, M_RECEIVED, journey, shard, 0, waiting)
    if queueing.is_full(m, journey, waiting):
        note(m, M_DECIDED, journey, shard, OVERLOADED, -1)
        m[journey + SETTLED] = 1
        telling.reply(m, journey, FAILURE)
        return
    if m[HOLDS_IN_HAND] == 1:
        take_in_hand(m, home, journey)
    if m[journeys.group_of(m, journey) + G_ANSWER_AT] == AT_RECEIVED:
        telling.reply(m, journey, GOT_IT)
    queueing.enter_turns(m, journey)


def home_of(m, journey):
    """Which instance of its shard takes a command: the newest, or while two share them, one by the luck of it."""
    shard, newest = journeys.shard_of(m, m[journey + SHARD]), journeys.newest_of(m, m[journey + SHARD])
    older = m[shard + SH_OLDER]
    if older != 0 and m[older + D_AWAY] == 0:
        column = m[m[shard + SH_SHARER] + F_OLDER]
        if m[newest + D_UP] == 0 or drawn(m, column, m[journey + LUCK], m[journey + COMMAND]) != 0:
            return older
    return newest


def take_in_hand(m, home, journey):
    """What an instance works at, and loses when it dies."""
    first = m[home + D_HAND]
    m[journey + IN_HAND], m[journey + HAND_PREVIOUS], m[journey + HAND_NEXT] = 1, 0, first
    if first != 0:
        m[first + HAND_PREVIOUS] = journey
    m[home + D_HAND] = journey


def put_out_of_hand(m, journey):
    """It works at it no more."""
    if m[journey + IN_HAND] == 0:
        return
    m[journey + IN_HAND] = 0
    previous, behind = m[journey + HAND_PREVIOUS], m[journey + HAND_NEXT]
    if previous != 0:
        m[previous + HAND_NEXT] = behind
    else:
        m[m[journey + HOME] + D_HAND] = behind
    if behind != 0:
        m[behind + HAND_PREVIOUS] = previous


def admit(m, journey):
    """It has the turn, and a worker."""
    if not absence.is_there(m, m[journey + HOME], ADMIT, journey, 0):
        return
    note(m, M_ADMITTED, journey, m[journey + SHARD], 0, 0)
    if m[LOADS] == 1:
        m[journey + READS] += 1
        loading.ask_load(m, loading.new_reading(m, journey, 0))
    else:
        validate(m, journey)


def validate(m, journey):
    """Work on it."""
    command, attempt = m[journey + COMMAND], m[journey + ATTEMPT]
    wait = drawn(m, m[H_VALIDATE], m[journey + LUCK], command)
    after(m, wait, M_DECIDED, command, attempt, 0, DECIDE, journey, 0, 0, 0)


def loaded(m, journey, snapshot):
    """The state that it asked for has come."""
    home = m[journey + HOME]
    if m[home + D_AWAY] == 1:
        absence.defer(m, home, LOADED, journey, snapshot, 0)
        return
    m[journey + VERSION], m[journey + STATE] = m[snapshot + N_VERSION], m[snapshot + N_STATE]
    note(m, M_LOADED, journey, m[journey + SHARD], 0, m[journey + VERSION])
    validate(m, journey)


def decide(m, journey):
    """Accept or refuse, unless a fault strikes first."""
    if not absence.is_there(m, m[journey + HOME], DECIDE, journey, 0):
        return
    if m[BEFORE_DECISION] != 0 and absence.is_struck(m, m[BEFORE_DECISION], journey, DECIDE_NOW, 0):
        return
    decide_now(m, journey)


def decide_now(m, journey):
    """By the command itself, and by the state as it is known here."""
    if m[LOADS] == 0:
        stream = folding.own_stream(m, m[journey + HOME], m[journey + PLACE])
        m[journey + VERSION], m[journey + STATE] = m[stream + A_VERSION], m[stream + A_STATE]
    decision = ACCEPTED
    if m[m[MARKS] + m[journey + COMMAND]] & 2 == 0:
        decision = INVALID
    elif m[HAS_RULE] == 1 and not (m[LOW] <= m[journey + STATE] + m[journey + CHANGE] <= m[HIGH]):
        decision = FORBIDDEN
    note(m, M_DECIDED, journey, m[journey + SHARD], decision, m[journey + VERSION])
    accepted = 1 if decision == ACCEPTED else 0
    if m[AFTER_DECISION] != 0 and absence.is_struck(m, m[AFTER_DECISION], journey, GO_ON, accepted):
        return
    go_on(m, journey, accepted)


def go_on(m, journey, accepted):
    """What follows from the decision; then the worker has done its part."""
    home = m[journey + HOME]
    hold(m, journey)
    if accepted:
        accept(m, journey)
    else:
        refuse(m, journey)
    if absence.is_there(m, home, IS_DECIDED, journey, 0):
        is_decided(m, journey)
    drop(m, journey)


def is_decided(m, journey):
    """The worker is free, unless it waits for the end of the turn."""
    if m[H_WORKER_WAITS] == 0:
        queueing.free_worker(m, journey)


def refuse(m, journey):
    """It is refused for good."""
    group = journeys.group_of(m, journey)
    m[journey + RETRYABLE] = 0
    if m[group + G_ANSWER_AT] != AT_RECEIVED:
        telling.reply(m, journey, FAILURE)
    notify_failure(m, journey)
    hearing.release(m, journey)


def notify_failure(m, journey):
    """Tell of a refusal or failure by the ways that do not wait for an answer."""
    group = journeys.group_of(m, journey)
    if m[group + G_ERROR_EVENTS] == 1:
        route, shard = links.route_of(m, TO_STORE), m[journey + SHARD]
        if links.carry(m, route, journey, M_APPEND_RECEIVED, ERROR_ARRIVES, shard, OF_ERROR, 0, 0, 0, 0):
            storing.append_error(m, journey)
    if m[group + G_CACHE] != 0 and links.carry(
        m, links.route_of(m, TO_CACHE), journey, M_CACHED, CACHE_PUT, 0, MAIN, 0, 0, 0, 0
    ):
        caching.cache_put(m, journey)


def accept(m, journey):
    """It becomes events, or changes nothing."""
    answer_at = m[journeys.group_of(m, journey) + G_ANSWER_AT]
    is_empty = m[journey + EVENTS] == 0
    if answer_at == AT_DECIDED or (is_empty and answer_at > AT_DECIDED):
        telling.reply(m, journey, SUCCESS)
    if is_empty:
        m[journey + SETTLED] = 1
        hearing.release(m, journey)
        return
    m[journey + EXPECTED] = m[journey + VERSION] if m[CHECKS_VERSION] == 1 else -1
    if m[SAVE] == SAVES_FIRST:
        save(m, journey)
        return
    if m[FOLD_ON] == FOLDS_DECISIONS and m[SAVE] != SAVES_LAST:
        fold(m, journey, m[journey + HOME])
    append(m, journey)
    if absence.is_there(m, m[journey + HOME], HAS_APPENDED, journey, 0):
        has_appended(m, journey)


def has_appended(m, journey):
    """The append is on its way; what comes next does not wait for what becomes of it."""
    if m[SAVE] == SAVES_LAST:
        save(m, journey)
    elif m[WAIT_FOR] == WAITS_FOR_NOTHING:
        hearing.succeed(m, journey)


def save(m, journey):
    """To the handler's own store."""
    command, attempt = m[journey + COMMAND], m[journey + ATTEMPT]
    wait = drawn(m, m[SAVE_TIME], m[journey + LUCK], command)
    after(m, wait, M_SAVED, command, attempt, 0, SAVED, journey, 0, 0, 0)


def saved(m, journey):
    """It is there."""
    home = m[journey + HOME]
    if not absence.is_there(m, home, SAVED, journey, 0):
        return
    note(m, M_SAVED, journey, m[journey + SHARD], 0, 0)
    fold(m, journey, home)
    if m[SAVE] == SAVES_FIRST:
        append(m, journey)
    if absence.is_there(m, home, SUCCEED, journey, 0):
        hearing.succeed(m, journey)


def append(m, journey):
    """Send it to the event store, unless a fault strikes first."""
    if m[BEFORE_APPEND] != 0 and absence.is_struck(m, m[BEFORE_APPEND], journey, SEND_APPEND, 0):
        return
    send_append(m, journey)


def send_append(m, journey):
    """On its way; if the handler waits, its patience begins."""
    note(m, M_APPEND_SENT, journey, m[journey + SHARD], 0, m[journey + EXPECTED])
    route = links.route_of(m, TO_STORE)
    if links.carry(m, route, journey, M_APPEND_RECEIVED, APPEND_ARRIVES, m[journey + SHARD], MAIN, 0, 0, 0, 0):
        storing.append_arrives(m, journey)
    if m[WAIT_FOR] != WAITS_FOR_NOTHING and m[journey + SETTLED] == 0:
        waits.begin_to_wait(m, m[H_PATIENCE], journey, m[journey + COMMAND], m[journey + ATTEMPT])
    if m[AFTER_APPEND] != 0:
        absence.is_struck(m, m[AFTER_APPEND], journey, -1, 0)


def fold(m, journey, home):
    """Put its events into the state of an instance."""
    folding.fold_in(m, folding.own_stream(m, home, m[journey + PLACE]), journey)
    m[journey + FOLDED_AT] = m[TIME]
    note_fold(m, journey, home)


def note_fold(m, journey, home):
    """Record that an instance's state holds the events of an append from now on."""
    version = m[folding.own_stream(m, home, m[journey + PLACE]) + A_VERSION]
    note(m, M_FOLDED, journey, m[journey + SHARD], m[home + D_NUMBER], version)
