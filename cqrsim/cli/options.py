"""What commands have in common: options, exit codes, and what is said beside results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar, cast

import typer

if TYPE_CHECKING:
    import pandas as pd

    from cqrsim.scenario import Scenario

FINE, NO, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
Result = TypeVar("Result")


class Engines(StrEnum):
    """What runs a scenario."""

    AUTO = "auto"
    SIMPY = "simpy"
    ARRAY = "array"


def _some_jobs(jobs: int) -> int:
    if jobs < -1 or jobs == 0:
        raise typer.BadParameter(
            f"{jobs} is no number of processes: say 1 or more, or -1 for as many as there are cores"
        )
    return jobs


def _some_names(metrics: str | None) -> str | None:
    if metrics is not None and not names_in(metrics):
        raise typer.BadParameter('name at least one column, such as "feedback_ms_p50"')
    return metrics


Replications = Annotated[int, typer.Option(min=1, help="Runs of each design, every one with other luck.")]
EngineName = Annotated[Engines, typer.Option(help="What runs it; the result is the same.")]
Seed = Annotated[int, typer.Option(min=0, help="Chooses the luck: equal seeds, equal results.")]
Jobs = Annotated[
    int, typer.Option(callback=_some_jobs, help="Processes that work at once; -1 for as many as there are cores.")
]
Length = Annotated[str | None, typer.Option(help='Simulated time, such as "20s" or "5min", instead of the file\'s.')]
Out = Annotated[Path | None, typer.Option(help="Folder for results; made if it is not there.", file_okay=False)]
Metrics = Annotated[
    str | None,
    typer.Option(callback=_some_names, help='Columns of the table, such as "feedback_ms_p50,feedback_ms_p99".'),
]
File = Annotated[Path, typer.Argument(help="A scenario, as .toml or .json.")]


def lengthened(scenario: Scenario, length: str | None) -> Scenario:
    """The scenario, of another length if one is given."""
    return scenario if length is None else scenario.with_(length=length)


def names_in(metrics: str | None) -> list[str]:
    """The names in a list with commas."""
    return [name.strip() for name in (metrics or "").split(",") if name.strip()]


def finished(work: Callable[[], Result]) -> tuple[Result, bool]:
    """The result of some work and True; if Ctrl-C is pressed, of those runs that were finished, and False."""
    from cqrsim.experiments import Interrupted

    try:
        return work(), True
    except Interrupted as stopped:
        if stopped.partial is None:
            raise
        print("cqrsim: interrupted; what follows is of the runs that were finished", file=sys.stderr)
        return cast("Result", stopped.partial), False


def report_errors(errors: pd.DataFrame) -> int:
    """Tell which runs failed; returns how many did."""
    for row in errors.to_dict("records"):
        said = ", ".join(f"{key} {row[key]}" for key in ("design", "point", "replication", "seed") if key in row)
        print(f"cqrsim: run failed ({said}): {row['message']}", file=sys.stderr)
    return len(errors)


def say_written(files: Sequence[Path]) -> None:
    """Tell which files were written, and where."""
    print(f"Written to {files[0].parent}: {', '.join(sorted(file.name for file in files))}")


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong and exit."""
    print(f"cqrsim: {message}", file=sys.stderr)
    raise SystemExit(code)
