"""What went wrong for good, with witnesses: the vocabulary of anomalies, judged at the end of the run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cqrsim.messages import Answer, Belief, Decision, Link, Truth
from cqrsim.metrics.causes import most_common, troubles
from cqrsim.metrics.decisions import Decisions, decisions
from cqrsim.metrics.divergence import divergence
from cqrsim.metrics.episodes import stuck_turns
from cqrsim.metrics.log import log_of
from cqrsim.metrics.paths import paths, remembered
from cqrsim.metrics.schema import rows_of
from cqrsim.metrics.steps import FOREVER, Bools, Ints, Timeline
from cqrsim.metrics.verdicts import verdicts
from cqrsim.metrics.visibility import passed_by_any
from cqrsim.metrics.vocabulary import Anomaly
from cqrsim.moments import Moment
from cqrsim.trace import Trace

WITNESSES = 20
"""How many witnesses of an anomaly are named."""


def anomalies(trace: Trace) -> pd.DataFrame:
    """One row per anomaly that occurred: its kind, how many commands it befell, witnesses, and what it goes back to.

    All commands count, not only those of the measured window: loss does not care when it is measured.  The witnesses
    are the first twenty, the causes those of all.
    """
    struck, rows = troubles(trace), []
    for kind, commands in befallen(trace).items():
        if len(commands):
            witnesses = tuple(commands[:WITNESSES].tolist())
            rows.append((kind.name, len(commands), witnesses, most_common(struck.near(commands))))
    return rows_of("anomalies", rows, trace.about)


@remembered
def befallen(trace: Trace) -> dict[Anomaly, Ints]:
    """The numbers of the commands that each anomaly befell, ascending."""
    ways = paths(trace)
    flags = _of_truth_and_belief(trace)
    found = {kind: np.flatnonzero(flag & ways.issued) for kind, flag in flags.items()}
    for kind, keys in _of_attempts(trace).items():
        found[kind] = np.unique(keys // ways.attempts)
    found[Anomaly.WREJ] = np.unique(_refused_for_nothing(trace))
    return {kind: found[kind] for kind in Anomaly}


def _of_truth_and_belief(trace: Trace) -> dict[Anomaly, Bools]:
    verdict = verdicts(trace)
    settled = verdict.truth != Truth.UNDECIDED
    not_told = np.isin(verdict.belief, (Belief.NEVER_TOLD, Belief.UNKNOWN, Belief.PRESUMED_FAILURE))
    doubly = np.zeros(len(settled), np.bool_)
    doubly[_stored_against_the_rule(trace, decisions(trace))] = True
    return {
        Anomaly.LOST: (verdict.belief == Belief.SUCCESS) & verdict.not_stored,
        Anomaly.GHOST: (verdict.belief == Belief.FAILURE) & verdict.stored,
        Anomaly.SILENT: not_told & ((verdict.truth == Truth.NOT_DURABLE) | _refused_after_received(trace)),
        Anomaly.UNK: np.isin(verdict.belief, (Belief.NEVER_TOLD, Belief.UNKNOWN)) & settled,
        Anomaly.ERRLOST: _notice_lost(trace) & ~verdict.told & ~verdict.stored,
        Anomaly.DBL: doubly & (verdict.truth != Truth.STORED_TWICE),
        Anomaly.DUP: verdict.truth == Truth.STORED_TWICE,
    }


def _refused_after_received(trace: Trace) -> Bools:
    """Refused commands whose clients had been answered "received", where that is all that an answer ever says."""
    ways = paths(trace)
    answered = ways.rows(Moment.ANSWERED)
    received = np.zeros(ways.commands, np.bool_)
    received[answered.command[answered.outcome == Answer.RECEIVED]] = True
    received &= ways.answered_at("received")
    return np.asarray(received & (verdicts(trace).truth == Truth.REFUSED), np.bool_)


def _of_attempts(trace: Trace) -> dict[Anomaly, Ints]:
    """Anomalies of attempts, by their keys: state and log apart at the end, projections and log apart, turns held."""
    ways, log, parts = paths(trace), log_of(trace), divergence(trace)
    lasting = parts.ends < 0
    applied = ways.rows(Moment.APPLIED)
    never_written = ways.durable[ways.key(applied)] < 0
    return {
        Anomaly.AHEAD: parts.key[lasting & parts.is_extra],
        Anomaly.BEHIND: parts.key[lasting & ~parts.is_extra],
        Anomaly.PHANTOM: ways.key(applied)[never_written],
        Anomaly.PGAP: log.key[passed_by_any(trace)],
        Anomaly.STUCK: stuck_turns(trace),
    }


def _notice_lost(trace: Trace) -> Bools:
    """Whether a refused command's error event or cache entry did not arrive."""
    ways = paths(trace)
    lost = ways.rows(Moment.MESSAGE_LOST)
    refused = ways.refused[ways.key(lost)]
    on_the_way = np.isin(lost.place, (Link.HANDLER_TO_STORE, Link.HANDLER_TO_CACHE, Link.HANDLER_TO_CLIENT))
    found = np.zeros(ways.commands, np.bool_)
    found[lost.command[on_the_way & (refused >= 0) & (lost.time >= refused)]] = True
    found[ways.rows(Moment.REFUSAL_LOST).command] = True
    return found


def _stored_against_the_rule(trace: Trace, decided: Decisions) -> Ints:
    """Commands whose events are in the log although the log before them forbids them."""
    wrong = decided.wrong_accept == 1
    return np.asarray(decided.command[wrong & (paths(trace).durable[decided.key] >= 0)], np.int64)


def _refused_for_nothing(trace: Trace) -> Ints:
    """Commands that were wrongly refused while the handler's state held events that never became real."""
    decided, parts = decisions(trace), divergence(trace)
    wrong = np.flatnonzero((decided.wrong_refuse == 1) & (decided.outcome == Decision.FORBIDDEN))
    aggregate, time = decided.aggregate[wrong], decided.time[wrong]
    extra = parts.is_extra
    ends = np.where(parts.ends[extra] < 0, FOREVER, parts.ends[extra])
    begun = Timeline(parts.aggregate[extra], parts.begins[extra]).count(aggregate, time)
    over = Timeline(parts.aggregate[extra], ends).count(aggregate, time)
    return np.asarray(decided.command[wrong[begun > over]], np.int64)
