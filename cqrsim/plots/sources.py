"""What pictures are drawn from: whatever has these methods, or the tables that they return."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from cqrsim.errors import ResultError, TraceError, shown
from cqrsim.metrics import journey
from cqrsim.metrics.latencies import Latency, latencies
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


def trace_of(source: HasTrace | Trace) -> Trace:
    """The trace of a run, or the trace itself; ResultError for what has none."""
    if isinstance(source, Trace):
        return source
    if isinstance(source, HasLatencies):
        raise ResultError("this is drawn of one run: take one of the comparison, such as comparison.run(design)")
    if not isinstance(source, HasTrace):
        raise ResultError(f"this is drawn of a run (got {shown(source)})")
    return source.trace


def journey_of(trace: Trace, command: int) -> pd.DataFrame:
    """The table of one command's journey; ResultError for what is no number of a command that was issued."""
    if not isinstance(command, int | np.integer) or isinstance(command, bool):
        raise ResultError(f"a command is called by its number, such as 7 (got {shown(command)})")
    try:
        return journey(trace, int(command))
    except TraceError as error:
        raise ResultError(str(error)) from None


def name_of(source: object) -> str:
    """What the run's scenario is called; empty if it has no name."""
    return str(getattr(getattr(source, "scenario", None), "name", ""))


def latency(trace: Trace, metric: str) -> Latency:
    """One wait of all commands of a trace, by its name with the unit; ResultError if there is none of that name."""
    known = latencies(trace)
    name = metric.removesuffix("_ms")
    if name not in known:
        raise ResultError(f'no latency "{metric}"; there are {", ".join(f"{one}_ms" for one in known)}')
    return known[name]


def waits_of(source: HasLatencies | HasTrace | Trace | pd.DataFrame, metric: str) -> pd.DataFrame:
    """Waits as a frame with design, value (ms) and fate, and replication if there are several.

    Raises ResultError for a frame without the columns that it takes, and for a metric that does not exist.
    """
    if isinstance(source, pd.DataFrame):
        return _with_fates(source)
    if isinstance(source, HasLatencies):
        return _with_fates(source.latencies(metric))
    if not isinstance(source, HasTrace | Trace):
        raise ResultError(f"this is drawn of a comparison, a run or a frame of latencies (got {shown(source)})")
    return _of_trace(trace_of(source), metric, name_of(source) or "this run")


def _with_fates(frame: pd.DataFrame) -> pd.DataFrame:
    """Without fates, what has a value is known, and what has none never came."""
    if missing := [name for name in ("design", "value") if name not in frame]:
        raise ResultError(f"a frame of latencies needs the columns design and value (ms); there is no {missing[0]}")
    if "fate" in frame:
        return frame
    return frame.assign(fate=np.where(frame["value"].isna(), "never", "known"))


def _of_trace(trace: Trace, metric: str, name: str) -> pd.DataFrame:
    waits = latency(trace, metric).waits(paths(trace).in_window, trace.about.end_ns)
    parts = {"known": waits.ended, "censored": waits.censored, "never": waits.never}
    fates = np.repeat(list(parts), [len(part) for part in parts.values()])
    return pd.DataFrame({"design": name, "value": np.concatenate(list(parts.values())), "fate": fates})
