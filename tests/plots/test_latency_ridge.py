import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.errors import ResultError
from cqrsim.plots import latency_ridge, style
from cqrsim.trace import Trace

BLOG = cq.presets.blog().with_(length=seconds(4), warm_up=seconds(1), drain=seconds(2))
TROUBLED = BLOG.with_faults(cq.DiskFull(at=seconds(2), lasts=ms(500)))


@pytest.fixture(scope="module")
def run():
    return cq.simulate(TROUBLED, seed=1, engine="simpy")


@pytest.fixture(scope="module")
def comparison():
    cases = cq.presets.feedback_cases(TROUBLED)
    return cq.compare({name: cases[name] for name in ("wait", "silence")}, replications=3, seed=1, engine="simpy")


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_a_run_has_a_ridge_for_each_moment_and_the_share_that_came(run, looking):
    """Nobody reads, so that nobody waits to see it; what the full disk refuses is never durable."""
    ax = latency_ridge(run)
    assert names(ax) == ["first answer", "client told", "durable", "visible everywhere"]
    assert ax.get_xscale() == "log"
    assert ax.get_title(loc="left") == "How long until each moment: blog"
    shares = [text.get_text() for text in looking.texts(ax, "share")]
    summary = run.summary()
    durable = summary.loc[(summary["metric"] == "durability") & (summary["stat"] == "share"), "value"].item()
    assert 0.7 < durable < 0.95
    assert shares[0] == "100 %"
    assert shares[2] == f"{100 * durable:.1f} % ({100 * (1 - durable):.1f} % never)"


def test_medians_are_those_of_the_summary_and_what_is_not_reached_is_missing(run, looking):
    ax = latency_ridge(run, ["durability_ms"])
    summary = run.summary()
    median = summary.loc[(summary["metric"] == "durability_ms") & (summary["stat"] == "p50"), "value"].item()
    assert [line.get_xdata()[0] for line in looking.lines(ax, "quantile")] == [median]
    assert len(looking.lines(latency_ridge(run, ["answer_ms"]), "quantile")) == 2


def test_designs_keep_their_colours_and_have_intervals(comparison, looking):
    ax = latency_ridge(comparison)
    assert names(ax) == ["wait", "silence"] * 4
    colours = [look.colour for look in style.looks(comparison.designs).values()]
    assert [label.get_color() for label in ax.get_yticklabels()] == colours * 4
    assert [text.get_text() for text in looking.texts(ax, "moment")] == [
        "first answer", "client told", "durable", "visible everywhere",
    ]  # fmt: skip
    told = comparison.quantiles("answer_ms", p=(0.5,))
    drawn = [tuple(line.get_xdata()) for line in looking.lines(latency_ridge(comparison, ["answer_ms"]), "interval")]
    for low, high in told[["low", "high"]].itertuples(index=False):
        assert any(np.allclose(ends, (low, high)) for ends in drawn)


def test_nothing_is_cut_off_or_covered(run, comparison, looking):
    for ax in (latency_ridge(run), latency_ridge(comparison)):
        labels = [*ax.texts, *ax.get_yticklabels(), ax.xaxis.label]
        assert looking.cut_off(labels) == []
        assert looking.covering([*looking.texts(ax, "share"), *looking.texts(ax, "heading")]) == []
        assert ax.figure.get_size_inches()[0] <= 7.0


def test_bad_input_is_told(run):
    with pytest.raises(ResultError, match='no latency "durable_ms"'):
        latency_ridge(run, ["durable_ms"])
    with pytest.raises(ResultError, match="metrics: name some latencies"):
        latency_ridge(run, "durability_ms")
    empty = latency_ridge(Trace.from_rows(np.empty((0, 7), np.int64)))
    assert [text.get_text() for text in empty.texts] == ["Nobody waits for any of this."]
