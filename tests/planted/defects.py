"""Small defects, of the kind that one makes: each a change of the real code, where to look for it, and how long.

``steer`` narrows the scenarios of the swarm down to those in which the defect can show at all; the rest of each is as
random as ever.  ``within`` says in how many of them it must have been found; ``by`` which check finds it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest import mock

from swarm.scenarios import scenario_of

import cqrsim as cq
from cqrsim import kb, ms, per_second
from cqrsim.actors import (
    command_handler,
    disk,
    error_cache,
    event_log,
    event_store,
    faults,
    instances,
    projection,
    recovery,
    turns,
)
from cqrsim.actors import network as links
from cqrsim.plan import draws
from cqrsim.plan import faults as faults_of_plans

Plant = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Defect:
    """One defect."""

    plant: Plant
    by: tuple[str, ...]
    """The checks that may find it."""
    within: int
    """In so many scenarios it must be found."""
    steer: Callable[[cq.Scenario], cq.Scenario]


DEFECTS: dict[str, Defect] = {}


def as_it_is(scenario: cq.Scenario) -> cq.Scenario:
    return scenario


def defect(
    *by: str, within: int, steer: Callable[[cq.Scenario], cq.Scenario] = as_it_is
) -> Callable[[Callable[[], Iterator[None]]], Plant]:
    """Enter a defect under the name of the function that plants it."""

    def enter(plant: Callable[[], Iterator[None]]) -> Plant:
        managed = contextmanager(plant)
        DEFECTS[plant.__name__] = Defect(managed, by, within, steer)
        return managed

    return enter


def scenarios(of: Defect, count: int | None = None) -> Iterator[tuple[int, cq.Scenario]]:
    """Where to look for a defect."""
    for seed in range(of.within if count is None else count):
        yield seed, of.steer(scenario_of(seed))


def replaced(owner: Any, name: str, by: Callable[..., Any]) -> Any:
    """Put something else in the place of a method; it is given the method that was there."""
    original = getattr(owner, name)

    def instead(self: Any, *arguments: Any, **named: Any) -> Any:
        return by(original, self, *arguments, **named)

    return mock.patch.object(owner, name, instead)


def plainly(scenario: cq.Scenario, **more: Any) -> cq.Scenario:
    """Without faults of its own, with links that lose nothing, and with what is asked for."""
    kept = {"faults": (), "network": cq.Network(), **more}
    return scenario.with_(kept)


def with_clients(scenario: cq.Scenario, **settings: Any) -> tuple[cq.Clients, ...]:
    return tuple(group.variant(**settings) for group in scenario.groups)


def on_steady_disk(scenario: cq.Scenario, **settings: Any) -> cq.EventStore:
    """The scenario's store, flushing with every write, and one append at a time."""
    plain = {"flush": "group", "answer_after": "flush", "batch_at_most": 1, "batch_window": ms(0)}
    return scenario.store.variant(**{**plain, **settings})


# --- the store ------------------------------------------------------------------------------------------------------


@defect("invariants", within=5)
def publishes_before_the_flush() -> Iterator[None]:
    """Listeners hear of events when their write begins."""

    def hurry(original: Any, self: Any, plan: Any, *rest: Any) -> None:
        original(self, replace(plan, publish_before_durable=True), *rest)

    with replaced(event_store.EventStore, "__init__", hurry):
        yield


@defect("invariants", within=15, steer=lambda s: plainly(s, faults=cq.WriteErrors(share=0.3)))
def gives_positions_before_the_write() -> Iterator[None]:
    """An append that fails leaves a gap."""

    def early(original: Any, self: Any, entry: Any, fate: Any) -> None:
        original(self, entry, fate)
        self.log.next_position += 1

    with replaced(event_store.EventStore, "_has_failed", early):
        yield


@defect("contract", within=15, steer=lambda s: plainly(
    s, faults=cq.FlushErrors(share=0.3), store=on_steady_disk(s, retry_flush=False)))  # fmt: skip
def tries_flushes_again_in_silence() -> Iterator[None]:
    """The second flush always works, since the first has marked the pages clean."""

    def again(original: Any, self: Any, leader: Any, is_error: Any, work: Any, operations: Any, retries: Any) -> Any:
        return original(self, leader, is_error, work, operations, True)

    with replaced(disk.Disk, "fate", again):
        yield


