"""Kernels: plain Python over arrays, compiled where numba is installed.

Nothing here is imported by ``import cqrsim``: only who streams a run needs it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from cqrsim import messages, moments
from cqrsim.keeping import kept_in, version_of

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def _numba() -> Any:
    """The compiler, or None: kernels run as they stand, only slower."""
    try:
        numba = importlib.import_module("numba")
    except ImportError:
        return None
    return None if numba.config.DISABLE_JIT else numba


NUMBA = _numba()


def kernel(function: Kernel, inline: bool = False) -> Kernel:
    """Compile a function if that is possible, and keep what was compiled."""
    if NUMBA is None:
        return function
    with kept_in(NUMBA, _version()):
        try:
            compiled: Kernel = NUMBA.njit(cache=True, error_model="numpy", forceinline=inline)(function)
        except RuntimeError:  # there is nowhere to keep it
            compiled = NUMBA.njit(error_model="numpy", forceinline=inline)(function)
    return compiled


@cache
def _version() -> str:
    """Kernels call each other over files, so that all of them are compiled anew when one has changed."""
    return version_of([*sorted(Path(__file__).parent.glob("*.py")), Path(moments.__file__), Path(messages.__file__)])


def inlined(function: Kernel) -> Kernel:
    """The same for a function so small that calling it would take longer than what it does."""
    return kernel(function, inline=True)
