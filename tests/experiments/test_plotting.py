"""Pictures as methods of results: all that can be drawn of a kind of result, and nothing else."""

import inspect
import pickle

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

import cqrsim as cq

mpl.use("Agg")

BLOG = cq.presets.blog().with_(length=cq.ms(300), warm_up=cq.seconds(0))
TAKES = {"run": "HasTrace", "comparison": "HasLatencies", "sweep": "HasPoints"}
"""What a function's first parameter is called after, if it takes a result of the kind."""


@pytest.fixture(scope="module")
def results():
    design = cq.grid(BLOG, {"disk.write": ["1ms", "2ms"]})
    return {
        "run": cq.simulate(BLOG, seed=1, engine="simpy"),
        "comparison": cq.compare({"one": BLOG, "two": BLOG}, replications=2, engine="simpy", progress=False),
        "sweep": cq.sweep(design, replications=2, engine="simpy", progress=False),
    }


@pytest.mark.parametrize("kind", list(TAKES))
def test_the_table_has_every_picture_that_takes_the_result_first(kind):
    """The table names functions that exist, sorted, and those whose first parameter says so are in it."""
    named = cq.plots.DRAWN_OF[kind]
    assert list(named) == sorted(set(named)) and set(named) <= set(cq.plots.__all__)
    for name in cq.plots.__all__:
        first = next(iter(inspect.signature(getattr(cq.plots, name)).parameters.values()))
        assert TAKES[kind] not in str(first.annotation) or name in named


def test_a_picture_of_a_result_is_the_function_with_the_result_given(results):
    ax = results["comparison"].plot.feedback_ecdf()
    same = cq.plots.feedback_ecdf(results["comparison"])
    assert ax.get_title(loc="left") == same.get_title(loc="left")
    assert results["run"].plot.swim_lanes(most=5).get_ylabel() == "command"
    assert results["sweep"].plot.sweep_curve("feedback_ms_p50", "disk.write").figure is not None
    plt.close("all")


@pytest.mark.parametrize("kind", list(TAKES))
def test_tab_completion_shows_what_there_is(results, kind):
    plot = results[kind].plot
    assert dir(plot) == list(cq.plots.DRAWN_OF[kind])
    assert all(callable(getattr(plot, name)) and getattr(plot, name).__doc__ for name in dir(plot))
    assert repr(plot).startswith(f"Pictures of a {kind}: ")


def test_a_slip_gets_a_hint(results):
    with pytest.raises(AttributeError, match='no picture "time_lime" of a run; did you mean "timeline"'):
        _ = results["run"].plot.time_lime
    with pytest.raises(AttributeError, match='no picture "heat_map" of a comparison'):
        _ = results["comparison"].plot.heat_map


def test_pictures_do_not_stand_in_the_way_of_copies(results):
    assert pickle.loads(pickle.dumps(results["run"])).plot.timeline.__name__ == "timeline"
    assert pickle.loads(pickle.dumps(results["run"].plot))._kind == "run"
