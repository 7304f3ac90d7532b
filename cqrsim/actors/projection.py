"""Projections: receive events or fetch them, fold them one after the other, and are looked at."""

from collections import deque
from functools import partial

from cqrsim.actors.clock import Act, Clock
from cqrsim.actors.command_handler import CommandHandler
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.network import Route
from cqrsim.moments import Moment
from cqrsim.plan.answers import AnswerAt
from cqrsim.plan.parts import ProjectionPlan

APPLIED, CHECKPOINTED, DELIVERED = int(Moment.APPLIED), int(Moment.CHECKPOINTED), int(Moment.DELIVERED)


class Projection:
    """One projection.  It works on one batch at a time; what it shows is what it has applied."""

    def __init__(
        self,
        number: int,
        plan: ProjectionPlan,
        clock: Clock,
        recorder: Recorder,
        store: EventStore,
        handler: CommandHandler,
        to_handler: Route,
    ) -> None:
        self.number = number
        self.plan = plan
        self.clock = clock
        self.record = recorder.add
        self.store = store
        self.handler = handler
        self.to_handler = to_handler
        self.polls = plan.poll_ns >= 0
        self.is_awaited = [feedback.answer_at == AnswerAt.APPLIED for feedback in handler.feedback]
        self.waiting: deque[Journey] = deque()
        self.busy = False
        self.fetched = 0
        """How much of the store's log it has fetched."""
        self.applied: set[int] = set()
        """The commands whose change it shows."""
        self.since_checkpoint = 0
        if self.polls:
            self.clock.after(plan.poll_ns, DELIVERED, self._poll, None, place=number)

    # --- events come in ------------------------------------------------------------------------------------------

    def deliver(self, journey: Journey) -> None:
        """Published events have arrived."""
        self.waiting.append(journey)
        if not self.busy:
            self._start()

    def _poll(self, nothing: None) -> None:
        """Look for new events every so often; not while the last ones are still being applied."""
        self.clock.after(self.plan.poll_ns, DELIVERED, self._poll, None, place=self.number)
        if self.busy:
            return
        log = self.store.log
        until = len(log) if self.plan.batch < 0 else min(len(log), self.fetched + self.plan.batch)
        self.waiting.extend(log[self.fetched : until])
        self.fetched = until
        if self.waiting:
            self._start()

    # --- they are applied ----------------------------------------------------------------------------------------

    def _start(self) -> None:
        self.busy = True
        first = self.waiting.popleft()
        if self.plan.commit is None:
            self._after(self._work(first), APPLIED, first, self._end_one)
            return
        batch = [first]
        while self.waiting and len(batch) != self.plan.batch:
            batch.append(self.waiting.popleft())
        work = self.plan.commit[first.luck][first.command] + sum(self._work(journey) for journey in batch)
        self._after(work, APPLIED, first, partial(self._end, batch))

    def _work(self, journey: Journey) -> int:
        return self.plan.apply[journey.luck][journey.command] * journey.events

    def _end_one(self, journey: Journey) -> None:
        self._end([journey], journey)

    def _after(self, work: int, moment: int, leader: Journey, act: Act) -> None:
        self.clock.after(work, moment, act, leader, command=leader.command, attempt=leader.attempt, place=self.number)

    def _end(self, batch: list[Journey], leader: Journey) -> None:
        for journey in batch:
            self._show(journey)
        if self.plan.checkpoint_every > 0 and self._checkpoint_is_due(batch):
            duration = self.plan.checkpoint[leader.luck][leader.command]
            self._after(duration, CHECKPOINTED, batch[-1], self._checkpointed)
        else:
            self._go_on()

    def _checkpoint_is_due(self, batch: list[Journey]) -> bool:
        self.since_checkpoint += sum(journey.events for journey in batch)
        due = self.since_checkpoint >= self.plan.checkpoint_every
        if due:
            self.since_checkpoint = 0
        return due

    def _checkpointed(self, last: Journey) -> None:
        now = self.clock.time
        self.record((now, CHECKPOINTED, last.command, last.attempt, self.number, 0, last.position))
        self._go_on()

    def _go_on(self) -> None:
        self.busy = False
        if self.waiting:
            self._start()

    def _show(self, journey: Journey) -> None:
        now = self.clock.time
        self.record((now, APPLIED, journey.command, journey.attempt, self.number, 0, journey.position))
        self.applied.add(journey.command)
        if self.is_awaited[journey.group]:
            tell = partial(self.handler.view_has_applied, self.number)
            self.to_handler.send(journey, APPLIED, tell, self.number)

    # --- it is looked at -----------------------------------------------------------------------------------------

    def shows(self, command: int) -> bool:
        """Whether a query at this moment sees the change of a command."""
        return command in self.applied
