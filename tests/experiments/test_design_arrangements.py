"""Arrangements: where the points of a design lie, and what is refused before any is made."""

import math
from typing import Any

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds

WRITE = {"disk.write": cq.Between("1ms", "100ms", scale="log")}
RATE = {"clients.arrivals.rate": cq.Between("10/s", "90/s")}


@pytest.fixture
def blog() -> cq.Scenario:
    return cq.presets.blog()


def problems_of(make: Any, *args: Any, **settings: Any) -> list[str]:
    with pytest.raises(cq.ScenarioError) as told:
        make(*args, **settings)
    return [str(problem) for problem in told.value.problems]


class TestOneAtATime:
    def test_the_base_comes_first_and_then_each_level_alone(self, blog: cq.Scenario) -> None:
        design = cq.one_at_a_time(blog, {"handlers.shards": [2, 4], "clients.invalid": [0.5]})
        varied = [(scenario.handlers.shards, scenario.clients.invalid) for _, scenario in design]
        assert varied == [(1, 0.02), (2, 0.02), (4, 0.02), (1, 0.5)]
        assert design.points[0][1] == blog

    def test_what_the_base_has_already_is_not_doubled(self, blog: cq.Scenario) -> None:
        """However it is written: 60 seconds are a minute."""
        assert len(cq.one_at_a_time(blog, {"length": ["60s", "1min", "30s", "0.5min"]})) == 2

    def test_settings_of_one_factor_move_together(self, blog: cq.Scenario) -> None:
        design = cq.one_at_a_time(blog, {("length", "warm_up"): [("9s", "1s"), ("60s", "5s")], "handlers.shards": [2]})
        assert [(str(s.length), str(s.warm_up), s.handlers.shards) for _, s in design] == [
            ("1min", "5s", 1), ("9s", "1s", 1), ("1min", "5s", 2),
        ]  # fmt: skip

    def test_all_columns_have_a_value_at_each_point(self, blog: cq.Scenario) -> None:
        frame = cq.one_at_a_time(blog, {"handlers.shards": [2], "disk.write": ["2ms"]}).frame
        assert frame["handlers.shards"].tolist() == [1, 2, 1] and not frame.isna().any(axis=None)

    def test_a_setting_that_the_base_lacks_is_told_with_other_mistakes(self, blog: cq.Scenario) -> None:
        told = problems_of(cq.one_at_a_time, blog, {"disk.wirte": ["1ms"], "clients.invalid": [7]})
        assert told[0] == 'no setting "disk.wirte"; did you mean "disk.write"?'
        assert told[1].startswith("clients.invalid: must be a share") and len(told) == 2


