"""Sweeps as files: which scenario, what varies, how often.

For example::

    scenario = "blog.toml"              # or a table [scenario] with the scenario itself
    replications = 10                   # 10, if not given
    seed = 1                            # 1, if not given

    [[factor]]
    path = "disk.write"
    values = ["1ms", "2ms"]

    [[factor]]                          # settings that move together
    paths = ["length", "warm_up"]
    values = [["30s", "2s"], ["60s", "4s"]]
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.experiments.design import Design, Factor, design_of, distinct
from cqrsim.experiments.shared import refuse_mixed_points
from cqrsim.scenario import Scenario, load
from cqrsim.scenario.files import from_dict, read_table
from cqrsim.scenario.values import Settings
from cqrsim.scenario.writing import as_dict
from cqrsim.units import Duration, Rate, Size

KEYS = ("scenario", "replications", "seed", "factor")
FACTOR_KEYS = ("path", "paths", "values")

FORM = """\
scenario = "base.toml"
replications = 2

[[factor]]
path = "disk.write"
values = ["1ms", "2ms"]

[[factor]]
paths = ["length", "warm_up"]
values = [["3s", "1s"]]
"""
"""What a sweep file looks like."""

_FORM_SHOWN = f"a sweep file looks like this:\n\n{textwrap.indent(FORM, '    ')}"


@dataclass(frozen=True)
class SweepFile:
    """What a sweep file asks for."""

    design: Design
    replications: int
    seed: int

    def save(self, path: str | Path, scenario: str) -> None:
        """Write the factors, the replications and the seed to a .toml file that names the file of the scenario."""
        import tomli_w

        table = {"scenario": scenario, "replications": self.replications, "seed": self.seed}
        factors = [_factor_table(factor) for factor in self.design.factors]
        Path(path).write_text(tomli_w.dumps({**table, "factor": factors}), encoding="utf-8")


def _factor_table(factor: Factor) -> dict[str, Any]:
    levels = [[_plain(value) for value in level] for level in factor.levels]
    if len(factor.paths) == 1:
        return {"path": factor.paths[0], "values": [value for (value,) in levels]}
    return {"paths": list(factor.paths), "values": levels}


def _plain(value: Any) -> Any:
    """A value of a setting as a file has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Settings):
        return _plain(as_dict(value))
    if isinstance(value, Duration | Rate | Size):
        return str(value)
    return "none" if value is None else value


def load_sweep(path: str | Path) -> SweepFile:
    """Read a sweep from a .toml or .json file; paths in it count from its folder.

    Raises ScenarioError with every mistake of the file, those of its scenario among them.

    >>> load_sweep("nowhere.toml")
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: nowhere.toml: no such file
    """
    path = Path(path)
    table = read_table(path)
    problems = [_unknown(key, KEYS) for key in table if key not in KEYS]
    base = _scenario(table.get("scenario"), path.parent, problems)
    replications = _whole(table, "replications", 10, 1, problems)
    seed = _whole(table, "seed", 1, 0, problems)
    factors = _factors(table.get("factor"), problems)
    design = _design(base, factors, problems)
    if problems or design is None:
        raise ScenarioError(distinct(problems), path.name)
    return SweepFile(design, replications, seed)


def is_sweep(table: Mapping[str, Any]) -> bool:
    """Whether plain data is meant to be a sweep rather than a scenario."""
    return "factor" in table or ("scenario" in table and "clients" not in table)


def _unknown(key: str, known: tuple[str, ...], place: str = "") -> Problem:
    hint = did_you_mean(key, known, place) or f"there are {', '.join(known)}"
    return Problem(f"{place}{key}", None, f'no setting "{place}{key}" in a sweep', hint)


def _scenario(given: Any, folder: Path, problems: list[Problem]) -> Scenario | None:
    try:
        if isinstance(given, str):
            return load(folder / given)
        if isinstance(given, Mapping):
            return from_dict(given, folder=folder)
        missing = given is None
        message = "is missing" if missing else "must be the name of a scenario file, or a table [scenario]"
        problems.append(Problem("scenario", given, message, 'write scenario = "blog.toml"' if missing else None))
    except ScenarioError as error:
        problems += [problem.below("scenario") for problem in error.problems]
    return None


def _whole(table: Mapping[str, Any], key: str, default: int, at_least: int, problems: list[Problem]) -> int:
    value = table.get(key, default)
    if type(value) is int and value >= at_least:
        return value
    problems.append(Problem(key, value, f"must be a whole number, at least {at_least}"))
    return default


def _factors(given: Any, problems: list[Problem]) -> list[Factor]:
    if not isinstance(given, list) or not given or not all(isinstance(each, Mapping) for each in given):
        problems.append(Problem("factor", given, "a sweep needs at least one table [[factor]]", _FORM_SHOWN))
        return []
    factors = [_factor(each, f"factor.{place}.", problems) for place, each in enumerate(given)]
    return [factor for factor in factors if factor is not None]


def _factor(given: Mapping[str, Any], place: str, problems: list[Problem]) -> Factor | None:
    """One factor, or None where its table is no good."""
    found = [_unknown(key, FACTOR_KEYS, place) for key in given if key not in FACTOR_KEYS]
    together = "paths" in given
    paths = given.get("paths") if together else [given.get("path")]
    if together == ("path" in given):
        found.append(Problem(f"{place}path", None, "needs either a path, or paths that move together"))
    elif not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
        key = "paths" if together else "path"
        found.append(Problem(f"{place}{key}", given[key], f"must be {'a list of ' if together else 'a '}text"))
        paths = None
    values = given.get("values")
    if not isinstance(values, list):
        found.append(Problem(f"{place}values", values, "must be a list of values"))
    problems += found
    if not isinstance(paths, list) or together == ("path" in given):
        return None
    if not isinstance(values, list):
        return Factor(tuple(paths), ())
    return Factor.of(paths if together else paths[0], values, problems)


def _design(base: Scenario | None, factors: list[Factor], problems: list[Problem]) -> Design | None:
    """The design, if there is a scenario to vary; mistakes in other places do not keep those of the factors back."""
    if base is None or not factors:
        return None
    try:
        design = design_of(base, factors, problems)
        refuse_mixed_points(design)
        return design
    except ScenarioError as error:
        problems[:] = error.problems
        return None
