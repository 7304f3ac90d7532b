"""What the sampled commands of all replications say together: quantiles, who is still waiting, how waiting ended.

Values come from the commands, intervals from the replications only: the commands of one run depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.errors import ResultError, UnitError, shown
from cqrsim.experiments.running.sampling import endings_in, waits_in
from cqrsim.metrics import intervals, survival
from cqrsim.metrics.incidence import ENDINGS
from cqrsim.metrics.waits import NS, Waits
from cqrsim.units import Duration

Times = float | str | Sequence[float | str]
"""Times in milliseconds, or with their units."""

Parts = list[tuple[Any, list[pd.DataFrame]]]
"""For each design what was sampled in its replications."""


def by_run(sample: pd.DataFrame, designs: Sequence[str]) -> Parts:
    """The sample cut into designs and replications; a design of which no run ended well has none."""
    found: dict[str, list[pd.DataFrame]] = {design: [] for design in designs}
    for (design, _), part in sample.groupby(["design", "replication"], observed=True, sort=True):
        found[str(design)].append(part)
    return list(found.items())


def quantiles(parts: Parts, name: str, p: Sequence[float], counts: dict[str, int], confidence: float) -> pd.DataFrame:
    """One row per design and share ``p``; ``counts`` are all commands that wait, sampled or not, by design."""
    rows = []
    for design, runs in parts:
        waits = [part for part in (waits_in(run, name) for run in runs) if len(part)]
        together = survival.pooled(waits)
        kept = len(together) / counts[design] if counts.get(design) else math.nan
        for share in p:
            known, interval = together.quantile(share), intervals.quantile_interval(waits, share, confidence)
            rows.append((design, share, *interval, known.beyond, len(waits), kept))
    columns = ["design", "p", "value", "low", "high", "beyond", "runs", "sampled_share"]
    return _ordered(rows, columns, parts)


def still_waiting(parts: Parts, name: str, at_ms: Sequence[float], confidence: float) -> pd.DataFrame:
    """One row per design and time: the mean over replications of the share still waiting, and its interval."""
    rows = []
    for design, waits in _waits(parts, name):
        table = np.array([survival.survival(part, at_ms) for part in waits]).reshape(len(waits), len(at_ms))
        rows += [(design, *row) for row in _share_rows(table, at_ms, sum(map(len, waits)), confidence)]
    return _ordered(rows, ["design", "at_ms", "share", "low", "high", "runs"], parts)


def restricted_means(parts: Parts, name: str, within_ms: Sequence[float], confidence: float) -> pd.DataFrame:
    """One row per design and limit: the mean wait where nobody waits for longer, and its interval, in milliseconds."""
    rows = []
    for design, waits in _waits(parts, name):
        for limit in within_ms:
            means = [survival.restricted_mean(part, limit) for part in waits]
            interval = intervals.mean_interval([math.nan] if np.isnan(means).any() else means, confidence)
            rows.append((design, limit, *interval, len(waits)))
    return _ordered(rows, ["design", "within_ms", "value", "low", "high", "runs"], parts)


def incidences(parts: Parts, at_ms: Sequence[float], confidence: float) -> pd.DataFrame:
    """One row per design, way in which waiting for the outcome ends, and time: the share that had ended so."""
    rows = []
    for design, runs in parts:
        found = [part for part in map(endings_in, runs) if len(part.kinds)]
        shares = np.array([part.shares(at_ms) for part in found]).reshape(len(found), len(ENDINGS), len(at_ms))
        commands = sum(len(part.kinds) for part in found)
        for kind, outcome in enumerate(ENDINGS):
            rows += [(design, outcome, *row) for row in _share_rows(shares[:, kind], at_ms, commands, confidence)]
    table = _ordered(rows, ["design", "outcome", "at_ms", "share", "low", "high", "runs"], parts)
    table["outcome"] = pd.Categorical(table["outcome"], categories=list(ENDINGS), ordered=True)
    return table


def milliseconds(name: str, times: Times) -> list[float]:
    """Times as somebody names them, in milliseconds; ResultError tells all that are none.

    >>> milliseconds("at", [100, "2s", Duration(500_000)])
    [100.0, 2000.0, 0.5]
    >>> milliseconds("at", ["2", -1])
    Traceback (most recent call last):
    cqrsim.errors.ResultError: at: a duration needs a unit: write "5s", or seconds(5) (got "2")
    at: must be a number of milliseconds, at least 0, or a text such as "2s" (got -1)
    """
    several = times if isinstance(times, Sequence | np.ndarray) and not isinstance(times, str) else [times]
    return _each(several, lambda time: _one_time(name, time), name)


def shares(name: str, p: float | Sequence[float]) -> list[float]:
    """Shares between 0 and 1 as somebody names them; ResultError tells all that are none.

    >>> shares("p", 0.5), shares("p", (0.9, 0.99))
    ([0.5], [0.9, 0.99])
    """
    several = p if isinstance(p, Sequence | np.ndarray) and not isinstance(p, str) else [p]
    return _each(several, lambda share: _one_share(name, share), name)


def _each(values: Sequence[Any], read: Callable[[Any], float], name: str) -> list[float]:
    found, wrong = [], []
    for value in values:
        try:
            found.append(read(value))
        except ResultError as error:
            wrong.append(str(error))
    if wrong or not len(values):
        raise ResultError("\n".join(wrong) or f"{name}: name at least one")
    return found


def _one_time(name: str, time: Any) -> float:
    try:
        if isinstance(time, str | Duration):
            return int(Duration.accept(time)) / NS
        if not isinstance(time, bool) and 0 <= (number := float(time)) < math.inf:
            return number
    except UnitError as error:
        raise ResultError(f"{name}: {error} (got {shown(time)})") from None
    except (TypeError, ValueError):
        pass
    advice = 'must be a number of milliseconds, at least 0, or a text such as "2s"'
    raise ResultError(f"{name}: {advice} (got {shown(time)})")


def _one_share(name: str, share: Any) -> float:
    try:
        if not isinstance(share, bool | str) and 0 < (number := float(share)) < 1:
            return number
    except (TypeError, ValueError):
        pass
    raise ResultError(f"{name}: must lie between 0 and 1, such as 0.99 (got {shown(share)})")


def _waits(parts: Parts, name: str) -> Iterator[tuple[Any, list[Waits]]]:
    for design, runs in parts:
        yield design, [part for part in (waits_in(run, name) for run in runs) if len(part)]


Row = tuple[float, float, float, float, int]


def _share_rows(table: NDArray[Any], at_ms: Sequence[float], n: int, confidence: float) -> Iterator[Row]:
    for place, time in enumerate(at_ms):
        share, low, high = intervals.share_interval(table[:, place], n, confidence)
        yield time, share, low, high, len(table)


def _ordered(rows: list[Any], columns: list[str], parts: Parts) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=columns)
    table["design"] = pd.Categorical(table["design"], categories=[design for design, _ in parts], ordered=True)
    return table
