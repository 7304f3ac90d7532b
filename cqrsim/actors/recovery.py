"""How the event store goes down and comes up again: what survives, what is cut off, and who gets to know.

What was flushed survives, unless the disk lied; what was only written survives its process, but not a loss of power.
A store that comes up looks at what there is: bytes that nobody was told of are part of the log from then on.
"""

from collections.abc import Callable
from functools import partial

from cqrsim.actors.clock import Clock
from cqrsim.actors.disk import Disk
from cqrsim.actors.event_log import Entry, EventLog
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.faults import Watch
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.messages import AppendOutcome, Part
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.parts import StorePlan

RESTARTED_RANK = int(Moment.RESTARTED)
CRASHED_ROW, RESTARTED_ROW = int(Moment.CRASHED), int(Moment.RESTARTED)
OK, CRASHED = int(AppendOutcome.OK), int(AppendOutcome.CRASHED)
STORE = int(Part.STORE)
CHANCES = 1 << 32


class Recovery:
    """Brings the store down and up."""

    def __init__(self, store: EventStore, clock: Clock, recorder: Recorder) -> None:
        self.store = store
        self.log: EventLog = store.log
        self.disk: Disk = store.disk
        self.plan: StorePlan = store.plan
        self.clock = clock
        self.record = recorder.add
        self.is_dead = False
        self.damaged: list[Entry] = []
        """Records that a restart will find damaged."""
        self.exits = 0
        store.give_up = self.exit

    # --- faults --------------------------------------------------------------------------------------------------

    def crash(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """The process dies, or the whole machine."""
        plan = watch.plan
        assert plan.restart is not None
        is_torn = plan.tears and not plan.behind and any(entry.takes_room for entry in self.store.at_work or ())
        self._go_down(watch.fault, plan.power, plan.behind, plan.held)
        if not (is_torn and self.plan.refuses_damage):
            self._come_up_after(plan.restart[number])

    def exit(self, fault: int) -> None:
        """The disk has reported an error, and it is this store's policy to die of that."""
        self._go_down(fault, power=False, behind=False, held=True)
        self._come_up_after(self.plan.restart[self.exits])
        self.exits += 1

    def die(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """The disk is gone, and the log with it; there is no second death."""
        if self.is_dead:
            return
        self._go_down(watch.fault, power=True, behind=False, held=False)
        assert self.log.entries is not None
        self.log.vanish(list(self.log.entries), watch.fault)
        self.is_dead = True
        self.store.answers_dead = watch.plan.error

    def promote(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """A replica takes over, which has not heard of the latest appends."""
        plan = watch.plan
        self._go_down(watch.fault, power=True, behind=False, held=plan.held, to_replica=True)
        entries = self.log.entries
        assert entries is not None and plan.restart is not None
        if plan.amount >= 0:
            unheard = [entry for entry in entries if entry.written_at > self.clock.time - plan.amount]
        else:
            unheard = entries[max(0, len(entries) - plan.appends) :]
        self.log.vanish(unheard, watch.fault)
        for entry in self.log.entries or ():
            entry.safe_from = 0  # it is the replica's by now
        self._come_up_after(plan.restart[number])

    def corrupt(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """Stored records change; some so that a checksum tells, when the store next starts."""
        plan, entries = watch.plan, self.log.entries
        assert entries is not None and plan.luck is not None and plan.detected is not None
        for k in range(number * plan.amount, (number + 1) * plan.amount):
            whole = [entry for entry in entries if not entry.journey.altered and entry not in self.damaged]
            if not whole:
                return
            entry = whole[plan.luck[k] * len(whole) // CHANCES]
            if plan.detected[k] < plan.detected_below:
                entry.fault = watch.fault
                self.damaged.append(entry)
            else:
                self.log.alter(entry, watch.fault)

    # --- going down ----------------------------------------------------------------------------------------------

    def _go_down(self, fault: int, power: bool, behind: bool, held: bool, to_replica: bool = False) -> None:
        """Everybody who waits for an answer waits in vain."""
        store = self.store
        self.record((self.clock.time, CRASHED_ROW, NEVER, 0, 0, STORE, fault))
        store.life += 1
        store.is_down, store.down_by, store.holds_while_down = True, fault, held
        self._break_off(fault, power, behind)
        for entry in store.waiting:
            self._lose(entry, fault)
        store.waiting.clear()
        self._lose_cached(fault, power, to_replica)
        store.busy, store.flush_is_due, store.poisoned_by = False, False, None

    def _break_off(self, fault: int, power: bool, behind: bool) -> None:
        """What the disk was busy with is there, or is not."""
        store = self.store
        batch, fate = store.at_work or [], store.fate
        store.at_work = None
        kept = fate is None or fate.kept
        is_written = not power and self._is_written(batch)
        for entry in batch:
            is_there = entry.then is None and entry.original is None and kept and entry.position == NEVER
            is_there = is_there and (entry.outcome == OK or (fate is not None and entry.outcome == fate.outcome))
            flushed = behind or (fate is not None and fate.outcome != OK and fate.kept)
            if is_there and (flushed or is_written):
                entry.outcome = OK
                entry.safe_from = 0 if behind and fate is None else entry.safe_from
                self.log.in_doubt.append(entry)
            elif entry.position == NEVER:
                self._lose(entry, fault)
            elif behind and entry.original is None:
                self.log.in_doubt.append(entry)
            else:
                store.unflushed.append(entry)

    def _is_written(self, batch: list[Entry]) -> bool:
        """Whether the bytes of the batch had left the process, though they were not flushed."""
        writes = [entry for entry in batch if entry.then is None and entry.original is None and entry.outcome == OK]
        if not writes:
            return False
        began = self.store.began_at
        return began + self.disk.time_for(self.store.write_work(writes[0], writes), began) <= self.clock.time

    def _lose_cached(self, fault: int, power: bool, to_replica: bool) -> None:
        """What was written and not flushed outlives the process, but not the machine.

        A replica has never heard of what was in doubt, and does not care for the old machine's caches.
        """
        log, store = self.log, self.store
        unflushed, store.unflushed = store.unflushed, []
        for entry in unflushed:
            if entry.original is not None:
                continue
            if power:
                self._lose(entry, fault)
            else:
                log.in_doubt.append(entry)
        if power:
            now = self.clock.time
            lost = [entry for entry in log.in_doubt if to_replica or entry.safe_from > now]
            log.in_doubt = [entry for entry in log.in_doubt if not to_replica and entry.safe_from <= now]
            for entry in lost:
                self._lose(entry, fault)
            if not to_replica:
                self._cut_at(lambda entry: entry.safe_from > now, fault)
        if store.periodic:
            log.refold()

    def _cut_at(self, is_bad: Callable[[Entry], bool], fault: int) -> None:
        """The log ends before the first bad record: what stands behind it cannot be told from garbage."""
        entries = self.log.entries
        assert entries is not None
        first = next((place for place, entry in enumerate(entries) if is_bad(entry)), len(entries))
        self.log.vanish(entries[first:], fault)

    def _lose(self, entry: Entry, fault: int) -> None:
        """It never becomes durable, and nobody is told."""
        if entry.then is not None:
            self.store.lose(entry.journey)
        if entry.then is not None or entry.original is not None:
            return
        if entry.takes_room:
            entry.takes_room = False
            self.disk.used_bytes -= entry.size
        entry.outcome, entry.fault = CRASHED, fault
        if not entry.is_error:
            self.log.forget(entry)
        if not entry.noted:
            self.store.note_failure(entry)

    # --- coming up -----------------------------------------------------------------------------------------------

    def _come_up_after(self, delay: int) -> None:
        life = self.store.life
        self.clock.after(delay, RESTARTED_RANK, self._restart, life)

    def _restart(self, life: int) -> None:
        if life == self.store.life and self.store.is_down and not self.is_dead:
            self.come_up(repaired=False)

    def come_up(self, repaired: bool) -> None:
        """Look at what there is, and go on from there; after a repair without what was damaged."""
        store, log = self.store, self.log
        if self.damaged and self.plan.refuses_damage and not repaired:
            return
        self._sort_out_damage(repaired)
        store.is_down, store.poisoned_by = False, None
        found = log.find()
        self.record((self.clock.time, RESTARTED_ROW, NEVER, 0, 0, STORE, log.count()))
        if self.plan.republish:
            for entry in found:
                if not entry.is_error and not entry.published:
                    store.publisher.publish(entry)
        held, store.held = store.held, type(store.held)()
        for again in held:
            again()
        store.publisher.handler.store_has_restarted()
        for view, _ in store.publisher.views:
            view.store_has_restarted()
        if not store.busy:
            store.go_on()

    def _sort_out_damage(self, repaired: bool) -> None:
        """A store cuts its log at the first damaged record; a repair takes out the damaged ones alone."""
        damaged, self.damaged = [entry for entry in self.damaged if entry.durable], []
        if not damaged:
            return
        fault = damaged[0].fault
        if repaired and self.plan.refuses_damage:
            for entry in damaged:
                self.log.alter(entry, entry.fault)
        else:
            bad = set(map(id, damaged))
            self._cut_at(lambda entry: id(entry) in bad, fault)

    # --- judgement -----------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Everything is repaired; the store is started again once, as soon as it has nothing in hand."""
        if self.is_dead:
            return
        if self.store.is_down:
            self.come_up(repaired=True)
        elif self.store.busy or self.store.unflushed:
            self.store.when_idle = partial(self.come_up, True)
        else:
            self.come_up(repaired=True)
