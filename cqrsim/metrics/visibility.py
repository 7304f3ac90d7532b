"""From durable to seen: when projections show what is in the log, what they pass by, and what they show in vain."""

from __future__ import annotations

import numpy as np

from cqrsim.metrics.log import Log, log_of
from cqrsim.metrics.paths import Paths, paths, remembered
from cqrsim.metrics.spans import Spans
from cqrsim.metrics.steps import FOREVER, Bools, Ints, earliest
from cqrsim.metrics.views import View, views_of
from cqrsim.moments import NEVER
from cqrsim.trace import Trace


@remembered
def visible_times(trace: Trace) -> Ints:
    """When each entry of the log was applied in the last projection to do so; -1 if one of them lacks it."""
    log = log_of(trace)
    if not log.applied:
        return log.written
    stacked = np.stack(log.applied)
    return np.where((stacked < 0).any(axis=0), -1, stacked.max(axis=0))


@remembered
def passed_by(trace: Trace) -> list[Bools]:
    """For each projection, which appends of the log it lacks for good.

    Those are appends that it does not show when the run ends, and whose message to it was lost, or of which it shows a
    later one although it meets the log in order, or which nobody has told it of.
    """
    return [_lacking(trace, number, views[-1]) for number, views in enumerate(views_of(trace))]


def _lacking(trace: Trace, number: int, view: View) -> Bools:
    log, ways = log_of(trace), paths(trace)
    shown = np.where(log.is_error, NEVER, view.since[log.key])
    gone = (ways.lost_to(number)[log.key] >= 0) | (_untold(ways, log) >= 0)
    return ~log.is_error & ~log.is_altered & (shown < 0) & (gone | _overtaken(trace, shown))


def _overtaken(trace: Trace, applied: Ints) -> Bools:
    there = np.flatnonzero(applied >= 0)
    last = int(there[-1]) if len(there) and trace.about.delivers_in_order else -1
    return np.arange(len(applied)) < last


def _untold(ways: Paths, log: Log) -> Ints:
    """When a restart found what had never been published, and published it neither then nor later; -1 for others."""
    found = np.full(ways.keys, NEVER, np.int64)
    lives = ways.lives
    silent = lives.is_found & ~lives.is_error
    found[lives.key[silent]] = lives.since[silent]
    return np.where(log.is_error | (log.published >= 0), NEVER, found[log.key])


@remembered
def passed_by_any(trace: Trace) -> Bools:
    """Which appends of the log some projection lacks for good."""
    nothing = np.zeros(len(log_of(trace)), np.bool_)
    return np.asarray(np.any(np.stack([nothing, *passed_by(trace)]), axis=0))


@remembered
def gaps(trace: Trace) -> Spans:
    """When projections passed by what they lacked for a while, or lack for good."""
    return Spans.of([_gaps(trace, number, views) for number, views in enumerate(views_of(trace))])


def _gaps(trace: Trace, number: int, views: list[View]) -> Spans:
    log, ways, lacking = log_of(trace), paths(trace), passed_by(trace)[number]
    shown = log.applied[number]
    passed = earliest(ways.lost_to(number)[log.key], _overtaken_at(trace, shown))
    passed = np.where(lacking & (passed < 0), _untold(ways, log), passed)
    passed = np.where(lacking & ((passed < 0) | (shown >= 0)), np.maximum(passed, views[-1].begins), passed)
    caught_up = (passed >= 0) & (shown > passed) & ~lacking & ~log.is_altered
    row = np.flatnonzero((lacking | caught_up) & ~log.is_error)
    return Spans(log.key[row], np.maximum(passed, log.written)[row], np.where(lacking, NEVER, shown)[row])


def _overtaken_at(trace: Trace, shown: Ints) -> Ints:
    """When a projection that meets the log in order first showed a later entry; -1 if that was not before its own."""
    if not trace.about.delivers_in_order or not len(shown):
        return np.full(len(shown), NEVER, np.int64)
    times = np.where(shown < 0, FOREVER, shown)
    later = np.append(np.minimum.accumulate(times[::-1])[::-1][1:], FOREVER)
    return np.where(later < times, later, NEVER)


@remembered
def phantoms(trace: Trace) -> Spans:
    """From when until when projections showed what was not in the log, or no longer."""
    ways = paths(trace)
    unreal = ways.durable < 0
    return Spans.of([_phantoms(ways, view, unreal) for views in views_of(trace) for view in views])


def _phantoms(ways: Paths, view: View, unreal: Bools) -> Spans:
    key = np.flatnonzero((view.since >= 0) & unreal)
    begins = np.maximum(view.since[key], ways.left[key])
    there = begins < view.ends
    ends = np.full(len(key), NEVER if view.ends == FOREVER else view.ends, np.int64)
    return Spans(key[there], begins[there], ends[there])
