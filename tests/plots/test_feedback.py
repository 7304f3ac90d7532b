import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim.errors import ResultError
from cqrsim.metrics.waits import Waits
from cqrsim.plots import feedback_ecdf
from cqrsim.plots.feedback import curve_of


def waits(design, known, never=0, censored=(), replication=0):
    values = [*known, *[10_000.0] * never, *censored]
    fates = ["known"] * len(known) + ["never"] * never + ["censored"] * len(censored)
    return pd.DataFrame({"design": design, "replication": replication, "value": values, "fate": fates})


def designs(*frames):
    frame = pd.concat(frames, ignore_index=True)
    names = list(dict.fromkeys(frame["design"]))
    return frame.assign(design=pd.Categorical(frame["design"], names, ordered=True))


FOUR = designs(
    waits("wait", np.linspace(1, 4, 100)),
    waits("forward event", np.linspace(100, 104, 98), never=2),
    waits("silence", np.linspace(2000, 2004, 97), never=3),
    waits("error cache", np.linspace(100, 105, 99), censored=[300.0]),
)


def test_axes_carry_units_and_the_title_says_what_is_seen():
    ax = feedback_ecdf(FOUR)
    assert ax.get_xlabel() == "time since the command was meant to be issued (ms)"
    assert ax.get_ylabel() == "share of commands (%)"
    assert ax.get_title(loc="left") == "Commands whose client has been told an outcome, by time"
    assert ax.get_xscale() == "log"


def test_there_is_one_line_per_design_and_it_ends_at_its_level(looking):
    found = {line.get_label(): line.get_ydata()[-1] for line in looking.lines(feedback_ecdf(FOUR), "design")}
    assert list(found) == ["wait", "forward event", "silence", "error cache"]
    assert found == pytest.approx({"wait": 1.0, "forward event": 0.98, "silence": 0.97, "error cache": 0.99})


def test_lines_that_stop_short_say_how_far_they_ever_get(looking):
    said = {text.get_text() for text in looking.texts(feedback_ecdf(FOUR), "design")}
    assert said == {
        "wait: 100 %",
        "forward event:\n98.0 % ever",
        "silence:\n97.0 % ever",
        "error cache:\n99.0 % ever\n1.0 % open at the end",
    }


def test_names_never_cover_each_other_and_nothing_is_cut_off(looking):
    names = [f"a design with a long name, number {i}" for i in range(12)]
    for frame in (FOUR, designs(*[waits(name, np.linspace(1, 2, 50)) for name in names])):
        labels = looking.texts(feedback_ecdf(frame), "design")
        assert looking.covering(labels) == []
        assert looking.cut_off(labels) == []


def test_a_design_keeps_its_colour_when_others_are_left_out(looking):
    colour = {line.get_label(): line.get_color() for line in looking.lines(feedback_ecdf(FOUR), "design")}
    alone = feedback_ecdf(FOUR[FOUR["design"] == "silence"])
    assert [line.get_color() for line in looking.lines(alone, "design")] == [colour["silence"]]
    assert len(set(colour.values())) == 4


def test_what_is_censored_counts_as_kaplan_and_meier_have_it():
    """The curve is the one that the summary's shares come from."""
    rng = np.random.default_rng(5)
    known, cut = rng.exponential(10, 300), rng.exponential(20, 80)
    curve = curve_of(waits("a", known, never=20, censored=cut))
    shares = Waits(known, cut, np.full(20, 10_000.0))
    times = np.array([0.1, 1.0, 5.0, 20.0, 50.0])
    assert curve.at(times) == pytest.approx([shares.share_within(time).value for time in times])


def test_the_spread_over_replications_is_a_band_around_each_line():
    frame = designs(*[waits("a", np.linspace(1, 2 + r, 50), replication=r) for r in range(3)])
    ax = feedback_ecdf(frame)
    assert len(ax.collections) == 1
    assert "bands: from the lowest to the highest of 3 replications" in ax.get_xlabel()
    assert not feedback_ecdf(FOUR).collections


def test_the_axes_that_are_given_are_drawn_on():
    _, axes = plt.subplots(1, 2)
    assert feedback_ecdf(FOUR, ax=axes[1]) is axes[1]
    assert not axes[0].lines


def test_waits_of_nothing_stand_at_the_left_edge(looking):
    ax = feedback_ecdf(waits("at once", [0.0, 0.0, 5.0, 6.0]))
    (line,) = looking.lines(ax, "design")
    assert line.get_xdata()[0] == ax.get_xlim()[0] > 0
    assert line.get_ydata()[-1] == 1.0
    feedback_ecdf(waits("all at once", [0.0, 0.0])).figure.canvas.draw()


@pytest.mark.parametrize("frame", [FOUR.iloc[:0], waits("a", [])])
def test_without_commands_the_picture_says_so(frame):
    ax = feedback_ecdf(frame, metric="own_read_ms")
    ax.figure.canvas.draw()
    assert ax.texts[0].get_text() == "No command of the measured window waits for this (own_read_ms)."


def test_a_design_that_never_gets_anywhere_is_there_at_0_percent(looking):
    ax = feedback_ecdf(designs(waits("good", [1.0, 2.0]), waits("dead", [], never=5)))
    assert "dead:\n0 % ever" in [text.get_text() for text in looking.texts(ax, "design")]
    ax.figure.canvas.draw()


def test_without_fates_a_missing_value_is_never(looking):
    ax = feedback_ecdf(pd.DataFrame({"design": "a", "value": [1.0, np.nan]}))
    assert looking.texts(ax, "design")[0].get_text() == "a:\n50.0 % ever"


def test_a_frame_without_its_columns_is_refused():
    with pytest.raises(ResultError, match="there is no design"):
        feedback_ecdf(pd.DataFrame({"value": [1.0]}))


def test_comparisons_and_runs_are_taken_as_they_are(looking):
    blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    answers = cq.compare(cq.presets.feedback_cases(blog), replications=2)
    ax = feedback_ecdf(answers)
    assert [line.get_label() for line in looking.lines(ax, "design")] == list(answers.designs)
    assert len(ax.collections) == 4
    run = answers.run("wait")
    ax = feedback_ecdf(run, metric="visibility_ms")
    assert ax.get_title(loc="left") == "Commands that show in all projections, by time"
    assert [line.get_label() for line in looking.lines(ax, "design")] == ["wait"]
    with pytest.raises(ResultError, match='no latency "colour_ms"'):
        feedback_ecdf(run, metric="colour_ms")


def test_long_tails_keep_every_step_of_the_slowest(looking):
    """Thinning leaves no visible trace: the curve is the same to the last step."""
    values = np.random.default_rng(1).lognormal(size=50_000)
    (line,) = looking.lines(feedback_ecdf(waits("a", values)), "design")
    assert len(line.get_xdata()) < 4000
    assert line.get_xdata()[-100:].tolist() == np.sort(values)[-100:].tolist()
