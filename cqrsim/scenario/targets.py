"""Where a fault strikes, as text: a part of the system, one of its kind, or a link; and what happens there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.messages import LINK_NAMES
from cqrsim.scenario.checks import Checked

Operation: TypeAlias = Literal["write", "flush", "append", "decide", "answer", "apply", "message"]
"""What a fault can strike one by one."""

OPERATIONS: dict[str, tuple[str, ...]] = {
    "disk": ("write", "flush"),
    "store": ("write", "flush"),
    "handlers": ("append", "decide", "answer"),
    "projections": ("apply",),
    "clients": (),
    "links": ("message",),
}
"""What happens at each kind of target; the first is meant where nothing is said."""

TO_PROJECTION = "store->projection"
"""The link that leads to several: "store->projection.board" is the way to one of them."""

_SINGLE = ("disk", "store")
_PARTS = ("disk", "store", "handlers", "projections", "clients")


@dataclass(frozen=True)
class Target:
    """A text that says where, read."""

    kind: str
    """A key of :data:`OPERATIONS`."""
    place: str
    """The part, or the link."""
    one: str | None = None
    """Which shard, projection or client group; None for all or any."""


def target_of(where: str) -> Target:
    """Read where a fault strikes.

    >>> target_of("handlers.2")
    Target(kind='handlers', place='handlers', one='2')
    >>> target_of("store->projection.board")
    Target(kind='links', place='store->projection', one='board')
    """
    place, dot, one = where.partition(".")
    return Target("links" if "->" in place else place, place, one if dot else None)


def one_of(targets: str, one: str | int | None) -> str:
    """One of several targets, or all of them.

    >>> one_of("handlers", 2), one_of("projections", None)
    ('handlers.2', 'projections')
    """
    return targets if one is None else f"{targets}.{one}"


def _where(given: Any) -> str:
    """A target, as far as it can be judged without the scenario."""
    if not isinstance(given, str):
        raise ValueError('must be a text such as "disk", "handlers.2" or "client->handler"')
    target = target_of(given)
    known = (*_PARTS, *LINK_NAMES)
    if target.place not in known:
        hint = did_you_mean(target.place, known)
        raise ScenarioError((Problem("", given, "nothing to strike is called so", hint or _listed(known)),))
    if target.one is not None:
        _check_one(given, target, target.one)
    return str(given)


def _check_one(given: str, target: Target, one: str) -> None:
    """Whether a target has parts, and what they are called."""
    if target.place in _SINGLE or (target.kind == "links" and target.place != TO_PROJECTION):
        message = f'"{target.place}" is one, so nothing may follow it'
        raise ScenarioError((Problem("", given, message, f'write "{target.place}"'),))
    if not one:
        raise ScenarioError((Problem("", given, "names nothing behind the dot", f'for all write "{target.place}"'),))
    if target.place == "handlers" and (not one.isascii() or not one.isdecimal() or str(int(one)) != one):
        raise ScenarioError((Problem("", given, "must name a shard by its number, from 0", 'write "handlers.0"'),))


def _link(given: Any) -> str:
    """A link, or the way to one projection."""
    if isinstance(given, str) and given.startswith(f"{TO_PROJECTION}."):
        return _where(given)
    if not isinstance(given, str) or given not in LINK_NAMES:
        hint = did_you_mean(given, LINK_NAMES)
        message = "no such link" if hint else f"no such link; {_listed(LINK_NAMES)}"
        raise ScenarioError((Problem("", given, message, hint),))
    return str(given)


def _links(given: Any) -> tuple[str, ...]:
    """One link or several, each once."""
    listed = (given,) if isinstance(given, str) else given
    if not isinstance(listed, Iterable) or isinstance(listed, Mapping):
        raise ValueError("must be a link, or a list of links")
    links, problems = [], []
    for place, one in enumerate(listed):
        try:
            links.append(_link(one))
        except ScenarioError as error:
            problems += [problem.below("" if isinstance(given, str) else str(place)) for problem in error.problems]
    if problems:
        raise ScenarioError(problems)
    if not links:
        raise ValueError("needs at least one link")
    if len(set(links)) < len(links):
        raise ValueError("has the same link twice")
    return tuple(links)


def _listed(names: Iterable[str]) -> str:
    return "there are " + ", ".join(f'"{name}"' for name in names)


_WAY_TO_ONE = {"type": "string", "pattern": rf"^{TO_PROJECTION}\.[^.]+$"}
_LINK_SCHEMA: dict[str, Any] = {"anyOf": [{"enum": list(LINK_NAMES)}, _WAY_TO_ONE]}
_WHERE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"enum": [*_PARTS, *LINK_NAMES]},
        {"type": "string", "pattern": r"^handlers\.[0-9]+$"},
        {"type": "string", "pattern": r"^(projections|clients)\.[^.]+$"},
        _WAY_TO_ONE,
    ]
}
_LINKS_SCHEMA = {"anyOf": [_LINK_SCHEMA, {"type": "array", "items": _LINK_SCHEMA, "minItems": 1}]}

Where: TypeAlias = Annotated[str, Checked(_where, 'a text such as "disk" or "handlers.2"', _WHERE_SCHEMA)]
LinkOrWay: TypeAlias = Annotated[str, Checked(_link, "a link", _LINK_SCHEMA)]
if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    LinksSetting: TypeAlias = Accepts[tuple[str, ...], str | Iterable[str]]
else:
    LinksSetting = Annotated[tuple[str, ...], Checked(_links, "a link, or a list of links", _LINKS_SCHEMA)]
