"""A run whose rows are forgotten says what the same run says whose rows are kept."""

import pandas as pd
import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds

SHOP = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(300)), invalid=0.05, patience=seconds(1)),
    feedback=cq.ErrorCache(keep_for=seconds(2)),
    disk=cq.Disk(write=cq.Exponential(ms(2))),
    rule=cq.Range(0, 3),
    aggregates=cq.Evenly(40),
    length=seconds(5),
    warm_up=seconds(1),
)
QUANTILES = ("p50", "p90", "p95", "p99", "p999")


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Quantiles, and everything else."""
    is_quantile = frame["stat"].astype(str).isin(QUANTILES)
    return frame[is_quantile].reset_index(drop=True), frame[~is_quantile].reset_index(drop=True)


@pytest.mark.parametrize("engine", ["simpy", "array"])
@pytest.mark.parametrize("faults", [(), (cq.DiskFull(at=seconds(2), lasts=ms(300)), cq.LostMessages(share=0.01))])
def test_the_summary_is_that_of_the_run(engine: str, faults: tuple[cq.AnyFault, ...]) -> None:
    """To the last bit; percentiles within 1 %."""
    scenario = SHOP.with_(faults=faults)
    if engine == "array":
        pytest.importorskip("cqrsim.engines.array_engine")
    kept, streamed = cq.simulate(scenario, seed=3), cq.stream(scenario, seed=3, engine=engine)
    (quantiles, others), (near, same) = split(kept.summary()), split(streamed.frame)
    pd.testing.assert_frame_equal(same, others, check_exact=True)
    pd.testing.assert_series_equal(near["value"], quantiles["value"], rtol=0.01, atol=1e-9)
    assert others["value"].gt(0).sum() > 40
    assert streamed.rows == len(kept.trace)


def test_the_sample_is_the_same_in_every_design() -> None:
    one = cq.stream(SHOP, seed=1, sample=50)
    other = cq.stream(SHOP.with_(feedback=cq.SyncValidation()), seed=1, sample=50)
    assert 20 < len(one.commands()) < 100
    assert one.commands()["command"].tolist() == other.commands()["command"].tolist()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"faults": (cq.StoreCrash(at=seconds(2)),)}, "who crashes"),
        ({"faults": (cq.WriteErrors(share=0.01),), "store.on_error": "exit"}, "on_error"),
    ],
    ids=["crash", "exit"],
)
def test_what_must_be_seen_as_a_whole_is_refused_by_name(changed: dict[str, object], named: str) -> None:
    """Before anything runs, with what to call instead."""
    with pytest.raises(cq.CqrsimError, match=rf"{named}.*simulate"):
        cq.stream(SHOP.with_(changed), seed=1)


def test_it_says_what_it_is() -> None:
    assert "rows, not kept" in repr(cq.stream(SHOP, seed=1))
    with pytest.raises(cq.ScenarioError, match="sample"):
        cq.stream(SHOP, seed=1, sample=-1)
