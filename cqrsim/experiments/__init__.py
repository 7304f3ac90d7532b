"""Runs, comparisons, sweeps and scripts: what is asked of many simulations, and what they answer together."""

from cqrsim.experiments.compare import Comparison, compare
from cqrsim.experiments.design import Design, grid
from cqrsim.experiments.outcome_designs import outcome_designs
from cqrsim.experiments.outcome_faults import outcome_faults
from cqrsim.experiments.outcome_table import OutcomeTable, outcome_table
from cqrsim.experiments.runs import Interrupted
from cqrsim.experiments.scripts import Step, at_every_operation, script
from cqrsim.experiments.simulate import Run, simulate
from cqrsim.experiments.streamed import StreamedRun, stream
from cqrsim.experiments.strikes import expected_strikes
from cqrsim.experiments.sweep import Sweep, sweep
from cqrsim.experiments.sweep_file import SweepFile, load_sweep

__all__ = [
    "Comparison",
    "Design",
    "Interrupted",
    "OutcomeTable",
    "Run",
    "Step",
    "StreamedRun",
    "Sweep",
    "SweepFile",
    "at_every_operation",
    "compare",
    "expected_strikes",
    "grid",
    "load_sweep",
    "outcome_designs",
    "outcome_faults",
    "outcome_table",
    "script",
    "simulate",
    "stream",
    "sweep",
]
