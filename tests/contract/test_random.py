"""Random systems, broken in every way, and the same in step: both engines say the same of every one they both run.

    python -m tests.contract --scenarios 10000

runs more of them.
"""

import pytest
from generated import scenarios
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cqrsim as cq
from contract.agreement import agreed, fast, plain
from contract.systems import in_step, number
from cqrsim.errors import PlanError

CHUNK = 25
FAST, PLAIN = range(0, 150, CHUNK), range(150, 200, CHUNK)
MOST = 0.6
"""At least such a share of random scenarios is run by both engines, rather than refused for a function in it."""

UNHURRIED = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.mark.parametrize("first", FAST)
def test_random_scenarios_by_compiled_rules(first: int) -> None:
    """Equal digests."""
    assert compared(range(first, first + CHUNK), compiled=True) >= MOST * CHUNK


@pytest.mark.parametrize("first", PLAIN)
def test_random_scenarios_by_rules_as_they_stand(first: int) -> None:
    """Equal digests."""
    assert compared(range(first, first + CHUNK), compiled=False) >= MOST * CHUNK


@pytest.mark.long
@pytest.mark.parametrize("first", range(1000, 4000, 100))
def test_many_random_scenarios(first: int) -> None:
    """Equal digests."""
    assert compared(range(first, first + 100), compiled=True) >= MOST * 100


def compared(seeds: range, compiled: bool) -> int:
    """How many scenarios are not refused; all of them must agree."""
    agreeing = 0
    for seed in seeds:
        try:
            agreed(number(seed), seed, fast if compiled else plain)
        except PlanError:
            continue
        agreeing += 1
    return agreeing


@settings(UNHURRIED, max_examples=40)
@given(scenario=scenarios(), seed=st.integers(0, 1000))
def test_generated_scenarios(scenario: cq.Scenario, seed: int) -> None:
    """Whole systems with faults, limits and ties."""
    agreed(scenario, seed)


@settings(UNHURRIED, max_examples=40)
@given(scenario=scenarios(), seed=st.integers(0, 1000))
def test_generated_scenarios_in_step(scenario: cq.Scenario, seed: int) -> None:
    """Groups that come at the same instants, and messages that take no time."""
    agreed(in_step(scenario, seed), seed)


@settings(UNHURRIED, max_examples=10)
@given(scenario=scenarios(with_faults=False, timeouts=False), seed=st.integers(0, 1000))
def test_generated_scenarios_in_calm(scenario: cq.Scenario, seed: int) -> None:
    """Where nobody looks back, what is over is forgotten: which must not show."""
    agreed(scenario, seed)
    agreed(scenario, seed, plain)
