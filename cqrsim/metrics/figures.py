"""Single numbers about a run: a metric, a statistic of it, its value and unit, and on how much it rests."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cqrsim.metrics.waits import Known, Waits


@dataclass(frozen=True)
class Figure:
    """One number.  ``stat`` "value" goes without saying in the full name."""

    metric: str
    stat: str
    value: float
    unit: str
    n: int
    n_censored: int = 0
    lower_bound: bool = False

    @property
    def name(self) -> str:
        """The full name: metric and statistic.

        >>> Figure("feedback_ms", "p99", 1.0, "ms", 10).name, Figure("time_to_full_s", "value", 1.0, "s", 1).name
        ('feedback_ms_p99', 'time_to_full_s')
        """
        return self.metric if self.stat == "value" else f"{self.metric}_{self.stat}"


QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}


def part(metric: str, count: int, n: int, unit: str = "") -> list[Figure]:
    """How many of n things, and what share that is."""
    return [
        Figure(metric, "count", float(count), unit, n),
        Figure(metric, "share", count / n if n else math.nan, "share", n),
    ]


def per(metric: str, count: float, n: int, of: str) -> Figure:
    """How many a thing, on average."""
    return Figure(metric, f"per_{of}", count / n if n else math.nan, "", n)


def of_waits(name: str, waits: Waits) -> list[Figure]:
    """The share of waits that ended, their mean and percentiles in milliseconds."""
    stats = {"mean": waits.mean(), **{stat: waits.quantile(p) for stat, p in QUANTILES.items()}}
    share = of_known(name, "share", waits.share(), "share", waits)
    return [share, *(of_known(f"{name}_ms", stat, known, "ms", waits) for stat, known in stats.items())]


def of_known(metric: str, stat: str, known: Known, unit: str, waits: Waits) -> Figure:
    """A statistic of waits as a figure."""
    return Figure(metric, stat, known.value, unit, len(waits), len(waits.censored), known.beyond)
