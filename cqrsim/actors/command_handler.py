"""The command handler: one command at a time per aggregate is admitted, decided, and made into events.

Where the handler's state comes from is answered by the plan: what it folds on, what the turn waits for, whether it
saves to a store of its own, whether it loads the stream for each command.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from cqrsim.actors.clock import Clock
from cqrsim.actors.error_cache import ErrorCache
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.faults import Watch
from cqrsim.actors.instance import Instance
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.network import Route
from cqrsim.actors.patience import Patience
from cqrsim.actors.rules import Stream, Streams, Validation
from cqrsim.actors.stream_reader import StreamReader
from cqrsim.actors.telling import Telling
from cqrsim.actors.turns import Turns
from cqrsim.messages import Answer, AppendOutcome, Decision, Link
from cqrsim.moments import Moment
from cqrsim.plan.answers import AnswerAt, FoldOn, OnDoubt, Save, Turn, WaitFor
from cqrsim.plan.plan import Plan

if TYPE_CHECKING:
    from cqrsim.actors.client import Clients

RECEIVED, ADMITTED, LOADED = int(Moment.RECEIVED), int(Moment.ADMITTED), int(Moment.LOADED)
DECIDED, SAVED, APPEND_SENT = int(Moment.DECIDED), int(Moment.SAVED), int(Moment.APPEND_SENT)
APPEND_RECEIVED, APPEND_ANSWERED = int(Moment.APPEND_RECEIVED), int(Moment.APPEND_ANSWERED)
FOLDED, REREAD, RELEASED = int(Moment.FOLDED), int(Moment.REREAD), int(Moment.RELEASED)
HANDLER_GAVE_UP = int(Moment.HANDLER_GAVE_UP)
ACCEPTED, INVALID, FORBIDDEN, OVERLOADED = (int(decision) for decision in Decision)
OK, DUPLICATE = int(AppendOutcome.OK), int(AppendOutcome.DUPLICATE)
CONFLICT, NOT_FOUND = int(AppendOutcome.CONFLICT), int(AppendOutcome.UNKNOWN)
ERROR = int(AppendOutcome.ERROR)
MESSAGE_LOST, CLIENT_TO_HANDLER = int(Moment.MESSAGE_LOST), int(Link.CLIENT_TO_HANDLER)
GOT_IT, SUCCESS, FAILURE, UNKNOWN = (
    int(answer) for answer in (Answer.RECEIVED, Answer.SUCCESS, Answer.FAILURE, Answer.UNKNOWN)
)
AT_RECEIVED, AT_DECIDED, AT_WRITTEN, AT_APPLIED = (int(moment) for moment in AnswerAt)


def _nothing_more(journey: Journey) -> None:
    """What is left to do after an append was sent: nothing."""


def _is_complete(home: Instance) -> None:
    """Stands where nobody notices gaps."""


class CommandHandler:
    """All shards of the command handler."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        recorder: Recorder,
        validation: Validation,
        store: EventStore,
        routes: dict[Link, Route],
        caches: list[ErrorCache | None],
    ) -> None:
        self.plan = plan.handler
        self.answers = plan.state
        self.answer_at = [int(group.feedback.answer_at) for group in plan.groups]
        self.aggregate = plan.marks.aggregate.tolist()
        self.valid = plan.marks.valid.tolist()
        self.change = plan.marks.change.tolist()
        self.events = plan.marks.events.tolist()
        self.event_bytes = plan.marks.event_bytes.tolist()
        self.clock = clock
        self.record = recorder.add
        self.validation = validation
        self.store = store
        self.to_store = routes[Link.HANDLER_TO_STORE]
        self.telling = Telling(plan, clock, store, routes, caches)
        self.instances = self._first_instances(plan)
        """Of each shard those that run, the newest last: that one takes the new commands."""
        self.sharing: dict[int, tuple[Instance, Watch]] = {}
        """Shards of which an older instance takes commands, too, and the fault that makes it so."""
        self.before_append: list[Watch] = []
        self.after_append: list[Watch] = []
        self.before_decision: list[Watch] = []
        self.after_decision: list[Watch] = []
        self.before_answer: list[Watch] = []
        self.after_answer: list[Watch] = []
        """Faults that strike at what a handler does."""
        self.catch_up_act: Callable[[Instance], None] = _is_complete
        """What an instance does that has noticed a gap."""
        self.keeps_what_it_holds = False
        """Whether a crash may come, after which it must be known what it had in hand."""
        self.wants_answers = plan.state.wait_for == WaitFor.ANSWER
        self.folds_events = plan.state.fold_on == FoldOn.PUBLICATION
        self.listens = self.folds_events or plan.state.wait_for == WaitFor.PUBLICATION
        """Whether published events come back to it."""
        give_up_ns = plan.state.give_up_ns
        self.patience = Patience[Journey](clock, give_up_ns, HANDLER_GAVE_UP, self._still_waits, self._gives_up)
        self.attempts_per_try = plan.about.attempts_per_try
        self.versioned = plan.store.check_version
        self.loads = plan.state.load
        self.saves_first = plan.state.save == Save.BEFORE_APPEND
        self.saves_last = plan.state.save == Save.AFTER_APPEND
        self.folds_decisions = plan.state.fold_on == FoldOn.DECISION
        self.folds_answers = plan.state.fold_on == FoldOn.ANSWER
        self.waits_for_event = plan.state.wait_for == WaitFor.PUBLICATION
        self.waits = plan.state.wait_for != WaitFor.NOTHING
        self.may_hear_twice = plan.about.duplicates_from >= 0
        self.catches_up = plan.state.catch_up and self.listens
        self.says_unknown = plan.state.on_doubt == OnDoubt.SAY_UNKNOWN
        self.rereads_in_doubt = plan.state.on_doubt == OnDoubt.REREAD
        self.streams = StreamReader(clock, store, self.to_store, routes[Link.STORE_TO_HANDLER], give_up_ns)

    def _first_instances(self, plan: Plan) -> list[list[Instance]]:
        """One instance of each shard; their turns are one and the same only where all shards share one."""
        common = Turns(plan.handler, self.admit) if plan.handler.turn == Turn.EVERYTHING else None
        return [
            [Instance(shard, 0, Streams(self.validation), common or Turns(plan.handler, self.admit))]
            for shard in range(plan.handler.shards)
        ]

    def longest_queue(self) -> int:
        """Commands that wait in the fullest shard."""
        return max(instances[-1].turns.waiting_in(shard) for shard, instances in enumerate(self.instances))

    def meet(self, clients: "Clients") -> None:
        """Get to know whom to answer."""
        self.telling.clients = clients

    # --- a command comes in --------------------------------------------------------------------------------------

    def receive(self, journey: Journey) -> None:
        """A command has arrived at the shard of its aggregate."""
        command = journey.command
        journey.aggregate = aggregate = self.aggregate[command]
        journey.change = self.change[command]
        journey.events = self.events[command]
        journey.event_bytes = self.event_bytes[command]
        journey.shard = aggregate % self.plan.shards
        journey.home = home = self._home_of(journey)
        if home.is_away or not home.is_up:
            self._meets_nobody(home, journey)
            return
        waiting = home.turns.waiting_in(journey.shard)
        self.record((self.clock.time, RECEIVED, command, journey.attempt, journey.shard, 0, waiting))
        if home.turns.are_full(journey):
            self._turn_away(journey)
            return
        if self.keeps_what_it_holds:
            home.journeys[id(journey)] = journey
        if self.answer_at[journey.group] == AT_RECEIVED:
            self.telling.reply(journey, GOT_IT)
        home.turns.enter(journey)

    def _home_of(self, journey: Journey) -> Instance:
        """Which instance of its shard takes a command: the newest, or while two share them, one by the luck of it."""
        newest = self.instances[journey.shard][-1]
        if journey.shard in self.sharing:
            older, watch = self.sharing[journey.shard]
            assert watch.plan.older is not None
            if not older.is_away and (not newest.is_up or watch.plan.older[journey.luck][journey.command]):
                return older
        return newest

    def _meets_nobody(self, home: Instance, journey: Journey) -> None:
        """What arrives while nobody is there waits, or is lost."""
        if home.holds_while_down:
            home.held.append(partial(self.receive, journey))
        else:
            now = self.clock.time
            self.record((now, MESSAGE_LOST, journey.command, journey.attempt, CLIENT_TO_HANDLER, 0, home.down_by))

    def _is_struck(self, watches: list[Watch], journey: Journey, then: Callable[[Journey], None]) -> bool:
        """Whether a fault that watches for this takes the instance away: then the rest is for later, or never."""
        for watch in watches:
            watch.hits(journey, journey.luck)
        if journey.home.is_away:
            journey.home.defer(partial(then, journey))
        return journey.home.is_away

    def _turn_away(self, journey: Journey) -> None:
        now = self.clock.time
        self.record((now, DECIDED, journey.command, journey.attempt, journey.shard, OVERLOADED, -1))
        journey.settled = True
        self.telling.reply(journey, FAILURE)

    def admit(self, journey: Journey) -> None:
        """It has the turn, and a worker."""
        if journey.home.is_away:
            journey.home.defer(partial(self.admit, journey))
            return
        self.record((self.clock.time, ADMITTED, journey.command, journey.attempt, journey.shard, 0, 0))
        if self.loads:
            self._load(journey)
        else:
            self._validate(journey)

    # --- its state is at hand, or fetched ------------------------------------------------------------------------

    def _load(self, journey: Journey) -> None:
        self.streams.ask(journey, False, self._loaded)

    def _loaded(self, stream: Stream, journey: Journey) -> None:
        if journey.home.is_away:
            journey.home.defer(partial(self._loaded, stream, journey))
            return
        journey.version, journey.state = stream.version, stream.state
        now = self.clock.time
        self.record((now, LOADED, journey.command, journey.attempt, journey.shard, 0, stream.version))
        self._validate(journey)

    def _validate(self, journey: Journey) -> None:
        self.clock.after(
            self.plan.validate[journey.luck][journey.command], DECIDED, self._decide, journey,
            command=journey.command, attempt=journey.attempt,
        )  # fmt: skip

    def _decide(self, journey: Journey) -> None:
        """Accept or refuse, by the command itself and by the state as it is known here."""
        home = journey.home
        if home.is_away:
            home.defer(partial(self._decide, journey))
            return
        if self.before_decision and self._is_struck(self.before_decision, journey, self._decide_now):
            return
        self._decide_now(journey)

    def _decide_now(self, journey: Journey) -> None:
        home = journey.home
        if not self.loads:
            journey.version = home.state.version[journey.aggregate]
            journey.state = home.state.state[journey.aggregate]
        decision = ACCEPTED
        if not self.valid[journey.command]:
            decision = INVALID
        elif not self.validation.decide(journey.state, journey):
            decision = FORBIDDEN
        now = self.clock.time
        self.record((now, DECIDED, journey.command, journey.attempt, journey.shard, decision, journey.version))
        goes_on = self._accept if decision == ACCEPTED else self._refuse
        if self.after_decision and self._is_struck(self.after_decision, journey, partial(self._go_on, goes_on)):
            return
        self._go_on(goes_on, journey)

    def _go_on(self, with_it: Callable[[Journey], None], journey: Journey) -> None:
        with_it(journey)
        self._then(journey, journey.home.turns.is_decided)

    def _then(self, journey: Journey, act: Callable[[Journey], None]) -> None:
        """Go on, if the instance has not been taken away by what was done before; else later, or never."""
        if journey.home.is_away:
            journey.home.defer(partial(act, journey))
        else:
            act(journey)

    # --- it is refused, or becomes events ------------------------------------------------------------------------

    def _refuse(self, journey: Journey) -> None:
        journey.retryable = False
        if self.answer_at[journey.group] != AT_RECEIVED:
            self.telling.reply(journey, FAILURE)
        if self.telling.notifies_failures[journey.group]:
            self.telling.notify_failure(journey)
        self._release(journey)

    def _accept(self, journey: Journey) -> None:
        answer_at = self.answer_at[journey.group]
        if answer_at == AT_DECIDED or (journey.events == 0 and answer_at > AT_DECIDED):
            self.telling.reply(journey, SUCCESS)
        if journey.events == 0:
            journey.settled = True
            self._release(journey)
            return
        journey.expected_version = journey.version if self.versioned else -1
        if self.saves_first:
            self._save(journey)
            return
        if self.folds_decisions and not self.saves_last:
            self._fold(journey)
        self._append(journey)
        self._then(journey, self._has_appended)

    def _has_appended(self, journey: Journey) -> None:
        """The append is on its way; what comes next does not wait for what becomes of it."""
        if self.saves_last:
            self._save(journey)
        elif not self.waits:
            self._succeed(journey)

    def _save(self, journey: Journey) -> None:
        """Save to the handler's own store."""
        self.clock.after(
            self.answers.save_time[journey.luck][journey.command], SAVED, self._saved, journey,
            command=journey.command, attempt=journey.attempt,
        )  # fmt: skip

    def _saved(self, journey: Journey) -> None:
        if journey.home.is_away:
            journey.home.defer(partial(self._saved, journey))
            return
        self.record((self.clock.time, SAVED, journey.command, journey.attempt, journey.shard, 0, 0))
        self._fold(journey)
        if self.saves_first:
            self._append(journey)
        self._then(journey, self._succeed)

    def _append(self, journey: Journey) -> None:
        if self.before_append and self._is_struck(self.before_append, journey, self._send_append):
            return
        self._send_append(journey)

    def _send_append(self, journey: Journey) -> None:
        now = self.clock.time
        expected = journey.expected_version
        self.record((now, APPEND_SENT, journey.command, journey.attempt, journey.shard, 0, expected))
        self.to_store.send(journey, APPEND_RECEIVED, self.store.append, journey.shard)
        if self.waits and not journey.settled:
            self.patience.begin(journey, journey.command, journey.attempt)
        if self.after_append:
            self._is_struck(self.after_append, journey, _nothing_more)

    def _fold(self, journey: Journey, home: Instance | None = None) -> None:
        """Put its events into the state of the instance that has decided it, or of another one that hears of it."""
        home = journey.home if home is None else home
        home.state.append(journey)
        journey.folded_at = self.clock.time
        self.note_fold(journey, home)

    def note_fold(self, journey: Journey, home: Instance) -> None:
        """Record that an instance's state holds the events of an append from now on."""
        version = home.state.version[journey.aggregate]
        self.record((self.clock.time, FOLDED, journey.command, journey.attempt, journey.shard, home.number, version))

    # --- what became of the append -------------------------------------------------------------------------------

    def answered(self, outcome: int, journey: Journey) -> None:
        """The store's answer to an append has arrived; one that nobody waits for any more changes nothing."""
        if journey.home.is_away:
            journey.home.defer(partial(self.answered, outcome, journey))
            return
        now = self.clock.time
        self.record((now, APPEND_ANSWERED, journey.command, journey.attempt, journey.shard, outcome, 0))
        if journey.settled:
            return
        if self.before_answer and self._is_struck(self.before_answer, journey, partial(self._hear_answer, outcome)):
            return
        self._hear_answer(outcome, journey)

    def _hear_answer(self, outcome: int, journey: Journey) -> None:
        if outcome == OK:
            if self.folds_answers:
                self._fold(journey)
            if self.after_answer and self._is_struck(self.after_answer, journey, self._succeed):
                return
            self._succeed(journey)
        elif outcome == CONFLICT and self._may_reload(journey):
            self._reload(journey)
        elif self._must_reread(outcome):
            self._reread(journey)
        elif outcome == DUPLICATE:
            self._succeed(journey)
        elif outcome == ERROR and self.says_unknown:
            self._fail(journey, UNKNOWN)
        else:
            self._fail(journey)

    def hears_event(self, journey: Journey) -> None:
        """An event of this shard's aggregates was published and has come back."""
        for home in self.instances[journey.shard]:
            if home.is_paused:
                home.defer(partial(self._one_hears, home, journey))
            else:
                self._one_hears(home, journey)

    def _one_hears(self, home: Instance, journey: Journey) -> None:
        """One of them hears; if it keeps count, it notices when something is missing."""
        if self.catches_up and journey.previous_of_shard > home.heard_up_to and home.is_up:
            home.heard.append(journey)
            self.catch_up_act(home)
        elif home.is_catching_up:
            home.heard.append(journey)
        else:
            self.instance_hears(home, journey)

    def instance_hears(self, home: Instance, journey: Journey) -> None:
        """One instance hears of an event, if it is there; each event counts once."""
        if home.is_away or not home.is_up:
            if not home.is_dead:
                home.heard.append(journey)  # it is being built, and will hear of it then
            return
        if journey.position < home.since or (self.may_hear_twice and home.state.holds(journey)):
            return
        if self.catches_up and journey in home.known:
            return  # it was in the log that has been read
        if self.catches_up:
            home.known.add(journey)
        home.heard_up_to = max(home.heard_up_to, journey.position)
        if self.folds_events:
            self._fold(journey, home)
        if self.waits_for_event and journey.home is home and not journey.settled:
            if self.before_answer and self._is_struck(self.before_answer, journey, self._succeed):
                return
            if self.after_answer and self._is_struck(self.after_answer, journey, self._succeed):
                return
            self._succeed(journey)

    def hears_of_duplicate(self, journey: Journey) -> None:
        """What this shard has sent again is in the store already; its event has been published before."""
        if self.waits_for_event and not journey.settled:
            self._then(journey, self._succeed)

    def _still_waits(self, journey: Journey, attempt: int) -> bool:
        return not journey.settled and not journey.home.is_dead

    def _gives_up(self, journey: Journey, attempt: int) -> None:
        """Waited long enough.  The append goes on all the same: only the waiting ends."""
        journey.home.do(partial(self._gives_up_now, journey, attempt))

    def _gives_up_now(self, journey: Journey, attempt: int) -> None:
        if journey.settled:
            return
        self.record((self.clock.time, HANDLER_GAVE_UP, journey.command, attempt, journey.shard, 0, 0))
        if self.rereads_in_doubt:
            self._reread(journey)
        else:
            self._fail(journey, UNKNOWN if self.says_unknown else FAILURE)

    def _may_reload(self, journey: Journey) -> bool:
        return self.loads and journey.attempt % self.attempts_per_try < self.answers.conflict_retries

    def _reload(self, journey: Journey) -> None:
        """Somebody else was faster: load again, decide again, as the next attempt."""
        journey.settled = True
        following = journey.again()
        if self.keeps_what_it_holds:
            journey.home.journeys.pop(id(journey), None)
            journey.home.journeys[id(following)] = following
        journey.home.turns.enter_again(following)

    def _must_reread(self, outcome: int) -> bool:
        """A state that is built from answers must look again when an answer shows that it may be out of date."""
        out_of_date = outcome in (CONFLICT, DUPLICATE)
        return self.rereads_in_doubt or (out_of_date and self.folds_answers)

    def _reread(self, journey: Journey) -> None:
        journey.settled = True
        self.streams.ask(journey, True, self._has_reread)

    def _has_reread(self, stream: Stream, journey: Journey) -> None:
        """Take the stream as it is; the append succeeded if it is found there (or its command id is)."""
        if journey.home.is_away:
            journey.home.defer(partial(self._has_reread, stream, journey))
            return
        found = any(other.identity == journey.identity for other in stream.appends)
        outcome = OK if found else NOT_FOUND
        now, shard = self.clock.time, journey.shard
        self.record((now, REREAD, journey.command, journey.attempt, shard, outcome, stream.version))
        number = journey.home.number
        for missing in journey.home.state.take_over(journey.aggregate, stream):
            self.record((now, FOLDED, missing.command, missing.attempt, shard, number, stream.version))
        if found:
            self._succeed(journey)
        else:
            self._fail(journey)

    def store_has_restarted(self) -> None:
        """Who keeps count notices what it has missed."""
        if self.catches_up:
            last = self.store.log.end() - 1
            for instances in self.instances:
                for home in instances:
                    home.heard_up_to = min(home.heard_up_to, last)  # what has vanished leaves its positions to others
                    self.catch_up_act(home)

    # --- the client is told, the turn passes on ------------------------------------------------------------------

    def _succeed(self, journey: Journey) -> None:
        """As far as the handler knows the events are written."""
        journey.settled = True
        answer_at = self.answer_at[journey.group]
        if answer_at == AT_WRITTEN:
            self.telling.reply(journey, SUCCESS)
        elif answer_at == AT_APPLIED:
            self.telling.await_views(journey)
        self._release(journey)

    def _fail(self, journey: Journey, answer: int = FAILURE) -> None:
        """As far as the handler knows the events are not written; or it does not know, and says so."""
        journey.settled = True
        if self.answer_at[journey.group] >= AT_WRITTEN:
            self.telling.reply(journey, answer)
        if self.telling.notifies_failures[journey.group] and answer == FAILURE:
            self.telling.notify_failure(journey)
        self._release(journey)

    def _release(self, journey: Journey) -> None:
        """The turn of the aggregate passes on."""
        self.record((self.clock.time, RELEASED, journey.command, journey.attempt, journey.shard, 0, 0))
        if self.keeps_what_it_holds:
            journey.home.journeys.pop(id(journey), None)
        journey.home.turns.pass_on(journey)
