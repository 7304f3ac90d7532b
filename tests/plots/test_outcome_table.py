from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq
from cqrsim.errors import ResultError
from cqrsim.plots import outcome_table
from cqrsim.plots.outcome_table import ALWAYS, SOMETIMES

FRAME = pd.DataFrame(
    [
        ("refused", "2b", "AHEAD", "state", "always"),
        ("refused", "2b", "WREJ", "state", "sometimes"),
        ("refused", "2b", "LOST", "feedback", "always"),
        ("late", "2a", "DBL", "state", "sometimes"),
    ],
    columns=["fault", "design", "anomaly", "about", "verdict"],
).assign(
    fault=lambda frame: pd.Categorical(frame["fault"], ["none", "refused", "late"], ordered=True),
    design=lambda frame: pd.Categorical(frame["design"], ["2a", "2b"], ordered=True),
)


def test_always_in_dark_capitals_and_sometimes_in_light_with_a_question_mark(looking: SimpleNamespace) -> None:
    ax = outcome_table(FRAME)
    assert [text.get_text() for text in looking.texts(ax, "anomaly")] == ["AHEAD", "wrej?", "dbl?"]
    dark, light = looking.patches(ax, "always")[0], looking.patches(ax, "sometimes")[0]
    assert sum(dark.get_facecolor()[:3]) < 1.5 < 2 < sum(light.get_facecolor()[:3])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [ALWAYS, SOMETIMES]


def test_faults_and_designs_without_any_anomaly_keep_their_place() -> None:
    ax = outcome_table(FRAME)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["none", "refused", "late"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2a", "2b"]


def test_anomalies_of_feedback_are_another_picture(looking: SimpleNamespace) -> None:
    assert [text.get_text() for text in looking.texts(outcome_table(FRAME, "feedback"), "anomaly")] == ["LOST"]
    assert len(looking.texts(outcome_table(FRAME, None), "anomaly")) == 4


def test_where_nothing_goes_wrong_it_says_so() -> None:
    assert [text.get_text() for text in outcome_table(FRAME[:0]).texts] == ["No anomaly occurred."]


def test_the_axes_that_are_given_are_drawn_on() -> None:
    _, ax = plt.subplots()
    assert outcome_table(FRAME, ax=ax) is ax


def test_a_table_of_all_designs_can_be_read(looking: SimpleNamespace) -> None:
    """No text covers another, and none is cut off."""
    table = cq.outcome_table(faults=["refused", "ambiguous", "handler crash after the answer"], spacings=[cq.ms(9)])
    ax = outcome_table(table)
    ax.figure.canvas.draw()
    texts = [*looking.texts(ax, "anomaly"), *ax.get_xticklabels(), *ax.get_yticklabels(), ax.title]
    shown = [text for text in texts if text.get_text()]
    assert looking.covering(shown) == [] and looking.cut_off(shown) == []


def test_what_is_no_outcome_table_is_told() -> None:
    with pytest.raises(ResultError, match="drawn of an outcome table"):
        outcome_table(pd.DataFrame({"fault": []}))
    with pytest.raises(ResultError, match="drawn of an outcome table"):
        outcome_table("refused")  # type: ignore[arg-type]
