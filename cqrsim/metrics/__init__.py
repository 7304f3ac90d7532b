"""Tables that say what a trace means: ``trace -> DataFrame``, one file per question.

They are computed from the trace alone, and can be thrown away and computed again at will.
"""

from cqrsim.metrics.anomalies import anomalies, unexplained
from cqrsim.metrics.commands import commands
from cqrsim.metrics.consistency import consistency
from cqrsim.metrics.episodes import episodes
from cqrsim.metrics.events import events
from cqrsim.metrics.incidence import incidence
from cqrsim.metrics.invariants import invariants
from cqrsim.metrics.journey import journey
from cqrsim.metrics.ledger import faults
from cqrsim.metrics.outcomes import outcomes
from cqrsim.metrics.reads import reads
from cqrsim.metrics.schema import schema
from cqrsim.metrics.series import series
from cqrsim.metrics.summary import summary

__all__ = [
    "anomalies",
    "commands",
    "consistency",
    "episodes",
    "events",
    "faults",
    "incidence",
    "invariants",
    "journey",
    "outcomes",
    "reads",
    "schema",
    "series",
    "summary",
    "unexplained",
]
