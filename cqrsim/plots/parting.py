"""When do handler and log part, and what does it cost?  Events ahead and behind over time, wrong decisions marked."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from cqrsim.metrics.decisions import decisions
from cqrsim.metrics.parted_events import ahead, behind
from cqrsim.plots import style
from cqrsim.plots.along_time import bounds, lay_out, legend, titled
from cqrsim.plots.sources import HasTrace, name_of, trace_of
from cqrsim.trace import Trace

Floats = NDArray[np.float64]

_AHEAD, _BEHIND = style.BLUE, style.PURPLE
_ROOM = 1.35
"""How much higher the axes are than the bands: the marks of wrong decisions stand there."""
_ACCEPTED_AT, _REFUSED_AT = 0.95, 0.05
"""Where the marks stand, as a share of the height."""


def divergence(run: HasTrace | Trace, ax: Axes | None = None) -> Axes:
    """Draw how many events the handler's state is ahead of the log, upwards, and behind it, downwards, over time.

    A handler is ahead while it holds events that never become durable, and behind while it lacks events that are
    durable although their turn is over; what is only on its way is neither.  Bands are means over bins, weighted by
    time.  Crosses above mark wrong acceptances (the log forbids them), bars below wrong refusals (the log allows them).
    Periods of trouble are shaded and named.

    >>> ax = divergence(Trace.from_rows(np.empty((0, 7), np.int64)))
    >>> ax.get_ylabel()
    'events behind (-) and ahead (+)'
    """
    trace = trace_of(run)
    ax = style.new_axes(ax, height=3.2)
    lay_out(ax, trace, titled("How far handler and log part", name_of(run), trace), "events behind (-) and ahead (+)")
    names = _bands(ax, trace)
    if not names:
        ax.set_yticks([])
        style.say(ax, _why_nothing(trace))
    legend(ax, [*names, *_wrong_decisions(ax, trace)])
    return ax


def _bands(ax: Axes, trace: Trace) -> list[tuple[str, str]]:
    """Events ahead above 0 and behind below; the names of those that there are, with their colours."""
    edges, names = bounds(trace), []
    above, below = ahead(trace).means(edges), behind(trace).means(edges)
    if above.any() or below.any():
        _heights(ax, above, -below)
    for name, values, colour in (("ahead of the log", above, _AHEAD), ("behind the log", -below, _BEHIND)):
        if values.any():
            ax.stairs(values, edges / 1e9, fill=True, color=colour, alpha=0.45, gid=name)
            ax.stairs(values, edges / 1e9, baseline=None, color=colour, linewidth=1.2)
            names.append((name, colour))
    return names


def _heights(ax: Axes, above: Floats, below: Floats) -> None:
    """Both sides on one scale, with a floor that keeps a single event from filling the picture."""
    highest, lowest = max(float(above.max()), 1.0), min(float(below.min()), -1.0)
    room = (_ROOM - 1.0) * (highest - lowest) / 2
    ax.set_ylim(lowest - room, highest + room)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+,.0f}" if value else "0"))
    ax.axhline(0.0, color=style.QUIET, linewidth=0.8, zorder=1)


def _wrong_decisions(ax: Axes, trace: Trace) -> list[tuple[str, str]]:
    """Marks where the handler decided wrongly; what they are called, with how many there are."""
    decided, names = decisions(trace), []
    for wrong, mark, place, word in (
        (decided.wrong_accept, "x", _ACCEPTED_AT, "accepted"),
        (decided.wrong_refuse, "|", _REFUSED_AT, "refused"),
    ):
        times = decided.time[wrong == 1] / 1e9
        ax.plot(
            times, np.full(len(times), place), mark, markersize=5, markeredgewidth=1.0, color=style.INK, clip_on=False,
            transform=ax.get_xaxis_transform(), gid=f"wrongly {word}",
        )  # fmt: skip
        names.append((f"{mark} wrongly {word}: {len(times):,}", style.INK))
    if np.isnan(decided.wrong_accept).any():
        return [("wrong decisions:\ncannot be told", style.QUIET)]
    return names


def _why_nothing(trace: Trace) -> str:
    if not trace.about.live_state:
        return "The handler keeps no state that could part from the log."
    return "The handler's state and the log never part."
