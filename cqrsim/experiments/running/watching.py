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
    return sys.stderr is not None and (sys.stderr.isatty() or _in_a_notebook())


def _in_a_notebook() -> bool:
    """Whether this process is a kernel; that one could be started from here says nothing."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def tell(line: str) -> None:
    """Say a line to whoever watches."""
    if somebody_watches():
        print(line, file=sys.stderr)  # noqa: T201  # a progress line, beside the bars
