"""Sequence diagrams: every line has its place, nothing covers anything else, and nothing is cut off."""

import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.errors import ResultError
from cqrsim.metrics.conversation import conversation
from cqrsim.moments import Moment
from cqrsim.plots import sequence

BLOG = cq.presets.blog().with_(length=seconds(1), warm_up=seconds(0))
TROUBLED = BLOG.with_(feedback=cq.ForwardEvent(poll=ms(100))).with_faults(
    cq.LostMessages(share=0.2), cq.DiskFull(at=ms(500), lasts=ms(50)), cq.HandlerCrash(at=ms(700), restart=ms(50))
)


@pytest.fixture(scope="module")
def troubled():
    return cq.simulate(TROUBLED, seed=1, engine="simpy")


@pytest.mark.parametrize("moment", [Moment.WRITTEN, Moment.MESSAGE_LOST, Moment.APPEND_FAILED, Moment.REFUSAL_STORED])
def test_no_words_cover_others_or_are_cut_off(troubled, looking, moment):
    ax = sequence(troubled, int(troubled.trace.of(moment).command[0]))
    notes, words = looking.texts(ax, "note"), looking.texts(ax, "words")
    assert looking.covering(notes + words) == []
    assert looking.cut_off(notes + words) == []


def test_there_is_an_arrow_for_each_message_and_a_card_for_each_note(troubled, looking):
    command = int(troubled.trace.of(Moment.MESSAGE_LOST).command[0])
    ax, said = sequence(troubled, command), conversation(troubled.trace, command)
    assert len(looking.texts(ax, "words")) == sum(not line.is_note for line in said.lines)
    assert len(looking.texts(ax, "note")) == sum(line.is_note for line in said.lines)
    assert len(looking.lines(ax, "lost")) == sum(line.lost for line in said.lines) == 1


def test_a_lost_message_ends_before_it_arrives(troubled, looking):
    ax = sequence(troubled, int(troubled.trace.of(Moment.MESSAGE_LOST).command[0]))
    (cross,) = looking.lines(ax, "lost")
    assert 2 < cross.get_xdata()[0] < 3


def test_rows_are_labelled_with_their_times(troubled):
    ax = sequence(cq.simulate(BLOG, seed=1, engine="simpy"), 10)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert ax.get_ylabel() == "time since issued (ms)"
    assert labels[:3] == ["0 to 0.13", "0.37", "0.37 to 0.44"]


def test_the_axes_that_are_given_are_drawn_on(troubled):
    _, ax = plt.subplots()
    assert sequence(troubled, 3, ax=ax) is ax


@pytest.mark.parametrize("wrong", ["3", None, True, 10**6])
def test_a_command_that_is_none_is_told(troubled, wrong):
    with pytest.raises(ResultError, match="command"):
        sequence(troubled, wrong)
