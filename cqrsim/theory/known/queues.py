"""One server: handlers and disks as M/M/1, M/G/1, M/D/1, a tandem of stations, and a queue that starts empty."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

import cqrsim as cq
from cqrsim.theory.formulas.delays import Stages
from cqrsim.theory.formulas.queues import constant_service_wait_share, pollaczek_khinchine, waits_from_empty
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import append_waits_ms, mean_s, quantiles_s, system, window, window_series
from cqrsim.units import ms, seconds


def markov() -> Oracle:
    """A handler whose commands come and take their time at random."""
    rate, speed = 50.0, 100.0
    busy, stay = rate / speed, Stages((speed - rate,))
    theory = {"stay": stay.mean, "wait": busy / (speed - rate), "P(waits)": busy}
    theory |= {"in system": busy / (1 - busy), "in queue": busy**2 / (1 - busy)}
    theory |= {f"stay, p{100 * share:.0f}": stay.quantile(share) for share in (0.5, 0.95, 0.99)}
    scenario = system(rate, 102, handlers=cq.Handlers(validate=cq.Exponential(ms(10))))
    return Oracle(
        id="O01a",
        title="M/M/1: a handler at half load",
        source="Kleinrock 1975",
        formula="stay ~ Exp(mu - lambda); L = rho / (1 - rho); Wq = rho / (mu - lambda)",
        cases=(Case(scenario, _stays_and_numbers, theory, 0.05),),
    )


def _stays_and_numbers(run: cq.Run) -> Mapping[str, float]:
    commands, series = window(run), window_series(run)
    p50, p95, p99 = quantiles_s(commands["feedback_ms"], 0.5, 0.95, 0.99)
    return {
        "stay": mean_s(commands["feedback_ms"]),
        "wait": mean_s(commands["turn_wait_ms"]),
        "P(waits)": (commands["turn_wait_ms"] > 0).mean(),
        "in system": series["in_system"].mean(),
        "in queue": series["waiting"].mean(),
        "stay, p50": p50,
        "stay, p95": p95,
        "stay, p99": p99,
    }


def lognormal_writes() -> Oracle:
    """A disk whose writes vary much."""
    rate, mean, variation = 60.0, 0.01, 2.0
    wait = pollaczek_khinchine(rate, mean, mean**2 * (1 + variation))
    scenario = system(rate, 102, disk=cq.Disk(write=cq.LogNormal(mean=ms(10), cv=math.sqrt(variation))))
    return Oracle(
        id="O03",
        title="M/G/1: log-normal writes, squared coefficient of variation 2",
        source="Pollaczek 1930, Khinchine 1932",
        formula="Wq = lambda E[S^2] / (2 (1 - rho))",
        cases=(Case(scenario, _writes, {"stay": wait + mean, "wait": wait, "P(waits)": rate * mean}, 0.05),),
    )


def constant_writes() -> Oracle:
    """A disk whose writes all take the same time."""
    rate, service = 60.0, 0.01
    wait = pollaczek_khinchine(rate, service, service**2)
    theory = {"stay": wait + service, "wait": wait, "P(waits)": rate * service}
    theory["P(wait <= 5 ms)"] = constant_service_wait_share(rate, service, 0.005)
    theory["P(wait <= 25 ms)"] = constant_service_wait_share(rate, service, 0.025)
    return Oracle(
        id="O04",
        title="M/D/1: constant writes",
        source="Erlang 1909, Crommelin 1932",
        formula="P(Wq <= t) = (1 - rho) sum over j <= t/D of (-lambda (t - jD))^j / j! exp(lambda (t - jD))",
        cases=(Case(system(rate, 62, disk=cq.Disk(write=ms(10))), _writes, theory, 0.04),),
    )


def writes_and_flushes() -> Oracle:
    """A disk that writes in a random time and then flushes in a constant one."""
    rate, write, flush = 60.0, 0.006, 0.004
    mean, second = write + flush, 2 * write**2 + 2 * write * flush + flush**2
    wait = pollaczek_khinchine(rate, mean, second)
    scenario = system(rate, 62, disk=cq.Disk(write=cq.Exponential(ms(6)), flush=ms(4)))
    return Oracle(
        id="write-and-flush",
        title="M/G/1: each append is written (exponential) and flushed (constant)",
        source="Pollaczek 1930, Khinchine 1932",
        formula="Wq = lambda E[(W + F)^2] / (2 (1 - rho))",
        cases=(Case(scenario, _writes, {"stay": wait + mean, "wait": wait, "P(waits)": rate * mean}, 0.04),),
    )


def _writes(run: cq.Run) -> Mapping[str, float]:
    waits_ms = append_waits_ms(run)
    return {
        "stay": mean_s(window(run)["durability_ms"]),
        "wait": mean_s(waits_ms),
        "P(waits)": (waits_ms > 0).mean(),
        "P(wait <= 5 ms)": (waits_ms <= 5).mean(),
        "P(wait <= 25 ms)": (waits_ms <= 25).mean(),
    }


def tandem() -> Oracle:
    """Handler, disk and projection, one behind the other."""
    rate, stay = 50.0, Stages((50.0, 30.0, 70.0))
    theory = {"visible": stay.mean, "deviation": stay.deviation, "P(> 200 ms)": stay.survival(0.2)}
    theory |= {f"visible, p{100 * share:.0f}": stay.quantile(share) for share in (0.5, 0.95, 0.99)}
    scenario = system(
        rate, 203, 3,
        handlers=cq.Handlers(validate=cq.Exponential(seconds(1 / (rate + 50)))),
        disk=cq.Disk(write=cq.Exponential(seconds(1 / (rate + 30)))),
        projections=cq.Projection(apply=cq.Exponential(seconds(1 / (rate + 70)))),
    )  # fmt: skip
    return Oracle(
        id="O06",
        title="Tandem: handler, store, projection",
        source="Jackson 1957, Reich 1957",
        formula="sojourns at successive M/M/1 stations are independent Exp(mu_i - lambda)",
        cases=(Case(scenario, _visible, theory, dict.fromkeys(theory, 0.04) | {"P(> 200 ms)": 0.2}),),
    )


def _visible(run: cq.Run) -> Mapping[str, float]:
    visible_ms = window(run)["visibility_ms"]
    p50, p95, p99 = quantiles_s(visible_ms, 0.5, 0.95, 0.99)
    return {
        "visible": mean_s(visible_ms),
        "deviation": visible_ms.std() / 1e3,
        "P(> 200 ms)": (visible_ms > 200).mean(),
        "visible, p50": p50,
        "visible, p95": p95,
        "visible, p99": p99,
    }


def started_empty() -> Oracle:
    """The waits of the first hundred commands, which a mean over the run must not take for the usual ones."""
    rate, speed, count = 80.0, 100.0, 100
    waits = waits_from_empty(rate, speed, count)
    theory = {f"wait of command {number}": waits[number - 1] for number in (2, 10, 100)}
    theory["mean of the first 100"] = float(np.mean(waits))
    handlers = cq.Handlers(validate=cq.Exponential(seconds(1 / speed)))
    return Oracle(
        id="O37",
        title="M/M/1 started empty: how warm-up biases",
        source="the chain of numbers found, Kleinrock 1975",
        formula="L' = max(0, L + 1 - G), P(G = k) = a b^k, a = lambda / (lambda + mu)",
        cases=(Case(system(rate, 2.4, 0, handlers=handlers, grace=seconds(0)), _first_waits, theory, 0.15, runs=400),),
    )


def _first_waits(run: cq.Run) -> Mapping[str, float]:
    waits = run.commands()["turn_wait_ms"].to_numpy()[:100] / 1e3
    assert len(waits) == 100
    single = {f"wait of command {number}": waits[number - 1] for number in (2, 10, 100)}
    return single | {"mean of the first 100": waits.mean()}


ORACLES = (markov, lognormal_writes, constant_writes, writes_and_flushes, tandem, started_empty)
