"""An oracle: a system whose behaviour is known from theory, and how to look it up in a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cqrsim.experiments import Run
from cqrsim.scenario import Scenario

Measure = Callable[[Run], Mapping[str, float]]
"""What a run says of each quantity, through its public tables."""


@dataclass(frozen=True, eq=False)
class Case:
    """One system, what theory says of it, and how well it must be known to say that it agrees."""

    scenario: Scenario
    measure: Measure
    theory: Mapping[str, float]
    """The value of each quantity, by its name; times are in seconds unless the name says otherwise."""
    precision: float | Mapping[str, float] = 0.05
    """The standard error that an estimate may have, relative to theory: a wild one would agree with anything."""
    runs: int = 20
    """Replications of the first look."""
    name: str = ""
    """What tells it from the other cases of the oracle."""
    exact: bool = False
    """Whether every run must equal theory to the last bit; then one is enough."""

    def precision_of(self, quantity: str) -> float:
        """The standard error that a quantity may have, relative to theory."""
        return self.precision if isinstance(self.precision, float) else self.precision[quantity]

    def called(self, quantity: str) -> str:
        """The name of a quantity as tables show it."""
        return f"{self.name}: {quantity}" if self.name else quantity


@dataclass(frozen=True, eq=False)
class Oracle:
    """A piece of theory, with its source, and the systems in which it must show."""

    id: str
    title: str
    source: str
    formula: str
    cases: tuple[Case, ...]

    @property
    def theory(self) -> dict[str, float]:
        """What theory says of every quantity of every case.

        >>> from cqrsim.theory import oracles
        >>> oracles()["O04"].theory["P(waits)"]
        0.6
        """
        return {case.called(name): value for case in self.cases for name, value in case.theory.items()}

    def with_(self, changes: Mapping[str, Any]) -> Oracle:
        """The same theory about systems with other settings: a planted error, which must be found.

        >>> from cqrsim.theory import oracles, verify
        >>> slower = oracles()["O04"].with_({"disk.write": "10.5ms"})
        >>> verify([slower]).is_fine
        False
        """
        altered = tuple(replace(case, scenario=case.scenario.with_(changes)) for case in self.cases)
        return replace(self, id=f"{self.id} changed", cases=altered)

    def __repr__(self) -> str:
        return f"Oracle({self.id!r}, {self.title!r})"
