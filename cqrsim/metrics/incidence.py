"""How many have been told of success, told of failure, or have given up by some time: outcomes that compete.

Who gives up can no longer be told, so that none of the three censors another.  The share of each by a time is its
cumulative incidence (Aalen and Johansen 1978); only what was unresolved when the run ended is censored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cqrsim.messages import Belief
from cqrsim.metrics.latencies import latencies
from cqrsim.metrics.paths import paths, remembered
from cqrsim.metrics.steps import Bools, Floats
from cqrsim.metrics.verdicts import verdicts
from cqrsim.trace import Trace

ENDINGS = ("told success", "told failure", "gave up")
"""How waiting for the outcome can end, in the order of their numbers."""

OPEN = -1
"""Waiting that did not end: cut off by the end of the run, or in vain for good."""


@dataclass(frozen=True, eq=False)
class Endings:
    """How waiting ended, and after how many milliseconds."""

    after_ms: Floats
    kinds: NDArray[np.int8]
    in_vain: Bools
    """Which of those that did not end never will; the others were cut off after ``after_ms``."""

    def shares(self, at_ms: ArrayLike) -> Floats:
        """The share that had ended in each way by some times: one row per way, one column per time.

        NaN where nobody was followed for so long.

        >>> found = Endings(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, -1, 2, 0], np.int8), np.zeros(4, np.bool_))
        >>> found.shares([1, 4]).tolist()
        [[0.25, 0.625], [0.0, 0.0], [0.0, 0.375]]
        """
        times = np.asarray(at_ms, np.float64).reshape(-1)
        if not len(self.kinds):
            return np.full((len(ENDINGS), len(times)), np.nan)
        after = np.where(self.in_vain & (self.kinds == OPEN), np.inf, self.after_ms)
        order = np.lexsort((self.kinds == OPEN, after))
        after, kinds = after[order], self.kinds[order]
        gained = _gains(kinds)
        found = np.zeros((len(ENDINGS), len(times)))
        until = np.searchsorted(after, times, side="right")
        for kind in range(len(ENDINGS)):
            found[kind] = np.append(0.0, np.cumsum(np.where(kinds == kind, gained, 0.0)))[until]
        unknown = (times > after[-1]) & (found.sum(axis=0) < 1 - 1e-9)
        return np.where(unknown, np.nan, np.minimum(found, 1.0))


def _gains(kinds: NDArray[np.int8]) -> Floats:
    """What each end adds to the incidence of its kind: the share still waiting before it, over who that is."""
    at_risk = np.arange(len(kinds), 0, -1)
    ends = kinds != OPEN
    left = np.cumprod(np.where(ends, (at_risk - 1) / at_risk, 1.0))
    return np.append(1.0, left[:-1]) / at_risk


@remembered
def kinds_of_endings(trace: Trace) -> NDArray[np.int8]:
    """How waiting for the outcome ended for each command: a place in :data:`ENDINGS`, or -1."""
    verdict = verdicts(trace)
    told = np.where(verdict.belief == Belief.SUCCESS, 0, 1)
    return np.where(verdict.told, told, np.where(verdict.gave_up >= 0, 2, OPEN)).astype(np.int8)


def endings(trace: Trace) -> Endings:
    """How waiting for the outcome ended for the commands of the measured window."""
    wait = latencies(trace)["feedback"]
    chosen = wait.counted & (wait.since >= 0) & paths(trace).in_window
    kinds = kinds_of_endings(trace)
    ends = np.select([kinds == 2, kinds == OPEN], [wait.given_up, trace.about.end_ns], wait.until)
    return Endings(np.maximum(ends - wait.since, 0)[chosen] / 1e6, kinds[chosen], wait.never[chosen])


def incidence(trace: Trace, at_ms: ArrayLike) -> pd.DataFrame:
    """The share of commands whose clients were told of success, of failure, or had given up, by times in ms.

    One row per outcome and time, over the ``n`` commands of the measured window.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> found = incidence(cq.simulate(blog, seed=1, engine="simpy").trace, at_ms=[0, 1000])
    >>> found["outcome"].tolist()[:3], found.groupby("at_ms")["share"].sum().round(9).tolist()
    (['told success', 'told success', 'told failure'], [0.0, 1.0])
    """
    times = np.asarray(at_ms, np.float64).reshape(-1)
    found = endings(trace)
    outcome = pd.Categorical(np.repeat(ENDINGS, len(times)), categories=list(ENDINGS), ordered=True)
    times_again = np.tile(times, len(ENDINGS))
    columns = {"outcome": outcome, "at_ms": times_again, "share": found.shares(times).reshape(-1)}
    return pd.DataFrame(columns | {"n": len(found.kinds)})
