"""The error cache: refusals, kept for a while, in a pipeline of their own beside the event store."""

from functools import partial

from cqrsim.actors.clock import Clock
from cqrsim.actors.journey import Journey, Recorder
from cqrsim.moments import Moment

REFUSAL_CACHED, REFUSAL_EXPIRED = int(Moment.REFUSAL_CACHED), int(Moment.REFUSAL_EXPIRED)


class ErrorCache:
    """Entries by command, readable in [t, t + keep_for); the oldest makes room when there are too many."""

    def __init__(self, keep_for: int, at_most: int, clock: Clock, recorder: Recorder) -> None:
        self.keep_for = keep_for
        self.at_most = at_most
        self.clock = clock
        self.record = recorder.add
        self.entries: dict[int, tuple[int, Journey]] = {}
        """Command -> (when it was put in, of which journey); oldest first."""

    def put(self, journey: Journey) -> None:
        """A refusal has arrived."""
        now, command, attempt = self.clock.time, journey.command, journey.attempt
        self.record((now, REFUSAL_CACHED, command, attempt, 0, 0, 0))
        self.entries.pop(command, None)
        self.entries[command] = (now, journey)
        if 0 <= self.at_most < len(self.entries):
            self._forget(next(iter(self.entries)), 1)
        if self.keep_for >= 0:
            self.clock.after(
                self.keep_for, REFUSAL_EXPIRED, partial(self._expire, now), command, command=command, attempt=attempt
            )

    def find(self, command: int) -> Journey | None:
        """Whose refusal a look at this moment finds."""
        return self.entries[command][1] if command in self.entries else None

    def _expire(self, put_at: int, command: int) -> None:
        if command in self.entries and self.entries[command][0] == put_at:
            self._forget(command, 0)

    def _forget(self, command: int, pushed_out: int) -> None:
        _, journey = self.entries.pop(command)
        self.record((self.clock.time, REFUSAL_EXPIRED, command, journey.attempt, 0, 0, pushed_out))
