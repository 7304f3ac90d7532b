"""The settings that can be moved, each with the values that it can have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cqrsim.errors import ScenarioError
from cqrsim.scenario import LogNormal, Scenario
from cqrsim.scenario.values import shortened
from cqrsim.units import Duration, kb, mb, minutes, ms, per_second, seconds, us

CLIENTS, DISK, BEYOND, RUNS = "Clients", "Disk", "Projection and network", "Runs"
"""Under which heading a setting stands."""

AS_IT_IS = "as it is"
"""What a value is called that has no short name."""


@dataclass(frozen=True)
class Option:
    """One value that a setting can have."""

    label: str
    value: Any


@dataclass(frozen=True)
class Knob:
    """A setting of a scenario, by its dotted path; one of clients moves in all groups together."""

    path: str
    label: str
    heading: str
    options: tuple[Option, ...]
    is_menu: bool = False
    tip: str = ""

    def paths(self, scenario: Scenario) -> tuple[str, ...]:
        """Where the setting stands in a scenario: once for every group of clients, or projection, if there are several.

        >>> import cqrsim as cq
        >>> [knob.paths(cq.presets.blog()) for knob in KNOBS[:1]]
        [('clients.arrivals.rate',)]
        """
        first, _, rest = self.path.partition(".")
        several: dict[str, tuple[Any, ...]] = {"clients": scenario.groups, "projections": scenario.views}
        parts = several.get(first, ())
        return tuple(f"{first}.{part.name}.{rest}" for part in parts) if len(parts) > 1 else (self.path,)

    def fits(self, scenario: Scenario) -> bool:
        """Whether a scenario has this setting, and everywhere the same."""
        try:
            return len({shortened(scenario.setting(path)) for path in self.paths(scenario)}) == 1
        except ScenarioError:
            return False

    def current(self, scenario: Scenario) -> Any:
        """How it is set."""
        return shortened(scenario.setting(self.paths(scenario)[0]))

    def options_for(self, scenario: Scenario) -> tuple[Option, ...]:
        """The options, and among them the value that the scenario has now."""
        now = self.current(scenario)
        if any(option.value == now for option in self.options):
            return self.options
        if not isinstance(now, int | float):
            return (Option(AS_IT_IS, now), *self.options)
        return tuple(sorted((*self.options, Option(_label_like(self.options, now), now)), key=_by_size))


def _label_like(options: Iterable[Option], value: Any) -> str:
    return percent(value) if any(option.label.endswith("%") for option in options) else said(value)


def _by_size(option: Option) -> tuple[bool, Any]:
    """No limit is more than any."""
    no_limit = option.value is None
    return no_limit, 0 if no_limit else _size(option.value)


def _size(value: Any) -> float:
    """Values that are spread around a median, by their median."""
    size: Any = value.p50 if isinstance(value, LogNormal) else value
    return float(size)


def said(value: Any) -> str:
    """An amount as people write it.

    >>> said(ms(1.5)), said(per_second(200)), said(mb(2)), said(5)
    ('1.5 ms', '200/s', '2 MB', '5')
    """
    return re.sub(r"(\d)([^\W\d_])", r"\1 \2", str(value))


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.02)
    '2 %'
    """
    return f"{100 * share:g} %"


def options(values: Iterable[Any], label: Callable[[Any], str] = said) -> tuple[Option, ...]:
    """Values with their labels."""
    return tuple(Option(label(value), value) for value in values)


def _spread(medians: Sequence[Duration], factor: int) -> tuple[Option, ...]:
    """Delays whose 99 % quantile is so many times their median."""
    none = Option(said(Duration(0)), Duration(0))
    return (none, *(Option(said(median), LogNormal(p50=median, p99=median * factor)) for median in medians))


DELAYS = tuple(us(step) for step in (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000))
RATES = (1, 2, 5, 10, 20, 50, 100, 150, 200, 250, 300, 350, 400, 500, 700, 1000, 1500, 2000)
SHARES = (0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
NO_LIMIT = Option("no limit", None)

KNOBS = (
    Knob("clients.arrivals.rate", "commands", CLIENTS, options(map(per_second, RATES)), tip="How many come, in all."),
    Knob("clients.invalid", "invalid", CLIENTS, options(SHARES, percent), tip="Commands that every design refuses."),
    Knob(
        "clients.patience", "patience", CLIENTS,
        (*options((ms(100), ms(500), *map(seconds, (1, 2, 5, 10, 30)))), Option("for ever", None)),
        tip="How long a client waits for an outcome before it gives up.",
    ),
    Knob(
        "feedback.answer_at", "answered once", CLIENTS,
        options(("decided", "written", "applied"), str), is_menu=True,
        tip="Designs that differ in where state lives answer once the command is decided, written, or shown.",
    ),
    Knob(
        "disk.capacity", "room on the disk", DISK,
        (*options((kb(200), kb(500), *map(mb, (1, 2, 5, 10, 20, 50, 100)))), NO_LIMIT),
        tip="For events and error events together.",
    ),
    Knob(
        "projections.apply", "per event, median", BEYOND, _spread(DELAYS, 10),
        tip="How long a projection takes for an event; 99 % within ten times the median.",
    ),
    Knob(
        "network", "message, median", BEYOND, _spread(DELAYS, 5),
        tip="How long a message takes on any link; 99 % within five times the median.",
    ),
    Knob(
        "length", "length", RUNS, options((*map(seconds, (2, 5, 10, 20, 30)), minutes(1), minutes(2), minutes(5))),
        tip="Simulated time of one run.",
    ),
    Knob(
        "warm_up", "warm-up", RUNS, options((*map(seconds, (0, 0.5, 1, 2, 5, 10)),)),
        tip="Simulated time before anything is counted.",
    ),
)  # fmt: skip
"""In the order in which the page shows them."""
