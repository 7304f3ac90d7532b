"""Speed, as ratios measured in one run.  Nothing here judges: python -m pytest -m benchmark -s -n 0 tests/benchmarks"""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

import cqrsim as cq
from cqrsim.engines import array_engine, simpy_engine
from cqrsim.metrics.streaming import Streaming
from cqrsim.plan.plan import Plan, lower

sys.path.insert(0, str(Path(__file__).parent))
import hand_written
from systems import FULL, HOSTILE, RATE, THREE_STATIONS, lasting
from tables import Seconds, in_turn, middle, per_second, ratio, rounded, show

pytestmark = pytest.mark.benchmark

MEAN_SOJOURN = 1 / (1000 - 200) + 2 / (500 - 200)
"""Seconds, of Jackson's tandem."""

FEW, MANY, MOST = 10_000, 100_000, 1_000_000

Task = Callable[[], object]


def forget(plan: Plan) -> None:
    """The compiled engine, and nobody who takes its rows."""
    array_engine.stream(plan, lambda: lambda rows: None)


def streamed(plan: Plan) -> None:
    """The compiled engine, and a summary of its rows as they come."""
    streaming: list[Streaming] = []
    own_reads = tuple(group.own_reads is not None for group in plan.groups)

    def begin_anew() -> Callable[..., None]:
        streaming[:] = [Streaming(plan.about, plan.marks, plan.looks.reads, own_reads)]
        return streaming[0].take

    array_engine.stream(plan, begin_anew)
    streaming[0].summary()


def told(run: cq.Run | cq.StreamedRun) -> float:
    """Seconds that a command of the three stations takes on average."""
    found = run.summary().set_index(["metric", "stat"])["value"]
    return float(found["visibility_ms", "mean"]) / 1e3


class Contestant:
    """Who simulates the three stations: the engine alone, and from a description to mean times."""

    def __init__(self, name: str, commands: int, alone: Task | None, whole: Callable[[], float]) -> None:
        self.name, self.commands, self.alone, self.whole = name, commands, alone, whole
        self.mean = whole()  # what is to be compiled is compiled now


def contestants() -> list[Contestant]:
    cimba: list[Contestant] = []
    if find_spec("cimba"):  # first of all tests: Cimba compiles nothing once Numba has compiled anything else
        import with_cimba

        for count in (MANY, MOST):
            whole = partial(with_cimba.simulate, count / RATE, seed=1)
            cimba.append(Contestant("Cimba", count, None, whole))
    few, many, most = (lasting(THREE_STATIONS, count) for count in (FEW, MANY, MOST))
    plans = [lower(scenario, seed=1) for scenario in (few, many, most)]
    times = hand_written.draw(FEW, seed=1)

    def by_hand() -> float:
        found = hand_written.sojourns(hand_written.simulate(*hand_written.draw(FEW, seed=1)))
        return sum(found) / len(found)

    found = [
        Contestant("hand-written SimPy script", FEW, lambda: hand_written.simulate(*times), by_hand),
        Contestant(
            'cqrsim, `engine="simpy"`', FEW, lambda: simpy_engine.run(plans[0]),
            lambda: told(cq.simulate(few, seed=1, engine="simpy")),
        ),
        *(
            Contestant(
                'cqrsim, `engine="array"`', count, lambda plan=plan: forget(plan),
                lambda scenario=scenario: told(cq.stream(scenario, seed=1, engine="array")),
            )
            for count, plan, scenario in zip((FEW, MANY, MOST), plans, (few, many, most), strict=True)
        ),
    ]  # fmt: skip
    if find_spec("ciw"):
        import with_ciw

        def by_ciw() -> float:
            found = with_ciw.sojourns(with_ciw.simulate(FEW / RATE, seed=1))
            return sum(found) / len(found)

        found.append(Contestant("Ciw", FEW, lambda: with_ciw.simulate(FEW / RATE, seed=1), by_ciw))
    return found + cimba


def test_three_stations_beside_others() -> None:
    """Handler, disk and projection, as everybody would write them; all come to the same mean time."""
    found = contestants()
    for one in found:
        assert one.mean == pytest.approx(MEAN_SOJOURN, rel=0.05), one.name
    rounds = 5
    tasks = [task for one in found for task in (one.whole, one.alone or one.whole)]
    taken = in_turn(*tasks, rounds=rounds)

    def row(one: Contestant, whole: Seconds, alone: Seconds) -> list[object]:
        ratios = [
            rounded(1 / (ratio(mine, first) * FEW / one.commands)) if is_known else ""
            for mine, first, is_known in ((whole, taken[0], True), (alone, taken[1], one.alone is not None))
        ]
        engine = per_second(one.commands, alone) if one.alone else "not apart"
        return [
            one.name, f"{one.commands:,}", per_second(one.commands, whole), ratios[0], engine, ratios[1],
            f"{1e3 * one.mean:.2f} ms",
        ]  # fmt: skip

    show(
        "Three stations in tandem (handler, disk, projection), in commands per second of one core: from a description "
        f"to mean times, and simulating alone; all in turn in one process, median of {rounds} rounds, ratios to the "
        "hand-written script are medians of the pairs of one round; nothing is compiled within the time.",
        ["what", "commands", "end to end, commands/s", "ratio", "engine alone, commands/s", "ratio", "mean time found"],
        [row(one, *taken[2 * n : 2 * n + 2]) for n, one in enumerate(found)],
    )


