"""Clients that look: at status sources for the outcome, and at projections for what they have changed."""

from cqrsim.engines.arrays import clients, journeys, links, projecting
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.luck import drawn
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.rows import note, row
from cqrsim.engines.arrays.words import *
from cqrsim.moments import NEVER


def look_out(m, errand):
    """Begin to look at every status source, afresh."""
    m[errand + LOOKING_SINCE] += 1
    group = journeys.group_of(m, errand)
    for i in range(m[group + G_SOURCE_COUNT]):
        plan_look(m, errand, m[group + G_SOURCES] + i * SOURCE_SIZE, 0, m[errand + LOOKING_SINCE])


def plan_look(m, errand, source, number, since):
    """The next look, if there may be one more."""
    if 0 <= m[source + S_AT_MOST] <= number:
        return
    gap = m[m[source + S_GAPS] + min(number, m[source + S_GAP_COUNT] - 1)]
    command, attempt, channel = m[errand + COMMAND], m[errand + LATEST_ATTEMPT], m[source + S_CHANNEL]
    after(m, gap, M_POLLED, command, attempt, channel, LOOK, errand, source, number, since)


def look(m, errand, source, number, since):
    """Ask, unless it knows by now or has begun afresh."""
    if m[errand + OVER] == 1 or m[errand + LOOKING_SINCE] != since:
        return
    plan_look(m, errand, source, number + 1, since)
    journey, connection = m[errand + LATEST], m[errand + SESSION_OF]
    there = m[source + S_THERE]
    if links.carry(m, there, journey, M_POLLED, LOOK_ARRIVES, connection, POLL, number, source, number, 0):
        look_arrives(m, journey, source, number)


def look_arrives(m, journey, source, number):
    """The question has arrived at the status source: what it finds goes back."""
    channel, view = m[source + S_CHANNEL], m[source + S_VIEW]
    if channel == BY_EVENTS and m[IS_DOWN] == 1:
        return
    if channel == BY_VIEW and m[view + Y_SERVES] == 0:
        return
    answer, of = NOTHING, journey
    if channel == BY_EVENTS:
        found = find_events(m, m[journey + ERRAND])
        if found != 0:
            answer = SUCCESS if found > 0 else FAILURE
            of = found if found > 0 else -found
    elif channel == BY_CACHE:
        cache = m[journeys.group_of(m, journey) + G_CACHE]
        kept = m[m[cache + C_TABLE] + m[journey + COMMAND]] if cache != 0 else 0
        if kept != 0:
            answer, of = FAILURE, m[kept + K_JOURNEY]
    elif projecting.shows(m, view, m[journey + COMMAND]):
        answer = SUCCESS
    note(m, M_POLLED, journey, channel, answer, number + 1)
    back, connection = m[source + S_BACK], m[journey + SESSION_OF]
    if links.carry(m, back, journey, M_INFORMED, FIND_ARRIVES, connection, POLL, number, answer, channel, of):
        clients.has_looked(m, answer, channel, of)


def find_events(m, errand):
    """A success among what is stored under the ids that the client knows, else the last find; failures are negative."""
    found = 0
    cell = m[errand + KNOWN_FIRST]
    while cell:
        here = m[m[FOUND] + m[cell]]
        if here > 0:
            return here
        if here != 0:
            found = here
        cell = m[cell + 1]
    return found


def plan_own_read(m, errand, number, delay):
    """The next read of a client that knows of its success."""
    command, attempt = m[errand + COMMAND], m[errand + LATEST_ATTEMPT]
    after(m, delay, M_OWN_READ, command, attempt, number, OWN_READ, errand, number, 0, 0)


def own_read(m, errand, number):
    """It reads, and will again."""
    group, command = journeys.group_of(m, errand), m[errand + COMMAND]
    if number + 1 < m[group + G_READS]:
        gap = drawn(m, m[group + G_READ_GAP], (number + 1) % NUMBERS, command)
        plan_own_read(m, errand, number + 1, gap)
    view = m[m[group + G_READ_OF] + drawn(m, m[group + G_READ_CHOICE], number % NUMBERS, command)]
    journey, connection = m[errand + LATEST], m[errand + SESSION_OF]
    route = links.route_of(m, CLIENT_TO_VIEW)
    if links.carry(m, route, journey, M_OWN_READ, OWN_READ_ARRIVES, connection, OWN, number, view, number, 0):
        own_read_arrives(m, journey, view, number)


def own_read_arrives(m, journey, number, which):
    """It sees what the projection shows now."""
    view = m[VIEWS] + number * VIEW_SIZE
    if m[view + Y_SERVES] == 0:
        note(m, M_LOST, journey, CLIENT_TO_VIEW, 0, m[view + Y_DOWN_BY])
        return
    note(m, M_OWN_READ, journey, number, 1 if projecting.shows(m, view, m[journey + COMMAND]) else 0, which)


def background_read(m, number):
    """A read that has nothing to do with a command."""
    view = m[m[READ_VIEWS] + number]
    if m[m[VIEWS] + view * VIEW_SIZE + Y_SERVES] == 1:
        row(m, M_BACKGROUND, number, 0, view, NEVER, NEVER)
    plan_background_read(m, number + 1)


def plan_background_read(m, number):
    """The next of them."""
    if number < m[READ_COUNT]:
        after(m, m[m[READ_TIMES] + number] - m[TIME], M_BACKGROUND, number, 0, 0, BACKGROUND_READ, number, 0, 0, 0)
