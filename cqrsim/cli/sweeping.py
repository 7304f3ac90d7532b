"""``cqrsim sweep`` and ``gather``: a scenario at every point of a design, here or on many machines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from cqrsim.experiments import Design, Sweep
    from cqrsim.scenario import Scenario

MOST_LOOKED_AT = 100
"""Points that are asked for the names of their metrics: values within a range are all of a kind."""


def sweep(
    file: Annotated[Path, typer.Argument(help="A sweep, as .toml or .json: a scenario and the factors that vary it.")],
    replications: Annotated[int | None, typer.Option(min=1, help="Instead of the file's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the file's.")] = None,
    jobs: Jobs = 1,
    dask: Annotated[str | None, typer.Option(help='Run on the Dask cluster there, such as "tcp://host:8786".')] = None,
    engine: EngineName = Engines.AUTO,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps finished runs; what is there is not run again.", file_okay=False),
    ] = None,
    shard: Annotated[str, typer.Option(help='Which part of the runs, such as "3/16"; with --out.')] = "1/1",
    overloaded: Annotated[bool, typer.Option(help="Run points, too, that cannot keep up with their commands.")] = False,
    metrics: Metrics = None,
) -> None:
    """Run a scenario at every point of a design that a sweep file describes.

    A sweep file looks like this; settings of one factor with several paths move together:

    \b
    scenario = "base.toml"
    replications = 10

    \b
    [[factor]]
    path = "disk.write"
    values = ["1ms", "2ms"]

    \b
    [[factor]]
    paths = ["length", "warm_up"]
    values = [["3s", "1s"]]

    With --out, finished runs are kept as they come: after an interruption the same command goes on where it stopped,
    and after a change of the file it runs only what is new.
    """  # noqa: D301 (a backspace keeps the lines of a paragraph apart)
    from cqrsim.experiments import Shard, load_sweep
    from cqrsim.experiments import sweep as run_through
    from cqrsim.experiments.answers.estimates import check_names
    from cqrsim.experiments.running.cluster import on_dask
    from cqrsim.experiments.showing.telling import sweep_text

    asked, part = load_sweep(file), Shard.read(shard)
    if part.of > 1 and out is None:
        raise typer.BadParameter("--shard needs --out: its results are for cqrsim gather")
    if dask is not None and jobs != 1:
        raise typer.BadParameter("--jobs is for this machine: leave it out where --dask is given")
    check_names(names_in(metrics), _of_every_level(asked.design))
    workers: AbstractContextManager[None] = nullcontext() if dask is None else on_dask(dask)
    work = partial(
        run_through,
        asked.design,
        asked.replications if replications is None else replications,
        asked.seed if seed is None else seed,
        n_jobs=jobs if dask is None else None,
        engine=engine,
        out=out,
        shard=part,
        overloaded="run" if overloaded else "mark",
    )
    with workers:
        result, complete = finished(work)
    print(sweep_text(result, names_in(metrics)))
    failed = _kept(result, out)
    if not complete and out is not None:
        print("cqrsim: the same command goes on from here", file=sys.stderr)
    raise typer.Exit(INTERRUPTED if not complete else NO if failed else FINE)


def gather(
    folders: Annotated[list[Path], typer.Argument(help="The folders of all shards.")],
    out: Out = None,
    metrics: Metrics = None,
) -> None:
    """Put the results of all shards of a sweep together."""
    from cqrsim.experiments import gather as put_together
    from cqrsim.experiments.showing.telling import sweep_text

    result = put_together(folders, out)
    print(sweep_text(result, names_in(metrics)))
    raise typer.Exit(NO if _kept(result, out) else FINE)


def _of_every_level(design: Design) -> list[Scenario]:
    """As few points as show every value of every setting: which metrics there are does not hang on more."""
    from cqrsim.experiments.designs.design import as_text

    seen: set[tuple[str, str]] = set()
    found: list[Scenario] = []
    for settings, scenario in design:
        here = {(path, as_text(value)) for path, value in settings.items()}
        if not here <= seen and len(found) < MOST_LOOKED_AT:
            found.append(scenario)
        seen |= here
    return found


def _kept(result: Sweep, out: Path | None) -> int:
    """Write the tables beside the runs; returns how many runs failed."""
    from cqrsim.experiments.showing.files import write_table

    if out is not None:
        tables = {"estimates": result.estimates(), "runs": result.runs, "errors": result.errors}
        files: Sequence[Path] = [file for name, table in tables.items() for file in write_table(table, out / name)]
        say_written([*files, out / "sweep.toml", out / "scenario.toml"])
    return report_errors(result.errors)
