"""What pictures are drawn from: whatever has these methods, or the tables that they return."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from cqrsim.errors import ResultError
from cqrsim.metrics.latencies import latencies
from cqrsim.metrics.paths import paths
from cqrsim.trace import Trace


@runtime_checkable
class HasLatencies(Protocol):
    """A comparison: several designs on the same commands."""

    def latencies(self, name: str = ...) -> pd.DataFrame:
        """A sample of commands: design, replication, value in ms, fate."""


@runtime_checkable
class HasTrace(Protocol):
    """A run, of which all is known."""

    @property
    def trace(self) -> Trace:
        """All that happened."""


@runtime_checkable
class HasOutcomes(Protocol):
    """A run or a comparison."""

    def outcomes(self) -> pd.DataFrame:
        """What became of the commands against what their clients believe."""


@runtime_checkable
class HasJourney(Protocol):
    """A run that can tell all that happened to one command."""

    def journey(self, command: int) -> pd.DataFrame:
        """Everything that happened to one command, in order."""


class HasTimes(HasTrace, Protocol):
    """A run with its tables over time."""

    def series(self) -> pd.DataFrame:
        """The run in equal bins."""

    def episodes(self) -> pd.DataFrame:
        """Faults, outages and divergence, with begin and end."""


def waits_of(source: HasLatencies | HasTrace | pd.DataFrame, metric: str) -> pd.DataFrame:
    """Waits as a frame with design, value (ms) and fate, and replication if there are several.

    Raises ResultError for a frame without the columns that it takes, and for a run's metric that does not exist.
    """
    if isinstance(source, HasLatencies):
        return _with_fates(source.latencies(metric))
    if isinstance(source, pd.DataFrame):
        return _with_fates(source)
    return _of_trace(source, metric)


def _with_fates(frame: pd.DataFrame) -> pd.DataFrame:
    """Without fates, what has a value is known, and what has none never came."""
    if missing := [name for name in ("design", "value") if name not in frame]:
        raise ResultError(f"a frame of latencies needs the columns design and value (ms); there is no {missing[0]}")
    if "fate" in frame:
        return frame
    return frame.assign(fate=np.where(frame["value"].isna(), "never", "known"))


def _of_trace(run: HasTrace, metric: str) -> pd.DataFrame:
    known = latencies(run.trace)
    name = metric.removesuffix("_ms")
    if name not in known:
        raise ResultError(f'no latency "{metric}"; there are {", ".join(f"{one}_ms" for one in known)}')
    waits = known[name].waits(paths(run.trace).in_window, run.trace.about.end_ns)
    parts = {"known": waits.ended, "censored": waits.censored, "never": waits.never}
    return pd.DataFrame(
        {
            "design": _name_of(run),
            "value": np.concatenate(list(parts.values())),
            "fate": np.repeat(list(parts), [len(part) for part in parts.values()]),
        }
    )


def _name_of(run: HasTrace) -> str:
    """What the run's scenario is called, if it has a name."""
    return str(getattr(getattr(run, "scenario", None), "name", "")) or "this run"
