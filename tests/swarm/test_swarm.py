"""Random small scenarios, broken in every way that there is: what must hold of each, holds.

    python -m pytest tests/swarm -m swarm --swarm-seeds 1000 [--swarm-first 5000]

runs more of them; ``python -m tests.swarm SEED --shrink`` makes one that fails small.
"""

import pytest

import cqrsim as cq
from cqrsim.messages import AppendOutcome
from cqrsim.scenario.effects import MANNERS
from cqrsim.scenario.triggers import OfOperations, Trigger
from swarm.checks import failures, reached
from swarm.conftest import SMALL
from swarm.scenarios import scenario_of

pytestmark = pytest.mark.swarm

TRIGGERS = {cq.At, cq.Every, cq.Renewal, cq.PerOperation, cq.InBursts, cq.Nth, cq.Sequence, cq.While, cq.AfterFault,
            cq.When}  # fmt: skip
EVERYTHING = (
    {f"effect {effect.__name__}" for effect in MANNERS}
    | {f"trigger {trigger.__name__}" for trigger in TRIGGERS}
    | {f"append {outcome.name}" for outcome in AppendOutcome}
)
ENOUGH_FOR_EVERYTHING = 300
"""So many scenarios reach everything; fewer reach most of it."""
MOST = 0.75


def test_what_must_hold_holds(chunk: range) -> None:
    """Invariants, explained anomalies, rest, repetition, a settled past, and calm without faults."""
    broken = [f"{failure}\n    python -m tests.swarm {seed} --shrink"
              for seed in chunk for failure in failures(scenario_of(seed), seed)]  # fmt: skip
    if broken:
        pytest.fail("\n".join(broken), pytrace=False)


def test_the_swarm_reaches_every_effect_trigger_and_outcome(whole_swarm: range) -> None:
    """What is never put to the test is not tested: in the long run everything is, in a short one most."""
    missing = set(EVERYTHING)
    for seed in whole_swarm:
        missing -= reached(scenario_of(seed), seed)
        if not missing:
            return
    most = len(whole_swarm) < ENOUGH_FOR_EVERYTHING
    allowed = (1 - MOST) * len(EVERYTHING) if most and len(whole_swarm) >= SMALL else len(EVERYTHING) * most
    assert len(missing) <= allowed, f"never reached in {len(whole_swarm)} scenarios: {', '.join(sorted(missing))}"


def test_all_triggers_are_meant() -> None:
    """A new trigger is missed here."""
    known = {kind for kind in [*Trigger.__subclasses__(), *OfOperations.__subclasses__()] if kind is not OfOperations}
    assert {kind.__name__ for kind in known} == {trigger.__name__ for trigger in TRIGGERS}


def test_a_number_is_a_scenario() -> None:
    """The same number makes the same scenario, and its neighbours make others."""
    assert scenario_of(7) == scenario_of(7) != scenario_of(8)
