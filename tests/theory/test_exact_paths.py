"""The same marks through an independent recursion give the same times, to the nanosecond."""

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.moments import Moment
from cqrsim.plan.plan import lower
from cqrsim.trace import Trace

ARRIVALS_MS = (0, 3, 4, 4, 9, 10, 18, 19, 20, 20, 33, 34)
FIRST_SERVICE_MS = (5, 2, 4, 1, 6, 1, 2, 7, 3, 2, 1, 4)
SECOND_SERVICE_MS = (2, 2, 6, 1, 1, 3, 5, 1, 1, 4, 2, 2)
OUTAGES_MS = ((6, 16), (30, 36))
"""The twelve commands of a path computed by hand from Lindley's and Kiefer and Wolfowitz's recursions."""


def measured(values: tuple[int, ...]) -> cq.Empirical:
    return cq.Empirical(values=tuple(ms(value) for value in values), replay=True)


def twelve(**parts: object) -> cq.Scenario:
    clients = cq.Clients(cq.Recorded(times=tuple(ms(time) for time in ARRIVALS_MS)))
    return cq.Scenario(clients=clients, aggregates=cq.Evenly(10**6), length=seconds(1), **parts)  # type: ignore[arg-type]


def times_ns(trace: Trace, moment: Moment) -> np.ndarray:
    """When each command reached a moment, by command; every one must have, once."""
    rows = trace.of(moment)
    assert np.array_equal(np.sort(rows.command), np.arange(len(trace.marks)))
    return rows.time[np.argsort(rows.command)]


def in_ms(nanoseconds: np.ndarray) -> list[float]:
    return (nanoseconds / 1e6).tolist()


def test_one_server_and_a_second_station_behind_it() -> None:
    """G/G/1 and tandem: waits, departures and visibility of twelve commands, by equality."""
    scenario = twelve(
        handlers=cq.Handlers(validate=measured(FIRST_SERVICE_MS)),
        projections=cq.Projection(apply=measured(SECOND_SERVICE_MS)),
    )
    table = cq.simulate(scenario, seed=1).commands()
    assert (table.admitted_ms - table.received_ms).tolist() == [0, 2, 3, 7, 3, 8, 1, 2, 8, 11, 0, 0]
    assert table.decided_ms.tolist() == [5, 7, 11, 12, 18, 19, 21, 28, 31, 33, 34, 38]
    assert table.visible_ms.tolist() == [7, 9, 17, 18, 19, 22, 27, 29, 32, 37, 39, 41]
    waits = (table.visible_ms - table.published_ms - np.array(SECOND_SERVICE_MS)).tolist()
    assert waits == [0, 0, 0, 5, 0, 0, 1, 0, 0, 0, 3, 1]
    assert table.decided_ms.sub(table.intended_ms).mean() == pytest.approx(6.916666666666667, rel=1e-15)


def test_time_weighted_number_in_system_on_the_path() -> None:
    """Little's law on the path: the integral of the number in system is the sum of the sojourns."""
    scenario = twelve(handlers=cq.Handlers(validate=measured(FIRST_SERVICE_MS)))
    trace = cq.simulate(scenario, seed=1).trace
    arrived, left = times_ns(trace, Moment.RECEIVED), times_ns(trace, Moment.DECIDED)
    instants = np.unique(np.concatenate([arrived, left]))
    inside = [(arrived <= t).sum() - (left <= t).sum() for t in instants[:-1]]
    integral = int(np.dot(inside, np.diff(instants)))
    assert integral == int((left - arrived).sum())
    assert integral / 38e6 == pytest.approx(2.1842105263157894, rel=1e-15)


def test_two_servers() -> None:
    """G/G/2 (Kiefer and Wolfowitz): waits of twelve commands, by equality."""
    scenario = twelve(handlers=cq.Handlers(workers=2, validate=measured(FIRST_SERVICE_MS)))
    table = cq.simulate(scenario, seed=1).commands()
    assert (table.admitted_ms - table.received_ms).tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0, 3, 0, 0]


def test_a_disk_that_stands_still_twice() -> None:
    """Preemptive-resume outages: completions of twelve writes, by equality."""
    stalls = tuple(cq.Stall(at=ms(begins), lasts=ms(ends - begins)) for begins, ends in OUTAGES_MS)
    scenario = twelve(disk=cq.Disk(write=measured(FIRST_SERVICE_MS)), faults=stalls)
    table = cq.simulate(scenario, seed=1).commands()
    assert table.written_ms.tolist() == [5, 17, 21, 22, 28, 29, 37, 44, 47, 49, 50, 54]


def stalled_for_half_of_the_time(arrivals: object, length: object) -> cq.Scenario:
    """Perfect for 100 s (1 ms on the way), then stalled for 100 s."""
    return cq.Scenario(
        clients=cq.Clients(arrivals),  # type: ignore[arg-type]
        feedback=cq.SyncValidation(answer_at="written"),
        state=cq.FromGenerated(give_up_after=None),
        network=cq.Network(client_to_handler=ms(1)),
        faults=(cq.Stall(at=seconds(100), lasts=seconds(100)),),
        aggregates=cq.Evenly(10**6),
        length=length,  # type: ignore[arg-type]
        grace=seconds(0),
    )


def exact_quantile(values: np.ndarray, p: float) -> float:
    return float(np.quantile(values, p, method="inverted_cdf"))


def test_open_clients_see_the_whole_stall() -> None:
    """Measured from the intended time, half of the commands suffer from the stall (coordinated omission avoided)."""
    run = cq.simulate(stalled_for_half_of_the_time(cq.Regular(ms(10)), seconds(200)), seed=1)
    feedback_ms = run.commands().feedback_ms.to_numpy()
    assert len(feedback_ms) == 20_000
    assert feedback_ms.mean() == pytest.approx(25_003.0, rel=1e-12)
    assert [exact_quantile(feedback_ms, p) for p in (0.5, 0.75, 0.99, 0.9999)] == [1.0, 50_000.0, 98_000.0, 99_980.0]
    summary = run.summary().set_index(["metric", "stat"]).value
    assert [summary["feedback_ms", stat] for stat in ("p50", "p99")] == [1.0, 98_000.0]


def test_a_closed_client_hides_the_stall() -> None:
    """A single client that waits for its answer records one slow command: coordinated omission."""
    closed = cq.Closed(clients=1, pace=ms(10))
    run = cq.simulate(stalled_for_half_of_the_time(closed, seconds(200)), seed=1)
    commands = run.commands()
    in_time = commands[commands.sent_ms < 200_000]
    from_sent = in_time.feedback_from_sent_ms.to_numpy()
    assert len(from_sent) == 10_001
    assert from_sent.max() == 100_000.0
    assert exact_quantile(from_sent, 0.9999) == 1.0
    assert from_sent.mean() == pytest.approx(10.99890010998899, rel=1e-12)
    assert exact_quantile(commands.feedback_ms.to_numpy(), 0.75) > 40_000, "from the intended time it shows"


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
        free, done = 0, []
        for arrives, takes in zip(times, service, strict=True):
            free = max(arrives, free) + takes
            done.append(free)
        assert times_ns(trace, moment).tolist() == done
        times = done
