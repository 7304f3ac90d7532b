"""Whether an engine agrees with the reference on a scenario, and in words where it does not."""

import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from swarm import checks
from swarm.shrinking import shrink

import cqrsim as cq
from cqrsim.engines import array_engine, simpy_engine
from cqrsim.errors import CqrsimError, PlanError
from cqrsim.metrics.vocabulary import OUTCOME_OF, PLACE_OF
from cqrsim.moments import Moment
from cqrsim.plan.plan import Plan, lower
from cqrsim.trace import COLUMNS, Rows, Trace

Engine = Callable[[Plan], Trace]

KEPT = Path(__file__).parent / "kept"
"""Scenarios on which engines once disagreed, each as small as it could be made: they run by name ever after."""

AROUND = 3
"""So many rows are shown of what both engines say, and of what each of them says then."""

CHECK = "engines"
"""What the comparison is called among the checks of the swarm, whose shrinker is used."""


def fast(plan: Plan) -> Trace:
    """By compiled code, where it can be compiled."""
    return array_engine.run(plan)


def plain(plan: Plan) -> Trace:
    """By the same rules as they stand."""
    return array_engine.run(plan, compiled=False)


ENGINES: dict[str, Engine] = {"fast": fast, "plain": plain}


def agreed(scenario: cq.Scenario, seed: int, engine: Engine = fast, keep_in: Path | None = None) -> Trace:
    """The run that both engines agree on.

    Raises AssertionError where they disagree; with ``keep_in`` the scenario is made small then, and written into this
    folder.  Raises PlanError for what the engine refuses.
    """
    plan = lower(scenario, seed)
    reference = simpy_engine.run(plan)
    said = difference(plan, reference, engine)
    if said and keep_in is not None:
        scenario = smallest(scenario, seed, engine)
        plan = lower(scenario, seed)
        said = difference(plan, simpy_engine.run(plan), engine) or said
        said += f"\nkept as {keep(scenario, seed, keep_in).name}"
    if said:
        raise AssertionError(f"{said}\n\n{told(scenario, seed)}")
    return reference


def difference(plan: Plan, reference: Trace, engine: Engine) -> str:
    """What the engine does otherwise; nothing if the digests are equal."""
    try:
        other = engine(plan)
    except PlanError:
        raise
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"the engine breaks, in {Path(where.filename).name}, {where.name}: {type(error).__name__}: {error}"
    return "" if other.digest() == reference.digest() else first_difference(reference.rows, other.rows)


# --- in words --------------------------------------------------------------------------------------------------------


def first_difference(reference: Rows, other: Rows) -> str:
    """The first rows that differ, and those right before them."""
    common = min(len(reference), len(other))
    differs = np.zeros(common, dtype=bool)
    for name in COLUMNS:
        differs |= getattr(reference, name)[:common] != getattr(other, name)[:common]
    first = int(np.argmax(differs)) if differs.any() else common
    return "\n".join([
        f"the engines disagree from row {first} on, of {len(reference)} (the reference) and {len(other)}",
        *(f"  both       {line}" for line in _lines(reference, first - AROUND, first)),
        *(f"  reference  {line}" for line in _lines(reference, first, first + AROUND)),
        *(f"  engine     {line}" for line in _lines(other, first, first + AROUND)),
    ])  # fmt: skip


def _lines(rows: Rows, start: int, end: int) -> Iterator[str]:
    """Some rows in words; where they end, that they do."""
    yield from (in_words(rows, row) for row in range(max(start, 0), min(end, len(rows))))
    if end > len(rows):
        yield "(no more)"


def in_words(rows: Rows, row: int) -> str:
    """One row: when, what, to whom, where, and with which outcome."""
    time, moment, command, attempt, place, outcome, value = (int(getattr(rows, name)[row]) for name in COLUMNS)
    vocabulary = OUTCOME_OF.get(moment)
    return (
        f"{time / 1e6:>14.6f} ms  {_named(Moment, moment):<16} command {command}.{attempt}  "
        f"{PLACE_OF.get(moment, 'place')} {place}  "
        f"outcome {outcome if vocabulary is None else _named(vocabulary, outcome)}  value {value}"
    )


def _named(vocabulary: Any, number: int) -> str:
    """The word for a number; an engine that is broken may know others."""
    return str(vocabulary(number).name.lower()) if number in set(vocabulary) else f"{number}?"


def told(scenario: cq.Scenario, seed: int) -> str:
    """A scenario as TOML, or as Python where it holds functions, below its seed."""
    try:
        return f"# seed = {seed}\n{scenario.to_toml()}"
    except CqrsimError:
        return f"# seed = {seed}\n{scenario!r}"


# --- as small as it can be -------------------------------------------------------------------------------------------


def smallest(
    scenario: cq.Scenario, seed: int, engine: Engine, say: Callable[[str], object] = lambda said: None
) -> cq.Scenario:
    """What is left of a scenario if everything is taken away without which the engines disagree, too."""

    def disagrees(case: checks.Case) -> Iterator[str]:
        try:
            digest = engine(lower(case.scenario, case.seed)).digest()
        except PlanError:
            return
        if digest != case.trace.digest():
            yield "the engines disagree"

    with mock.patch.dict(checks.CHECKS, {CHECK: disagrees}):
        found = [failure for failure in checks.failures(scenario, seed, (CHECK,)) if failure.check == CHECK]
        return shrink(scenario, seed, found[0], say) if found else scenario


def keep(scenario: cq.Scenario, seed: int, folder: Path) -> Path:
    """Write a scenario and its seed into a file that is called after both."""
    folder.mkdir(exist_ok=True)
    path = folder / f"seed_{seed}_{scenario.digest()[:8]}.toml"
    path.write_text(told(scenario, seed) + "\n")
    return path


def kept(path: Path) -> tuple[cq.Scenario, int]:
    """A scenario and its seed, as they were written."""
    seed = re.match(r"# seed = (\d+)\n", path.read_text())
    assert seed is not None, f"{path.name} must begin with a line such as # seed = 7"
    return cq.load(path), int(seed[1])
