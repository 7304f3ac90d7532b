"""Whether a disagreement would be seen, told in words, made small, and kept: tried with engines that are broken."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import cqrsim as cq
from contract import __main__ as command
from contract import agreement
from contract.agreement import ENGINES, KEPT, agreed, fast, keep, kept, smallest
from contract.systems import busy, in_step, number
from cqrsim import ms
from cqrsim.engines import array_engine, simpy_engine
from cqrsim.moments import Moment
from cqrsim.plan.plan import Plan, lower
from cqrsim.trace import Rows, Trace

LARGE = busy(faults=(cq.SlowDisk(2, ms(20), ms(10)), cq.StoreCrash(ms(60), restart=ms(20)), cq.LostMessages(0.1)))


def late_crashes(plan: Plan) -> Trace:
    """An engine that lets parts crash a nanosecond too late."""
    trace = simpy_engine.run(plan)
    late = trace.rows.time + (trace.rows.moment == Moment.CRASHED)
    return Trace(replace(trace.rows, time=late), trace.marks, trace.reads, trace.about)


def forgets_the_end(plan: Plan) -> Trace:
    """An engine that loses the last row."""
    trace = simpy_engine.run(plan)
    return Trace(trace.rows.take(np.arange(len(trace) - 1)), trace.marks, trace.reads, trace.about)


def invents_words(plan: Plan) -> Trace:
    """An engine that speaks of moments that there are not."""
    trace = simpy_engine.run(plan)
    return Trace(replace(trace.rows, moment=trace.rows.moment + np.int16(500)), trace.marks, trace.reads, trace.about)


def stumbles(plan: Plan) -> Trace:
    """An engine that breaks down where a store crashes."""
    if any(fault.restart is not None for fault in plan.faults):
        raise IndexError("out of range")
    return simpy_engine.run(plan)


def only_looks(view: object) -> None:
    """An effect of somebody's own."""


def test_equal_engines_agree() -> None:
    """The reference with itself."""
    assert agreed(LARGE, 1, simpy_engine.run).digest() == agreed(LARGE, 1).digest()


def test_all_of_a_trace_is_the_same() -> None:
    """Digests are of the rows; marks, reads and what there is to know come from the plan."""
    plan = lower(LARGE, seed=1)
    one, other = simpy_engine.run(plan), fast(plan)
    assert one.about == other.about
    for part in ("rows", "marks", "reads"):
        for field in fields(getattr(one, part)):
            mine, theirs = (getattr(getattr(trace, part), field.name) for trace in (one, other))
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("name", ENGINES)
def test_a_plan_is_not_used_up(name: str) -> None:
    """The same plan again, and another plan of the same scenario."""
    plan = lower(LARGE, seed=1)
    digests = {ENGINES[name](given).digest() for given in (plan, plan, lower(LARGE, seed=1))}
    assert digests == {simpy_engine.run(plan).digest()}


def test_the_first_difference_is_told_in_words() -> None:
    """What both say before, what each of them says then, and with which scenario and seed."""
    with pytest.raises(AssertionError) as raised:
        agreed(LARGE, 7, late_crashes)
    said = str(raised.value)
    lines = said.splitlines()
    assert [line.split()[0] for line in lines[1:10]] == ["both"] * 3 + ["reference"] * 3 + ["engine"] * 3
    assert "60.000000 ms  crashed" in lines[4]
    assert "outcome store" in lines[4]
    assert "60.000001 ms  crashed" in said
    assert "# seed = 7\n" in said
    assert 'kind = "StoreCrash"' in said


def test_an_end_that_is_missing_is_told() -> None:
    """Up to there nothing differs."""
    with pytest.raises(AssertionError, match=r"engine +\(no more\)"):
        agreed(LARGE, 1, forgets_the_end)


def test_words_that_nobody_knows_are_told_as_numbers() -> None:
    """A broken engine must not break whoever tells of it."""
    with pytest.raises(AssertionError, match=r"5\d\d\?"):
        agreed(LARGE, 1, invents_words)


def test_an_engine_that_breaks_disagrees() -> None:
    """Told with where it broke, and the scenario."""
    with pytest.raises(AssertionError, match=r"(?s)in test_agreement.py, stumbles: IndexError.*StoreCrash"):
        agreed(LARGE, 1, stumbles)


