"""Names within a scenario: unique where they are given, known where they are used.

It reads values and the plain data of files alike, so that wrong names are told together with other mistakes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cqrsim.errors import Problem, did_you_mean
from cqrsim.scenario.values import Settings

Named = Iterator[tuple[str, str]]
_DEFAULT_VIEW = "view"
_DEFAULT_GROUP = "clients"


def naming_mistakes(scenario: Mapping[str, Any]) -> Iterator[Problem]:
    """Names that are given twice, and projections that do not exist; of those settings that are there."""
    for field, default in (("clients", _DEFAULT_GROUP), ("projections", _DEFAULT_VIEW), ("faults", None)):
        yield from _given_twice(field, _parts(field, scenario.get(field, ())), default)
    views = [_get(view, "name", _DEFAULT_VIEW) for _, view in _parts("projections", scenario.get("projections", ()))]
    if not views or not all(isinstance(view, str) for view in views):
        return
    for path, name in _uses(scenario):
        if isinstance(name, str) and name not in views:
            quoted = ", ".join(f'"{view}"' for view in views)
            hint = did_you_mean(name, views) or f"there {'is' if len(views) == 1 else 'are'} {quoted}"
            yield Problem(path, name, "no projection of this name", hint)


def _get(part: Any, name: str, default: Any = None) -> Any:
    """A setting of a value or of plain data."""
    if isinstance(part, Mapping):
        return part.get(name, default)
    return getattr(part, name, default)


def _parts(path: str, given: Any) -> list[tuple[str, Any]]:
    """One part, or the parts of a list, with their paths."""
    if isinstance(given, list | tuple):
        return [(f"{path}.{place}", part) for place, part in enumerate(given)]
    return [(path, given)] if isinstance(given, Mapping | Settings) else []


def _given_twice(field: str, parts: list[tuple[str, Any]], default: str | None) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for path, part in parts:
        name = _get(part, "name", default)
        if isinstance(name, str) and name in seen:
            yield Problem(f"{path}.name", name, f"is the name of {seen[name]} already")
        elif isinstance(name, str):
            seen[name] = path


def _uses(scenario: Mapping[str, Any]) -> Named:
    """Where projections are named."""
    yield from _uses_of_feedback("feedback", scenario.get("feedback"))
    for path, group in _parts("clients", scenario.get("clients", ())):
        yield from _uses_of_feedback(f"{path}.feedback", _get(group, "feedback"))
        for field in ("own_reads", "background_reads"):
            yield from _listed(f"{path}.{field}.of", _get(_get(group, field), "of"))


def _uses_of_feedback(path: str, feedback: Any) -> Named:
    yield from _listed(f"{path}.projections", _get(feedback, "projections"))
    yield from _listed(f"{path}.of", _get(feedback, "of"))
    for place, part in _parts(f"{path}.parts", _get(feedback, "parts", ())):
        yield from _uses_of_feedback(place, part)


def _listed(path: str, names: Any) -> Named:
    if isinstance(names, str):
        yield path, names
    elif isinstance(names, list | tuple):
        yield from ((f"{path}.{place}", name) for place, name in enumerate(names))
