"""What a comparison says, in a few plain sentences with its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from cqrsim.experiments.answers.estimates import metrics_in
from cqrsim.experiments.showing.wording import joined, plain

if TYPE_CHECKING:
    from cqrsim.experiments.compare import Comparison


@dataclass(frozen=True)
class Harm:
    """A share of commands that ended badly for their clients, and how to say so."""

    metric: str
    told: str


HARMS = (
    Harm("silent_failure_share", "failed without their clients ever being told"),
    Harm("false_success_share", "were reported as successful, and are not in the log"),
    Harm("false_failure_share", "were reported as failed or given up as such, though they are in the log"),
)


MOST_NAMED = 4
"""More designs than that are told by the least and the most."""


def findings(comparison: Comparison) -> list[str]:
    """Who learns fastest and slowest, and which designs leave whom in error."""
    known = metrics_in(comparison.frame)
    sentences = list(_speeds(comparison)) if "feedback_ms_p50" in known else []
    for harm in HARMS:
        if harm.metric in known:
            sentences += _harmed(comparison, harm)
    return sentences or ["Nothing that is worth a sentence."]


def _speeds(comparison: Comparison) -> Iterator[str]:
    found = comparison.estimates("feedback_ms_p50").dropna(subset=["value"]).sort_values("value")
    found = found[~found["design"].isin(comparison.unstable["design"])]
    if found.empty:
        return
    first, last = found.iloc[0], found.iloc[-1]
    start = f"Half of the clients have been told an outcome within {_time(first)}"
    named = [first["design"], last["design"]]
    if len(found) == 1:
        said = f'{start} with "{first["design"]}".'
    elif _time(first) == _time(last):
        said, named = f"{start}, whichever the design.", list(found["design"])
    else:
        said = f'{start} with "{first["design"]}"; with "{last["design"]}" that takes {_time(last)}.'
    yield said + _told_what_is_lost(comparison, named)


def _told_what_is_lost(comparison: Comparison, named: Sequence[object]) -> str:
    """To have been told an outcome is not to know it: which of these designs tell some clients what is not true."""
    if "false_success_share" not in metrics_in(comparison.frame):
        return ""
    shares = comparison.estimates("false_success_share")
    liars = shares[(shares["value"] > 0) & shares["design"].isin(list(named))]["design"]
    if not len(liars):
        return ""
    return f"  With {joined([_quoted(name) for name in liars])} this includes those told of a success that is lost."


def _time(row: pd.Series[Any]) -> str:
    more = "more than " if row["beyond"] else ""
    return f"{more}{plain(row['value'], 3)} ms"


def _harmed(comparison: Comparison, harm: Harm) -> Iterator[str]:
    found = comparison.estimates(harm.metric).dropna(subset=["value"])
    hurt, spared = found[found["value"] > 0], found[found["value"] == 0]
    if hurt.empty:
        return
    ordered = hurt.sort_values("value")
    pairs = zip(ordered["design"], ordered["value"], strict=True)
    shares = [f'{plain(100 * value, 3)} % with "{design}"' for design, value in pairs]
    told = joined(shares) if len(shares) <= MOST_NAMED else f"between {shares[0]} and {shares[-1]}"
    rest = f"; none with {joined([_quoted(name) for name in spared['design']])}" if len(spared) else ""
    yield f"Of the commands, {told} {harm.told}{rest}."


def _quoted(name: object) -> str:
    return f'"{name}"'
