"""How long the disk takes for a write: as measured somewhere, or as somebody thinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cqrsim.explorer.knobs import AS_IT_IS, options
from cqrsim.scenario import Empirical, LogNormal, Scenario
from cqrsim.scenario.presets import FILE, POSTGRES, SQLITE
from cqrsim.scenario.values import shortened
from cqrsim.units import Duration, ms, us

MEASURED = {
    "PostgreSQL, measured": POSTGRES,
    "SQLite, measured": SQLITE,
    "plain file, measured": FILE,
}
"""Disks that were measured, and where their times stand."""

OWN = "by p50 and p99"
KINDS = (*MEASURED, OWN)

QUANTILES = options((us(50), us(100), us(200), us(500), *map(ms, (1, 1.5, 2, 3, 5, 8, 10, 15, 20, 50, 100, 200, 500))))
"""What the two can be."""


FIRST_P50, FIRST_P99 = ms(1.5), ms(8)


@dataclass(frozen=True)
class WriteTimes:
    """A kind of disk; the quantiles count only for one by p50 and p99."""

    kind: str = AS_IT_IS
    p50: Duration = FIRST_P50
    p99: Duration = FIRST_P99

    @classmethod
    def of(cls, scenario: Scenario) -> WriteTimes:
        """What a scenario has now, by its name if it has one.

        >>> import cqrsim as cq
        >>> WriteTimes.of(cq.presets.blog()).kind
        'PostgreSQL, measured'
        """
        now = scenario.disk.write
        known = (kind for kind, file in MEASURED.items() if now == Empirical(file=file))
        return cls(next(known, AS_IT_IS))

    def changes(self, scenario: Scenario) -> dict[str, Any]:
        """What has to be changed in a scenario for its disk to be like this; ScenarioError if p99 is below p50."""
        if self.kind == AS_IT_IS:
            return {}
        wanted = LogNormal(p50=self.p50, p99=self.p99) if self.kind == OWN else Empirical(file=MEASURED[self.kind])
        return {} if shortened(scenario.disk.write) == wanted else {"disk.write": wanted}
