"""When an estimate agrees with theory: within an honest interval, and precise enough for that to mean something."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy import stats

import cqrsim as cq
from cqrsim import per_second, seconds

SEED = 20130526
"""Chosen once, before anything ran: the date of the essay that the project starts from."""

MISS = 1e-4
"""Chance that a correct simulator misses, per comparison."""

Measure = Callable[[cq.Run], Mapping[str, float]]


def estimate(scenario: cq.Scenario, measure: Measure, replications: int = 20) -> dict[str, np.ndarray]:
    """What is measured in each of so many independent runs."""
    found = [measure(cq.simulate(scenario, seed=SEED, replication=r)) for r in range(replications)]
    return {name: np.array([values[name] for values in found], dtype=float) for name in found[0]}


def assert_agrees(
    estimates: Mapping[str, np.ndarray], theory: Mapping[str, float], precision: Mapping[str, float] | float
) -> None:
    """|mean - theory| <= t * standard error for every quantity, and the standard error is below its precision.

    ``precision`` is relative to the theory value: without it a wild estimate would agree with anything.
    """
    assert theory.keys() <= estimates.keys()
    for name, value in theory.items():
        values = estimates[name]
        error = values.std(ddof=1) / np.sqrt(len(values))
        half_width = stats.t.ppf(1 - MISS / 2, len(values) - 1) * error
        allowed = precision if isinstance(precision, float) else precision[name]
        assert error <= allowed * abs(value), f"{name}: standard error {error:.3g} has no power against {value:.5g}"
        told = f"{name}: {values.mean():.6g} +- {half_width:.2g} over {len(values)} runs, theory {value:.6g}"
        assert abs(values.mean() - value) <= half_width, told


MANY = cq.Evenly(10**9)
"""So many aggregates that no two commands ever meet at one."""


def system(rate: float, length: float, warm_up: float = 2, **parts: object) -> cq.Scenario:
    """Open Poisson arrivals at a system without delays, but for those that are given."""
    settings: dict[str, object] = {
        "clients": cq.Clients(cq.Poisson(per_second(rate))),
        "aggregates": MANY,
        "length": seconds(length),
        "warm_up": seconds(warm_up),
        "state": cq.FromGenerated(give_up_after=None),
    }
    return cq.Scenario(**(settings | parts))  # type: ignore[arg-type]


def window(run: cq.Run):  # type: ignore[no-untyped-def]
    """The commands of the measured window."""
    commands = run.commands()
    return commands[commands.in_window]


def quantiles(values_ms: np.ndarray, *shares: float) -> list[float]:
    """Quantiles in seconds."""
    return [float(q) / 1e3 for q in np.quantile(values_ms, shares)]
