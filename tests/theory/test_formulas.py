"""The formulas agree with each other where they must: special cases, limits, other ways to the same number."""

import math
from itertools import accumulate, repeat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cqrsim.theory.formulas import batches, delays, paths, queues

loads = st.floats(0.05, 0.9)
servers = st.integers(1, 8)
patient = settings(deadline=None, max_examples=50)
times = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=30)


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9])
def test_a_pool_of_one_is_a_single_server(load: float) -> None:
    """M/M/1 and M/D/1 by four formulas."""
    assert queues.pool_wait(load, 1.0, 1) == pytest.approx(queues.pollaczek_khinchine(load, 1.0, 2.0))
    constant = queues.pollaczek_khinchine(load, 1.0, 1.0)
    assert queues.constant_pool_wait(load, 1.0, 1) == pytest.approx(constant, rel=1e-6)
    assert batches.constant_commits(load, 1.0, 1).durable == pytest.approx(constant + 1, rel=1e-6)
    assert batches.exponential_commits(load, 1.0, 1).durable == pytest.approx(1 / (1 - load))


@patient
@given(servers, loads)
def test_a_large_waiting_room_is_an_endless_one(count: int, load: float) -> None:
    """M/M/c/K tends to M/M/c, and without places it is Erlang's loss system."""
    large = queues.finite_pool(load * count, 1.0, count, places=400)
    assert large.refused < 1e-9
    assert large.wait == pytest.approx(queues.pool_wait(load * count, 1.0, count), rel=1e-9)
    assert queues.finite_pool(load * count, 1.0, count, places=0).refused == pytest.approx(
        queues.erlang_b(count, load * count)
    )


@patient
@given(st.integers(1, 30), st.floats(0.1, 5), servers)
def test_a_closed_population_obeys_its_bounds(clients: int, think: float, count: int) -> None:
    """No faster than clients or servers allow; and without a queue when there are as many servers as clients."""
    found = queues.machine_repair(clients, think, 1.0, count)
    assert found.throughput <= min(count, clients / (think + 1)) * (1 + 1e-9)
    alone = queues.machine_repair(clients, think, 1.0, servers=clients)
    assert alone.response == pytest.approx(1.0, rel=1e-6)


@patient
@given(st.lists(st.floats(0.5, 50), min_size=1, max_size=4, unique_by=lambda rate: round(rate, 1)), st.floats(0.01, 3))
def test_sums_of_exponential_times(rates: list[float], limit: float) -> None:
    """Survival begins at 1; its integral is the mean; a limit far away cuts nothing off."""
    stages = delays.Stages(tuple(rates))
    assert stages.survival(0.0) == pytest.approx(1.0, abs=1e-6)
    whole = stages.cut_at(1e4)
    assert whole.mean == pytest.approx(stages.mean, rel=1e-5)
    assert whole.second == pytest.approx(stages.deviation**2 + stages.mean**2, rel=1e-4)
    steps = np.linspace(0, limit, 4001)
    area = np.trapezoid([stages.survival(step) for step in steps], steps)
    assert stages.cut_at(limit).mean == pytest.approx(area, rel=1e-3, abs=1e-6)


@patient
@given(st.floats(0.02, 2), st.floats(0.02, 2))
def test_steady_looks_are_geometric(mean: float, gap: float) -> None:
    """The number of looks is geometric, and each takes a gap."""
    found = delays.looking(lambda time: math.exp(-time / mean), repeat(gap))
    assert found.looks == pytest.approx(1 / (1 - math.exp(-gap / mean)), rel=1e-9)
    assert found.known == pytest.approx(found.looks * gap)


@patient
@given(times)
def test_recursions_agree_on_one_server(moves: list[tuple[int, int]]) -> None:
    """Lindley, Kiefer and Wolfowitz, and a disk without outages; the area is the sum of the sojourns."""
    arrivals, services = list(accumulate(gap for gap, _ in moves)), [service for _, service in moves]
    departures = paths.lindley(arrivals, services)
    waits = paths.kiefer_wolfowitz(arrivals, services, servers=1)
    assert [came + wait + took for came, wait, took in zip(arrivals, waits, services, strict=True)] == departures
    assert paths.with_outages(arrivals, services, []) == departures
    assert paths.area_in_system(arrivals, departures) == sum(departures) - sum(arrivals)


@patient
@given(times, st.integers(0, 50), st.integers(1, 50))
def test_an_outage_delays_by_its_length_at_most(moves: list[tuple[int, int]], begins: int, lasts: int) -> None:
    """Nobody leaves earlier, nor later than by the whole outage, and nobody during it but at its begin."""
    arrivals, services = list(accumulate(gap for gap, _ in moves)), [service for _, service in moves]
    without = paths.lindley(arrivals, services)
    late = paths.with_outages(arrivals, services, [(begins, begins + lasts)])
    for left, leaves in zip(without, late, strict=True):
        assert left <= leaves <= left + lasts
        assert not begins < leaves <= begins + lasts


def test_queues_that_start_empty_end_in_the_steady_state() -> None:
    """The mean wait of the thousandth command is that of all."""
    assert queues.waits_from_empty(50, 100, 1000)[-1] == pytest.approx(queues.pool_wait(50, 0.01, 1), rel=1e-9)
