"""Waits of equal length, of which few run out: one delay at a time stands in the clock's queue for all of them."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from cqrsim.actors.clock import Clock

Waiter = TypeVar("Waiter")


class Patience(Generic[Waiter]):
    """Calls ``runs_out(waiter, attempt)`` for everyone who still waits after ``limit`` ns.

    Equal to a delay for each, in every tie: but those whose waiting is over by then are passed over, unseen by the
    clock.
    """

    def __init__(
        self,
        clock: Clock,
        limit: int,
        moment: int,
        still_waits: Callable[[Waiter, int], bool],
        runs_out: Callable[[Waiter, int], None],
    ) -> None:
        self.clock = clock
        self.limit = limit
        self.moment = moment
        self.still_waits = still_waits
        self.runs_out = runs_out
        self.waiting: deque[tuple[int, int, int, Waiter]] = deque()
        """(until, command, attempt, who), in the order in which they run out."""
        self.is_set = False

    def begin(self, waiter: Waiter, command: int, attempt: int) -> None:
        """Somebody begins to wait; for ever, if the limit is -1."""
        if self.limit < 0:
            return
        entry = (self.clock.time + self.limit, command, attempt, waiter)
        place = len(self.waiting)
        while place and self.waiting[place - 1][:3] > entry[:3]:
            place -= 1
        self.waiting.insert(place, entry)
        if not self.is_set:
            self._set()

    def _set(self) -> None:
        """Wait for the first who still waits."""
        while self.waiting and not self.still_waits(self.waiting[0][3], self.waiting[0][2]):
            self.waiting.popleft()
        self.is_set = bool(self.waiting)
        if self.waiting:
            until, command, attempt, _ = self.waiting[0]
            self.clock.after(
                until - self.clock.time, self.moment, self._is_time, (command, attempt),
                command=command, attempt=attempt,
            )  # fmt: skip

    def _is_time(self, whose: tuple[int, int]) -> None:
        if self.waiting and self.waiting[0][1:3] == whose:
            _, _, attempt, waiter = self.waiting.popleft()
            if self.still_waits(waiter, attempt):
                self.runs_out(waiter, attempt)
        self._set()
