"""Designs as plain data, for files: the arrangement, its constraints and its factors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.experiments.designs.arrangements import GRID, NAMES, SPREAD, Arrangement, spread
from cqrsim.experiments.designs.checked_design import design_of
from cqrsim.experiments.designs.design import Design
from cqrsim.experiments.designs.factor_file import factor_table, factors_in
from cqrsim.experiments.designs.points import distinct
from cqrsim.experiments.designs.reading import as_plain
from cqrsim.scenario import Scenario, load
from cqrsim.scenario.files import from_dict, read_table
from cqrsim.scenario.writing import as_dict

DESIGN_KEYS = ("scenario", "arrangement", "points", "design_seed", "where", "factor")


def load_design(path: str | Path) -> Design:
    """Read a design from a .toml or .json file, as ``Design.save`` writes it; paths in it count from its folder.

    Raises ScenarioError with every mistake of the file, those of its scenario among them.

    >>> load_design("nowhere.toml")
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: nowhere.toml: no such file
    """
    path = Path(path)
    table = read_table(path)
    problems = unknown_keys(table, DESIGN_KEYS, "a design", "a file with replications is read by load_sweep")
    design = design_in(table, path.parent, problems)
    if problems or design is None:
        raise ScenarioError(distinct(problems), path.name)
    return design


def save_design(design: Design, path: str | Path) -> None:
    """Write a design to one file, its scenario within."""
    scenario = {"scenario": as_plain(as_dict(design.base))}
    write_table({**design_table(design), **scenario}, Path(path))


def write_table(table: Mapping[str, Any], path: Path) -> None:
    """Write plain data to a .toml or .json file."""
    import tomli_w

    if path.suffix not in (".toml", ".json"):
        raise ScenarioError((Problem(str(path), None, "must end in .toml or .json"),))
    as_json = path.suffix == ".json"
    text = json.dumps(table, indent=2, ensure_ascii=False) + "\n" if as_json else tomli_w.dumps(table)
    path.write_text(text, encoding="utf-8")


def design_table(design: Design) -> dict[str, Any]:
    """A design without its scenario as plain data; ScenarioError for values that no file can hold."""
    arrangement, table = design.arrangement, dict[str, Any]()
    if arrangement.name != "grid":
        table["arrangement"] = arrangement.name
    if arrangement.name in SPREAD:
        table |= {"points": arrangement.points, "design_seed": arrangement.seed}
    if design.where:
        table["where"] = list(design.where)
    return {**table, "factor": [factor_table(factor) for factor in design.factors]}


def design_in(table: Mapping[str, Any], folder: Path, problems: list[Problem]) -> Design | None:
    """The design of a file, or None; all of its mistakes are added to the problems."""
    base = _scenario(table.get("scenario"), folder, problems)
    arrangement = _arrangement(table, problems)
    factors = factors_in(table.get("factor"), problems)
    where = table.get("where", ())
    if base is None or not factors:
        return None
    try:
        return design_of(base, factors, problems, arrangement, where, folder)
    except ScenarioError as error:
        problems[:] = error.problems  # those found before are among them
        return None


def unknown_keys(table: Mapping[str, Any], known: tuple[str, ...], what: str, hint: str = "") -> list[Problem]:
    """Keys of a file that mean nothing."""
    return [
        Problem(key, None, f'no setting "{key}" in {what}', did_you_mean(key, known) or hint or _listed(known))
        for key in table
        if key not in known
    ]


def _listed(known: tuple[str, ...]) -> str:
    return f"there are {', '.join(known)}"


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


def _arrangement(table: Mapping[str, Any], problems: list[Problem]) -> Arrangement:
    name = table.get("arrangement", "grid")
    if name not in NAMES:
        message = 'must be "grid", "one_at_a_time", "latin_hypercube" or "sobol"'
        problems.append(Problem("arrangement", name, message, did_you_mean(name, NAMES)))
        return GRID
    if name in SPREAD:
        found: list[Problem] = []
        arrangement = spread(name, table.get("points"), table.get("design_seed", 1), found)
        problems += [_as_in_files(problem) for problem in found]
        return arrangement
    message = f"belongs to {' and '.join(SPREAD)}, not to {name}"
    problems += [Problem(key, table[key], message) for key in ("points", "design_seed") if key in table]
    return Arrangement(name)


def _as_in_files(problem: Problem) -> Problem:
    """The seed of the design is called so, since a sweep has another one."""
    if problem.path == "seed":
        return Problem("design_seed", problem.value, problem.message, problem.hint)
    return problem
