"""Better, worse, equivalent or unresolved; which may be the best; which no other beats in everything."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics.coverage import assert_covers_at_least

import cqrsim as cq
from cqrsim.experiments.answers.best_of import best_of
from cqrsim.experiments.answers.differences import Pairs
from cqrsim.experiments.answers.directions import COSTS, GAINS, HARMS, Better, better
from cqrsim.experiments.answers.estimates import Metric, metrics_of
from cqrsim.experiments.answers.pareto_front import pareto
from cqrsim.experiments.answers.verdict import Judged, pairs_to_judge, verdicts

TIME = Metric("feedback_ms_p50", "feedback_ms", "p50", "ms")
SHARE = Metric("false_success_share", "false_success", "share", "share")
LOAD = Metric("handler_busy_share", "handler_busy", "share", "share")


def frame_of(values: dict[tuple[str, Metric], Any], beyond: tuple[str, ...] = (), n: int = 1000) -> pd.DataFrame:
    """A comparison's frame, with these values of the replications."""
    designs = list(dict.fromkeys(design for design, _ in values))
    parts = [
        pd.DataFrame({"design": design, "replication": range(len(column)), "metric": metric.metric,
                      "stat": metric.stat, "value": np.asarray(column, float), "unit": metric.unit, "n": n,
                      "n_censored": 0, "lower_bound": design in beyond and metric == TIME})
        for (design, metric), column in values.items()
    ]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    frame["design"] = pd.Categorical(frame["design"], categories=designs, ordered=True)
    return frame


def said(frame: pd.DataFrame, *metrics: Metric, **margins: Any) -> pd.DataFrame:
    """The verdicts against the first design, by design and name."""
    designs = list(frame["design"].cat.categories)
    judged = pairs_to_judge(frame, designs, designs[0], metrics, margins)
    return verdicts(judged, designs[0], 0.95).frame.set_index(["design", "name"])


def noise(size: int = 20, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, size)


class TestVerdict:
    """What may be said, and in what words."""

    def test_less_time_is_better_more_is_worse(self) -> None:
        luck = noise()
        frame = frame_of({("base", TIME): 100 + luck, ("fast", TIME): 50 + luck, ("slow", TIME): 150 + luck})
        found = said(frame, TIME)
        assert found["verdict"].tolist() == ["better", "worse"]
        sentence = found.loc[("slow", TIME.name), "sentence"]
        assert sentence.startswith('"slow" is worse than "base" in feedback_ms_p50: 150 against 100 ms, 50')

    def test_where_neither_is_better_it_is_higher_or_lower(self) -> None:
        frame = frame_of({("base", LOAD): 0.5 + noise() / 100, ("other", LOAD): 0.7 + noise() / 100})
        assert said(frame, LOAD)["verdict"].tolist() == ["higher"]

    def test_within_the_margin_they_are_equivalent_even_if_they_surely_differ(self) -> None:
        frame = frame_of({("base", TIME): 100 + noise(), ("other", TIME): 101 + noise()})
        found = said(frame, TIME).iloc[0]
        assert found["verdict"] == "equivalent" and found["margin"] == pytest.approx(5, rel=0.01)
        assert found["p_differs"] < 0.05
        assert said(frame, TIME, feedback_ms_p50=0.5)["verdict"].tolist() == ["worse"]

    def test_no_evidence_is_no_equivalence(self) -> None:
        """A wide interval around no difference is unresolved, and says how many replications it would take."""
        frame = frame_of({("base", TIME): 100 + noise(10, 1) * 20, ("other", TIME): 100 + noise(10, 2) * 20})
        found = said(frame, TIME).iloc[0]
        assert found["verdict"] == "unresolved" and found["replications_needed"] > 20
        assert "replications would tell" in found["sentence"]

    def test_what_lies_beyond_what_was_seen_is_worse_by_at_least_so_much(self) -> None:
        frame = frame_of(
            {("base", TIME): 2 + noise() / 10, ("silence", TIME): np.full(20, 5000.0)}, beyond=("silence",)
        )
        found = said(frame, TIME).iloc[0]
        assert found["verdict"] == "worse" and math.isinf(found["high"]) and found["low"] > 4990
        assert "> 5,000 against 2" in found["sentence"] and "at least 4,998 ms more" in found["sentence"]

    def test_a_lower_bound_below_the_other_side_tells_nothing(self) -> None:
        frame = frame_of({("base", TIME): 9000 + noise(), ("silence", TIME): np.full(20, 5000.0)}, beyond=("silence",))
        assert said(frame, TIME)["verdict"].tolist() == ["unresolved"]

    def test_both_beyond_cannot_be_told(self) -> None:
        frame = frame_of({("a", TIME): [5.0] * 9, ("b", TIME): [9.0] * 9}, beyond=("a", "b"))
        found = said(frame, TIME).iloc[0]
        assert found["verdict"] == "cannot be told" and "beyond what was seen" in found["sentence"]

    def test_nothing_seen_on_both_sides_is_equivalent_only_if_much_was_looked_at(self) -> None:
        nothing = {("a", SHARE): np.zeros(5), ("b", SHARE): np.zeros(5)}
        assert said(frame_of(nothing, n=100), SHARE)["verdict"].tolist() == ["unresolved"]
        found = said(frame_of(nothing, n=10_000), SHARE).iloc[0]
        assert found["verdict"] == "equivalent" and 0 < found["high"] < 0.001

    def test_one_replication_tells_nothing(self) -> None:
        found = said(frame_of({("a", TIME): [1.0], ("b", TIME): [2.0]}), TIME).iloc[0]
        assert found["verdict"] == "cannot be told" and "one replication" in found["sentence"]

    def test_margins_of_strangers_and_margins_that_are_none_are_refused(self) -> None:
        frame = frame_of({("a", TIME): noise(), ("b", TIME): noise()})
        with pytest.raises(cq.ResultError, match='no metric "feedback_ms_p5"; did you mean "feedback_ms_p50"'):
            said(frame, TIME, feedback_ms_p5="5%")
        with pytest.raises(cq.ResultError, match=r"margins\.feedback_ms_p50: must be a width above 0"):
            said(frame, TIME, feedback_ms_p50="small")

    def test_of_designs_that_do_not_differ_hardly_any_table_says_that_they_do(self) -> None:
        """Five designs, two metrics: one wrong statement at least in no more than 5 % of the tables."""
        generator, calm = np.random.default_rng(7), []
        for draws in generator.normal(100, 9, (300, 2, 5, 8)):
            judged = [
                Judged(str(design), metric, Pairs(sides[design], sides[0], False, False), margin=5.0)
                for metric, sides in zip((TIME, LOAD), draws, strict=True)
                for design in range(1, 5)
            ]
            found = verdicts(judged, "0", 0.95).frame["verdict"]
            calm.append(bool(found.isin(["unresolved", "equivalent"]).all()))
        assert_covers_at_least(np.array(calm), 0.95)


