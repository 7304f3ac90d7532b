"""The outcome table as a result: what it is made of, what it shows, and what it refuses."""

import pickle

import pandas as pd
import pytest

import cqrsim as cq
from cqrsim import Step, ms
from cqrsim.experiments.outcome_tables import telling_outcomes
from cqrsim.experiments.outcome_tables.cures import CURES
from cqrsim.experiments.outcome_tables.outcome_designs import FEEDBACKS, feedback_name

SPACINGS = (ms(9), ms(150))


@pytest.fixture(scope="module")
def table() -> cq.OutcomeTable:
    return cq.outcome_table(["2a timeout", "2b fire and forget"], ["none", "refused", "late_ok"], SPACINGS)


def test_a_row_for_each_anomaly_that_occurred(table: cq.OutcomeTable) -> None:
    """Tidy, with shares of timings; what never occurred has no row, and keeps its place in the categories."""
    assert list(table.frame.columns) == [
        "fault", "design", "feedback", "anomaly", "about", "verdict", "share", "timings",
    ]  # fmt: skip
    assert (table.frame["share"] > 0).all() and not table.frame.isna().any(axis=None)
    assert ((table.frame["share"] == 1) == (table.frame["verdict"] == "always")).all()
    assert set(table.frame["feedback"]) == {"decided"}
    assert list(table.frame["fault"].cat.categories) == ["none", "refused", "late_ok"]
    assert "none" not in set(table.frame["fault"])
    dbl = table.frame.query("fault == 'late_ok' and anomaly == 'DBL'").iloc[0]
    assert (dbl["verdict"], dbl["timings"], dbl["share"]) == ("sometimes", 4, 0.5)


def test_the_wide_table(table: cq.OutcomeTable) -> None:
    """Capitals for always, lower case with a question mark for sometimes."""
    assert table.table().to_dict("list") == {
        "fault": ["none", "refused", "late_ok"],
        "2a timeout": ["-", "-", "dbl?"],
        "2b fire and forget": ["-", "AHEAD WREJ", "-"],
    }
    assert table.table("feedback")["2b fire and forget"].tolist() == ["-", "LOST", "-"]
    assert table.table(None)["2b fire and forget"].tolist() == ["-", "LOST AHEAD WREJ", "-"]
    assert table.cell("late_ok", "2a timeout") == {"DBL": "sometimes"}


def test_every_run_can_be_told_again(table: cq.OutcomeTable) -> None:
    """By the number of its timing; it is the same run."""
    cell = table.runs.query("fault == 'late_ok' and design == '2a timeout'")
    assert cell[["variant", "spacing_ms"]].to_numpy().tolist() == [[0, 9], [0, 150], [1, 9], [1, 150]]
    for row in cell.itertuples():
        run = table.run("late_ok", "2a timeout", row.timing)
        assert tuple(run.anomalies().query("count > 0")["kind"]) == row.anomalies
    with pytest.raises(cq.ResultError, match="no timing 4; there are 4"):
        table.run("late_ok", "2a timeout", 4)


def test_it_travels_and_shows_itself(table: cq.OutcomeTable) -> None:
    again = pickle.loads(pickle.dumps(table))
    pd.testing.assert_frame_equal(again.frame, table.frame)
    assert repr(again) == "OutcomeTable(3 faults, 2 designs, 16 runs)"
    assert "AHEAD WREJ" in table._repr_html_() and repr(table) in table._repr_html_()
    assert "2b fire and" in telling_outcomes.outcomes_text(table)


def test_the_number_of_workers_makes_no_difference(table: cq.OutcomeTable) -> None:
    other = cq.outcome_table(list(table.designs), table.faults, SPACINGS, n_jobs=2)
    pd.testing.assert_frame_equal(other.runs, table.runs)


def test_faults_of_ones_own() -> None:
    """One, several together, variants of either, or none."""
    refused = cq.Fault(cq.Refuse(), when=cq.Nth(1))
    table = cq.outcome_table(
        ["2b fire and forget"],
        {
            "nothing": None,
            "one": refused,
            "both": (cq.Fault(cq.Lie(), when=cq.Nth(1, of="flush")), cq.PowerLoss(at=ms(110), restart=ms(5))),
            "either": [None, refused],
        },
        [ms(30)],
    )
    assert table.table()["2b fire and forget"].tolist() == ["-", "AHEAD WREJ", "AHEAD WREJ PHANTOM", "ahead? wrej?"]


