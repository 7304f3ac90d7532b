"""Claims: a dot for what speaks for each, a ring for what is seen without its condition."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import cqrsim as cq

COLUMNS = ["id", "claim_verdict", "condition", "unit", "than", "value", "low", "high", "limit", "over"]
ROWS = [
    ("plain_claim", "holds", "", "ms", "", 2.0, 1.5, 2.5, 1.0, True),
    ("plain_claim", "holds", "", "share", "", 0.0, 0.0, 0.001, 0.1, False),
    ("weaker_claim", "holds under a condition", "", "share", "", 1.0, 0.995, 1.0, 0.99, True),
    ("weaker_claim", "holds under a condition", "it is so", "share", "", 0.2, 0.1, 0.3, 0.01, True),
    ("weaker_claim", "holds under a condition", "it is so", "share", "", 0.0, 0.0, 0.001, 0.01, False),
    ("wrong_claim", "does not hold", "", "ms", "other", -2.0, -3.0, -1.0, 1.0, True),
]
FRAME = pd.DataFrame(ROWS, columns=COLUMNS)


@pytest.fixture(autouse=True)
def closed() -> object:
    yield
    plt.close("all")


def dots(ax: plt.Axes, which: str) -> list[tuple[float, float]]:
    lines = [line for line in ax.lines if line.get_gid() == which]
    return [(round(float(line.get_xdata()[0]), 6), float(line.get_ydata()[0])) for line in lines]


def test_the_weakest_prediction_is_drawn_in_times_of_its_limit() -> None:
    """What was predicted to be nearly all is told by the rest; what is beyond the edge stands at it."""
    ax = cq.plots.claims(FRAME)
    assert dots(ax, "for") == [(2.0, 0.0), (300.0, 1.0), (round(1 / 300, 6), 2.0)]
    assert dots(ax, "against") == [(0.05, 1.0)]
    assert ax.get_xscale() == "log"


def test_verdicts_are_told_by_sign_and_colour() -> None:
    labels = cq.plots.claims(FRAME).get_yticklabels()
    assert [label.get_text() for label in labels] == ["plain claim  ✓", "weaker claim  (✓)", "wrong claim  ✕"]
    assert len({label.get_color() for label in labels}) == 3


def test_it_draws_on_given_axes_and_says_what_cannot_be_drawn() -> None:
    _, ax = plt.subplots()
    assert cq.plots.claims(FRAME, ax=ax) is ax
    with pytest.raises(cq.ResultError, match="judged claims"):
        cq.plots.claims(FRAME.drop(columns="limit"))
