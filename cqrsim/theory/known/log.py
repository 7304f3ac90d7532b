"""The event store's log: how it fills, who conflicts in it, what is stored twice, what a loss of power takes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

import cqrsim as cq
from cqrsim.messages import AppendOutcome
from cqrsim.moments import Moment
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import mean_s, on_its_own, quantiles_s, system, window
from cqrsim.units import bytes_, ms, per_second, seconds

RATE, INVALID, CAPACITY = 200.0, 0.25, 1_000_000
EARLY_S = 8.0
"""How long the store surely has room."""


def filling() -> Oracle:
    """Events, and error events unless these go elsewhere, until the disk is full."""
    with_errors, without = cq.ForwardEvent(), cq.ErrorCache(keep_for=seconds(30))
    accepted, refused = RATE * (1 - INVALID) * 600, RATE * INVALID * 250
    growth, second = accepted + refused, RATE * ((1 - INVALID) * 600**2 + INVALID * 250**2)
    full = CAPACITY / growth + second / (2 * growth**2)
    told = {"full after": full, "growth, bytes per s": growth, "error share": refused / growth}
    return Oracle(
        id="O16",
        title="Growth of the store and time to a full disk, with and without error events",
        source="compound Poisson process, Cox 1962",
        formula="growth = lambda E[B]; full after C/g + E[B^2] / (2 E[B] g); equal sizes s: (floor(C/s) + 1) / lambda",
        cases=(
            Case(_filling(with_errors, 600, 250), _growth, told, 0.02, runs=24, name="error events"),
            Case(
                _filling(with_errors, 500, 500), _growth, {"full after": (CAPACITY // 500 + 1) / RATE}, 0.01,
                runs=24, name="equal sizes",
            ),
            Case(_filling(without, 600, 250), _growth, {"growth, bytes per s": accepted}, 0.02, name="error cache"),
        ),
    )  # fmt: skip


def _filling(feedback: cq.AnyFeedback, event: int, error: int) -> cq.Scenario:
    clients = cq.Clients(
        cq.Poisson(per_second(RATE)), invalid=INVALID, event_size=bytes_(event), error_size=bytes_(error)
    )
    return system(RATE, 14, 0, clients=clients, feedback=feedback, disk=cq.Disk(capacity=bytes_(CAPACITY)))


def _growth(run: cq.Run) -> Mapping[str, float]:
    events, summary = run.events(), run.summary().set_index("metric")["value"]
    early = events[events["written_ms"] < EARLY_S * 1e3]
    errors = early.loc[early["kind"] == "error", "size_bytes"].sum()
    return {
        "full after": float(summary["time_to_full_s"]),
        "growth, bytes per s": early["size_bytes"].sum() / EARLY_S,
        "error share": errors / early["size_bytes"].sum(),
    }


def conflicts() -> Oracle:
    """Load, decide, append at the expected version, without turns: whoever loses the race is refused."""
    rate, takes, gap = 50.0, 0.02, 0.02
    stream = _racing(cq.Clients(cq.Poisson(per_second(rate))), cq.Constant(seconds(takes)), cq.Evenly(1))
    pairs = tuple(seconds(second) + ms(offset) for second in range(1000) for offset in (0, 20))
    two = _racing(cq.Clients(cq.Recorded(times=pairs)), cq.Exponential(seconds(takes)), cq.Evenly(1), length=1001)
    return Oracle(
        id="conflicts",
        title="Optimistic conflicts: a stream of commands at one aggregate, and pairs of commands",
        source="a counter with dead time, Feller 1948; elementary",
        formula="constant append time d: lambda d / (1 + lambda d) conflict; pairs a gap apart: exp(-gap / d) / 2",
        cases=(
            Case(stream, _conflicts, {"conflict share": rate * takes / (1 + rate * takes)}, 0.01, name="stream"),
            Case(two, _conflicts, {"conflict share": math.exp(-gap / takes) / 2}, 0.02, name="pairs"),
        ),
    )


def _racing(
    clients: cq.Clients, takes: cq.AnyDistribution, aggregates: cq.AnyAggregates, length: float = 62
) -> cq.Scenario:
    """Appends take their time on the way to the store; loads take none."""
    return system(
        1, length, 0,
        clients=clients,
        aggregates=aggregates,
        state=cq.LoadDecideAppend(retries=0, give_up_after=None),
        handlers=cq.Handlers(turn="none", workers=1000),
        network=cq.Network(store_to_handler=on_its_own(cq.Constant(ms(0))), handler_to_store=on_its_own(takes)),
    )  # fmt: skip


def _conflicts(run: cq.Run) -> Mapping[str, float]:
    return {"conflict share": (window(run)["reason"] == "conflict").mean()}


def stored_twice() -> Oracle:
    """A client that tries again when the answer was lost, and a store that does not recognise it."""
    lost = 0.2
    retries = cq.Retries(at_most=1, first=ms(1), after=("timeout",))
    scenario = system(
        100, 62,
        clients=cq.Clients(cq.Poisson(per_second(100)), patience=ms(50), retries=retries),
        faults=cq.LostMessages(share=lost, link="handler->client"),
        feedback=cq.SyncValidation(answer_at="written"),
        disk=cq.Disk(write=ms(1)),
    )  # fmt: skip
    return Oracle(
        id="stored-twice",
        title="Retries without dedupe store twice what was durable and not answered",
        source="elementary",
        formula="share stored twice = share of answers lost",
        cases=(Case(scenario, _twice, {"stored twice": lost}, 0.01),),
    )


def _twice(run: cq.Run) -> Mapping[str, float]:
    return {"stored twice": (window(run)["truth"] == "stored_twice").mean()}


def power_loss() -> Oracle:
    """Answers after the write, flushes now and then, and power that fails at a random moment."""
    rate = 500.0
    return Oracle(
        id="power-loss",
        title="Acknowledged before flushed: what a loss of power takes",
        source="elementary: a uniform phase",
        formula="lost = rate * flush interval / 2",
        cases=tuple(
            Case(_flushing(rate, every), _lost, {"lost events": rate * every / 2}, 0.08, runs=200, name=f"{every:g} s")
            for every in (0.02, 0.1)
        ),
    )


def _flushing(rate: float, every: float) -> cq.Scenario:
    at_random = cq.Renewal(up=cq.Uniform(ms(300), ms(700)), down=seconds(100))
    return system(
        rate, 0.8, 0,
        store=cq.EventStore(flush=seconds(every), answer_after="write"),
        faults=cq.Fault(cq.Crash(power=True, restart=ms(50)), where="store", when=at_random),
        drain=seconds(1),
    )  # fmt: skip


def _lost(run: cq.Run) -> Mapping[str, float]:
    failed, answered = run.trace.of(Moment.APPEND_FAILED), run.trace.of(Moment.APPEND_ANSWERED)
    lost = failed.command[failed.outcome == AppendOutcome.CRASHED]
    return {"lost events": float(np.isin(lost, answered.command[answered.outcome == AppendOutcome.OK]).sum())}


def periodic_flush() -> Oracle:
    """What is written waits for the next flush, wherever in between it came."""
    every, flush = 0.1, 0.004
    store = cq.EventStore(flush=seconds(every))
    theory = {"durable": every / 2 + flush, "durable, p99": 0.99 * every + flush}
    return Oracle(
        id="periodic-flush",
        title="Flushes at a steady pace: time to durable",
        source="elementary: a uniform phase",
        formula="durable after U(0, interval) + flush time",
        cases=(Case(system(200, 42, store=store, disk=cq.Disk(flush=seconds(flush))), _durable, theory, 0.01),),
    )


def _durable(run: cq.Run) -> Mapping[str, float]:
    durable_ms = window(run)["durability_ms"]
    return {"durable": mean_s(durable_ms), "durable, p99": quantiles_s(durable_ms, 0.99)[0]}


ORACLES = (filling, conflicts, stored_twice, power_loss, periodic_flush)
