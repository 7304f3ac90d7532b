"""A rule of somebody's own: two pure functions decide and evolve."""

from typing import Any

import pytest

import cqrsim as cq
from cqrsim import metrics, ms, per_second, seconds


def create_or_delete(state: int, command: cq.Command) -> Any:
    """The range rule 0..1, spelled out."""
    if 0 <= state + command.change <= 1:
        return ({"change": command.change},)
    return cq.Refused("not possible now")


def change(state: int, event: dict[str, int]) -> int:
    return state + event["change"]


def several(state: int, command: cq.Command) -> Any:
    """As many events as the aggregate has seen, up to three."""
    return ("seen",) * (min(state, 2) + 1)


BASE = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(200)), changes=((1, 0.5), (-1, 0.5)), invalid=0.1),
    aggregates=cq.Evenly(30),
    disk=cq.Disk(write=cq.Exponential(ms(2))),
    length=seconds(3),
    faults=(cq.LostMessages(share=0.05, link="store->handler"),),
    state=cq.FromGenerated(give_up_after=ms(20)),
)


def test_a_custom_rule_equal_to_the_range_rule_gives_the_same_run() -> None:
    """Same trace, same decisions, same judgement of which were wrong."""
    ranged = cq.simulate(BASE.with_(rule=cq.Range(0, 1)), seed=1)
    custom = cq.simulate(BASE.with_(rule=cq.Rule(create_or_delete, change, initial=0)), seed=1)
    assert custom.trace.digest() == ranged.trace.digest()
    first, second = ranged.commands(), custom.commands()
    assert first.wrong_accept.sum() > 0
    assert first.wrong_refuse.sum() > 0
    for column in ("truth", "reason", "wrong_accept", "wrong_refuse"):
        assert first[column].astype("str").tolist() == second[column].astype("str").tolist()


def test_a_custom_rule_says_how_many_events_there_are() -> None:
    """The rule's own events take versions and positions, all of one command together."""
    run = cq.simulate(BASE.with_(rule=cq.Rule(several, lambda state, event: state + 1, initial=0), faults=()), seed=1)
    assert metrics.invariants(run.trace) == []
    events = run.events()
    assert events.groupby("command").size().isin([1, 2, 3]).all()
    assert (events.groupby("command").size() == 3).sum() > 100
    assert events.position.tolist() == list(range(len(events)))


def test_a_rule_that_fails_is_told_with_the_run_it_failed_in() -> None:
    """An error of a custom function stops its run, and no other."""

    def broken(state: int, command: cq.Command) -> Any:
        raise ZeroDivisionError("in the rule")

    designs = {"fine": BASE, "broken": BASE.with_(rule=cq.Rule(broken, change, initial=0))}
    comparison = cq.compare(designs, replications=2, seed=1)
    assert len(comparison.errors) == 2
    assert comparison.errors.iloc[0]["message"].find("in the rule") >= 0
    with pytest.raises(ZeroDivisionError):
        cq.simulate(designs["broken"], seed=1)
