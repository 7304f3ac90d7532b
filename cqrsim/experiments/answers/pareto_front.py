"""Which designs no other beats in everything: the front of Pareto, as far as intervals can tell.

One design dominates another if it is shown to be better in at least one metric, and in every other is shown to be
better, too, or never differs.  That both had none of something rare, or nothing else, does not show that they never
differ.  All paired differences are judged together: each interval has the confidence that
keeps the whole answer at the one asked for (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.errors import ResultError
from cqrsim.experiments.answers.differences import ByReplication
from cqrsim.experiments.answers.directions import Better, better
from cqrsim.experiments.answers.estimates import Metric, find_metrics
from cqrsim.experiments.answers.leads import Leads
from cqrsim.experiments.answers.verdict import mean_of
from cqrsim.experiments.checks import share

YES, NO, OPEN = "yes", "no", "cannot be told"
SURELY, NEVER, PERHAPS = 1, -1, 0
"""Whether one design dominates another."""

MOST = 5000
"""More designs or points than that are not compared each with each."""


def pareto(frame: pd.DataFrame, by: str, *names: str, confidence: float = 0.95) -> pd.DataFrame:
    """One row per design, or per point of a sweep: whether it is on the front, by whom dominated, and its means.

    ``by`` is the column that tells them apart: "design" in the frame of a comparison, "point" in that of a sweep.
    ``perhaps_by`` names those that may dominate it as far as is known.  Raises ResultError for fewer than two
    metrics, for one that does not exist, for one of which neither less nor more is better, and for more than 5,000
    designs; ScenarioError for a confidence that is none.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> answers = cq.compare({"fast": blog, "slow": blog.with_({"disk.write": cq.ms(9)})}, replications=5)
    >>> cq.pareto(answers.frame, "design", "durability_ms_p50", "messages_per_command")["on_front"].tolist()
    ['yes', 'no']
    """
    if len(set(names)) < 2:
        raise ResultError('a front is one of several metrics: name two at least, such as "feedback_ms_p50"')
    metrics = find_metrics(frame, names, ())
    if neither := [metric.name for metric in metrics if better(metric) == Better.NEITHER]:
        raise ResultError(f"neither less nor more of {', '.join(neither)} is better: there is no front of it")
    confidence = share("confidence", confidence)
    everybody = list(frame[by].cat.categories) if frame[by].dtype == "category" else list(frame[by].unique())
    if len(everybody) > MOST:
        hint = "choose those that come into question first, by their means"
        raise ResultError(f"each of {len(everybody):,} cannot be compared with each, but {MOST:,} can; {hint}")
    return _front(frame, by, everybody, metrics, confidence)


def _front(
    frame: pd.DataFrame, by: str, everybody: Sequence[Any], metrics: Sequence[Metric], confidence: float
) -> pd.DataFrame:
    known = [ByReplication.of(frame, metric, everybody, by) for metric in metrics]
    each = 1 - (1 - confidence) / max(len(metrics) * math.comb(len(everybody), 2), 1)
    dominates = _domination([Leads.of(values, each) for values in known], len(everybody))
    rows = []
    for place, one in enumerate(everybody):
        means = [mean_of(values.values[~np.isnan(values.values[:, place]), place]) for values in known]
        sure, perhaps = (
            [everybody[other] for other in np.flatnonzero(dominates[:, place] == degree).tolist()]
            for degree in (SURELY, PERHAPS)
        )
        on_front = NO if sure else OPEN if perhaps or any(map(math.isnan, means)) else YES
        rows.append((one, on_front, sure, perhaps, *means))
    return pd.DataFrame(rows, columns=[by, "on_front", "dominated_by", "perhaps_by", *(one.name for one in metrics)])


def _domination(leads: Sequence[Leads], everybody: int) -> NDArray[np.int8]:
    """Whether the design of each row dominates that of each column."""
    degrees = np.full((everybody, everybody), NEVER, np.int8)
    for place in range(everybody):
        ways = np.array([one.over_others(place) for one in leads])
        never = (ways == -1).any(axis=0) | (ways == 0).all(axis=0)
        degrees[place] = np.where(never, NEVER, np.where(np.isnan(ways).any(axis=0), PERHAPS, SURELY))
        degrees[place, place] = NEVER
    return degrees
