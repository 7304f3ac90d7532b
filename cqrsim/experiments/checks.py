"""Checks of what people ask for, before anything runs."""

from __future__ import annotations

import operator
from typing import Any

from cqrsim.errors import Problem, ScenarioError


def whole_number(name: str, value: Any, at_least: int = 0) -> int:
    """The value as an int, or a :class:`~cqrsim.errors.ScenarioError` that names it.

    >>> whole_number("replications", 20, at_least=1)
    20
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = at_least - 1
    if number < at_least or isinstance(value, bool):
        raise ScenarioError((Problem(name, value, f"must be a whole number, at least {at_least}"),))
    return number


def share(name: str, value: float) -> float:
    """The value, when it lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ScenarioError((Problem(name, value, "must lie between 0 and 1, such as 0.95"),))
    return value


def workers(n_jobs: int | None) -> int | None:
    """What joblib takes for a number of workers: one or more, a negative number counted from all cores, or None."""
    if n_jobs is None or (isinstance(n_jobs, int) and not isinstance(n_jobs, bool) and n_jobs != 0):
        return n_jobs
    raise ScenarioError((Problem("n_jobs", n_jobs, "must be a whole number other than 0, -1 for all cores, or None"),))
