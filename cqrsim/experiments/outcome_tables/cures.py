"""What helps against the anomalies of the outcome table, by name; each changes a design."""

from __future__ import annotations

from collections.abc import Callable

from cqrsim.scenario import FromGenerated, FromPublished, LoadDecideAppend, Retries, Scenario
from cqrsim.units import ms

PATIENCE = ms(60)
"""How long clients wait that try again: longer than their handler does."""

RETRIES = Retries(at_most=1, first=ms(1))
"""How they do it: once, with the same command id."""


def _version_check(design: Scenario) -> Scenario:
    """An append is refused when its aggregate is not at the version that was decided on."""
    return design.with_({"store.check_version": True})


def retrying(design: Scenario) -> Scenario:
    """The same design with clients that try again, unless they do already."""
    groups = [
        group if group.retries is not None else group.variant(patience=PATIENCE, retries=RETRIES)
        for group in design.groups
    ]
    return design.with_(clients=groups)


def _dedupe(design: Scenario) -> Scenario:
    """Clients try again, and the store knows their commands by their ids."""
    return retrying(design).with_({"store.dedupe": True})


def _gap_detection(design: Scenario) -> Scenario:
    """Listeners notice what they have missed, and read it."""
    views = [view.variant(catch_up=view.poll is None) for view in design.views]
    state = design.state
    if isinstance(state, FromPublished):
        state = state.variant(catch_up=True)
    return design.with_(projections=views[0] if len(views) == 1 else views, state=state)


def _poison(design: Scenario) -> Scenario:
    """After an error the store takes nothing more until it has started again and looked at what there is."""
    return design.with_({"store.on_error": "poison"})


def _honest_unknown(design: Scenario) -> Scenario:
    """A handler that does not know what became of an append says that, and not that it has failed."""
    state = design.state
    waits = isinstance(state, FromGenerated) and state.wait and not state.careful
    if waits or isinstance(state, FromPublished | LoadDecideAppend):
        return design.with_(state=state.variant(in_doubt="say_unknown"))
    return design


def _fencing(design: Scenario) -> Scenario:
    """The store refuses appends of an instance that another has replaced."""
    return design.with_({"store.fencing": True})


CURES: dict[str, Callable[[Scenario], Scenario]] = {
    "version check": _version_check,
    "dedupe": _dedupe,
    "gap detection": _gap_detection,
    "poison": _poison,
    "honest unknown": _honest_unknown,
    "fencing": _fencing,
}
"""What each cure does to a design."""
