"""What goes together: appends into one commit, events into one fetch of a projection."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import cqrsim as cq
from cqrsim.moments import Moment
from cqrsim.theory.formulas.batches import (
    GroupCommit,
    constant_commits,
    exponential_commits,
    left_over,
    windowed_commits,
)
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import mean_s, quantiles_s, system, window, window_s
from cqrsim.units import ms, seconds

RATE = 300.0


def group_commit() -> Oracle:
    """Appends that come during a commit go into the next, at most so many."""
    at_random, constant = cq.Exponential(ms(10)), cq.Constant(ms(10))
    return Oracle(
        id="O19",
        title="Group commit: M/M[1,8]/1, M/D[1,8]/1, M/D[1,inf]/1",
        source="Bailey 1954, Neuts 1967, Chaudhry and Templeton 1983",
        formula="root r of mu r^(b+1) - (lambda + mu) r + lambda; else the chain of lengths at the ends of commits",
        cases=(
            _commits("M/M[1,8]/1", exponential_commits(RATE, 100, 8), at_random, batch_at_most=8),
            _commits("M/D[1,8]/1", constant_commits(RATE, 0.01, 8), constant, batch_at_most=8),
            _commits("M/D[1,inf]/1", constant_commits(RATE, 0.01, None), constant, batch_at_most=None),
        ),
    )


def commit_window() -> Oracle:
    """A store that waits a little for others, before a write that takes no time."""
    no_time = cq.Constant(ms(0))
    case = _commits("", windowed_commits(RATE, 0.01), no_time, batch_window=ms(10), batch_at_most=None)
    return Oracle(
        id="commit-window",
        title="Group commit by a window of time",
        source="renewal-reward, Cox 1962",
        formula="batch = 1 + lambda w; durable after (w + lambda w w / 2) / (1 + lambda w)",
        cases=(case,),
    )


def _commits(name: str, known: GroupCommit, write: cq.AnyDistribution, **store: object) -> Case:
    """Times to durable and the work of the disk; busy is told only where the disk is what keeps appends waiting."""
    scenario = system(
        RATE, 22,
        disk=cq.Disk(write=write),
        store=cq.EventStore(**store),  # type: ignore[arg-type]
        grace=seconds(1),
    )  # fmt: skip
    theory = {"durable": known.durable, "batch": known.batch, "commits, per s": known.commits}
    if name:
        theory["busy"] = known.busy
    return Case(scenario, _batches, theory, 0.015, name=name)


def _batches(run: cq.Run) -> Mapping[str, float]:
    started, ended = run.trace.of(Moment.APPEND_STARTED), np.unique(run.trace.of(Moment.WRITTEN).time)
    begins, ends = int(run.scenario.warm_up), int(run.scenario.length)
    inside = (started.time >= begins) & (started.time < ends)
    busy = np.clip(ended[: len(started)], begins, ends) - np.clip(started.time[: len(ended)], begins, ends)
    return {
        "durable": mean_s(window(run)["durability_ms"]),
        "batch": started.value[inside].mean(),
        "commits, per s": inside.sum() / window_s(run),
        "busy": busy.sum() / (ends - begins),
    }


def polling_projection() -> Oracle:
    """A projection that fetches what is new every half second."""
    rate, poll = 50.0, 0.5
    apply = 0.002
    capped = (left_over(rate * poll, 30) + rate * poll / 2) / rate
    return Oracle(
        id="O20",
        title="A projection that polls: lag, one by one, at once, at most 30 a time",
        source="Bailey 1954; Little 1961",
        formula="lag = P/2 + c (1 + lambda P / 2); U(0, P); (E[q] + lambda P / 2) / lambda with the chain of leftovers",
        cases=(
            _fetching("2 ms each", {"lag": poll / 2 + apply * (1 + rate * poll / 2)}, apply=ms(2)),
            _fetching("at once", {"lag": poll / 2, "lag, p99": 0.99 * poll}),
            _fetching("at most 30", {"lag": capped}, batch=30),
        ),
    )


def _fetching(name: str, theory: Mapping[str, float], **settings: object) -> Case:
    projection = cq.Projection(poll=ms(500), **settings)  # type: ignore[arg-type]
    return Case(system(50, 102, projections=projection, grace=seconds(1)), _lags, theory, 0.01, name=name)


def _lags(run: cq.Run) -> Mapping[str, float]:
    lag_ms = window(run)["lag_ms"]
    return {"lag": mean_s(lag_ms), "lag, p99": quantiles_s(lag_ms, 0.99)[0]}


ORACLES = (group_commit, commit_window, polling_projection)
