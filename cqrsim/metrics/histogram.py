"""Histograms of whole numbers in buckets as wide as 1/256 of what they hold: small numbers exact, others within 0.2 %.

Two histograms are merged by adding their counts, whatever was counted in which of them.
"""

from __future__ import annotations

import numpy as np

from cqrsim.metrics.compiled import inlined
from cqrsim.metrics.steps import Floats, Ints

FINE = 256
"""Buckets to each doubling; numbers below twice as many have a bucket each."""
BUCKETS = (63 - 8) * FINE + FINE


@inlined
def bucket_of(number: int) -> int:
    """The bucket of a number from 0.

    >>> bucket_of(0), bucket_of(511), bucket_of(512), bucket_of(513), bucket_of(514)
    (0, 511, 512, 512, 513)
    """
    if number < 2 * FINE:
        return number
    doublings = 0
    for step in (32, 16, 8, 4, 2, 1):
        if number >> (doublings + step) >= FINE:
            doublings += step
    return doublings * FINE + (number >> doublings)


def middles(buckets: Ints) -> Floats:
    """The middle of what each bucket holds.

    >>> middles(np.array([7, 511, 512])).tolist()
    [7.0, 511.0, 512.5]
    """
    doublings = np.maximum(buckets // FINE - 1, 0)
    lowest = (buckets - doublings * FINE) << doublings
    return np.asarray(lowest + ((1 << doublings) - 1) / 2, np.float64)
