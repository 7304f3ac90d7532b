"""What became of a command: when nothing more can happen to it, or the run is over, it is judged and counted."""

from __future__ import annotations

from typing import Any

from cqrsim.messages import Answer, AppendOutcome, Belief, Decision, Truth
from cqrsim.metrics import layout as at
from cqrsim.metrics.compiled import kernel
from cqrsim.metrics.histogram import BUCKETS, bucket_of
from cqrsim.metrics.stream_log import note_missing, note_part, released_of_try
from cqrsim.metrics.stream_memory import NOWHERE, add, free_record, left, left_there, put, stays
from cqrsim.metrics.stream_reads import known_settles

ACCEPTED, OVERLOADED = int(Decision.ACCEPTED), int(Decision.OVERLOADED)
CONFLICT, FENCED = int(AppendOutcome.CONFLICT), int(AppendOutcome.FENCED)
SUCCESS, FAILURE = int(Answer.SUCCESS), int(Answer.FAILURE)
UNDECIDED, CAUGHT, NEVER_ARRIVED, REFUSED, DURABLE, NOT_DURABLE, STORED_TWICE = (int(truth) for truth in Truth)
NEVER_TOLD, BELIEVES_SUCCESS, BELIEVES_FAILURE, BELIEVES_UNKNOWN, PRESUMES_FAILURE = (int(one) for one in Belief)

FINISHED = -2


# --- its attempts -------------------------------------------------------------------------------------------------


@kernel
def _of_try(pool: Any, attempt: int) -> bool:
    """Whether the try of an attempt has been decided, or its turn has passed on."""
    other = pool[pool[attempt + at.OF] + at.FIRST]
    while other >= 0:
        if pool[other + at.TRY] == pool[attempt + at.TRY] and (
            pool[other + at.DECIDED] >= 0 or pool[other + at.RELEASED] >= 0
        ):
            return True
        other = pool[other + at.NEXT]
    return False


@kernel
def _has_nothing_to_append(pool: Any, attempt: int) -> Any:
    """Whether it was accepted, and that was all."""
    if pool[attempt + at.DECISION] != ACCEPTED or pool[attempt + at.APPEND_SENT] >= 0:
        return False
    is_over = pool[pool[attempt + at.OF] + at.EVENT_COUNT] == 0 or pool[attempt + at.RELEASED] >= 0
    return pool[attempt + at.WRITTEN] < 0 and is_over


@kernel
def _append_lost(pool: Any, attempt: int) -> Any:
    """When its append was lost on its way to the store."""
    if pool[attempt + at.APPEND_SENT] < 0 or pool[attempt + at.APPEND_RECEIVED] >= 0:
        return NOWHERE
    return pool[attempt + at.LOST_APPEND]


@kernel
def _is_pending(pool: Any, attempt: int) -> bool:
    """Whether it may still become durable."""
    received, done = pool[attempt + at.RECEIVED] >= 0, _of_try(pool, attempt)
    on_its_way = pool[attempt + at.A_SENT] >= 0 and not received and pool[attempt + at.LOST_COMMAND] < 0
    if (on_its_way or received) and not done:
        return True
    is_over = pool[attempt + at.WRITTEN] >= 0 or pool[attempt + at.FAILED] >= 0 or _append_lost(pool, attempt) >= 0
    return pool[attempt + at.DECISION] == ACCEPTED and not is_over and not _has_nothing_to_append(pool, attempt)


@kernel
def _last_end(pool: Any, attempt: int) -> Any:
    """When an attempt came to nothing; -1 if it did not."""
    last = max(pool[attempt + at.FAILED], _append_lost(pool, attempt), pool[attempt + at.LOST_COMMAND])
    if pool[attempt + at.DECIDED] >= 0 and pool[attempt + at.DECISION] != ACCEPTED:
        last = max(last, pool[attempt + at.DECIDED])
    return last


@kernel
def _truth(memory: Any, command: int) -> int:
    """What became of a command."""
    pool = memory.pool
    pending = accepted = refused = arrived = False
    attempt = pool[command + at.FIRST]
    while attempt >= 0:
        pending |= _is_pending(pool, attempt)
        accepted |= pool[attempt + at.DECISION] == ACCEPTED
        refused |= pool[attempt + at.DECISION] > ACCEPTED or pool[attempt + at.RELEASED] >= 0
        arrived |= pool[attempt + at.RECEIVED] >= 0
        attempt = pool[attempt + at.NEXT]
    if pool[command + at.STORED] > 1:
        return STORED_TWICE
    if pool[command + at.STORED] == 1 or pool[command + at.EMPTY_AT] >= 0:
        return DURABLE
    if pool[command + at.CAUGHT] >= 0 and pool[command + at.SENT] < 0:
        return CAUGHT
    if pending:
        return UNDECIDED
    if accepted:
        return NOT_DURABLE
    if refused:
        return REFUSED
    return NEVER_ARRIVED if pool[command + at.SENT] >= 0 and not arrived else UNDECIDED


