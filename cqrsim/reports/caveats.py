"""What a result cannot say: few or failed runs, percentiles beyond the run, differences that chance explains."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cqrsim.experiments.answers.estimates import Metric, rows_of
from cqrsim.experiments.showing.wording import joined
from cqrsim.scenario import Scenario

if TYPE_CHECKING:
    from cqrsim.experiments import Comparison

MOST_WINDOWS = 4
"""More spans of time than that are counted."""

FEW_REPLICATIONS = 10
"""Fewer than that tell little of their own spread."""


def caveats(comparison: Comparison, against: str, metrics: Sequence[Metric]) -> list[str]:
    """What is to be borne in mind with this very result."""
    found = comparison.estimates(*(metric.name for metric in metrics))
    return [
        *comparison.warnings(),
        *of_replications(comparison.replications),
        *of_failures(comparison.errors, "design"),
        *_lower_bounds(found, metrics),
        *_unresolved(comparison, against, metrics),
        *_rare(comparison, metrics),
        *of_the_model(comparison.designs.values()),
    ]


def of_replications(replications: int) -> Iterator[str]:
    """Few replications."""
    if replications == 1:
        yield "There was one replication only: nothing is known of how much the numbers owe to chance."
    elif replications < FEW_REPLICATIONS:
        yield (
            f"There were {replications} replications only: the intervals are wide, and lean on the runs' means being "
            "normally distributed."
        )


def of_failures(errors: pd.DataFrame, by: str) -> Iterator[str]:
    """Runs that broke."""
    for name, part in errors.groupby(by, observed=True, sort=False):
        which = joined([str(number) for number in part["replication"]])
        told = f'{len(part)} runs of {by} "{name}" failed and are left out (replication {which})'
        yield f"{told}: {part['message'].iloc[0]}"


def _lower_bounds(found: pd.DataFrame, metrics: Sequence[Metric]) -> Iterator[str]:
    for metric in metrics:
        named = found[(found["name"] == metric.name) & found["beyond"]]["design"]
        if len(named):
            designs = joined([f'"{name}"' for name in named])
            yield f"Of {metric.heading}, only a lower bound is known in {designs}; it has no interval."


def _unresolved(comparison: Comparison, against: str, metrics: Sequence[Metric]) -> Iterator[str]:
    """How many differences may be chance; that they are unresolved does not make designs equal."""
    if len(comparison.designs) == 1:
        return
    verdicts = comparison.verdict(against, *(metric.name for metric in metrics)).frame["verdict"]
    open_ = int((verdicts == "unresolved").sum())
    if open_:
        yield (
            f'{open_} of {len(verdicts)} differences from "{against}" are unresolved: more replications may tell, '
            "and till then nobody knows that there is none."
        )


def _rare(comparison: Comparison, metrics: Sequence[Metric]) -> Iterator[str]:
    """What is rarer than one in so many commands was hardly to be seen."""
    shares = [metric for metric in metrics if metric.unit == "share"]
    counts = [rows_of(comparison.frame, metric).groupby("design", observed=True)["n"].sum().min() for metric in shares]
    if counts and math.isfinite(most := max(counts)) and most > 0:
        yield (
            f"The shares rest on {most:,.0f} commands of each design: what befalls fewer than one in {most / 3:,.0f} "
            "of them may well not have been seen.  An upper limit where none was seen takes commands for independent "
            "of each other."
        )


def of_the_model(scenarios: Iterable[Scenario]) -> Iterator[str]:
    """What no number of runs can mend."""
    windows = dict.fromkeys(str(each.length - each.warm_up) for each in scenarios)
    told = joined(list(windows)) if len(windows) <= MOST_WINDOWS else f"one of {len(windows)} spans"
    yield (
        f"What is measured is {told} of simulated time in each run.  The intervals say how well the runs tell what "
        "this model does; they do not say how well the model describes a real system."
    )
