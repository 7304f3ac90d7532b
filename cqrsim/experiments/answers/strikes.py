"""How often faults strike, and how long one waits for the first strike: as far as that is known before the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cqrsim.experiments.answers.renewals import expected_renewals
from cqrsim.experiments.checks import a_scenario
from cqrsim.experiments.showing.wording import plain
from cqrsim.scenario import Fault, Scenario
from cqrsim.scenario.distributions import Constant
from cqrsim.scenario.effects import MANNERS
from cqrsim.scenario.faults import named_generals
from cqrsim.scenario.triggers import AfterFault, At, Every, InBursts, PerOperation, Renewal, Sequence
from cqrsim.scenario.words import is_zero

HARDLY_ANY = 0.05
"""A run in which fewer strikes are expected says so."""


@dataclass(frozen=True)
class Expected:
    """What is known of a fault's strikes beforehand; NaN where that is nothing."""

    strikes: float
    wait_ns: float
    by_chance: bool = True
    """Whether the first one comes after a time that is drawn."""


UNKNOWN = Expected(math.nan, math.nan)
NEVER = Expected(0.0, math.inf)


def expected_strikes(scenario: Scenario) -> pd.DataFrame:
    """How often each fault is expected to strike until everything is repaired (length and grace), and the mean wait.

    One row per fault, with ``expected_strikes`` and ``mean_wait_s``: how long one would have to wait for the first, in
    seconds, however short the scenario; infinite if it cannot strike.  Both are NaN where the run decides: while
    something measured is above a limit, at the n-th operation, after a fault of that kind, and for shares of
    operations, since nobody can count these beforehand.  Delays after other faults, and lengths of strikes that begin
    ahead of the fault's window, are taken at their means.

    >>> import cqrsim as cq
    >>> power = cq.Fault(cq.Crash(power=True), cq.Renewal(cq.Exponential(cq.hours(7)), cq.seconds(0)), name="power")
    >>> blog = cq.presets.blog().with_faults(power, cq.WriteErrors(0.01))
    >>> expected_strikes(blog).round(4)
              fault  where  effect  expected_strikes  mean_wait_s
    0         power  store   Crash            0.0025      25200.0
    1 WriteErrors 1   disk  Refuse               NaN          NaN
    """
    known = _all_expected(a_scenario("scenario", scenario))
    return pd.DataFrame(
        {
            "fault": [fault.name for fault, _ in known],
            "where": [fault.target for fault, _ in known],
            "effect": [type(fault.what).__name__ for fault, _ in known],
            "expected_strikes": np.array([found.strikes for _, found in known], dtype=np.float64),
            "mean_wait_s": np.array([found.wait_ns / 1e9 for _, found in known], dtype=np.float64),
        }
    )


def quiet(scenario: Scenario, struck: Callable[[], Iterable[str]]) -> str:
    """A sentence for a run too short for its faults; empty if there is none, or if one of them did strike.

    Only faults that come by time are judged.  ``struck`` gives the names of those that did; it is asked last.

    >>> import cqrsim as cq
    >>> print(quiet(cq.presets.blog().with_faults(*cq.presets.cloud()), list))
    No fault is expected to strike within 63 s: the first would take about 23 hours.
    """
    known = _all_expected(scenario)
    timed = {str(fault.name): found for fault, found in known if _comes_by_time(fault) and found is not UNKNOWN}
    if not timed or sum(found.strikes for found in timed.values()) >= HARDLY_ANY or timed.keys() & set(struck()):
        return ""
    which = "No fault" if len(timed) == len(known) else "No fault that comes by time"
    wait_ns = _first(timed.values())
    when = f": the first would take about {_in_words(wait_ns)}" if math.isfinite(wait_ns) else ""
    return f"{which} is expected to strike within {_in_words(_end_ns(scenario), digits=4)}{when}."


def _first(known: Iterable[Expected]) -> float:
    """The wait for whichever comes first: rates of what comes by chance add up, the rest is known."""
    known = tuple(known)
    rate = sum(1 / found.wait_ns if found.wait_ns else math.inf for found in known if found.by_chance)
    fixed = min((found.wait_ns for found in known if not found.by_chance), default=math.inf)
    return min(fixed, 1 / rate if rate else math.inf)


