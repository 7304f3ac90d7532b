"""Attempts of commands on their way, and to which group, shard and instance they belong."""

from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import new
from cqrsim.engines.arrays.words import *


def new_journey(m, errand):
    """An attempt of an errand's command."""
    journey = new(m, TAKEN + m[VIEW_COUNT])
    m[journey + IS_JOURNEY] = 1
    for field in range(COMMAND, TRIES + 1):
        m[journey + field] = m[errand + field]
    m[journey + EVENTS], m[journey + RETRYABLE] = 1, 1
    m[journey + EXPECTED] = m[journey + POSITION] = m[journey + PREVIOUS] = m[journey + PREVIOUS_OF_SHARD] = -1
    m[journey + ERRAND] = errand
    m[errand + REFS] += 1
    enlist(m, journey)
    return journey


def copy_of(m, journey):
    """The same once more; only where nothing is given back."""
    double = new(m, TAKEN + m[VIEW_COUNT])
    for field in range(TAKEN):
        m[double + field] = m[journey + field]
    m[double + WAITER] = m[double + IN_HAND] = m[double + APPLIED] = m[double + KNOWN_BY] = m[double + STAMP] = 0
    enlist(m, double)
    return double


def enlist(m, journey):
    """All journeys of a run in which somebody may look back."""
    if m[RECYCLES] == 0:
        m[journey + ALL_NEXT] = m[ALL_JOURNEYS]
        m[ALL_JOURNEYS] = journey


def following(m, journey):
    """The next attempt of a command after a conflict, which begins where this one was admitted."""
    other = new_journey(m, m[journey + ERRAND])
    m[other + TRIES] = m[journey + TRIES]
    m[other + ATTEMPT] = m[journey + ATTEMPT] + 1
    m[other + LUCK] = m[journey + LUCK] + TRIES_WITH_LUCK
    m[other + IDENTITY] = m[journey + IDENTITY]
    for field in range(AGGREGATE, EVENTS + 1):
        m[other + field] = m[journey + field]
    m[other + HOME] = m[journey + HOME]
    return other


def group_of(m, who):
    """The group of a journey or an errand."""
    return m[GROUPS] + m[who + GROUP] * GROUP_SIZE


def shard_of(m, number):
    """The record of a shard."""
    return m[SHARDS] + number * SHARD_SIZE


def newest_of(m, number):
    """The instance of a shard that takes the new commands."""
    return m[m[m[shard_of(m, number) + SH_INSTANCES] + LAST]]