def test_every_metric_has_a_direction_and_every_name_in_the_table_a_metric() -> None:
    known = metrics_of([cq.presets.blog()])
    names = {metric.metric for metric in known.values()}
    assert set(HARMS + COSTS + GAINS) <= names
    directions = {name: better(metric) for name, metric in known.items()}
    assert directions["feedback_share"] == Better.MORE and directions["lag_view_events_mean"] == Better.LESS
    assert directions["durable_per_s"] == Better.MORE and directions["time_to_full_s"] == Better.MORE
    assert directions["handler_busy_share"] == directions["commands_count"] == Better.NEITHER
    assert all(directions[name] == Better.LESS for name, metric in known.items() if metric.unit == "ms")


class TestBest:
    """Which may be the best, all others considered at once."""

    def test_the_best_and_those_that_are_not(self) -> None:
        luck = noise() * 10
        columns = {("a", TIME): 50 + luck + noise(20, 2), ("b", TIME): 80 + luck + noise(20, 3),
                   ("c", TIME): 50.1 + luck + noise(20, 4)}  # fmt: skip
        found = best_of(frame_of(columns), ["a", "b", "c"], TIME, margin=5.0).set_index("design")["verdict"]
        assert found.tolist() == ["best within the margin", "not the best", "best within the margin"]
        sharp = best_of(frame_of(columns), ["a", "b", "c"], TIME).set_index("design")["verdict"]
        assert sharp.tolist() == ["may be the best", "not the best", "may be the best"]
        most = best_of(frame_of(columns), ["a", "b", "c"], TIME, smallest=False).set_index("design")["verdict"]
        assert most.tolist() == ["not the best", "the best", "not the best"]

    def test_who_lies_beyond_stays_out_of_it(self) -> None:
        columns = {("a", TIME): noise(), ("b", TIME): 9 + noise(), ("c", TIME): np.full(20, 5.0)}
        found = best_of(frame_of(columns, beyond=("c",)), ["a", "b", "c"], TIME)
        assert found["verdict"].tolist()[:2] == ["the best", "not the best"]
        assert found["verdict"].iloc[2].startswith("cannot be told")

    def test_a_single_design_and_a_margin_that_is_none_are_refused(self) -> None:
        frame = frame_of({("a", TIME): noise(), ("b", TIME): noise()})
        with pytest.raises(cq.ResultError, match="two designs must have it"):
            best_of(frame, ["a"], TIME)
        with pytest.raises(cq.ResultError, match="margin: must be a number from 0"):
            best_of(frame, ["a", "b"], TIME, margin=-1.0)


