"""One command at a time for each aggregate: how long each source of state holds the turn, and what a timeout does."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

import cqrsim as cq
from cqrsim.messages import Decision
from cqrsim.moments import Moment
from cqrsim.theory.formulas.delays import Moments, Stages
from cqrsim.theory.formulas.queues import pollaczek_khinchine
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import mean_s, on_its_own, system, window
from cqrsim.units import ms, seconds

RATE, VALIDATE = 20.0, 0.001
WRITE, PUBLISH = 200.0, 50.0
"""Writes and publications per second, both exponential."""
GIVE_UP, FAILING = 0.1, 0.01


def turns() -> Oracle:
    """The turn is M/G/1: what a design waits for is what the next command of the aggregate waits for."""
    there_and_back = Stages((WRITE, PUBLISH))
    round_trip = there_and_back.cut_at(100.0)
    cut = there_and_back.cut_at(GIVE_UP).mixed_with(Moments(GIVE_UP, GIVE_UP**2), FAILING)
    answered = Stages((WRITE,)).cut_at(100.0)
    false = (1 - FAILING) * there_and_back.survival(GIVE_UP)
    timeouts = {"timeouts": false + FAILING, "false timeouts": false}
    giving_up = _at_one_aggregate(cq.FromPublished(give_up_after=seconds(GIVE_UP)), 305, faults=_FAILURES)
    precise = {"wait": 0.03, "hold": 0.02, "timeouts": 0.05, "false timeouts": 0.05}
    return Oracle(
        id="O17",
        title="The turn of an aggregate as M/G/1: own store, generated events, published events, with a timeout",
        source="Pollaczek 1930, Khinchine 1932",
        formula="hold = v | v + W | v + W + P | v + min(W + P, timeout); wait = lambda E[H^2] / (2 (1 - lambda E[H]))",
        cases=(
            Case(_at_one_aggregate(cq.OwnStore(), 305), _turns, _of(Moments(0.0, 0.0)), 0.05, name="1"),
            Case(_at_one_aggregate(cq.FromGenerated(give_up_after=None), 255), _turns, _of(answered), 0.03, name="2b"),
            Case(_at_one_aggregate(cq.FromPublished(), 255), _turns, _of(round_trip), 0.03, name="2a"),
            Case(giving_up, _turns, _of(cut) | timeouts, precise, name="2a, timeout"),
        ),
    )


_FAILURES = (cq.WriteErrors(share=FAILING),)


def _of(waits: Moments) -> dict[str, float]:
    """What is held, and what is waited for it, when this is waited for after validation."""
    hold = waits.plus(VALIDATE)
    wait = {"wait": pollaczek_khinchine(RATE, hold.mean, hold.second)}
    return wait if waits.mean == 0 else {"hold": hold.mean} | wait


def _at_one_aggregate(state: cq.AnyState, length: float, **parts: object) -> cq.Scenario:
    return system(
        RATE, length, 5,
        state=state,
        aggregates=cq.Evenly(1),
        handlers=cq.Handlers(validate=seconds(VALIDATE), workers=1000),
        disk=cq.Disk(write=cq.Exponential(seconds(1 / WRITE))),
        network=cq.Network(store_to_subscriber=on_its_own(cq.Exponential(seconds(1 / PUBLISH)))),
        **parts,
    )  # fmt: skip


def _turns(run: cq.Run) -> Mapping[str, float]:
    commands, count = window(run), len(run.trace.of(Moment.ADMITTED))
    timeouts = run.trace.of(Moment.HANDLER_GAVE_UP)
    wrong = np.isin(timeouts.command, run.trace.of(Moment.WRITTEN).command)
    return {
        "wait": mean_s(commands["turn_wait_ms"]),
        "hold": mean_s(commands["turn_held_ms"]),
        "timeouts": len(timeouts) / count,
        "false timeouts": wrong.sum() / count,
    }


def double_accepts() -> Oracle:
    """2a with a timeout lets a second, excluding command in while the first one's append is still on its way."""
    appends, rate, give_up, aggregates = 5.0, 10.0, 0.1, 400
    clients = cq.Clients(cq.Poisson(cq.per_second(rate * aggregates)), changes=1)
    scenario = system(
        1, 2, 0,
        clients=clients,
        rule=cq.Range(0, 1),
        aggregates=cq.Evenly(aggregates),
        grace=seconds(0),
        state=cq.FromPublished(give_up_after=seconds(give_up)),
        network=cq.Network(handler_to_store=on_its_own(cq.Exponential(ms(1000 / appends)))),
    )  # fmt: skip
    still_on_its_way = math.exp(-appends * give_up)
    none_came = appends / (appends + rate) * math.exp(-(appends + rate) * give_up)
    return Oracle(
        id="double-accept",
        title="2a with a timeout: how often two excluding commands are both accepted",
        source="elementary: competing exponential times",
        formula="exp(-mu T) - mu / (mu + l) exp(-(mu + l) T) of the first appends",
        cases=(Case(scenario, _doubles, {"double accepts": still_on_its_way - none_came}, 0.02),),
    )


def _doubles(run: cq.Run) -> Mapping[str, float]:
    decided = run.trace.of(Moment.DECIDED)
    accepted = run.trace.marks.aggregate[decided.command[decided.outcome == Decision.ACCEPTED]]
    times = np.bincount(accepted)
    return {"double accepts": float((times > 1).sum() / (times > 0).sum())}


ORACLES = (turns, double_accepts)
