"""Scenarios that are kept as files: a few that were written by hand, and all on which engines once disagreed."""

from pathlib import Path

import pytest

from contract.agreement import ENGINES, KEPT, agreed, kept

GOLDEN = Path(__file__).parent / "golden"
FILES = [*sorted(GOLDEN.glob("*.toml")), *sorted(KEPT.glob("*.toml"))]


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_scenario_that_is_kept(path: Path, name: str) -> None:
    """By compiled rules and as they stand: equal digests."""
    scenario, seed = kept(path)
    assert len(agreed(scenario, seed, ENGINES[name]))


def test_the_golden_ones_are_there() -> None:
    """None was lost on the way."""
    assert len(list(GOLDEN.glob("*.toml"))) >= 6
