"""Links: messages arrive whole or not at all, and overtake none of their connection."""

from cqrsim.engines.arrays import faults, journeys
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.luck import drawn
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import give_back, new, push, take
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *
from cqrsim.moments import NEVER


def route_of(m, link):
    """The record of a link."""
    return m[ROUTES] + link * ROUTE_SIZE


def carry(m, route, journey, moment, kind, connection, sort, number, b, c, d):
    """Send a message that ends in an act; True if it takes no time, and the sender must let it happen now."""
    if m[route + R_PERFECT] == 1:
        return True
    slot = (m[journey + LUCK] * KINDS + sort) * NUMBERS + number % NUMBERS
    if m[route + R_LOST] != 0 and drawn(m, m[route + R_LOST], slot, m[journey + COMMAND]) != 0:
        lose(m, route, journey, NEVER)
        return False
    later, copies = 0, 0
    if m[route + R_WATCHES] != 0:
        copies = new(m, LIST_SIZE)
        later = meet_faults(m, route, journey, slot, copies)
        if later < 0:
            return False
    at_once = m[route + R_INSTANT] == 1 and later == 0
    if not at_once:
        bring(m, route, journey, moment, kind, connection, slot, later, b, c, d)
    if copies != 0:
        while m[copies + COUNT]:
            double = take(m, copies)
            bring(m, route, double, moment, kind, connection, slot, later + take(m, copies), b, c, d)
        give_back(m, copies, LIST_SIZE)
    return at_once


def bring(m, route, journey, moment, kind, connection, slot, later, b, c, d):
    """A message is on its way, and overtakes none of its connection."""
    arrives = m[TIME] + drawn(m, m[route + R_DELAY], slot, m[journey + COMMAND]) + later
    if m[route + R_IN_ORDER] == 1:
        latest = m[route + R_LATEST] + connection
        if arrives + 1 < m[latest]:
            arrives = m[latest]  # one behind: what stands there is one more than the time
        m[latest] = arrives + 1
    order = m[journey + POSITION] if m[route + R_IN_LOG_ORDER] == 1 else m[journey + COMMAND]
    after(m, arrives - m[TIME], moment, order, m[journey + ATTEMPT], slot, kind, journey, b, c, d)


def lose(m, route, journey, fault):
    """A message is lost."""
    note(m, M_LOST, journey, m[route + R_LINK], m[route + R_PROJECTION], fault)


def meet_faults(m, route, journey, slot, copies):
    """How much later the message arrives for what strikes it (-1: never); ``copies`` gets (which, how much later)."""
    later = 0
    is_main = slot % (KINDS * NUMBERS) == 0
    cell = m[m[route + R_WATCHES] + FIRST]
    while cell:
        watch = m[cell]
        cell = m[cell + 1]
        effect = m[watch + F_EFFECT]
        if effect == DOUBLE and not is_main:
            if faults.is_open(m, watch):
                m[watch + F_SEEN] += 1
        elif faults.strikes(m, watch, journey, slot):
            if effect == DROP or (effect == CUT and m[watch + F_HELD] == 0):
                lose(m, route, journey, m[watch + F_NUMBER])
                return -1
            if effect == CUT:
                later += faults.holds_until(m, watch) - m[TIME]
            else:
                added = drawn(m, m[watch + F_ADDED], slot, m[journey + COMMAND])
                if effect == DELAY:
                    later += added
                else:
                    push(m, copies, double_of(m, route, journey, m[watch + F_AMOUNT]))
                    push(m, copies, added)
    return later


def double_of(m, route, journey, which):
    """The copy of a message, an attempt of its own where what it asks for would be done once more."""
    if m[route + R_COPIES] == 0:
        return journey
    double = journeys.copy_of(m, journey)
    m[double + ATTEMPT] = (m[DUPLICATES_FROM] << which) + m[journey + ATTEMPT]
    m[double + SETTLED] = 1 if m[route + R_LINK] == TO_STORE else 0
    return double
