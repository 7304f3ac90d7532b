import numpy as np
import pandas as pd
import pytest

import cqrsim as cq
from cqrsim import plots

COLUMNS = ["id", "quantity", "theory", "estimate", "low", "high", "standard_error", "runs", "looks", "verdict"]
FRAME = pd.DataFrame(
    [
        ("one", "mean", 10.0, 10.1, 9.8, 10.4, 0.1, 20, 1, "agrees"),
        ("one", "spread", 5.0, 4.9, 4.7, 5.1, 0.05, 80, 2, "agrees"),
        ("two", "path", 83.0, 83.0, 83.0, 83.0, 0.0, 1, 1, "equal"),
        ("three", "wait", 1.0, 1.5, 1.4, 1.6, 0.02, 80, 2, "misses"),
        ("three", "share", 1.0, 0.9, 0.8, 1.0, 0.04, 80, 2, "no power"),
        ("four", "share", 1.0, np.nan, np.nan, np.nan, np.nan, 3, 1, "run failed"),
    ],
    columns=COLUMNS,
)


def test_one_line_for_each_oracle_and_a_dot_for_each_quantity(looking):
    ax = plots.theory(FRAME)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two", "three", "four"]
    dots = looking.lines(ax, "quantity")
    assert [round(float(dot.get_xdata()[0]), 6) for dot in dots] == [1.0, -2.0, 0.0, 6.0, -2.5]
    assert ax.get_xlabel() == "estimate - theory, in standard errors"


def test_what_does_not_agree_is_named_and_can_be_read(looking):
    ax = plots.theory(FRAME)
    failures = looking.texts(ax, "failure")
    assert [text.get_text() for text in failures] == ["wait: +25.0", "share: -2.5", "share: run failed"]
    assert not looking.covering(failures)
    assert not looking.cut_off(failures)


def test_every_look_that_occurs_is_explained():
    (legend,) = plots.theory(FRAME).figure.legends
    told = [text.get_text() for text in legend.get_texts()]
    assert told == ["agrees", "agrees, looked at twice", "equal to the last bit", "does not agree"]


def test_a_verification_is_drawn_on_the_axes_that_are_given():
    from matplotlib import pyplot as plt

    _, ax = plt.subplots()
    assert plots.theory(cq.verify("O05"), ax=ax) is ax


@pytest.mark.parametrize("wrong", [3, None, "O05", pd.DataFrame({"id": []})])
def test_what_has_nothing_to_draw(wrong):
    with pytest.raises(cq.ResultError, match="this is drawn of a verification"):
        plots.theory(wrong)
