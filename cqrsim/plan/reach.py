"""Which links a scenario uses at all: what befalls the others befalls nobody."""

from collections.abc import Iterator

from cqrsim.messages import Link
from cqrsim.scenario.clients import Clients
from cqrsim.scenario.scenario import Scenario


def links_in_use(scenario: Scenario) -> frozenset[Link]:
    """The links over which a message may go in some run of the scenario."""
    used = {Link.CLIENT_TO_HANDLER, Link.HANDLER_TO_CLIENT, Link.HANDLER_TO_STORE}
    used.update(_of_state(scenario))
    if any(view.poll is None for view in scenario.views):
        used.add(Link.STORE_TO_PROJECTION)
    for group in scenario.groups:
        used.update(_of_group(group, scenario))
    return frozenset(used)


def _of_state(scenario: Scenario) -> Iterator[Link]:
    state = scenario.state.answers()
    if "publication" in (state.fold_on, state.wait_for):
        yield Link.STORE_TO_SUBSCRIBER
    if state.wait_for == "answer" or state.fold_on == "answer" or state.load:
        yield Link.STORE_TO_HANDLER


def _of_group(group: Clients, scenario: Scenario) -> Iterator[Link]:
    feedback = (group.feedback if group.feedback is not None else scenario.feedback).answers()
    if feedback.event_push or feedback.event_poll is not None:
        yield Link.STORE_TO_CLIENT
    if feedback.event_poll is not None:
        yield Link.CLIENT_TO_STORE
    if feedback.error_cache:
        yield from (Link.HANDLER_TO_CACHE, Link.CLIENT_TO_CACHE, Link.CACHE_TO_CLIENT)
    if feedback.read_model is not None:
        yield from (Link.CLIENT_TO_PROJECTION, Link.PROJECTION_TO_CLIENT)
    if group.own_reads is not None:
        yield Link.CLIENT_TO_PROJECTION
    if feedback.answer_at == "applied":
        yield Link.PROJECTION_TO_HANDLER