def test_designs_of_ones_own() -> None:
    """Any script of two commands, with any feedback."""
    waits = cq.FromGenerated(give_up_after=ms(100))
    design = cq.script(Step(ms(7)), Step(ms(8)), state=waits, feedback=cq.ForwardEvent(poll=ms(20)))
    table = cq.outcome_table({"mine": design}, ["lost store answer"], SPACINGS)
    assert table.table("state")["mine"].tolist() == ["BEHIND DBL"]
    assert set(table.frame["feedback"]) == {"ForwardEvent"}


@pytest.mark.parametrize("feedback", FEEDBACKS)
def test_the_designs_come_with_every_feedback(feedback: str) -> None:
    designs = cq.outcome_designs(feedback)
    assert {feedback_name(design) for design in designs.values()} == {feedback}
    assert all(len(cq.outcome_faults(design)) == 28 for design in designs.values())


@pytest.mark.parametrize("design", ["1 own store first", "2a", "2b acknowledged", "2c load, decide, append"])
def test_every_fault_strikes(design: str) -> None:
    """But for messages that a design does not send, each is in the ledger of its run, once."""
    scenario = cq.outcome_designs()[design]
    waits_for = scenario.state.answers().wait_for
    unsent = {
        "lost store answer": waits_for != "answer",
        "duplicate answer": waits_for != "answer",
        "lost publication to handler": waits_for != "publication",
        "duplicate publication": waits_for != "publication",
    }
    for name, variants in cq.outcome_faults(scenario).items():
        ledger = cq.simulate(scenario.with_faults(*variants[-1]), seed=1).faults()
        firings = ledger[ledger.outcome != "in force"]
        assert len(firings) == len(variants[-1]) - unsent.get(name, False), name


def test_cures_change_designs_alone_and_together() -> None:
    """Each has an effect on some design, and all of them go together."""
    designs = cq.outcome_designs()
    for name, cure in CURES.items():
        assert any(cure(design) != design for design in designs.values()), name
    table = cq.outcome_table(["2a timeout"], ["lost publication to projection"], [ms(9)], cures=tuple(CURES))
    assert table.table()["2a timeout"].tolist() == ["-"]
    assert "with version check, dedupe" in repr(table)


def test_a_run_that_breaks_is_told_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    module = sys.modules["cqrsim.experiments.outcome_tables.outcome_table"]
    real = module.kinds_of

    def breaks(trace: object) -> object:
        if len(trace.about.faults):  # type: ignore[attr-defined]
            raise RuntimeError("broken")
        return real(trace)

    monkeypatch.setattr(module, "kinds_of", breaks)
    table = cq.outcome_table(["2a"], ["none", "refused"], [ms(9)])
    assert table.table()["2a"].tolist() == ["-", "failed"]
    assert "broken" in table.errors["message"].iloc[0] and "1 failed" in repr(table)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"faults": ["refusd"]}, 'no fault "refusd"; did you mean "refused"'),
        ({"designs": ["2b carefull"]}, 'no design "2b carefull"; did you mean "2b careful"'),
        ({"cures": ["dedup"]}, 'no cure "dedup"; did you mean "dedupe"'),
        ({"designs": {"blog": cq.presets.blog()}}, "this is no script"),
        ({"designs": {}}, "nothing to try"),
        ({"designs": {"x": "2a"}}, "must be a scenario"),
        ({"spacings": []}, "needs at least one"),
        ({"faults": {"mine": "refused"}}, 'faults."mine": is no fault'),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_what_cannot_be_tried_is_told(settings: dict[str, object], message: str) -> None:
    with pytest.raises(cq.ScenarioError, match=message):
        cq.outcome_table(**settings)  # type: ignore[arg-type]


def test_a_cell_that_is_not_there_is_told(table: cq.OutcomeTable) -> None:
    with pytest.raises(cq.ScenarioError, match='no fault "ambiguous"'):
        table.cell("ambiguous", "2a timeout")
