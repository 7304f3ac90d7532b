"""The words of the tables: fixed categories for every code, and what places and outcomes of a trace are called."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.messages import (
    LINK_NAMES,
    Answer,
    AppendOutcome,
    Belief,
    Channel,
    Decision,
    Operation,
    Part,
    Seen,
    Truth,
)
from cqrsim.moments import Moment
from cqrsim.trace import About

_SHARD = (
    "RECEIVED LOADED ADMITTED DECIDED SAVED APPEND_SENT APPEND_ANSWERED FOLDED REREAD RELEASED "
    "HANDLER_GAVE_UP FORGOTTEN"
)
_STORE = (
    "APPEND_RECEIVED APPEND_STARTED BUFFERED WRITTEN APPEND_FAILED REFUSAL_STORED REFUSAL_LOST PUBLISHED "
    "VANISHED RECOVERED ALTERED"
)
_PLACES = {
    "fault": "FAULT_BEGAN FAULT_ENDED FAULT_STRUCK",
    "part": "CRASHED RESTARTED",
    "group": "ISSUED CAUGHT SENT ANSWERED GAVE_UP",
    "link": "MESSAGE_LOST",
    "shard": _SHARD,
    "store": _STORE,
    "projection": "DELIVERED APPLIED CHECKPOINTED OWN_READ BACKGROUND_READ",
    "cache": "REFUSAL_CACHED REFUSAL_EXPIRED",
    "channel": "INFORMED POLLED",
}
PLACE_OF: dict[int, str] = {int(Moment[name]): kind for kind, names in _PLACES.items() for name in names.split()}
"""What kind of place the ``place`` of a row numbers, by moment."""


class Stored(IntEnum):
    """What kind of entry of the log a row speaks of."""

    EVENT = 0
    ERROR_EVENT = 1


OUTCOME_OF: dict[int, type[IntEnum]] = {
    Moment.DECIDED: Decision,
    Moment.WRITTEN: AppendOutcome,
    Moment.APPEND_FAILED: AppendOutcome,
    Moment.REFUSAL_LOST: AppendOutcome,
    Moment.APPEND_ANSWERED: AppendOutcome,
    Moment.REREAD: AppendOutcome,
    Moment.ANSWERED: Answer,
    Moment.INFORMED: Answer,
    Moment.POLLED: Answer,
    Moment.OWN_READ: Seen,
    Moment.GAVE_UP: Belief,
    Moment.FAULT_STRUCK: Operation,
    Moment.CRASHED: Part,
    Moment.RESTARTED: Part,
    Moment.VANISHED: Stored,
    Moment.RECOVERED: Stored,
    Moment.ALTERED: Stored,
}
"""The vocabulary of the ``outcome`` of a row, by moment; rows of other moments have none."""


class Reason(IntEnum):
    """The first thing that stood in the way of a command that did not become durable."""

    INVALID = 0
    FORBIDDEN = 1
    OVERLOADED = 2
    FULL = 3
    ERROR = 4
    CONFLICT = 5
    UNKNOWN = 6
    LOST = 7
    """A message was lost on its way."""
    CRASHED = 8
    """The store crashed before it was durable."""
    FENCED = 9
    """It came from an instance of the handler that had been replaced."""
    FORGOTTEN = 10
    """The handler crashed that held it."""
    VANISHED = 11
    """It was in the log, and is no more."""
    ALTERED = 12
    """It was in the log, and its record now says something else."""


class Anomaly(IntEnum):
    """What can have gone wrong for good, judged at the end of the run."""

    LOST = 0
    """Told accepted, not in the log: it never was, or what was there has vanished or been altered."""
    GHOST = 1
    """Told failed, in the log, perhaps only found there when the store started again."""
    SILENT = 2
    """Accepted and not durable, or refused after the answer "received": and then neither event nor notice, ever."""
    UNK = 3
    """Its client never learns what became of it."""
    ERRLOST = 4
    """The notice of its refusal was lost, or vanished from the log after it had been stored."""
    AHEAD = 5
    """The handler's live state has its event, the log has not, or no longer."""
    BEHIND = 6
    """The log has its event, the handler's live state has not, and nothing will ever tell it."""
    DBL = 7
    """Accepted and stored though the log, as it stood then, forbids it."""
    DUP = 8
    """Stored twice, and both are still there."""
    WREJ = 9
    """Refused because of a state that never became real."""
    PHANTOM = 10
    """A projection shows its event, which is not in the log, or no longer."""
    PGAP = 11
    """In the log, but a projection has passed it by, and has not caught up or been rebuilt since."""
    STUCK = 12
    """Holds a turn that nothing can release."""
    DOWN = 13
    """Issued after a part had crashed that never came back; the parts are counted, not the commands."""