@kernel
def _leaves_system(memory: Any, command: int, truth: int) -> None:
    """It left when it was stored or caught, which is noted; or when the last of its attempts came to nothing."""
    pool = memory.pool
    if truth in (NOT_DURABLE, REFUSED, NEVER_ARRIVED) and pool[command + at.BREAK] >= 0:
        last, attempt = NOWHERE, pool[command + at.FIRST]
        while attempt >= 0:
            last = max(last, _last_end(pool, attempt))
            attempt = pool[attempt + at.NEXT]
        left_there(memory, command, max(last, pool[command + at.ISSUED]))
    else:
        stays(memory, command)


# --- how long it waited -------------------------------------------------------------------------------------------


@kernel
def _wait(memory: Any, latency: int, since: int, until: int, never: bool, stopped: int) -> None:
    """One wait: it ended, or it never will and somebody has stopped waiting, or it is cut off."""
    if since < 0:
        return
    waits, tally = memory.waits, latency * at.PER_LATENCY
    if until >= 0:
        wait = until - since
        waits[tally + at.W_ENDED] += 1
        add(waits, tally + at.W_SUM, wait)
        waits[tally + at.W_LONGEST] = max(waits[tally + at.W_LONGEST], wait)
        if wait >= 0:
            memory.buckets[2 * latency * BUCKETS + bucket_of(wait)] += 1
        else:  # shown before it was durable
            memory.buckets[(2 * latency + 1) * BUCKETS + bucket_of(-wait)] += 1
        if wait >= waits[tally + at.W_TAIL]:
            put(memory, at.TAIL, latency)
            put(memory, at.TAIL, wait)
        return
    end = memory.numbers[at.END]
    if never:
        waits[tally + at.W_NEVER] += 1
        waits[tally + at.W_LONGEST] = max(waits[tally + at.W_LONGEST], (stopped if stopped >= 0 else end) - since)
    else:
        waits[tally + at.W_LONGEST] = max(waits[tally + at.W_LONGEST], end - since)
        put(memory, at.CENSORED, latency)
        put(memory, at.CENSORED, max(end - since, 0))


@kernel
def _waits(memory: Any, command: int, truth: int) -> None:
    """All waits of a command."""
    pool = memory.pool
    not_stored, informed = truth in (REFUSED, NOT_DURABLE, NEVER_ARRIVED), pool[command + at.INFORMED]
    gave_up, answered = pool[command + at.GAVE_UP], pool[command + at.ANSWERED]
    of_truth = 3
    if truth in (DURABLE, STORED_TWICE):
        of_truth = 0
    elif truth == REFUSED:
        of_truth = 1
    elif truth in (NOT_DURABLE, NEVER_ARRIVED):
        of_truth = 2
    untold = informed < 0 and (gave_up >= 0 or not_stored)
    _wait_twice(memory, command, at.FEEDBACK + of_truth, 1, informed, untold, gave_up)
    if truth != CAUGHT:
        unanswered = informed >= 0 or gave_up >= 0 or truth == NEVER_ARRIVED
        _wait_twice(memory, command, at.ANSWER + of_truth, 0, answered, unanswered, gave_up)
    if truth != REFUSED and truth != CAUGHT and pool[command + at.EVENT_COUNT] > 0:
        _storing(memory, command, not_stored)
    if pool[command + at.HAS_READ] >= 0:
        _wait_twice(memory, command, at.OWN_READ, 4, pool[command + at.SHOWN], True, NOWHERE)
    _turns(memory, command)


@kernel
def _wait_twice(memory: Any, command: int, latency: int, number: int, until: int, never: bool, stopped: int) -> None:
    """A wait since the command was intended, and since it was sent: mostly these are the same."""
    intended, sent = memory.pool[command + at.INTENDED], memory.pool[command + at.SENT]
    if intended == sent:
        _wait(memory, latency, intended, until, never, stopped)
        return
    _wait(memory, latency + at.APART, intended, until, never, stopped)
    _wait(memory, at.FROM_SENT + number, sent, until, never, stopped)


