"""What the model leaves out: the one list of it, of which a report tells what concerns its scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cqrsim.scenario import Closed, Scenario

Concerns = Callable[[Scenario], bool]


@dataclass(frozen=True)
class Assumption:
    """Something that is taken for granted, and the scenarios for which that matters."""

    text: str
    concerns: Concerns


def always(scenario: Scenario) -> bool:
    """Whatever the scenario."""
    return True


def has_faults(scenario: Scenario) -> bool:
    """Something goes wrong in it."""
    return bool(scenario.faults)


def has_closed_clients(scenario: Scenario) -> bool:
    """Clients wait for their answers before they ask again."""
    return any(isinstance(group.arrivals, Closed) for group in scenario.groups)


def has_polling_views(scenario: Scenario) -> bool:
    """A projection looks for events by itself."""
    return any(view.poll is not None for view in scenario.views)


def has_retries(scenario: Scenario) -> bool:
    """Clients try again."""
    return any(group.retries is not None for group in scenario.groups)


def polls(scenario: Scenario) -> bool:
    """Clients look for the outcome by themselves."""
    asked = [(group.feedback or scenario.feedback).answers() for group in scenario.groups]
    return any(answers.event_poll or answers.cache_poll for answers in asked)


def may_forget(scenario: Scenario) -> bool:
    """The handler may take an append for failed without having read the stream again."""
    answers = scenario.state.answers()
    return answers.give_up_after is not None and answers.on_doubt == "presume_failure"


def remembers_commands(scenario: Scenario) -> bool:
    """The event store recognises a command that comes twice."""
    return scenario.store.dedupe


ASSUMPTIONS = (
    Assumption("There is one event store, with one serial section, and all clocks are right.", always),
    Assumption(
        "Times of the parts are drawn independently of each other and of the load, from the distributions above; "
        "slowness that lasts is there only where a fault, or a measured series that is replayed, brings it.",
        always,
    ),
    Assumption(
        "A client is informed by whichever channel speaks first, and then listens no more; after it has given up for "
        "good it hears nothing.",
        always,
    ),
    Assumption("Looking something up by a command's id costs the store nothing.", polls),
    Assumption(
        "Polls begin one interval after the first answer, or after sending while there is none, and do not wait for "
        "each other's replies.",
        polls,
    ),
    Assumption("A projection that polls fetches its events over no link, at no cost to the store.", has_polling_views),
    Assumption(
        "Clients wait for their answers before they issue more, and so send less while the system is slow: their waits "
        "are not those of clients who come regardless (coordinated omission).",
        has_closed_clients,
    ),
    Assumption(
        "A handler that gives up on the store's answer takes the append for failed, and says so, although it may still "
        "become durable.",
        may_forget,
    ),
    Assumption(
        "A handler decides before the store can recognise a duplicate: a retry of a command that succeeded may be "
        "refused.  That protects the log, not the answer.",
        lambda scenario: remembers_commands(scenario) and has_retries(scenario),
    ),
    Assumption(
        "Faults end when everything is repaired, after the time of grace: what is under way then finishes in a healthy "
        "system.",
        has_faults,
    ),
    Assumption(
        "A store that has crashed does not publish again what it finds, unless told to; a log that is damaged is cut "
        "at its first bad record, as one file would be; a fail-over forgets the latest appends.",
        has_faults,
    ),
    Assumption(
        "A second instance of the handler starts at once with what the log says, and a projection that rebuilds from a "
        "checkpoint keeps what the checkpoint shows.",
        has_faults,
    ),
)
"""In the order in which they are told."""


def assumptions(scenarios: Iterable[Scenario]) -> list[str]:
    """What is taken for granted in any of these scenarios.

    >>> import cqrsim as cq
    >>> blog = cq.presets.blog()
    >>> len(assumptions([blog])) < len(assumptions([blog.with_faults(cq.HandlerCrash(at="10s"))]))
    True
    """
    asked = list(scenarios)
    return [each.text for each in ASSUMPTIONS if any(each.concerns(scenario) for scenario in asked)]