@defect("invariants", within=15, steer=lambda s: plainly(
    s, disk=cq.Disk(capacity=kb(5)), clients=with_clients(s, invalid=0.5), feedback=cq.ForwardEvent()))  # fmt: skip
def counts_no_room_for_error_events() -> Iterator[None]:
    """Refusals are stored for nothing."""

    def free(original: Any, self: Any, batch: Any, now: int) -> Any:
        writes = original(self, batch, now)
        self.disk.used_bytes -= sum(entry.size for entry in writes if entry.is_error)
        return writes

    with replaced(event_store.EventStore, "_sort_out", free):
        yield


@defect("contract", "unexplained", within=15, steer=lambda s: plainly(
    s, store=on_steady_disk(s, batch_at_most=None), state=cq.FromGenerated(),
    disk=cq.Disk(write=ms(10)), aggregates=cq.Evenly(50)))  # fmt: skip
def answers_a_batch_for_its_first_entry() -> Iterator[None]:
    """Only the first of a batch is written, and all are told so."""

    def first_only(original: Any, self: Any, batch: Any) -> None:
        if batch is self.at_work and not self.disk.watches:
            for entry in batch[1:]:
                if entry.then is None and not entry.is_error and entry.outcome == event_store.OK:
                    self.publisher.answer(entry)
                    batch.remove(entry)
                    break
        original(self, batch)

    with replaced(event_store.EventStore, "_end", first_only):
        yield


@defect("contract", within=30, steer=lambda s: plainly(
    s, faults=cq.WriteErrors(share=0.1), store=on_steady_disk(s, on_error="poison")))  # fmt: skip
def is_never_poisoned() -> Iterator[None]:
    """A store that should refuse everything after an error goes on."""

    def careless(original: Any, self: Any, entry: Any, versions: Any, now: int) -> bool:
        self.poisoned_by = None
        return bool(original(self, entry, versions, now))

    with replaced(event_store.EventStore, "_is_to_be_written", careless):
        yield


@defect("contract", within=40, steer=lambda s: plainly(
    s, faults=(cq.Zombie(at=ms(50), lasts=ms(40)), cq.Zombie(at=ms(120), lasts=ms(40))),
    store=s.store.variant(fencing=True), handlers=cq.Handlers(validate=ms(5), workers=3)))  # fmt: skip
def lets_the_last_zombie_through() -> Iterator[None]:
    """The number of the instance that is fenced off is one too low."""

    def announce(original: Any, self: Any, fresh: Any) -> None:
        self.store.newest[fresh.shard] = fresh.number - 1

    with replaced(instances.Instances, "_announce", announce):
        yield


HASTY = {"patience": ms(8), "retries": cq.Retries(2, ms(4), same_id=True), "feedback": None}


@defect("contract", within=30, steer=lambda s: plainly(
    s, clients=with_clients(s, **HASTY), feedback=cq.ForwardEvent(poll=ms(5)), disk=cq.Disk(write=ms(4)),
    store=on_steady_disk(s, dedupe=True, dedupe_for=None, dedupe_at_most=10, check_version=False)))  # fmt: skip
def remembers_one_command_id_too_few() -> Iterator[None]:
    """It forgets the oldest as soon as it holds as many as it may."""

    def remember(original: Any, self: Any, entry: Any) -> None:
        self.plan = replace(self.plan, dedupe_at_most=self.plan.dedupe_at_most - 1)
        original(self, entry)
        self.plan = replace(self.plan, dedupe_at_most=self.plan.dedupe_at_most + 1)

    with replaced(event_log.EventLog, "remember", remember):
        yield


@defect("contract", within=30, steer=lambda s: plainly(
    s, clients=with_clients(s, **HASTY), feedback=cq.ForwardEvent(poll=ms(5)), disk=cq.Disk(write=ms(4)),
    store=on_steady_disk(s, dedupe=True, dedupe_for=None, dedupe_at_most=None, check_version=False)))  # fmt: skip
def knows_a_retry_for_a_new_command() -> Iterator[None]:
    """It looks for the attempt instead of the command's id."""

    def original_of(original: Any, self: Any, identity: int) -> Any:
        found = original(self, identity)
        return None if found is not None and found.durable else found

    with replaced(event_log.EventLog, "original_of", original_of):
        yield


