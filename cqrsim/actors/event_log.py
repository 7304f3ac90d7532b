"""What the event store holds: the log, the streams that readers see, and what it remembers of command ids."""

from bisect import bisect_left
from collections.abc import Callable, Iterable

from cqrsim.actors.clock import Clock
from cqrsim.actors.disk import Disk
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.rules import Stream, Streams, Validation
from cqrsim.messages import Answer, AppendOutcome
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.answers import Flush
from cqrsim.plan.parts import StorePlan

OK = int(AppendOutcome.OK)
SUCCESS, FAILURE = int(Answer.SUCCESS), int(Answer.FAILURE)
VANISHED, RECOVERED, ALTERED = int(Moment.VANISHED), int(Moment.RECOVERED), int(Moment.ALTERED)

_NOTHING = (int(Answer.NOTHING), None)


class Entry:
    """Something that waits for the serial section: an append, an error event, or a read that must come after them."""

    __slots__ = (
        "durable", "fault", "is_error", "journey", "noted", "original", "outcome", "position", "published", "safe_from",
        "size", "takes_room", "then", "written_at",
    )  # fmt: skip

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
        self.noted = False
        """Whether it is recorded that it has failed."""
        self.published = False
        self.takes_room = False
        """Whether its bytes are counted as used."""
        self.safe_from = 0
        """From when on a loss of power spares it."""
        self.written_at = 0
        self.original: Entry | None = None
        """For duplicates: the append that came before under the same command id."""


class EventLog:
    """Appends and error events, in the order of their positions."""

    def __init__(
        self, plan: StorePlan, disk: Disk, clock: Clock, recorder: Recorder, validation: Validation, lasting: bool
    ) -> None:
        self.plan = plan
        self.disk = disk
        self.clock = clock
        self.record = recorder.add
        self.streams = Streams(validation)
        """All that has been accepted, flushed or not: versions are given by it."""
        delayed = plan.flush == Flush.PERIODIC and not plan.reads_written
        self.readable = Streams(validation) if delayed else self.streams
        """What readers are shown."""
        self.next_position = 0
        self.journeys: list[Journey] = []
        """Durable appends; what is read by projections and by handlers that catch up."""
        self.positions: list[int] = []
        """Those of the same."""
        self.entries: list[Entry] | None = [] if lasting else None
        """Durable appends and error events, where a fault may yet take them away."""
        self.cuts = 0
        """How often something has vanished: who has read before may hold what is no more."""
        self.in_doubt: list[Entry] = []
        """Bytes that are in the log though nobody knows it: a restart finds them."""
        self.stored: dict[int, Entry] = {}
        """Appends by command id, where the store remembers them."""
        self.found: dict[int, tuple[int, Journey]] = {}
        """What a look at the event stream finds under a command id, and of which journey that speaks."""

    # --- growing -------------------------------------------------------------------------------------------------

    def place(self, entry: Entry) -> None:
        """It has been written: it gets its position, and counts from now on."""
        entry.position = self.next_position
        if entry.is_error:
            self.next_position += 1
        else:
            entry.journey.position = entry.position
            self.next_position += entry.journey.events
            self.streams.append(entry.journey)

    def keep(self, entry: Entry) -> None:
        """It is durable: readers may find it."""
        journey = entry.journey
        entry.durable = True
        if self.entries is not None:
            entry.written_at = self.clock.time
            self.entries.append(entry)
        if entry.is_error:
            if self.found.get(journey.identity, _NOTHING)[0] != SUCCESS:
                self.found[journey.identity] = FAILURE, journey
            return
        self.found[journey.identity] = SUCCESS, journey
        self.journeys.append(journey)
        self.positions.append(entry.position)
        if self.readable is not self.streams:
            self.readable.append(journey)

    # --- command ids ---------------------------------------------------------------------------------------------

    def original_of(self, identity: int) -> Entry | None:
        """The append that the store remembers under a command id."""
        entry = self.stored.get(identity)
        window = self.plan.dedupe_for_ns
        if entry is not None and window >= 0 and entry.durable and entry.written_at + window <= self.clock.time:
            del self.stored[identity]
            return None
        return entry

    def remember(self, entry: Entry) -> None:
        """Remember an append by its command id; the oldest is forgotten when there are too many."""
        self.stored[entry.journey.identity] = entry
        entry.written_at = self.clock.time
        if 0 <= self.plan.dedupe_at_most < len(self.stored):
            del self.stored[next(iter(self.stored))]

    def forget(self, entry: Entry) -> None:
        """It was not written after all."""
        if self.stored.get(entry.journey.identity) is entry:
            del self.stored[entry.journey.identity]

    # --- reading -------------------------------------------------------------------------------------------------

    def stream(self, aggregate: int) -> Stream:
        """The stream of one aggregate as readers see it."""
        return self.readable.copy_of(aggregate, self.cuts)

    def after(self, position: int) -> int:
        """The number of the first durable append that is not before a position."""
        return bisect_left(self.positions, position)

    def end(self) -> int:
        """The position behind the last durable append."""
        return self.positions[-1] + self.journeys[-1].events if self.positions else 0

    def count(self) -> int:
        """How many events and error events are durable."""
        if self.entries is None:
            return self.next_position
        return sum(1 if entry.is_error else entry.journey.events for entry in self.entries)

    # --- losing and finding --------------------------------------------------------------------------------------

    def vanish(self, gone: Iterable[Entry], fault: int) -> None:
        """What was taken for durable is no more; readers find the log as if it had never been."""
        assert self.entries is not None
        lost = {id(entry): entry for entry in gone}
        if not lost:
            return
        for entry in lost.values():
            self._note(VANISHED, entry, fault)
            self.disk.used_bytes -= entry.size
            entry.durable = entry.takes_room = False
        self.cuts += 1
        self.entries = [entry for entry in self.entries if id(entry) not in lost]
        self.refold()

    def refold(self) -> None:
        """Make everything anew from the entries that are left."""
        assert self.entries is not None
        self.streams.clear()
        if self.readable is not self.streams:
            self.readable.clear()
        self.journeys.clear()
        self.positions.clear()
        self.found.clear()
        self.stored = {identity: entry for identity, entry in self.stored.items() if entry.durable}
        entries, self.entries, self.next_position = self.entries, [], 0
        for entry in entries:
            at = entry.written_at
            self.place(entry)
            self.keep(entry)
            entry.written_at = at

    def find(self) -> list[Entry]:
        """A restart looks at what there is: what was in doubt is in the log from now on."""
        found, self.in_doubt = self.in_doubt, []
        for entry in found:
            self.place(entry)
            self.keep(entry)
            if not entry.is_error and self.plan.dedupe:
                self.remember(entry)
            self._note(RECOVERED, entry, entry.position)
        return found

    def alter(self, entry: Entry, fault: int) -> None:
        """Its record says something else from now on: it stays where it is, and changes nothing any more."""
        entry.journey.altered = True
        self._note(ALTERED, entry, fault)
        self.found.pop(entry.journey.identity, None)
        for streams in {id(streams): streams for streams in (self.streams, self.readable)}.values():
            if not entry.is_error:
                streams.fold_anew(entry.journey.aggregate)

    def _note(self, moment: int, entry: Entry, value: int) -> None:
        journey = entry.journey
        self.record((self.clock.time, moment, journey.command, journey.attempt, 0, int(entry.is_error), value))
