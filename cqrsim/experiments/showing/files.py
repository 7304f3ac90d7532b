"""Tables as files: CSV for people, Parquet beside it for programs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import pandas as pd


def write_table(frame: pd.DataFrame, stem: Path) -> list[Path]:
    """Write ``stem.csv`` and ``stem.parquet``; returns the two."""
    text, packed = (stem.with_name(stem.name + ending) for ending in (".csv", ".parquet"))
    frame.to_csv(text, index=False)
    frame.to_parquet(packed, index=False)
    return [text, packed]


def ready_folder(folder: Path) -> Path:
    """Make sure, before anything runs, that results can be written into a folder; OSError if not."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".cqrsim-probe"
    probe.touch()
    probe.unlink()
    return folder


def file_names(names: Iterable[str]) -> dict[str, str]:
    """For every name that of a file, no two alike, not even where capital letters make no difference.

    >>> list(file_names(["a b", "a/b", "A-B"]).values())
    ['a-b', 'a-b-2', 'A-B-3']
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        wanted = file_name(name)
        numbered = (f"{wanted}-{number}" for number in itertools.count(2))
        found[name] = next(free for free in itertools.chain([wanted], numbered) if free.casefold() not in taken)
        taken.add(found[name].casefold())
    return found


def file_name(name: str) -> str:
    """A name with nothing in it that a file's name cannot have.

    >>> file_name("2b fire/forget")
    '2b-fire-forget'
    """
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name) or "unnamed"
