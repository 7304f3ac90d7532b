"""The event store: one serial section in which appends become durable, in the order in which they came.

A batch of appends is written by one operation of the disk.  Versions and positions are given at its end, so that an
append that failed leaves no gap.  What is durable is published; what is asked for is read.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial

from cqrsim.actors.clock import Clock
from cqrsim.actors.disk import FOREVER, Disk, Fate, slot_of
from cqrsim.actors.event_log import Entry, EventLog
from cqrsim.actors.faults import Watch
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.publisher import Publisher
from cqrsim.messages import Answer, AppendOutcome, Link, Operation
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.answers import Flush, OnError
from cqrsim.plan.parts import StorePlan

APPEND_RECEIVED, APPEND_STARTED = int(Moment.APPEND_RECEIVED), int(Moment.APPEND_STARTED)
BUFFERED, WRITTEN, APPEND_FAILED = int(Moment.BUFFERED), int(Moment.WRITTEN), int(Moment.APPEND_FAILED)
MESSAGE_LOST, HANDLER_TO_STORE = int(Moment.MESSAGE_LOST), int(Link.HANDLER_TO_STORE)
REFUSAL_STORED, REFUSAL_LOST = int(Moment.REFUSAL_STORED), int(Moment.REFUSAL_LOST)
OK, DUPLICATE = int(AppendOutcome.OK), int(AppendOutcome.DUPLICATE)
ERROR, CONFLICT = int(AppendOutcome.ERROR), int(AppendOutcome.CONFLICT)
FENCED, FAILURE = int(AppendOutcome.FENCED), int(Answer.FAILURE)


class EventStore:
    """Appends, publishes, answers and reads."""

    def __init__(self, plan: StorePlan, disk: Disk, log: EventLog, clock: Clock, recorder: Recorder) -> None:
        self.plan = plan
        self.disk = disk
        self.log = log
        self.clock = clock
        self.record = recorder.add
        self.one_by_one = plan.batch_at_most == 1
        self.periodic = plan.flush == Flush.PERIODIC
        self.flushes_each = plan.flush == Flush.EACH
        self.waiting: deque[Entry] = deque()
        self.busy = False
        self.window_closes_for: Entry | None = None
        self.window_over_for: Entry | None = None
        self.unflushed: list[Entry] = []
        self.flush_is_due = False
        self.at_work: list[Entry] | None = None
        """The batch that the disk is busy with."""
        self.fate: Fate | None = None
        """What becomes of it, where something may go wrong."""
        self.began_at = 0
        self.when_idle: Callable[[], None] | None = None
        """What to do as soon as nothing is in hand: the restart before the judgement."""
        self.is_down = False
        self.down_by = NEVER
        """Which fault has brought it down."""
        self.poisoned_by: int | None = None
        """The fault after which it refuses everything until it is started again."""
        self.life = 0
        """How often it has crashed; what was under way in an earlier life is void."""
        self.held: deque[Callable[[], None]] = deque()
        """What has come while it was down, and waits."""
        self.holds_while_down = True
        self.answers_dead = False
        """Its disk is dead, and says so."""
        self.newest: defaultdict[int, int] = defaultdict(int)
        """The newest instance of each shard, where older ones are fenced off."""
        self.before_write: list[Watch] = []
        self.after_write: list[Watch] = []
        self.before_flush: list[Watch] = []
        self.after_flush: list[Watch] = []
        """Faults that strike at an operation, and bring the store down."""
        self.give_up: Callable[[int], None] = _stays_up
        """What to do when it has to exit by its own policy, after which fault."""

    def meet(self, publisher: Publisher) -> None:
        """Get to know who tells the others."""
        self.publisher = publisher
        if self.periodic:
            self.clock.after(self.plan.flush_every_ns, BUFFERED, self.flush_tick, None)

    # --- what comes in -------------------------------------------------------------------------------------------

    def append(self, journey: Journey) -> None:
        """An append has arrived."""
        if self.is_down:
            self._meets_nobody(Entry(journey, 0, False, None), partial(self.append, journey))
        else:
            self._enter(Entry(journey, journey.events * journey.event_bytes, False, None))

    def append_error(self, size: int, journey: Journey) -> None:
        """An error event has arrived: a refusal, stored like any event."""
        if self.is_down:
            self._meets_nobody(Entry(journey, 0, True, None), partial(self.append_error, size, journey))
        else:
            self._enter(Entry(journey, size, True, None))

    def after_appends(self, journey: Journey, then: Callable[[], None]) -> None:
        """A read has arrived that must see everything that came before it."""
        if self.is_down:
            self._meets_nobody(Entry(journey, 0, False, then), partial(self.after_appends, journey, then))
        else:
            self._enter(Entry(journey, 0, False, then))

    def _meets_nobody(self, entry: Entry, again: Callable[[], None]) -> None:
        """What arrives while the store is down waits for it, or is lost; a dead disk may answer with an error."""
        if self.answers_dead and entry.then is None:
            entry.outcome, entry.fault = ERROR, self.down_by
            self._note_arrival(entry)
            self._tell_failure(entry)
        elif self.holds_while_down:
            self.held.append(again)
        else:
            self.lose(entry.journey)

    def lose(self, journey: Journey) -> None:
        """A message to the store has found nobody there."""
        lost = (self.clock.time, MESSAGE_LOST, journey.command, journey.attempt, HANDLER_TO_STORE, 0, self.down_by)
        self.record(lost)

    def _note_arrival(self, entry: Entry) -> None:
        journey = entry.journey
        if entry.then is None and not entry.is_error:
            now = self.clock.time
            self.record((now, APPEND_RECEIVED, journey.command, journey.attempt, 0, 0, len(self.waiting)))

    def _enter(self, entry: Entry) -> None:
        self._note_arrival(entry)
        self.waiting.append(entry)
        if not self.busy:
            self.go_on()

    # --- the serial section --------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Turn to what is waiting, if there is anything, and it has waited enough."""
        if self.when_idle is not None and not self.unflushed:
            restart, self.when_idle = self.when_idle, None
            restart()
            return
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
        self.at_work, self.fate, self.began_at = batch, None, now
        duration = 0
        journey = leader.journey
        if writes:
            if self.before_write and self._is_struck(self.before_write, leader):
                return
            duration = self._begin_write(leader, writes, now)
            if self.before_flush and not self.periodic:
                write_ns = self.disk.time_for(self.write_work(leader, writes), now)
                self.clock.after(write_ns, BUFFERED, self._begins_to_flush, batch, command=journey.command)
            self.record((now, APPEND_STARTED, journey.command, journey.attempt, 0, 0, len(writes)))
            if self.plan.publish_before_durable:
                self._publish_early(writes)
        self.clock.after(duration, WRITTEN, self._end, batch, command=journey.command, attempt=journey.attempt)

    def _is_struck(self, watches: list[Watch], leader: Entry) -> bool:
        """Whether one of the faults that watch this operation brings the store down."""
        life = self.life
        for watch in watches:
            watch.hits(leader.journey, slot_of(leader.journey, leader.is_error))
        return self.life != life

    def _begins_to_flush(self, batch: list[Entry]) -> None:
        """The bytes have left the process, and are forced to the medium from now on."""
        if batch is self.at_work:
            self._is_struck(self.before_flush, batch[0])

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
                entry.takes_room = True
                self.disk.used_bytes += entry.size
        return writes

    def _is_to_be_written(self, entry: Entry, versions: dict[int, int], now: int) -> bool:
        journey = entry.journey
        if self.poisoned_by is not None:
            entry.outcome, entry.fault = ERROR, self.poisoned_by
            return False
        if not entry.is_error and self.plan.dedupe:
            entry.original = self.log.original_of(journey.identity)
            if entry.original is not None:
                entry.outcome = DUPLICATE
                return False
        if self.plan.fencing and journey.home.number < self.newest[journey.shard]:
            entry.outcome, entry.fault = FENCED, journey.home.replaced_by
            return False
        version = 0
        if not entry.is_error and self.plan.check_version:
            version = versions.get(journey.aggregate, self.log.streams.version[journey.aggregate])
            if journey.expected_version != version:
                entry.outcome = CONFLICT
                return False
        entry.outcome, entry.fault = self.disk.refusal(journey, entry.is_error, entry.size, now)
        if entry.outcome == OK and not entry.is_error:
            versions[journey.aggregate] = version + journey.events
            if self.plan.dedupe:
                self.log.remember(entry)
        return entry.outcome == OK

    def _begin_write(self, leader: Entry, writes: list[Entry], now: int) -> int:
        """How long the write takes; what becomes of it is decided now, and shows at its end."""
        work = self._work(leader, writes)
        if not self.disk.watches:
            return self.disk.time_for(work, now)
        operations = _WRITE if self.periodic else _WRITE_AND_FLUSH
        fate = self.disk.fate(leader.journey, leader.is_error, work, operations, self.plan.retry_flush)
        self.fate = fate
        for entry in writes:
            entry.safe_from = fate.safe_from
            if fate.outcome != OK:
                entry.outcome, entry.fault = fate.outcome, fate.fault
                if not entry.is_error:
                    self.log.forget(entry)
        return fate.duration

    def _work(self, leader: Entry, writes: list[Entry]) -> int:
        work = self.write_work(leader, writes)
        if self.flushes_each:
            return work + sum(self.disk.flush_ns(entry.journey, entry.is_error) for entry in writes)
        return work if self.periodic else work + self.disk.flush_ns(leader.journey, leader.is_error)

    def write_work(self, leader: Entry, writes: list[Entry]) -> int:
        """Work to write a batch, without forcing it to the medium."""
        return self.disk.write_ns(leader.journey, leader.is_error, sum([entry.size for entry in writes]))

    def _publish_early(self, writes: list[Entry]) -> None:
        """Publish before it is known whether the write will succeed, under the positions it then would get."""
        position = self.log.next_position
        for entry in writes:
            if not entry.is_error:
                entry.journey.position = position
                self.publisher.publish(entry)
            position += 1 if entry.is_error else entry.journey.events

    def _end(self, batch: list[Entry]) -> None:
        """The batch is written: give versions and positions, tell everybody, go on."""
        if batch is not self.at_work:
            return  # the store has crashed meanwhile
        fate = self.fate
        if self.after_write and self._is_struck_behind(batch):
            return
        if fate is not None and fate.outcome == ERROR and self.plan.on_error != OnError.CONTINUE:
            if self.plan.on_error == OnError.EXIT:
                self.give_up(fate.fault)
                return
            self.poisoned_by = fate.fault
        self.at_work = None
        kept = []
        for entry in batch:
            if entry.then is not None:
                entry.then()
            elif entry.outcome == OK:
                self.log.place(entry)
                kept.append(entry)
            elif entry.original is None:
                self._has_failed(entry, fate)
        if self.periodic:
            self._keep_for_flush(kept)
        else:
            for entry in kept:
                self._is_durable(entry)
                self.publisher.answer(entry)
        for entry in batch:
            if entry.original is not None:
                self._repeats(entry, entry.original)
        self.busy = False
        self.go_on()

    def _is_struck_behind(self, batch: list[Entry]) -> bool:
        """Whether a fault strikes between the flush and the answers."""
        first = next((entry for entry in batch if entry.then is None and entry.original is None), None)
        return first is not None and self._is_struck(self.after_write, first)

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
        self.publisher.tell_of_duplicate(entry.journey)

    def _has_failed(self, entry: Entry, fate: Fate | None) -> None:
        """An error has been reported; the bytes may be there all the same, and show when the store starts again."""
        if fate is not None and entry.takes_room and entry.outcome == fate.outcome:
            if fate.kept:
                self.log.in_doubt.append(entry)
            else:
                entry.takes_room = False
                self.disk.used_bytes -= entry.size
        self._tell_failure(entry)

    def _tell_failure(self, entry: Entry) -> None:
        self.note_failure(entry)
        self.publisher.answer(entry)

    def note_failure(self, entry: Entry) -> None:
        """Record what became of an append that did not become durable."""
        journey, moment = entry.journey, REFUSAL_LOST if entry.is_error else APPEND_FAILED
        now = self.clock.time
        entry.noted = True
        self.record((now, moment, journey.command, journey.attempt, 0, entry.outcome, entry.fault))

    # --- durability ----------------------------------------------------------------------------------------------

    def _keep_for_flush(self, kept: list[Entry]) -> None:
        now = self.clock.time
        for entry in kept:
            journey = entry.journey
            if not entry.is_error:
                self.record((now, BUFFERED, journey.command, journey.attempt, 0, 0, entry.position))
            self.unflushed.append(entry)
            if self.plan.answer_after_write:
                self.publisher.answer(entry)
        if not self.unflushed:
            self.flush_is_due = False

    def flush_tick(self, nothing: None) -> None:
        """Time for the periodic flush: at once, or right after the write in progress."""
        self.clock.after(self.plan.flush_every_ns, BUFFERED, self.flush_tick, None)
        if self.is_down:
            return
        self.flush_is_due = self.busy or bool(self.unflushed)
        if not self.busy:
            self.go_on()

    def _start_flush(self) -> None:
        self.busy = True
        self.flush_is_due = False
        batch, self.unflushed = self.unflushed, []
        self.at_work, self.fate = batch, None
        leader = batch[0].journey
        if self.before_flush and self._is_struck(self.before_flush, batch[0]):
            return
        duration = self._begin_flush(batch[0])
        self.clock.after(
            duration, WRITTEN, self._end_flush, batch, command=leader.command, attempt=leader.attempt, place=1
        )

    def _begin_flush(self, first: Entry) -> int:
        work = self.disk.flush_ns(first.journey, first.is_error)
        if not self.disk.watches:
            return self.disk.time_for(work, self.clock.time)
        self.fate = self.disk.fate(first.journey, first.is_error, work, _FLUSH, self.plan.retry_flush)
        return self.fate.duration

    def _end_flush(self, batch: list[Entry]) -> None:
        if batch is not self.at_work:
            return
        fate = self.fate
        if self.after_flush and self._is_struck(self.after_flush, batch[0]):
            return
        if fate is not None and fate.outcome != OK and self._flush_has_failed(batch, fate):
            return
        self.at_work = None
        for entry in batch:
            if entry.original is not None:
                self._tell_duplicate(entry)
                continue
            entry.safe_from = max(entry.safe_from, 0 if fate is None else fate.safe_from)
            self._is_durable(entry)
            if not self.plan.answer_after_write:
                self.publisher.answer(entry)
        self.busy = False
        self.go_on()

    def _flush_has_failed(self, batch: list[Entry], fate: Fate) -> bool:
        """A periodic flush has reported an error.  A store that goes on comes to the next flush, which seems to work.

        Returns whether nothing more is to be done.
        """
        if self.plan.on_error == OnError.EXIT:
            self.give_up(fate.fault)
            return True
        if self.plan.on_error == OnError.POISON:
            self.poisoned_by = fate.fault
        if not fate.kept:
            for entry in batch:
                entry.safe_from = FOREVER
        self.unflushed = batch + self.unflushed
        self.at_work = None
        self.busy = False
        self.go_on()
        return True

    def _is_durable(self, entry: Entry) -> None:
        journey, now = entry.journey, self.clock.time
        self.log.keep(entry)
        if entry.is_error:
            self.record((now, REFUSAL_STORED, journey.command, journey.attempt, 0, 0, entry.position))
            self.publisher.push(journey, FAILURE)
            return
        self.record((now, WRITTEN, journey.command, journey.attempt, 0, 0, entry.position))
        if not self.plan.publish_before_durable:
            self.publisher.publish(entry)

    # --- reading -------------------------------------------------------------------------------------------------

    def read_ns(self, journey: Journey) -> int:
        """How long it takes to read the stream of an aggregate: what has come since its snapshot."""
        version = self._since_snapshot(self.log.streams.version[journey.aggregate])
        work = self.plan.read[journey.luck][journey.command] + version * self.plan.read_per_event_ns
        return self.disk.time_for(work, self.clock.time)

    def read_all_ns(self, shard: int, number: int, events: int) -> int:
        """How long it takes a shard to read so many events in one sweep, when it does so for the ``number``-th time."""
        work = self.plan.read_by_shards[shard][number] + events * self.plan.read_per_event_ns
        return self.disk.time_for(work, self.clock.time)

    def to_read_of(self, aggregate: int) -> int:
        """How many events a reader of a stream needs: those since its snapshot."""
        return self._since_snapshot(self.log.streams.version[aggregate])

    def _since_snapshot(self, version: int) -> int:
        return version % self.plan.snapshot_every if self.plan.snapshot_every > 0 else version

    def not_flushed(self) -> list[Entry]:
        """What is written and waits for a periodic flush, or is in one."""
        in_flush = [entry for entry in self.at_work or () if entry.position != NEVER]
        return [entry for entry in in_flush + self.unflushed if entry.original is None]

    def when_up(self, then: Callable[[], None]) -> None:
        """Do something now, or as soon as the store is up."""
        if self.is_down:
            self.held.append(then)
        else:
            then()


def _stays_up(fault: int) -> None:
    """Stands where no fault can make a store exit."""


_WRITE, _FLUSH = (Operation.WRITE,), (Operation.FLUSH,)
_WRITE_AND_FLUSH = (Operation.WRITE, Operation.FLUSH)
