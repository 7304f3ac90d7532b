"""Whether a scenario can keep up with its commands, told beforehand from mean times alone.

A station needs the share *rate times mean time by servers* of its time (utilisation, Kleinrock 1975).  Above 1 its
queue grows for as long as commands come, and there are no steady-state means to estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from cqrsim.experiments.checks import a_scenario
from cqrsim.experiments.loads.flows import Flows, is_closed, is_steady
from cqrsim.experiments.loads.stations import Station, Stations
from cqrsim.scenario import AnyDistribution, Empirical, Mixture, Scenario

TOO_MUCH = 1 + 1e-6
"""A utilisation from which on a queue surely grows: at 1 exactly, clockwork does not."""

ROOM = 1.5
"""A disk counts as never full when it has so many times the room for all that is expected."""


def loads(scenario: Scenario) -> pd.DataFrame:
    """How much of each station's time the commands need, from the means of a scenario's times; one row per station.

    Columns: ``station``; ``arrivals_per_s``; ``mean_ms``, what one of them adds to the work when there is always one
    that waits; ``servers``; ``utilisation``, the share of their time; ``certain``, whether a utilisation above 1 means
    that the queue grows without end; ``because``, what it rests on, and why it is not certain.

    Handlers and turns are those of the hottest shard and aggregate.  Retries and waits in queues come on top; faults
    are left out.  Closed clients wait for their answers, so they overload nothing and do not count: NaN, where there
    are no others.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_({"clients.arrivals.rate": cq.per_second(400)})
    >>> loads(blog)[["station", "arrivals_per_s", "mean_ms", "utilisation"]].round(2)
                             station  arrivals_per_s  mean_ms  utilisation
    0                        handler          400.00     0.25         0.10
    1  turn of the hottest aggregate           38.01     1.08         0.04
    2                           disk          392.00     0.33         0.13
    3                projection view          392.00     3.26         1.28
    """
    judged = list(_judged(a_scenario("scenario", scenario)))
    stations = [station for station, _ in judged]
    known = math.nan if all(is_closed(group) for group in scenario.groups) else 1.0
    return pd.DataFrame(
        {
            "station": [station.name for station in stations],
            "arrivals_per_s": [station.arrivals_per_s * known for station in stations],
            "mean_ms": [station.mean_ns / 1e6 for station in stations],
            "servers": [station.servers for station in stations],
            "utilisation": [station.utilisation * known for station in stations],
            "certain": [not doubts for _, doubts in judged],
            "because": [", ".join((*doubts, *station.notes)) for station, doubts in judged],
        }
    )


def overload(scenario: Scenario) -> str:
    """Which stations certainly cannot keep up, as a sentence; empty if there is none.

    >>> import cqrsim as cq
    >>> overload(cq.presets.blog())
    ''
    >>> slow = cq.Projection(apply=cq.ms(8))
    >>> overload(cq.presets.blog().with_(projections=slow))
    'projection view: 196 appends/s of 8 ms need 1.57 of it'
    """
    judged = _judged(a_scenario("scenario", scenario), above=TOO_MUCH)
    return "; ".join(_told(station) for station, doubts in judged if not doubts)


def _told(station: Station) -> str:
    whole = "it" if station.servers == 1 else f"its {station.servers} workers"
    needs = station.utilisation * station.servers
    each = f"{station.mean_ns / 1e6:.3g} ms"
    return f"{station.name}: {station.arrivals_per_s:.4g} {station.what}/s of {each} need {needs:.3g} of {whole}"


def _judged(scenario: Scenario, above: float = -math.inf) -> Iterator[tuple[Station, tuple[str, ...]]]:
    """Every station of a utilisation above a limit, and why that may not be the last word on it."""
    groups = scenario.groups
    steady = [group for group in groups if is_steady(group, scenario)]
    everything = Stations(scenario, Flows.of(scenario, groups))
    for_sure = everything if len(steady) == len(groups) else Stations(scenario, Flows.of(scenario, steady))
    for station, least in zip(everything, for_sure, strict=True):
        if station.utilisation <= above:
            continue
        doubts = [*_of_faults(scenario), *_of_replays(scenario), *_of_queue(scenario, station)]
        if least.least_utilisation <= TOO_MUCH:
            doubts += [*_of_arrivals(scenario), *_of_work_besides(station)]
        if station.hangs_on_appends:
            doubts += _of_store(scenario, everything.flows)
        yield station, tuple(doubts)


def _of_faults(scenario: Scenario) -> Iterator[str]:
    if scenario.faults:
        yield "faults may take load away"


def _of_replays(scenario: Scenario) -> Iterator[str]:
    """Measured times in their order: a run may see only some of them, of another mean."""
    views = [given for view in scenario.views for given in (view.apply, view.commit, view.checkpoint)]
    links = [route.delay for _, route in scenario.network.routes()]
    save = scenario.state.answers().save_time
    own = (scenario.handlers.validate, scenario.store.read, scenario.disk.write, scenario.disk.flush, save)
    if any(_is_replayed(given) for given in (*own, *views, *links)):
        yield "measured times are replayed, perhaps not all of them"


def _is_replayed(given: AnyDistribution | None) -> bool:
    if isinstance(given, Mixture):
        return any(_is_replayed(part) for _, part in given.parts)
    return isinstance(given, Empirical) and given.replay


def _of_queue(scenario: Scenario, station: Station) -> Iterator[str]:
    """Queues that have an end."""
    if scenario.handlers.queue_limit is not None:
        yield f"at most {scenario.handlers.queue_limit} commands wait in a shard"
    if station.drops:
        yield station.drops


def _of_arrivals(scenario: Scenario) -> Iterator[str]:
    """Clients that do not always send as much."""
    for group in scenario.groups:
        if is_closed(group):
            yield f"{group.name} wait for their answers"
        elif not is_steady(group, scenario):
            yield f"{group.name} do not come at a steady rate"


def _of_work_besides(station: Station) -> Iterator[str]:
    if station.least_utilisation <= TOO_MUCH < station.utilisation:
        yield "flushes or checkpoints become rarer under load"


def _of_store(scenario: Scenario, flows: Flows) -> Iterator[str]:
    """Why fewer appends may be written than commands are valid."""
    if scenario.rule is not None:
        yield "nobody knows how many commands the rule forbids"
    capacity = math.inf if scenario.disk.capacity is None else int(scenario.disk.capacity)
    seconds = (int(scenario.length) + int(scenario.grace_time)) / 1e9
    if flows.stored_bytes * seconds * ROOM > capacity:
        yield "the disk may fill, and then refuses"
    if _may_conflict(scenario):
        yield "appends that meet a newer version are not written"


def _may_conflict(scenario: Scenario) -> bool:
    """Whether an append may find another version than it expects, though nothing breaks."""
    state = scenario.state.answers()
    if not (scenario.store.check_version or state.expect_version):
        return False
    routes = [route for _, route in scenario.network.routes()]
    unreliable = any(route.loss or not route.in_order for route in routes)
    return unreliable or scenario.handlers.turn == "none" or state.give_up_after is not None
