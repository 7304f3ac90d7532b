"""Rare faults: runs in which they strike are made to order, and weighted by how seldom they come.

Stratification (Cochran 1977; Asmussen and Glynn 2007, V.7): the runs are sorted by how often the fault strikes.  Each
sort is simulated for itself, and counts as much as its probability, which is known.  What only happens under the fault
is then seen in most runs, instead of in one of thousands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.answers.questions import Question, questions_of
from cqrsim.experiments.answers.rare_faults import RareFault, rare_fault
from cqrsim.experiments.answers.strata import Stratified, Trust, best_shares, stratified
from cqrsim.experiments.checks import a_scenario, an_engine, share, whole_number, workers
from cqrsim.experiments.compare import DEFAULT_METRICS
from cqrsim.experiments.running.collect import Collected, collect
from cqrsim.experiments.running.measured import Summed, sum_up
from cqrsim.experiments.running.runs import Task, run_all
from cqrsim.experiments.showing import wording

if TYPE_CHECKING:
    from cqrsim.scenario import Scenario

ALLOCATIONS = ("equal", "neyman")

PILOT_SHARE = 0.25
"""The share of the runs that is spent on finding out how to spend the others."""

LEAST_RUNS = 5
"""Runs that every stratum gets, however little a pilot has seen of it, if there are as many for all."""


@dataclass(frozen=True, eq=False, repr=False)
class Rare:
    """What a rare fault does to a scenario, estimated from runs in which it was made to strike.

    ``frame`` has one row per metric: ``value`` with its interval from ``low`` to ``high``, the number of ``runs``, and
    ``effective_runs``: how many runs as they come would have told as much (NaN where nothing varied).  Where some runs
    do not tell whether they keep to a limit, ``value`` is NaN, and the interval reaches from "none of them does" to
    "all of them do".  ``strata`` has
    one row per metric and stratum: how many ``strikes``, how ``likely`` that is, how many ``runs``, their ``mean``, and
    which share of the estimate's variance is theirs.  ``errors`` tells which runs failed.
    """

    scenario: Scenario
    fault: str
    replications: int
    seed: int
    confidence: float
    allocation: str
    frame: pd.DataFrame
    strata: pd.DataFrame
    errors: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row per metric as text: the estimate with its interval, and how many runs as they come it is worth."""
        rows = self.frame.to_dict("records")
        cells = [_cell(row["value"], row["low"], row["high"], row["unit"], row["beyond"]) for row in rows]
        worth = [wording.number(float(f"{row['effective_runs']:.3g}")) for row in rows]
        return pd.DataFrame({"name": self.frame["name"], "estimate": cells, "worth_runs": worth})

    def __repr__(self) -> str:
        chances = self.strata.drop_duplicates("stratum")
        pairs = zip(chances["strikes"], chances["likely"], strict=True)
        told = ", ".join(f"{strikes}: {_percent(likely)}" for strikes, likely in pairs)
        failed = f", {len(self.errors)} runs failed (see .errors)" if len(self.errors) else ""
        return f'Rare("{self.fault}" strikes {told}; {self.replications} runs, seed {self.seed}{failed})'

    def _repr_html_(self) -> str:
        return wording.html_table(repr(self), self.table())


def rare(
    scenario: Scenario,
    fault: str | None = None,
    *metrics: str,
    replications: int = 60,
    strata: int = 3,
    allocation: str = "equal",
    seed: int = 1,
    n_jobs: int | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    engine: str = "auto",
    only_when_struck: bool = False,
) -> Rare:
    """Estimate metrics of a scenario with a fault that hardly ever strikes, without waiting for it.

    ``fault`` is its name; it may be left out if only one strikes without memory: ``Renewal(up=Exponential(...))``.
    Strikes that take no time are told apart by their number: none, one, and so on, and ``strata - 1`` or more.  Those
    that take time are told apart by whether there is any.  A metric is the name of a summary's, or a question about a
    run, such as "loss_count > 0", of which the probability is estimated.

    ``replications`` is the number of all runs.  With ``allocation="equal"`` each stratum gets as many.  With "neyman"
    a quarter of the runs is spent on a pilot, which decides how many each gets of the others (Neyman 1934, averaged
    over the metrics), and is left out of the estimate: so both are unbiased.  Intervals are Student's, with
    Satterthwaite's degrees of freedom (1946); those of shares and probabilities are wider where all runs of a stratum
    ended alike, for 20 runs alike do not say that all are (the rule of three).

    That is so without the fault, too, which is how most runs are: from 20 of them without a loss no more follows than
    that 15 % may have one.  If what you ask about cannot happen unless this fault strikes, say so with
    ``only_when_struck=True``: then runs without it that all ended alike are taken to end so always.  Nobody checks it.
    The mean of a count has no such bound: its interval is right only if runs without the fault vary as they were seen.

    Raises ScenarioError before anything runs for faults of any other kind, and for less than two runs a stratum;
    ResultError for metrics that do not exist.

    >>> import cqrsim as cq
    >>> power = cq.Fault(cq.Crash(power=True), when=cq.Renewal(cq.Exponential(cq.hours(7)), cq.seconds(0)))
    >>> blog = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0)).with_faults(power)
    >>> found = rare(blog, None, "durable_per_s", replications=6)
    >>> [f"{chance:.1e}" for chance in found.strata["likely"]]
    ['1.0e+00', '4.2e-05', '8.7e-10']
    """
    scenario = a_scenario("scenario", scenario)
    at_least_two = 2 * whole_number("strata", strata, at_least=2)
    struck = rare_fault(scenario, fault, strata)
    runs = whole_number("replications", replications, at_least=at_least_two)
    seed, confidence, n_jobs = whole_number("seed", seed), share("confidence", confidence), workers(n_jobs)
    questions = questions_of(metrics or DEFAULT_METRICS, [scenario])
    trust = Trust(confidence, only_when_struck)
    ask = _Asking(struck, _an_allocation(allocation), seed, an_engine(engine), n_jobs, progress)
    found, sizes = ask.everything(runs, questions, trust)
    parts = [stratified(found.frame, one, struck.chances, sizes, trust) for one in questions]
    return Rare(
        scenario, struck.name, runs, seed, confidence, allocation,
        _frame(parts), _strata_frame(parts, struck), found.errors,
    )  # fmt: skip


