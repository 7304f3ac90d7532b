"""The way of one command, step by step."""

from __future__ import annotations

import difflib

import numpy as np
import pandas as pd

from cqrsim.errors import TraceError
from cqrsim.metrics.paths import paths
from cqrsim.metrics.schema import build
from cqrsim.metrics.vocabulary import outcome_name, place_name
from cqrsim.moments import Moment
from cqrsim.trace import Trace


def journey(trace: Trace, command: int) -> pd.DataFrame:
    """All rows of one command in the order of time, in words.

    ``time_ms`` counts from when the command was issued.  Raises TraceError for a command that was never issued.
    """
    rows = trace.rows.take((trace.rows.command == command) & (trace.rows.moment != Moment.BACKGROUND_READ))
    issued = paths(trace).issued
    if not (0 <= command < len(issued) and issued[command]):
        raise TraceError(f"no command {command} in this trace{_hint(command, np.flatnonzero(issued))}")
    began = rows.time[rows.moment == Moment.ISSUED]
    began = began if len(began) else rows.time
    pairs = list(zip(rows.moment.tolist(), rows.place.tolist(), rows.outcome.tolist(), strict=True))
    columns = {
        "time_ms": (rows.time - (began[0] if len(began) else 0)) / 1e6,
        "attempt": rows.attempt,
        "moment": [Moment(moment).name.lower() for moment, _, _ in pairs],
        "who": [place_name(trace.about, moment, place) for moment, place, _ in pairs],
        "outcome": [outcome_name(moment, outcome) for moment, _, outcome in pairs],
    }
    return build("journey", columns, trace.about)


def _hint(command: int, issued: np.ndarray[tuple[int], np.dtype[np.intp]]) -> str:
    """Which commands there are; closed clients need not have issued every one of their numbers."""
    if not len(issued):
        return ": none was issued"
    close = difflib.get_close_matches(str(command), [str(number) for number in issued[:1000]], 1)
    nearest = f"; did you mean {close[0]}?" if close else ""
    return f": they are {issued[0]} to {issued[-1]}{nearest}"
