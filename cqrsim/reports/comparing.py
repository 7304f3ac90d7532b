"""The report of a comparison, from the question to how to repeat it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cqrsim.experiments.answers.estimates import Metric, find_metrics
from cqrsim.experiments.answers.findings import findings
from cqrsim.experiments.compare import DEFAULT_METRICS
from cqrsim.experiments.showing.wording import joined
from cqrsim.reports import pictures, repeating, results
from cqrsim.reports.assumptions import assumptions
from cqrsim.reports.blocks import Block, File, Heading, Paragraph, Report, bullets, section
from cqrsim.reports.caveats import caveats
from cqrsim.reports.differing import differing
from cqrsim.reports.scenarios import in_words

if TYPE_CHECKING:
    from cqrsim.experiments import Comparison

MOST_SENTENCES = 8
"""More verdicts than that are told by their table only."""

MOST_NAMED = 5
"""More designs than that are counted in a title."""


def report_of(comparison: Comparison, names: Sequence[str], question: str, folder: str) -> Report:
    """All of it; ``folder`` is what scenario files are found in, seen from where commands are typed."""
    metrics = find_metrics(comparison.frame, names, DEFAULT_METRICS)
    against = next(iter(comparison.designs))
    blocks = [
        *section("Question", Paragraph(question or _question(comparison, metrics))),
        *_answer(comparison, metrics, against),
        *_results(comparison, metrics, against),
        *_designs(comparison),
        *section("Assumptions", Paragraph("What the model leaves out:"), bullets(_assumed(comparison))),
        *section("Limits", bullets(caveats(comparison, against, metrics))),
        *_repeating(comparison, folder),
    ]
    return Report(_title(comparison), tuple(blocks))


def _title(comparison: Comparison) -> str:
    names = list(comparison.designs)
    if len(names) == 1:
        return f"What comes of {names[0]}"
    return f"Comparison of {joined(names) if len(names) <= MOST_NAMED else f'{len(names)} designs'}"


def _question(comparison: Comparison, metrics: Sequence[Metric]) -> str:
    """What is asked where nobody has said it."""
    measured = joined([metric.heading.partition(", ")[0] for metric in metrics])
    names = [f'"{name}"' for name in comparison.designs]
    if len(names) == 1:
        return f"What are {measured} of {names[0]}?"
    return f"How do {joined(names)} differ in {measured}, on the same commands and with the same luck?"


def _answer(comparison: Comparison, metrics: Sequence[Metric], against: str) -> Iterator[Block]:
    """In words, and design by design."""
    yield from section("Answer", bullets(findings(comparison)))
    if len(comparison.designs) > 1:
        verdict = comparison.verdict(against, *(metric.name for metric in metrics))
        sentences = verdict.sentences if len(verdict.frame) <= MOST_SENTENCES else []
        yield Paragraph(f'Beside "{against}", each design is:')
        yield results.verdicts(verdict.frame, metrics)
        yield from section("In words", bullets(sentences), level=3)


def _assumed(comparison: Comparison) -> list[str]:
    return assumptions(comparison.designs.values())


def _results(comparison: Comparison, metrics: Sequence[Metric], against: str) -> Iterator[Block]:
    table = results.results(comparison, metrics)
    told = results.what_results_are(comparison.confidence, f"{comparison.replications} replications", table)
    yield from section("Results", table, Paragraph(told), *pictures.metric_pictures(comparison, metrics))
    if (found := results.differences(comparison, against, metrics)) is not None:
        yield from section(f'Differences from "{against}"', Paragraph(_differences_are(comparison)), found, level=3)
    yield from section("How long clients wait", pictures.waiting_picture(comparison), level=3)
    told = "Means over the replications, ± half of their interval; in brackets the commands of all replications."
    matrices = pictures.outcome_pictures(comparison)
    yield from section("Truth and belief", results.outcomes(comparison), Paragraph(told), *matrices, level=3)


def _differences_are(comparison: Comparison) -> str:
    return (
        f"Paired by replication: means of the differences, ± half of their {100 * comparison.confidence:g} % interval, "
        "or the end of it that is known.  p is that of a paired t test, adjusted after Holm for all rows of this "
        "table; the variance ratio says how many times as many independent runs would give the same interval.  "
        "Equivalent is what is shown to differ by less than 5 % of the value, or by less than 0.1 % of the commands."
    )


def _designs(comparison: Comparison) -> Iterator[Block]:
    yield Heading("Designs")
    if len(comparison.designs) > 1:
        told = Paragraph("They are set up alike in all else.")
        same = Paragraph("In no setting: the designs are the same.")
        table = differing(comparison.designs)
        yield from section("What differs", *([same] if table is None else [table, told]), level=3)
    yield from in_words(comparison.designs)
    yield from section("What was shared", bullets(list(_shared(comparison))), level=3)


def _shared(comparison: Comparison) -> Iterator[str]:
    yield (
        f"Luck: every draw follows from the seed {comparison.seed}, the number of the replication, the command, the "
        "attempt and the purpose, never from the order in which a design asks.  Equal settings therefore met equal "
        "times and faults, and different distributions the same luck, stretched."
    )
    apart = comparison.shared[~comparison.shared["same_commands"]]
    if apart.empty and len(comparison.designs) > 1:
        yield "Commands: in each replication all designs met identical commands, which was checked while they ran."
    for row in apart.to_dict("records"):
        yield (
            f'Commands: those of "{row["group"]}" in "{row["design"]}" are not those of the first design, since they '
            f"differ in {row['because']}."
        )


def _repeating(comparison: Comparison, folder: str) -> Iterator[Block]:
    yield Heading("How to repeat it")
    yield Paragraph(
        f"Seed {comparison.seed}, replications 0 to {comparison.replications - 1}.  The same scenarios, seed and "
        "version give the same numbers on any machine, with any engine, and with any number of processes.  In Python:"
    )
    if not folder:
        yield Paragraph("(The scenario files stand below: save them where you type this.)")
    yield repeating.in_python(comparison, folder)
    if (command := repeating.in_a_shell(comparison, folder)) is not None:
        yield Paragraph("Or on the command line, which calls designs by the names in their files:")
        yield command
    yield from section("Scenarios as files", *repeating.scenario_files(comparison.designs), level=3)
    told = "The runs can be recognised by their digests; those of the traces stand for all that happened."
    every_run = File("runs.csv", comparison.runs.to_csv(index=False, lineterminator="\n"), shown=False)
    yield from section("Digests", Paragraph(told), repeating.digests(comparison.runs, "design"), every_run, level=3)
    yield from section("Versions", Paragraph("This report was made with:"), repeating.versions(), level=3)
