"""Projections: receive events or fetch them, fold them one after the other, and are looked at."""

from collections import deque
from collections.abc import Callable
from functools import partial

from cqrsim.actors.clock import Clock
from cqrsim.actors.command_handler import CommandHandler
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.faults import Watch
from cqrsim.actors.journey import TRIES_WITH_LUCK_OF_THEIR_OWN, Journey, Recorder
from cqrsim.actors.network import Route
from cqrsim.messages import Link, Part
from cqrsim.moments import NEVER, OVERFLOW, Moment
from cqrsim.plan.answers import AnswerAt, Effect
from cqrsim.plan.parts import ProjectionPlan

APPLIED, CHECKPOINTED, DELIVERED = int(Moment.APPLIED), int(Moment.CHECKPOINTED), int(Moment.DELIVERED)
CRASHED, RESTARTED, MESSAGE_LOST = int(Moment.CRASHED), int(Moment.RESTARTED), int(Moment.MESSAGE_LOST)
VIEWS_WITH_LUCK_OF_THEIR_OWN = 16
"""What strikes one projection at an event does not strike the next one there, nor this one again when it is back."""
LIVES_WITH_LUCK_OF_THEIR_OWN = 8
STORE_TO_PROJECTION, PROJECTION = int(Link.STORE_TO_PROJECTION), int(Part.PROJECTION)


