"""How does one setting change a metric?  Its mean at every point of a sweep, with the confidence interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style
from cqrsim.plots.intervals import words_of
from cqrsim.plots.possible import possible
from cqrsim.plots.style import Look

_NEEDED = ("value", "low", "high")
_NO_SETTINGS = ("point", "name", "unit", *_NEEDED, "runs", "beyond")
"""Columns of estimates that are none of the settings that vary."""
_ASIDE = 0.015
"""How far lines stand beside each other, as a share of the width, so that no interval hides another."""


@runtime_checkable
class HasEstimates(Protocol):
    """A sweep."""

    def estimates(self, *names: str) -> pd.DataFrame:
        """One row per point and metric: the settings, value, low, high, unit."""


def sweep_curve(
    sweep_or_frame: HasEstimates | pd.DataFrame, metric: str, x: str, by: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a metric of a sweep over one setting, each point in its confidence interval; ``by`` another, in lines.

    Takes a sweep, or a frame as its ``estimates()`` returns it.  ``x`` and ``by`` are varied settings; numbers stand
    where they are, and amounts with a unit in the order of their levels, evenly apart.  If exactly one other setting
    varies, it is ``by`` without being named.  A value that is only a lower bound is drawn as an arrow; points without a
    value, such as those that cannot keep up with their commands, are missing.

    Raises ResultError for what is neither, for a setting that does not vary, and if more settings vary than are drawn.

    >>> ends = {"low": [1.5, 8.0], "high": [2.5, 10.0]}
    >>> frame = pd.DataFrame({"disk.write": ["1ms", "2ms"], "value": [2.0, 9.0], **ends})
    >>> ax = sweep_curve(frame, "feedback_ms_p99", "disk.write")
    >>> ax.get_xlabel(), [text.get_text() for text in ax.get_xticklabels()]
    ('disk.write', ['1ms', '2ms'])
    """
    frame = possible(_estimates(sweep_or_frame, metric))
    if unknown := [name for name in (x, by) if name is not None and name not in frame]:
        raise ResultError(f'no setting "{unknown[0]}" varies in this sweep')
    by = _by(frame, x, by)
    ax = style.new_axes(ax, height=3.2)
    scale, label = words_of(frame, metric)
    style.dress(ax, "Mean over replications, with its confidence interval", x, label)
    frame = frame.assign(place=_places(ax, frame[x]), **{name: scale * frame[name] for name in _NEEDED})
    lines = [("", frame)] if by is None else [(str(level), part) for level, part in frame.groupby(by, observed=True)]
    all_looks = style.looks(name for name, _ in lines)
    ends: dict[str, pd.Series[float]] = {}
    for number, (name, part) in enumerate(lines):
        aside = _ASIDE * (number - (len(lines) - 1) / 2) * _span(frame["place"])
        moved = part.dropna(subset="value").assign(place=part["place"] + aside).sort_values("place")
        _line(ax, moved, all_looks[name])
        ends |= {name: moved.iloc[-1]} if len(moved) else {}
    _heights(ax, frame)
    if by is not None:
        _label_ends(ax, by, ends, [all_looks[name].colour for name in ends])
    return ax


def _by(frame: pd.DataFrame, x: str, by: str | None) -> str | None:
    """The setting that tells lines apart: the one that is asked for, or the only other one that varies."""
    drawn = [x] if by is None else [x, by]
    if not frame.duplicated(drawn).any():
        return by
    alike = frame.groupby(drawn, observed=True)
    settings = [str(name) for name in frame if name not in (*_NO_SETTINGS, *drawn)]
    others = [name for name in settings if (alike[name].nunique() > 1).any()]
    if by is None and len(others) == 1:
        return _by(frame, x, others[0])
    if not others:
        raise ResultError(f'several rows of this frame have the same "{drawn[-1]}", and no setting tells them apart')
    listed = ", ".join(others)
    if by is None:
        raise ResultError(f'besides "{x}" there vary {listed}: name one of them as by, and keep the others fixed')
    raise ResultError(f'besides "{x}" and "{by}" there vary {listed}: draw estimates in which they are fixed')


