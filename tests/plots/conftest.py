"""What can be measured of a drawn picture: which texts cover each other, and which are cut off."""

from collections.abc import Iterator
from itertools import combinations
from types import SimpleNamespace

import matplotlib as mpl
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    """No test leaves a figure behind."""
    from matplotlib import pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="session")
def looking() -> SimpleNamespace:
    return SimpleNamespace(texts=texts, lines=lines, patches=patches, covering=covering, cut_off=cut_off)


def texts(ax: Axes, gid: str) -> list[Text]:
    return [text for text in ax.texts if text.get_gid() == gid]


def lines(ax: Axes, gid: str) -> list[Artist]:
    return [line for line in ax.lines if line.get_gid() == gid]


def patches(ax: Axes, gid: str) -> list[Artist]:
    return [patch for patch in ax.patches if patch.get_gid() == gid]


def covering(some: list[Text]) -> list[tuple[str, str]]:
    """Pairs of texts of which one covers the other, by more than the rim of a letter."""
    where = [(text.get_text(), box.padded(-1.5)) for text, box in zip(some, boxes(some), strict=True)]
    return [(one, two) for (one, a), (two, b) in combinations(where, 2) if a.overlaps(b)]


def cut_off(some: list[Text]) -> list[str]:
    """Texts that reach beyond the figure."""
    found = boxes(some)
    page = some[0].figure.bbox.padded(1)
    inside = [page.containsx(box.x0) and page.containsx(box.x1) and page.containsy(box.y0) and page.containsy(box.y1)
              for box in found]  # fmt: skip
    return [text.get_text() for text, fits in zip(some, inside, strict=True) if not fits]


def boxes(some: list[Text]) -> list[Bbox]:
    """Where texts stand, once everything is drawn."""
    some[0].figure.canvas.draw()
    return [text.get_window_extent() for text in some]
