"""The event store's disk: how long work takes, how much room is left, and what goes wrong.

Physical trouble ends here: what becomes of a write is decided in one place, as a :class:`Fate`, and the event store
sees no more of it than bytes that are kept or not, work that takes its time, and an answer.
"""

from bisect import bisect_right
from collections.abc import Sequence

from cqrsim.actors.faults import Watch
from cqrsim.actors.journey import Journey
from cqrsim.messages import AppendOutcome, Operation
from cqrsim.moments import NEVER
from cqrsim.plan.answers import By, Effect
from cqrsim.plan.parts import STALLED, UNSLOWED, DiskPlan

OK, FULL, ERROR = int(AppendOutcome.OK), int(AppendOutcome.FULL), int(AppendOutcome.ERROR)
KIB = 1024
_OF_OPERATIONS = (
    Effect.REFUSE, Effect.AMBIGUOUS, Effect.FLUSH_ERROR, Effect.SLOW, Effect.FREEZE, Effect.LIE,
)  # fmt: skip
"""What changes what becomes of a write or a flush."""
SECOND_NS = 1_000_000_000
FOREVER = 1 << 62


class Fate:
    """What becomes of one operation of the disk."""

    __slots__ = ("duration", "fault", "kept", "outcome", "safe_from")

    def __init__(self) -> None:
        self.duration = 0
        self.outcome = OK
        """The answer: OK or ERROR."""
        self.fault = NEVER
        """Which fault made it an error."""
        self.kept = True
        """Whether the bytes are in the log afterwards, whatever the answer says."""
        self.safe_from = 0
        """From when on a loss of power spares them."""

    def fails(self, fault: int, kept: bool, outcome: int = ERROR) -> None:
        """Answer with an error, unless something else has done so before."""
        if self.outcome == OK:
            self.outcome, self.fault, self.kept = outcome, fault, kept


