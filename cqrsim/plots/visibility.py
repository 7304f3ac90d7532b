"""How soon do readers see what is durable?  PBS's t-visibility, on an axis that counts nines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import NDArray

from cqrsim.errors import ResultError
from cqrsim.metrics.paths import paths
from cqrsim.metrics.survival import survival
from cqrsim.plots import style
from cqrsim.plots.along_time import name_at
from cqrsim.plots.sources import HasTrace, latency, name_of, trace_of
from cqrsim.plots.style import Look
from cqrsim.trace import Trace

Floats = NDArray[np.float64]

_NAMED = (0.99, 0.999)
"""The shares for which the time is told."""
_TOP = 3.6
"""Up to how many nines the axis reaches."""
_TIMES = 240
_MARKS = (0.0, 0.5, 0.9, 0.99, 0.999)


@runtime_checkable
class HasSurvival(Protocol):
    """A comparison."""

    def survival(self, latency: str = ..., at: Sequence[float | str] = ...) -> pd.DataFrame:
        """The share still waiting after some times (ms): design, at_ms, share, low, high."""

    def quantiles(self, latency: str = ..., p: Sequence[float] = ...) -> pd.DataFrame:
        """Quantiles: design, p, value, low, high, beyond."""

    def latencies(self, name: str = ...) -> pd.DataFrame:
        """A sample of commands: design, replication, value in ms, fate."""


class Told(NamedTuple):
    """The time (ms) after which a share of the reads sees it; ``beyond``: it is only known to be longer.

    The ends of its interval are NaN where there are no replications to tell.
    """

    share: float
    value: float
    low: float
    high: float
    beyond: bool


@dataclass(frozen=True)
class Seeing:
    """How likely a read is to see what became durable so long before; times in milliseconds.

    ``low`` and ``high`` bound the share, NaN where there are no replications to tell.
    """

    name: str
    times: Floats
    share: Floats
    low: Floats
    high: Floats
    named: tuple[Told, ...]


def t_visibility(
    run_or_comparison: HasTrace | Trace | HasSurvival, projection: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the probability that a read so long after a write became durable sees it, one line per design.

    The axis counts nines, so that 99 % and 99.9 % can be told apart; the times for these two are named at the right.
    A read sees it in all projections, or in the one that is named.  What was not visible when a run ended is censored
    (Kaplan and Meier 1958); what a projection has passed by is never seen, so that a line may stay below.  Of a
    comparison the bands and bars are confidence intervals over replications.  After PBS (Bailis et al. 2012).

    Raises ResultError for a projection that does not exist.

    >>> ax = t_visibility(Trace.from_rows(np.empty((0, 7), np.int64)))
    >>> ax.get_xlabel(), [text.get_text() for text in ax.texts]
    ('time since the events were durable (ms)', ['Nothing became durable in the measured window.'])
    """
    found = seeing(run_or_comparison, projection)
    ax = style.new_axes(ax, height=max(3.6, 0.8 + 0.48 * len(found)))
    title = f"How soon reads see what is durable{f', in {projection}' if projection else ''}"
    style.dress(ax, title, "time since the events were durable (ms)", "share of reads that see it (%)")
    _nines(ax)
    if not any(len(one.times) for one in found):
        style.say(ax, "Nothing became durable in the measured window.")
        return ax
    _times_axis(ax, [one for one in found if len(one.times)])
    all_looks = style.looks(one.name for one in found)
    for one in found:
        _line(ax, one, all_looks[one.name])
    seen = [one for one in found if len(one.times)]
    name_at(ax, [(_words(one, len(found) > 1), all_looks[one.name].colour, _height(one)) for one in seen])
    return ax


def seeing(source: HasTrace | Trace | HasSurvival, projection: str = "") -> list[Seeing]:
    """The curve of every design of a comparison, or that of a run."""
    if isinstance(source, HasSurvival):
        return list(_of_comparison(source, f"lag_{projection}_ms" if projection else "lag_ms"))
    trace = trace_of(source)
    return [_of_run(trace, name_of(source) or "this run", projection)]


def _of_run(trace: Trace, name: str, projection: str) -> Seeing:
    several = len(trace.about.projections) > 1
    if projection and projection not in trace.about.projections:
        raise ResultError(f'no projection "{projection}"; there are {", ".join(trace.about.projections)}')
    wait = latency(trace, f"lag_{projection}_ms" if projection and several else "lag_ms")
    waits = wait.waits(paths(trace).in_window, trace.about.end_ns)
    if not len(waits):
        nothing = np.empty(0)
        return Seeing(name, nothing, nothing, nothing, nothing, ())
    times = _grid(waits.ended, waits.longest)
    known = [(p, waits.quantile(p)) for p in _NAMED]
    named = tuple(Told(p, one.value, math.nan, math.nan, one.beyond) for p, one in known)
    unknown = np.full(len(times), np.nan)
    return Seeing(name, times, 1.0 - survival(waits, times), unknown, unknown, named)


