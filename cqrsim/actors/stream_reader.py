"""How a command handler reads a stream: ask the store, wait, and ask again where messages may get lost."""

from collections.abc import Callable
from functools import partial

from cqrsim.actors.clock import Clock
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.journey import Journey
from cqrsim.actors.network import Route
from cqrsim.actors.rules import Stream
from cqrsim.moments import Moment

LOADED, HANDLER_GAVE_UP = int(Moment.LOADED), int(Moment.HANDLER_GAVE_UP)

FROM_THE_EIGHTH = 7
"""Reads meet the luck of a journey's eighth message to the store and of those after it."""

Then = Callable[[Stream, Journey], None]


class StreamReader:
    """Asks for streams over the handler's links to the store and back."""

    def __init__(self, clock: Clock, store: EventStore, ask: Route, answer: Route, give_up_ns: int) -> None:
        self.clock = clock
        self.store = store
        self.ask_route = ask
        self.answer_route = answer
        self.give_up_ns = give_up_ns
        self.may_be_lost = bool(ask.losses or answer.losses)

    def ask(self, journey: Journey, behind_appends: bool, then: Then) -> None:
        """Read the stream of the command's aggregate, and go on with ``then(stream, journey)``.

        ``behind_appends``: as it is when everything that the store has received before has been written.
        """
        journey.reads += 1
        number = journey.reads
        read = partial(self._read_at_store, number, behind_appends, then)
        self.ask_route.send(journey, LOADED, read, journey.shard, number=FROM_THE_EIGHTH + number)
        if self.give_up_ns >= 0 and self.may_be_lost:
            self.clock.after(
                self.give_up_ns, HANDLER_GAVE_UP, partial(self._ask_again, number, behind_appends, then), journey,
                command=journey.command, attempt=journey.attempt, place=1,
            )  # fmt: skip

    def _ask_again(self, number: int, behind_appends: bool, then: Then, journey: Journey) -> None:
        if journey.reads == number:
            self.ask(journey, behind_appends, then)

    def _read_at_store(self, number: int, behind_appends: bool, then: Then, journey: Journey) -> None:
        if behind_appends:
            self.store.after_appends(journey, partial(self._read, number, then, journey))
        else:
            self._read(number, then, journey)

    def _read(self, number: int, then: Then, journey: Journey) -> None:
        stream = self.store.streams.copy_of(journey.aggregate)
        self.clock.after(
            self.store.read_ns(journey), LOADED, partial(self._send, number, then, stream), journey,
            command=journey.command, attempt=journey.attempt,
        )  # fmt: skip

    def _send(self, number: int, then: Then, stream: Stream, journey: Journey) -> None:
        arrive = partial(self._arrives, number, then, stream)
        self.answer_route.send(journey, LOADED, arrive, journey.shard, number=FROM_THE_EIGHTH + number)

    def _arrives(self, number: int, then: Then, stream: Stream, journey: Journey) -> None:
        if journey.reads == number:
            journey.reads += 1
            then(stream, journey)
