"""The shapes of a plan: for each actor the numbers it acts by.

Times are whole nanoseconds, -1 stands for "no such time, no such limit".  A :class:`Column` holds one number per
command and attempt.
"""

from dataclasses import dataclass

from cqrsim.messages import Link
from cqrsim.plan.answers import AnswerAt, Flush, FoldOn, Save, Turn, WaitFor
from cqrsim.plan.draws import Column, Ints

STALLED = 0
"""The slowness of a disk that does nothing at all."""

UNSLOWED = 1000
"""Slowness is counted in thousandths: 1000 is the disk's own speed, 2000 takes twice as long."""


@dataclass(frozen=True)
class Hits:
    """A share of operations that a fault (or the link's own loss, fault -1) strikes in [begins, ends)."""

    hit: Column
    begins_ns: int
    ends_ns: int
    fault: int


@dataclass(frozen=True)
class RoutePlan:
    """One link: how long messages take, and which are lost.  ``instant``: no delay at all, ever."""

    link: Link
    delay: Column
    instant: bool
    in_order: bool
    losses: tuple[Hits, ...]


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
    reread_in_doubt: bool
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
    snapshot_every: int
    read: Column
    read_per_event_ns: int


@dataclass(frozen=True)
class DiskPlan:
    """The event store's disk.

    From ``changes_ns[i]`` on it has ``slowness[i]``; in the periods of ``full`` (begin, end, fault) there is no room.
    """

    write: Column
    flush: Column
    per_kib_ns: int
    capacity_bytes: int
    changes_ns: tuple[int, ...]
    slowness: tuple[int, ...]
    write_errors: tuple[Hits, ...]
    full: tuple[tuple[int, int, int], ...]


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
