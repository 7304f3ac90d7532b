"""A metric over a setting: each point in its interval, one line for each level of a second setting."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import cqrsim as cq

LEVELS = pd.CategoricalDtype(["1ms", "2ms", "9ms"], ordered=True)
FRAME = pd.DataFrame(
    {
        "disk.write": pd.Categorical(["1ms", "1ms", "2ms", "2ms"], dtype=LEVELS),
        "clients.invalid": [0.0, 0.1, 0.0, 0.1],
        "name": "feedback_ms_p99",
        "unit": "ms",
        "value": [2.0, 4.0, 3.0, 9.0],
        "low": [1.0, 3.0, 2.0, np.nan],
        "high": [3.0, 5.0, 4.0, np.nan],
    }
)
ONE = FRAME[FRAME["clients.invalid"] == 0.0]


@pytest.fixture(autouse=True)
def closed() -> object:
    yield
    plt.close("all")


def test_points_stand_at_their_levels_within_their_intervals() -> None:
    ax = cq.plots.sweep_curve(ONE, "feedback_ms_p99", "disk.write")
    (dots,) = [line for line in ax.lines if line.get_gid() == "value"]
    assert dots.get_xydata().tolist() == [[0.0, 2.0], [1.0, 3.0]]
    spans = [segment[:, 1].tolist() for segment in ax.collections[0].get_segments()]
    assert spans == [[1.0, 3.0], [2.0, 4.0]]
    assert ax.get_ylim()[0] == 0.0 and ax.get_ylim()[1] > 4.0 and ax.get_ylabel() == "feedback p99 (ms)"


def test_a_level_without_any_value_says_so() -> None:
    ax = cq.plots.sweep_curve(ONE, "feedback_ms_p99", "disk.write")
    assert [text.get_text() for text in ax.texts] == ["no value"] and ax.texts[0].xy[0] == 2


def test_numbers_stand_where_they_are() -> None:
    ax = cq.plots.sweep_curve(FRAME.head(2), "feedback_ms_p99", "clients.invalid")
    (dots,) = [line for line in ax.lines if line.get_gid() == "value"]
    assert dots.get_xdata().tolist() == [0.0, 0.1]


def test_a_second_setting_gives_lines_that_are_labelled_and_stand_apart() -> None:
    ax = cq.plots.sweep_curve(FRAME, "feedback_ms_p99", "disk.write", by="clients.invalid")
    labels = [text.get_text() for text in ax.texts if text.get_gid() == "by"]
    assert labels == ["clients.invalid = 0.0", "clients.invalid = 0.1"]
    first, second = [line for line in ax.lines if line.get_gid() == "line"]
    assert (second.get_xdata() > first.get_xdata()).all()
    (beyond,) = [line for line in ax.lines if line.get_gid() == "beyond" and len(line.get_xdata())]
    assert beyond.get_ydata().tolist() == [9.0]


def test_the_only_other_setting_tells_lines_apart_unasked() -> None:
    ax = cq.plots.sweep_curve(FRAME, "feedback_ms_p99", "disk.write")
    assert [text.get_text() for text in ax.texts if text.get_gid() == "by"] == [
        "clients.invalid = 0.0",
        "clients.invalid = 0.1",
    ]


def test_settings_that_move_together_are_one_line() -> None:
    together = ONE.assign(**{"disk.flush": ONE["disk.write"].astype(str)})
    ax = cq.plots.sweep_curve(together, "feedback_ms_p99", "disk.write")
    assert len([line for line in ax.lines if line.get_gid() == "line"]) == 1


@pytest.mark.parametrize(
    ("by", "told"),
    [
        (None, 'besides "disk.write" there vary clients.invalid, handlers: name one of them as by'),
        ("handlers", 'besides "disk.write" and "handlers" there vary clients.invalid: draw estimates'),
    ],
)
def test_points_of_several_settings_are_not_drawn_on_top_of_each_other(by: str | None, told: str) -> None:
    three = pd.concat([FRAME.assign(handlers=count) for count in (1, 2)])
    with pytest.raises(cq.ResultError, match=told):
        cq.plots.sweep_curve(three, "feedback_ms_p99", "disk.write", by=by)


def test_rows_that_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(cq.ResultError, match="no setting tells them apart"):
        cq.plots.sweep_curve(pd.concat([ONE, ONE]), "feedback_ms_p99", "disk.write")


@pytest.mark.parametrize(
    ("source", "x", "told"),
    [
        (FRAME, "disk.flush", 'no setting "disk.flush" varies'),
        (FRAME.drop(columns="high"), "disk.write", "there is no high"),
        ("sweep", "disk.write", "drawn of a sweep"),
    ],
)
def test_what_cannot_be_drawn_is_told(source: object, x: str, told: str) -> None:
    with pytest.raises(cq.ResultError, match=told):
        cq.plots.sweep_curve(source, "feedback_ms_p99", x)  # type: ignore[arg-type]
