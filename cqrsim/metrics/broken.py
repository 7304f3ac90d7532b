"""What a check says of a rule that is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cqrsim.metrics.log import Log
from cqrsim.metrics.paths import Paths

Check = Callable[[Paths, Log], Iterator[str]]
"""Names the rules that a trace breaks, and who breaks them."""


def broken(rule: str, commands: NDArray[Any]) -> Iterator[str]:
    """The rule and who breaks it, if anybody does.

    >>> list(broken("told twice", np.array([3, 3, 1]))), list(broken("told twice", np.array([])))
    (['told twice: commands 1, 3'], [])
    """
    named = np.unique(commands).tolist()
    if named:
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        noun = "command" if len(named) == 1 else "commands"
        yield f"{rule}: {noun} {', '.join(map(str, named[:5]))}{more}"
