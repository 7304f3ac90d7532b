"""What the schema and the docstrings say of settings that may surprise."""

import pytest

import cqrsim as cq
from cqrsim.scenario import schema


@pytest.mark.parametrize(
    ("name", "setting", "said"),
    [
        ("OwnStore", "order", "does not protect against an append that fails"),
        ("FromPublished", "give_up_after", "takes the append for failed and tells the client so"),
        ("FromGenerated", "give_up_after", "by default 5 s"),
        ("LoadDecideAppend", "give_up_after", "FromGenerated(careful=True)"),
        ("EventStore", "publish", "lags can be negative"),
        ("EventStore", "batch_window", "from when the store is free"),
        ("EventStore", "check_version", "with LoadDecideAppend it always is"),
        ("Projection", "batch", "the events of one command stay together"),
        ("Projection", "apply", "share their draw"),
        ("Projection", "poll", "crosses no link"),
    ],
)
def test_the_schema_says_what_may_surprise(name, setting, said):
    assert said in schema()["$defs"][name]["properties"][setting]["description"]


def test_a_rule_says_what_decide_must_return():
    assert "must return the events, as a tuple or a list" in cq.Rule.__doc__
