"""Session guarantees: how often a user does not see what it wrote, or has seen (Terry et al. 1994)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import cqrsim as cq
from cqrsim.theory.formulas.delays import Stages
from cqrsim.theory.known.visibility import later
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import system
from cqrsim.units import ms, seconds

LAG, THINK, GAP = 50.0, 10.0, 0.02
"""Rates of lags and of thinking, per second; time between two reads or two writes of a user."""


def sessions() -> Oracle:
    """Lags are exponential, and independent of each other."""
    lag, thinking = cq.Exponential(seconds(1 / LAG)), cq.Exponential(seconds(1 / THINK))
    back = math.exp(-LAG * GAP) / 2 * (THINK / (THINK + LAG) - THINK / (THINK + 2 * LAG))
    replicas = (cq.Projection(name="a"), cq.Projection(name="b"))
    twice = cq.OwnReads(after=thinking, count=2, gap=seconds(GAP), of=("a", "b"))
    slow = cq.Projection(apply=cq.Exponential(ms(5)))
    reading = [
        ("after 50 ms", cq.OwnReads(after=ms(50)), cq.Projection(), math.exp(-LAG * 0.05)),
        ("after thinking", cq.OwnReads(after=thinking), cq.Projection(), THINK / (THINK + LAG)),
        ("two stages", cq.OwnReads(after=ms(50)), slow, Stages((200.0, LAG)).survival(0.05)),
    ]
    return Oracle(
        id="O30",
        title="Read your writes, monotonic reads, monotonic writes: how often they are violated",
        source="elementary; definitions of Terry et al. 1994",
        formula="P(lag > delay); 1/2 e^(-nu gap) (g / (g + nu) - g / (g + 2 nu)); 1/2 e^(-nu gap)",
        cases=(
            *(
                Case(_own_reads(reads, later(lag), view), _unseen, {"unseen": unseen}, 0.03, name=name)
                for name, reads, view, unseen in reading
            ),
            Case(_own_reads(twice, later(lag), replicas), _less, {"less": back}, 0.05, runs=50, name="two replicas"),
            Case(_pairs(later(lag)), _inverted, {"inverted": math.exp(-LAG * GAP) / 2}, 0.03, name="two writes"),
        ),
    )


def _own_reads(
    reads: cq.OwnReads, network: cq.Network, views: cq.Projection | tuple[cq.Projection, ...]
) -> cq.Scenario:
    """A user each half second, who reads what it has just written."""
    return system(
        2, 1000, 0,
        clients=cq.Clients(cq.Regular(ms(500)), own_reads=reads),
        feedback=cq.SyncValidation(answer_at="written"),
        network=network,
        projections=views,
    )  # fmt: skip


def _pairs(network: cq.Network) -> cq.Scenario:
    """Two writes, a little apart, each second."""
    times = tuple(seconds(second) + offset for second in range(1000) for offset in (seconds(0), seconds(GAP)))
    return system(1, 1001, 0, clients=cq.Clients(cq.Recorded(times=times)), network=network)


def _unseen(run: cq.Run) -> Mapping[str, float]:
    reads = run.reads()
    return {"unseen": reads.loc[reads["read_your_writes_floor"] >= 0, "read_your_writes_violated"].mean()}


def _less(run: cq.Run) -> Mapping[str, float]:
    reads = run.reads()
    return {"less": reads.loc[reads["monotonic_reads_floor"] >= 0, "monotonic_reads_violated"].mean()}


def _inverted(run: cq.Run) -> Mapping[str, float]:
    visible = run.commands()["visible_ms"].to_numpy()
    return {"inverted": (visible[1::2] < visible[0::2]).mean()}


ORACLES = (sessions,)
