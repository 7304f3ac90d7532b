"""Whether designs really met the same commands: said where they did not on purpose, refused where they should have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.errors import Problem, RunError, ScenarioError
from cqrsim.experiments.designs.design import as_text
from cqrsim.scenario import Closed, Scenario

if TYPE_CHECKING:
    from cqrsim.experiments.designs.design import Design
    from cqrsim.experiments.running.measured import Measured

OF_CLIENTS = ("arrivals", "invalid", "sessions", "events", "changes", "event_size", "error_size")
"""Settings of a client group that its commands follow from."""

OF_SCENARIO = ("aggregates", "length", "grace_time")
"""Settings of the whole scenario that all commands follow from."""


def refuse_mixed_clients(designs: Mapping[str, Scenario]) -> None:
    """ScenarioError where closed clients would be compared with open ones.

    A client that waits for its answers sends less when the system is slow, and so hides what the others suffer
    (coordinated omission): the two cannot be told apart from a better design.
    """
    closed = {name: _closed(scenario) for name, scenario in designs.items()}
    first = next(iter(closed))
    problems = [
        Problem(
            name,
            None,
            f'clients of "{name}" and "{first}" differ in whether they wait for answers (Closed arrivals); '
            "those who wait send less when the system is slow, so the two cannot be compared",
        )
        for name, kinds in closed.items()
        if kinds != closed[first]
    ]
    if problems:
        raise ScenarioError(problems)


def refuse_mixed_points(design: Design) -> None:
    """The same for the points of a design, of which only the first of each kind is named."""
    kinds: dict[frozenset[bool], tuple[str, Scenario]] = {}
    for settings, scenario in design:
        name = ", ".join(f"{path} = {as_text(value)}" for path, value in settings.items())
        kinds.setdefault(_closed(scenario), (name, scenario))
    refuse_mixed_clients(dict(kinds.values()))


def _closed(scenario: Scenario) -> frozenset[bool]:
    """Whether clients wait for their answers; both, if some groups do and others do not."""
    return frozenset(isinstance(group.arrivals, Closed) for group in scenario.groups)


def shared_marks(designs: Mapping[str, Scenario], measured: Mapping[tuple[int, int], Measured]) -> pd.DataFrame:
    """For every design and client group: were its commands those of the first design, and if not, why not.

    Raises RunError if they differ though all settings that they follow from are equal.
    """
    first, *others = designs
    rows: list[tuple[str, str, bool, str]] = []
    for number, other in enumerate(others, start=1):
        for group in _groups(designs[first]) | _groups(designs[other]):
            same = all(
                measured[0, replication].marks.get(group) == measured[number, replication].marks.get(group)
                for replication in _replications(measured, number)
            )
            rows.append((other, group, same, "" if same else _why(designs[first], designs[other], group)))
    frame = pd.DataFrame(rows, columns=["design", "group", "same_commands", "because"])
    frame["same_commands"] = frame["same_commands"].astype(bool)
    for row in frame[~frame["same_commands"] & (frame["because"] == "")].itertuples():
        raise RunError(
            f'the commands of "{row.group}" differ between "{first}" and "{row.design}" though all settings that they '
            "follow from are equal: this is a mistake in cqrsim"
        )
    return frame


def _why(one: Scenario, other: Scenario, group: str) -> str:
    """The settings in which two scenarios' commands differ; empty if there are none."""
    ours, theirs = _groups(one).get(group), _groups(other).get(group)
    if ours is None or theirs is None:
        return "which groups there are"
    if list(_groups(one)) != list(_groups(other)):
        return "which groups there are"
    names = [f"clients.{name}" for name in OF_CLIENTS if getattr(ours, name) != getattr(theirs, name)]
    names += [name for name in OF_SCENARIO if getattr(one, name) != getattr(other, name)]
    return ", ".join(names)


def _groups(scenario: Scenario) -> dict[str, Any]:
    return {group.name: group for group in scenario.groups}


def _replications(measured: Mapping[tuple[int, int], Measured], design: int) -> list[int]:
    """Those in which both this design and the first one ended well."""
    return [replication for number, replication in measured if number == design and (0, replication) in measured]
