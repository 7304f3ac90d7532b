"""Outages and repairs: a disk that fails and comes back, and projections that catch up."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

import cqrsim as cq
from cqrsim.moments import Moment
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import system, window
from cqrsim.units import ms, seconds

FAILS, REPAIRS = 60.0, 2.0
"""Mean times to failure and to repair, in seconds."""
LONG, SHORT, CAUSES = 1000.0, 100.0, 40
"""Two spans of time, in seconds, and how many disks of which nothing else is asked but when they fail."""


def alternating_disk() -> Oracle:
    """A disk that is up and down in turns, from the start of a run, when it is surely up."""
    up = FAILS / (FAILS + REPAIRS)
    speed = 1 / FAILS + 1 / REPAIRS
    theory = {"up share of 100 s": up + (1 - up) * (1 - math.exp(-speed * SHORT)) / (speed * SHORT)}
    theory["P(up at 5 s)"] = up + (1 - up) * math.exp(-speed * 5)
    theory["up share of 1000 s"] = up + (1 - up) * (1 - math.exp(-speed * LONG)) / (speed * LONG)
    theory["failures per hour"] = 3600 / FAILS * theory["up share of 1000 s"]
    outages = cq.Renewal(up=cq.Exponential(seconds(FAILS)), down=cq.Exponential(seconds(REPAIRS)))
    causes = tuple(cq.Fault(cq.Full(), when=outages, name=f"cause {number}") for number in range(CAUSES))
    scenario = system(1, LONG, 0, clients=cq.Clients(cq.Regular(seconds(100))), faults=causes)
    return Oracle(
        id="O26",
        title="An alternating renewal disk: availability and failures",
        source="Cox 1962, Barlow and Proschan 1975",
        formula="P(up at t) = A + (1 - A) exp(-(f + r) t), A = MTBF / (MTBF + MTTR)",
        cases=(Case(scenario, _up_shares, theory, 0.01, runs=40),),
    )


def _up_shares(run: cq.Run) -> Mapping[str, float]:
    """Means over the causes, each of which fails and is repaired by itself."""
    faults = run.faults()
    periods = faults[faults["number"] < 0]
    begins, ends = periods["time_ms"].to_numpy() / 1e3, periods["until_ms"].fillna(np.inf).to_numpy() / 1e3
    down = {end: (np.clip(ends, 0, end) - np.clip(begins, 0, end)).sum() / CAUSES for end in (LONG, SHORT)}
    return {
        "up share of 100 s": 1 - down[SHORT] / SHORT,
        "up share of 1000 s": 1 - down[LONG] / LONG,
        "P(up at 5 s)": 1 - ((begins <= 5) & (ends > 5)).sum() / CAUSES,
        "failures per hour": (begins < LONG).sum() / CAUSES / LONG * 3600,
    }


def refused_share() -> Oracle:
    """Commands that come at random see the disk as it is on average."""
    often = cq.Renewal(up=cq.Exponential(ms(60)), down=cq.Exponential(ms(20)))
    scenario = system(150, 32, faults=cq.Fault(cq.Full(), when=often))
    return Oracle(
        id="refused-share",
        title="Poisson arrivals at a disk that is full now and then",
        source="PASTA, Wolff 1982",
        formula="refused share = MTTR / (MTBF + MTTR)",
        cases=(Case(scenario, _refused, {"refused share": 0.25}, 0.03),),
    )


def _refused(run: cq.Run) -> Mapping[str, float]:
    return {"refused share": (window(run)["truth"] == "not_durable").mean()}


def catching_up() -> Oracle:
    """A projection that reads 5,000 events again, and one that was away for a minute, while new events come."""
    speed, rate, backlog, away = 500.0, 300.0, 5000.0, 60.0
    at = backlog / rate
    rebuild, catch_up = backlog / (speed - rate), away * speed / (speed - rate)
    crash, absence = cq.ProjectionCrash(at=seconds(at), restart=seconds(0)), _away(away)
    from_checkpoint = {"rebuild": "checkpoint", "checkpoint_every": 1}
    return Oracle(
        id="O25",
        title="A projection that rebuilds, and one that catches up after an outage",
        source="busy period of M/G/1, Takacs 1962",
        formula="first passage of a backlog N: N / (mu - lambda); after an outage D: D mu / (mu - lambda) in all",
        cases=(
            Case(
                _rebuilding(rate, speed, at + 2 * rebuild, crash), _rebuild, {"rebuild of 5,000 events": rebuild},
                0.02, name="rebuild",
            ),
            Case(
                _rebuilding(rate, speed, 1 + 1.5 * catch_up, absence, **from_checkpoint), _stale,
                {"stale for": catch_up}, 0.01, runs=8, name="outage",
            ),
        ),
    )  # fmt: skip


def _away(for_seconds: float) -> cq.ProjectionCrash:
    return cq.ProjectionCrash(at=seconds(1), restart=seconds(for_seconds))


def _rebuilding(rate: float, speed: float, length: float, fault: cq.AnyFault, **parts: object) -> cq.Scenario:
    view = cq.Projection(apply=cq.Exponential(seconds(1 / speed)), **parts)  # type: ignore[arg-type]
    return system(rate, length, 0, projections=view, faults=fault, drain=seconds(60))


def _absence(run: cq.Run) -> tuple[int, int]:
    """When the projection crashed, and when it was there again (ns)."""
    begins = int(run.trace.of(Moment.CRASHED).time[0])
    restarted = run.trace.of(Moment.RESTARTED).time
    return begins, int(restarted[np.searchsorted(restarted, begins)])


def _rebuild(run: cq.Run) -> Mapping[str, float]:
    """Scaled to a backlog of 5,000, which it is but for the luck of the arrivals."""
    begins, ends = _absence(run)
    backlog = int((run.trace.of(Moment.WRITTEN).time <= begins).sum())
    return {"rebuild of 5,000 events": (ends - begins) / 1e9 * 5000 / backlog}


def _stale(run: cq.Run) -> Mapping[str, float]:
    begins, ends = _absence(run)
    return {"stale for": (ends - begins) / 1e9}


ORACLES = (alternating_disk, refused_share, catching_up)
