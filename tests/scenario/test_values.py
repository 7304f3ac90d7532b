"""Values of a scenario: shorthands, normal forms, and what they can tell of themselves."""

import inspect
import math
import sys

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds, us
from cqrsim.messages import LINK_NAMES
from cqrsim.scenario import network


def test_a_duration_stands_for_a_constant_everywhere():
    assert cq.Disk(write=ms(2)).write == cq.Constant(ms(2))
    assert cq.Disk(write="2ms").write == cq.Constant(ms(2))
    assert cq.Projection(commit=ms(2)).commit == cq.Constant(ms(2))
    assert cq.Mixture([(1, ms(2))]).parts == ((1.0, cq.Constant(ms(2))),)
    assert cq.Closed(2, think=ms(2)).think == cq.Constant(ms(2))
    assert cq.Silence(ms(2)).reload == cq.Polling(ms(2))
    assert cq.ErrorCache(seconds(1), poll="2ms").poll == cq.Polling(ms(2))


def test_a_delay_stands_for_a_route_and_a_route_for_a_network():
    delay = cq.LogNormal(p50=ms(1), p99=ms(9))
    assert cq.Network(client_to_handler=delay).client_to_handler == cq.Route(delay)
    clients = cq.Clients(cq.Poisson(per_second(1)))
    for given in (delay, cq.Route(delay), {"delay": delay}, delay.variant()):
        assert cq.Scenario(clients, network=given).network == cq.Network.alike(delay)


def test_there_is_a_route_for_every_link():
    assert tuple(name for name, _ in cq.Network().routes()) == LINK_NAMES
    assert len(inspect.signature(network.Network).parameters) == len(LINK_NAMES)


@pytest.mark.parametrize("given", [1, ((1, 1.0),), {1: 1.0}, {"1": 0.5}, [[1, 7]]])
def test_a_single_number_of_events_stays_a_number(given):
    group = cq.Clients(cq.Poisson(per_second(1)), events=given, changes=given)
    assert group.events == 1
    assert group.event_counts == ((1, 1.0),)
    assert group.changes[0][0] == 1


def test_one_or_several_groups_and_projections():
    group, view = cq.Clients(cq.Poisson(per_second(1))), cq.Projection()
    assert cq.Scenario(group, projections=view).groups == cq.Scenario([group], projections=[view]).groups == (group,)
    assert cq.Scenario([group], projections=[view]).views == (view,)
    assert cq.Scenario(group, faults=cq.WriteErrors(0.1)).faults == (cq.WriteErrors(0.1),)


def test_numbers_of_numpy_are_welcome():
    group = cq.Clients(cq.Poisson(per_second(np.float64(5))), invalid=np.float32(0.5), sessions=np.int64(3))
    assert (group.invalid, group.sessions) == (0.5, 3)
    assert type(group.sessions) is int
    assert cq.Weighted(np.array([1, 2])).weights == (1.0, 2.0)
    assert cq.Empirical(np.array([1.5, 2.0]), unit="ms").values == (ms(1.5), ms(2))


@pytest.mark.parametrize(
    ("distribution", "mean_ms"),
    [
        (cq.Constant(ms(2)), 2),
        (cq.Exponential(ms(2)), 2),
        (cq.Uniform(ms(1), ms(4)), 2.5),
        (cq.LogNormal(mean=ms(3), cv=2), 3),
        (cq.LogNormal(p50=ms(2), p99=ms(2)), 2),
        (cq.LogNormal(p50=ms(2), p99=ms(20)), 2 * math.exp((math.log(10) / 2.3263478740408408) ** 2 / 2)),
        (cq.Gamma(ms(3), cv=2), 3),
        (cq.Mixture([(3, ms(1)), (1, cq.Exponential(ms(5)))]), 2),
        (cq.Empirical([1, 2, 6], unit="ms"), 3),
    ],
)
def test_means(distribution, mean_ms):
    assert distribution.mean_ns() == pytest.approx(mean_ms * 1e6)


@pytest.mark.parametrize(
    ("arrivals", "rate"),
    [
        (cq.Poisson(per_second(7)), 7),
        (cq.Regular(ms(4)), 250),
        (cq.Recorded(gaps=[ms(1), ms(3)]), 500),
        (cq.Recorded(times=[ms(1), ms(8)]), 250),
        (cq.Bursts(per_second(0), burst_rate=per_second(100), quiet=seconds(3), burst=seconds(1)), 25),
    ],
)
def test_mean_rates(arrivals, rate):
    assert arrivals.mean_rate() == rate


