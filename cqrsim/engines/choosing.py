"""Which engine runs a plan.  They agree to the digest, so the choice changes nothing but the time it takes.

"auto" takes the compiled engine where that repays: compiling costs as much time as SimPy needs for some hundred
thousand commands, and fetching from disk what was compiled before as much as for ten thousand.  So runs are counted,
and once SimPy has had that many commands in this process, everything that follows is run by compiled code.  That is
never more than about twice as slow as the better choice would have been.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cqrsim.engines import simpy_engine
from cqrsim.errors import PlanError
from cqrsim.trace import COLUMNS

if TYPE_CHECKING:
    from cqrsim.plan.plan import Plan
    from cqrsim.trace import Trace

ENGINES = ("auto", "simpy", "array")

COMMANDS_FOR_COMPILING = 120_000
COMMANDS_FOR_FETCHING = 10_000
COMMANDS_WORTH_A_WORD = 100_000

Say = Callable[[str], object]
"""Tells whoever watches a line of what takes time."""

Ints = NDArray[np.int64]

Take = Callable[[Ints], object]
"""Takes rows of a trace, of shape (n, 7), in their order; they are gone when the next ones come."""

COMPILES = "cqrsim: compiling the array engine, once on this machine; that takes some twenty seconds ..."
NO_NUMBA = "cqrsim: Numba is not installed, so long runs take some fifty times as long as they could"


def run(plan: Plan, engine: str = "auto", say: Say = str) -> Trace:
    """Let a plan happen on the engine of a name, or on the one that is faster.

    Raises PlanError if the engine cannot run the plan, or is not there.
    """
    array = _array_engine_for(plan, engine, say)
    if array is None:
        return simpy_engine.run(plan)
    trace: Trace = array.run(plan)
    return trace


def stream(plan: Plan, begin_anew: Callable[[], Take], engine: str = "auto", say: Say = str) -> None:
    """The same, but the rows of the trace are handed over block by block, and not kept.

    ``begin_anew`` is called for whoever takes them before the first, and again whenever a run has to begin anew: what
    was taken before is void then.
    """
    array = _array_engine_for(plan, engine, say)
    if array is None:
        rows = simpy_engine.run(plan).rows
        begin_anew()(np.column_stack([getattr(rows, name).astype(np.int64) for name in COLUMNS]))
    else:
        array.stream(plan, begin_anew)


class _Tally:
    """Commands that SimPy has had in this process though they could have been run by compiled code."""

    commands = 0
    has_said = False


def _array_engine_for(plan: Plan, engine: str, say: Say) -> Any:
    """The array engine if it is asked for, or is the faster one; None for SimPy."""
    if engine == "simpy":
        return None
    array = _array_engine()
    if engine == "array":
        if array is None:
            raise PlanError('the array engine is not installed: take engine="simpy"')
        if told := array.can_run(plan):
            raise PlanError(f'the array engine cannot run this: {"; ".join(told)}; take engine="simpy"')
        _say_what_takes_time(array, len(plan.marks), say)
        return array
    if array is None or array.can_run(plan) or not _repays(array, len(plan.marks), say):
        return None
    _say_what_takes_time(array, len(plan.marks), say)
    return array


def _repays(array: Any, commands: int, say: Say) -> bool:
    if array.is_ready():
        return True
    _Tally.commands += commands
    if not array.is_compilable():
        _say_what_takes_time(array, commands, say)
        return False
    return _Tally.commands >= (COMMANDS_FOR_FETCHING if array.is_kept() else COMMANDS_FOR_COMPILING)


def _say_what_takes_time(array: Any, commands: int, say: Say) -> None:
    if array.is_ready() or _Tally.has_said:
        return
    if array.is_compilable() and not array.is_kept():
        say(COMPILES)
    elif not array.is_compilable() and commands >= COMMANDS_WORTH_A_WORD:
        say(NO_NUMBA)
        _Tally.has_said = True


def _array_engine() -> Any:
    """The module, unless somebody has taken it out."""
    if find_spec("cqrsim.engines.array_engine") is None:
        return None
    return import_module("cqrsim.engines.array_engine")
