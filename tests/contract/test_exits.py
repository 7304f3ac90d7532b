"""Where a run of the array engine runs short of luck, rows or room: it goes on or begins anew, and nobody can tell."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import cqrsim as cq
from contract.agreement import ENGINES, agreed, array_engine
from contract.systems import busy, curious, number
from cqrsim import engines, ms, per_second, seconds
from cqrsim.engines import simpy_engine
from cqrsim.errors import PlanError
from cqrsim.plan.plan import Plan, lower
from cqrsim.trace import COLUMNS

COMPILED = {"fast": None, "plain": False}


SHORT_OF_LUCK = busy(
    clients=cq.Clients(cq.Regular(ms(4)), patience=ms(5), retries=cq.Retries(5, ms(1), jitter=0.5)),
    state=cq.LoadDecideAppend(retries=3, give_up_after=ms(20)),
    handlers=cq.Handlers(workers=3, turn="none", validate=cq.Exponential(ms(4))),
    disk=cq.Disk(write=cq.Exponential(ms(2)), flush=cq.Exponential(ms(1))),
    network=cq.Exponential(ms(1)),
    faults=(cq.AmbiguousErrors(0.2, kept=0.5), cq.StoreCrash(ms(50), restart=cq.Exponential(ms(5)))),
)
"""Retries, reloads, flushes and faults whose luck nobody draws beforehand."""

PLAIN = cq.Scenario(
    cq.Clients(cq.Regular(ms(1)), invalid=0.1),
    handlers=cq.Handlers(validate=cq.Exponential(ms(1))),
    length=ms(300),
)
"""Nobody looks back, and nothing goes wrong."""


class Blocks:
    """Takes the rows of a run, and counts how often it began."""

    def __init__(self) -> None:
        self.begun = 0
        self.blocks: list[Any] = []

    def begin_anew(self) -> Callable[[Any], object]:
        self.begun += 1
        self.blocks = []
        return lambda rows: self.blocks.append(rows.copy())  # they are written over when the next ones come

    def run(self, plan: Plan, compiled: bool | None) -> None:
        """All rows must be those of the reference, in its order; and no block ends within an instant."""
        array_engine.stream(plan, self.begin_anew, compiled)
        rows = np.concatenate(self.blocks)
        expected = simpy_engine.run(plan).rows
        assert np.array_equal(rows, np.column_stack([getattr(expected, name) for name in COLUMNS]))
        full = [block for block in self.blocks if len(block)]
        assert all(one[-1, 0] < other[0, 0] for one, other in pairwise(full))


def inner_modules() -> list[ModuleType]:
    return [importlib.import_module(found.name) for found in pkgutil.walk_packages(engines.__path__, "cqrsim.engines.")]


def inner(name: str) -> Any:
    """Something of the engine's own, in whichever of its modules it stands."""
    for module in inner_modules():
        if hasattr(module, name) and getattr(module, name).__module__ == module.__name__:
            return getattr(module, name)
    raise AssertionError(f"nothing of the engine is called {name} any more: these tests must learn its new name")


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[Callable[[], None]]:
    """What earlier runs have learnt is nobody's business here; called, it forgets once more."""
    kind = inner("Known")
    learnt = [
        value
        for module in inner_modules()
        for value in vars(module).values()
        if isinstance(value, dict) and value and all(isinstance(known, kind) for known in value.values())
    ]
    before = [dict(one) for one in learnt]

    def forget() -> None:
        for one in learnt:
            one.clear()

    forget()
    yield forget
    for one, content in zip(learnt, before, strict=True):
        one.clear()
        one.update(content)


