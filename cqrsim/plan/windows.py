"""When faults may strike: triggers by time, spelled out as stretches of time, and bursts as marks of operations."""

from itertools import count

import numpy as np

from cqrsim.plan.draws import SERIES_BLOCK, Draws, Ints, Series, Stream
from cqrsim.scenario.distributions import AnyDistribution
from cqrsim.scenario.triggers import At, Every, InBursts, Renewal

Windows = tuple[tuple[int, int], ...]


def begins_and_ends(trigger: object, lasts: AnyDistribution | None, purpose: str, draws: Draws, end_ns: int) -> Windows:
    """Stretches [begin, end) up to a time; one that covers everything for triggers that go by operations."""
    if isinstance(trigger, Renewal):
        return _renewal(trigger, purpose, draws, end_ns)
    if isinstance(trigger, At):
        begins = [int(trigger.at)]
    elif isinstance(trigger, Every):
        begins = _every(trigger, purpose, draws, end_ns)
    else:
        return ((0, end_ns),)
    length = None if lasts is None else draws.series(f"{purpose} lasts", lasts)
    return tuple((begin, end_ns if length is None else begin + length[k]) for k, begin in enumerate(begins))


def _every(trigger: Every, purpose: str, draws: Draws, end_ns: int) -> list[int]:
    """Period after period; each a bit late, by luck."""
    period = int(trigger.period)
    first = period if trigger.start is None else int(trigger.start)
    jitter, chances = int(trigger.jitter), draws.chances(f"{purpose} jitter")
    late = (chances[k] * jitter >> 32 if jitter else 0 for k in count())
    return [time + next(late) for time in range(first, end_ns, period)]


def _renewal(trigger: Renewal, purpose: str, draws: Draws, end_ns: int) -> Windows:
    """Up, down, up, down: the stretches that are down."""
    ups, downs = draws.series(f"{purpose} up", trigger.up), draws.series(f"{purpose} down", trigger.down)
    windows, time = list[tuple[int, int]](), 0
    while True:
        number = len(windows)
        begins = time + ups[number]
        time = max(begins + downs[number], time + 1)  # time goes on, even where both are 0
        if begins >= end_ns:
            return tuple(windows)
        windows.append((begins, time))


def bursts(trigger: InBursts, purpose: str, draws: Draws) -> Series | None:
    """A 1 for each operation within a burst; None if bursts never start."""
    if trigger.share <= 0.0:
        return None
    inside = {0: False}
    goes_on = 1.0 - 1.0 / trigger.mean

    def draw(block: int) -> Ints:
        for earlier in range(max(inside), block):
            draw(earlier)
        uniform = Stream(draws.seed, draws.replication, "", f"{purpose} bursts", block).take(SERIES_BLOCK)
        bits, state = np.zeros(SERIES_BLOCK, dtype=np.int64), inside[block]
        for place, u in enumerate(uniform.tolist()):
            state = u < (goes_on if state else trigger.share)
            bits[place] = state
        inside[block + 1] = state
        return bits

    return Series(draw, SERIES_BLOCK)
