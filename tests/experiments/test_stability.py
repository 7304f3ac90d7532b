"""Loads from means alone, checked against what queues really do."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim import ms, per_second, seconds, us
from cqrsim.experiments import overload
from cqrsim.experiments.loads.flows import hottest_shares
from cqrsim.experiments.loads.means import least_mean_of_sum_ns, mean_up_to_ns

LENGTH_S = 12
RATE = 100


def busy(**settings: object) -> cq.Scenario:
    """A hundred commands a second that cost nothing, but for what a test adds."""
    plain = cq.Scenario(
        clients=cq.Clients(cq.Poisson(per_second(RATE)), invalid=0.0),
        length=seconds(LENGTH_S),
        drain=seconds(0),
        state=cq.FromGenerated(wait=False),
    )
    return plain.with_(settings)


def unfinished_at(scenario: cq.Scenario, times_s: tuple[float, ...]) -> list[int]:
    """How many commands have been issued and neither refused nor applied everywhere, at some times."""
    commands = cq.simulate(scenario, seed=1).commands()
    applied = np.max([commands[f"applied_{view.name}_ms"] for view in scenario.views], axis=0)
    refused = commands["decided_ms"].fillna(commands["caught_ms"]).where(commands["append_sent_ms"].isna())
    issued, ended = commands["issued_ms"], np.fmin(applied, refused)
    return [int(((issued <= 1000 * at) & ~(ended <= 1000 * at)).sum()) for at in times_s]


def grows(scenario: cq.Scenario) -> bool:
    """Whether the backlog in the end is far above that in the middle, by the arrivals' own measure."""
    middle, end = unfinished_at(scenario, (LENGTH_S / 2, LENGTH_S))
    return end - middle > 0.04 * RATE * LENGTH_S / 2


def share_of(utilisation: float) -> cq.Duration:
    """A service time that keeps one server so busy."""
    return ms(1000 * utilisation / RATE)


STATIONS = {
    "handler": lambda u: {"handlers.validate": cq.Exponential(share_of(u))},
    "two workers": lambda u: {"handlers.workers": 2, "handlers.validate": share_of(2 * u)},
    "hottest shard": lambda u: {
        "handlers.shards": 3, "handlers.validate": share_of(u / 0.7), "aggregates": cq.Weighted([7, 2, 1]),
    },
    "worker that waits": lambda u: {
        "handlers.worker_waits": True, "state": cq.FromGenerated(), "network": cq.Network(
            handler_to_store=share_of(u / 2), store_to_handler=share_of(u / 2)),
    },
    "turn, 2b": lambda u: {
        "state": cq.FromGenerated(), "handlers.workers": 9, "aggregates": cq.Weighted([6, 2, 2]),
        "network": cq.Network(handler_to_store=share_of(u / 0.6)),
    },
    "turn, 2a": lambda u: {
        "state": cq.FromPublished(), "aggregates": cq.Evenly(2),
        "network": cq.Network(store_to_subscriber=share_of(2 * u)),
    },
    "turn, 2b gives up": lambda u: {
        "state": cq.FromGenerated(give_up_after=share_of(2 * u)), "aggregates": cq.Evenly(2),
        "network": cq.Network(store_to_handler=seconds(1)),
    },
    "turn, own store": lambda u: {"state": cq.OwnStore(share_of(3 * u)), "aggregates": cq.Evenly(3)},
    "turn of everything": lambda u: {
        "handlers.turn": "everything", "handlers.shards": 4, "handlers.validate": share_of(u)},
    "loads": lambda u: {
        "state": cq.LoadDecideAppend(give_up_after=None), "store.read": share_of(u), "aggregates": cq.Evenly(1)},
    "disk": lambda u: {"disk.write": cq.Exponential(share_of(u * 0.7)), "disk.flush": share_of(u * 0.3)},
    "disk, by size": lambda u: {"disk.per_kib": share_of(u / 4), "clients.event_size": cq.kib(4)},
    "disk, full batches": lambda u: {"disk.write": share_of(4 * u), "store.batch_at_most": 4},
    "disk, each flushed": lambda u: {
        "store.batch_at_most": None, "store.flush": "each", "disk.flush": share_of(u), "disk.write": ms(1)},
    "disk, error events": lambda u: {
        "clients.invalid": 0.5, "feedback": cq.ForwardEvent(poll=seconds(9)), "disk.write": share_of(u)},
    "disk, half of it caught": lambda u: {
        "clients.invalid": 0.5, "clients.pre_validation": cq.PreValidation(0.5), "disk.write": share_of(2 * u)},
    "projection": lambda u: {"clients.events": {1: 0.5, 3: 0.5}, "projections.apply": share_of(u / 2)},
    "projection that polls": lambda u: {"projections.poll": share_of(3 * u), "projections.batch": 3},
    "projection that commits": lambda u: {"projections.commit": share_of(5 * u), "projections.batch": 5},
}  # fmt: skip