@pytest.fixture
def begin_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let runs of a new shape begin with so much room for rows, and for everything else."""

    def let(rows: int, room: int) -> None:
        kind = inner("Known")
        begin = kind.__init__

        def begin_small(self: Any) -> None:
            begin(self)
            assert {"rows", "room"} <= vars(self).keys()
            self.rows, self.room = rows, room

        monkeypatch.setattr(kind, "__init__", begin_small)

    return let


@pytest.mark.parametrize("name", ENGINES)
def test_what_is_short_of_luck_begins_anew(name: str) -> None:
    """Once it is known what was missing, it is drawn beforehand: the next run of its shape begins once."""
    begun = []
    for _ in range(2):
        blocks = Blocks()
        blocks.run(lower(SHORT_OF_LUCK, seed=1), COMPILED[name])
        begun.append(blocks.begun)
    assert begun[0] > 1
    assert begun[1] == 1
    for seed in range(2, 6):
        Blocks().run(lower(SHORT_OF_LUCK, seed=seed), COMPILED[name])


@pytest.mark.parametrize("name", ENGINES)
def test_rows_are_handed_over_in_blocks(name: str, begin_with: Callable[..., None]) -> None:
    """With room for few rows there are many blocks; whole instants all the same."""
    begin_with(rows=64, room=1 << 16)
    blocks = Blocks()
    blocks.run(lower(PLAIN, seed=1), COMPILED[name])
    assert blocks.begun == 1
    assert len(blocks.blocks) > 20


@pytest.mark.parametrize("name", ENGINES)
def test_an_instant_with_more_rows_than_there_is_room_for(name: str, begin_with: Callable[..., None]) -> None:
    """All come at once, and nothing takes time: the run begins anew with more room."""
    begin_with(rows=64, room=1 << 12)
    at_once = cq.Clients(cq.Recorded(times=[ms(5)] * 40))
    blocks = Blocks()
    blocks.run(lower(cq.Scenario(at_once, length=ms(100)), seed=1), COMPILED[name])
    assert blocks.begun > 1


@pytest.mark.parametrize("name", ENGINES)
def test_memory_grows_in_the_middle(
    name: str, begin_with: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that only grows: the memory does, too, and the run goes on where it was."""
    grown = counted(monkeypatch, "_with_more_room")
    monkeypatch.setattr("cqrsim.engines.arrays.layout.CELLS_OF_A_COMMAND", 0)
    begin_with(rows=1 << 10, room=1 << 9)
    slow = {"store": cq.EventStore(dedupe=True), "disk": cq.Disk(write=ms(3)), "faults": (cq.LostMessages(0.1),)}
    blocks = Blocks()
    blocks.run(lower(PLAIN.with_(slow), seed=1), COMPILED[name])
    assert len(grown) > 1


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("room", [1, 1 << 6, 1 << 8])
def test_memory_that_is_far_too_small(name: str, room: int, begin_with: Callable[..., None]) -> None:
    """So small that one act may be more than there is room for: anew, until it is enough."""
    begin_with(rows=32, room=room)
    blocks = Blocks()
    blocks.run(lower(SHORT_OF_LUCK, seed=2), COMPILED[name])
    assert blocks.begun > 1


def test_little_room_for_anything(begin_with: Callable[..., None], forgetful: Callable[[], None]) -> None:
    """Random scenarios, each of them as if it were the first of its shape."""
    begin_with(rows=32, room=64)
    agreeing = 0
    for seed in range(5000, 5060):
        forgetful()
        try:
            agreed(number(seed), seed)
        except PlanError:
            continue
        agreeing += 1
    assert agreeing > 30


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Take note whenever a function of the engine's own is called."""
    original, calls = inner(name), list[str]()

    def noted(*given: Any) -> Any:
        calls.append(name)
        return original(*given)

    for module in inner_modules():
        if getattr(module, name, None) is original:
            monkeypatch.setattr(module, name, noted)
    return calls


# --- what one run has learnt -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENGINES)
def test_what_one_plan_needed_does_no_harm_to_the_next(name: str) -> None:
    """Plans of one shape share what is known: one with many tries draws luck for which another has no room."""

    def tries(at_most: int) -> cq.Scenario:
        return cq.Scenario(
            cq.Clients(cq.Regular(ms(10)), patience=ms(5), retries=cq.Retries(at_most, ms(1), jitter=0.5)),
            handlers=cq.Handlers(validate=cq.Exponential(ms(9))),
            disk=cq.Disk(write=cq.Exponential(ms(9)), flush=cq.Exponential(ms(1))),
            aggregates=cq.Evenly(1),
            length=ms(300),
            faults=(cq.FlushErrors(0.3, kept=0.5),),
        )

    for at_most in (1, 5, 1, 2, 5):
        agreed(tries(at_most), 1, ENGINES[name])


@pytest.mark.parametrize("settled", [busy, curious])
def test_plans_of_one_shape_in_turn(settled: Callable[..., cq.Scenario]) -> None:
    """Other settings, other columns, the same shape: each agrees, whichever came before it."""
    parts: list[dict[str, object]] = [
        {"handlers": cq.Handlers(validate=cq.Exponential(ms(2)))},
        {"disk": cq.Disk(write=cq.Exponential(ms(3)), flush=cq.Exponential(ms(1)))},
        {"network": cq.Exponential(ms(1))},
        {"projections": (cq.Projection(name="board"), cq.Projection(cq.Exponential(ms(2)), name="list", poll=ms(5)))},
        {"state": cq.LoadDecideAppend(retries=4, give_up_after=ms(9))},
        {"store": cq.EventStore(read=cq.Exponential(ms(2)), restart=cq.Exponential(ms(3)))},
        {},
    ]
    for fault in (cq.StoreCrash(ms(60), restart=cq.Exponential(ms(9))), cq.FlushErrors(0.2, kept=0.5)):
        for changed in (*parts, *parts[:3]):
            agreed(settled(**changed, faults=(fault,)), seed=8)


def test_a_run_that_is_long() -> None:
    """Many blocks of the usual size."""
    scenario = cq.Scenario(
        cq.Clients(cq.Poisson(per_second(1000))), disk=cq.Disk(write=cq.Exponential(cq.us(400))), length=seconds(5)
    )
    blocks = Blocks()
    blocks.run(lower(scenario, seed=1), None)
    assert len(blocks.blocks) > 2
