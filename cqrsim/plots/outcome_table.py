"""What does one fault do to a design?  A matrix of both, with the anomalies that occur always, or sometimes."""

from __future__ import annotations

import itertools
import textwrap
from typing import Literal, Protocol, runtime_checkable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from cqrsim.errors import ResultError, shown
from cqrsim.plots import style

ALWAYS, SOMETIMES = "always: at every timing", "sometimes: it depends on the timing"

_FILL = {"always": style.BLUE, "sometimes": "#D3E6F3"}
"""Dark and light of one hue, so that they differ for everybody; the letters differ, too."""
_LETTERS = {"always": "white", "sometimes": style.INK}
_NEEDED = ("fault", "design", "anomaly", "verdict")
_LINE = 0.145
"""Inches that one anomaly takes."""
_HEAD, _FOOT = 0.95, 0.45
"""Inches above and below the matrix."""
_LONGEST_NAME = 13
"""Letters of a design's name on one line."""


@runtime_checkable
class HasVerdicts(Protocol):
    """An outcome table."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per anomaly of a cell: fault, design, anomaly, about, verdict."""


def outcome_table(
    table: HasVerdicts | pd.DataFrame, about: Literal["state", "feedback"] | None = "state", ax: Axes | None = None
) -> Axes:
    """Draw an outcome table: a row for each fault, a column for each design, and in each cell what occurred there.

    Dark and in capitals stands what occurred at every timing, light and in lower case what occurred at some.
    ``about`` chooses anomalies of the "state" or of "feedback"; None shows both.  A frame of verdicts will do, too:
    where its faults and designs are categorical, those without any anomaly keep their place.

    Raises ResultError for what is neither.

    >>> frame = pd.DataFrame({"fault": ["refused"], "design": ["2a"], "anomaly": ["STUCK"], "verdict": ["always"]})
    >>> [text.get_text() for text in outcome_table(frame).texts]
    ['STUCK']
    """
    frame = _verdicts(table)
    faults, designs = _names(frame["fault"]), _names(frame["design"])
    if about is not None and "about" in frame:
        frame = frame[frame["about"] == about]
    lines = [max(1, _most(frame, fault)) for fault in faults]
    ax = style.new_axes(ax, height=sum(lines) * _LINE + len(faults) * 0.04 + _HEAD + _FOOT)
    style.dress(ax, "What one fault at an append does, while a second command follows")
    _empty_matrix(ax, faults, designs, lines)
    if not len(frame):
        style.say(ax, "No anomaly occurred." if faults else "Nothing was tried.")
        return ax
    tops = [sum(lines[:row]) for row in range(len(faults))]
    for (fault, design), cell in frame.groupby(["fault", "design"], observed=True, sort=False):
        row = faults.index(str(fault))
        _cell(ax, designs.index(str(design)), tops[row], lines[row], cell)
    _legend(ax, set(frame["verdict"].astype(str)))
    return ax


def _verdicts(table: HasVerdicts | pd.DataFrame) -> pd.DataFrame:
    frame = table.frame if isinstance(table, HasVerdicts) else table
    if not isinstance(frame, pd.DataFrame) or any(name not in frame for name in _NEEDED):
        raise ResultError(f"this is drawn of an outcome table (got {shown(table)})")
    return frame


def _names(column: pd.Series[str]) -> list[str]:
    """All names in their order, also of those without a row."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [str(name) for name in column.cat.categories]
    return [str(name) for name in dict.fromkeys(column)]


def _most(frame: pd.DataFrame, fault: str) -> int:
    """How many anomalies the fullest cell of a row has."""
    found = frame.loc[frame["fault"] == fault, "design"].astype(str).value_counts()
    return int(found.max()) if len(found) else 0


def _empty_matrix(ax: Axes, faults: list[str], designs: list[str], lines: list[int]) -> None:
    """Rows as high as what stands in them, designs on top."""
    edges = [sum(lines[:row]) for row in range(len(faults) + 1)]
    ax.set_xlim(0, max(1, len(designs)))
    ax.set_ylim(max(1, edges[-1]), 0)
    ax.set_yticks([(above + below) / 2 for above, below in itertools.pairwise(edges)], faults)
    named = [textwrap.fill(name, _LONGEST_NAME) for name in designs]
    ax.set_xticks([place + 0.5 for place in range(len(designs))], named)
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=style.SMALL - 0.8)
    ax.grid(visible=False)
    for edge in edges:
        ax.axhline(edge, color=style.FAINT, linewidth=0.6, zorder=0)
    for place in range(len(designs) + 1):
        ax.axvline(place, color=style.FAINT, linewidth=0.6, zorder=0)
    ax.spines[:].set_visible(False)


def _cell(ax: Axes, column: int, top: int, height: int, cell: pd.DataFrame) -> None:
    """One tag for each anomaly, those that always occur first; together they fill the cell."""
    ordered = cell.sort_values("verdict", key=lambda verdicts: verdicts.astype(str) != "always", kind="stable")
    each = height / len(ordered)
    for place, row in enumerate(ordered.itertuples(index=False)):
        _tag(ax, column, top + place * each, each, str(row.anomaly), str(row.verdict))


def _tag(ax: Axes, column: int, top: float, height: float, anomaly: str, verdict: str) -> None:
    ax.add_patch(
        Rectangle((column, top), 1, height, facecolor=_FILL[verdict], edgecolor="white", linewidth=0.8, gid=verdict)
    )
    said = anomaly if verdict == "always" else f"{anomaly.lower()}?"
    ax.text(
        column + 0.5, top + height / 2, said, ha="center", va="center", fontsize=style.SMALL - 1,
        color=_LETTERS[verdict], gid="anomaly",
    )  # fmt: skip


def _legend(ax: Axes, verdicts: set[str]) -> None:
    """What dark and light mean, as far as they occur, below the matrix."""
    meanings = {"always": ALWAYS, "sometimes": SOMETIMES}
    patches = [Patch(facecolor=_FILL[one], label=means) for one, means in meanings.items() if one in verdicts]
    ax.legend(
        handles=patches, loc="upper left", bbox_to_anchor=(0.0, 0.0), ncols=len(patches), fontsize=style.SMALL,
        frameon=False, labelcolor=style.INK,
    )  # fmt: skip