def _in_words(time_ns: float, digits: int = 2) -> str:
    """A length of time as one says it.

    >>> _in_words(63e9), _in_words(7.2e12), _in_words(7.26e15), _in_words(1e18)
    ('63 s', '2 hours', '84 days', '32 years')
    """
    seconds = time_ns / 1e9
    for unit, scale in (("years", 365 * 86_400), ("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * scale:
            return f"{plain(float(f'{seconds / scale:.{digits}g}'))} {unit}"
    return f"{plain(float(f'{seconds:.{max(digits, 3)}g}'))} s"


def _end_ns(scenario: Scenario) -> int:
    """When everything is repaired."""
    return int(scenario.length) + int(scenario.grace_time)


def _all_expected(scenario: Scenario) -> list[tuple[Fault, Expected]]:
    faults = {str(fault.name): fault for fault in named_generals(scenario.faults)}
    return [(fault, _expected(fault, faults, _end_ns(scenario))) for fault in faults.values()]


def _comes_by_time(fault: Fault) -> bool:
    return isinstance(fault.when, At | Every | Renewal | AfterFault)


def _expected(fault: Fault, faults: Mapping[str, Fault], end: float) -> Expected:
    begin, last = _window(fault)
    if begin >= last or _takes_no_time(fault):
        return NEVER
    match fault.when:
        case At():
            return _regular(fault, int(fault.when.at), math.inf, 0, end)
        case Every():
            return _regular(fault, int(fault.when.begins), int(fault.when.period), int(fault.when.jitter), end)
        case Renewal():
            return _renewal(fault, fault.when, end)
        case AfterFault():
            return _after(fault, fault.when, faults, end)
        case PerOperation() | InBursts() if fault.when.share == 0:
            return NEVER
        case Sequence() if "x" not in fault.when.pattern.lower():
            return NEVER
    return UNKNOWN


def _window(fault: Fault) -> tuple[float, float]:
    """From when to when it may strike."""
    begin, end = (0, None) if fault.between is None else fault.between
    return int(begin), math.inf if end is None else int(end)


def _takes_no_time(fault: Fault) -> bool:
    """Whether its strikes would have to last, and do not."""
    if MANNERS[type(fault.what)].at_once or not _comes_by_time(fault):
        return False
    lasts = fault.when.down if isinstance(fault.when, Renewal) else fault.lasts
    return lasts is not None and is_zero(lasts)


def _length(fault: Fault) -> float:
    """How long a strike reaches into a window that begins after it: not at all, if it happens at once."""
    if MANNERS[type(fault.what)].at_once:
        return 0.0
    lasts = fault.when.down if isinstance(fault.when, Renewal) else fault.lasts
    return math.inf if lasts is None else lasts.mean_ns()


def _most(fault: Fault) -> float:
    return math.inf if fault.at_most is None else fault.at_most


def _regular(fault: Fault, first: int, period: float, jitter: int, end: float) -> Expected:
    """Strikes at known times, each late by up to so much; infinite periods are for a single one."""
    begin, last = _window(fault)
    until, length = min(last, end), _length(fault)
    times = np.arange(first, until, period) if math.isfinite(period) else np.array([first] if first < until else [])
    if jitter:
        late = np.minimum(times + jitter, until) - np.maximum(times, begin - length)
        strikes = float(np.clip(late / jitter, 0.0, 1.0).sum())
    else:
        strikes = float(((times >= begin) | (times + length > begin)).sum())
    wait = _next(first, period, begin, length) + jitter / 2
    return Expected(min(strikes, _most(fault)), wait if wait < last else math.inf, by_chance=jitter > 0)


def _next(first: int, period: float, begin: float, length: float) -> float:
    """When the first strike comes that is in force at a time, or later."""
    if first >= begin:
        return first
    passed = math.floor((begin - first) / period) if math.isfinite(period) else 0
    latest = first + passed * period if passed else first
    if latest == begin or latest + length > begin:
        return begin
    return latest + period


def _renewal(fault: Fault, when: Renewal, end: float) -> Expected:
    """Up and down; without chance in either, as regular as a clock."""
    if isinstance(when.up, Constant) and isinstance(when.down, Constant):
        up = int(when.up.value)
        return _regular(fault, up, up + int(when.down.value), 0, end)
    begin, last = _window(fault)
    until, lasting = min(last, end), _length(fault) > 0
    strikes = expected_renewals(when, begin, until, lasting, _most(fault)) if begin < until else 0.0
    return Expected(strikes, begin + when.up.mean_ns())


def _after(fault: Fault, when: AfterFault, faults: Mapping[str, Fault], end: float) -> Expected:
    """As often as the other fault strikes early enough."""
    begin, last = _window(fault)
    other, delay = faults[when.fault], when.delay.mean_ns()
    early = max(begin - _length(fault) - delay, 0.0)
    upto = _expected(other, faults, min(last, end) - delay)
    strikes = upto.strikes - (_expected(other, faults, early).strikes if early else 0.0)
    chance = upto.by_chance or not isinstance(when.delay, Constant)
    if math.isnan(strikes):
        return UNKNOWN
    return Expected(min(max(strikes, 0.0), _most(fault)), max(upto.wait_ns + delay, begin), chance)