@pytest.mark.parametrize("scenario", [FULL, HOSTILE], ids=["healthy", "hostile"])
def test_the_full_model(scenario: cq.Scenario) -> None:
    """Everything that a run may have to do, on both engines, which agree."""
    scenario = lasting(scenario, FEW)
    plan, rounds = lower(scenario, seed=1), 3
    assert array_engine.is_compilable() and array_engine.can_run(plan) == ()
    forget(lower(lasting(THREE_STATIONS, 100), seed=1))  # what is compiled is fetched
    array_engine._KNOWN.clear()
    (first,) = in_turn(lambda: forget(plan), rounds=1)
    trace = array_engine.run(plan)
    assert trace.digest() == simpy_engine.run(plan).digest()
    names = ["SimPy engine alone", "array engine alone", "SimPy engine, all of `summary()`",
             "array engine, all of `summary()`"]  # fmt: skip
    tasks: list[Task] = [lambda: simpy_engine.run(plan), lambda: array_engine.run(plan)]
    tasks += [lambda name=name: cq.simulate(scenario, seed=1, engine=name).summary() for name in ("simpy", "array")]
    taken = in_turn(*tasks, rounds=rounds)
    count = len(plan.marks)
    rows = [
        [name, per_second(count, found), rounded(ratio(taken[place - place % 2], found))]
        for place, (name, found) in enumerate(zip(names, taken, strict=True))
    ]
    rows.append(["array engine, the first of its kind in a process", per_second(count, first), ""])
    faults = f"{len(plan.faults)} faults that struck {len(cq.metrics.faults(trace)):,} times" if plan.faults else "none"
    show(
        f"Two projections, retries, own and background reads, forward events and an error cache, a rule; faults: "
        f"{faults}; {count:,} commands, {len(trace):,} rows of trace, in commands per second; in turn in one process, "
        f"median of {rounds} rounds.",
        ["what", "commands/s", "times the SimPy engine"],
        rows,
    )


@pytest.mark.parametrize(("scenario", "commands"), [(THREE_STATIONS, MANY), (FULL, FEW)], ids=["stations", "full"])
def test_what_is_kept_costs(scenario: cq.Scenario, commands: int) -> None:
    """The compiled engine alone, and with more and more of what follows from its rows."""
    plan, rounds = lower(lasting(scenario, commands), seed=1), 5
    tables = ("summary", "commands", "events", "reads", "episodes", "series", "outcomes", "consistency", "anomalies",
              "faults")  # fmt: skip

    def traced(*names: str) -> None:
        trace = array_engine.run(plan)
        for name in names:
            getattr(cq.metrics, name)(trace)

    tasks: dict[str, Task] = {
        "engine alone": lambda: forget(plan),
        "engine and summary, streamed": lambda: streamed(plan),
        "engine and trace": traced,
        "engine, trace and summary": lambda: traced("summary"),
        "engine, trace and all tables": lambda: traced(*tables),
    }
    streamed(plan)
    taken = in_turn(*tasks.values(), rounds=rounds)
    rows = [
        [name, per_second(len(plan.marks), found), rounded(1e6 * middle(found) / len(plan.marks)),
         rounded(ratio(found, taken[0]))]
        for name, found in zip(tasks, taken, strict=True)
    ]  # fmt: skip
    show(
        f"{scenario.name.capitalize() or 'Three stations'}, {len(plan.marks):,} commands on the array engine, drawn "
        f"beforehand; in turn in one process, median of {rounds} rounds.",
        ["what", "commands/s", "µs per command", "times the engine alone"],
        rows,
    )


def test_import_beside_pandas() -> None:
    """A fresh interpreter with byte code at hand: import cqrsim against import pandas."""

    def importing(name: str) -> Task:
        return lambda: subprocess.run([sys.executable, "-c", f"import {name}"], check=True)

    names = ("sys", "cqrsim", "pandas")
    taken = in_turn(*map(importing, names))
    net = [[a - b for a, b in zip(found, taken[0], strict=True)] for found in taken]
    rows = [["a bare interpreter", rounded(1e3 * middle(taken[0])), ""]]
    rows += [
        [f"`import {name}`, besides", rounded(1e3 * middle(found)), rounded(ratio(found, net[2]))]
        for name, found in zip(names[1:], net[1:], strict=True)
    ]
    show(
        "Fresh processes with byte code at hand, in turn, median of 9 rounds.",
        ["what", "ms", "times `import pandas`"],
        rows,
    )