class Projection:
    """One projection.  It works on one batch at a time; what it shows is what it has applied.

    It has two ways to its events: what is published to it (or what it fetches every so often), and the log itself,
    which it reads from somewhere to its end after a crash or a gap, before it goes back to its usual way.
    """

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
        self.is_awaited = [feedback.answer_at == AnswerAt.APPLIED for feedback in handler.telling.feedback]
        self.waiting: deque[Journey] = deque()
        self.at_work: list[Journey] | None = None
        """What it is folding."""
        self.up_to = 0
        """Position behind the last event that it has taken in, for folding."""
        self.keeps_count = plan.catch_up
        """Whether anything may come twice, so that it must know what it has had."""
        self.taken: set[Journey] = set()
        """The appends that it has taken in, in this life."""
        self.blank: set[Journey] = set()
        """Those whose record said something else when it came by."""
        self.applied: set[Journey] = set()
        """The appends that it has ever applied."""
        self.commands: set[int] = set()
        """The commands whose change it shows."""
        self.since_checkpoint = 0
        self.checkpoint_at = 0
        """Position behind the last event of its checkpoint."""
        self.is_up = True
        self.is_reading = False
        """It reads the log; what is published meanwhile waits."""
        self.heard: list[Journey] = []
        """What was published while it read the log; most of it is in there."""
        self.serves = True
        """Whether it answers queries."""
        self.rebuilt: set[int] | None = None
        """The commands of the view that it builds anew."""
        self.down_by = NEVER
        self.life = 0
        self.before_apply: list[Watch] = []
        self.after_apply: list[Watch] = []
        if self.polls:
            self.clock.after(plan.poll_ns, DELIVERED, self._poll, None, place=number)

    # --- events come in ------------------------------------------------------------------------------------------

    def deliver(self, journey: Journey) -> None:
        """Published events have arrived; while it reads the log it needs none, and while it is down there is nobody."""
        if not self.is_up:
            self._lose(journey, self.down_by)
            return
        if self.is_reading:
            self.heard.append(journey)
            return
        if self.plan.catch_up and journey.previous >= self.up_to:
            self.heard.append(journey)
            self._read_log()
            return
        self._hear(journey)

    def _hear(self, journey: Journey) -> None:
        """Take in what was published, once, and as long as there is room."""
        if self.keeps_count and journey in self.taken:
            return  # it was published twice, or was in the log that has been read
        if 0 <= self.plan.buffer <= len(self.waiting):
            self._lose(journey, OVERFLOW)
            return
        self._take_in(journey, journey.was_altered)
        if self.at_work is None:
            self._start()

    def _lose(self, journey: Journey, fault: int) -> None:
        now = self.clock.time
        self.record((now, MESSAGE_LOST, journey.command, journey.attempt, STORE_TO_PROJECTION, self.number, fault))

    def _take_in(self, journey: Journey, is_altered: bool) -> None:
        """Events are to be applied; an altered record changes nothing, but what was published of it before does."""
        self.waiting.append(journey)
        if is_altered:
            self.blank.add(journey)
        behind = journey.position + journey.events
        if behind > self.up_to:
            self.up_to = behind
        if self.keeps_count:
            self.taken.add(journey)

    def _poll(self, nothing: None) -> None:
        """Look for new events every so often; not while the last ones are still being applied."""
        self.clock.after(self.plan.poll_ns, DELIVERED, self._poll, None, place=self.number)
        if self.at_work is not None or not self.is_up or self.is_reading or self.store.is_down:
            return
        self._fetch(self.plan.batch)
        if self.waiting:
            self._start()

    def _fetch(self, at_most: int) -> None:
        """Take in what the log has behind what it has taken in so far."""
        log = self.store.log
        start = log.after(self.up_to)
        until = len(log.journeys) if at_most < 0 else min(len(log.journeys), start + at_most)
        for journey in log.journeys[start:until]:
            if journey not in self.taken:
                self._take_in(journey, journey.altered)

    # --- they are applied ----------------------------------------------------------------------------------------

    def _start(self) -> None:
        batch = [self.waiting.popleft()]
        self.at_work = batch
        first = batch[0]
        if self.before_apply and self._is_struck(self.before_apply, first):
            return
        work = 0
        if self.plan.commit is not None:
            while self.waiting and len(batch) != self.plan.batch:
                batch.append(self.waiting.popleft())
            work = self.plan.commit[first.luck][first.command]
        work += sum([self._work(journey) for journey in batch]) if len(batch) > 1 else self._work(first)
        self._after(work, APPLIED, first, self._end, batch)

    def _work(self, journey: Journey) -> int:
        column = self.plan.rebuild if self.rebuilt is not None else self.plan.apply
        return column[journey.luck][journey.command] * journey.events

    def _after(
        self, work: int, moment: int, leader: Journey, act: Callable[[list[Journey]], None], about: list[Journey]
    ) -> None:
        self.clock.after(work, moment, act, about, command=leader.command, attempt=leader.attempt, place=self.number)

    def _is_struck(self, watches: list[Watch], journey: Journey) -> bool:
        life = self.life
        slot = (life % LIVES_WITH_LUCK_OF_THEIR_OWN) * TRIES_WITH_LUCK_OF_THEIR_OWN + journey.luck
        slot = slot * VIEWS_WITH_LUCK_OF_THEIR_OWN + self.number
        for watch in watches:
            if not watch.strikes(journey, slot):
                continue
            if watch.plan.effect == Effect.CRASH:
                self.crash(watch, journey, watch.fired - 1)
            elif watch.act is not None:
                watch.act(watch, journey, watch.fired - 1)
        return life != self.life

    def _end(self, batch: list[Journey]) -> None:
        if batch is not self.at_work:
            return  # it has crashed meanwhile
        for journey in batch:
            self._show(journey)
        if self.after_apply and self._is_struck(self.after_apply, batch[0]):
            return
        if self.plan.checkpoint_every > 0 and self._checkpoint_is_due(batch):
            leader = batch[0]
            duration = self.plan.checkpoint[leader.luck][leader.command]
            self._after(duration, CHECKPOINTED, batch[-1], self._checkpointed, batch)
        else:
            self._go_on()

    def _checkpoint_is_due(self, batch: list[Journey]) -> bool:
        self.since_checkpoint += sum(journey.events for journey in batch)
        due = self.since_checkpoint >= self.plan.checkpoint_every
        if due:
            self.since_checkpoint = 0
        return due

    def _checkpointed(self, batch: list[Journey]) -> None:
        if batch is not self.at_work:
            return
        now, last = self.clock.time, batch[-1]
        self.record((now, CHECKPOINTED, last.command, last.attempt, self.number, 0, last.position))
        self.checkpoint_at = last.position + last.events
        self._go_on()

    def _go_on(self) -> None:
        self.at_work = None
        if self.is_reading and not self.waiting:
            self._read_on()
        elif self.waiting:
            self._start()

    def _show(self, journey: Journey) -> None:
        """Its change is in the view; if that is being built anew, in the one to come."""
        view = self.commands if self.rebuilt is None else self.rebuilt
        is_blank = journey in self.blank
        if not is_blank:
            view.add(journey.command)
        if self.keeps_count:
            if journey in self.applied:
                return  # in an earlier life
            self.applied.add(journey)
        now = self.clock.time
        self.record((now, APPLIED, journey.command, journey.attempt, self.number, int(is_blank), journey.position))
        if self.is_awaited[journey.group]:
            tell = partial(self.handler.telling.view_has_applied, self.number)
            self.to_handler.send(journey, APPLIED, tell, self.number)

    # --- it is looked at -----------------------------------------------------------------------------------------

    def shows(self, command: int) -> bool:
        """Whether a query at this moment sees the change of a command."""
        return command in self.commands

    # --- it crashes, and reads the log ---------------------------------------------------------------------------

    def crash(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """What it had taken in and not applied is lost, and its view, unless there is a checkpoint to begin from."""
        assert watch.plan.restart is not None
        self.life += 1
        self.record((self.clock.time, CRASHED, NEVER, 0, self.number, PROJECTION, watch.fault))
        self.is_up, self.is_reading, self.at_work, self.down_by = False, False, None, watch.fault
        self.serves = False
        self.waiting.clear()
        self.heard.clear()
        self.taken.clear()
        self.blank.clear()
        self.since_checkpoint = 0
        self.clock.after(watch.plan.restart[number], RESTARTED, self._begin_again, self.life, place=self.number)

    def judge(self) -> None:
        """Everything is repaired: it starts now, if it is down."""
        if not self.is_up:
            self._begin_again(self.life)

    def _begin_again(self, life: int) -> None:
        """The process is up: build the view from the log, while the old one is served, or none."""
        if life != self.life or self.is_up:
            return
        self.is_up = True
        self.serves = self.plan.serves_while_rebuilding
        self.up_to = self.checkpoint_at if self.plan.from_checkpoint else 0
        self.rebuilt = self._of_checkpoint()
        self._read_log()

    def _of_checkpoint(self) -> set[int]:
        """The commands whose change the checkpoint shows."""
        kept = [journey for journey in self.applied if journey.position < self.up_to]
        self.taken.update(kept)
        return {journey.command for journey in kept}

    def _read_log(self) -> None:
        self.is_reading = True
        if self.at_work is None:
            self._read_on()

    def _read_on(self) -> None:
        """Take in what the log has; at its end, listen again."""
        if self.store.is_down:
            self.store.when_up(partial(self._read_on_in, self.life))
            return
        self._fetch(-1)
        if self.waiting:
            self._start()
            return
        self.is_reading, self.serves = False, True
        if self.rebuilt is not None:
            self.commands, self.rebuilt = self.rebuilt, None
        self.record((self.clock.time, RESTARTED, NEVER, 0, self.number, PROJECTION, self.store.log.end()))
        heard, self.heard = self.heard, []
        for journey in heard:  # a store that publishes early may have spoken of what the log did not have yet
            self._hear(journey)

    def _read_on_in(self, life: int) -> None:
        if life == self.life and self.is_reading and self.at_work is None:
            self._read_on()

    def store_has_restarted(self) -> None:
        """It connects anew; if it keeps count, it reads what it has missed."""
        if self.plan.catch_up:
            self.up_to = min(self.up_to, self.store.log.end())  # what has vanished leaves its positions to others
        if self.plan.catch_up and self.is_up and not self.is_reading:
            self._read_log()