@pytest.mark.parametrize("where", STATIONS)
def test_a_backlog_grows_if_and_only_if_a_station_is_overloaded(where: str) -> None:
    """Clearly above and clearly below what a station can do, analysis and simulation say the same."""
    above, below = (busy(**STATIONS[where](utilisation)) for utilisation in (1.2, 0.8))
    assert overload(above) and grows(above)
    assert not overload(below) and not grows(below)


@pytest.mark.parametrize("where", STATIONS)
def test_the_utilisation_is_the_one_that_was_meant(where: str) -> None:
    assert cq.loads(busy(**STATIONS[where](0.9)))["utilisation"].max() == pytest.approx(0.9, rel=0.01)


NOT_CERTAIN = {
    "faults": {"faults": cq.DiskFull(at=seconds(1), lasts=seconds(1))},
    "queue limit": {"handlers.queue_limit": 5},
    "a rule": {"rule": cq.Range(0, 1)},
    "a small disk": {"disk.capacity": cq.kib(100)},
    "closed": {"clients.arrivals": cq.Closed(5, think=ms(1))},
    "bursts": {"clients.arrivals": cq.Bursts(per_second(10), per_second(900), quiet=seconds(1), burst=seconds(1))},
    "recorded": {"clients.arrivals": cq.Recorded(gaps=[ms(5)] * 9)},
    "replayed times": {"disk.write": cq.Mixture([(1, cq.Empirical([ms(15)], replay=True))])},
    "conflicts": {"state": cq.LoadDecideAppend(), "store.check_version": True},
}


@pytest.mark.parametrize("why", NOT_CERTAIN)
def test_what_may_be_relieved_is_not_called_overloaded(why: str) -> None:
    """The disk would need 1.5 of its time, but something may take load away; the reason is told."""
    scenario = busy(**{"disk.write": ms(15), **NOT_CERTAIN[why]})  # type: ignore[dict-item]
    disk = cq.loads(scenario).set_index("station").loc["disk"]
    assert overload(scenario) == "" and not disk["certain"] and disk["because"]


def test_a_queue_with_an_end_does_not_grow() -> None:
    """Behind a handler that turns commands away, a disk that is too slow still keeps up with the rest."""
    limited = busy(**{
        "disk.write": ms(15), "handlers.queue_limit": 5, "handlers.worker_waits": True, "state": cq.FromGenerated(),
    })  # fmt: skip
    assert not overload(limited) and not grows(limited)


def test_closed_clients_alone_have_no_rate_of_their_own() -> None:
    table = cq.loads(busy(**{"clients.arrivals": cq.Closed(3, think=ms(5)), "disk.write": seconds(1)}))
    assert table["arrivals_per_s"].isna().all() and not table["certain"].any()


def test_open_clients_overload_a_station_that_closed_ones_share() -> None:
    """What the open group needs alone is enough to know."""
    groups = [cq.Clients(cq.Poisson(per_second(100)), name="web"), cq.Clients(cq.Closed(3, think=ms(5)), name="shop")]
    assert overload(busy(clients=groups, **{"disk.write": ms(12)})).startswith("disk: 100 writes/s of 12 ms need 1.2")
    assert overload(busy(clients=groups, **{"disk.write": ms(9)})) == ""


def test_clockwork_that_is_just_fast_enough_keeps_up() -> None:
    """At a utilisation of exactly 1 nothing waits, if nothing varies."""
    exact = busy(**{"clients.arrivals": cq.Regular(ms(10)), "disk.write": ms(10)})
    assert not overload(exact) and not grows(exact)


def test_periodic_flushes_count_but_do_not_decide() -> None:
    """Under load a flush that is late takes the place of the next one."""
    flushing = busy(**{"store.flush": ms(10), "disk.flush": ms(6), "disk.write": ms(5)})
    disk = cq.loads(flushing).set_index("station").loc["disk"]
    assert disk["utilisation"] == pytest.approx(1.1) and not disk["certain"]


def test_everything_that_is_overloaded_is_named() -> None:
    told = overload(busy(**{"disk.write": ms(15), "projections.apply": ms(20), "handlers.workers": 2}))
    assert told == "disk: 100 writes/s of 15 ms need 1.5 of it; projection view: 100 appends/s of 20 ms need 2 of it"


