"""A sample of commands: which of them are kept, how long each waited for what, and what is known of it.

It is chosen by a hash of the command's number, so that it is the same commands in every design.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.metrics.backlog import closed_times
from cqrsim.metrics.incidence import Endings, kinds_of_endings
from cqrsim.metrics.latencies import Latency, latencies
from cqrsim.metrics.paths import paths
from cqrsim.metrics.waits import Waits

if TYPE_CHECKING:
    from cqrsim.trace import Trace

FATES = ("known", "censored", "never")
"""What a value in the sample means: a wait that ended, one cut off by the end of the run, one that was in vain."""

NOT_COUNTED = -1

FATE = "_fate"
"""How the column is called that says what the values of a wait mean."""


def sample(trace: Trace, keep: int) -> pd.DataFrame:
    """At most ``keep`` commands of the measured window: each of their waits in ms, and what is known of it.

    ``ending`` is how waiting for the outcome ended (a place in :data:`cqrsim.metrics.incidence.ENDINGS`, or -1);
    ``came_ns`` and ``closed_ns`` (-1: never) are when a command was due and when the system was through with it.
    """
    ways = paths(trace)
    window = np.flatnonzero(ways.in_window)
    commands = window[chosen(window, keep)]
    columns: dict[str, NDArray[Any]] = {"command": commands}
    if not keep:
        return pd.DataFrame(columns)
    for name, wait in latencies(trace).items():
        values, fates = _waits(wait, commands, trace.about.end_ns)
        columns |= {f"{name}_ms": values, f"{name}{FATE}": fates}
    columns |= {"ending": kinds_of_endings(trace)[commands]}
    return pd.DataFrame(columns | {"came_ns": ways.intended[commands], "closed_ns": closed_times(trace)[commands]})


def latency_names(frame: pd.DataFrame) -> list[str]:
    """The waits that a sample holds, by their names with the unit."""
    return [f"{column.removesuffix(FATE)}_ms" for column in frame.columns if column.endswith(FATE)]


def waits_in(frame: pd.DataFrame, name: str) -> Waits:
    """One wait of a part of a sample, such as that of one run."""
    values, fates = frame[name].to_numpy(np.float64), frame[f"{name.removesuffix('_ms')}{FATE}"].to_numpy()
    return Waits(*(values[fates == number] for number in range(len(FATES))))


def endings_in(frame: pd.DataFrame) -> Endings:
    """How waiting for the outcome ended in a part of a sample."""
    fates = frame["feedback_fate"].to_numpy()
    kept = fates != NOT_COUNTED
    values, kinds = frame["feedback_ms"].to_numpy(np.float64), frame["ending"].to_numpy(np.int8)
    return Endings(values[kept], kinds[kept], fates[kept] == FATES.index("never"))


def _waits(wait: Latency, commands: NDArray[np.intp], end_ns: int) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """The waits of some commands in ms, and the numbers of their fates."""
    since, until, given_up = wait.since[commands], wait.until[commands], wait.given_up[commands]
    ended, never = until >= 0, wait.never[commands]
    stopped = np.select([ended, never & (given_up >= 0)], [until, given_up], end_ns)
    counted = wait.counted[commands] & (since >= 0)
    fates = np.select([~counted, ended, never], [NOT_COUNTED, FATES.index("known"), FATES.index("never")], 1)
    return np.where(counted, np.maximum(stopped - since, 0) / 1e6, np.nan), fates.astype(np.int8)


def chosen(commands: NDArray[np.int64], keep: int) -> NDArray[np.intp]:
    """Where the ``keep`` commands with the smallest hashes stand, in their order.

    >>> chosen(np.arange(100), 3).tolist() == chosen(np.arange(100), 3).tolist()
    True
    >>> set(chosen(np.arange(100), 3)) <= set(chosen(np.arange(100), 10))
    True
    """
    if len(commands) <= keep:
        return np.arange(len(commands))
    return np.sort(np.argsort(_hashed(commands), kind="stable")[:keep])


def _hashed(numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a permutation of the 64-bit numbers."""
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
