"""What an engine cannot run it refuses, and names the setting; it refuses nothing else."""

import pytest

import cqrsim as cq
from contract.agreement import array_engine, fast, plain
from contract.systems import busy, number
from cqrsim import mb, ms
from cqrsim.engines import simpy_engine
from cqrsim.errors import PlanError
from cqrsim.plan.answers import By, Effect
from cqrsim.plan.plan import Plan, lower

FEW, MANY = range(300), range(1000, 4000)


def only_looks(view: object) -> None:
    """An effect of somebody's own."""


def never(view: object) -> bool:
    """A condition of somebody's own."""
    return False


def accept(state: int, command: cq.Command) -> tuple[str, ...]:
    return ("done",)


def keep_state(state: int, event: str) -> int:
    return state


BY_FUNCTIONS: dict[str, tuple[cq.Scenario, str]] = {
    "rule": (busy(rule=cq.Rule(accept, keep_state, initial=0)), "rule: "),
    "condition": (
        busy(faults=(cq.Fault(cq.Refuse(), when=cq.When(never), name="odd"),)),
        'faults: the condition of "odd"',
    ),
    "effect": (
        busy(faults=(cq.Fault(cq.Custom(only_looks), when=ms(50), where="store", name="odd"),)),
        'faults: the effect of "odd"',
    ),
}


@pytest.mark.parametrize("name", BY_FUNCTIONS)
def test_functions_are_left_to_the_reference(name: str) -> None:
    """Somebody's own rule, condition or effect: refused by what it is called, compiled or not."""
    scenario, setting = BY_FUNCTIONS[name]
    plan = lower(scenario, seed=1)
    (reason,) = array_engine.can_run(plan)
    assert reason.startswith(setting)
    assert simpy_engine.can_run(plan) == ()
    assert len(simpy_engine.run(plan))
    for engine in (fast, plain):
        with pytest.raises(PlanError) as raised:
            engine(plan)
        assert reason in str(raised.value)


def test_all_reasons_are_told_at_once() -> None:
    """Nobody has to mend one to hear of the next."""
    odd = cq.Fault(cq.Refuse(), when=cq.When(never), name="first")
    even = cq.Fault(cq.Custom(only_looks), when=ms(50), where="store", name="second")
    scenario = busy(rule=BY_FUNCTIONS["rule"][0].rule, faults=(odd, even))
    assert len(array_engine.can_run(lower(scenario, seed=1))) == 3


@pytest.mark.parametrize(
    ("scenario", "setting"),
    [
        (busy(faults=(cq.ConsumeDisk(mb(10_000_000), ms(50), ms(9), name="flood"),)), 'faults: "flood"'),
        (busy(feedback=cq.SyncValidation(), projections=[cq.Projection(name=f"v{n}") for n in range(61)]),
         "projections: "),
        (busy(clients=[cq.Clients(cq.Regular(ms(200)), name=f"c{n}") for n in range(256)]), "clients: "),
    ],
    ids=["too fast a loss of room", "too many projections", "too many groups"],
)  # fmt: skip
def test_what_numbers_cannot_carry_is_refused(scenario: cq.Scenario, setting: str) -> None:
    """Limits that no scenario in use comes near."""
    (reason,) = array_engine.can_run(lower(scenario, seed=1))
    assert reason.startswith(setting)


def calls_functions(plan: Plan) -> bool:
    """Whether a plan holds a function; the random ones have no rules of their own."""
    return any(fault.by == By.CALL or fault.effect == Effect.CUSTOM for fault in plan.faults)


def test_nothing_else_is_refused() -> None:
    """Of all random scenarios exactly those that hold a function."""
    check(FEW)


@pytest.mark.long
def test_nothing_else_is_refused_of_many() -> None:
    """The same of more of them."""
    check(MANY)


def check(seeds: range) -> None:
    refused = 0
    for seed in seeds:
        plan = lower(number(seed), seed)
        reasons = array_engine.can_run(plan)
        assert bool(reasons) == calls_functions(plan), (seed, reasons)
        assert all(" is a function, " in reason for reason in reasons), (seed, reasons)
        refused += bool(reasons)
    assert refused
