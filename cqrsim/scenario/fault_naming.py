"""What faults are called, and which names and numbers they use; of values and of plain data alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cqrsim.errors import Problem
from cqrsim.scenario.faults import partition_names
from cqrsim.scenario.plain import get, listed, parts
from cqrsim.scenario.targets import target_of


@dataclass(frozen=True)
class Use:
    """A name that is used somewhere."""

    path: str
    name: Any
    what: str
    """What is called so: a "projection", a "group" or a "fault"."""
    start: str = ""
    """What stands before the name, such as "projections."."""


def names_of_faults(faults: Any) -> list[tuple[str, Any]]:
    """Where the faults stand, and what they are called once they are in their general form."""
    found: list[tuple[str, Any]] = []
    counts: dict[str, int] = {}
    for path, fault in parts("faults", faults):
        kind, name, links = str(get(fault, "kind")), get(fault, "name"), get(fault, "link")
        counts[kind] = counts.get(kind, 0) + 1
        name = f"{kind} {counts[kind]}" if name in (None, "none") else name
        several = isinstance(links, list | tuple) and bool(links) and all(map(_is_text, links)) and _is_text(name)
        found += [(path, one) for one in (partition_names(name, links) if several else (name,))]
    return found


def names_used_by_faults(scenario: Mapping[str, Any]) -> Iterator[Use]:
    """Where faults name projections, groups of clients and each other."""
    for path, fault in parts("faults", scenario.get("faults", ())):
        for field, what in (("projection", "projection"), ("group", "group")):
            if get(fault, field) not in (None, "none"):
                yield Use(f"{path}.{field}", get(fault, field), what)
        for place, where in _targets(path, fault):
            target = target_of(where)
            what = {"projections": "projection", "links": "projection", "clients": "group"}.get(target.kind, "")
            if target.one and what:
                yield Use(place, target.one, what, f"{target.place}.")
        if _before(fault) is not None:
            yield Use(f"{path}.when.fault", _before(fault), "fault")


def _targets(path: str, fault: Any) -> Iterator[tuple[str, str]]:
    """Texts that say where, with their paths."""
    for field in ("where", "link"):
        yield from ((place, text) for place, text in listed(f"{path}.{field}", get(fault, field)) if _is_text(text))


def _is_text(given: Any) -> bool:
    return isinstance(given, str)


def _before(fault: Any) -> Any:
    """The name of the fault that this one comes after."""
    when = get(fault, "when")
    return get(when, "fault") if get(when, "kind") == "AfterFault" else None


def order_mistakes(scenario: Mapping[str, Any]) -> Iterator[Problem]:
    """Shards that do not exist, and faults that wait for each other."""
    yield from _unknown_shards(scenario)
    yield from _circles(scenario.get("faults", ()))


def _unknown_shards(scenario: Mapping[str, Any]) -> Iterator[Problem]:
    shards = get(scenario.get("handlers"), "shards", 1)
    if "handlers" not in scenario or type(shards) is not int:
        return
    there_are = "there is 1 shard, number 0" if shards == 1 else f"there are {shards} shards, 0 to {shards - 1}"
    for path, fault in parts("faults", scenario.get("faults", ())):
        number = get(fault, "shard")
        if type(number) is int and number >= shards:
            yield Problem(f"{path}.shard", number, f"no such shard: {there_are}")
        for place, where in _targets(path, fault):
            one = target_of(where).one if target_of(where).kind == "handlers" else None
            if one and one.isascii() and one.isdecimal() and int(one) >= shards:
                yield Problem(place, where, f"no such shard: {there_are}")


def _circles(faults: Any) -> Iterator[Problem]:
    """Faults that come after themselves, each circle once."""
    names = {path: name for path, name in names_of_faults(faults) if _is_text(name)}
    after = {
        names[path]: _before(fault)
        for path, fault in parts("faults", faults)
        if path in names and _is_text(_before(fault))
    }
    paths = {name: path for path, name in names.items()}
    told: set[str] = set()
    for first in after:
        way = [first]
        while way[-1] in after and after[way[-1]] not in way:
            way.append(after[way[-1]])
        if after.get(way[-1]) == first and first not in told:
            told.update(way)
            yield Problem(f"{paths[first]}.when.fault", after[first], _circle(way))


def _circle(way: list[str]) -> str:
    if len(way) == 1:
        return "is the fault itself"
    return "goes in a circle: " + " after ".join(f'"{name}"' for name in (*way, way[0]))
