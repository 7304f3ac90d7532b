"""Faults at work: the periods in which one holds are written into the record as they come and go.

What a fault does stands where it strikes: the disk, a link.  A fault that acts by itself (a crash, say) belongs here.
"""

from functools import partial

from cqrsim.actors.clock import Clock
from cqrsim.actors.journey import Recorder
from cqrsim.moments import Moment
from cqrsim.plan.parts import FaultPeriod

FAULT_BEGAN, FAULT_ENDED = int(Moment.FAULT_BEGAN), int(Moment.FAULT_ENDED)


class Faults:
    """Keeps the record of fault periods."""

    def __init__(self, periods: tuple[FaultPeriod, ...], clock: Clock, recorder: Recorder) -> None:
        self.clock = clock
        self.record = recorder.add
        for period in periods:
            clock.after(period.begins_ns, FAULT_BEGAN, partial(self._note, FAULT_BEGAN), period, place=period.fault)
            clock.after(period.ends_ns, FAULT_ENDED, partial(self._note, FAULT_ENDED), period, place=period.fault)

    def _note(self, moment: int, period: FaultPeriod) -> None:
        self.record((self.clock.time, moment, -1, 0, period.fault, 0, 0))
