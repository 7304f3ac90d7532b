"""Projections: events come in, are applied, and show."""

from cqrsim.engines.arrays import faults, journeys, links, logbook, rebuilding, telling
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.luck import drawn
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import drop, give_back, hold, new, push, take
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *
from cqrsim.moments import OVERFLOW


def deliver(m, view, journey):
    """Published events have arrived; while it reads the log it needs none, and while it is down there is nobody."""
    if m[view + Y_UP] == 0:
        note(m, M_LOST, journey, TO_VIEW, m[view + Y_NUMBER], m[view + Y_DOWN_BY])
    elif m[view + Y_READING] == 1:
        push(m, m[view + Y_HEARD], journey)
    elif m[view + Y_CATCH_UP] == 1 and m[journey + PREVIOUS] >= m[view + Y_UP_TO]:
        push(m, m[view + Y_HEARD], journey)
        rebuilding.read_log(m, view)
    else:
        view_hears(m, view, journey)


def view_hears(m, view, journey):
    """Take in what was published, once, and as long as there is room."""
    if m[view + Y_KEEPS_COUNT] == 1 and has_taken(m, view, journey):
        return
    if 0 <= m[view + Y_BUFFER] <= m[m[view + Y_WAITING] + COUNT]:
        note(m, M_LOST, journey, TO_VIEW, m[view + Y_NUMBER], OVERFLOW)
        return
    take_in(m, view, journey, m[journey + WAS_ALTERED])
    if m[view + Y_AT_WORK] == 0:
        start_work(m, view)


def has_taken(m, view, journey):
    """Whether it has taken an append in, in this life."""
    return m[journey + TAKEN + m[view + Y_NUMBER]] >> 1 == m[view + Y_LIFE] + 1


def take_in(m, view, journey, altered):
    """Events are to be applied; an altered record changes nothing, but what was published of it before does."""
    push(m, m[view + Y_WAITING], journey)
    hold(m, journey)
    m[journey + TAKEN + m[view + Y_NUMBER]] = 2 * (m[view + Y_LIFE] + 1) + altered
    m[view + Y_UP_TO] = max(m[view + Y_UP_TO], m[journey + POSITION] + m[journey + EVENTS])


def view_polls(m, view):
    """Look for new events every so often; not while the last ones are still being applied."""
    after(m, m[view + Y_POLL], M_DELIVERED, 0, 0, m[view + Y_NUMBER], VIEW_POLLS, view, 0, 0, 0)
    if m[view + Y_AT_WORK] != 0 or m[view + Y_UP] == 0 or m[view + Y_READING] == 1 or m[IS_DOWN] == 1:
        return
    fetch(m, view, m[view + Y_BATCH])
    if m[m[view + Y_WAITING] + COUNT] > 0:
        start_work(m, view)


def fetch(m, view, most):
    """Take in what the log has behind what it has taken in so far."""
    start, until = logbook.first_behind(m, m[view + Y_UP_TO]), m[m[LOG] + V_COUNT]
    if most >= 0:
        until = min(until, start + most)
    for number in range(start, until):
        journey = logbook.in_log(m, number)
        if m[view + Y_KEEPS_COUNT] == 0 or not has_taken(m, view, journey):
            take_in(m, view, journey, m[journey + ALTERED])


def start_work(m, view):
    """Apply what waits: one append, or a batch if they are committed together."""
    batch, waiting = new(m, LIST_SIZE), m[view + Y_WAITING]
    push(m, batch, take(m, waiting))
    m[view + Y_AT_WORK] = batch
    m[view + Y_SERIAL] += 1
    serial, first = m[view + Y_SERIAL], m[m[batch + FIRST]]
    if m[m[view + Y_BEFORE] + COUNT] > 0 and is_view_struck(m, view, m[view + Y_BEFORE], first):
        return
    work, command, attempt = 0, m[first + COMMAND], m[first + ATTEMPT]
    if m[view + Y_COMMIT] != 0:
        while m[waiting + COUNT] > 0 and m[batch + COUNT] != m[view + Y_BATCH]:
            push(m, batch, take(m, waiting))
        work = drawn(m, m[view + Y_COMMIT], m[first + LUCK], command)
    column = m[view + Y_REBUILD] if m[view + Y_REBUILDS] != 0 else m[view + Y_APPLY]
    cell = m[batch + FIRST]
    while cell:
        journey = m[cell]
        work += drawn(m, column, m[journey + LUCK], m[journey + COMMAND]) * m[journey + EVENTS]
        cell = m[cell + 1]
    after(m, work, M_APPLIED, command, attempt, m[view + Y_NUMBER], BATCH_APPLIED, view, serial, 0, 0)


