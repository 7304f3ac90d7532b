"""``cqrsim outcomes``: what one fault does to every design."""

from __future__ import annotations

from typing import Annotated

import typer

from cqrsim.cli.options import FINE, NO, Jobs, report_errors


def outcomes(
    feedback: Annotated[
        str, typer.Option(help='How clients are told: "decided", "written", "forward event", "silence", "error cache".')
    ] = "decided",
    cure: Annotated[list[str] | None, typer.Option(help="What helps, by name; again for several at once.")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="One of the faults; again for several; all, if not said.")
    ] = None,
    design: Annotated[
        list[str] | None, typer.Option(help="One of the designs; again for several; all, if not said.")
    ] = None,
    jobs: Jobs = 1,
) -> None:
    """Show what one fault at an append does to each design, while a second command follows that excludes the first.

    AHEAD in capitals always occurs, whenever the second command follows; "ahead?" does at some timings.  Cures are
    "version check", "dedupe", "gap detection", "poison", "honest unknown" and "fencing".
    """
    from cqrsim.experiments import outcome_designs, outcome_table
    from cqrsim.experiments.outcome_tables.outcome_designs import known
    from cqrsim.experiments.outcome_tables.telling_outcomes import outcomes_text

    designs = outcome_designs(feedback)
    chosen = {known("design", name, designs): designs[name] for name in design or designs}
    table = outcome_table(chosen, fault or None, cures=cure or (), n_jobs=jobs)
    print(outcomes_text(table))
    raise typer.Exit(NO if report_errors(table.errors) else FINE)
