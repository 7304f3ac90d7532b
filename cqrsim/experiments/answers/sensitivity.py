"""Which settings does a metric hang on?  Shares of its variance (Sobol), and elementary effects (Morris)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cqrsim.errors import Problem, ResultError, ScenarioError
from cqrsim.experiments.answers.questions import Question, questions_of
from cqrsim.experiments.checks import an_engine, share, whole_number, workers
from cqrsim.experiments.designs.factor_space import Asking, FactorSpace
from cqrsim.experiments.showing import wording
from cqrsim.plan.draws import Stream

if TYPE_CHECKING:
    from cqrsim.experiments.designs.between import Between
    from cqrsim.experiments.designs.factors import RangeFactor
    from cqrsim.scenario import Scenario

Floats = NDArray[np.float64]

RESAMPLES = 999
"""Bootstrap samples behind each interval."""

ROUNDING = 1e-9
"""Differences that are only those of floating-point numbers, relative to the largest."""

SALIB_MISSING = 'Morris\' method needs SALib: install it with  pip install "cqrsim[sensitivity]"  (or SALib)'


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """How much each metric hangs on each factor, all points on the same commands and luck.

    ``frame`` has one row per metric and factor.  After :func:`sobol_indices`: ``first_order``, the share of the
    metric's variance that is due to the factor alone, and ``total``, with all its interactions.  After :func:`morris`:
    ``mu_star``, by how much the metric changes over the whole range of the factor, on average and whichever way;
    ``mu``, the same with its sign; ``sigma``, how much that differs from place to place.  Columns that end with
    ``_low`` and ``_high`` are the ends of bootstrap intervals.
    """

    method: str
    base: Scenario
    factors: Mapping[str, RangeFactor]
    points: int
    replications: int
    seed: int
    confidence: float
    frame: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row per metric and factor as text, the strongest factor of each metric first."""
        frame = self.frame.sort_values(["name", _leading(self.frame)], ascending=[True, False], kind="stable")
        shown = frame[["name", "factor"]].copy()
        for name in ("first_order", "total", "mu_star", "mu", "sigma"):
            if name in frame:
                shown[name] = _cells(frame, name)
        return shown.reset_index(drop=True)

    def __repr__(self) -> str:
        runs = f"{self.points} points, {self.replications} replications, seed {self.seed}"
        return f"Sensitivity({self.method}; {', '.join(self.factors)}; {runs})"

    def _repr_html_(self) -> str:
        return wording.html_table(repr(self), self.table())


def sobol_indices(
    base: Scenario,
    factors: Mapping[str | tuple[str, ...], Between],
    *metrics: str,
    n: int = 128,
    seed: int = 1,
    replications: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
) -> Sensitivity:
    """Estimate which share of each metric's variance is due to each factor, if all vary over their ranges at once.

    Sobol's indices (2001) from the points of Saltelli et al. (2010), by ``scipy.stats.sobol_indices``.  That takes
    ``n * (factors + 2)`` points; ``n`` is a power of two.  All points share their luck, so that it adds no variance:
    the indices are those of the mean over these replications.  Intervals come from a percentile bootstrap of the
    points.  They are about the sampling of the factors, and say nothing of other luck.

    Raises ScenarioError before anything runs for factors without a range, and where a corner of the ranges, or a
    point, cannot keep up with its commands; ResultError for metrics that do not exist or are not known everywhere.

    >>> import cqrsim as cq
    >>> tandem = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))
    >>> factors = {"disk.write": cq.Between("0.1ms", "2ms"), "handlers.validate": cq.Between("0.1ms", "0.2ms")}
    >>> found = sobol_indices(tandem, factors, "durability_ms_p50", n=8)
    >>> found.table()["factor"][0]
    'disk.write'
    """
    space, questions, asking = _asked(base, factors, metrics, seed, replications, n_jobs, progress, engine)
    n = whole_number("n", n, at_least=2)
    if n & (n - 1):
        hint = f"take {1 << (n.bit_length() - 1)} or {1 << n.bit_length()}"
        raise ScenarioError((Problem("n", n, "must be a power of two", hint),))
    first, second, mixed = _saltelli(n, len(space.factors), asking.seed)
    points = np.concatenate([first, second, *mixed])
    values = space.values(points.tolist(), questions, asking).reshape(len(questions), len(mixed) + 2, n)
    rows = [
        row
        for question, of_metric in zip(questions, values, strict=True)
        for row in _shares(question, space.names, of_metric, share("confidence", confidence), asking.seed)
    ]
    frame = pd.DataFrame(rows)
    return Sensitivity("sobol", space.base, _named(space), len(points), replications, asking.seed, confidence, frame)


