"""``cqrsim compare``: designs on the same commands and the same luck."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
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
    Length,
    Metrics,
    Out,
    Replications,
    Seed,
    finished,
    lengthened,
    names_in,
    report_errors,
    say_written,
)
from cqrsim.scenario import Scenario, load
from cqrsim.scenario.presets import blog, feedback_cases, filling, state_cases

if TYPE_CHECKING:
    from cqrsim.experiments import Comparison


Checks = Annotated[
    list[str] | None,
    typer.Option(help='What must hold, such as "feedback_ms_p99 < 50"; again for more.', metavar="TEXT"),
]


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
    check: Checks = None,
) -> None:
    """Compare designs on the same commands and the same luck.

    Without files, on a preset, healthy and on a disk that fills: four ways to tell a blog's users what became of their
    commands, or eight places for the command handler's state.

    A check such as "feedback_ms_p99 < 50" must hold in every design, "wait: feedback_ms_p99 < 50" in one.  It holds if
    the whole confidence interval lies on the right side; the exit code is 1 if one does not.
    """
    from cqrsim.experiments import compare as compare_designs
    from cqrsim.experiments.answers.estimates import check_names
    from cqrsim.experiments.answers.expectations import all_hold, checks_text, expectations
    from cqrsim.experiments.showing.files import ready_folder
    from cqrsim.experiments.showing.telling import comparison_text

    if files and designs is not None:
        raise typer.BadParameter("--designs chooses among the presets: leave it out where files are given")
    chosen = designs or Designs.FEEDBACK
    names = names_in(metrics) or ([] if files else list(PRESET_METRICS[chosen]))
    checks, failed, held = check or [], 0, True
    cases = _cases(files or [], chosen, length)
    check_names(names, [scenario for scenarios in cases.values() for scenario in scenarios.values()])
    for scenarios in cases.values():
        expectations(checks, scenarios, scenarios.values())
    folders = {title: None if out is None else ready_folder(_folder(out, title, len(cases))) for title in cases}
    for title, scenarios in cases.items():
        comparison, complete = finished(
            partial(compare_designs, scenarios, replications, seed, n_jobs=jobs, engine=engine)
        )
        print(comparison_text(comparison, names, title), end="\n\n")
        if checks:
            verdicts = comparison.check(*checks)
            held = held and all_hold(verdicts)
            print(checks_text(verdicts), end="\n\n")
        if folder := folders[title]:
            _save_comparison(comparison, folder)
        failed += report_errors(comparison.errors)
        if not complete:
            raise typer.Exit(INTERRUPTED)
    raise typer.Exit(NO if failed or not held else FINE)


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
    return {name: lengthened(scenario, length) for name, (scenario, _) in zip(names, loaded, strict=True)}


def _folder(out: Path, title: str, cases: int) -> Path:
    return out if cases == 1 else out / title.replace(" ", "-")


def _save_comparison(comparison: Comparison, folder: Path) -> None:
    from cqrsim import plots
    from cqrsim.plots.saving import need_no_screen

    need_no_screen()
    picture = plots.save(plots.feedback_ecdf(comparison), folder / "feedback.png", dpi=120)
    say_written([*comparison.save(folder), picture])
