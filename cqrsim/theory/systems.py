"""What the systems of the oracles have in common, and looks at their runs that several of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import cqrsim as cq
from cqrsim.moments import Moment
from cqrsim.units import per_second, seconds

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MANY = cq.Evenly(10**9)
"""So many aggregates that no two commands ever meet at one."""


def system(rate: float, length: float, warm_up: float = 2, **parts: Any) -> cq.Scenario:
    """Open Poisson arrivals (per second) at a system without any delay, but for the parts that are given.

    ``length`` and ``warm_up`` are in seconds.

    >>> system(50, length=10).clients.arrivals
    Poisson(rate=per_second(50))
    """
    settings: dict[str, Any] = {
        "clients": cq.Clients(cq.Poisson(per_second(rate))),
        "aggregates": MANY,
        "length": seconds(length),
        "warm_up": seconds(warm_up),
        "state": cq.FromGenerated(give_up_after=None),
    }
    return cq.Scenario(**(settings | parts))


def on_its_own(delay: cq.AnyDistribution) -> cq.Route:
    """A link on which every message takes its own time, however the others fare."""
    return cq.Route(delay, in_order=False)


def window(run: cq.Run) -> pd.DataFrame:
    """The commands of the measured window."""
    commands = run.commands()
    return commands[commands["in_window"]]


def window_series(run: cq.Run) -> pd.DataFrame:
    """The bins of the run over time that lie within the measured window."""
    series = run.series()
    begins, ends = int(run.scenario.warm_up) / 1e6, int(run.scenario.length) / 1e6
    return series[(series["begin_ms"] >= begins) & (series["end_ms"] <= ends)]


def window_s(run: cq.Run) -> float:
    """How long the measured window is, in seconds."""
    return (int(run.scenario.length) - int(run.scenario.warm_up)) / 1e9


def mean_s(milliseconds: ArrayLike) -> float:
    """The mean of times in milliseconds, in seconds."""
    return float(np.mean(np.asarray(milliseconds, np.float64))) / 1e3


def quantiles_s(milliseconds: ArrayLike, *shares: float) -> list[float]:
    """Quantiles of times in milliseconds, in seconds."""
    return [float(value) / 1e3 for value in np.quantile(np.asarray(milliseconds, np.float64), shares)]


def append_waits_ms(run: cq.Run) -> NDArray[np.float64]:
    """How long each append of the window waited for the store's serial section, where each is written by itself."""
    arrived, started = run.trace.of(Moment.APPEND_RECEIVED), run.trace.of(Moment.APPEND_STARTED)
    assert len(arrived) == len(started)
    waits: NDArray[np.float64] = np.empty(len(run.trace.marks))
    waits[started.command] = started.time
    waits[arrived.command] -= arrived.time
    of_window: NDArray[np.float64] = waits[window(run)["command"].to_numpy()] / 1e6
    return of_window
