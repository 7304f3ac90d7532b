"""The command line: ``cqrsim compare``, ``run``, ``sweep``, ``outcomes``, ``check``, ``show`` and ``schema``.

Exit codes: 0 fine; 1 the answer is no, or some runs failed; 2 bad input.  Mistakes of users end in one plain message.
What takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar, cast

import typer

from cqrsim import __version__
from cqrsim.errors import CqrsimError, RunError
from cqrsim.scenario import Scenario, load
from cqrsim.scenario import schema as scenario_schema
from cqrsim.scenario.files import read_table
from cqrsim.scenario.presets import blog, feedback_cases, filling, state_cases

if TYPE_CHECKING:
    import pandas as pd

    from cqrsim.experiments import Comparison

FINE, NO, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
Result = TypeVar("Result")


class Engines(StrEnum):
    """What runs a scenario."""

    AUTO = "auto"
    SIMPY = "simpy"
    ARRAY = "array"


class Designs(StrEnum):
    """Which of the essay's alternatives to compare."""

    FEEDBACK = "feedback"
    STATE = "state"


PRESET_METRICS: dict[Designs, tuple[str, ...]] = {
    Designs.FEEDBACK: (),
    Designs.STATE: (
        "feedback_ms_p50",
        "turn_held_ms_p99",
        "feedback_share",
        "false_success_share",
        "divergence_share",
        "wrong_refuse_per_million",
    ),
}
"""What the tables of the presets show; none named: what tables show by default."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _some_jobs(jobs: int) -> int:
    if jobs < -1 or jobs == 0:
        raise typer.BadParameter(
            f"{jobs} is no number of processes: say 1 or more, or -1 for as many as there are cores"
        )
    return jobs


def _some_names(metrics: str | None) -> str | None:
    if metrics is not None and not _names(metrics):
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


@app.command()
def compare(
    files: Annotated[list[Path] | None, typer.Argument(help="Scenarios; without any, the presets.")] = None,
    designs: Annotated[
        Designs | None, typer.Option(help="Without files: which designs to compare; feedback, if not said.")
    ] = None,
    replications: Replications = 10,
    seed: Seed = 1,
    length: Length = None,
    jobs: Jobs = 1,
    engine: EngineName = Engines.AUTO,
    out: Out = None,
    metrics: Metrics = None,
) -> None:
    """Compare designs on the same commands and the same luck.

    Without files, on a preset, healthy and on a disk that fills: four ways to tell a blog's users what became of their
    commands, or eight places for the command handler's state.
    """
    from cqrsim.experiments import compare as compare_designs
    from cqrsim.experiments.estimates import check_names
    from cqrsim.experiments.files import ready_folder
    from cqrsim.experiments.telling import comparison_text

    if files and designs is not None:
        raise typer.BadParameter("--designs chooses among the presets: leave it out where files are given")
    chosen = designs or Designs.FEEDBACK
    names = _names(metrics) or ([] if files else list(PRESET_METRICS[chosen]))
    failed = 0
    cases = _cases(files or [], chosen, length)
    check_names(names, [scenario for scenarios in cases.values() for scenario in scenarios.values()])
    folders = {title: None if out is None else ready_folder(_folder(out, title, len(cases))) for title in cases}
    for title, scenarios in cases.items():
        comparison, complete = _finished(
            partial(compare_designs, scenarios, replications, seed, n_jobs=jobs, engine=engine)
        )
        print(comparison_text(comparison, names, title), end="\n\n")
        if folder := folders[title]:
            _save_comparison(comparison, folder)
        failed += _report_errors(comparison.errors)
        if not complete:
            raise typer.Exit(INTERRUPTED)
    raise typer.Exit(NO if failed else FINE)


@app.command()
def run(file: File, seed: Seed = 1, length: Length = None, engine: EngineName = Engines.AUTO, out: Out = None) -> None:
    """Simulate one scenario once, and print what came of it."""
    from cqrsim.experiments import simulate
    from cqrsim.experiments.files import ready_folder
    from cqrsim.experiments.telling import run_text

    scenario = _lengthened(load(file), length)
    folder = None if out is None else ready_folder(out)
    result = simulate(scenario, seed, engine=engine)
    print(run_text(result, scenario.name or file.stem))
    if folder is not None:
        _say_written(result.save(folder))


@app.command()
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
    check_names(_names(metrics), [scenario for _, scenario in asked.design])
    folder = None if out is None else ready_folder(out)
    counted = asked.replications if replications is None else replications
    chosen = asked.seed if seed is None else seed
    result, complete = _finished(partial(run_through, asked.design, counted, chosen, n_jobs=jobs, engine=engine))
    print(sweep_text(result, _names(metrics)))
    if folder is not None:
        _say_written(result.save(folder))
    failed = _report_errors(result.errors)
    raise typer.Exit(INTERRUPTED if not complete else NO if failed else FINE)


@app.command()
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
    from cqrsim.experiments.outcome_designs import known
    from cqrsim.experiments.telling_outcomes import outcomes_text

    designs = outcome_designs(feedback)
    chosen = {known("design", name, designs): designs[name] for name in design or designs}
    table = outcome_table(chosen, fault or None, cures=cure or (), n_jobs=jobs)
    print(outcomes_text(table))
    raise typer.Exit(NO if _report_errors(table.errors) else FINE)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Scenarios or sweeps, as .toml or .json.")],
) -> None:
    """Look for mistakes in files, and tell all of them."""
    wrong = 0
    for file in files:
        try:
            print(f"{file}: fine, {_checked(file)}")
        except CqrsimError as mistake:
            wrong += 1
            print(mistake, file=sys.stderr)
    raise typer.Exit(BAD_INPUT if wrong else FINE)


@app.command()
def show(file: File) -> None:
    """Tell a scenario in plain words."""
    print(load(file).describe())


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    print(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; whatever a user did wrong ends in a message, not in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old terminal may not know the sign of plus or minus
    try:
        app(args=None if arguments is None else list(arguments), prog_name="cqrsim")
    except RunError as broken:
        _fail(str(broken), NO)
    except CqrsimError as mistake:
        _fail(str(mistake), BAD_INPUT)
    except OSError as refused:
        _fail(f"{refused.filename}: {refused.strerror}" if refused.filename else str(refused), BAD_INPUT)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)


def _fail(message: str, code: int) -> NoReturn:
    print(f"cqrsim: {message}", file=sys.stderr)
    raise SystemExit(code)


def _finished(work: Callable[[], Result]) -> tuple[Result, bool]:
    """The result of some work and True; if Ctrl-C is pressed, of those runs that were finished, and False."""
    from cqrsim.experiments import Interrupted

    try:
        return work(), True
    except Interrupted as stopped:
        if stopped.partial is None:
            raise
        print("cqrsim: interrupted; what follows is of the runs that were finished", file=sys.stderr)
        return cast("Result", stopped.partial), False


def _lengthened(scenario: Scenario, length: str | None) -> Scenario:
    return scenario if length is None else scenario.with_(length=length)


def _checked(file: Path) -> str:
    """What a file holds, in a few words, if it is right."""
    from cqrsim.experiments.sweep_file import is_sweep, load_sweep

    if is_sweep(read_table(file)):
        return f"a sweep of {len(load_sweep(file).design)} points"
    load(file)
    return "a scenario"


def _names(metrics: str | None) -> list[str]:
    return [name.strip() for name in (metrics or "").split(",") if name.strip()]


def _cases(files: Sequence[Path], designs: Designs, length: str | None) -> dict[str, dict[str, Scenario]]:
    """What is to be compared, under a title each."""
    if files:
        return {"": _named([(load(file), file) for file in files], length)}
    cases_of = state_cases if designs is Designs.STATE else feedback_cases
    base = blog().with_(length=length or "10s", warm_up="0s")
    base = base.with_(warm_up=base.length * 0.1)
    return {"healthy": cases_of(base), "the disk fills": cases_of(filling(base))}


def _named(loaded: Sequence[tuple[Scenario, Path]], length: str | None) -> dict[str, Scenario]:
    """Scenarios by their names, or by those of their files where these do not tell them apart."""
    names = [scenario.name or file.stem for scenario, file in loaded]
    if len(set(names)) < len(names):
        names = [str(file) for _, file in loaded]
    if len(set(names)) < len(names):
        raise typer.BadParameter("the same file is given twice")
    return {name: _lengthened(scenario, length) for name, (scenario, _) in zip(names, loaded, strict=True)}


def _folder(out: Path, title: str, cases: int) -> Path:
    return out if cases == 1 else out / title.replace(" ", "-")


def _save_comparison(comparison: Comparison, folder: Path) -> None:
    from cqrsim import plots
    from cqrsim.plots.saving import need_no_screen

    need_no_screen()
    picture = plots.save(plots.feedback_ecdf(comparison), folder / "feedback.png", dpi=120)
    _say_written([*comparison.save(folder), picture])


def _report_errors(errors: pd.DataFrame) -> int:
    """Tell which runs failed; returns how many did."""
    for row in errors.to_dict("records"):
        said = ", ".join(f"{key} {row[key]}" for key in ("design", "point", "replication", "seed") if key in row)
        print(f"cqrsim: run failed ({said}): {row['message']}", file=sys.stderr)
    return len(errors)


def _say_written(files: Sequence[Path]) -> None:
    print(f"Written to {files[0].parent}: {', '.join(sorted(file.name for file in files))}")
