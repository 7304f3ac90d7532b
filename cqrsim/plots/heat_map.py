"""How do two settings change a metric together?  A sweep as a map, with the numbers in its cells."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from cqrsim.errors import ResultError, did_you_mean, shown
from cqrsim.plots import style
from cqrsim.plots.intervals import words_of

_LIGHT_TO_DARK = LinearSegmentedColormap.from_list("light to dark", ["#F4F8FB", style.SKY, style.BLUE])
_EMPTY = "#F2F2F2"
_DARK = 0.62
"""From which share of the scale on letters are white."""


@runtime_checkable
class HasPoints(Protocol):
    """A sweep."""

    @property
    def design(self) -> Any:
        """What was asked: with a frame of the points and their settings."""

    @property
    def unstable(self) -> dict[int, str]:
        """The points that cannot keep up with their commands."""

    def estimates(self, *names: str) -> pd.DataFrame:
        """One row per point and metric."""


def heat_map(sweep: HasPoints, metric: str, x: str, y: str, ax: Axes | None = None) -> Axes:
    """Draw a metric of a sweep over two settings: in each cell the mean over replications and half its interval.

    Hatched cells cannot keep up with their commands, and were not simulated.  Raises ResultError for what is no sweep,
    for settings that it does not vary, and where other settings vary, too, so that several points share a cell.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> design = cq.grid(blog, {"disk.write": ["1ms", "2ms"], "handlers.validate": ["1ms", "2ms"]})
    >>> ax = heat_map(cq.sweep(design, replications=2), "durability_ms_p50", "disk.write", "handlers.validate")
    >>> len(ax.texts)
    4
    """
    if not isinstance(sweep, HasPoints):
        raise ResultError(f"this is drawn of a sweep (got {shown(sweep)})")
    points = _points(sweep, x, y)
    found = sweep.estimates(metric)
    scale, label = words_of(found, metric)
    points = points.merge(found[["point", "value", "low", "high"]], on="point", how="left")
    columns, rows = _levels(points[x]), _levels(points[y])
    ax = style.new_axes(ax, height=1.2 + 0.55 * len(rows))
    style.dress(ax, f"{label[0].upper()}{label[1:]}: mean, and half of its interval", x, y)
    ax.grid(visible=False)
    shown_values = scale * points["value"].to_numpy(np.float64)
    for row, value in zip(points.to_dict("records"), shown_values, strict=True):
        place = (columns.index(row[x]), rows.index(row[y]))
        half = scale * (row["high"] - row["low"]) / 2
        _cell(ax, place, value, half, _shade(value, shown_values), row["point"] in sweep.unstable)
    _frame(ax, columns, rows)
    return ax


def _points(sweep: HasPoints, x: str, y: str) -> pd.DataFrame:
    """The settings of every point, one point a cell."""
    points: pd.DataFrame = sweep.design.frame
    paths = list(sweep.design.paths)
    for path in (x, y):
        if path not in paths:
            hint = did_you_mean(path, paths) or f"it varies {', '.join(paths)}"
            raise ResultError(f'the sweep does not vary "{path}"; {hint}')
    if points.duplicated([x, y]).any():
        others = ", ".join(path for path in paths if path not in (x, y))
        raise ResultError(f"several points share a cell: {others} varies, too, so sweep it apart")
    return points


def _levels(values: pd.Series[Any]) -> list[Any]:
    """The values of a setting in their order."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return list(values.cat.categories)
    return sorted(values.unique())


def _shade(value: float, values: np.ndarray[Any, Any]) -> float:
    """How dark a value is: from 0 for the least to 1 for the most."""
    low, high = np.nanmin(values), np.nanmax(values)
    return float((value - low) / (high - low)) if high > low else 0.0


def _cell(ax: Axes, place: tuple[int, int], value: float, half: float, shade: float, overloaded: bool) -> None:
    corner = (place[0] - 0.5, place[1] - 0.5)
    look: dict[str, Any] = {"edgecolor": "white", "linewidth": 1.5}
    said, ink = "", style.QUIET
    if overloaded:
        look |= {
            "facecolor": "#F2F2F2",
            "edgecolor": style.QUIET,
            "hatch": "///",
            "linewidth": 0.4,
            "gid": "overloaded",
        }
        said = "overloaded"
    elif np.isnan(value):
        look |= {"facecolor": _EMPTY}
        said = "-"
    else:
        look |= {"facecolor": _LIGHT_TO_DARK(shade), "gid": "value"}
        said, ink = _number(value, half), "white" if shade > _DARK else style.INK
    ax.add_patch(Rectangle(corner, 1, 1, **look))
    effects = style.halo(3.0) if overloaded else None
    ax.text(*place, said, ha="center", va="center", fontsize=style.SMALL, color=ink, path_effects=effects)


def _number(value: float, half: float) -> str:
    """A mean and half its interval, with two digits of the latter."""
    if not np.isfinite(half) or half == 0:
        return f"{value:.4g}"
    places = max(0, 1 - int(np.floor(np.log10(half))))
    places = max(0, places - (f"{half:e}"[0] != "1"))
    return f"{value:,.{places}f}\n± {half:,.{places}f}"


def _frame(ax: Axes, columns: list[Any], rows: list[Any]) -> None:
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(-0.5, len(rows) - 0.5)
    ax.set_xticks(range(len(columns)), [str(value) for value in columns])
    ax.set_yticks(range(len(rows)), [str(value) for value in rows])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
