"""A scenario, a seed and a replication become a plan: every number that a run will need, and no choice left open.

An engine turns a plan into a trace.  It sees no scenario, no seed, no generator and no fraction of a nanosecond.
"""

import dataclasses
import hashlib
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, partial
from typing import Any

import numpy as np

from cqrsim.errors import PlanError
from cqrsim.messages import LINK_NAMES, Link
from cqrsim.plan.answers import Effect, Flush, FoldOn, OnError, Save, Turn
from cqrsim.plan.draws import Bools, Column, Series
from cqrsim.plan.faults import Lowered, lower_faults
from cqrsim.plan.floods import with_floods
from cqrsim.plan.marks import Looks, Population, background_reads, populate
from cqrsim.plan.parts import (
    DiskPlan,
    FaultPeriod,
    FaultPlan,
    GroupPlan,
    HandlerPlan,
    ProjectionPlan,
    RangeRule,
    RoutePlan,
    StatePlan,
    StorePlan,
)
from cqrsim.plan.strategies import lower_group, lower_state
from cqrsim.scenario.distributions import Constant
from cqrsim.scenario.rules import Range, Rule
from cqrsim.scenario.scenario import Scenario
from cqrsim.trace import About, Marks
from cqrsim.units import Duration

LONGEST_GRACE_NS = 5_000_000_000


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything a run will need.  ``about`` and ``marks`` go into its trace as they are."""

    about: About
    marks: Marks
    caught: Bools
    looks: Looks
    arrivals_end_ns: int
    groups: tuple[GroupPlan, ...]
    state: StatePlan
    handler: HandlerPlan
    store: StorePlan
    disk: DiskPlan
    projections: tuple[ProjectionPlan, ...]
    routes: dict[Link, RoutePlan]
    publications: tuple[RoutePlan, ...]
    """The routes from the store to each projection."""
    periods: tuple[FaultPeriod, ...]
    faults: tuple[FaultPlan, ...]
    rule: RangeRule | Rule | None

    @property
    def end_ns(self) -> int:
        """When the run ends at the latest."""
        return self.about.end_ns

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything in the plan (of each drawn column: the first attempt), in hexadecimal."""
        hasher = hashlib.sha256()
        _feed(hasher, self)
        return hasher.hexdigest()


def lower(scenario: Scenario, seed: int, replication: int = 0) -> Plan:
    """Draw all luck and spell out all choices.

    >>> from cqrsim.units import per_second, seconds
    >>> from cqrsim.scenario import Clients, Poisson
    >>> blog = Scenario(clients=Clients(arrivals=Poisson(per_second(100))), length=seconds(1))
    >>> lower(blog, seed=1).digest == lower(blog, seed=1).digest != lower(blog, seed=2).digest
    True
    """
    if seed < 0 or replication < 0:
        raise PlanError(f"seed and replication are whole numbers from 0, not {seed} and {replication}")
    arrivals_end = int(scenario.length) + _grace(scenario)
    flooded = with_floods(scenario, seed, replication, arrivals_end)
    population = populate(flooded, seed, replication, arrivals_end)
    return _Lowering(flooded, population, arrivals_end).plan(seed, replication)


