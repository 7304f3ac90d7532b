"""Comparisons as folders: tables for people and programs, designs as scenario files, and a file that binds them.

What is written comes back equal, so that a report can be made another day.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.errors import ResultError
from cqrsim.experiments.answers.precision import Precision
from cqrsim.experiments.showing.files import file_names, ready_folder, write_table
from cqrsim.scenario import load

if TYPE_CHECKING:
    from cqrsim.experiments.comparison import Comparison

ABOUT = "comparison.json"
FORMAT = 2
"""The number of the form in which comparisons are saved."""

_FRAMES = {"comparison": "frame", "runs": "runs", "errors": "errors"}
"""Tables that are also for people, with the names of what they hold."""

_PACKED = {"shared": "shared", "outcomes_by_run": "_outcomes", "sample": "_sample"}
"""Tables that are for programs only."""


def save(comparison: Comparison, folder: str | Path) -> list[Path]:
    """Write a comparison into a folder; returns the files."""
    folder = ready_folder(Path(folder))
    tables = {name: getattr(comparison, held) for name, held in _FRAMES.items()} | {"outcomes": comparison.outcomes()}
    files = [file for name, table in tables.items() for file in write_table(table, folder / name)]
    for name, held in _PACKED.items():
        files.append(folder / f"{name}.parquet")
        getattr(comparison, held).to_parquet(files[-1], index=False)
    names = {name: f"{file}.toml" for name, file in file_names(comparison.designs).items()}
    files.append(folder / ABOUT)
    files[-1].write_text(json.dumps(_about(comparison, names), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, file in names.items():
        files.append(folder / file)
        comparison.designs[name].save(files[-1])
    return files


def load_comparison(folder: str | Path) -> Comparison:
    """Read a comparison that was saved.

    Raises ResultError for a folder that holds none, one of a later form, or one of which a file is missing or damaged.

    >>> load_comparison("nowhere")
    Traceback (most recent call last):
    cqrsim.errors.ResultError: nowhere: no comparison is saved here; there is no comparison.json
    """
    from cqrsim.experiments.comparison import Comparison

    folder = Path(folder)
    about = _read_about(folder)
    try:
        held: dict[str, Any] = {name: about[name] for name in ("replications", "seed", "confidence")}
        held |= {held: _read(folder / f"{name}.parquet") for name, held in (_FRAMES | _PACKED).items()}
        held["designs"] = {name: load(folder / file) for name, file in about["designs"]}
        for name in ("runs", "errors"):
            held[name] = _of_designs(held[name], list(held["designs"]))
        until = about["until"]
        held["_until"] = None if until is None else Precision(until["half_widths"], until["at_most"])
    except KeyError as error:
        raise ResultError(f"{folder / ABOUT}: damaged: it does not say {error}") from None
    except (TypeError, OSError, ValueError) as error:
        raise ResultError(f"{folder}: the comparison cannot be read: {error}") from error
    return Comparison(**held)


def _of_designs(frame: pd.DataFrame, designs: list[str]) -> pd.DataFrame:
    """A frame without rows comes back without its categories."""
    return frame.assign(design=pd.Categorical(frame["design"], categories=designs, ordered=True))


def _about(comparison: Comparison, files: dict[str, str]) -> dict[str, Any]:
    from cqrsim import __version__

    until = comparison._until
    widths = {} if until is None else {name: str(width) for name, width in until.half_widths}
    wanted = None if until is None else {"half_widths": widths, "at_most": until.at_most}
    return {
        "format": FORMAT,
        "cqrsim": __version__,
        "seed": comparison.seed,
        "replications": comparison.replications,
        "confidence": comparison.confidence,
        "until": wanted,
        "designs": list(files.items()),
    }


def _read_about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(f"{folder}: no comparison is saved here; there is no {ABOUT}") from None
    except ValueError as error:
        raise ResultError(f"{folder / ABOUT}: damaged: {error}") from None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        found = about.get("format") if isinstance(about, dict) else None
        raise ResultError(f"{folder / ABOUT}: saved in form {found}, and this version reads form {FORMAT}")
    return about


def _read(file: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(file)
    except FileNotFoundError:
        raise ResultError(f"{file}: missing") from None
