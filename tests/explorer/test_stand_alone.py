"""The page without a notebook: files are read before anything is served, and what is missing is named."""

import socket
from pathlib import Path

import nbformat
import pytest

import cqrsim as cq
from cqrsim.cli import exploring, main
from cqrsim.explorer.stand_alone import subject_of, write_notebook

QUIET = cq.presets.blog().with_(length="2s", warm_up="0s")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three scenarios, two of one name."""
    paths = [tmp_path / f"{name}.toml" for name in ("a", "b", "c")]
    for path, name in zip(paths, ("one", "two", "two"), strict=True):
        QUIET.with_(name=name).save(path)
    return paths


def test_what_files_are_explored_as(files: list[Path]) -> None:
    """One file is a scenario to try designs on; several are designs, by the names that tell them apart."""
    assert subject_of(files[:1]) == QUIET.with_(name="one")
    assert list(subject_of(files[:2]) or ()) == ["one", "two"]
    assert list(subject_of(files) or ()) == [str(file) for file in files]
    with pytest.raises(cq.ScenarioError, match="given twice"):
        subject_of([files[0], files[0]])


def test_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    """All files are looked at before a mistake is told."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('length = "-1s"\n')
    with pytest.raises(cq.ScenarioError) as told:
        subject_of([wrong, tmp_path / "missing.toml"])
    assert "wrong.toml" in str(told.value)
    assert "missing.toml" in str(told.value)


def test_the_notebook_is_one(tmp_path: Path, files: list[Path]) -> None:
    """What is written for Voila is a valid notebook, and its code is Python, whatever the files are called."""
    odd = tmp_path / 'it\'s "odd".toml'
    notebook = nbformat.read(write_notebook(tmp_path, [*files, odd]), as_version=4)
    nbformat.validate(notebook)
    compile(notebook.cells[0].source, "cell", "exec")
    assert str(files[0]) in notebook.cells[0].source


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without Voila the command says how to install it, and ends as with bad input."""
    monkeypatch.setattr(exploring, "find_spec", lambda name: None if name == "voila" else object())
    with pytest.raises(SystemExit) as ended:
        main(["explore", "--no-browser"])
    assert ended.value.code == 2
    assert "needs voila" in (said := capsys.readouterr().err)
    assert 'pip install "cqrsim[explorer]"' in said


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Where something else listens, the command says so instead of opening somebody else's page."""
    with socket.create_server(("localhost", 0)) as other:
        with pytest.raises(SystemExit) as ended:
            main(["explore", "--no-browser", "--port", str(other.getsockname()[1])])
        assert ended.value.code == 2
        assert "is taken by something else" in capsys.readouterr().err


def test_bad_files_are_told_before_anything_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there ends the command in one plain message."""
    with pytest.raises(SystemExit) as ended:
        main(["explore", "nowhere.toml"])
    assert ended.value.code == 2
    assert "nowhere.toml: no such file" in capsys.readouterr().err
