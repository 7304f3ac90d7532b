"""Pictures that no window and no notebook knows of: safe to draw in any thread, and gone when nobody holds them."""

from __future__ import annotations

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cqrsim.plots import style


def blank(height: float, width: float = style.WIDTH) -> Axes:
    """Make axes of a figure that matplotlib's own list of figures does not hold; sizes in inches.

    >>> blank(height=3.0).figure.get_size_inches().tolist()
    [7.0, 3.0]
    """
    return Figure(figsize=(width, height), dpi=120, layout="constrained").add_subplot()


def png(ax: Axes, dpi: float = 150.0) -> bytes:
    """The whole figure that some axes stand in, as the bytes of a PNG file.

    >>> png(blank(height=1.0))[1:4]
    b'PNG'
    """
    figure, file = ax.get_figure(root=True), BytesIO()
    assert figure is not None  # axes that were just drawn stand in one
    figure.savefig(file, dpi=dpi, format="png")
    return file.getvalue()
