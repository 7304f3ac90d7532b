"""What pictures refuse to be drawn of, and how they say so."""

import pytest

import cqrsim as cq
from cqrsim import plots

BLOG = cq.presets.blog().with_(length="1s", warm_up="0s")


@pytest.fixture(scope="module")
def comparison():
    return cq.compare({"blog": BLOG}, replications=1)


@pytest.mark.parametrize("wrong", [3, None, "run", [1.0]])
@pytest.mark.parametrize("picture", [plots.feedback_ecdf, plots.outcome_matrix, plots.timeline, plots.journey])
def test_what_has_nothing_to_draw(picture, wrong):
    arguments = {"command": 7} if picture is plots.journey else {}
    with pytest.raises(cq.ResultError, match="this is drawn of a"):
        picture(wrong, **arguments)


def test_pictures_of_one_run_do_not_take_a_comparison(comparison):
    for picture, arguments in ((plots.timeline, {}), (plots.journey, {"command": 7})):
        with pytest.raises(cq.ResultError, match=r"take one of the comparison, such as comparison\.run\(design\)"):
            picture(comparison, **arguments)


@pytest.mark.parametrize(("wrong", "message"), [("7", "called by its number"), (10**6, "no command 1000000")])
def test_the_way_of_a_command_that_does_not_exist(comparison, wrong, message):
    with pytest.raises(cq.ResultError, match=message):
        plots.journey(comparison.run("blog"), wrong)


def test_the_picture_speaks_of_being_told_not_of_knowing(comparison):
    """Who was told an outcome on a full disk need not know the truth."""
    ax = plots.feedback_ecdf(comparison)
    assert "told an outcome" in ax.get_title(loc="left") and "know" not in ax.get_title(loc="left")
