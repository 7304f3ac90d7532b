"""Means over strata of runs, each stratum weighted by its probability (Cochran 1977, chapter 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.experiments.answers.estimates import WHOLE
from cqrsim.experiments.answers.questions import Question
from cqrsim.metrics.intervals import proportion

Floats = NDArray[np.float64]


class Ends(NamedTuple):
    """The ends of an interval."""

    low: float
    high: float


class OfStratum(NamedTuple):
    """What one stratum says about a metric."""

    runs: int
    mean: float
    variance_share: float
    """Which share of the estimate's variance is its own."""


@dataclass(frozen=True)
class Stratified:
    """A metric's mean over all strata, and what it is made of."""

    name: str
    unit: str
    value: float
    """NaN where some runs do not tell whether they keep to a limit: then only the ends are known."""
    low: float
    high: float
    runs: int
    effective_runs: float
    """How many runs as they come would have the same variance; NaN if there was none."""
    beyond: bool
    strata: tuple[OfStratum, ...]


@dataclass(frozen=True)
class Trust:
    """How sure an interval shall be, and what it may take for granted."""

    confidence: float
    only_when_struck: bool = False
    """Whether runs without the fault that all ended alike are taken to end so always."""

    def first_in_doubt(self) -> int:
        """The first stratum that is not taken for certain when its runs all ended alike."""
        return int(self.only_when_struck)


def stratified(
    frame: pd.DataFrame, question: Question, chances: Sequence[float], sizes: Sequence[int], trust: Trust
) -> Stratified:
    """The answer to a question from runs of all strata; NaN where a stratum with some weight says nothing."""
    rows = question.answered(frame)
    either = rows["lower_bound"].to_numpy(np.bool_) & rows["value"].isna().to_numpy()
    if not either.any():
        return _answer(rows, question, chances, sizes, trust)
    settled = rows.assign(lower_bound=False)
    none, all_ = (
        _answer(settled.assign(value=rows["value"].mask(either, kept)), question, chances, sizes, trust)
        for kept in (0.0, 1.0)
    )
    told = tuple(OfStratum(of.runs, of.mean if of.mean == other.mean else math.nan, math.nan)
                 for of, other in zip(none.strata, all_.strata, strict=True))  # fmt: skip
    return Stratified(
        question.text, question.unit, math.nan, none.low, all_.high, sum(sizes), math.nan, False, told
    )  # fmt: skip


def _answer(
    rows: pd.DataFrame, question: Question, chances: Sequence[float], sizes: Sequence[int], trust: Trust
) -> Stratified:
    of_strata = [rows[rows["stratum"] == number] for number in range(len(chances))]
    beyond = bool((rows["lower_bound"] & rows["value"].notna()).any())
    weights, means, variances, counts = _moments([_values(part) for part in of_strata], chances)
    value, of_each = float(weights @ means), weights**2 * variances / counts
    variance = float(of_each.sum())
    half = math.nan if beyond else _half_width(of_each, counts, trust.confidence)
    ends = Ends(value - half, value + half)
    if question.unit in WHOLE:
        ends = _widened(ends, of_strata, weights, question.unit, trust)
    shares = of_each / variance if variance > 0 else np.full(len(weights), np.nan)
    told = tuple(OfStratum(int(n), float(m), float(s)) for n, m, s in zip(counts, means, shares, strict=True))
    return Stratified(
        question.text, question.unit, value, *ends, sum(sizes),
        _effective_runs(weights, means, variances, variance), beyond, told,
    )  # fmt: skip


def _values(rows: pd.DataFrame) -> Floats:
    return rows["value"].dropna().to_numpy(np.float64)


def _widened(ends: Ends, of_strata: Sequence[pd.DataFrame], weights: Floats, unit: str, trust: Trust) -> Ends:
    """An interval of a share, wider by what is not known where all runs of a stratum ended alike: the rule of three.

    The ends of all strata are added up, so that the interval covers whichever of them is off.
    """
    (low, high), whole = ends, WHOLE[unit]
    for part, weight in list(zip(of_strata, weights, strict=True))[trust.first_in_doubt() :]:
        values = _values(part) / whole
        if len(values) and np.ptp(values) == 0:
            least, most = _of_alike(float(values[0]), part, trust.confidence)
            low, high = low - whole * weight * (values[0] - least), high + whole * weight * (most - values[0])
    return Ends(max(low, 0.0), min(high, whole))


def _of_alike(share: float, rows: pd.DataFrame, confidence: float) -> Ends:
    """Between what a share lies that was the same in all runs: none or all of so many things, or of so many runs."""
    things, runs = int(rows.loc[rows["value"].notna(), "n"].sum()), int(rows["value"].notna().sum())
    if share in (0.0, 1.0):
        found = proportion(things if share else 0, things, confidence)
        return Ends(found.low, found.high)
    most = proportion(0, runs, confidence).high
    return Ends(share * (1 - most), share + (1 - share) * most)


def best_shares(
    frame: pd.DataFrame, questions: Sequence[Question], chances: Sequence[float], trust: Trust
) -> list[float]:
    """How runs are best shared out: by weight times standard deviation (Neyman 1934), averaged over the questions."""
    of_questions = []
    for question in questions:
        rows = question.answered(frame)
        values = [_values(rows[rows["stratum"] == number]) for number in range(len(chances))]
        weights, _, variances, counts = _moments(values, chances)
        wanted = np.nan_to_num(weights * np.sqrt(_smoothed(variances, counts, trust)))
        if wanted.sum() > 0:
            of_questions.append(wanted / wanted.sum())
    if not of_questions:
        return [1 / len(chances)] * len(chances)
    return np.mean(of_questions, axis=0).tolist()  # type: ignore[no-any-return]


def _smoothed(variances: Floats, counts: Floats, trust: Trust) -> Floats:
    """Variances, each with one run more that varies as all do on average: a few runs alike do not say that none varies.

    A stratum that is taken for certain is left as it is.
    """
    average = float(np.nanmean(variances)) if np.isfinite(variances).any() else math.nan
    smooth = ((counts - 1) * np.nan_to_num(variances, nan=average) + average) / counts
    certain = np.arange(len(counts)) < trust.first_in_doubt()
    return np.where(certain, variances, smooth)


def _moments(values: Sequence[Floats], chances: Sequence[float]) -> tuple[Floats, Floats, Floats, Floats]:
    """Weights, means, variances and numbers of runs; NaN where there are too few runs to tell."""
    means = [float(part.mean()) if len(part) else math.nan for part in values]
    variances = [float(part.var(ddof=1)) if len(part) > 1 else math.nan for part in values]
    counts = [max(len(part), 1) for part in values]
    return np.array(chances), np.array(means), np.array(variances), np.array(counts, np.float64)


def _half_width(of_each: Floats, counts: Floats, confidence: float) -> float:
    """Student's t with the degrees of freedom of Satterthwaite (1946); nothing to say where nothing is known."""
    from scipy import stats

    variance = float(of_each.sum())
    if math.isnan(variance) or variance == 0:
        return variance
    degrees = variance**2 / float((of_each**2 / (counts - 1)).sum())
    return float(stats.t.ppf((1 + confidence) / 2, degrees)) * math.sqrt(variance)


def _effective_runs(weights: Floats, means: Floats, variances: Floats, variance: float) -> float:
    """The variance of a run as it comes is that within the strata and that between them; NaN if nothing varied."""
    if not variance > 0:
        return math.nan
    return float(weights @ variances + weights @ (means - weights @ means) ** 2) / variance
