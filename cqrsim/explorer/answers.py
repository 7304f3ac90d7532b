"""What a comparison says, for the page: its table, and what follows from it in words."""

from __future__ import annotations

import html
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cqrsim.experiments import Comparison
from cqrsim.experiments.answers.estimates import metrics_in
from cqrsim.experiments.answers.findings import findings
from cqrsim.experiments.answers.verdict import BETTER, WORSE
from cqrsim.explorer.choice import Choice
from cqrsim.explorer.subject import STATE


@dataclass(frozen=True)
class Column:
    """A metric, the head of its column, and what it is called in a sentence."""

    metric: str
    heading: str
    said: str


HALF = Column("feedback_ms_p50", "told within, half (ms)", "the median time until told")
NEARLY_ALL = Column("feedback_ms_p99", "told within, 99\u00a0% (ms)", "the time until 99 % are told")
EVER = Column("feedback_share", "ever told (%)", "the share that is ever told")
SILENT = Column("silent_failure_share", "failed, never told (%)", "silent failures")
FALSE = Column("false_success_share", "told “accepted”, lost (%)", "false successes")
HELD = Column("turn_held_ms_p99", "turn held, 99\u00a0% (ms)", "the time for which 99 % hold their turn at most")
APART = Column("divergence_share", "handler and log apart (%)", "the divergence of handler and log")

OF_FEEDBACK = (HALF, NEARLY_ALL, EVER, SILENT, FALSE)
"""What the table shows of ways to give feedback, and of designs of somebody's own."""

OF_STATE = (HALF, NEARLY_ALL, SILENT, FALSE, HELD, APART)
"""What it shows where designs differ in where their state lives."""


def columns_for(choice: Choice, comparison: Comparison) -> list[Column]:
    """The columns of the table."""
    of_state = set(choice.chosen) & set(choice.subject.offered.get(STATE, ()))
    known = metrics_in(comparison.frame)
    return [column for column in (OF_STATE if of_state else OF_FEEDBACK) if column.metric in known]


def table(choice: Choice, comparison: Comparison) -> str:
    """The designs' metrics with their intervals, as HTML."""
    columns = columns_for(choice, comparison)
    frame = comparison.table(*(column.metric for column in columns))
    heads = "".join(
        f'<th scope="col">{html.escape(head)}</th>' for head in ("design", *(one.heading for one in columns))
    )
    rows = "".join(_row(row) for row in frame.itertuples(index=False))
    note = f"Mean of {comparison.replications} runs ± half of its 95 % interval. “0 (&lt; x)”: none seen, at most x."
    whole = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div class='wide'>{whole}</div><p class='aside'>{note}</p>"


def _row(row: Sequence[object]) -> str:
    name, *values = (html.escape(str(value)) for value in row)
    return f'<tr><th scope="row">{name}</th>{"".join(f"<td>{value}</td>" for value in values)}</tr>'


def words(choice: Choice, comparison: Comparison) -> str:
    """What is found, what is to be known, and how each design compares with the first, as HTML."""
    found = _list([*findings(comparison), *comparison.warnings(), *_failed(comparison), *_not_shared(comparison)])
    if choice.rule():
        found += (
            "<p class='aside'>So that state has something to forbid, every aggregate holds a number from 0 to 20.</p>"
        )
    return found + _against_the_first(choice, comparison)


def _failed(comparison: Comparison) -> list[str]:
    count = len(comparison.errors)
    return [f"{count} runs failed, the first with {comparison.errors['message'].iloc[0]}."] if count else []


def _not_shared(comparison: Comparison) -> list[str]:
    """Where designs did not meet the same commands, and why."""
    other = comparison.shared[~comparison.shared["same_commands"]]
    return [
        f'"{row.design}" met other commands than "{next(iter(comparison.designs))}": they differ in {row.because}.'
        for row in other.itertuples()
    ]


def _against_the_first(choice: Choice, comparison: Comparison) -> str:
    """Differences from the first design that are sure, folded away."""
    if len(comparison.designs) == 1 or comparison.replications == 1:
        return ""
    said = {column.metric: column.said for column in columns_for(choice, comparison)}
    verdict = comparison.verdict(None, *said)
    rows = verdict.frame[verdict.frame["verdict"].isin([BETTER, WORSE])]
    sure = [_said(row, said) for row in rows.to_dict("records")]
    first = html.escape(verdict.against)
    told = _list(sure) if sure else "<p>No difference is sure yet: more replications would tell.</p>"
    return f'<details><summary>What is sure, against "{first}" ({len(sure)})</summary>{told}</details>'


def _said(row: Mapping[Hashable, Any], said: Mapping[str, str]) -> str:
    """A sentence of the verdict, in which the metric is called as people call it."""
    return str(row["sentence"]).replace(f" in {row['name']}:", f" in {said[row['name']]}:")


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(sentence)}</li>' for sentence in sentences)}</ul>"


def mistakes(text: str) -> str:
    """What is wrong, as HTML: a line each."""
    first, *more = text.splitlines()
    return f"<p class='mistake' role='alert'>{html.escape(first)}</p>" + (_list(more) if more else "")


def saved(files: Sequence[Path]) -> str:
    """Where scenarios were saved, as HTML."""
    return html.escape(f"Saved in {files[0].parent}: {', '.join(file.name for file in files)}")


def code_panel(code: str) -> str:
    """Code to be read, with a button that copies it."""
    copies = (
        "const code = this.parentNode.querySelector('pre'); getSelection().selectAllChildren(code); "
        "document.execCommand('copy'); this.textContent = 'Copied';"
    )
    return (
        f'<div class="code"><button onclick="{copies}">Copy to clipboard</button><pre>{html.escape(code)}</pre></div>'
    )
