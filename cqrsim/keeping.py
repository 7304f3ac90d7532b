"""Where compiled code is kept: on disk, in a folder of its own for each version of its sources.

What Numba keeps by itself it tells apart by the file of one function; rules and kernels depend on many files.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def version_of(sources: Iterable[Path]) -> str:
    """A digest of all files that compiled code depends on."""
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def folder_of(version: str) -> Path:
    """The folder of a version: in NUMBA_CACHE_DIR if that is set, else where caches of this user belong."""
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cqrsim" / version


def is_kept(version: str) -> bool:
    """Whether a version was compiled before, and is on disk."""
    return any(folder_of(version).rglob("*.nbc"))


@contextmanager
def kept_in(numba: Any, version: str) -> Iterator[None]:
    """Whatever is declared to Numba in here is kept in the folder of a version."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder_of(version))
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
