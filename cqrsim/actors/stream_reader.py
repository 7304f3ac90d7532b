"""How a command handler reads a stream: ask the store, wait, and ask again when no answer comes."""

from collections.abc import Callable
from functools import partial

from cqrsim.actors.clock import Clock
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.journey import Journey
from cqrsim.actors.network import LOAD, MESSAGES_WITH_LUCK_OF_THEIR_OWN, Route
from cqrsim.actors.patience import Patience
from cqrsim.actors.rules import Stream
from cqrsim.moments import Moment

LOADED, HANDLER_GAVE_UP = int(Moment.LOADED), int(Moment.HANDLER_GAVE_UP)

Then = Callable[[Stream, Journey], None]


class Reading:
    """One need of a stream; asked for once or several times, answered by the first answer that comes."""

    __slots__ = ("asked", "behind_appends", "done", "journey", "then")

    def __init__(self, journey: Journey, behind_appends: bool, then: Then) -> None:
        self.journey = journey
        self.behind_appends = behind_appends
        self.then = then
        self.asked = 0
        self.done = False


class StreamReader:
    """Asks for streams over the handler's links to the store and back."""

    def __init__(self, clock: Clock, store: EventStore, ask: Route, answer: Route, give_up_ns: int) -> None:
        self.clock = clock
        self.store = store
        self.ask_route = ask
        self.answer_route = answer
        self.patience = Patience[Reading](clock, give_up_ns, HANDLER_GAVE_UP, self._still_waits, self._ask_again)

    def ask(self, journey: Journey, behind_appends: bool, then: Then) -> None:
        """Read the stream of the command's aggregate, and go on with ``then(stream, journey)``.

        ``behind_appends``: as it is when everything that the store has received before has been written.
        """
        journey.reads += 1
        self._send_question(Reading(journey, behind_appends, then))

    def _send_question(self, reading: Reading) -> None:
        journey = reading.journey
        reading.asked += 1
        number = journey.reads * (MESSAGES_WITH_LUCK_OF_THEIR_OWN // 2) + reading.asked - 1
        read = partial(self._arrives_at_store, reading, number)
        self.patience.begin(reading, journey.command, journey.attempt)
        self.ask_route.send(journey, LOADED, read, journey.shard, LOAD, number)

    def _still_waits(self, reading: Reading, attempt: int) -> bool:
        return not reading.done and not reading.journey.home.is_dead

    def _ask_again(self, reading: Reading, attempt: int) -> None:
        reading.journey.home.do(partial(self._send_question, reading))

    def _arrives_at_store(self, reading: Reading, number: int, journey: Journey) -> None:
        store = self.store
        if reading.behind_appends:
            store.after_appends(journey, partial(self._read, reading, number))
        elif not store.is_down:
            self._read(reading, number)
        elif store.holds_while_down:
            store.when_up(partial(self._read, reading, number))
        else:
            store.lose(journey)

    def _read(self, reading: Reading, number: int) -> None:
        journey, store = reading.journey, self.store
        answer = partial(self._answer, reading, number, store.log.stream(journey.aggregate), store.life)
        self.clock.after(
            store.read_ns(journey), LOADED, answer, journey,
            command=journey.command, attempt=journey.attempt, place=number,
        )  # fmt: skip

    def _answer(self, reading: Reading, number: int, stream: Stream, life: int, journey: Journey) -> None:
        if life != self.store.life:
            self.store.lose(journey)  # it has crashed while it read
            return
        arrive = partial(self._arrives, reading, stream)
        self.answer_route.send(journey, LOADED, arrive, journey.shard, LOAD, number)

    def _arrives(self, reading: Reading, stream: Stream, journey: Journey) -> None:
        if not reading.done:
            reading.done = True
            reading.then(stream, journey)
