"""The designs of the outcome table: where state comes from, by the essay's cases, each with the same feedback."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cqrsim.errors import Problem, ScenarioError, did_you_mean
from cqrsim.experiments.outcome_tables.scripts import Step, script
from cqrsim.scenario import (
    ErrorCache,
    ForwardEvent,
    FromGenerated,
    FromPublished,
    LoadDecideAppend,
    OwnStore,
    Scenario,
    Silence,
    SyncValidation,
)
from cqrsim.scenario.feedback import AnyFeedback
from cqrsim.scenario.state import AnyState
from cqrsim.units import ms, seconds

FIRST = ms(100)
"""When the first command is issued: early, but not at the instant at which everything begins."""

TIMEOUT = ms(40)
"""How long handlers wait: ten times as long as an append takes when nothing is wrong."""

STATES: dict[str, AnyState] = {
    "1 own store first": OwnStore(ms(1)),
    "1 event first": OwnStore(ms(1), order="event_first"),
    "2a": FromPublished(),
    "2a timeout": FromPublished(give_up_after=TIMEOUT),
    "2b fire and forget": FromGenerated(wait=False),
    "2b acknowledged": FromGenerated(give_up_after=TIMEOUT),
    "2b careful": FromGenerated(careful=True, give_up_after=TIMEOUT),
    "2c load, decide, append": LoadDecideAppend(give_up_after=TIMEOUT),
}
"""Where the handler's state comes from."""

FEEDBACKS: dict[str, AnyFeedback] = {
    "decided": SyncValidation(),
    "written": SyncValidation(answer_at="written"),
    "forward event": ForwardEvent(),
    "silence": Silence(reload=ms(10), patience=seconds(1)),
    "error cache": ErrorCache(keep_for=seconds(1), poll=ms(10)),
}
"""How clients learn what became of their commands."""


def outcome_designs(feedback: str | AnyFeedback = "decided", **settings: Any) -> dict[str, Scenario]:
    """The eight designs of the outcome table: scripts of two commands that create the same thing.

    ``feedback`` is one of "decided" and "written" (when the waiting client is answered), "forward event", "silence"
    and "error cache", or feedback of your own; ``settings`` go to every :func:`cqrsim.script`.

    >>> designs = outcome_designs("written")
    >>> list(designs)[:3], designs["2a"].feedback.answer_at
    (['1 own store first', '1 event first', '2a'], 'written')
    """
    chosen = FEEDBACKS[known("feedback", feedback, FEEDBACKS)] if isinstance(feedback, str) else feedback
    second = FIRST + ms(50)
    return {
        name: script(Step(FIRST), Step(second), state=state, feedback=chosen, name=name, **settings)
        for name, state in STATES.items()
    }


def feedback_name(design: Scenario) -> str:
    """What the feedback of a design is called; its kind, if it is none of those above."""
    return next((name for name, one in FEEDBACKS.items() if one == design.feedback), design.feedback.kind)


def known(what: str, name: Any, names: Iterable[str]) -> str:
    """The name, when it is one of these; ScenarioError with the one that was meant, if it is not.

    >>> known("feedback", "silense", FEEDBACKS)
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: no feedback "silense"; did you mean "silence"?
    """
    listed = list(names)
    if name in listed:
        return str(name)
    hint = did_you_mean(name, listed) or "there are " + ", ".join(f'"{one}"' for one in listed)
    raise ScenarioError((Problem("", None, f'no {what} "{name}"', hint),))
