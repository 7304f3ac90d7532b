"""Rules for notebooks: they tell a story, hide no machinery, and can be checked."""

import ast
import json
import re
from pathlib import Path
from statistics import median
from typing import Any

import pytest

NOTEBOOKS = sorted(Path(__file__).parent.parent.joinpath("notebooks").glob("*.ipynb"))


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_there_are_notebooks() -> None:
    """The rules below are about something."""
    assert NOTEBOOKS


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
            assert not {"nbval-skip", "nbval-ignore-output"} & set(cell["metadata"].get("tags", []))
            for output in cell["outputs"]:
                assert output["output_type"] != "error"
                assert output.get("name") != "stderr"
                text = "".join(output.get("text", "")) + "".join(output.get("data", {}).get("text/plain", ""))
                assert not re.search("0x[0-9a-f]{6}", text)
                tables += output["output_type"] == "execute_result"
        assert tables >= 3

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
