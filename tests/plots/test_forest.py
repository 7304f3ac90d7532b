"""Differences with their intervals: what is drawn is what the comparison says."""

import dataclasses

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

import cqrsim as cq
from cqrsim.errors import ResultError
from cqrsim.plots import differences, style

BLOG = cq.presets.blog().with_(length=cq.ms(500), warm_up=cq.seconds(0))


@pytest.fixture(scope="module")
def comparison():
    designs = cq.presets.feedback_cases(BLOG)
    return cq.compare(designs, replications=5, engine="simpy", progress=False)


def said(ax, looking):
    return [text.get_text() for text in looking.texts(ax, "verdict")]


def test_every_design_has_a_row_for_each_metric(comparison, looking):
    ax = differences(comparison, "wait", "feedback_ms_p50", "silent_failure_share")
    names = [text.get_text() for text in ax.get_yticklabels()]
    others = [name for name in comparison.designs if name != "wait"]
    assert names == ["feedback p50", *others, "silent failure", *others]
    assert len(said(ax, looking)) == 2 * len(others)


def test_verdicts_are_those_of_the_comparison(comparison, looking):
    verdicts = comparison.verdict("wait", "feedback_ms_p50").frame["verdict"].astype(str)
    shown = said(differences(comparison, "wait", "feedback_ms_p50"), looking)
    assert [words.split(":")[0] for words in shown] == list(verdicts)
    assert shown[0].endswith("ms") and "+" in shown[0]


def test_dots_are_differences_and_lines_hold_all_together(comparison, looking):
    ax = differences(comparison, "wait", "feedback_ms_p50")
    table = comparison.differences("wait", "feedback_ms_p50")
    dots = [line.get_xdata()[0] for line in looking.lines(ax, "difference")]
    assert np.allclose(dots, table["difference"])
    stricter = dataclasses.replace(comparison, confidence=1 - 0.05 / len(table)).differences("wait", "feedback_ms_p50")
    drawn = [tuple(line.get_xdata()) for line in looking.lines(ax, "interval")]
    assert np.allclose(drawn, stricter[["low", "high"]].to_numpy())


def test_designs_have_their_colours_of_every_picture(comparison, looking):
    ax = differences(comparison, "wait", "feedback_ms_p50")
    looks = style.looks(comparison.designs)
    colours = [to_hex(line.get_color()).upper() for line in looking.lines(ax, "difference")]
    assert colours == [looks[name].colour for name in comparison.designs if name != "wait"]


def test_the_margin_is_shaded_and_can_be_said(comparison, looking):
    ax = differences(comparison, "wait", "feedback_ms_p50", margins={"feedback_ms_p50": 0.5})
    (shade,) = looking.patches(ax, "margin")
    assert [round(end, 9) for end in shade.get_extents().transformed(ax.transData.inverted()).intervalx] == [-0.5, 0.5]


def test_only_a_bound_that_is_known_is_an_arrow(looking):
    """More clients than one in a hundred are never told: the 99 % quantile lies beyond what was seen."""
    silence = BLOG.with_(feedback=cq.Silence(reload=cq.seconds(2)), clients=BLOG.clients.variant(invalid=0.3))
    found = cq.compare(
        {"wait": BLOG.with_(clients=silence.clients), "silence": silence}, replications=3, progress=False
    )
    ax = differences(found, "wait", "feedback_ms_p99")
    assert len(looking.lines(ax, "beyond")) == 1
    assert "at least" in said(ax, looking)[0]


def test_nothing_is_cut_off_at_the_width_of_a_notebook(comparison, looking):
    ax = differences(comparison)
    assert looking.cut_off(looking.texts(ax, "verdict")) == []
    ticks = [text for text in ax.get_xticklabels() if text.get_text()]
    assert looking.covering(ticks) == []


def test_the_axes_that_are_given_are_drawn_on(comparison):
    _, ax = plt.subplots()
    assert differences(comparison, ax=ax) is ax


def test_what_cannot_be_drawn_is_told(comparison):
    with pytest.raises(ResultError, match="drawn of a comparison"):
        differences(BLOG)
    with pytest.raises(ResultError, match='no design "wiat"; did you mean "wait"'):
        differences(comparison, "wiat")
    with pytest.raises(ResultError, match="no metric"):
        differences(comparison, "wait", "feedback_ms_p98")
