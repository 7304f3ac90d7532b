"""Swim lanes: rows are commands, bars are phases, and what lies beyond is said to."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.errors import ResultError
from cqrsim.metrics.phases import Phase, phases
from cqrsim.plots import swim_lanes

BLOG = cq.presets.blog().with_(length=seconds(1), warm_up=seconds(0))
TROUBLED = BLOG.with_(feedback=cq.ForwardEvent(poll=ms(100))).with_faults(
    cq.DiskFull(at=ms(500), lasts=ms(50)), cq.HandlerCrash(at=ms(700), restart=ms(50))
)


@pytest.fixture(scope="module")
def calm():
    return cq.simulate(BLOG, seed=1, engine="simpy")


@pytest.fixture(scope="module")
def troubled():
    return cq.simulate(TROUBLED, seed=1, engine="simpy")


def test_phases_follow_each_other(calm, troubled):
    """Of one attempt, deciding begins when waiting ends, and writing not before deciding ends."""
    for run in (calm, troubled):
        some = phases(run.trace)
        assert ((some.ends >= some.begins) | (some.ends == -1)).all()
        waits = {(c, a): e for c, a, p, e in zip(some.command, some.attempt, some.phase, some.ends, strict=True)
                 if p == Phase.WAITING}  # fmt: skip
        decides = some.take(some.phase == Phase.DECIDING)
        assert len(decides)
        for command, attempt, begins in zip(decides.command, decides.attempt, decides.begins, strict=True):
            assert waits[command, attempt] == begins


def test_phases_are_those_of_the_table_of_commands(calm):
    some, table = phases(calm.trace), calm.commands().set_index("command")
    writes = some.take(some.phase == Phase.WRITING)
    assert np.array_equal(writes.begins / 1e6, table.loc[writes.command, "append_sent_ms"])
    assert np.array_equal(writes.ends / 1e6, table.loc[writes.command, "written_ms"])


def test_rows_are_the_first_commands_of_the_time(calm):
    ax = swim_lanes(calm, begin="200ms", most=12)
    issued = calm.commands().query("issued_ms >= 200")["command"].head(12)
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"{command}" for command in issued]
    assert "the first 12 of" in ax.get_title(loc="left")


def test_faults_are_shaded_and_named(troubled, looking):
    ax = swim_lanes(troubled, begin="480ms", end="800ms", most=60)
    assert {text.get_text() for text in looking.texts(ax, "period name")} == {"DiskFull 1", "HandlerCrash 1"}
    assert len(looking.patches(ax, "period")) == 2
    assert looking.cut_off(looking.texts(ax, "period name")) == []


def test_what_never_comes_lies_beyond(troubled, looking):
    ax = swim_lanes(troubled, begin="510ms", end="600ms")
    (beyond,) = looking.lines(ax, "beyond")
    assert len(beyond.get_xdata()) == len(ax.get_yticks()) - sum(
        len(line.get_xdata()) for line in looking.lines(ax, "belief")
    )
    assert len(beyond.get_xdata()) > 0


def test_rows_can_begin_together(calm):
    ax = swim_lanes(calm, since="issued", end="3ms", most=5)
    assert ax.get_xlabel() == "time since the command was issued (ms)"
    assert ax.get_xlim()[0] < 0 < ax.get_xlim()[1] == 3


def test_an_empty_time_says_so(calm):
    ax = swim_lanes(calm, begin="900s")
    ax.figure.canvas.draw()
    assert "No command was issued in this time." in [text.get_text() for text in ax.texts]


def test_the_axes_that_are_given_are_drawn_on(calm):
    _, ax = plt.subplots()
    assert swim_lanes(calm, ax=ax) is ax


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"begin": 5}, r'begin must be a time, such as "1.5s" or ms\(20\) \(got 5\)'),
        ({"begin": "5sec"}, "begin: .*did you mean"),
        ({"begin": "2s", "end": "1s"}, "end must be after begin"),
        ({"most": 0}, "most must be a whole number, at least 1"),
        ({"most": 2.5}, "most must be a whole number"),
        ({"since": "isued"}, 'did you mean "issued"'),
    ],
)
def test_what_cannot_be_meant_is_told(calm, asked, said):
    with pytest.raises(ResultError, match=said):
        swim_lanes(calm, **asked)
