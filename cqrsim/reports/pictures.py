"""Pictures as the bytes of PNG files: the same result gives the same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cqrsim import plots
from cqrsim.experiments.answers.estimates import Metric
from cqrsim.experiments.showing.files import file_names
from cqrsim.experiments.showing.wording import joined
from cqrsim.reports.blocks import Picture

if TYPE_CHECKING:
    from cqrsim.experiments import Comparison, Sweep

DPI = 130
"""Sharp enough for print at the width of a page."""

MOST_LEVELS = 12
"""Levels of a factor that a picture has room for."""

MOST_MATRICES = 8
"""Designs of which each gets a matrix of its own; of more, the table tells enough."""


def picture(name: str, caption: str, draw: Callable[[], Any]) -> Picture:
    """What a plot function draws, as a picture."""
    with tempfile.TemporaryDirectory() as folder:
        file = plots.save(draw(), Path(folder) / "picture.png", dpi=DPI)
        return Picture(f"{name}.png", file.read_bytes(), caption)


def metric_pictures(comparison: Comparison, metrics: Sequence[Metric]) -> Iterator[Picture]:
    """Every metric of every design, with its interval; without those that are the same everywhere."""
    for metric in metrics:
        if comparison.estimates(metric.name)["value"].nunique() < min(2, len(comparison.designs)):
            continue
        caption = f"{metric.heading[0].upper()}{metric.heading[1:]}: means with their intervals, by design."
        yield picture(metric.name, caption, partial(plots.intervals, comparison, metric.name))


def sweep_pictures(sweep: Sweep, metrics: Sequence[Metric]) -> Iterator[Picture]:
    """Every metric over the one factor that varies, as a curve, or over the two of a grid, as a map.

    Metrics that are the same at all points are left out, and so are all of them where there is too much to be seen.
    """
    columns = sweep.design.columns()
    paths = [factor.paths[0] for factor in sweep.design.factors]
    on_a_grid = len(paths) == 1 or (len(paths) == 2 and sweep.design.arrangement.name == "grid")
    if not on_a_grid or any(columns[path].nunique() > MOST_LEVELS for path in paths):
        return
    draw: Callable[..., Any] = plots.sweep_curve if len(paths) == 1 else plots.heat_map
    for metric in metrics:
        if sweep.estimates(metric.name)["value"].nunique() > 1:
            caption = (
                f"{metric.heading[0].upper()}{metric.heading[1:]}: means with their intervals, by {joined(paths)}."
            )
            yield picture(metric.name, caption, partial(draw, sweep, metric.name, *paths))


def waiting_picture(comparison: Comparison) -> Picture:
    """How long until clients are told."""
    caption = "The share of commands whose clients have been told an outcome, true or not, by time."
    return picture("feedback", caption, partial(plots.feedback_ecdf, comparison))


def outcome_pictures(comparison: Comparison) -> Iterator[Picture]:
    """What became of commands and what clients believe, a picture for each design."""
    if len(comparison.designs) > MOST_MATRICES:
        return
    for design, name in file_names(comparison.designs).items():
        caption = f'What became of the commands, and what their clients believe, with "{design}".'
        yield picture(f"outcomes-{name}", caption, partial(plots.outcome_matrix, comparison, design))
