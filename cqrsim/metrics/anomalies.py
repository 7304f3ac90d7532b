"""What went wrong for good, with witnesses: the vocabulary of anomalies, judged at the end of the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cqrsim.messages import Answer, Belief, Decision, Link, Truth
from cqrsim.metrics.blame import causes_of
from cqrsim.metrics.causes import most_common, troubles
from cqrsim.metrics.decisions import Decisions, decisions
from cqrsim.metrics.divergence import divergence
from cqrsim.metrics.down import parts_down
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import first_times, paths, remembered
from cqrsim.metrics.schema import rows_of
from cqrsim.metrics.spans import Spans
from cqrsim.metrics.steps import FOREVER, Bools, Ints, Timeline, is_any
from cqrsim.metrics.stuck import held_turns
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.visibility import gaps, phantoms
from cqrsim.metrics.vocabulary import Anomaly
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace

WITNESSES = 20
"""How many witnesses of an anomaly are named."""


@dataclass(frozen=True, eq=False)
class Found:
    """The commands that an anomaly befell, ascending; when that was first visible; which of them nothing explains."""

    commands: Ints
    visible: Ints
    healed: Ints
    """Commands that it befell for a while, and that are free of it in the end."""
    healed_since: int = NEVER
    """When it was first visible in one of those."""


def anomalies(trace: Trace) -> pd.DataFrame:
    """One row per anomaly that occurred: its kind, how many commands it befell, witnesses, and what it goes back to.

    All commands count, not only those of the measured window: loss does not care when it is measured.  The witnesses
    are the first twenty, the causes those of all.  What was healed before the end of the run has a row, too, with a
    count of 0 if nothing of its kind is left.  Of parts that are down the parts are counted; the witnesses are
    commands that came after.
    """
    struck, rows = troubles(trace), []
    for kind, found in found_in(trace).items():
        commands, healed = found.commands, found.healed
        if len(commands) or len(healed):
            causes = causes_of(trace, kind, commands, found.visible)
            visible = min([*found.visible.tolist(), *([found.healed_since] if len(healed) else [])])
            rows.append(
                (kind.name, len(commands), tuple(commands[:WITNESSES].tolist()), most_common(struck.count(causes)),
                 visible / 1e6, len(healed), int((causes < 0).sum()))
            )  # fmt: skip
    return rows_of("anomalies", [*rows, *_down(trace)], trace.about)


def _down(trace: Trace) -> list[tuple[object, ...]]:
    """The row of parts that are down: they are what is counted."""
    down = parts_down(trace)
    if not len(down.since):
        return []
    witnesses = tuple(down.commands[:WITNESSES].tolist())
    return [
        (Anomaly.DOWN.name, len(down.since), witnesses, most_common(down.causes), int(down.since.min()) / 1e6, 0,
         down.unexplained)
    ]  # fmt: skip


def unexplained(trace: Trace) -> list[str]:
    """The anomalies that no fault, crash, loss, full disk or given up wait touched that could cause them, in words.

    A design that tells its clients nothing does so without any fault: what follows from that alone is named, too.
    """
    told = []
    for kind, found in found_in(trace).items():
        without = found.commands[causes_of(trace, kind, found.commands, found.visible) < 0]
        if len(without):
            named = ", ".join(map(str, without[:5].tolist()))
            more = f" and {len(without) - 5} more" if len(without) > 5 else ""
            told.append(f"{kind.name} without a cause: command{'s' if len(without) > 1 else ''} {named}{more}")
    down = parts_down(trace).unexplained
    return told + ([f"DOWN without a cause: {down} parts"] if down else [])


@remembered
def befallen(trace: Trace) -> dict[Anomaly, Ints]:
    """The numbers of the commands that each anomaly befell, ascending."""
    found = {kind: one.commands for kind, one in found_in(trace).items()}
    return found | {Anomaly.DOWN: parts_down(trace).commands}


@remembered
def found_in(trace: Trace) -> dict[Anomaly, Found]:
    """All anomalies of commands, in the order of their kinds."""
    found = _of_truth_and_belief(trace)
    for kind, spans in _of_attempts(trace).items():
        found[kind] = _of_spans(trace, spans)
    found[Anomaly.WREJ] = _refused_for_nothing(trace)
    return {kind: found[kind] for kind in Anomaly if kind in found}


def _of_spans(trace: Trace, spans: Spans) -> Found:
    """Those that something was wrong with to the end of the run, and those with which nothing is any more."""
    of = paths(trace).attempts
    lasting, command = spans.ends < 0, spans.key // of
    commands = np.unique(command[lasting])
    begins = np.full(len(trace.marks), FOREVER)
    np.minimum.at(begins, command[lasting], spans.begins[lasting])
    for_a_while = ~lasting & ~np.isin(command, commands)
    since = int(spans.begins[for_a_while].min(initial=FOREVER))
    return Found(commands, begins[commands], np.unique(command[for_a_while]), since)


def _of_truth_and_belief(trace: Trace) -> dict[Anomaly, Found]:
    ways, verdict = paths(trace), verdicts(trace)
    settled = verdict.truth != Truth.UNDECIDED
    not_told = is_any(verdict.belief, (Belief.NEVER_TOLD, Belief.UNKNOWN, Belief.PRESUMED_FAILURE))
    doubly = np.zeros(len(settled), np.bool_)
    doubly[_stored_against_the_rule(trace, decisions(trace))] = True
    notice_lost = _notice_lost(trace)
    told = np.maximum(verdict.informed, verdict.settled)
    waited = np.maximum(np.where(verdict.gave_up >= 0, verdict.gave_up, trace.about.end_ns), verdict.settled)
    refused_silently = _refused_after_received(trace)
    flags = {
        Anomaly.LOST: ((verdict.belief == Belief.SUCCESS) & verdict.not_stored, told),
        Anomaly.GHOST: ((verdict.belief == Belief.FAILURE) & verdict.stored, told),
        Anomaly.SILENT: (not_told & ((verdict.truth == Truth.NOT_DURABLE) | refused_silently), waited),
        Anomaly.UNK: (is_any(verdict.belief, (Belief.NEVER_TOLD, Belief.UNKNOWN)) & settled, waited),
        Anomaly.ERRLOST: ((notice_lost >= 0) & ~verdict.told & ~verdict.stored, notice_lost),
        Anomaly.DBL: (doubly & (verdict.truth != Truth.STORED_TWICE), verdict.settled),
        Anomaly.DUP: (verdict.truth == Truth.STORED_TWICE, _stored_last(trace)),
    }
    found = {}
    for kind, (flag, visible) in flags.items():
        commands = np.flatnonzero(flag & ways.issued)
        found[kind] = Found(commands, visible[commands], np.empty(0, np.int64))
    return found


def _stored_last(trace: Trace) -> Ints:
    """When each command was stored for the last time."""
    log = log_of(trace)
    last = np.full(len(trace.marks), NEVER, np.int64)
    np.maximum.at(last, log.command[log.appends.rows], log.written[log.appends.rows])
    return last


def _refused_after_received(trace: Trace) -> Bools:
    """Refused commands whose clients had been answered "received", where that is all that an answer ever says."""
    ways = paths(trace)
    answered = ways.rows(Moment.ANSWERED)
    received = np.zeros(ways.commands, np.bool_)
    received[answered.command[answered.outcome == Answer.RECEIVED]] = True
    received &= ways.answered_at("received")
    return np.asarray(received & (verdicts(trace).truth == Truth.REFUSED), np.bool_)


def _of_attempts(trace: Trace) -> dict[Anomaly, Spans]:
    """Anomalies of attempts: state and log apart, projections and log apart, turns held."""
    parts = divergence(trace)
    extra = parts.is_extra
    return {
        Anomaly.AHEAD: Spans(parts.key[extra], parts.begins[extra], parts.ends[extra]),
        Anomaly.BEHIND: Spans(parts.key[~extra], parts.begins[~extra], parts.ends[~extra]),
        Anomaly.PHANTOM: phantoms(trace),
        Anomaly.PGAP: gaps(trace),
        Anomaly.STUCK: held_turns(trace),
    }


def _notice_lost(trace: Trace) -> Ints:
    """When a refused command's error event or cache entry got lost, or left the log again; -1 if it did not."""
    ways = paths(trace)
    lost = ways.rows(Moment.MESSAGE_LOST)
    refused = ways.refused[ways.key(lost)]
    on_the_way = is_any(lost.place, (Link.HANDLER_TO_STORE, Link.HANDLER_TO_CACHE, Link.HANDLER_TO_CLIENT))
    says_received = ways.answered_at("received")[lost.command] & (lost.place == Link.HANDLER_TO_CLIENT)
    lost = lost.take(on_the_way & ~says_received & (refused >= 0) & (lost.time >= refused))
    unstored = ways.rows(Moment.REFUSAL_LOST)
    gone = [rows.take(rows.outcome == 1) for rows in (ways.rows(Moment.VANISHED), ways.rows(Moment.ALTERED))]
    command, time = (
        np.concatenate([getattr(r, name) for r in (lost, unstored, *gone)]) for name in ("command", "time")
    )
    order = np.argsort(time, kind="stable")
    return first_times(command[order], time[order], ways.commands)


def _stored_against_the_rule(trace: Trace, decided: Decisions) -> Ints:
    """Commands whose events are in the log although the log before them forbids them."""
    wrong = decided.wrong_accept == 1
    return np.asarray(decided.command[wrong & (paths(trace).durable[decided.key] >= 0)], np.int64)


def _refused_for_nothing(trace: Trace) -> Found:
    """Commands that were wrongly refused while the handler's state held events that never became real."""
    decided, parts = decisions(trace), divergence(trace)
    wrong = np.flatnonzero((decided.wrong_refuse == 1) & (decided.outcome == Decision.FORBIDDEN))
    aggregate, time = decided.aggregate[wrong], decided.time[wrong]
    extra = parts.is_extra
    ends = np.where(parts.ends[extra] < 0, FOREVER, parts.ends[extra])
    begun = Timeline(parts.aggregate[extra], parts.begins[extra]).count(aggregate, time)
    over = Timeline(parts.aggregate[extra], ends).count(aggregate, time)
    here = wrong[begun > over]
    commands, first = np.unique(decided.command[here], return_index=True)
    return Found(commands, decided.time[here][first], np.empty(0, np.int64))
