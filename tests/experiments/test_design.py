"""Designs: every combination once, and every mistake told before anything runs."""

import pickle
from typing import Any

import numpy as np
import pytest

import cqrsim as cq
from cqrsim.experiments import Design, grid


@pytest.fixture
def blog() -> cq.Scenario:
    return cq.presets.blog()


def problems_of(blog: cq.Scenario, factors: Any) -> list[str]:
    with pytest.raises(cq.ScenarioError) as told:
        grid(blog, factors)
    return [str(problem) for problem in told.value.problems]


def test_a_grid_holds_every_combination_and_the_last_factor_varies_fastest(blog: cq.Scenario) -> None:
    design = grid(blog, {"disk.write": [cq.ms(1), cq.ms(2)], "clients.invalid": [0.0, 0.1, 0.2]})
    settings = [(str(point["disk.write"]), point["clients.invalid"]) for point, _ in design]
    assert settings == [("1ms", 0.0), ("1ms", 0.1), ("1ms", 0.2), ("2ms", 0.0), ("2ms", 0.1), ("2ms", 0.2)]
    assert [scenario.clients.invalid for _, scenario in design] == [0.0, 0.1, 0.2] * 2
    assert len(design) == 6


def test_settings_of_one_factor_move_together(blog: cq.Scenario) -> None:
    waiting, polling = (cq.SyncValidation(), cq.FromGenerated()), (cq.ForwardEvent(poll=cq.ms(100)), cq.FromPublished())
    design = grid(blog, {("feedback", "state"): [waiting, polling]})
    assert [(scenario.feedback, scenario.state) for _, scenario in design] == [waiting, polling]


def test_settings_that_are_right_only_together_may_be_different_factors(blog: cq.Scenario) -> None:
    """One second is too short for the base's warm-up, but not for that of the point."""
    design = grid(blog, {"length": ["1s"], "warm_up": ["0s"]})
    assert len(design) == 1


def test_columns_hold_numbers_as_such_and_everything_else_as_text_in_order(blog: cq.Scenario) -> None:
    design = grid(blog, {"disk.write": [cq.ms(10), cq.ms(9)], "clients.invalid": [0.5], "handlers.shards": [4]})
    frame = design.frame
    assert list(frame["disk.write"].cat.categories) == ["10ms", "9ms"]
    assert frame["clients.invalid"].dtype == float
    assert frame["handlers.shards"].dtype == int
    assert frame["scenario"].nunique() == 2


def test_strategies_are_told_as_code(blog: cq.Scenario) -> None:
    design = grid(blog, {"feedback": [cq.ForwardEvent(poll=cq.ms(100))]})
    assert design.frame["feedback"].tolist() == ["ForwardEvent(poll=ms(100))"]


def test_levels_may_come_from_any_iterable(blog: cq.Scenario) -> None:
    assert len(grid(blog, {"clients.invalid": (share / 10 for share in range(3))})) == 3


def test_numbers_of_numpy_are_numbers(blog: cq.Scenario) -> None:
    shards_and_workers = ("handlers.shards", "handlers.workers")
    design = grid(blog, {"clients.invalid": np.linspace(0, 0.5, 3), shards_and_workers: np.array([[1, 2], [2, 1]])})
    assert design.frame["clients.invalid"].tolist() == [0.0, 0.0, 0.25, 0.25, 0.5, 0.5]
    assert design.frame["handlers.workers"].tolist() == [2, 1] * 3


def test_a_design_is_a_value(blog: cq.Scenario) -> None:
    factors = {"clients.invalid": [0.1, 0.2]}
    assert grid(blog, factors) == grid(blog, factors)
    assert hash(grid(blog, factors)) == hash(grid(blog, factors))
    copy: Design = pickle.loads(pickle.dumps(grid(blog, factors)))
    assert copy == grid(blog, factors) and len(copy) == 2


def test_a_mistyped_path_is_told_once_with_what_was_meant(blog: cq.Scenario) -> None:
    assert problems_of(blog, {"disk.wirte": ["1ms", "2ms"]}) == ['no setting "disk.wirte"; did you mean "disk.write"?']


def test_all_mistakes_are_told_at_once(blog: cq.Scenario) -> None:
    told = problems_of(blog, {"disk.write": ["1ms", 5], "clients.invalid": [2]})
    assert len(told) == 2
    assert any(problem.startswith("disk.write: a duration needs a unit") for problem in told)
    assert any(problem.startswith("clients.invalid: must be a share") for problem in told)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({}, "at least one factor"),
        ({"disk.write": []}, "at least one value"),
        ({"disk.write": "1ms"}, "must be a list"),
        ({"disk.write": 7}, "must be a list"),
        ({("length", "warm_up"): [("9s",)]}, "one for every path"),
        ({("length", "warm_up"): ["9s"]}, "one for every path"),
        ({"disk": [cq.Disk()], "disk.write": ["1ms"]}, 'alone and as a part of "disk"'),
        ({"disk.write": ["1ms"], ("disk.write", "length"): [("1ms", "9s")]}, "varied twice"),
        ({"length": ["1s"]}, "must be less than length"),
    ],
)
def test_what_makes_no_design_is_refused(blog: cq.Scenario, factors: Any, message: str) -> None:
    assert message in problems_of(blog, factors)[0]


def test_mistakes_of_shape_do_not_keep_the_others_back(blog: cq.Scenario) -> None:
    factors = {
        "disk.wirte": ["1ms"],
        "disk.flash": [],
        "disk.write": [5, "6", "1ms"],
        "clients.invalid": [],
        ("handlers.shards", "handlers.workers"): [(1, 2), (1,), (2, 3, 4)],
        "handlers.shard": "1",
    }
    told = "\n".join(problems_of(blog, factors))
    for part in (
        'no setting "disk.wirte"; did you mean "disk.write"?',
        'no setting "disk.flash"',
        "disk.flash: a factor needs at least one value",
        "clients.invalid: a factor needs at least one value",
        "(got 5)",
        '(got "6")',
        "one for every path (got (1,))",
        "one for every path (got (2, 3, 4))",
        "handlers.shard: the values of a factor must be a list",
        'no setting "handlers.shard"',
    ):
        assert part in told
    assert len(told.splitlines()) == 10


def test_what_hangs_on_a_broken_factor_is_not_held_against_others(blog: cq.Scenario) -> None:
    """Whether the warm-up is too long cannot be said before it is known how long the run is."""
    told = problems_of(blog, {"warm_up": ["500s"], "length": []})
    assert told == ["length: a factor needs at least one value (got [])"]


@pytest.mark.parametrize("wrong", ["blog.toml", None, {"disk.write": ["1ms"]}])
def test_a_base_that_is_no_scenario(wrong: Any) -> None:
    with pytest.raises(cq.ScenarioError, match="base: must be a scenario"):
        grid(wrong, {"disk.write": ["1ms"]})


@pytest.mark.parametrize(
    ("factors", "message"),
    [(["disk.write"], "must be a dict of values"), ({3: ["1ms"]}, "must be a path"), ({(): [()]}, "must be a path")],
)
def test_factors_that_are_none(blog: cq.Scenario, factors: Any, message: str) -> None:
    assert message in problems_of(blog, factors)[0]
