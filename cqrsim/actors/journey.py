"""One attempt of one command on its way, and the record of everybody's way."""

import numpy as np

from cqrsim.plan.draws import Ints

ROWS_IN_A_BLOCK = 500_000


class Journey:
    """What the parts know of one attempt of a command while it is under way.

    A client's retry is a new journey, and so is a handler's reload after a conflict.
    """

    aggregate = 0
    shard = 0
    key = 0
    """Whose turn it takes."""
    change = 0
    events = 1
    event_bytes = 0
    version = 0
    """Of the state it was decided on."""
    state: object = 0
    """The state it was decided on."""
    expected_version = -1
    position = -1
    payload: tuple[object, ...] = ()
    """The events themselves, where a custom rule made them."""
    settled = False
    """The handler waits for nothing more."""
    answer = 0
    """What the handler answers the client."""
    retryable = True
    """Whether a failure told to the client is worth another try."""
    reads = 0
    """How often the handler has asked for its stream, or stopped waiting for it."""
    applied_in = 0
    """The projections that have applied it, as bits."""
    awaits_views = False

    def __init__(self, command: int, attempt: int, group: int, session: int, identity: int) -> None:
        self.command = command
        self.attempt = attempt
        self.group = group
        self.session = session
        self.identity = identity
        """The command id that the store sees; a retry under a new id has another."""

    def again(self) -> "Journey":
        """Go on as the next attempt, which begins where this one was admitted."""
        following = Journey(self.command, self.attempt + 1, self.group, self.session, self.identity)
        for name in ("aggregate", "shard", "key", "change", "events", "event_bytes"):
            setattr(following, name, getattr(self, name))
        return following


class Recorder:
    """Rows of the trace to be, in any order: time, moment, command, attempt, place, outcome, value.

    ``add`` takes one such tuple of integers.
    """

    def __init__(self) -> None:
        self._open: list[int] = []
        self._closed: list[Ints] = []
        self.add = self._open.extend

    def compact(self) -> None:
        """Put what was recorded into an array, once it is worth it; called now and then to bound memory."""
        if len(self._open) >= ROWS_IN_A_BLOCK * 7:
            self._close()

    def _close(self) -> None:
        self._closed.append(np.array(self._open, dtype=np.int64).reshape(-1, 7))
        self._open.clear()

    def rows(self) -> Ints:
        """All rows, as an array of shape (n, 7)."""
        self._close()
        return np.concatenate(self._closed)
