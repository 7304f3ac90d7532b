"""Faults at work: each waits for its time or its operation, strikes, and is entered in the ledger.

A :class:`Watch` is one fault as it lives.  Some change what becomes of an operation (of the disk, of a link): those
are asked there, and do nothing of their own.  Others strike by themselves (a crash, say): those have an act.
"""

from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from itertools import accumulate

from cqrsim.actors.clock import Clock
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.view import View
from cqrsim.moments import NEVER, Moment
from cqrsim.plan.answers import By, Effect, Target
from cqrsim.plan.parts import FaultPeriod, FaultPlan

FAULT_BEGAN, FAULT_ENDED, FAULT_STRUCK = int(Moment.FAULT_BEGAN), int(Moment.FAULT_ENDED), int(Moment.FAULT_STRUCK)

Act = Callable[["Watch", Journey | None, int], None]
"""What a fault does by itself: the fault, whose operation it strikes if any, and how often it has struck before."""


class Watch:
    """One fault, waiting."""

    def __init__(self, plan: FaultPlan, clock: Clock, recorder: Recorder, view: View, repaired_ns: int) -> None:
        self.plan = plan
        self.fault = plan.number
        self.clock = clock
        self.record = recorder.add
        self.view = view
        self.repaired_ns = repaired_ns
        self.windows = [] if plan.by == By.FOLLOWS else list(plan.windows)
        self._sort_windows()
        self.only_shard = plan.place if plan.target == Target.HANDLER else NEVER
        self.seen = 0
        """Operations that matched so far, within its windows."""
        self.fired = 0
        self.until = NEVER
        """Strikes everything until then, after an operation that set it off."""
        self.was_above = False
        self.followed = 0
        """How often another fault has set it off."""
        self.followers: list[Watch] = []
        self.act: Act | None = None
        self.goes_by_time = plan.by in (By.TIME, By.FOLLOWS)
        """Whether it needs no operation to strike."""

    def _sort_windows(self) -> None:
        """Windows may overlap: what counts is how long the longest one lasts that has begun."""
        self.windows.sort()
        self.begins = [begins for begins, _ in self.windows]
        self.open_until = list(accumulate((ends for _, ends in self.windows), max))

    def is_open(self) -> bool:
        """Whether it may strike now."""
        last = bisect_right(self.begins, self.clock.time) - 1
        return last >= 0 and self.clock.time < self.open_until[last]

    def holds_until(self) -> int:
        """How long what it has begun by striking now goes on: as long as was said, or as its window is open."""
        now = self.clock.time
        if now < self.until:
            return self.until
        last = bisect_right(self.begins, now) - 1
        return self.open_until[last] if last >= 0 else self.plan.windows[0][1]

    def ends_of_strike(self, number: int) -> int:
        """When the strike that has just come, its ``number``-th from 0, is over; never later than the repair."""
        lasts = None if self.plan.by == By.TIME else self.plan.lasts
        return self.holds_until() if lasts is None else min(self.clock.time + lasts[number], self.repaired_ns)

    def strikes(self, journey: Journey, slot: int) -> bool:
        """Whether it strikes this operation; if so, that is entered in the ledger."""
        plan = self.plan
        if not self.is_open() or (self.only_shard >= 0 and journey.shard != self.only_shard):
            return False
        if plan.group >= 0 and journey.group != plan.group:
            return False
        self.seen += 1
        if self.clock.time < self.until:
            if self.act is not None:
                return False  # what it does by itself is under way
            self._enter(journey)
            return True
        if not self._picks(journey, slot):
            return False
        if 0 <= plan.at_most <= self.fired and plan.by != By.FOLLOWS:
            return False
        self.fire(journey)
        return True

    def passes_by(self) -> None:
        """An operation counts, and cannot be struck."""
        self.seen += self.is_open()

    def _picks(self, journey: Journey, slot: int) -> bool:
        """Whether this operation is one of those that its trigger means."""
        plan = self.plan
        by = plan.by
        if by == By.TIME or by == By.FOLLOWS:
            return True
        if by == By.SHARE:
            assert plan.hit is not None
            return plan.hit[slot][journey.command] == 1
        if by == By.BURSTS:
            assert plan.bits is not None
            return plan.bits[self.seen - 1] == 1
        if by == By.COUNT:
            return self.seen in plan.counts or (plan.and_all_later and self.seen > plan.counts[-1])
        if by == By.MEASURE:
            return self._is_above()
        assert plan.call is not None
        return bool(plan.call(self.view))

    def _is_above(self) -> bool:
        """Above its limit; for what strikes by itself: for the first time since it was not."""
        above = self.view.measure(self.plan.measure) > self.plan.above
        picks = above and (self.act is None or not self.was_above)
        self.was_above = above
        return picks

    def hits(self, journey: Journey, slot: int) -> bool:
        """Strike, and do what it does by itself."""
        if not self.strikes(journey, slot):
            return False
        if self.act is not None:
            self.act(self, journey, self.fired - 1)
        return True

    def fire(self, journey: Journey | None) -> None:
        """It strikes: the ledger knows, and so do those that follow it."""
        number = self.fired
        self.fired += 1
        self._enter(journey)
        if journey is not None and self.plan.lasts is not None and not self.goes_by_time:
            self.until = min(self.clock.time + self.plan.lasts[number], self.repaired_ns)
        elif journey is not None and self.plan.goes_on:
            self.until = self.holds_until()
        if self.until > self.clock.time and self.act is None:
            self._note(FAULT_BEGAN)
            self.clock.after(self.until - self.clock.time, FAULT_ENDED, self._note, FAULT_ENDED, place=self.fault)
        for follower in self.followers:
            follower.follow(number)

    def fire_at_its_time(self, journey: Journey | None) -> None:
        """Its time has come, and no operation is needed."""
        self.fire(journey)
        assert self.act is not None
        self.act(self, journey, self.fired - 1)

    def _enter(self, journey: Journey | None) -> None:
        command, attempt = (NEVER, 0) if journey is None else (journey.command, journey.attempt)
        ordinal = self.fired if journey is None else self.seen
        operation = 0 if journey is None else int(self.plan.operation)
        self.record((self.clock.time, FAULT_STRUCK, command, attempt, self.fault, operation, ordinal))

    def follow(self, number: int) -> None:
        """Another fault has struck: this one does so in a while."""
        plan = self.plan
        assert plan.delay is not None
        begins = self.clock.time + plan.delay[number]
        first, last = plan.windows[0]
        if not first <= begins < last or 0 <= plan.at_most <= self.followed:
            return
        self.followed += 1
        wait = begins - self.clock.time
        if self.act is not None:
            self.clock.after(wait, FAULT_STRUCK, self.fire_at_its_time, None, place=self.fault)
            return
        ends = last if plan.lasts is None else min(last, begins + plan.lasts[number])
        self.windows.append((begins, ends))
        self._sort_windows()
        self.clock.after(wait, FAULT_BEGAN, self._note, FAULT_BEGAN, place=self.fault)
        self.clock.after(ends - self.clock.time, FAULT_ENDED, self._note, FAULT_ENDED, place=self.fault)

    def _note(self, moment: int) -> None:
        self.record((self.clock.time, moment, -1, 0, self.fault, 0, 0))


