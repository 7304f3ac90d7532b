"""The same page without a notebook: one is written, and Voila shows what it makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cqrsim.errors import Problem, ScenarioError
from cqrsim.scenario import Scenario, load

NOTEBOOK = "cqrsim.ipynb"

STYLE = "<style>body { margin: 0 16px; } h1 { font-size: 20px; margin: 12px 0 0; }</style>"
TITLE = f"""{STYLE}<h1>cqrsim explorer</h1>"""


def subject_of(files: Sequence[Path]) -> Scenario | Mapping[str, Scenario] | None:
    """What files are to be explored as: nothing, one scenario, or several designs by their names.

    Raises ScenarioError with the mistakes of all files, and for a file that is given twice.

    >>> subject_of([]) is None
    True
    """
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for file in files:
        try:
            scenarios.append(load(file))
        except ScenarioError as mistake:
            problems += [Problem(str(file), None, str(problem)) for problem in mistake.problems]
    if problems:
        raise ScenarioError(problems)
    if len(scenarios) < 2:
        return scenarios[0] if scenarios else None
    return _named(files, scenarios)


def _named(files: Sequence[Path], scenarios: Sequence[Scenario]) -> dict[str, Scenario]:
    """By their own names, or by those of their files where these do not tell them apart."""
    names = [scenario.name or file.stem for file, scenario in zip(files, scenarios, strict=True)]
    if len(set(names)) < len(names):
        names = [str(file) for file in files]
    if len(set(names)) < len(names):
        raise ScenarioError((Problem("files", None, "the same file is given twice"),))
    return dict(zip(names, scenarios, strict=True))


def write_notebook(folder: Path, files: Sequence[Path]) -> Path:
    """Write the notebook that shows the page for some files, which stay where they are.

    >>> import tempfile
    >>> write_notebook(Path(tempfile.mkdtemp()), []).name
    'cqrsim.ipynb'
    """
    paths = ", ".join(f"Path({str(file.absolute())!r})" for file in files)
    source = [
        "from pathlib import Path",
        "from IPython.display import HTML, display",
        "from cqrsim.explorer import explore",
        "from cqrsim.explorer.stand_alone import TITLE, subject_of",
        "display(HTML(TITLE))",
        f"explore(subject_of([{paths}]), downloads=True)",
    ]
    path = folder / NOTEBOOK
    path.write_text(json.dumps(_notebook("\n".join(source))), encoding="utf-8")
    return path


def _notebook(source: str) -> dict[str, Any]:
    nothing_yet: dict[str, Any] = {"execution_count": None, "metadata": {}, "outputs": []}
    cell = {"cell_type": "code", "id": "page", "source": source, **nothing_yet}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel, "title": "cqrsim"}, "nbformat": 4, "nbformat_minor": 5}
