"""The command line, one file a command or a few that belong together.

Exit codes: 0 fine; 1 the answer is no, or some runs failed; 2 bad input.  Mistakes of users end in one plain message.
What takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, Any

import typer

from cqrsim import __version__
from cqrsim.cli.comparing import compare
from cqrsim.cli.exploring import explore
from cqrsim.cli.looking import check, schema, show
from cqrsim.cli.options import BAD_INPUT, INTERRUPTED, NO, fail
from cqrsim.cli.outcomes import outcomes
from cqrsim.cli.reporting import report
from cqrsim.cli.running import run
from cqrsim.cli.sweeping import gather, sweep
from cqrsim.cli.verify import verify
from cqrsim.errors import CqrsimError, RunError

COMMANDS = (compare, run, sweep, gather, outcomes, explore, report, verify, check, show, schema)
"""In the order in which help lists them."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Simulate CQRS and event-sourced systems, and compare their designs."""


def _telling_of_interruption(command: Callable[..., None]) -> Callable[..., None]:
    """The command, which says so when somebody presses Ctrl-C before it has anything to show."""

    @wraps(command)
    def told(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt:
            fail("interrupted before anything had finished", INTERRUPTED)

    return told


for command in COMMANDS:
    app.command()(_telling_of_interruption(command))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; whatever a user did wrong ends in a message, not in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old terminal may not know the sign of plus or minus
    try:
        app(args=None if arguments is None else list(arguments), prog_name="cqrsim")
    except RunError as broken:
        fail(str(broken), NO)
    except CqrsimError as mistake:
        fail(str(mistake), BAD_INPUT)
    except OSError as refused:
        fail(f"{refused.filename}: {refused.strerror}" if refused.filename else str(refused), BAD_INPUT)
