"""State rules at work: the streams of the aggregates and the state that a fold of them gives."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from cqrsim.actors.journey import Journey
from cqrsim.messages import Command, Refused
from cqrsim.plan.parts import RangeRule
from cqrsim.scenario.rules import Rule

Decide = Callable[[Any, Journey], bool]
Evolve = Callable[[Any, Journey], Any]


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A rule of somebody's own with the events that it made, by command and attempt; rides along with the trace."""

    decide: Callable[[Any, Any], Any]
    evolve: Callable[[Any, Any], Any]
    initial: Any
    payloads: dict[tuple[int, int], tuple[Any, ...]]


class Validation:
    """Decide and evolve for every kind of rule; ``decide`` says whether the state allows the command."""

    def __init__(self, rule: RangeRule | Rule | None, groups: tuple[str, ...]) -> None:
        self.rule = rule
        self.groups = groups
        self.custom = CustomRule(rule.decide, rule.evolve, rule.initial, {}) if isinstance(rule, Rule) else None
        self.initial: Any = 0
        self.decide: Decide = _always
        self.evolve: Evolve = _add
        if isinstance(rule, RangeRule):
            self.initial = rule.start
            self.decide = self._stays_in_range
        elif rule is not None:
            self.initial = rule.initial
            self.decide = self._custom_decide
            self.evolve = self._custom_evolve

    def _stays_in_range(self, state: int, journey: Journey) -> bool:
        rule = self.rule
        assert isinstance(rule, RangeRule)
        return rule.low <= state + journey.change <= rule.high

    def _custom_decide(self, state: Any, journey: Journey) -> bool:
        assert isinstance(self.rule, Rule)
        decided = self.rule.decide(state, self._command(journey))
        if isinstance(decided, Refused):
            return False
        journey.payload = tuple(decided)
        journey.events = len(journey.payload)
        assert self.custom is not None
        self.custom.payloads[journey.command, journey.attempt] = journey.payload
        return True

    def _command(self, journey: Journey) -> Command:
        """The command of a journey as a custom rule sees it; only valid ones get so far."""
        group = self.groups[journey.group]
        return Command(journey.command, group, journey.aggregate, journey.change, valid=True)

    def _custom_evolve(self, state: Any, journey: Journey) -> Any:
        assert isinstance(self.rule, Rule)
        for event in journey.payload:
            state = self.rule.evolve(state, event)
        return state


def _as_it_is(initial: Any) -> Any:
    return initial


def _always(state: Any, journey: Journey) -> bool:
    return True


def _add(state: int, journey: Journey) -> int:
    return state + journey.change


class Streams:
    """The event streams of all aggregates as somebody holds them: how many events, and what they fold to."""

    def __init__(self, validation: Validation) -> None:
        self.evolve = validation.evolve
        self.version: defaultdict[int, int] = defaultdict(int)
        self.state: defaultdict[int, Any] = defaultdict(partial(_as_it_is, validation.initial))
        self.appends: defaultdict[int, list[Journey]] = defaultdict(list)
        self.cuts: defaultdict[int, int] = defaultdict(int)
        """How much had vanished from the log when an aggregate was last taken over from it."""

    def append(self, journey: Journey) -> None:
        """Fold one append in; one whose record was altered counts, and changes nothing."""
        aggregate = journey.aggregate
        self.version[aggregate] += journey.events
        if not journey.altered:
            self.state[aggregate] = self.evolve(self.state[aggregate], journey)
        self.appends[aggregate].append(journey)

    def fold_anew(self, aggregate: int) -> None:
        """Make the state of an aggregate again from its appends, of which some may have changed."""
        self.state.pop(aggregate, None)
        for journey in self.appends[aggregate]:
            if not journey.altered:
                self.state[aggregate] = self.evolve(self.state[aggregate], journey)

    def clear(self) -> None:
        """Hold nothing."""
        self.version.clear()
        self.state.clear()
        self.appends.clear()

    def replace(self, aggregate: int, stream: "Stream") -> None:
        """Hold an aggregate as a stream says, whatever was held before."""
        self.version[aggregate], self.state[aggregate] = stream.version, stream.state
        self.appends[aggregate] = list(stream.appends)

    def holds(self, journey: Journey) -> bool:
        """Whether an append has been folded in already."""
        return any(other is journey for other in self.appends[journey.aggregate])

    def copy_of(self, aggregate: int, cuts: int = 0) -> "Stream":
        """The stream of one aggregate as it is now."""
        return Stream(self.version[aggregate], self.state[aggregate], tuple(self.appends[aggregate]), cuts)

    def take_over(self, aggregate: int, stream: "Stream") -> list[Journey]:
        """Hold the aggregate as the stream says, unless that is older; returns the appends that were missing here.

        A shorter stream is not older if something has vanished from the log since this one was read.
        """
        if stream.version < self.version[aggregate] and stream.cuts <= self.cuts[aggregate]:
            return []
        self.cuts[aggregate] = stream.cuts
        mine = {id(journey) for journey in self.appends[aggregate]}
        missing = [journey for journey in stream.appends if id(journey) not in mine]
        self.version[aggregate], self.state[aggregate] = stream.version, stream.state
        self.appends[aggregate] = list(stream.appends)
        return missing


@dataclass(frozen=True, slots=True)
class Stream:
    """One aggregate as somebody has read it."""

    version: int
    state: Any
    appends: tuple[Journey, ...]
    cuts: int = 0
    """How often something had vanished from the log by then."""
