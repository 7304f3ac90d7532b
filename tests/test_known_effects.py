"""Things the simulator must show, because they are true: each a test, named after the claim."""

import numpy as np
import pandas as pd
import pytest

import cqrsim as cq
from cqrsim import bytes_, ms, per_second, seconds
from cqrsim.moments import Moment

PLAIN = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(100)), invalid=0.05),
    disk=cq.Disk(write=cq.Exponential(ms(2))),
    aggregates=cq.Evenly(10_000),
    length=seconds(10),
)

FULL_FOR_A_WHILE = cq.DiskFull(at=seconds(4), lasts=seconds(2))


def commands(scenario: cq.Scenario) -> pd.DataFrame:
    return cq.simulate(scenario, seed=1).commands()


def value(run: cq.Run, metric: str, stat: str) -> float:
    summary = run.summary().set_index(["metric", "stat"]).value
    return float(summary[metric, stat])


def kinds(scenario: cq.Scenario) -> set[str]:
    found = cq.simulate(scenario, seed=1).anomalies()
    return set(found.loc[found["count"] > 0, "kind"])


def test_answering_at_decided_is_a_promise_about_a_future_write() -> None:
    """Every append that does not end durable loses a command whose client was told that it was accepted."""
    table = commands(PLAIN.with_faults(cq.WriteErrors(share=0.05)))
    broken = table[table.truth == "not_durable"]
    assert len(broken) > 20
    assert (broken.belief == "success").all()
    later = commands(PLAIN.with_faults(cq.WriteErrors(share=0.05)).with_(feedback=cq.SyncValidation("written")))
    assert not ((later.truth == "not_durable") & (later.belief == "success")).any()


def test_forward_events_cannot_report_a_full_disk_but_a_separate_error_cache_can() -> None:
    """The error event needs the same store as the event; the cache does not."""
    broken = PLAIN.with_faults(FULL_FOR_A_WHILE)
    forward = commands(broken.with_(feedback=cq.ForwardEvent()))
    failed = forward[forward.truth == "not_durable"]
    assert len(failed) > 100
    assert (failed.belief == "never_told").all()
    cached = commands(broken.with_(feedback=cq.ErrorCache(keep_for=seconds(5), poll=ms(50))))
    failed = cached[cached.truth == "not_durable"]
    assert len(failed) > 100
    assert (failed.belief == "failure").all()


@pytest.mark.parametrize("invalid", [0.2, 0.5, 0.9])
def test_error_events_fill_the_store_faster_by_a_known_factor(invalid: float) -> None:
    """1 + p e / ((1 - p) s): with the same commands in both designs, the ratio of their bytes."""
    event, error = 600, 250
    clients = cq.Clients(
        cq.Poisson(per_second(400)), invalid=invalid, event_size=bytes_(event), error_size=bytes_(error)
    )
    scenario = PLAIN.with_(clients=clients, disk=cq.Disk())
    with_errors = cq.simulate(scenario.with_(feedback=cq.ForwardEvent()), seed=1).events()
    without = cq.simulate(scenario.with_(feedback=cq.ErrorCache(keep_for=seconds(1))), seed=1).events()
    refused = (with_errors.kind == "error").sum()
    share = refused / len(with_errors)
    assert share == pytest.approx(invalid, abs=5 * np.sqrt(invalid * (1 - invalid) / len(with_errors)))
    factor = with_errors.size_bytes.sum() / without.size_bytes.sum()
    assert factor == pytest.approx(1 + share * error / ((1 - share) * event), rel=1e-12)


def test_2a_needs_lossless_delivery_not_only_publishing_after_persisting() -> None:
    """One lost publication holds a turn for ever, or with a timeout leaves the handler behind the store."""
    lossy = PLAIN.with_(network=cq.Network(store_to_subscriber=cq.Route(ms(5), loss=0.01)))
    assert "STUCK" in kinds(lossy.with_(state=cq.FromPublished()))
    assert "BEHIND" in kinds(lossy.with_(state=cq.FromPublished(give_up_after=ms(100))))
    assert kinds(PLAIN.with_(state=cq.FromPublished())) == set()


def test_no_timeout_is_right_for_2a() -> None:
    """Long ones hold the turn after every failure, short ones accept twice; a version check mends the second."""
    contested = PLAIN.with_(
        clients=cq.Clients(cq.Poisson(per_second(40))),
        aggregates=cq.Evenly(500),
        rule=cq.Range(0, 1),
        network=cq.Network(store_to_subscriber=cq.Exponential(ms(40))),
        disk=cq.Disk(write=cq.Exponential(ms(20))),
    ).with_faults(cq.WriteErrors(share=0.05))
    short, long = (contested.with_(state=cq.FromPublished(give_up_after=limit)) for limit in (ms(15), seconds(5)))
    assert "DBL" in kinds(short)
    assert "DBL" not in kinds(long)
    assert "DBL" not in kinds(short.with_(store=cq.EventStore(check_version=True)))
    held = [commands(scenario).turn_held_ms.max() for scenario in (short, long)]
    assert held[0] < 20
    assert held[1] >= 5000


