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


class OnError(IntEnum):
    """What the event store does after the disk has reported an error."""

    CONTINUE = 0
    POISON = 1
    """Refuses everything until it is started again: what its log holds is not known any more."""
    EXIT = 2
    """Dies without an answer, and is started again."""


class OnDoubt(IntEnum):
    """What a handler does that does not know whether its append is durable."""

    PRESUME_FAILURE = 0
    REREAD = 1
    SAY_UNKNOWN = 2


class Target(IntEnum):
    """Where a fault strikes."""

    DISK = 0
    STORE = 1
    HANDLER = 2
    PROJECTION = 3
    LINK = 4


class Effect(IntEnum):
    """What a fault does there."""

    REFUSE = 0
    FULL = 1
    AMBIGUOUS = 2
    FLUSH_ERROR = 3
    SLOW = 4
    FREEZE = 5
    DIE = 6
    LIE = 7
    CONSUME = 8
    CRASH = 9
    PROMOTE = 10
    CORRUPT = 11
    TWO_INSTANCES = 12
    PAUSE = 13
    DROP = 14
    DUPLICATE = 15
    DELAY = 16
    CUT = 17
    CUSTOM = 18


class By(IntEnum):
    """What picks the operations, or the times, at which a fault strikes within its windows."""

    TIME = 0
    """Its windows alone: all operations in them, or their beginnings for what strikes by itself."""
    SHARE = 1
    BURSTS = 2
    COUNT = 3
    MEASURE = 4
    FOLLOWS = 5
    CALL = 6


class Measure(IntEnum):
    """What a condition looks at."""

    DISK_USAGE = 0
    """In millionths of the capacity."""
    STORE_QUEUE = 1
    HANDLER_QUEUE = 2
    PROJECTION_QUEUE = 3
    LOG_LENGTH = 4
