"""What faults do by themselves, and to whom; and the repair of everything before the judgement."""

from cqrsim.actors.clock import Clock
from cqrsim.actors.command_handler import CommandHandler
from cqrsim.actors.event_store import EventStore
from cqrsim.actors.faults import Act, Faults, Watch
from cqrsim.actors.instances import Instances
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.actors.projection import Projection
from cqrsim.actors.recovery import Recovery
from cqrsim.messages import Operation
from cqrsim.moments import Moment
from cqrsim.plan.answers import Effect, Target
from cqrsim.plan.plan import Plan

FAULT_STRUCK = int(Moment.FAULT_STRUCK)


class Troubles:
    """Connects faults with those whom they strike."""

    def __init__(
        self,
        plan: Plan,
        faults: Faults,
        store: EventStore,
        handler: CommandHandler,
        projections: list[Projection],
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self.faults = faults
        self.projections = projections
        self.store = store
        self.recovery = Recovery(store, clock, recorder)
        self.instances = Instances(plan, handler, store, clock, recorder)
        faults.arm(self._acts())
        self._watch_store(store)
        self._watch_handler(handler)
        for number, view in enumerate(projections):
            view.keeps_count |= bool(plan.faults)
            watches = [watch for watch in faults.of(Target.PROJECTION, number) if watch.act is not None]
            view.before_apply, view.after_apply = _sides(watches, Operation.APPLY)
        if plan.about.repaired_ns >= 0:
            clock.after(plan.about.repaired_ns, FAULT_STRUCK, self._judge, None, place=0xFFF)

    def _acts(self) -> dict[tuple[Target, Effect], Act]:
        acts: dict[tuple[Target, Effect], Act] = {
            (Target.STORE, Effect.CRASH): self.recovery.crash,
            (Target.STORE, Effect.PROMOTE): self.recovery.promote,
            (Target.STORE, Effect.CORRUPT): self.recovery.corrupt,
            (Target.DISK, Effect.DIE): self.recovery.die,
            (Target.HANDLER, Effect.CRASH): self.instances.crash,
            (Target.HANDLER, Effect.TWO_INSTANCES): self.instances.overlap,
            (Target.HANDLER, Effect.PAUSE): self.instances.pause,
            (Target.PROJECTION, Effect.CRASH): self._crash_projections,
        }
        return acts | {(target, Effect.CUSTOM): self._call for target in Target}

    def _crash_projections(self, watch: Watch, journey: Journey | None, number: int) -> None:
        for view in self.projections:
            if watch.plan.place in (-1, view.number):
                view.crash(watch, journey, number)

    def _call(self, watch: Watch, journey: Journey | None, number: int) -> None:
        """An effect of somebody's own."""
        assert watch.plan.custom is not None
        watch.plan.custom(watch.view)

    def _watch_store(self, store: EventStore) -> None:
        watches = [watch for target in (Target.STORE, Target.DISK) for watch in self.faults.of(target)]
        watches = [watch for watch in watches if watch.act is not None]
        before, behind = _sides(watches, Operation.WRITE)
        before_flush, behind_flush = _sides(watches, Operation.FLUSH)
        store.before_write, store.before_flush = before, before_flush
        if store.periodic:
            store.after_write, store.after_flush = behind, behind_flush
        else:
            store.after_write = behind + behind_flush

    def _watch_handler(self, handler: CommandHandler) -> None:
        watches = [watch for watch in self.faults.of(Target.HANDLER) if watch.act is not None]
        handler.keeps_what_it_holds = bool(watches)
        handler.before_append, handler.after_append = _sides(watches, Operation.APPEND)
        handler.before_decision, handler.after_decision = _sides(watches, Operation.DECIDE)
        handler.before_answer, handler.after_answer = _sides(watches, Operation.ANSWER)

    def _judge(self, nothing: None) -> None:
        """Repair everything and start the store once, if anything has gone wrong at all."""
        if self.faults.have_struck:
            self.recovery.judge()
            self.instances.judge()
            for view in self.projections:
                view.judge()


def _sides(watches: list[Watch], operation: Operation) -> tuple[list[Watch], list[Watch]]:
    """Those that strike ahead of an operation, and those that strike behind it; not those that go by time."""
    mine = [watch for watch in watches if watch.plan.operation == operation and not watch.goes_by_time]
    return [watch for watch in mine if not watch.plan.behind], [watch for watch in mine if watch.plan.behind]
