"""Means over strata of runs, each stratum weighted by its probability (Cochran 1977, chapter 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.experiments.answers.estimates import WHOLE, estimate
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
    low: float
    high: float
    runs: int
    effective_runs: float
    """How many runs as they come would have the same variance; NaN if there was none."""
    beyond: bool
    strata: tuple[OfStratum, ...]


def stratified(
    frame: pd.DataFrame, question: Question, chances: Sequence[float], sizes: Sequence[int], confidence: float
) -> Stratified:
    """The answer to a question from runs of all strata; NaN where a stratum with some weight says nothing."""
    rows, unit = question.answered(frame), question.unit
    of_strata = [rows[rows["stratum"] == number] for number in range(len(chances))]
    beyond = bool((rows["lower_bound"] & rows["value"].notna()).any())
    values = [part["value"].dropna().to_numpy(np.float64) for part in of_strata]
    weights, means, variances, counts = _moments(values, chances)
    value, of_each = float(weights @ means), weights**2 * variances / counts
    variance = float(of_each.sum())
    half = math.nan if beyond else _half_width(of_each, counts, confidence)
    low, high = value - half, value + half
    if unit in WHOLE and value == 0 and not beyond:
        low, high = 0.0, _most(of_strata, weights, unit, confidence)
    elif question.limit is not None:
        low, high = _widened(Ends(low, high), values[1:], weights[1:], confidence)
    shares = of_each / variance if variance > 0 else np.full(len(weights), np.nan)
    told = tuple(OfStratum(int(n), float(m), float(s)) for n, m, s in zip(counts, means, shares, strict=True))
    return Stratified(
        question.text, unit, value, low, high, sum(sizes),
        _effective_runs(weights, means, variances, variance), beyond, told,
    )  # fmt: skip


def _most(of_strata: Sequence[pd.DataFrame], weights: Floats, unit: str, confidence: float) -> float:
    """What a share may be at most that was nowhere seen."""
    bounds = [estimate(rows, unit, confidence).high for rows in of_strata]
    return float(weights @ np.array(bounds))


def _widened(ends: Ends, values: Sequence[Floats], weights: Floats, confidence: float) -> Ends:
    """An interval of a probability, wider by what is not known where all runs under the fault ended alike.

    Runs without the fault that all ended alike are taken to do so always: what never happens there needs the fault.
    """
    low, high = ends
    for part, weight in zip(values, weights, strict=True):
        if len(part) and part.std() == 0:
            share = proportion(int(part.sum()), len(part), confidence)
            low, high = low - weight * (share.value - share.low), high + weight * (share.high - share.value)
    return Ends(max(low, 0.0), min(high, 1.0))


def best_shares(frame: pd.DataFrame, questions: Sequence[Question], chances: Sequence[float]) -> list[float]:
    """How runs are best shared out: by weight times standard deviation (Neyman 1934), averaged over the questions."""
    of_questions = []
    for question in questions:
        rows = question.answered(frame)
        values = [rows.loc[rows["stratum"] == number, "value"].dropna().to_numpy() for number in range(len(chances))]
        weights, _, variances, _ = _moments(values, chances)
        wanted = np.nan_to_num(weights * np.sqrt(variances))
        if wanted.sum() > 0:
            of_questions.append(wanted / wanted.sum())
    if not of_questions:
        return [1 / len(chances)] * len(chances)
    return np.mean(of_questions, axis=0).tolist()  # type: ignore[no-any-return]


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
