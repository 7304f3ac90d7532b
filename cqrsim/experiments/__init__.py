"""Runs, comparisons, sweeps and scripts: what is asked of many simulations, and what they answer together."""

from cqrsim.experiments.between import Between
from cqrsim.experiments.breakeven import Breakeven, breakeven
from cqrsim.experiments.compare import Comparison, compare
from cqrsim.experiments.design import Design
from cqrsim.experiments.design_file import load_design
from cqrsim.experiments.designs import grid, latin_hypercube, one_at_a_time, sobol
from cqrsim.experiments.gather import gather
from cqrsim.experiments.outcome_designs import outcome_designs
from cqrsim.experiments.outcome_faults import outcome_faults
from cqrsim.experiments.outcome_table import OutcomeTable, outcome_table
from cqrsim.experiments.pareto_front import pareto
from cqrsim.experiments.precision import Precision
from cqrsim.experiments.rare import Rare, rare
from cqrsim.experiments.runs import Interrupted
from cqrsim.experiments.saving import load_comparison
from cqrsim.experiments.scripts import Step, at_every_operation, script
from cqrsim.experiments.sensitivity import Sensitivity, morris, sobol_indices
from cqrsim.experiments.shards import Shard
from cqrsim.experiments.simulate import Run, simulate
from cqrsim.experiments.stability import loads, overload
from cqrsim.experiments.streamed import StreamedRun, stream
from cqrsim.experiments.strikes import expected_strikes
from cqrsim.experiments.sweep import Sweep, load_results, sweep
from cqrsim.experiments.sweep_file import SweepFile, load_sweep
from cqrsim.experiments.timeout_curve import TimeoutCurve, timeout_curve
from cqrsim.experiments.verdict import Verdict
from cqrsim.experiments.warm_up import WarmUp, suggest_warm_up

__all__ = [
    "Between",
    "Breakeven",
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
