"""Which engine runs a plan, and what is said of it."""

from typing import Any

import pytest

import cqrsim as cq
from cqrsim.engines import choosing
from cqrsim.plan.plan import Plan, lower

array_engine = pytest.importorskip("cqrsim.engines.array_engine")

BLOG = cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))


@pytest.fixture(autouse=True)
def fresh_tally(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing._Tally, "commands", 0)
    monkeypatch.setattr(choosing._Tally, "has_said", False)
    return


@pytest.fixture
def plan() -> Plan:
    return lower(BLOG, seed=1)


def pretend(monkeypatch: pytest.MonkeyPatch, **says: bool) -> None:
    for name, value in says.items():
        monkeypatch.setattr(array_engine, name, lambda value=value: value)


def test_the_engine_is_no_part_of_the_result() -> None:
    """One digest on every engine, and no seed in it."""
    runs = [cq.simulate(BLOG, seed=1, engine=engine) for engine in choosing.ENGINES]
    assert len({run.trace.digest() for run in runs}) == 1
    two = {"wait": BLOG, "silence": BLOG.with_(feedback=cq.Silence(reload=cq.seconds(2)))}
    compared = [cq.compare(two, replications=2, engine=engine) for engine in choosing.ENGINES]
    assert compared[0].frame.equals(compared[1].frame)
    assert compared[0].frame.equals(compared[2].frame)


@pytest.mark.parametrize(
    "call", [cq.simulate, lambda scenario, seed, engine: cq.compare({"a": scenario}, 1, engine=engine)]
)
def test_an_unknown_engine_is_refused_before_anything_runs(call: Any) -> None:
    with pytest.raises(cq.ScenarioError, match='did you mean "simpy"'):
        call(BLOG, seed=1, engine="simppy")


def test_custom_behaviour_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The array engine says what it cannot run, and which engine to take; "auto" takes it by itself."""
    rule = cq.Rule(decide=lambda state, command: ("seen",), evolve=lambda state, event: state + 1, initial=0)
    asked = BLOG.with_(rule=rule)
    with pytest.raises(cq.CqrsimError, match=r'rule: .*take engine="simpy"'):
        cq.simulate(asked, seed=1, engine="array")
    pretend(monkeypatch, is_ready=True)
    assert len(cq.simulate(asked, seed=1).trace)


@pytest.mark.parametrize(
    ("ready", "kept", "commands", "taken"),
    [
        (True, True, 1, True),
        (False, True, choosing.COMMANDS_FOR_FETCHING - 1, False),
        (False, True, choosing.COMMANDS_FOR_FETCHING, True),
        (False, False, choosing.COMMANDS_FOR_COMPILING - 1, False),
        (False, False, choosing.COMMANDS_FOR_COMPILING, True),
    ],
)
def test_auto_compiles_where_that_repays(
    ready: bool, kept: bool, commands: int, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what SimPy would take for all that was asked so far."""
    pretend(monkeypatch, is_ready=ready, is_kept=kept, is_compilable=True)
    assert choosing._repays(array_engine, commands // 2, str) == (ready or False)
    assert choosing._repays(array_engine, commands - commands // 2, str) == taken


def test_compiling_is_told_once_it_happens(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    pretend(monkeypatch, is_ready=False, is_kept=False, is_compilable=True)
    assert choosing._array_engine_for(plan, "array", said.append) is array_engine
    assert said == [choosing.COMPILES]
    pretend(monkeypatch, is_kept=True)
    choosing._array_engine_for(plan, "array", said.append)
    assert len(said) == 1


def test_without_numba_everything_works_and_is_told(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """SimPy takes over; a long run says once what that costs; the array engine runs as plain Python."""
    said: list[str] = []
    monkeypatch.setattr(array_engine.native, "is_possible", lambda: False)
    monkeypatch.setattr(choosing, "COMMANDS_WORTH_A_WORD", len(plan.marks))
    digests = {choosing.run(plan, engine, said.append).digest() for engine in (*choosing.ENGINES, *choosing.ENGINES)}
    assert len(digests) == 1
    assert said == [choosing.NO_NUMBA]


def test_without_the_array_engine_everything_works(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_array_engine", lambda: None)
    assert choosing.run(plan).digest() == choosing.run(plan, "simpy").digest()
    with pytest.raises(cq.CqrsimError, match="not installed"):
        choosing.run(plan, "array")


@pytest.mark.parametrize("engine", ["simpy", "array"])
def test_rows_are_streamed_in_the_order_of_the_trace(plan: Plan, engine: str) -> None:
    """What is handed over block by block is the trace, whichever engine runs."""
    blocks: list[Any] = []

    def begin_anew() -> Any:
        blocks.clear()
        return blocks.append

    choosing.stream(plan, begin_anew, engine)
    rows = [tuple(row) for block in blocks for row in block.tolist()]
    trace = choosing.run(plan, "simpy")
    assert rows == list(zip(*(trace.column(name).tolist() for name in cq.trace.COLUMNS), strict=True))
