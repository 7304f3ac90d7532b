"""A verification as a terminal shows it."""

from __future__ import annotations

from cqrsim.experiments.showing.wording import text_table
from cqrsim.theory.judging import FIRST_LEVEL, MORE, SECOND_LEVEL
from cqrsim.theory.registry import oracles
from cqrsim.theory.verification import Verification


def verification_text(verification: Verification) -> str:
    """The table, each oracle under its title, and what its columns and verdicts mean."""
    table = verification.table()
    lines = text_table(table.drop(columns="id")).splitlines()
    head, rows = lines[: -len(table)], lines[-len(table) :]
    titles = {oracle.id: f"{oracle.id}  {oracle.title} ({oracle.source})" for oracle in verification.oracles}
    shown, before = list(head), ""
    for name, row in zip(table["id"], rows, strict=True):
        if name != before:
            shown += ["", titles[name]]
        shown.append(row)
        before = name
    return "\n".join([*shown, "", _explained(verification)])


def _explained(verification: Verification) -> str:
    frame = verification.frame
    failed, twice = len(verification.failures), int((frame["looks"] == 2).sum())
    said = f"{failed} of {len(frame)} quantities DO NOT AGREE" if failed else f"All {len(frame)} quantities agree"
    return (
        f"{said}, seed {verification.seed}; {twice} were looked at twice.  Times are in seconds.\n"
        f"Intervals: {100 * (1 - FIRST_LEVEL):g} % at the first look; what misses is looked at again in {MORE} times "
        f"as many other runs, at {100 * (1 - SECOND_LEVEL):g} %.\n"
        f"Of a correct simulator {len(frame)} x {FIRST_LEVEL:g} x {SECOND_LEVEL:g} = {verification.false_alarms:.2g} "
        "quantities would fail on average."
    )


def oracles_text() -> str:
    """All oracles, one a line."""
    width = max(map(len, oracles()))
    return "\n".join(f"{oracle.id:{width}}  {oracle.title} ({oracle.source})" for oracle in oracles().values())
