"""``cqrsim verify``: what it prints, and its exit codes."""

import pytest

import cqrsim as cq
from cqrsim.cli import main
from cqrsim.theory import registry


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["verify", *arguments])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return int(ended.value.code or 0), told.out, told.err


def test_what_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    """Each oracle under its title, with theory, estimate, interval and verdict, and the arithmetic of alarms."""
    code, out, _ = said(capsys, "O05", "O34", "--seed", "3")
    assert code == 0
    assert "O05  Twelve commands" in out
    assert "restricted mean" in out
    assert "agrees" in out and "equal" in out
    assert "All 11 quantities agree, seed 3" in out
    assert "11 x 0.01 x 0.0001 = 1.1e-05" in out


def test_what_does_not_agree(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1."""
    planted = {"O05": cq.theory.oracles()["O05"].with_({"handlers.workers": 3})}
    monkeypatch.setattr(registry, "oracles", lambda: planted)
    code, out, _ = said(capsys, "O05")
    assert code == 1
    assert "differs" in out and "DO NOT AGREE" in out


def test_an_id_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and a hint."""
    code, out, err = said(capsys, "O1a")
    assert (code, out) == (2, "")
    assert err.strip() == 'cqrsim: no oracle "O1a"; did you mean "O01a"?'


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """One line an oracle."""
    code, out, _ = said(capsys, "--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(cq.theory.oracles())
