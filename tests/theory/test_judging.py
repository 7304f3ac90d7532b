"""Two looks: what they call in question, what they fail, how often a correct simulator is called wrong."""

from collections.abc import Callable
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest

import cqrsim as cq
from cqrsim import ms
from cqrsim.theory import Case, Oracle
from cqrsim.theory.judging import FIRST_LEVEL, MORE, SECOND_LEVEL, Verdict, expected_false_alarms, judge
from cqrsim.theory.systems import system
from cqrsim.theory.verification import verify

ONE_COMMAND = system(1, 1, 0, clients=cq.Clients(cq.Recorded(times=(ms(0),))))


def told_by(says: Callable[[int], float], **settings: object) -> Oracle:
    """An oracle whose runs say what a function of the replication says; theory says 10."""
    case = Case(ONE_COMMAND, lambda run: {"value": says(run.replication)}, {"value": 10.0}, 0.05, runs=10)
    return Oracle("made-up", "a title", "a source", "a formula", (replace(case, **settings),))  # type: ignore[arg-type]


def wobble(replication: int) -> float:
    """Up and down in turns."""
    return 0.1 * (-1) ** replication


def only_row(oracle: Oracle, **settings: object) -> pd.Series:
    frame = verify(oracle, engine="simpy", **settings).frame  # type: ignore[arg-type]
    assert len(frame) == 1
    return frame.iloc[0]


def test_what_agrees_is_looked_at_once() -> None:
    """The interval holds theory, and the runs are those that were asked for."""
    row = only_row(told_by(lambda replication: 10 + wobble(replication)))
    assert (row.verdict, row.looks, row.runs) == ("agrees", 1, 10)
    assert row.low < 10 < row.high


def test_what_misses_once_is_looked_at_with_runs_that_nobody_has_seen() -> None:
    """The second look has four times as many runs, none of the first among them, and has the last word."""
    row = only_row(told_by(lambda replication: (12 if replication < 10 else 10) + wobble(replication)))
    assert (row.verdict, row.looks, row.runs) == ("agrees", 2, 10 * MORE)
    assert row.estimate == pytest.approx(10.0)


def test_what_misses_twice_is_a_failure() -> None:
    """And the verification says so."""
    verification = verify(told_by(lambda replication: 10.2 + wobble(replication)), engine="simpy")
    assert verification.failures["verdict"].tolist() == ["misses"]
    assert not verification.is_fine
    assert "1 do not agree" in repr(verification)
    assert "misses, looked at twice" in verification._repr_html_()


def test_an_estimate_that_could_agree_with_anything_is_a_failure() -> None:
    """A standard error above the precision has no power, even where the interval holds theory."""
    row = only_row(told_by(lambda replication: 10 + 200 * wobble(replication)))
    assert row.low < 10 < row.high
    assert (row.verdict, row.looks) == ("no power", 2)


def test_a_missing_value_is_no_agreement() -> None:
    """A quantity that a run could not tell fails."""
    assert only_row(told_by(lambda _: float("nan"))).verdict == "no power"


@pytest.mark.parametrize(("value", "verdict"), [(10.0, "equal"), (np.nextafter(10.0, 11.0), "differs")])
def test_equality_is_to_the_last_bit(value: float, verdict: str) -> None:
    """Where theory is exact there is no second look."""
    row = only_row(told_by(lambda _: value, exact=True, runs=1))
    assert (row.verdict, row.looks, row.runs) == (verdict, 1, 1)


def test_a_run_that_breaks_is_a_failure_with_its_record() -> None:
    """Which oracle, which replication, which seed, and what was wrong."""

    def breaks(replication: int) -> float:
        if replication == 3:
            raise ZeroDivisionError("made up")
        return 10.0 + wobble(replication)

    verification = verify(told_by(breaks), seed=5, engine="simpy")
    assert verification.frame["verdict"].tolist() == ["run failed"]
    error = verification.errors.iloc[0]
    assert (error.id, error.replication, error.seed) == ("made-up", 3, 5)
    assert error.message == "ZeroDivisionError: made up"


def test_replications_are_for_the_first_look() -> None:
    """And the second look has four times as many of them."""
    oracle = told_by(lambda replication: (12 if replication < 6 else 10) + wobble(replication))
    assert only_row(oracle, replications=6).runs == 6 * MORE


def test_how_often_a_correct_simulator_is_called_in_question() -> None:
    """One in a hundred at the first look: counted over 4,000 estimates, within five standard deviations."""
    values = np.random.Generator(np.random.PCG64(1)).normal(10.0, 0.1, size=(4000, 20))
    missed = sum(judge(row, 10.0, 1.0).verdict == Verdict.MISSES for row in values)
    assert abs(missed - 40) < 5 * np.sqrt(40)


def test_false_alarms_of_the_whole_are_rare() -> None:
    """Less than one in a thousand verifications of everything, if nothing is wrong."""
    quantities = sum(len(oracle.theory) for oracle in cq.theory.oracles().values())
    assert quantities > 100
    assert expected_false_alarms(quantities) == pytest.approx(quantities * FIRST_LEVEL * SECOND_LEVEL)
    assert expected_false_alarms(quantities) < 1e-3


def test_workers_and_engines_change_nothing() -> None:
    """The frame is the same to the last bit."""
    one = verify(["O05", "double-accept"], replications=2, engine="simpy")
    with joblib.parallel_config(backend="threading"):
        two = verify(["O05", "double-accept"], replications=2, engine="array", n_jobs=2)
    assert not len(two.errors), two.errors["traceback"].iloc[0]
    pd.testing.assert_frame_equal(one.frame, two.frame, check_exact=True)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["O1a"], 'no oracle "O1a"; did you mean "O01a"?'),
        ("O4", 'no oracle "O4"; did you mean "O04"?'),
        ("forkjoin", 'no oracle "forkjoin"; did you mean "fork-join"?'),
        (["O1a", "O4"], "2 mistakes"),
        ([], "name at least one oracle"),
        (5, "must be the id of an oracle, or a list of ids"),
        ([["O04"]], "no oracle"),
    ],
)
def test_ids_that_are_not_there(ids: object, message: str) -> None:
    """All mistakes at once, before anything runs."""
    with pytest.raises(cq.ScenarioError) as raised:
        cq.verify(ids)  # type: ignore[arg-type]
    assert message in str(raised.value)


def test_one_run_cannot_tell_how_much_runs_differ() -> None:
    """Fewer than two replications are refused."""
    with pytest.raises(cq.ScenarioError, match="replications: must be a whole number, at least 2"):
        cq.verify("O05", replications=1)


def test_an_oracle_named_twice_is_asked_once() -> None:
    """And oracles stand in the order in which they were named."""
    assert [oracle.id for oracle in cq.verify(["O05", "O05"]).oracles] == ["O05"]
