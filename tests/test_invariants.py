"""What must hold of every run, under whatever scenario hypothesis makes up."""

from collections import Counter

import pytest
from generated import scenarios
from hypothesis import HealthCheck, given, settings

import cqrsim as cq
from cqrsim import metrics
from cqrsim.engines.simpy_engine import run
from cqrsim.moments import Moment
from cqrsim.plan.plan import lower

FEW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
"""Reproducible: the same examples everywhere.  The long version goes on to new ones."""
MANY = settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))


def assert_invariants_hold(scenario: cq.Scenario) -> None:
    trace = run(lower(scenario, seed=1))
    assert metrics.invariants(trace) == []


@FEW
@given(scenarios())
def test_the_invariants_hold_with_faults_timeouts_and_retries(scenario: cq.Scenario) -> None:
    """Conservation, durability, order, turns and folds, whatever goes wrong."""
    assert_invariants_hold(scenario)


@FEW
@given(scenarios(with_faults=False, timeouts=False))
def test_without_faults_and_timeouts_there_is_no_anomaly(scenario: cq.Scenario) -> None:
    """No fault: no anomaly, at any load, in every design."""
    trace = run(lower(scenario, seed=1))
    assert metrics.invariants(trace) == []
    found = metrics.anomalies(trace)
    assert set(found.loc[found["count"] > 0, "kind"]) - by_design(scenario) == set()
    truths = set(metrics.commands(trace).truth.unique())
    assert truths <= {"durable", "refused", "caught"}, "everything comes to its end"


def by_design(scenario: cq.Scenario) -> set[str]:
    """What a design does to its clients without any fault: silence is silent, forgetful caches forget."""
    harmless = set()
    for group in scenario.groups:
        feedback = group.feedback or scenario.feedback
        answers = feedback.answers()
        if answers.answer_at == "received":
            harmless |= {"SILENT", "UNK", "ERRLOST"}
        if answers.presume_failure_after is not None:
            harmless |= {"GHOST", "UNK"}
        if answers.wait_at_most is not None:
            harmless |= {"UNK"}
    return harmless


@pytest.mark.long
@MANY
@given(scenarios())
def test_the_invariants_hold_in_many_more_scenarios(scenario: cq.Scenario) -> None:
    """The same for some thousands."""
    assert_invariants_hold(scenario)


def test_the_generated_scenarios_reach_every_moment() -> None:
    """A property that is never put to the test proves nothing: rare paths are taken."""
    reached: Counter[str] = Counter()

    @settings(FEW, max_examples=400, database=None)
    @given(scenarios())
    def look(scenario: cq.Scenario) -> None:
        reached.update(Moment(moment).name for moment in set(run(lower(scenario, seed=1)).column("moment").tolist()))

    look()
    assert {moment.name for moment in Moment} - reached.keys() == {"DELIVERED"}
