"""Clients: issue commands, wait, look, retry, give up, and come to believe something.

An :class:`Errand` is what a client remembers of one command; each time it sends the command, a :class:`Journey`
begins.
"""

from functools import partial
from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.actors.error_cache import ErrorCache
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.network import Route
from cqrsim.actors.patience import Patience
from cqrsim.messages import Answer, Belief, Channel, Link, Seen
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.parts import GroupPlan, Schedule
from cqrsim.plan.plan import Plan

if TYPE_CHECKING:
    from cqrsim.actors.command_handler import CommandHandler
    from cqrsim.actors.projection import Projection

ISSUED, CAUGHT, SENT, RECEIVED = int(Moment.ISSUED), int(Moment.CAUGHT), int(Moment.SENT), int(Moment.RECEIVED)
ANSWERED, INFORMED, POLLED = int(Moment.ANSWERED), int(Moment.INFORMED), int(Moment.POLLED)
OWN_READ, BACKGROUND_READ, GAVE_UP = int(Moment.OWN_READ), int(Moment.BACKGROUND_READ), int(Moment.GAVE_UP)

NOTHING, GOT_IT, SUCCESS, FAILURE, UNKNOWN = (int(answer) for answer in Answer)
REPLY, EVENT_PUSH, EVENT_POLL, READ_MODEL, ERROR_CACHE, PRE_VALIDATION = (int(channel) for channel in Channel)


class Errand:
    """What a client remembers of one command."""

    tries = 0
    journey: Journey | None = None
    """The latest attempt."""
    knows_id = False
    answered = False
    looking_since = 0
    """Counts the times it began to look; looks of an earlier round are void."""
    over = False
    """It is informed, or has given up."""
    will_try_again = False
    """It has had enough of the latest attempt, and waits for the next."""
    free = False
    """Its closed client has been told that it may go on."""

    def __init__(self, command: int, group: int, session: int) -> None:
        self.command = command
        self.group = group
        self.session = session