def _ordered(words: Sequence[str]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(list(words), ordered=True)


def _of_enum(enum: type[IntEnum]) -> pd.CategoricalDtype:
    return _ordered([member.name.lower() for member in enum])


CATEGORIES: dict[str, pd.CategoricalDtype] = {
    "truth": _of_enum(Truth),
    "belief": _of_enum(Belief),
    "channel": _of_enum(Channel),
    "reason": _of_enum(Reason),
    "moment": _of_enum(Moment),
    "event_kind": _ordered(["event", "error"]),
    "read_kind": _ordered(["own", "background"]),
    "episode_kind": _ordered(["fault", "down", "store_refuses", "divergence", "stuck_turn"]),
    "anomaly": _ordered([kind.name for kind in Anomaly]),
}
"""The categories of every code in the tables, in their order."""


def coded(codes: NDArray[Any], dtype: pd.CategoricalDtype) -> pd.Categorical[Any]:
    """Codes as a categorical; -1 is missing."""
    result: pd.Categorical[Any] = pd.Categorical.from_codes(np.asarray(codes, np.int64), dtype=dtype)
    return result


def named(codes: NDArray[Any], names: Sequence[str]) -> pd.Categorical[Any]:
    """Numbers of groups or projections as a categorical of their names."""
    return coded(codes, _ordered(names))


def place_name(about: About, moment: int, place: int) -> str:
    """What a row calls its place, in words: "shard 2", "client->handler", the name of a group or projection.

    >>> place_name(About(length_ns=1), Moment.APPLIED, 0), place_name(About(length_ns=1), Moment.MESSAGE_LOST, 0)
    ('view', 'client->handler')
    """
    kind = PLACE_OF.get(moment, "")
    if kind in ("store", "cache"):
        return kind
    names: dict[str, Sequence[str]] = {
        "group": about.groups,
        "projection": about.projections,
        "link": LINK_NAMES,
        "channel": [str(word) for word in CATEGORIES["channel"].categories],
        "fault": [fault.name for fault in about.faults],
    }
    known = names.get(kind, ())
    return known[place] if 0 <= place < len(known) else f"{kind} {place}".strip()


def part_name(about: About, part: int, place: int) -> str:
    """What a part that can crash is called: "store", "shard 2", or the name of a projection.

    >>> part_name(About(length_ns=1), Part.PROJECTION, 0), part_name(About(length_ns=1), Part.INSTANCE, 2)
    ('view', 'shard 2')
    """
    if part == Part.STORE:
        return "store"
    return place_name(about, Moment.APPLIED, place) if part == Part.PROJECTION else f"shard {place}"


def outcome_name(moment: int, outcome: int) -> str:
    """What a row's outcome says, in words; empty where the moment has none.

    >>> outcome_name(Moment.DECIDED, 0), outcome_name(Moment.SENT, 0)
    ('accepted', '')
    """
    words = OUTCOME_OF.get(moment)
    if words is None or (words is Operation and outcome == Operation.NONE):
        return ""
    return words(outcome).name.lower()


def fault_name(about: About, fault: int) -> str:
    """The name of a fault by its number; empty for -1, which is no fault."""
    if fault < 0:
        return ""
    return about.faults[fault].name if fault < len(about.faults) else f"fault {fault}"
