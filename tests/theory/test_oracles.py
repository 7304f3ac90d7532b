"""Every oracle holds: the formulas say what the literature says, and the simulator does what the formulas say."""

import pytest
from published import PUBLISHED, TWELVE

import cqrsim as cq
from cqrsim.theory import oracles
from cqrsim.theory.formulas.paths import kiefer_wolfowitz, lindley, with_outages
from cqrsim.theory.known.exact import ARRIVALS_MS, FIRST_MS, OUTAGES_MS, SECOND_MS

SEED = 20130526
"""Chosen once, before anything ran: the date of the essay that the project starts from."""


@pytest.mark.parametrize("name", oracles())
def test_the_simulator_agrees_with_theory(name: str) -> None:
    """Every quantity lies within its interval, which is narrow enough to mean something."""
    verification = cq.verify(name, seed=SEED)
    assert verification.is_fine, verification.failures.to_string()
    assert not len(verification.errors)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_formulas_give_the_published_values(name: str) -> None:
    """The values are computed in the package, and agree with those that were computed elsewhere."""
    theory = oracles()[name].theory
    assert PUBLISHED[name].keys() <= theory.keys()
    for quantity, value in PUBLISHED[name].items():
        assert theory[quantity] == pytest.approx(value, rel=1e-8), quantity


def test_the_recursions_give_the_path_that_was_computed_by_hand() -> None:
    """Twelve commands: Lindley, a second station behind it, Kiefer and Wolfowitz, and outages."""
    departures = lindley(ARRIVALS_MS, FIRST_MS)
    waits = [left - came - took for left, came, took in zip(departures, ARRIVALS_MS, FIRST_MS, strict=True)]
    assert (waits, departures) == (TWELVE["waits"], TWELVE["departures"])
    assert lindley(departures, SECOND_MS) == TWELVE["visible"]
    assert kiefer_wolfowitz(ARRIVALS_MS, FIRST_MS, servers=2) == TWELVE["waits of two servers"]
    assert with_outages(ARRIVALS_MS, FIRST_MS, OUTAGES_MS) == TWELVE["with outages"]


def test_every_oracle_says_where_it_comes_from() -> None:
    """Title, source and formula for people; cases that can be told apart; a precision for every quantity."""
    for oracle in oracles().values():
        assert oracle.title and oracle.source and oracle.formula and oracle.cases
        assert len(oracle.theory) == sum(len(case.theory) for case in oracle.cases)
        for case in oracle.cases:
            assert all(0 < case.precision_of(quantity) <= 0.2 for quantity in case.theory)
            assert case.runs >= 8 or case.exact


PLANTED = {
    "O04": ({"disk.write": "10.5ms"}, 8),
    "refused-share": ({"faults": ()}, 3),
    "closed-delay": ({"clients.arrivals.clients": 21}, 5),
    "cache-time": ({"feedback.keep_for": "63ms"}, 5),
    "power-loss": ({"store.answer_after": "flush"}, 30),
    "conflicts": ({"handlers.turn": "aggregate"}, 5),
    "O05": ({"handlers.workers": 3}, 2),
}
"""An error in one setting each, of 5 % or a rule that is not kept, and the runs that suffice to see it."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_found(name: str) -> None:
    """The theory of one system does not fit another, and one that fits is told with as few runs: there is power."""
    changes, replications = PLANTED[name]
    found = cq.verify(oracles()[name].with_(changes), seed=SEED, replications=replications).frame
    assert found["verdict"].isin(["misses", "differs"]).any()
