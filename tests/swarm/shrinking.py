"""From a scenario that fails to a small one that fails in the same way."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from typing import Any

import cqrsim as cq
from cqrsim import ms, per_second
from cqrsim.errors import CqrsimError

from .checks import Failure, failures

DEFAULTS = {"rule": None, "feedback": cq.SyncValidation(), "state": cq.FromGenerated()}

Fails = Callable[[cq.Scenario], bool]


def shrink(scenario: cq.Scenario, seed: int, failure: Failure, say: Callable[[str], object] = print) -> cq.Scenario:
    """Take away whatever is not needed for the failure, until nothing can be taken away any more."""

    def fails(candidate: cq.Scenario) -> bool:
        return any(found.way == failure.way for found in failures(candidate, seed, (failure.check,)))

    smaller: cq.Scenario | None = scenario
    while smaller is not None:
        scenario = smaller
        smaller = next((candidate for candidate in _smaller(scenario) if fails(candidate)), None)
        if smaller is not None:
            say(f"  {_size(smaller)}")
    return scenario


def _size(scenario: cq.Scenario) -> str:
    return f"{len(scenario.faults)} faults, {len(scenario.groups)} groups, {scenario.length}: {len(repr(scenario))}"


def _smaller(scenario: cq.Scenario) -> Iterator[cq.Scenario]:
    """Every scenario that lacks one thing; those that make no sense are left out."""
    for change in _changes(scenario):
        try:
            candidate = scenario.with_(change)
        except CqrsimError:
            continue
        if candidate != scenario:
            yield candidate


def _changes(scenario: cq.Scenario) -> Iterator[dict[str, Any]]:
    for number in range(len(scenario.faults)):
        yield {"faults": scenario.faults[:number] + scenario.faults[number + 1 :]}
    for name in ("groups", "views"):
        parts = getattr(scenario, name)
        if len(parts) > 1:
            for part in parts:
                yield {"clients" if name == "groups" else "projections": (part,)}
    if scenario.length > ms(20):
        yield {"length": ms(int(scenario.length) // 2_000_000)}
    yield {"grace": ms(0)}
    yield from _plain_parts(scenario)
    yield from _fewer_commands(scenario)
    for count in (1, 2, 3):
        if not isinstance(scenario.aggregates, cq.Evenly) or scenario.aggregates.count > count:
            yield {"aggregates": cq.Evenly(count)}


def _plain_parts(scenario: cq.Scenario) -> Iterator[dict[str, Any]]:
    """Back to defaults: whole parts first, then their settings one by one."""
    for name in ("network", "disk", "store", "handlers", "state", "feedback", "rule"):
        part = getattr(scenario, name)
        if name in DEFAULTS:
            yield {name: DEFAULTS[name]}
        with suppress(CqrsimError, TypeError):
            plain = type(part)()
            yield {name: plain}
            for changed in _plain_settings(part, plain, ("kind", "parts")):
                yield {name: changed}
    for kind, parts in (("clients", scenario.groups), ("projections", scenario.views)):
        for number, part in enumerate(parts):
            plain = cq.Clients(part.arrivals, name=part.name) if kind == "clients" else cq.Projection(name=part.name)
            for changed in _plain_settings(part, plain, ("kind", "name", "arrivals")):
                yield {kind: (*parts[:number], changed, *parts[number + 1 :])}


def _plain_settings(part: Any, plain: Any, kept: tuple[str, ...]) -> Iterator[Any]:
    """The part with one setting after the other as it is by default."""
    for field in fields(part):
        if field.init and field.name not in kept:
            with suppress(CqrsimError):
                yield part.variant(**{field.name: getattr(plain, field.name)})


def _fewer_commands(scenario: cq.Scenario) -> Iterator[dict[str, Any]]:
    for number, group in enumerate(scenario.groups):
        rate = group.arrivals.mean_rate()
        fewer: list[cq.AnyArrivals] = []
        if rate is not None and not isinstance(group.arrivals, cq.Regular):
            fewer.append(cq.Regular(ms(max(1, round(1000 / float(rate))))))
        if rate is not None and float(rate) > 10:
            fewer += [cq.Regular(ms(max(1, round(2000 / float(rate))))), cq.Poisson(per_second(float(rate) / 2))]
        for arrivals in fewer:
            if arrivals != group.arrivals:
                changed = group.variant(arrivals=arrivals)
                yield {"clients": (*scenario.groups[:number], changed, *scenario.groups[number + 1 :])}
