"""What is kept of a run when there are many: its summary, its outcomes, a sample of latencies, and digests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pandas as pd

from cqrsim.experiments.running.numbers import Numbers, numbers_of
from cqrsim.experiments.running.sampling import sample
from cqrsim.experiments.simulate import simulate
from cqrsim.metrics.backlog import Growth, backlog_growth

if TYPE_CHECKING:
    from cqrsim.experiments.running.runs import Task
    from cqrsim.trace import Trace


@dataclass(frozen=True, eq=False)
class Summed:
    """What is kept of a run of which only the summary is wanted."""

    numbers: Numbers
    trace: str
    """Digest of all that happened."""
    growth: Growth
    """By how much the backlog grew."""


@dataclass(frozen=True, eq=False)
class Measured(Summed):
    """What is kept of a run of a comparison."""

    outcomes: pd.DataFrame
    sample: pd.DataFrame
    marks: dict[str, str]
    """Digest of what the commands of each group are, whatever became of them."""


def sum_up(task: Task) -> Summed:
    """Simulates a task and sums it up."""
    trace = simulate(task.scenario, task.seed, task.replication, task.engine).trace
    return Summed(numbers_of(trace), trace.digest(), backlog_growth(trace))


def measure(task: Task, keep: int = 0) -> Measured:
    """Simulates a task and measures it; ``keep`` is the largest number of commands in the sample."""
    run = simulate(task.scenario, task.seed, task.replication, task.engine)
    trace = run.trace
    summed = (numbers_of(trace), trace.digest(), backlog_growth(trace))
    return Measured(*summed, run.outcomes(), sample(trace, keep), marks_digests(trace))


def marks_digests(trace: Trace) -> dict[str, str]:
    """For every group a digest of its commands: when they are due, whom they concern, what they weigh."""
    marks = trace.marks
    digests = {}
    for number, name in enumerate(trace.about.groups):
        of_group = marks.group == number
        total = hashlib.sha256(int(of_group.sum()).to_bytes(8, "little"))
        for field in fields(marks):
            if field.name != "group":
                values = getattr(marks, field.name)[of_group].astype("<i8")
                first = values.min(initial=0) if field.name == "session" else 0  # sessions are numbered over all groups
                total.update(values - first)
        digests[name] = total.hexdigest()[:32]
    return digests
