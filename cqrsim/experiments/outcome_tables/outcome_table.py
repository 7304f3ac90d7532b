"""One fault strikes the first of two commands that exclude each other: what each design suffers, at every timing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from cqrsim.errors import Problem, ResultError, ScenarioError
from cqrsim.experiments.checks import a_scenario, workers
from cqrsim.experiments.outcome_tables.cures import CURES
from cqrsim.experiments.outcome_tables.outcome_designs import feedback_name, known, outcome_designs
from cqrsim.experiments.outcome_tables.outcome_faults import Variants, faults_for
from cqrsim.experiments.outcome_tables.scripts import NOTHING, kinds_of, spaced
from cqrsim.experiments.running.runs import Done, Outcome, Task, run_all
from cqrsim.experiments.showing import wording
from cqrsim.experiments.simulate import Run, simulate
from cqrsim.metrics.vocabulary import Anomaly
from cqrsim.scenario import Scenario
from cqrsim.units import Duration, ms

SPACINGS = tuple(ms(spacing) for spacing in (0.5, 3, 9, 30, 60, 150, 400))
"""When the second command follows: before the first append is written, around every timeout, long after all of them."""

SEED = 1
"""The scripts leave nothing to luck, but which of two instances takes a command."""

OF_FEEDBACK = (Anomaly.LOST, Anomaly.GHOST, Anomaly.SILENT, Anomaly.UNK, Anomaly.ERRLOST)
"""Anomalies of what clients are told; all others are of the state, and do not depend on feedback."""

About = Literal["state", "feedback"]
VERDICTS = ("always", "sometimes")


@dataclass(frozen=True)
class Timing:
    """One run of a cell: which variant of the fault, and when the second command follows."""

    variant: int
    spacing: Duration


@dataclass(frozen=True, eq=False, repr=False)
class OutcomeTable:
    """What one fault at the first append does to each design, while a second command follows that excludes the first.

    ``frame`` has one row for each anomaly that occurred in a cell: ``fault``, ``design``, ``feedback``, ``anomaly``,
    what it is ``about`` (state or feedback), the ``verdict`` ("always" or "sometimes"), the ``share`` of timings at
    which it occurred, and the number of ``timings``.  What never occurred has no row.  ``runs`` has one row for each
    run, ``errors`` those that failed.
    """

    designs: dict[str, Scenario]
    faults: tuple[str, ...]
    spacings: tuple[Duration, ...]
    cures: tuple[str, ...]
    frame: pd.DataFrame
    runs: pd.DataFrame
    errors: pd.DataFrame
    _variants: dict[tuple[str, str], Variants]

    def table(self, about: About | None = "state") -> pd.DataFrame:
        """One row per fault and one column per design: "AHEAD WREJ, dbl?".

        Capitals stand for what occurs at every timing, lower case with a question mark for what occurs at some.
        ``about`` chooses anomalies of the "state" or of "feedback"; None shows both.
        """
        cells = {design: [self._text(fault, design, about) for fault in self.faults] for design in self.designs}
        return pd.DataFrame({"fault": list(self.faults)} | cells)

    def cell(self, fault: str, design: str) -> dict[str, str]:
        """The verdict of every anomaly that occurred in one cell."""
        found = self.frame[(self.frame["fault"] == self._fault(fault)) & (self.frame["design"] == self._design(design))]
        return dict(zip(found["anomaly"].astype(str), found["verdict"].astype(str), strict=True))

    def run(self, fault: str, design: str, timing: int = 0) -> Run:
        """One of the runs in full, simulated again; ``timing`` is its number in ``runs``."""
        timings = list(_timings(self._variants[self._fault(fault), self._design(design)], self.spacings))
        if not 0 <= timing < len(timings):
            raise ResultError(f"no timing {timing}; there are {len(timings)}, from 0 (see .runs)")
        scenario = _scenario(self.designs[design], self._variants[fault, design], timings[timing])
        return simulate(scenario, SEED, timing)

    def _fault(self, name: str) -> str:
        return known("fault", name, self.faults)

    def _design(self, name: str) -> str:
        return known("design", name, self.designs)

    def _text(self, fault: str, design: str, about: About | None) -> str:
        found = self.frame[(self.frame["fault"] == fault) & (self.frame["design"] == design)]
        if about is not None:
            found = found[found["about"] == about]
        is_always = found["verdict"] == "always"
        always = " ".join(found.loc[is_always, "anomaly"].astype(str))
        sometimes = " ".join(f"{name.lower()}?" for name in found.loc[~is_always, "anomaly"].astype(str))
        said = ", ".join(part for part in (always, sometimes) if part) or NOTHING
        return wording.FAILED if self._has_failed(fault, design) else said

    def _has_failed(self, fault: str, design: str) -> bool:
        """Whether nothing can be said of a cell, since some of its runs failed."""
        return bool(((self.errors["fault"] == fault) & (self.errors["design"] == design)).any())

    def __repr__(self) -> str:
        cures = f"; with {wording.joined(self.cures)}" if self.cures else ""
        failed = f", {len(self.errors)} failed (see .errors)" if len(self.errors) else ""
        size = f"{len(self.faults)} faults, {len(self.designs)} designs, {len(self.runs):,} runs"
        return f"OutcomeTable({size}{failed}{cures})"

    def _repr_html_(self) -> str:
        return wording.html_table(repr(self), self.table())


def outcome_table(
    designs: Mapping[str, Scenario] | Iterable[str] | None = None,
    faults: Mapping[str, Any] | Iterable[str] | None = None,
    spacings: Iterable[Duration] | None = None,
    cures: Iterable[str] = (),
    n_jobs: int | None = 1,
) -> OutcomeTable:
    """Run every fault against every design, at every spacing of the two commands and with every length of the fault.

    ``designs`` are scripts by name (:func:`cqrsim.outcome_designs` makes them, also with other feedback), or names of
    those.  ``faults`` are names of the table's own, or a dict of faults: each a fault, a tuple of faults that strike
    together, or a list of variants of either.  ``cures`` are "version check", "dedupe" (with clients that try again),
    "gap detection", "poison", "honest unknown" and "fencing".

    Raises ScenarioError for names that do not exist, and for designs that are no scripts.

    >>> table = outcome_table(["2a", "2b careful"], ["none", "refused"], [ms(9), ms(60)])
    >>> table.table()
         fault     2a 2b careful
    0     none      -          -
    1  refused  STUCK          -
    """
    n_jobs = workers(n_jobs)
    asked = tuple(known("cure", cure, CURES) for cure in ((cures,) if isinstance(cures, str) else cures))
    chosen = {name: _cured(design, asked) for name, design in _designs(designs).items()}
    times = _spacings(spacings)
    wanted = faults if faults is None or isinstance(faults, Mapping) else _listed(faults)
    by_design = {name: faults_for(design, wanted) for name, design in chosen.items()}
    names = tuple(next(iter(by_design.values())))
    variants = {(fault, design): by_design[design][fault] for fault in names for design in chosen}
    tasks = list(_tasks(chosen, variants, times))
    outcomes = run_all(tasks, _kinds, n_jobs, progress=None)
    return _table_of(chosen, names, times, asked, variants, outcomes)


def _listed(names: Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _designs(asked: Mapping[str, Scenario] | Iterable[str] | None) -> dict[str, Scenario]:
    """The designs that were asked for, by name."""
    if isinstance(asked, Mapping):
        found = {str(name): a_scenario(f'"{name}"', design) for name, design in asked.items()}
    else:
        standard = outcome_designs()
        found = {
            name: standard[known("design", name, standard)] for name in _listed(standard if asked is None else asked)
        }
    if not found:
        raise ScenarioError((Problem("designs", None, "there is nothing to try"),))
    return found


def _spacings(asked: Iterable[Duration] | None) -> tuple[Duration, ...]:
    times = tuple(Duration.accept(one) for one in (SPACINGS if asked is None else asked))
    if not times:
        raise ScenarioError((Problem("spacings", None, "needs at least one"),))
    return times


def _cured(design: Scenario, cures: Iterable[str]) -> Scenario:
    for cure in cures:
        design = CURES[cure](design)
    return design


# --- runs --------------------------------------------------------------------------------------------------------


def _timings(variants: Variants, spacings: Iterable[Duration]) -> Iterator[Timing]:
    """All timings of a cell, in the order of their numbers."""
    for variant in range(len(variants)):
        for spacing in spacings:
            yield Timing(variant, spacing)


def _scenario(design: Scenario, variants: Variants, timing: Timing) -> Scenario:
    return spaced(design, timing.spacing).with_faults(*variants[timing.variant])


def _tasks(
    designs: Mapping[str, Scenario], variants: Mapping[tuple[str, str], Variants], spacings: tuple[Duration, ...]
) -> Iterator[Task]:
    """One run for every timing of every cell; cells are numbered fault by fault."""
    for cell, ((_, design), alternatives) in enumerate(variants.items()):
        for number, timing in enumerate(_timings(alternatives, spacings)):
            yield Task(cell, number, _scenario(designs[design], alternatives, timing), SEED)


def _kinds(task: Task) -> tuple[str, ...]:
    """The anomalies of one run.  Other timings have other luck, so that not always the same instance is hit."""
    return tuple(kind.name for kind in kinds_of(simulate(task.scenario, task.seed, task.replication).trace))


# --- what came of them -------------------------------------------------------------------------------------------


def _table_of(
    designs: dict[str, Scenario],
    faults: tuple[str, ...],
    spacings: tuple[Duration, ...],
    cures: tuple[str, ...],
    variants: dict[tuple[str, str], Variants],
    outcomes: list[Outcome[tuple[str, ...]]],
) -> OutcomeTable:
    cells, rows, errors = list(variants), [], []
    for outcome in outcomes:
        (fault, design), number = cells[outcome.key[0]], outcome.key[1]
        timing = list(_timings(variants[fault, design], spacings))[number]
        start = (fault, design, number, timing.variant, timing.spacing / ms(1))
        if isinstance(outcome, Done):
            rows.append((*start, outcome.result))
        else:
            errors.append((*start, outcome.message, outcome.traceback))
    shared = ["fault", "design", "timing", "variant", "spacing_ms"]
    runs = pd.DataFrame(rows, columns=[*shared, "anomalies"])
    frame = _frame(runs, designs)
    failed = pd.DataFrame(errors, columns=[*shared, "message", "traceback"])
    for table in (frame, runs, failed):
        table["fault"] = _ordered(table["fault"], faults)
        table["design"] = _ordered(table["design"], designs)
    return OutcomeTable(designs, faults, spacings, cures, frame, runs, failed, variants)


def _frame(runs: pd.DataFrame, designs: Mapping[str, Scenario]) -> pd.DataFrame:
    """One row for each anomaly of each cell."""
    rows = []
    for (fault, design), cell in runs.groupby(["fault", "design"], sort=False):
        feedback = feedback_name(designs[str(design)])
        for kind in Anomaly:
            share = sum(kind.name in found for found in cell["anomalies"]) / len(cell)
            if share:
                about = "feedback" if kind in OF_FEEDBACK else "state"
                verdict = VERDICTS[0] if share == 1 else VERDICTS[1]
                rows.append((fault, design, feedback, kind.name, about, verdict, share, len(cell)))
    columns = ["fault", "design", "feedback", "anomaly", "about", "verdict", "share", "timings"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(
        anomaly=_ordered(frame["anomaly"], [kind.name for kind in Anomaly]),
        about=_ordered(frame["about"], ("state", "feedback")),
        verdict=_ordered(frame["verdict"], VERDICTS),
    )


def _ordered(values: Iterable[Any], names: Iterable[str]) -> pd.Categorical[Any]:
    return pd.Categorical(list(values), categories=list(names), ordered=True)
