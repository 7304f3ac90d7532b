"""Settings by dotted path: variants of a scenario, checked again, and what stands at a path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.scenario.mistakes import unknown_setting
from cqrsim.scenario.values import Settings, settings_of

Whole = TypeVar("Whole", bound=Settings)


@dataclass
class _Change:
    """What changes at a place: all of it, or parts of it."""

    whole: tuple[Any] | None = None
    parts: dict[str, "_Change"] = field(default_factory=dict)


def changed(scenario: Whole, changes: Mapping[str, Any]) -> Whole:
    """A copy with the settings at dotted paths changed; ScenarioError lists every mistake."""
    problems: list[Problem] = []
    tree = _tree(changes, problems)
    made = _rebuilt(scenario, tree, "", problems)
    if problems:
        raise ScenarioError(dict.fromkeys(problems))
    return made  # type: ignore[no-any-return]  # it is what it was made from


def _tree(changes: Mapping[str, Any], problems: list[Problem]) -> _Change:
    """Sort the changes by place, so that settings which belong together are checked together."""
    root = _Change()
    for path, wanted in changes.items():
        place = root
        for part in str(path).split("."):
            place = place.parts.setdefault(part, _Change())
        place.whole = (wanted,)
    for path in changes:
        around = [other for other in changes if str(path).startswith(f"{other}.")]
        problems += [Problem(path, None, f'is changed alone and together with all of "{other}"') for other in around]
    return root


def _rebuilt(current: Any, change: _Change, path: str, problems: list[Problem]) -> Any:
    """The value with its parts changed, or as it was if that is not possible: then there are problems."""
    if change.whole is not None:
        return change.whole[0]
    if isinstance(current, tuple):
        return _rebuilt_list(current, change, path, problems)
    if not isinstance(current, Settings):
        problems += [_nothing_below(current, _join(path, part)) for part in change.parts]
        return current
    updates = {}
    for part, below in change.parts.items():
        here = _join(path, part)
        if part == "kind" and "kind" in settings_of(type(current)):
            problems.append(Problem(here, None, "a kind does not change by itself", f'set all of "{path}"'))
        elif part in settings_of(type(current)):
            updates[part] = _rebuilt(getattr(current, part), below, here, problems)
        elif part in (getattr(current, "name", None), "0") and below.parts:
            return _rebuilt(current, below, here, problems)
        else:
            problems.append(unknown_setting(here, type(current)))
    return _made_again(current, updates, path, problems)


def _made_again(current: Settings, updates: Mapping[str, Any], path: str, problems: list[Problem]) -> Any:
    try:
        return type(current)(**{**current.given(), **updates})
    except ScenarioError as error:
        problems += [problem.below(path) for problem in error.problems]
        return current


def _rebuilt_list(current: tuple[Any, ...], change: _Change, path: str, problems: list[Problem]) -> Any:
    """Entries by name or number; a single one needs neither."""
    entries = list(current)
    for part, below in change.parts.items():
        place = _place(current, part)
        if place is not None:
            entries[place] = _rebuilt(current[place], below, _join(path, part), problems)
        elif len(current) == 1:
            entries[0] = _rebuilt(entries[0], _Change(parts={part: below}), path, problems)
        else:
            problems.append(_no_entry(current, path, part))
    return tuple(entries)


def _place(entries: tuple[Any, ...], part: str) -> int | None:
    names = [getattr(entry, "name", None) for entry in entries]
    if part in names:
        return names.index(part)
    return int(part) if part.isdecimal() and int(part) < len(entries) else None


def _no_entry(entries: tuple[Any, ...], path: str, part: str) -> Problem:
    """Say how the entries can be reached."""
    names = [str(getattr(entry, "name", None) or place) for place, entry in enumerate(entries)]
    if not entries:
        return Problem(_join(path, part), None, f'"{path}" is empty')
    example = f'write "{path}.{names[0]}.{part}", or one of {", ".join(names)}'
    hint = did_you_mean(part, names, start=f"{path}.") or example
    return Problem(_join(path, part), None, f'"{path}" has {len(entries)} entries, and none is called "{part}"', hint)


def _nothing_below(current: Any, path: str) -> Problem:
    parent, _, part = path.rpartition(".")
    if current is None:
        return Problem(path, None, f'"{parent}" is not set, so it has no "{part}"', f'set "{parent}" first')
    return unknown_setting(path, None)


def setting_at(scenario: Settings, path: str) -> Any:
    """What stands at a dotted path."""
    current: Any = scenario
    done = ""
    for part in path.split("."):
        here = _join(done, part)
        if isinstance(current, tuple) and _place(current, part) is None and len(current) == 1:
            current = current[0]
        if isinstance(current, tuple):
            place = _place(current, part)
            if place is None:
                raise ScenarioError((_no_entry(current, done, part),))
            current = current[place]
        elif isinstance(current, Settings) and part in settings_of(type(current)):
            current = getattr(current, part)
        elif not isinstance(current, Settings):
            raise ScenarioError((_nothing_below(current, here),))
        elif part not in (getattr(current, "name", None), "0"):
            raise ScenarioError((unknown_setting(here, type(current)),))
        done = here
    return current


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part
