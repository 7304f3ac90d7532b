"""How the command handler tells clients what became of their commands: answers, error events, the error cache."""

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.actors.error_cache import ErrorCache
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.journey import Journey
from cqrsim.actors.network import ERROR_EVENT, Route
from cqrsim.messages import Answer, Link
from cqrsim.moments import Moment
from cqrsim.plan.plan import Plan

if TYPE_CHECKING:
    from cqrsim.actors.client import Clients

ANSWERED, APPEND_RECEIVED = int(Moment.ANSWERED), int(Moment.APPEND_RECEIVED)
REFUSAL_CACHED, HANDLER_GAVE_UP = int(Moment.REFUSAL_CACHED), int(Moment.HANDLER_GAVE_UP)
SUCCESS, UNKNOWN = int(Answer.SUCCESS), int(Answer.UNKNOWN)


class Telling:
    """Everything that a handler says to clients."""

    clients: "Clients"

    def __init__(
        self, plan: Plan, clock: Clock, store: EventStore, routes: dict[Link, Route], caches: list[ErrorCache | None]
    ) -> None:
        self.feedback = [group.feedback for group in plan.groups]
        self.error_bytes = plan.marks.error_bytes
        self.clock = clock
        self.store = store
        self.to_client = routes[Link.HANDLER_TO_CLIENT]
        self.to_store = routes[Link.HANDLER_TO_STORE]
        self.to_cache = routes[Link.HANDLER_TO_CACHE]
        self.caches = caches
        self.notifies_failures = [feedback.error_events or feedback.error_cache for feedback in self.feedback]
        """Of each group, whether failures are told by ways that do not wait for an answer."""
        self.applied_in: defaultdict[int, int] = defaultdict(int)
        """The projections that have applied a command's events, as bits, by command."""
        self.awaiting_views: defaultdict[int, list[Journey]] = defaultdict(list)

    def reply(self, journey: Journey, answer: int) -> None:
        """Answer the client that waits."""
        journey.answer = answer
        self.to_client.send(journey, ANSWERED, self.clients.hears_answer, journey.session)

    def notify_failure(self, journey: Journey) -> None:
        """Tell of a refusal or failure by the ways that do not wait for an answer."""
        if self.feedback[journey.group].error_events:
            store_it = partial(self.store.append_error, int(self.error_bytes[journey.command]))
            self.to_store.send(journey, APPEND_RECEIVED, store_it, journey.shard, ERROR_EVENT)
        cache = self.caches[journey.group]
        if cache is not None:
            self.to_cache.send(journey, REFUSAL_CACHED, cache.put, 0)

    # --- answers that wait for projections -----------------------------------------------------------------------

    def await_views(self, journey: Journey) -> None:
        """Answer when the projections have applied what the command has changed, in whichever try."""
        if self._is_applied(journey):
            self.reply(journey, SUCCESS)
            return
        self.awaiting_views[journey.command].append(journey)
        at_most = self.feedback[journey.group].wait_at_most_ns
        if at_most >= 0:
            self.clock.after(
                at_most, HANDLER_GAVE_UP, self._views_take_too_long, journey,
                command=journey.command, attempt=journey.attempt, place=2,
            )  # fmt: skip

    def _is_applied(self, journey: Journey) -> bool:
        applied = self.applied_in[journey.command]
        return all(applied >> view & 1 for view in self.feedback[journey.group].applied_in)

    def view_has_applied(self, view: int, journey: Journey) -> None:
        """A projection says that it has applied the events of a command."""
        self.applied_in[journey.command] |= 1 << view
        if journey.command in self.awaiting_views and self._is_applied(journey):
            for waiting in self.awaiting_views.pop(journey.command):
                self._reply_if_there(waiting, SUCCESS)

    def _views_take_too_long(self, journey: Journey) -> None:
        waiting = self.awaiting_views.get(journey.command, [])
        if journey in waiting:
            waiting.remove(journey)
            self._reply_if_there(journey, UNKNOWN)

    def _reply_if_there(self, journey: Journey, answer: int) -> None:
        """Who stands still answers later, and who is dead never."""
        journey.home.do(partial(self.reply, journey, answer))
