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
from cqrsim.actors.network import ERROR_EVENT, MAIN, Route
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


_NOTHING = (int(Answer.NOTHING), None)


class Entry:
    """Something that waits for the serial section: an append, an error event, or a read that must come after them."""

    __slots__ = ("durable", "fault", "is_error", "journey", "original", "outcome", "position", "size", "then")

    def __init__(self, journey: Journey, size: int, is_error: bool, then: Callable[[], None] | None) -> None:
        self.journey = journey
        self.size = size
        self.is_error = is_error
        self.then = then
        """For reads: what to do when everything before them has been written."""
        self.outcome = OK
        self.fault = NEVER
        self.position = NEVER
        self.durable = False
        self.original: Entry | None = None
        """For duplicates: the append that came before under the same command id."""


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
        self.window_over_for: Entry | None = None
        self.unflushed: list[Entry] = []
        self.flush_is_due = False
        self.next_position = 0
        self.log: list[Journey] = []
        """Durable appends in the order of their positions; what a polling projection reads."""
        self.stored: dict[int, Entry] = {}
        """Appends by command id, where the store remembers them."""
        self.found: dict[int, tuple[int, Journey]] = {}
        """What a look at the event stream finds under a command id, and of which journey that speaks."""

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
            if self._has_waited_enough():
                self._start()
            elif self.window_closes_for is not self.waiting[0]:
                self._open_window(self.waiting[0])

    def _has_waited_enough(self) -> bool:
        is_full = 0 < self.plan.batch_at_most <= len(self.waiting)
        return self.plan.batch_window_ns <= 0 or is_full or self.window_over_for is self.waiting[0]

    def _open_window(self, first: Entry) -> None:
        self.window_closes_for = first
        journey = first.journey
        self.clock.after(
            self.plan.batch_window_ns, APPEND_STARTED, self._close_window, first,
            command=journey.command, attempt=journey.attempt,
        )  # fmt: skip

    def _close_window(self, first: Entry) -> None:
        self.window_over_for = first
        if not self.busy and self.waiting and self.waiting[0] is first:
            self._start()

    def _start(self) -> None:
        """Write a batch: what is waiting, at most so many."""
        self.busy = True
        now = self.clock.time
        batch = [self.waiting.popleft()] if self.one_by_one else self._take_batch()
        writes = self._sort_out(batch, now)
        leader = (writes or batch)[0]
        work = 0
        if writes:
            work = self._work(leader, writes)
            self._strike(writes, self.disk.error(leader.journey, leader.is_error, now))
            first = leader.journey
            self.record((now, APPEND_STARTED, first.command, first.attempt, 0, 0, len(writes)))
            if self.plan.publish_before_durable:
                self._publish_early(writes)
        journey = leader.journey
        self.clock.after(
            self.disk.time_for(work, now), WRITTEN, self._end, batch, command=journey.command, attempt=journey.attempt
        )

    def _take_batch(self) -> list[Entry]:
        count = len(self.waiting)
        if self.plan.batch_at_most >= 0:
            count = min(count, self.plan.batch_at_most)
        return [self.waiting.popleft() for _ in range(count)]

    def _sort_out(self, batch: list[Entry], now: int) -> list[Entry]:
        """Which of a batch are to be written: what is no duplicate, has the expected version, and finds room.

        Each is judged as if those before it in the batch were written already: all of them will be, or none.
        """
        versions: dict[int, int] = {}
        writes = []
        for entry in batch:
            if entry.then is None and self._is_to_be_written(entry, versions, now):
                writes.append(entry)
                self.disk.used_bytes += entry.size
        return writes

    def _is_to_be_written(self, entry: Entry, versions: dict[int, int], now: int) -> bool:
        journey = entry.journey
        if not entry.is_error and self.plan.dedupe:
            entry.original = self.stored.get(journey.identity)
            if entry.original is not None:
                entry.outcome = DUPLICATE
                return False
        version = 0
        if not entry.is_error and self.plan.check_version:
            version = versions.get(journey.aggregate, self.streams.version[journey.aggregate])
            if journey.expected_version != version:
                entry.outcome = CONFLICT
                return False
        entry.outcome, entry.fault = self.disk.refusal(entry.size, now)
        if entry.outcome == OK and not entry.is_error:
            versions[journey.aggregate] = version + journey.events
            if self.plan.dedupe:
                self.stored[journey.identity] = entry
        return entry.outcome == OK

    def _work(self, leader: Entry, writes: list[Entry]) -> int:
        size = sum([entry.size for entry in writes])
        work = self.disk.write_ns(leader.journey, leader.is_error, size)
        if self.flushes_each:
            return work + sum(self.disk.flush_ns(entry.journey, entry.is_error) for entry in writes)
        return work if self.periodic else work + self.disk.flush_ns(leader.journey, leader.is_error)

    def _strike(self, writes: list[Entry], fault: int) -> None:
        """One operation wrote the batch, so its error is everybody's."""
        if fault != NEVER:
            for entry in writes:
                entry.outcome, entry.fault = ERROR, fault
                if not entry.is_error:
                    self.stored.pop(entry.journey.identity, None)

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
            elif entry.outcome == OK:
                self._takes_its_place(entry)
                kept.append(entry)
            elif entry.original is None:
                self._has_failed(entry)
        if self.periodic:
            self._keep_for_flush(kept)
        else:
            for entry in kept:
                self._is_durable(entry)
                self._answer(entry)
        for entry in batch:
            if entry.original is not None:
                self._repeats(entry, entry.original)
        self.busy = False
        self._start_or_wait_for_more()

    def _takes_its_place(self, entry: Entry) -> None:
        """It has been written: it gets its position, and counts from now on."""
        entry.position = self.next_position
        if entry.is_error:
            self.next_position += 1
        else:
            entry.journey.position = entry.position
            self.next_position += entry.journey.events
            self.streams.append(entry.journey)

    def _repeats(self, entry: Entry, original: Entry) -> None:
        """A duplicate is answered like the append that it repeats, and when that is."""
        if original.outcome != OK:
            entry.outcome, entry.fault = original.outcome, original.fault
            self._tell_failure(entry)
        elif original.durable or self.plan.answer_after_write:
            self._tell_duplicate(entry)
        else:
            self.unflushed.append(entry)

    def _tell_duplicate(self, entry: Entry) -> None:
        self._tell_failure(entry)
        if self.subscriber is not None:
            self.subscriber.send(entry.journey, FOLDED, self.handler.hears_of_duplicate, entry.journey.shard)

    def _has_failed(self, entry: Entry) -> None:
        if entry.outcome == ERROR:
            self.disk.used_bytes -= entry.size
        self._tell_failure(entry)

    def _tell_failure(self, entry: Entry) -> None:
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
        if not self.unflushed:
            self.flush_is_due = False

    def flush_tick(self, nothing: None) -> None:
        """Time for the periodic flush: at once, or right after the write in progress."""
        self.clock.after(self.plan.flush_every_ns, BUFFERED, self.flush_tick, None)
        self.flush_is_due = self.busy or bool(self.unflushed)
        if not self.busy:
            self._start_or_wait_for_more()

    def _start_flush(self) -> None:
        self.busy = True
        self.flush_is_due = False
        batch, self.unflushed = self.unflushed, []
        leader = batch[0].journey
        duration = self.disk.time_for(self.disk.flush_ns(leader, batch[0].is_error), self.clock.time)
        self.clock.after(
            duration, WRITTEN, self._end_flush, batch, command=leader.command, attempt=leader.attempt, place=1
        )

    def _end_flush(self, batch: list[Entry]) -> None:
        for entry in batch:
            if entry.original is not None:
                self._tell_duplicate(entry)
                continue
            self._is_durable(entry)
            if not self.plan.answer_after_write:
                self._answer(entry)
        self.busy = False
        self._start_or_wait_for_more()

    def _is_durable(self, entry: Entry) -> None:
        journey, now = entry.journey, self.clock.time
        entry.durable = True
        if entry.is_error:
            self.record((now, REFUSAL_STORED, journey.command, journey.attempt, 0, 0, entry.position))
            if self.found.get(journey.identity, _NOTHING)[0] != SUCCESS:
                self.found[journey.identity] = FAILURE, journey
            self._push(journey, FAILURE)
            return
        self.record((now, WRITTEN, journey.command, journey.attempt, 0, 0, entry.position))
        self.found[journey.identity] = SUCCESS, journey
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
            kind = MAIN if answer == SUCCESS else ERROR_EVENT
            self.to_client.send(journey, INFORMED, hear, journey.session, kind)

    # --- reading -------------------------------------------------------------------------------------------------

    def read_ns(self, journey: Journey) -> int:
        """How long it takes to read the stream of an aggregate: what has come since its snapshot."""
        version = self.streams.version[journey.aggregate]
        if self.plan.snapshot_every > 0:
            version %= self.plan.snapshot_every
        work = self.plan.read[journey.luck][journey.command] + version * self.plan.read_per_event_ns
        return self.disk.time_for(work, self.clock.time)
