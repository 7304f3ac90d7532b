"""Which settings matter most: a level that cannot keep up matters more than any that can."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cqrsim as cq
from cqrsim.errors import ResultError
from cqrsim.plots import tornado

PATHS = ("rate", "disk")


class Swept:
    """A sweep of one setting at a time as a picture sees it; points that cannot keep up have no estimates."""

    def __init__(self, rows: list[tuple[str, str, float, float, float]], unstable: dict[int, str]) -> None:
        frame = pd.DataFrame(rows, columns=[*PATHS, "value", "low", "high"]).rename_axis("point").reset_index()
        points = frame[["point", *PATHS]]
        self.design = SimpleNamespace(arrangement=SimpleNamespace(name="one_at_a_time"), paths=PATHS, frame=points)
        self.unstable = unstable
        self._frame = frame[~frame["point"].isin(list(unstable))].assign(name="feedback_ms_p99", unit="ms")

    def estimates(self, *_: str) -> pd.DataFrame:
        return self._frame


BASE = ("100/s", "2ms", 10.0, 8.0, 12.0)


def rows_of(ax: Any) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def test_a_level_that_cannot_keep_up_is_named_and_ranks_first(looking: SimpleNamespace) -> None:
    """The rate moves the metric less than the disk does, as far as it was run."""
    swept = Swept(
        [BASE, ("50/s", "2ms", 9.0, 8.0, 10.0), ("400/s", "2ms", *[np.nan] * 3), ("100/s", "9ms", 40.0, 30.0, 50.0)],
        unstable={2: "disk"},
    )
    ax = tornado(swept, "feedback_ms_p99")
    assert rows_of(ax) == ["rate", "disk"]
    (told,) = looking.texts(ax, "overloaded")
    assert told.get_text() == "400/s\ncannot keep up" and told.xy[1] == 0
    assert {text.get_text() for text in looking.texts(ax, "level")} == {"50/s", "9ms"}
    assert looking.cut_off(list(ax.texts)) == []


def test_a_setting_that_never_keeps_up_has_its_row() -> None:
    swept = Swept([BASE, ("400/s", "2ms", *[np.nan] * 3), ("100/s", "9ms", 40.0, 30.0, 50.0)], unstable={1: "disk"})
    assert rows_of(tornado(swept, "feedback_ms_p99")) == ["rate", "disk"]


def test_without_a_base_there_is_nothing_to_measure_against() -> None:
    swept = Swept([BASE, ("50/s", "2ms", 9.0, 8.0, 10.0)], unstable={0: "disk"})
    with pytest.raises(ResultError, match="the base of this sweep cannot keep up"):
        tornado(swept, "feedback_ms_p99")


@pytest.mark.parametrize("second", [(11.0, 1.0, 21.0), (30.0, 11.0, 49.0), (7.0, -15.0, 29.0)])
def test_no_line_strikes_a_level_through_and_none_is_below_zero(
    looking: SimpleNamespace, second: tuple[float, float, float]
) -> None:
    """Whichever side of the base two levels lie on, however wide their intervals."""
    ax = tornado(
        Swept([BASE, ("50/s", "2ms", 14.0, 4.0, 24.0), ("99/s", "2ms", *second)], unstable={}), "feedback_ms_p99"
    )
    names = looking.texts(ax, "level")
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent().padded(-1) for text in names]
    drawn = [lines.get_segments()[0] for lines in ax.collections if lines.get_gid() == "interval"]
    assert len(names) == len(drawn) == 2
    for (left, height), (right, _) in drawn:
        assert left >= 0
        (start, level), (end, _) = ax.transData.transform([(left, height), (right, height)])
        struck = [box.y0 < level < box.y1 and box.x0 < end and start < box.x1 for box in boxes]
        assert not any(struck)
    assert all(box.x0 >= ax.bbox.x0 for box in boxes)
    assert ax.get_xticks().min() >= 0


def test_a_lower_bound_is_drawn_as_such(looking: SimpleNamespace) -> None:
    ax = tornado(Swept([BASE, ("50/s", "2ms", 99.0, np.nan, np.nan)], unstable={}), "feedback_ms_p99")
    assert [text.get_text() for text in looking.texts(ax, "level")] == ["50/s: this or more"]
    assert len(looking.lines(ax, "beyond")) == 1


def test_a_real_sweep_marks_what_was_not_run(looking: SimpleNamespace) -> None:
    base = cq.presets.blog().with_({"length": cq.seconds(0.2), "warm_up": cq.seconds(0), "disk.write": cq.ms(4)})
    design = cq.one_at_a_time(base, {"handlers.validate": ["3ms"], "clients.arrivals.rate": ["50/s", "400/s"]})
    ax = tornado(cq.sweep(design, replications=2, engine="simpy"), "feedback_ms_p99")
    assert rows_of(ax) == ["clients.arrivals.rate", "handlers.validate"]
    assert [text.get_text() for text in looking.texts(ax, "overloaded")] == ["400/s\ncannot keep up"]


@pytest.mark.parametrize("value", [np.nan, 0.0])
@pytest.mark.parametrize("columns", [("sobol", "total", "first_order"), ("morris", "mu_star")])
def test_a_metric_that_never_varies_is_told_in_words(columns: tuple[str, ...], value: float) -> None:
    method, *names = columns
    numbers = {f"{name}{end}": [value] * 2 for name in names for end in ("", "_low", "_high")}
    frame = pd.DataFrame({"name": "loss_share", "unit": "share", "factor": ["a", "b"], **numbers})
    ax = tornado(SimpleNamespace(method=method, frame=frame))
    assert [text.get_text() for text in ax.texts] == ["nothing varies: loss_share is the same at all points"]
    assert rows_of(ax) == ["a", "b"] and not ax.patches
