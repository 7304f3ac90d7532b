"""Where what a stream must remember stands: single numbers, and records of equal width in one pool.

All of it is plain constants, so that the kernels may be compiled.  Sums that may outgrow 64 bits take two words; a
constant names the first of them.
"""

from __future__ import annotations

# --- single numbers: what is asked --------------------------------------------------------------------------------

(
    BEGIN, LENGTH, END, PROJECTIONS, WIDTH, PER_TRY, FOLDS, RULED, LOW, HIGH, START, ORDERED_USERS, IN_ORDER,
    WORKER_WAITS, FIRST_READER, AGGREGATES,
) = range(16)  # fmt: skip
"""The window begins at ``BEGIN`` and ends at ``LENGTH``; the rest is as :class:`~cqrsim.trace.About` has it."""

STRIDES = 16
"""Of each column of facts 1, or 0 where one value stands for all commands."""

# --- single numbers: where the stream is --------------------------------------------------------------------------

(
    STATUS, NOW, FREE, USED, OPEN, SUCCESSES, FAILURES, REFUSES, BUSY_COMMAND, BUSY_ATTEMPT, EVENTS_HERE, END_HERE,
    LOG_END, FIRST_FULL,
) = range(30, 44)  # fmt: skip

TAIL, CENSORED, PARTS, DOUBTS, KEPT, WRITING, JUDGING, LOSING = range(46, 54)
"""How many numbers stand in each list; where the list starts is said eight further on."""
LISTS = 8
KEYS, BREAKS, TABLE = 44, 45, 62
"""How many pairs there are, how much of the breaks is taken, and for how many pairs there is room."""

# --- single numbers: what has been counted ------------------------------------------------------------------------

(
    ISSUED_COUNT, IN_WINDOW, ISSUED_RATE, DURABLE_RATE, INFORMED_RATE, UNSETTLED, UNSENT, CONFLICTS, PUSHED, AWAITED,
    STOOD_FOR, LOG_LENGTH, ERROR_EVENTS, EVENTS, WRITES_COUNT, REFUSED_COUNT, CACHE_COUNT, PUSHED_OUT, CACHE_LOOKS,
    CACHE_HITS, WAITING_COUNT, VALIDATING_COUNT, WORKING_COUNT, AT_STORE_COUNT, DECISIONS, STALE, WRONG_ACCEPT,
    WRONG_REFUSE, ACCEPTANCES, FORBIDDANCES, FORBIDDEN_EVER, FALSE_SUCCESS, FALSE_FAILURE, SILENT_FAILURE, UNKNOWN,
    NEVER_INFORMED, LOSS, GHOST, DUPLICATE, DOUBLE_ACCEPT, READS, STALE_READS, VERSIONS_BEHIND, OWN_FLOORS,
    OWN_VIOLATED, READ_FLOORS, READ_VIOLATED, WRITE_PAIRS, WRITES_INVERTED, WITHIN_10, WITHIN_100, WITHIN_1000,
) = range(64, 116)  # fmt: skip

ADDRESSES = 164
"""Where the arrays stand."""

IN_SYSTEM, WAITING, VALIDATING, AT_STORE, CACHED = range(128, 148, 4)
"""Levels: how many are there, the most at once, and the time that all have spent there (two words)."""
WORKING_TIME, BUSY_TIME, REFUSING_TIME, READ_TIME, EVENT_BYTES, ERROR_BYTES = range(152, 164, 2)

SEEN = 192
"""How many rows of each moment the commands of the window have."""
LOST = SEEN + 64
"""How many of their messages were lost on each link."""
OF_PROJECTION, PER_PROJECTION = LOST + 16, 4
"""Of each projection: the time that events lag (two words), how many did, the last position that it has applied."""
LAGGING, LAST_APPLIED = 2, 3

# --- records ------------------------------------------------------------------------------------------------------

KIND, NEXT = 0, 1
"""What a record is, and which one comes next in its list or among the free ones."""
FREED, COMMAND, ATTEMPT, JUDGEMENT, READ = range(5)

