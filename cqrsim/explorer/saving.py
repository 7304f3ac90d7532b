"""The designs of a choice as scenario files: in a folder, or as something that a browser can save."""

from __future__ import annotations

import base64
import html
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.showing.files import file_names, ready_folder
from cqrsim.scenario import Scenario

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""When files in an archive say that they were made, so that equal scenarios make equal archives."""


def toml_files(scenarios: Mapping[str, Scenario]) -> dict[str, str]:
    """The scenarios as TOML, by file name.

    >>> import cqrsim as cq
    >>> list(toml_files(cq.presets.feedback_cases()))
    ['wait.toml', 'forward-event.toml', 'silence.toml', 'error-cache.toml']
    """
    names = file_names(scenarios)
    return {f"{names[name]}.toml": scenario.to_toml() for name, scenario in scenarios.items()}


def save_into(folder: str | Path, scenarios: Mapping[str, Scenario]) -> list[Path]:
    """Write scenario files into a folder, which is made; returns them.

    Raises ScenarioError, and writes nothing, if one of them is there already and differs; OSError if the folder cannot
    be written.
    """
    if not str(folder).strip():
        raise ScenarioError((Problem("folder", None, "name a folder for the scenarios"),))
    files = {ready_folder(Path(folder)) / name: text for name, text in toml_files(scenarios).items()}
    taken = [path for path, text in files.items() if path.exists() and path.read_text(encoding="utf-8") != text]
    if taken:
        raise ScenarioError(Problem(str(path), None, "is there already, and differs") for path in taken)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)


def archive(files: Mapping[str, str]) -> bytes:
    """Files in a zip archive.

    >>> archive({"a.toml": "x = 1"}) == archive({"a.toml": "x = 1"})
    True
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            zipped.writestr(zipfile.ZipInfo(name, FIRST_DAY), text)
    return made.getvalue()


def download_link(scenarios: Mapping[str, Scenario]) -> str:
    """A link, as HTML, by which a browser saves the scenarios: one as it is, several in an archive."""
    files = toml_files(scenarios)
    if len(files) == 1:
        ((name, text),) = files.items()
        content, kind = text.encode(), "application/toml"
    else:
        name, content, kind = "scenarios.zip", archive(files), "application/zip"
    data = base64.b64encode(content).decode()
    shown = f"Save {name} ({', '.join(files)})" if len(files) > 1 else f"Save {name}"
    return f'<a download="{html.escape(name)}" href="data:{kind};base64,{data}">{html.escape(shown)}</a>'
