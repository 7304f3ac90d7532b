"""Pools of workers, shards, and rooms that are too small: Erlang's formulas and what Crommelin made of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import cqrsim as cq
from cqrsim.moments import Moment
from cqrsim.theory.formulas.queues import constant_pool_wait, erlang_c, finite_pool, pool_wait
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import mean_s, on_its_own, system, window
from cqrsim.units import ms

RATE, MEAN, WORKERS = 200.0, 0.01, 3


def pool() -> Oracle:
    """Several workers with one queue: busy while they decide, or until the store has answered."""
    theory = {"wait": pool_wait(RATE, MEAN, WORKERS), "P(waits)": erlang_c(WORKERS, RATE * MEAN)}
    service = cq.Exponential(ms(10))
    deciding = system(RATE, 62, handlers=cq.Handlers(workers=WORKERS, validate=service))
    waiting = system(
        RATE, 62,
        handlers=cq.Handlers(workers=WORKERS, worker_waits=True),
        network=cq.Network(handler_to_store=on_its_own(service)),
    )  # fmt: skip
    return Oracle(
        id="pool",
        title="M/M/3: workers that decide, and workers that wait for the store",
        source="Erlang 1917",
        formula="P(waits) = C(c, a); Wq = C(c, a) / (c mu - lambda)",
        cases=(
            Case(deciding, _waits, theory, 0.04, name="deciding"),
            Case(waiting, _waits, theory, 0.04, name="waiting for the store"),
        ),
    )


def constant_pool() -> Oracle:
    """Several workers that all take the same time."""
    scenario = system(RATE, 62, handlers=cq.Handlers(workers=WORKERS, validate=ms(10)))
    return Oracle(
        id="constant-pool",
        title="M/D/3: workers that take a constant time",
        source="Crommelin 1932",
        formula="q' = max(0, q + Poisson(lambda D) - c); Wq = E[q] / lambda",
        cases=(Case(scenario, _waits, {"wait": constant_pool_wait(RATE, MEAN, WORKERS)}, 0.04),),
    )


def shards() -> Oracle:
    """Separate handlers, each with its own queue: a Poisson stream that is divided at random."""
    each = RATE / 4
    scenario = system(RATE, 62, handlers=cq.Handlers(shards=4, validate=cq.Exponential(ms(10))))
    theory = {"wait": pool_wait(each, MEAN, 1), "P(waits)": each * MEAN}
    return Oracle(
        id="shards",
        title="Four M/M/1 queues instead of one pool",
        source="Poisson splitting; Kleinrock 1975",
        formula="each shard is M/M/1 with lambda / 4",
        cases=(Case(scenario, _waits, theory, 0.04),),
    )


def _waits(run: cq.Run) -> Mapping[str, float]:
    waits_ms = window(run)["turn_wait_ms"]
    return {"wait": mean_s(waits_ms), "P(waits)": (waits_ms > 0).mean()}


def finite_queue() -> Oracle:
    """A handler that refuses commands unread when too many wait."""
    return Oracle(
        id="finite-queue",
        title="M/M/1/5, M/M/3/4 and M/M/3/3: a full waiting room refuses",
        source="Erlang 1917; PASTA, Wolff 1982",
        formula="refused share = p_K, p_n proportional to a^n / (n! or c! c^(n - c))",
        cases=(
            _finite(rate=90, workers=1, places=4),
            _finite(rate=250, workers=3, places=1),
            _finite(rate=250, workers=3, places=0),
        ),
    )


def _finite(rate: float, workers: int, places: int) -> Case:
    known = finite_pool(rate, MEAN, workers, places)
    handlers = cq.Handlers(workers=workers, queue_limit=places, validate=cq.Exponential(ms(10)))
    theory = {"refused share": known.refused} | ({"wait of the others": known.wait} if places else {})
    return Case(system(rate, 62, handlers=handlers), _refused, theory, 0.03, name=f"{workers} + {places} places")


def _refused(run: cq.Run) -> Mapping[str, float]:
    commands = window(run)
    refused = commands["reason"] == "overloaded"
    return {"refused share": refused.mean(), "wait of the others": mean_s(commands["turn_wait_ms"][~refused])}


def finite_buffer() -> Oracle:
    """A projection whose subscription drops what finds its buffer full, and tells nobody."""
    rate, speed, places = 80.0, 100.0, 4
    projection = cq.Projection(apply=cq.Exponential(ms(1000 / speed)), buffer=places)
    known = finite_pool(rate, 1 / speed, 1, places)
    return Oracle(
        id="finite-buffer",
        title="M/M/1/5: events that find a projection's buffer full are dropped",
        source="Erlang 1917; PASTA, Wolff 1982",
        formula="dropped share = (1 - rho) rho^K / (1 - rho^(K + 1))",
        cases=(Case(system(rate, 102, projections=projection), _dropped, {"dropped share": known.refused}, 0.03),),
    )


def _dropped(run: cq.Run) -> Mapping[str, float]:
    dropped = run.trace.of(Moment.MESSAGE_LOST).command
    return {"dropped share": float(np.isin(window(run)["command"].to_numpy(), dropped).mean())}


ORACLES = (pool, constant_pool, shards, finite_queue, finite_buffer)
