"""Intervals of designs: a dot for each value within a line that is its interval."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import cqrsim as cq

FRAME = pd.DataFrame(
    {
        "design": ["wait", "silence", "cache", "broken"],
        "name": "feedback_ms_p99",
        "unit": "ms",
        "value": [2.0, 5000.0, 4.0, np.nan],
        "low": [1.0, np.nan, 3.0, np.nan],
        "high": [3.0, np.nan, 5.0, np.nan],
    }
)


@pytest.fixture(autouse=True)
def closed() -> object:
    yield
    plt.close("all")


def test_every_design_has_its_value_within_its_interval() -> None:
    ax = cq.plots.intervals(FRAME, "feedback_ms_p99")
    spans = [tuple(line.get_xdata()) for line in ax.lines if line.get_gid() == "interval"]
    dots = [float(line.get_xdata()[0]) for line in ax.lines if line.get_gid() == "value"]
    assert spans == [(1.0, 3.0), (3.0, 5.0)] and dots == [2.0, 4.0]
    assert ax.get_xlabel() == "feedback p99 (ms)" and ax.get_xscale() == "log"


def test_a_lower_bound_is_an_arrow_and_nothing_is_said_to_be_nothing() -> None:
    ax = cq.plots.intervals(FRAME)
    (arrow,) = [line for line in ax.lines if line.get_gid() == "beyond"]
    assert arrow.get_marker() == ">" and [text.get_text() for text in ax.texts] == ["  or more", "no value"]


def test_shares_are_in_percent_from_0() -> None:
    frame = FRAME.head(1).assign(name="loss_share", unit="share", value=0.5, low=0.4, high=0.6)
    ax = cq.plots.intervals(frame)
    assert ax.get_xlabel() == "loss (%)" and ax.get_xlim()[0] == 0.0
    assert [float(line.get_xdata()[0]) for line in ax.lines if line.get_gid() == "value"] == [50.0]


def test_it_draws_on_given_axes() -> None:
    _, ax = plt.subplots()
    assert cq.plots.intervals(FRAME, ax=ax) is ax


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (pd.concat([FRAME, FRAME]), "name the metric"),
        (FRAME.drop(columns="low"), "there is no low"),
        ("wait", "drawn of a comparison"),
    ],
)
def test_what_cannot_be_drawn_is_told(source: object, told: str) -> None:
    with pytest.raises(cq.ResultError, match=told):
        cq.plots.intervals(source)  # type: ignore[arg-type]
