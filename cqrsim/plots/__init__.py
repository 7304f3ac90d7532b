"""Pictures, one module per question: each a function of a result or a table, drawn on the axes that are given.

Every function takes ``ax=None`` and returns the Axes; without axes it makes a figure of its own, seven inches wide.
Only :func:`timeline` needs several: it takes ``axes`` and returns a tuple of them.
Colours are for everybody (Okabe and Ito 2008), and a design has the same colour in every picture.

    feedback.py       how long until clients are told?      feedback_ecdf
    outcomes.py       what do clients wrongly believe?      outcome_matrix
    outcome_table.py  what does one fault do to a design?   outcome_table
    one_command.py    who did what when, with one command?  journey
    over_time.py      what went on in a run, and when?      timeline

What they share: style.py (colours, axes, numbers), sources.py (what is drawn from), periods.py (trouble, shaded),
steps.py (a journey's lanes), saving.py (files).
"""

from cqrsim.plots.feedback import feedback_ecdf
from cqrsim.plots.one_command import journey
from cqrsim.plots.outcome_table import outcome_table
from cqrsim.plots.outcomes import outcome_matrix
from cqrsim.plots.over_time import timeline
from cqrsim.plots.saving import save

__all__ = ["feedback_ecdf", "journey", "outcome_matrix", "outcome_table", "save", "timeline"]
