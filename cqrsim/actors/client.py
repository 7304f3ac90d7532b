"""Clients: issue commands, wait, look, retry, give up, and come to believe something.

An :class:`Errand` is what a client remembers of one command; each time it sends the command, a :class:`Journey`
begins.
"""

from functools import partial
from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.actors.errand import Errand
from cqrsim.actors.error_cache import ErrorCache
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.looking import Lookout, status_sources
from cqrsim.actors.network import Route
from cqrsim.actors.patience import Patience
from cqrsim.actors.readers import BackgroundReaders, OwnReaders
from cqrsim.messages import Answer, Belief, Channel, Link
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.parts import GroupPlan
from cqrsim.plan.plan import Plan

if TYPE_CHECKING:
    from cqrsim.actors.command_handler import CommandHandler
    from cqrsim.actors.projection import Projection

ISSUED, CAUGHT, SENT, RECEIVED = int(Moment.ISSUED), int(Moment.CAUGHT), int(Moment.SENT), int(Moment.RECEIVED)
ANSWERED, INFORMED, GAVE_UP = int(Moment.ANSWERED), int(Moment.INFORMED), int(Moment.GAVE_UP)

_, GOT_IT, SUCCESS, FAILURE, UNKNOWN = (int(answer) for answer in Answer)
REPLY, EVENT_PUSH = int(Channel.REPLY), int(Channel.EVENT_PUSH)
PRE_VALIDATION = int(Channel.PRE_VALIDATION)


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
        self.session = plan.marks.session.tolist()
        self.intended = plan.marks.intended.tolist()
        self.group_of = plan.marks.group.tolist()
        self.caught = plan.caught.tolist()
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
        sources = [status_sources(group.feedback, routes) for group in plan.groups]
        self.looks = [bool(group_sources) for group_sources in sources]
        self.lookout = Lookout(sources, clock, recorder, store, caches, self.hears_of_find)
        own_reads = [group.own_reads for group in plan.groups]
        self.own_readers = OwnReaders(own_reads, clock, recorder, routes[Link.CLIENT_TO_PROJECTION])

    def meet(self, handler: "CommandHandler", projections: "list[Projection]") -> None:
        """Get to know whom to send to and what to look at."""
        self.handler = handler
        self.projections = projections
        self.lookout.meet(projections)
        self.own_readers.meet(projections)

    def begin(self) -> None:
        """Set the first arrivals."""
        self.open_count = int((self.plan.marks.intended >= 0).sum())
        if self.open_count:
            self.clock.after(self.intended[0], ISSUED, self._issue_open, 0, command=0)
        for group in self.groups:
            if group.closed is not None:
                for client in range(group.closed.clients):
                    self._think(group, client, 0, 0)
        BackgroundReaders(self.plan.looks, self.clock, self.recorder, self.projections)

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
        self._is_informed(errand, FAILURE, PRE_VALIDATION, 0)

    def _send(self, errand: Errand) -> None:
        group = self.groups[errand.group]
        identity = errand.command
        if group.retries is not None and not (group.retries.same_id and self.makes_id[errand.group]):
            identity += errand.tries * len(self.group_of)
        attempt = errand.tries * self.attempts_per_try
        journey = Journey(errand.command, attempt, errand.group, errand.session, identity, errand.tries)
        errand.journey = journey
        journey.known_ids = errand.known_ids
        self.record((self.clock.time, SENT, errand.command, journey.attempt, errand.group, 0, 0))
        if self.makes_id[errand.group]:
            errand.known_ids.append(identity)
            if self.looks[errand.group]:
                self.lookout.begin(errand)
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
                errand.known_ids.append(journey.identity)
                if journey is errand.journey and self.looks[errand.group]:
                    self.lookout.begin(errand)
            elif answer == UNKNOWN:
                self._hears_of_doubt(errand, journey)
            else:
                self._learns(errand, answer, REPLY, journey)
        if self.closed[errand.group]:
            self._may_go_on(errand)

    def hears_event(self, answer: int, journey: Journey) -> None:
        """An event was pushed; without the command's id the client cannot tell that it is its own."""
        errand = self.errands[journey.command]
        if not errand.over and journey.identity in errand.known_ids:
            self._learns(errand, answer, EVENT_PUSH, journey)

    def hears_of_find(self, answer: int, channel: int, journey: Journey) -> None:
        """A look has found the outcome."""
        errand = self.errands[journey.command]
        if not errand.over:
            self._learns(errand, answer, channel, journey)

    def _hears_of_doubt(self, errand: Errand, journey: Journey) -> None:
        """The handler does not know either: other channels may still tell, else there is nothing left to wait for."""
        has_other_channels = self.looks[errand.group] or self.pushed[errand.group]
        if not has_other_channels and journey.tries == errand.tries:
            self._loses_patience(errand, journey.attempt)

    def _learns(self, errand: Errand, answer: int, channel: int, of: Journey) -> None:
        """It knows the outcome now, unless it takes a failure for a reason to try again.

        That an earlier try has failed says nothing any more; that it has succeeded, or was refused for good, does.
        """
        retries = self.groups[errand.group].retries
        if answer == FAILURE and of.retryable:
            if of.tries != errand.tries:
                return
            if retries is not None and retries.after_failure and errand.tries < retries.at_most:
                self._try_again(errand)
                return
        self._is_informed(errand, answer, channel, of.attempt)

    def _is_informed(self, errand: Errand, answer: int, channel: int, attempt: int) -> None:
        errand.over = True
        now = self.clock.time
        self.record((now, INFORMED, errand.command, attempt, channel, answer, 0))
        if answer == SUCCESS:
            self.own_readers.begin(errand)
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


def _patience_ns(group: GroupPlan) -> int:
    """It waits so long for an attempt: as long as the group waits for anything, or as silence lasts; -1 for ever."""
    limits = [limit for limit in (group.patience_ns, group.feedback.presume_after_ns) if limit >= 0]
    return min(limits, default=NEVER)