def is_view_struck(m, view, watches, journey):
    """Whether one of the faults that watch a projection brings it down; it has other luck when it is back."""
    life = m[view + Y_LIFE]
    slot = ((life % LIVES) * TRIES_WITH_LUCK + m[journey + LUCK]) * VIEWS_WITH_LUCK + m[view + Y_NUMBER]
    cell = m[watches + FIRST]
    while cell:
        watch = m[cell]
        if faults.strikes(m, watch, journey, slot):
            rebuilding.crash_view(m, view, watch, m[watch + F_FIRED] - 1)
        cell = m[cell + 1]
    return life != m[view + Y_LIFE]


def batch_applied(m, view, serial):
    """The batch shows from now on."""
    if m[view + Y_AT_WORK] == 0 or m[view + Y_SERIAL] != serial:
        return  # it has crashed meanwhile
    batch, events = m[view + Y_AT_WORK], 0
    cell = m[batch + FIRST]
    while cell:
        show(m, view, m[cell])
        events += m[m[cell] + EVENTS]
        cell = m[cell + 1]
    first, last = m[m[batch + FIRST]], m[m[batch + LAST]]
    if m[m[view + Y_AFTER] + COUNT] > 0 and is_view_struck(m, view, m[view + Y_AFTER], first):
        return
    if m[view + Y_CHECKPOINT_EVERY] > 0:
        m[view + Y_SINCE_CHECKPOINT] += events
        if m[view + Y_SINCE_CHECKPOINT] >= m[view + Y_CHECKPOINT_EVERY]:
            m[view + Y_SINCE_CHECKPOINT] = 0
            wait = drawn(m, m[view + Y_CHECKPOINT], m[first + LUCK], m[first + COMMAND])
            command, attempt, number = m[last + COMMAND], m[last + ATTEMPT], m[view + Y_NUMBER]
            after(m, wait, M_CHECKPOINTED, command, attempt, number, CHECKPOINTED, view, serial, 0, 0)
            return
    goes_on(m, view)


def checkpointed(m, view, serial):
    """What it shows is safe up to here."""
    if m[view + Y_AT_WORK] == 0 or m[view + Y_SERIAL] != serial:
        return
    last = m[m[m[view + Y_AT_WORK] + LAST]]
    note(m, M_CHECKPOINTED, last, m[view + Y_NUMBER], 0, m[last + POSITION])
    m[view + Y_CHECKPOINT_AT] = m[last + POSITION] + m[last + EVENTS]
    goes_on(m, view)


def goes_on(m, view):
    """With what waits, or with its reading."""
    batch = m[view + Y_AT_WORK]
    m[view + Y_AT_WORK] = 0
    while m[batch + COUNT]:
        drop(m, take(m, batch))
    give_back(m, batch, LIST_SIZE)
    if m[m[view + Y_WAITING] + COUNT] > 0:
        start_work(m, view)
    elif m[view + Y_READING] == 1:
        rebuilding.reads_on(m, view)


def show(m, view, journey):
    """Its change is in the view; if that is being built anew, in the one to come."""
    number = m[view + Y_NUMBER]
    blank = m[journey + TAKEN + number] & 1
    if blank == 0 and m[view + Y_SHOWN] != 0:
        layer = m[view + Y_LAYER] if m[view + Y_REBUILDS] == 0 else 1 - m[view + Y_LAYER]
        epoch = m[view + Y_EPOCH] if m[view + Y_REBUILDS] == 0 else m[view + Y_REBUILDS]
        m[m[view + Y_SHOWN] + 2 * m[journey + COMMAND] + layer] = epoch
    if m[view + Y_KEEPS_COUNT] == 1:
        if m[journey + APPLIED] >> number & 1 == 1:
            return  # in an earlier life
        m[journey + APPLIED] |= 1 << number
    note(m, M_APPLIED, journey, number, blank, m[journey + POSITION])
    if m[journeys.group_of(m, journey) + G_ANSWER_AT] == AT_APPLIED:
        route = links.route_of(m, VIEW_TO_HANDLER)
        if links.carry(m, route, journey, M_APPLIED, VIEW_HAS_APPLIED, number, MAIN, 0, number, 0, 0):
            telling.view_has_applied(m, journey, number)


def shows(m, view, command):
    """Whether a query at this moment sees the change of a command."""
    return m[m[view + Y_SHOWN] + 2 * command + m[view + Y_LAYER]] == m[view + Y_EPOCH]
