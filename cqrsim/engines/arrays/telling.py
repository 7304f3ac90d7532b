"""The command handler answers clients, when it decides or when projections have applied."""

from cqrsim.engines.arrays import absence, clients, journeys, links
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import new, push, take
from cqrsim.engines.arrays.words import *


def reply(m, journey, answer):
    """The handler answers the client."""
    m[journey + ANSWER] = answer
    route, connection = links.route_of(m, TO_CLIENT), m[journey + SESSION_OF]
    if links.carry(m, route, journey, M_ANSWERED, ANSWER_ARRIVES, connection, MAIN, 0, 0, 0, 0):
        clients.hears_answer(m, journey)


def is_applied(m, journey):
    """Whether the projections that it waits for have applied what its command has changed."""
    awaited = m[journeys.group_of(m, journey) + G_APPLIED_IN]
    return m[m[APPLIED_BY] + m[journey + COMMAND]] & awaited == awaited


def await_views(m, journey):
    """Answer when the projections have applied what the command has changed, in whichever try."""
    if is_applied(m, journey):
        reply(m, journey, SUCCESS)
        return
    command = m[journey + COMMAND]
    if m[m[AWAITING] + command] == 0:
        m[m[AWAITING] + command] = new(m, LIST_SIZE)
    push(m, m[m[AWAITING] + command], journey)
    most = m[journeys.group_of(m, journey) + G_WAIT_AT_MOST]
    if most >= 0:
        attempt = m[journey + ATTEMPT]
        after(m, most, M_HANDLER_GAVE_UP, command, attempt, 2, VIEWS_TAKE_TOO_LONG, journey, 0, 0, 0)


def view_has_applied(m, journey, view):
    """A projection says that it has applied the events of a command."""
    command = m[journey + COMMAND]
    m[m[APPLIED_BY] + command] |= 1 << view
    waiting = m[m[AWAITING] + command]
    if waiting != 0 and is_applied(m, journey):
        m[m[AWAITING] + command] = 0
        while m[waiting + COUNT]:
            reply_if_there(m, take(m, waiting), SUCCESS)


def views_take_too_long(m, journey):
    """Waited long enough for projections."""
    waiting = m[m[AWAITING] + m[journey + COMMAND]]
    if waiting == 0:
        return
    found = False
    for _ in range(m[waiting + COUNT]):  # all go round once, but the one that waits no more
        other = take(m, waiting)
        if other == journey and not found:
            found = True
        else:
            push(m, waiting, other)
    if found:
        reply_if_there(m, journey, UNKNOWN)


def reply_if_there(m, journey, answer):
    """Who stands still answers later, and who is dead never."""
    if absence.is_there(m, m[journey + HOME], REPLY, journey, answer):
        reply(m, journey, answer)
