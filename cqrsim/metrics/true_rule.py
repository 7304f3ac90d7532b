"""True decisions under a custom rule: the log is folded by the rule's own functions, one command at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from cqrsim.messages import Command, Refused
from cqrsim.metrics.log import Log
from cqrsim.metrics.steps import Bools, Floats, Ints
from cqrsim.trace import Trace


def custom_verdicts(
    trace: Trace, log: Log, command: Ints, key: Ints, version: Ints, accepted: Bools, forbidden: Bools
) -> tuple[Floats, Floats]:
    """Wrong acceptances and wrong refusals, 1.0 or 0.0, for decisions that were taken on the given versions.

    ``trace.custom`` has the pure functions ``decide`` and ``evolve``, the state ``initial``, and ``payloads``: the
    events of each durable append by (command, attempt).
    """
    states = _states(trace, log)
    aggregate = trace.marks.aggregate[command]
    before = dict(zip(log.key.tolist(), log.version_before.tolist(), strict=True))
    judged = np.array([before.get(one, on) for one, on in zip(key.tolist(), version.tolist(), strict=True)], np.int64)
    append = log.places.append_at(aggregate, judged)
    wrong_accept, wrong_refuse = np.zeros(len(command)), np.zeros(len(command))
    for row in np.flatnonzero(accepted | forbidden).tolist():
        state = states[append[row]] if append[row] >= 0 else trace.custom.initial
        refused = isinstance(trace.custom.decide(state, _as_command(trace, int(command[row]))), Refused)
        wrong_accept[row] = bool(accepted[row]) and refused
        wrong_refuse[row] = bool(forbidden[row]) and not refused
    return wrong_accept, wrong_refuse


def _states(trace: Trace, log: Log) -> list[Any]:
    """What the aggregate of each append held after it."""
    latest: dict[int, Any] = {}
    states = []
    for row in log.places.rows.tolist():
        aggregate, attempt = int(log.aggregate[row]), (int(log.command[row]), int(log.attempt[row]))
        state = latest.get(aggregate, trace.custom.initial)
        for event in () if log.is_altered[row] else trace.custom.payloads.get(attempt, ()):
            state = trace.custom.evolve(state, event)
        latest[aggregate] = state
        states.append(state)
    return states


def _as_command(trace: Trace, number: int) -> Command:
    marks = trace.marks
    group = trace.about.groups[int(marks.group[number])]
    aggregate, change = int(marks.aggregate[number]), int(marks.change[number])
    return Command(number, group, aggregate, change, bool(marks.valid[number]))
