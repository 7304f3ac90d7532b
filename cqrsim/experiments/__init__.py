"""Runs, comparisons, sweeps and scripts: what is asked of many simulations, and what they answer together.

simulate, streamed    one run
compare, comparison   designs on the same commands and the same luck
sweep                 a design of experiments, run through
designs/              which settings vary
loads/                what can keep up, calculated
running/              who runs, and where finished runs are kept
answers/              what results say
outcome_tables/       one fault, one append, every design
showing/              results as text and as files
"""

from cqrsim.experiments.answers.breakeven import Breakeven, breakeven
from cqrsim.experiments.answers.pareto_front import pareto
from cqrsim.experiments.answers.precision import Precision
from cqrsim.experiments.answers.rare import Rare, rare
from cqrsim.experiments.answers.sensitivity import Sensitivity, morris, sobol_indices
from cqrsim.experiments.answers.strikes import expected_strikes
from cqrsim.experiments.answers.timeout_curve import TimeoutCurve, timeout_curve
from cqrsim.experiments.answers.verdict import Verdict
from cqrsim.experiments.answers.warm_up import WarmUp, suggest_warm_up
from cqrsim.experiments.claims import Claims, judge
from cqrsim.experiments.compare import Comparison, compare
from cqrsim.experiments.designs.between import Between
from cqrsim.experiments.designs.design import Design
from cqrsim.experiments.designs.design_file import load_design
from cqrsim.experiments.designs.designs import grid, latin_hypercube, one_at_a_time, sobol
from cqrsim.experiments.designs.sweep_file import SweepFile, load_sweep
from cqrsim.experiments.loads.stability import loads, overload
from cqrsim.experiments.outcome_tables.outcome_designs import outcome_designs
from cqrsim.experiments.outcome_tables.outcome_faults import outcome_faults
from cqrsim.experiments.outcome_tables.outcome_table import OutcomeTable, outcome_table
from cqrsim.experiments.outcome_tables.scripts import Step, at_every_operation, script
from cqrsim.experiments.running.gather import gather
from cqrsim.experiments.running.runs import Interrupted
from cqrsim.experiments.running.shards import Shard
from cqrsim.experiments.showing.saving import load_comparison
from cqrsim.experiments.simulate import Run, simulate
from cqrsim.experiments.streamed import StreamedRun, stream
from cqrsim.experiments.sweep import Sweep, load_results, sweep

__all__ = [
    "Between",
    "Breakeven",
    "Claims",
    "Comparison",
    "Design",
    "Interrupted",
    "OutcomeTable",
    "Precision",
    "Rare",
    "Run",
    "Sensitivity",
    "Shard",
    "Step",
    "StreamedRun",
    "Sweep",
    "SweepFile",
    "TimeoutCurve",
    "Verdict",
    "WarmUp",
    "at_every_operation",
    "breakeven",
    "compare",
    "expected_strikes",
    "gather",
    "grid",
    "judge",
    "latin_hypercube",
    "load_comparison",
    "load_design",
    "load_results",
    "load_sweep",
    "loads",
    "morris",
    "one_at_a_time",
    "outcome_designs",
    "outcome_faults",
    "outcome_table",
    "overload",
    "pareto",
    "rare",
    "script",
    "simulate",
    "sobol",
    "sobol_indices",
    "stream",
    "suggest_warm_up",
    "sweep",
    "timeout_curve",
]
