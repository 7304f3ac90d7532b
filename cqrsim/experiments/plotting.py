"""Pictures as methods of what they are drawn of: ``run.plot.timeline()`` is ``cqrsim.plots.timeline(run)``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any

from cqrsim.errors import did_you_mean


@dataclass(frozen=True, eq=False, repr=False)
class Plotting:
    """The functions of :mod:`cqrsim.plots` that take a result of some kind first, with that result already given.

    Which those are is told in ``cqrsim.plots.DRAWN_OF``.  Matplotlib is imported when the first of them is asked for.

    >>> Plotting(None, "run").timelime
    Traceback (most recent call last):
    AttributeError: no picture "timelime" of a run; did you mean "timeline"?
    """

    _result: Any
    _kind: str

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        from cqrsim import plots

        known = plots.DRAWN_OF[self._kind]
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise AttributeError(f'no picture "{name}" of a {self._kind}; {hint}')
        draw = getattr(plots, name)
        return update_wrapper(partial(draw, self._result), draw)

    def __dir__(self) -> list[str]:
        from cqrsim import plots

        return sorted(plots.DRAWN_OF[self._kind])

    def __repr__(self) -> str:
        return f"Pictures of a {self._kind}: {', '.join(dir(self))}"
