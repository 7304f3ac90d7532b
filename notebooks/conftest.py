"""How committed notebooks are compared with a fresh run: strictly, as text."""

import difflib
import os
from typing import Any

import pytest

os.environ["TQDM_DISABLE"] = "1"  # kernels inherit it: progress bars, drawn as widgets, would differ


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Tables are compared in their text form; progress and warnings on stderr are not compared."""
    if hasattr(collector, "skip_compare"):
        skipped: Any = collector.skip_compare
        collector.skip_compare = (*skipped, "stderr", "text/html", "image/svg+xml")


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """A changed output reads as a difference of lines."""
    if isinstance(left, str) and isinstance(right, str) and "\n" in left + right:
        lines = difflib.unified_diff(left.splitlines(), right.splitlines(), "committed", "now", lineterm="")
        return ["notebook output changed", *lines]
    return None
