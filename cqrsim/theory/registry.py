"""All oracles by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.theory.known import batches, exact, faults, log, looks, loops, pools, queues, sessions, turns, visibility
from cqrsim.theory.oracle import Oracle

FILES = (exact, queues, pools, loops, batches, looks, turns, log, visibility, sessions, faults)


@cache
def oracles() -> Mapping[str, Oracle]:
    """All oracles by their ids, in the order in which they are told.

    >>> oracles()["O04"].title
    'M/D/1: constant writes'
    """
    made = [make() for file in FILES for make in file.ORACLES]
    found = {oracle.id: oracle for oracle in made}
    assert len(found) == len(made), "two oracles have the same id"
    return found


def chosen(ids: str | Oracle | Iterable[str | Oracle] | None) -> list[Oracle]:
    """The oracles of some ids, each once, in their order; all, if none is named.  Oracles stand for themselves.

    >>> chosen(["O1a"])
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: no oracle "O1a"; did you mean "O01a"?
    """
    known = oracles()
    asked = list(known) if ids is None else _listed(ids)
    unknown = [one for one in asked if not isinstance(one, Oracle) and not (isinstance(one, str) and one in known)]
    if unknown:
        raise ScenarioError(_unknown(name, known) for name in unknown)
    if not asked:
        raise ScenarioError((Problem("ids", None, "name at least one oracle, or leave it out for all"),))
    return [one if isinstance(one, Oracle) else known[one] for one in dict.fromkeys(asked)]


def _listed(ids: Any) -> list[Any]:
    if isinstance(ids, str | Oracle):
        return [ids]
    if isinstance(ids, Iterable):
        return list(ids)
    raise ScenarioError((Problem("ids", ids, "must be the id of an oracle, or a list of ids"),))


def _unknown(name: object, known: Iterable[str]) -> Problem:
    alike = [one for one in known if _without_zeros(one) == _without_zeros(str(name))]
    near = f'did you mean "{alike[0]}"?' if alike else did_you_mean(name, known)
    return Problem(str(name), None, f'no oracle "{name}"', near or f"there are {', '.join(known)}")


def _without_zeros(name: str) -> str:
    """People write O4 for O04."""
    return name.casefold().replace("0", "")
