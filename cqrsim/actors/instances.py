"""How instances of the command handler come and go: crashes, rebuilding, a second instance beside the first, pauses.

What an instance holds in memory dies with it: its queue, its turns, its state.  A state of its own store is still
there when the next instance starts; any other is read from the event store's log, which takes its time.
"""

from collections.abc import Callable
from functools import partial

from cqrsim.actors.clock import Clock
from cqrsim.actors.command_handler import CommandHandler
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.faults import Watch
from cqrsim.actors.instance import Instance
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.rules import Streams
from cqrsim.actors.turns import Turns
from cqrsim.messages import AppendOutcome, Part
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.answers import Save, Turn
from cqrsim.plan.plan import Plan

CRASHED, RESTARTED, FORGOTTEN = int(Moment.CRASHED), int(Moment.RESTARTED), int(Moment.FORGOTTEN)
REREAD, FOLDED, FAULT_ENDED = int(Moment.REREAD), int(Moment.FOLDED), int(Moment.FAULT_ENDED)
HANDLER, INSTANCE = int(Part.HANDLER), int(Part.INSTANCE)
OK = int(AppendOutcome.OK)


class Instances:
    """Lets instances of the handler die, start, double, and stand still."""

    def __init__(
        self, plan: Plan, handler: CommandHandler, store: EventStore, clock: Clock, recorder: Recorder
    ) -> None:
        self.plan = plan
        self.handler = handler
        self.store = store
        self.clock = clock
        self.record = recorder.add
        self.keeps_own_store = plan.state.save != Save.NONE
        self.loads = plan.state.load
        self.readings = [0] * plan.handler.shards
        """How often each shard has read the log."""
        handler.catch_up_act = self.catch_up
        if plan.state.reconcile_every_ns >= 0:
            self._schedule_reconciliation()

    # --- faults --------------------------------------------------------------------------------------------------

    def crash(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """An instance dies, or one of each shard."""
        assert watch.plan.restart is not None
        for shard in self._shards(watch, journey):
            fresh = self._kill(shard, watch)
            self._start_after(fresh, watch.plan.restart[number])

    def overlap(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """A second instance starts beside the first, and both take commands for a while."""
        for shard in self._shards(watch, journey):
            older = self.handler.instances[shard][-1]
            if older.is_up and not older.is_away:
                self._start_second(older, watch.fault)
                self.handler.sharing[shard] = older, watch
                self._at_the_end(watch, number, partial(self._stop_sharing, older))

    def pause(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """An instance stands still for a while; another may take its place, and meet it when it comes back."""
        for shard in self._shards(watch, journey):
            older = self.handler.instances[shard][-1]
            if not older.is_up or older.is_away:
                continue
            older.pause()
            if watch.plan.held:
                self._start_second(older, watch.fault)
            self._at_the_end(watch, number, older.resume)

    def _shards(self, watch: Watch, journey: Journey | None) -> list[int]:
        """The shard that is meant; of those that strike an operation, the one where it happens."""
        if watch.plan.place >= 0:
            return [watch.plan.place]
        return [journey.shard] if journey is not None else list(range(len(self.handler.instances)))

    def _at_the_end(self, watch: Watch, number: int, act: Callable[[], None]) -> None:
        wait = watch.ends_of_strike(number) - self.clock.time
        self.clock.after(wait, FAULT_ENDED, lambda _: act(), None, place=watch.fault)

    # --- dying ---------------------------------------------------------------------------------------------------

    def _kill(self, shard: int, watch: Watch) -> Instance:
        """All instances of a shard die; returns the one that will start, which is not up yet."""
        now = self.clock.time
        instances = self.handler.instances[shard]
        newest = instances[-1]
        self.record((now, CRASHED, NEVER, 0, shard, HANDLER, watch.fault))
        for old in instances:
            for journey in old.die():
                self.record((now, FORGOTTEN, journey.command, journey.attempt, shard, 0, watch.fault))
        self.handler.sharing.pop(shard, None)
        turns = self._turns_after(newest)
        state = newest.state if self.keeps_own_store else Streams(self.handler.validation)
        fresh = Instance(shard, newest.number + newest.has_been_up, state, turns)
        fresh.has_been_up = False
        fresh.is_up, fresh.down_by, fresh.holds_while_down = False, watch.fault, watch.plan.held
        fresh.held.extend(held for old in instances for held in old.held)
        self.handler.instances[shard] = [fresh]
        return fresh

    def _turns_after(self, old: Instance) -> Turns:
        """The turns of the next instance: new ones, unless all shards share one."""
        if self.plan.handler.turn != Turn.EVERYTHING:
            return Turns(self.plan.handler, self.handler.admit)
        old.turns.drop_dead(old.shard)
        return old.turns

    # --- starting ------------------------------------------------------------------------------------------------

    def _start_after(self, fresh: Instance, delay: int) -> None:
        self.clock.after(delay, RESTARTED, self._start, fresh, place=fresh.shard)

    def _start(self, fresh: Instance) -> None:
        if fresh.is_dead or fresh.is_up or fresh.is_starting:
            return
        fresh.is_starting = True
        if self.keeps_own_store:
            self._is_up(fresh, NEVER)
        else:
            self.store.when_up(partial(self._read_log, fresh))

    def _read_log(self, fresh: Instance) -> None:
        """Read the streams of all aggregates of the shard, as they are now; that takes its time."""
        if fresh.is_dead:
            return
        aggregates = self._take_over(fresh)
        up_to, duration = self.store.log.end(), 0
        if not self.loads:
            events = sum(self.store.to_read_of(aggregate) for aggregate in aggregates)
            duration = self._reading_ns(fresh.shard, events)
        self.clock.after(duration, RESTARTED, partial(self._has_read, up_to), fresh, place=fresh.shard)

    def _has_read(self, up_to: int, fresh: Instance) -> None:
        if not fresh.is_dead:
            self._is_up(fresh, up_to)

    def _take_over(self, fresh: Instance) -> list[int]:
        """Hold what the log says of the shard's aggregates; it hears of the rest by itself."""
        log = self.store.log
        fresh.since = log.next_position if self.store.plan.reads_written else log.end()
        fresh.heard_up_to = fresh.since - 1
        if self.handler.catches_up:
            fresh.known.update(journey for journey in log.journeys if journey.shard == fresh.shard)
        if self.loads:
            return []
        shards = self.plan.handler.shards
        aggregates = [a for a in log.readable.appends if a % shards == fresh.shard and log.readable.appends[a]]
        for aggregate in aggregates:
            fresh.state.take_over(aggregate, log.stream(aggregate))
        if self.store.plan.reads_written:
            unflushed = [entry.journey for entry in self.store.not_flushed() if not entry.is_error]
            fresh.unflushed = [journey for journey in unflushed if journey.shard == fresh.shard]
        return aggregates

    def _is_up(self, fresh: Instance, up_to: int) -> None:
        self.record((self.clock.time, RESTARTED, NEVER, 0, fresh.shard, fresh.comes_as, up_to))
        fresh.is_up = fresh.has_been_up = True
        self._announce(fresh)
        for journey in fresh.unflushed:
            self.handler.note_fold(journey, fresh)
        self._hear_what_came_meanwhile(fresh)
        fresh.let_in()

    def _announce(self, fresh: Instance) -> None:
        """The store learns which instance is the newest, where it fences off the others."""
        self.store.newest[fresh.shard] = fresh.number

    def _start_second(self, older: Instance, fault: int) -> None:
        """Another instance of the same shard, which builds its state as after a crash, unless they share a store."""
        state = older.state if self.keeps_own_store else Streams(self.handler.validation)
        shares_turns = self.plan.handler.turn == Turn.EVERYTHING  # the turn of everything is everybody's
        turns = older.turns if shares_turns else Turns(self.plan.handler, self.handler.admit)
        fresh = Instance(older.shard, older.number + 1, state, turns)
        fresh.is_up, fresh.has_been_up, fresh.comes_as = False, False, INSTANCE
        older.replaced_by = fault
        self.handler.instances[older.shard].append(fresh)
        self._start(fresh)

    def _stop_sharing(self, older: Instance) -> None:
        if self.handler.sharing.get(older.shard, (None,))[0] is older:
            del self.handler.sharing[older.shard]

    # --- catching up ---------------------------------------------------------------------------------------------

    def catch_up(self, home: Instance) -> None:
        """An instance has noticed that it has missed something: it reads the log from where it was."""
        if home.is_catching_up or home.is_away or not home.is_up:
            return
        home.is_catching_up = True
        self.store.when_up(partial(self._read_what_is_missing, home))

    def _read_what_is_missing(self, home: Instance) -> None:
        log = self.store.log
        missing = log.journeys[log.after(home.heard_up_to + 1) :]
        events = sum(journey.events for journey in missing if journey.shard == home.shard)
        duration = self._reading_ns(home.shard, events)
        self.clock.after(duration, FOLDED, self._has_caught_up, home, place=home.shard)

    def _reading_ns(self, shard: int, events: int) -> int:
        """How long this reading of the log takes; each shard has luck of its own for each of its readings."""
        number = self.readings[shard]
        self.readings[shard] += 1
        return self.store.read_all_ns(shard, number, events)

    def _has_caught_up(self, home: Instance) -> None:
        home.do(partial(self._hear_what_is_missing, home))

    def _hear_what_is_missing(self, home: Instance) -> None:
        home.is_catching_up = False
        log = self.store.log
        for journey in log.journeys[log.after(home.heard_up_to + 1) :]:
            if journey.shard == home.shard:
                self.handler.instance_hears(home, journey)
        self._hear_what_came_meanwhile(home)

    def _hear_what_came_meanwhile(self, home: Instance) -> None:
        """Most of it was in the log; what a store has published early may not have been."""
        heard, home.heard = home.heard, []
        for journey in heard:
            self.handler.instance_hears(home, journey)

    # --- reconciliation ------------------------------------------------------------------------------------------

    def _schedule_reconciliation(self) -> None:
        self.clock.after(self.plan.state.reconcile_every_ns, REREAD, self._reconcile, None)

    def _reconcile(self, nothing: None) -> None:
        """Compare the handler's own store with the log, and take over what the log says of aggregates that differ."""
        self._schedule_reconciliation()
        if self.store.is_down:
            return
        for instances in self.handler.instances:
            home = instances[-1]
            if home.is_up and not home.is_away:
                for aggregate in sorted(home.state.appends):
                    self._reconcile_one(home, aggregate)

    def _reconcile_one(self, home: Instance, aggregate: int) -> None:
        mine, stream = home.state.appends[aggregate], self.store.log.stream(aggregate)
        if len(mine) == len(stream.appends) and all(a is b for a, b in zip(mine, stream.appends, strict=True)):
            return
        latest = mine[-1] if mine else stream.appends[-1]
        settled_before = self.clock.time - self.plan.state.reconcile_every_ns
        if latest.folded_at > settled_before or not self._is_noticed(latest):
            return
        now, known = self.clock.time, {id(journey) for journey in mine}
        home.state.replace(aggregate, stream)
        self.record((now, REREAD, latest.command, latest.attempt, home.shard, OK, stream.version))
        for journey in stream.appends:
            if id(journey) not in known:
                row = (now, FOLDED, journey.command, journey.attempt, home.shard, home.number, stream.version)
                self.record(row)

    def _is_noticed(self, journey: Journey) -> bool:
        finds = self.plan.state.reconcile_finds
        return finds is None or finds[journey.luck][journey.command] == 1

    # --- judgement -----------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Whoever is down starts now."""
        for instances in self.handler.instances:
            home = instances[-1]
            if not home.is_up:
                self._start(home)
