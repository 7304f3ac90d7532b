"""How many are still waiting, and for how long on average within a limit, where some waits were cut off.

The share still waiting is Kaplan and Meier's (1958).  It is told as far as anybody was followed, and no further: beyond
that it is NaN, unless nobody was left or all that were left wait in vain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cqrsim.metrics.steps import Floats
from cqrsim.metrics.waits import Waits


def survival(waits: Waits, at_ms: ArrayLike) -> Floats:
    """The share that is still waiting after so many milliseconds each.

    >>> survival(Waits(np.array([1.0, 2.0, 4.0]), censored=np.array([3.0])), [0, 1, 3, 4]).tolist()
    [1.0, 0.75, 0.5, 0.0]
    """
    times = np.asarray(at_ms, np.float64).reshape(-1)
    return np.array([_still_waiting(waits, float(time)) for time in times])


def restricted_mean(waits: Waits, within_ms: float) -> float:
    """The mean wait in milliseconds, where nobody waits for longer than a limit (Irwin 1949).

    Unlike the mean it exists where some wait in vain or were cut off: it is the area below the curve of
    :func:`survival` up to the limit.

    >>> restricted_mean(Waits(np.array([1.0, 2.0]), never=np.array([9.0])), within_ms=5.0)
    2.6666666666666665
    """
    if math.isnan(_still_waiting(waits, within_ms)):
        return math.nan
    reached = int((waits.censored >= within_ms).sum()) + waits.in_vain
    ended = np.concatenate([np.minimum(waits.ended, within_ms), np.full(reached, within_ms)])
    return Waits(ended, waits.censored[waits.censored < within_ms]).mean().value


def pooled(parts: Sequence[Waits]) -> Waits:
    """The waits of several runs as if they had been one.

    >>> len(pooled([Waits(np.array([1.0])), Waits(np.array([2.0]), never=np.array([3.0]))]))
    3
    """
    names = ("ended", "censored", "never")
    return Waits(*(np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)]) for name in names))


def _still_waiting(waits: Waits, at_ms: float) -> float:
    share = 1.0 - waits.share_within(at_ms).value
    beyond = len(waits.censored) > 0 and not waits.in_vain and at_ms > waits.longest
    return math.nan if beyond and share > 1e-12 else max(share, 0.0)
