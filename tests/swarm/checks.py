"""What must hold of every scenario of the swarm, and in words what does not."""

import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import cqrsim as cq
from cqrsim import metrics, ms
from cqrsim.engines import simpy_engine
from cqrsim.messages import AppendOutcome, Part
from cqrsim.moments import Moment
from cqrsim.plan.faults import named_faults
from cqrsim.plan.plan import lower
from cqrsim.trace import Rows, Trace

from .contracts import breaches
from .scenarios import calm

NULL = cq.WriteErrors(share=0.0, at=ms(5), lasts=ms(50), name="never strikes")
"""A fault that cannot fire."""

EXTRA = cq.WriteErrors(share=0.5, name="extra")
"""A fault with luck of its own."""

ENOUGH_TO_TELL = 10
"""So many different numbers do not fall into the same order by chance."""


@dataclass(frozen=True)
class Failure:
    """One thing that does not hold."""

    check: str
    said: str

    @property
    def way(self) -> tuple[str, str]:
        """In which way it fails: without the commands that are named, and other numbers."""
        return self.check, re.sub(r"\d+", "N", self.said.split(": command")[0])

    def __str__(self) -> str:
        return f"{self.check}: {self.said}"


class Case:
    """A scenario, the number that chooses its luck, and its run."""

    def __init__(self, scenario: cq.Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed

    @cached_property
    def trace(self) -> Trace:
        return trace_of(self.scenario, self.seed)


Check = Callable[[Case], Iterator[str]]


def failures(scenario: cq.Scenario, seed: int, names: tuple[str, ...] = ()) -> list[Failure]:
    """All that does not hold of a scenario, by all checks or by those that are named."""
    case = Case(scenario, seed)
    broken = _outcome("run", _comes_to_its_end, case)
    if broken:
        return broken
    chosen = [(name, check) for name, check in CHECKS.items() if not names or name in names]
    return [failure for name, check in chosen for failure in _outcome(name, check, case)]


def _outcome(name: str, check: Check, case: Case) -> list[Failure]:
    """What a check says; that it could not come to an end, too."""
    try:
        return [Failure(name, said) for said in check(case)]
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return [Failure(name, f"{type(error).__name__} in {Path(where.filename).name}, {where.name}: {error}")]


def trace_of(scenario: cq.Scenario, seed: int) -> Trace:
    """The run of a scenario; the same number chooses its luck."""
    return simpy_engine.run(lower(scenario, seed))


def _comes_to_its_end(case: Case) -> Iterator[str]:
    """The run itself does not break."""
    if not len(case.trace):
        yield "nothing has happened"


def _invariants_hold(case: Case) -> Iterator[str]:
    yield from metrics.invariants(case.trace)


def _anomalies_are_explained(case: Case) -> Iterator[str]:
    """Every anomaly goes back to a fault, a loss, or somebody who did not wait; few follow from the design alone."""
    harmless = ({"DBL"} if case.scenario.handlers.turn == "none" else set()) | _untold(case.scenario)
    harmless |= {"PHANTOM"} if case.scenario.store.publish == "before_durable" else set()
    yield from (said for said in metrics.unexplained(case.trace) if said.split()[0] not in harmless)


def _untold(scenario: cq.Scenario) -> set[str]:
    """Who looks so often and no more may never learn; nor does who waits for the event of a command without one."""
    for group in scenario.groups:
        answers = (group.feedback or scenario.feedback).answers()
        looks = (answers.event_poll, answers.cache_poll, answers.read_model)
        limited = any(look is not None and look.at_most is not None for look in looks)
        eventless = answers.answer_at == "received" and any(count == 0 for count, _ in group.event_counts)
        if limited or eventless:
            return {"UNK", "SILENT"}
    return set()


def _comes_to_rest(case: Case) -> Iterator[str]:
    """After the repair and the drain nothing is under way that should have ended."""
    yield from unrest(case.trace)


def _promises_are_kept(case: Case) -> Iterator[str]:
    """What designs and policies promise."""
    yield from breaches(case.scenario, case.trace)


def _repeats_itself(case: Case) -> Iterator[str]:
    """Twice the same, to the last bit; and a fault that cannot fire leaves no mark, whatever else goes wrong."""
    digest = case.trace.digest()
    if digest != trace_of(case.scenario.with_faults(NULL), case.seed).digest():
        if digest == trace_of(case.scenario, case.seed).digest():
            yield "a fault of share 0 changes the run"
        else:
            yield "two runs of the same scenario differ"


def _the_past_is_settled(case: Case) -> Iterator[str]:
    """What goes wrong in the middle of a run changes nothing that was before it."""
    middle = ms(int(case.scenario.length) // 2_000_000)
    later = LATER[case.seed % len(LATER)](middle)
    with_later = trace_of(case.scenario.with_faults(later), case.seed)
    if _rows_before(case.trace, int(middle)) != _rows_before(with_later, int(middle)):
        yield f"{later.kind} changes what was before it"


LATER: tuple[Callable[[cq.Duration], cq.AnyFault], ...] = (
    lambda at: cq.StoreCrash(at, restart=ms(5), name="later"),
    lambda at: cq.HandlerCrash(at, restart=ms(5), name="later"),
    lambda at: cq.ProjectionCrash(at, restart=ms(5), name="later"),
    lambda at: cq.WriteErrors(0.5, at=at, name="later"),
    lambda at: cq.LostMessages(0.5, "store->handler", at=at, name="later"),
    lambda at: cq.DelayedMessages(ms(5), "client->handler", at=at, name="later"),
    lambda at: cq.SilentChange(at, records=2, name="later"),
    lambda at: cq.Overlap(at, lasts=ms(20), name="later"),
    lambda at: cq.SlowDisk(3, at, lasts=ms(20), name="later"),
)
"""Faults that strike from a time on."""


def _rows_before(trace: Trace, time: int) -> list[tuple[int, ...]]:
    return _tuples(trace.rows.take(trace.rows.time < time))


def _tuples(rows: Rows) -> list[tuple[int, ...]]:
    return list(zip(*(getattr(rows, name).tolist() for name in Rows.__dataclass_fields__), strict=True))


def _answers_move_nothing(case: Case) -> Iterator[str]:
    """What handlers, store and projections do is the same, whenever clients are answered who do not act on it."""
    scenario = case.scenario
    acts = any(group.retries is not None or isinstance(group.arrivals, cq.Closed) for group in scenario.groups)
    if acts or any(isinstance(named.fault.when, cq.AfterFault) for named in named_faults(scenario)):
        return
    silent = [group.variant(feedback=None) for group in scenario.groups]
    answers = [cq.SyncValidation(), cq.SyncValidation(answer_at="written")]
    runs = [trace_of(scenario.with_(clients=silent, feedback=one), case.seed) for one in answers]
    if _inner_rows(runs[0]) != _inner_rows(runs[1]):
        yield "the moment of the answer changes what becomes of commands"


def _inner_rows(trace: Trace) -> list[tuple[int, ...]]:
    """The rows of what handlers, store and projections do."""
    inner = (trace.rows.moment >= Moment.RECEIVED) & (trace.rows.moment <= Moment.RELEASED)
    return _tuples(trace.rows.take(inner))


def _luck_belongs_to_commands(case: Case) -> Iterator[str]:
    """Draws do not depend on the order in which they are asked for, and no two purposes share theirs."""
    before = columns(case.scenario, case.seed)
    after = columns(case.scenario.with_faults(EXTRA), case.seed, reverse=True)
    moved = sorted(name for name, drawn in before.items() if not np.array_equal(drawn, after[name]))
    if moved:
        yield f"moved by another fault and another order of asking: {', '.join(moved)}"
    ranks: dict[tuple[int, ...], str] = {}
    for name, drawn in before.items():
        if len(np.unique(drawn)) > ENOUGH_TO_TELL:
            other = ranks.setdefault(tuple(np.argsort(drawn, kind="stable").tolist()), name)
            if other != name:
                yield f"{other} and {name} have the same luck"


def columns(scenario: cq.Scenario, seed: int, reverse: bool = False) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """What is drawn for each command, asked for in one order or the other."""
    plan = lower(scenario, seed)
    asked = {"validate": plan.handler.validate, "write": plan.disk.write, "flush": plan.disk.flush}
    asked |= {f"apply {view.name}": view.apply for view in plan.projections}
    asked |= {route.link.name: route.delay for route in plan.routes.values()}
    asked |= {f"to {number}": route.delay for number, route in enumerate(plan.publications)}
    order = sorted(asked, reverse=reverse)
    return {name: asked[name].array(0) for name in order}


def _calm_is_calm(case: Case) -> Iterator[str]:
    """Without faults, losses, limits and haste there is no anomaly, in any design and at any load."""
    quiet = calm(case.scenario)
    trace = trace_of(quiet, case.seed)
    yield from (f"in calm, {rule}" for rule in metrics.invariants(trace))
    yield from (f"in calm, {rule}" for rule in unrest(trace))
    found = metrics.anomalies(trace)
    kinds = sorted(set(found.loc[(found["count"] > 0) | (found["healed"] > 0), "kind"]) - by_design(quiet))
    yield from (f"in calm, {kind}" for kind in kinds)


def by_design(scenario: cq.Scenario) -> set[str]:
    """What a design does to its clients without any fault: silence is silent, caches forget, looking ends."""
    harmless = set()
    for group in scenario.groups:
        answers = (group.feedback or scenario.feedback).answers()
        if answers.answer_at == "received":
            harmless |= {"SILENT", "UNK", "ERRLOST"}
        if answers.presume_failure_after is not None:
            harmless |= {"GHOST", "UNK"}
    return harmless


CHECKS: dict[str, Check] = {
    "invariants": _invariants_hold,
    "unexplained": _anomalies_are_explained,
    "contract": _promises_are_kept,
    "rest": _comes_to_rest,
    "digest": _repeats_itself,
    "luck": _luck_belongs_to_commands,
    "answers": _answers_move_nothing,
    "past": _the_past_is_settled,
    "calm": _calm_is_calm,
}


# --- rest -----------------------------------------------------------------------------------------------------------


def unrest(trace: Trace) -> Iterator[str]:
    """What is still under way at the end of a run, though nothing is left that it could wait for."""
    if not _is_up(trace):
        return  # a store that is gone for good answers nobody, and all that waits for it waits for ever
    received, over = _keys(trace, Moment.APPEND_RECEIVED), _keys(trace, Moment.WRITTEN, Moment.APPEND_FAILED)
    over |= _keys(trace, Moment.RECOVERED)
    yield from _named("appends in the store to the end", received - over)
    begun = _keys(trace, Moment.ADMITTED)
    done = _keys(trace, Moment.DECIDED, Moment.FORGOTTEN) | _stuck(trace)
    if trace.about.turn != "none":  # a turn that is held for ever is STUCK; without turns it is nobody's
        yield from _named("admitted, and never decided", {key for key in begun - done if not _is_copy(trace, key[1])})
    here = _keys(trace, Moment.RECEIVED)
    let_in = begun | _keys(trace, Moment.DECIDED, Moment.FORGOTTEN)
    if not _stuck(trace) and trace.about.turn != "none":
        yield from _named("received, and never let in", here - let_in)
        ended = _keys(trace, Moment.RELEASED, Moment.FORGOTTEN)
        yield from _named("admitted, and the turn never released", _tries(trace, begun) - _tries(trace, ended))


def _is_up(trace: Trace) -> bool:
    """Whether the store runs at the end."""
    crashed, restarted = trace.of(Moment.CRASHED), trace.of(Moment.RESTARTED)
    last_crash = max(crashed.time[crashed.outcome == Part.STORE].tolist(), default=-1)
    last_start = max(restarted.time[restarted.outcome == Part.STORE].tolist(), default=-1)
    return last_start >= last_crash


Key = tuple[int, int]


def _keys(trace: Trace, *moments: Moment) -> set[Key]:
    """Commands and attempts that have a row of one of the moments."""
    found: set[Key] = set()
    for moment in moments:
        rows = trace.of(moment)
        found |= set(zip(rows.command.tolist(), rows.attempt.tolist(), strict=True))
    return found


def _tries(trace: Trace, keys: set[Key]) -> set[Key]:
    """The tries of attempts: reloads are attempts of the same try, which is released once."""
    return {(command, attempt // trace.about.attempts_per_try) for command, attempt in keys}


def _is_copy(trace: Trace, attempt: int) -> bool:
    return 0 <= trace.about.duplicates_from <= attempt


def _stuck(trace: Trace) -> set[Key]:
    """Who holds a turn for ever, and everybody of the same aggregate (or shard): they wait behind it."""
    found = metrics.anomalies(trace)
    return _keys(trace, Moment.RECEIVED) if (found.loc[found["kind"] == "STUCK", "count"] > 0).any() else set()


def _named(what: str, keys: set[Key]) -> Iterator[str]:
    if keys:
        commands = sorted({command for command, _ in keys})
        yield f"{what}: command {', '.join(map(str, commands[:5]))}"


# --- what was reached -----------------------------------------------------------------------------------------------


def reached(scenario: cq.Scenario, seed: int) -> set[str]:
    """The effects and triggers that struck, and what became of appends."""
    trace, named = trace_of(scenario, seed), named_faults(scenario)
    struck = set(trace.of(Moment.FAULT_STRUCK).place.tolist()) | set(trace.of(Moment.FAULT_BEGAN).place.tolist())
    found = {f"effect {type(named[number].fault.what).__name__}" for number in struck}
    found |= {f"trigger {type(named[number].fault.when).__name__}" for number in struck}
    for moment in (Moment.WRITTEN, Moment.APPEND_FAILED, Moment.REREAD):
        found |= {f"append {AppendOutcome(code).name}" for code in np.unique(trace.of(moment).outcome).tolist()}
    return found