def morris(
    base: Scenario,
    factors: Mapping[str | tuple[str, ...], Between],
    *metrics: str,
    trajectories: int = 10,
    levels: int = 4,
    seed: int = 1,
    replications: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
) -> Sensitivity:
    """Screen many factors with few runs: how much each metric changes when one factor is moved, at many places.

    Morris' elementary effects (1991) and their mean size mu* (Campolongo et al. 2007), by SALib, which comes with
    ``pip install "cqrsim[sensitivity]"``.  That takes ``trajectories * (factors + 1)`` points.  All share their luck.

    Raises what :func:`sobol_indices` raises, and ResultError where SALib is not installed.
    """
    sampling, analysis = _salib("SALib.sample.morris"), _salib("SALib.analyze.morris")
    space, questions, asking = _asked(base, factors, metrics, seed, replications, n_jobs, progress, engine)
    trajectories = whole_number("trajectories", trajectories, at_least=2)
    if whole_number("levels", levels, at_least=2) % 2:
        raise ScenarioError((Problem("levels", levels, "must be an even number"),))
    problem = {"num_vars": len(space.factors), "names": space.names, "bounds": [[0.0, 1.0]] * len(space.factors)}
    points = sampling.sample(problem, trajectories, num_levels=levels, seed=asking.seed)
    values = space.values(points.tolist(), questions, asking)
    given = {"num_levels": levels, "conf_level": share("confidence", confidence), "num_resamples": RESAMPLES}
    rows = []
    for question, of_metric in zip(questions, values, strict=True):
        found = analysis.analyze(problem, points, of_metric, seed=asking.seed, **given)
        rows += [_effect(question, name, found, place) for place, name in enumerate(space.names)]
    frame = pd.DataFrame(rows)
    return Sensitivity("morris", space.base, _named(space), len(points), replications, asking.seed, confidence, frame)


def _cells(frame: pd.DataFrame, name: str) -> list[str]:
    """One index of every row as text, with half of its interval if that is more than rounding."""
    half = (frame[f"{name}_high"] - frame[f"{name}_low"]) / 2 if f"{name}_low" in frame else frame[name] * 0
    half = half.where(half > ROUNDING * frame[name].abs(), 0.0)
    clean = frame[name].where(frame[name].abs() > ROUNDING * frame[_leading(frame)].max(), 0.0)
    return [wording.number(*pair) for pair in zip(clean.where(frame[name].notna()), half, strict=True)]


def _leading(frame: pd.DataFrame) -> str:
    """The index by which factors are ranked."""
    return "total" if "total" in frame else "mu_star"


def _asked(
    base: Any,
    factors: Any,
    metrics: Sequence[str],
    seed: int,
    replications: int,
    n_jobs: int | None,
    progress: bool | None,
    engine: str,
) -> tuple[FactorSpace, list[Question], Asking]:
    """What both methods need, checked."""
    space = FactorSpace.of(base, factors)
    if not metrics:
        raise ResultError('name at least one metric, such as "feedback_ms_p50"')
    runs = whole_number("replications", replications, at_least=1)
    asking = Asking(runs, whole_number("seed", seed), workers(n_jobs), progress, an_engine(engine))
    return space, questions_of(metrics, [space.base]), asking


def _named(space: FactorSpace) -> dict[str, RangeFactor]:
    return dict(zip(space.names, space.factors, strict=True))


def _saltelli(n: int, dimensions: int, seed: int) -> tuple[Floats, Floats, list[Floats]]:
    """Two independent samples of the unit cube, and the first one with each column taken from the second."""
    from scipy.stats import qmc

    both = qmc.Sobol(2 * dimensions, rng=seed).random(n)
    first, second = both[:, :dimensions], both[:, dimensions:]
    mixed = [first.copy() for _ in range(dimensions)]
    for column, one in enumerate(mixed):
        one[:, column] = second[:, column]
    return first, second, mixed


def _shares(question: Question, names: Sequence[str], values: Floats, confidence: float, seed: int) -> Any:
    """The rows of one metric: indices with their intervals; NaN for a metric that never varies."""
    n = values.shape[1]
    luck = Stream(seed, 0, "sobol indices bootstrap")
    resampled = [_indices(values[:, (luck.take(n) * n).astype(np.intp)]) for _ in range(RESAMPLES)]
    tail = (1 - confidence) / 2
    value, (low, high) = _indices(values), _ends(resampled, tail)
    for place, name in enumerate(names):
        row: dict[str, Any] = {"name": question.text, "unit": question.unit, "factor": name}
        for order, index in enumerate(("first_order", "total")):
            ends = {f"{index}_low": low[order, place], f"{index}_high": high[order, place]}
            row |= {index: value[order, place], **ends}
        yield row


def _ends(resampled: Sequence[Floats], tail: float) -> Floats:
    """The ends of the intervals; samples in which nothing varies have no indices, and are left out if others do."""
    told = np.array(resampled)
    varied = ~np.isnan(told).any(axis=(1, 2))
    return np.asarray(np.quantile(told[varied] if varied.any() else told, [tail, 1 - tail], axis=0))


def _indices(values: Floats) -> Floats:
    """First-order indices, and total ones below them, of the values at A, B and each mixture of the two."""
    from scipy import stats

    first, second, *mixed = values[:, np.newaxis, :]
    if np.ptp(values[:2]) == 0:
        return np.full((2, len(mixed)), np.nan)
    found = stats.sobol_indices(func={"f_A": first, "f_B": second, "f_AB": np.array(mixed)}, n=values.shape[1])
    return np.array([found.first_order.reshape(-1), found.total_order.reshape(-1)])


def _effect(question: Question, factor: str, found: Mapping[str, Any], place: int) -> dict[str, Any]:
    size, half = float(found["mu_star"][place]), float(found["mu_star_conf"][place])
    ends = {"mu_star": size, "mu_star_low": max(size - half, 0.0), "mu_star_high": size + half}
    rest = {"mu": float(found["mu"][place]), "sigma": float(found["sigma"][place])}
    return {"name": question.text, "unit": question.unit, "factor": factor, **ends, **rest}


def _salib(module: str) -> Any:
    """A module of SALib, which is an optional extra."""
    try:
        return import_module(module)
    except ImportError:
        raise ResultError(SALIB_MISSING) from None