# --- recovery -------------------------------------------------------------------------------------------------------


@defect("invariants", within=10, steer=lambda s: plainly(s, faults=cq.StoreCrash(at=ms(100), restart=ms(5))))
def loses_the_last_event_in_recovery() -> Iterator[None]:
    """A restart reads up to the last record, and leaves that out."""

    def come_up(original: Any, self: Any, repaired: bool) -> None:
        if not repaired and self.log.entries:
            self.log.entries.pop()
            self.log.refold()
        original(self, repaired)

    with replaced(recovery.Recovery, "come_up", come_up):
        yield


@defect("invariants", within=20, steer=lambda s: plainly(s, faults=cq.FailOver(at=ms(100), appends=3, switch=ms(5))))
def says_nothing_of_what_vanished() -> Iterator[None]:
    """What a replica has not heard of is gone, and the record does not show it."""

    def in_silence(original: Any, self: Any, *rest: Any) -> None:
        record, self.record = self.record, lambda row: None
        original(self, *rest)
        self.record = record

    with replaced(event_log.EventLog, "vanish", in_silence):
        yield


@defect("contract", within=40, steer=lambda s: plainly(
    s, faults=(cq.WriteErrors(share=0.3, lasts=ms(90)), cq.HandlerCrash(at=ms(100), restart=ms(5))),
    state=cq.FromGenerated(wait=False), aggregates=cq.Evenly(3)))  # fmt: skip
def keeps_its_state_in_a_crash() -> Iterator[None]:
    """What a handler holds in memory outlives it."""

    def kill(original: Any, self: Any, shard: int, watch: Any) -> Any:
        old = self.handler.instances[shard][-1]
        fresh = original(self, shard, watch)
        fresh.state = old.state
        return fresh

    with replaced(instances.Instances, "_kill", kill):
        yield


@defect("invariants", "contract", within=40, steer=lambda s: plainly(
    s, faults=(cq.HandlerCrash(at=ms(100), restart=ms(1)), cq.PowerLoss(at=ms(104), restart=ms(5))),
    store=s.store.variant(flush=ms(15), answer_after="flush", reads="flushed"), state=cq.FromGenerated(),
    disk=cq.Disk(write=ms(1)), aggregates=cq.Evenly(3)))  # fmt: skip
def reads_what_is_not_flushed_when_it_starts() -> Iterator[None]:
    """A handler that starts takes over what may yet be lost."""

    def dirty(original: Any, self: Any, aggregate: int) -> Any:
        return self.streams.copy_of(aggregate)

    with replaced(event_log.EventLog, "stream", dirty):
        yield


@defect("contract", within=20, steer=lambda s: plainly(
    s, faults=cq.ProjectionCrash(at=ms(100), restart=ms(5)),
    projections=cq.Projection(checkpoint_every=2, rebuild="checkpoint", apply=ms(2))))  # fmt: skip
def begins_behind_its_checkpoint() -> Iterator[None]:
    """A projection that starts again leaves out the event that follows on its checkpoint."""

    def begin(original: Any, self: Any, life: int) -> None:
        self.checkpoint_at += 1
        original(self, life)

    with replaced(projection.Projection, "_begin_again", begin):
        yield


@defect("invariants", within=15, steer=lambda s: plainly(s, faults=cq.ProjectionCrash(at=ms(100), restart=ms(5))))
def applies_twice_after_a_restart() -> Iterator[None]:
    """A projection forgets what it has applied before."""

    def crash(original: Any, self: Any, *rest: Any) -> None:
        original(self, *rest)
        self.applied = set()

    with replaced(projection.Projection, "crash", crash):
        yield


@defect("contract", within=30, steer=lambda s: plainly(
    s, faults=cq.LostMessages(0.2, "store->projection"), projections=cq.Projection(catch_up=True),
    clients=with_clients(s, events=1), store=s.store.variant(publish="after_durable")))  # fmt: skip
def misses_gaps_of_one() -> Iterator[None]:
    """A gap counts from two missing positions on."""

    def deliver(original: Any, self: Any, journey: Any) -> None:
        if journey.previous == self.up_to:
            journey.previous = self.up_to - 1
        original(self, journey)

    with replaced(projection.Projection, "deliver", deliver):
        yield


