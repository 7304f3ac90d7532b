"""An outcome table as a terminal shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cqrsim.experiments.outcome_tables.outcome_designs import feedback_name
from cqrsim.experiments.outcome_tables.scripts import NOTHING
from cqrsim.experiments.showing.wording import joined, text_table

if TYPE_CHECKING:
    from cqrsim.experiments.outcome_tables.outcome_table import About, OutcomeTable

LEGEND = "ALWAYS: at every timing.  sometimes?: at some.  Empty: never."


def outcomes_text(table: OutcomeTable) -> str:
    """What goes wrong with the state, and then what goes wrong with what clients are told."""
    feedback = joined(list(dict.fromkeys(feedback_name(design) for design in table.designs.values())))
    cures = f", with {joined(table.cures)}" if table.cures else ""
    state = f"What one fault at an append does to state{cures}; it does not depend on how clients are told:"
    told = f'What it does to clients that are told by "{feedback}":'
    return "\n\n".join([state, _cells(table, "state"), told, _cells(table, "feedback"), LEGEND])


def _cells(table: OutcomeTable, about: About) -> str:
    """Where nothing occurred nothing stands, so that the eye finds what did."""
    shown: dict[Any, str] = {NOTHING: ""}
    return text_table(table.table(about).replace(shown))