class TestSpread:
    @pytest.mark.parametrize("make", [cq.latin_hypercube, cq.sobol])
    def test_each_part_of_each_range_holds_one_point(self, blog: cq.Scenario, make: Any) -> None:
        """True for Latin hypercubes by definition, and for Sobol's points in any power of two."""
        design = make(blog, WRITE | RATE, points=32, seed=7)
        logs = [math.log10(settings["disk.write"] / ms(1)) / 2 for settings, _ in design]
        shares = [(float(settings["clients.arrivals.rate"]) - 10) / 80 for settings, _ in design]
        for column in (logs, shares):
            assert sorted(int(32 * share) for share in column) == list(range(32))

    @pytest.mark.parametrize("make", [cq.latin_hypercube, cq.sobol])
    def test_listed_levels_meet_the_same_points_each(self, blog: cq.Scenario, make: Any) -> None:
        design = make(blog, {"handlers.shards": [1, 2]} | WRITE | {"clients.invalid": [0.0, 0.5]}, points=8)
        writes = np.array([int(settings["disk.write"]) for settings, _ in design]).reshape(4, 8)
        assert len(design) == 32 and (writes == writes[0]).all()
        assert design.paths == ("handlers.shards", "disk.write", "clients.invalid")

    def test_ranges_in_a_tuple_move_together(self, blog: cq.Scenario) -> None:
        lengths = (cq.Between("10s", "20s"), cq.Between("1s", "2s"))
        design = cq.latin_hypercube(blog, {("length", "warm_up"): lengths}, points=9)
        assert all(abs(int(s["length"]) - 10 * int(s["warm_up"])) <= 10 for s, _ in design)
        assert len({s["length"] for s, _ in design}) == 9

    @pytest.mark.parametrize(
        ("make", "drawn"),
        [
            (cq.latin_hypercube, ["79.1726/s", "62.4264/s", "32.0084/s", "17.6564/s"]),
            (cq.sobol, ["19.0564/s", "80.1617/s", "57.9663/s", "41.5656/s"]),
        ],
    )
    def test_points_depend_on_the_seed_alone(self, blog: cq.Scenario, make: Any, drawn: list[str]) -> None:
        """The numbers are those of any machine."""
        one, same, other = (make(blog, RATE, points=4, seed=seed) for seed in (3, 3, 4))
        assert one == same and one.digest() == same.digest()
        assert one.digest() != other.digest()
        assert [str(settings["clients.arrivals.rate"]) for settings, _ in one] == drawn

    def test_a_range_takes_the_kind_of_its_setting(self, blog: cq.Scenario) -> None:
        """Whole ends of a share do not make it whole; whole numbers stay so."""
        whole = {"clients.invalid": cq.Between(0, 1), "handlers.shards": cq.Between(1, 4)}
        design = cq.latin_hypercube(blog, whole, points=40)
        assert {type(settings["clients.invalid"]) for settings, _ in design} == {float}
        assert {settings["handlers.shards"] for settings, _ in design} == {1, 2, 3, 4}

    def test_a_number_of_points_that_sobol_cannot_have(self, blog: cq.Scenario) -> None:
        told = problems_of(cq.sobol, blog, {**RATE, "disk.wirte": ["1ms"]}, points=100)
        assert told[0] == "points: must be a power of two for sobol (got 100); take 64 or 128"
        assert 'no setting "disk.wirte"; did you mean "disk.write"?' in told

    @pytest.mark.parametrize("points", [0, -1, 2.5, True, None, "many"])
    def test_a_number_of_points_that_is_none(self, blog: cq.Scenario, points: Any) -> None:
        assert problems_of(cq.latin_hypercube, blog, RATE, points=points)[0].startswith(
            "points: must be a whole number"
        )

    def test_nothing_to_spread(self, blog: cq.Scenario) -> None:
        told = problems_of(cq.sobol, blog, {"disk.write": ["1ms"]}, points=8)
        assert told == ['factors: sobol needs at least one range; write Between("1ms", "9ms")']

    @pytest.mark.parametrize(
        ("factors", "message"),
        [
            ({"clients.invalid": cq.Between(0.0, 2.0)}, "clients.invalid: must be a share between 0 and 1 (got 2.0)"),
            (
                {"handlers.shards": cq.Between(0.5, 2.0)},
                "handlers.shards: must be a whole number, at least 1 (got 0.5)",
            ),
            ({"disk.write": cq.Between(1, 2)}, "disk.write: a duration needs a unit"),
            ({"disk.write": cq.Between("1/s", "2/s")}, "disk.write: "),
            ({("length", "warm_up"): cq.Between("1s", "2s")}, "give a tuple of ranges, one for every path"),
            ({("length", "warm_up"): (cq.Between("1s", "2s"),)}, "needs 2 ranges, one for every path"),
            ({"length": [cq.Between("1s", "2s"), "9s"]}, "has a range among its values"),
        ],
    )
    def test_a_range_that_its_setting_refuses_is_told_once(self, blog: cq.Scenario, factors: Any, message: str) -> None:
        told = problems_of(cq.latin_hypercube, blog, factors, points=50)
        assert any(message in problem for problem in told)
        assert len(told) <= 2

    def test_points_that_are_wrong_in_themselves_are_told_in_few_lines(self, blog: cq.Scenario) -> None:
        told = problems_of(cq.latin_hypercube, blog, {"warm_up": cq.Between("1min", "9min")}, points=50)
        assert len(told) == 11 and told[-1] == "40 more like these at other points"


def test_a_grid_over_a_range_would_have_no_end(blog: cq.Scenario) -> None:
    told = problems_of(cq.grid, blog, WRITE)
    assert "would have no end" in told[0] and "spread points with latin_hypercube or sobol" in told[0]


