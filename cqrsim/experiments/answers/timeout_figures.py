"""What a handler's timeout did in one run: released too early, held for how long, accepted twice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cqrsim.experiments.running.measured import Summed
from cqrsim.experiments.running.numbers import Numbers, same
from cqrsim.experiments.simulate import simulate
from cqrsim.messages import Decision
from cqrsim.metrics.anomalies import befallen
from cqrsim.metrics.backlog import backlog_growth
from cqrsim.metrics.figures import Figure
from cqrsim.metrics.latencies import latencies
from cqrsim.metrics.paths import paths
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.vocabulary import Anomaly
from cqrsim.metrics.waits import Waits
from cqrsim.moments import Moment

if TYPE_CHECKING:
    from cqrsim.experiments.running.runs import Task
    from cqrsim.trace import Trace


def measure_timeouts(task: Task) -> Summed:
    """Simulates a task, and keeps what its timeout did."""
    trace = simulate(task.scenario, task.seed, task.replication, task.engine).trace
    found = [_false_timeouts(trace), *_turns_held(trace), _double_accepts(trace)]
    kinds = same(tuple((figure.metric, figure.stat, figure.unit) for figure in found))
    values = np.array([figure.value for figure in found])
    counts = np.array([figure.n for figure in found], np.int64)
    nothing = np.zeros(len(found), np.int64)
    return Summed(Numbers(kinds, values, counts, nothing, nothing > 0), trace.digest(), backlog_growth(trace))


def _false_timeouts(trace: Trace) -> Figure:
    """Of the appends of the window, the share that a handler gave up and that were or became durable all the same."""
    ways = paths(trace)
    sent = ways.in_window & (ways.first(Moment.APPEND_SENT) >= 0)
    given_up = sent & (ways.first(Moment.HANDLER_GAVE_UP) >= 0) & verdicts(trace).stored
    n = int(sent.sum())
    return Figure("false_timeout", "share", int(given_up.sum()) / n if n else math.nan, "share", n)


def _turns_held(trace: Trace) -> list[Figure]:
    """How long turns were held in which something was appended; a turn that is never released is left out."""
    ways, held = paths(trace), latencies(trace)["turn_held"]
    sent = ways.in_window & (ways.first(Moment.APPEND_SENT) >= 0) & (held.since >= 0) & (held.until >= 0)
    waits = (held.until - held.since)[sent] / 1e6
    known = {"mean": float(waits.mean()) if len(waits) else math.nan}
    known["p99"] = Waits(waits).quantile(0.99).value if len(waits) else math.nan
    return [Figure("turn_held_ms", stat, value, "ms", len(waits)) for stat, value in known.items()]


def _double_accepts(trace: Trace) -> Figure:
    """Of the aggregates that first accepted a command in the window, the share that accepted one too many later."""
    decided = trace.of(Moment.DECIDED)
    accepted = decided.command[decided.outcome == Decision.ACCEPTED]
    aggregates, first = np.unique(trace.marks.aggregate[accepted], return_index=True)
    aggregates = aggregates[paths(trace).in_window[accepted[first]]]
    doubled = np.unique(trace.marks.aggregate[befallen(trace)[Anomaly.DBL]])
    n = len(aggregates)
    return Figure("double_accept", "share", int(np.isin(aggregates, doubled).sum()) / n if n else math.nan, "share", n)
