"""What may be said of each design against one of them: better, worse, equivalent, or not resolved, and by how much.

Two designs are equivalent in a metric where their difference is shown to be smaller than a practical margin, by two
one-sided tests (Schuirmann 1987).  Better and worse is what is shown to differ otherwise.  P-values of differences, and
those of equivalence, are each adjusted for all rows of the table (Holm 1979).  No evidence is no equivalence: what
is neither shown to differ nor to be equivalent is unresolved.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.errors import ResultError, ScenarioError
from cqrsim.experiments.answers.differences import ByReplication, Pairs
from cqrsim.experiments.answers.directions import Better, better, margin
from cqrsim.experiments.answers.estimates import Metric, unknown
from cqrsim.experiments.answers.width import Width, widths
from cqrsim.experiments.showing import wording
from cqrsim.metrics import intervals

BETTER, WORSE, EQUIVALENT, UNRESOLVED = "better", "worse", "equivalent", "unresolved"
HIGHER, LOWER, UNSTABLE, UNKNOWN = "higher", "lower", "unstable", "cannot be told"
VERDICTS = (BETTER, WORSE, HIGHER, LOWER, EQUIVALENT, UNRESOLVED, UNSTABLE, UNKNOWN)
"""All that may be said; higher and lower where neither is better."""

MANY = 3
"""So many metrics in which a design is equivalent are told in one sentence."""


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """One row per design and metric; ``sentence`` says in words what the numbers beside it mean."""

    against: str
    frame: pd.DataFrame

    @property
    def sentences(self) -> list[str]:
        """What is said, a sentence each; but one for all metrics in which a design is equivalent, if they are many."""
        told = []
        for design, rows in self.frame.groupby("design", sort=False):
            alike = rows["verdict"] == EQUIVALENT
            if alike.sum() < MANY:
                told += rows["sentence"].tolist()
            else:
                told += [*rows.loc[~alike, "sentence"], _all_equivalent(str(design), self.against, rows[alike])]
        return told

    def __repr__(self) -> str:
        return "\n".join(textwrap.fill(f"* {one}", width=110, subsequent_indent="  ") for one in self.sentences)

    def _repr_html_(self) -> str:
        rows = self.frame[["design", "name", "verdict", "sentence"]]
        return wording.html_table(f'Against "{self.against}"', rows)


@dataclass(frozen=True, eq=False)
class Judged:
    """One metric of a design beside that of the one it is compared with."""

    design: str
    metric: Metric
    pairs: Pairs
    margin: float
    unstable: bool = False

    @property
    def theirs(self) -> float:
        """The mean of the design."""
        return mean_of(self.pairs.theirs)

    @property
    def ours(self) -> float:
        """The mean of the one that it is compared with."""
        return mean_of(self.pairs.ours)

    @property
    def known(self) -> bool:
        """Whether there is anything to compare."""
        told = len(self.pairs.ours) > 1 and not self.pairs.untold and not self.pairs.too_few
        return told and not self.unstable and not math.isnan(self.margin)

    @property
    def p_differs(self) -> float:
        """How likely a difference as large would be if there were none; NaN where nothing is known."""
        if not self.known or (self.pairs.theirs_beyond and self.pairs.ours_beyond):
            return math.nan
        if self.pairs.nothing_of:
            return 1.0
        found = intervals.paired_difference(self.pairs.theirs, self.pairs.ours)
        if (self.pairs.theirs_beyond and found.value <= 0) or (self.pairs.ours_beyond and found.value >= 0):
            return 1.0  # the true difference may as well lie on the other side
        return found.p_value

    @property
    def p_equivalent(self) -> float:
        """How likely as small a difference would be if the true one were as large as the margin."""
        if not self.known or self.pairs.beyond:
            return math.nan
        if self.pairs.nothing_of:
            return self.pairs.p_of_nothing(self.margin)
        return intervals.equivalence(self.pairs.theirs, self.pairs.ours, self.margin)


def mean_of(values: NDArray[np.float64]) -> float:
    """The mean; NaN of nothing."""
    return float(values.mean()) if len(values) else math.nan


def verdicts(judged: Sequence[Judged], against: str, confidence: float) -> Verdict:
    """Judge all of them together."""
    differs = intervals.holm([one.p_differs for one in judged])
    equivalent = intervals.holm([one.p_equivalent for one in judged])
    level = 1 - confidence
    rows = []
    for one, p_differs, p_equivalent in zip(judged, differs, equivalent, strict=True):
        said = _said(one, p_differs, p_equivalent, level)
        low, high = one.pairs.interval(confidence) if one.known else (math.nan, math.nan)
        needed = replications_needed(one, level / max(len(judged), 1)) if said == UNRESOLVED else math.nan
        sentence = _sentence(one, said, against, (low, high), needed)
        numbers = (one.theirs, one.ours, one.theirs - one.ours, low, high, one.margin, p_differs, p_equivalent)
        rows.append((one.design, one.metric.name, one.metric.unit, said, *numbers, needed, sentence))
    names = ["design", "name", "unit", "verdict", "value", "against", "difference", "low", "high", "margin"]
    columns = [*names, "p_differs", "p_equivalent", "replications_needed", "sentence"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["verdict"] = pd.Categorical(frame["verdict"], categories=list(VERDICTS))
    return Verdict(against, frame)


def pairs_to_judge(
    frame: pd.DataFrame,
    designs: Sequence[str],
    against: str,
    metrics: Sequence[Metric],
    margins: Mapping[str, float | str | Width],
    unstable: Sequence[str] = (),
) -> list[Judged]:
    """Every other design beside ``against``; ResultError for margins of metrics that are not among these."""
    said, wrong = widths("margins", margins, needed=False)
    if wrong:
        raise ResultError(str(ScenarioError(wrong)))
    if strangers := [name for name in said if name not in [metric.name for metric in metrics]]:
        raise ResultError("\n".join(unknown("metric", name, [metric.name for metric in metrics]) for name in strangers))
    found = []
    known = [(metric, ByReplication.of(frame, metric, designs)) for metric in metrics]
    for design in [design for design in designs if design != against]:
        for metric, values in known:
            pairs = values.pairs(design, against)
            allowed = said.get(metric.name, margin(metric)).of(mean_of(pairs.ours))
            shaky = metric.unit == "ms" and (design in unstable or against in unstable)
            found.append(Judged(design, metric, pairs, allowed, shaky))
    return found


def replications_needed(judged: Judged, level: float) -> float:
    """About how many replications would show a difference, or that there is none that matters; NaN if no number would.

    It takes the difference and its spread as they were seen.
    """
    pairs = len(judged.pairs.ours)
    low, high = judged.pairs.interval(1 - level)
    half, seen = (high - low) / 2, abs(judged.theirs - judged.ours)
    enough = [reach for reach in (seen, judged.margin - seen) if reach > 0]
    if not enough or not math.isfinite(half):
        return math.nan
    power = 1 if judged.pairs.nothing_of else 2
    return float(math.ceil(max(pairs * (half / max(enough)) ** power, pairs + 1)))


def _said(judged: Judged, p_differs: float, p_equivalent: float, level: float) -> str:
    if judged.unstable:
        return UNSTABLE
    if math.isnan(p_differs):
        return UNKNOWN
    if p_equivalent < level:
        return EQUIVALENT
    if not p_differs < level:
        return UNRESOLVED
    less = judged.theirs < judged.ours
    direction = better(judged.metric)
    if direction == Better.NEITHER:
        return LOWER if less else HIGHER
    return BETTER if less == (direction == Better.LESS) else WORSE


def _sentence(judged: Judged, said: str, against: str, ends: tuple[float, float], needed: float) -> str:
    names, metric = f'"{judged.design}" and "{against}"', judged.metric.name
    if said == UNSTABLE:
        return f"{names} cannot be compared in {metric}: the backlog of one of them still grows."
    if said == UNKNOWN:
        return f"{names} cannot be compared in {metric}: {_why_not(judged)}."
    theirs, ours = _shown(judged, judged.theirs, judged.pairs.theirs_beyond), _side(judged)
    difference = _difference(judged, ends)
    if said == EQUIVALENT:
        within = _with_unit(judged, f"± {_shown(judged, judged.margin)}", of_difference=True)
        return f"{names} are equivalent in {metric}: {theirs} against {ours}, {difference}, within {within}."
    if said == UNRESOLVED:
        more = "" if math.isnan(needed) else f"; about {wording.plain(_rounded(needed))} replications would tell"
        return f"{names} are not resolved in {metric}: {theirs} against {ours}, {difference}{more}."
    return f'"{judged.design}" is {said} than "{against}" in {metric}: {theirs} against {ours}, {difference}.'


def _all_equivalent(design: str, against: str, rows: pd.DataFrame) -> str:
    """What is said of several metrics at once: their names, and within what the difference lies."""
    margins = zip(rows["name"], rows["unit"], rows["margin"], strict=True)
    each = [
        f"{name} (within {_in_unit(unit, f'± {wording.plain(margin * wording.scale(unit), 3)}', of_difference=True)})"
        for name, unit, margin in margins
    ]
    return f'"{design}" and "{against}" are equivalent in {wording.joined(each)}.'


def _why_not(judged: Judged) -> str:
    if not len(judged.pairs.ours):
        return "there is no replication in which both have it"
    if len(judged.pairs.ours) == 1:
        return "one replication tells nothing of its spread"
    if judged.pairs.untold:
        return "it is a share of nothing"
    if judged.pairs.too_few:
        return "the difference is the same in so few replications that this may be chance"
    return "both lie beyond what was seen"


def _difference(judged: Judged, ends: tuple[float, float]) -> str:
    """The difference with half of its interval, or what is known of it."""
    low, high = (end * wording.scale(judged.metric.unit) for end in ends)
    if math.isinf(high) or math.isinf(low):
        least, word = (low, "more") if math.isinf(high) else (-high, "less")
        return f"at least {_with_unit(judged, wording.plain(least, 3), of_difference=True)} {word}"
    if judged.pairs.nothing_of:
        return f"at most {_with_unit(judged, wording.plain(high, 2), of_difference=True)} apart"
    middle, half = (low + high) / 2, (high - low) / 2
    word = "more" if middle > 0 else "less"
    return f"{_with_unit(judged, wording.number(abs(middle), half), of_difference=True)} {word if middle else 'apart'}"


def _side(judged: Judged) -> str:
    return _with_unit(judged, _shown(judged, judged.ours, judged.pairs.ours_beyond))


def _shown(judged: Judged, value: float, beyond: bool = False) -> str:
    scaled = value * wording.scale(judged.metric.unit)
    return wording.at_least(scaled) if beyond else wording.plain(scaled, 3)


def _with_unit(judged: Judged, text: str, of_difference: bool = False) -> str:
    return _in_unit(judged.metric.unit, text, of_difference)


def _in_unit(unit: str, text: str, of_difference: bool = False) -> str:
    share = "percentage points" if of_difference else "%"
    called = {"share": share, "per_s": "per second"}.get(unit, unit.replace("_", " "))
    return f"{text} {called}".rstrip()


def _rounded(number: float) -> float:
    """To two digits: more would say more than is known."""
    return float(np.format_float_positional(number, precision=2, fractional=False, trim="-")) if number else 0.0
