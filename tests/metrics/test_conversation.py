"""Who says what to whom: every message is there once, in the order of time, between lanes that exist."""

import pytest

import cqrsim as cq
from cqrsim import ms, seconds
from cqrsim.errors import TraceError
from cqrsim.metrics.conversation import Conversation, conversation
from cqrsim.metrics.down import outages
from cqrsim.moments import Moment

BLOG = cq.presets.blog().with_(length=seconds(2), warm_up=seconds(0))
TROUBLED = BLOG.with_(feedback=cq.ForwardEvent(poll=ms(100))).with_faults(
    cq.LostMessages(share=0.2),
    cq.DiskFull(at=seconds(1), lasts=ms(50)),
    cq.HandlerCrash(at=seconds(1.1), restart=ms(50)),
)


@pytest.fixture(scope="module")
def calm() -> cq.Run:
    return cq.simulate(BLOG, seed=1, engine="simpy")


@pytest.fixture(scope="module")
def troubled() -> cq.Run:
    return cq.simulate(TROUBLED, seed=1, engine="simpy")


def words(said: Conversation) -> list[str]:
    return [line.words for line in said.lines]


def first(run: cq.Run, moment: Moment) -> int:
    """The first command that came to a moment."""
    return int(run.trace.of(moment).command[0])


def test_an_accepted_command_is_told_from_command_to_projection(calm: cq.Run) -> None:
    said = conversation(calm.trace, 10)
    assert said.titles == ("client", "command handler", "event store", "projection view")
    assert words(said) == [
        "command", "accepted", "append", "answer: success", "knows: success", "durable", "answer: ok", "turn passed on",
        "event", "shows it",
    ]  # fmt: skip


def test_lines_ascend_and_messages_never_go_back_in_time(calm: cq.Run, troubled: cq.Run) -> None:
    for run in (calm, troubled):
        for command in range(0, 300, 7):
            said = conversation(run.trace, command)
            ends = [line.ends_ms for line in said.lines]
            assert ends == sorted(ends)
            assert all(0 <= line.begins_ms <= line.ends_ms for line in said.lines)
            assert all({line.who, line.towards} <= {"", *said.lanes} for line in said.lines)


def test_a_lost_message_names_the_fault_that_took_it(troubled: cq.Run) -> None:
    said = conversation(troubled.trace, first(troubled, Moment.MESSAGE_LOST))
    (lost,) = [line for line in said.lines if line.lost]
    assert (lost.who, lost.towards, lost.words) == ("store", "projection view", "event lost: LostMessages 1")


def test_a_fault_is_named_behind_what_it_did(troubled: cq.Run) -> None:
    said = words(conversation(troubled.trace, first(troubled, Moment.APPEND_FAILED)))
    assert said[0] == "DiskFull 1 is on" and "DiskFull 1 ends" in said
    assert "append failed: full, DiskFull 1 strikes the write" in said
    assert said.index("append") + 1 == said.index("append failed: full, DiskFull 1 strikes the write")


def test_crashes_are_noted_at_the_lane_that_crashed(troubled: cq.Run) -> None:
    crashed, again = outages(troubled.trace)
    assert len(crashed) == 1 and again[0] > crashed.time[0]
    issued = troubled.trace.of(Moment.ISSUED)
    during = int(issued.command[issued.time < crashed.time[0]][-1])
    notes = [(line.who, line.words) for line in conversation(troubled.trace, during).lines if line.is_note]
    assert ("handler", "crashed: HandlerCrash 1") in notes and ("handler", "started again") in notes


def test_looks_in_vain_are_one_line_for_each_place(troubled: cq.Run) -> None:
    never = troubled.commands().query("belief == 'unknown'")["command"]
    assert len(never)
    said = conversation(troubled.trace, int(never.iloc[0]))
    assert len(said.lines) < 20
    assert any(line.words.startswith("looks 4") and line.words.endswith("times: nothing yet") for line in said.lines)


@pytest.mark.parametrize("name", list(cq.presets.feedback_cases(BLOG)))
def test_every_client_that_learns_has_a_line_that_tells_it(name: str) -> None:
    run = cq.simulate(cq.presets.feedback_cases(BLOG)[name].with_(length=ms(300)), seed=1, engine="simpy")
    for command in run.commands().query("belief != 'never_told'")["command"]:
        said = conversation(run.trace, int(command))
        assert [line.who for line in said.lines if line.words.startswith(("knows", "gave up", "caught"))] == ["client"]


def test_a_command_that_was_never_issued_has_no_conversation(calm: cq.Run) -> None:
    with pytest.raises(TraceError, match="no command 999999"):
        conversation(calm.trace, 999_999)
