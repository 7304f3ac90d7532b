"""The same marks through an independent recursion give the same times, to the nanosecond."""

import numpy as np

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.moments import Moment
from cqrsim.plan.plan import lower
from cqrsim.theory import oracles
from cqrsim.theory.formulas.paths import lindley
from cqrsim.trace import Trace


def times_ns(trace: Trace, moment: Moment) -> np.ndarray:
    """When each command reached a moment, by command; every one must have, once."""
    rows = trace.of(moment)
    assert np.array_equal(np.sort(rows.command), np.arange(len(trace.marks)))
    return rows.time[np.argsort(rows.command)]


def test_from_the_intended_time_a_closed_client_shows_the_stall() -> None:
    """It records one slow command, but its next ones were meant to be issued long before (coordinated omission)."""
    closed = next(case for case in oracles()["O33"].cases if case.name == "closed")
    feedback_ms = cq.simulate(closed.scenario, seed=1).commands().feedback_ms.to_numpy()
    assert np.quantile(feedback_ms, 0.75, method="inverted_cdf") > 40_000


def test_the_summary_shows_the_stall() -> None:
    """The percentiles that people read are those of theory."""
    opened = next(case for case in oracles()["O33"].cases if case.name == "open")
    summary = cq.simulate(opened.scenario, seed=1).summary().set_index(["metric", "stat"]).value
    assert [summary["feedback_ms", stat] for stat in ("p50", "p99")] == [1.0, 98_000.0]


def test_a_tandem_of_handler_disk_and_projection_obeys_lindleys_recursion() -> None:
    """2,000 commands through three stations: every time equals the recursion's, computed from the same marks."""
    scenario = cq.Scenario(
        clients=cq.Clients(cq.Poisson(per_second(200))),
        handlers=cq.Handlers(validate=cq.Exponential(ms(4))),
        disk=cq.Disk(write=cq.LogNormal(p50=ms(2), p99=ms(20))),
        projections=cq.Projection(apply=cq.Gamma(mean=ms(4), cv=0.5)),
        aggregates=cq.Evenly(10**9),
        length=seconds(10),
        state=cq.FromGenerated(give_up_after=None),
    )
    plan = lower(scenario, seed=5)
    assert len(plan.marks) > 1_900
    services = (plan.handler.validate[0], plan.disk.write[0], plan.projections[0].apply[0])
    times = plan.marks.intended.tolist()
    trace = cq.simulate(scenario, seed=5).trace
    for service, moment in zip(services, (Moment.DECIDED, Moment.WRITTEN, Moment.APPLIED), strict=True):
        times = lindley(times, service)
        assert times_ns(trace, moment).tolist() == times
