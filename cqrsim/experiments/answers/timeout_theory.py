"""What a timeout does to a handler that waits for its own events, as far as that can be calculated.

An event is on its way for X: the append's message, its write and flush, and the publication's message.  Where nothing
queues, X is a sum of independent durations, and a timeout tau releases the turn too early with probability P(X > tau),
is held for E[min(X, tau)] after the validation, and lets in a conflicting command that comes at rate l on the same
aggregate with probability E[(1 - exp(-l X)); X > tau + validation] (elementary; the inspection of a Poisson process).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cqrsim.experiments.loads.durations import Together
from cqrsim.scenario import AnyDistribution, Constant, Evenly, Poisson, Range
from cqrsim.scenario.words import is_zero
from cqrsim.units import Duration

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

MEASURES = ("false_timeout_share", "turn_held_ms_mean", "turn_held_ms_p99", "double_accept_share")
FALSE, HELD, HELD_P99, DOUBLE = MEASURES
"""What is measured and calculated for each timeout."""

WIDE_ENOUGH = 4.0
"""The grid reaches so many times further than the longest timeout and the mean way."""

HARDLY_EVER = 1e-7
"""A chance that may lie beyond the grid."""


@dataclass(frozen=True)
class Theory:
    """The theory of one scenario's timeouts, up to the longest of them."""

    scenario: Scenario
    longest_ns: float

    def of(self, timeout_ns: float) -> dict[str, float]:
        """What is expected for one timeout; NaN where :meth:`silent` says why."""
        values = dict.fromkeys(MEASURES, np.nan)
        if FALSE not in self.silent:
            values[FALSE] = self.way.later_than(timeout_ns)
            values[HELD] = (self._validate_ns + self.way.mean_up_to(timeout_ns)) / 1e6
            values[HELD_P99] = self._held_within(timeout_ns, 0.99) / 1e6
        if DOUBLE not in self.silent:
            values[DOUBLE] = self._doubled(timeout_ns)
        return values

    @cached_property
    def silent(self) -> Mapping[str, str]:
        """Of which measures there is no theory, and why."""
        everything = next(_never_simple(self.scenario), "")
        if everything:
            return dict.fromkeys(MEASURES, everything)
        doubled = next(_not_exclusive(self.scenario), "")
        return {DOUBLE: doubled} if doubled else {}

    @cached_property
    def way(self) -> Together:
        """How long events are on their way back to the handler."""
        parts = _parts(self.scenario)
        end = WIDE_ENOUGH * max(self.longest_ns, sum(part.mean_ns() for part in parts), 1.0)
        found = Together.of(parts, end)
        while found.later_than(end) > HARDLY_EVER and end < WIDE_ENOUGH**4 * self.longest_ns:
            end *= 2
            found = Together.of(parts, end)
        return found

    @property
    def _validate_ns(self) -> float:
        return self.scenario.handlers.validate.mean_ns()

    def _held_within(self, timeout_ns: float, share: float) -> float:
        """Validation, and then what is shorter: the way or the timeout."""
        times = self.way.times_ns
        kept = np.where(times < timeout_ns, self.way.masses, 0.0)
        kept[np.searchsorted(times, timeout_ns)] += max(0.0, 1.0 - kept.sum())
        waits = Together(self.way.cell_ns, kept)
        return waits.and_then(self.scenario.handlers.validate).quantile(share)

    def _doubled(self, timeout_ns: float) -> float:
        """The chance that somebody is let in who would have been refused."""
        group = self.scenario.groups[0]
        assert isinstance(self.scenario.aggregates, Evenly) and isinstance(group.arrivals, Poisson)
        per_ns = float(group.arrivals.rate) * (1 - group.invalid) / self.scenario.aggregates.count / 1e9
        late = self.way.times_ns > timeout_ns + self._validate_ns
        return float(-(self.way.masses * np.expm1(-per_ns * self.way.times_ns))[late].sum())


def _parts(scenario: Scenario) -> tuple[AnyDistribution, ...]:
    """What an event passes through on its way."""
    network, disk = scenario.network, scenario.disk
    return network.handler_to_store.delay, disk.write, disk.flush, network.store_to_subscriber.delay


def _never_simple(scenario: Scenario) -> Iterator[str]:
    """Why the way of an event is not a sum of independent durations."""
    network, store = scenario.network, scenario.store
    if scenario.faults:
        yield "something goes wrong (faults)"
    if network.handler_to_store.loss or network.store_to_subscriber.loss:
        yield "messages are lost (network)"
    if store.batch_window:
        yield "appends wait for others (store.batch_window)"
    if isinstance(store.flush, Duration):
        yield "flushes come now and then (store.flush)"
    if store.publish == "before_durable":
        yield "events are published before they are written (store.publish)"
    if scenario.disk.per_kib:
        yield "a write takes longer for larger events (disk.per_kib)"
    if store.check_version:
        yield "appends that expect another version are refused (store.check_version)"
    if scenario.handlers.turn != "aggregate":
        yield "turns are not those of aggregates (handlers.turn)"


def _not_exclusive(scenario: Scenario) -> Iterator[str]:
    """Why double accepts cannot be calculated."""
    rule, group, validate = scenario.rule, scenario.groups[0], scenario.handlers.validate
    changes = {change for change, _ in group.changes}
    if len(scenario.groups) > 1 or not isinstance(group.arrivals, Poisson):
        yield "commands are not those of one group with Poisson arrivals (clients)"
    if not isinstance(scenario.aggregates, Evenly):
        yield "some aggregates are more popular than others (aggregates)"
    if not isinstance(rule, Range) or len(changes) != 1 or not _once(rule, *changes):
        yield "commands do not exclude each other: that takes a rule such as Range(0, 1), and changes of 1"
    if not isinstance(validate, Constant) or (group.invalid and not is_zero(validate)):
        yield "the time of validation varies (handlers.validate)"
    if group.retries is not None:
        yield "clients try again (clients.retries)"


def _once(rule: Range, change: int) -> bool:
    """Whether each aggregate takes such a change once, and never again."""
    return rule.low <= rule.start + change <= rule.high and not rule.low <= rule.start + 2 * change <= rule.high
