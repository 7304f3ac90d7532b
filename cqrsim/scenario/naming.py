"""Names within a scenario: unique where they are given, known where they are used.

It reads values and plain data of files alike, so that wrong names are told together with other mistakes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cqrsim.errors import Problem, did_you_mean
from cqrsim.scenario.fault_naming import Use, names_of_faults, names_used_by_faults, order_mistakes
from cqrsim.scenario.plain import get, listed, parts

Named = Iterator[tuple[str, str]]
_DEFAULT_VIEW = "view"
_DEFAULT_GROUP = "clients"


def naming_mistakes(scenario: Mapping[str, Any]) -> Iterator[Problem]:
    """Names that are given twice, and what does not exist; of those settings that are there."""
    groups, views = _names(scenario, "clients", _DEFAULT_GROUP), _names(scenario, "projections", _DEFAULT_VIEW)
    faults = names_of_faults(scenario.get("faults", ()))
    for given in (groups, views, faults):
        yield from _given_twice(given)
    known = {"group": groups, "projection": views, "fault": faults}
    uses = [Use(path, name, "projection") for path, name in _uses(scenario)]
    for use in (*uses, *names_used_by_faults(scenario)):
        if isinstance(use.name, str):
            yield from _unknown(use, [name for _, name in known[use.what]])
    yield from order_mistakes(scenario)


def _names(scenario: Mapping[str, Any], field: str, default: str) -> list[tuple[str, Any]]:
    """Where the parts stand, and what they are called."""
    return [(path, get(part, "name", default)) for path, part in parts(field, scenario.get(field, ()))]


def _unknown(use: Use, known: Sequence[Any]) -> Iterator[Problem]:
    """A name that nothing has; if some names are wrong themselves, it may be theirs."""
    if not known or use.name in known or not all(isinstance(name, str) for name in known):
        return
    quoted = ", ".join(f'"{name}"' for name in known)
    hint = did_you_mean(use.name, known, start=use.start) or f"there {'is' if len(known) == 1 else 'are'} {quoted}"
    what = "group of clients" if use.what == "group" else use.what
    yield Problem(use.path, f"{use.start}{use.name}", f"no {what} of this name", hint)


def _given_twice(names: Sequence[tuple[str, Any]]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for path, name in names:
        if isinstance(name, str) and name in seen:
            yield Problem(f"{path}.name", name, f"is the name of {seen[name]} already")
        elif isinstance(name, str):
            seen[name] = path


def _uses(scenario: Mapping[str, Any]) -> Named:
    """Where projections are named."""
    yield from _uses_of_feedback("feedback", scenario.get("feedback"))
    for path, group in parts("clients", scenario.get("clients", ())):
        yield from _uses_of_feedback(f"{path}.feedback", get(group, "feedback"))
        for field in ("own_reads", "background_reads"):
            yield from listed(f"{path}.{field}.of", get(get(group, field), "of"))


def _uses_of_feedback(path: str, feedback: Any) -> Named:
    yield from listed(f"{path}.projections", get(feedback, "projections"))
    yield from listed(f"{path}.of", get(feedback, "of"))
    for place, part in parts(f"{path}.parts", get(feedback, "parts", ())):
        yield from _uses_of_feedback(place, part)
