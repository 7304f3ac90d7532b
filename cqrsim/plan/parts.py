"""The shapes of a plan: for each actor the numbers it acts by.

Times are whole nanoseconds, -1 stands for "no such time, no such limit".  A :class:`Column` holds one number per
command and attempt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cqrsim.messages import Link, Operation
from cqrsim.plan.answers import (
    AnswerAt,
    By,
    Effect,
    Flush,
    FoldOn,
    Measure,
    OnDoubt,
    OnError,
    Save,
    Target,
    Turn,
    WaitFor,
)
from cqrsim.plan.draws import Column, Ints, Series

STALLED = 0
"""The slowness of a disk that does nothing at all."""

UNSLOWED = 1000
"""Slowness is counted in thousandths: 1000 is the disk's own speed, 2000 takes twice as long."""


@dataclass(frozen=True)
class FaultPlan:
    """One fault that can strike: at which operations or times of its windows, where, and what it does.

    Which of ``hit``, ``bits``, ``counts``, ``measure``, ``follows`` and ``call`` is used, ``by`` says.
    """

    number: int
    effect: Effect
    target: Target
    operation: Operation
    by: By
    windows: tuple[tuple[int, int], ...]
    """Stretches [begin, end) in which it may strike, in the order of time."""
    place: int = -1
    """Which shard, projection or link; -1 for all."""
    projection: int = -1
    """On the link to projections: the way to which one; -1 for all."""
    group: int = -1
    """On links to clients: of which group; -1 for all."""
    behind: bool = False
    """Whether it strikes behind the operation rather than ahead of it."""
    hit: Column | None = None
    bits: "Series | None" = None
    """1 for each operation, in the order in which they come, that it strikes."""
    counts: tuple[int, ...] = ()
    """The numbers of the operations that it strikes, from 1, ascending."""
    and_all_later: bool = False
    """Whether it goes on for ever from the last of ``counts``."""
    measure: Measure = Measure.LOG_LENGTH
    above: int = 0
    follows: int = -1
    """After each strike of which fault it strikes itself."""
    delay: "Series | None" = None
    """How long after that, by its own strikes."""
    call: Callable[..., Any] | None = None
    """Somebody's own condition."""
    custom: Callable[..., Any] | None = None
    """Somebody's own effect."""
    at_most: int = -1
    """How often it strikes at most."""
    lasts: "Series | None" = None
    """How long what it does lasts, by its strikes; None where its windows say so, or it is over at once."""
    goes_on: bool = False
    """Whether it lasts to the end of its window, once an operation has set it off."""
    restart: "Series | None" = None
    """How long until what it brought down is up again, by its strikes."""
    held: bool = False
    """Whether messages to what is down, or over what is cut, wait rather than get lost."""
    power: bool = False
    """Whether what was not flushed is gone, too."""
    tears: bool = False
    no_room: bool = False
    """Whether a refusal says that the disk is full."""
    kept: Column | None = None
    """Whether bytes are kept of which an error was reported."""
    factor: int = 0
    """Slowness in thousandths."""
    added: Column | None = None
    """Time that it adds to an operation or a message."""
    error: bool = False
    """Whether what it held up, or answers, ends with an error."""
    amount: int = -1
    """Bytes a second, records, appends, or ns, as the effect has it; -1 for no limit."""
    at_most_bytes: int = -1
    appends: int = 0
    """How many appends a replica is behind."""
    detected: "Series | None" = None
    detected_below: int = 0
    """A change is one that a checksum tells where ``detected`` is below this."""
    older: Column | None = None
    """Which commands the older of two instances takes."""
    luck: "Series | None" = None
    """Uniform numbers below 2**32, for choices among what is there when it strikes."""


@dataclass(frozen=True)
class RoutePlan:
    """One link: how long messages take, and which it loses.  ``instant``: no delay at all, ever."""

    link: Link
    delay: Column
    instant: bool
    in_order: bool
    lost: Column | None


@dataclass(frozen=True)
class Schedule:
    """When to look again: gap after gap, the last one repeated; at most so many looks (-1: no limit)."""

    gaps_ns: tuple[int, ...]
    at_most: int

    def gap_ns(self, number: int) -> int:
        """The wait before look ``number`` (from 0)."""
        gaps = self.gaps_ns
        return gaps[number] if number < len(gaps) else gaps[-1]