# --- handlers -------------------------------------------------------------------------------------------------------


@defect("rest", within=15)
def wakes_nobody_now_and_then() -> Iterator[None]:
    """Every tenth turn passes to nobody."""
    passed = []

    def pass_on(original: Any, self: Any, key: int) -> None:
        passed.append(key)
        if len(passed) % 10 or not self.behind[key]:
            original(self, key)

    with replaced(turns.Turns, "_next_of", pass_on):
        yield


@defect("invariants", within=10)
def gives_the_turn_to_two() -> Iterator[None]:
    """Every tenth command does not wait for its turn."""
    through: set[int] = set()
    entered: list[Any] = []

    def enter(original: Any, self: Any, journey: Any) -> None:
        entered.append(journey)
        if len(entered) % 10 or not self.are_taken:
            original(self, journey)
            return
        through.add(id(journey))
        self.shards[journey.shard].waiting += 1
        self._ready(journey)

    def pass_on(original: Any, self: Any, journey: Any) -> None:
        if id(journey) in through:
            if self.worker_waits:
                self._free_worker(journey)
            return
        original(self, journey)

    with replaced(turns.Turns, "enter", enter), replaced(turns.Turns, "pass_on", pass_on):
        yield


@defect("contract", within=20, steer=lambda s: plainly(
    s, state=cq.FromGenerated(careful=True, give_up_after=ms(5)),
    disk=cq.Disk(write=cq.Exponential(ms(5)))))  # fmt: skip
def lets_go_without_looking() -> Iterator[None]:
    """A careful handler that gives up waiting takes the append for failed."""

    def gives_up(original: Any, self: Any, journey: Any, attempt: int) -> None:
        careful, self.rereads_in_doubt = self.rereads_in_doubt, False
        original(self, journey, attempt)
        self.rereads_in_doubt = careful

    with replaced(command_handler.CommandHandler, "_gives_up_now", gives_up):
        yield


@defect("rest", within=20, steer=lambda s: plainly(
    s, state=cq.FromGenerated(give_up_after=ms(5)), disk=cq.Disk(write=cq.Exponential(ms(5))),
    aggregates=cq.Evenly(5)))  # fmt: skip
def takes_back_what_it_gave_up() -> Iterator[None]:
    """A handler that gives up waiting takes its append back, as if nothing had been sent."""

    def gives_up(original: Any, self: Any, journey: Any, attempt: int) -> None:
        waiting = self.store.waiting
        mine = [entry for entry in waiting if entry.journey is journey]
        for entry in mine:
            waiting.remove(entry)
        original(self, journey, attempt)

    with replaced(command_handler.CommandHandler, "_gives_up_now", gives_up):
        yield


@defect("invariants", within=10, steer=lambda s: plainly(
    s, clients=with_clients(s, feedback=None), feedback=cq.SyncValidation(answer_at="written"),
    disk=cq.Disk(write=ms(3)), state=cq.FromGenerated()))  # fmt: skip
def says_written_when_it_has_decided() -> Iterator[None]:
    """The client is told of a success that is not there yet."""

    def accept(original: Any, self: Any, journey: Any) -> None:
        self.telling.reply(journey, command_handler.SUCCESS)
        original(self, journey)

    with replaced(command_handler.CommandHandler, "_accept", accept):
        yield


# --- links, caches, faults, luck ------------------------------------------------------------------------------------


@defect("invariants", "contract", within=10, steer=lambda s: plainly(
    s, network=cq.Network(client_to_handler=cq.Exponential(ms(10))),
    clients=with_clients(s, sessions=1, arrivals=cq.Poisson(per_second(300)))))  # fmt: skip
def lets_messages_overtake() -> Iterator[None]:
    """A link forgets when the latest message of a connection arrives."""

    def carry(original: Any, self: Any, *rest: Any) -> None:
        self.latest.clear()
        original(self, *rest)

    with replaced(links.Route, "_carry", carry):
        yield


@defect("contract", within=15, steer=lambda s: plainly(
    s, clients=with_clients(s, invalid=0.5, feedback=None), feedback=cq.ErrorCache(keep_for=ms(30))))  # fmt: skip
