"""Which designs no other beats in everything: the front of Pareto, as far as intervals can tell.

One design dominates another if it is shown to be better in at least one metric, and in every other is shown to be
better, too, or never differs.  All paired differences are judged together: each interval has the confidence that
keeps the whole answer at the one asked for (Bonferroni).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cqrsim.errors import ResultError
from cqrsim.experiments.answers.differences import ByReplication, Pairs
from cqrsim.experiments.answers.directions import Better, better
from cqrsim.experiments.answers.estimates import Metric, find_metrics
from cqrsim.experiments.answers.verdict import mean_of

YES, NO, OPEN = "yes", "no", "cannot be told"
SURELY, NEVER, PERHAPS = 1, -1, 0
"""Whether one design dominates another."""


def pareto(frame: pd.DataFrame, by: str, *names: str, confidence: float = 0.95) -> pd.DataFrame:
    """One row per design, or per point of a sweep: whether it is on the front, by whom dominated, and its means.

    ``by`` is the column that tells them apart: "design" in the frame of a comparison, "point" in that of a sweep.
    ``perhaps_by`` names those that may dominate it as far as is known.  Raises ResultError for fewer than two
    metrics, for one that does not exist, and for one of which neither less nor more is better.

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
    everybody = list(frame[by].cat.categories) if frame[by].dtype == "category" else list(frame[by].unique())
    return _front(frame, by, everybody, metrics, confidence)


def _front(
    frame: pd.DataFrame, by: str, everybody: Sequence[Any], metrics: Sequence[Metric], confidence: float
) -> pd.DataFrame:
    known = {metric: ByReplication.of(frame, metric, everybody, by) for metric in metrics}
    each = 1 - (1 - confidence) / max(len(metrics) * math.comb(len(everybody), 2), 1)
    dominates: dict[tuple[Any, Any], int] = {}
    for one, other in itertools.combinations(everybody, 2):
        ways = [_leads(values.pairs(one, other), better(metric), each) for metric, values in known.items()]
        dominates[one, other], dominates[other, one] = _dominates(ways, 1), _dominates(ways, -1)
    rows = []
    for place, one in enumerate(everybody):
        means = [
            mean_of(column[~np.isnan(column)]) for column in (values.values[:, place] for values in known.values())
        ]
        others = [other for other in everybody if other != one]
        sure, perhaps = ([it for it in others if dominates[it, one] == degree] for degree in (SURELY, PERHAPS))
        on_front = NO if sure else OPEN if perhaps or any(map(math.isnan, means)) else YES
        rows.append((one, on_front, sure, perhaps, *means))
    return pd.DataFrame(rows, columns=[by, "on_front", "dominated_by", "perhaps_by", *(one.name for one in metrics)])


def _leads(pairs: Pairs, direction: Better, confidence: float) -> float:
    """1 if one is shown to be better than the other, -1 if worse, 0 if they never differ, NaN if it is not known."""
    if not len(pairs.ours):
        return math.nan
    low, high = pairs.interval(confidence)
    sign = 1.0 if direction == Better.LESS else -1.0
    if low > 0 or high < 0:
        return sign if high < 0 else -sign
    same = not pairs.beyond and bool((pairs.theirs == pairs.ours).all())
    return 0.0 if same else math.nan


def _dominates(ways: Sequence[float], side: int) -> int:
    if any(way == -side for way in ways) or all(way == 0 for way in ways):
        return NEVER
    return PERHAPS if any(math.isnan(way) for way in ways) else SURELY
