"""What is said between the parts, and the closed vocabularies of what may come of it.

Every vocabulary is an ``IntEnum``: engines compare the numbers, tables show the names in lower case.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Decision(IntEnum):
    """What the handler decided."""

    ACCEPTED = 0
    INVALID = 1
    """Refused: the command is wrong in itself."""
    FORBIDDEN = 2
    """Refused: the state of its aggregate, as the handler knows it, forbids the command."""
    OVERLOADED = 3
    """Refused unread: the handler's queue is full."""


class AppendOutcome(IntEnum):
    """What became of an append.  Whatever breaks physically, the pipeline sees one of these."""

    OK = 0
    DUPLICATE = 1
    """Already stored under this command id; answered as OK, nothing written."""
    FULL = 2
    """Refused: no room on the disk."""
    ERROR = 3
    """Refused: the disk reported a clean error, nothing was kept."""
    CONFLICT = 4
    """Refused: the aggregate is not at the version that the handler expected."""
    UNKNOWN = 5
    """No answer came in time: the append may or may not be durable."""
    CRASHED = 6
    """The store died before it was durable, and answers nobody."""
    FENCED = 7
    """Refused: it comes from an instance of the handler that has been replaced."""


class Part(IntEnum):
    """What can crash and start again."""

    STORE = 0
    HANDLER = 1
    PROJECTION = 2
    INSTANCE = 3
    """A second instance of a handler's shard, which takes over while the first one is still there."""


class Operation(IntEnum):
    """What a fault can strike, as the ledger calls it."""

    NONE = 0
    """Nothing: it strikes at its time."""
    WRITE = 1
    """The disk writes a batch of appends."""
    FLUSH = 2
    """The disk forces what was written onto the medium."""
    APPEND = 3
    """A handler sends an append."""
    DECIDE = 4
    """A handler decides a command."""
    ANSWER = 5
    """What a handler waits for reaches it: the store's answer, or its own event."""
    APPLY = 6
    """A projection applies events."""
    MESSAGE = 7
    """A message is sent."""


class Answer(IntEnum):
    """What an answer, an event, a poll or a look says to the client."""

    NOTHING = 0
    RECEIVED = 1
    """"Command received": says nothing of the outcome."""
    SUCCESS = 2
    FAILURE = 3
    UNKNOWN = 4
    """The handler itself does not know."""


class Belief(IntEnum):
    """What the client believes in the end."""

    NEVER_TOLD = 0
    SUCCESS = 1
    FAILURE = 2
    UNKNOWN = 3
    """It gave up waiting and knows that it does not know."""
    PRESUMED_FAILURE = 4
    """It gave up waiting and takes silence for failure."""


class Truth(IntEnum):
    """What became of the command, at the end of the run."""

    UNDECIDED = 0
    """Still under way when the run ended: censored."""
    CAUGHT = 1
    """Pre-validation found it invalid; it was never sent."""
    NEVER_ARRIVED = 2
    REFUSED = 3
    DURABLE = 4
    NOT_DURABLE = 5
    """Accepted, and its events are not in the log."""
    STORED_TWICE = 6


class Channel(IntEnum):
    """By which way a client learned the outcome."""

    REPLY = 0
    EVENT_PUSH = 1
    EVENT_POLL = 2
    READ_MODEL = 3
    ERROR_CACHE = 4
    PRE_VALIDATION = 5
    """Its own check, before anything was sent."""


class Link(IntEnum):
    """The named links between the parts; a scenario writes them as "client->handler"."""

    CLIENT_TO_HANDLER = 0
    HANDLER_TO_CLIENT = 1
    HANDLER_TO_STORE = 2
    STORE_TO_HANDLER = 3
    """The store's answers to appends and loads."""
    STORE_TO_SUBSCRIBER = 4
    """Published events on their way back to command handlers."""
    STORE_TO_PROJECTION = 5
    STORE_TO_CLIENT = 6
    """Published events on their way to clients, and answers to their polls of the event stream."""
    HANDLER_TO_CACHE = 7
    CACHE_TO_CLIENT = 8
    PROJECTION_TO_CLIENT = 9
    CLIENT_TO_STORE = 10
    CLIENT_TO_CACHE = 11
    CLIENT_TO_PROJECTION = 12
    PROJECTION_TO_HANDLER = 13


LINK_NAMES: tuple[str, ...] = tuple(link.name.lower().replace("_to_", "->") for link in Link)
"""The links as a scenario spells them, in the order of their numbers."""


class Seen(IntEnum):
    """Whether an own read showed the command's change."""

    NO = 0
    YES = 1


@dataclass(frozen=True, slots=True)
class Command:
    """A command as a custom rule sees it."""

    number: int
    group: str
    aggregate: int
    change: int
    valid: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """What a custom ``decide`` returns to refuse a command, with the reason for people to read."""

    reason: str = "refused"


Events = tuple[Any, ...]
"""What a custom ``decide`` returns to accept: the events, oldest first; any values."""