TIMES = st.integers(1, 20_000).map(us)
DISTRIBUTIONS = st.one_of(
    TIMES.map(cq.Constant),
    TIMES.map(cq.Exponential),
    st.tuples(TIMES, TIMES).map(lambda ends: cq.Uniform(min(ends), max(ends))),
    st.builds(cq.LogNormal, mean=TIMES, cv=st.floats(0.1, 3)),
    st.builds(cq.Gamma, TIMES, cv=st.floats(0.3, 2)),
    st.lists(TIMES, min_size=1, max_size=5).map(cq.Empirical),
)


@given(DISTRIBUTIONS, st.floats(0.01, 5))
def test_a_limited_mean_is_the_area_under_the_survival_curve(given_: cq.AnyDistribution, times: float) -> None:
    """E[min(X, t)] grows with t by no more than t, and ends at the mean."""
    mean = given_.mean_ns()
    limit = times * mean
    found = mean_up_to_ns(given_, limit)
    more = mean_up_to_ns(given_, limit * 1.01)
    assert 0 <= found <= min(mean, limit) * (1 + 1e-9)
    assert -1e-6 * mean <= more - found <= 0.01 * limit * (1 + 1e-6)
    assert mean_up_to_ns(given_, 1e6 * mean) == pytest.approx(mean, rel=1e-3)


SCIPY = {
    "lognorm": (cq.LogNormal(mean=ms(2), cv=1.5), (math.sqrt(math.log1p(1.5**2)), 2 / math.sqrt(1 + 1.5**2))),
    "gamma": (cq.Gamma(ms(2), cv=0.5), (4.0, 0.5)),
    "expon": (cq.Exponential(ms(2)), (2.0,)),
}


@pytest.mark.parametrize("name", SCIPY)
@pytest.mark.parametrize("limit_ms", [0.5, 2.0, 9.0])
def test_limited_means_are_those_of_numeric_integration(name: str, limit_ms: float) -> None:
    from scipy import integrate, stats

    mine, (*shape, scale) = SCIPY[name]
    curve = getattr(stats, name)(*shape, scale=scale)
    theirs, _ = integrate.quad(curve.sf, 0, limit_ms)
    assert mean_up_to_ns(mine, limit_ms * 1e6) / 1e6 == pytest.approx(theirs, rel=1e-6)


@given(st.lists(DISTRIBUTIONS, max_size=3), st.floats(0.1, 10))
def test_the_least_mean_of_a_sum_exceeds_neither_the_limit_nor_the_sum(
    parts: list[cq.AnyDistribution], limit_ms: float
) -> None:
    found = least_mean_of_sum_ns(parts, limit_ms * 1e6)
    assert found <= min(limit_ms * 1e6, sum(part.mean_ns() for part in parts)) * (1 + 1e-9)


@given(st.lists(st.floats(0.1, 9), min_size=1, max_size=9), st.integers(1, 4))
def test_the_hottest_shard_gets_no_less_than_its_share(weights: list[float], shards: int) -> None:
    aggregate, shard = hottest_shares(cq.Weighted(weights), shards)
    assert aggregate == pytest.approx(max(weights) / sum(weights))
    assert max(aggregate, 1 / shards) <= shard * (1 + 1e-9) <= 1 + 1e-6


WAITING = (cq.FromGenerated(), cq.FromPublished())
NOT_WAITING = (cq.OwnStore(ms(4)), cq.FromGenerated(wait=False))
MIXED = list(itertools.product((None, 1, 3), (4, 14), (5, 14), (1, 50), WAITING + NOT_WAITING))


def mixed(
    batch: int | None, write_ms: int, apply_ms: int, aggregates: int, state: cq.AnyState
) -> tuple[cq.Scenario, float]:
    """A system with several stations, and the utilisation of the one that has most to do for certain."""
    scenario = busy(**{
        "store.batch_at_most": batch, "disk.write": cq.Exponential(ms(write_ms)), "state": state,
        "projections.apply": cq.Exponential(ms(apply_ms)), "handlers.validate": cq.Exponential(ms(3)),
        "aggregates": cq.Evenly(aggregates),
    })  # fmt: skip
    table = cq.loads(scenario)
    assert table["certain"].all() or state.answers().wait_for != "nothing"
    return scenario, table["utilisation"].max()


def test_systems_put_together_behave_as_their_busiest_station() -> None:
    """What is called overloaded has a backlog that grows; where nobody waits for the store, nothing else has one."""
    called = calm = 0
    for choice in MIXED:
        scenario, utilisation = mixed(*choice)
        if utilisation > 1.2:
            assert overload(scenario) and grows(scenario), choice
            called += 1
        elif utilisation < 0.9:
            assert not overload(scenario), choice
            if choice[-1] in NOT_WAITING:
                assert not grows(scenario), choice
                calm += 1
    assert called >= 40 and calm >= 5
