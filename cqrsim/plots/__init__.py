"""Pictures, one module per question: each a function of a result or a table, drawn on the axes that are given.

Every function takes ``ax=None`` and returns the Axes; without axes it makes a figure of its own, seven inches wide.
Only :func:`timeline` needs several: it takes ``axes`` and returns a tuple of them.
Colours are for everybody (Okabe and Ito 2008), and a design has the same colour in every picture.

    feedback.py       how long until clients are told?      feedback_ecdf
    intervals.py      which design is better, and is it?    intervals
    verdicts.py       does what is claimed hold?            claims
    outcomes.py       what do clients wrongly believe?      outcome_matrix
    outcome_table.py  what does one fault do to a design?   outcome_table
    one_command.py    who did what when, with one command?  journey
    sweep_curve.py    how does a setting change a metric?   sweep_curve
    over_time.py      what went on in a run, and when?      timeline
    theory.py         does the simulator agree with theory? theory
    break_even.py     where does one overtake another?      breakeven
    heat_map.py       how do two settings act together?     heat_map
    pareto.py         which designs does no other beat?     pareto
    timeout_curve.py  how long should a handler wait?       timeout_curve
    tornado.py        which settings matter most?           tornado
    latency_ridge.py  how long until each moment?           latency_ridge
    visibility.py     how soon do readers see a write?      t_visibility
    read_staleness.py how stale is what people read?        staleness
    queue_lengths.py  where does work pile up?              queues
    turns.py          who holds turns, who waits behind?    turn_occupancy
    parting.py        when do handler and log part?         divergence
    disk_use.py       what fills the disk, and when?        disk_usage
    who_says_what.py  who said what about one command?      sequence
    command_phases.py what does each command go through?    swim_lanes
    forest.py         how much do designs differ?           differences

What they share: style.py (colours, axes, numbers), sources.py (what is drawn from), periods.py (trouble, shaded),
along_time.py (the axis of a whole run), possible.py (intervals end where values do), one_at_a_time.py (a tornado's
rows), steps.py (a journey's lanes), saving.py (files).
"""

from cqrsim.plots.break_even import breakeven
from cqrsim.plots.command_phases import swim_lanes
from cqrsim.plots.disk_use import disk_usage
from cqrsim.plots.feedback import feedback_ecdf
from cqrsim.plots.forest import differences
from cqrsim.plots.heat_map import heat_map
from cqrsim.plots.intervals import intervals
from cqrsim.plots.latency_ridge import latency_ridge
from cqrsim.plots.one_command import journey
from cqrsim.plots.outcome_table import outcome_table
from cqrsim.plots.outcomes import outcome_matrix
from cqrsim.plots.over_time import timeline
from cqrsim.plots.pareto import pareto
from cqrsim.plots.parting import divergence
from cqrsim.plots.queue_lengths import queues
from cqrsim.plots.read_staleness import staleness
from cqrsim.plots.saving import save
from cqrsim.plots.sweep_curve import sweep_curve
from cqrsim.plots.theory import theory
from cqrsim.plots.timeout_curve import timeout_curve
from cqrsim.plots.tornado import tornado
from cqrsim.plots.turns import turn_occupancy
from cqrsim.plots.verdicts import claims
from cqrsim.plots.visibility import t_visibility
from cqrsim.plots.who_says_what import sequence

__all__ = [
    "breakeven",
    "claims",
    "differences",
    "disk_usage",
    "divergence",
    "feedback_ecdf",
    "heat_map",
    "intervals",
    "journey",
    "latency_ridge",
    "outcome_matrix",
    "outcome_table",
    "pareto",
    "queues",
    "save",
    "sequence",
    "staleness",
    "sweep_curve",
    "swim_lanes",
    "t_visibility",
    "theory",
    "timeline",
    "timeout_curve",
    "tornado",
    "turn_occupancy",
]

DRAWN_OF: dict[str, tuple[str, ...]] = {
    "run": (
        "disk_usage", "divergence", "feedback_ecdf", "journey", "latency_ridge", "outcome_matrix", "queues", "sequence",
        "staleness", "swim_lanes", "t_visibility", "timeline", "turn_occupancy",
    ),
    "comparison": (
        "differences", "disk_usage", "feedback_ecdf", "intervals", "latency_ridge", "outcome_matrix", "pareto",
        "t_visibility",
    ),
    "sweep": ("heat_map", "pareto", "sweep_curve", "tornado"),
}  # fmt: skip
"""Which pictures take which result first: they are its methods, too, as in ``run.plot.timeline()``."""
