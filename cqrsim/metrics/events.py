"""One row per event in the durable log."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cqrsim.metrics.log import log_of
from cqrsim.metrics.schema import build
from cqrsim.metrics.steps import milliseconds
from cqrsim.metrics.vocabulary import CATEGORIES, coded
from cqrsim.trace import Trace


def events(trace: Trace) -> pd.DataFrame:
    """One row per durable event or error event, in the order of the log; the columns are in ``schema()``."""
    log = log_of(trace)
    row = np.repeat(np.arange(len(log)), log.events)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(log.events) - log.events, log.events)
    row, nth = row[~log.is_altered[row]], nth[~log.is_altered[row]]
    is_error = log.is_error[row]
    columns = {
        "position": log.position[row] + nth,
        "kind": coded(is_error.astype(np.int64), CATEGORIES["event_kind"]),
        "command": log.command[row],
        "attempt": log.attempt[row],
        "aggregate": log.aggregate[row],
        "version": np.where(is_error, -1, log.version_before[row] + nth + 1),
        "size_bytes": log.size[row] // np.maximum(log.events[row], 1),
        "written_ms": milliseconds(log.written)[row],
        "published_ms": milliseconds(log.published)[row],
    }
    for name, applied in zip(trace.about.projections, log.applied, strict=True):
        columns[f"applied_{name}_ms"] = milliseconds(applied)[row]
    return build("events", columns, trace.about)
