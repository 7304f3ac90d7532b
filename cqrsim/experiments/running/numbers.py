"""The summary of a run as a few arrays: what many runs leave behind, without a frame for each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.metrics.summary import figures

if TYPE_CHECKING:
    from cqrsim.trace import Trace

Kind = tuple[str, str, str]
"""Metric, statistic and unit."""

_KNOWN: dict[tuple[Kind, ...], tuple[Kind, ...]] = {}
"""Equal kinds are one object in a process, so that a chunk of runs carries them to another process once."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """One row per metric and statistic; the columns are those of a summary."""

    kinds: tuple[Kind, ...]
    value: NDArray[np.float64]
    n: NDArray[np.int64]
    n_censored: NDArray[np.int64]
    lower_bound: NDArray[np.bool_]

    def only(self, kinds: Collection[Kind]) -> Numbers:
        """The rows of some kinds."""
        chosen = np.array([kind in kinds for kind in self.kinds], np.bool_)
        left = same(tuple(kind for kind in self.kinds if kind in kinds))
        return Numbers(left, self.value[chosen], self.n[chosen], self.n_censored[chosen], self.lower_bound[chosen])


def numbers_of(trace: Trace) -> Numbers:
    """The summary of a trace."""
    found = figures(trace)
    return Numbers(
        same(tuple((figure.metric, figure.stat, figure.unit) for figure in found)),
        np.array([figure.value for figure in found], np.float64),
        np.array([figure.n for figure in found], np.int64),
        np.array([figure.n_censored for figure in found], np.int64),
        np.array([figure.lower_bound for figure in found], np.bool_),
    )


def same(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """The one object that stands for these kinds in this process."""
    return _KNOWN.setdefault(kinds, kinds)


def summary_of(many: Sequence[Numbers]) -> pd.DataFrame:
    """The summaries of many runs, one below the other."""
    return pd.DataFrame(
        {
            **_texts([numbers.kinds for numbers in many]),
            "value": _joined((numbers.value for numbers in many), np.float64),
            "n": _joined((numbers.n for numbers in many), np.int64),
            "n_censored": _joined((numbers.n_censored for numbers in many), np.int64),
            "lower_bound": _joined((numbers.lower_bound for numbers in many), np.bool_),
        }
    )[["metric", "stat", "value", "unit", "n", "n_censored", "lower_bound"]]


def _texts(many: Sequence[tuple[Kind, ...]]) -> dict[str, pd.Series[Any]]:
    """The columns of texts; runs that measure the same share the work."""
    distinct = {id(kinds): kinds for kinds in many}
    columns = {}
    for place, name in enumerate(("metric", "stat", "unit")):
        parts = {key: np.array([kind[place] for kind in kinds], dtype=object) for key, kinds in distinct.items()}
        columns[name] = pd.Series(_joined((parts[id(kinds)] for kinds in many), object), dtype="str")
    return columns


def _joined(parts: Iterable[NDArray[Any]], dtype: type) -> NDArray[Any]:
    found = list(parts)
    return np.concatenate(found) if found else np.empty(0, dtype)
