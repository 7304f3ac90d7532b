"""How many commands, appends and events a scenario makes by itself, a second, before anybody tries again."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cqrsim.scenario import Clients, Closed, Evenly, Poisson, Regular, Scenario, Zipf
from cqrsim.scenario.aggregates import AnyAggregates


@dataclass(frozen=True)
class Flows:
    """What open client groups send, per second."""

    received: float = 0.0
    """Commands that arrive at handlers."""
    accepted: float = 0.0
    """Those that yield events, if no state forbids them."""
    appends: float = 0.0
    """Appends that arrive at the store."""
    events: float = 0.0
    error_events: float = 0.0
    """Refusals that are stored."""
    stored_bytes: float = 0.0
    """Bytes of events and error events."""

    @classmethod
    def of(cls, scenario: Scenario, groups: Iterable[Clients]) -> Flows:
        """Those of some of the groups; closed ones send what depends on the answers, and count for nothing."""
        flows = [_of_group(scenario, group) for group in groups]
        return cls(*(sum(column) for column in zip(*(vars(flow).values() for flow in flows), strict=True)))

    @property
    def entries(self) -> float:
        """Everything that the store writes."""
        return self.appends + self.error_events


def is_steady(group: Clients, scenario: Scenario) -> bool:
    """Whether a group sends at the same rate all the time."""
    arrivals = group.arrivals
    starts_early = not isinstance(arrivals, Regular) or 2 * int(arrivals.start) <= int(scenario.length)
    return isinstance(arrivals, Poisson | Regular) and starts_early


def is_closed(group: Clients) -> bool:
    """Whether a group waits for its answers."""
    return isinstance(group.arrivals, Closed)


def _of_group(scenario: Scenario, group: Clients) -> Flows:
    rate = float(group.arrivals.mean_rate() or 0.0)
    network = scenario.network
    arriving = rate * (1 - network.client_to_handler.loss)
    stored = 1 - network.handler_to_store.loss
    caught = 0.0 if group.pre_validation is None else group.pre_validation.caught
    total = sum(weight for _, weight in group.event_counts)
    yields = sum(weight for count, weight in group.event_counts if count > 0) / total
    events = sum(count * weight for count, weight in group.event_counts) / total
    valid, invalid = arriving * (1 - group.invalid), arriving * group.invalid * (1 - caught)
    feedback = (scenario.feedback if group.feedback is None else group.feedback).answers()
    errors = invalid * stored if feedback.error_events else 0.0
    return Flows(
        received=valid + invalid,
        accepted=valid * yields,
        appends=valid * yields * stored,
        events=valid * events * stored,
        error_events=errors,
        stored_bytes=valid * events * stored * int(group.event_size) + errors * int(group.error_size),
    )


@functools.lru_cache(maxsize=64)
def hottest_shares(aggregates: AnyAggregates, shards: int) -> tuple[float, float]:
    """Which share of the commands the most popular aggregate gets, and which one the most popular shard.

    >>> import cqrsim as cq
    >>> hottest_shares(cq.Weighted([5, 3, 2]), shards=2)
    (0.5, 0.7)
    """
    if isinstance(aggregates, Evenly):
        count = aggregates.count
        return 1 / count, -(-count // shards) / count
    if isinstance(aggregates, Zipf):
        weights = np.arange(1, aggregates.count + 1, dtype=np.float64) ** -aggregates.exponent
    else:
        weights = np.asarray(aggregates.weights, dtype=np.float64)
    shares = weights / weights.sum()
    return float(shares.max()), max(float(shares[shard::shards].sum()) for shard in range(min(shards, len(shares))))
