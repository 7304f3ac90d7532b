"""One row per command: every step of its journey, what became of it, and what its client believes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.messages import Decision, Seen
from cqrsim.metrics.decisions import Decisions, decisions
from cqrsim.metrics.divergence import stretches
from cqrsim.metrics.latencies import latencies, seeing
from cqrsim.metrics.paths import Paths, first_times, paths
from cqrsim.metrics.schema import build
from cqrsim.metrics.steps import Bools, Floats, elapsed, milliseconds
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.vocabulary import CATEGORIES, coded, named
from cqrsim.moments import Moment
from cqrsim.trace import Trace

_FIRST_TIMES = {
    "issued_ms": Moment.ISSUED,
    "caught_ms": Moment.CAUGHT,
    "sent_ms": Moment.SENT,
    "received_ms": Moment.RECEIVED,
    "admitted_ms": Moment.ADMITTED,
    "decided_ms": Moment.DECIDED,
    "append_sent_ms": Moment.APPEND_SENT,
    "published_ms": Moment.PUBLISHED,
    "released_ms": Moment.RELEASED,
    "answered_ms": Moment.ANSWERED,
}
FROM_SENT = ("answer", "feedback", "durability", "visibility", "own_read")
"""The latencies that are also given from when the command was really sent."""


def commands(trace: Trace) -> pd.DataFrame:
    """One row per issued command, in the order of their numbers.

    Times are in milliseconds from the start of the run, those of the first attempt that got there; NaN says that it
    did not happen in this run.  The columns are in ``schema()``.
    """
    ways = paths(trace)
    rows = np.flatnonzero(ways.issued)
    columns: dict[str, Any] = {"command": np.arange(ways.commands), "in_window": ways.in_window}
    for name in ("session", "aggregate", "change", "valid", "events"):
        columns[name] = getattr(trace.marks, name)
    columns |= _times(trace, ways) | _verdicts(trace) | _counts(ways) | _flags(trace, ways) | _latencies(trace, ways)
    chosen = {name: column[rows] for name, column in columns.items()}
    chosen["group"] = named(trace.marks.group[rows], trace.about.groups)
    return build("commands", chosen, trace.about)


def _times(trace: Trace, ways: Paths) -> dict[str, Floats]:
    times = {name: milliseconds(ways.first(moment)) for name, moment in _FIRST_TIMES.items()}
    see, verdict = seeing(trace), verdicts(trace)
    times["intended_ms"] = milliseconds(ways.intended)
    times["written_ms"] = milliseconds(see.written)
    times["visible_ms"] = milliseconds(see.visible)
    times["informed_ms"] = milliseconds(verdict.informed)
    times["gave_up_ms"] = milliseconds(verdict.gave_up)
    reads = ways.rows(Moment.OWN_READ)
    seen = reads.take(reads.outcome == Seen.YES)
    times["seen_ms"] = milliseconds(first_times(seen.command, seen.time, ways.commands))
    for name, applied in zip(trace.about.projections, see.applied, strict=True):
        times[f"applied_{name}_ms"] = milliseconds(applied)
    return times


def _verdicts(trace: Trace) -> dict[str, Any]:
    verdict = verdicts(trace)
    return {name: coded(getattr(verdict, name), CATEGORIES[name]) for name in ("truth", "belief", "channel", "reason")}


def _counts(ways: Paths) -> dict[str, NDArray[Any]]:
    moments = {"attempts": Moment.SENT, "polls": Moment.POLLED}
    return {name: np.bincount(ways.rows(moment).command, minlength=ways.commands) for name, moment in moments.items()}


def _flags(trace: Trace, ways: Paths) -> dict[str, Any]:
    decided = decisions(trace)
    divergent = stretches(trace).covers(decided.aggregate, decided.time)
    return {
        "wrong_accept": _any_of(ways, decided, decided.wrong_accept, Decision.ACCEPTED),
        "wrong_refuse": _any_of(ways, decided, decided.wrong_refuse, Decision.FORBIDDEN),
        "stale_decision": _has(ways, decided, decided.stale),
        "divergent_decision": _has(ways, decided, divergent & (decided.outcome != Decision.OVERLOADED)),
    }


def _any_of(ways: Paths, decided: Decisions, flags: Floats, outcome: Decision) -> pd.api.extensions.ExtensionArray:
    """Whether any decision of each command has the flag; missing if nobody can tell of one of them."""
    untold = _has(ways, decided, np.isnan(flags) & (decided.outcome == outcome))
    return pd.arrays.BooleanArray(_has(ways, decided, flags == 1), untold)


def _has(ways: Paths, decided: Decisions, flags: Bools) -> Bools:
    found = np.zeros(ways.commands, np.bool_)
    found[decided.command[flags]] = True
    return found


def _latencies(trace: Trace, ways: Paths) -> dict[str, Floats]:
    known, sent = latencies(trace), ways.first(Moment.SENT)
    waits = {name: known[name] for name in (*FROM_SENT, "lag", "turn_wait", "turn_held")}
    columns = {f"{name}_ms": elapsed(wait.until, wait.since) for name, wait in waits.items()}
    return columns | {f"{name}_from_sent_ms": elapsed(waits[name].until, sent) for name in FROM_SENT}
