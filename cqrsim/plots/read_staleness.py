"""How stale is what people read?  Every stale read at its time, by how long and how many versions it was behind."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cqrsim.errors import ResultError, shown
from cqrsim.metrics.reads import Looks, judged_reads
from cqrsim.plots import style
from cqrsim.plots.along_time import lay_out, legend, titled
from cqrsim.plots.sources import HasTrace, name_of, trace_of
from cqrsim.trace import Trace

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_STEPS = (
    (1, 1, "1 version", style.SKY, "o"),
    (2, 3, "2-3 versions", style.BLUE, "s"),
    (4, 9, "4-9 versions", style.ORANGE, "^"),
    (10, np.inf, "10 or more", style.VERMILION, "D"),
)
"""How far behind: from, to, what it is called, colour, mark."""


def staleness(run: HasTrace | Trace, projection: str = "", ax: Axes | None = None) -> Axes:
    """Draw every stale read of a run: when it was, for how long it had been behind, and by how many versions.

    A read is stale if durable events of its aggregate were missing; it is behind since the oldest of those became
    durable.  Shares are of all reads of the measured window, own and background reads; the fresh ones are not drawn.
    ``projection`` names the one to look at, if there are several.  Versions and time behind are those of PBS (Bailis
    et al. 2012).

    Raises ResultError for a projection that does not exist.

    >>> [text.get_text() for text in staleness(Trace.from_rows(np.empty((0, 7), np.int64))).texts]
    ['Nobody reads in this run.']
    """
    trace = trace_of(run)
    looks = judged_reads(trace)
    asked = _of_projection(trace, looks, projection)
    ax = style.new_axes(ax, height=3.2)
    title = titled(f"Stale reads{f' of {projection}' if projection else ''}", name_of(run), trace)
    lay_out(ax, trace, title, "behind the log for (ms)")
    stale = asked & (looks.versions_behind > 0)
    if not stale.any():
        ax.set_yticks([])
        nobody = f"Nobody reads{f' {projection}' if projection else ''} in this run."
        style.say(ax, f"All {int(asked.sum()):,} reads were fresh." if asked.any() else nobody)
    else:
        _dots(ax, looks, stale)
    if asked.any():
        legend(ax, _shares(looks, asked & looks.in_window(trace)))
    return ax


def _of_projection(trace: Trace, looks: Looks, projection: str) -> Bools:
    """Which reads are of that projection; all, if none is named."""
    known = trace.about.projections
    if not projection:
        return np.ones(len(looks.time), np.bool_)
    if projection not in known:
        raise ResultError(f"no projection {shown(projection)}; there are {', '.join(known)}")
    return np.asarray(looks.projection == known.index(projection))


def _dots(ax: Axes, looks: Looks, stale: Bools) -> None:
    """Stale reads on a logarithmic axis; those that had only just become stale stand at its foot."""
    behind: Floats = looks.behind_ms
    above = behind[stale & (behind > 0)]
    low, high = (float(above.min()), float(above.max())) if len(above) else (1.0, 10.0)
    style.logarithmic(ax, "y", low / 1.5, max(high, 3 * low) * 1.5)
    for least, most, _, colour, mark in _STEPS:
        here = stale & (looks.versions_behind >= least) & (looks.versions_behind <= most)
        ax.plot(
            looks.time[here] / 1e9, np.maximum(behind[here], low / 1.5), mark, color=colour, markersize=3,
            markeredgewidth=0, alpha=0.6, gid="stale",
        )  # fmt: skip


def _shares(looks: Looks, asked: Bools) -> list[tuple[str, str]]:
    """What share of the reads was how far behind; only what occurs."""
    count, behind = int(asked.sum()), looks.versions_behind[asked]
    if not count:
        return [("no reads in\nthe measured window", style.QUIET)]
    found = [(f"fresh: {style.percent(float((behind == 0).mean()))}", style.QUIET)]
    for least, most, words, colour, _ in reversed(_STEPS):
        if share := float(((behind >= least) & (behind <= most)).mean()):
            found.append((f"{words}: {style.percent(share)}", colour))
    return [*found, (f"of {count:,} reads", style.QUIET)]
