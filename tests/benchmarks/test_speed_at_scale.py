"""What more of everything costs, what compiling costs, and many small runs.  Nothing here judges.

CQRSIM_BENCHMARK_LARGEST=10000000 adds a run of so many commands, CQRSIM_BENCHMARK_RUNS=1000 takes so many small runs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

import cqrsim as cq
from cqrsim.engines import array_engine
from cqrsim.plan.plan import lower

sys.path.insert(0, str(Path(__file__).parent))
from systems import BLOG, THREE_STATIONS, lasting
from tables import middle, rounded, show

pytestmark = pytest.mark.benchmark

HERE = Path(__file__).parent
LARGEST = int(os.environ.get("CQRSIM_BENCHMARK_LARGEST", "0"))
RUNS = int(os.environ.get("CQRSIM_BENCHMARK_RUNS", "100"))
ROUNDS = 3


def fresh(*words: object, folder: Path | None = None) -> dict[str, float]:
    """What a process of its own has found."""
    kept = {} if folder is None else {"NUMBA_CACHE_DIR": str(folder), "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, str(HERE / "fresh.py"), *map(str, words)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | kept)
    found: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    return found


def measured(cases: list[tuple[int, str, int]]) -> list[list[str]]:
    """Of each case, in turn: the middle of what fresh processes have found."""
    found: list[list[dict[str, float]]] = [[] for _ in cases]
    for _ in range(ROUNDS):
        for case, those in zip(cases, found, strict=True):
            those.append(fresh("run", *case))
    rows = []
    for those in found:
        per_command = [
            rounded(1e6 * middle([one[name] / one["commands"] for one in those]))
            for name in ("draw", "engine", "whole", "first")
        ]
        memory = [rounded(middle([one[name] for one in those])) for name in ("peak", "before")]
        rows.append([*per_command, *memory])
    return rows


COLUMNS = ["drawing, µs per command", "engine alone, µs", "draw, run and summarise, µs", "the first time, µs",
           "peak, MB", "before, MB"]  # fmt: skip
METHOD = (
    "Three stations on the array engine, streamed, a fresh process each that has fetched what is compiled and run 100 "
    f"commands (with that it had as much memory as it had *before*), in turn, median of {ROUNDS} rounds"
)


def test_cost_and_number_of_commands() -> None:
    """Time per command and memory, against the number of commands."""
    counts = [10_000, 100_000, 1_000_000] + ([LARGEST] if LARGEST else [])
    rows = measured([(count, "nothing", 0) for count in counts])
    show(f"{METHOD}.", ["commands", *COLUMNS], [[f"{n:,}", *row] for n, row in zip(counts, rows, strict=True)])


def test_cost_and_number_of_everything_else() -> None:
    """The same against clients, aggregates and projections."""
    levels = {"clients": (10, 1_000, 100_000), "aggregates": (10, 1_000, 100_000), "projections": (1, 2, 8)}
    cases = [(100_000, varied, level) for varied, those in levels.items() for level in those]
    rows = measured(cases)
    named = [[f"{varied}: {level:,}", *row] for (_, varied, level), row in zip(cases, rows, strict=True)]
    show(f"{METHOD}; 100,000 commands each.", ["with", *COLUMNS], named)


def test_compiling(tmp_path: Path) -> None:
    """A first run in a fresh process: with nothing kept on disk, and with everything."""
    cold = fresh("ready", folder=tmp_path)
    kept = [fresh("ready", folder=tmp_path) for _ in range(ROUNDS)]
    names = {"import": "`import cqrsim`", "engine": "the engine ready, and a first run of 100 commands",
             "summary": "streaming ready, and a first summary of 100 commands",
             "again": "the same again"}  # fmt: skip
    rows = [[told, rounded(cold[name]), rounded(middle([one[name] for one in kept]))] for name, told in names.items()]
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) / 1e6
    show(
        f"Seconds of a fresh process, one with an empty folder for compiled code, then {ROUNDS} with what it has left "
        f"there ({size:.1f} MB).",
        ["what", "compiled now", "compiled before"],
        rows,
    )


def test_many_small_runs() -> None:
    """Replications of one design, each of 10,000 commands, each summarised, on one core."""
    rows = []
    for name, base in (("three stations", THREE_STATIONS), ("blog", BLOG)):
        scenario = lasting(base, 10_000)
        cq.stream(scenario, seed=1, engine="array").summary()
        taken = dict.fromkeys(("draw", "engine", "streamed", "kept"), 0.0)
        for replication in range(RUNS):
            times = [perf_counter()]
            plan = lower(scenario, 1, replication)
            times.append(perf_counter())
            array_engine.stream(plan, lambda: lambda rows: None)
            times.append(perf_counter())
            cq.stream(scenario, 1, replication, engine="array").summary()
            times.append(perf_counter())
            cq.simulate(scenario, 1, replication, engine="array").summary()
            times.append(perf_counter())
            for part, begin, end in zip(taken, times[:-1], times[1:], strict=True):
                taken[part] += end - begin
        begin = perf_counter()
        cq.compare({"one": scenario}, replications=RUNS, n_jobs=1, progress=False, engine="array")
        compared = perf_counter() - begin
        rows.append([name, *(rounded(1e3 * taken[part] / RUNS) for part in taken), rounded(1000 * compared / RUNS)])
    show(
        f"{RUNS:,} replications of 10,000 commands on one core, on the array engine, in turn in one process, in ms of "
        "each run; the last column scales them to seconds of 1,000 runs.",
        ["system", "drawing", "engine alone", "`stream(...).summary()`", "`simulate(...).summary()`",
         "1,000 runs in `compare`, s"],
        rows,
    )  # fmt: skip
