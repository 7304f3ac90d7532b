"""Claims put to the test: every design is run on the same luck, and every prediction is judged on its interval.

A verdict follows from the intervals alone.  A claim *holds* if all that was predicted is shown; it *holds under a
condition* if, besides, it is shown to fail without the condition; it *does not hold* if one of its predictions is
shown to be wrong.  Whatever an interval does not decide is *not resolved*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from cqrsim.errors import ResultError
from cqrsim.experiments.answers.estimates import unknown
from cqrsim.experiments.asked_claims import claims_asked
from cqrsim.experiments.checks import an_engine, share, whole_number, workers
from cqrsim.experiments.claim_checks import OPEN, REFUTED, SHOWN, Checked, check, one_verdict
from cqrsim.experiments.running.measured import Summed, sum_up
from cqrsim.experiments.running.numbers import Numbers
from cqrsim.experiments.running.runs import Done, Failure, Outcome, Task, run_all
from cqrsim.experiments.showing import wording
from cqrsim.scenario import Scenario
from cqrsim.scenario.claims import Claim

HOLDS, CONDITION, FAILS, UNRESOLVED = "holds", "holds under a condition", "does not hold", "not resolved"
NOT_TESTED = "not for a simulator"
VERDICTS = (HOLDS, CONDITION, FAILS, UNRESOLVED, NOT_TESTED)
"""All that may be said of a claim."""

FEWEST = 10
"""Replications below which intervals are too shaky to judge by."""


@dataclass(frozen=True)
class JudgedClaim:
    """A claim, and each of its predictions beside what was measured."""

    claim: Claim
    checks: tuple[Checked, ...]
    failures: tuple[str, ...] = ()
    """What went wrong in runs that failed."""

    @property
    def verdict(self) -> str:
        """What may be said of the claim."""
        if not self.claim.is_testable:
            return NOT_TESTED
        if self.failures:
            return UNRESOLVED
        itself = one_verdict(one.verdict for one in self.checks if not one.condition)
        if itself == REFUTED:
            return FAILS
        if OPEN in (itself, *self._conditions.values()):
            return UNRESOLVED
        return CONDITION if self.conditions else HOLDS

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions without which the claim is shown to fail."""
        return tuple(condition for condition, verdict in self._conditions.items() if verdict == SHOWN)

    @property
    def _conditions(self) -> dict[str, str]:
        verdicts = {
            condition.says: [one.verdict for one in self.checks if one.condition == condition.says]
            for condition in self.claim.conditions
        }
        return {condition: one_verdict(found) for condition, found in verdicts.items()}

    @property
    def row(self) -> tuple[str, ...]:
        """As a row of a table."""
        own = [one for one in self.checks if not one.condition]
        predicted, measured = (_lines(getattr(one, of) for one in own) for of in ("predicted", "measured"))
        told = measured if self.claim.is_testable else self.claim.untestable
        claim = self.claim
        return claim.id, claim.says, claim.section, predicted, told, self.verdict, _lines(self.conditions)


@dataclass(frozen=True, eq=False, repr=False)
class Claims:
    """What became of claims: ``frame`` has one row per claim, ``checks`` one per prediction, with its numbers.

    In ``frame``: id, claim, section, prediction, measured (with the interval, or why it is not tested), verdict,
    condition.  ``errors`` tells of runs that failed; a claim with one of them is not resolved.
    """

    judged: tuple[JudgedClaim, ...]
    replications: int
    seed: int
    confidence: float

    @property
    def frame(self) -> pd.DataFrame:
        """One row per claim, in the order of the claims."""
        columns = ["id", "claim", "section", "prediction", "measured", "verdict", "condition"]
        frame = pd.DataFrame([one.row for one in self.judged], columns=columns)
        return frame.assign(verdict=pd.Categorical(frame["verdict"], list(VERDICTS), ordered=True))

    @property
    def checks(self) -> pd.DataFrame:
        """One row per prediction: what it says, value, interval, limit; without which condition; whether it is shown.

        Shares are fractions; ``value`` is a difference where there is a design in ``than``.
        """
        columns = ["id", "claim_verdict", "condition", "prediction", "metric", "unit", "design", "than"]
        columns += ["value", "low", "high", "limit", "over", "verdict", "measured"]
        rows = [_check_row(one, checked) for one in self.judged for checked in one.checks]
        return pd.DataFrame(rows, columns=columns)

    @property
    def errors(self) -> pd.DataFrame:
        """One row per run that failed: the claim, and the message."""
        rows = [(one.claim.id, message) for one in self.judged for message in one.failures]
        return pd.DataFrame(rows, columns=["id", "message"])

    def table(self) -> pd.DataFrame:
        """The claims that were tested, in short: what is claimed, what is the verdict, under which condition."""
        tested = self.frame[self.frame["verdict"] != NOT_TESTED]
        return tested[["claim", "section", "verdict", "condition"]].reset_index(drop=True)

    def not_tested(self) -> pd.DataFrame:
        """The claims that no simulator can test, and why."""
        claims = [one.claim for one in self.judged if not one.claim.is_testable]
        rows = [(claim.says, claim.section, claim.untestable) for claim in claims]
        return pd.DataFrame(rows, columns=["claim", "section", "because"])

    def counts(self) -> pd.Series[int]:
        """How many claims there are of each verdict."""
        counted = Counter(one.verdict for one in self.judged)
        return pd.Series({verdict: counted[verdict] for verdict in VERDICTS}, name="claims")

    def verdict(self, claim: str) -> str:
        """What became of one claim, by its id; ResultError for one that is not among these."""
        return self._of(claim).verdict

    def why(self, claim: str) -> pd.DataFrame:
        """The predictions of one claim beside what was measured, by its id; ResultError for one not among these."""
        rows = [(one.predicted, one.measured, one.verdict, one.condition) for one in self._of(claim).checks]
        return pd.DataFrame(rows, columns=["prediction", "measured", "verdict", "without"])

    def _of(self, claim: str) -> JudgedClaim:
        known = {one.claim.id: one for one in self.judged}
        if claim not in known:
            raise ResultError(unknown("claim", claim, list(known)))
        return known[claim]

    def __repr__(self) -> str:
        said = ", ".join(f"{count} {verdict}" for verdict, count in self.counts().items() if count)
        failed = f", {len(self.errors)} runs failed (see .errors)" if len(self.errors) else ""
        return f"Claims({said}; {self.replications} replications, seed {self.seed}{failed})"

    def _repr_html_(self) -> str:
        return wording.html_table(repr(self), self.table())


