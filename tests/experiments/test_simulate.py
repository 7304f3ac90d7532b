"""One run: the same three arguments, the same run; tables on demand; everything written to a folder."""

import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cqrsim as cq
from cqrsim.trace import Trace


@pytest.fixture(scope="module")
def blog() -> cq.Scenario:
    return cq.presets.blog().with_(length=cq.seconds(1), warm_up=cq.seconds(0))


@pytest.fixture(scope="module")
def run(blog: cq.Scenario) -> cq.Run:
    return cq.simulate(blog, seed=1)


def test_the_same_arguments_give_the_same_run(blog: cq.Scenario, run: cq.Run) -> None:
    assert cq.simulate(blog, seed=1, replication=0).trace.digest() == run.trace.digest()


def test_another_seed_or_replication_gives_another_run(blog: cq.Scenario, run: cq.Run) -> None:
    others = [cq.simulate(blog, seed=2), cq.simulate(blog, seed=1, replication=1)]
    assert len({run.trace.digest(), *(other.trace.digest() for other in others)}) == 3


@pytest.mark.parametrize(
    "table",
    ["summary", "commands", "events", "reads", "episodes", "series", "outcomes", "consistency", "anomalies", "faults"],
)
def test_every_table_is_there_and_computed_once(run: cq.Run, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = getattr(run, table)()
    monkeypatch.setattr(f"cqrsim.metrics.{table}", None)
    pd.testing.assert_frame_equal(getattr(run, table)(), first)


def test_the_frame_of_a_run_is_its_summary(run: cq.Run) -> None:
    pd.testing.assert_frame_equal(run.frame, run.summary())


def test_what_is_done_to_a_table_does_not_stay(run: cq.Run) -> None:
    table = run.commands()
    table.loc[:, "aggregate"] = -7
    assert (run.commands()["aggregate"] >= 0).all()


def test_series_have_the_bins_that_are_asked_for(run: cq.Run) -> None:
    assert [len(run.series(bins=bins)) for bins in (10, 20, 10)] == [10, 20, 10]


def test_a_journey_is_of_one_command(run: cq.Run) -> None:
    assert run.journey(3)["moment"].iloc[0] == "issued"


def test_a_run_pickles(run: cq.Run) -> None:
    copy: cq.Run = pickle.loads(pickle.dumps(run))
    assert copy.trace.digest() == run.trace.digest() and copy.scenario == run.scenario
    pd.testing.assert_frame_equal(copy.summary(), run.summary())


def test_a_run_is_frozen(run: cq.Run) -> None:
    with pytest.raises(AttributeError):
        run.seed = 2  # type: ignore[misc]


def test_a_run_shows_itself_briefly(run: cq.Run) -> None:
    assert repr(run).startswith("Run(blog, seed 1, replication 0, ")
    assert "durable" in run._repr_html_() and len(run._repr_html_()) < 20_000


def test_a_saved_run_can_be_read_again(run: cq.Run, tmp_path: Path) -> None:
    files = run.save(tmp_path / "new" / "folder")
    assert all(file.exists() for file in files)
    folder = tmp_path / "new" / "folder"
    assert Trace.load(folder / "trace.parquet").digest() == run.trace.digest()
    assert cq.load(folder / "scenario.toml") == run.scenario
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "summary.parquet"), run.summary())
    assert len(pd.read_csv(folder / "commands.csv")) == len(run.commands())


@pytest.mark.parametrize("wrong", [-1, 1.5, "1", None, True])
@pytest.mark.parametrize("name", ["seed", "replication"])
def test_seed_and_replication_are_whole_numbers(blog: cq.Scenario, name: str, wrong: Any) -> None:
    arguments: dict[str, Any] = {"seed": 1, name: wrong}
    with pytest.raises(cq.ScenarioError, match=f"{name}: must be a whole number"):
        cq.simulate(blog, **arguments)


@pytest.mark.parametrize("wrong", ["blog.toml", None, 3])
def test_what_is_no_scenario(wrong: Any) -> None:
    with pytest.raises(cq.ScenarioError, match="scenario: must be a scenario"):
        cq.simulate(wrong, seed=1)


@pytest.mark.parametrize("wrong", ["7", 7.0, None, True])
def test_a_command_that_is_no_number(run: cq.Run, wrong: Any) -> None:
    with pytest.raises(cq.ResultError, match="a command is called by its number"):
        run.journey(wrong)


@pytest.mark.parametrize("wrong", [-1, 10**6])
def test_a_command_that_does_not_exist(run: cq.Run, wrong: int) -> None:
    with pytest.raises(cq.ResultError, match=f"no command {wrong} in this trace: they are 0 to"):
        run.journey(wrong)
