"""What a fault's condition can look at while the system runs."""

from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.plan.answers import Measure

if TYPE_CHECKING:
    from cqrsim.actors.command_handler import CommandHandler
    from cqrsim.actors.event_store import EventStore
    from cqrsim.actors.projection import Projection

MILLIONTHS = 1_000_000


class View:
    """The system as it is now.  The parts themselves are at hand for custom effects, which may call what they offer."""

    store: "EventStore"
    handler: "CommandHandler"
    projections: "list[Projection]"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    @property
    def time_ns(self) -> int:
        """The time of the run."""
        return self.clock.time

    @property
    def disk_usage(self) -> float:
        """The share of the disk's capacity that is used; 0 without limit."""
        return self.measure(Measure.DISK_USAGE) / MILLIONTHS

    @property
    def store_queue(self) -> int:
        """Appends that wait in the store."""
        return len(self.store.waiting)

    @property
    def handler_queue(self) -> int:
        """Commands that wait in the fullest shard."""
        return self.handler.longest_queue()

    @property
    def projection_queue(self) -> int:
        """Events that wait for the slowest projection."""
        return max(len(view.waiting) for view in self.projections)

    @property
    def log_length(self) -> int:
        """Appends in the log."""
        return len(self.store.log.journeys)

    def measure(self, measure: Measure) -> int:
        """One of them, as a whole number."""
        if measure == Measure.DISK_USAGE:
            capacity = self.store.disk.plan.capacity_bytes
            return self.store.disk.taken(self.clock.time) * MILLIONTHS // capacity if capacity > 0 else 0
        if measure == Measure.STORE_QUEUE:
            return self.store_queue
        if measure == Measure.HANDLER_QUEUE:
            return self.handler_queue
        return self.projection_queue if measure == Measure.PROJECTION_QUEUE else self.log_length
