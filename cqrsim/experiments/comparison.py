"""What came of a comparison, and all that can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from cqrsim.errors import ResultError
from cqrsim.experiments.answers import best_of, pareto_front, pooled, precision, verdict
from cqrsim.experiments.answers.differences import difference_table
from cqrsim.experiments.answers.estimates import estimate_all, find_metrics, rows_of, text_of_all, unknown
from cqrsim.experiments.answers.outcomes import outcome_shares
from cqrsim.experiments.answers.width import Width
from cqrsim.experiments.checks import share
from cqrsim.experiments.loads.unstable import unstable_designs
from cqrsim.experiments.plotting import Plotting
from cqrsim.experiments.running.collect import all_failed
from cqrsim.experiments.running.sampling import FATE, FATES, NOT_COUNTED, latency_names
from cqrsim.experiments.showing import saving, wording
from cqrsim.experiments.simulate import Run, simulate
from cqrsim.scenario import Scenario

DEFAULT_METRICS = (
    "feedback_ms_p50",
    "feedback_ms_p99",
    "feedback_share",
    "silent_failure_share",
    "false_success_share",
    "false_failure_share",
)
"""What a table shows when nothing is named."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """How designs differ on the same commands and the same luck.

    ``frame`` has one row per design, replication, metric and statistic; NaN in ``value`` beside a number in
    ``lower_bound`` says that a percentile lies beyond it.  ``shared`` tells which client groups met identical
    commands in every design, ``errors`` which runs failed, ``runs`` the digests by which results can be recognised, and
    by how many commands the backlog of each grew in the second half of the window, beside how many came in it.
    """

    designs: dict[str, Scenario]
    replications: int
    seed: int
    confidence: float
    frame: pd.DataFrame
    shared: pd.DataFrame
    runs: pd.DataFrame
    errors: pd.DataFrame
    _outcomes: pd.DataFrame
    _sample: pd.DataFrame
    _until: precision.Precision | None = None

    def table(self, *names: str, interval: bool = True) -> pd.DataFrame:
        """One row per design and one column per metric: the mean over replications with its interval, as text.

        Shares are in percent, all else in the unit that the name ends with.  A percentile that more commands than
        wished never reached shows as "> t", "unstable" stands for times in a design whose backlog still grows, and
        "failed" says that all runs of a design failed.  Raises ResultError for a name that does not exist.
        """
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        shown = text_of_all(self.frame, "design", metrics, self.confidence, interval)
        growing = shown.index.isin(self.unstable["design"])
        for metric in metrics:
            if metric.unit == "ms":
                shown.loc[growing, metric.name] = wording.UNSTABLE
        shown.loc[shown.index.isin(self._failed())] = wording.FAILED
        return shown.reset_index()

    def estimates(self, *names: str) -> pd.DataFrame:
        """The numbers behind :meth:`table`: one row per design and metric, with ``value``, ``low`` and ``high``.

        ``beyond`` marks values that are only lower bounds; shares are fractions here.
        """
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        return estimate_all(self.frame, "design", metrics, self.confidence)

    def differences(self, against: str, *names: str) -> pd.DataFrame:
        """Every other design minus ``against``, paired by replication.

        One row per design and metric: difference and interval, p-value (adjusted after Holm for all rows of the
        table), number of pairs, how strongly the pairs are correlated, how many times the variance is smaller than
        that of independent runs, and a verdict in words.
        """
        self._known(against)
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        return difference_table(self.frame, against, list(self.designs), metrics, self.confidence)

    def verdict(
        self, against: str | None = None, *names: str, margins: Mapping[str, float | str | Width] | None = None
    ) -> verdict.Verdict:
        """Better, worse, equivalent or unresolved, in words with numbers: every other design against one.

        ``against`` is the first design, if none is named.  Two designs are equivalent in a metric where their
        difference is shown to be smaller than a margin: 5 % of the value of ``against``, or 0.001 for shares, if
        ``margins`` says nothing else, such as ``{"feedback_ms_p99": "10%", "loss_share": 0.0001}``.
        """
        against = next(iter(self.designs)) if against is None else against
        self._known(against)
        metrics = find_metrics(self.frame, names, DEFAULT_METRICS)
        unstable = list(self.unstable["design"])
        pairs = verdict.pairs_to_judge(self.frame, list(self.designs), against, metrics, margins or {}, unstable)
        return verdict.verdicts(pairs, against, self.confidence)

    def best(
        self, name: str, smallest: bool = True, confidence: float | None = None, margin: float = 0.0
    ) -> pd.DataFrame:
        """Which designs may be the best in one metric: each minus the best of the others, with simultaneous intervals.

        ``smallest`` says which is best.  All statements hold together with the confidence (Nelson and Matejcik 1995).
        A ``margin`` in the unit of the metric is what one does not care about: ``replications_needed`` is about how
        many it would take to find a design that is the best but for the margin.
        """
        (metric,) = find_metrics(self.frame, [name], ())
        confidence = self._asked(confidence)
        return best_of.best_of(self.frame, list(self.designs), metric, smallest, margin, confidence)

    def pareto(self, *names: str) -> pd.DataFrame:
        """Which designs no other beats in all of these metrics at once, and by whom the others are beaten.

        ``on_front`` is "yes", "no" or "cannot be told"; see :func:`cqrsim.experiments.answers.pareto_front.pareto`.
        """
        return pareto_front.pareto(self.frame, "design", *names, confidence=self.confidence)

    def quantiles(
        self,
        latency: str = "feedback_ms",
        p: float | Sequence[float] = (0.5, 0.9, 0.99),
        confidence: float | None = None,
    ) -> pd.DataFrame:
        """Quantiles of the commands of all replications together, with intervals by sectioning.

        :meth:`table` shows the mean of the replications' own percentiles, which say what to expect of one run as long
        as these; a quantile here is that of all commands there are, and is less biased far out, where each run has but
        a few.  It is exact where the sample holds all commands (``sampled_share`` is 1), and ``beyond`` where it lies
        beyond what was seen.  The ends are NaN where that is so in one of the runs.
        """
        asked, parts = pooled.shares("p", p), self._parts(latency)
        (counted,) = find_metrics(self.frame, [f"{latency}_p50"], ())
        counts = rows_of(self.frame, counted).groupby("design", observed=True)["n"].sum()
        counted_by = {str(design): int(count) for design, count in counts.items()}
        return pooled.quantiles(parts, latency, asked, counted_by, self._asked(confidence))

    def survival(self, latency: str = "feedback_ms", at: pooled.Times = (100, 1000)) -> pd.DataFrame:
        """The share of commands still waiting after some times (Kaplan and Meier 1958), with intervals.

        Times are in milliseconds, or with their unit: ``at=[100, "2s"]``.  NaN where not all runs were followed so far.
        """
        times, parts = pooled.milliseconds("at", at), self._parts(latency)
        return pooled.still_waiting(parts, latency, times, self.confidence)

    def restricted_mean(self, latency: str = "feedback_ms", within: pooled.Times = 1000) -> pd.DataFrame:
        """The mean wait if nobody waits for longer than a limit (ms, or with its unit), with intervals.

        It exists where some wait in vain, for whom there is no mean: what is better by it is better in fewer waiting
        and in shorter waits at once.
        """
        times, parts = pooled.milliseconds("within", within), self._parts(latency)
        return pooled.restricted_means(parts, latency, times, self.confidence)

    def incidence(self, at: pooled.Times = (100, 1000)) -> pd.DataFrame:
        """The share of clients who by some times were told of success, of failure, or had given up, with intervals.

        The three compete (Aalen and Johansen 1978): together with those still waiting they make up all.
        """
        return pooled.incidences(self._parts("feedback_ms"), pooled.milliseconds("at", at), self.confidence)

    def outcomes(self) -> pd.DataFrame:
        """The cells of truth and belief that were seen, by design: commands in all, and their share with interval."""
        return outcome_shares(self._outcomes, self.confidence)

    def latencies(self, name: str = "feedback_ms") -> pd.DataFrame:
        """A sample of commands with one latency: the same commands in every design, from all replications.

        ``value`` is in milliseconds.  ``fate`` says what it means: how long it took ("known"), how long it had not
        happened when the run ended ("censored"), or for how long it was waited for in vain ("never").
        """
        self._known_latency(name)
        fates = f"{name.removesuffix('_ms')}{FATE}"
        counted = self._sample[self._sample[fates] != NOT_COUNTED].reset_index(drop=True)
        found = counted[["design", "replication", "command"]].assign(value=counted[name])
        dtype = pd.CategoricalDtype(list(FATES), ordered=True)
        return found.assign(fate=pd.Categorical.from_codes(counted[fates].to_numpy(np.int64), dtype=dtype))

    @cached_property
    def unstable(self) -> pd.DataFrame:
        """The designs whose backlog still grows, and why they are called so; no rows where all keep up."""
        return unstable_designs(self.runs, self.designs)

    @property
    def precision(self) -> pd.DataFrame:
        """The half-widths that were wanted, by design and metric, and whether they are met; no rows if none were."""
        if self._until is None:
            return pd.DataFrame(columns=list(precision.COLUMNS))
        return precision.precision_table(self.frame, self._until, self.confidence)

    def warnings(self) -> list[str]:
        """What a reader of these results must know: precisions not reached, and designs that cannot keep up."""
        grows = zip(self.unstable["design"], self.unstable["because"], strict=True)
        shaky = [f'"{design}" is unstable: {because}.' for design, because in grows]
        return [*precision.not_reached(self.precision), *shaky]

    def run(self, design: str, replication: int = 0) -> Run:
        """One of the runs in full, simulated again; it is the same run."""
        self._known(design)
        return simulate(self.designs[design], self.seed, replication)

    def check(self, *texts: str) -> pd.DataFrame:
        """Whether expectations such as "feedback_ms_p99 < 50" hold, judged on the far end of the interval.

        See :func:`cqrsim.experiments.answers.expectations.check`, which does it.
        """
        from cqrsim.experiments.answers.expectations import check

        return check(self, *texts)

    @property
    def plot(self) -> Plotting:
        """The pictures that can be drawn of a comparison: see ``dir(comparison.plot)``."""
        return Plotting(self, "comparison")

    def report(self, path: str | Path, *names: str, question: str = "") -> list[Path]:
        """Write all that a reader needs to believe this comparison, or to repeat it, as .md or .html.

        See :func:`cqrsim.reports.comparison_report`, which does it.
        """
        from cqrsim.reports import comparison_report

        return comparison_report(self, path, *names, question=question)

    def save(self, folder: str | Path) -> list[Path]:
        """Write results, outcomes, digests and errors as CSV and Parquet, and every design as TOML; returns the files.

        ``cq.load_comparison(folder)`` reads it again.  Raises OSError if the folder cannot be written.
        """
        return saving.save(self, folder)

    def _parts(self, latency: str) -> pooled.Parts:
        self._known_latency(latency)
        return pooled.by_run(self._sample, list(self.designs))

    def _asked(self, confidence: float | None) -> float:
        """The confidence that somebody asked for, or else that of the whole comparison."""
        return self.confidence if confidence is None else share("confidence", confidence)

    def _failed(self) -> list[str]:
        """The designs of which all runs failed."""
        return all_failed(self.runs, self.errors, "design")

    def _known(self, design: str) -> None:
        if design not in self.designs:
            raise ResultError(unknown("design", design, list(self.designs)))

    def _known_latency(self, name: str) -> None:
        known = latency_names(self._sample)
        if name not in known:
            raise ResultError(unknown("latency", name, known))

    def __repr__(self) -> str:
        failed = f", {len(self.errors)} runs failed (see .errors)" if len(self.errors) else ""
        failed += "".join(f', all of "{design}"' for design in self._failed())
        failed += "" if self.precision["met"].all() else ", precision not reached (see .precision)"
        failed += f", unstable: {', '.join(self.unstable['design'])}" if len(self.unstable) else ""
        return f"Comparison({', '.join(self.designs)}; {self.replications} replications, seed {self.seed}{failed})"

    def _repr_html_(self) -> str:
        metrics = find_metrics(self.frame, (), DEFAULT_METRICS)
        heads = {metric.name: metric.heading for metric in metrics}
        return wording.html_table(repr(self), self.table().rename(columns=heads))
