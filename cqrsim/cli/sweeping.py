"""``cqrsim sweep``: a scenario at every point of a design."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cqrsim.cli.options import (
    FINE,
    INTERRUPTED,
    NO,
    EngineName,
    Engines,
    Jobs,
    Metrics,
    Out,
    finished,
    names_in,
    report_errors,
    say_written,
)


def sweep(
    file: Annotated[Path, typer.Argument(help="A sweep, as .toml or .json: a scenario and the factors that vary it.")],
    replications: Annotated[int | None, typer.Option(min=1, help="Instead of the file's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the file's.")] = None,
    jobs: Jobs = 1,
    engine: EngineName = Engines.AUTO,
    out: Out = None,
    metrics: Metrics = None,
) -> None:
    """Run a scenario at every combination of settings that a sweep file names.

    A sweep file looks like this; settings of one factor with several paths move together:

    \b
    scenario = "base.toml"
    replications = 2

    \b
    [[factor]]
    path = "disk.write"
    values = ["1ms", "2ms"]

    \b
    [[factor]]
    paths = ["length", "warm_up"]
    values = [["3s", "1s"]]

    With --out, the sweep itself is saved beside its results: scenario.toml and sweep.toml.
    """  # noqa: D301 (a backspace keeps the lines of a paragraph apart)
    from cqrsim.experiments import load_sweep
    from cqrsim.experiments import sweep as run_through
    from cqrsim.experiments.estimates import check_names
    from cqrsim.experiments.files import ready_folder
    from cqrsim.experiments.telling import sweep_text

    asked = load_sweep(file)
    check_names(names_in(metrics), [scenario for _, scenario in asked.design])
    folder = None if out is None else ready_folder(out)
    counted = asked.replications if replications is None else replications
    chosen = asked.seed if seed is None else seed
    result, complete = finished(partial(run_through, asked.design, counted, chosen, n_jobs=jobs, engine=engine))
    print(sweep_text(result, names_in(metrics)))
    if folder is not None:
        say_written(result.save(folder))
    failed = report_errors(result.errors)
    raise typer.Exit(INTERRUPTED if not complete else NO if failed else FINE)
