"""One whole number, one scenario."""

import dataclasses

import cqrsim as cq

from .breaking import faults
from .dice import Dice
from .systems import system


def scenario_of(seed: int) -> cq.Scenario:
    """The scenario of a number: what goes wrong is drawn apart from the system that it befalls."""
    found = system(Dice(f"system {seed}"))
    return found.with_(faults=faults(Dice(f"faults {seed}"), found), name=f"swarm {seed}")


def calm(scenario: cq.Scenario) -> cq.Scenario:
    """The same scenario without faults, losses, limits, and anybody who stops waiting.

    Handlers that take no turns accept twice by design, and so do those whose messages overtake each other.
    """
    return scenario.with_(
        clients=[_calm_clients(group) for group in scenario.groups],
        feedback=_calm_feedback(scenario.feedback),
        state=_calm_state(scenario.state),
        handlers=scenario.handlers.variant(
            queue_limit=None, turn="aggregate" if scenario.handlers.turn == "none" else scenario.handlers.turn
        ),
        disk=scenario.disk.variant(capacity=None),
        projections=[view.variant(buffer=None) for view in scenario.views],
        network=_calm_network(scenario.network),
        faults=(),
        drain=cq.seconds(30),
    )


def _calm_clients(group: cq.Clients) -> cq.Clients:
    feedback = None if group.feedback is None else _calm_feedback(group.feedback)
    return group.variant(patience=None, retries=None, feedback=feedback)


def _calm_feedback(feedback: cq.AnyFeedback) -> cq.AnyFeedback:
    if isinstance(feedback, cq.Combined):
        return feedback.variant(parts=tuple(_calm_feedback(part) for part in feedback.parts))
    return feedback.variant(wait_at_most=None) if isinstance(feedback, cq.SyncValidation) else feedback


def _calm_state(state: cq.AnyState) -> cq.AnyState:
    waits = any(field.name == "give_up_after" for field in dataclasses.fields(state))
    return state.variant(give_up_after=None) if waits else state


def _calm_network(network: cq.Network) -> cq.Network:
    routes = {name: getattr(network, name).variant(loss=0.0) for name in sorted(cq.Network.__dataclass_fields__)}
    for name in ("store_to_subscriber", "handler_to_store"):
        routes[name] = routes[name].variant(in_order=True)
    return cq.Network(**routes)
