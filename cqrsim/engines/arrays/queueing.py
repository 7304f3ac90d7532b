"""Turns and workers: who may go."""

from cqrsim.engines.arrays import handling
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import drop, hold
from cqrsim.engines.arrays.words import *


def turns_of(m, home, shard):
    """What a shard has among the turns of an instance."""
    turns = m[home + D_TURNS]
    return turns + shard * SHARD_TURNS_SIZE if m[H_TURN] == ONE_FOR_ALL else turns


def turn_of(m, journey):
    """The turn that a journey takes: (holder, first, last)."""
    turns = m[m[journey + HOME] + D_TURNS]
    if m[H_TURN] == ONE_FOR_ALL:
        return turns + m[SHARD_COUNT] * SHARD_TURNS_SIZE
    if m[H_TURN] == BY_SHARD:
        return turns + SHARD_TURNS_SIZE
    return turns + SHARD_TURNS_SIZE + 3 * m[journey + PLACE]


def is_full(m, journey, waiting):
    """Whether the shard takes no more: where nobody may wait, unless the command can begin at once."""
    if m[H_QUEUE_LIMIT] != 0:
        return 0 < m[H_QUEUE_LIMIT] <= waiting
    if m[turns_of(m, m[journey + HOME], m[journey + SHARD]) + T_FREE] == 0:
        return True
    return m[H_TURN] != NO_TURN and m[turn_of(m, journey)] != 0


def enter_turns(m, journey):
    """A command waits for its turn."""
    hold(m, journey)
    m[turns_of(m, m[journey + HOME], m[journey + SHARD]) + T_WAITING] += 1
    if m[H_TURN] == NO_TURN:
        is_ready(m, journey)
        return
    turn = turn_of(m, journey)
    if m[turn] == 0:
        m[turn] = journey
        is_ready(m, journey)
    else:
        line_up(m, turn + 1, journey)


def line_up(m, line, journey):
    """To the end of a line, (first, last); a journey stands in one line at most."""
    m[journey + NEXT] = 0
    if m[line] == 0:
        m[line] = journey
    else:
        m[m[line + 1] + NEXT] = journey
    m[line + 1] = journey


def first_in(m, line):
    """The first leaves the line."""
    journey = m[line]
    m[line] = m[journey + NEXT]
    return journey


def is_ready(m, journey):
    """It has the turn, and needs a worker."""
    turns = turns_of(m, m[journey + HOME], m[journey + SHARD])
    if m[turns + T_FREE] > 0:
        m[turns + T_FREE] -= 1
        let_go(m, turns, journey)
    else:
        line_up(m, turns + T_READY_FIRST, journey)


def let_go(m, turns, journey):
    """It has both."""
    m[turns + T_WAITING] -= 1
    handling.admit(m, journey)


def free_worker(m, journey):
    """A worker is free for the next who has the turn."""
    turns = turns_of(m, m[journey + HOME], m[journey + SHARD])
    if m[turns + T_READY_FIRST] != 0:
        let_go(m, turns, first_in(m, turns + T_READY_FIRST))
    else:
        m[turns + T_FREE] += 1


def pass_on(m, journey):
    """The turn goes to the next."""
    turn = turn_of(m, journey) if m[H_TURN] != NO_TURN else 0
    if m[H_WORKER_WAITS] == 1:
        free_worker(m, journey)
    if turn != 0:
        next_turn(m, turn)
    drop(m, journey)


def next_turn(m, turn):
    """Who waits behind the holder has it now."""
    if m[turn + 1] != 0:
        m[turn] = first_in(m, turn + 1)
        is_ready(m, m[turn])
    else:
        m[turn] = 0


def drop_dead(m, home, shard):
    """An instance of a shard has died that shares its turns with others: none of its own waits there."""
    turns = turns_of(m, home, shard)
    m[turns + T_READY_FIRST] = m[turns + T_WAITING] = 0
    m[turns + T_FREE] = m[H_WORKERS]
    turn = m[home + D_TURNS] + m[SHARD_COUNT] * SHARD_TURNS_SIZE
    if m[turn] == 0:
        return
    waiting = m[turn + 1]
    m[turn + 1] = 0
    while waiting:
        behind = m[waiting + NEXT]
        if m[m[waiting + HOME] + D_DEAD] == 0:
            line_up(m, turn + 1, waiting)
        waiting = behind
    if m[m[m[turn] + HOME] + D_DEAD] == 1:
        next_turn(m, turn)