def _heights(ax: Axes, frame: pd.DataFrame) -> None:
    """From 0, unless a value lies below it, with room above the highest interval."""
    style.plain_numbers(ax.yaxis)
    numbers = frame[list(_NEEDED)].to_numpy(np.float64)
    highest = float(np.max(numbers[np.isfinite(numbers)], initial=0.0))
    if highest > 0 and not (frame["value"] < 0).any():
        ax.set_ylim(0.0, 1.08 * highest)


def _span(places: pd.Series[float]) -> float:
    return float(places.max() - places.min()) if len(places) else 0.0


def _line(ax: Axes, part: pd.DataFrame, look: Look) -> None:
    """Dots in their intervals, and a thin line that leads from one to the next."""
    bounds = part["low"].isna() & part["value"].notna()
    sure, beyond = part[~bounds], part[bounds]
    finite = sure[np.isfinite(sure[["low", "high"]]).all(axis=1)]
    ax.plot(part["place"], part["value"], color=look.colour, linestyle=look.dash, linewidth=1.2, alpha=0.6, gid="line")
    ax.vlines(finite["place"], finite["low"], finite["high"], color=look.colour, linewidth=2.2, gid="interval")
    ax.plot(sure["place"], sure["value"], "o", color=look.colour, markersize=5, clip_on=False, gid="value")
    ax.plot(beyond["place"], beyond["value"], "^", color=look.colour, markersize=7, gid="beyond")


def _label_ends(ax: Axes, by: str, ends: dict[str, pd.Series[float]], colours: Sequence[str]) -> None:
    """What each line is, beside its last value, and none above another."""
    height = 1.5 * style.SMALL / 72 * ax.figure.dpi / ax.bbox.height * (ax.get_ylim()[1] - ax.get_ylim()[0])
    places = style.apart([end["value"] for end in ends.values()], [height] * len(ends), lowest=ax.get_ylim()[0])
    common: Any = {"textcoords": ("offset points", "data"), "annotation_clip": False, "va": "center", "gid": "by"}
    for (name, end), place, colour in zip(ends.items(), places, colours, strict=True):
        look: Any = {"color": colour, "fontsize": style.SMALL, **common}
        ax.annotate(f"{by} = {name}", (end["place"], end["value"]), xytext=(9, place), **look)


def _estimates(source: HasEstimates | pd.DataFrame, metric: str) -> pd.DataFrame:
    if not isinstance(source, pd.DataFrame):
        if not isinstance(source, HasEstimates):
            raise ResultError(f"this is drawn of a sweep, or of its estimates (got {shown(source)})")
        source = source.estimates(metric)
    if missing := [name for name in _NEEDED if name not in source]:
        raise ResultError(f"a frame of estimates needs the columns {', '.join(_NEEDED)}; there is no {missing[0]}")
    return source[source["name"] == metric] if "name" in source else source


def _places(ax: Axes, levels: pd.Series[float]) -> NDArray[np.float64]:
    """Where the points stand on the axis."""
    if pd.api.types.is_numeric_dtype(levels):
        style.plain_numbers(ax.xaxis)
        return np.asarray(levels, np.float64)
    names = list(levels.cat.categories) if isinstance(levels.dtype, pd.CategoricalDtype) else list(levels.unique())
    ax.set_xticks(range(len(names)), [str(name) for name in names])
    ax.set_xlim(-0.3, len(names) - 0.7)
    for place, name in enumerate(names):
        if name not in set(levels):
            ax.annotate(
                "no value",
                (place, 0.03),
                xycoords=("data", "axes fraction"),
                color=style.QUIET,
                ha="center",
                size=style.SMALL,
            )
    return np.array([float(names.index(level)) for level in levels])
