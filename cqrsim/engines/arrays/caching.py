"""The error cache."""

from cqrsim.engines.arrays import journeys
from cqrsim.engines.arrays.agenda import after
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import drop, give_back, hold, new
from cqrsim.engines.arrays.rows import note
from cqrsim.engines.arrays.words import *


def cache_put(m, journey):
    """A refusal has arrived at the cache."""
    cache, command = m[journeys.group_of(m, journey) + G_CACHE], m[journey + COMMAND]
    note(m, M_CACHED, journey, 0, 0, 0)
    old = m[m[cache + C_TABLE] + command]
    if old != 0:
        forget_kept(m, cache, old)
    kept = new(m, KEPT_SIZE)
    m[kept + K_COMMAND], m[kept + K_PUT_AT], m[kept + K_JOURNEY] = command, m[TIME], journey
    hold(m, journey)
    last = m[cache + C_LAST]
    m[kept + K_BEFORE] = last
    if last != 0:
        m[last + K_BEHIND] = kept
    else:
        m[cache + C_FIRST] = kept
    m[cache + C_LAST] = m[m[cache + C_TABLE] + command] = kept
    m[cache + C_COUNT] += 1
    if 0 <= m[cache + C_AT_MOST] < m[cache + C_COUNT]:
        expire(m, cache, m[cache + C_FIRST], 1)
    if m[cache + C_KEEP_FOR] >= 0:
        attempt, now = m[journey + ATTEMPT], m[TIME]
        after(m, m[cache + C_KEEP_FOR], M_EXPIRED, command, attempt, 0, CACHE_EXPIRES, cache, command, now, 0)


def cache_expires(m, cache, command, put_at):
    """The time of an entry is over, unless it was replaced."""
    kept = m[m[cache + C_TABLE] + command]
    if kept != 0 and m[kept + K_PUT_AT] == put_at:
        expire(m, cache, kept, 0)


def expire(m, cache, kept, pushed_out):
    """An entry goes."""
    note(m, M_EXPIRED, m[kept + K_JOURNEY], 0, 0, pushed_out)
    forget_kept(m, cache, kept)


def forget_kept(m, cache, kept):
    """Take an entry out of the cache."""
    before, behind = m[kept + K_BEFORE], m[kept + K_BEHIND]
    if before != 0:
        m[before + K_BEHIND] = behind
    else:
        m[cache + C_FIRST] = behind
    if behind != 0:
        m[behind + K_BEFORE] = before
    else:
        m[cache + C_LAST] = before
    m[m[cache + C_TABLE] + m[kept + K_COMMAND]] = 0
    m[cache + C_COUNT] -= 1
    drop(m, m[kept + K_JOURNEY])
    give_back(m, kept, KEPT_SIZE)