def test_2b_is_consistent_only_while_the_stores_answer_is_definite_and_arrives() -> None:
    """Clean errors do no harm; lost answers leave the handler behind, unless it re-reads the stream in doubt."""
    acknowledged = PLAIN.with_(state=cq.FromGenerated(give_up_after=ms(100)))
    careful = PLAIN.with_(state=cq.FromGenerated(careful=True, give_up_after=ms(100)))
    lost = cq.LostMessages(link="store->handler", share=0.02)
    of_state = {"AHEAD", "BEHIND", "DBL", "STUCK", "WREJ"}
    assert kinds(acknowledged.with_faults(cq.WriteErrors(share=0.02))) & of_state == set()
    assert kinds(acknowledged.with_faults(lost)) & of_state == {"BEHIND"}
    assert kinds(careful.with_faults(lost)) & of_state == set()


def test_a_short_patience_turns_slow_into_failed_and_retries_into_duplicates() -> None:
    """Nothing is broken but slow: clients that give up early believe in failures that are none."""
    slow = PLAIN.with_(feedback=cq.SyncValidation("written")).with_faults(cq.Stall(at=seconds(4), lasts=ms(500)))
    impatient = slow.with_(**{"clients.patience": ms(100)})
    given_up = commands(impatient)
    given_up = given_up[given_up.belief == "unknown"]
    assert len(given_up) > 20
    assert (given_up.truth == "durable").all()
    eager = impatient.with_(**{"clients.retries": cq.Retries(at_most=2, first=ms(50))})
    assert "DUP" in kinds(eager)
    assert "DUP" not in kinds(eager.with_(store=cq.EventStore(dedupe=True)))


def test_under_synchronous_writes_projections_lag_less_while_replies_take_longer() -> None:
    """A handler that waits for the store hands on a smoother stream of events."""
    busy = cq.Scenario(
        clients=cq.Clients(cq.Poisson(per_second(150))),
        feedback=cq.SyncValidation("written"),
        handlers=cq.Handlers(turn="everything"),
        disk=cq.Disk(write=ms(4)),
        store=cq.EventStore(batch_at_most=None),
        projections=cq.Projection(apply=cq.Exponential(ms(4))),
        length=seconds(20),
    )
    differences = []
    for replication in range(5):
        waits, forgets = (
            cq.simulate(busy.with_(state=cq.FromGenerated(wait=wait)), seed=1, replication=replication)
            for wait in (True, False)
        )
        lag = value(waits, "lag_ms", "mean") - value(forgets, "lag_ms", "mean")
        reply = value(waits, "answer_ms", "mean") - value(forgets, "answer_ms", "mean")
        differences.append((lag, reply))
    lag, reply = np.array(differences).T
    assert (lag < 0).all()
    assert (reply > 0).all()


def test_the_hottest_aggregate_saturates_first_and_averages_hide_it() -> None:
    """With a Zipf popularity the busiest aggregate waits many times longer than a command does on average."""
    skewed = PLAIN.with_(
        clients=cq.Clients(cq.Poisson(per_second(200))),
        aggregates=cq.Zipf(1000, 1.0),
        disk=cq.Disk(write=ms(1)),
        state=cq.FromPublished(),
        network=cq.Network(store_to_subscriber=cq.Route(cq.Exponential(ms(30)), in_order=False)),
        length=seconds(30),
    )
    table = commands(skewed)
    hottest = table[table["aggregate"] == 0]
    load = len(hottest) / 30 * hottest.turn_held_ms.mean() / 1e3
    assert 0.7 < load < 1.0
    assert hottest.turn_wait_ms.mean() > 3 * table.turn_wait_ms.mean()
    assert table[table["aggregate"] >= 10].turn_wait_ms.median() == 0


def test_without_faults_there_is_no_anomaly_in_any_design_even_under_overload() -> None:
    """Nobody gives up, nothing is lost: then no load makes a design inconsistent."""
    overloaded = cq.Scenario(
        clients=cq.Clients(cq.Poisson(per_second(300)), changes=((1, 0.5), (-1, 0.5)), invalid=0.1),
        rule=cq.Range(0, 3),
        handlers=cq.Handlers(validate=cq.Exponential(ms(4))),
        disk=cq.Disk(write=cq.Exponential(ms(4))),
        aggregates=cq.Zipf(20, 1.0),
        length=seconds(2),
        drain=seconds(200),
    )
    designs = [cq.OwnStore(save=ms(1)), cq.OwnStore(save=ms(1), order="event_first"), cq.FromPublished()]
    designs += [cq.FromGenerated(wait=False), cq.FromGenerated(give_up_after=None)]
    designs += [cq.FromGenerated(careful=True, give_up_after=None), cq.LoadDecideAppend(give_up_after=None)]
    for state in designs:
        for feedback in (cq.SyncValidation("written"), cq.ForwardEvent()):
            assert kinds(overloaded.with_(state=state, feedback=feedback)) == set(), state


def test_a_timeout_is_the_waiters_alone() -> None:
    """What a handler has given up on still happens: late appends become durable, late events are folded."""
    slow = PLAIN.with_(state=cq.FromPublished(give_up_after=ms(50))).with_faults(cq.Stall(at=seconds(4), lasts=ms(300)))
    trace = cq.simulate(slow, seed=1).trace
    given_up, written = trace.of(Moment.HANDLER_GAVE_UP), trace.of(Moment.WRITTEN)
    assert len(given_up) > 10
    assert np.isin(given_up.command, written.command).all()
    assert np.isin(given_up.command, trace.of(Moment.FOLDED).command).all()