@kernel
def _storing(memory: Any, command: int, failed: bool) -> None:
    """Waiting to be durable, and to be seen by each projection and by all."""
    numbers, pool = memory.numbers, memory.pool
    attempt, projections = pool[command + at.WRITTEN_BY], numbers[at.PROJECTIONS]
    written = visible = pool[command + at.STORED_AT]
    passed = False
    for view in range(projections):
        applied, passed_by = NOWHERE, False
        if attempt >= 0:
            applied, passed_by = pool[attempt + at.VIEWS + 2 * view], is_passed_by(memory, attempt, view)
        passed |= passed_by
        if applied < 0:
            visible = NOWHERE
        elif visible >= 0:
            visible = applied if view == 0 else max(visible, applied)
        if projections > 1:
            since = pool[command + at.INTENDED]
            _wait(memory, at.VIEW_WAITS + 2 * view, since, applied, failed or passed_by, NOWHERE)
            _wait(memory, at.VIEW_WAITS + 2 * view + 1, written, applied, passed_by, NOWHERE)
    _wait_twice(memory, command, at.DURABILITY, 2, written, failed, NOWHERE)
    _wait_twice(memory, command, at.VISIBILITY, 3, visible, failed or passed, NOWHERE)
    _wait(memory, at.LAG, written, visible, passed, NOWHERE)
    if written >= 0 and visible >= 0:
        lag = visible - written
        numbers[at.WITHIN_10] += lag <= 10_000_000
        numbers[at.WITHIN_100] += lag <= 100_000_000
        numbers[at.WITHIN_1000] += lag <= 1_000_000_000


@kernel
def is_passed_by(memory: Any, attempt: int, view: int) -> Any:
    """Whether a projection lacks a durable append for good."""
    numbers, pool = memory.numbers, memory.pool
    if pool[attempt + at.VIEWS + 2 * view] >= 0:
        return False
    last = numbers[at.OF_PROJECTION + view * at.PER_PROJECTION + at.LAST_APPLIED]
    overtaken = numbers[at.IN_ORDER] and pool[attempt + at.POSITION] < last
    return pool[attempt + at.VIEWS + 2 * view + 1] >= 0 or overtaken


@kernel
def _turns(memory: Any, command: int) -> None:
    """Waiting for the turn, and holding it, in the first try that was let in."""
    pool = memory.pool
    attempt, first = pool[command + at.FIRST], NOWHERE
    while attempt >= 0:
        let_in = pool[attempt + at.RECEIVED] >= 0 and pool[attempt + at.DECISION] != OVERLOADED
        if let_in and (first < 0 or pool[attempt + at.TRIAL] < pool[first + at.TRIAL]):
            first = attempt
        attempt = pool[attempt + at.NEXT]
    if first >= 0:
        admitted = pool[first + at.ADMITTED]
        _wait(memory, at.TURN_WAIT, pool[first + at.RECEIVED], admitted, False, NOWHERE)
        _wait(memory, at.TURN_HELD, admitted, released_of_try(pool, first), False, NOWHERE)


# --- the command is judged ----------------------------------------------------------------------------------------


@kernel
def finish(memory: Any, command: int) -> None:
    """Nothing more becomes of a command: judge it, count it, and let it go behind those before it of its user."""
    numbers, pool = memory.numbers, memory.pool
    truth = _truth(memory, command)
    stored = truth in (DURABLE, STORED_TWICE)
    _leaves_system(memory, command, truth)
    numbers[at.UNSETTLED] += truth == UNDECIDED
    if pool[command + at.KNOWN_AT] >= 0 and pool[command + at.LEFT] < 0:
        known_settles(memory, command, NOWHERE)
    attempt = pool[command + at.FIRST]
    while attempt >= 0:
        _finish_attempt(memory, command, attempt)
        attempt = pool[attempt + at.NEXT]
    if pool[command + at.FLAGS] & at.MEASURED:
        numbers[at.UNSENT] += pool[command + at.SENT] < 0
        _beliefs(memory, command, truth, stored)
        _waits(memory, command, truth)
    pool[command + at.DONE] = 1
    memory.slots[pool[command + at.NUMBER]] = FINISHED
    if numbers[at.ORDERED_USERS]:
        _let_go_in_order(memory, pool[command + at.SESSION])
    else:
        if pool[command + at.STORED] > 1:
            memory.users[at.U_ANY] = NOWHERE
            _meet_writes(memory, command, 0)
        let_go(memory, command)


@kernel
def _finish_attempt(memory: Any, command: int, attempt: int) -> None:
    numbers, pool = memory.numbers, memory.pool
    lost = _append_lost(pool, attempt)
    if pool[command + at.FLAGS] & at.MEASURED:
        unanswered = pool[attempt + at.UNANSWERED] >= 0 and pool[attempt + at.HEARD] < 0
        numbers[at.STOOD_FOR] += int(lost >= 0) + int(unanswered)
    if lost >= 0 and pool[attempt + at.FAILED] < 0 and pool[attempt + at.LOST_WRONG] == 1:
        numbers[at.WRONG_ACCEPT] += pool[command + at.FLAGS] & at.MEASURED
    written, folded = pool[attempt + at.WRITTEN], pool[attempt + at.FOLDED]
    if written >= 0:
        for view in range(numbers[at.PROJECTIONS]):
            if pool[attempt + at.VIEWS + 2 * view] < 0 and not is_passed_by(memory, attempt, view):
                here = at.OF_PROJECTION + view * at.PER_PROJECTION
                add(numbers, here, pool[command + at.EVENT_COUNT] * left(numbers, written))
                numbers[here + at.LAGGING] += 1
    if not numbers[at.FOLDS]:
        return
    if written >= 0 and folded < 0:
        given_up = released_of_try(pool, attempt)
        given_up = given_up if given_up >= 0 else pool[attempt + at.NOTICE]
        if given_up >= 0:
            note_missing(memory, attempt, max(given_up, written), NOWHERE)
    elif written < 0 and folded >= 0 and pool[attempt + at.FAILED] < 0 and not _is_pending(pool, attempt):
        note_part(memory, pool[command + at.AGGREGATE], folded, pool[attempt + at.REREAD])


