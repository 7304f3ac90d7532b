"""What the README says is so."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent.joinpath("README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def first() -> dict[str, object]:
    """What the first block leaves behind."""
    names: dict[str, object] = {}
    exec(BLOCKS[0], names)
    return names


def test_the_first_table_is_what_the_first_block_gives(first: dict[str, object]) -> None:
    """Run as written, it gives the numbers printed below it."""
    columns = ("feedback_ms_p50", "feedback_ms_p99", "silent_failure_share", "false_success_share")
    table = first["answers"].table(*columns)  # type: ignore[attr-defined]
    for row in table.itertuples(index=False):
        printed = next(line for line in README.splitlines() if line.startswith(f"| {row.design} |"))
        assert [cell.strip(" *") for cell in printed.strip("|").split("|")] == list(row)


def test_the_other_blocks_run(first: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They do as written, but for shorter runs."""
    monkeypatch.chdir(tmp_path)
    names = dict(first)
    for block in BLOCKS[1:]:
        shorter = block.replace("length=seconds(60)", "length=seconds(6)").replace("at_most=50", "at_most=20")
        exec(shorter.replace("replications=10", "replications=2"), names)
    assert tmp_path.joinpath("shop.toml").exists()
    assert len(names["result"].frame) > 0  # type: ignore[attr-defined]


def test_the_two_commands_stand_as_promised() -> None:
    """On a line of their own, in the form in which they can be tried."""
    lines = [line.strip() for line in README.splitlines()]
    assert "python3 -m venv .venv && .venv/bin/python -m pip install . && .venv/bin/cqrsim compare" in lines
    command = 'python3 -m venv .venv && .venv/bin/python -m pip install -e ".[test]" && .venv/bin/python -m pytest'
    assert command in lines


def test_the_map_names_every_room() -> None:
    """A newcomer finds each part of the package in the table."""
    package = Path(__file__).parent.parent / "cqrsim"
    rooms = [path.name for path in package.iterdir() if path.is_dir() and any(path.glob("*.py"))]
    for room in rooms:
        assert f"`{room}/`" in README
