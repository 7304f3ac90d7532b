"""Where commands queue, and how much work each brings there: means alone, and never more than there really is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from cqrsim.experiments.loads.flows import Flows, hottest_shares
from cqrsim.experiments.loads.means import least_mean_of_sum_ns
from cqrsim.scenario import AnyDistribution, Disk, Projection, Scenario
from cqrsim.units import Duration

SECOND_NS = 1e9


@dataclass(frozen=True)
class Station:
    """A place with a queue: what comes, how long one takes, and how many are served at a time."""

    name: str
    what: str
    """What comes, in the plural."""
    arrivals_per_s: float
    mean_ns: float
    """What one adds to the work, when there is always one that waits."""
    servers: int = 1
    besides: float = 0.0
    """Utilisation by work that nobody waits for, such as periodic flushes; not known to the last digit."""
    notes: tuple[str, ...] = ()
    """What the numbers rest on."""
    hangs_on_appends: bool = False
    """Whether there is less to do where fewer commands are accepted, or fewer appends written."""
    drops: str = ""
    """Why it never grows, if it does not."""

    @property
    def least_utilisation(self) -> float:
        """The share of its time that the arrivals need for certain; more than 1 where it cannot keep up."""
        return self.arrivals_per_s * self.mean_ns / SECOND_NS / self.servers

    @property
    def utilisation(self) -> float:
        """The same with the work besides."""
        return self.least_utilisation + self.besides


@dataclass(frozen=True)
class Stations:
    """All places where the commands of a scenario queue, for given flows."""

    scenario: Scenario
    flows: Flows

    def __iter__(self) -> Iterator[Station]:
        yield self.handler()
        if self.scenario.handlers.turn != "none":
            yield self.turn()
        yield self.disk()
        for view in self.scenario.views:
            yield self.projection(view)

    def handler(self) -> Station:
        """The workers of the shard that gets most: they load and validate, and may wait for the end of the turn."""
        handlers = self.scenario.handlers
        waits = handlers.worker_waits
        return Station(
            "handler",
            "commands",
            self.flows.received * hottest_shares(self.scenario.aggregates, handlers.shards)[1],
            self._hold_ns if waits else self._decide_ns,
            handlers.workers,
            notes=("without waits in the store's queue",) if waits else (),
            hangs_on_appends=waits and self._holds_longer_if_accepted,
        )

    def turn(self) -> Station:
        """The turn that most commands need: of an aggregate, a shard, or the only one."""
        scenario = self.scenario
        aggregate, shard = hottest_shares(scenario.aggregates, scenario.handlers.shards)
        name, share = {
            "aggregate": ("turn of the hottest aggregate", aggregate),
            "shard": ("turn of the hottest shard", shard),
            "everything": ("turn", 1.0),
        }[scenario.handlers.turn]
        return Station(
            name,
            "commands",
            self.flows.received * share,
            self._hold_ns,
            notes=("without waits for a worker or in the store's queue",),
            hangs_on_appends=self._holds_longer_if_accepted,
        )

    def disk(self) -> Station:
        """The store's serial section: one write after the other, each of a full batch."""
        store, disk, flows = self.scenario.store, self.scenario.disk, self.flows
        size = flows.stored_bytes / flows.entries if flows.entries else 0.0
        flush = disk.flush.mean_ns()
        each = int(disk.per_kib) * size / 1024 + (flush if store.flush == "each" else 0.0)
        batch = disk.write.mean_ns() + (flush if store.flush == "group" else 0.0)
        is_periodic = isinstance(store.flush, Duration)
        return Station(
            "disk",
            "writes",
            flows.entries,
            each + (0.0 if store.batch_at_most is None else batch / store.batch_at_most),
            besides=flush / int(store.flush) if is_periodic and flows.entries else 0.0,
            notes=_of_batches(store.batch_at_most),
            hangs_on_appends=True,
        )

    def projection(self, view: Projection) -> Station:
        """One projection: it applies the events of one append after the other, and fetches so many at a time."""
        flows, per_append = self.flows, self.flows.events / self.flows.appends if self.flows.appends else 0.0
        batch = math.inf if view.batch is None else view.batch
        work = view.apply.mean_ns() * per_append
        if view.commit is not None:
            work += view.commit.mean_ns() / batch
        if view.poll is not None:
            work = max(work, int(view.poll) / batch)
        delivered = 1.0 if view.poll is not None else 1 - self.scenario.network.store_to_projection.loss
        arrivals, checkpoints = flows.appends * delivered, 0.0
        if view.checkpoint_every is not None:
            checkpoints = arrivals * per_append / view.checkpoint_every * view.checkpoint.mean_ns() / SECOND_NS
        return Station(
            f"projection {view.name}",
            "appends",
            arrivals,
            work,
            besides=checkpoints,
            notes=_of_batches(view.batch) if view.commit is not None else (),
            hangs_on_appends=True,
            drops="" if view.buffer is None else f"at most {view.buffer} wait",
        )

    @cached_property
    def _waits_for_store(self) -> bool:
        return self.scenario.state.answers().wait_for != "nothing"

    @cached_property
    def _holds_longer_if_accepted(self) -> bool:
        return self._waits_for_store or self.scenario.state.answers().save_time is not None

    @cached_property
    def _decide_ns(self) -> float:
        """Loading, where the state does so, and validating."""
        answers, network = self.scenario.state.answers(), self.scenario.network
        load: tuple[AnyDistribution, ...] = ()
        if answers.load:
            load = (network.handler_to_store.delay, self.scenario.store.read, network.store_to_handler.delay)
        return least_mean_of_sum_ns(load, _limit(answers.give_up_after)) + self.scenario.handlers.validate.mean_ns()

    @cached_property
    def _hold_ns(self) -> float:
        """How long a command holds its turn; those without events only until they are decided."""
        answers = self.scenario.state.answers()
        after = 0.0 if answers.save_time is None else answers.save_time.mean_ns()
        if self._waits_for_store:
            after += least_mean_of_sum_ns(self._until_heard(), _limit(answers.give_up_after))
        share = self.flows.accepted / self.flows.received if self.flows.received else 0.0
        return self._decide_ns + share * after

    def _until_heard(self) -> tuple[AnyDistribution, ...]:
        """What passes at least between an append and the word of it that the turn waits for."""
        store, network, disk = self.scenario.store, self.scenario.network, self.scenario.disk
        if self.scenario.state.answers().wait_for == "answer":
            is_early = store.answer_after == "write"
            return network.handler_to_store.delay, *_written(disk, is_early), network.store_to_handler.delay
        back = network.store_to_subscriber.delay
        if store.publish == "before_durable":
            return network.handler_to_store.delay, back
        return network.handler_to_store.delay, *_written(disk), back


def _written(disk: Disk, is_early: bool = False) -> tuple[AnyDistribution, ...]:
    """A write, and a flush unless the answer comes before it."""
    return (disk.write,) if is_early else (disk.write, disk.flush)


def _limit(patience: Duration | None) -> float:
    return math.inf if patience is None else float(int(patience))


def _of_batches(at_most: int | None) -> tuple[str, ...]:
    """How batches behave under load."""
    if at_most == 1:
        return ()
    return ("batches grow with the load",) if at_most is None else ("all batches are full",)
