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
from cqrsim.scenario.effects import (
    Ambiguous,
    AnyEffect,
    Consume,
    Corrupt,
    Crash,
    Custom,
    Cut,
    Delay,
    Die,
    Disconnect,
    Drop,
    Duplicate,
    FlushError,
    Freeze,
    Full,
    Lie,
    Overload,
    Pause,
    Promote,
    Refuse,
    Slow,
    TwoInstances,
)
from cqrsim.scenario.faults import (
    AmbiguousErrors,
    AnyFault,
    ClientDisconnect,
    ConsumeDisk,
    DeadDisk,
    DelayedMessages,
    DiskFull,
    DuplicateMessages,
    FailOver,
    Fault,
    Flood,
    FlushErrors,
    HandlerCrash,
    LostMessages,
    LyingFlush,
    Overlap,
    Partition,
    PowerLoss,
    ProjectionCrash,
    SilentChange,
    SlowDisk,
    Stall,
    StoreCrash,
    WriteErrors,
    Zombie,
)
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
from cqrsim.scenario.triggers import (
    AfterFault,
    AnyTrigger,
    At,
    Every,
    InBursts,
    Nth,
    PerOperation,
    Renewal,
    Sequence,
    When,
    While,
)


def schema() -> dict[str, Any]:
    """Make the JSON Schema of scenario files, which editors and other programs can check files with.

    >>> schema()["title"]
    'Scenario'
    """
    from cqrsim.scenario import json_schema  # slow to import, and seldom asked for

    return json_schema.schema()


__all__ = [
    "AfterFault", "Ambiguous", "AmbiguousErrors", "AnyAggregates", "AnyArrivals", "AnyDistribution", "AnyEffect",
    "AnyFault", "AnyFeedback", "AnyState", "AnyTrigger", "At", "BackgroundReads", "Bursts", "ClientDisconnect",
    "Clients", "Closed", "Combined", "Constant", "Consume", "ConsumeDisk", "Corrupt", "Crash", "Custom", "Cut",
    "DeadDisk", "Delay", "DelayedMessages", "Die", "Disconnect", "Disk", "DiskFull", "Drop", "Duplicate",
    "DuplicateMessages", "Empirical", "ErrorCache", "Evenly", "EventStore", "Every", "Exponential", "FailOver",
    "Fault", "FeedbackAnswers", "Flood", "FlushError", "FlushErrors", "ForwardEvent", "Freeze", "FromGenerated",
    "FromPublished", "Full", "Gamma", "HandlerCrash", "Handlers", "InBursts", "Lie", "LoadDecideAppend",
    "LogNormal", "LostMessages", "LyingFlush", "Mixture", "Network", "Nth", "Overlap", "Overload", "OwnReads",
    "OwnStore", "Partition", "Pause", "PerOperation", "Poisson", "Polling", "PowerLoss", "PreValidation",
    "Projection", "ProjectionCrash", "Promote", "Range", "Recorded", "Refuse", "Regular", "Renewal", "Retries",
    "Route", "Rule", "Scenario", "Sequence", "Silence", "SilentChange", "Slow", "SlowDisk", "Stall", "StateAnswers",
    "StoreCrash", "SyncValidation", "TwoInstances", "Uniform", "Weighted", "When", "While", "WriteErrors", "Zipf",
    "Zombie", "from_dict", "load", "presets", "schema",
]  # fmt: skip
