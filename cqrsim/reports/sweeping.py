"""The report of a sweep, from the question to how to repeat it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.errors import ScenarioError
from cqrsim.experiments.answers.estimates import Metric, find_metrics
from cqrsim.experiments.comparison import DEFAULT_METRICS
from cqrsim.experiments.designs.design import as_text
from cqrsim.experiments.designs.sweep_file import SweepFile
from cqrsim.experiments.showing.wording import joined, plain, scale
from cqrsim.reports import pictures, repeating, results
from cqrsim.reports.assumptions import assumptions
from cqrsim.reports.blocks import Block, Code, File, Heading, Paragraph, Report, Table, bullets, section
from cqrsim.reports.caveats import of_failures, of_replications, of_the_model
from cqrsim.reports.scenarios import in_words

if TYPE_CHECKING:
    from cqrsim.experiments import Sweep

MOST_ROWS = 200
"""Points that a table in the report shows; of more, a file beside it has all."""


def report_of(sweep: Sweep, names: Sequence[str], question: str, folder: str) -> Report:
    """All of it; ``folder`` is what files are found in, seen from where commands are typed."""
    metrics = find_metrics(sweep.frame, names, DEFAULT_METRICS)
    scenarios = [scenario for _, scenario in sweep.design]
    blocks = [
        *section("Question", Paragraph(question or _question(sweep, metrics))),
        *section("Answer", bullets(list(_answers(sweep, metrics)))),
        *_results(sweep, metrics),
        *section("Design", _factors(sweep), *in_words({"base": sweep.design.base}), *_shared(sweep)),
        *section("Assumptions", Paragraph("What the model leaves out:"), bullets(assumptions(scenarios))),
        *section("Limits", bullets(list(_limits(sweep)))),
        *_repeating(sweep, folder),
    ]
    return Report(f"Sweep of {joined(sweep.design.paths)}: {len(sweep.design)} points", tuple(blocks))


def _question(sweep: Sweep, metrics: Sequence[Metric]) -> str:
    """What is asked where nobody has said it."""
    measured = joined([metric.heading.partition(", ")[0] for metric in metrics])
    return f"How do {measured} depend on {joined(sweep.design.paths)}?"


def _answers(sweep: Sweep, metrics: Sequence[Metric]) -> Iterator[str]:
    """Where each metric is lowest and highest, which do not depend on anything, and which points cannot keep up."""
    alike = []
    for metric in metrics:
        words, _, unit = metric.heading.partition(", ")
        found = sweep.estimates(metric.name)
        found = found[found["value"].notna() & ~found["beyond"]].sort_values("value", kind="stable")
        if found["value"].nunique() > 1:
            lowest, highest = (_at(sweep, row, unit) for row in (found.iloc[0], found.iloc[-1]))
            yield f"The lowest {words} was {lowest}, and the highest {highest}."
        elif len(found):
            alike.append(f"{words} ({_amount(found.iloc[0], unit)})")
    if alike:
        yield f"The same wherever it is known: {joined(alike)}."
    if sweep.unstable:
        yield f"{len(sweep.unstable)} of {len(sweep.design)} points cannot keep up, and were not run."


def _at(sweep: Sweep, row: pd.Series[Any], unit: str) -> str:
    """A value, its interval, and the point that it belongs to."""
    low, high = (plain(row[name] * scale(str(row["unit"])), 3) for name in ("low", "high"))
    within = f" ({low} to {high})" if row["runs"] > 1 else ""
    return f"{_amount(row, unit)}{within} at {joined([f'{path} = {row[path]}' for path in sweep.design.paths])}"


def _amount(row: pd.Series[Any], unit: str) -> str:
    return f"{plain(row['value'] * scale(str(row['unit'])), 3)} {unit}".rstrip()


def _results(sweep: Sweep, metrics: Sequence[Metric]) -> Iterator[Block]:
    headings = {metric.name: metric.heading for metric in metrics}
    full = sweep.table(*headings).rename(columns=headings)
    table = Table.of(full.head(MOST_ROWS))
    told = results.what_results_are(sweep.confidence, f"{sweep.replications} replications", table)
    more = Paragraph(f"The first {MOST_ROWS} of {len(full)} points.") if len(full) > MOST_ROWS else None
    every = File("results.csv", full.to_csv(index=False, lineterminator="\n"), shown=False)
    yield from section("Results", table, more, Paragraph(told), every, *pictures.sweep_pictures(sweep, metrics))
    yield from section("Unstable points", bullets(list(_unstable(sweep))), level=3)


def _unstable(sweep: Sweep) -> Iterator[str]:
    for point, because in list(sweep.unstable.items())[:MOST_ROWS]:
        yield f"Point {point} was not run, since it cannot keep up with its commands: {because}"


def _factors(sweep: Sweep) -> Table:
    """What varies, and over which levels."""
    columns = sweep.design.columns()
    rows = []
    for path in sweep.design.paths:
        levels = list(dict.fromkeys(as_text(level) for level in columns[path]))
        shown = joined(levels) if len(levels) <= 12 else f"{len(levels)} values, such as {joined(levels[:3])}"
        rows.append((path, shown))
    return Table(("setting", "values"), tuple(rows))


def _shared(sweep: Sweep) -> Iterator[Block]:
    told = (
        f"Luck: every draw follows from the seed {sweep.seed}, the number of the replication, the command, the attempt "
        "and the purpose.  Points with equal settings of the clients met identical commands."
    )
    yield from section("What was shared", Paragraph(told), level=3)


def _limits(sweep: Sweep) -> Iterator[str]:
    yield from of_replications(sweep.replications)
    yield from of_failures(sweep.errors, "point")
    if not sweep.complete:
        yield "Not all runs that were asked for are there: means rest on those that are."
    yield (
        f"Each interval is one of {100 * sweep.confidence:g} % by itself: of many points, some miss the truth.  Lowest "
        "and highest are those that were seen, and so flatter the extremes."
    )
    yield from of_the_model(scenario for _, scenario in sweep.design)


def _repeating(sweep: Sweep, folder: str) -> Iterator[Block]:
    yield Heading("How to repeat it")
    yield Paragraph(
        f"Seed {sweep.seed}, replications 0 to {sweep.replications - 1}.  The same design, seed and version give the "
        "same numbers on any machine, with any engine, and with any number of processes."
    )
    yield from _to_type(sweep, folder)
    yield from section("Digests", repeating.digests_of_sweep(sweep), level=3)
    yield from section("Versions", Paragraph("This report was made with:"), repeating.versions(), level=3)


def _to_type(sweep: Sweep, folder: str) -> Iterator[Block]:
    """The files, and what to do with them; a sentence, if no file can hold the design."""
    try:
        files = [File("scenario.toml", sweep.design.base.to_toml()), File("sweep.toml", _sweep_toml(sweep))]
    except ScenarioError as refused:
        yield Paragraph(f"The design cannot be written to a file: {refused}.")
        return
    file = f"{folder}/sweep.toml" if folder else "sweep.toml"
    overloaded = ', overloaded="run"' if sweep.asked.runs_overloaded else ""
    call = f"cq.sweep(asked.design, asked.replications, asked.seed{overloaded})"
    yield Code(f'import cqrsim as cq\n\nasked = cq.load_sweep("{file}")\nresult = {call}\nresult.runs', "python")
    yield Code(f"cqrsim sweep {file}", "sh")
    yield from files


def _sweep_toml(sweep: Sweep) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sweep.toml"
        SweepFile(sweep.design, sweep.replications, sweep.seed).save(file, scenario="scenario.toml")
        return file.read_text(encoding="utf-8")
