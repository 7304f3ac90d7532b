"""One attempt of one command on its way, and the record of everybody's way."""

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from cqrsim.plan.draws import Ints

if TYPE_CHECKING:
    from cqrsim.actors.instance import Instance

ROWS_IN_A_BLOCK = 500_000

TRIES_WITH_LUCK_OF_THEIR_OWN = 64
"""The 65th try of a command meets the luck of the first again."""


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
    previous = -1
    """The position that was published before it."""
    previous_of_shard = -1
    """The same among those of its shard."""
    altered = False
    """Its record in the log says something else by now."""
    was_altered = False
    """It did so already when it was published."""
    payload: tuple[object, ...] = ()
    """The events themselves, where a custom rule made them."""
    settled = False
    """The handler waits for nothing more."""
    answer = 0
    """What the handler answers the client."""
    retryable = True
    """Whether a failure told to the client is worth another try."""
    known_ids: Sequence[int] = ()
    """The ids under which the client knows the command, of all its tries."""
    folded_at = 0
    """When the handler put it into its own state, where it compares that with the log."""
    reads = 0
    """How often the handler has needed its stream."""
    home: "Instance"
    """The instance of the handler that has received it."""

    def __init__(self, command: int, attempt: int, group: int, session: int, identity: int, tries: int) -> None:
        self.command = command
        self.attempt = attempt
        self.group = group
        self.session = session
        self.identity = identity
        """The command id that the store sees; a retry under a new id has another."""
        self.tries = tries
        """How often the client had sent the command before."""
        self.luck = tries % TRIES_WITH_LUCK_OF_THEIR_OWN
        """Which of its command's draws it meets: the same for the same try in every design, and others for a reload."""

    def again(self) -> "Journey":
        """Go on as the next attempt, which begins where this one was admitted."""
        following = Journey(self.command, self.attempt + 1, self.group, self.session, self.identity, self.tries)
        following.known_ids = self.known_ids
        following.luck = self.luck + TRIES_WITH_LUCK_OF_THEIR_OWN
        for name in ("aggregate", "shard", "key", "change", "events", "event_bytes", "home"):
            setattr(following, name, getattr(self, name))
        return following

    def copy(self, attempt: int) -> "Journey":
        """The same message once more, as an attempt of its own that nobody waits for."""
        double = copy(self)
        double.attempt = attempt
        return double


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
