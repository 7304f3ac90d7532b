"""Settings by dotted path, as the scenario reads them: one value and one place, however they are written."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from cqrsim.errors import Problem, ScenarioError
from cqrsim.scenario import Scenario
from cqrsim.scenario.mistakes import problems_of
from cqrsim.scenario.values import CodeOnly, Settings, settings_of, shortened
from cqrsim.scenario.writing import as_dict
from cqrsim.units import Duration, Rate, Size

Place = tuple[str, ...]
"""Where a setting stands, in one spelling: "clients.invalid" and "clients.0.invalid" are the same."""


def read(base: Scenario, path: str, given: Any, folder: Path | None = None) -> Any:
    """A value as the setting at a path reads it, in its shortest form; as it is, where the setting would refuse it.

    Files that it names count from ``folder``.

    >>> import cqrsim as cq
    >>> read(cq.presets.blog(), "disk.write", "1.5ms"), read(cq.presets.blog(), "clients.invalid", 0)
    (ms(1.5), 0.0)
    """
    try:
        return read_strictly(base, path, given, folder)
    except ScenarioError:
        return shortened(given)


def read_strictly(base: Scenario, path: str, given: Any, folder: Path | None = None) -> Any:
    """The same; ScenarioError says why the setting refuses it."""
    parent, _, name = path.rpartition(".")
    owner = base.setting(parent) if parent else base
    if isinstance(owner, tuple) and len(owner) == 1 and not name.isdecimal():
        owner = owner[0]
    if not isinstance(owner, Settings) or name not in settings_of(type(owner)):
        return shortened(base.with_({path: given}).setting(path))
    context = None if folder is None else {"folder": str(folder.absolute())}
    try:
        return shortened(_adapter(type(owner), name).validate_python(given, context=context))
    except ValidationError as error:
        if isinstance(given, str) and given == "none":
            return read_strictly(base, path, None)  # files have no other word for it
        problems = problems_of(error, type(owner))
    raise ScenarioError(problem.below(path) for problem in problems)


@functools.cache
def _adapter(owner: type, name: str) -> TypeAdapter[Any]:
    """What a setting accepts."""
    return TypeAdapter(get_type_hints(owner, include_extras=True)[name])


def place_of(base: Scenario, path: str) -> Place | None:
    """Where the setting at a path stands; None if there is no such setting.

    >>> import cqrsim as cq
    >>> place_of(cq.presets.blog(), "clients.0.invalid") == place_of(cq.presets.blog(), "clients.invalid")
    True
    """
    try:
        base.setting(path)
    except ScenarioError:
        return None
    current: Any = base
    place: list[str] = []
    for part in path.split("."):
        if isinstance(current, tuple):
            number = _number_of(current, part)
            place.append(str(0 if number is None else number))
            current = current[0 if number is None else number]
            if number is not None:
                continue
        if part in settings_of(type(current)):
            place.append(part)
            current = getattr(current, part)
    return tuple(place)


def _number_of(entries: tuple[Any, ...], part: str) -> int | None:
    """Which entry of a list a part of a path names; None where it goes on within the only one."""
    names = [getattr(entry, "name", None) for entry in entries]
    if part in names:
        return names.index(part)
    return int(part) if part.isdecimal() and int(part) < len(entries) else None


def settings_below(value: Any, rest: Place) -> Any:
    """What stands at a place within a value; raises LookupError if there is nothing."""
    for part in rest:
        if isinstance(value, tuple):
            value = value[int(part)]
        elif isinstance(value, Settings) and part in settings_of(type(value)):
            value = getattr(value, part)
        else:
            raise LookupError(part)
    return shortened(value)


def as_plain(value: Any) -> Any:
    """A value of a setting as a file has it; ScenarioError where no file can hold it."""
    value = shortened(value)
    if isinstance(value, Mapping):
        return {str(key): as_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(part) for part in value]
    if isinstance(value, CodeOnly):
        raise ScenarioError((Problem("", None, f"{value.called} cannot be written to a file", f"use {value.instead}"),))
    if isinstance(value, Settings):
        return as_plain(as_dict(value))
    if isinstance(value, Duration | Rate | Size):
        return str(value)
    return "none" if value is None else value
