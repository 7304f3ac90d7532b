"""Rules for notebooks: they tell a story, hide no machinery, and can be checked."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

STORY = (
    "00_quickstart", "01_one_command", "02_how_should_clients_learn", "03_where_should_state_live",
    "04_when_the_disk_fails", "05_who_is_the_client", "06_design_space", "07_fit_to_your_system",
    "08_your_own_strategy", "09_why_believe_it", "10_the_essay_tested",
)  # fmt: skip
"""The manual, in the order in which it is read."""

UNCOMPARED_TAGS = {"nbval-skip", "nbval-ignore-output", "nbval-raises-exception", "raises-exception", "skip-execution"}
UNCOMPARED_COMMENT = re.compile(r"#\s*(NBVAL|PYTEST_VALIDATE)_\w+")
"""How a cell could be kept from being executed, or its output from being compared."""

NUMBER = re.compile(r"(?<![\w.])\d[\d,_]*(?:\.\d+)?(?!\w)")


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def outputs(cell: dict[str, Any]) -> Iterator[str]:
    """The texts that are compared with a fresh run."""
    for output in cell["outputs"]:
        yield "".join(output.get("text", "")) + "".join(output.get("data", {}).get("text/plain", ""))


def numbers(text: str) -> list[str]:
    """The numbers in a text, without what parts their thousands.

    >>> numbers("p99 of 1,000 runs: 2.5 ms, 2b, and 3.")
    ['1000', '2.5', '3']
    """
    return [found.replace(",", "").replace("_", "") for found in NUMBER.findall(text)]


def rounds_to(value: float, said: str) -> bool:
    """Whether a number, or the share that it is, is what somebody says who rounds it.

    >>> rounds_to(21.64, "21.6"), rounds_to(0.2164, "21.6"), rounds_to(21.64, "21.7")
    (True, True, False)
    """
    half = 0.5 * 10 ** -len(said.partition(".")[2]) + 1e-9
    return any(abs(one - float(said)) <= half for one in (value, 100 * value))


def test_the_notebooks_are_those_of_the_manual() -> None:
    """The rules below are about all of them: none stands elsewhere, and none is missing in between."""
    names = [path.stem for path in NOTEBOOKS]
    assert names == [name for name in STORY if name in names]
    assert {path.stem for path in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts} == set(names)
    assert [int(name[:2]) for name in names] == list(range(len(names)))


def test_nothing_but_pictures_and_second_forms_is_left_out_of_the_comparison() -> None:
    """Results, prints and errors are compared; what the check leaves out has a text form that it does not."""
    left_out = re.search(r"\(\*skipped, (.*)\)", FOLDER.joinpath("conftest.py").read_text())
    assert left_out is not None
    assert set(ast.literal_eval(f"({left_out[1]},)")) <= {"stderr", "text/html", "image/svg+xml"}
    assert FOLDER.joinpath("sanitize.cfg").read_text().count("regex:") == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_is_named_after_its_question(self, path: Path) -> None:
        """Its title is a question, its last section the answer in three sentences."""
        assert re.fullmatch(r"\d\d_[a-z_]+", path.stem)
        texts = [source(cell) for cell in cells(path, "markdown")]
        assert texts[0].splitlines()[0].startswith("# ")
        assert texts[0].splitlines()[0].endswith("?")
        answer = texts[-1]
        assert answer.startswith("## Answer")
        sentences = re.split(r"[.!]\**\s+(?=[*A-Z])", answer.removeprefix("## Answer").strip())
        assert len(sentences) == 3

    def test_was_executed_in_order_by_a_fresh_kernel(self, path: Path) -> None:
        """A cell that was never executed would silently not be compared."""
        counts = [cell["execution_count"] for cell in cells(path, "code")]
        assert counts == list(range(1, len(counts) + 1))

    def test_has_outputs_that_are_compared_and_none_that_cannot_be(self, path: Path) -> None:
        """At least three tables; no addresses, no errors, nothing on stderr, nothing skipped."""
        tables = 0
        for cell in cells(path, "code"):
            assert not UNCOMPARED_TAGS & set(cell["metadata"].get("tags", []))
            assert not UNCOMPARED_COMMENT.search(source(cell))
            for output in cell["outputs"]:
                assert output["output_type"] != "error"
                assert output.get("name") != "stderr"
                assert not any(re.search("0x[0-9a-f]{6}", text) for text in outputs(cell))
                tables += output["output_type"] == "execute_result"
        assert tables >= 3

    def test_the_numbers_of_the_answer_are_compared(self, path: Path) -> None:
        """Each is one that a compared output shows, perhaps rounded, or a setting of the code: none can grow stale."""
        answer = source(cells(path, "markdown")[-1])
        code = cells(path, "code")
        shown = [float(number) for cell in code for text in outputs(cell) for number in numbers(text)]
        settings = [float(number) for cell in code for number in numbers(source(cell))]
        stale = [said for said in numbers(answer) if not any(rounds_to(value, said) for value in shown)]
        assert numbers(answer)
        assert [said for said in stale if float(said) not in settings] == []

    def test_is_short_and_hides_no_machinery(self, path: Path) -> None:
        """Few short cells, all imports in one, one seed, one plot a cell, no trailing semicolon."""
        code = [source(cell) for cell in cells(path, "code")]
        assert len(code) <= 25
        lengths = [len(text.splitlines()) for text in code]
        assert max(lengths) <= 15
        assert median(lengths) <= 4
        assert sum("import " in text for text in code) == 1
        assert sum(len(re.findall(r"^SEED = ", text, re.MULTILINE)) for text in code) == 1
        for text in code:
            assert not text.rstrip().endswith(";")
            assert "sys.path" not in text
            plots = text.count("cq.plots.")
            assert plots <= 1
            if plots:
                assert re.match(r"ax(es)? = cq\.plots\.", text.splitlines()[-1])
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef):
                    assert node.end_lineno is not None
                    assert node.end_lineno - node.lineno < 5
