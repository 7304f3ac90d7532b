"""Clients that look for their outcome: polls at given times, and refusals that are kept for a while only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any

import cqrsim as cq
from cqrsim.theory.formulas.delays import found_while_kept, growing, looking, poisson_cut_at
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import mean_s, on_its_own, system, window, window_series
from cqrsim.units import ms, per_second, seconds


def polling() -> Oracle:
    """A client that looks at given times for an outcome that comes at a random one."""
    steady, backing_off = cq.Polling(ms(100)), cq.Polling(ms(20), factor=2.0, cap=ms(500))
    gentle = cq.Polling(ms(10), factor=1.5, cap=ms(200), at_most=60)
    return Oracle(
        id="O14",
        title="Time to a known outcome, and polls, at a steady pace and with back-off",
        source="elementary: a sum over the gaps",
        formula="E[known] = sum of (t_k - t_(k-1)) P(X > t_(k-1)); polls = sum of P(X > t_(k-1))",
        cases=(
            _polling("fast", steady, 0.02, repeat(0.1), precision=0.01),
            _polling("slow", steady, 0.2, repeat(0.1)),
            _polling("back-off", backing_off, 0.2, growing(0.02, 2.0, 0.5)),
            _polling("gentle back-off", gentle, 0.1, growing(0.01, 1.5, 0.2)),
        ),
    )


def _polling(name: str, poll: cq.Polling, mean: float, gaps: Iterator[float], precision: float = 0.02) -> Case:
    """Commands so far apart that none waits for another."""
    known = looking(lambda time: math.exp(-time / mean), gaps)
    scenario = system(
        0.2, 2500, 0,
        clients=cq.Clients(cq.Regular(seconds(5))),
        feedback=cq.ForwardEvent(poll=poll),
        disk=cq.Disk(write=cq.Exponential(seconds(mean))),
    )  # fmt: skip
    return Case(scenario, _known, {"known": known.known, "polls": known.looks}, precision, name=name)


def _known(run: cq.Run) -> Mapping[str, float]:
    commands = window(run)
    return {"known": mean_s(commands["feedback_ms"]), "polls": commands["polls"].mean()}


def random_phase() -> Oracle:
    """The first answer comes at a random time, and so do the polls that begin with it."""
    poll, late = 0.1, 0.2
    scenario = system(
        0.2, 2500, 0,
        clients=cq.Clients(cq.Regular(seconds(5))),
        feedback=cq.ForwardEvent(poll=seconds(poll)),
        network=cq.Network(handler_to_client=cq.Uniform(ms(0), seconds(poll)), handler_to_store=seconds(late)),
        disk=cq.Disk(write=cq.Exponential(ms(50))),
    )  # fmt: skip
    return Oracle(
        id="random-phase",
        title="Polls whose phase is random find an outcome half an interval late",
        source="elementary: a uniform phase",
        formula="E[known] = E[X] + P / 2, if X is never before the first poll",
        cases=(Case(scenario, _known, {"known": late + 0.05 + poll / 2}, 0.01),),
    )


def kept_for_a_while() -> Oracle:
    """A refusal that is readable for a while only, and a client that looks in between."""
    poll, keep_for, mean, rate = 0.1, 0.06, 0.05, 100.0
    found = found_while_kept(mean, poll, keep_for)
    theory = {"found share": found, "entries": rate * keep_for}
    feedback = cq.ErrorCache(keep_for=seconds(keep_for), poll=cq.Polling(seconds(poll), at_most=20))
    network = cq.Network(handler_to_cache=on_its_own(cq.Exponential(seconds(mean))))
    return Oracle(
        id="cache-time",
        title="An error cache that forgets: entries alive, and refusals that are found in time",
        source="M/G/inf, Takacs 1962; elementary",
        formula="entries = lambda ttl; found = (e^(ttl/m) - 1) e^(-P/m) / (1 - e^(-P/m))",
        cases=(Case(_refusing(rate, feedback, network=network), _cache, theory, 0.02),),
    )


def kept_as_long_as_there_is_room() -> Oracle:
    """A cache with few places, in which a new entry pushes the oldest out."""
    rate, keep_for, look, places = 50.0, 0.2, 0.15, 8
    feedback = cq.ErrorCache(keep_for=seconds(keep_for), at_most=places, poll=cq.Polling(seconds(look), at_most=1))
    still_there = math.fsum(_poisson_chance(rate * look, number) for number in range(places))
    theory = {"entries": poisson_cut_at(rate * keep_for, places), "found share": still_there}
    return Oracle(
        id="cache-room",
        title="An error cache with eight places: entries alive, and refusals not yet pushed out",
        source="M/G/inf, Takacs 1962",
        formula="entries = E[min(k, Poisson(lambda ttl))]; found at t = P(Poisson(lambda t) < k)",
        cases=(Case(_refusing(rate, feedback), _cache, theory, 0.02),),
    )


def _poisson_chance(mean: float, number: int) -> float:
    return math.exp(-mean) * mean**number / math.factorial(number)


def _refusing(rate: float, feedback: cq.ErrorCache, **parts: Any) -> cq.Scenario:
    """Commands that are all refused."""
    clients = cq.Clients(cq.Poisson(per_second(rate)), invalid=1.0)
    return system(rate, 42, clients=clients, feedback=feedback, **parts)


def _cache(run: cq.Run) -> Mapping[str, float]:
    return {
        "found share": (window(run)["channel"] == "error_cache").mean(),
        "entries": window_series(run)["cache_entries"].mean(),
    }


ORACLES = (polling, random_phase, kept_for_a_while, kept_as_long_as_there_is_room)
