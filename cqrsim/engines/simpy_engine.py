"""The reference engine: seats the actors around SimPy's clock and lets them act."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from cqrsim.actors.client import Clients
from cqrsim.actors.clock import Clock
from cqrsim.actors.command_handler import CommandHandler
from cqrsim.actors.disk import Disk
from cqrsim.actors.error_cache import ErrorCache
from cqrsim.actors.event_log import EventLog
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.faults import Faults
from cqrsim.actors.journey import Recorder
from cqrsim.actors.network import Route
from cqrsim.actors.projection import Projection
from cqrsim.actors.publisher import Publisher
from cqrsim.actors.rules import Validation
from cqrsim.actors.troubles import Troubles
from cqrsim.actors.view import View
from cqrsim.messages import Link
from cqrsim.plan.answers import Target
from cqrsim.plan.parts import RoutePlan
from cqrsim.plan.plan import Plan
from cqrsim.trace import Trace


def can_run(plan: Plan) -> tuple[str, ...]:
    """Why this engine cannot run a plan: it runs every plan, so there is never a reason."""
    return ()


def run(plan: Plan) -> Trace:
    """Let a plan happen, up to its end.

    >>> from cqrsim.plan.plan import lower
    >>> from cqrsim.scenario import Clients, Poisson, Scenario
    >>> from cqrsim.units import per_second, seconds
    >>> blog = Scenario(clients=Clients(arrivals=Poisson(per_second(100))), length=seconds(1))
    >>> plan = lower(blog, seed=1)
    >>> run(plan).digest() == run(plan).digest()
    True
    """
    clock, recorder = Clock(), Recorder()
    view = View(clock)
    faults = Faults(plan.faults, plan.periods, clock, recorder, view, plan.about.repaired_ns)
    routes = {link: _route(plan, faults, route, clock, recorder) for link, route in plan.routes.items()}
    validation = Validation(plan.rule, plan.about.groups)
    caches = [_cache(plan, group, clock, recorder) for group in range(len(plan.groups))]
    disk = Disk(plan.disk, faults.of(Target.DISK))
    log = EventLog(plan.store, disk, clock, recorder, validation, lasting=bool(plan.faults))
    store = EventStore(plan.store, disk, log, clock, recorder)
    handler = CommandHandler(plan, clock, recorder, validation, store, routes, caches)
    projections = [
        Projection(number, part, clock, recorder, store, handler, routes[Link.PROJECTION_TO_HANDLER])
        for number, part in enumerate(plan.projections)
    ]
    clients = Clients(plan, clock, recorder, routes, store, caches)
    publications = [
        _route(plan, faults, route, clock, recorder, number) for number, route in enumerate(plan.publications)
    ]
    store.meet(Publisher(clock, recorder, handler, projections, clients, routes, publications))
    handler.meet(clients)
    clients.meet(handler, projections)
    view.store, view.handler, view.projections = store, handler, projections
    Troubles(plan, faults, store, handler, projections, clock, recorder)
    clients.begin()
    with _collector_paused():
        clock.run(until=plan.end_ns)
    return Trace.from_rows(
        recorder.rows(), marks=plan.marks, reads=plan.looks.reads, about=plan.about, custom=validation.custom
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A run makes no reference cycles to speak of: the collector would only walk its growing record in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _cache(plan: Plan, group: int, clock: Clock, recorder: Recorder) -> ErrorCache | None:
    feedback = plan.groups[group].feedback
    if not feedback.error_cache:
        return None
    return ErrorCache(feedback.keep_for_ns, feedback.cache_at_most, clock, recorder)


def _route(
    plan: Plan, faults: Faults, route: RoutePlan, clock: Clock, recorder: Recorder, projection: int = 0
) -> Route:
    watches = faults.of(Target.LINK, route.link)
    return Route(route, clock, recorder, projection, watches, plan.about.duplicates_from)
