"""What cannot be is not drawn: intervals end where shares, times and counts do."""

import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim.plots.possible import possible

numbers = st.floats(-1e3, 1e3)


@given(st.lists(st.tuples(st.floats(0, 1), numbers, numbers), min_size=1), st.sampled_from(["share", "ms", ""]))
def test_intervals_stay_where_values_can_be(rows: list[tuple[float, float, float]], unit: str) -> None:
    """Values are kept, ends move inwards only, and none is left outside of what is possible."""
    frame = pd.DataFrame(rows, columns=["value", "low", "high"]).assign(unit=unit)
    found = possible(frame)
    assert (found["value"] == frame["value"]).all()
    assert found[["low", "high"]].ge(0).all(axis=None)
    assert unit != "share" or found[["low", "high"]].le(1).all(axis=None)
    inside = frame["low"].between(0, 1)
    assert (found.loc[inside, "low"] == frame.loc[inside, "low"]).all()


def test_a_balance_may_be_below_zero_and_no_interval_stays_none() -> None:
    balance = pd.DataFrame({"value": [-1.0, 2.0], "low": [-2.0, -1.0], "high": [0.0, 5.0]})
    assert possible(balance).equals(balance)
    bound = pd.DataFrame({"value": [3.0], "low": [math.nan], "high": [math.nan]})
    assert possible(bound).equals(bound)


def test_pictures_of_estimates_do_not_go_below_zero() -> None:
    """A mean of 2 ms within -9 to 13 ms is drawn from 0."""
    rows = {"value": [2.0, 3.0], "low": [-9.0, -1.0], "high": [13.0, 7.0]}
    curve = cq.plots.sweep_curve(pd.DataFrame({"x": [1, 2], **rows}), "feedback_ms_p99", "x")
    (spans,) = [lines for lines in curve.collections if lines.get_gid() == "interval"]
    assert [segment[:, 1].tolist() for segment in spans.get_segments()] == [[0.0, 13.0], [0.0, 7.0]]
    dots = cq.plots.intervals(pd.DataFrame({"design": ["a", "b"], **rows}), "feedback_ms_p99")
    assert min(line.get_xdata()[0] for line in dots.lines if line.get_gid() == "interval") == 0.0
