"""The event store: one serial section in which appends become durable, in the order in which they came.

A batch of appends is written by one operation of the disk.  Versions and positions are given at its end, so that an
append that failed leaves no gap.  What is durable is published; what is asked for is read.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.actors.disk import Disk
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.network import Route
from cqrsim.actors.rules import Streams
from cqrsim.messages import Answer, AppendOutcome
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.answers import Flush
from cqrsim.plan.parts import StorePlan

if TYPE_CHECKING:
    from cqrsim.actors.client import Clients
    from cqrsim.actors.command_handler import CommandHandler
    from cqrsim.actors.projection import Projection

APPEND_RECEIVED, APPEND_STARTED = int(Moment.APPEND_RECEIVED), int(Moment.APPEND_STARTED)
BUFFERED, WRITTEN, APPEND_FAILED = int(Moment.BUFFERED), int(Moment.WRITTEN), int(Moment.APPEND_FAILED)
REFUSAL_STORED, REFUSAL_LOST = int(Moment.REFUSAL_STORED), int(Moment.REFUSAL_LOST)
PUBLISHED, DELIVERED, FOLDED = int(Moment.PUBLISHED), int(Moment.DELIVERED), int(Moment.FOLDED)
APPEND_ANSWERED, INFORMED, REREAD = int(Moment.APPEND_ANSWERED), int(Moment.INFORMED), int(Moment.REREAD)
OK, DUPLICATE = int(AppendOutcome.OK), int(AppendOutcome.DUPLICATE)
ERROR, CONFLICT = int(AppendOutcome.ERROR), int(AppendOutcome.CONFLICT)
SUCCESS, FAILURE = int(Answer.SUCCESS), int(Answer.FAILURE)


class Entry:
    """Something that waits for the serial section: an append, an error event, or a read that must come after them."""

    __slots__ = ("fault", "is_error", "journey", "outcome", "position", "size", "then")

    def __init__(self, journey: Journey, size: int, is_error: bool, then: Callable[[], None] | None) -> None:
        self.journey = journey
        self.size = size
        self.is_error = is_error
        self.then = then
        """For reads: what to do when everything before them has been written."""
        self.outcome = OK
        self.fault = NEVER
        self.position = NEVER


class EventStore:
    """Appends, publishes, answers and reads."""

    def __init__(
        self, plan: StorePlan, disk: Disk, clock: Clock, recorder: Recorder, streams: Streams, answer: Route
    ) -> None:
        self.plan = plan
        self.disk = disk
        self.clock = clock
        self.record = recorder.add
        self.streams = streams
        self.answer_route = answer
        self.one_by_one = plan.batch_at_most == 1
        self.periodic = plan.flush == Flush.PERIODIC
        self.flushes_each = plan.flush == Flush.EACH
        self.waiting: deque[Entry] = deque()
        self.busy = False
        self.window_closes_for: Entry | None = None
        self.unflushed: list[Entry] = []
        self.flush_is_due = False
        self.next_position = 0
        self.log: list[Journey] = []
        """Durable appends in the order of their positions; what a polling projection reads."""
        self.stored_ids: set[int] = set()
        self.found: dict[int, int] = {}
        """What a look at the event stream by command id finds."""

    def meet(
        self,
        handler: "CommandHandler",
        projections: "list[Projection]",
        clients: "Clients",
        publications: list[Route],
        subscriber: Route,
        to_client: Route,
    ) -> None:
        """Get to know who listens, and by which routes they hear."""
        self.handler = handler
        self.clients = clients
        self.subscriber = subscriber if handler.listens else None
        self.to_client = to_client
        self.pushes = any(clients.pushed)
        self.views = [(view, route) for view, route in zip(projections, publications, strict=True) if not view.polls]
        if self.periodic:
            self.clock.after(self.plan.flush_every_ns, BUFFERED, self.flush_tick, None)

    # --- what comes in -------------------------------------------------------------------------------------------

    def append(self, journey: Journey) -> None:
        """An append has arrived."""
        self._enter(Entry(journey, journey.events * journey.event_bytes, False, None))

    def append_error(self, size: int, journey: Journey) -> None:
        """An error event has arrived: a refusal, stored like any event."""
        self._enter(Entry(journey, size, True, None))

    def after_appends(self, journey: Journey, then: Callable[[], None]) -> None:
        """A read has arrived that must see everything that came before it."""
        self._enter(Entry(journey, 0, False, then))

    def _enter(self, entry: Entry) -> None:
        journey = entry.journey
        if entry.then is None and not entry.is_error:
            now = self.clock.time
            self.record((now, APPEND_RECEIVED, journey.command, journey.attempt, 0, 0, len(self.waiting)))
        self.waiting.append(entry)
        if not self.busy:
            self._start_or_wait_for_more()

    # --- the serial section --------------------------------------------------------------------------------------

    def _start_or_wait_for_more(self) -> None:
        if self.flush_is_due and self.unflushed:
            self._start_flush()
        elif self.waiting:
            if self.plan.batch_window_ns <= 0 or 0 < self.plan.batch_at_most <= len(self.waiting):
                self._start()
            elif self.window_closes_for is not self.waiting[0]:
                self._open_window(self.waiting[0])

    def _open_window(self, first: Entry) -> None:
        self.window_closes_for = first
        journey = first.journey
        self.clock.after(
            self.plan.batch_window_ns, APPEND_STARTED, self._close_window, first,
            command=journey.command, attempt=journey.attempt,
        )  # fmt: skip

    def _close_window(self, first: Entry) -> None:
        if not self.busy and self.waiting and self.waiting[0] is first:
            self._start()

    def _start(self) -> None:
        """Write a batch: what is waiting, at most so many."""
        self.busy = True
        now = self.clock.time
        batch = [self.waiting.popleft()] if self.one_by_one else self._take_batch()
        writes, size = [], 0
        for entry in batch:
            if entry.then is None and self._finds_room(entry, now):
                writes.append(entry)
                size += entry.size
        leader = (writes or batch)[0].journey
        work = 0
        if writes:
            work = self._work(leader, writes, size)
            self._strike(writes, self.disk.error(leader, now))
            self.record((now, APPEND_STARTED, leader.command, leader.attempt, 0, 0, len(writes)))
            if self.plan.publish_before_durable:
                self._publish_early(writes)
        self.clock.after(
            self.disk.time_for(work, now), WRITTEN, self._end, batch, command=leader.command, attempt=leader.attempt
        )

    def _take_batch(self) -> list[Entry]:
        count = len(self.waiting)
        if self.plan.batch_at_most >= 0:
            count = min(count, self.plan.batch_at_most)
        return [self.waiting.popleft() for _ in range(count)]

    def _finds_room(self, entry: Entry, now: int) -> bool:
        """Whether the append is to be written; what fits is counted in at once."""
        if self.plan.dedupe and not entry.is_error and entry.journey.identity in self.stored_ids:
            entry.outcome = DUPLICATE
            return False
        entry.outcome, entry.fault = self.disk.refusal(entry.size, now)
        if entry.outcome != OK:
            return False
        self.disk.used_bytes += entry.size
        return True

    def _work(self, leader: Journey, writes: list[Entry], size: int) -> int:
        work = self.disk.write_ns(leader, size)
        if self.flushes_each:
            return work + sum(self.disk.flush_ns(entry.journey) for entry in writes)
        return work if self.periodic else work + self.disk.flush_ns(leader)

    def _strike(self, writes: list[Entry], fault: int) -> None:
        """One operation wrote the batch, so its error is everybody's."""
        if fault != NEVER:
            for entry in writes:
                entry.outcome, entry.fault = ERROR, fault

    def _publish_early(self, writes: list[Entry]) -> None:
        """Publish before it is known whether the write will succeed, under the positions it then would get."""
        position = self.next_position
        for entry in writes:
            if not entry.is_error:
                entry.journey.position = position
                self._publish(entry.journey)
            position += 1 if entry.is_error else entry.journey.events

    def _end(self, batch: list[Entry]) -> None:
        """The batch is written: give versions and positions, tell everybody, go on."""
        kept = []
        for entry in batch:
            if entry.then is not None:
                entry.then()
            elif self._takes_its_place(entry):
                kept.append(entry)
        if self.periodic:
            self._keep_for_flush(kept)
        else:
            for entry in kept:
                self._is_durable(entry)
                self._answer(entry)
        self.busy = False
        self._start_or_wait_for_more()

    def _takes_its_place(self, entry: Entry) -> bool:
        """Check the version; count the append in, or give its room back and say that it failed."""
        journey = entry.journey
        if entry.outcome == OK and not entry.is_error and self._conflicts(journey):
            entry.outcome = CONFLICT
            self.disk.used_bytes -= entry.size
        elif entry.outcome == ERROR:
            self.disk.used_bytes -= entry.size
        if entry.outcome != OK:
            self._has_failed(entry)
            return False
        entry.position = self.next_position
        if entry.is_error:
            self.next_position += 1
        else:
            journey.position = entry.position
            self.next_position += journey.events
            self.streams.append(journey)
            if self.plan.dedupe:
                self.stored_ids.add(journey.identity)
        return True

    def _conflicts(self, journey: Journey) -> bool:
        return self.plan.check_version and journey.expected_version != self.streams.version[journey.aggregate]

    def _has_failed(self, entry: Entry) -> None:
        journey, moment = entry.journey, REFUSAL_LOST if entry.is_error else APPEND_FAILED
        now = self.clock.time
        self.record((now, moment, journey.command, journey.attempt, 0, entry.outcome, entry.fault))
        self._answer(entry)

    # --- durability ----------------------------------------------------------------------------------------------

    def _keep_for_flush(self, kept: list[Entry]) -> None:
        now = self.clock.time
        for entry in kept:
            journey = entry.journey
            if not entry.is_error:
                self.record((now, BUFFERED, journey.command, journey.attempt, 0, 0, entry.position))
            self.unflushed.append(entry)
            if self.plan.answer_after_write:
                self._answer(entry)

    def flush_tick(self, nothing: None) -> None:
        """Time for the periodic flush: at once, or right after the write in progress."""
        self.clock.after(self.plan.flush_every_ns, BUFFERED, self.flush_tick, None)
        self.flush_is_due = True
        if not self.busy:
            self._start_or_wait_for_more()

    def _start_flush(self) -> None:
        self.busy = True
        self.flush_is_due = False
        batch, self.unflushed = self.unflushed, []
        leader = batch[0].journey
        duration = self.disk.time_for(self.disk.flush_ns(leader), self.clock.time)
        self.clock.after(
            duration, WRITTEN, self._end_flush, batch, command=leader.command, attempt=leader.attempt, place=1
        )

    def _end_flush(self, batch: list[Entry]) -> None:
        for entry in batch:
            self._is_durable(entry)
            if not self.plan.answer_after_write:
                self._answer(entry)
        self.busy = False
        self._start_or_wait_for_more()

    def _is_durable(self, entry: Entry) -> None:
        journey, now = entry.journey, self.clock.time
        if entry.is_error:
            self.record((now, REFUSAL_STORED, journey.command, journey.attempt, 0, 0, entry.position))
            self.found[journey.command] = FAILURE
            self._push(journey, FAILURE)
            return
        self.record((now, WRITTEN, journey.command, journey.attempt, 0, 0, entry.position))
        self.found[journey.command] = SUCCESS
        self.log.append(journey)
        if not self.plan.publish_before_durable:
            self._publish(journey)

    # --- what goes out -------------------------------------------------------------------------------------------

    def _answer(self, entry: Entry) -> None:
        """Tell the handler what became of its append, if it listens."""
        if entry.is_error or not self.handler.wants_answers:
            return
        answered = partial(self.handler.answered, entry.outcome)
        self.answer_route.send(entry.journey, APPEND_ANSWERED, answered, entry.journey.shard)

    def _publish(self, journey: Journey) -> None:
        now = self.clock.time
        self.record((now, PUBLISHED, journey.command, journey.attempt, 0, 0, journey.position))
        if self.subscriber is not None:
            self.subscriber.send(journey, FOLDED, self.handler.hears_event, journey.shard)
        for view, route in self.views:
            route.send(journey, DELIVERED, view.deliver, 0)
        if self.pushes:
            self._push(journey, SUCCESS)

    def _push(self, journey: Journey, answer: int) -> None:
        if self.clients.pushed[journey.group]:
            hear = partial(self.clients.hears_event, answer)
            self.to_client.send(journey, INFORMED, hear, journey.session)

    # --- reading -------------------------------------------------------------------------------------------------

    def read_ns(self, journey: Journey) -> int:
        """How long it takes to read the stream of an aggregate: what has come since its snapshot."""
        version = self.streams.version[journey.aggregate]
        if self.plan.snapshot_every > 0:
            version %= self.plan.snapshot_every
        work = self.plan.read[journey.attempt][journey.command] + version * self.plan.read_per_event_ns
        return self.disk.time_for(work, self.clock.time)
