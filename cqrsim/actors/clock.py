"""The ordered clock: SimPy's environment, with one rule for what ends at the same instant."""

from collections.abc import Callable
from typing import Any

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


class Due(simpy.Event):
    """The end of a delay, at which somebody acts.  A process may wait for it as for any SimPy event."""

    _ok = True
    _value = None

    def __init__(self, clock: "Clock", act: Act, about: Any) -> None:
        self.env = clock
        self.callbacks = [_act]
        self.act = act
        self.about = about


def _act(due: Any) -> None:
    due.act(due.about)


class Clock(simpy.Environment):
    """Whole nanoseconds from 0; delays that end together end in the order of their moments.

    >>> clock, said = Clock(), []
    >>> clock.after(5, 17, said.append, "decided", command=1)
    >>> clock.after(5, 13, said.append, "received", command=2)
    >>> clock.run()
    >>> said, clock.now
    (['received', 'decided'], 5)
    """

    def __init__(self) -> None:
        super().__init__(initial_time=0)

    def after(
        self, delay: int, moment: int, act: Act, about: Any, *, command: int = 0, attempt: int = 0, place: int = 0
    ) -> None:
        """Let ``act(about)`` happen after a delay (ns), as the given moment of the given command."""
        self.schedule(
            Due(self, act, about),
            (moment << _MOMENT) + (command << _COMMAND) + ((attempt & 0xFFF) << _ATTEMPT) + (place & 0xFFF),  # type: ignore[arg-type]
            delay,
        )

    def wait(self, delay: int, moment: int, *, command: int = 0, attempt: int = 0, place: int = 0) -> Due:
        """The same for processes: an event to yield, which ends in its rank."""
        due = Due(self, _nothing, None)
        self.schedule(due, priority(moment, command, attempt, place), delay)  # type: ignore[arg-type]
        return due


def _nothing(about: None) -> None:
    """A wait acts by going on with whoever waits for it."""