@dataclass(frozen=True)
class FeedbackPlan:
    """How the clients of a group learn what became of their commands."""

    answer_at: AnswerAt
    applied_in: tuple[int, ...]
    wait_at_most_ns: int
    event_push: bool
    event_poll: Schedule | None
    read_model: Schedule | None
    read_model_of: int
    error_events: bool
    error_cache: bool
    cache_poll: Schedule | None
    keep_for_ns: int
    cache_at_most: int
    client_makes_id: bool
    presume_after_ns: int


@dataclass(frozen=True)
class ClosedPlan:
    """Clients that wait: ``clients`` of them, the k-th command of client c has number first + k * clients + c."""

    clients: int
    pace_ns: int
    waits_for_outcome: bool
    think_ns: Ints


@dataclass(frozen=True)
class RetryPlan:
    """Trying again: how often, after what, with which back-off before attempt n + 1."""

    at_most: int
    backoff: Column
    same_id: bool
    after_timeout: bool
    after_failure: bool


@dataclass(frozen=True)
class OwnReadPlan:
    """Reads of a client once it knows that its command succeeded; ``choice`` numbers a projection of ``of``."""

    count: int
    after: Column
    gap: Column
    of: tuple[int, ...]
    choice: Column


@dataclass(frozen=True)
class GroupPlan:
    """One group of clients; ``commands`` are the global numbers of its commands, in its own order."""

    name: str
    commands: Ints
    closed: ClosedPlan | None
    feedback: FeedbackPlan
    patience_ns: int
    retries: RetryPlan | None
    pre_validation: Column | None
    own_reads: OwnReadPlan | None


@dataclass(frozen=True)
class StatePlan:
    """Where the command handler's state lives, as answers."""

    save: Save
    save_time: Column
    fold_on: FoldOn
    wait_for: WaitFor
    give_up_ns: int
    on_doubt: OnDoubt
    catch_up: bool
    reconcile_every_ns: int
    reconcile_finds: Column | None
    """Whether a reconciliation notices what is wrong with the aggregate of a command; None: always."""
    load: bool
    expect_version: bool
    conflict_retries: int


@dataclass(frozen=True)
class HandlerPlan:
    """Shards, workers and turns of the command handler."""

    shards: int
    workers: int
    queue_limit: int
    validate: Column
    turn: Turn
    worker_waits: bool


@dataclass(frozen=True)
class StorePlan:
    """The event store's policy."""

    batch_window_ns: int
    batch_at_most: int
    flush: Flush
    flush_every_ns: int
    answer_after_write: bool
    publish_before_durable: bool
    check_version: bool
    dedupe: bool
    dedupe_for_ns: int
    dedupe_at_most: int
    on_error: OnError
    restart: Series
    """How long a store that has exited takes to start again."""
    retry_flush: bool
    refuses_damage: bool
    """Whether a store that finds damage when it starts stays down, rather than cut its log there."""
    reads_written: bool
    """Whether readers are shown what is written but not flushed."""
    fencing: bool
    republish: bool
    snapshot_every: int
    read: Column
    read_by_shards: tuple[Series, ...]
    """The same for readings of the whole log, by each shard of the handler."""
    read_per_event_ns: int


@dataclass(frozen=True)
class DiskPlan:
    """The event store's disk.

    From ``changes_ns[i]`` on it has ``slowness[i]``.
    """

    write: Column
    flush: Column
    per_kib_ns: int
    capacity_bytes: int
    changes_ns: tuple[int, ...]
    slowness: tuple[int, ...]


@dataclass(frozen=True)
class ProjectionPlan:
    """One projection: pushed to (``poll_ns`` -1) or polling."""

    name: str
    apply: Column
    poll_ns: int
    batch: int
    commit: Column | None
    checkpoint_every: int
    checkpoint: Column
    catch_up: bool
    buffer: int
    rebuild: Column
    """Time to fold one event of the log when the view is built anew."""
    from_checkpoint: bool
    serves_while_rebuilding: bool


@dataclass(frozen=True)
class FaultPeriod:
    """A stretch of time in which a fault holds; recorded in the trace."""

    fault: int
    begins_ns: int
    ends_ns: int


@dataclass(frozen=True)
class RangeRule:
    """An aggregate holds a whole number between ``low`` and ``high``; a command changes it."""

    low: int
    high: int
    start: int