def test_gaps_and_times_are_recorded_arrivals():
    assert cq.Recorded(gaps=[us(5), us(7)]).times_ns.tolist() == [5_000, 12_000]
    assert cq.Recorded(times=[5, 12]).times_ns.tolist() == [5_000, 12_000]


def test_closed_clients_end_by_thinking_by_pace_or_by_count():
    for ending in ({"think": ms(1)}, {"pace": ms(1)}, {"at_most": 3}):
        assert cq.Closed(2, **ending).clients == 2


@pytest.mark.parametrize(
    ("length", "grace", "used"),
    [(seconds(60), None, seconds(3)), (seconds(600), None, seconds(5)), (seconds(60), ms(0), ms(0))],
)
def test_grace(length, grace, used):
    scenario = cq.Scenario(cq.Clients(cq.Poisson(per_second(1))), length=length, grace=grace)
    assert scenario.grace_time == used


def test_an_event_may_be_larger_than_the_disk():
    group = cq.Clients(cq.Poisson(per_second(1)), event_size=cq.gb(1))
    assert cq.Scenario(group, disk=cq.Disk(capacity=cq.kib(1))).disk.capacity == cq.kib(1)


def test_faults_that_cannot_fire_are_allowed():
    for fault in (cq.WriteErrors(0), cq.DiskFull(ms(0), ms(0)), cq.SlowDisk(1, ms(1), ms(1)), cq.LostMessages(0)):
        assert fault.span.begins >= 0


def test_early_answers_and_windows_are_allowed_where_they_matter():
    assert cq.EventStore(flush=ms(10), answer_after="write").answer_after == "write"
    assert cq.EventStore(batch_window=ms(2), batch_at_most=2).batch_window == ms(2)
    assert cq.EventStore(batch_window=ms(2), batch_at_most=None).batch_window == ms(2)


def test_faults_after_the_end_are_allowed_and_said_to_be_so():
    base = cq.Scenario(
        cq.Clients(cq.Poisson(per_second(1))), length=seconds(10), grace=seconds(1), drain=seconds(2)
    )  # ends at 13 s
    told = base.with_faults(cq.WriteErrors(0.1, at=seconds(13)), cq.Stall(seconds(99), seconds(1))).describe()
    assert "10 % of the writes fail from 13s on (after the end: never happens)." in told
    assert told.count("(after the end: never happens)") == 2
    assert "never happens" not in base.with_faults(cq.WriteErrors(0.1, at=seconds(13) - ms(1))).describe()


@pytest.mark.parametrize("state", [cq.OwnStore(), cq.OwnStore(order="event_first"), cq.FromGenerated(wait=False)])
def test_an_answer_at_written_is_described_as_what_the_handler_knows(state):
    sent = "he client waits until the handler has sent the event and takes it for written"
    durable = "he client waits until the event is durable"
    group = cq.Clients(cq.Poisson(per_second(1)))
    for waiting in (cq.SyncValidation("written"), cq.Silence(ms(9)) | cq.SyncValidation("written")):
        for placed in ({"clients": group, "feedback": waiting}, {"clients": group.variant(feedback=waiting)}):
            told = cq.Scenario(**placed, state=state).describe()
            assert sent in told
            assert durable not in told
            for patient in (cq.FromGenerated(), cq.FromPublished(), cq.LoadDecideAppend()):
                assert durable in cq.Scenario(**placed, state=patient).describe()


def test_signatures_are_those_of_the_settings():
    assert str(inspect.signature(cq.Poisson)) == "(rate)"
    assert str(inspect.signature(cq.LogNormal)) == "(*, p50=None, p99=None, mean=None, cv=None)"
    assert "kind" not in inspect.signature(cq.SyncValidation).parameters


def test_the_kind_is_the_name_of_the_class():
    for name in cq.scenario.__all__:
        cls = getattr(cq.scenario, name)
        if "kind" in getattr(cls, "__dataclass_fields__", {}):
            assert cls.__dataclass_fields__["kind"].default == name


def test_scenarios_come_without_heavy_company():
    import subprocess

    code = "import sys, cqrsim.scenario; print([m for m in ('pandas', 'scipy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
