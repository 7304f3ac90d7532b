"""Simulate CQRS and event-sourced systems: what each design costs in latency, and what it does to consistency.

>>> import cqrsim as cq
>>> blog = cq.Scenario(clients=cq.Clients(arrivals=cq.Poisson(cq.per_second(100))), length=cq.seconds(2))
>>> cq.simulate(blog, seed=1).outcomes().columns.tolist()
['truth', 'belief', 'commands', 'share']
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cqrsim.errors import CqrsimError, PlanError, ResultError, ScenarioError, TraceError
from cqrsim.messages import Command, Refused
from cqrsim.scenario import (
    AnyAggregates,
    AnyArrivals,
    AnyDistribution,
    AnyFault,
    AnyFeedback,
    AnyState,
    BackgroundReads,
    Bursts,
    Clients,
    Closed,
    Combined,
    Constant,
    Disk,
    DiskFull,
    Empirical,
    ErrorCache,
    Evenly,
    EventStore,
    Exponential,
    FeedbackAnswers,
    ForwardEvent,
    FromGenerated,
    FromPublished,
    Gamma,
    Handlers,
    LoadDecideAppend,
    LogNormal,
    LostMessages,
    Mixture,
    Network,
    OwnReads,
    OwnStore,
    Poisson,
    Polling,
    PreValidation,
    Projection,
    Range,
    Recorded,
    Regular,
    Retries,
    Route,
    Rule,
    Scenario,
    Silence,
    SlowDisk,
    Stall,
    StateAnswers,
    SyncValidation,
    Uniform,
    Weighted,
    WriteErrors,
    Zipf,
    from_dict,
    load,
    presets,
    schema,
)
from cqrsim.units import (
    Duration,
    Rate,
    Size,
    bytes_,
    days,
    gb,
    gib,
    hours,
    kb,
    kib,
    mb,
    mib,
    minutes,
    ms,
    ns,
    parse_duration,
    parse_rate,
    parse_size,
    per_hour,
    per_minute,
    per_second,
    seconds,
    us,
)

if TYPE_CHECKING:
    from cqrsim import metrics, plots
    from cqrsim.experiments.compare import Comparison, compare
    from cqrsim.experiments.design import Design, grid
    from cqrsim.experiments.simulate import Run, simulate
    from cqrsim.experiments.sweep import Sweep, sweep
    from cqrsim.trace import Trace

__version__ = "0.1.0"

_LATE = {
    "Comparison": "cqrsim.experiments",
    "Design": "cqrsim.experiments",
    "Run": "cqrsim.experiments",
    "Sweep": "cqrsim.experiments",
    "Trace": "cqrsim.trace",
    "compare": "cqrsim.experiments",
    "grid": "cqrsim.experiments",
    "metrics": "",
    "plots": "",
    "simulate": "cqrsim.experiments",
    "sweep": "cqrsim.experiments",
}
"""What is imported when it is first used, since pandas and its kind take their time."""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'cqrsim' has no attribute {name!r}")
    module = _LATE[name]
    return getattr(import_module(module), name) if module else import_module(f"cqrsim.{name}")


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "AnyAggregates",
    "AnyArrivals",
    "AnyDistribution",
    "AnyFault",
    "AnyFeedback",
    "AnyState",
    "BackgroundReads",
    "Bursts",
    "Clients",
    "Closed",
    "Combined",
    "Command",
    "Comparison",
    "Constant",
    "CqrsimError",
    "Design",
    "Disk",
    "DiskFull",
    "Duration",
    "Empirical",
    "ErrorCache",
    "Evenly",
    "EventStore",
    "Exponential",
    "FeedbackAnswers",
    "ForwardEvent",
    "FromGenerated",
    "FromPublished",
    "Gamma",
    "Handlers",
    "LoadDecideAppend",
    "LogNormal",
    "LostMessages",
    "Mixture",
    "Network",
    "OwnReads",
    "OwnStore",
    "PlanError",
    "Poisson",
    "Polling",
    "PreValidation",
    "Projection",
    "Range",
    "Rate",
    "Recorded",
    "Refused",
    "Regular",
    "ResultError",
    "Retries",
    "Route",
    "Rule",
    "Run",
    "Scenario",
    "ScenarioError",
    "Silence",
    "Size",
    "SlowDisk",
    "Stall",
    "StateAnswers",
    "Sweep",
    "SyncValidation",
    "Trace",
    "TraceError",
    "Uniform",
    "Weighted",
    "WriteErrors",
    "Zipf",
    "__version__",
    "bytes_",
    "compare",
    "days",
    "from_dict",
    "gb",
    "gib",
    "grid",
    "hours",
    "kb",
    "kib",
    "load",
    "mb",
    "metrics",
    "mib",
    "minutes",
    "ms",
    "ns",
    "parse_duration",
    "parse_rate",
    "parse_size",
    "per_hour",
    "per_minute",
    "per_second",
    "plots",
    "presets",
    "schema",
    "seconds",
    "simulate",
    "sweep",
    "us",
]
