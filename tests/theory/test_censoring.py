"""What a run says of what it has not seen the end of."""

import cqrsim as cq
from cqrsim.theory import oracles

SEED = 20130526


def test_percentiles_that_cannot_be_known_are_lower_bounds() -> None:
    """With 22 % still under way the median is known, the 99 % quantile and the mean are not."""
    (case,) = oracles()["O34"].cases
    for replication in range(5):
        summary = cq.simulate(case.scenario, SEED, replication).summary().set_index(["metric", "stat"])
        bounds = summary.loc["feedback_ms"].lower_bound
        assert (bool(bounds["p50"]), bool(bounds["p99"]), bool(bounds["mean"])) == (False, True, True)


def test_the_first_command_of_an_empty_system_never_waits() -> None:
    """Warm-up bias begins at 0."""
    (case,) = oracles()["O37"].cases
    waits = [cq.simulate(case.scenario, SEED, r).commands().turn_wait_ms.iloc[0] for r in range(20)]
    assert not any(waits)
