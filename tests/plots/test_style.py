import itertools
import subprocess
import sys

import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from cqrsim import plots
from cqrsim.plots import style


def test_matplotlib_is_not_imported_until_somebody_draws():
    code = (
        "import sys, cqrsim; assert 'matplotlib' not in sys.modules; cqrsim.plots; assert 'matplotlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_changes_the_settings_of_matplotlib():
    before = dict(mpl.rcParams)
    plots.feedback_ecdf(pd.DataFrame({"design": "a", "value": [1.0, 2.0]}))
    assert dict(mpl.rcParams) == before


def test_every_public_function_is_there():
    assert plots.__all__ == sorted(name for name in plots.__all__ if callable(getattr(plots, name)))


def test_designs_look_different_and_the_same_everywhere():
    names = [f"design {i}" for i in range(32)]
    found = style.looks(names)
    assert len({(look.colour, str(look.dash)) for look in found.values()}) == 32
    assert len({look.colour for look in list(found.values())[:8]}) == 8
    assert all(style.looks(names[: i + 1])[names[i]] == found[names[i]] for i in range(32))


@given(st.floats(0, 1))
def test_percent_claims_neither_none_nor_all_unless_it_is_so(share):
    said = style.percent(share)
    assert said.endswith(" %")
    assert (said == "100 %") == (share == 1)
    if 1e-8 < share < 1 - 1e-8:
        assert 0 < float(said.removesuffix(" %")) < 100


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.06)), min_size=1, max_size=12))
def test_labels_that_want_the_same_place_stand_apart(labels):
    """No two overlap, none falls below the floor, and those that have room stand where they want."""
    wanted, heights = [place for place, _ in labels], [height for _, height in labels]
    found = style.apart(wanted, heights, lowest=0.0)
    spans = sorted((place - height / 2, place + height / 2) for place, height in zip(found, heights, strict=True))
    assert all(below[1] <= above[0] + 1e-9 for below, above in itertools.pairwise(spans))
    assert spans[0][0] >= -1e-9
    if len(labels) == 1 and wanted[0] >= heights[0] / 2:
        assert found == wanted


@pytest.mark.parametrize(("value", "said"), [(0.001, "0.001"), (0.25, "0.25"), (12345.0, "12,345"), (2e6, "2,000,000")])
def test_numbers_on_axes_have_no_exponents(value, said):
    assert style.amount(value) == said


def test_a_picture_is_saved_whole_and_its_figure_closed(tmp_path):
    _, axes = plt.subplots(1, 2)
    path = plots.save(tuple(axes), tmp_path / "two.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert not plt.get_fignums()