class TestWhere:
    def test_points_that_do_not_obey_are_left_out(self, blog: cq.Scenario) -> None:
        shards = {"handlers.shards": [1, 2, 3], "handlers.workers": [1, 2, 3]}
        design = cq.grid(blog, shards, where=["handlers.shards<handlers.workers"])
        assert [tuple(settings.values()) for settings, _ in design] == [(1, 2), (1, 3), (2, 3)]
        assert repr(design).startswith("Design(3 points, 6 left out by where;")

    def test_what_is_left_out_need_not_be_a_valid_scenario(self, blog: cq.Scenario) -> None:
        """A 99 % quantile below the median is a mistake, unless the constraint says that it is not meant."""
        base = blog.with_({"disk.write": cq.LogNormal(p50=ms(1), p99=ms(2))})
        quantiles = {"disk.write.p50": ["1ms", "9ms"], "disk.write.p99": ["2ms", "20ms"]}
        assert len(cq.grid(base, quantiles, where=["disk.write.p50 < disk.write.p99"])) == 3
        assert "must not be less than p50" in problems_of(cq.grid, base, quantiles)[0]

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("clients.arrivals.rate <= 150/s", [100]),
            ("clients.arrivals.rate > 6000/min", [200]),
            ("100/s == clients.arrivals.rate", [100]),
            ("clients.arrivals.rate != 100/s", [200]),
            ("clients.0.arrivals.rate >= 150/s", [200]),
            ("clients.clients.arrivals.rate < 150/s", [100]),
            ("disk.capacity == none", [100, 200]),
            ("clients.patience >= 5s", [100, 200]),
            ('state.kind == "FromGenerated"', [100, 200]),
            ("store.check_version == false", [100, 200]),
        ],
    )
    def test_comparisons(self, blog: cq.Scenario, text: str, kept: list[int]) -> None:
        design = cq.grid(blog, {"clients.arrivals.rate": ["100/s", "200/s"]}, where=[text])
        assert [int(settings["clients.arrivals.rate"]) for settings, _ in design] == kept

    def test_a_setting_within_what_varies(self, blog: cq.Scenario) -> None:
        """Points that lack it are not held to it."""
        polled = [cq.ForwardEvent(poll=ms(100)), cq.ForwardEvent(poll=ms(900)), cq.SyncValidation()]
        design = cq.grid(blog, {"feedback": polled}, where=["feedback.poll.first < 500ms"])
        assert [type(settings["feedback"]).__name__ for settings, _ in design] == ["ForwardEvent", "SyncValidation"]

    @pytest.mark.parametrize(
        ("where", "message"),
        [
            (["disk.wirte < 2ms"], 'no setting "disk.wirte"; did you mean "disk.write"?'),
            (["disk.write < 2/s"], "cannot compare the duration 1ms with the rate 2/s by <"),
            (["disk.write < 2"], "cannot compare the duration 1ms with 2 by <"),
            (["projections.apply < 2ms"], 'compare one of its numbers, such as "projections.apply.p50"'),
            (["disk.capacity < 2GB"], "cannot compare none with the size 2GB by <"),
            (["disk.write"], "must be one comparison"),
            (["1ms < disk.write < 2ms"], "must be one comparison"),
            (["1 < 2"], "compares no setting"),
            ([3], "must be one comparison"),
            (7, "where: must be a list of comparisons"),
            (["disk.write > 1s"], 'leaves none of 2 points (got "disk.write > 1s")'),
            (["disk.write > 1s", "length > 1h"], 'leaves none of 2 points (got "disk.write > 1s, length > 1h")'),
            (["disk.write.value < 1s"], "compares a setting that no point has"),
            (["disk < 1s"], "is varied in parts"),
        ],
    )
    def test_what_is_no_constraint_is_refused(self, blog: cq.Scenario, where: Any, message: str) -> None:
        told = problems_of(cq.grid, blog, {"disk.write": ["1ms", "2ms"]}, where=where)
        assert any(message in problem for problem in told), told

    def test_constraints_and_factors_are_told_together(self, blog: cq.Scenario) -> None:
        told = problems_of(cq.grid, blog, {"disk.write": [5]}, where=["lenght > 2s", "length"])
        assert len(told) == 3


def test_two_spellings_of_one_setting_are_seen(blog: cq.Scenario) -> None:
    told = problems_of(cq.grid, blog, {"clients.invalid": [0.1], "clients.0.invalid": [0.2]})
    assert told == ['clients.0.invalid: is varied twice, as "clients.invalid", too']


def test_overloaded_points_are_told_in_the_frame(blog: cq.Scenario) -> None:
    design = cq.grid(blog, {"clients.arrivals.rate": [per_second(100), per_second(400)]})
    assert design.overloads[0] == "" and design.overloads[1].startswith("projection view: 392 appends/s of 3.26 ms")
    assert design.frame.columns.tolist()[-1] == "overload"
    assert "overload" not in cq.grid(blog, {"length": [seconds(9)]}).frame
