"""A page to play with: settings at the left, and at the right what they do to every design.

What is chosen, and all that follows from it, is plain Python; only the last two files know of widgets.

    knobs.py       the settings that can be moved, with the values that they can have
    write_times.py how long the disk takes
    troubles.py    what can go wrong, when and for how long
    subject.py     which designs there are to be compared
    choice.py      what somebody has chosen: a value, and the scenarios that it stands for
    code.py        the same as a few lines of Python
    saving.py      the same as files
    looks.py       a comparison that can be seen before it is finished, and be left
    background.py  work aside, of which only the last that was asked for counts
    pictures.py    the pictures that can be chosen
    answers.py     the table and the words
    controls.py    widgets for what can be chosen
    page.py        the page
    stand_alone.py the same page without a notebook

Needs the extra: ``pip install "cqrsim[explorer]"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cqrsim.errors import CqrsimError
from cqrsim.explorer.choice import Choice
from cqrsim.explorer.subject import Subject
from cqrsim.scenario import Scenario

if TYPE_CHECKING:
    from cqrsim.explorer.page import Explorer

INSTALL = 'pip install "cqrsim[explorer]"'


class MissingExtraError(CqrsimError, ImportError):
    """Something must be installed first."""


def explore(
    scenario_or_designs: Scenario | Mapping[str, Scenario] | None = None, *, downloads: bool = False
) -> Explorer:
    """Show a page in which settings are moved, and designs compared at once.

    Takes a scenario, on which the essay's ways to give feedback and to keep state are tried; or a dict of designs by
    their names, whose settings are moved together; or nothing, for the blog of ``cq.presets``.

    With ``downloads`` scenarios are saved by links of the page instead of into a folder.

    Raises ScenarioError for anything else, MissingExtraError where ipywidgets is not installed.

    >>> import cqrsim as cq
    >>> explorer = explore(cq.presets.blog().with_(length="1s", warm_up="0s"))
    >>> explorer.choice.chosen
    ('wait', 'forward event', 'silence', 'error cache')
    >>> explorer.close()
    """
    subject = Subject.of(scenario_or_designs)
    try:
        from cqrsim.explorer.page import Explorer
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("cqrsim"):
            raise
        raise MissingExtraError(f"the explorer needs {missing.name}, which is not installed: {INSTALL}") from None
    return Explorer(Choice.first(subject), downloads=downloads)


__all__ = ["INSTALL", "Choice", "MissingExtraError", "Subject", "explore"]