class Clients:
    """All groups of clients."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        recorder: Recorder,
        routes: dict[Link, Route],
        store: EventStore,
        caches: list[ErrorCache | None],
    ) -> None:
        self.plan = plan
        self.groups = plan.groups
        self.clock = clock
        self.recorder = recorder
        self.record = recorder.add
        self.routes = routes
        self.store = store
        self.caches = caches
        self.session = plan.marks.session.tolist()
        self.intended = plan.marks.intended.tolist()
        self.group_of = plan.marks.group.tolist()
        self.caught = plan.caught.tolist()
        self.events = plan.marks.events
        self.errands: dict[int, Errand] = {}
        self.attempts_per_try = plan.about.attempts_per_try
        self.pushed = [group.feedback.event_push for group in plan.groups]
        """Whether events are pushed to the clients of each group."""
        self.closed = [group.closed is not None for group in plan.groups]
        self.makes_id = [group.feedback.client_makes_id for group in plan.groups]
        self.patience = [
            Patience[Errand](clock, _patience_ns(group), GAVE_UP, self._still_waits, self._loses_patience)
            for group in plan.groups
        ]
        self.to_handler = routes[Link.CLIENT_TO_HANDLER]
        self.look_plans = [self._status_sources(group) for group in plan.groups]

    def meet(self, handler: "CommandHandler", projections: "list[Projection]") -> None:
        """Get to know whom to send to and what to look at."""
        self.handler = handler
        self.projections = projections

    def begin(self) -> None:
        """Set the first arrivals."""
        self.open_count = int((self.plan.marks.intended >= 0).sum())
        if self.open_count:
            self.clock.after(self.intended[0], ISSUED, self._issue_open, 0, command=0)
        for group in self.groups:
            if group.closed is not None:
                for client in range(group.closed.clients):
                    self._think(group, client, 0, 0)
        self._schedule_background_read(0)

    # --- issuing -------------------------------------------------------------------------------------------------

    def _issue_open(self, command: int) -> None:
        following = command + 1
        if following < self.open_count:
            now = self.clock.time
            self.clock.after(self.intended[following] - now, ISSUED, self._issue_open, following, command=following)
        if not command & 0xFFF:
            self.recorder.compact()
        self._issue(command, self.intended[command])

    def _think(self, group: GroupPlan, client: int, turn: int, now: int) -> None:
        """A closed client thinks, and issues its next command when it is due."""
        closed = group.closed
        assert closed is not None
        number = turn * closed.clients + client
        if number >= len(group.commands):
            return
        issues = now + int(closed.think_ns[number])
        intended = issues
        if closed.pace_ns >= 0:
            intended = turn * closed.pace_ns
            issues = max(issues, intended)
        if intended < self.plan.arrivals_end_ns:
            command = int(group.commands[number])
            self.clock.after(issues - now, ISSUED, partial(self._issue_closed, intended), command, command=command)

    def _issue_closed(self, intended: int, command: int) -> None:
        if intended < self.plan.arrivals_end_ns and self.clock.time < self.plan.end_ns:
            self._issue(command, intended)

    def _issue(self, command: int, intended: int) -> None:
        group = self.group_of[command]
        self.record((self.clock.time, ISSUED, command, 0, group, 0, intended))
        errand = Errand(command, group, self.session[command])
        self.errands[command] = errand
        check = self.groups[group].pre_validation
        if check is None:
            self._send(errand)
        else:
            self.clock.after(check[0][command], SENT, self._pre_validated, errand, command=command)

    def _pre_validated(self, errand: Errand) -> None:
        if not self.caught[errand.command]:
            self._send(errand)
            return
        self.record((self.clock.time, CAUGHT, errand.command, 0, errand.group, 0, 0))
        self._is_informed(errand, FAILURE, PRE_VALIDATION)

    def _send(self, errand: Errand) -> None:
        group = self.groups[errand.group]
        identity = errand.command
        if group.retries is not None and not group.retries.same_id:
            identity += errand.tries * len(self.group_of)
        journey = Journey(errand.command, errand.tries * self.attempts_per_try, errand.group, errand.session, identity)
        errand.journey = journey
        errand.will_try_again = False
        self.record((self.clock.time, SENT, errand.command, journey.attempt, errand.group, 0, 0))
        if self.makes_id[errand.group]:
            errand.knows_id = True
            if self.look_plans[errand.group]:
                self._begin_to_look(errand)
        self.patience[errand.group].begin(errand, errand.command, journey.attempt)
        self.to_handler.send(journey, RECEIVED, self.handler.receive, errand.session)

    # --- hearing -------------------------------------------------------------------------------------------------

    def hears_answer(self, journey: Journey) -> None:
        """The handler's answer has arrived."""
        errand, answer = self.errands[journey.command], journey.answer
        self.record((self.clock.time, ANSWERED, journey.command, journey.attempt, journey.group, answer, 0))
        errand.answered = True
        if not errand.over:
            if answer == GOT_IT:
                errand.knows_id = True
                if journey is errand.journey and self.look_plans[errand.group]:
                    self._begin_to_look(errand)
            elif answer == UNKNOWN:
                self._gives_up(errand)
            else:
                self._learns(errand, answer, REPLY, journey.retryable)
        if self.closed[errand.group]:
            self._may_go_on(errand)

    def hears_event(self, answer: int, journey: Journey) -> None:
        """An event was pushed; without the command's id the client cannot tell that it is its own."""
        errand = self.errands[journey.command]
        if errand.knows_id and not errand.over:
            self._learns(errand, answer, EVENT_PUSH, journey.retryable)

    def _learns(self, errand: Errand, answer: int, channel: int, retryable: bool) -> None:
        """It knows the outcome now, unless it takes a failure for a reason to try again."""
        retries = self.groups[errand.group].retries
        if answer == FAILURE and errand.will_try_again:
            return
        if (
            answer == FAILURE and retryable
            and retries is not None and retries.after_failure and errand.tries < retries.at_most
        ):  # fmt: skip
            self._try_again(errand)
        else:
            self._is_informed(errand, answer, channel)

    def _is_informed(self, errand: Errand, answer: int, channel: int) -> None:
        errand.over = True
        attempt = 0 if errand.journey is None else errand.journey.attempt
        now = self.clock.time
        self.record((now, INFORMED, errand.command, attempt, channel, answer, 0))
        reads = self.groups[errand.group].own_reads
        if answer == SUCCESS and reads is not None and reads.count > 0:
            self._schedule_own_read(errand, 0, reads.after[0][errand.command])
        if self.closed[errand.group]:
            self._may_go_on(errand)

    # --- giving up and trying again ------------------------------------------------------------------------------

    def _still_waits(self, errand: Errand, attempt: int) -> bool:
        return not errand.over and errand.tries * self.attempts_per_try == attempt

    def _loses_patience(self, errand: Errand, attempt: int) -> None:
        retries = self.groups[errand.group].retries
        if retries is not None and retries.after_timeout and errand.tries < retries.at_most:
            self._try_again(errand)
        else:
            self._gives_up(errand)

    def _try_again(self, errand: Errand) -> None:
        retries = self.groups[errand.group].retries
        assert retries is not None
        errand.tries += 1
        errand.looking_since += 1
        errand.will_try_again = True
        attempt = errand.tries * self.attempts_per_try
        self.clock.after(
            retries.backoff[errand.tries][errand.command], SENT, self._send_again, errand,
            command=errand.command, attempt=attempt,
        )  # fmt: skip

    def _send_again(self, errand: Errand) -> None:
        if not errand.over:
            self._send(errand)

    def _gives_up(self, errand: Errand) -> None:
        errand.over = True
        presumes = self.groups[errand.group].feedback.presume_after_ns >= 0
        belief = Belief.PRESUMED_FAILURE if presumes else Belief.UNKNOWN
        attempt = 0 if errand.journey is None else errand.journey.attempt
        self.record((self.clock.time, GAVE_UP, errand.command, attempt, errand.group, int(belief), 0))
        if self.closed[errand.group]:
            self._may_go_on(errand)

    def _may_go_on(self, errand: Errand) -> None:
        """A closed client goes on to its next command when what it waits for has come."""
        group = self.groups[errand.group]
        closed = group.closed
        assert closed is not None
        if errand.free:
            return
        if errand.over or (errand.answered and not closed.waits_for_outcome):
            errand.free = True
            turn, client = divmod(errand.command - int(group.commands[0]), closed.clients)
            self._think(group, client, turn + 1, self.clock.time)

    # --- looking for the outcome ---------------------------------------------------------------------------------

    def _status_sources(self, group: GroupPlan) -> list["StatusSource"]:
        feedback, sources = group.feedback, []
        if feedback.event_poll is not None:
            sources.append(StatusSource(EVENT_POLL, feedback.event_poll, -1))
        if feedback.cache_poll is not None:
            sources.append(StatusSource(ERROR_CACHE, feedback.cache_poll, -1))
        if feedback.read_model is not None:
            sources.append(StatusSource(READ_MODEL, feedback.read_model, feedback.read_model_of))
        return sources

    def _begin_to_look(self, errand: Errand) -> None:
        """Start looking at every status source, afresh: the schedule counts from the last answer heard."""
        errand.looking_since += 1
        for source in self.look_plans[errand.group]:
            self._schedule_look(errand, source, 0, errand.looking_since)

    def _schedule_look(self, errand: Errand, source: "StatusSource", number: int, since: int) -> None:
        schedule = source.schedule
        if 0 <= schedule.at_most <= number:
            return
        journey = errand.journey
        assert journey is not None
        self.clock.after(
            schedule.gap_ns(number), POLLED, partial(self._look, source, number, since), errand,
            command=errand.command, attempt=journey.attempt, place=source.channel,
        )  # fmt: skip

    def _look(self, source: "StatusSource", number: int, since: int, errand: Errand) -> None:
        if errand.over or errand.looking_since != since:
            return
        self._schedule_look(errand, source, number + 1, since)
        journey = errand.journey
        assert journey is not None
        there = self.routes[source.there]
        find = partial(self._find, source, number)
        there.send(journey, POLLED, find, errand.session, number=number)

    def _find(self, source: "StatusSource", number: int, journey: Journey) -> None:
        """The question has arrived at the status source: what it finds goes back."""
        answer = self._finding(source, journey)
        channel = source.channel
        self.record((self.clock.time, POLLED, journey.command, journey.attempt, channel, answer, number + 1))
        found = partial(self._has_looked, answer, source.channel)
        self.routes[source.back].send(journey, INFORMED, found, journey.session, number=number)

    def _finding(self, source: "StatusSource", journey: Journey) -> int:
        command = journey.command
        if source.channel == EVENT_POLL:
            return self.store.found.get(command, NOTHING)
        if source.channel == ERROR_CACHE:
            cache = self.caches[journey.group]
            return FAILURE if cache is not None and cache.has(command) else NOTHING
        return SUCCESS if self.projections[source.projection].shows(command) else NOTHING

    def _has_looked(self, answer: int, channel: int, journey: Journey) -> None:
        errand = self.errands[journey.command]
        if answer != NOTHING and not errand.over:
            self._learns(errand, answer, channel, journey.retryable)

    # --- reading -------------------------------------------------------------------------------------------------

    def _schedule_own_read(self, errand: Errand, number: int, delay: int) -> None:
        journey = errand.journey
        attempt = 0 if journey is None else journey.attempt
        self.clock.after(
            delay, OWN_READ, partial(self._own_read, number), errand,
            command=errand.command, attempt=attempt, place=number,
        )  # fmt: skip

    def _own_read(self, number: int, errand: Errand) -> None:
        reads = self.groups[errand.group].own_reads
        journey = errand.journey
        assert reads is not None and journey is not None
        if number + 1 < reads.count:
            slot = (number + 1) % 16
            self._schedule_own_read(errand, number + 1, reads.gap[slot][errand.command])
        projection = reads.of[reads.choice[number % 16][errand.command]]
        arrives = partial(self._reads_view, projection, number)
        self.routes[Link.CLIENT_TO_PROJECTION].send(journey, OWN_READ, arrives, errand.session, number=number)

    def _reads_view(self, projection: int, number: int, journey: Journey) -> None:
        seen = Seen.YES if self.projections[projection].shows(journey.command) else Seen.NO
        now = self.clock.time
        self.record((now, OWN_READ, journey.command, journey.attempt, projection, int(seen), number))

    def _schedule_background_read(self, number: int) -> None:
        looks = self.plan.looks
        if number < len(looks.time):
            delay = int(looks.time[number]) - self.clock.time
            self.clock.after(delay, BACKGROUND_READ, self._background_read, number, command=number)

    def _background_read(self, number: int) -> None:
        projection = int(self.plan.looks.reads.projection[number])
        self.record((self.clock.time, BACKGROUND_READ, number, 0, projection, NEVER, NEVER))
        self._schedule_background_read(number + 1)


def _patience_ns(group: GroupPlan) -> int:
    """It waits so long for an attempt: as long as the group waits for anything, or as silence lasts; -1 for ever."""
    limits = [limit for limit in (group.patience_ns, group.feedback.presume_after_ns) if limit >= 0]
    return min(limits, default=NEVER)


class StatusSource:
    """Where an outcome can be looked up, and how often a client looks there."""

    __slots__ = ("back", "channel", "projection", "schedule", "there")

    def __init__(self, channel: int, schedule: Schedule, projection: int) -> None:
        self.channel = channel
        self.schedule = schedule
        self.projection = projection
        self.there, self.back = _WAYS[channel]


_WAYS = {
    EVENT_POLL: (Link.CLIENT_TO_STORE, Link.STORE_TO_CLIENT),
    ERROR_CACHE: (Link.CLIENT_TO_CACHE, Link.CACHE_TO_CLIENT),
    READ_MODEL: (Link.CLIENT_TO_PROJECTION, Link.PROJECTION_TO_CLIENT),
}
