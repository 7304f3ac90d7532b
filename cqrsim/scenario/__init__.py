"""What is asked: scenarios, and the frozen, validated values that they are made of.  Nothing runs here."""

from typing import Any

from cqrsim.scenario import presets
from cqrsim.scenario.aggregates import AnyAggregates, Evenly, Weighted, Zipf
from cqrsim.scenario.arrivals import AnyArrivals, Bursts, Closed, Poisson, Recorded, Regular
from cqrsim.scenario.clients import BackgroundReads, Clients, OwnReads, PreValidation, Retries
from cqrsim.scenario.distributions import (
    AnyDistribution,
    Constant,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Uniform,
)
from cqrsim.scenario.faults import AnyFault, DiskFull, LostMessages, SlowDisk, Stall, WriteErrors
from cqrsim.scenario.feedback import (
    AnyFeedback,
    Combined,
    ErrorCache,
    FeedbackAnswers,
    ForwardEvent,
    Polling,
    Silence,
    SyncValidation,
)
from cqrsim.scenario.files import from_dict, load
from cqrsim.scenario.handlers import Handlers
from cqrsim.scenario.network import Network, Route
from cqrsim.scenario.projections import Projection
from cqrsim.scenario.rules import Range, Rule
from cqrsim.scenario.scenario import Scenario
from cqrsim.scenario.state import (
    AnyState,
    FromGenerated,
    FromPublished,
    LoadDecideAppend,
    OwnStore,
    StateAnswers,
)
from cqrsim.scenario.store import Disk, EventStore


def schema() -> dict[str, Any]:
    """Make the JSON Schema of scenario files, which editors and other programs can check files with.

    >>> schema()["title"]
    'Scenario'
    """
    from cqrsim.scenario import json_schema  # slow to import, and seldom asked for

    return json_schema.schema()


__all__ = [
    "AnyAggregates", "AnyArrivals", "AnyDistribution", "AnyFault", "AnyFeedback", "AnyState",
    "BackgroundReads", "Bursts", "Clients", "Closed", "Combined", "Constant", "Disk", "DiskFull", "Empirical",
    "ErrorCache", "Evenly", "EventStore", "Exponential", "FeedbackAnswers", "ForwardEvent", "FromGenerated",
    "FromPublished", "Gamma", "Handlers", "LoadDecideAppend", "LogNormal", "LostMessages", "Mixture", "Network",
    "OwnReads", "OwnStore", "Poisson", "Polling", "PreValidation", "Projection", "Range", "Recorded", "Regular",
    "Retries", "Route", "Rule", "Scenario", "Silence", "SlowDisk", "Stall", "StateAnswers", "SyncValidation",
    "Uniform", "Weighted", "WriteErrors", "Zipf", "from_dict", "load", "presets", "schema",
]  # fmt: skip
