"""Waits of equal length, of which few run out: one act at a time stands for all of them."""

from cqrsim.engines.arrays import absence, clients, hearing, loading
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import drop, give_back, hold, new
from cqrsim.engines.arrays.words import *


def still_waits(m, patience, who, attempt):
    """Whether somebody's waiting is not over."""
    if m[patience + P_WHOSE] == 0:
        return m[who + OVER] == 0 and m[who + TRIES] * m[ATTEMPTS_PER_TRY] == attempt
    if m[patience + P_WHOSE] == 1:
        return m[who + SETTLED] == 0 and m[m[who + HOME] + D_DEAD] == 0
    return m[who + Q_DONE] == 0 and m[m[m[who + Q_JOURNEY] + HOME] + D_DEAD] == 0


def begin_to_wait(m, patience, who, command, attempt):
    """Somebody begins to wait; for ever, if the limit is -1."""
    if m[patience + P_LIMIT] < 0:
        return
    until = m[TIME] + m[patience + P_LIMIT]
    waiter = new(m, WAITER_SIZE)
    m[waiter + W_UNTIL], m[waiter + W_COMMAND] = until, command
    m[waiter + W_ATTEMPT], m[waiter + W_WHO], m[waiter + W_LIST] = attempt, who, patience
    if m[patience + P_WHOSE] < 2:
        hold(m, who)
        m[who + WAITER] = waiter
    before = m[patience + P_LAST]
    while before != 0 and (
        m[before + W_UNTIL] > until
        or (m[before + W_UNTIL] == until and m[before + W_COMMAND] > command)
        or (m[before + W_UNTIL] == until and m[before + W_COMMAND] == command and m[before + W_ATTEMPT] > attempt)
    ):
        before = m[before + W_BEFORE]
    behind = m[before + W_BEHIND] if before else m[patience + P_FIRST]
    m[waiter + W_BEFORE], m[waiter + W_BEHIND] = before, behind
    if before:
        m[before + W_BEHIND] = waiter
    else:
        m[patience + P_FIRST] = waiter
    if behind:
        m[behind + W_BEFORE] = waiter
    else:
        m[patience + P_LAST] = waiter
    if m[patience + P_IS_SET] == 0:
        wait_for_first(m, patience)


def stop_waiting(m, who):
    """A journey or an errand waits no more; its waiter goes, though the time that was set for it may still come."""
    if m[who + WAITER] != 0:
        leave(m, m[who + WAITER])


def leave(m, waiter):
    """A waiter leaves its list; who still needs the one that waited must hold it."""
    patience, who = m[waiter + W_LIST], m[waiter + W_WHO]
    before, behind = m[waiter + W_BEFORE], m[waiter + W_BEHIND]
    if before:
        m[before + W_BEHIND] = behind
    else:
        m[patience + P_FIRST] = behind
    if behind:
        m[behind + W_BEFORE] = before
    else:
        m[patience + P_LAST] = before
    give_back(m, waiter, WAITER_SIZE)
    if m[patience + P_WHOSE] < 2:
        m[who + WAITER] = 0
        drop(m, who)


def wait_for_first(m, patience):
    """Wait for the first who still waits."""
    while m[patience + P_FIRST]:
        waiter = m[patience + P_FIRST]
        if still_waits(m, patience, m[waiter + W_WHO], m[waiter + W_ATTEMPT]):
            break
        leave(m, waiter)
    waiter = m[patience + P_FIRST]
    m[patience + P_IS_SET] = 1 if waiter else 0
    if waiter:
        command, attempt = m[waiter + W_COMMAND], m[waiter + W_ATTEMPT]
        wait = m[waiter + W_UNTIL] - m[TIME]
        after(m, wait, m[patience + P_MOMENT], command, attempt, 0, PATIENCE_ENDS, patience, command, attempt, 0)


def patience_ends(m, patience, command, attempt):
    """Somebody has waited long enough."""
    waiter = m[patience + P_FIRST]
    if waiter != 0 and m[waiter + W_COMMAND] == command and m[waiter + W_ATTEMPT] == attempt:
        who = m[waiter + W_WHO]
        whose = m[patience + P_WHOSE]
        if whose < 2:
            hold(m, who)
        leave(m, waiter)
        if still_waits(m, patience, who, attempt):
            if whose == 0:
                clients.loses_patience(m, who, attempt)
            elif whose == 1:
                if absence.is_there(m, m[who + HOME], GIVES_UP_NOW, who, attempt):
                    hearing.gives_up_now(m, who, attempt)
            elif absence.is_there(m, m[m[who + Q_JOURNEY] + HOME], SEND_QUESTION, who, 0):
                loading.send_question(m, who)
        if whose < 2:
            drop(m, who)
    wait_for_first(m, patience)
