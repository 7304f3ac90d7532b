"""The command handler hears what became of its appends, and passes the turn on."""

from cqrsim.engines.arrays import absence, folding, handling, instances, journeys, loading, queueing, telling, waits
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import hold, new, push
from cqrsim.engines.arrays.rows import note, row
from cqrsim.engines.arrays.words import *


def answered(m, journey, outcome):
    """The store's answer has arrived; one that nobody waits for any more changes nothing."""
    if not absence.is_there(m, m[journey + HOME], STORE_ANSWERS, journey, outcome):
        return
    note(m, M_APPEND_ANSWERED, journey, m[journey + SHARD], outcome, 0)
    if m[journey + SETTLED] == 1:
        return
    if m[BEFORE_ANSWER] != 0 and absence.is_struck(m, m[BEFORE_ANSWER], journey, HEAR_ANSWER, outcome):
        return
    hear_answer(m, journey, outcome)


def hear_answer(m, journey, outcome):
    """Take in what became of the append."""
    if outcome == OK:
        if m[FOLD_ON] == FOLDS_ANSWERS:
            handling.fold(m, journey, m[journey + HOME])
        if m[AFTER_ANSWER] != 0 and absence.is_struck(m, m[AFTER_ANSWER], journey, SUCCEED, 0):
            return
        succeed(m, journey)
    elif outcome == CONFLICT and m[LOADS] == 1 and m[journey + ATTEMPT] % m[ATTEMPTS_PER_TRY] < m[CONFLICT_RETRIES]:
        reload(m, journey)
    elif m[ON_DOUBT] == REREADS or (m[FOLD_ON] == FOLDS_ANSWERS and outcome in (CONFLICT, DUPLICATE)):
        loading.reread(m, journey)
    elif outcome == DUPLICATE:
        succeed(m, journey)
    elif outcome == ERROR and m[ON_DOUBT] == SAYS_UNKNOWN:
        fail(m, journey, UNKNOWN)
    else:
        fail(m, journey, FAILURE)


def hears_event(m, journey):
    """An event of this shard's aggregates was published and has come back."""
    cell = m[m[journeys.shard_of(m, m[journey + SHARD]) + SH_INSTANCES] + FIRST]
    while cell:
        home = m[cell]
        if m[home + D_PAUSED] == 1:
            absence.defer(m, home, ONE_HEARS, home, journey, 0)
        else:
            one_hears(m, home, journey)
        cell = m[cell + 1]


def one_hears(m, home, journey):
    """One instance hears; if it keeps count, it notices when something is missing."""
    if m[CATCHES_UP] == 1 and m[journey + PREVIOUS_OF_SHARD] > m[home + D_HEARD_UP_TO] and m[home + D_UP] == 1:
        push(m, m[home + D_HEARD], journey)
        instances.catch_up(m, home)
    elif m[home + D_CATCHING_UP] == 1:
        push(m, m[home + D_HEARD], journey)
    else:
        instance_hears(m, home, journey)


def instance_hears(m, home, journey):
    """An instance hears of an event, if it is there; each event counts once."""
    if m[home + D_AWAY] == 1 or m[home + D_UP] == 0:
        if m[home + D_DEAD] == 0:
            push(m, m[home + D_HEARD], journey)
        return
    if m[journey + POSITION] < m[home + D_SINCE]:
        return
    stream = folding.own_stream(m, home, m[journey + PLACE])
    if m[DUPLICATES_FROM] >= 0:
        m[stream + A_TOUCHED] = 1
        if folding.stands_in(m, m[stream + A_APPENDS], journey):
            return
    if m[CATCHES_UP] == 1:
        if folding.stands_in(m, m[journey + KNOWN_BY], home):
            return
        gets_known(m, home, journey)
    m[home + D_HEARD_UP_TO] = max(m[home + D_HEARD_UP_TO], m[journey + POSITION])
    if m[FOLD_ON] == FOLDS_EVENTS:
        handling.fold(m, journey, home)
    if m[WAIT_FOR] == WAITS_FOR_EVENT and m[journey + HOME] == home and m[journey + SETTLED] == 0:
        if m[BEFORE_ANSWER] != 0 and absence.is_struck(m, m[BEFORE_ANSWER], journey, SUCCEED, 0):
            return
        if m[AFTER_ANSWER] != 0 and absence.is_struck(m, m[AFTER_ANSWER], journey, SUCCEED, 0):
            return
        succeed(m, journey)


def gets_known(m, home, journey):
    """An instance that keeps count has heard of an event, or read it."""
    link = new(m, 2)
    m[link], m[link + 1] = home, m[journey + KNOWN_BY]
    m[journey + KNOWN_BY] = link


def hears_of_duplicate(m, journey):
    """What was sent again is in the store already; its event has been published before."""
    is_waiting = m[WAIT_FOR] == WAITS_FOR_EVENT and m[journey + SETTLED] == 0
    if is_waiting and absence.is_there(m, m[journey + HOME], SUCCEED, journey, 0):
        succeed(m, journey)


def gives_up_now(m, journey, attempt):
    """Waited long enough.  The append goes on all the same: only the waiting ends."""
    if m[journey + SETTLED] == 1:
        return
    row(m, M_HANDLER_GAVE_UP, m[journey + COMMAND], attempt, m[journey + SHARD], 0, 0)
    if m[ON_DOUBT] == REREADS:
        loading.reread(m, journey)
    else:
        fail(m, journey, UNKNOWN if m[ON_DOUBT] == SAYS_UNKNOWN else FAILURE)


def reload(m, journey):
    """Somebody else was faster: load again, decide again, as the next attempt, which has the turn still."""
    m[journey + SETTLED] = 1
    waits.stop_waiting(m, journey)
    other, home = journeys.following(m, journey), m[journey + HOME]
    if m[HOLDS_IN_HAND] == 1:
        handling.put_out_of_hand(m, journey)
        handling.take_in_hand(m, home, other)
    if m[H_TURN] != NO_TURN and m[queueing.turn_of(m, journey)] == journey:
        m[queueing.turn_of(m, journey)] = other
    hold(m, other)
    turns = queueing.turns_of(m, home, m[other + SHARD])
    m[turns + T_WAITING] += 1
    if m[H_WORKER_WAITS] == 1:
        queueing.let_go(m, turns, other)
    else:
        queueing.is_ready(m, other)


def succeed(m, journey):
    """As far as the handler knows the events are written."""
    m[journey + SETTLED] = 1
    waits.stop_waiting(m, journey)
    answer_at = m[journeys.group_of(m, journey) + G_ANSWER_AT]
    if answer_at == AT_WRITTEN:
        telling.reply(m, journey, SUCCESS)
    elif answer_at == AT_APPLIED:
        telling.await_views(m, journey)
    release(m, journey)


def fail(m, journey, answer):
    """As far as the handler knows the events are not written; or it does not know, and says so."""
    m[journey + SETTLED] = 1
    waits.stop_waiting(m, journey)
    if m[journeys.group_of(m, journey) + G_ANSWER_AT] >= AT_WRITTEN:
        telling.reply(m, journey, answer)
    if answer == FAILURE:
        handling.notify_failure(m, journey)
    release(m, journey)


def release(m, journey):
    """The turn of the aggregate passes on."""
    note(m, M_RELEASED, journey, m[journey + SHARD], 0, 0)
    if m[HOLDS_IN_HAND] == 1:
        handling.put_out_of_hand(m, journey)
    queueing.pass_on(m, journey)
