"""Simulate CQRS and event-sourced systems: what each design costs in latency, and what it does to consistency.

>>> import cqrsim as cq
>>> blog = cq.Scenario(clients=cq.Clients(arrivals=cq.Poisson(cq.per_second(100))), length=cq.seconds(2))
>>> cq.simulate(blog, seed=1).outcomes().columns.tolist()
['truth', 'belief', 'commands', 'share']
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cqrsim import units
from cqrsim.errors import CqrsimError, PlanError, ResultError, ScenarioError, TraceError
from cqrsim.messages import Command, Refused
from cqrsim.scenario import *  # noqa: F403
from cqrsim.scenario import __all__ as _scenario_names
from cqrsim.units import *  # noqa: F403

if TYPE_CHECKING:
    from cqrsim import metrics, plots
    from cqrsim.experiments import Comparison, Design, Run, Sweep, compare, grid, simulate, sweep
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
    "simulate": "cqrsim.experiments",
    "sweep": "cqrsim.experiments",
    "metrics": "",
    "plots": "",
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
    *units.__all__,
    *_scenario_names,
    *_LATE,
    "Command",
    "CqrsimError",
    "PlanError",
    "Refused",
    "ResultError",
    "ScenarioError",
    "TraceError",
    "__version__",
]
