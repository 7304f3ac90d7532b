"""Instances that are away: what they would do is for later, or never; and what takes them away."""

from cqrsim.engines.arrays import faults, instances, journeys
from cqrsim.engines.arrays.agenda import after, new_act
from cqrsim.engines.arrays.luck import of_series
from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.records import push
from cqrsim.engines.arrays.words import *


def defer(m, home, kind, a, b, c):
    """It is away: this is for later, or never."""
    if m[home + D_PAUSED] == 1 and m[home + D_DEAD] == 0:
        push(m, m[home + D_PUT_OFF], new_act(m, kind, a, b, c, 0))


def is_there(m, home, kind, a, b):
    """Whether it can act now; if not, the act is for later, or never."""
    if m[home + D_AWAY] == 1:
        defer(m, home, kind, a, b, 0)
    return m[home + D_AWAY] == 0


def is_struck(m, watches, journey, kind, b):
    """Whether a fault that watches for this takes the instance away: then the rest, an act, is for later, or never."""
    cell = m[watches + FIRST]
    while cell:
        watch = m[cell]
        if faults.strikes(m, watch, journey, m[journey + LUCK]):
            strike_handler(m, watch, journey, m[watch + F_FIRED] - 1)
        cell = m[cell + 1]
    home = m[journey + HOME]
    if m[home + D_AWAY] == 1 and kind >= 0:
        defer(m, home, kind, journey, b, 0)
    return m[home + D_AWAY] == 1


def strike_handler(m, watch, journey, number):
    """What a fault of handlers does: to the shard that is meant, or where it happens, or to all."""
    first, last = 0, m[SHARD_COUNT] - 1
    if m[watch + F_PLACE] >= 0:
        first = last = m[watch + F_PLACE]
    elif journey != 0:
        first = last = m[journey + SHARD]
    for shard in range(first, last + 1):
        if m[watch + F_EFFECT] == CRASH:
            fresh = instances.kill(m, shard, watch)
            wait = of_series(m, m[watch + F_RESTART], number)
            after(m, wait, M_RESTARTED, 0, 0, shard, INSTANCE_STARTS, fresh, 0, 0, 0)
        else:
            older = journeys.newest_of(m, shard)
            if m[older + D_UP] == 1 and m[older + D_AWAY] == 0:
                is_doubled_or_paused(m, older, watch, number)


def is_doubled_or_paused(m, older, watch, number):
    """A second instance shares the commands for a while; or this one stands still, and another may take its place."""
    kind = STOP_SHARING
    if m[watch + F_EFFECT] == TWO:
        instances.start_second(m, older, m[watch + F_NUMBER])
        shard = journeys.shard_of(m, m[older + D_SHARD])
        m[shard + SH_OLDER], m[shard + SH_SHARER] = older, watch
    else:
        kind = RESUME
        m[older + D_AWAY] = m[older + D_PAUSED] = 1
        if m[watch + F_HELD] == 1:
            instances.start_second(m, older, m[watch + F_NUMBER])
    wait = faults.ends_of_strike(m, watch, number) - m[TIME]
    after(m, wait, M_ENDED, 0, 0, m[watch + F_NUMBER], kind, older, 0, 0, 0)
