"""Sweeps as files: which scenario, what varies, how often.

For example::

    scenario = "blog.toml"              # or a table [scenario] with the scenario itself
    replications = 10                   # 10, if not given
    seed = 1                            # 1, if not given
    arrangement = "sobol"               # "grid", if not given; or "one_at_a_time", "latin_hypercube"
    points = 64                         # over the ranges, at every combination of the values
    design_seed = 1                     # 1, if not given
    where = ["warm_up < length"]        # points that do not obey are left out

    [[factor]]
    path = "disk.write"
    low = "0.1ms"                       # a range: for sobol and latin_hypercube
    high = "10ms"
    scale = "log"                       # "linear", if not given

    [[factor]]                          # settings that move together
    paths = ["length", "warm_up"]
    values = [["30s", "2s"], ["60s", "4s"]]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.designs.design import Design
from cqrsim.experiments.designs.design_file import DESIGN_KEYS, design_in, design_table, unknown_keys, write_table
from cqrsim.experiments.designs.factor_file import FORM
from cqrsim.experiments.designs.points import distinct
from cqrsim.experiments.running.shared import refuse_mixed_points
from cqrsim.scenario.files import read_table

KEYS = (*DESIGN_KEYS, "replications", "seed")


@dataclass(frozen=True)
class SweepFile:
    """What a sweep file asks for."""

    design: Design
    replications: int
    seed: int

    def save(self, path: str | Path, scenario: str) -> None:
        """Write the design, the replications and the seed to a file that names the file of the scenario."""
        head = {"scenario": scenario, "replications": self.replications, "seed": self.seed}
        write_table({**head, **design_table(self.design)}, Path(path))


def load_sweep(path: str | Path) -> SweepFile:
    """Read a sweep from a .toml or .json file; paths in it count from its folder.

    Raises ScenarioError with every mistake of the file, those of its scenario among them.

    >>> load_sweep("nowhere.toml")
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: nowhere.toml: no such file
    """
    path = Path(path)
    table = read_table(path)
    problems = unknown_keys(table, KEYS, "a sweep")
    replications = _whole(table, "replications", 10, 1, problems)
    seed = _whole(table, "seed", 1, 0, problems)
    design = design_in(table, path.parent, problems)
    if design is not None and not problems:
        problems += _mixed(design)
    if problems or design is None:
        raise ScenarioError(distinct(problems), path.name)
    return SweepFile(design, replications, seed)


def is_sweep(table: Mapping[str, Any]) -> bool:
    """Whether plain data is meant to be a sweep rather than a scenario."""
    return "factor" in table or ("scenario" in table and "clients" not in table)


def _whole(table: Mapping[str, Any], key: str, default: int, at_least: int, problems: list[Problem]) -> int:
    value = table.get(key, default)
    if type(value) is int and value >= at_least:
        return value
    problems.append(Problem(key, value, f"must be a whole number, at least {at_least}"))
    return default


def _mixed(design: Design) -> tuple[Problem, ...]:
    """Points whose clients wait for answers, among others."""
    try:
        refuse_mixed_points(design)
    except ScenarioError as error:
        return error.problems
    return ()


__all__ = ["FORM", "SweepFile", "is_sweep", "load_sweep"]
