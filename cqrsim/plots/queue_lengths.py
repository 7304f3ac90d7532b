"""Where does work pile up?  What waits in the handler, in the store and before the projections, over time."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.ticker import SymmetricalLogLocator

from cqrsim.metrics.queues import Intervals, at_store, lagging, waiting
from cqrsim.plots import style
from cqrsim.plots.along_time import bounds, lay_out, name_at, titled
from cqrsim.plots.sources import HasTrace, name_of, trace_of
from cqrsim.trace import Trace

_OF_PROJECTIONS = (style.GREEN, style.PURPLE, style.ORANGE, style.SKY)
_LINEAR_TO = 1.0
"""Up to here the axis is linear, so that an empty queue has a place; above it is logarithmic."""


def queues(run: HasTrace | Trace, ax: Axes | None = None) -> Axes:
    """Draw what waits over time: commands for the handler, appends at the store, events for each projection.

    Levels are means over bins, weighted by time, on an axis that is linear up to 1 and logarithmic above.  At the right
    stands for each the mean over the measured window.  Periods of trouble are shaded and named.

    >>> import numpy as np
    >>> [text.get_text() for text in queues(Trace.from_rows(np.empty((0, 7), np.int64))).texts]
    ['Nothing happens in this run.']
    """
    trace = trace_of(run)
    edges = bounds(trace)
    ax = style.new_axes(ax, height=3.4)
    lay_out(ax, trace, titled("What waits", name_of(run), trace), f"waiting, mean over {edges[1] / 1e9:.2g} s")
    if not len(trace):
        ax.set_yticks([])
        style.say(ax, "Nothing happens in this run.")
        return ax
    found = _waiting(trace)
    levels = [intervals.means(edges) for _, _, intervals in found]
    _axis(ax, max(float(values.max()) for values in levels))
    for (_, colour, _), values in zip(found, levels, strict=True):
        ax.stairs(values, edges / 1e9, color=colour, linewidth=1.3, baseline=None, gid="level")
    name_at(ax, [_name(trace, *one) for one in found])
    return ax


def _waiting(trace: Trace) -> list[tuple[str, str, Intervals]]:
    """What waits where: what it is called, its colour, and from when until when each waited."""
    found = [
        ("commands for the handler", style.BLUE, waiting(trace)),
        ("appends at the store", style.VERMILION, at_store(trace)),
    ]
    for number, name in enumerate(trace.about.projections):
        colour = _OF_PROJECTIONS[number % len(_OF_PROJECTIONS)]
        found.append((f"events for {name}", colour, lagging(trace, number)))
    return found


def _name(trace: Trace, name: str, colour: str, intervals: Intervals) -> tuple[str, str, float]:
    """What it is called, with its mean in the measured window, beside which the name stands."""
    about = trace.about
    mean = intervals.mean(about.warm_up_ns, about.length_ns)
    told = f"{name}:\nmean {_number(mean)}" if math.isfinite(mean) else name
    return told, colour, mean if math.isfinite(mean) else 0.0


def _number(value: float) -> str:
    """Two or three digits.

    >>> _number(0.0123), _number(1234.5)
    ('0.012', '1,234')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _axis(ax: Axes, highest: float) -> None:
    ax.set_yscale("symlog", linthresh=_LINEAR_TO, linscale=0.6)
    ax.yaxis.set_major_locator(SymmetricalLogLocator(base=10.0, linthresh=_LINEAR_TO))
    style.plain_numbers(ax.yaxis)
    ax.set_ylim(0.0, max(1.5 * highest, 1.5))
