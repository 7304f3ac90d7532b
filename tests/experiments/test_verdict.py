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
from cqrsim.experiments.answers.differences import ByReplication, Pairs, difference_table
from cqrsim.experiments.answers.directions import COSTS, GAINS, HARMS, Better, better
from cqrsim.experiments.answers.estimates import Metric, metrics_of
from cqrsim.experiments.answers.leads import Leads
from cqrsim.experiments.answers.pareto_front import pareto
from cqrsim.experiments.answers.verdict import Judged, pairs_to_judge, verdicts

TIME = Metric("feedback_ms_p50", "feedback_ms", "p50", "ms")
SHARE = Metric("false_success_share", "false_success", "share", "share")
COUNT = Metric("loss_count", "loss", "count", "")
MILLION = Metric("wrong_accept_per_million", "wrong_accept", "per_million", "per_million")
OTHER = Metric("loss_share", "loss", "share", "share")
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

    def test_of_whatever_nothing_was_seen_little_is_shown_by_few_runs(self) -> None:
        """Counts, shares of nothing, and shares per million are no more equivalent than others; the table agrees."""
        for metric, things, verdict in ((COUNT, 500, "unresolved"), (MILLION, 500, "unresolved"),
                                        (MILLION, 10_000, "equivalent"), (SHARE, 0, "cannot be told")):  # fmt: skip
            frame = frame_of({("a", metric): np.zeros(3), ("b", metric): np.zeros(3)}, n=things)
            found = said(frame, metric).iloc[0]
            assert (found["verdict"], found["p_differs"] < 1) == (verdict, False)
            table = difference_table(frame, "a", ["a", "b"], [metric], 0.95).iloc[0]
            assert table["verdict"] == ("cannot be told: nothing to compare" if not things else "not resolved")
            if things:
                assert (table["low"], table["high"]) == (found["low"], found["high"]) and table["high"] > 0

    def test_few_runs_that_differ_by_the_same_count_may_do_so_by_chance(self) -> None:
        """Two runs with one loss each against none show nothing; two latencies without any luck are what they are."""
        counts = frame_of({("a", COUNT): [0, 0], ("b", COUNT): [1, 1]})
        assert said(counts, COUNT)["verdict"].tolist() == ["cannot be told"]
        assert math.isnan(difference_table(counts, "a", ["a", "b"], [COUNT], 0.95)["p_value"][0])
        exact = frame_of({("a", TIME): [1.0, 1.0], ("b", TIME): [2.0, 2.0]})
        assert said(exact, TIME)["verdict"].tolist() == ["worse"]

    def test_many_metrics_in_which_a_design_is_equivalent_are_told_in_one_sentence(self) -> None:
        """What differs comes first, each by itself; no metric is left out."""
        steady, luck = np.full(20, 0.5), noise() / 1000
        columns = {(design, metric): steady + luck for design in "ab" for metric in (LOAD, SHARE, OTHER)}
        columns |= {("a", TIME): 100 + noise(), ("b", TIME): 150 + noise()}
        frame = frame_of(columns)
        judged = pairs_to_judge(frame, ["a", "b"], "a", [LOAD, TIME, SHARE, OTHER], {})
        first, last = verdicts(judged, "a", 0.95).sentences
        assert first.startswith('"b" is worse than "a" in feedback_ms_p50')
        assert last == (
            '"b" and "a" are equivalent in handler_busy_share (within ± 0.1 percentage points), false_success_share '
            "(within ± 0.1 percentage points) and loss_share (within ± 0.1 percentage points)."
        )

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

    def test_of_two_that_are_alike_each_may_be_the_best(self) -> None:
        """A tie, nothing seen of either, and two runs that differ by the same number of losses."""
        for metric, a, b in ((TIME, [3.0] * 6, [3.0] * 6), (SHARE, [0.0] * 6, [0.0] * 6), (COUNT, [1, 1], [0, 0])):
            found = best_of(frame_of({("a", metric): a, ("b", metric): b}), ["a", "b"], metric)
            assert found["verdict"].tolist() == ["may be the best"] * 2

    def test_a_design_of_which_all_runs_failed_stays_out_of_it(self) -> None:
        found = best_of(frame_of({("a", TIME): noise(), ("b", TIME): 9 + noise()}), ["a", "failed", "b"], TIME)
        assert found["verdict"].tolist() == ["the best", "cannot be told: there is no value", "not the best"]

    def test_a_single_design_and_a_margin_that_is_none_are_refused(self) -> None:
        frame = frame_of({("a", TIME): noise(), ("b", TIME): noise()})
        with pytest.raises(cq.ResultError, match="two designs must have it"):
            best_of(frame, ["a"], TIME)
        with pytest.raises(cq.ResultError, match="margin: must be a number from 0"):
            best_of(frame, ["a", "b"], TIME, margin=-1.0)
        with pytest.raises(cq.ResultError, match=r'margin: must be a number from 0, in the unit of .* \(got "5%"\)'):
            best_of(frame, ["a", "b"], TIME, margin="5%")  # type: ignore[arg-type]


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

    @pytest.mark.parametrize(("share", "on_front"), [(0.5, "no"), (0.0, "cannot be told"), (1.0, "cannot be told")])
    def test_equal_in_one_and_worse_in_the_other_is_dominated_unless_that_is_chance(
        self, share: float, on_front: str
    ) -> None:
        """That neither had any does not show that they never differ, nor that both had nothing else."""
        frame = frame_of({("a", TIME): 1 + noise() / 9, ("a", SHARE): np.full(20, share),
                          ("b", TIME): 9 + noise() / 9, ("b", SHARE): np.full(20, share)})  # fmt: skip
        assert pareto(frame, "design", TIME.name, SHARE.name)["on_front"].tolist() == ["yes", on_front]

    @settings(deadline=None, max_examples=60)
    @given(data=st.data(), metric=st.sampled_from([TIME, SHARE, COUNT]))
    def test_all_at_once_says_the_same_as_pair_by_pair(self, data: st.DataObject, metric: Metric) -> None:
        """Missing replications, lower bounds, and values that are alike included."""
        value = st.sampled_from([0.0, 0.0, 0.25, 1.0, math.nan])
        values = np.array(data.draw(st.lists(st.lists(value, min_size=3, max_size=3), min_size=2, max_size=7)))
        designs = ["a", "b", "c"]
        beyond = tuple(data.draw(st.lists(st.sampled_from(designs), unique=True)))
        frame = frame_of({(name, metric): values[:, place] for place, name in enumerate(designs)}, beyond=beyond)
        known = ByReplication.of(frame, metric, designs)
        for place, one in enumerate(designs):
            ways = Leads.of(known, 0.95).over_others(place)
            for other in set(designs) - {one}:
                pairs = known.pairs(one, other)
                low, high = pairs.interval(0.95) if len(pairs.ours) else (-math.inf, math.inf)
                way = ways[designs.index(other)]
                assert (way == 1, way == -1) == (high < 0, low > 0)
                chance = pairs.nothing_of or pairs.untold or pairs.too_few or pairs.beyond or len(pairs.ours) < 2
                assert (way == 0) == (not chance and bool((pairs.theirs == pairs.ours).all()))

    def test_thousands_of_points_are_compared_in_seconds_and_more_are_refused(self) -> None:
        points = np.arange(1000)
        rows = {"replication": 0, "n": 1, "lower_bound": False}
        frame = pd.concat([
            pd.DataFrame({"point": points, "metric": "feedback_ms", "stat": stat, "unit": "ms", "value": value, **rows})
            .assign(replication=replication)
            for stat, value in (("p50", points), ("p99", -points)) for replication in range(2)
        ])  # fmt: skip
        assert (pareto(frame, "point", "feedback_ms_p50", "feedback_ms_p99")["on_front"] == "yes").all()
        many = pd.concat([frame, frame.head(1).loc[[0] * 5001].assign(point=range(5001))])
        with pytest.raises(cq.ResultError, match="5,001 cannot be compared with each, but 5,000 can"):
            pareto(many, "point", "feedback_ms_p50", "feedback_ms_p99")

    @settings(deadline=None, max_examples=30)
    @given(points=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=6))
    def test_without_noise_it_is_the_front_of_pareto(self, points: list[tuple[int, int]]) -> None:
        columns: dict[tuple[str, Metric], Any] = {}
        for number, (time, share) in enumerate(points):
            columns |= {(str(number), TIME): [float(time)] * 5, (str(number), SHARE): [(share + 1) / 10] * 5}
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
        both = frame_of({("a", TIME): noise(), ("a", SHARE): noise()})
        with pytest.raises(cq.ScenarioError, match="confidence: must lie between 0 and 1"):
            pareto(both, "design", TIME.name, SHARE.name, confidence=2.0)


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
