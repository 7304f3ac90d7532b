"""``cqrsim verify``: systems whose behaviour is known from theory, simulated and compared with it."""

from __future__ import annotations

from typing import Annotated

import typer

from cqrsim.cli.options import FINE, NO, EngineName, Engines, Jobs, Seed, report_errors


def verify(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Oracles, such as O01a; all, if none is named.")
    ] = None,
    seed: Seed = 1,
    replications: Annotated[
        int | None, typer.Option(min=2, help="Runs of the first look, instead of each oracle's own number.")
    ] = None,
    jobs: Jobs = 1,
    engine: EngineName = Engines.AUTO,
    list_: Annotated[bool, typer.Option("--list", help="Tell which oracles there are, and run nothing.")] = False,
) -> None:
    """Compare simulations with theory: queues, pools, group commits, polls, turns, visibility, outages.

    What misses its 99 % interval is looked at again, in four times as many runs that nobody has seen, and fails if it
    misses at 99.99 % there.  Exit code 1 if anything fails.
    """
    from cqrsim.theory import verify as put_to_the_test
    from cqrsim.theory.telling import oracles_text, verification_text

    if list_:
        print(oracles_text())
        return
    verification = put_to_the_test(ids or None, seed, replications, jobs, engine=engine)
    print(verification_text(verification))
    report_errors(verification.errors.rename(columns={"id": "design"}))
    raise typer.Exit(FINE if verification.is_fine else NO)
