"""Which way is better: for every metric whether less or more of it is, and how small a difference makes none.

Loads, queue lengths and counts of what the design does anyway have no better or worse; they differ, or do not.
"""

from __future__ import annotations

from enum import StrEnum

from cqrsim.experiments.answers.estimates import WHOLE, Metric
from cqrsim.experiments.answers.width import Width


class Better(StrEnum):
    """What is better."""

    LESS = "less"
    MORE = "more"
    NEITHER = "neither"


HARMS = (
    "false_success", "false_failure", "silent_failure", "unknown", "never_informed", "loss", "ghost", "duplicate",
    "double_accept", "wrong_accept", "wrong_refuse", "stale_decision", "decided_while_divergent", "divergence",
    "divergent_aggregates", "divergence_episodes", "stale_read", "read_versions_behind", "read_your_writes_violation",
    "monotonic_reads_violation", "monotonic_writes_violation", "unsettled_commands", "store_refusing",
)  # fmt: skip
"""Less of them is better, in whatever statistic."""

COSTS = ("polls", "messages", "retries", "conflicts", "store_bytes", "event_bytes", "error_bytes", "error_events")
"""What the clients, the network and the disk are charged with; less is better."""

GAINS = (
    "feedback", "answer", "durability", "visibility", "lag", "own_read", "turn_wait",
    "durable_answer", "durable_feedback", "refused_answer", "refused_feedback", "failed_answer", "failed_feedback",
    "answer_from_sent", "feedback_from_sent", "durability_from_sent", "visibility_from_sent", "own_read_from_sent",
    "visible_within_10ms", "visible_within_100ms", "visible_within_1000ms", "durable", "time_to_full_s", "cache_hit",
)  # fmt: skip
"""More of them is better: shares that got what they waited for, throughput, time until the disk is full."""

MARGIN = Width(relative=0.05)
MARGIN_OF_SHARES = Width(absolute=0.001)
"""Differences that make none unless somebody says otherwise: 5 % of the value, or 0.1 % of the commands."""


def better(metric: Metric) -> Better:
    """Which way is better.

    >>> better(Metric("feedback_ms_p99", "feedback_ms", "p99", "ms")), better(Metric("x", "handler_busy", "share", ""))
    (<Better.LESS: 'less'>, <Better.NEITHER: 'neither'>)
    """
    name, of_projection = metric.metric, metric.metric.startswith(("lag_", "visibility_"))
    if metric.unit == "ms" or name in HARMS + COSTS or (of_projection and name.endswith("_events")):
        return Better.LESS
    return Better.MORE if name in GAINS or of_projection else Better.NEITHER


def margin(metric: Metric) -> Width:
    """How small a difference makes none in practice, unless somebody says otherwise."""
    if metric.unit in WHOLE:
        return Width(absolute=MARGIN_OF_SHARES.absolute * WHOLE[metric.unit])
    return MARGIN