(
    NUMBER, GROUP, SESSION, AGGREGATE, CHANGE, EVENT_COUNT, EVENT_SIZE, FLAGS, INTENDED, ISSUED, CAUGHT, SENT,
    ANSWERED, INFORMED, TOLD, GAVE_UP, BELIEF, HAS_READ, SHOWN, WRITTEN_BY, STORED, STORED_AT, EMPTY_AT, DEBT, FIRST,
    LATEST, BREAK, DOUBLE, KNOWN_AT, PAIR, DONE, LEFT,
) = range(2, 34)  # fmt: skip
"""Of a command.  ``DEBT`` counts what it still waits for; at 0 nothing can become of it any more.  ``FIRST`` and
``LATEST`` are its attempts, ``BREAK`` is where it may have left the system, ``NEXT`` the next command of its user."""

(
    OF, TRIAL, TRY, A_SENT, RECEIVED, ADMITTED, DECIDED, DECISION, APPEND_SENT, APPEND_RECEIVED, BUFFERED, WRITTEN,
    FAILED, FAILED_WITH, POSITION, VERSION, RELEASED, FOLDED, REREAD, LOST_COMMAND, LOST_BEFORE, LOST_APPEND,
    LOST_ANSWER, UNANSWERED, NOTICE, LOST_WRONG, SETTLED, HEARD, AHEAD_OF, BEHIND_OF, SUSPECT, NEWER, OLDER, QUEUED,
) = range(2, 36)  # fmt: skip
"""Of an attempt; ``NEXT`` is the next attempt of its command.  It stands in two rings of its aggregate: of those that
may be a part of a divergence (``SUSPECT``: ``BEHIND_OF``, ``AHEAD_OF``), and of those that are durable and not yet
applied everywhere (``QUEUED``: ``OLDER``, ``NEWER``)."""
VIEWS = 36
"""Of an attempt, for each projection: when it was applied, and when it was lost on its way there."""

J_TIME, J_VERSION, J_REACHED, J_COMMAND, J_REFUSAL, J_CHANGE, J_COUNTS = range(2, 9)
"""A decision on a version that was not durable yet: what would it have been by the log?"""

R_TIME, R_VIEW, R_FLOOR, R_LEFT = range(2, 6)
"""An own read that expects a write of which it is not known yet whether it becomes durable."""

# --- aggregates, users, and users' aggregates ---------------------------------------------------------------------

(
    G_VERSION, G_STATE, G_CHANGED, G_VERSION_BEFORE, G_STATE_BEFORE, G_SUSPECTS, G_EXTRA, G_EXTRA_LATEST, G_JUDGED,
    G_LATEST,
) = range(10)  # fmt: skip
G_VIEWS = 10
"""Of each projection: the oldest durable append that it has not applied, and how many events it lacks."""

U_HEAD, U_TAIL, U_ANY, U_APPLIED = range(4)

P_KEY, P_READ, P_DURABLE, P_OPEN, P_READS, P_MISSING = range(6)
"""``P_MISSING``: of each projection, how many of the known durable writes it lacks."""

# --- flags of commands --------------------------------------------------------------------------------------------

MEASURED, SAMPLED, IN_CACHE, AWAITS, READS_OWN = 1, 2, 4, 8, 16
"""In the window; kept with all rows; its refusal is in the error cache; its group waits for projections, reads."""

# --- latencies ----------------------------------------------------------------------------------------------------

ANSWER, FEEDBACK, DURABILITY, VISIBILITY, OWN_READ, APART = 0, 4, 8, 9, 10, 11
"""Waits from intended on, those for the answer and for the outcome by what became of the command: durable, refused,
failed, or none of these.  ``APART`` further on are those of commands that were not sent when intended: only these need
waits from sent on of their own (``FROM_SENT``, in the order above)."""
FROM_SENT, LAG, TURN_WAIT, TURN_HELD, VIEW_WAITS = 22, 27, 28, 29, 30

W_ENDED, W_SUM, W_NEVER, W_LONGEST, W_TAIL, PER_LATENCY = 0, 1, 3, 4, 5, 6
"""Of each latency: how many ended, the sum of those (two words), how many never will, the longest that anything was
followed, and from where on waits are kept one by one."""
