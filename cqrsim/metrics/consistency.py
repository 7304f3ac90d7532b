"""What a design does to consistency, in numbers: beliefs, divergence, wrong decisions, staleness, session guarantees.

Lag (durable, not yet applied), divergence (the handler's state and the log have parted) and loss (success reported,
not durable) are three things, and are never added up.  Staleness after PBS (Bailis et al. 2012), session guarantees
after Terry et al. (1994).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cqrsim.messages import Belief, Decision
from cqrsim.metrics import queues
from cqrsim.metrics.anomalies import befallen
from cqrsim.metrics.decisions import decisions
from cqrsim.metrics.divergence import Stretches, stretches
from cqrsim.metrics.figures import Figure, of_known, part
from cqrsim.metrics.latencies import latencies
from cqrsim.metrics.paths import paths
from cqrsim.metrics.reads import inverted_writes, judged_reads
from cqrsim.metrics.schema import rows_of
from cqrsim.metrics.steps import exact_sum, is_any
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.vocabulary import Anomaly
from cqrsim.metrics.waits import NS, Waits
from cqrsim.trace import About, Marks, Trace

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
    questions = (_beliefs, _decisions, _divergence, _visibility, _reads)
    return [figure for question in questions for figure in question(trace)]


@dataclass(frozen=True)
class Beliefs:
    """How many commands of the window there are, and how many of them each of several things befell, by its name."""

    commands: int
    befell: dict[str, int]

    def figures(self) -> list[Figure]:
        """As counts and shares."""
        return [figure for name, count in self.befell.items() for figure in part(name, count, self.commands)]


def _beliefs(trace: Trace) -> list[Figure]:
    window, verdict = paths(trace).in_window, verdicts(trace)
    belief, stored, not_stored = verdict.belief, verdict.stored, verdict.not_stored
    told_nothing = is_any(belief, (Belief.NEVER_TOLD, Belief.UNKNOWN, Belief.PRESUMED_FAILURE))
    cells = {
        "false_success": (belief == Belief.SUCCESS) & not_stored,
        "false_failure": is_any(belief, (Belief.FAILURE, Belief.PRESUMED_FAILURE)) & stored,
        "silent_failure": told_nothing & not_stored,
        "unknown": belief == Belief.UNKNOWN,
        "never_informed": ~verdict.told,
    }
    found = befallen(trace)
    befell = {name: int((cell & window).sum()) for name, cell in cells.items()}
    befell |= {name: int(window[found[kind]].sum()) for kind, name in _NAMES.items()}
    return Beliefs(int(window.sum()), befell).figures()


_NAMES = {Anomaly.LOST: "loss", Anomaly.GHOST: "ghost", Anomaly.DUP: "duplicate", Anomaly.DBL: "double_accept"}


@dataclass(frozen=True)
class Decided:
    """The decisions of commands of the window, and how many of them were wrong; NaN where nobody can tell."""

    about: About
    commands: int
    decisions: int
    wrong_accept: float
    wrong_refuse: float
    stale: int
    while_divergent: int

    def figures(self) -> list[Figure]:
        """As counts, rates and shares."""
        hours = max(self.about.length_ns - self.about.warm_up_ns, 0) / 3.6e12
        commands, n = self.commands, self.decisions
        figures = []
        for name in ("wrong_accept", "wrong_refuse"):
            count = getattr(self, name)
            figures += [
                Figure(name, "count", count, "", n),
                Figure(name, "per_million", count / commands * 1e6 if commands else math.nan, "per_million", commands),
                Figure(name, "per_hour", count / hours if hours else math.nan, "per_hour", n),
            ]
        figures += part("stale_decision", self.stale, n)
        return figures + part("decided_while_divergent", self.while_divergent, n)


def _decisions(trace: Trace) -> list[Figure]:
    decided, window = decisions(trace), paths(trace).in_window
    measured = window[decided.command] & (decided.outcome != Decision.OVERLOADED)
    divergent = stretches(trace).covers(decided.aggregate, decided.time)
    return Decided(
        about=trace.about,
        commands=int(window.sum()),
        decisions=int(measured.sum()),
        wrong_accept=float(decided.wrong_accept[measured].sum()),
        wrong_refuse=float(decided.wrong_refuse[measured].sum()),
        stale=int(decided.stale[measured].sum()),
        while_divergent=int(divergent[measured].sum()),
    ).figures()


def _divergence(trace: Trace) -> list[Figure]:
    return divergence_figures(trace.about, stretches(trace), many_aggregates(trace.about, trace.marks))


def many_aggregates(about: About, marks: Marks) -> int:
    """How many aggregates there are, whether anybody asked for them or not."""
    return max(about.aggregates, int(marks.aggregate.max(initial=-1)) + 1)


def divergence_figures(about: About, parted: Stretches, aggregates: int) -> list[Figure]:
    """How much of the time of how many aggregates handler and log had parted."""
    mean = queues.Intervals(parted.begins, parted.ends).mean(about.warm_up_ns, about.length_ns)
    at_the_end = len(np.unique(parted.aggregate[parted.ends < 0]))
    return [
        Figure("divergence", "share", mean / aggregates if aggregates else math.nan, "share", aggregates),
        Figure("divergent_aggregates", "mean", mean, "", aggregates),
        Figure("divergent_aggregates", "end", float(at_the_end), "", aggregates),
        Figure("divergence_episodes", "count", float(len(parted)), "", aggregates),
    ]


def _visibility(trace: Trace) -> list[Figure]:
    about = trace.about
    lag = latencies(trace)["lag"].waits(paths(trace).in_window, about.end_ns)
    behind = [queues.lagging(trace, number) for number in range(len(about.projections))]
    means = [(len(one.begins), one.mean(about.warm_up_ns, about.length_ns)) for one in behind]
    return visibility_figures(about, lag, means)


def visibility_figures(about: About, lag: Waits, behind: Sequence[tuple[int, float]]) -> list[Figure]:
    """PBS's t-visibility: how likely a read so long after the write sees it, and after how long almost all would.

    ``behind`` has for each projection how many appends lagged, and the mean number of events that did.
    """
    figures = [
        of_known(f"visible_within_{limit}ms", "share", lag.share_within(limit), "share", lag) for limit in LIMITS_MS
    ]
    for stat, p in (("p99", 0.99), ("p999", 0.999)):
        figures.append(of_known("t_visibility_ms", stat, lag.quantile(p), "ms", lag))
    for name, (count, mean) in zip(about.projections, behind, strict=True):
        figures.append(Figure(f"lag_{name}_events", "mean", mean, "", count))
    return figures


@dataclass(frozen=True)
class Seen:
    """The reads of the window: what they lacked, and what their sessions could expect of them."""

    reads: int
    stale: int
    versions_behind: int
    behind_ns: int
    own_floors: int
    own_violated: int
    read_floors: int
    read_violated: int
    write_pairs: int
    writes_inverted: int

    def figures(self) -> list[Figure]:
        """As counts, shares and means."""
        n = self.reads
        behind_ms = self.behind_ns / (n * NS) if n else math.nan
        figures = part("stale_read", self.stale, n)
        figures.append(Figure("read_versions_behind", "mean", self.versions_behind / n if n else math.nan, "", n))
        figures.append(Figure("read_behind_ms", "mean", behind_ms, "ms", n))
        figures += part("read_your_writes_violation", self.own_violated, self.own_floors)
        figures += part("monotonic_reads_violation", self.read_violated, self.read_floors)
        return figures + part("monotonic_writes_violation", self.writes_inverted, self.write_pairs)


def _reads(trace: Trace) -> list[Figure]:
    looks = judged_reads(trace)
    window = looks.in_window(trace)
    own = window & (looks.own_floor >= 0)
    again = window & (looks.read_floor >= 0)
    pairs, inverted = inverted_writes(trace)
    return Seen(
        reads=int(window.sum()),
        stale=int((looks.versions_behind[window] > 0).sum()),
        versions_behind=int(looks.versions_behind[window].sum()),
        behind_ns=exact_sum(np.rint(looks.behind_ms[window] * NS)),
        own_floors=int(own.sum()),
        own_violated=int((looks.own_violated & own).sum()),
        read_floors=int(again.sum()),
        read_violated=int((looks.read_violated & again).sum()),
        write_pairs=pairs,
        writes_inverted=inverted,
    ).figures()
