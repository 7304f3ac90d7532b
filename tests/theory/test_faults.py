"""Faults whose consequences can be calculated: double accepts, lost acknowledgements, outages, rebuilding."""

import numpy as np
import pytest
from agreement import SEED, assert_agrees, estimate, system, window

import cqrsim as cq
from cqrsim import bytes_, ms, per_second, seconds
from cqrsim.messages import AppendOutcome
from cqrsim.metrics import invariants
from cqrsim.moments import Moment
from cqrsim.plan.plan import lower


def crowded(**parts: object) -> cq.Scenario:
    """Many aggregates that exist once or not at all, each created again and again at random times."""
    aggregates = 400
    return cq.Scenario(
        clients=cq.Clients(cq.Poisson(per_second(10 * aggregates)), changes=1),
        rule=cq.Range(0, 1),
        aggregates=cq.Evenly(aggregates),
        length=seconds(2),
        grace=seconds(0),
        **parts,  # type: ignore[arg-type]
    )


def test_a_timeout_accepts_twice_as_often_as_it_must() -> None:
    """2a with timeout T, appends of exponential duration, conflicting commands at rate l on the aggregate.

    A conflicting command that comes before the append is durable, and is let in because T is over, is accepted, too:
    exp(-mu T) - mu / (mu + l) exp(-(mu + l) T) of the first appends.
    """
    mu, rate, give_up = 5.0, 10.0, 0.1
    appends = cq.Route(cq.Exponential(ms(1000 / mu)), in_order=False)
    scenario = crowded(
        state=cq.FromPublished(give_up_after=seconds(give_up)), network=cq.Network(handler_to_store=appends)
    )

    def measure(run: cq.Run) -> dict[str, float]:
        decided = run.trace.of(Moment.DECIDED)
        accepted = run.trace.marks.aggregate[decided.command[decided.outcome == 0]]
        times = np.bincount(accepted, minlength=400)
        return {"double": float((times > 1).sum() / (times > 0).sum())}

    theory = np.exp(-mu * give_up) - mu / (mu + rate) * np.exp(-(mu + rate) * give_up)
    assert_agrees(estimate(scenario, measure), {"double": theory}, 0.02)


def test_a_version_check_leaves_no_double_accepts_of_that_kind_in_the_log() -> None:
    """The same with versions checked: accepted twice perhaps, but never stored twice."""
    appends = cq.Route(cq.Exponential(ms(200)), in_order=False)
    scenario = crowded(
        state=cq.FromPublished(give_up_after=ms(100)),
        network=cq.Network(handler_to_store=appends),
        store=cq.EventStore(check_version=True),
    )
    run = cq.simulate(scenario, seed=SEED)
    conflicts = run.trace.of(Moment.APPEND_FAILED).outcome == AppendOutcome.CONFLICT
    assert conflicts.any()
    assert run.events().groupby("aggregate").size().max() == 1


@pytest.mark.parametrize("every_ms", [20, 100])
def test_acknowledged_before_flushed_is_lost_with_the_power(every_ms: int) -> None:
    """Answers after the write, flushes every tau, rate r: a loss of power takes r tau / 2 acknowledged events."""
    rate = 500.0
    power_loss = cq.Fault(
        cq.Crash(power=True, restart=ms(50)),
        where="store",
        when=cq.Renewal(up=cq.Uniform(ms(300), ms(700)), down=seconds(100)),
    )
    scenario = system(
        rate,
        0.8,
        warm_up=0,
        store=cq.EventStore(flush=ms(every_ms), answer_after="write"),
        faults=power_loss,
        drain=seconds(1),
    )

    def measure(run: cq.Run) -> dict[str, float]:
        failed = run.trace.of(Moment.APPEND_FAILED)
        lost = failed.command[failed.outcome == AppendOutcome.CRASHED]
        answered = run.trace.of(Moment.APPEND_ANSWERED)
        return {"lost": float(np.isin(lost, answered.command[answered.outcome == AppendOutcome.OK]).sum())}

    estimates = estimate(scenario, measure, replications=120)
    assert_agrees(estimates, {"lost": rate * every_ms / 1e3 / 2}, 0.08)


OUTAGES = cq.Fault(cq.Full(), when=cq.Renewal(up=cq.Exponential(seconds(60)), down=cq.Exponential(seconds(2))))


def test_o26_an_alternating_renewal_disk() -> None:
    """Availability and the share of time that the disk is up, from the start (Cox 1962; Barlow and Proschan 1975)."""
    end = 1000
    scenario = system(0.1, end, faults=OUTAGES)

    def up_shares(replication: int) -> dict[str, float]:
        periods = np.array([(p.begins_ns, p.ends_ns) for p in lower(scenario, SEED, replication).periods]) / 1e9
        down = np.clip(periods[:, 1], 0, end) - np.clip(periods[:, 0], 0, end)
        first = np.clip(periods[:, 1], 0, 100) - np.clip(periods[:, 0], 0, 100)
        return {
            "availability": 1 - down.sum() / end,
            "up_fraction_first_100s": 1 - first.sum() / 100,
            "P_up_at_5s": float(not ((periods[:, 0] <= 5) & (periods[:, 1] > 5)).any()),
            "failures_per_hour": len(periods) / end * 3600,
        }

    found = [up_shares(r) for r in range(1000)]
    estimates = {name: np.array([one[name] for one in found]) for name in found[0]}
    theory = {"up_fraction_first_100s": 0.9683662851196669, "P_up_at_5s": 0.970178124016412}
    # Over 1,000 s the start, which is always up, shows by A (1 - A) / (f + r) / 1000 s, and at each failure of it.
    failing, repairing = 1 / 60, 1 / 2
    at_start = (1 - 0.9677419354838709) / ((failing + repairing) * end)
    theory["availability"] = 0.9677419354838709 + at_start
    theory["failures_per_hour"] = 3600 * failing * theory["availability"]
    assert_agrees(estimates, theory, 0.01)


