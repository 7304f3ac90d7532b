"""``cqrsim run``: one scenario, once."""

from __future__ import annotations

from cqrsim.cli.options import EngineName, Engines, File, Length, Out, Seed, lengthened, say_written
from cqrsim.scenario import load


def run(file: File, seed: Seed = 1, length: Length = None, engine: EngineName = Engines.AUTO, out: Out = None) -> None:
    """Simulate one scenario once, and print what came of it."""
    from cqrsim.experiments import simulate
    from cqrsim.experiments.showing.files import ready_folder
    from cqrsim.experiments.showing.telling import run_text

    scenario = lengthened(load(file), length)
    folder = None if out is None else ready_folder(out)
    result = simulate(scenario, seed, engine=engine)
    print(run_text(result, scenario.name or file.stem))
    if folder is not None:
        say_written(result.save(folder))
