"""Every planted defect is found, in so many scenarios as its entry says; and without it they are found in order."""

import pytest
from swarm.checks import Failure, failures

from planted.defects import DEFECTS, Defect, scenarios

pytestmark = pytest.mark.swarm


def first_found(defect: Defect) -> tuple[int, list[Failure]] | None:
    """The first scenario in which a defect shows, and how."""
    for seed, scenario in scenarios(defect):
        found = [failure for failure in failures(scenario, seed, defect.by) if failure.check in defect.by]
        if found:
            return seed, found
    return None


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found(name: str) -> None:
    """With the defect one of its scenarios fails; without it that one and all before it do not."""
    defect = DEFECTS[name]
    with defect.plant():
        found = first_found(defect)
    assert found is not None, f"not found in {defect.within} scenarios"
    seed, _ = found
    for number, scenario in scenarios(defect, seed + 1):
        assert failures(scenario, number, defect.by) == [], number


def test_there_are_enough_defects() -> None:
    assert len(DEFECTS) >= 25
