"""From pydantic's errors to problems as people read them: dotted paths, what is allowed, did-you-mean."""

import dataclasses
import functools
import re
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from cqrsim.errors import Problem, ScenarioError, closest
from cqrsim.scenario.choices import is_tag
from cqrsim.scenario.values import VALUES, CrossCheckError, settings_of

Location = tuple[int | str, ...]
_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
_MISSING = ("missing", "missing_argument", "missing_keyword_only_argument", "missing_positional_only_argument")


def problems_of(error: ValidationError, cls: type) -> tuple[Problem, ...]:
    """All problems of a failed validation of a value class, each once."""
    found: dict[Problem, None] = {}
    for line in error.errors(include_url=False):
        found |= dict.fromkeys(_problems(line, cls))
    return tuple(found)


def _problems(line: Mapping[str, Any], cls: type) -> tuple[Problem, ...]:
    location = _named(line["loc"], cls)
    path = dotted(location)
    cause = line.get("ctx", {}).get("error")
    if isinstance(cause, CrossCheckError):
        return tuple(problem.below(dotted(location[:-1])) for problem in cause.problems)
    if isinstance(cause, ScenarioError):
        return tuple(problem.below(path) for problem in cause.problems)
    if line["type"] in _UNKNOWN:
        return (unknown_setting(path, owner_of(location[:-1], cls)),)
    if line["type"] in _MISSING:
        return (Problem(path, None, f"is missing{_allowed(location, cls)}"),)
    return (_told(path, line["input"], *_message(line, cause)),)


def _told(path: str, given: Any, message: str, hint: str | None = None) -> Problem:
    """A problem with the value, even if that is None."""
    return Problem(path, given, message if given is not None else f"{message}, not none", hint)


def _named(location: Location, cls: type) -> Location:
    """Positional arguments by their names."""
    if location and isinstance(location[0], int):
        names = settings_of(cls)
        first = names[location[0]] if location[0] < len(names) else str(location[0])
        return (first, *location[1:])
    return location


def dotted(location: Location) -> str:
    """A location as a dotted path, without pydantic's marks of kinds."""
    return ".".join(str(part) for part in location if not is_tag(part))


def _message(line: Mapping[str, Any], cause: Any) -> tuple[str, str | None]:
    kind, given = line["type"], line["input"]
    if cause is not None:
        return _split_hint(str(cause))
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", line["ctx"]["expected"])
        near = closest(given, options)
        listed = ", ".join(f'"{option}"' for option in options[:-1])
        return f'must be {listed} or "{options[-1]}"', f'did you mean "{near}"?' if near else None
    if kind in ("dataclass_type", "dataclass_exact_type"):
        return f"must be {line['ctx']['class_name']} settings", None
    if kind.startswith("tuple") or kind == "list_type":
        return "must be a list", None
    if kind == "unexpected_positional_argument":
        return "is one value too many", None
    if kind == "multiple_argument_values":
        return "is given twice", None
    return line["msg"][:1].lower() + line["msg"][1:], None


def _split_hint(text: str) -> tuple[str, str | None]:
    """Keep a suggestion behind the value."""
    message, split, suggestion = text.partition("; did you mean")
    return message, f"did you mean{suggestion}" if split else None


def unknown_setting(path: str, owner: type | None) -> Problem:
    """Say that there is no such setting, and which one may have been meant."""
    parent, _, name = path.rpartition(".")
    start = f"{parent}." if parent else ""
    known = _public(owner)
    near = closest(name, known) or _one_deeper(name, owner)
    if near:
        hint = f'did you mean "{start}{near}"?'
    elif known:
        kind = f"is {owner.__name__} and " if owner is not None and "kind" in settings_of(owner) else ""
        hint = f"{parent} {kind}has {', '.join(known)}" if parent else f"there are {', '.join(known)}"
    else:
        hint = f"{parent or 'it'} has no settings"
    return Problem(path, None, f'no setting "{path}"', hint)


def _public(owner: type | None) -> tuple[str, ...]:
    """Settings to suggest."""
    return tuple(name for name in settings_of(owner) if name != "kind") if owner is not None else ()


def _one_deeper(name: str, owner: type | None) -> str | None:
    """A setting of exactly this name in one of the parts."""
    if owner is not None:
        for field in settings_of(owner):
            parts = _value_classes(owner, field)
            if len(parts) == 1 and name in settings_of(parts[0]):
                return f"{field}.{name}"
    return None


def owner_of(location: Location, cls: type) -> type | None:
    """The value class that stands at a location; None if several may stand there."""
    current: type | None = cls
    candidates: tuple[type, ...] = (cls,)
    for part in location:
        if isinstance(part, str) and is_tag(part):
            current = VALUES.get(part[1:-1], current)
        elif isinstance(part, str) and current is not None and part in settings_of(current):
            candidates = _value_classes(current, part)
            current = candidates[0] if len(candidates) == 1 else None
    return current


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _value_classes(cls: type, field: str) -> tuple[type, ...]:
    """The value classes that a field may hold."""
    return tuple(dict.fromkeys(_classes_in(_hints(cls)[field])))


def _classes_in(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and VALUES.get(annotation.__name__) is annotation:
        return [annotation]
    return [found for part in get_args(annotation) for found in _classes_in(part)]


def _allowed(location: Location, cls: type) -> str:
    """What may stand in a missing place."""
    owner = owner_of(location[:-1], cls)
    name = location[-1]
    if owner is None or name not in settings_of(owner):
        return ""
    words = _words(_hints(owner)[str(name)])
    return f": {words}" if words else ""


def _words(annotation: Any) -> str:
    """What an annotation accepts, in words."""
    needs = getattr(annotation, "needs", None)
    if needs:
        return f"a {annotation.what} ({needs})"
    for mark in getattr(annotation, "__metadata__", ()):
        words = getattr(mark, "words", None) or getattr(mark, "what", None)
        if words:
            return words if words.startswith(("a ", "the ", "true")) else f"a {words}"
    return ""


def setting_names(cls: type) -> tuple[str, ...]:
    """The settings of a value class, without its kind."""
    return tuple(field.name for field in dataclasses.fields(cls) if field.name != "kind")
