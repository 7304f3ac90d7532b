"""The run over time, in equal bins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cqrsim.metrics import queues
from cqrsim.metrics.divergence import stretches
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import paths
from cqrsim.metrics.schema import build
from cqrsim.metrics.steps import Ints
from cqrsim.moments import Moment
from cqrsim.trace import Trace


def series(trace: Trace, bins: int = 200) -> pd.DataFrame:
    """Levels and rates in ``bins`` equal stretches from the start to the end of the run.

    Levels are means weighted by time, not samples: what was there for a tenth of the bin counts a tenth.
    """
    edges = np.linspace(0, max(trace.about.end_ns, 1), bins + 1).astype(np.int64)
    seconds = np.maximum(np.diff(edges), 1) / 1e9
    parted = stretches(trace)
    levels = {
        "in_system": queues.in_system(trace),
        "waiting": queues.waiting(trace),
        "at_store": queues.at_store(trace),
        "store_bytes": queues.stored(trace),
        "event_bytes": queues.stored(trace, errors=False),
        "error_bytes": queues.stored(trace, errors=True),
        "divergent_aggregates": queues.Intervals(parted.begins, parted.ends),
        "cache_entries": queues.cached(trace),
        "faults_active": queues.fault_periods(trace)[1],
    }
    for number, name in enumerate(trace.about.projections):
        levels[f"lag_{name}_events"] = queues.lagging(trace, number)
    columns: dict[str, Any] = {"begin_ms": edges[:-1] / 1e6, "end_ms": edges[1:] / 1e6}
    columns |= {name: intervals.means(edges) for name, intervals in levels.items()}
    for name, times in _happenings(trace).items():
        columns[name] = np.histogram(times, edges)[0] / seconds
    return build("series", columns, trace.about)


def _happenings(trace: Trace) -> dict[str, Ints]:
    log = log_of(trace)
    return {
        "arrivals_per_s": paths(trace).rows(Moment.ISSUED).time,
        "durable_per_s": log.written[log.appends.rows],
        "informed_per_s": queues.informed(trace),
    }
