"""All that it takes to repeat a result: versions, digests, files, and what to type."""

from __future__ import annotations

import hashlib
import json
import platform
import shlex
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import pandas as pd

from cqrsim import __version__
from cqrsim.errors import ScenarioError
from cqrsim.experiments.showing.files import file_names
from cqrsim.reports.blocks import Block, Code, File, Paragraph, Table
from cqrsim.scenario import Scenario

if TYPE_CHECKING:
    from cqrsim.experiments import Comparison, Sweep

PACKAGES = ("numpy", "pandas", "scipy", "simpy", "numba", "matplotlib")
"""Beside cqrsim and Python, what takes part in numbers and pictures."""


def versions() -> Table:
    """What this report was made with."""
    found = {"cqrsim": __version__, "Python": platform.python_version()}
    found |= {name: _version(name) for name in PACKAGES}
    return Table(("package", "version"), tuple(found.items()))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def digests(runs: pd.DataFrame, by: str) -> Table:
    """For each design or point: the digest of its scenario, and one of the traces of its runs.

    The latter is SHA-256 of the traces' digests, one a line, in the order of the replications.
    """
    rows = []
    for name, part in runs.groupby(by, observed=True, sort=True):
        ordered = part.sort_values("replication")
        rows.append((str(name), str(len(ordered)), str(ordered["scenario"].iloc[0]), _digest_of(ordered["trace"])))
    return Table((by, "runs", "scenario (SHA-256)", "traces (SHA-256)"), tuple(rows))


def digests_of_sweep(sweep: Sweep) -> Table:
    """The digest of the design, and one of the traces of all its runs, point by point."""
    ordered = sweep.runs.sort_values(["point", "replication"])
    try:
        design = sweep.design.digest()
    except ScenarioError:
        design = "none: it holds functions"
    rows = (("design", design), (f"traces of {len(ordered)} runs", _digest_of(ordered["trace"])))
    return Table(("of", "SHA-256"), rows)


def _digest_of(traces: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{trace}\n" for trace in traces).encode()).hexdigest()


def scenario_files(designs: Mapping[str, Scenario]) -> Iterator[Block]:
    """The scenarios as files; a sentence in place of one that no file can hold."""
    for name, file in file_names(designs).items():
        try:
            yield File(f"{file}.toml", designs[name].to_toml())
        except ScenarioError as refused:
            yield Paragraph(f'"{name}" cannot be written to a file: {refused}.')


def files_that_exist(designs: Mapping[str, Scenario]) -> dict[str, str]:
    """By their designs, the names of the scenario files that can be written."""
    there = {block.name for block in scenario_files(designs) if isinstance(block, File)}
    return {name: f"{file}.toml" for name, file in file_names(designs).items() if f"{file}.toml" in there}


def in_python(comparison: Comparison, folder: str) -> Code:
    """What makes the same comparison in Python; designs that no file can hold are left to the reader."""
    files = files_that_exist(comparison.designs)
    lines = [
        f"    {_quoted(name)}: " + (f"cq.load({_quoted(_in(folder, files[name]))})," if name in files else "...,")
        for name in comparison.designs
    ]
    confidence = "" if comparison.confidence == 0.95 else f", confidence={comparison.confidence!r}"
    call = f"cq.compare(designs, replications={comparison.replications}, seed={comparison.seed}{confidence})"
    text = "\n".join(["import cqrsim as cq", "", "designs = {", *lines, "}", f"comparison = {call}", "comparison.runs"])
    return Code(text, "python")


def in_a_shell(comparison: Comparison, folder: str) -> Code | None:
    """What makes it on the command line; None where that cannot say all of it."""
    files = files_that_exist(comparison.designs)
    if len(files) < len(comparison.designs) or comparison.confidence != 0.95:
        return None
    named = " ".join(shlex.quote(_in(folder, file)) for file in files.values())
    return Code(f"cqrsim compare {named} --replications {comparison.replications} --seed {comparison.seed}", "sh")


def _in(folder: str, file: str) -> str:
    return f"{folder}/{file}" if folder else file


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
