"""When changes show: one projection and several, reads that come too early, outcomes that the end cuts off."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import cqrsim as cq
from cqrsim.theory.formulas.delays import last_of, mean_until_cut
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import mean_s, on_its_own, quantiles_s, system, window
from cqrsim.units import ms, per_second, seconds


def later(delay: cq.AnyDistribution) -> cq.Network:
    """Every event takes its own time to the projections."""
    return cq.Network(store_to_projection=on_its_own(delay))


def one_projection() -> Oracle:
    """A projection that shows every event after an exponential time."""
    rate = 50.0
    theory = {"P(visible in 10 ms)": 1 - math.exp(-rate * 0.01), "P(visible in 100 ms)": 1 - math.exp(-rate * 0.1)}
    theory["time to 99.9 %"] = math.log(1000) / rate
    scenario = system(100, 102, network=later(cq.Exponential(seconds(1 / rate))))
    return Oracle(
        id="O21c",
        title="Time to visibility in one asynchronous projection",
        source="N = R = W = 1 of PBS, Bailis et al. 2012",
        formula="P(visible by t) = 1 - exp(-nu t)",
        cases=(Case(scenario, _visible_by, theory, 0.02),),
    )


def _visible_by(run: cq.Run) -> Mapping[str, float]:
    lag_ms = window(run)["lag_ms"]
    return {
        "P(visible in 10 ms)": (lag_ms <= 10).mean(),
        "P(visible in 100 ms)": (lag_ms <= 100).mean(),
        "time to 99.9 %": quantiles_s(lag_ms, 0.999)[0],
    }


def fork_join() -> Oracle:
    """A change is visible when the last of several projections shows it."""
    rate, speed = 50.0, 100.0
    busy = rate / speed
    twins = (12 - busy) / 8 / (speed - rate)
    apply = cq.Exponential(ms(1000 / speed))
    pair = tuple(cq.Projection(apply=apply, name=name) for name in ("a", "b"))
    four = tuple(cq.Projection(name=name) for name in ("a", "b", "c", "d"))
    return Oracle(
        id="fork-join",
        title="Visible when the last projection has it: two queues, and four independent delays",
        source="Flatto and Hahn 1984; Rényi 1953",
        formula="two M/M/1: (12 - rho) / 8 / (mu - lambda); n delays: (1 + 1/2 + ... + 1/n) / nu",
        cases=(
            Case(system(rate, 102, projections=pair), _join, {"visible": twins}, 0.02, name="two queues"),
            Case(
                system(rate, 102, projections=four, network=later(apply)), _join,
                {"visible": last_of(4, 1 / speed)}, 0.01, name="four delays",
            ),
        ),
    )  # fmt: skip


def _join(run: cq.Run) -> Mapping[str, float]:
    return {"visible": mean_s(window(run)["lag_ms"])}


def stale_reads() -> Oracle:
    """What a read at a random time misses, of everything and of one aggregate among a hundred."""
    rate, speed, share = 50.0, 100.0, 0.01
    busy = rate / speed
    of_one = busy * share / (1 - busy + busy * share)
    apply = cq.Exponential(ms(1000 / speed))
    queueing = {"P(stale)": busy, "P(more than 3 behind)": busy**4, "events behind": busy / (1 - busy)}
    queueing |= {"aggregate: P(stale)": of_one, "aggregate: events behind": of_one / (1 - of_one)}
    parallel = {"aggregate: P(fresh)": math.exp(-rate * share / speed)}
    precise = dict.fromkeys(queueing, 0.05) | {"P(more than 3 behind)": 0.1}
    return Oracle(
        id="O29",
        title="Stale reads: the whole projection, and one of 100 aggregates",
        source="PASTA, Wolff 1982; thinning of a geometric number",
        formula="unseen events geometric(rho), of one aggregate geometric(rho p / (1 - rho + rho p))",
        cases=(
            Case(_read_at_random(projections=cq.Projection(apply)), _staleness, queueing, precise, name="one by one"),
            Case(_read_at_random(network=later(apply)), _staleness, parallel, 0.001, name="in parallel"),
        ),
    )


def _read_at_random(**parts: Any) -> cq.Scenario:
    clients = cq.Clients(cq.Poisson(per_second(50)), background_reads=cq.BackgroundReads(per_second(200)))
    return system(50, 102, clients=clients, aggregates=cq.Evenly(100), **parts)


def _staleness(run: cq.Run) -> Mapping[str, float]:
    reads = run.reads()
    reads = reads[reads["in_window"]]
    everything, aggregate = reads["global_versions_behind"], reads["versions_behind"]
    return {
        "P(stale)": (everything > 0).mean(),
        "P(more than 3 behind)": (everything > 3).mean(),
        "events behind": everything.mean(),
        "aggregate: P(stale)": (aggregate > 0).mean(),
        "aggregate: events behind": aggregate.mean(),
        "aggregate: P(fresh)": (aggregate == 0).mean(),
    }


def cut_off() -> Oracle:
    """Commands that are still under way when the run ends: nothing is dropped, and nothing invented."""
    rate, cutoff = 0.5, 3.0
    censored, naive, restricted = mean_until_cut(rate, cutoff)
    theory = {"censored share": censored, "restricted mean": restricted, "p50": math.log(2) / rate}
    theory |= {"P(> 2 s)": math.exp(-2 * rate), "naive mean": naive}
    scenario = system(
        1, 0.001, 0,
        clients=cq.Clients(cq.Recorded(times=(ms(0),) * 1000)),
        network=cq.Network(client_to_handler=on_its_own(cq.Exponential(seconds(1 / rate)))),
        grace=seconds(0),
        drain=seconds(cutoff - 0.001),
    )  # fmt: skip
    return Oracle(
        id="O34",
        title="Right-censored outcomes: naive mean against Kaplan and Meier",
        source="Kaplan and Meier 1958",
        formula="S = exp(-mu tau); restricted mean (1 - S) / mu",
        cases=(Case(scenario, _censored, theory, 0.02),),
    )


def _censored(run: cq.Run) -> Mapping[str, float]:
    feedback = run.summary().set_index(["metric", "stat"]).loc["feedback_ms"]
    told_ms = run.commands()["feedback_ms"]
    return {
        "censored share": feedback["n_censored"]["p50"] / feedback["n"]["p50"],
        "restricted mean": feedback["value"]["mean"] / 1e3,
        "p50": feedback["value"]["p50"] / 1e3,
        "P(> 2 s)": 1 - (told_ms <= 2000).mean(),
        "naive mean": told_ms.mean() / 1e3,
    }


ORACLES = (one_projection, fork_join, stale_reads, cut_off)
