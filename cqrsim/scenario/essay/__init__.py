"""The claims of the essay "CQRS+Event Sourcing Messaging Patterns" (Jens Rantil, 2013), in our own words and its order.

systems.py has the systems on which they are tried; the other files follow the essay's sections.
"""

from __future__ import annotations

from itertools import chain

from cqrsim.scenario.claims import Claim
from cqrsim.scenario.essay.clients import claims as about_clients
from cqrsim.scenario.essay.feedback import claims as about_feedback
from cqrsim.scenario.essay.handlers import claims as about_handlers
from cqrsim.scenario.essay.own_store import claims as about_own_store
from cqrsim.scenario.essay.published import claims as about_events
from cqrsim.scenario.essay.sourcing import claims as about_sourcing
from cqrsim.scenario.essay.untestable import claims as about_people


def every_claim() -> tuple[Claim, ...]:
    """All of them; those that cannot be tested last."""
    rooms = (
        about_feedback, about_clients, about_sourcing, about_handlers, about_own_store, about_events, about_people,
    )  # fmt: skip
    return tuple(chain.from_iterable(room() for room in rooms))
