"""Scenarios in words: once what all designs have in common, then what is particular to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cqrsim.reports.blocks import Block, Heading, Table
from cqrsim.scenario import Scenario
from cqrsim.scenario.describing import paragraphs

IN_COMMON, PARTICULAR = "In all designs", "Particular to"


def in_words(designs: Mapping[str, Scenario]) -> Iterator[Block]:
    """Tables of parts and what they do."""
    told = {name: dict(_but_name(scenario)) for name, scenario in designs.items()}
    first = next(iter(told.values()))
    common = {part: text for part, text in first.items() if all(other.get(part) == text for other in told.values())}
    if len(designs) > 1:
        yield Heading(IN_COMMON, 3)
    yield _table(common)
    for name, parts in told.items():
        own = {part: text for part, text in parts.items() if part not in common}
        if own:
            yield Heading(f'{PARTICULAR} "{name}"', 3)
            yield _table(own)


def _but_name(scenario: Scenario) -> Iterator[tuple[str, str]]:
    return ((part, text) for part, text in paragraphs(scenario) if part != "Name")


def _table(parts: Mapping[str, str]) -> Table:
    return Table(("part", "what it does"), tuple(parts.items()))
