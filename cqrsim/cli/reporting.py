"""``cqrsim report``: what was found, for people, from the results in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cqrsim.cli.options import Metrics, names_in, say_written


def report(
    folder: Annotated[Path, typer.Argument(help="Results, written by compare or sweep with --out.")],
    out: Annotated[
        Path | None, typer.Option(help="The report, .html or .md; report.html in the folder, if not said.")
    ] = None,
    question: Annotated[str, typer.Option(help="What was asked, in your own words.")] = "",
    metrics: Metrics = None,
) -> None:
    """Write a report of results: the answer, its numbers with intervals, its limits, and how to repeat it.

    An .html report holds all that it needs; one in .md has its pictures and scenarios in a folder beside it.
    """
    from cqrsim.plots.saving import need_no_screen
    from cqrsim.reports import folder_report

    need_no_screen()
    path = folder / "report.html" if out is None else out
    say_written(folder_report(folder, path, *names_in(metrics), question=question)[:1])
