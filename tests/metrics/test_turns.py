"""Who has which turn, and who waits behind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.stories import Story, patient

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.metrics import queues
from cqrsim.metrics.turns import holding, hottest, occupied_share, queueing
from cqrsim.moments import Moment

TURNS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=12)
"""Of each command: its aggregate, how long it waits for the turn, how long it has it (ms)."""


def told(commands: list[tuple[int, int, int]], turn: str = "aggregate") -> Story:
    """One command after the other of each aggregate, each received when the one before it has passed the turn on."""
    story = Story(len(commands), {"aggregate": [aggregate for aggregate, _, _ in commands]}, turn=turn)
    free = dict.fromkeys(range(4), 0)
    for command, (aggregate, waits, holds) in enumerate(commands):
        begins = free[aggregate] + waits
        story.issue(free[aggregate], command).row(free[aggregate], Moment.RECEIVED, command, value=0)
        story.row(begins, Moment.ADMITTED, command, value=0).release(begins + holds, command)
        free[aggregate] = begins + holds
    return story


@patient
@given(TURNS)
def test_shares_of_turns_are_the_sums_of_what_was_held(commands: list[tuple[int, int, int]]) -> None:
    """The window is one second long, so that a millisecond is a share of 0.001."""
    trace = told(commands).trace()
    held = {number: sum(holds for aggregate, _, holds in commands if aggregate == number) for number in range(4)}
    turns = hottest(trace, most=9)
    assert set(turns.tolist()) == {aggregate for aggregate, _, _ in commands}
    expected = [min(held[turn], 1000) / 1000 for turn in turns.tolist()]
    assert occupied_share(trace, turns) == pytest.approx(expected)
    assert expected == sorted(expected, reverse=True)


@patient
@given(TURNS)
def test_all_who_wait_for_a_turn_wait(commands: list[tuple[int, int, int]]) -> None:
    """What waits for the turns, taken together, is the queue of the handler."""
    trace = told(commands).trace()
    edges = np.array([0, 10**8, 10**9])
    waits, whole = queueing(trace), queues.waiting(trace)
    parts = [waits.of(turn).means(edges) for turn in range(4)]
    assert np.sum(parts, axis=0) == pytest.approx(whole.means(edges))


def test_nobody_has_a_turn_where_none_is_needed() -> None:
    trace = told([(0, 1, 2)], turn="none").trace()
    assert len(holding(trace)) == len(queueing(trace)) == len(hottest(trace, 8)) == 0


def test_a_turn_of_everything_is_one_turn() -> None:
    assert hottest(told([(0, 1, 2), (3, 0, 5)], turn="everything").trace(), 8).tolist() == [0]


def test_a_turn_belongs_to_one_command_at_a_time() -> None:
    """Under load, and with a store that stalls: no turn is taken for more than all of the time."""
    blog = cq.presets.blog().with_(length=seconds(3), warm_up=seconds(1)).with_faults(
        cq.Stall(at=seconds(2), lasts=ms(500))
    )  # fmt: skip
    trace = cq.simulate(blog, seed=1, engine="simpy").trace
    stays = holding(trace)
    assert len(stays) > 300
    for turn in hottest(trace, 20).tolist():
        assert stays.of(turn).highest(0, trace.about.end_ns) == 1
    assert max(occupied_share(trace, hottest(trace, 20))) > 0.2
