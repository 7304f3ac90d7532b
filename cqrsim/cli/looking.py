"""``cqrsim check``, ``show`` and ``schema``: files are read, and nothing is run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from cqrsim.cli.options import BAD_INPUT, FINE, File
from cqrsim.errors import CqrsimError
from cqrsim.scenario import load
from cqrsim.scenario import schema as scenario_schema
from cqrsim.scenario.files import read_table


def check(
    files: Annotated[list[Path], typer.Argument(help="Scenarios or sweeps, as .toml or .json.")],
) -> None:
    """Look for mistakes in files, and tell all of them."""
    wrong = 0
    for file in files:
        try:
            print(f"{file}: fine, {_checked(file)}")
        except CqrsimError as mistake:
            wrong += 1
            print(mistake, file=sys.stderr)
    raise typer.Exit(BAD_INPUT if wrong else FINE)


def show(file: File) -> None:
    """Tell a scenario in plain words."""
    print(load(file).describe())


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    print(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))


def _checked(file: Path) -> str:
    """What a file holds, in a few words, if it is right."""
    from cqrsim.experiments.designs.sweep_file import is_sweep, load_sweep

    if is_sweep(read_table(file)):
        return f"a sweep of {len(load_sweep(file).design)} points"
    load(file)
    return "a scenario"
