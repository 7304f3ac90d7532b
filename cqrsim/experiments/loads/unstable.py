"""Which designs cannot keep up: their backlog still grows when the window ends, so that their latencies mean nothing.

A design without faults, to which commands come at one rate all the time, is tested by what was seen: by how many the
open commands of a run grow in the second half of the window, for each that arrives in it.  It is unstable where that is
more than 2 % by the low end of a 99 % interval over the replications, and ten commands.  Faults are another matter:
with them it is judged what was before, during and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cqrsim.experiments.loads.stability import overload
from cqrsim.metrics.backlog import Growth
from cqrsim.metrics.intervals import Interval, mean_interval
from cqrsim.scenario import Poisson, Regular, Scenario

CONFIDENCE = 0.99
LEAST_SHARE = 0.02
"""Growth per arrival that is small enough to be none."""
LEAST_COMMANDS = 10
"""Growth in commands, on average over the runs, that is small enough to be none."""

COLUMNS = ("design", "growth_share", "low", "high", "runs", "because")


def growth_interval(growths: Sequence[Growth]) -> tuple[Interval, bool]:
    """By what share of its arrivals the backlog of a design grows, and whether that makes it unstable.

    >>> growth_interval([Growth(50.0, 100), Growth(49.0, 101), Growth(52.0, 99)])[1]
    True
    >>> growth_interval([Growth(3.0, 1000), Growth(-4.0, 990), Growth(1.0, 1010)])[1]
    False
    """
    shares = [growth / arrivals for growth, arrivals in growths if arrivals]
    interval = mean_interval(shares, CONFIDENCE)
    grown = float(np.mean([growth for growth, _ in growths])) if growths else 0.0
    return interval, bool(interval.low > LEAST_SHARE and grown >= LEAST_COMMANDS)


def can_be_judged(scenario: Scenario) -> bool:
    """Whether a growing backlog could only mean overload: no faults, and arrivals at one rate."""
    return not scenario.faults and all(isinstance(group.arrivals, Poisson | Regular) for group in scenario.groups)


def unstable_designs(runs: pd.DataFrame, scenarios: Mapping[str, Scenario]) -> pd.DataFrame:
    """One row per unstable design: the growth of its backlog per arrival, and why it is called unstable.

    ``runs`` has one row per run: its ``design``, the ``growth`` of its backlog and its ``arrivals``, in commands.
    """
    rows = []
    for design, scenario in scenarios.items():
        mine = runs[runs["design"] == design]
        growths = [Growth(*pair) for pair in zip(mine["growth"], mine["arrivals"], strict=True)]
        if because := why_unstable(scenario, growths):
            rows.append((design, *growth_interval(growths)[0], len(growths), because))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def why_unstable(scenario: Scenario, growths: Sequence[Growth]) -> str:
    """Why a scenario of which runs grew so much is called unstable; empty if it is not."""
    if not can_be_judged(scenario):
        return ""
    told, (interval, grows) = overload(scenario), growth_interval(growths)
    if grows:
        seen = f"of every 100 commands that arrive {100 * interval.value:.3g} stay open (99 % interval from "
        seen += f"{100 * interval.low:.3g} to {100 * interval.high:.3g})"
        return f"{seen}; {told}" if told else seen
    return told