def _grace(scenario: Scenario) -> int:
    if scenario.grace is not None:
        return int(scenario.grace)
    return min(int(scenario.length) // 20, LONGEST_GRACE_NS)


class _Lowering:
    """One scenario on its way down to numbers."""

    def __init__(self, scenario: Scenario, population: Population, arrivals_end: int) -> None:
        self.scenario = scenario
        self.population = population
        self.draws = population.draws
        self.arrivals_end = arrivals_end
        self.end = arrivals_end + int(scenario.drain)
        self.faults: Lowered = lower_faults(scenario, self.draws, arrivals_end)

    def plan(self, seed: int, replication: int) -> Plan:
        scenario = self.scenario
        groups = tuple(lower_group(scenario, g, self.population, self.end) for g in range(len(scenario.groups)))
        state = lower_state(scenario.state, self.draws)
        routes: dict[Link, RoutePlan] = {link: self.route(link) for link in Link if link != Link.STORE_TO_PROJECTION}
        return Plan(
            about=self.about(groups, state),
            marks=self.population.marks,
            caught=self.population.caught,
            looks=background_reads(scenario, seed, replication, self.arrivals_end),
            arrivals_end_ns=self.arrivals_end,
            groups=groups,
            state=state,
            handler=self.handler(),
            store=self.store(),
            disk=self.disk(),
            projections=tuple(self.projection(i) for i in range(len(scenario.views))),
            routes=routes,
            publications=tuple(self.route(Link.STORE_TO_PROJECTION, view.name) for view in scenario.views),
            periods=self.faults.periods,
            faults=self.faults.plans,
            rule=_rule(scenario),
        )

    def about(self, groups: tuple[GroupPlan, ...], state: StatePlan) -> About:
        scenario = self.scenario
        rule = scenario.rule if isinstance(scenario.rule, Range) else None
        return About(
            length_ns=int(scenario.length),
            warm_up_ns=int(scenario.warm_up),
            end_ns=self.end,
            groups=tuple(group.name for group in groups),
            closed=tuple(group.closed is not None for group in groups),
            presumes_failure=tuple(group.feedback.presume_after_ns >= 0 for group in groups),
            answer_at=tuple(group.feedback.answer_at.name.lower() for group in groups),
            projections=tuple(view.name for view in scenario.views),
            faults=self.faults.notes,
            aggregates=_number_of_aggregates(scenario),
            shards=scenario.handlers.shards,
            workers=scenario.handlers.workers,
            turn=scenario.handlers.turn,
            live_state=state.fold_on != FoldOn.NEVER,
            fold_on=state.fold_on.name.lower(),
            wait_for=state.wait_for.name.lower(),
            expect_version=state.expect_version or scenario.store.check_version,
            attempts_per_try=1 + state.conflict_retries,
            publishes_before_durable=scenario.store.publish == "before_durable",
            delivers_in_order=scenario.network.store_to_projection.in_order,
            capacity_bytes=-1 if scenario.disk.capacity is None else int(scenario.disk.capacity),
            low=None if rule is None else rule.low,
            high=None if rule is None else rule.high,
            start=0 if rule is None else rule.start,
            custom_rule=isinstance(scenario.rule, Rule),
            give_up_ns=state.give_up_ns,
            worker_waits=scenario.handlers.worker_waits,
            repaired_ns=self.arrivals_end if self.faults.any else -1,
            duplicates_from=self._duplicates_from(groups, 1 + state.conflict_retries),
            keeps_own_store=state.save != Save.NONE,
            catches_up=tuple(view.catch_up for view in scenario.views),
        )

    def _duplicates_from(self, groups: tuple[GroupPlan, ...], attempts_per_try: int) -> int:
        """Copies of messages are numbered behind all attempts that there can be."""
        if not any(fault.effect == Effect.DUPLICATE for fault in self.faults.plans):
            return -1
        tries = max(0 if group.retries is None else group.retries.at_most for group in groups)
        return (1 + tries) * attempts_per_try

    def handler(self) -> HandlerPlan:
        handlers = self.scenario.handlers
        return HandlerPlan(
            shards=handlers.shards,
            workers=handlers.workers,
            queue_limit=-1 if handlers.queue_limit is None else handlers.queue_limit,
            validate=self.draws.durations("validate", handlers.validate),
            turn=Turn[handlers.turn.upper()],
            worker_waits=handlers.worker_waits,
        )

    def store(self) -> StorePlan:
        store = self.scenario.store
        periodic = isinstance(store.flush, Duration)
        return StorePlan(
            batch_window_ns=int(store.batch_window),
            batch_at_most=-1 if store.batch_at_most is None else store.batch_at_most,
            flush=Flush.PERIODIC if isinstance(store.flush, Duration) else Flush[store.flush.upper()],
            flush_every_ns=int(store.flush) if periodic else -1,
            answer_after_write=store.answer_after == "write",
            publish_before_durable=store.publish == "before_durable",
            check_version=store.check_version or self.scenario.state.answers().expect_version,
            dedupe=store.dedupe,
            dedupe_for_ns=-1 if store.dedupe_for is None else int(store.dedupe_for),
            dedupe_at_most=-1 if store.dedupe_at_most is None else store.dedupe_at_most,
            on_error=OnError[store.on_error.upper()],
            restart=self.draws.series("restart", store.restart),
            retry_flush=store.retry_flush,
            refuses_damage=store.recover == "refuse",
            reads_written=store.reads == "written" or (store.reads == "answered" and store.answer_after == "write"),
            fencing=store.fencing,
            republish=store.republish,
            snapshot_every=-1 if store.snapshot_every is None else store.snapshot_every,
            read=self.draws.durations("read", store.read),
            read_by_shards=tuple(
                self.draws.series(f"read by shard {shard}", store.read)
                for shard in range(self.scenario.handlers.shards)
            ),
            read_per_event_ns=int(store.read_per_event),
        )

    def disk(self) -> DiskPlan:
        disk = self.scenario.disk
        return DiskPlan(
            write=self.draws.durations("write", disk.write),
            flush=self.draws.durations("flush", disk.flush),
            per_kib_ns=int(disk.per_kib),
            capacity_bytes=-1 if disk.capacity is None else int(disk.capacity),
            changes_ns=self.faults.changes_ns,
            slowness=self.faults.slowness,
        )

    def projection(self, position: int) -> ProjectionPlan:
        view = self.scenario.views[position]
        apply = self.draws.durations(f"apply {view.name}", view.apply)
        rebuild = partial(self.draws.durations, f"rebuild {view.name}")
        return ProjectionPlan(
            name=view.name,
            apply=apply,
            poll_ns=-1 if view.poll is None else int(view.poll),
            batch=-1 if view.batch is None else view.batch,
            commit=None if view.commit is None else self.draws.durations(f"commit {view.name}", view.commit),
            checkpoint_every=-1 if view.checkpoint_every is None else view.checkpoint_every,
            checkpoint=self.draws.durations(f"checkpoint {view.name}", view.checkpoint),
            catch_up=view.catch_up,
            buffer=-1 if view.buffer is None else view.buffer,
            rebuild=apply if view.rebuild_per_event is None else rebuild(view.rebuild_per_event),
            from_checkpoint=view.rebuild == "checkpoint",
            serves_while_rebuilding=view.serves_while_rebuilding,
        )

    def route(self, link: Link, target: str = "") -> RoutePlan:
        name = LINK_NAMES[link]
        route = getattr(self.scenario.network, link.name.lower())
        return RoutePlan(
            link=link,
            delay=self.draws.durations(f"delay {name} {target}", route.delay),
            instant=isinstance(route.delay, Constant) and int(route.delay.value) == 0,
            in_order=route.in_order,
            lost=self.draws.marks(f"loss {name} {target}", route.loss),
        )


def _number_of_aggregates(scenario: Scenario) -> int:
    aggregates = scenario.aggregates
    return len(aggregates.weights) if hasattr(aggregates, "weights") else int(aggregates.count)


def _rule(scenario: Scenario) -> RangeRule | Rule | None:
    rule = scenario.rule
    if isinstance(rule, Range):
        return RangeRule(rule.low, rule.high, rule.start)
    return rule


def _feed(hasher: "hashlib._Hash", part: Any) -> None:
    """Add a part of a plan to a digest: its shape, then its numbers."""
    if isinstance(part, np.ndarray):
        hasher.update(f"array {part.dtype.kind} {len(part)};".encode())
        hasher.update(np.ascontiguousarray(part, dtype="<i8").tobytes())
    elif isinstance(part, Column | Series):
        _feed(hasher, part.array(0))
    elif callable(part):
        hasher.update(f"function {getattr(part, '__qualname__', type(part).__name__)};".encode())
    elif isinstance(part, dict):
        _feed(hasher, tuple(part.items()))
    elif isinstance(part, tuple):
        hasher.update(f"tuple {len(part)};".encode())
        for item in part:
            _feed(hasher, item)
    elif isinstance(part, Rule):
        hasher.update(f"rule {part.fingerprint()};".encode())
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        hasher.update(f"{type(part).__name__};".encode())
        for field in dataclasses.fields(part):
            _feed(hasher, getattr(part, field.name))
    else:
        hasher.update(f"{int(part) if isinstance(part, IntEnum) else part!r};".encode())
