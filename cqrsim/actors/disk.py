"""The event store's disk: how long work takes, how much room is left, and what goes wrong.

Physical trouble ends here: the event store sees bytes that fit or not, work that takes its time, and a clean error.
"""

from bisect import bisect_right

from cqrsim.actors.journey import Journey
from cqrsim.messages import AppendOutcome
from cqrsim.moments import NEVER
from cqrsim.plan.parts import STALLED, UNSLOWED, DiskPlan

OK, FULL = int(AppendOutcome.OK), int(AppendOutcome.FULL)
KIB = 1024


class Disk:
    """Time and room.  ``used_bytes`` counts what is stored and what is being written."""

    def __init__(self, plan: DiskPlan) -> None:
        self.plan = plan
        self.used_bytes = 0
        self.always_at_full_speed = not plan.changes_ns

    def refusal(self, size: int, now: int) -> tuple[int, int]:
        """Whether ``size`` more bytes fit: (OK, -1), or FULL and the fault that took the room (-1: nobody's)."""
        for begins, ends, fault in self.plan.full:
            if begins <= now < ends:
                return FULL, fault
        capacity = self.plan.capacity_bytes
        if 0 <= capacity < self.used_bytes + size:
            return FULL, NEVER
        return OK, NEVER

    def error(self, leader: Journey, is_error_event: bool, now: int) -> int:
        """The fault that makes this write fail with a clean error, or -1."""
        for hits in self.plan.write_errors:
            if hits.begins_ns <= now < hits.ends_ns and hits.hit[_slot(leader, is_error_event)][leader.command]:
                return hits.fault
        return NEVER

    def write_ns(self, leader: Journey, is_error_event: bool, size: int) -> int:
        """Work to write a batch of ``size`` bytes, with the luck of its first append."""
        return self.plan.write[_slot(leader, is_error_event)][leader.command] + self.plan.per_kib_ns * size // KIB

    def flush_ns(self, journey: Journey, is_error_event: bool) -> int:
        """Work to force what was written onto the disk."""
        return self.plan.flush[_slot(journey, is_error_event)][journey.command]

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


def _slot(journey: Journey, is_error_event: bool) -> int:
    """An error event has luck of its own, else it would meet the very trouble that it is to tell of."""
    return 2 * journey.luck + is_error_event
