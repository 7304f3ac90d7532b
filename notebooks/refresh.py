"""Execute the notebooks anew, each in a fresh kernel, and write what comes out, or compare it with what is there.

    python notebooks/refresh.py                 execute all, write them where they are
    python notebooks/refresh.py 04 06           only those whose names begin so
    python notebooks/refresh.py --check         write nothing; tell what would change, exit code 1 if anything would
    python notebooks/refresh.py --jobs 4        four at a time

What is compared is what ``pytest --nbval`` compares: the text of results and prints, after the rules of sanitize.cfg.
A notebook that fails is left as it is.
"""

import argparse
import configparser
import difflib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent

ENVIRONMENT = {"TQDM_DISABLE": "1"}
"""What kernels inherit: progress bars, drawn as widgets, would differ from run to run."""

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
"""All that a notebook says of its kernel; versions would change from machine to machine."""

QUIET = ["--log-level=ERROR"]
"""What kernels say about themselves is not about notebooks."""

TOLD = 40
"""Lines of one difference that are told."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0 if all went well and nothing changed that should not."""
    asked = _parser().parse_args(arguments)
    paths = chosen(asked.names, asked.folder)
    os.environ.update(ENVIRONMENT)
    with ProcessPoolExecutor(max_workers=asked.jobs) as workers:
        reports = workers.map(partial(refresh, check=asked.check, timeout=asked.timeout), paths)
        troubled = 0
        for path, report in zip(paths, reports, strict=True):
            print(f"{path.name}: {'as it was' if asked.check else 'written'}" if not report else "\n".join(report))
            sys.stdout.flush()
            troubled += bool(report)
    print(f"{len(paths) - troubled} of {len(paths)} notebooks are fine.")
    return 1 if troubled else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Execute the notebooks anew, each in a fresh kernel.")
    parser.add_argument("names", nargs="*", help="how the names of notebooks begin; all, if none is given")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time; one for each core")
    parser.add_argument("--timeout", type=int, default=600, help="seconds that one cell may take")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the notebooks are")
    return parser


def chosen(names: Sequence[str], folder: Path = FOLDER) -> list[Path]:
    """The notebooks whose names begin so; SystemExit for a name that none begins with."""
    paths = sorted(folder.glob("*.ipynb"))
    if strangers := [name for name in names if not any(path.name.startswith(name) for path in paths)]:
        known = ", ".join(path.stem for path in paths)
        raise SystemExit(f"no notebook begins with {', '.join(strangers)}; there are {known or 'none'}")
    return [path for path in paths if not names or path.name.startswith(tuple(names))]


def refresh(path: Path, check: bool, timeout: int) -> list[str]:
    """Execute one notebook, and write it or compare it; returns what went wrong, or differs, for people to read."""
    committed = nbformat.read(path, as_version=4)
    fresh, trouble = execute(committed, path, timeout)
    if trouble:
        return trouble
    if check:
        return list(changes(path.name, committed, fresh))
    fresh.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    nbformat.write(fresh, path)
    return []


def execute(committed: NotebookNode, path: Path, timeout: int) -> tuple[NotebookNode, list[str]]:
    """A copy with outputs of its own, from a fresh kernel in the folder of the notebook; and why it failed, if so."""
    fresh = _without_outputs(committed)
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(
        fresh, timeout=timeout, kernel_name=KERNEL["name"], resources=where, record_timing=False, extra_arguments=QUIET
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return fresh, _failure(path.name, fresh, f"{error.ename}: {error.evalue}")
    except (CellTimeoutError, DeadKernelError) as error:
        return fresh, _failure(path.name, fresh, str(error).splitlines()[0])
    return fresh, []


def _without_outputs(notebook: NotebookNode) -> NotebookNode:
    fresh = nbformat.from_dict(notebook)
    for cell in fresh.cells:
        cell.metadata = NotebookNode()
    for cell in _code(fresh):
        cell.outputs, cell.execution_count = [], None
    return fresh


def _code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _failure(name: str, notebook: NotebookNode, why: str) -> list[str]:
    """Where it stopped: in the last cell that had begun."""
    begun = [number for number, cell in enumerate(_code(notebook), 1) if cell.execution_count or cell.outputs]
    number = begun[-1] if begun else 1
    return [f"{name}, code cell {number}: {why}", *_source(_code(notebook)[number - 1])]


def _source(cell: NotebookNode) -> list[str]:
    return [f"    {line}" for line in cell.source.splitlines()]


def changes(name: str, committed: NotebookNode, fresh: NotebookNode) -> Iterator[str]:
    """What a reader of the committed notebook would see otherwise, cell by cell, as differences of lines."""
    for number, (before, after) in enumerate(zip(_code(committed), _code(fresh), strict=True), 1):
        lines = difflib.unified_diff(text_of(before), text_of(after), "committed", "now", lineterm="", n=1)
        if told := list(lines):
            yield f"{name}, code cell {number}: output changed"
            yield from _source(before)
            yield from told[:TOLD]
            if len(told) > TOLD:
                yield f"... and {len(told) - TOLD} more lines"


def text_of(cell: NotebookNode) -> list[str]:
    """The lines of a cell's output that are compared: results and prints, with the rules of sanitize.cfg applied."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text if output.name == "stdout" else "")
        elif output.output_type in ("execute_result", "display_data"):
            parts.append(output.data.get("text/plain", ""))
        else:
            parts.append(f"{output.ename}: {output.evalue}")
    text = "\n".join(part.rstrip("\n") for part in parts if part)
    for pattern, replacement in sanitizing():
        text = re.sub(pattern, replacement, text)
    return text.splitlines()


@cache
def sanitizing() -> tuple[tuple[str, str], ...]:
    """What may differ from run to run, and what stands for it: the rules that pytest uses, too."""
    rules = configparser.RawConfigParser()
    rules.read(FOLDER / "sanitize.cfg")
    return tuple((rules[name]["regex"], rules[name]["replace"]) for name in rules.sections())


if __name__ == "__main__":
    sys.exit(main())
