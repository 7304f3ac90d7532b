"""Presets: stable, named, measured."""

import pytest

import cqrsim as cq
from cqrsim import gb, seconds
from cqrsim.scenario import presets

RATE = 200.0


def test_the_blog_is_stable_at_its_rate():
    blog = presets.blog()
    for busy in (blog.disk.write, blog.projections.apply, blog.handlers.validate):
        assert RATE * busy.mean_ns() / 1e9 < 0.8


def test_the_disk_of_the_blog_is_measured():
    write = presets.blog().disk.write
    assert len(write.values) == 10_000
    assert write.mean_ns() / 1e6 == pytest.approx(0.334, abs=0.001)
    assert write.values[0] == cq.us(1234.5)


@pytest.mark.parametrize("file", [presets.POSTGRES, presets.SQLITE, presets.FILE])
def test_measured_files_come_with_the_package(file):
    assert len(cq.Empirical(file=file).values) == 10_000


def test_the_hottest_aggregate_of_the_blog_has_time():
    aggregates = presets.blog().aggregates
    weights = [rank**-aggregates.exponent for rank in range(1, aggregates.count + 1)]
    hottest = RATE * weights[0] / sum(weights)
    assert hottest * 0.003 < 0.2  # commands a second, each holding the turn for some 3 ms


@pytest.mark.parametrize(
    ("cases", "names"),
    [
        (presets.feedback_cases, ["wait", "forward event", "silence", "error cache"]),
        (
            presets.state_cases,
            ["1 own first", "1 event first", "2a", "2a timeout", "2b fire and forget", "2b", "2b careful", "2c"],
        ),
    ],
)
def test_cases_differ_in_their_design_alone(cases, names):
    made = cases()
    assert list(made) == names
    assert len({scenario.digest() for scenario in made.values()}) == len(names)
    assert len({scenario.with_(feedback=cq.SyncValidation(), state=cq.FromGenerated(), name="")
                for scenario in made.values()}) == 1  # fmt: skip
    assert [scenario.name for scenario in made.values()] == names


def test_cases_are_made_on_any_base():
    base = presets.blog().with_(length=seconds(9), rule=cq.Range(0, 3))
    for scenario in (*presets.feedback_cases(base).values(), *presets.state_cases(base).values()):
        assert (scenario.length, scenario.rule) == (seconds(9), cq.Range(0, 3))


def test_a_filling_disk_fills_after_two_thirds():
    filling = presets.filling(presets.blog())
    bytes_per_second = RATE * 0.98 * 400
    assert int(filling.disk.capacity) / bytes_per_second == pytest.approx(40, rel=1e-6)
    assert filling.with_({"disk.capacity": None, "name": "blog"}) == presets.blog()


def test_with_closed_clients_something_else_fills_the_disk():
    closed = presets.blog().with_({"clients.arrivals": cq.Closed(5, think=seconds(1)), "disk.capacity": gb(1)})
    fault = presets.filling(closed).faults[0]
    assert fault == cq.DiskFull(at=seconds(40), lasts=seconds(20))


def test_the_blog_in_words():
    told = presets.filling(presets.blog()).with_faults(cq.LostMessages(0.01)).describe()
    for words in (
        "Commands come at random, 200/s on average. 2 % of the commands are invalid in themselves.",
        "The client waits until the handler has decided.",
        "A write takes 334us on average (10,000 measured values from cqrsim:append_postgres_commit.csv",
        "It holds 3136kB.",
        'Projection "view": Applying an event takes 2ms at the median and 20ms at the 99 % quantile',
        "1 % of the messages store->projection are lost all the time.",
        "Commands count that are meant to come from 5s to 1min.",
    ):
        assert words in told
