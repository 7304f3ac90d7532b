"""A comparison that was saved comes back equal."""

import json
from pathlib import Path

import pandas as pd
import pytest

import cqrsim as cq
from cqrsim.experiments.compare import Comparison


@pytest.fixture(scope="module")
def answers() -> cq.Comparison:
    blog = cq.presets.blog().with_({"length": "500ms", "warm_up": "0s"})
    designs = {"wait / now": blog, 'the "silent" one': blog.with_(feedback=cq.Silence(reload="100ms"))}
    until = cq.Precision({"feedback_ms_p50": "5% or 0.2", "loss_share": 0.01}, at_most=12)
    return cq.compare(designs, 10, seed=4, confidence=0.9, engine="simpy", until=until)


def assert_equal(one: Comparison, other: Comparison) -> None:
    for name in ("frame", "shared", "runs", "errors", "_outcomes", "_sample"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    for name in ("designs", "replications", "seed", "confidence", "_until"):
        assert getattr(one, name) == getattr(other, name)
    assert list(one.designs) == list(other.designs)


def test_it_comes_back_equal(answers: cq.Comparison, tmp_path: Path) -> None:
    files = answers.save(tmp_path / "saved")
    found = cq.load_comparison(tmp_path / "saved")
    assert all(file.exists() for file in files) and isinstance(found, Comparison)
    assert_equal(answers, found)
    assert repr(found) == repr(answers)
    pd.testing.assert_frame_equal(found.table(), answers.table())
    pd.testing.assert_frame_equal(found.verdict().frame, answers.verdict().frame)
    pd.testing.assert_frame_equal(found.quantiles(), answers.quantiles())
    pd.testing.assert_frame_equal(found.precision, answers.precision)
    assert found.run("wait / now", 2).trace.digest() == answers.runs["trace"].iloc[2]


def test_it_can_be_saved_again(answers: cq.Comparison, tmp_path: Path) -> None:
    answers.save(tmp_path / "one")
    cq.load_comparison(tmp_path / "one").save(tmp_path / "two")
    assert_equal(cq.load_comparison(tmp_path / "two"), answers)


def test_errors_come_back(answers: cq.Comparison, tmp_path: Path) -> None:
    errors = pd.DataFrame({"design": answers.runs["design"].iloc[:1], "replication": [0], "seed": [4], "scenario": "x",
                           "message": "RuntimeError: \u201cdisk\u201d on fire", "traceback": "line\nline"})  # fmt: skip
    broken = Comparison(**{**vars_of(answers), "errors": errors})
    broken.save(tmp_path)
    pd.testing.assert_frame_equal(cq.load_comparison(tmp_path).errors, errors)


def vars_of(comparison: cq.Comparison) -> dict[str, object]:
    return {name: getattr(comparison, name) for name in Comparison.__dataclass_fields__}


class TestDamage:
    """What is no saved comparison, or is not whole, is told with its place."""

    def test_no_folder_and_no_comparison(self, tmp_path: Path) -> None:
        for folder in (tmp_path / "nowhere", tmp_path):
            with pytest.raises(cq.ResultError, match="no comparison is saved here; there is no comparison"):
                cq.load_comparison(folder)

    def test_a_missing_file(self, answers: cq.Comparison, tmp_path: Path) -> None:
        answers.save(tmp_path)
        (tmp_path / "sample.parquet").unlink()
        with pytest.raises(cq.ResultError, match=r"sample\.parquet: missing"):
            cq.load_comparison(tmp_path)

    def test_a_half_written_file(self, answers: cq.Comparison, tmp_path: Path) -> None:
        answers.save(tmp_path)
        table = tmp_path / "comparison.parquet"
        table.write_bytes(table.read_bytes()[:500])
        with pytest.raises(cq.ResultError, match="the comparison cannot be read"):
            cq.load_comparison(tmp_path)

    @pytest.mark.parametrize(
        ("text", "told"), [("{", "damaged"), ("[]", "form None"), ('{"format": 99}', "saved in form 99")]
    )
    def test_another_form(self, answers: cq.Comparison, tmp_path: Path, text: str, told: str) -> None:
        answers.save(tmp_path)
        (tmp_path / "comparison.json").write_text(text)
        with pytest.raises(cq.ResultError, match=told):
            cq.load_comparison(tmp_path)

    def test_something_left_out(self, answers: cq.Comparison, tmp_path: Path) -> None:
        answers.save(tmp_path)
        about = json.loads((tmp_path / "comparison.json").read_text())
        del about["seed"]
        (tmp_path / "comparison.json").write_text(json.dumps(about))
        with pytest.raises(cq.ResultError, match="does not say 'seed'"):
            cq.load_comparison(tmp_path)
