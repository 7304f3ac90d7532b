"""Theory of visibility, staleness, session guarantees and censoring, reproduced through the public interface."""

import pytest
from agreement import assert_agrees, estimate, quantiles, system, window

import cqrsim as cq
from cqrsim import ms, per_second, seconds

POLLING_PROJECTION = {
    "unlimited": (ms(2), None, {"mean": 0.277}),
    "instant": (ms(0), None, {"mean": 0.25, "p99": 0.495}),
    "at most 30": (ms(0), 30, {"mean": 0.26403659018405445}),
}


@pytest.mark.parametrize("case", POLLING_PROJECTION)
def test_o20_a_projection_that_polls(case: str) -> None:
    """Lag of a projection that fetches every half second, at most so many events at a time (Bailey 1954)."""
    apply, batch, theory = POLLING_PROJECTION[case]

    def measure(run: cq.Run) -> dict[str, float]:
        lag = window(run).lag_ms
        return {"mean": lag.mean() / 1e3, "p99": quantiles(lag, 0.99)[0]}

    scenario = system(50, 62, projections=cq.Projection(apply=apply, poll=ms(500), batch=batch), grace=seconds(1))
    assert_agrees(estimate(scenario, measure), theory, 0.03)


def later(delay: cq.AnyDistribution) -> cq.Network:
    """Every event takes its own time to the projections."""
    return cq.Network(store_to_projection=cq.Route(delay, in_order=False))


def test_o21c_time_to_visibility() -> None:
    """One asynchronous projection with exponential lag: the special case N=R=W=1 of PBS (Bailis et al. 2012)."""

    def measure(run: cq.Run) -> dict[str, float]:
        lag = window(run).lag_ms
        return {"10": (lag <= 10).mean(), "100": (lag <= 100).mean(), "t999": quantiles(lag, 0.999)[0]}

    theory = {"10": 0.3934693402873666, "100": 0.9932620530009145, "t999": 0.13815510557964272}
    found = estimate(system(100, 52, network=later(cq.Exponential(ms(20)))), measure)
    assert_agrees(found, theory, 0.05)


def test_o29_stale_reads() -> None:
    """What a read at a random time misses (PASTA, Wolff 1982): the whole projection, and one of 100 aggregates."""

    def measure(run: cq.Run) -> dict[str, float]:
        reads = run.reads()
        reads = reads[reads.in_window]
        return {
            "stale": (reads.global_versions_behind > 0).mean(),
            "more than 3": (reads.global_versions_behind > 3).mean(),
            "mean": reads.global_versions_behind.mean(),
            "aggregate": (reads.versions_behind > 0).mean(),
            "aggregate mean": reads.versions_behind.mean(),
        }

    clients = cq.Clients(cq.Poisson(per_second(50)), background_reads=cq.BackgroundReads(per_second(200)))
    scenario = system(
        50, 102, clients=clients, aggregates=cq.Evenly(100), projections=cq.Projection(cq.Exponential(ms(10)))
    )
    theory = {"stale": 0.5, "more than 3": 0.0625, "mean": 1.0}
    theory |= {"aggregate": 0.009900990099009901, "aggregate mean": 0.01}
    assert_agrees(estimate(scenario, measure), theory, 0.1)


def own_reads(reads: cq.OwnReads, network: cq.Network, views: object = None) -> cq.Scenario:
    """A user each half second, who reads what it has just written."""
    return system(
        2, 500, 0,
        clients=cq.Clients(cq.Regular(ms(500)), own_reads=reads),
        feedback=cq.SyncValidation(answer_at="written"),
        network=network,
        projections=cq.Projection() if views is None else views,
    )  # fmt: skip


READ_YOUR_WRITES = {
    "after 50 ms": (cq.OwnReads(after=ms(50)), ms(0), 0.0820849986238988),
    "after thinking": (cq.OwnReads(after=cq.Exponential(ms(100))), ms(0), 0.16666666666666666),
    "two stages": (cq.OwnReads(after=ms(50)), cq.Exponential(ms(5)), 0.10943153152194424),
}


@pytest.mark.parametrize("case", READ_YOUR_WRITES)
def test_o30_read_your_writes(case: str) -> None:
    """How often a user does not see its own write: P(lag > delay) (Terry et al. 1994 for the guarantee)."""
    reads, apply, theory = READ_YOUR_WRITES[case]
    scenario = own_reads(reads, later(cq.Exponential(ms(20))), cq.Projection(apply=apply))

    def measure(run: cq.Run) -> dict[str, float]:
        found = run.reads()
        return {"violated": found.read_your_writes_violated[found.read_your_writes_floor >= 0].mean()}

    assert_agrees(estimate(scenario, measure), {"violated": theory}, 0.05)


def test_o30_monotonic_reads_from_two_replicas() -> None:
    """A second read, from a replica drawn at random, shows less than the first."""
    reads = cq.OwnReads(after=cq.Exponential(ms(100)), count=2, gap=ms(20), of=("a", "b"))
    views = (cq.Projection(name="a"), cq.Projection(name="b"))
    scenario = own_reads(reads, later(cq.Exponential(ms(20))), views)

    def measure(run: cq.Run) -> dict[str, float]:
        found = run.reads()
        return {"violated": found.monotonic_reads_violated[found.monotonic_reads_floor >= 0].mean()}

    assert_agrees(estimate(scenario, measure, replications=40), {"violated": 0.013934827317100086}, 0.1)


def test_o30_monotonic_writes_on_independent_ways() -> None:
    """Of two writes 20 ms apart the second is visible first, if their lags are independent."""
    times = tuple(seconds(second) + ms(offset) for second in range(1000) for offset in (0, 20))
    scenario = system(1, 1001, 0, clients=cq.Clients(cq.Recorded(times=times)), network=later(cq.Exponential(ms(20))))

    def measure(run: cq.Run) -> dict[str, float]:
        visible = run.commands().visible_ms.to_numpy()
        return {"inverted": (visible[1::2] < visible[0::2]).mean()}

    assert_agrees(estimate(scenario, measure), {"inverted": 0.18393972058572117}, 0.05)


def test_o34_what_the_end_of_the_run_cuts_off() -> None:
    """Right-censored outcomes (Kaplan and Meier 1958): nothing is dropped, and nothing invented."""
    scenario = system(
        1, 0.001, 0,
        clients=cq.Clients(cq.Recorded(times=(ms(0),) * 1000)),
        network=cq.Network(client_to_handler=cq.Route(cq.Exponential(seconds(2)), in_order=False)),
        grace=seconds(0),
        drain=seconds(2.999),
    )  # fmt: skip
    lower_bounds = []

    def measure(run: cq.Run) -> dict[str, float]:
        summary = run.summary().set_index(["metric", "stat"]).loc["feedback_ms"]
        lower_bounds.append(dict(summary.lower_bound))
        commands = run.commands()
        return {
            "censored": summary.n_censored["p50"] / summary.n["p50"],
            "restricted mean": summary.value["mean"] / 1e3,
            "p50": summary.value["p50"] / 1e3,
            "S(2 s)": 1 - (commands.feedback_ms <= 2000).mean(),
            "naive mean": commands.feedback_ms.mean() / 1e3,
        }

    theory = {"censored": 0.22313016014842982, "restricted mean": 1.5537396797031404, "p50": 1.3862943611198906}
    theory |= {"S(2 s)": 0.36787944117144233, "naive mean": 1.1383492496333953}
    assert_agrees(estimate(scenario, measure), theory, 0.05)
    assert all(not bounds["p50"] and bounds["p99"] and bounds["mean"] for bounds in lower_bounds)
