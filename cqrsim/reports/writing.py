"""Where a report goes: its ending chooses Markdown, with a folder of files beside it, or one HTML file."""

from __future__ import annotations

from pathlib import Path

from cqrsim.errors import ResultError
from cqrsim.experiments.showing.files import ready_folder
from cqrsim.reports.blocks import File, Picture, Report
from cqrsim.reports.markdown import markdown
from cqrsim.reports.webpage import webpage

ENDINGS = (".md", ".html")
_HINTS = {
    ".htm": 'did you mean ".html"?',
    ".markdown": 'did you mean ".md"?',
    ".pdf": "write .html, and print it",
    ".ipynb": "a notebook shows .md",
}


def checked_ending(path: str | Path) -> Path:
    """A path that ends as a report does; ResultError, with a hint, for any other.

    >>> checked_ending("report.pdf")
    Traceback (most recent call last):
    cqrsim.errors.ResultError: report.pdf: a report ends in .md or .html; write .html, and print it
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        hint = _HINTS.get(path.suffix.lower()) or f'such as "{path.stem or "report"}.html"'
        raise ResultError(f"{path}: a report ends in .md or .html; {hint}")
    return path


def checked_path(path: str | Path) -> Path:
    """A path that a report can be written to, looked at before anything is drawn.

    Raises ResultError for another ending, OSError for a folder that cannot be written.
    """
    path = checked_ending(path)
    ready_folder(path.parent)
    return path


def files_folder(path: Path) -> str:
    """The name of the folder beside a Markdown file.

    >>> files_folder(Path("out/my report.md"))
    'my-report_files'
    """
    return f"{path.stem.replace(' ', '-')}_files"


def write(report: Report, path: Path) -> list[Path]:
    """Write a report; returns its files, itself first."""
    if path.suffix == ".html":
        path.write_text(webpage(report), encoding="utf-8", newline="\n")
        return [path]
    folder = files_folder(path)
    path.write_text(markdown(report, folder), encoding="utf-8", newline="\n")
    ready_folder(path.parent / folder)
    return [path, *_written_beside(report, path.parent / folder)]


def _written_beside(report: Report, folder: Path) -> list[Path]:
    files = []
    for block in report.blocks:
        if isinstance(block, Picture):
            files.append(folder / block.name)
            files[-1].write_bytes(block.png)
        elif isinstance(block, File):
            files.append(folder / block.name)
            files[-1].write_text(block.text, encoding="utf-8", newline="\n")
    return files
