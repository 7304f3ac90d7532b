"""Which designs there are to be compared: the essay's on one scenario, or somebody's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cqrsim.errors import Problem, ScenarioError, shown
from cqrsim.experiments.compare import checked_designs
from cqrsim.scenario import Scenario
from cqrsim.scenario.presets import blog, feedback_cases, state_cases

FEEDBACK, STATE, YOURS = "How clients learn", "Where state lives", "Yours"
"""Under which heading a design stands."""

BASE = "as given"
"""The design that somebody's scenario is by itself."""

TIPS = {
    "wait": "The answer waits until the command is decided.",
    "forward event": "Clients look for the event of their command, or an error event, in the store.",
    "silence": "Clients hear nothing, and reload to see whether it worked.",
    "error cache": "Refusals wait in a cache in which clients look.",
    "1 own first": "The handler writes to a store of its own, then appends the event.",
    "1 event first": "The handler appends the event, then writes to a store of its own.",
    "2a": "The handler builds its state from published events, and waits for its own.",
    "2a timeout": "The same, and it gives up waiting after a second.",
    "2b fire and forget": "The handler applies the events that it generates, and does not wait for the store.",
    "2b": "The handler applies the events that it generates when the store has answered.",
    "2b careful": "The same, and it reads the log again when it is in doubt.",
    "2c": "The handler loads, decides and appends, each time anew.",
    BASE: "The scenario as it was given.",
}
"""What the essay's designs do, in a few words."""

QUICK = {"length": "10s", "warm_up": "1s"}
"""The blog is shortened, so that an answer comes within a second."""


@dataclass(frozen=True)
class Subject:
    """What is explored: designs that are made from one ``base``, or the ``own`` ones of somebody."""

    base: Scenario | None = None
    own: tuple[tuple[str, Scenario], ...] = ()

    @classmethod
    def of(cls, given: Scenario | Mapping[str, Scenario] | None) -> Subject:
        """What :func:`cqrsim.explore` was given; ScenarioError lists every mistake.

        >>> Subject.of(None).base == blog().with_(QUICK)
        True
        """
        if given is None:
            return cls(base=blog().with_(QUICK))
        if isinstance(given, Scenario):
            return cls(base=given)
        if not isinstance(given, Mapping):
            problem = Problem(
                "explore", None, f"takes a scenario, or a dict of them by their names (got {shown(given)})"
            )
            raise ScenarioError((problem,))
        return cls(own=tuple(checked_designs(given).items()))

    @property
    def first(self) -> Scenario:
        """The scenario in which the page's settings are looked up."""
        return self.base if self.base is not None else self.own[0][1]

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """All that settings are changed in."""
        return (self.base,) if self.base is not None else tuple(scenario for _, scenario in self.own)

    @property
    def offered(self) -> dict[str, tuple[str, ...]]:
        """The names of all designs that can be chosen, by heading."""
        if self.base is None:
            return {YOURS: tuple(name for name, _ in self.own)}
        essay = {FEEDBACK: tuple(feedback_cases(self.base)), STATE: tuple(state_cases(self.base))}
        return essay if self.base == blog().with_(QUICK) else {YOURS: (BASE,), **essay}

    @property
    def first_chosen(self) -> tuple[str, ...]:
        """What is compared to begin with."""
        return self.offered[YOURS if self.base is None else FEEDBACK]

    def rule_for(self, base: Scenario, chosen: tuple[str, ...]) -> dict[str, Any]:
        """What ways to keep state need, something that state forbids; all designs get it, to meet the same commands."""
        if base.rule is not None or not set(chosen) & set(self.offered[STATE]):
            return {}
        ruled = next(iter(state_cases(base).values()))
        several = len(base.groups) > 1
        paths = [f"clients.{group.name}.changes" if several else "clients.changes" for group in base.groups]
        changes = {path: group.changes for path, group in zip(paths, ruled.groups, strict=True)}
        return {"rule": ruled.rule, **changes}

    def cases(self, base: Scenario) -> dict[str, Scenario]:
        """All designs that are made from a base, by name."""
        return {BASE: base, **feedback_cases(base), **state_cases(base)}
