"""What do clients wrongly believe?  Truth against belief, as a matrix of shares and counts."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from cqrsim.errors import ResultError, shown
from cqrsim.messages import Belief, Truth
from cqrsim.plots import style
from cqrsim.plots.sources import HasOutcomes

_TRUTHS = {
    Truth.DURABLE: "durable",
    Truth.STORED_TWICE: "stored twice",
    Truth.NOT_DURABLE: "accepted, not durable",
    Truth.REFUSED: "refused",
    Truth.CAUGHT: "caught before sending",
    Truth.NEVER_ARRIVED: "never arrived",
    Truth.UNDECIDED: "undecided at the end",
}
_BELIEFS = {
    Belief.SUCCESS: "success",
    Belief.FAILURE: "failure",
    Belief.PRESUMED_FAILURE: "failure,\npresumed",
    Belief.UNKNOWN: "nothing,\ngave up",
    Belief.NEVER_TOLD: "nothing,\nnever told",
}

RIGHT, PRESUMED, IGNORANT = "belief is right", "right, but only presumed", "client does not know"
WRONG, OPEN = "belief is wrong", "not to be judged yet"
"""What a cell of the matrix means."""

_COLOURS = {RIGHT: "#A9DCCB", PRESUMED: "#DDF1E9", IGNORANT: "#FBE8A6", WRONG: "#F0A67A", OPEN: "#E4E4E4"}


def meaning(truth: Truth, belief: Belief) -> str:
    """What it means that a client believes this of a command.

    Failures that are only presumed, because nothing was heard, are told apart from those that were told.  What is
    stored twice is not what anybody believes.

    >>> meaning(Truth.NOT_DURABLE, Belief.SUCCESS), meaning(Truth.REFUSED, Belief.PRESUMED_FAILURE)
    ('belief is wrong', 'right, but only presumed')
    """
    if truth == Truth.UNDECIDED:
        return OPEN
    if belief in (Belief.NEVER_TOLD, Belief.UNKNOWN):
        return IGNORANT
    if truth == Truth.STORED_TWICE:
        return WRONG
    if (truth == Truth.DURABLE) != (belief == Belief.SUCCESS):
        return WRONG
    return PRESUMED if belief == Belief.PRESUMED_FAILURE else RIGHT


def outcome_matrix(
    outcomes_or_result: pd.DataFrame | HasOutcomes, design: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw what became of the commands against what their clients believe, in percent of all, with counts below.

    Takes a run, a comparison with the name of a ``design``, or a table of outcomes of either: ``truth``, ``belief``,
    ``commands``, ``share``, and perhaps ``design``.  Colours say what a cell means; empty cells stay empty.

    Raises ResultError if there are several designs and none is named, or if the named one is not there.

    >>> cells = pd.DataFrame({"truth": ["durable"], "belief": ["success"], "commands": [980], "share": [1.0]})
    >>> [text.get_text().split() for text in outcome_matrix(cells).texts]
    [['100', '%', '980']]
    """
    frame, name = _one_design(_outcomes(outcomes_or_result), design)
    ax = style.new_axes(ax, height=4.2)
    style.dress(ax, "What became of commands, and what clients believe" + (f"\n{name}" if name else ""))
    _empty_matrix(ax)
    seen = frame[frame["commands"] > 0]
    if not len(seen):
        style.say(ax, "No command was issued in the measured window.")
        return ax
    meanings = {_cell(ax, *cell) for cell in seen[["truth", "belief", "share", "commands"]].itertuples(index=False)}
    _legend(ax, meanings)
    return ax


def _outcomes(source: pd.DataFrame | HasOutcomes) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return source
    if not isinstance(source, HasOutcomes):
        raise ResultError(f"this is drawn of a run, a comparison or a table of outcomes (got {shown(source)})")
    return source.outcomes()


def _one_design(frame: pd.DataFrame, design: str | None) -> tuple[pd.DataFrame, str]:
    if "design" not in frame:
        return frame, design or ""
    names = frame["design"].astype(str)
    known = list(dict.fromkeys(names))
    if design is None and len(known) > 1:
        raise ResultError(f"name the design to draw: {', '.join(known)}")
    chosen = design if design is not None else (known[0] if known else "")
    if known and chosen not in known:
        raise ResultError(f'no design "{chosen}" in these outcomes; there are {", ".join(known)}')
    return frame[names == chosen], chosen


def _empty_matrix(ax: Axes) -> None:
    ax.set_xlim(0, len(_BELIEFS))
    ax.set_ylim(len(_TRUTHS), 0)
    ax.set_xticks([place + 0.5 for place in range(len(_BELIEFS))], list(_BELIEFS.values()))
    ax.set_yticks([place + 0.5 for place in range(len(_TRUTHS))], list(_TRUTHS.values()))
    ax.tick_params(length=0)
    ax.set_xlabel("belief of the client")
    ax.set_ylabel("truth")
    ax.grid(visible=False)
    for place in range(len(_TRUTHS) + 1):
        ax.axhline(place, color=style.FAINT, linewidth=0.6, zorder=0)
    for place in range(len(_BELIEFS) + 1):
        ax.axvline(place, color=style.FAINT, linewidth=0.6, zorder=0)
    ax.spines[:].set_visible(False)


def _cell(ax: Axes, truth_name: str, belief_name: str, share: float, commands: int) -> str:
    truth, belief = Truth[str(truth_name).upper()], Belief[str(belief_name).upper()]
    row, column = list(_TRUTHS).index(truth), list(_BELIEFS).index(belief)
    means = meaning(truth, belief)
    ax.add_patch(Rectangle((column, row), 1, 1, facecolor=_COLOURS[means], edgecolor="white", linewidth=1.5))
    said = style.percent(share) if math.isfinite(share) else "-"
    ax.text(
        column + 0.5, row + 0.5, f"{said}\n{commands:,}",
        ha="center", va="center", fontsize=style.TEXT, color=style.INK, linespacing=1.25,
    )  # fmt: skip
    return means


def _legend(ax: Axes, meanings: set[str]) -> None:
    """Only the colours that are there, below the matrix."""
    patches = [Patch(facecolor=colour, label=means) for means, colour in _COLOURS.items() if means in meanings]
    ax.legend(
        handles=patches, loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=len(patches),
        fontsize=style.SMALL, frameon=False, labelcolor=style.INK,
    )  # fmt: skip
