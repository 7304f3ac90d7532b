"""Reading values and the plain data of files alike."""

from collections.abc import Mapping
from typing import Any

from cqrsim.scenario.values import Settings


def get(part: Any, name: str, default: Any = None) -> Any:
    """A setting of a value or of plain data."""
    if isinstance(part, Mapping):
        return part.get(name, default)
    return getattr(part, name, default)


def parts(path: str, given: Any) -> list[tuple[str, Any]]:
    """One part, or the parts of a list, with their paths."""
    if isinstance(given, list | tuple):
        return [(f"{path}.{place}", part) for place, part in enumerate(given)]
    return [(path, given)] if isinstance(given, Mapping | Settings) else []


def listed(path: str, names: Any) -> list[tuple[str, Any]]:
    """One text, or the texts of a list, with their paths."""
    if isinstance(names, str):
        return [(path, names)]
    return [(f"{path}.{place}", name) for place, name in enumerate(names)] if isinstance(names, list | tuple) else []
