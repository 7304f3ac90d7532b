"""Rare faults, made to strike: honest weights, honest intervals, and the same answer as runs as they come."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.coverage import assert_covers_at_least, covered
from scipy import stats

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.errors import ResultError, ScenarioError
from cqrsim.experiments.answers.questions import questions_of
from cqrsim.experiments.answers.rare_faults import rare_fault
from cqrsim.experiments.answers.strata import Trust, best_shares, stratified
from cqrsim.plan.draws import Stream
from cqrsim.plan.forced import NEVER_AGAIN_NS, Memoryless, Often

RATE, FLUSH_S, LENGTH_S = 400.0, 0.05, 0.25
LOST_PER_STRIKE = RATE * FLUSH_S / 2
"""Acknowledged when written, durable when flushed: a loss of power takes what came since the latest flush."""

MISS = 1e-4
"""Chance that a correct estimate fails a test, per comparison."""


def powered(mean_s: float, **parts: Any) -> cq.Scenario:
    """A store that answers before it flushes, on a supply of power that fails once in so many seconds."""
    when = cq.Renewal(cq.Exponential(seconds(mean_s)), seconds(0))
    power = cq.Fault(cq.Crash(power=True, restart=ms(1)), where="store", when=when, name="power")
    settings: dict[str, Any] = {
        "clients": cq.Clients(cq.Poisson(per_second(RATE))),
        "aggregates": cq.Evenly(10**9),
        "state": cq.FromGenerated(give_up_after=None),
        "feedback": cq.SyncValidation("written"),
        "store": cq.EventStore(flush=seconds(FLUSH_S), answer_after="write"),
        "faults": power,
        "length": seconds(LENGTH_S),
        "grace": seconds(0),
        "drain": seconds(1),
    }
    return cq.Scenario(**(settings | parts))


def test_lost_acknowledgements_agree_with_theory_and_with_runs_as_they_come() -> None:
    """lambda T strikes on average, each of which takes r tau / 2; both estimators' intervals hold that number."""
    often = powered(0.5)
    theory = LENGTH_S / 0.5 * LOST_PER_STRIKE
    forced = cq.rare(often, "power", "loss_count", replications=60, confidence=1 - MISS).frame.iloc[0]
    crude = cq.compare({"crude": often}, replications=100, confidence=1 - MISS).estimates("loss_count").iloc[0]
    for found in (forced, crude):
        assert found["low"] <= theory <= found["high"]
        assert found["high"] - found["low"] < 2 * theory, "wider intervals hold anything"


