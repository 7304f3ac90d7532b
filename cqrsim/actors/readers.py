"""Who reads: clients that look for what they have written, and everybody else in the background."""

from functools import partial
from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.actors.errand import Errand
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.network import MESSAGES_WITH_LUCK_OF_THEIR_OWN, Route
from cqrsim.actors.network import OWN_READ as READ_KIND
from cqrsim.messages import Link, Seen
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.marks import Looks
from cqrsim.plan.parts import OwnReadPlan

if TYPE_CHECKING:
    from cqrsim.actors.projection import Projection

MESSAGE_LOST, CLIENT_TO_PROJECTION = int(Moment.MESSAGE_LOST), int(Link.CLIENT_TO_PROJECTION)
OWN_READ, BACKGROUND_READ = int(Moment.OWN_READ), int(Moment.BACKGROUND_READ)


class OwnReaders:
    """Clients that know of their success, and read."""

    def __init__(self, plans: list[OwnReadPlan | None], clock: Clock, recorder: Recorder, to_projection: Route) -> None:
        self.plans = plans
        """Of each group of clients."""
        self.clock = clock
        self.record = recorder.add
        self.to_projection = to_projection

    def meet(self, projections: "list[Projection]") -> None:
        """Get to know what to read."""
        self.projections = projections

    def begin(self, errand: Errand) -> None:
        """Read, if the clients of the group do."""
        plan = self.plans[errand.group]
        if plan is not None and plan.count > 0:
            self._schedule(errand, 0, plan.after[0][errand.command])

    def _schedule(self, errand: Errand, number: int, delay: int) -> None:
        journey = errand.journey
        assert journey is not None, "who knows of a success has sent a command"
        self.clock.after(
            delay, OWN_READ, partial(self._read, number), errand,
            command=errand.command, attempt=journey.attempt, place=number,
        )  # fmt: skip

    def _read(self, number: int, errand: Errand) -> None:
        plan, journey = self.plans[errand.group], errand.journey
        assert plan is not None and journey is not None
        if number + 1 < plan.count:
            following = (number + 1) % MESSAGES_WITH_LUCK_OF_THEIR_OWN
            self._schedule(errand, number + 1, plan.gap[following][errand.command])
        projection = plan.of[plan.choice[number % MESSAGES_WITH_LUCK_OF_THEIR_OWN][errand.command]]
        arrives = partial(self._arrives, projection, number)
        self.to_projection.send(journey, OWN_READ, arrives, errand.session, READ_KIND, number)

    def _arrives(self, projection: int, number: int, journey: Journey) -> None:
        now, view = self.clock.time, self.projections[projection]
        if not view.serves:
            lost = (now, MESSAGE_LOST, journey.command, journey.attempt, CLIENT_TO_PROJECTION, 0, view.down_by)
            self.record(lost)
            return
        seen = Seen.YES if view.shows(journey.command) else Seen.NO
        self.record((now, OWN_READ, journey.command, journey.attempt, projection, int(seen), number))


class BackgroundReaders:
    """Reads that have nothing to do with a command, at times drawn beforehand."""

    def __init__(self, looks: Looks, clock: Clock, recorder: Recorder, views: "list[Projection]") -> None:
        self.views = views
        self.times = looks.time.tolist()
        self.projections = looks.reads.projection.tolist()
        self.clock = clock
        self.record = recorder.add
        self._schedule(0)

    def _schedule(self, number: int) -> None:
        if number < len(self.times):
            self.clock.after(self.times[number] - self.clock.time, BACKGROUND_READ, self._read, number, command=number)

    def _read(self, number: int) -> None:
        if self.views[self.projections[number]].serves:
            self.record((self.clock.time, BACKGROUND_READ, number, 0, self.projections[number], NEVER, NEVER))
        self._schedule(number + 1)
