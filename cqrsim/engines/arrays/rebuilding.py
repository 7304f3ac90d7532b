"""Projections crash, and read the log."""

from cqrsim.engines.arrays import projecting
from cqrsim.engines.arrays.agenda import after, new_act
from cqrsim.engines.arrays.luck import of_series
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import clear, new, push
from cqrsim.engines.arrays.rows import row
from cqrsim.engines.arrays.words import *
from cqrsim.moments import NEVER


def crash_view(m, view, watch, number):
    """What it had taken in and not applied is lost, and its view, unless there is a checkpoint to begin from."""
    m[view + Y_LIFE] += 1
    place = m[view + Y_NUMBER]
    row(m, M_CRASHED, NEVER, 0, place, PART_VIEW, m[watch + F_NUMBER])
    m[view + Y_UP] = m[view + Y_READING] = m[view + Y_AT_WORK] = m[view + Y_SERVES] = m[view + Y_SINCE_CHECKPOINT] = 0
    m[view + Y_DOWN_BY] = m[watch + F_NUMBER]
    clear(m, m[view + Y_WAITING])
    clear(m, m[view + Y_HEARD])
    wait = of_series(m, m[watch + F_RESTART], number)
    after(m, wait, M_RESTARTED, 0, 0, place, VIEW_STARTS, view, m[view + Y_LIFE], 0, 0)


def view_starts(m, view, life):
    """The process is up: build the view from the log, while the old one is served, or none."""
    if life != m[view + Y_LIFE] or m[view + Y_UP] == 1:
        return
    m[view + Y_UP] = 1
    m[view + Y_SERVES] = m[view + Y_SERVES_REBUILDING]
    m[view + Y_UP_TO] = m[view + Y_CHECKPOINT_AT] if m[view + Y_FROM_CHECKPOINT] == 1 else 0
    m[view + Y_EPOCHS] += 1
    m[view + Y_REBUILDS] = m[view + Y_EPOCHS]
    number, layer = m[view + Y_NUMBER], 1 - m[view + Y_LAYER]
    journey = m[ALL_JOURNEYS] if m[view + Y_UP_TO] > 0 else 0
    while journey:
        if m[journey + APPLIED] >> number & 1 == 1 and m[journey + POSITION] < m[view + Y_UP_TO]:
            m[journey + TAKEN + number] = 2 * (life + 1)
            if m[view + Y_SHOWN] != 0:
                m[m[view + Y_SHOWN] + 2 * m[journey + COMMAND] + layer] = m[view + Y_REBUILDS]
        journey = m[journey + ALL_NEXT]
    read_log(m, view)


def read_log(m, view):
    """From where it is to the end."""
    m[view + Y_READING] = 1
    if m[view + Y_AT_WORK] == 0:
        reads_on(m, view)


def reads_on(m, view):
    """Take in what the log has; at its end, listen again."""
    if m[IS_DOWN] == 1:
        push(m, m[HELD], new_act(m, VIEW_READS_ON, view, m[view + Y_LIFE], 0, 0))
        return
    projecting.fetch(m, view, -1)
    if m[m[view + Y_WAITING] + COUNT] > 0:
        projecting.start_work(m, view)
        return
    m[view + Y_READING], m[view + Y_SERVES] = 0, 1
    if m[view + Y_REBUILDS] != 0:
        m[view + Y_LAYER], m[view + Y_EPOCH] = 1 - m[view + Y_LAYER], m[view + Y_REBUILDS]
        m[view + Y_REBUILDS] = 0
    row(m, M_RESTARTED, NEVER, 0, m[view + Y_NUMBER], PART_VIEW, m[LOG_END])
    heard = m[view + Y_HEARD]
    m[view + Y_HEARD] = new(m, LIST_SIZE)
    cell = m[heard + FIRST]
    while cell:
        projecting.view_hears(m, view, m[cell])
        cell = m[cell + 1]