def test_refusals_see_time_averages() -> None:
    """Poisson arrivals at a disk that is full now and then: the refused share is MTTR / (MTBF + MTTR) (PASTA)."""
    often = cq.Fault(cq.Full(), when=cq.Renewal(up=cq.Exponential(ms(60)), down=cq.Exponential(ms(20))))
    scenario = system(150, 14, faults=often)

    def measure(run: cq.Run) -> dict[str, float]:
        return {"refused": float((window(run).truth == "not_durable").mean())}

    assert_agrees(estimate(scenario, measure), {"refused": 0.25}, 0.03)


def test_a_neighbour_fills_the_disk_when_he_must() -> None:
    """What is free is gone after capacity / (own bytes + the neighbour's bytes) a second, to the byte."""
    neighbour = cq.ConsumeDisk(per_second=bytes_(1000), at=seconds(0), lasts=seconds(60))
    scenario = cq.Scenario(
        clients=cq.Clients(cq.Regular(ms(10)), event_size=bytes_(10)),
        disk=cq.Disk(capacity=bytes_(10_000)),
        length=seconds(10),
        faults=neighbour,
    )
    run = cq.simulate(scenario, seed=SEED)
    failed = run.trace.of(Moment.APPEND_FAILED)
    # Append k of 10 bytes comes at 10 k ms and finds 10 k bytes of its own and 10 k of the neighbour's in use.
    first = next(k for k in range(10_000) if 10 * k + 10 * k + 10 > 10_000)
    assert failed.time[0] == first * 10_000_000
    assert set(run.faults().fault) == {"ConsumeDisk 1"}
    assert not invariants(run.trace)


def test_retries_without_dedupe_double_what_was_durable_and_not_answered() -> None:
    """The share of commands stored twice is the share whose answer was lost; with dedupe there is none."""
    share = 0.2
    lost = cq.LostMessages(share=share, link="handler->client")
    clients = cq.Clients(
        cq.Poisson(per_second(100)), patience=ms(50), retries=cq.Retries(at_most=1, first=ms(1), after=("timeout",))
    )
    scenario = system(
        100,
        20,
        clients=clients,
        faults=lost,
        feedback=cq.SyncValidation(answer_at="written"),
        disk=cq.Disk(write=ms(1)),
    )

    def measure(run: cq.Run) -> dict[str, float]:
        return {"twice": float((window(run).truth == "stored_twice").mean())}

    assert_agrees(estimate(scenario, measure), {"twice": share}, 0.02)
    deduped = cq.simulate(scenario.with_(store=cq.EventStore(dedupe=True)), seed=SEED)
    assert not (deduped.commands().truth == "stored_twice").any()


def rebuilding_system(rate: float, mu: float, length: float, fault: object, **parts: object) -> cq.Scenario:
    """Events at a rate, one projection that folds at random speed, something that stops it."""
    view = cq.Projection(apply=cq.Exponential(seconds(1 / mu)), **parts)  # type: ignore[arg-type]
    return system(rate, length, projections=view, faults=fault, warm_up=0, drain=seconds(60))


def backlog_and_rebuild_s(run: cq.Run) -> tuple[int, float]:
    """How many appends the log held when a crashed projection began to read it, and how long until it was there."""
    restarted = run.trace.of(Moment.RESTARTED)
    crashed = run.trace.of(Moment.CRASHED)
    begins = int(crashed.time[0])
    ends = int(restarted.time[np.searchsorted(restarted.time, begins)])
    return int((run.trace.of(Moment.WRITTEN).time <= begins).sum()), (ends - begins) / 1e9


@pytest.mark.parametrize("backlog", [1000, pytest.param(5000, marks=pytest.mark.long)])
def test_o25_rebuilding_a_projection(backlog: int) -> None:
    """First passage of the backlog to 0, while new events come: N / (mu - lambda) (Takacs 1962)."""
    mu, rate = 500.0, 300.0
    at = backlog / rate
    crash = cq.ProjectionCrash(at=seconds(at), restart=seconds(0))
    scenario = rebuilding_system(rate, mu, at + 2 * backlog / (mu - rate), crash)

    def measure(run: cq.Run) -> dict[str, float]:
        count, took = backlog_and_rebuild_s(run)
        return {"ratio": took / (count / (mu - rate))}

    estimates = estimate(scenario, measure, replications=12)
    assert_agrees(estimates, {"ratio": 1.0}, 0.05)
    spread = estimates["ratio"].std(ddof=1) * backlog / (mu - rate)
    expected = np.sqrt(backlog * (mu + rate) / (mu - rate) ** 3)
    assert 0.4 * expected < spread < 2 * expected, "12 runs tell a standard deviation within a factor of two"


@pytest.mark.parametrize("outage_s", [4.0, pytest.param(60.0, marks=pytest.mark.long)])
def test_o25_catching_up_after_an_outage(outage_s: float) -> None:
    """After an outage D the view is back lambda D / (mu - lambda) later: for D mu / (mu - lambda) in all."""
    mu, rate, at = 500.0, 300.0, 1.0
    crash = cq.ProjectionCrash(at=seconds(at), restart=seconds(outage_s))
    scenario = rebuilding_system(
        rate, mu, at + 1.5 * outage_s * mu / (mu - rate), crash, rebuild="checkpoint", checkpoint_every=1
    )

    def measure(run: cq.Run) -> dict[str, float]:
        _, took = backlog_and_rebuild_s(run)
        return {"stale": took}

    estimates = estimate(scenario, measure, replications=20)
    assert_agrees(estimates, {"stale": outage_s * mu / (mu - rate)}, 0.05)
