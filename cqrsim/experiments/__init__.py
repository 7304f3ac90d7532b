"""Runs, comparisons and sweeps: what is asked of many simulations, and what they answer together."""

from cqrsim.experiments.compare import Comparison, compare
from cqrsim.experiments.design import Design, grid
from cqrsim.experiments.runs import Interrupted
from cqrsim.experiments.simulate import Run, simulate
from cqrsim.experiments.sweep import Sweep, sweep
from cqrsim.experiments.sweep_file import SweepFile, load_sweep

__all__ = [
    "Comparison",
    "Design",
    "Interrupted",
    "Run",
    "Sweep",
    "SweepFile",
    "compare",
    "grid",
    "load_sweep",
    "simulate",
    "sweep",
]
