"""What the event store lets others know: answers to appends, and publications of what is durable."""

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.actors.event_log import Entry
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.network import ERROR_EVENT, MAIN, Route
from cqrsim.messages import Answer, Link
from cqrsim.moments import NEVER, Moment

if TYPE_CHECKING:
    from cqrsim.actors.client import Clients
    from cqrsim.actors.command_handler import CommandHandler
    from cqrsim.actors.projection import Projection

APPEND_ANSWERED, PUBLISHED, FOLDED = int(Moment.APPEND_ANSWERED), int(Moment.PUBLISHED), int(Moment.FOLDED)
DELIVERED, INFORMED = int(Moment.DELIVERED), int(Moment.INFORMED)
SUCCESS = int(Answer.SUCCESS)


class Publisher:
    """Answers and publishes, to everybody who listens."""

    def __init__(
        self,
        clock: Clock,
        recorder: Recorder,
        handler: "CommandHandler",
        projections: "list[Projection]",
        clients: "Clients",
        routes: dict[Link, Route],
        publications: list[Route],
    ) -> None:
        self.clock = clock
        self.record = recorder.add
        self.handler = handler
        self.clients = clients
        self.to_handler = routes[Link.STORE_TO_HANDLER]
        self.subscriber = routes[Link.STORE_TO_SUBSCRIBER] if handler.listens else None
        self.to_client = routes[Link.STORE_TO_CLIENT]
        self.pushes = any(clients.pushed)
        self.views = [(view, route) for view, route in zip(projections, publications, strict=True) if not view.polls]
        self.last_published = NEVER
        self.last_published_to: defaultdict[int, int] = defaultdict(lambda: NEVER)
        """The position last published of each shard's events."""

    def answer(self, entry: Entry) -> None:
        """Tell the handler what became of its append, if it listens."""
        if entry.is_error or not self.handler.wants_answers:
            return
        answered = partial(self.handler.answered, entry.outcome)
        self.to_handler.send(entry.journey, APPEND_ANSWERED, answered, entry.journey.shard)

    def publish(self, entry: Entry) -> None:
        """Tell everybody who listens; each publication says which one came before it."""
        journey, now = entry.journey, self.clock.time
        entry.published = True
        journey.was_altered = journey.altered
        self.record((now, PUBLISHED, journey.command, journey.attempt, 0, 0, journey.position))
        journey.previous, self.last_published = self.last_published, journey.position
        if self.subscriber is not None:
            journey.previous_of_shard = self.last_published_to[journey.shard]
            self.last_published_to[journey.shard] = journey.position
            self.subscriber.send(journey, FOLDED, self.handler.hears_event, journey.shard)
        for view, route in self.views:
            route.send(journey, DELIVERED, view.deliver, 0)
        if self.pushes:
            self.push(journey, SUCCESS)

    def push(self, journey: Journey, answer: int) -> None:
        """Tell the client, if events are pushed to it."""
        if self.clients.pushed[journey.group]:
            hear = partial(self.clients.hears_event, answer)
            kind = MAIN if answer == SUCCESS else ERROR_EVENT
            self.to_client.send(journey, INFORMED, hear, journey.session, kind)

    def tell_of_duplicate(self, journey: Journey) -> None:
        """An append was in the store already: whoever waits for its event need not."""
        if self.subscriber is not None:
            self.subscriber.send(journey, FOLDED, self.handler.hears_of_duplicate, journey.shard)
