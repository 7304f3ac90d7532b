"""Means over replications of what was seen in none of them, or in all: there is an interval, and it covers."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.coverage import assert_covers_at_least, covered

import cqrsim as cq
from cqrsim.experiments.answers.estimates import estimate
from cqrsim.experiments.answers.outcomes import outcome_shares


def rows_of_one(values: list[float], stat: str, n: int = 100) -> pd.DataFrame:
    """The replications of one metric in one design."""
    return pd.DataFrame({"stat": stat, "value": np.asarray(values, float), "n": n, "lower_bound": False})


@given(runs=st.integers(1, 20), n=st.integers(1, 10_000), confidence=st.floats(0.5, 0.999))
def test_what_is_all_in_every_run_mirrors_what_is_nothing(runs: int, n: int, confidence: float) -> None:
    """The rule of three from above and from below."""
    none, all_ = (estimate(rows_of_one([share] * runs, "share", n), "share", confidence) for share in (0.0, 1.0))
    assert (none.value, none.low, all_.value, all_.high) == (0, 0, 1, 1)
    assert 0 < none.high == pytest.approx(1 - all_.low)
    assert all_.text(100.0) == "100", "what cannot be more has no plus and minus"


def test_shares_that_are_mostly_all_are_covered() -> None:
    """Of 3 runs of 20 commands, 1 % of which are missing, more than half miss none."""
    generator, ends, alike = np.random.default_rng(3), [], 0
    for shares in generator.binomial(20, 0.99, (1000, 3)) / 20:
        found = estimate(rows_of_one(shares.tolist(), "share", 20), "share", 0.95)
        alike += int((shares == 1).all())
        if (shares == 1).all():
            ends.append((found.low, found.high))
    assert alike > 400
    assert_covers_at_least(covered(0.99, ends), 0.95)


def test_a_count_of_nothing_is_bounded_by_the_number_of_runs() -> None:
    """As much as Poisson with that mean would still be nowhere seen in 5 % of the cases; fewer than 3 bound nothing."""
    for runs in (3, 10, 100):
        found = estimate(rows_of_one([0.0] * runs, "count"), "", 0.95)
        assert (found.value, found.low) == (0, 0) and math.exp(-found.high * runs) == pytest.approx(0.05)
    few = estimate(rows_of_one([0.0, 0.0], "count"), "", 0.95)
    assert math.isinf(few.high) and few.text() == "0"
    assert estimate(rows_of_one([0.0] * 3, "mean"), "", 0.95).high == 0, "a level is no count"


def test_that_nothing_was_lost_in_three_runs_does_not_show_that_nothing_is() -> None:
    """Whatever the limit that is meant, zero is never shown of a count; nor that two designs are equivalent in it."""
    blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    answers = cq.compare({"a": blog, "b": blog.with_({"disk.write": "1ms"})}, replications=3, engine="simpy")
    checks = answers.check("loss_count <= 0", "loss_count < 1.1")
    assert checks["verdict"].tolist() == ["not shown"] * 2 + ["holds"] * 2
    found = answers.verdict("a", "loss_count", "store_refusing_share").frame
    assert found["verdict"].tolist() == ["unresolved", "cannot be told"]
    assert found["high"][0] > 0


def test_a_cell_that_holds_all_commands_has_an_interval() -> None:
    """All of 60 commands were told the truth: that share is at least 95 %."""
    cells = pd.DataFrame({"design": "a", "truth": "durable", "belief": "yes", "commands": 20, "share": [1.0] * 3})
    cells = cells.astype({"design": "category", "truth": "category", "belief": "category"})
    found = outcome_shares(cells, 0.95).iloc[0]
    assert found["low"] == pytest.approx(1 + math.log(0.05) / 60) and found["high"] == 1
