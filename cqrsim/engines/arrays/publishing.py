"""The event store answers appends, and publishes what is durable."""

from cqrsim.engines.arrays import clients, hearing, journeys, links, projecting
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *


def answer(m, entry):
    """Tell the handler what became of its append, if it listens."""
    if m[entry + E_IS_ERROR] == 1 or m[WAIT_FOR] != WAITS_FOR_ANSWER:
        return
    journey, outcome = m[entry + E_JOURNEY], m[entry + E_OUTCOME]
    route, shard = links.route_of(m, STORE_TO_HANDLER), m[journey + SHARD]
    if links.carry(m, route, journey, M_APPEND_ANSWERED, STORE_ANSWERS, shard, MAIN, 0, outcome, 0, 0):
        hearing.answered(m, journey, outcome)


def publish(m, entry):
    """Tell everybody who listens; each publication says which one came before it."""
    journey = m[entry + E_JOURNEY]
    m[entry + E_PUBLISHED] = 1
    m[journey + WAS_ALTERED] = m[journey + ALTERED]
    note(m, M_PUBLISHED, journey, 0, 0, m[journey + POSITION])
    m[journey + PREVIOUS], m[LAST_PUBLISHED] = m[LAST_PUBLISHED], m[journey + POSITION]
    if m[LISTENS] == 1:
        shard = journeys.shard_of(m, m[journey + SHARD])
        m[journey + PREVIOUS_OF_SHARD] = m[shard + SH_LAST_PUBLISHED]
        m[shard + SH_LAST_PUBLISHED] = m[journey + POSITION]
        route = links.route_of(m, TO_SUBSCRIBER)
        if links.carry(m, route, journey, M_FOLDED, EVENT_HEARD, m[journey + SHARD], MAIN, 0, 0, 0, 0):
            hearing.hears_event(m, journey)
    for number in range(m[VIEW_COUNT]):
        view = m[VIEWS] + number * VIEW_SIZE
        if m[view + Y_POLL] < 0 and links.carry(
            m, m[view + Y_ROUTE], journey, M_DELIVERED, DELIVERED, 0, MAIN, 0, view, 0, 0
        ):
            projecting.deliver(m, view, journey)
    if m[PUSHES] == 1:
        tell_pushed(m, journey, SUCCESS)


def tell_pushed(m, journey, said):
    """Tell the client, if events are pushed to it."""
    if m[journeys.group_of(m, journey) + G_PUSHED] == 0:
        return
    route, sort = links.route_of(m, STORE_TO_CLIENT), MAIN if said == SUCCESS else OF_ERROR
    if links.carry(m, route, journey, M_INFORMED, EVENT_PUSHED, m[journey + SESSION_OF], sort, 0, said, 0, 0):
        clients.hears_push(m, journey, said)
