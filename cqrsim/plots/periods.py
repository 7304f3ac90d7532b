"""Periods of trouble, shaded and named: in whichever picture has the time of a run as its x axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from cqrsim import metrics
from cqrsim.messages import Operation
from cqrsim.metrics.steps import Ints
from cqrsim.metrics.vocabulary import fault_name
from cqrsim.moments import Moment
from cqrsim.plots import style
from cqrsim.trace import Trace

_SHORTEST = 0.01
"""Share of the time shown that a refusal of the store must last to be shaded: single failed appends are not."""

_FAULT, _REFUSES = "#F3D3BC", "#E4E4E4"
_ROW = 11
"""Points from one row of names to the next."""


@dataclass(frozen=True)
class Period:
    """A stretch of trouble in seconds, and what it is called."""

    name: str
    begins: float
    ends: float
    is_fault: bool


def periods_of(trace: Trace, until: float) -> list[Period]:
    """Faults, and refusals of the store that last and that no fault's period explains; up to ``until`` seconds."""
    found = []
    episodes = metrics.episodes(trace)
    columns = ["kind", "target", "begin_ms", "end_ms", "cause"]
    for kind, target, begin_ms, end_ms, cause in episodes[columns].itertuples(index=False):
        begins, ends = begin_ms / 1e3, min(until, end_ms / 1e3 if np.isfinite(end_ms) else until)
        if kind == "fault":
            found.append(Period(str(cause), begins, ends, is_fault=True))
        elif kind == "down" and cause not in [period.name for period in found if period.begins <= begins < period.ends]:
            found.append(Period(str(cause or f"{target} down"), begins, ends, is_fault=True))
        elif kind == "store_refuses" and ends - begins >= _SHORTEST * until:
            found.append(Period(f"store refuses: {cause}" if cause else "store refuses", begins, ends, is_fault=False))
    faults = [period for period in found if period.is_fault]
    return faults + [period for period in found if not period.is_fault and not _explained(period, faults)]


def _explained(period: Period, faults: Sequence[Period]) -> bool:
    return any(fault.begins <= period.begins < fault.ends for fault in faults)


def faults_throughout(trace: Trace) -> list[str]:
    """Names of the faults that did something, but have no period of their own: they are there all the time."""
    moments = (Moment.APPEND_FAILED, Moment.REFUSAL_LOST, Moment.MESSAGE_LOST)
    often, times = np.unique(_struck(trace), return_counts=True)
    struck = np.unique(np.concatenate([*(trace.of(moment).value for moment in moments), often[times > 1]]))
    elsewhere = np.concatenate([trace.of(Moment.FAULT_BEGAN).place, trace.of(Moment.CRASHED).value])
    return [fault_name(trace.about, int(fault)) for fault in struck if fault >= 0 and fault not in elsewhere]


def _struck(trace: Trace) -> Ints:
    """The faults that struck operations, once for each firing; those that strike at a time are not always there."""
    rows = trace.of(Moment.FAULT_STRUCK)
    struck: Ints = rows.place[rows.outcome != Operation.NONE].astype(np.int64)
    return struck


def shade(ax: Axes, periods: Sequence[Period]) -> None:
    """Colour the background of the periods: warm for faults, grey for what followed from the load alone."""
    for period in periods:
        colour = _FAULT if period.is_fault else _REFUSES
        ax.axvspan(period.begins, period.ends, facecolor=colour, edgecolor="none", alpha=0.7, zorder=0, gid="period")


def name_above(ax: Axes, periods: Sequence[Period], title: str) -> None:
    """The names above the axes, each over its period, in a higher row where they would touch; above them the title.

    The time axis must have its limits by now.
    """
    first, last = ax.get_xlim()
    letter = 0.6 * style.SMALL / 72 * ax.figure.dpi / ax.bbox.width
    taken: list[float] = []  # how far each row is full, from the left
    for period in sorted(periods, key=lambda one: one.begins):
        width = letter * len(period.name)
        middle = ((period.begins + period.ends) / 2 - first) / (last - first)
        left = min(max(middle - width / 2, 0.0), max(1.0 - width, 0.0))
        row = next((row for row, until in enumerate(taken) if until <= left), len(taken))
        taken[row : row + 1] = [left + width]
        ax.annotate(
            period.name, xy=(left + width / 2, 1.0), xycoords="axes fraction", xytext=(0, 2 + _ROW * row),
            textcoords="offset points", ha="center", va="bottom", fontsize=style.SMALL, gid="period name",
            color=style.VERMILION if period.is_fault else style.QUIET,
        )  # fmt: skip
    ax.set_title(title, loc="left", fontsize=style.TITLE, color=style.INK, pad=6 + _ROW * len(taken))
