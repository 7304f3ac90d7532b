"""Notebooks that are executed anew: what changes is told readably, what fails is, too, and neither is overwritten."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / "notebooks"


def script() -> ModuleType:
    """The script, which lies outside the package."""
    spec = importlib.util.spec_from_file_location("refresh", FOLDER / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh = script()


def notebook(*cells: tuple[str, str]) -> nbformat.NotebookNode:
    """A notebook of code cells, each with the result that it showed."""
    found = new_notebook(cells=[new_markdown_cell("# What is it?")])
    for code, shown in cells:
        result = new_output("execute_result", data={"text/plain": shown}, execution_count=1)
        found.cells.append(new_code_cell(code, outputs=[result]))
    return found


def run(*arguments: str | Path, folder: Path = FOLDER, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a folder in a process of its own."""
    command = [sys.executable, folder / "refresh.py", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=900)


def test_both_checks_give_kernels_the_same_environment() -> None:
    """What pytest sets for the kernels it starts is what the script sets."""
    told = re.findall(r'os\.environ\["(\w+)"\] = "(\w+)"', (FOLDER / "conftest.py").read_text())
    assert dict(told) == refresh.ENVIRONMENT


def test_equal_outputs_are_no_change() -> None:
    """Addresses, which differ from run to run, are none either."""
    before, after = notebook(("x", "<Axes at 0x7f1234567890>")), notebook(("x", "<Axes at 0x7fabcdefabcd>"))
    assert list(refresh.changes("00_one.ipynb", before, after)) == []


def test_a_changed_number_is_told_with_its_place() -> None:
    """Which notebook, which cell, what it says, and the lines before and after."""
    before, after = notebook(("1", "1"), ("f(x)", "a 1\nb 2")), notebook(("1", "1"), ("f(x)", "a 1\nb 3"))
    told = list(refresh.changes("00_one.ipynb", before, after))
    assert told[:2] == ["00_one.ipynb, code cell 2: output changed", "    f(x)"]
    assert "-b 2" in told
    assert "+b 3" in told
    assert not any("code cell 1" in line for line in told)


def test_a_long_difference_is_cut() -> None:
    """A table of a thousand lines does not hide the next cell."""
    before, after = (notebook(("x", "\n".join(f"{sign}{n}" for n in range(1000)))) for sign in "ab")
    told = list(refresh.changes("00_one.ipynb", before, after))
    assert len(told) < 50
    assert told[-1].endswith("more lines")


def test_names_choose_and_unknown_ones_are_told() -> None:
    """A notebook is named by how its name begins."""
    assert [path.stem for path in refresh.chosen(["00", "04"])] == ["00_quickstart", "04_when_the_disk_fails"]
    assert len(refresh.chosen([])) == len(list(FOLDER.glob("*.ipynb")))
    with pytest.raises(SystemExit, match="no notebook begins with 77; there are 00_quickstart"):
        refresh.chosen(["77"])


def test_a_folder_is_compared_written_and_its_failures_told(tmp_path: Path) -> None:
    """Checked, nothing is written; written, all that is right; what fails stays as it is, and says where and why."""
    nbformat.write(notebook(("1 + 1", "3")), tmp_path / "00_wrong.ipynb")
    nbformat.write(notebook(("1", "1"), ("1 / 0", "1")), tmp_path / "01_broken.ipynb")
    before = {path: path.read_text() for path in tmp_path.iterdir()}
    checked = run("--check", "--folder", tmp_path)
    assert checked.returncode == 1
    for told in ("00_wrong.ipynb, code cell 1: output changed", "    1 + 1", "-3", "+2"):
        assert told in checked.stdout.splitlines()
    assert "01_broken.ipynb, code cell 2: ZeroDivisionError: division by zero\n    1 / 0" in checked.stdout
    assert "0 of 2 notebooks are fine." in checked.stdout
    assert "Traceback" not in checked.stdout + checked.stderr
    assert {path: path.read_text() for path in tmp_path.iterdir()} == before

    written = run("--folder", tmp_path)
    assert written.returncode == 1
    assert "00_wrong.ipynb: written" in written.stdout
    assert (tmp_path / "01_broken.ipynb").read_text() == before[tmp_path / "01_broken.ipynb"]
    fresh = nbformat.read(tmp_path / "00_wrong.ipynb", as_version=4)
    assert fresh.cells[1].outputs[0].data == {"text/plain": "2"}
    assert fresh.metadata.language_info == {"name": "python"}
    assert run("--check", "--folder", tmp_path, "00").returncode == 0


@pytest.mark.long
def test_a_broken_simulator_is_found_by_its_notebooks(tmp_path: Path) -> None:
    """A disk whose log-normal times come out 1 % too long changes tables, and the check says which, readably."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT / "cqrsim", copy / "cqrsim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(FOLDER, copy / "notebooks", ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    arguments = ("--check", "07_fit_to_your_system", "--jobs", "1")
    assert run(*arguments, folder=copy / "notebooks", PYTHONPATH=str(copy)).returncode == 0

    draws = copy / "cqrsim" / "plan" / "draws.py"
    right, wrong = (
        "exp(mu + sigma * normal_quantile(_inside(u)))",
        "1.01 * exp(mu + sigma * normal_quantile(_inside(u)))",
    )
    assert right in draws.read_text()
    draws.write_text(draws.read_text().replace(right, wrong))
    checked = run(*arguments, folder=copy / "notebooks", PYTHONPATH=str(copy))
    lines = checked.stdout.splitlines()
    assert checked.returncode == 1
    assert any(re.fullmatch(r"07_fit_to_your_system\.ipynb, code cell \d+: output changed", line) for line in lines)
    assert any(line.startswith("-1 ") and "fitted" in line for line in lines)
    assert any(line.startswith("+1 ") and "fitted" in line for line in lines)
    assert lines[-1] == "0 of 1 notebooks are fine."
    assert "Traceback" not in checked.stdout + checked.stderr
