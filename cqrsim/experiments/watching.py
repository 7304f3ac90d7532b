"""Whether anybody watches what takes its time, and what they are told."""

from __future__ import annotations

import os
import sys


def wants_quiet() -> bool:
    """Whether somebody has asked for quiet by now (tqdm itself looks only when it is imported)."""
    return bool(os.environ.get("TQDM_DISABLE"))


def somebody_watches() -> bool:
    """Whether there is a terminal or a notebook to tell, and nobody has asked for quiet (``TQDM_DISABLE``)."""
    if wants_quiet():
        return False
    return sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)


def tell(line: str) -> None:
    """Say a line to whoever watches."""
    if somebody_watches():
        print(line, file=sys.stderr)  # noqa: T201  # a progress line, beside the bars
