"""Sweep files: what they say, and every mistake in them at once."""

import textwrap
from pathlib import Path

import pytest

import cqrsim as cq
from cqrsim.experiments import load_sweep
from cqrsim.experiments.designs.sweep_file import FORM

GOOD = """
scenario = "blog.toml"
replications = 3
seed = 7

[[factor]]
path = "disk.write"
values = ["1ms", "2ms"]

[[factor]]
paths = ["length", "warm_up"]
values = [["30s", "2s"], ["60s", "4s"]]
"""

BAD = """
scenario = "blog.toml"
replication = 3
seed = -1

[[factor]]
pth = "disk.write"
values = ["1ms"]

[[factor]]
paths = ["length", "warm_up"]
values = [["30s"]]

[[factor]]
path = "disk.write"
values = "1ms"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cq.presets.blog().save(tmp_path / "blog.toml")
    return tmp_path


def told(folder: Path, text: str) -> str:
    (folder / "sweep.toml").write_text(text)
    with pytest.raises(cq.ScenarioError) as error:
        load_sweep(folder / "sweep.toml")
    return str(error.value)


def test_a_sweep_names_its_scenario_its_factors_and_how_often(folder: Path) -> None:
    (folder / "sweep.toml").write_text(GOOD)
    asked = load_sweep(folder / "sweep.toml")
    assert (asked.replications, asked.seed, len(asked.design)) == (3, 7, 4)
    assert asked.design.base == cq.presets.blog()
    assert asked.design.paths == ("disk.write", "length", "warm_up")


def test_the_scenario_may_stand_in_the_file(folder: Path) -> None:
    text = """
    [scenario.clients.arrivals]
    kind = "Poisson"
    rate = "10/s"

    [[factor]]
    path = "clients.invalid"
    values = [0.0, 0.1]
    """
    (folder / "sweep.toml").write_text(text)
    asked = load_sweep(folder / "sweep.toml")
    assert (len(asked.design), asked.replications, asked.seed) == (2, 10, 1)


def test_json_does_as_well(folder: Path) -> None:
    (folder / "sweep.json").write_text(
        '{"scenario": "blog.toml", "factor": [{"path": "clients.invalid", "values": [0.1]}]}'
    )
    assert len(load_sweep(folder / "sweep.json").design) == 1


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    message = told(folder, BAD)
    assert message.startswith("sweep.toml: 6 mistakes")
    for part in (
        'no setting "replication" in a sweep; did you mean "replications"?',
        "seed: must be a whole number, at least 0 (got -1)",
        'no setting "factor.0.pth" in a sweep; did you mean "factor.0.path"?',
        "factor.0.path: needs either a path, or paths that move together",
        "length + warm_up: each value must be a list of 2, one for every path",
        'factor.2.values: must be a list of values (got "1ms")',
    ):
        assert part in message


def test_mistakes_of_the_scenario_are_told_with_their_place(folder: Path) -> None:
    (folder / "blog.toml").write_text('lenght = "5s"\n[clients.arrivals]\nkind = "Poisson"\nrate = "9/s"')
    assert 'no setting "scenario.lenght"; did you mean "scenario.length"?' in told(folder, GOOD)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "scenario: is missing"),
        ("scenario = 3", "scenario: must be the name of a scenario file"),
        ('scenario = "blog.toml"', "factor: a sweep needs at least one table [[factor]]"),
        ('scenario = "blog.toml"\nfactor = 3', "at least one table [[factor]]"),
        ('scenario = "nowhere.toml"', "no such file"),
        ("scenario = ", "line 1: not TOML"),
        (GOOD.replace("disk.write", "disk.wirte"), 'no setting "disk.wirte"; did you mean "disk.write"?'),
        (GOOD.replace("replications = 3", "replications = 0"), "replications: must be a whole number, at least 1"),
        (GOOD.replace("replications = 3", "replications = true"), "replications: must be a whole number"),
        (GOOD.replace('path = "disk.write"', "path = 3"), "factor.0.path: must be a text"),
        (GOOD.replace('["length", "warm_up"]', "[]"), "factor.1.paths: must be a list of text"),
        (GOOD.replace('["1ms", "2ms"]', "[]"), "disk.write: a factor needs at least one value"),
    ],
)
def test_what_is_no_sweep_is_refused(folder: Path, text: str, message: str) -> None:
    assert message in told(folder, text)


WRONG_IN_MANY_WAYS = """
scenario = "blog.toml"

[[factor]]
path = "disk.wirte"
values = "1ms"

[[factor]]
path = "clients.invalid"
values = [2, 3]

[[factor]]
paths = ["handlers.shards", "handlers.workers"]
values = [[1], [1, 2, 3]]

[[factor]]
path = "disk.write"
values = []
"""


def test_values_paths_and_shapes_are_told_together(folder: Path) -> None:
    message = told(folder, WRONG_IN_MANY_WAYS)
    for part in (
        "factor.0.values: must be a list of values",
        'no setting "disk.wirte"; did you mean "disk.write"?',
        "clients.invalid: must be a share between 0 and 1 (got 2)",
        "clients.invalid: must be a share between 0 and 1 (got 3)",
        "one for every path (got [1])",
        "one for every path (got [1, 2, 3])",
        "disk.write: a factor needs at least one value",
    ):
        assert part in message
    assert message.startswith("sweep.toml: 7 mistakes")


def test_the_form_of_a_sweep_file_is_shown_where_there_are_no_factors(folder: Path) -> None:
    shown = textwrap.dedent(told(folder, 'scenario = "blog.toml"').partition("looks like this:\n\n")[2])
    assert shown.strip() == FORM.strip()
    (folder / "base.toml").write_bytes((folder / "blog.toml").read_bytes())
    (folder / "sweep.toml").write_text(FORM)
    asked = load_sweep(folder / "sweep.toml")
    assert (len(asked.design), asked.replications) == (2, 10)


def test_open_and_closed_clients_are_refused(folder: Path) -> None:
    mixed = """
    scenario = "blog.toml"
    [[factor]]
    path = "clients.arrivals"
    values = [{kind = "Poisson", rate = "9/s"}, {kind = "Closed", clients = 3, think = "1s"}]
    """
    assert "differ in whether they wait for answers" in told(folder, mixed)


def test_a_sweep_may_spread_points_over_ranges(folder: Path) -> None:
    spread = """
    scenario = "blog.toml"
    arrangement = "latin_hypercube"
    points = 6
    design_seed = 4
    where = ["disk.write < 9ms"]

    [[factor]]
    path = "disk.write"
    low = "1ms"
    high = "10ms"
    scale = "log"
    """
    (folder / "sweep.toml").write_text(spread)
    writes = {"disk.write": cq.Between("1ms", "10ms", scale="log")}
    design = cq.latin_hypercube(cq.presets.blog(), writes, points=6, seed=4, where=["disk.write < 9ms"])
    assert load_sweep(folder / "sweep.toml") == cq.SweepFile(design, replications=10, seed=1)
    assert load_sweep(folder / "sweep.toml").design.left_out == design.left_out == 6 - len(design)


def test_a_design_file_is_a_sweep_that_says_no_more(folder: Path) -> None:
    design = cq.one_at_a_time(cq.presets.blog(), {"handlers.shards": [2, 4]})
    design.save(folder / "design.toml")
    assert load_sweep(folder / "design.toml") == cq.SweepFile(design, replications=10, seed=1)
