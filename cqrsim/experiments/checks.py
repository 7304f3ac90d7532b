"""Checks of what people ask for, before anything runs."""

from __future__ import annotations

import difflib
import operator
from numbers import Real
from os import PathLike
from typing import Any

from cqrsim.engines.choosing import ENGINES
from cqrsim.errors import Problem, ResultError, ScenarioError, shown
from cqrsim.scenario import Scenario


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


def a_scenario(name: str, value: Any) -> Scenario:
    """The value, when it is a scenario."""
    if isinstance(value, Scenario):
        return value
    hint = "read a file with load(...)" if isinstance(value, str | PathLike) else None
    raise ScenarioError((Problem(name, value, f"must be a scenario{_not_none(value)}", hint),))


def an_engine(value: Any) -> str:
    """The name of an engine.

    >>> an_engine("arrays")
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: engine: must be one of "auto", "simpy", "array" (got "arrays"); did you mean "array"?
    """
    if isinstance(value, str) and value in ENGINES:
        return value
    near = difflib.get_close_matches(str(value), ENGINES, n=1)
    hint = f'did you mean "{near[0]}"?' if near else None
    raise ScenarioError((Problem("engine", value, 'must be one of "auto", "simpy", "array"', hint),))


def command_number(value: Any) -> int:
    """The number of a command as an int; ResultError for what is no whole number.

    >>> command_number("7")
    Traceback (most recent call last):
    cqrsim.errors.ResultError: a command is called by its number, such as 7 (got "7")
    """
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise ResultError(f"a command is called by its number, such as 7 (got {shown(value)})")


def _not_none(value: Any) -> str:
    """Problems do not show a value of None, so it is said in words."""
    return ", not None" if value is None else ""


def share(name: str, value: float) -> float:
    """The value, when it lies strictly between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ScenarioError((Problem(name, value, "must lie between 0 and 1, such as 0.95"),))
    return value


def workers(n_jobs: int | None) -> int | None:
    """What joblib takes for a number of workers: one or more, a negative number counted from all cores, or None."""
    if n_jobs is None or (isinstance(n_jobs, int) and not isinstance(n_jobs, bool) and n_jobs != 0):
        return n_jobs
    raise ScenarioError((Problem("n_jobs", n_jobs, "must be a whole number other than 0, -1 for all cores, or None"),))
