"""Which settings an experiment varies, and the scenarios that follow: a value, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.experiments.designs.arrangements import GRID, Arrangement, Settings
from cqrsim.experiments.designs.factors import AnyFactor, Paths
from cqrsim.experiments.designs.points import Points, distinct
from cqrsim.experiments.loads.stability import overload
from cqrsim.scenario.values import Settings as Value
from cqrsim.scenario.writing import digest_of
from cqrsim.units import Duration, Rate, Size

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario


@dataclass(frozen=True, repr=False)
class Design:
    """A base scenario and what varies it; iterate over it for ``(settings, scenario)`` of every point.

    :func:`grid`, :func:`one_at_a_time`, :func:`latin_hypercube` and :func:`sobol` make one.
    """

    base: Scenario
    factors: tuple[AnyFactor, ...]
    arrangement: Arrangement = GRID
    where: tuple[str, ...] = ()
    """Constraints that points must obey; those that do not are left out."""

    @property
    def paths(self) -> Paths:
        """The varied settings, in order."""
        return tuple(path for factor in self.factors for path in factor.paths)

    @property
    def points(self) -> tuple[tuple[Settings, Scenario], ...]:
        """All points; ScenarioError names every one that is not a valid scenario."""
        return self._made.points

    @property
    def left_out(self) -> int:
        """How many points break a constraint."""
        return self._made.left_out

    @cached_property
    def overloads(self) -> tuple[str, ...]:
        """For each point what cannot keep up with its commands, told as a sentence; empty where all is well."""
        return tuple(overload(scenario) for _, scenario in self)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """The digest of each point's scenario."""
        return tuple(scenario.digest() for _, scenario in self)

    def digest(self) -> str:
        """SHA-256 of what is to be run: the settings and the scenario of every point, in order."""
        hasher = hashlib.sha256()
        for (settings, _), scenario in zip(self, self.digests, strict=True):
            told = {path: _content(value) for path, value in settings.items()}
            hasher.update(json.dumps([told, scenario], separators=(",", ":"), allow_nan=False).encode())
        return hasher.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the design with its base scenario to one .toml or .json file, for :func:`load_design`."""
        from cqrsim.experiments.designs.design_file import save_design

        save_design(self, path)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per point: its number, a column per varied setting, and the scenario's digest.

        Where any point is overloaded, a last column ``overload`` tells of what.
        """
        rows = pd.DataFrame({"point": range(len(self))})
        for path, column in self.columns().items():
            rows[path] = column
        rows["scenario"] = list(self.digests)
        if any(self.overloads):
            rows["overload"] = list(self.overloads)
        return rows

    def columns(self) -> dict[str, pd.Series[Any]]:
        """For every varied setting its value at each point: numbers, or text in the order of the levels."""
        return {path: _column([settings[path] for settings, _ in self]) for path in self.paths}

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[tuple[Settings, Scenario]]:
        return iter(self.points)

    def __repr__(self) -> str:
        factors = ", ".join(map(str, self.factors))
        how = "" if self.arrangement.name == "grid" else f"{self.arrangement.name}, "
        but = f", {self.left_out} left out by where" if self.left_out else ""
        return f"Design({how}{len(self)} points{but}; {factors})"

    def __getstate__(self) -> dict[str, Any]:
        names = ("base", "factors", "arrangement", "where")
        return {name: getattr(self, name) for name in names}

    @cached_property
    def _made(self) -> Points:
        return Points.of(self.base, self.factors, self.arrangement, self.where)


def _column(values: Sequence[Any]) -> pd.Series[Any]:
    """Durations, sizes and rates are numbers to Python, but without their unit they would say nothing."""
    if all(type(value) in (int, float, bool) for value in values):
        return pd.Series(list(values))
    words = [as_text(value) for value in values]
    return pd.Series(pd.Categorical(words, categories=list(dict.fromkeys(words)), ordered=True))


def as_text(value: Any) -> str:
    """A setting's value in a few characters: "1.5ms", "200/s", "ForwardEvent(poll=ms(100))"."""
    return str(value) if isinstance(value, int | float | str) or value is None else repr(value)


def _content(value: Any) -> Any:
    """What makes a setting's value what it is, in plain data."""
    if isinstance(value, Value):
        return digest_of(value)
    if isinstance(value, list | tuple):
        return [_content(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): _content(part) for key, part in value.items()}
    return str(value) if isinstance(value, Duration | Size | Rate) else value


__all__ = ["Design", "as_text", "distinct"]
