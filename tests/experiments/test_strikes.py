"""Expected strikes: what can be calculated, the average of many runs, and plain words where nothing is to be seen."""

import math
from typing import Any

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import days, hours, minutes, ms, seconds
from cqrsim.experiments.answers import strikes
from cqrsim.plan.draws import Draws
from cqrsim.plan.faults import Lowering

BASE = cq.Scenario(
    cq.Clients(cq.Poisson(cq.per_second(5))), length=seconds(60), grace=seconds(3), disk=cq.Disk(capacity=cq.gb(1))
)
POWER = cq.Crash(power=True)
UP = cq.Exponential(seconds(10))
NOW = seconds(0)


def row(*faults: Any, base: cq.Scenario = BASE) -> tuple[float, float]:
    """Of the last fault."""
    frame = cq.expected_strikes(base.with_faults(*faults))
    found = frame.iloc[-1]
    return found["expected_strikes"], found["mean_wait_s"]


@pytest.mark.parametrize(
    ("fault", "expected", "wait"),
    [
        (cq.DiskFull(seconds(20), seconds(5)), 1, 20),
        (cq.DiskFull(seconds(70), seconds(5)), 0, 70),
        (cq.DiskFull(seconds(20), NOW), 0, math.inf),
        (cq.LyingFlush(), 1, 0),
        (cq.Fault(POWER, cq.Every(seconds(10))), 6, 10),
        (cq.Fault(POWER, cq.Every(seconds(10)), at_most=2), 2, 10),
        (cq.Fault(POWER, cq.Every(seconds(10)), between=(seconds(20), seconds(40))), 2, 20),
        (cq.Fault(POWER, cq.Every(seconds(10)), between=(seconds(21), None)), 4, 30),
        (cq.Fault(POWER, cq.Every(seconds(10)), between=(seconds(21), seconds(29))), 0, math.inf),
        (cq.Fault(cq.Full(), cq.Every(seconds(10)), lasts=seconds(4), between=(seconds(21), None)), 5, 21),
        (cq.Fault(POWER, cq.Every(seconds(10), start=seconds(60), jitter=seconds(6))), 0.5, 63),
        (cq.Fault(cq.Full(), cq.Renewal(seconds(10), seconds(2))), 5, 10),
        (cq.Fault(cq.Full(), cq.Renewal(UP, NOW)), 0, math.inf),
        (cq.Fault(POWER, cq.Renewal(UP, NOW)), 6.3, 10),
        (cq.Fault(POWER, cq.Renewal(cq.Exponential(ms(10)), NOW)), 6300, 0.01),
        (cq.Fault(POWER, cq.Renewal(cq.Exponential(days(84)), NOW)), 63 / 84 / 86400, 84 * 86400),
        (cq.Fault(POWER, cq.Renewal(UP, NOW), at_most=1), 1 - math.exp(-6.3), 10),
        (cq.Fault(POWER, cq.Renewal(UP, NOW), between=(seconds(20), seconds(40))), 2, 30),
        (cq.WriteErrors(0), 0, math.inf),
        (cq.WriteErrors(0.1, lasts=NOW), 0, math.inf),
        (cq.WriteErrors(0.1), math.nan, math.nan),
        (cq.Fault(cq.Full(), cq.While("store_queue", 5)), math.nan, math.nan),
        (cq.Fault(POWER, cq.Nth(5)), math.nan, math.nan),
        (cq.Fault(POWER, cq.Sequence("..")), 0, math.inf),
    ],
)
def test_what_can_be_calculated(fault: Any, expected: float, wait: float) -> None:
    found = row(fault)
    assert found[0] == pytest.approx(expected, rel=2e-3, nan_ok=True)
    assert found[1] == pytest.approx(wait, rel=1e-6, nan_ok=True)


def test_up_and_down_at_random_has_a_closed_form() -> None:
    """Alternating exponential times: the well-known renewal function."""
    up, down, end = 1 / 10, 1 / 5, 63.0
    both = up + down
    known = up * down / both * end + (up / both) ** 2 * (1 - math.exp(-both * end))
    assert row(cq.Fault(cq.Full(), cq.Renewal(UP, cq.Exponential(seconds(5)))))[0] == pytest.approx(known, rel=1e-3)


def test_a_fault_follows_another_as_often() -> None:
    power = cq.Fault(POWER, cq.Every(seconds(10)), name="power")
    assert row(power, cq.Fault(cq.Corrupt(), cq.AfterFault("power"))) == (6, 10)
    assert row(power, cq.Fault(cq.Corrupt(), cq.AfterFault("power", seconds(4)))) == (5, 14)
    late = cq.Fault(cq.Corrupt(), cq.AfterFault("power", seconds(4)), between=(seconds(30), None))
    assert row(power, late) == (3, 30)
    assert np.isnan(row(cq.WriteErrors(0.1, name="power"), cq.Fault(cq.Corrupt(), cq.AfterFault("power")))).all()


