import numpy as np
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim import kb, ms, seconds
from cqrsim.errors import ResultError
from cqrsim.plots import timeline
from cqrsim.plots.over_time import PANELS
from cqrsim.plots.periods import periods_of
from cqrsim.trace import Trace

BLOG = cq.presets.blog().with_(length=seconds(6), warm_up=seconds(1))
TROUBLED = BLOG.with_faults(
    cq.DiskFull(at=seconds(2), lasts=seconds(1), name="backup"), cq.Stall(at=seconds(4), lasts=ms(500))
)


FILLS = BLOG.with_({"disk.capacity": kb(200), "feedback": cq.ForwardEvent(poll=ms(100)), "drain": seconds(2)})


@pytest.fixture(scope="module")
def troubled():
    return cq.simulate(TROUBLED, seed=1)


def test_there_are_five_pictures_with_units_above_one_time_axis(troubled):
    axes = timeline(troubled)
    assert len(axes) == len(PANELS)
    assert [ax.get_ylabel().replace("\n", " ") for ax in axes] == [
        "commands", "disk use (kB)", "divergent aggregates", "lag (events)", "feedback (ms)",
    ]  # fmt: skip
    assert axes[-1].get_xlabel() == "time since the run began (s)"
    assert len({ax.get_xlim() for ax in axes}) == 1
    assert axes[0].get_title(loc="left") == "A run over time: blog"


def test_fault_periods_are_shaded_everywhere_and_named_once(troubled, looking):
    axes = timeline(troubled)
    for ax in axes:
        spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in looking.patches(ax, "period")]
        assert spans == [(2.0, 3.0), (4.0, 4.5)]
    assert [text.get_text() for text in looking.texts(axes[0], "period name")] == ["backup", "Stall 1"]


def test_names_of_periods_never_cover_each_other(looking):
    faults = [cq.Stall(at=ms(500 * i), lasts=ms(100), name=f"a stall with a long name, {i}") for i in range(1, 9)]
    names = looking.texts(timeline(cq.simulate(BLOG.with_faults(*faults), seed=1))[0], "period name")
    assert len(names) == 8
    assert looking.covering(names) == []
    assert looking.cut_off(names) == []


def test_a_disk_that_fills_is_drawn_in_percent_and_its_refusals_are_shaded(looking):
    run = cq.simulate(FILLS, seed=1)
    axes = timeline(run)
    assert axes[1].get_ylabel() == "disk use\n(% of capacity)"
    assert [text.get_text() for text in looking.texts(axes[0], "period name")] == ["store refuses: disk full"]
    assert "error events" in [text.get_text() for text in axes[1].texts]
    assert axes[1].get_ylim() == (0.0, 105.0)


def test_quantiles_that_are_never_reached_are_marked(looking):
    run = cq.simulate(FILLS, seed=1)
    feedback = timeline(run)[-1]
    assert all(len(line.get_xdata()) > 5 for line in looking.lines(feedback, "never"))
    assert "▲ not reached" in [text.get_text() for text in feedback.texts]
    healthy = timeline(cq.simulate(BLOG, seed=1))[-1]
    assert not looking.lines(healthy, "never")


def test_faults_without_a_period_of_their_own_are_named_in_the_title():
    run = cq.simulate(BLOG.with_faults(cq.WriteErrors(share=0.05, name="bit rot")), seed=1)
    assert "(all the time: bit rot)" in timeline(run)[0].get_title(loc="left")


def test_single_refusals_are_not_shaded():
    run = cq.simulate(BLOG.with_faults(cq.WriteErrors(share=0.05)), seed=1)
    assert len(run.episodes()) > 5
    assert periods_of(run.trace, 6.0) == []


def test_divergence_shows_what_a_full_disk_leaves_behind(looking):
    base = cq.presets.state_cases(TROUBLED)
    levels = {}
    for name in ("1 own first", "2b"):
        (line,) = [
            patch for patch in timeline(cq.simulate(base[name], seed=1))[2].patches if patch.get_gid() == "level"
        ]
        levels[name] = line.get_data().values
    assert levels["1 own first"][-1] > 10
    assert not np.any(levels["2b"])


def test_a_handler_without_state_cannot_part_from_the_log():
    ax = timeline(cq.simulate(cq.presets.state_cases(BLOG)["2c"], seed=1))[2]
    assert [text.get_text() for text in ax.texts] == ["The handler keeps no state that could part from the log."]


def test_the_axes_that_are_given_are_drawn_on(troubled):
    _, axes = plt.subplots(5, 1, sharex=True)
    assert timeline(troubled, axes) == tuple(axes)
    with pytest.raises(ResultError, match="a time line takes 5 axes"):
        timeline(troubled, axes[:3])


def test_everything_can_be_drawn_and_nothing_is_cut_off(troubled, looking):
    for ax in timeline(troubled):
        assert looking.cut_off([*ax.texts, ax.yaxis.label, ax.xaxis.label]) == []


def test_an_empty_run_says_so():
    axes = timeline(Trace.from_rows(np.empty((0, 7), np.int64)))
    axes[0].figure.canvas.draw()
    assert [text.get_text() for text in axes[-1].texts] == ["No command was issued."]
