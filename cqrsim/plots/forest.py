"""By how much do designs differ, and does it matter?  Paired differences with their intervals, one below the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style

_COLOURS = {"better": style.GREEN, "worse": style.VERMILION, "equivalent": style.BLUE}
"""What is shown has a colour; what is not resolved, or has no better and worse, is grey."""
_INCHES_PER_ROW = 0.27
_WIDE = 12.0
"""In multiples of the margin: differences beyond this are shown on a logarithmic axis that is straight around 0."""
_STRAIGHT = 2.0
_SHADE = "#E3EEF6"


@runtime_checkable
class HasDifferences(Protocol):
    """A comparison."""

    designs: Any
    confidence: float

    def verdict(self, against: str | None = ..., *names: str, margins: Any = ...) -> Any:
        """What may be said of every other design against one."""

    def differences(self, against: str, *names: str) -> pd.DataFrame:
        """Paired differences with intervals."""


def differences(
    comparison: HasDifferences, against: str | None = None, *names: str, margins: Any = None, ax: Axes | None = None
) -> Axes:
    """Draw how every other design differs from one, paired by replication, with what may be said of it in words.

    The intervals hold all together with the comparison's confidence (Bonferroni); the verdicts are those of
    ``comparison.verdict(against, *names, margins=...)``.  Shaded is the practical margin: differences within it make
    none.  A single metric has its own unit, several are drawn in multiples of their margins.  Arrows stand for
    differences of which only a lower or an upper bound is known.

    Raises ResultError for what is no comparison, and for designs and metrics that it does not have.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog().with_(length=cq.ms(500), warm_up=cq.seconds(0))
    >>> compared = cq.compare({"wait": blog, "slow": blog.with_({"disk.write": cq.ms(3)})}, replications=3)
    >>> differences(compared, "wait", "feedback_ms_p50").get_xlabel().splitlines()[0]
    'difference in feedback p50 (ms)'
    """
    if not isinstance(comparison, HasDifferences):
        raise ResultError(f"this is drawn of a comparison (got {shown(comparison)})")
    rows = _rows(comparison, against, names, margins)
    against = next(iter(comparison.designs)) if against is None else against
    metrics = list(dict.fromkeys(rows["name"]))
    ax = style.new_axes(ax, height=1.25 + _INCHES_PER_ROW * _lines(rows, metrics))
    style.dress(ax, f'Against "{against}": paired differences', _label(rows, metrics, comparison.confidence))
    if not len(rows):
        style.say(ax, "There is no other design to compare with.")
        return ax
    scales = _scales(rows, alone=len(metrics) == 1)
    places = _places(ax, rows, metrics)
    colours = {name: look.colour for name, look in style.looks(comparison.designs).items()}
    _axis(ax, rows, scales)
    _margin(ax, rows, scales)
    for row, place, scale in zip(rows.to_dict("records"), places, scales, strict=True):
        _row(ax, row, place, scale, colours[str(row["design"])])
    return ax


def _rows(comparison: HasDifferences, against: str | None, names: Sequence[str], margins: Any) -> pd.DataFrame:
    """Verdicts with intervals that hold all together, metric by metric."""
    judged: pd.DataFrame = comparison.verdict(against, *names, margins=margins).frame
    stricter = 1 - (1 - comparison.confidence) / max(len(judged), 1)
    together = dataclasses.replace(comparison, confidence=stricter)  # type: ignore[type-var]
    wide = together.verdict(against, *names, margins=margins).frame
    judged = judged.assign(low=wide["low"], high=wide["high"], verdict=judged["verdict"].astype(str))
    order = {name: place for place, name in enumerate(dict.fromkeys(judged["name"]))}
    ordered: pd.DataFrame = judged.iloc[np.argsort(judged["name"].map(order).to_numpy(), kind="stable")]
    return ordered.reset_index(drop=True)


def _lines(rows: pd.DataFrame, metrics: Sequence[str]) -> int:
    """How many lines the picture has: a metric among several has one of its own above its designs."""
    return max(len(rows) + (len(metrics) if len(metrics) > 1 else 0), 2)


def _label(rows: pd.DataFrame, metrics: Sequence[str], confidence: float) -> str:
    sure = f"lines: {100 * confidence:g} % intervals, together for {len(rows)}; shaded: what makes no difference"
    if len(metrics) != 1:
        return f"difference, in multiples of what would matter\n{sure}"
    unit = _UNITS.get(str(rows["unit"].iloc[0]), str(rows["unit"].iloc[0]))
    return f"difference in {_said(metrics[0])}{f' ({unit})' if unit else ''}\n{sure}"


_UNITS = {"share": "percentage points", "per_s": "per second"}


def _said(metric: str) -> str:
    return metric.replace("_ms_", "_").removesuffix("_share").replace("_", " ")


def _scales(rows: pd.DataFrame, alone: bool) -> list[float]:
    """What differences are multiplied by; NaN where several metrics have no common measure, for want of a margin."""
    if alone:
        return [100.0 if unit == "share" else 1.0 for unit in rows["unit"]]
    return [1 / margin if margin > 0 else np.nan for margin in rows["margin"]]


def _places(ax: Axes, rows: pd.DataFrame, metrics: Sequence[str]) -> list[int]:
    """The lines on which the rows stand, with the names of the designs, and of the metrics if there are several."""
    places, ticks, line = [], [], 0
    for metric in metrics:
        if len(metrics) > 1:
            ticks.append((line, _said(metric), True))
            line += 1
        for design in rows.loc[rows["name"] == metric, "design"]:
            places.append(line)
            ticks.append((line, str(design), False))
            line += 1
    ax.set_yticks([one for one, _, _ in ticks], [words for _, words, _ in ticks])
    for label, (_, _, is_metric) in zip(ax.get_yticklabels(), ticks, strict=True):
        label.set_fontweight("bold" if is_metric else "normal")
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(line - 0.4, -0.7)
    ax.grid(visible=False, axis="y")
    return places


def _axis(ax: Axes, rows: pd.DataFrame, scales: Sequence[float]) -> None:
    """Around zero; straight near it and logarithmic far from it where differences are large beside their margins."""
    numbers = np.abs(rows[["difference", "low", "high"]].to_numpy(np.float64) * np.array(scales)[:, None])
    largest = float(numbers[np.isfinite(numbers)].max(initial=0.0))
    margin = _margin_of(rows, scales)
    least, most = (_end(rows, scales, sign) for sign in (-1, 1))
    if margin > 0 and largest > _WIDE * margin:
        ax.set_xscale("symlog", linthresh=_STRAIGHT * margin, linscale=0.6)
        left, right = (2.0 * max(end, _STRAIGHT * margin) for end in (least, most))
        ax.set_xlim(-left, right)
        ax.xaxis.set_major_locator(FixedLocator([*(-_decades(margin, left)[::-1]), 0.0, *_decades(margin, right)]))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.set_xlim(-1.15 * max(least, margin, 1e-12), 1.15 * max(most, margin, 1e-12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _signed(value)))
    ax.axvline(0.0, color=style.INK, linewidth=0.9, zorder=1)


def _decades(margin: float, end: float) -> NDArray[np.float64]:
    """Powers of ten from beyond the straight part to an end of the axis, at most four of them."""
    first, last = np.ceil(np.log10(2 * _STRAIGHT * margin)), np.floor(np.log10(end))
    decades = np.arange(first, last + 1)
    return np.asarray(10.0 ** decades[:: max(1, int(np.ceil(len(decades) / 4)))], np.float64)


def _end(rows: pd.DataFrame, scales: Sequence[float], sign: int) -> float:
    """How far the picture must reach to one side."""
    numbers = sign * rows[["difference", "low", "high"]].to_numpy(np.float64) * np.array(scales)[:, None]
    return float(numbers[np.isfinite(numbers)].max(initial=0.0))


def _margin_of(rows: pd.DataFrame, scales: Sequence[float]) -> float:
    margins = rows["margin"].to_numpy(np.float64) * np.array(scales)
    return float(margins[np.isfinite(margins)].max(initial=0.0))


def _margin(ax: Axes, rows: pd.DataFrame, scales: Sequence[float]) -> None:
    margin = _margin_of(rows, scales)
    if margin > 0:
        ax.axvspan(-margin, margin, color=_SHADE, linewidth=0, zorder=0, gid="margin")


def _row(ax: Axes, row: dict[Any, Any], place: int, scale: float, colour: str) -> None:
    """A dot in its interval, in the colour of its design; an end that is not known is an arrow; words at the right."""
    value, low, high = (row[name] * scale for name in ("difference", "low", "high"))
    left, right = ax.get_xlim()
    if not np.isnan([low, high]).any():
        ends = (max(low, left), min(high, right))
        ax.plot(ends, [place, place], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=3, gid="interval")
        for end, known, sign in ((left, low, "<"), (right, high, ">")):
            if np.isinf(known):
                ax.plot(end, place, sign, color=colour, markersize=6, clip_on=False, zorder=4, gid="beyond")
    if np.isfinite(value):
        ax.plot(value, place, "o", color=colour, markersize=5, zorder=4, gid="difference")
    verdict = row["verdict"]
    ax.annotate(
        f"{verdict}: {_amount(row)}", xy=(1.0, place), xycoords=ax.get_yaxis_transform(), xytext=(8, 0),
        textcoords="offset points", ha="left", va="center", fontsize=style.SMALL, annotation_clip=False, gid="verdict",
        color=_COLOURS.get(verdict, style.QUIET), fontweight="bold" if verdict in ("better", "worse") else "normal",
    )  # fmt: skip


def _amount(row: dict[Any, Any]) -> str:
    """The difference with half of its interval in its own unit, or what is known of it."""
    factor = 100.0 if row["unit"] == "share" else 1.0
    low, high = row["low"] * factor, row["high"] * factor
    unit = {"share": " points", "per_s": "/s"}.get(row["unit"], f" {row['unit']}".rstrip())
    if np.isnan([low, high]).any():
        return "nothing to compare"
    if np.isinf(high) or np.isinf(low):
        return f"at least {_signed(low)}{unit}" if np.isinf(high) else f"at most {_signed(high)}{unit}"
    half = (high - low) / 2
    digits = int(np.clip(1 - np.floor(np.log10(half)), 0, 6)) if half > 0 else 2
    digits = min(digits, 1) if half >= 1 else digits
    middle = f"{(low + high) / 2:+,.{digits}f}"
    middle = middle if float(middle.replace(",", "")) else middle[1:]
    return f"{middle} ± {half:,.{digits}f}{unit}"


def _signed(value: float) -> str:
    """A number with its sign, and zero without one."""
    sign = "+" if value > 0 else "-" if value < 0 else ""
    return f"{sign}{style.amount(float(f'{abs(value):.4g}'))}"
