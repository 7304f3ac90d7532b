"""Designs as files: what is saved comes back, equal and with the same digest."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cqrsim as cq
from cqrsim import ms, per_second, seconds, us
from tests.generated import arrivals, distributions, feedbacks, states

LISTED: dict[Any, st.SearchStrategy[Any]] = {
    "disk.write": distributions(),
    "feedback": feedbacks(),
    "state": states(),
    "clients.arrivals": arrivals().filter(lambda found: not isinstance(found, cq.Closed)),
    "clients.patience": st.sampled_from([None, seconds(1), "2s", "none"]),
    "handlers.shards": st.integers(1, 9),
    "disk.capacity": st.sampled_from([None, cq.mib(1), "4MiB"]),
    "rule": st.sampled_from([None, cq.Range(0, 1)]),
    "aggregates": st.sampled_from([cq.Evenly(3), cq.Zipf(9, 1.0), cq.Weighted([1, 2.5])]),
    "clients.events": st.sampled_from([1, {1: 0.9, 3: 0.1}, ((0, 0.5), (2, 0.5))]),
    "faults": st.sampled_from([(), cq.DiskFull(at=seconds(1), lasts=seconds(1)), (cq.StoreCrash(at=ms(5)),)]),
    ("length", "warm_up"): st.tuples(st.integers(10, 90).map(seconds), st.sampled_from(["1s", seconds(3)])),
}
RANGES = {
    "clients.invalid": cq.Between(0, 0.5),
    "projections.apply": cq.Between("10us", "10ms", scale="log"),
    ("network.client_to_handler", "network.handler_to_client"): (cq.Between(us(1), ms(1)), cq.Between("2us", "2ms")),
    "handlers.workers": cq.Between(1, 8),
    "clients.event_size": cq.Between("100B", "9KiB", scale="log"),
    "store.batch_at_most": cq.Between(2, 64, scale="log"),
}
MAKERS = ("grid", "one_at_a_time", "latin_hypercube", "sobol")


@st.composite
def designs(draw: st.DrawFn) -> cq.Design:
    """Any arrangement, of any settings."""
    how = draw(st.sampled_from(MAKERS))
    chosen = draw(st.lists(st.sampled_from(list(LISTED)), min_size=1, max_size=3, unique=True))
    factors = {key: draw(st.lists(LISTED[key], min_size=1, max_size=3)) for key in chosen}
    where = draw(st.sampled_from([[], ["handlers.shards <= 5", "length>1s"], ['clients.arrivals.kind != "Closed"']]))
    if "handlers.shards" in factors:
        factors["handlers.shards"] += [1]
    base = cq.Scenario(cq.Clients(cq.Poisson(per_second(50))))
    if how in ("grid", "one_at_a_time"):
        return getattr(cq, how)(base, factors, where=where)  # type: ignore[no-any-return]
    keys = draw(st.lists(st.sampled_from(list(RANGES)), min_size=1, max_size=3, unique=True))
    ranges = {key: RANGES[key] for key in keys}
    points, seed = draw(st.sampled_from([1, 2, 4])), draw(st.integers(0, 99))
    return getattr(cq, how)(base, factors | ranges, points=points, seed=seed, where=where)  # type: ignore[no-any-return]


@settings(max_examples=60, deadline=None)
@given(designs(), st.sampled_from([".toml", ".json"]))
def test_a_design_survives_its_file(tmp_path_factory: pytest.TempPathFactory, design: cq.Design, ending: str) -> None:
    file = tmp_path_factory.mktemp("design") / f"design{ending}"
    design.save(file)
    again = cq.load_design(file)
    assert again == design and hash(again) == hash(design)
    assert again.digest() == design.digest()
    assert list(again) == list(design)


@settings(max_examples=30, deadline=None)
@given(designs(), st.integers(1, 99), st.integers(0, 99))
def test_a_sweep_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory, design: cq.Design, replications: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("sweep")
    design.base.save(folder / "base.toml")
    cq.SweepFile(design, replications, seed).save(folder / "sweep.toml", scenario="base.toml")
    again = cq.load_sweep(folder / "sweep.toml")
    assert again == cq.SweepFile(design, replications, seed)
    assert again.design.digest() == design.digest()


@pytest.fixture
def blog() -> cq.Scenario:
    return cq.presets.blog()


def test_the_digest_is_of_what_is_run(blog: cq.Scenario) -> None:
    """It differs where order, settings or scenarios differ, and not where only the spelling or the way there does."""
    one = cq.grid(blog, {"disk.write": ["1ms", "2ms"]})
    assert one.digest() == cq.grid(blog, {"disk.write": [ms(1), cq.Constant(ms(2))]}).digest()
    assert one.digest() == cq.grid(blog, {"disk.write": ["1ms", "2ms", "3ms"]}, where=["disk.write < 3ms"]).digest()
    others = [
        cq.grid(blog, {"disk.write": ["2ms", "1ms"]}),
        cq.grid(blog, {"disk.write": ["1ms", "3ms"]}),
        cq.grid(blog, {"disk.flush": ["1ms", "2ms"]}),
        cq.grid(blog.with_(length=seconds(9)), {"disk.write": ["1ms", "2ms"]}),
    ]
    assert len({design.digest() for design in (one, *others)}) == 5


def test_the_digest_is_the_same_in_every_process(blog: cq.Scenario) -> None:
    code = (
        "import cqrsim as cq; print(cq.sobol(cq.presets.blog(), "
        "{'disk.write': cq.Between('1ms', '9ms', scale='log'), 'handlers.shards': [1, 2]}, points=4).digest())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    here = cq.sobol(
        blog, {"disk.write": cq.Between("1ms", "9ms", scale="log"), "handlers.shards": [1, 2]}, points=4
    ).digest()
    assert told.stdout == f"{here}\n"


def test_a_rule_of_functions_has_a_digest_and_no_file(blog: cq.Scenario, tmp_path: Path) -> None:
    rule = cq.Rule(decide=lambda state, command: True, evolve=lambda state, event: state, initial=0)
    design = cq.grid(blog, {"rule": [None, rule]})
    assert design.digest() == cq.grid(blog, {"rule": [None, rule]}).digest()
    with pytest.raises(cq.ScenarioError, match=r"^rule: .* cannot be written to a file"):
        design.save(tmp_path / "design.toml")


def test_measured_values_are_read_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("1\n2\n")
    text = """
    [scenario.clients.arrivals]
    kind = "Poisson"
    rate = "10/s"
    [[factor]]
    path = "disk.write"
    values = [{kind = "Empirical", file = "mine.csv", unit = "ms"}]
    """
    (tmp_path / "design.toml").write_text(text)
    assert cq.load_design(tmp_path / "design.toml").points[0][1].disk.write == cq.Empirical([ms(1), ms(2)])


GOOD: dict[str, Any] = {
    "scenario": {"clients": {"arrivals": {"kind": "Poisson", "rate": "10/s"}}},
    "arrangement": "sobol",
    "points": 4,
    "design_seed": 3,
    "where": ["disk.write < 8ms"],
    "factor": [
        {"path": "disk.write", "low": "1ms", "high": "9ms", "scale": "log"},
        {"paths": ["length", "warm_up"], "low": ["10s", "1s"], "high": ["20s", "2s"]},
        {"path": "handlers.shards", "values": [1, 2]},
    ],
}


def told(tmp_path: Path, table: dict[str, Any]) -> str:
    (tmp_path / "design.json").write_text(json.dumps(table))
    with pytest.raises(cq.ScenarioError) as error:
        cq.load_design(tmp_path / "design.json")
    return str(error.value)


def test_a_file_says_all_that_code_can(tmp_path: Path) -> None:
    (tmp_path / "design.json").write_text(json.dumps(GOOD))
    lengths = (cq.Between("10s", "20s"), cq.Between("1s", "2s"))
    factors = {
        "disk.write": cq.Between("1ms", "9ms", scale="log"),
        ("length", "warm_up"): lengths,
        "handlers.shards": [1, 2],
    }
    base = cq.Scenario(cq.Clients(cq.Poisson(per_second(10))))
    assert cq.load_design(tmp_path / "design.json") == cq.sobol(base, factors, 4, seed=3, where=["disk.write < 8ms"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"arrangement": "sobl"},
            'arrangement: must be "grid", "one_at_a_time", "latin_hypercube" or "sobol" (got "sobl")',
        ),
        ({"points": 5}, "points: must be a power of two for sobol (got 5); take 4 or 8"),
        ({"points": "4"}, "points: must be a whole number, at least 1"),
        ({"design_seed": -1}, "design_seed: must be a whole number, at least 0 (got -1)"),
        ({"arrangement": "grid"}, "points: belongs to latin_hypercube and sobol, not to grid (got 4)"),
        ({"arrangement": "grid"}, "disk.write: is a range, of which grid would have no end"),
        ({"where": ["disk.wirte < 8ms"]}, 'no setting "disk.wirte"; did you mean "disk.write"?'),
        ({"where": 8}, "where: must be a list of comparisons"),
        ({"replications": 8}, 'no setting "replications" in a design; a file with replications is read by load_sweep'),
        ({"factor": [{"path": "disk.write", "low": "1ms"}]}, "factor.0.high: is missing"),
        ({"factor": [{"path": "disk.write", "low": "9ms", "high": "1ms"}]}, "factor.0.low: must be less than high"),
        ({"factor": [{"path": "disk.write"}]}, "factor.0.values: needs values, or low and high"),
        ({"factor": [{"path": "disk.write", "values": ["1ms"], "scale": "log"}]}, "factor.0.scale: belongs to a range"),
        ({"factor": [{"paths": ["length", "warm_up"], "low": "1s", "high": ["9s", "9s"]}]}, "must be a list of 2"),
        ({"factor": [{"path": "disk.write", "lo": "1ms", "high": "2ms"}]}, 'did you mean "factor.0.low"?'),
    ],
)
def test_what_is_no_design_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    assert message in told(tmp_path, {**GOOD, **change})


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    wrong = {
        **GOOD,
        "points": 5,
        "design_seed": "x",
        "where": ["lenght > 1s", "length"],
        "factor": [{"path": "disk.wirte", "values": ["1ms"]}, {"path": "clients.invalid", "low": 0, "high": 2}],
        "sed": 3,
    }
    message = told(tmp_path, wrong)
    for part in (
        "points: must be a power of two",
        "design_seed: must be a whole number",
        'no setting "lenght"; did you mean "length"?',
        'where: must be one comparison by <, <=, >, >=, == or != (got "length")',
        'no setting "disk.wirte"; did you mean "disk.write"?',
        "clients.invalid: must be a share between 0 and 1 (got 2)",
        'no setting "sed" in a design',
    ):
        assert part in message
    assert message.startswith("design.json: 7 mistakes")


def test_a_file_must_have_an_ending_that_is_known(blog: cq.Scenario, tmp_path: Path) -> None:
    with pytest.raises(cq.ScenarioError, match=r"must end in \.toml or \.json"):
        cq.grid(blog, {"length": ["9s"]}).save(tmp_path / "design.txt")
