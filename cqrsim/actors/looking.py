"""How clients look for an outcome: at status sources, again and again, until they know or have had enough."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.actors.errand import Errand
from cqrsim.actors.error_cache import ErrorCache
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.network import POLL, Route
from cqrsim.messages import Answer, Channel, Link
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.parts import FeedbackPlan, Schedule

if TYPE_CHECKING:
    from cqrsim.actors.projection import Projection

POLLED, INFORMED = int(Moment.POLLED), int(Moment.INFORMED)
NOTHING, SUCCESS, FAILURE = int(Answer.NOTHING), int(Answer.SUCCESS), int(Answer.FAILURE)
EVENT_POLL, READ_MODEL, ERROR_CACHE = int(Channel.EVENT_POLL), int(Channel.READ_MODEL), int(Channel.ERROR_CACHE)

WAYS = {
    EVENT_POLL: (Link.CLIENT_TO_STORE, Link.STORE_TO_CLIENT),
    ERROR_CACHE: (Link.CLIENT_TO_CACHE, Link.CACHE_TO_CLIENT),
    READ_MODEL: (Link.CLIENT_TO_PROJECTION, Link.PROJECTION_TO_CLIENT),
}
"""The links to each status source, and back."""

Hears = Callable[[int, int, Journey], None]
"""What is told of a find: the answer, the channel, and whose it is."""


class StatusSource:
    """Where an outcome can be looked up, and how often a client looks there."""

    __slots__ = ("back", "channel", "projection", "schedule", "there")

    def __init__(self, channel: int, schedule: Schedule, projection: int, routes: dict[Link, Route]) -> None:
        there, back = WAYS[channel]
        self.channel = channel
        self.schedule = schedule
        self.projection = projection
        self.there, self.back = routes[there], routes[back]


def status_sources(feedback: FeedbackPlan, routes: dict[Link, Route]) -> list[StatusSource]:
    """Where the clients of a group look."""
    sources = []
    if feedback.event_poll is not None:
        sources.append(StatusSource(EVENT_POLL, feedback.event_poll, NEVER, routes))
    if feedback.cache_poll is not None:
        sources.append(StatusSource(ERROR_CACHE, feedback.cache_poll, NEVER, routes))
    if feedback.read_model is not None:
        sources.append(StatusSource(READ_MODEL, feedback.read_model, feedback.read_model_of, routes))
    return sources


class Lookout:
    """Looks on behalf of clients.  What a look finds comes back over the network, to ``hears``."""

    def __init__(
        self,
        sources: list[list[StatusSource]],
        clock: Clock,
        recorder: Recorder,
        store: EventStore,
        caches: list[ErrorCache | None],
        hears: Hears,
    ) -> None:
        self.sources = sources
        """Of each group of clients."""
        self.clock = clock
        self.record = recorder.add
        self.store = store
        self.caches = caches
        self.hears = hears

    def meet(self, projections: "list[Projection]") -> None:
        """Get to know the read models."""
        self.projections = projections

    def begin(self, errand: Errand) -> None:
        """Start looking at every status source, afresh: the schedule counts from the last answer heard."""
        errand.looking_since += 1
        for source in self.sources[errand.group]:
            self._schedule(errand, source, 0, errand.looking_since)

    def _schedule(self, errand: Errand, source: StatusSource, number: int, since: int) -> None:
        schedule = source.schedule
        if 0 <= schedule.at_most <= number:
            return
        journey = errand.journey
        assert journey is not None
        self.clock.after(
            schedule.gap_ns(number), POLLED, partial(self._look, source, number, since), errand,
            command=errand.command, attempt=journey.attempt, place=source.channel,
        )  # fmt: skip

    def _look(self, source: StatusSource, number: int, since: int, errand: Errand) -> None:
        if errand.over or errand.looking_since != since:
            return
        self._schedule(errand, source, number + 1, since)
        journey = errand.journey
        assert journey is not None
        source.there.send(journey, POLLED, partial(self._find, source, number), errand.session, POLL, number)

    def _find(self, source: StatusSource, number: int, journey: Journey) -> None:
        """The question has arrived at the status source: what it finds goes back."""
        if self._nobody_is_there(source):
            return
        answer, of = self._finding(source, journey)
        channel = source.channel
        self.record((self.clock.time, POLLED, journey.command, journey.attempt, channel, answer, number + 1))
        found = partial(self._has_looked, answer, channel, of)
        source.back.send(journey, INFORMED, found, journey.session, POLL, number)

    def _nobody_is_there(self, source: StatusSource) -> bool:
        """Whether what is asked is down, and does not answer."""
        if source.channel == EVENT_POLL:
            return self.store.is_down
        return source.channel == READ_MODEL and not self.projections[source.projection].serves

    def _finding(self, source: StatusSource, journey: Journey) -> tuple[int, Journey]:
        """The answer, and of which of the command's journeys it speaks."""
        command = journey.command
        if source.channel == EVENT_POLL:
            found = self.store.log.found
            finds = [found[identity] for identity in journey.known_ids if identity in found]
            return next((find for find in finds if find[0] == SUCCESS), finds[-1] if finds else (NOTHING, journey))
        if source.channel == ERROR_CACHE:
            cache = self.caches[journey.group]
            refused = None if cache is None else cache.find(command)
            return (NOTHING, journey) if refused is None else (FAILURE, refused)
        return (SUCCESS if self.projections[source.projection].shows(command) else NOTHING), journey

    def _has_looked(self, answer: int, channel: int, of: Journey, journey: Journey) -> None:
        if answer != NOTHING:
            self.hears(answer, channel, of)
