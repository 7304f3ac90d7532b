"""From the outcomes of many runs to tidy frames: results, runs and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from cqrsim.errors import RunError
from cqrsim.experiments.running.measured import Summed
from cqrsim.experiments.running.numbers import summary_of
from cqrsim.experiments.running.runs import Done, Failure, Outcome, Task

Kept = TypeVar("Kept", bound=Summed)

Labels = Mapping[str, "pd.Series[Any]"]
"""Columns that say which design a result belongs to: one value per design each."""


@dataclass(frozen=True, eq=False)
class Collected(Generic[Kept]):
    """What many runs left behind; ``frame``, ``runs`` and ``errors`` begin with the columns of the labels."""

    measured: dict[tuple[int, int], Kept]
    failures: list[Failure]
    tasks: dict[tuple[int, int], Task]
    labels: Labels

    @property
    def frame(self) -> pd.DataFrame:
        """One row per design, replication, metric and statistic."""
        numbers = [result.numbers for result in self.measured.values()]
        keys = [key for key, result in self.measured.items() for _ in range(len(result.numbers.kinds))]
        return self._labelled(keys, summary_of(numbers))

    @property
    def runs(self) -> pd.DataFrame:
        """One row per run that ended well: digests by which it can be recognised, and by how much its backlog grew.

        ``growth`` is that of the open commands in the second half of the window, in which ``arrivals`` came.
        """
        rows = [
            (self.tasks[key].seed, self.tasks[key].scenario.digest(), result.trace, *result.growth)
            for key, result in self.measured.items()
        ]
        columns = ["seed", "scenario", "trace", "growth", "arrivals"]
        return self._labelled(list(self.measured), pd.DataFrame(rows, columns=columns))

    @property
    def errors(self) -> pd.DataFrame:
        """One row per run that failed, with all that is needed to see its error again."""
        return self._labelled([failure.key for failure in self.failures], told_failures(self.failures))

    def joined(self, frames: Mapping[tuple[int, int], pd.DataFrame]) -> pd.DataFrame:
        """Frames of single runs below each other, with the columns that say whose they are."""
        if not frames:
            return pd.DataFrame()
        keys = [key for key, frame in frames.items() for _ in range(len(frame))]
        return self._labelled(keys, pd.concat(list(frames.values()), ignore_index=True))

    def _labelled(self, keys: Sequence[tuple[int, int]], frame: pd.DataFrame) -> pd.DataFrame:
        of_design = np.array([design for design, _ in keys], np.intp)
        columns = {name: values.iloc[of_design].reset_index(drop=True) for name, values in self.labels.items()}
        replication = pd.Series([replication for _, replication in keys], dtype="int64", name="replication")
        return pd.concat([pd.DataFrame(columns), replication, frame.reset_index(drop=True)], axis=1)


def told_failures(failures: Sequence[Failure]) -> pd.DataFrame:
    """One row per failure, with all that is needed to see it again."""
    rows = [(failure.seed, failure.scenario, failure.message, failure.traceback) for failure in failures]
    return pd.DataFrame(rows, columns=["seed", "scenario", "message", "traceback"])


def refuse_only_failures(failures: Sequence[Failure], ended_well: int) -> None:
    """RunError if there are failures only, for then nothing can be said."""
    if failures and not ended_well:
        first = failures[0]
        riddle = "" if first.plain else f"\n{first.traceback}"
        raise RunError(f"all {len(failures)} runs failed, the first of them with {first.message}{riddle}")


def all_failed(runs: pd.DataFrame, errors: pd.DataFrame, by: str) -> list[Any]:
    """The designs, or points, of which no run ended well though some were tried."""
    return [one for one in errors[by].unique() if one not in set(runs[by])]


def collect(tasks: Sequence[Task], outcomes: Sequence[Outcome[Kept]], labels: Labels) -> Collected[Kept]:
    """Sorts results from failures; RunError if there are failures only, for then nothing can be said."""
    measured = {outcome.key: outcome.result for outcome in outcomes if isinstance(outcome, Done)}
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    refuse_only_failures(failures, len(measured))
    return Collected(measured, failures, {task.key: task for task in tasks}, labels)
