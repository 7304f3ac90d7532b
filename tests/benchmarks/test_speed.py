"""Speed, as ratios measured in one run.  Nothing here judges: python -m pytest -m benchmark -s -n 0 tests/benchmarks"""

import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.engines import simpy_engine
from cqrsim.plan.plan import Plan, lower

sys.path.insert(0, str(Path(__file__).parent))
import hand_written

pytestmark = pytest.mark.benchmark

ROUNDS = 9

THREE_STATIONS = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(200))),
    handlers=cq.Handlers(validate=cq.Exponential(ms(1))),
    disk=cq.Disk(write=cq.Exponential(ms(2))),
    projections=cq.Projection(apply=cq.Exponential(ms(2))),
    length=seconds(100),
    grace=seconds(0),
)


def in_turn(*tasks: Callable[[], object]) -> list[list[float]]:
    """Seconds of each task, over rounds in which each runs once: a machine that drifts slows all alike."""
    seconds_of: list[list[float]] = [[] for _ in tasks]
    for _ in range(ROUNDS):
        for task, found in zip(tasks, seconds_of, strict=True):
            begin = perf_counter()
            task()
            found.append(perf_counter() - begin)
    return seconds_of


def say(name: str, first: list[float], second: list[float], count: int) -> None:
    ratio = statistics.median(b / a for a, b in zip(first, second, strict=True))
    rates = [count / statistics.median(found) for found in (first, second)]
    told = f"{rates[0]:,.0f} and {rates[1]:,.0f} commands/s, ratio of the pairs {ratio:.2f} (median of {ROUNDS})"
    print(f"\n{name}: {told}")


def columns(plan: Plan) -> list[list[float]]:
    drawn = (plan.marks.intended.tolist(), plan.handler.validate[0], plan.disk.write[0], plan.projections[0].apply[0])
    return [[ns / 1e9 for ns in column] for column in drawn]


def test_three_stations_beside_a_hand_written_script() -> None:
    """The whole pipeline with everything recorded, beside sixty lines of SimPy that record seven times."""
    plan = lower(THREE_STATIONS, seed=1)
    stations = columns(plan)
    ours, theirs = in_turn(lambda: simpy_engine.run(plan), lambda: hand_written.simulate(*stations))
    moments = hand_written.simulate(*stations)
    assert len(moments) == len(plan.marks)
    say("cqrsim on SimPy, and a hand-written script", ours, theirs, len(plan.marks))


def test_what_a_summary_costs() -> None:
    """Drawing, running, and summarising, against running alone."""
    plan = lower(THREE_STATIONS, seed=1)
    whole, alone = in_turn(lambda: cq.simulate(THREE_STATIONS, seed=1).summary(), lambda: simpy_engine.run(plan))
    say("simulate and summarise, and the engine alone", whole, alone, len(plan.marks))


def test_import_beside_pandas() -> None:
    """A fresh interpreter with byte code at hand: import cqrsim against import pandas."""

    def importing(name: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", f"import {name}"], check=True)

    nothing, ours, pandas = in_turn(importing("sys"), importing("cqrsim"), importing("pandas"))
    ratio = statistics.median((a - n) / (b - n) for n, a, b in zip(nothing, ours, pandas, strict=True))
    times = [1e3 * statistics.median(found) for found in (nothing, ours, pandas)]
    print(f"\nimport: bare {times[0]:.0f} ms, cqrsim {times[1]:.0f} ms, pandas {times[2]:.0f} ms, ratio {ratio:.2f}")