def counts_the_time_of_refusals_from_their_sending() -> Iterator[None]:
    """An entry of the error cache is forgotten too early, by as long as its command took."""

    def put(original: Any, self: Any, journey: Any) -> None:
        promised, self.keep_for = self.keep_for, self.keep_for - self.clock.time % 7 - 1
        original(self, journey)
        self.keep_for = promised

    with replaced(error_cache.ErrorCache, "put", put):
        yield


@defect("contract", within=10, steer=lambda s: plainly(s, faults=cq.LostMessages(0.2, "handler->client")))
def writes_no_ledger_for_links() -> Iterator[None]:
    """What strikes messages is not entered."""

    def enter(original: Any, self: Any, journey: Any) -> None:
        if self.plan.target != faults.Target.LINK:
            original(self, journey)

    with replaced(faults.Watch, "_enter", enter):
        yield


@defect("luck", within=10)
def draws_in_the_order_of_asking() -> Iterator[None]:
    """Luck belongs to whoever comes first."""
    asked: list[str] = []

    def uniform(original: Any, self: Any, purpose: str, attempt: int = 0) -> Any:
        asked.append(purpose)
        return original(self, f"{len(asked)}", attempt)

    with replaced(draws.Draws, "uniform", uniform):
        yield


@defect("luck", within=10)
def shares_the_luck_of_two_purposes() -> Iterator[None]:
    """Who is slow to be validated is slow to be written, too."""

    def uniform(original: Any, self: Any, purpose: str, attempt: int = 0) -> Any:
        return original(self, "write" if purpose == "validate" else purpose, attempt)

    with replaced(draws.Draws, "uniform", uniform):
        yield


@defect("past", within=15)
def prepares_for_a_crash_to_come() -> Iterator[None]:
    """A store that will crash is slower from the beginning."""

    def work(original: Any, self: Any, *rest: Any) -> int:
        return int(original(self, *rest)) + 1000 * bool(self.before_write or self.disk.watches or self.log.entries)

    with replaced(event_store.EventStore, "_work", work):
        yield


@defect("digest", within=5)
def looks_at_what_is_no_part_of_the_scenario() -> Iterator[None]:
    """The time that a decision takes depends on how many were taken before, in this process."""
    taken: list[int] = []

    def validate(original: Any, self: Any, journey: Any) -> None:
        taken.append(journey.command)
        later = partial(original, self)
        self.clock.after(len(taken) // 7, command_handler.DECIDED, later, journey, command=journey.command)

    with replaced(command_handler.CommandHandler, "_validate", validate):
        yield


@defect("digest", within=5)
def notes_faults_that_never_strike() -> Iterator[None]:
    """A fault that cannot fire leaves its period in the record."""
    with replaced(faults_of_plans.Lowering, "_can_fire", lambda original, self, named: True):
        yield


@defect(
    "rest", within=20, steer=lambda s: plainly(s, faults=cq.StoreCrash(at=ms(100), restart=ms(5)), disk=cq.Disk(ms(5)))
)
def forgets_what_was_under_way() -> Iterator[None]:
    """A crash clears the queue of the store, and nobody writes down what became of the appends in it."""

    def lose(original: Any, self: Any, entry: Any, fault: int) -> None:
        entry.outcome, entry.fault = recovery.CRASHED, fault

    with replaced(recovery.Recovery, "_lose", lose):
        yield


@defect("contract", within=20, steer=lambda s: plainly(
    s, faults=(cq.LyingFlush(), cq.PowerLoss(at=ms(150), restart=ms(5))), store=on_steady_disk(s)))  # fmt: skip
def keeps_what_a_lying_disk_holds() -> Iterator[None]:
    """A loss of power takes nothing that was answered as flushed."""

    def cut(original: Any, self: Any, is_bad: Any, fault: int) -> None:
        return None

    with replaced(recovery.Recovery, "_cut_at", cut):
        yield


@defect("invariants", "contract", within=20, steer=lambda s: plainly(
    s, faults=cq.DuplicateMessages(0.3, "client->handler", after=ms(2))))  # fmt: skip
def doubles_messages_of_nobody() -> Iterator[None]:
    """What is sent twice is another message than the one that is struck."""
    last: list[Any] = []

    def double(original: Any, self: Any, journey: Any, which: int) -> Any:
        last.append(journey)
        return original(self, last[len(last) // 2], which)

    with replaced(links.Route, "_double", double):
        yield
