"""The ordered clock: SimPy's environment, with one rule for what ends at the same instant."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, cast

import simpy

Act = Callable[[Any], None]

_MOMENT, _COMMAND, _ATTEMPT = 56, 24, 12
"""Bits below the moment, the command and the attempt in a priority; the place takes what is left."""


def priority(moment: int, command: int, attempt: int, place: int) -> int:
    """The rank of an end of a delay among those of the same nanosecond; always behind SimPy's own 0 and 1.

    >>> priority(13, 0, 0, 0) < priority(13, 0, 1, 0) < priority(13, 1, 0, 0) < priority(17, 0, 0, 0)
    True
    """
    return (moment << _MOMENT) + (command << _COMMAND) + ((attempt & 0xFFF) << _ATTEMPT) + (place & 0xFFF)


class Due:
    """The end of a delay, at which somebody acts: all that SimPy's queue needs of an event, and no more."""

    __slots__ = ("about", "act")

    def __init__(self, act: Act, about: Any) -> None:
        self.act = act
        self.about = about


class Clock(simpy.Environment):
    """Whole nanoseconds from 0; delays that end together end in the order of their moments.

    ``time`` is SimPy's ``now``, at hand without a call.  Processes and events of SimPy's own live in it as ever.

    >>> clock, said = Clock(), []
    >>> clock.after(5, 17, said.append, "decided", command=1)
    >>> clock.after(5, 13, said.append, "received", command=2)
    >>> clock.run()
    >>> said, clock.now
    (['received', 'decided'], 5)
    """

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self.time = 0

    def step(self) -> None:
        """Let the next thing happen."""
        queue: Any = self._queue
        if queue and type(queue[0][3]) is Due:
            time, _, _, due = heappop(queue)
            self._now = self.time = time
            due.act(due.about)
        else:
            self.time = queue[0][0] if queue else self.time
            super().step()

    def after(
        self, delay: int, moment: int, act: Act, about: Any, *, command: int = 0, attempt: int = 0, place: int = 0
    ) -> None:
        """Let ``act(about)`` happen after a delay (ns), as the given moment of the given command."""
        rank = (moment << _MOMENT) + (command << _COMMAND) + ((attempt & 0xFFF) << _ATTEMPT) + (place & 0xFFF)
        queue: Any = self._queue
        heappush(queue, (self.time + delay, rank, next(self._eid), Due(act, about)))

    def wait(self, delay: int, moment: int, *, command: int = 0, attempt: int = 0, place: int = 0) -> simpy.Event:
        """The same for processes: an event to yield, which ends in its rank."""
        event: Any = simpy.Event(self)
        event._ok, event._value = True, None
        rank: Any = priority(moment, command, attempt, place)
        self.schedule(event, rank, delay)
        return cast(simpy.Event, event)
