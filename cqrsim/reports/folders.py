"""Folders of results, and what is in them: a comparison, or a sweep."""

from __future__ import annotations

from pathlib import Path

from cqrsim.errors import ResultError
from cqrsim.experiments import Comparison, Sweep
from cqrsim.experiments.showing.saving import ABOUT, load_comparison
from cqrsim.experiments.sweep import load_results

SWEEP = "sweep.toml"
"""The file by which a sweep is known; a comparison is by its ``comparison.json``."""


def results_in(folder: Path) -> Comparison | Sweep:
    """Read what is there; ResultError if nothing is."""
    if not folder.is_dir():
        raise ResultError(f"{folder}: no such folder")
    if (folder / SWEEP).exists():
        return load_results(folder)
    if (folder / ABOUT).exists():
        return load_comparison(folder)
    below = sorted({file.parent for name in (ABOUT, SWEEP) for file in folder.glob(f"*/{name}")})
    hint = f"there are some in {', '.join(map(str, below))}" if below else "write some with --out"
    raise ResultError(f"{folder}: no results of a comparison or a sweep; {hint}")
