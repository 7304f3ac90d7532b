"""What a sweep asks for: which runs, of what, under which names they can be found again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cqrsim import __version__
from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.designs.design import Design
from cqrsim.experiments.designs.design_file import design_table
from cqrsim.experiments.designs.sweep_file import SweepFile, load_sweep
from cqrsim.experiments.running.parts import RunKey
from cqrsim.experiments.running.runs import Task
from cqrsim.experiments.running.shards import Shard
from cqrsim.scenario import Scenario
from cqrsim.scenario.writing import as_dict

LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Wanted:
    """A run of a point."""

    point: int
    replication: int
    scenario: Scenario
    key: RunKey

    def task(self, engine: str) -> Task:
        """The run as something to do."""
        return Task(self.point, self.replication, self.scenario, self.key.seed, engine)


@dataclass(frozen=True)
class Asked:
    """A design, how often and with which luck, and which part of that."""

    design: Design
    replications: int
    seed: int
    shard: Shard
    runs_overloaded: bool = False

    def wanted(self) -> list[Wanted]:
        """The runs, point by point; equal points have equal keys."""
        shard = self.shard
        every = [
            (point, replication, scenario, name)
            for point, ((_, scenario), name) in enumerate(zip(self.design, self._names, strict=True))
            if point not in self.overloads
            for replication in range(self.replications)
        ]
        return [
            Wanted(point, replication, scenario, RunKey(name, self.seed, replication, __version__))
            for point, replication, scenario, name in shard.part_of(every)
        ]

    @cached_property
    def overloads(self) -> dict[int, str]:
        """Points that are not run, since they cannot keep up with their commands, and why."""
        if self.runs_overloaded:
            return {}
        return {point: told for point, told in enumerate(self.design.overloads) if told}

    def must_have_points(self) -> None:
        """ScenarioError if nothing is left to run."""
        if len(self.overloads) == len(self.design):
            first = next(iter(self.overloads.values()))
            hint = f'the first: {first}; overloaded="run" runs them all the same'
            raise ScenarioError((Problem("design", None, "no point can keep up with its commands", hint),))

    def must_fit_in_files(self) -> None:
        """ScenarioError for what no file can say, functions above all: nobody could tell later what results are of."""
        if self.seed > LARGEST_SEED:
            raise ScenarioError((Problem("seed", self.seed, f"must be at most {LARGEST_SEED} for results in files"),))
        as_dict(self.design.base)
        design_table(self.design)

    def told(self) -> dict[str, Any]:
        """What tells this from other questions."""
        return {
            "design": self.design.digest(),
            "points": len(self.design),
            "replications": self.replications,
            "seed": self.seed,
            "shard": str(self.shard),
            "overloaded": "run" if self.runs_overloaded else "mark",
            "version": __version__,
        }

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """What points are called; a rule of functions has no digest, and is known by its place only."""
        try:
            return self.design.digests
        except ScenarioError:
            return tuple(f"point {point}" for point in range(len(self.design)))


def write_asked(folder: Path, asked: Asked) -> list[Path]:
    """Write what is asked into a folder: as a sweep file that can be run again, and by its digest.

    Raises ScenarioError for a folder of another shard of the same sweep: it could not be gathered any more.
    """
    scenario, sweep, told = folder / "scenario.toml", folder / "sweep.toml", folder / "asked.json"
    _refuse_other_shard(folder, asked)
    asked.design.base.save(scenario)
    SweepFile(asked.design, asked.replications, asked.seed).save(sweep, scenario="scenario.toml")
    told.write_text(json.dumps(asked.told(), indent=2) + "\n", encoding="utf-8")
    return [scenario, sweep, told]


def _refuse_other_shard(folder: Path, asked: Asked) -> None:
    try:
        before = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
        shard = before["shard"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if shard != str(asked.shard) and {**before, "shard": ""} == {**asked.told(), "shard": ""}:
        message = f"is the folder of shard {shard} of this sweep"
        raise ScenarioError(
            (Problem(str(folder), None, message, "give each shard, and the whole, a folder of its own"),)
        )


def read_asked(folder: Path) -> Asked:
    """What was asked of a folder; ScenarioError if it does not say."""
    file = folder / "asked.json"
    try:
        told: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        shard, runs_overloaded = Shard.read(told["shard"]), told["overloaded"] == "run"
    except (OSError, ValueError, KeyError, TypeError):
        hint = "results of a sweep are kept by sweep(..., out=DIR), or cqrsim sweep --out DIR"
        raise ScenarioError((Problem(str(folder), None, "holds no results of a sweep", hint),)) from None
    read = load_sweep(folder / "sweep.toml")
    asked = Asked(read.design, read.replications, read.seed, shard, runs_overloaded)
    if told != asked.told():
        message = "sweep.toml or scenario.toml has changed since, or another version of cqrsim wrote it"
        raise ScenarioError((Problem(str(folder), None, message),))
    return asked