def test_estimates_are_unbiased_and_their_intervals_cover() -> None:
    """Over many seeds the mean is the theory's, whatever the allocation, and 95 % intervals miss no more than some."""
    seldom, theory = powered(10), LENGTH_S / 10 * LOST_PER_STRIKE
    for allocation, runs in (("equal", 8), ("neyman", 12)):
        found = [
            cq.rare(seldom, "power", "loss_count", replications=runs, strata=2, seed=seed, allocation=allocation).frame
            for seed in range(16)
        ]
        values = np.array([frame["value"][0] for frame in found])
        half = stats.t.ppf(1 - MISS / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
        assert abs(values.mean() - theory) < half < 0.5 * theory
        missed = sum(not frame["low"][0] <= theory <= frame["high"][0] for frame in found)
        assert missed <= stats.binom.ppf(1 - MISS, len(found), 0.1), "skewed counts and few runs cost some coverage"


def test_a_rare_fault_is_worth_many_runs_as_they_come() -> None:
    """What only happens under the fault is known as if from far more runs; what happens anyway is not."""
    found = cq.rare(powered(1000), "power", "loss_count", "durable_per_s", replications=30)
    worth = found.frame.set_index("name")["effective_runs"]
    assert worth["loss_count"] > 100 * found.replications
    assert worth["durable_per_s"] < found.replications


def test_the_chance_of_any_loss() -> None:
    """Each strike takes something with probability 1 - (1 - exp(-r tau)) / (r tau); their number is Poisson."""
    asked = {"replications": 90, "confidence": 1 - MISS, "only_when_struck": True}
    found = cq.rare(powered(10), "power", "loss_count > 0", **asked).frame.iloc[0]
    some = 1 - (1 - math.exp(-RATE * FLUSH_S)) / (RATE * FLUSH_S)
    theory = 1 - math.exp(-LENGTH_S / 10 * some)
    assert found["unit"] == "share"
    assert found["low"] <= theory <= found["high"] < 2 * theory


def test_where_all_struck_runs_end_alike_the_probability_still_has_an_interval() -> None:
    """30 of 30 runs that lose something do not say that all do: the rule of three."""
    for certain in (False, True):
        found = cq.rare(
            powered(10, clients=cq.Clients(cq.Regular(ms(1)))), None, "durable_per_s > 0",
            replications=60, only_when_struck=certain,
        )  # fmt: skip
        likely = found.strata["likely"]
        assert found.frame["value"][0] == pytest.approx(1.0)
        assert found.frame["low"][0] == pytest.approx(1 - likely[int(certain) :].sum() * -math.log(0.05) / 20)


LIKELY = (0.97, 0.03)
"""How likely the strata of made-up runs are."""


def runs_of(name: str, unit: str, *strata: np.ndarray, lower_bound: bool = False, n: int = 1) -> pd.DataFrame:
    """A long frame of made-up runs: the values of one metric in each stratum."""
    metric, _, stat = name.rpartition("_")
    column = {"metric": metric, "stat": stat, "unit": unit, "n": n, "lower_bound": lower_bound}
    return pd.concat([pd.DataFrame({"stratum": number, "value": values, **column})
                      for number, values in enumerate(strata)], ignore_index=True)  # fmt: skip


def test_what_seldom_happens_without_the_fault_is_covered_too() -> None:
    """1 run of 100 without the fault and 9 of 10 with it: the interval holds the truth though mostly none is seen."""
    (question,) = questions_of(["loss_count > 0"], [powered(1)])
    truth, generator = LIKELY[0] * 0.01 + LIKELY[1] * 0.9, np.random.default_rng(11)
    ends, alike = [], 0
    for _ in range(400):
        strata = [(generator.random(20) < chance).astype(float) for chance in (0.01, 0.9)]
        alike += not strata[0].any()
        found = stratified(runs_of("loss_count", "", *strata), question, LIKELY, (20, 20), Trust(0.95))
        ends.append((found.low, found.high))
    assert alike > 200, "mostly none is seen"
    assert_covers_at_least(covered(truth, ends), 0.95)


def test_plain_shares_are_no_narrower_than_the_rule_of_three_where_a_stratum_is_alike() -> None:
    """20 runs of 50 commands without a loss do not say that there is none; unless somebody takes it for granted."""
    (question,) = questions_of(["loss_share"], [powered(1)])
    frame = runs_of("loss_share", "share", np.zeros(20), np.linspace(0.1, 0.3, 20), n=50)
    wide, narrow = (stratified(frame, question, LIKELY, (20, 20), Trust(0.95, certain)) for certain in (False, True))
    assert wide.high == pytest.approx(narrow.high + LIKELY[0] * -math.log(0.05) / 1000)
    assert wide.value == narrow.value == pytest.approx(LIKELY[1] * 0.2)


def test_a_bound_above_a_limit_answers_and_one_below_it_leaves_both_ends_open() -> None:
    """A p99 of at least 2,400 is not below 2,100; one of at least 2,000 may be, in all such runs or in none."""
    below, above = questions_of(["feedback_ms_p99 < 2100", "feedback_ms_p99 > 2100"], [powered(1)])
    sure = runs_of("feedback_ms_p99", "ms", np.full(20, 2400.0), np.full(20, 2400.0), lower_bound=True)
    for question, answer in ((below, 0.0), (above, 1.0)):
        assert stratified(sure, question, LIKELY, (20, 20), Trust(0.95)).value == pytest.approx(answer)
    open_ = runs_of("feedback_ms_p99", "ms", np.full(20, 2000.0), np.full(20, 2000.0), lower_bound=True)
    mixed = pd.concat([sure[sure["stratum"] == 0], open_[open_["stratum"] == 1]])
    for question, ends in ((below, (0.0, 0.03)), (above, (0.97, 1.0))):
        found = stratified(mixed, question, LIKELY, (20, 20), Trust(0.95, only_when_struck=True))
        assert math.isnan(found.value) and (found.low, found.high) == pytest.approx(ends)


def test_a_pilot_without_events_does_not_starve_a_stratum() -> None:
    """Five runs alike under the fault get their share of the others, and no fewer than five in any case."""
    (question,) = questions_of(["loss_count > 0"], [powered(1)])
    pilot = runs_of("loss_count", "", np.array([0.0, 0, 1, 0, 1]), np.zeros(5))
    assert best_shares(pilot, [question], (0.5, 0.5), Trust(0.95))[1] > 0.2
    found = cq.rare(powered(10), None, "loss_count", replications=30, allocation="neyman", engine="simpy")
    assert found.strata["runs"].min() >= 5


def test_never_struck_is_the_scenario_without_the_fault() -> None:
    """To the last bit: the luck of all else does not move."""
    scenario = powered(1)
    without = cq.simulate(scenario.with_(faults=()), seed=1, replication=3)
    never = cq.simulate(rare_fault(scenario, "power", 3).scenario(0, 1, 3), seed=1, replication=3)
    assert len(without.trace) == len(never.trace)
    assert without.commands().equals(never.commands()) and without.summary().equals(never.summary())


@pytest.mark.parametrize("stratum", [1, 2])
def test_a_stratum_strikes_as_often_as_it_says(stratum: int) -> None:
    """The ledger of each run agrees; two or more are more than two, too, if that is not rare."""
    fault = rare_fault(powered(0.1), None, 3)
    strikes = [len(cq.simulate(fault.scenario(stratum, 1, r), seed=1, replication=r).faults()) for r in range(20)]
    assert set(strikes) == {1} if stratum == 1 else min(strikes) == 2 < max(strikes)


def test_strikes_that_last_are_told_apart_by_whether_there_is_any() -> None:
    """The share of time that an alternating renewal disk is down, from the start (Barlow and Proschan 1975)."""
    end, up, down = 10.0, 12.0, 3.0
    when = cq.Renewal(cq.Exponential(seconds(up)), cq.Exponential(seconds(down)))
    full = cq.Fault(cq.Full(), when=when, name="full")
    scenario = powered(1, faults=full, clients=cq.Clients(cq.Regular(ms(500))), length=seconds(end))
    asked = {"replications": 80, "confidence": 1 - MISS, "only_when_struck": True}
    found = cq.rare(scenario, "full", "store_refusing_share", **asked)
    assert found.strata["strikes"].unique().tolist() == ["0", "1 or more"]
    assert found.strata["likely"][1] == pytest.approx(1 - math.exp(-end / up))
    rates = 1 / up + 1 / down
    theory = down / (up + down) * (1 - (1 - math.exp(-rates * end)) / (rates * end))
    assert found.frame["low"][0] <= theory <= found.frame["high"][0] < 2 * theory
    fault = rare_fault(scenario, "full", 3)
    assert min(len(cq.simulate(fault.scenario(1, 1, r), 1, r).faults()) for r in range(10)) >= 1


@given(expected=st.floats(1e-9, 19), strata=st.integers(2, 6))
def test_chances_add_up_to_one(expected: float, strata: int) -> None:
    """Poisson's, with what is rare as exact as what is not."""
    times = Memoryless(1e9 / expected, 0, 10**9, at_once=True)
    chances = [times.chance(Often(count)) for count in range(strata - 1)]
    rest = times.chance(Often(strata - 1, or_more=True))
    assert sum(chances) + rest == pytest.approx(1)
    assert rest == pytest.approx(stats.poisson.sf(strata - 2, expected), rel=1e-9)


@given(count=st.integers(1, 5), replication=st.integers(0, 1000), begin=st.integers(0, 10**8))
def test_forced_times_lie_within_their_stretch(count: int, replication: int, begin: int) -> None:
    """In their order, as many as asked for, and none after them."""
    times = Memoryless(1e9, begin, 10**9, at_once=True)
    *ups, last = times.up_times(Often(count), Stream(1, replication, "forced"))
    strikes = np.cumsum(ups)
    assert len(ups) == count and last == NEVER_AGAIN_NS
    assert begin <= strikes[0] and strikes[-1] < 10**9 and min(ups) >= 0


def test_forced_times_are_distributed_as_they_would_be() -> None:
    """Counts and times under "or more" are those of a Poisson process; a first strike is a truncated exponential."""
    times = Memoryless(0.7e9, 0, 10**9, at_once=True)
    counts = [len(times.up_times(Often(2, or_more=True), Stream(1, r, "forced"))) - 1 for r in range(1500)]
    seen = np.bincount(np.minimum(counts, 5), minlength=6)[2:]
    wanted = stats.poisson.pmf([2, 3, 4], 1 / 0.7)
    wanted = np.append(wanted, stats.poisson.sf(4, 1 / 0.7)) / stats.poisson.sf(1, 1 / 0.7)
    assert stats.chisquare(seen, 1500 * wanted).pvalue > MISS
    lasting = Memoryless(0.7e9, 0, 10**9, at_once=False)
    firsts = [lasting.up_times(Often(1, or_more=True), Stream(2, r, "forced"))[0] / 1e9 for r in range(1500)]
    assert stats.kstest(firsts, stats.truncexpon(1 / 0.7, scale=0.7).cdf).pvalue > MISS


def test_results_do_not_depend_on_who_does_the_work() -> None:
    """One worker or two, SimPy or arrays: the same numbers."""
    one = cq.rare(powered(10), None, "loss_count", replications=6, engine="simpy")
    two = cq.rare(powered(10), None, "loss_count", replications=6, n_jobs=2)
    assert one.frame.equals(two.frame) and one.strata.equals(two.strata)


def test_it_shows_itself_briefly() -> None:
    """The chances, and a table with intervals and what the runs are worth."""
    found = cq.rare(powered(10), None, "loss_count", "ghost_share", replications=12)
    assert repr(found) == 'Rare("power" strikes 0: 97.5 %, 1: 2.44 %, 2 or more: 0.0307 %; 12 runs, seed 1)'
    assert found.table()["estimate"][1].startswith("0 (< ")
    assert "loss_count" in found._repr_html_()


WRONG = [
    ({"faults": cq.DiskFull(at=seconds(0.1), lasts=seconds(0.1))}, "DiskFull 1", "its short form"),
    ({"faults": cq.Fault(cq.Full(), when=cq.Every(seconds(1)))}, "Fault 1", "of Every, not of Renewal"),
    ({"faults": cq.Fault(cq.Full(), when=cq.Renewal(cq.Uniform(ms(1), ms(2)), ms(1)))}, "Fault 1", "Uniform"),
    ({"faults": cq.Fault(cq.Full(), when=cq.Renewal(cq.Exponential(ms(1)), ms(0)))}, "Fault 1", "would have to last"),
    ({}, "pwoer", 'did you mean "power"'),
    ({"faults": ()}, None, "must be named: 0 faults"),
    ({"faults": cq.Fault(cq.Crash(), when=cq.Renewal(cq.Exponential(ms(1)), ms(0)))}, None, "250 times a run"),
]


@pytest.mark.parametrize(("parts", "name", "told"), WRONG)
def test_other_faults_are_refused_by_name(parts: dict[str, Any], name: str | None, told: str) -> None:
    """Before anything runs, with what is wrong."""
    with pytest.raises(ScenarioError, match=told):
        cq.rare(powered(1, **parts), name)


def test_what_is_asked_must_exist() -> None:
    """Metrics, numbers of runs, allocations."""
    with pytest.raises(ResultError, match='did you mean "loss_count"'):
        cq.rare(powered(1), None, "los_count")
    with pytest.raises(ScenarioError, match="replications: must be a whole number, at least 6"):
        cq.rare(powered(1), None, replications=5)
    with pytest.raises(ScenarioError, match='must be "equal" or "neyman"'):
        cq.rare(powered(1), None, allocation="best")
