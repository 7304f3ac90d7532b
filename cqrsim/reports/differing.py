"""In which settings designs differ: only those, as deep as the designs are built alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cqrsim.experiments.designs.design import as_text
from cqrsim.reports.blocks import Table
from cqrsim.scenario import Scenario
from cqrsim.scenario.values import Settings, settings_of, shortened

LONGEST_SHOWN = 200
"""Characters of a value in a table."""


def differing(designs: Mapping[str, Scenario]) -> Table | None:
    """A row for every setting in which designs differ, a column for every design; None if they do not differ.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog()
    >>> table = differing({"short": blog, "long": blog.with_(length="2min", name="other")})
    >>> table.head, table.rows
    (('setting', 'short', 'long'), (('length', '1min', '2min'),))
    """
    rows = [(path, *map(_shown, values)) for path, values in _differences("", list(designs.values()))]
    return Table(("setting", *designs), tuple(rows)) if rows else None


def _differences(path: str, values: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """What differs at a path or below it, where all the values are of one kind."""
    if all(value == values[0] for value in values):
        return
    if _are_settings(values):
        names = [name for name in settings_of(type(values[0])) if name not in ("kind", "name")]
        for name in names:
            yield from _differences(f"{path}.{name}" if path else name, [getattr(value, name) for value in values])
    elif _are_lists_alike(values):
        for place, parts in enumerate(zip(*values, strict=True)):
            name = getattr(parts[0], "name", "") or str(place)
            yield from _differences(f"{path}.{name}", parts)
    else:
        yield path, values


def _are_settings(values: Sequence[Any]) -> bool:
    """Whether all are values of one class, and none is said in a word, such as a constant."""
    first = values[0]
    if not isinstance(first, Settings) or any(type(value) is not type(first) for value in values):
        return False
    return all(isinstance(shortened(value), Settings) for value in values)


def _are_lists_alike(values: Sequence[Any]) -> bool:
    """Whether all are lists of the same parts, by their names."""
    if not all(isinstance(value, tuple) and value for value in values):
        return False
    kinds = [[(type(part), getattr(part, "name", "")) for part in value] for value in values]
    return all(kind == kinds[0] for kind in kinds) and isinstance(values[0][0], Settings)


def _shown(value: Any) -> str:
    plain = shortened(value)
    text = "none" if plain is None or plain == () else as_text(plain)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
