"""Factors as plain data, for files: tables [[factor]] with values, or with the ends of a range."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.experiments.designs.between import Between
from cqrsim.experiments.designs.factors import AnyFactor, Factor, RangeFactor, factor_of
from cqrsim.experiments.designs.reading import as_plain

RANGE_KEYS = ("low", "high", "scale")
FACTOR_KEYS = ("path", "paths", "values", *RANGE_KEYS)

FORM = """\
scenario = "base.toml"
replications = 10

[[factor]]
path = "disk.write"
values = ["1ms", "2ms"]

[[factor]]
paths = ["length", "warm_up"]
values = [["3s", "1s"]]
"""
"""What a sweep file looks like."""

_FORM_SHOWN = f"a sweep file looks like this:\n\n{textwrap.indent(FORM, '    ')}"


def factor_table(factor: AnyFactor) -> dict[str, Any]:
    """A factor as plain data; ScenarioError for values that no file can hold."""
    together = len(factor.paths) > 1
    head = {"paths": list(factor.paths)} if together else {"path": factor.paths[0]}
    try:
        if isinstance(factor, RangeFactor):
            columns = {key: [as_plain(getattr(each, key)) for each in factor.ranges] for key in RANGE_KEYS}
            return head | {key: column if together else column[0] for key, column in columns.items()}
        levels = [as_plain(level) for level in factor.levels]
        return {**head, "values": levels if together else [level[0] for level in levels]}
    except ScenarioError as error:
        raise ScenarioError(problem.below(" + ".join(factor.paths)) for problem in error.problems) from None


def factors_in(given: Any, problems: list[Problem]) -> list[AnyFactor]:
    """The factors of a file; what is wrong with their tables is added to the problems."""
    if not isinstance(given, list) or not given or not all(isinstance(each, Mapping) for each in given):
        problems.append(Problem("factor", given, "a sweep needs at least one table [[factor]]", _FORM_SHOWN))
        return []
    factors = [_factor(each, f"factor.{place}.", problems) for place, each in enumerate(given)]
    return [factor for factor in factors if factor is not None]


def _factor(given: Mapping[str, Any], place: str, problems: list[Problem]) -> AnyFactor | None:
    """One factor, or None where its table is no good."""
    problems += [_unknown(key, place) for key in given if key not in FACTOR_KEYS]
    paths = _paths(given, place, problems)
    is_range = "values" not in given and ("low" in given or "high" in given)
    values = _ranges(given, place, problems) if is_range else _values(given, place, problems)
    if paths is None:
        return None
    if values is None:
        return Factor(tuple(paths), ())
    return factor_of(paths if "paths" in given else paths[0], values, problems)


def _unknown(key: str, place: str) -> Problem:
    hint = did_you_mean(key, FACTOR_KEYS, place) or f"there are {', '.join(FACTOR_KEYS)}"
    return Problem(f"{place}{key}", None, f'no setting "{place}{key}" in a sweep', hint)


def _paths(given: Mapping[str, Any], place: str, problems: list[Problem]) -> list[str] | None:
    together = "paths" in given
    paths = given["paths"] if together else [given.get("path")]
    if together == ("path" in given):
        problems.append(Problem(f"{place}path", None, "needs either a path, or paths that move together"))
        return None
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
        key = "paths" if together else "path"
        problems.append(Problem(f"{place}{key}", given[key], f"must be {'a list of ' if together else 'a '}text"))
        return None
    return paths


def _values(given: Mapping[str, Any], place: str, problems: list[Problem]) -> list[Any] | None:
    values, extra = given.get("values"), [key for key in RANGE_KEYS if key in given]
    problems += [Problem(f"{place}{key}", given[key], "belongs to a range, and here are values") for key in extra]
    if isinstance(values, list):
        return values
    message = "must be a list of values" if values is not None else "needs values, or low and high"
    problems.append(Problem(f"{place}values", values, message))
    return None


def _ranges(given: Mapping[str, Any], place: str, problems: list[Problem]) -> Between | tuple[Between, ...] | None:
    """The range of one path, or those of several."""
    together = isinstance(given.get("paths"), list)
    count = len(given["paths"]) if together else 1
    columns = {key: _column(given, key, count, together, place, problems) for key in RANGE_KEYS}
    if any(column is None for column in columns.values()):
        return None
    found = []
    for at in range(count):
        try:
            found.append(Between(*(column[at] for column in columns.values() if column is not None)))
        except ScenarioError as error:
            problems += [problem.below(place.rstrip(".")) for problem in error.problems]
    if len(found) < count:
        return None
    return tuple(found) if together else found[0]


def _column(
    given: Mapping[str, Any], key: str, count: int, together: bool, place: str, problems: list[Problem]
) -> list[Any] | None:
    """One key of a range, for every path."""
    value = given.get(key, "linear" if key == "scale" else None)
    if value is None:
        problems.append(Problem(f"{place}{key}", None, "is missing: a range has low and high"))
        return None
    if not together or (key == "scale" and isinstance(value, str)):
        return [value] * count
    if isinstance(value, list) and len(value) == count:
        return value
    problems.append(Problem(f"{place}{key}", value, f"must be a list of {count}, one for every path"))
    return None
