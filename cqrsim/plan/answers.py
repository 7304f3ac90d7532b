"""Strategies as answers: the closed questions that feedback, handler state and store policy come down to.

Engines know these words and no strategy's name.
"""

from enum import IntEnum


class AnswerAt(IntEnum):
    """Which moment the waiting client's answer waits for; later ones say more."""

    RECEIVED = 0
    DECIDED = 1
    WRITTEN = 2
    APPLIED = 3


class FoldOn(IntEnum):
    """What puts an event into the command handler's own state."""

    NEVER = 0
    """It keeps none: the stream is loaded for each command."""
    DECISION = 1
    PUBLICATION = 2
    ANSWER = 3


class WaitFor(IntEnum):
    """What the aggregate's turn waits for before the next command may pass."""

    NOTHING = 0
    PUBLICATION = 1
    ANSWER = 2


class Save(IntEnum):
    """Whether the handler saves to a store of its own, and on which side of the append."""

    NONE = 0
    BEFORE_APPEND = 1
    AFTER_APPEND = 2


class Turn(IntEnum):
    """Who goes one at a time."""

    AGGREGATE = 0
    SHARD = 1
    EVERYTHING = 2
    NONE = 3


class Flush(IntEnum):
    """When appended bytes are forced to the disk."""

    GROUP = 0
    """Once for a batch of appends."""
    EACH = 1
    """Once for each append of a batch."""
    PERIODIC = 2
    """Every so often, for whatever has come since."""
