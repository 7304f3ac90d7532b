"""Pictures as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes


def need_no_screen() -> None:
    """Draw into files only, from here on: no window is needed, and there may be no screen."""
    plt.switch_backend("Agg")


def save(drawn: Axes | Sequence[Axes], path: str | Path, dpi: float = 150.0) -> Path:
    """Write the whole figure that some axes stand in, in the format that the path ends with, and close it.

    Raises OSError if the file cannot be written, ValueError for a format that matplotlib does not know.

    >>> import tempfile
    >>> _, ax = plt.subplots()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(ax, Path(folder) / "empty.svg").name
    'empty.svg'
    """
    ax = drawn if isinstance(drawn, Axes) else drawn[0]
    figure = ax.get_figure(root=True)
    assert figure is not None  # axes that were just drawn stand in one
    figure.savefig(path, dpi=dpi)
    plt.close(figure)
    return Path(path)
