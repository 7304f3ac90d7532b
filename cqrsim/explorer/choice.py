"""What somebody has chosen on the page: a value, and the scenarios that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.compare import checked_designs
from cqrsim.explorer.knobs import KNOBS, Knob
from cqrsim.explorer.subject import Subject
from cqrsim.explorer.troubles import Trouble
from cqrsim.explorer.write_times import WriteTimes
from cqrsim.scenario import Scenario
from cqrsim.units import Duration

LONGEST_QUICK = Duration.parse("10s")


@dataclass(frozen=True)
class Choice:
    """Everything that the page's controls say; ``moved`` has the settings that are not as they were, by path."""

    subject: Subject
    chosen: tuple[str, ...]
    moved: Mapping[str, Any] = field(default_factory=dict)
    write_times: WriteTimes = field(default_factory=WriteTimes)
    trouble: Trouble = field(default_factory=Trouble)
    replications: int = 5
    seed: int = 1

    @classmethod
    def first(cls, subject: Subject) -> Choice:
        """The choice before anything was moved.

        >>> list(Choice.first(Subject.of(None)).scenarios())
        ['wait', 'forward event', 'silence', 'error cache']
        """
        length = subject.first.length
        trouble = Trouble() if length == LONGEST_QUICK else Trouble(at=length * 0.4, lasts=length * 0.2)
        return cls(subject, subject.first_chosen, write_times=WriteTimes.of(subject.first), trouble=trouble)

    def with_(self, **changes: Any) -> Choice:
        """Return a copy in which something else was chosen."""
        return replace(self, **changes)

    def move(self, knob: Knob, value: Any) -> Choice:
        """Return a copy in which one setting has another value; one that is put back is as if never moved."""
        moved = {path: other for path, other in self.moved.items() if path != knob.path}
        if value != knob.current(self.subject.first):
            moved[knob.path] = value
        return self.with_(moved=moved)

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """The settings that all of the scenarios have."""
        return tuple(knob for knob in KNOBS if all(knob.fits(scenario) for scenario in self.subject.scenarios))

    def changes(self, scenario: Scenario) -> dict[str, Any]:
        """What is changed in a scenario, by dotted path, in the order of the page."""
        found = {
            path: self.moved[knob.path] for knob in KNOBS if knob.path in self.moved for path in knob.paths(scenario)
        }
        return {**found, **self.write_times.changes(scenario)}

    def changed(self, scenario: Scenario) -> Scenario:
        """A scenario as it was chosen to be, with its trouble; ScenarioError lists every mistake."""
        made = scenario.with_(self.changes(scenario))
        self.trouble.check(made)
        faults = self.trouble.faults()
        return made.with_faults(*faults) if faults else made

    def rule(self) -> dict[str, Any]:
        """What is changed, besides, for ways to keep state."""
        base = self.subject.base
        return {} if base is None else self.subject.rule_for(base, self.chosen)

    def scenarios(self) -> dict[str, Scenario]:
        """The designs that are to be compared; ScenarioError lists what is wrong with them."""
        if not self.chosen:
            raise ScenarioError((Problem("designs", None, "choose at least one design"),))
        if self.subject.base is None:
            made = {name: self.changed(scenario) for name, scenario in self.subject.own if name in self.chosen}
        else:
            cases = self.subject.cases(self.changed(self.subject.base).with_(self.rule()))
            made = {name: scenario for name, scenario in cases.items() if name in self.chosen}
        return checked_designs(made)
