"""What a comparison says, for the page: its table, and what follows from it in words."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cqrsim.experiments import Comparison
from cqrsim.experiments.answers.estimates import metrics_in
from cqrsim.experiments.answers.findings import findings
from cqrsim.experiments.answers.verdict import BETTER, WORSE
from cqrsim.explorer.choice import Choice
from cqrsim.explorer.subject import STATE

OF_ALL = ("feedback_ms_p50", "feedback_ms_p99", "feedback_share", "silent_failure_share", "false_success_share")
"""What the table shows of every design."""

OF_STATE = ("turn_held_ms_p99", "divergence_share", "wrong_refuse_per_million")
"""What it shows besides, where designs differ in where their state lives."""

HEADINGS = {
    "feedback_ms_p50": "told within, half (ms)",
    "feedback_ms_p99": "told within, 99\u00a0% (ms)",
    "feedback_share": "ever told (%)",
    "silent_failure_share": "failed, never told (%)",
    "false_success_share": "told “accepted”, lost (%)",
    "turn_held_ms_p99": "turn held, 99\u00a0% (ms)",
    "divergence_share": "handler and log apart (%)",
    "wrong_refuse_per_million": "wrongly refused (per million)",
}


def metrics_for(choice: Choice, comparison: Comparison) -> list[str]:
    """The columns of the table."""
    of_state = set(choice.chosen) & set(choice.subject.offered.get(STATE, ()))
    known = metrics_in(comparison.frame)
    return [name for name in (*OF_ALL, *(OF_STATE if of_state else ())) if name in known]


def table(choice: Choice, comparison: Comparison) -> str:
    """The designs' metrics with their intervals, as HTML."""
    frame = comparison.table(*metrics_for(choice, comparison))
    heads = "".join(f'<th scope="col">{html.escape(HEADINGS.get(str(name), str(name)))}</th>' for name in frame)
    rows = "".join(_row(row) for row in frame.itertuples(index=False))
    note = f"Mean of {comparison.replications} runs ± half of its 95 % interval. “0 (&lt; x)”: none seen, at most x."
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table><p class='aside'>{note}</p>"


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
    verdict = comparison.verdict(None, *metrics_for(choice, comparison))
    sure: pd.Series[str] = verdict.frame[verdict.frame["verdict"].isin([BETTER, WORSE])]["sentence"]
    first = html.escape(verdict.against)
    said = _list(sure) if len(sure) else "<p>No difference is sure yet: more replications would tell.</p>"
    return f'<details><summary>What is sure, against "{first}" ({len(sure)})</summary>{said}</details>'


def _list(sentences: Sequence[str] | pd.Series[str]) -> str:
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