class TestPareto:
    """The front, as far as intervals can tell."""

    def test_dominated_not_dominated_and_not_to_be_told(self) -> None:
        nothing, little = np.zeros(20), noise() / 1000
        columns = {("fast", TIME): 1 + noise() / 10, ("safe", TIME): 100 + noise(), ("neither", TIME): 200 + noise()}
        columns |= {("fast", SHARE): 0.2 + little, ("safe", SHARE): nothing, ("neither", SHARE): 0.3 + little}
        columns |= {("twin", TIME): 1 + noise(20, 2) / 10, ("twin", SHARE): 0.2 + noise(20, 3) / 1000}
        frame = frame_of(columns)
        found = pareto(frame, "design", TIME.name, SHARE.name).set_index("design")
        assert found["on_front"].to_dict() == {
            "fast": "cannot be told", "safe": "yes", "neither": "no", "twin": "cannot be told",
        }  # fmt: skip
        assert found.loc["neither", "dominated_by"] == ["fast", "safe", "twin"]
        assert found.loc["fast", "perhaps_by"] == ["twin"]

    def test_equal_in_one_and_worse_in_the_other_is_dominated(self) -> None:
        frame = frame_of({("a", TIME): 1 + noise() / 9, ("a", SHARE): np.zeros(20),
                          ("b", TIME): 9 + noise() / 9, ("b", SHARE): np.zeros(20)})  # fmt: skip
        assert pareto(frame, "design", TIME.name, SHARE.name)["on_front"].tolist() == ["yes", "no"]

    @settings(deadline=None, max_examples=30)
    @given(points=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=6))
    def test_without_noise_it_is_the_front_of_pareto(self, points: list[tuple[int, int]]) -> None:
        columns: dict[tuple[str, Metric], Any] = {}
        for number, (time, share) in enumerate(points):
            columns |= {(str(number), TIME): [float(time)] * 3, (str(number), SHARE): [share / 10] * 3}
        found = pareto(frame_of(columns), "design", TIME.name, SHARE.name)["on_front"].tolist()
        for mine, on_front in zip(points, found, strict=True):
            beaten = any(a <= mine[0] and b <= mine[1] and (a, b) != mine for a, b in points)
            assert on_front == ("no" if beaten else "yes")

    def test_points_of_a_sweep_are_judged_in_the_same_way(self) -> None:
        blog = cq.presets.blog().with_({"length": "500ms", "warm_up": "0s"})
        swept = cq.sweep(cq.grid(blog, {"disk.write": ["1ms", "4ms"]}), replications=4, engine="simpy")
        found = pareto(swept.frame, "point", "durability_ms_p50", "store_bytes_end")
        assert found["point"].tolist() == [0, 1] and found["on_front"].tolist() == ["yes", "no"]

    def test_questions_without_an_answer_are_refused(self) -> None:
        frame = frame_of({("a", TIME): noise(), ("a", LOAD): noise()})
        with pytest.raises(cq.ResultError, match="name two at least"):
            pareto(frame, "design", TIME.name)
        with pytest.raises(cq.ResultError, match="neither less nor more of handler_busy_share is better"):
            pareto(frame, "design", TIME.name, LOAD.name)


class TestComparison:
    """The same questions, asked of a comparison."""

    @pytest.fixture(scope="class")
    @staticmethod
    def answers() -> cq.Comparison:
        blog = cq.presets.blog().with_({"length": "1s", "warm_up": "0s"})
        slow = blog.with_({"disk.write": "4ms"})
        return cq.compare({"fast": blog, "slow": slow, "again": blog}, replications=5, engine="simpy")

    def test_verdicts_are_shown_as_sentences(self, answers: cq.Comparison) -> None:
        found = answers.verdict(None, "durability_ms_p50", margins={"durability_ms_p50": "10%"})
        assert found.against == "fast" and found.frame["verdict"].tolist() == ["worse", "equivalent"]
        assert repr(found).startswith('* "slow" is worse than "fast" in durability_ms_p50')
        assert found.sentences[0].split(":")[0] in found._repr_html_().replace("&quot;", '"')
        with pytest.raises(cq.ResultError, match='no design "fsat"; did you mean "fast"'):
            answers.verdict("fsat")

    def test_best_and_front(self, answers: cq.Comparison) -> None:
        best = answers.best("durability_ms_p50").set_index("design")["verdict"]
        assert best["slow"] == "not the best" and best["fast"] == "may be the best"
        with pytest.raises(cq.ScenarioError, match="confidence: must lie between 0 and 1"):
            answers.best("durability_ms_p50", confidence=95)
        front = answers.pareto("durability_ms_p50", "messages_per_command").set_index("design")
        assert front.loc["slow", "dominated_by"] == ["fast", "again"]
        assert front.loc["fast", "on_front"] == "yes"