def test_a_scenario_with_functions_is_told_as_python() -> None:
    """It has no other form."""
    odd = LARGE.with_faults(cq.Fault(cq.Custom(only_looks), where="store", when=ms(10)))
    with pytest.raises(AssertionError, match=r"(?s)# seed = 1\nScenario\(.*Custom\("):
        agreed(odd, 1, late_crashes)


@pytest.mark.parametrize("engine", [late_crashes, stumbles])
def test_a_disagreement_is_made_small(engine: agreement.Engine) -> None:
    """Of three faults and two groups one each is left, and it is the one that matters."""
    small = smallest(LARGE, 1, engine)
    assert [fault.kind for fault in small.faults] == ["StoreCrash"]
    assert len(small.groups) == len(small.views) == 1
    assert (small.store, small.disk, small.network) == (cq.EventStore(), cq.Disk(), cq.Network())
    assert small.length < LARGE.length


def test_where_nothing_disagrees_nothing_is_made_small() -> None:
    """The scenario as it was."""
    assert smallest(LARGE, 1, simpy_engine.run) == LARGE


def test_what_was_made_small_is_kept_and_runs_again(tmp_path: Path) -> None:
    """As a file that begins with its seed, still disagrees with the broken engine, and not with the others."""
    with pytest.raises(AssertionError, match="kept as seed_9_") as raised:
        agreed(LARGE, 9, late_crashes, keep_in=tmp_path / "kept")
    (path,) = (tmp_path / "kept").iterdir()
    assert path.name in str(raised.value)
    scenario, seed = kept(path)
    assert seed == 9
    assert [fault.kind for fault in scenario.faults] == ["StoreCrash"]
    agreed(scenario, seed)
    with pytest.raises(AssertionError, match="disagree"):
        agreed(scenario, seed, late_crashes)


def test_a_file_without_a_seed_is_no_test(tmp_path: Path) -> None:
    """It would run with another."""
    path = keep(LARGE, 3, tmp_path)
    assert kept(path) == (LARGE, 3)
    path.write_text(LARGE.to_toml())
    with pytest.raises(AssertionError, match="# seed = 7"):
        kept(path)


def test_a_number_is_a_scenario() -> None:
    """The same number the same, and every third in step."""
    assert number(7) == number(7) != number(8)
    assert number(8) == in_step(number(8), 8)
    assert {group.arrivals.kind for seed in range(2, 60, 3) for group in number(seed).groups} == {"Regular", "Closed"}


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [[], ["--uncompiled"]])
def test_the_command_counts(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Who agreed, and who was refused for what."""
    assert command.main(["--scenarios", "12", "--first", "20", *more]) == 0
    said = capsys.readouterr().out
    agreeing, refused, disagreeing = (int(word.split()[0]) for word in said.splitlines()[0].split(", "))
    assert (agreeing + refused, disagreeing) == (12, 0)
    assert refused == 0 or "is a function" in said


def test_the_command_fails_where_engines_disagree(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It goes on, says which, keeps them if it is asked to, and tells the shell."""
    monkeypatch.setitem(ENGINES, "fast", forgets_the_end)
    monkeypatch.setattr(agreement, "KEPT", tmp_path)
    first = next(n for n in range(100) if not array_engine.can_run(lower(number(n), n)))
    assert command.main(["--scenarios", "1", "--first", str(first), "--keep"]) == 1
    said = capsys.readouterr().out
    assert f"scenario {first}" in said
    assert "1 disagreed" in said
    assert len(list(tmp_path.iterdir())) == 1
    assert not list(KEPT.glob(f"seed_{first}_*"))
    assert command.reasons_in('the engine cannot: faults: "a" is odd; faults: "b" is odd') == {'faults: "..." is odd'}


def test_rows_of_all_moments_have_words() -> None:
    """Whatever there is can be told."""
    count = len(Moment)
    columns = {field.name: np.zeros(count, dtype=np.int64) for field in fields(Rows)}
    rows = Rows(**(columns | {"moment": np.array(list(Moment), dtype=np.int16)}))
    told = [agreement.in_words(rows, row) for row in range(count)]
    assert all(moment.name.lower() in line for moment, line in zip(Moment, told, strict=True))
