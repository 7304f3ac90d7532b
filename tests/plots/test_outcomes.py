import pandas as pd
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim.errors import ResultError
from cqrsim.messages import Belief, Truth
from cqrsim.plots import outcome_matrix
from cqrsim.plots.outcomes import IGNORANT, OPEN, PRESUMED, RIGHT, WRONG, meaning

CELLS = pd.DataFrame(
    [
        ("durable", "success", 960),
        ("not_durable", "success", 25),
        ("refused", "never_told", 15),
        ("caught", "failure", 0),
    ],
    columns=["truth", "belief", "commands"],
).assign(share=lambda frame: frame["commands"] / 1000)


def test_cells_show_shares_and_below_them_counts():
    ax = outcome_matrix(CELLS)
    assert [text.get_text() for text in ax.texts] == ["96.0 %\n960", "2.5 %\n25", "1.5 %\n15"]


def test_rows_and_columns_are_named():
    ax = outcome_matrix(CELLS)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("belief of the client", "truth")
    assert len(ax.get_xticklabels()) == len(Belief)
    assert len(ax.get_yticklabels()) == len(Truth)


def test_colours_are_explained_as_far_as_they_occur():
    ax = outcome_matrix(CELLS)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [RIGHT, IGNORANT, WRONG]
    assert len({tuple(patch.get_facecolor()) for patch in ax.patches}) == 3


def test_every_pair_of_truth_and_belief_means_something():
    found = {(truth, belief): meaning(truth, belief) for truth in Truth for belief in Belief}
    assert {found[Truth.UNDECIDED, belief] for belief in Belief} == {OPEN}
    assert found[Truth.NOT_DURABLE, Belief.SUCCESS] == found[Truth.DURABLE, Belief.PRESUMED_FAILURE] == WRONG
    assert found[Truth.STORED_TWICE, Belief.SUCCESS] == WRONG
    assert found[Truth.REFUSED, Belief.FAILURE] == found[Truth.CAUGHT, Belief.FAILURE] == RIGHT
    assert found[Truth.NEVER_ARRIVED, Belief.PRESUMED_FAILURE] == PRESUMED
    assert {found[truth, Belief.UNKNOWN] for truth in Truth if truth != Truth.UNDECIDED} == {IGNORANT}


def test_without_commands_the_matrix_is_empty_and_says_so():
    ax = outcome_matrix(CELLS.assign(commands=0, share=float("nan")))
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == ["No command was issued in the measured window."]


def test_the_axes_that_are_given_are_drawn_on():
    _, ax = plt.subplots()
    assert outcome_matrix(CELLS, ax=ax) is ax


def test_of_several_designs_one_must_be_named():
    both = pd.concat([CELLS.assign(design="wait"), CELLS.assign(design="silence")])
    with pytest.raises(ResultError, match="name the design to draw: wait, silence"):
        outcome_matrix(both)
    with pytest.raises(ResultError, match='no design "sience"'):
        outcome_matrix(both, "sience")
    ax = outcome_matrix(both, "silence")
    assert ax.get_title(loc="left").endswith("\nsilence")
    assert len(ax.texts) == 3


def test_runs_and_comparisons_are_taken_as_they_are():
    blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    answers = cq.compare({"wait": blog}, replications=2)
    assert "wait" in outcome_matrix(answers).get_title(loc="left")
    counts = [
        int(text.get_text().splitlines()[1].replace(",", "")) for text in outcome_matrix(answers.run("wait")).texts
    ]
    assert sum(counts) == answers.run("wait").outcomes()["commands"].sum()