def judge(
    claims: Iterable[Claim | str] | None = None,
    replications: int = FEWEST,
    seed: int = 1,
    n_jobs: int | None = None,
    confidence: float = 0.99,
    engine: str = "auto",
    progress: bool | None = None,
) -> Claims:
    """Run the designs of all claims on the same luck, and judge each prediction on the far end of its interval.

    ``claims`` are those of the essay, unless others are given, as values or by their ids.  ``n_jobs`` and ``engine``
    are those of ``compare``; nothing depends on them.  With a confidence of 99 % one in a hundred intervals misses the
    truth; for a wrong verdict it would have to lie wholly on the wrong side of a limit besides.

    Raises ScenarioError before anything runs: for less than ten replications, for unknown or doubled ids, and for
    predictions of designs or metrics that are not there.

    >>> import cqrsim as cq
    >>> from cqrsim.scenario.claims import above
    >>> shop = cq.Scenario(cq.Clients(cq.Poisson(cq.per_second(50))), length=cq.seconds(1))
    >>> sold = Claim("sold", "Something is sold.", "Sales", {"shop": shop}, (above("durable_per_s", "shop", 10),))
    >>> judge([sold], engine="simpy").verdict("sold")
    'holds'
    """
    asked = claims_asked(claims)
    replications, seed = whole_number("replications", replications, at_least=FEWEST), whole_number("seed", seed)
    confidence, n_jobs, engine = share("confidence", confidence), workers(n_jobs), an_engine(engine)
    places = _places(asked)
    tasks = [
        Task(place, replication, scenario, seed, engine)
        for scenario, place in places.items()
        for replication in range(replications)
    ]
    outcomes = run_all(tasks, sum_up, n_jobs, progress)
    judged = tuple(_judged(claim, places, outcomes, confidence) for claim in asked)
    return Claims(judged, replications, seed, confidence)


def _places(claims: Iterable[Claim]) -> dict[Scenario, int]:
    """A number for every scenario: what several claims ask for is run once."""
    scenarios = dict.fromkeys(scenario for claim in claims for scenario in claim.designs.values())
    return {scenario: place for place, scenario in enumerate(scenarios)}


def _judged(
    claim: Claim, places: dict[Scenario, int], outcomes: Sequence[Outcome[Summed]], confidence: float
) -> JudgedClaim:
    """Put the runs of a claim's designs beside its predictions; nothing is said of it if one of them failed."""
    runs: dict[str, Sequence[Numbers]] = {}
    failures: list[str] = []
    for name, scenario in claim.designs.items():
        mine = [outcome for outcome in outcomes if outcome.key[0] == places[scenario]]
        runs[name] = [outcome.result.numbers for outcome in mine if isinstance(outcome, Done)]
        failures += [outcome.message for outcome in mine if isinstance(outcome, Failure)]
    return JudgedClaim(claim, () if failures else tuple(_checks(claim, runs, confidence)), tuple(failures))


def _checks(claim: Claim, runs: dict[str, Sequence[Numbers]], confidence: float) -> Iterable[Checked]:
    for prediction in claim.predictions:
        yield check(runs, prediction, "", confidence)
    for condition in claim.conditions:
        for prediction in condition.without:
            yield check(runs, prediction, condition.says, confidence)


def _check_row(judged: JudgedClaim, one: Checked) -> tuple[object, ...]:
    said = one.prediction
    told = (judged.claim.id, judged.verdict, one.condition, one.predicted, said.metric, one.metric.unit)
    return (*told, said.design, said.than or "", *one.known, said.limit, said.over, one.verdict, one.measured)


def _lines(texts: Iterable[str]) -> str:
    return "; ".join(texts)
