"""Moments, outcomes and links as plain numbers, which kernels compare; and how a stream may end."""

from __future__ import annotations

from cqrsim.messages import Answer, AppendOutcome, Channel, Decision, Link, Part, Seen
from cqrsim.moments import Moment

(
    RESTARTED, CRASHED, VANISHED, RECOVERED, ALTERED, FORGOTTEN, ISSUED, CAUGHT, SENT, MESSAGE_LOST, RECEIVED, ADMITTED,
    DECIDED, APPEND_SENT, APPEND_RECEIVED, APPEND_STARTED, BUFFERED, WRITTEN, APPEND_FAILED, REFUSAL_STORED,
    REFUSAL_LOST, PUBLISHED, APPEND_ANSWERED, FOLDED, REREAD, APPLIED, RELEASED, REFUSAL_CACHED, ANSWERED, INFORMED,
    REFUSAL_EXPIRED, POLLED, OWN_READ, BACKGROUND_READ, GAVE_UP,
) = (int(Moment[name]) for name in (
    "RESTARTED", "CRASHED", "VANISHED", "RECOVERED", "ALTERED", "FORGOTTEN", "ISSUED", "CAUGHT", "SENT", "MESSAGE_LOST",
    "RECEIVED", "ADMITTED", "DECIDED", "APPEND_SENT", "APPEND_RECEIVED", "APPEND_STARTED", "BUFFERED", "WRITTEN",
    "APPEND_FAILED", "REFUSAL_STORED", "REFUSAL_LOST", "PUBLISHED", "APPEND_ANSWERED", "FOLDED", "REREAD", "APPLIED",
    "RELEASED", "REFUSAL_CACHED", "ANSWERED", "INFORMED", "REFUSAL_EXPIRED", "POLLED", "OWN_READ", "BACKGROUND_READ",
    "GAVE_UP",
))  # fmt: skip

IS_ACCEPTED, IS_FORBIDDEN, IS_OVERLOADED = (
    int(one) for one in (Decision.ACCEPTED, Decision.FORBIDDEN, Decision.OVERLOADED)
)
OK, FULL, ERROR, CONFLICT, FENCED = (
    int(one)
    for one in (
        AppendOutcome.OK, AppendOutcome.FULL, AppendOutcome.ERROR, AppendOutcome.CONFLICT, AppendOutcome.FENCED,
    )
)  # fmt: skip
SUCCESS, FAILURE = int(Answer.SUCCESS), int(Answer.FAILURE)
EVENT_PUSH, EVENT_POLL, ERROR_CACHE = int(Channel.EVENT_PUSH), int(Channel.EVENT_POLL), int(Channel.ERROR_CACHE)
CLIENT_TO_HANDLER, HANDLER_TO_STORE = int(Link.CLIENT_TO_HANDLER), int(Link.HANDLER_TO_STORE)
STORE_TO_HANDLER, STORE_TO_SUBSCRIBER = int(Link.STORE_TO_HANDLER), int(Link.STORE_TO_SUBSCRIBER)
STORE_TO_PROJECTION, STORE_TO_CLIENT = int(Link.STORE_TO_PROJECTION), int(Link.STORE_TO_CLIENT)
PROJECTION, STORE = int(Part.PROJECTION), int(Part.STORE)
YES = int(Seen.YES)

FINE, LATE, GAP, UNEXPECTED = 0, 1, 2, 16
"""What has become of the stream: all is well, a row came after nothing more could, positions are missing; or a moment
has come that cannot be streamed (``UNEXPECTED`` and its number)."""
