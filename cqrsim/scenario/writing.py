"""Scenarios as plain data: dicts, JSON, TOML, and the digest.

What equals its default is left out, so that a file says what matters; a digest is taken of everything.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from cqrsim.errors import Problem, ScenarioError
from cqrsim.scenario.values import CodeOnly, Settings, is_default, name_of, settings_of, shortened
from cqrsim.units import Duration, Rate, Size

Rewrite = Callable[[str], str]


def as_dict(value: Settings, complete: bool = False, rewrite_file: Rewrite = str) -> dict[str, Any]:
    """A value as dicts, lists, texts and numbers; paths of measured files may be rewritten."""
    problems: list[Problem] = []
    table = _table(value, complete, rewrite_file, ("", problems))
    if problems:
        raise ScenarioError(problems)
    return table


_Place = tuple[str, list[Problem]]
"""The dotted path so far, and where to put what cannot be written."""


def _table(value: Settings, complete: bool, rewrite_file: Rewrite, place: _Place) -> dict[str, Any]:
    table: dict[str, Any] = {"kind": type(value).__name__} if "kind" in settings_of(type(value)) else {}
    for name, given in value.given().items():
        if name == "file" and given is not None:
            table[name] = rewrite_file(given)
        elif complete or not is_default(type(value), name, given):
            table[name] = _plain(given, complete, rewrite_file, _below(place, name))
    return table


def _below(place: _Place, name: str) -> _Place:
    path, problems = place
    return f"{path}.{name}" if path else name, problems


def _plain(given: Any, complete: bool, rewrite_file: Rewrite, place: _Place) -> Any:
    given = shortened(given)
    if isinstance(given, CodeOnly):
        place[1].append(_not_writable(place[0], given))
        return None
    if isinstance(given, Settings):
        return _table(given, complete, rewrite_file, place)
    if isinstance(given, tuple):
        return [_plain(part, complete, rewrite_file, _below(place, str(at))) for at, part in enumerate(given)]
    return str(given) if isinstance(given, Duration | Size | Rate) else given


def _not_writable(path: str, given: CodeOnly) -> Problem:
    functions = ", ".join(f"{name}={name_of(function)}" for name, function in given.functions().items())
    message = f"{given.called} ({functions}) cannot be written to a file"
    return Problem(path, None, message, f"use {given.instead}, or keep the scenario in Python")


def as_json(value: Settings, rewrite_file: Rewrite = str) -> str:
    """A value as JSON, indented for people."""
    return json.dumps(as_dict(value, rewrite_file=rewrite_file), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_toml(value: Settings, rewrite_file: Rewrite = str) -> str:
    """A value as TOML."""
    import tomli_w

    return tomli_w.dumps(_without_null(as_dict(value, rewrite_file=rewrite_file)))


def _without_null(data: Any) -> Any:
    """TOML has no word for "nothing", so files say "none"."""
    if isinstance(data, dict):
        return {key: _without_null(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_without_null(item) for item in data]
    return "none" if data is None else data


def digest_of(value: Settings) -> str:
    """SHA-256 of the content, as hexadecimal digits."""
    text = json.dumps(_content(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _content(given: Any) -> Any:
    """All that makes a value what it is."""
    if isinstance(given, Settings):
        named = {name: _content(part) for name, part in given.content().items()}
        return {"": type(given).__name__, **named}
    if isinstance(given, tuple):
        return [_content(part) for part in given]
    return str(given) if isinstance(given, Duration | Size | Rate) else given
