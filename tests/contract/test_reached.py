"""What is never put to the test is not tested: every word is said in some run that both engines agree on."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pytest
from small import at, story

import cqrsim as cq
from contract.agreement import agreed
from contract.faults import alone, short_forms
from contract.systems import busy, curious, number
from cqrsim import metrics, ms
from cqrsim.errors import PlanError
from cqrsim.messages import Answer, AppendOutcome, Belief, Decision, Link, Part
from cqrsim.metrics.vocabulary import OUTCOME_OF
from cqrsim.moments import NEVER, OVERFLOW, Moment
from cqrsim.plan.answers import By, Effect
from cqrsim.plan.plan import Plan, lower
from cqrsim.trace import Trace

SEEDS = range(40)
SEED = 1
UNSAID: dict[type[IntEnum], tuple[IntEnum, ...]] = {
    Moment: (Moment.DELIVERED,),
    Effect: (Effect.CUSTOM,),
    By: (By.CALL,),
}
"""What is never recorded, and functions, which are left to the reference."""

Sign = Callable[[Trace, Plan], bool]
"""Whether something shows in a run."""


# --- signs -----------------------------------------------------------------------------------------------------------


def has(moment: Moment, **columns: int) -> Sign:
    """A row of a moment with these values."""
    return lambda trace, plan: bool(_count(trace, moment, columns))


def has_not(moment: Moment, **columns: int) -> Sign:
    """No such row."""
    return lambda trace, plan: not _count(trace, moment, columns)


def has_first(moment: Moment, time_ms: float, **columns: int) -> Sign:
    """The first such row at this time."""

    def found(trace: Trace, plan: Plan) -> bool:
        rows = trace.of(moment)
        here = rows.take(_mask(trace, moment, columns))
        return len(here) > 0 and int(here.time[0]) == int(time_ms * 1_000_000)

    return found


def _mask(trace: Trace, moment: Moment, columns: dict[str, int]) -> np.ndarray:  # type: ignore[type-arg]
    rows = trace.of(moment)
    mask = np.ones(len(rows), dtype=bool)
    for name, value in columns.items():
        mask &= getattr(rows, name) == value
    return mask


def _count(trace: Trace, moment: Moment, columns: dict[str, int]) -> int:
    return int(_mask(trace, moment, columns).sum())


def has_copies(trace: Trace, plan: Plan) -> bool:
    """An attempt that a fault has doubled, in the handler."""
    received = trace.of(Moment.RECEIVED)
    return bool((received.attempt >= trace.about.duplicates_from).any()) and trace.about.duplicates_from > 0


def has_reloads(trace: Trace, plan: Plan) -> bool:
    """An attempt that met a conflict, and the next one of the same try, which is written."""
    lost, written = _tries(trace, Moment.APPEND_FAILED), _tries(trace, Moment.WRITTEN)
    return any((command, attempt + 1) in written for command, attempt in lost)


def _tries(trace: Trace, moment: Moment) -> set[tuple[int, int]]:
    rows = trace.of(moment)
    return set(zip(rows.command.tolist(), rows.attempt.tolist(), strict=True))


def has_two_states(trace: Trace, plan: Plan) -> bool:
    """Both instances of a shard fold what they have heard."""
    return len(np.unique(trace.of(Moment.FOLDED).outcome)) > 1


@dataclass(frozen=True)
class Rare:
    """A small story that leads to something rare, and the signs of it."""

    scenario: cq.Scenario
    signs: tuple[Sign, ...]


OPPOSITE = {"rule": cq.Range(0, 1)}
BOTH_AT_ONCE = {"handlers": cq.Handlers(workers=2, turn="none", validate=ms(1))}
IN_DOUBT = cq.FromGenerated(careful=True, give_up_after=ms(20))
ROT = cq.Fault(cq.Corrupt(records=1, detected=1.0), when=ms(100), name="rot")
LOST_APPEND = cq.Fault(cq.Drop(), where="handler->store", when=cq.Nth(1))
LOST_ANSWER = cq.Fault(cq.Drop(), where="store->handler", when=cq.Nth(1))
TORN = cq.PowerLoss(ms(12), restart=ms(50), tears=True)
LISTED = at(*range(10, 210, 20))
FAILED, VANISHED, ALTERED = Moment.APPEND_FAILED, Moment.VANISHED, Moment.ALTERED
RESTARTED, REREAD, FOLDED = Moment.RESTARTED, Moment.REREAD, Moment.FOLDED

RARE: dict[str, Rare] = {
    "a conflict, and a reload": Rare(
        story(at(10, 10), state=cq.LoadDecideAppend(retries=1), **BOTH_AT_ONCE),
        (has(FAILED, outcome=AppendOutcome.CONFLICT), has_reloads),
    ),
    "a conflict, and no reload": Rare(
        story(at(10, 10), state=cq.LoadDecideAppend(retries=0), **BOTH_AT_ONCE),
        (has(FAILED, outcome=AppendOutcome.CONFLICT), has_not(Moment.WRITTEN, attempt=1)),
    ),
    "reread, and found": Rare(
        story(at(10), LOST_ANSWER, state=IN_DOUBT), (has(REREAD, outcome=AppendOutcome.OK),)
    ),
    "reread, and not found": Rare(
        story(at(10), LOST_APPEND, state=IN_DOUBT), (has(REREAD, outcome=AppendOutcome.UNKNOWN),)
    ),
    "a copy of a command": Rare(
        story(at(10, 50), cq.DuplicateMessages(1.0, "client->handler", after=ms(1))), (has_copies,)
    ),
    "two instances": Rare(
        story(LISTED, cq.Overlap(ms(5), lasts=ms(200)), state=cq.FromPublished()),
        (has(RESTARTED, outcome=Part.INSTANCE), has_two_states),
    ),
    "two instances, one fenced": Rare(
        story(LISTED, cq.Overlap(ms(5), lasts=ms(200)), store=cq.EventStore(fencing=True)),
        (has(FAILED, outcome=AppendOutcome.FENCED),),
    ),
    "a zombie": Rare(
        story(at(10, 30), cq.Zombie(ms(12), lasts=ms(100)), handlers=cq.Handlers(validate=ms(5))),
        (has(RESTARTED, outcome=Part.INSTANCE), has(Moment.FAULT_ENDED)),
    ),
    "a replica, some appends behind": Rare(
        story(at(10, 100, 150), cq.FailOver(ms(200), appends=2, switch=ms(20))),
        (has(VANISHED, command=1), has(VANISHED, command=2), has_first(RESTARTED, 220, outcome=Part.STORE)),
    ),
    "a replica, some time behind": Rare(
        story(at(10, 100, 150), cq.FailOver(ms(200), lag=ms(60), switch=ms(20))),
        (has_not(VANISHED, command=1), has(VANISHED, command=2)),
    ),
    "a torn write, cut": Rare(
        story(at(10), TORN),
        (has(FAILED, outcome=AppendOutcome.CRASHED), has_first(RESTARTED, 62, outcome=Part.STORE)),
    ),
    "a torn write, refused": Rare(
        story(at(10), TORN, store=cq.EventStore(recover="refuse")), (has_first(RESTARTED, 1050, outcome=Part.STORE),)
    ),
    "damage, cut": Rare(story(at(10, 50, 70), ROT, cq.StoreCrash(ms(200), restart=ms(10))), (has(VANISHED),)),
    "damage, refused": Rare(
        story(at(10, 50, 70), ROT, cq.StoreCrash(ms(200), restart=ms(10)), store=cq.EventStore(recover="refuse")),
        (has(ALTERED), has_not(VANISHED), has_first(RESTARTED, 1050, outcome=Part.STORE)),
    ),
    "damage that nobody notices": Rare(
        story(at(10, 200), cq.SilentChange(ms(100)), state=cq.LoadDecideAppend(), **OPPOSITE), (has(ALTERED),)
    ),
    "an own store, mended": Rare(
        story(at(10), LOST_APPEND, state=cq.OwnStore(reconcile_every=ms(200))),
        (has_first(REREAD, 400, command=0, outcome=AppendOutcome.OK),),
    ),
    "an own store that misses an event, mended": Rare(
        story(at(10), LOST_ANSWER, state=cq.OwnStore(order="event_first", reconcile_every=ms(200))),
        (has(Moment.WRITTEN),),
    ),
    "an own store, not mended": Rare(
        story(at(10), LOST_APPEND, state=cq.OwnStore(reconcile_every=ms(200), reconcile_finds=0.0)), (has_not(REREAD),)
    ),
    "a view, rebuilt from zero": Rare(
        story(LISTED, cq.ProjectionCrash(ms(500), restart=ms(50)),
              projections=cq.Projection(ms(5), checkpoint_every=6)),
        (has_first(RESTARTED, 600, outcome=Part.PROJECTION),),
    ),
    "a view, rebuilt from its checkpoint": Rare(
        story(LISTED, cq.ProjectionCrash(ms(500), restart=ms(50)),
              projections=cq.Projection(ms(5), rebuild="checkpoint", checkpoint_every=6)),
        (has(Moment.CHECKPOINTED), has_first(RESTARTED, 570, outcome=Part.PROJECTION)),
    ),
    "a handler, rebuilt from a snapshot": Rare(
        story(LISTED, cq.HandlerCrash(ms(500), restart=ms(50)),
              store=cq.EventStore(read=ms(5), read_per_event=ms(1), snapshot_every=8)),
        (has_first(RESTARTED, 557, outcome=Part.HANDLER),),
    ),
    "a try that is stored already": Rare(
        story(at(10), cq.LostMessages(1.0, "handler->client", at=ms(0), lasts=ms(90)), store=cq.EventStore(dedupe=True),
              clients=cq.Clients(at(10), patience=ms(50), retries=cq.Retries(1, ms(0)))),
        (has(FAILED, outcome=AppendOutcome.DUPLICATE),),
    ),
    "a full buffer": Rare(
        story(at(10, 20, 30, 40, 50), projections=cq.Projection(ms(100), buffer=2)),
        (has(Moment.MESSAGE_LOST, value=OVERFLOW),),
    ),
    "a link that loses by itself": Rare(
        story(LISTED, network=cq.Network(client_to_handler=cq.Route(ms(1), loss=0.5))),
        (has(Moment.MESSAGE_LOST, value=NEVER),),
    ),
    "a full queue": Rare(
        story(at(*[10] * 5), handlers=cq.Handlers(queue_limit=1, validate=ms(9))),
        (has(Moment.DECIDED, outcome=Decision.OVERLOADED),),
    ),
    "a store that dies of an error": Rare(
        story(at(10, 400), cq.Fault(cq.Ambiguous(), when=cq.Nth(1)),
              store=cq.EventStore(on_error="exit", restart=ms(100)), state=cq.FromGenerated(give_up_after=ms(50))),
        (has_first(Moment.CRASHED, 13), has_first(RESTARTED, 113)),
    ),
    "a record that is found again": Rare(
        story(at(10), cq.StoreCrash(ms(12.5), restart=ms(50))), (has_first(Moment.RECOVERED, 62.5),)
    ),
    "an id that is pushed out of the cache": Rare(
        story(at(10, 11, 12), clients=cq.Clients(at(10, 11, 12), invalid=1.0),
              feedback=cq.ErrorCache(keep_for=ms(90), at_most=1)),
        (has(Moment.REFUSAL_EXPIRED, value=0), has(Moment.REFUSAL_EXPIRED, value=1)),
    ),
    "a disk that is gone for good": Rare(
        story(at(10, 100), cq.DeadDisk(ms(50), answers=True)), (has(FAILED, outcome=AppendOutcome.ERROR),)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RARE)
def test_something_rare(name: str) -> None:
    """It happens, and both engines say so."""
    rare = RARE[name]
    trace, plan = agreed(rare.scenario, SEED), lower(rare.scenario, SEED)
    assert [number for number, sign in enumerate(rare.signs) if not sign(trace, plan)] == []


# --- every word ------------------------------------------------------------------------------------------------------


Word = tuple[str, str]
"""Of which vocabulary, and which word; numbers would be equal across vocabularies."""


@pytest.fixture(scope="module")
def reached() -> set[Word]:
    """Every word that is said in random scenarios, in the rare ones, and in those with each fault by itself."""
    found = set[Word]()
    for seed in SEEDS:
        try:
            found |= said(number(seed), seed)
        except PlanError:
            continue
    for scenario in [*(rare.scenario for rare in RARE.values()), busy(), curious()]:
        found |= said(scenario, SEED)
    for fault in short_forms():
        if not isinstance(fault, cq.DuplicateMessages | cq.DelayedMessages):
            found |= said(busy(faults=(fault,)), SEED)
        if isinstance(fault, cq.LostMessages):
            found |= said(curious(faults=(fault,)), SEED)
    for by_itself in alone((cq.Slow(3, added=ms(1)), cq.Refuse()), everywhere=False):
        found |= said(by_itself.scenario(), SEED)
    return found


def said(scenario: cq.Scenario, seed: int) -> set[Word]:
    """The moments of a run and their outcomes, what its clients believe, and what has struck it, and by what."""
    trace, plan = agreed(scenario, seed), lower(scenario, seed)
    words: list[IntEnum] = [Moment(moment) for moment in np.unique(trace.rows.moment).tolist()]
    for moment in tuple(words):
        vocabulary = OUTCOME_OF.get(moment)
        if vocabulary is not None:
            words += [vocabulary(outcome) for outcome in np.unique(trace.of(Moment(moment)).outcome).tolist()]
    words += [Link(place) for place in np.unique(trace.of(Moment.MESSAGE_LOST).place).tolist()]
    words += [Belief[belief.upper()] for belief in metrics.commands(trace)["belief"].dropna().astype("str").unique()]
    struck = set(np.unique(trace.of(Moment.FAULT_STRUCK).place).tolist())
    began = set(np.unique(trace.of(Moment.FAULT_BEGAN).place).tolist())
    for fault in plan.faults:  # what takes room bit by bit strikes nothing and nobody in particular
        happened = began if fault.effect == Effect.CONSUME else struck
        words += [fault.effect, fault.by] if fault.number in happened else []
    return {(type(word).__name__, word.name) for word in words}


@pytest.mark.parametrize("vocabulary", [Moment, AppendOutcome, Answer, Belief, Decision, Part, Link, Effect, By])
def test_every_word_is_said(vocabulary: type[IntEnum], reached: set[Word]) -> None:
    """All but a few."""
    words = {word for word in vocabulary if word not in UNSAID.get(vocabulary, ())}
    assert {word.name for word in words if (vocabulary.__name__, word.name) not in reached} == set()