class Faults:
    """All faults of a run, and the record of the periods in which they hold."""

    def __init__(
        self,
        plans: tuple[FaultPlan, ...],
        periods: tuple[FaultPeriod, ...],
        clock: Clock,
        recorder: Recorder,
        view: View,
        repaired_ns: int,
    ) -> None:
        self.clock = clock
        self.record = recorder.add
        self.watches = [Watch(plan, clock, recorder, view, repaired_ns) for plan in plans]
        self.any_struck = False
        """Whether anything has gone wrong at all."""
        for period in periods:
            clock.after(period.begins_ns, FAULT_BEGAN, partial(self._note, FAULT_BEGAN), period, place=period.fault)
            clock.after(period.ends_ns, FAULT_ENDED, partial(self._note, FAULT_ENDED), period, place=period.fault)
        for watch in self.watches:
            for other in self.watches:
                if other.plan.follows == watch.fault:
                    watch.followers.append(other)

    def of(self, target: Target, place: int | None = None) -> list[Watch]:
        """The faults that strike a kind of target, or a certain one of it."""
        watches = [watch for watch in self.watches if watch.plan.target == target]
        return watches if place is None else [watch for watch in watches if watch.plan.place in (NEVER, place)]

    def arm(self, acts: dict[tuple[Target, Effect], Act]) -> None:
        """Say what faults do that strike by themselves, and set the times at which they do."""
        for watch in self.watches:
            watch.act = acts.get((watch.plan.target, watch.plan.effect))
            if watch.act is not None and watch.plan.by == By.TIME:
                for begins, _ in watch.windows:
                    self.clock.after(begins, FAULT_STRUCK, watch.fire_at_its_time, None, place=watch.fault)

    @property
    def have_struck(self) -> bool:
        """Whether any of them has struck so far, or held for a while."""
        return self.any_struck or any(watch.fired for watch in self.watches)

    def _note(self, moment: int, period: FaultPeriod) -> None:
        self.any_struck = True
        self.record((self.clock.time, moment, -1, 0, period.fault, 0, 0))