@dataclass(frozen=True)
class _Asking:
    """Everything that the runs depend on."""

    fault: RareFault
    allocation: str
    seed: int
    engine: str
    n_jobs: int | None
    progress: bool | None

    def everything(self, runs: int, questions: Sequence[Question], trust: Trust) -> tuple[Collected[Summed], list[int]]:
        """All runs of the estimate, and how many each stratum has."""
        many = len(self.fault.strata)
        if self.allocation == "equal":
            sizes = _shared_out(runs, [1 / many] * many)
            return self.simulate(sizes), sizes
        pilots = _shared_out(max(int(PILOT_SHARE * runs), 2 * many), [1 / many] * many)
        shares = best_shares(self.simulate(pilots).frame, questions, self.fault.chances, trust)
        left = max(runs - sum(pilots), 2 * many)
        sizes = _shared_out(left, shares, at_least=min(LEAST_RUNS, left // many))
        return self.simulate(sizes, after=max(pilots)), sizes

    def simulate(self, sizes: Sequence[int], after: int = 0) -> Collected[Summed]:
        """So many runs of each stratum, no two with the same luck, for strata must not depend on each other."""
        strata = len(sizes)
        tasks = [
            Task(stratum, number, self.fault.scenario(stratum, self.seed, number), self.seed, self.engine)
            for stratum, size in enumerate(sizes)
            for number in range(strata * after + stratum, strata * (after + size), strata)
        ]
        outcomes = run_all(tasks, sum_up, self.n_jobs, self.progress)
        return collect(tasks, outcomes, {"stratum": pd.Series(range(strata))})


def _shared_out(runs: int, shares: Sequence[float], at_least: int = 2) -> list[int]:
    """Whole numbers of runs by their shares, at least so many each; what is left over goes to the largest fractions.

    >>> _shared_out(10, [0.5, 0.5, 0.0])
    [4, 4, 2]
    """
    left = runs - at_least * len(shares)
    wanted = [left * one for one in shares]
    sizes = [int(one) for one in wanted]
    order = sorted(range(len(shares)), key=lambda place: sizes[place] - wanted[place])
    for place in order[: left - sum(sizes)]:
        sizes[place] += 1
    return [at_least + size for size in sizes]


def _an_allocation(value: str) -> str:
    if value not in ALLOCATIONS:
        raise ScenarioError((Problem("allocation", value, 'must be "equal" or "neyman"'),))
    return value


def _frame(parts: Sequence[Stratified]) -> pd.DataFrame:
    names = ["name", "unit", "value", "low", "high", "runs", "effective_runs", "beyond"]
    return pd.DataFrame([[getattr(part, name) for name in names] for part in parts], columns=names)


def _strata_frame(parts: Sequence[Stratified], fault: RareFault) -> pd.DataFrame:
    rows = [
        (part.name, number, str(often), chance, *part.strata[number])
        for part in parts
        for number, (often, chance) in enumerate(zip(fault.strata, fault.chances, strict=True))
    ]
    return pd.DataFrame(rows, columns=["name", "stratum", "strikes", "likely", "runs", "mean", "variance_share"])


def _cell(value: float, low: float, high: float, unit: str, beyond: bool) -> str:
    scale = wording.scale(unit)
    if beyond:
        return wording.at_least(value * scale)
    if math.isnan(value) and not math.isnan(low):
        return f"{wording.plain(low * scale, 3)} to {wording.plain(high * scale, 3)}"
    if value == 0 and high > 0:
        return wording.zero(high * scale)
    return wording.number(value * scale, (high - low) / 2 * scale)


def _percent(chance: float) -> str:
    """A probability with three digits, or as many more as it takes not to claim certainty.

    >>> _percent(0.0244), _percent(0.99975)
    ('2.44 %', '99.98 %')
    """
    digits = next((digits for digits in range(3, 12) if wording.plain(100 * chance, digits) != "100"), 3)
    return f"{wording.plain(100 * chance, digits)} %"
