"""The steps of a command's journey, and which of two that fall on the same instant comes first.

The number of a moment is its rank.  Delays that end at the same nanosecond end in the order of
(rank, command, attempt, place), so the table below is the whole tie-breaking rule of the simulator:

1.  The world changes before anybody acts in it: a repair before a break, so that fault periods are half-open.
2.  The journey is walked in its own order: who issues at an instant is ahead of who decides at it.
3.  What arrives is in before somebody looks: a poll at the instant of the write finds it written.
4.  Who gives up does so last: an answer that arrives at the very instant of the timeout has arrived.
5.  Published events that arrive together do so in the order of the log: there the position stands for the command.

Rows of a trace that share an instant therefore stand in rank order, which is not always causal order.
"""

from enum import IntEnum


class Moment(IntEnum):
    """A step that a trace can hold.  The comment says what ``place``, ``outcome`` and ``value`` mean in its rows.

    [1] The number of the projection that the message was meant for, on "store->projection"; 0 on other links.
    [2] The shard or projection; 0 for the store.
    [3] Up to which position (exclusive) a shard or projection has read the log; -1 for a shard whose own store kept
    its state; for the store how many events its log has.
    [4] Altered: it was read from the log when its record already said something else, so that it shows nothing.
    """

    # 1. the world                 place         outcome          value
    FAULT_ENDED = 1  #             fault         -                -
    FAULT_BEGAN = 2  #             fault         -                -
    RESTARTED = 3  #               part [2]      Part             [3]
    FAULT_STRUCK = 4  #            fault         Operation        number of the operation among its kind, from 1
    CRASHED = 5  #                 part [2]      Part             fault, or -1 for the store's own policy
    VANISHED = 6  #                store         0, 1 error event fault; was in the log, and is no more
    RECOVERED = 7  #               store         0, 1 error event position; found in the log at a restart
    ALTERED = 8  #                 store         0, 1 error event fault; its record now says something else
    FORGOTTEN = 9  #               shard         -                fault; the handler that held the command has crashed

    # 2. the journey
    ISSUED = 10  #                 group         -                intended time (ns); once per command
    CAUGHT = 11  #                 group         -                pre-validation kept it from being sent
    SENT = 12  #                   group         -                once per attempt
    MESSAGE_LOST = 13  #           link          projection [1]   fault that lost it, -1: the link, -2: a full buffer
    RECEIVED = 14  #               shard         -                commands waiting in the shard, before this one
    LOADED = 15  #                 shard         -                version of the stream as read
    ADMITTED = 16  #               shard         -                - (has the turn and a worker)
    DECIDED = 17  #                shard         Decision         version of the state decided on
    SAVED = 18  #                  shard         -                - (in the handler's own store)
    APPEND_SENT = 19  #            shard         -                expected version, or -1 for "any"
    APPEND_RECEIVED = 20  #        store         -                appends waiting in the store, before this one
    APPEND_STARTED = (
        21  #         store         -                number of appends in the batch; leader of the batch only
    )
    BUFFERED = 22  #               store         -                position; acknowledged but not yet flushed
    WRITTEN = 23  #                store         AppendOutcome    position of the first event; durable
    APPEND_FAILED = 24  #          store         AppendOutcome    fault that caused it, or -1
    REFUSAL_STORED = 25  #         store         -                position of the error event; durable
    REFUSAL_LOST = 26  #           store         AppendOutcome    fault that caused it, or -1
    PUBLISHED = 27  #              store         -                position of the first event
    DELIVERED = 28  #              projection    -                waited for, never recorded
    APPEND_ANSWERED = 29  #        shard         AppendOutcome    - (the store's answer reached the handler)
    FOLDED = 30  #                 shard         instance         version of the handler's state of the aggregate, after
    REREAD = 31  #                 shard         AppendOutcome    version found by re-reading the stream after doubt
    APPLIED = 32  #                projection    0, 1 altered [4] position of the first event
    CHECKPOINTED = 33  #           projection    -                position
    RELEASED = 34  #               shard         -                - (the turn passes on)
    REFUSAL_CACHED = 35  #         cache         -                -
    ANSWERED = 36  #               group         Answer           -
    INFORMED = 37  #               channel       Answer           -
    REFUSAL_EXPIRED = 38  #        cache         -                0: its time was over, 1: pushed out by a newer one

    # 3. who looks
    POLLED = 50  #                 channel       Answer           number of the poll of this attempt, from 1
    OWN_READ = 51  #               projection    Seen             number of the read, from 0
    BACKGROUND_READ = 52  #        projection    -                - (``command`` is the number of the read)

    # 4. who gives up
    HANDLER_GAVE_UP = 60  #        shard         -                -
    GAVE_UP = 61  #                group         Belief           -


NEVER = -1
"""Stands in integer columns for "no such thing": no fault, no expected version."""

OVERFLOW = -2
"""Stands for the fault where a full buffer dropped a message."""