class Disk:
    """Time and room.  ``used_bytes`` counts what is stored and what is being written."""

    def __init__(self, plan: DiskPlan, watches: Sequence[Watch] = ()) -> None:
        self.plan = plan
        self.used_bytes = 0
        self.always_at_full_speed = not plan.changes_ns
        self.takers = [watch for watch in watches if watch.plan.effect in (Effect.FULL, Effect.CONSUME)]
        """Who else wants room."""
        self.watches = [watch for watch in watches if watch.plan.effect in _OF_OPERATIONS]

    # --- room ----------------------------------------------------------------------------------------------------

    def refusal(self, journey: Journey, is_error_event: bool, size: int, now: int) -> tuple[int, int]:
        """Whether ``size`` more bytes fit: (OK, -1), or FULL and the fault that took the room (-1: nobody's)."""
        capacity = self.plan.capacity_bytes
        if self.takers:
            for watch in self.takers:
                if watch.plan.effect == Effect.FULL and watch.strikes(journey, slot_of(journey, is_error_event)):
                    return FULL, watch.fault
            taken = self._taken_by_others(now)
            if taken and 0 <= capacity < self.used_bytes + taken + size:
                return FULL, self._blame(journey)
        if 0 <= capacity < self.used_bytes + size:
            return FULL, NEVER
        return OK, NEVER

    def taken(self, now: int) -> int:
        """Bytes that are not free."""
        return self.used_bytes + self._taken_by_others(now)

    def _taken_by_others(self, now: int) -> int:
        return sum(_consumed(watch, now) for watch in self.takers if watch.plan.effect == Effect.CONSUME)

    def _blame(self, journey: Journey) -> int:
        """The first of those that take room bit by bit enters the refusal in the ledger."""
        for watch in self.takers:
            if watch.plan.effect == Effect.CONSUME and watch.strikes(journey, 0):
                return watch.fault
        return NEVER

    # --- work ----------------------------------------------------------------------------------------------------

    def write_ns(self, leader: Journey, is_error_event: bool, size: int) -> int:
        """Work to write a batch of ``size`` bytes, with the luck of its first append."""
        return self.plan.write[slot_of(leader, is_error_event)][leader.command] + self.plan.per_kib_ns * size // KIB

    def flush_ns(self, journey: Journey, is_error_event: bool) -> int:
        """Work to force what was written onto the disk."""
        return self.plan.flush[slot_of(journey, is_error_event)][journey.command]

    def fate(
        self, leader: Journey, is_error_event: bool, work: int, operations: tuple[Operation, ...], retries: bool
    ) -> Fate:
        """What becomes of one operation that starts now: every outcome of an append is decided here.

        Delays add up; the first error counts.  ``retries``: a flush that fails is tried again, and is then said to
        have worked, although the bytes are nowhere but in a cache.
        """
        fate, slot, held = Fate(), slot_of(leader, is_error_event), 0
        struck = [
            watch
            for watch in self.watches
            if watch.plan.operation in operations and not _strikes_in_progress(watch) and watch.strikes(leader, slot)
        ]
        for watch in struck:
            plan = watch.plan
            if plan.effect == Effect.SLOW:
                work = work * max(plan.factor, 1) // UNSLOWED
                held += 0 if plan.added is None else plan.added[slot][leader.command]
            elif plan.effect == Effect.FREEZE:
                held += _held(watch)
                if plan.error:
                    fate.fails(watch.fault, kept=False)
            elif plan.effect == Effect.LIE:
                pass  # once it is known when the operation ends
            else:
                kept = plan.kept is not None and plan.kept[slot][leader.command] == 1
                if plan.effect != Effect.FLUSH_ERROR or not retries:
                    fate.fails(watch.fault, kept, FULL if plan.no_room else ERROR)
                elif not kept:
                    fate.safe_from = FOREVER
        now = self.watches[0].clock.time
        fate.duration = self.time_for(work, now) + held
        self._freeze_in_progress(fate, leader, operations, now)
        for watch in struck:
            if watch.plan.effect == Effect.LIE:
                holds = watch.plan.amount
                until = watch.holds_until() if holds < 0 else now + fate.duration + holds
                fate.safe_from = max(fate.safe_from, until)
        return fate

    def _freeze_in_progress(self, fate: Fate, leader: Journey, operations: tuple[Operation, ...], now: int) -> None:
        """A stall that ends with an error strikes whatever is under way in it, however it began."""
        for watch in self.watches:
            if not _strikes_in_progress(watch) or watch.plan.operation not in operations:
                continue
            if any(begins < now + fate.duration and now < ends for begins, ends in watch.windows):
                watch.seen += 1
                watch.fire(leader)
                fate.fails(watch.fault, kept=False)

    def time_for(self, work: int, now: int) -> int:
        """How long work takes that starts now: as long as the work, at the disk's own speed.

        Slow periods stretch it, stalls hold it up; what is left is done when they are over.  Work that comes to its
        end at the very instant at which a stall begins is done.
        """
        if self.always_at_full_speed:
            return work
        changes, slowness = self.plan.changes_ns, self.plan.slowness
        period = bisect_right(changes, now) - 1
        time = now
        while True:
            factor = slowness[period] if period >= 0 else UNSLOWED
            ends = changes[period + 1] if period + 1 < len(changes) else None
            if factor != STALLED:
                needed = -(-work * factor // UNSLOWED)
                if ends is None or time + needed <= ends:
                    return time + needed - now
                work -= (ends - time) * UNSLOWED // factor
            assert ends is not None, "a plan ends every slow period"
            time, period = ends, period + 1


def _strikes_in_progress(watch: Watch) -> bool:
    return watch.plan.effect == Effect.FREEZE and watch.plan.by == By.TIME


def _held(watch: Watch) -> int:
    """How long a freeze that an operation sets off, or meets, holds it up."""
    return watch.holds_until() - watch.clock.time


def _consumed(watch: Watch, now: int) -> int:
    """Bytes that somebody else has taken by now, in the window that is open."""
    for begins, ends in watch.windows:
        if begins <= now < ends:
            taken = watch.plan.amount * (now - begins) // SECOND_NS
            return taken if watch.plan.at_most_bytes < 0 else min(taken, watch.plan.at_most_bytes)
    return 0


def slot_of(journey: Journey, is_error_event: bool) -> int:
    """An error event has luck of its own, else it would meet the very trouble that it is to tell of."""
    return 2 * journey.luck + is_error_event
