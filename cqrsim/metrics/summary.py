"""What a run comes to: latencies, consistency and loads, one number a row."""

from __future__ import annotations

import pandas as pd

from cqrsim.messages import Truth
from cqrsim.metrics.commands import FROM_SENT
from cqrsim.metrics.consistency import consistency_figures
from cqrsim.metrics.figures import Figure, of_waits
from cqrsim.metrics.latencies import Latency, latencies
from cqrsim.metrics.loads import load_figures
from cqrsim.metrics.paths import paths
from cqrsim.metrics.schema import rows_of
from cqrsim.metrics.verdicts import STORED, verdicts
from cqrsim.moments import Moment
from cqrsim.trace import Trace

_BY_TRUTH = {"durable": STORED, "refused": (Truth.REFUSED,), "failed": (Truth.NOT_DURABLE, Truth.NEVER_ARRIVED)}


def summary(trace: Trace) -> pd.DataFrame:
    """One row per metric and statistic; the full name is ``metric_stat``, such as "feedback_ms_p99".

    Latencies are of the commands whose intended time lies in the measured window, wherever they end; percentiles are
    of all of them that wait for the thing in question.  What never comes counts as later than anything, what is
    unresolved when the run ends is censored (see :mod:`cqrsim.metrics.waits`): a value with ``lower_bound`` is only
    known to be larger.  ``feedback`` and ``answer`` are waited for by all commands, ``durability`` and
    ``visibility`` by all that have events and are not refused, ``lag`` by all that are durable.
    """
    rows = [(f.metric, f.stat, f.value, f.unit, f.n, f.n_censored, f.lower_bound) for f in figures(trace)]
    return rows_of("summary", rows, trace.about)


def figures(trace: Trace) -> list[Figure]:
    """The same, number by number."""
    return [*_latency_figures(trace), *consistency_figures(trace), *load_figures(trace)]


def _latency_figures(trace: Trace) -> list[Figure]:
    window, end = paths(trace).in_window, trace.about.end_ns
    return [figure for latency in _asked(trace) for figure in of_waits(latency.name, latency.waits(window, end))]


def _asked(trace: Trace) -> list[Latency]:
    """All latencies, those of the outcome also by what became of the command, and some from when it was sent."""
    known, sent, truth = latencies(trace), paths(trace).first(Moment.SENT), verdicts(trace).truth
    asked = list(known.values())
    for name, truths in _BY_TRUTH.items():
        chosen = sum((truth == one for one in truths), start=truth < 0)
        asked += [known[wait].of(f"{name}_{wait}", chosen) for wait in ("answer", "feedback")]
    return asked + [known[name].from_sent(sent) for name in FROM_SENT]
