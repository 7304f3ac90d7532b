"""Hand-written stories: what is in them, and a fault at every operation."""

import pytest

import cqrsim as cq
from cqrsim import Step, ms, seconds
from cqrsim.experiments.outcome_tables.scripts import begins, spaced
from cqrsim.messages import Decision
from cqrsim.moments import Moment

TWO = (Step(ms(5)), Step(ms(14)))


def decisions(story: cq.Scenario) -> dict[int, str]:
    """What was decided about each command."""
    rows = cq.simulate(story, seed=1).trace.of(Moment.DECIDED)
    return {int(command): Decision(int(found)).name for command, found in zip(rows.command, rows.outcome, strict=True)}


def test_of_two_commands_that_create_the_second_is_forbidden() -> None:
    assert decisions(cq.script(*TWO)) == {0: "ACCEPTED", 1: "FORBIDDEN"}


def test_each_command_changes_what_it_says_and_is_valid_or_not() -> None:
    story = cq.script(Step(ms(0)), Step(ms(20), change=-1), Step(ms(40), valid=False), Step(ms(60)))
    assert list(decisions(story).values()) == ["ACCEPTED", "ACCEPTED", "INVALID", "ACCEPTED"]


def test_commands_are_numbered_by_their_times() -> None:
    story = cq.script(Step(ms(9), change=-1), Step(ms(2)))
    assert [group.name for group in story.groups] == ["command 0", "command 1"]
    assert begins(story) == (ms(2), ms(9))
    assert cq.simulate(story, seed=1).commands()["sent_ms"].tolist() == [2.0, 9.0]


def test_nothing_is_left_to_luck() -> None:
    """Every seed tells the same story."""
    story = cq.script(*TWO, fault=cq.Fault(cq.Refuse(), when=cq.Nth(1)))
    assert cq.simulate(story, seed=1).journey(1).equals(cq.simulate(story, seed=2).journey(1))


def test_one_command_is_a_script_too() -> None:
    assert decisions(cq.script(Step(ms(0)))) == {0: "ACCEPTED"}


def test_settings_go_ahead_of_what_a_script_says() -> None:
    story = cq.script(*TWO, disk=cq.Disk(write=ms(7)), length=seconds(3), patience=ms(50), retries=cq.Retries(1, ms(1)))
    assert (story.disk.write, story.length) == (cq.Constant(ms(7)), seconds(3))
    assert all(group.patience == ms(50) and group.retries is not None for group in story.groups)
    assert cq.script(*TWO, rule=None).rule is None


def test_faults_come_alone_or_together() -> None:
    one, other = cq.PowerLoss(ms(9)), cq.LyingFlush()
    assert cq.script(*TWO).faults == ()
    assert cq.script(*TWO, fault=one).faults == (one,)
    assert cq.script(*TWO, fault=(one, other)).faults == (one, other)


def test_a_fault_strikes_right_behind_the_operation_that_is_meant() -> None:
    """The handler dies with its first append on the way, and nobody answers the client."""
    crash = cq.Fault(cq.Crash(restart=ms(20)), where="handlers", when=cq.Nth(1, side="after", of="append"))
    run = cq.simulate(cq.script(*TWO, feedback=cq.SyncValidation(answer_at="written"), fault=crash), seed=1)
    assert run.anomalies()["kind"].tolist() == ["UNK"]
    assert run.commands()["truth"].tolist() == ["durable", "refused"]


def test_the_second_command_can_be_moved() -> None:
    story = spaced(cq.script(*TWO, Step(ms(20))), ms(100))
    assert begins(story) == (ms(5), ms(105), ms(111))
    assert story.length == ms(111) + seconds(1)


def test_what_is_no_script_is_told() -> None:
    with pytest.raises(cq.ScenarioError, match="needs at least one"):
        cq.script()
    with pytest.raises(cq.ScenarioError, match="this is no script"):
        begins(cq.presets.blog())
    with pytest.raises(cq.ScenarioError, match="no spacing"):
        spaced(cq.script(Step(ms(0))), ms(1))
    with pytest.raises(cq.ScenarioError, match="unit"):
        Step(5)  # type: ignore[arg-type]


class TestAtEveryOperation:
    """A fault at each operation in turn."""

    STORY = cq.script(*TWO, Step(ms(30), change=-1), state=cq.FromGenerated(wait=False))

    @pytest.mark.parametrize(
        ("effect", "where", "counts"),
        [
            (cq.Crash(), "store", {"write": 4, "flush": 4}),
            (cq.Crash(), "handlers", {"append": 4, "decide": 6}),
            (cq.Crash(), "projections", {"apply": 4}),
            (cq.Pause(), "handlers.0", {"append": 4, "decide": 6}),
            (cq.Refuse(), None, {"write": 2}),
            (cq.FlushError(), None, {"flush": 2}),
            (cq.Drop(), "handler->store", {"message": 2}),
            (cq.Drop(), "handler->client", {"message": 3}),
        ],
    )
    def test_every_operation_has_its_rows(
        self, effect: cq.AnyEffect, where: str | None, counts: dict[str, int]
    ) -> None:
        """Both sides of all that a crash can strike, one side of all else."""
        table = cq.at_every_operation(self.STORY, effect, where, lasts=ms(20) if isinstance(effect, cq.Pause) else None)
        assert table["operation"].value_counts().to_dict() == counts
        assert not table.duplicated(["operation", "number", "side"]).any()

    def test_the_strike_and_the_side_make_the_difference(self) -> None:
        """Ahead of the write the event is lost, behind it only the news of it."""
        table = cq.at_every_operation(cq.script(*TWO), cq.Crash(restart=ms(50)), "store")
        found = table[table["operation"] == "write"].set_index("side")["anomalies"]
        assert "LOST" in found["before"] and "PGAP" in found["after"]

    def test_other_faults_of_the_script_stay(self) -> None:
        """What strikes besides is there in every row."""
        story = cq.script(*TWO, fault=cq.Fault(cq.Drop(), where="store->projection", when=cq.Nth(1)))
        assert cq.at_every_operation(story, cq.Drop(), "handler->client")["anomalies"].str.contains("PGAP").all()

    def test_a_target_that_does_not_fit_is_told(self) -> None:
        with pytest.raises(cq.ScenarioError, match="Refuse strikes the disk"):
            cq.at_every_operation(self.STORY, cq.Refuse(), "handlers")
        with pytest.raises(cq.ScenarioError, match="must be a scenario"):
            cq.at_every_operation("story", cq.Refuse())  # type: ignore[arg-type]
