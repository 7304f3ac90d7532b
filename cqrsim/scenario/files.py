"""Scenario files: TOML or JSON in, with all mistakes at once; TOML or JSON out."""

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cqrsim.errors import Problem, ScenarioError, closest
from cqrsim.scenario.mistakes import problems_of
from cqrsim.scenario.naming import naming_mistakes
from cqrsim.scenario.scenario import Scenario
from cqrsim.scenario.writing import as_json, as_toml

_UNQUOTED = r"=\s*(?P<text>[0-9][0-9.]*\s*[A-Za-zµ/%]+[A-Za-z/]*)\s*(#.*)?$"


def load(path: str | Path) -> Scenario:
    """Read a scenario from a .toml or .json file.

    Paths in it count from its folder.  Raises :class:`~cqrsim.errors.ScenarioError` with every mistake of the file.

    >>> load("nowhere.toml")
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: nowhere.toml: no such file
    """
    path = Path(path)
    return from_dict(read_table(path), source=path.name, folder=path.parent)


def from_dict(data: Mapping[str, Any], source: str = "", folder: str | Path | None = None) -> Scenario:
    """Make a scenario of plain data, as :meth:`Scenario.to_dict` gives it; ``source`` is named in mistakes.

    >>> from_dict({"clients": {"arrivals": {"kind": "Poisson", "rate": "200/s"}}}).clients.name
    'clients'
    """
    if not isinstance(data, Mapping):
        raise ScenarioError((Problem("", data, "must be a table of settings"),), source)
    if "scenario" in data and "clients" not in data:
        problem = Problem("scenario", None, "this file holds a scenario within other things", 'try "cqrsim sweep"')
        raise ScenarioError((problem,), source)
    context = None if folder is None else {"folder": str(Path(folder).absolute())}
    try:
        return adapter().validate_python(dict(data), context=context)
    except ValidationError as error:
        problems = dict.fromkeys(
            (*problems_of(error, Scenario), *naming_mistakes({"projections": {}, "handlers": {}, **data}))
        )
        raise ScenarioError(problems, source) from None


@functools.cache
def adapter() -> TypeAdapter[Scenario]:
    """Pydantic's view of a scenario."""
    return TypeAdapter(Scenario)


def read_table(path: str | Path) -> dict[str, Any]:
    """Read a .toml or .json file as plain data; ScenarioError says what is wrong and in which line."""
    path = Path(path)
    if path.suffix not in (".toml", ".json"):
        raise ScenarioError((Problem(str(path), None, "must be a .toml or .json file"),))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem("", None, f"is not UTF-8 text: {error.reason} at byte {error.start}")
        raise ScenarioError((problem,), path.name) from None
    except OSError as error:
        raise ScenarioError((_unreadable(path, error),)) from None
    return _parsed_json(text, path.name) if path.suffix == ".json" else _parsed_toml(text, path.name)


def _unreadable(path: Path, error: OSError) -> Problem:
    if not isinstance(error, FileNotFoundError):
        return Problem(str(path), None, f"cannot be read: {error.strerror}")
    others = [other.name for other in path.parent.glob("*")] if path.parent.is_dir() else []
    near = closest(path.name, others)
    return Problem(str(path), None, "no such file", f'did you mean "{path.with_name(near)}"?' if near else None)


def _parsed_toml(text: str, source: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at ")
        found = re.search(r"line (\d+)", place)
        lines = text.splitlines()
        line = int(found[1]) if found else len(lines)
        wrong = lines[line - 1].strip() if 0 < line <= len(lines) else None
        bare = re.search(_UNQUOTED, wrong or "")
        hint = f'texts and amounts need quotes: "{bare["text"]}"' if bare else None
        raise ScenarioError((Problem(f"line {line}", wrong, f"not TOML: {message.lower()}", hint),), source) from None


def _parsed_json(text: str, source: str) -> dict[str, Any]:
    try:
        data = json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        problem = Problem(f"line {error.lineno}", None, f"not JSON: {error.msg.lower()} (column {error.colno})")
        raise ScenarioError((problem,), source) from None
    except ScenarioError as error:
        raise ScenarioError(error.problems, source) from None
    if not isinstance(data, dict):
        raise ScenarioError((Problem("", None, "must be an object with settings"),), source)
    return data


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON would keep the last of two equal keys in silence."""
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ScenarioError(Problem(key, None, "is given twice") for key in twice)
    return dict(pairs)


def _no_constant(text: str) -> float:
    raise ScenarioError((Problem("", None, f"{text} is not a number that a setting can have"),))


def save(scenario: Scenario, path: str | Path) -> None:
    """Write a scenario to a .toml or .json file.

    Measured files beside it or below are named relative to it, so that the folder can be moved; others absolutely.
    """
    path = Path(path)
    folder = path.parent.absolute().resolve()

    def rewrite(file: str) -> str:
        inside = Path(file).is_absolute() and Path(file).is_relative_to(folder)
        return Path(file).relative_to(folder).as_posix() if inside else file

    if path.suffix not in (".toml", ".json"):
        raise ScenarioError((Problem(str(path), None, "must end in .toml or .json"),))
    text = as_toml(scenario, rewrite) if path.suffix == ".toml" else as_json(scenario, rewrite)
    path.write_text(text, encoding="utf-8")
