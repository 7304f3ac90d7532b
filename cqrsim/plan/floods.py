"""Floods: faults that are commands.  They come from groups of clients of their own, with luck of their own."""

import numpy as np

from cqrsim.plan.arrivals import open_times
from cqrsim.plan.draws import Draws, Ints
from cqrsim.plan.faults import Lowering
from cqrsim.plan.windows import Windows
from cqrsim.scenario.arrivals import Poisson, Recorded
from cqrsim.scenario.clients import Clients
from cqrsim.scenario.effects import Overload
from cqrsim.scenario.scenario import Scenario
from cqrsim.units import Duration


def with_floods(scenario: Scenario, seed: int, replication: int, end_ns: int) -> Scenario:
    """The scenario with one more group of clients for every flood; they are like those whose place they take."""
    lowering = Lowering(scenario, Draws(seed, replication, ()), end_ns)
    groups = list[Clients]()
    for named in lowering.named:
        effect = named.fault.what
        if isinstance(effect, Overload):
            luck = (seed, replication, f"fault {named.name}")
            times = _within(open_times(Poisson(effect.rate), luck, end_ns), lowering.windows(named))
            like = _flooded(scenario, named.fault.target)
            if not len(times):
                continue
            arrivals = Recorded(times=tuple(Duration(int(time)) for time in times))
            changed = {"arrivals": arrivals, "invalid": effect.invalid, "name": f"flood {named.name}"}
            groups.append(like.variant(**changed, background_reads=None))
    return scenario.variant(clients=(*scenario.groups, *groups)) if groups else scenario


def _within(times: Ints, windows: Windows) -> Ints:
    inside = np.zeros(len(times), dtype=np.bool_)
    for begins, ends in windows:
        inside |= (begins <= times) & (times < ends)
    return times[inside]


def _flooded(scenario: Scenario, target: str) -> Clients:
    """The group that a flood is named after, or the first."""
    _, _, name = target.partition(".")
    return next((group for group in scenario.groups if group.name == name), scenario.groups[0])