@pytest.mark.parametrize(
    "fault",
    [
        cq.Fault(cq.Full(), cq.Renewal(cq.LogNormal(p50=seconds(5), p99=seconds(40)), cq.Uniform(NOW, seconds(4)))),
        cq.Fault(cq.Full(), cq.Renewal(cq.Gamma(seconds(9), cv=0.5), seconds(2)), between=(seconds(20), seconds(45))),
        cq.Fault(POWER, cq.Renewal(cq.Mixture([(1, seconds(7)), (2, UP)]), NOW), at_most=4),
        cq.Fault(cq.Full(), cq.Renewal(cq.Empirical([3, 8, 20], unit="s"), UP)),
        cq.Fault(cq.Full(), cq.Every(seconds(9), jitter=seconds(9)), lasts=seconds(5), between=(seconds(20), None)),
    ],
)
def test_the_average_of_many_runs_agrees(fault: Any) -> None:
    """The same faults, spelled out with luck 1,000 times."""
    scenario = BASE.with_faults(fault)
    counts = []
    for replication in range(1000):
        lowering = Lowering(scenario, Draws(1, replication, ()), int(seconds(63)))
        counts.append(len(lowering.windows(lowering.named[0])))
    error = 4 * np.std(counts) / math.sqrt(len(counts))
    assert row(fault)[0] == pytest.approx(float(np.mean(counts)), abs=error)


def test_all_columns() -> None:
    frame = cq.expected_strikes(BASE.with_faults(cq.WriteErrors(0.1), cq.HandlerCrash(seconds(5), shard=0)))
    assert frame.columns.tolist() == ["fault", "where", "effect", "expected_strikes", "mean_wait_s"]
    assert frame["fault"].tolist() == ["WriteErrors 1", "HandlerCrash 1"]
    assert frame["where"].tolist() == ["disk", "handlers.0"]
    assert frame["effect"].tolist() == ["Refuse", "Crash"]
    assert cq.expected_strikes(BASE).empty
    with pytest.raises(cq.ScenarioError, match="must be a scenario"):
        cq.expected_strikes("blog.toml")  # type: ignore[arg-type]


def said(*faults: Any) -> str:
    """What the representation of a run says beyond its first line."""
    return repr(cq.simulate(BASE.with_(length=seconds(5)).with_faults(*faults), seed=1)).partition("\n")[2]


def power(up: Any, **more: Any) -> cq.Fault:
    return cq.Fault(POWER, cq.Renewal(cq.Exponential(up), NOW), **more)


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([power(days(84))], "No fault is expected to strike within 8 s: the first would take about 84 days."),
        ([power(hours(12)), power(hours(6))],
         "No fault is expected to strike within 8 s: the first would take about 4 hours."),
        ([power(hours(12)), cq.DiskFull(minutes(9), seconds(1))],
         "No fault is expected to strike within 8 s: the first would take about 9 minutes."),
        ([power(days(84)), cq.WriteErrors(0.1)],
         "No fault that comes by time is expected to strike within 8 s: the first would take about 84 days."),
        ([cq.DiskFull(seconds(1), NOW)], "No fault is expected to strike within 8 s."),
        ([], ""),
        ([cq.WriteErrors(0.1)], ""),
        ([power(seconds(100))], ""),
        ([cq.DiskFull(seconds(1), seconds(1))], ""),
    ],
)  # fmt: skip
def test_a_run_says_that_nothing_was_expected_to_strike(faults: list[Any], told: str) -> None:
    assert said(*faults) == told


def test_it_is_said_in_notebooks_too() -> None:
    run = cq.simulate(BASE.with_(length=seconds(5)).with_faults(*cq.presets.field()), seed=1)
    assert "No fault is expected to strike within 8 s: the first would take about 9.9 days." in run._repr_html_()


def test_nothing_is_said_of_hostile_faults() -> None:
    run = cq.simulate(BASE.with_(length=seconds(5)).with_faults(*cq.presets.hostile()), seed=1)
    assert "expected" not in repr(run)
    assert "expected" not in run._repr_html_()


def test_nothing_is_said_if_one_struck_against_all_odds() -> None:
    scenario = BASE.with_faults(power(days(84), name="rare"))
    assert strikes.quiet(scenario, lambda: ["rare"]) == ""
    assert strikes.quiet(scenario, lambda: ["another"]) != ""
