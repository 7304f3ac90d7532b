"""Reports of experiments, as Markdown or as HTML: enough to believe a result, or to repeat it.

    blocks.py      what a report is made of: headings, paragraphs, tables, pictures, code, files
    markdown.py, webpage.py    the same blocks as text of a .md and of a .html file
    comparing.py, sweeping.py  which blocks stand in the report of what, in which order
    results.py  differing.py  scenarios.py  assumptions.py  caveats.py  repeating.py  pictures.py    what stands in them
    folders.py     results that were saved; writing.py    where a report goes

Nothing here depends on the date or the machine: equal results give equal reports, to the byte.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cqrsim.reports.writing import checked_ending, checked_path, files_folder, write

if TYPE_CHECKING:
    from cqrsim.experiments import Comparison, Sweep

__all__ = ["comparison_report", "folder_report", "sweep_report"]


def comparison_report(comparison: Comparison, path: str | Path, *names: str, question: str = "") -> list[Path]:
    """Write a report of a comparison; returns the files, the report first.

    The ending decides: .md has its pictures and scenarios beside it in a folder (``report_files``), .html has them
    within.  ``names`` are the metrics that it tells of, by default those of the comparison's table.

    Raises ResultError for another ending and for metrics that do not exist, OSError if it cannot be written.

    >>> import tempfile, cqrsim as cq
    >>> blog = cq.presets.blog().with_(length="1s", warm_up="0s")
    >>> answers = cq.compare({"wait": blog}, replications=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = comparison_report(answers, Path(folder) / "report.html", "feedback_ms_p50")
    >>> [file.name for file in files]
    ['report.html']
    """
    from cqrsim.reports.comparing import report_of

    path = checked_path(path)
    folder = files_folder(path) if path.suffix == ".md" else ""
    return write(report_of(comparison, names, question, folder), path)


def sweep_report(sweep: Sweep, path: str | Path, *names: str, question: str = "") -> list[Path]:
    """Write a report of a sweep, as :func:`comparison_report` does of a comparison; returns the files.

    >>> import tempfile, cqrsim as cq
    >>> blog = cq.presets.blog().with_(length="1s", warm_up="0s")
    >>> result = cq.sweep(cq.grid(blog, {"disk.write": [cq.ms(1), cq.ms(2)]}), replications=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = sweep_report(result, Path(folder) / "report.md", "feedback_ms_p50")
    >>> [file.name for file in files]
    ['report.md', 'results.csv', 'feedback_ms_p50.png', 'scenario.toml', 'sweep.toml']
    """
    from cqrsim.reports.sweeping import report_of

    path = checked_path(path)
    folder = files_folder(path) if path.suffix == ".md" else ""
    return write(report_of(sweep, names, question, folder), path)


def folder_report(folder: str | Path, path: str | Path, *names: str, question: str = "") -> list[Path]:
    """Write a report of the results that ``cqrsim compare --out`` or ``cqrsim sweep --out`` left in a folder.

    Raises ResultError for a folder without results, with a hint at those below it that have some.

    >>> folder_report("nowhere", "report.html")
    Traceback (most recent call last):
    cqrsim.errors.ResultError: nowhere: no such folder
    """
    from cqrsim.experiments import Comparison
    from cqrsim.reports.folders import results_in

    checked_ending(path)
    found = results_in(Path(folder))
    if isinstance(found, Comparison):
        return comparison_report(found, path, *names, question=question)
    return sweep_report(found, path, *names, question=question)
