"""What a design does to consistency, in numbers: beliefs, divergence, wrong decisions, staleness, session guarantees.

Lag (durable, not yet applied), divergence (the handler's state and the log have parted) and loss (success reported,
not durable) are three things, and are never added up.  Staleness after PBS (Bailis et al. 2012), session guarantees
after Terry et al. (1994).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from cqrsim.messages import Belief, Decision
from cqrsim.metrics import queues
from cqrsim.metrics.anomalies import befallen
from cqrsim.metrics.decisions import decisions
from cqrsim.metrics.divergence import stretches
from cqrsim.metrics.figures import Figure, of_known, part
from cqrsim.metrics.latencies import latencies
from cqrsim.metrics.paths import paths
from cqrsim.metrics.reads import inverted_writes, judged_reads
from cqrsim.metrics.schema import rows_of
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.vocabulary import Anomaly
from cqrsim.trace import Trace

LIMITS_MS = (10, 100, 1000)
"""After so long one asks whether what is durable can be seen."""


def consistency(trace: Trace) -> pd.DataFrame:
    """One row per measure, of the commands, decisions and reads of the measured window.

    ``false_success``: told success, not stored.  ``false_failure``: told failure, or presumed it, yet stored.
    ``silent_failure``: not stored, and told nothing.  ``unknown``: the client knows that it does not know.
    ``never_informed``: no channel ever told it, and its own pre-validation did not either.
    """
    rows = [(f.name, f.value, f.unit, f.n, f.lower_bound) for f in consistency_figures(trace)]
    return rows_of("consistency", rows, trace.about)


def consistency_figures(trace: Trace) -> list[Figure]:
    """The same as figures."""
    questions = (_beliefs, _ends, _decisions, _divergence, _visibility, _reads)
    return [figure for question in questions for figure in question(trace)]


def _beliefs(trace: Trace) -> list[Figure]:
    window, verdict = paths(trace).in_window, verdicts(trace)
    belief, stored, not_stored = verdict.belief, verdict.stored, verdict.not_stored
    told_nothing = np.isin(belief, (Belief.NEVER_TOLD, Belief.UNKNOWN, Belief.PRESUMED_FAILURE))
    cells = {
        "false_success": (belief == Belief.SUCCESS) & not_stored,
        "false_failure": np.isin(belief, (Belief.FAILURE, Belief.PRESUMED_FAILURE)) & stored,
        "silent_failure": told_nothing & not_stored,
        "unknown": belief == Belief.UNKNOWN,
        "never_informed": ~verdict.told,
    }
    commands = int(window.sum())
    return [figure for name, cell in cells.items() for figure in part(name, int((cell & window).sum()), commands)]


_NAMES = {Anomaly.LOST: "loss", Anomaly.GHOST: "ghost", Anomaly.DUP: "duplicate", Anomaly.DBL: "double_accept"}


def _ends(trace: Trace) -> list[Figure]:
    window = paths(trace).in_window
    commands, found = int(window.sum()), befallen(trace)
    return [figure for kind, name in _NAMES.items() for figure in part(name, int(window[found[kind]].sum()), commands)]


def _decisions(trace: Trace) -> list[Figure]:
    decided, window = decisions(trace), paths(trace).in_window
    measured = window[decided.command] & (decided.outcome != Decision.OVERLOADED)
    hours = max(trace.about.length_ns - trace.about.warm_up_ns, 0) / 3.6e12
    commands, n = int(window.sum()), int(measured.sum())
    figures = []
    for name in ("wrong_accept", "wrong_refuse"):
        flags = getattr(decided, name)[measured]
        count = float(flags.sum())
        figures += [
            Figure(name, "count", count, "", n),
            Figure(name, "per_million", count / commands * 1e6 if commands else math.nan, "per_million", commands),
            Figure(name, "per_hour", count / hours if hours else math.nan, "per_hour", n),
        ]
    divergent = stretches(trace).covers(decided.aggregate, decided.time)
    figures += part("stale_decision", int(decided.stale[measured].sum()), n)
    return figures + part("decided_while_divergent", int(divergent[measured].sum()), n)


def _divergence(trace: Trace) -> list[Figure]:
    about, parted = trace.about, stretches(trace)
    aggregates = max(about.aggregates, int(trace.marks.aggregate.max(initial=-1)) + 1)
    mean = queues.Intervals(parted.begins, parted.ends).mean(about.warm_up_ns, about.length_ns)
    at_the_end = len(np.unique(parted.aggregate[parted.ends < 0]))
    return [
        Figure("divergence", "share", mean / aggregates if aggregates else math.nan, "share", aggregates),
        Figure("divergent_aggregates", "mean", mean, "", aggregates),
        Figure("divergent_aggregates", "end", float(at_the_end), "", aggregates),
        Figure("divergence_episodes", "count", float(len(parted)), "", aggregates),
    ]


def _visibility(trace: Trace) -> list[Figure]:
    """PBS's t-visibility: how likely a read so long after the write sees it, and after how long almost all would."""
    about = trace.about
    lag = latencies(trace)["lag"].waits(paths(trace).in_window, about.end_ns)
    figures = [
        of_known(f"visible_within_{limit}ms", "share", lag.share_within(limit), "share", lag) for limit in LIMITS_MS
    ]
    for stat, p in (("p99", 0.99), ("p999", 0.999)):
        figures.append(of_known("t_visibility_ms", stat, lag.quantile(p), "ms", lag))
    for number, name in enumerate(about.projections):
        behind = queues.lagging(trace, number)
        mean = behind.mean(about.warm_up_ns, about.length_ns)
        figures.append(Figure(f"lag_{name}_events", "mean", mean, "", len(behind.begins)))
    return figures


def _reads(trace: Trace) -> list[Figure]:
    looks = judged_reads(trace)
    window = looks.in_window(trace)
    n = int(window.sum())
    figures = part("stale_read", int((looks.versions_behind[window] > 0).sum()), n)
    for name, values, unit in (
        ("read_versions_behind", looks.versions_behind, ""),
        ("read_behind_ms", looks.behind_ms, "ms"),
    ):
        figures.append(Figure(name, "mean", float(values[window].mean()) if n else math.nan, unit, n))
    own = window & (looks.own_floor >= 0)
    again = window & (looks.read_floor >= 0)
    figures += part("read_your_writes_violation", int((looks.own_violated & own).sum()), int(own.sum()))
    figures += part("monotonic_reads_violation", int((looks.read_violated & again).sum()), int(again.sum()))
    pairs, inverted = inverted_writes(trace)
    return figures + part("monotonic_writes_violation", inverted, pairs)
