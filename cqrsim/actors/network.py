"""Links: messages arrive whole or not at all, after a delay, and on each connection in the order of their sending."""

from collections.abc import Sequence

from cqrsim.actors.clock import Act, Clock
from cqrsim.actors.faults import Watch
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.messages import Link
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.answers import Effect
from cqrsim.plan.parts import RoutePlan

MESSAGE_LOST = int(Moment.MESSAGE_LOST)

MESSAGES_WITH_LUCK_OF_THEIR_OWN = 16
"""Of the many messages of one kind that one try may send over a link (polls), the 17th meets the luck of the first."""

MAIN, POLL, LOAD, ERROR_EVENT, OWN_READ = range(5)
"""Kinds of messages that may share a link: each has luck of its own."""
KINDS = 5

COPIED = (Link.CLIENT_TO_HANDLER, Link.HANDLER_TO_STORE)
"""Links on which a doubled message becomes an attempt of its own: the others lead to somebody who keeps count."""

_NONE: list[tuple[Journey, int]] = []


class Route:
    """One link, of any number of connections.

    Between two messages of a connection that would overtake, the later arrives one nanosecond after the earlier.
    Published events that arrive at the same instant do so in the order of the log, not of their commands' numbers.
    """

    def __init__(
        self,
        plan: RoutePlan,
        clock: Clock,
        recorder: Recorder,
        projection: int = 0,
        watches: Sequence[Watch] = (),
        duplicates_from: int = NEVER,
    ) -> None:
        self.clock = clock
        self.record = recorder.add
        self.link = int(plan.link)
        self.projection = projection
        """Which one it leads to, where each has a way of its own."""
        self.delay = plan.delay
        self.instant = plan.instant
        self.in_order = plan.in_order
        self.lost = plan.lost
        self.watches = [watch for watch in watches if watch.plan.projection in (NEVER, projection)]
        self.duplicates_from = duplicates_from
        self.copies = plan.link in COPIED
        self.latest: dict[int, int] = {}
        self.in_log_order = plan.link in (Link.STORE_TO_PROJECTION, Link.STORE_TO_SUBSCRIBER)
        self.perfect = plan.instant and plan.lost is None and not self.watches

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
        if self.lost is not None and self.lost[slot][journey.command]:
            self._lose(journey, NEVER)
            return False
        later, doubles = self._meet_faults(journey, slot) if self.watches else (0, _NONE)
        if later < 0:
            return False
        if self.instant and not later:
            deliver(journey)
        else:
            self._carry(journey, moment, deliver, connection, slot, later)
        for double, after in doubles:  # behind the message itself, which it must not hold up
            self._carry(double, moment, deliver, connection, slot, later + after)
        return True

    def _carry(self, journey: Journey, moment: int, deliver: Act, connection: int, slot: int, later: int) -> None:
        now = self.clock.time
        arrives = now + self.delay[slot][journey.command] + later
        if self.in_order:
            latest = self.latest.get(connection, -1)
            if arrives < latest:
                arrives = latest + 1
            self.latest[connection] = arrives
        order = journey.position if self.in_log_order else journey.command
        self.clock.after(arrives - now, moment, deliver, journey, command=order, attempt=journey.attempt, place=slot)

    def _lose(self, journey: Journey, fault: int) -> None:
        now = self.clock.time
        self.record((now, MESSAGE_LOST, journey.command, journey.attempt, self.link, self.projection, fault))

    def _meet_faults(self, journey: Journey, slot: int) -> tuple[int, list[tuple[Journey, int]]]:
        """How much later the message arrives for what strikes it (-1: never), and copies of it: (which, when)."""
        later, doubles = 0, list[tuple[Journey, int]]()
        is_main = slot % (KINDS * MESSAGES_WITH_LUCK_OF_THEIR_OWN) == 0
        for watch in self.watches:
            effect, plan = watch.plan.effect, watch.plan
            if effect == Effect.DUPLICATE and not is_main:
                watch.passes_by()  # to look twice, or to read twice, changes nothing
                continue
            if not watch.hits(journey, slot):
                continue
            if effect == Effect.DROP or (effect == Effect.CUT and not plan.held):
                self._lose(journey, watch.fault)
                return NEVER, _NONE
            if effect == Effect.CUT:
                later += watch.holds_until() - self.clock.time
            elif effect == Effect.DELAY:
                assert plan.added is not None
                later += plan.added[slot][journey.command]
            elif effect == Effect.DUPLICATE:
                assert plan.added is not None
                doubles.append((self._double(journey, plan.amount), plan.added[slot][journey.command]))
        return later, doubles

    def _double(self, journey: Journey, which: int) -> Journey:
        """The copy of a message: what it asks for is done once more, and nobody waits for that.

        Each of the faults that double messages numbers its copies by a power of two of its own.
        """
        if not self.copies:
            return journey
        double = journey.copy((self.duplicates_from << which) + journey.attempt)
        double.settled = self.link == Link.HANDLER_TO_STORE
        return double
