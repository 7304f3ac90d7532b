"""The pictures that can be chosen, each by the question that it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from cqrsim import plots
from cqrsim.errors import ResultError
from cqrsim.experiments import Comparison
from cqrsim.plots import offscreen, style

Draw = Callable[[Comparison, Any], Any]
"""Draws a comparison on axes."""


def _metric(name: str) -> Draw:
    return lambda comparison, ax: plots.intervals(comparison, name, ax=ax)


FOR_ALL: Mapping[str, tuple[float, Draw]] = {
    "How long until clients are told?": (3.6, lambda comparison, ax: plots.feedback_ecdf(comparison, ax=ax)),
    "How long until a change can be seen?": (
        3.6,
        lambda comparison, ax: plots.feedback_ecdf(comparison, ax=ax, metric="visibility_ms"),
    ),
    "How soon do readers see a write?": (3.6, lambda comparison, ax: plots.t_visibility(comparison, ax=ax)),
    "Who is told of a success that is lost?": (3.0, _metric("false_success_share")),
    "Who fails and is never told?": (3.0, _metric("silent_failure_share")),
    "How long do commands wait for their turn?": (3.0, _metric("turn_wait_ms_p99")),
    "When do handler and log part?": (3.0, _metric("divergence_share")),
    "What fills the disk?": (3.4, lambda comparison, ax: plots.disk_usage(comparison, ax=ax)),
}
"""Pictures of all designs together: their heights in inches, and what draws them."""

FIRST = next(iter(FOR_ALL))


def questions(designs: Iterable[str]) -> list[str]:
    """What can be asked of some designs.

    >>> questions(["wait"])[-1]
    'What do clients believe? (wait)'
    """
    return [*FOR_ALL, *map(_of_belief, designs)]


def picture(comparison: Comparison, question: str) -> bytes:
    """The picture that answers a question, as a PNG file; the first picture, if the question is none of these."""
    matrices = {_of_belief(name): (4.0, partial(_belief, name)) for name in comparison.designs}
    drawn: dict[str, tuple[float, Draw]] = {**FOR_ALL, **matrices}
    height, draw = drawn.get(question, FOR_ALL[FIRST])
    ax = offscreen.blank(height)
    try:
        draw(comparison, ax)
    except ResultError as none:
        style.say(ax, str(none))
    return offscreen.png(ax)


def _of_belief(design: str) -> str:
    return f"What do clients believe? ({design})"


def _belief(design: str, comparison: Comparison, ax: Any) -> Any:
    return plots.outcome_matrix(comparison, design, ax=ax)