@kernel
def _beliefs(memory: Any, command: int, truth: int, stored: bool) -> None:
    """What its client believes in the end, and whether that is so."""
    numbers, pool = memory.numbers, memory.pool
    belief, not_stored = NEVER_TOLD, truth in (REFUSED, NOT_DURABLE, NEVER_ARRIVED)
    if pool[command + at.TOLD] == SUCCESS:
        belief = BELIEVES_SUCCESS
    elif pool[command + at.TOLD] == FAILURE:
        belief = BELIEVES_FAILURE
    elif pool[command + at.GAVE_UP] >= 0:
        belief = pool[command + at.BELIEF]
    told_nothing = belief in (NEVER_TOLD, BELIEVES_UNKNOWN, PRESUMES_FAILURE)
    numbers[at.FALSE_SUCCESS] += belief == BELIEVES_SUCCESS and not_stored
    numbers[at.FALSE_FAILURE] += belief in (BELIEVES_FAILURE, PRESUMES_FAILURE) and stored
    numbers[at.SILENT_FAILURE] += told_nothing and not_stored
    numbers[at.UNKNOWN] += belief == BELIEVES_UNKNOWN
    numbers[at.NEVER_INFORMED] += pool[command + at.INFORMED] < 0
    numbers[at.LOSS] += belief == BELIEVES_SUCCESS and not_stored
    numbers[at.GHOST] += belief == BELIEVES_FAILURE and stored
    numbers[at.DUPLICATE] += truth == STORED_TWICE
    numbers[at.DOUBLE_ACCEPT] += pool[command + at.DOUBLE] >= 0 and truth != STORED_TWICE


# --- consecutive writes of a user ---------------------------------------------------------------------------------


@kernel
def let_go(memory: Any, command: int) -> None:
    """Give back the records of a command."""
    pool = memory.pool
    attempt = pool[command + at.FIRST]
    while attempt >= 0:
        following = pool[attempt + at.NEXT]
        free_record(memory, attempt)
        attempt = following
    free_record(memory, command)
    memory.numbers[at.OPEN] -= 1


@kernel
def _let_go_in_order(memory: Any, session: int) -> None:
    """The commands of a user go in the order in which they were issued: each durable write meets the one before."""
    pool, users = memory.pool, memory.users
    user = session * (at.U_APPLIED + memory.numbers[at.PROJECTIONS])
    command = users[user + at.U_HEAD]
    while command >= 0 and pool[command + at.DONE] == 1:
        following = pool[command + at.NEXT]
        if pool[command + at.STORED] > 0:
            _meet_writes(memory, command, user)
        let_go(memory, command)
        command = following
    users[user + at.U_HEAD] = command
    if command < 0:
        users[user + at.U_TAIL] = NOWHERE


@kernel
def _meet_writes(memory: Any, command: int, user: int) -> None:
    """Its appends, in the order of the log."""
    pool, position = memory.pool, NOWHERE
    for _ in range(pool[command + at.STORED]):
        attempt, chosen = pool[command + at.FIRST], NOWHERE
        while attempt >= 0:
            here = pool[attempt + at.POSITION]
            is_next = chosen < 0 or here < pool[chosen + at.POSITION]
            if pool[attempt + at.WRITTEN] >= 0 and here > position and is_next:
                chosen = attempt
            attempt = pool[attempt + at.NEXT]
        position = pool[chosen + at.POSITION]
        _meets(memory, chosen, user)


@kernel
def _meets(memory: Any, attempt: int, user: int) -> None:
    numbers, pool, users = memory.numbers, memory.pool, memory.users
    inverted = False
    for view in range(numbers[at.PROJECTIONS]):
        earlier, later = users[user + at.U_APPLIED + view], pool[attempt + at.VIEWS + 2 * view]
        inverted |= users[user + at.U_ANY] == 1 and 0 <= later < earlier
        users[user + at.U_APPLIED + view] = later
    if users[user + at.U_ANY] == 1:
        numbers[at.WRITE_PAIRS] += 1
        numbers[at.WRITES_INVERTED] += inverted
    users[user + at.U_ANY] = 1
