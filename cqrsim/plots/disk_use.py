"""What fills the disk, and when is it full?  Bytes by kind over time in a run; the total of every design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cqrsim.metrics.growth import filling, growth_bytes_per_s
from cqrsim.metrics.queues import stored
from cqrsim.plots import style
from cqrsim.plots.along_time import bounds, bytes_unit, lay_out, name_at, titled, until
from cqrsim.plots.periods import Period, periods_of
from cqrsim.plots.sources import HasTrace, name_of, trace_of
from cqrsim.trace import Trace

Floats = NDArray[np.float64]

_KINDS = (("events", False, style.BLUE), ("error events", True, style.VERMILION))

_ROOM = 0.55
"""Inches that a design takes: three lines of words at the right."""


@runtime_checkable
class HasRuns(Protocol):
    """A comparison."""

    @property
    def designs(self) -> Mapping[str, Any]:
        """The scenarios by name."""

    def run(self, design: str) -> HasTrace:
        """One of the runs in full."""

    def estimates(self, *names: str) -> pd.DataFrame:
        """One row per design and metric: value, low, high, beyond."""


def disk_usage(run_or_comparison: HasTrace | Trace | HasRuns, ax: Axes | None = None) -> Axes:
    """Draw what the store keeps over time, with its growth, its capacity, and when there is no room left.

    Of a run it shows bytes by kind: events, and error events on top of them.  Of a comparison it shows the total of
    every design in the first replication, which is simulated again for that, and beside each the time to full, with its
    interval over replications where all of them filled up.  Growth is that of the measured window, as long as there was
    room.  A disk that did not fill up is said to be full when it would be if that went on.  What other programs leave
    on the disk is not in a trace and not in the picture.

    >>> disk_usage(Trace.from_rows(np.empty((0, 7), np.int64))).get_ylabel()
    'kept in the store (bytes)'
    """
    if isinstance(run_or_comparison, HasRuns):
        return _of_designs(run_or_comparison, ax)
    trace = trace_of(run_or_comparison)
    ax = style.new_axes(ax, height=3.2)
    lay_out(ax, trace, titled("What the store keeps", name_of(run_or_comparison), trace), "")
    edges = bounds(trace)
    levels = [(name, colour, stored(trace, errors).means(edges), errors) for name, errors, colour in _KINDS]
    scale = _heights(ax, [sum(values for _, _, values, _ in levels)], [trace])
    below, names = np.zeros(len(edges) - 1), []
    for name, colour, values, errors in levels:
        if errors and not values.any():
            continue
        ax.stairs(scale * (below + values), edges / 1e9, baseline=scale * below, fill=True, color=colour, alpha=0.45,
                  gid="kind")  # fmt: skip
        ax.stairs(scale * (below + values), edges / 1e9, baseline=None, color=colour, linewidth=1.2)
        below = below + values
        names.append((f"{name}:\n{_rate(growth_bytes_per_s(trace, errors))}", colour, scale * float(below[-1])))
    name_at(ax, names)
    _tell_full(ax, trace)
    return ax


def _heights(ax: Axes, totals: list[Any], traces: list[Trace]) -> float:
    """Room for all, and for the capacity where it is near; what bytes are multiplied by."""
    most = max(float(np.max(total, initial=0.0)) for total in totals)
    capacities = sorted({trace.about.capacity_bytes for trace in traces if trace.about.capacity_bytes > 0})
    near = [capacity for capacity in capacities if capacity <= 4 * most]
    top = max([most, *near])
    unit, scale = bytes_unit(top)
    ax.set_ylabel(f"kept in the store ({unit})")
    ax.set_ylim(0.0, 1.12 * scale * top if top > 0 else 1.0)
    style.plain_numbers(ax.yaxis)
    for capacity in near:
        ax.axhline(scale * capacity, color=style.INK, linewidth=1.0, linestyle=(0, (4, 2)), gid="capacity")
        ax.annotate(
            f"capacity: {_size(capacity)}", xy=(0.0, scale * capacity), xycoords=("axes fraction", "data"),
            xytext=(4, 4), textcoords="offset points", fontsize=style.SMALL, color=style.INK, path_effects=style.halo(),
        )  # fmt: skip
    return scale


def _tell_full(ax: Axes, trace: Trace) -> None:
    """A line where the store was first full, or words about when it would be."""
    found = filling(trace)
    common: Any = {"fontsize": style.SMALL, "color": style.INK, "path_effects": style.halo(), "gid": "full"}
    if found.seen:
        ax.axvline(found.full_s, color=style.INK, linewidth=1.0, gid="full")
        left = found.full_s < until(trace) / 2
        ax.annotate(
            f"full at {_time(found.full_s)}", xy=(found.full_s, 0.04), xycoords=("data", "axes fraction"),
            xytext=(4 if left else -4, 0), textcoords="offset points", ha="left" if left else "right", **common,
        )  # fmt: skip
    elif trace.about.capacity_bytes > 0:
        words = f"full after {_time(found.full_s)}, if it goes on so" if np.isfinite(found.full_s) else "never full"
        capacity = f" (capacity: {_size(trace.about.capacity_bytes)})"
        ax.text(0.02, 0.95, words + capacity, transform=ax.transAxes, va="top", **common)
    elif not len(trace):
        style.say(ax, "Nothing happens in this run.")


# --- of several designs ----------------------------------------------------------------------------------------------


def _of_designs(comparison: HasRuns, ax: Axes | None) -> Axes:
    traces = {name: comparison.run(name).trace for name in comparison.designs}
    ax = style.new_axes(ax, height=max(3.4, 0.8 + _ROOM * len(traces)))
    longest = max(traces.values(), key=until)
    lay_out(ax, longest, "What the store keeps, by design", "", _shared_periods(list(traces.values())))
    edges = bounds(longest)
    totals = {name: stored(trace).means(edges) for name, trace in traces.items()}
    scale = _heights(ax, list(totals.values()), list(traces.values()))
    all_looks, names = style.looks(traces), []
    for name, values in totals.items():
        look = all_looks[name]
        ax.plot(
            (edges[1:] + edges[:-1]) / 2e9, scale * values, color=look.colour, linestyle=look.dash, linewidth=1.5,
            label=name, gid="design",
        )  # fmt: skip
        words = f"{name}: {_rate(growth_bytes_per_s(traces[name]))}{_full_of_design(comparison, name, traces[name])}"
        names.append((words, look.colour, scale * float(values[-1])))
    name_at(ax, names)
    return ax


def _shared_periods(traces: list[Trace]) -> list[Period]:
    """The faults that every design has at the same times: trouble of one alone would be taken for that of all."""
    found = [periods_of(trace, max(map(until, traces))) for trace in traces]
    return [period for period in found[0] if period.is_fault and all(period in other for other in found)]


def _full_of_design(comparison: HasRuns, name: str, trace: Trace) -> str:
    """The time to full: over all replications where all filled up, otherwise as it would be in the first."""
    if trace.about.capacity_bytes <= 0 and not filling(trace).seen:
        return ""
    estimates = comparison.estimates("time_to_full_s")
    row = estimates[estimates["design"].astype(str) == name].iloc[0]
    if np.isfinite([row["value"], row["low"], row["high"]]).all():
        return f"\nfull after {row['value']:.3g} s\n(from {row['low']:.3g} to {row['high']:.3g} s)"
    found = filling(trace)
    if not np.isfinite(found.full_s):
        return "\nnever full"
    return f"\nfull after {_time(found.full_s)}" + ("" if found.seen else ",\nif it goes on so")


# --- in words --------------------------------------------------------------------------------------------------------


def _size(number: float) -> str:
    unit, scale = bytes_unit(number)
    return f"{number * scale:,.3g} {unit}"


def _rate(bytes_per_s: float) -> str:
    """Growth as people say it.

    >>> _rate(81_234.0), _rate(0.0)
    ('+81.2 kB/s', 'no growth')
    """
    return f"{'+' if bytes_per_s > 0 else '-'}{_size(abs(bytes_per_s))}/s" if bytes_per_s else "no growth"


def _time(seconds: float) -> str:
    """A time in the largest unit of which there are at least two.

    >>> _time(8.25), _time(600.0), _time(1e6)
    ('8.25 s', '10 min', '11.6 days')
    """
    for unit, length in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.3g} {unit}"
    return f"{seconds:.3g} s"
