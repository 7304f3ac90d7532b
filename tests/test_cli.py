"""The command line: what it prints and writes, its exit codes, and a plain message for every mistake of a user."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest

import cqrsim as cq
from cqrsim.cli import main
from cqrsim.experiments import Interrupted
from cqrsim.experiments.designs.sweep_file import FORM

BAD = """
lenght = "5s"

[clients]
invalid = 1.5

[clients.arrivals]
kind = "Poisson"
rate = "200"
"""

SWEEP = """
scenario = "blog.toml"
replications = 2

[[factor]]
path = "disk.write"
values = ["1ms", "2ms"]
"""


class Told:
    """What the command line said, and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: object) -> "Told":
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        self.code = ended.value.code or 0
        self.out, self.err = self.capsys.readouterr()
        assert "Traceback" not in self.err
        return self


@pytest.fixture
def cqrsim(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def blog(tmp_path: Path) -> Path:
    cq.presets.blog().with_(length="1s", warm_up="0s").save(tmp_path / "blog.toml")
    return tmp_path / "blog.toml"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "bad.toml").write_text(BAD)
    return tmp_path / "bad.toml"


class TestCompare:
    """``cqrsim compare``."""

    def test_without_files_it_shows_the_essays_designs_healthy_and_on_a_disk_that_fills(self, cqrsim: Told) -> None:
        told = cqrsim("compare", "--length", "1s", "--replications", 2)
        assert told.code == 0
        healthy, fills = told.out.split("the disk fills: ")
        assert healthy.startswith("healthy: 2 runs of 1s for each design, seed 1")
        for part in (healthy, fills):
            assert [line.split("  ")[0] for line in part.splitlines()[5:9]] == [
                "wait",
                "forward event",
                "silence",
                "error cache",
            ]
        assert "feedback p50" in healthy and "%" in healthy
        assert '"wait" were reported as successful, and are not in the log' in fills
        assert 'none with "wait" and "error cache"' in fills

    def test_the_handlers_state_is_the_other_question(self, cqrsim: Told) -> None:
        told = cqrsim("compare", "--designs", "state", "--length", "1s", "--replications", 1)
        assert told.code == 0 and "2b careful" in told.out and "wrong refuse" in told.out

    def test_files_are_compared_under_their_names(self, cqrsim: Told, blog: Path) -> None:
        other = blog.with_name("slow.toml")
        cq.load(blog).with_({"disk.write": "5ms", "name": "slow disk"}).save(other)
        told = cqrsim("compare", blog, other, "--replications", 2, "--metrics", "durability_ms_p50, feedback_share")
        assert told.code == 0
        head, rule, *rows = told.out.splitlines()[3:7]
        assert head.split() == ["design", "ms", "%"] and set(rule) <= {"-", " "}
        assert [row.split("  ")[0] for row in rows] == ["blog", "slow disk"]

    def test_files_of_the_same_name_are_told_apart_by_their_paths(self, cqrsim: Told, blog: Path) -> None:
        other = blog.with_name("other.toml")
        other.write_bytes(blog.read_bytes())
        told = cqrsim("compare", blog, other, "--replications", 1)
        assert str(blog) in told.out and str(other) in told.out

    def test_commands_that_are_not_shared_are_told(self, cqrsim: Told, blog: Path) -> None:
        other = blog.with_name("other.toml")
        cq.load(blog).with_({"clients.invalid": 0.5, "name": "many"}).save(other)
        told = cqrsim("compare", blog, other, "--replications", 1)
        assert 'The commands of "clients" in "many" are not those of the first design' in told.out

    def test_results_are_written_with_a_picture_and_the_scenarios(self, cqrsim: Told, tmp_path: Path) -> None:
        told = cqrsim("compare", "--length", "1s", "--replications", 2, "--out", tmp_path / "out")
        assert told.code == 0 and f"Written to {tmp_path / 'out' / 'healthy'}: " in told.out
        for case in ("healthy", "the-disk-fills"):
            folder = tmp_path / "out" / case
            frame = pd.read_parquet(folder / "comparison.parquet")
            assert len(pd.read_csv(folder / "comparison.csv")) == len(frame)
            assert (folder / "feedback.png").read_bytes().startswith(b"\x89PNG")
            assert cq.load(folder / "forward-event.toml").feedback == cq.ForwardEvent(poll=cq.ms(100))

    def test_runs_that_fail_are_told_and_the_answer_is_no(
        self, cqrsim: Told, blog: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        comparing = sys.modules["cqrsim.experiments.compare"]
        measure = comparing.measure

        def breaks(task: object, keep: int) -> object:
            if task.replication == 1:  # type: ignore[attr-defined]
                raise RuntimeError("disk on fire")
            return measure(task, keep)

        monkeypatch.setattr(comparing, "measure", breaks)
        told = cqrsim("compare", blog, "--replications", 2)
        assert told.code == 1
        assert "run failed (design blog, replication 1, seed 1): RuntimeError: disk on fire" in told.err

    def test_ctrl_c_shows_what_was_finished(self, cqrsim: Told, blog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        partial = cq.compare({"blog": cq.load(blog)}, replications=1)

        def interrupted(*arguments: object, **options: object) -> None:
            stopped = Interrupted([])
            stopped.partial = partial
            raise stopped

        monkeypatch.setattr("cqrsim.experiments.compare", interrupted)
        told = cqrsim("compare", blog)
        assert told.out.startswith("1 runs of 1s for each design")
        assert told.code == 130 and "feedback p50" in told.out and "interrupted" in told.err

    def test_after_ctrl_c_the_heading_says_how_many_runs_were_finished(
        self, cqrsim: Told, blog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sweep.toml").write_text(SWEEP)
        for command, work, file, ends_at, said in (
            ("compare", "measure", "blog.toml", (0, 3), "3 of 10 runs of 1s for each design, seed 1"),
            ("sweep", "sum_up", "sweep.toml", (1, 3), "2 points, 3 to 4 of 10 runs of each, seed 1"),
        ):
            module = sys.modules[f"cqrsim.experiments.{command}"]
            really = getattr(module, work)

            def stops(task: object, ends_at: object = ends_at, really: object = really, **options: object) -> object:
                if task.key == ends_at:  # type: ignore[attr-defined]
                    raise KeyboardInterrupt
                return really(task, **options)  # type: ignore[operator]

            monkeypatch.setattr(module, work, stops)
            told = cqrsim(command, tmp_path / file, "--replications", 10)
            assert told.code == 130 and told.out.startswith(said)


class TestOthers:
    """``cqrsim run``, ``sweep``, ``check``, ``show`` and ``schema``."""

    def test_run_prints_a_summary_and_writes_tables(self, cqrsim: Told, blog: Path, tmp_path: Path) -> None:
        told = cqrsim("run", blog, "--seed", 3, "--out", tmp_path / "out")
        assert told.code == 0 and told.out.startswith("blog: one run, seed 3")
        assert "feedback" in told.out and "durable  success" in told.out
        assert pd.read_parquet(tmp_path / "out" / "commands.parquet")["command"].is_unique

    def test_a_run_without_commands_says_so(self, cqrsim: Told, blog: Path, tmp_path: Path) -> None:
        never = cq.Regular(cq.seconds(100), start=cq.seconds(100))
        cq.load(blog).with_({"clients.arrivals": never, "length": "5s"}).save(blog)
        told = cqrsim("run", blog, "--out", tmp_path / "out")
        assert told.code == 0 and "No command was issued in the measured window." in told.out
        (tmp_path / "sweep.toml").write_text(SWEEP)
        for command, file in (("compare", blog), ("sweep", tmp_path / "sweep.toml")):
            assert cqrsim(command, file, "--replications", 1, "--out", tmp_path / command).code == 0

    def test_help_shows_what_a_sweep_file_looks_like(self, cqrsim: Told) -> None:
        told = cqrsim("sweep", "--help")
        assert FORM.strip() in textwrap.dedent(told.out.partition("move\n  together:\n")[2].partition("With --out")[0])

    def test_a_sweep_that_was_saved_can_be_run_again(self, cqrsim: Told, blog: Path, tmp_path: Path) -> None:
        (tmp_path / "sweep.toml").write_text(SWEEP)
        first = cqrsim("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "out")
        again = cqrsim("sweep", tmp_path / "out" / "sweep.toml")
        assert first.out.startswith(again.out.rstrip())

    def test_a_run_tells_what_went_wrong_for_good(self, cqrsim: Told, blog: Path) -> None:
        cq.presets.filling(cq.load(blog)).save(blog)
        told = cqrsim("run", blog)
        assert "What went wrong for good:" in told.out and "LOST" in told.out

    def test_sweep_prints_a_row_per_point_and_writes_a_tidy_frame(
        self, cqrsim: Told, blog: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "sweep.toml").write_text(SWEEP)
        told = cqrsim("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "out", "--jobs", 2)
        assert told.code == 0 and told.out.startswith("2 points, 2 runs of each, seed 1")
        frame = pd.read_parquet(tmp_path / "out" / "results")
        assert frame["scenario"].nunique() == 2 and set(frame["replication"]) == {0, 1}
        assert set(pd.read_csv(tmp_path / "out" / "estimates.csv")["disk.write"]) == {"1ms", "2ms"}

    def test_what_a_sweep_file_says_can_be_overruled(self, cqrsim: Told, blog: Path, tmp_path: Path) -> None:
        (tmp_path / "sweep.toml").write_text(SWEEP)
        told = cqrsim("sweep", tmp_path / "sweep.toml", "--replications", 1, "--seed", 5)
        assert told.out.startswith("2 points, 1 runs of each, seed 5")

    def test_check_says_fine(self, cqrsim: Told, blog: Path, tmp_path: Path) -> None:
        (tmp_path / "sweep.toml").write_text(SWEEP)
        told = cqrsim("check", blog, tmp_path / "sweep.toml")
        assert told.code == 0
        assert f"{blog}: fine, a scenario" in told.out and "sweep.toml: fine, a sweep of 2 points" in told.out

    def test_check_tells_every_mistake_of_every_file(self, cqrsim: Told, blog: Path, bad: Path) -> None:
        told = cqrsim("check", bad, blog, "nowhere.toml")
        assert told.code == 2 and f"{blog}: fine" in told.out
        for part in ('did you mean "length"', "clients.invalid", "clients.arrivals.rate", "nowhere.toml: no such file"):
            assert part in told.err

    def test_show_tells_a_scenario_in_words(self, cqrsim: Told, blog: Path) -> None:
        assert "200/s" in cqrsim("show", blog).out

    def test_schema_is_json(self, cqrsim: Told) -> None:
        assert json.loads(cqrsim("schema").out)["properties"]["length"]

    def test_version(self, cqrsim: Told) -> None:
        assert cqrsim("--version").out.strip() == cq.__version__


class TestOutcomes:
    """``cqrsim outcomes``."""

    def test_it_shows_what_one_fault_does_to_state_and_to_clients(self, cqrsim: Told) -> None:
        told = cqrsim("outcomes", "--fault", "refused", "--design", "2a", "--design", "2b careful")
        assert told.code == 0
        state, clients = told.out.split("What it does to clients")
        assert "STUCK" in state and "LOST" in clients and clients.startswith(' that are told by "decided"')

    def test_feedback_and_cures_are_chosen_by_name(self, cqrsim: Told) -> None:
        told = cqrsim(
            "outcomes", "--fault", "lost store answer", "--design", "2b acknowledged", "--feedback", "written",
            "--cure", "version check", "--cure", "dedupe",
        )  # fmt: skip
        assert told.code == 0 and "DBL" not in told.out
        assert "with version check and dedupe" in told.out and 'told by "written"' in told.out

    @pytest.mark.parametrize(
        ("option", "wrong", "meant"),
        [
            ("--feedback", "writen", "written"),
            ("--cure", "de-dupe", "dedupe"),
            ("--fault", "late", "late_ok"),
            ("--design", "2b carefull", "2b careful"),
        ],
    )
    def test_a_wrong_name_is_told(self, cqrsim: Told, option: str, wrong: str, meant: str) -> None:
        told = cqrsim("outcomes", option, wrong)
        assert told.code == 2 and f'"{wrong}"; did you mean "{meant}"?' in told.err


class TestMistakes:
    """Every mistake of a user ends in exit code 2 and a plain message."""

    @pytest.mark.parametrize("command", ["compare", "run", "show", "sweep"])
    def test_a_bad_file(self, cqrsim: Told, bad: Path, command: str) -> None:
        told = cqrsim(command, bad)
        assert told.code == 2 and told.err.startswith("cqrsim: bad.toml: ")

    @pytest.mark.parametrize("command", ["compare", "run", "show", "sweep", "check"])
    def test_no_file(self, cqrsim: Told, command: str) -> None:
        told = cqrsim(command, "nowhere.toml")
        assert told.code == 2 and "no such file" in told.err

    @pytest.mark.parametrize(
        ("text", "message"), [("x = ", "line 1: not TOML"), ("rate = 5s", 'need quotes: "5s"'), ("\udcff", "not UTF-8")]
    )
    def test_a_file_that_is_not_toml(self, cqrsim: Told, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "broken.toml").write_text(text, errors="surrogateescape")
        told = cqrsim("run", tmp_path / "broken.toml")
        assert told.code == 2 and message in told.err

    @pytest.mark.parametrize("command", [["compare"], ["run", "blog.toml"], ["sweep", "sweep.toml"]])
    def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(
        self, cqrsim: Told, blog: Path, tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sweep.toml").write_text(SWEEP)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("cqrsim.engines.choosing.run", None)
        told = cqrsim(*command, "--out", blog / "folder")
        assert told.code == 2 and str(blog / "folder") in told.err

    def test_a_metric_that_does_not_exist_is_told_before_anything_runs(
        self, cqrsim: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cqrsim.engines.choosing.run", None)
        told = cqrsim("compare", "--metrics", "feedback_p99_ms")
        assert told.code == 2 and 'did you mean "feedback_ms_p99"?' in told.err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["compare", "--replications", "0"],
            ["compare", "--replications", "many"],
            ["compare", "--seed", "-1"],
            ["compare", "--length", "5"],
            ["compare", "--designs", "feedbak"],
            ["compare", "--ouput", "x"],
            ["compare", "--jobs", "0"],
            ["compare", "--jobs", "-2"],
            ["compare", "--metrics", ""],
            ["compare", "--metrics", " , "],
            ["sweep", "sweep.toml", "--jobs", "0"],
            ["run"],
            ["check"],
            ["comapre"],
        ],
    )
    def test_arguments_that_make_no_sense(self, cqrsim: Told, arguments: list[str]) -> None:
        assert cqrsim(*arguments).code == 2

    def test_presets_are_not_chosen_where_files_are_given(self, cqrsim: Told, blog: Path) -> None:
        told = cqrsim("compare", blog, "--designs", "state")
        assert told.code == 2 and "--designs" in told.err

    def test_open_and_closed_clients(self, cqrsim: Told, blog: Path) -> None:
        other = blog.with_name("closed.toml")
        cq.load(blog).with_({"clients.arrivals": cq.Closed(3, think="1s"), "name": "closed"}).save(other)
        told = cqrsim("compare", blog, other)
        assert told.code == 2 and "cannot be compared" in told.err


def test_it_runs_as_a_module_and_starts_fast() -> None:
    """Help needs neither pandas nor anything else that takes its time."""
    slow = {"pandas", "scipy", "matplotlib", "simpy", "joblib"}
    code = f"""
import atexit, runpy, sys
sys.argv = ["cqrsim", "--help"]
atexit.register(lambda: print(sorted({slow} & set(sys.modules))))
runpy.run_module("cqrsim", run_name="__main__")
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert "compare" in told.stdout and told.stdout.rstrip().endswith("[]")


def test_an_interruption_before_anything_finished_is_told(
    cqrsim: Told, blog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cqrsim.experiments.compare", interrupted)
    told = cqrsim("compare", blog)
    assert (told.code, told.err) == (130, "cqrsim: interrupted before anything had finished\n")
