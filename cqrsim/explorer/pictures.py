"""The pictures that can be chosen, each by the question that it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cqrsim import plots
from cqrsim.errors import ResultError
from cqrsim.experiments import Comparison
from cqrsim.plots import offscreen, style

Draw = Callable[[Comparison, Any], Any]
"""Draws a comparison on axes."""


def _told(comparison: Comparison, ax: Any) -> Any:
    return plots.feedback_ecdf(comparison, ax=ax)


def _shown(comparison: Comparison, ax: Any) -> Any:
    return plots.feedback_ecdf(comparison, ax=ax, metric="visibility_ms")


def _kept(comparison: Comparison, ax: Any) -> Any:
    return plots.disk_usage(comparison, ax=ax)


def _soon_seen(comparison: Comparison, ax: Any) -> Any:
    return plots.t_visibility(comparison, ax=ax)


def _metric(name: str) -> Draw:
    return lambda comparison, ax: plots.intervals(comparison, name, ax=ax)


@dataclass(frozen=True)
class Picture:
    """What draws a picture, and how many inches it is high at least, and for each design."""

    draw: Draw
    height: float = 3.6
    height_per_design: float = 0.3

    def axes(self, designs: int) -> Any:
        """Empty axes that are high enough."""
        return offscreen.blank(max(self.height, 0.9 + self.height_per_design * designs))


FOR_ALL: Mapping[str, Picture] = {
    "How long until clients are told?": Picture(_told),
    "How long until a change can be seen?": Picture(_shown),
    "How soon do readers see a write?": Picture(_soon_seen, 3.6, 0.55),
    "Who is told of a success that is lost?": Picture(_metric("false_success_share"), 2.4),
    "Who fails and is never told?": Picture(_metric("silent_failure_share"), 2.4),
    "How long do commands wait for their turn?": Picture(_metric("turn_wait_ms_p99"), 2.4),
    "When do handler and log part?": Picture(_metric("divergence_share"), 2.4),
    "What fills the disk?": Picture(_kept, 3.4, 0.55),
}
"""Pictures of all designs together."""

FIRST = next(iter(FOR_ALL))


def questions(designs: Iterable[str]) -> list[str]:
    """What can be asked of some designs.

    >>> questions(["wait"])[-1]
    'What do clients believe? (wait)'
    """
    return [*FOR_ALL, *map(_of_belief, designs)]


def picture(comparison: Comparison, question: str) -> bytes:
    """The picture that answers a question, as a PNG file; the first picture, if the question is none of these."""
    matrices = {_of_belief(name): Picture(partial(_belief, name), 4.0, 0) for name in comparison.designs}
    chosen = {**FOR_ALL, **matrices}.get(question, FOR_ALL[FIRST])
    ax = chosen.axes(len(comparison.designs))
    try:
        chosen.draw(comparison, ax)
    except ResultError as none:
        style.say(ax, str(none))
    return offscreen.png(ax)


def _of_belief(design: str) -> str:
    return f"What do clients believe? ({design})"


def _belief(design: str, comparison: Comparison, ax: Any) -> Any:
    return plots.outcome_matrix(comparison, design, ax=ax)
