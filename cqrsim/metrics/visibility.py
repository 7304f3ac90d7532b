"""From durable to seen: when projections show what is in the log, and what they have passed by for good."""

from __future__ import annotations

import numpy as np

from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import paths, remembered
from cqrsim.metrics.steps import Bools, Ints
from cqrsim.trace import Trace


@remembered
def visible_times(trace: Trace) -> Ints:
    """When each entry of the log was applied in the last projection to do so; -1 if one of them lacks it."""
    log = log_of(trace)
    if not log.applied:
        return log.written
    stacked = np.stack(log.applied)
    return np.where((stacked < 0).any(axis=0), -1, stacked.max(axis=0))


@remembered
def passed_by(trace: Trace) -> list[Bools]:
    """For each projection, which appends of the log it lacks for good.

    Those are appends that it had not applied when the run ended, and whose message to it was lost, or of which it had
    applied a later one although it meets the log in order.
    """
    log, ways = log_of(trace), paths(trace)
    lost = [ways.lost_to(projection)[log.key] >= 0 for projection in range(len(log.applied))]
    return [
        ~log.is_error & (applied < 0) & (gone | _overtaken(trace, applied))
        for applied, gone in zip(log.applied, lost, strict=True)
    ]


def _overtaken(trace: Trace, applied: Ints) -> Bools:
    there = np.flatnonzero(applied >= 0)
    last = int(there[-1]) if len(there) and trace.about.delivers_in_order else -1
    return np.arange(len(applied)) < last


@remembered
def passed_by_any(trace: Trace) -> Bools:
    """Which appends of the log some projection lacks for good."""
    nothing = np.zeros(len(log_of(trace)), np.bool_)
    return np.asarray(np.any(np.stack([nothing, *passed_by(trace)]), axis=0))