def _of_comparison(comparison: HasSurvival, metric: str) -> Iterator[Seeing]:
    sampled = comparison.latencies(metric)
    ended = sampled.loc[sampled["fate"] == "known", "value"].to_numpy(np.float64)
    times = _grid(ended, float(sampled["value"].max()) if len(sampled) else 0.0)
    still, told = comparison.survival(metric, at=times.tolist() or [1.0]), comparison.quantiles(metric, p=_NAMED)
    for name in still["design"].cat.categories:
        part, quantiles = still[still["design"] == name], told[told["design"] == name]
        share, low, high = (1.0 - part[column].to_numpy(np.float64) for column in ("share", "high", "low"))
        quantiles = quantiles.assign(low=quantiles["low"].clip(lower=0.0))
        named = map(Told._make, quantiles[["p", "value", "low", "high", "beyond"]].itertuples(index=False, name=None))
        there = len(times) if np.isfinite(share).any() else 0
        yield Seeing(str(name), times[:there], share[:there], low[:there], high[:there], tuple(named))


def _grid(ended: Floats, longest: float) -> Floats:
    """Times to look at, evenly apart on a logarithmic axis; none if nothing ever becomes visible."""
    above = ended[ended > 0]
    if not len(above):
        return np.array([1.0, 10.0]) if len(ended) or longest > 0 else np.empty(0)
    first = max(float(np.quantile(above, 0.001)), float(above.max()) / 1e6)
    return np.geomspace(first, max(float(above.max()), 2 * first) * 1.05, _TIMES)


# --- drawing ---------------------------------------------------------------------------------------------------------


def nines(share: Floats) -> Floats:
    """How many nines a share has, at most those that the axis has room for.

    >>> nines(np.array([0.0, 0.9, 0.99, 1.0])).round(6).tolist()
    [0.0, 1.0, 2.0, 3.6]
    """
    return np.asarray(np.clip(0.0 - np.log10(np.maximum(1.0 - share, 10.0**-_TOP)), 0.0, _TOP))


def _nines(ax: Axes) -> None:
    ax.set_ylim(0.0, _TOP)
    ax.yaxis.set_major_locator(FixedLocator([float(nines(np.array(mark))) for mark in _MARKS]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * (1 - 10**-value):.4g}"))


def _times_axis(ax: Axes, found: Sequence[Seeing]) -> None:
    low = min(float(one.times[0]) for one in found)
    last = [float(one.times[-1]) for one in found]
    ends = [told.high for one in found for told in one.named if math.isfinite(told.high)]
    style.logarithmic(ax, "x", low / 1.1, min(max([*last, *ends]), 3 * max(last)) * 1.15)


def _line(ax: Axes, one: Seeing, look: Look) -> None:
    """The curve with its band, and the named times with their intervals."""
    if np.isfinite(one.low).any():
        ax.fill_between(
            one.times, nines(one.low), nines(one.high), color=look.colour, alpha=0.18, linewidth=0, gid="band"
        )
    ax.plot(
        one.times, nines(one.share), color=look.colour, linestyle=look.dash, linewidth=1.8, label=one.name, gid="design"
    )
    for p, value, low, high, beyond in one.named:
        if beyond or not math.isfinite(value) or value <= 0:
            continue
        height = float(nines(np.array(p)))
        if math.isfinite(low) and math.isfinite(high):
            ends = [max(low, ax.get_xlim()[0]), high]
            ax.plot(ends, [height, height], "-|", color=look.colour, linewidth=0.9, markersize=6, gid="interval")
        ax.plot(value, height, "o", color=look.colour, markersize=4.5, gid="named")


def _height(one: Seeing) -> float:
    """Where the line ends at the right."""
    seen = one.share[np.isfinite(one.share)]
    return float(nines(seen[-1:])[0])


def _words(one: Seeing, with_name: bool) -> str:
    """The name of a design, if there are several, and its named times."""
    lines = [f"{one.name}:"] if with_name else []
    for p, value, low, high, beyond in one.named:
        interval = f" ({low:.3g} to {high:.3g})" if math.isfinite(low) and math.isfinite(high) else ""
        lines.append(f"{100 * p:.4g} % {'beyond' if beyond else 'in'} {value:,.3g} ms{interval}")
    return "\n".join(lines)
