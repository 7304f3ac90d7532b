"""Stretches of time in which something is wrong with attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cqrsim.metrics.steps import Ints
from cqrsim.moments import NEVER


@dataclass(frozen=True, eq=False)
class Spans:
    """Attempts by their keys, and from when until when something was wrong with them: [begins, ends) in ns.

    An end of -1 says that it lasted to the end of the run.
    """

    key: Ints
    begins: Ints
    ends: Ints

    @classmethod
    def lasting(cls, key: Ints, begins: Ints) -> Spans:
        """What does not end."""
        return cls(key, begins, np.full(len(key), NEVER, np.int64))

    @classmethod
    def of(cls, parts: Sequence[Spans]) -> Spans:
        """All of several together.

        >>> one = Spans.lasting(np.array([4]), np.array([9]))
        >>> Spans.of([one, one]).key.tolist(), Spans.of([]).key.tolist()
        ([4, 4], [])
        """
        nothing = np.empty(0, np.int64)
        columns = [[getattr(part, name) for part in parts] for name in ("key", "begins", "ends")]
        return cls(*(np.concatenate([nothing, *column]) for column in columns))
