"""Links: messages arrive whole or not at all, after a delay, and on each connection in the order of their sending."""

from cqrsim.actors.clock import Act, Clock
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.messages import Link
from cqrsim.moments import Moment
from cqrsim.plan.parts import RoutePlan

MESSAGE_LOST = int(Moment.MESSAGE_LOST)

MESSAGES_WITH_LUCK_OF_THEIR_OWN = 16
"""Of the many messages of one kind that one try may send over a link (polls), the 17th meets the luck of the first."""

MAIN, POLL, LOAD, ERROR_EVENT, OWN_READ = range(5)
"""Kinds of messages that may share a link: each has luck of its own."""
KINDS = 5


class Route:
    """One link, of any number of connections.

    Between two messages of a connection that would overtake, the later arrives one nanosecond after the earlier.
    Published events that arrive at the same instant do so in the order of the log, not of their commands' numbers.
    """

    def __init__(self, plan: RoutePlan, clock: Clock, recorder: Recorder, projection: int = 0) -> None:
        self.clock = clock
        self.record = recorder.add
        self.link = int(plan.link)
        self.projection = projection
        """Which one it leads to, where each has a way of its own."""
        self.delay = plan.delay
        self.instant = plan.instant
        self.in_order = plan.in_order
        self.losses = plan.losses
        self.latest: dict[int, int] = {}
        self.in_log_order = plan.link in (Link.STORE_TO_PROJECTION, Link.STORE_TO_SUBSCRIBER)
        self.perfect = plan.instant and not plan.losses

    def send(
        self, journey: Journey, moment: int, deliver: Act, connection: int, kind: int = MAIN, number: int = 0
    ) -> bool:
        """Carry a message that ends in ``deliver(journey)`` as ``moment``; False if it was lost.

        ``kind`` and ``number`` tell apart the messages that one attempt sends over this link.
        """
        if self.perfect:
            deliver(journey)
            return True
        slot = (journey.luck * KINDS + kind) * MESSAGES_WITH_LUCK_OF_THEIR_OWN
        slot += number % MESSAGES_WITH_LUCK_OF_THEIR_OWN
        if self.losses and self._loses(journey, slot):
            return False
        if self.instant:
            deliver(journey)
            return True
        self._carry(journey, moment, deliver, connection, slot)
        return True

    def _carry(self, journey: Journey, moment: int, deliver: Act, connection: int, slot: int) -> None:
        now = self.clock.time
        arrives = now + self.delay[slot][journey.command]
        if self.in_order:
            latest = self.latest.get(connection, -1)
            if arrives < latest:
                arrives = latest + 1
            self.latest[connection] = arrives
        order = journey.position if self.in_log_order else journey.command
        self.clock.after(arrives - now, moment, deliver, journey, command=order, attempt=journey.attempt, place=slot)

    def _loses(self, journey: Journey, slot: int) -> bool:
        now = self.clock.time
        for loss in self.losses:
            if loss.begins_ns <= now < loss.ends_ns and loss.hit[slot][journey.command]:
                lost = (now, MESSAGE_LOST, journey.command, journey.attempt, self.link, self.projection, loss.fault)
                self.record(lost)
                return True
        return False
