"""How many events the handler's state is ahead of the log, and how many it is behind."""

from __future__ import annotations

import numpy as np

from cqrsim.metrics.divergence import divergence
from cqrsim.metrics.paths import paths
from cqrsim.metrics.queues import Intervals
from cqrsim.metrics.steps import Bools
from cqrsim.trace import Trace


def ahead(trace: Trace) -> Intervals:
    """Events that the handler's state holds although they are not in the log, and will not be."""
    return _events(trace, divergence(trace).is_extra)


def behind(trace: Trace) -> Intervals:
    """Durable events that the handler's state lacks although it does not wait for them any more."""
    return _events(trace, ~divergence(trace).is_extra)


def _events(trace: Trace, which: Bools) -> Intervals:
    parts = divergence(trace)
    command = paths(trace).command_of[parts.key[which]]
    return Intervals(parts.begins[which], parts.ends[which], trace.marks.events[command].astype(np.int64))
