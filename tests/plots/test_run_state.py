"""Pictures of the state of one run: what waits, what is stored, who has the turn, what has parted, what is stale."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim import kb, ms, per_second, plots, seconds
from cqrsim.errors import ResultError
from cqrsim.metrics.turns import holding
from cqrsim.plots.disk_use import disk_usage
from cqrsim.trace import Trace

READ = {"clients.own_reads": cq.OwnReads(), "clients.background_reads": cq.BackgroundReads(per_second(100))}
BLOG = cq.presets.blog().with_(length=seconds(4), warm_up=seconds(1)).with_(READ)
TROUBLED = BLOG.with_faults(
    cq.DiskFull(at=seconds(1.5), lasts=seconds(1), name="backup"), cq.Stall(at=seconds(3), lasts=ms(500))
)
CASES = cq.presets.state_cases(TROUBLED)
PICTURES = [plots.queues, plots.disk_usage, plots.turn_occupancy, plots.divergence, plots.staleness]


@pytest.fixture(scope="module")
def runs():
    """The same fault in four designs: all is well, own store first, stuck turns, nothing kept."""
    scenarios = {"calm": BLOG, "troubled": TROUBLED, **{case: CASES[case] for case in ("1 own first", "2a", "2c")}}
    return {name: cq.simulate(scenario, seed=1, engine="simpy") for name, scenario in scenarios.items()}


def everything_written(ax):
    """All words and numbers; matplotlib keeps labels beside the limits of an axis, too, but does not draw them."""
    ax.figure.canvas.draw()
    shown = [
        tick.label1
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        if axis.get_view_interval()[0] <= tick.get_loc() <= axis.get_view_interval()[1]
    ]
    return [text for text in [*ax.texts, *shown, ax.xaxis.label, ax.yaxis.label] if text.get_text()]


@pytest.mark.parametrize("name", ["calm", "2a"])
@pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: draw.__name__)
def test_nothing_is_cut_off_and_periods_of_trouble_are_named(runs, looking, draw, name):
    """At the width of a notebook, and as drawn by itself."""
    ax = draw(runs[name])
    assert ax.figure.get_size_inches()[0] <= 7.0
    assert looking.cut_off(everything_written(ax)) == []
    assert "time since the run began (s)" in ax.get_xlabel()
    names = {text.get_text() for text in looking.texts(ax, "period name")}
    assert names == (set() if name == "calm" else {"backup", "Stall 1"})


@pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: draw.__name__)
def test_an_empty_run_says_so_on_the_axes_that_are_given(draw):
    _, ax = plt.subplots()
    assert draw(Trace.from_rows(np.empty((0, 7), np.int64)), ax=ax) is ax
    assert ax.texts
    ax.figure.canvas.draw()


@pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: draw.__name__)
def test_what_is_no_run_is_refused(draw):
    with pytest.raises(ResultError, match="this is drawn of a run"):
        draw(7)


def test_queues_are_named_with_their_means(runs, looking):
    """The mean at the right is that of the summary."""
    ax = plots.queues(runs["troubled"])
    summary = runs["troubled"].summary()
    mean = summary.loc[(summary["metric"] == "at_store") & (summary["stat"] == "mean"), "value"].item()
    names = [text.get_text() for text in looking.texts(ax, "name")]
    assert f"appends at the store:\nmean {mean:.2g}" in names
    assert looking.covering(looking.texts(ax, "name")) == []
    assert len(looking.patches(ax, "level")) == len(names) == 3


def test_a_disk_with_little_room_shows_its_capacity_and_when_it_is_full(looking):
    small = BLOG.with_({"disk.capacity": kb(200), "feedback": cq.ForwardEvent(poll=ms(100))})
    ax = disk_usage(cq.simulate(small, seed=1, engine="simpy"))
    texts = [text.get_text() for text in ax.texts]
    assert "capacity: 200 kB" in texts
    assert any(text.startswith("full at 2.") for text in texts)
    kinds = [text.get_text().split(":")[0] for text in looking.texts(ax, "name")]
    assert kinds == ["events", "error events"]
    top = max(patch.get_data().values.max() for patch in looking.patches(ax, "kind"))
    assert 190 < top <= 200


def test_a_disk_with_much_room_is_full_in_the_future(runs, looking):
    run = cq.simulate(BLOG.with_({"disk.capacity": cq.mb(40)}), seed=1, engine="simpy")
    (text,) = looking.texts(disk_usage(run), "full")
    assert "min, if it goes on so (capacity: 40 MB)" in text.get_text()
    assert not looking.texts(disk_usage(runs["calm"]), "full")


def test_designs_have_a_line_each_and_a_time_to_full(looking):
    small = cq.presets.feedback_cases(BLOG.with_({"disk.capacity": kb(60), "clients.invalid": 0.5}))
    designs = {name: small[name] for name in ("wait", "forward event")}
    ax = disk_usage(cq.compare(designs, replications=2, seed=1, engine="simpy"))
    lines = {line.get_label(): line for line in looking.lines(ax, "design")}
    colours = {name: look.colour for name, look in plots.style.looks(designs).items()}
    assert {name: line.get_color() for name, line in lines.items()} == colours
    texts = [text.get_text() for text in looking.texts(ax, "name")]
    assert all("full after" in text and "from" in text for text in texts)
    assert looking.cut_off(everything_written(ax)) == []
    assert (lines["forward event"].get_ydata() - lines["wait"].get_ydata()).max() > 5  # kB of error events


def test_six_designs_have_room_for_their_words(looking):
    """Three lines for each, and none above the axes."""
    full = BLOG.with_({"disk.capacity": kb(60), "length": seconds(2)})
    ax = disk_usage(cq.compare({f"design {n}": full for n in range(6)}, replications=2, seed=1, engine="simpy"))
    texts = looking.texts(ax, "name")
    assert {text.get_text().count("\n") for text in texts} == {2}
    ax.figure.canvas.draw()
    assert max(text.get_window_extent().y1 for text in texts) <= ax.bbox.y1 + 1
    assert looking.covering(texts) == []


def test_stuck_turns_are_named_by_the_commands_that_have_them(runs, looking):
    """Each box is a command that has the turn until the end; the hottest turn is on top."""
    ax = plots.turn_occupancy(runs["2a"], most=5)
    stays = holding(runs["2a"].trace)
    stuck = set(stays.command[stays.ends < 0].tolist())
    named = [int(text.get_text().removeprefix("command ").replace(",", "")) for text in looking.texts(ax, "who")]
    assert named
    assert set(named) <= stuck
    assert len(ax.get_yticklabels()) == 5
    shares = [float(text.get_text().split()[1]) for text in looking.texts(ax, "share") if "taken" in text.get_text()]
    assert all(one >= other for one, other in pairwise(shares))
    assert looking.covering([*looking.texts(ax, "who"), *looking.texts(ax, "share")]) == []


@pytest.mark.parametrize("most", [0, 2.5, "many", True])
def test_how_many_turns_must_be_a_whole_number(runs, most):
    with pytest.raises(ResultError, match="most: how many turns"):
        plots.turn_occupancy(runs["calm"], most=most)


def test_bands_and_marks_of_divergence(runs, looking):
    """All wrong decisions of the run are marked, and what is ahead stays ahead."""
    ax = plots.divergence(runs["1 own first"])
    (band,) = looking.patches(ax, "ahead of the log")
    assert band.get_data().values[-1] > 50
    assert not looking.patches(ax, "behind the log")
    commands = runs["1 own first"].commands()
    (crosses,) = looking.lines(ax, "wrongly accepted")
    (bars,) = looking.lines(ax, "wrongly refused")
    assert len(crosses.get_xdata()) == commands["wrong_accept"].sum()
    assert len(bars.get_xdata()) == commands["wrong_refuse"].sum()
    assert len(crosses.get_xdata()) + len(bars.get_xdata()) > 0


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("calm", "The handler's state and the log never part."),
        ("2c", "The handler keeps no state that could part from the log."),
    ],
)
def test_where_nothing_parts_it_says_why(runs, name, says):
    assert says in [text.get_text() for text in plots.divergence(runs[name]).texts]


def test_every_stale_read_is_a_dot_and_shares_are_those_of_the_window(runs, looking):
    run = runs["troubled"]
    ax, reads = plots.staleness(run), run.reads()
    assert (
        sum(len(line.get_xdata()) for line in looking.lines(ax, "stale")) == (reads["versions_behind"] > 0).sum() > 50
    )
    window = reads[reads["in_window"]]
    texts = [text.get_text() for text in ax.texts]
    assert f"fresh: {100 * (window['versions_behind'] == 0).mean():.1f} %" in texts
    assert f"of {len(window):,} reads" in texts


def test_a_projection_that_nobody_reads_and_one_that_is_not_there(runs):
    two = BLOG.with_({"projections": (cq.Projection(name="list"), cq.Projection(name="search"))})
    run = cq.simulate(two, seed=1, engine="simpy")
    assert "Nobody reads search in this run." in [text.get_text() for text in plots.staleness(run, "search").texts]
    with pytest.raises(ResultError, match='no projection "serach"; there are list, search'):
        plots.staleness(run, "serach")
