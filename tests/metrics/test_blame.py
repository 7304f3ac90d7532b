"""What anomalies do not go back to: troubles of others, elsewhere, over long ago, or of a kind that causes no such."""

from collections.abc import Callable
from typing import Any

import pytest
from metrics.stories import Story

import cqrsim as cq
from cqrsim import ms, per_second
from cqrsim.actors import command_handler, projection, telling
from cqrsim.messages import Answer, AppendOutcome, Belief, Channel, Decision, Link, Operation, Part
from cqrsim.metrics import anomalies, unexplained
from cqrsim.moments import Moment
from cqrsim.trace import FaultNote, Trace

WHICH = 160
"""The command that the engine gets wrong, long after all faults."""

NOTES = (
    FaultNote("power", "PowerLoss", "store", "Crash"),
    FaultNote("links", "LostMessages", "client->handler", "Drop"),
)

BASE = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(100))),
    aggregates=cq.Evenly(50),
    disk=cq.Disk(write=ms(1)),
    length=ms(2000),
)

UNRELATED: dict[str, cq.AnyFault | None] = {
    "nothing": None,
    "a slow period": cq.SlowDisk(factor=1.01, at=ms(50), lasts=ms(1)),
    "clients cut off": cq.ClientDisconnect(at=ms(50), lasts=ms(1)),
    "a projection crashed": cq.ProjectionCrash(at=ms(20), restart=ms(5)),
    "a handler crashed": cq.HandlerCrash(at=ms(3), restart=ms(5)),
    "a store crashed": cq.StoreCrash(at=ms(30), restart=ms(5)),
    "a loss": cq.Fault(cq.Drop(), where="store->projection", when=cq.Nth(3)),
    "a second instance": cq.Overlap(at=ms(30), lasts=ms(20)),
    "a change of a record": cq.SilentChange(at=ms(50)),
    "a fault later": cq.StoreCrash(at=ms(1990), restart=ms(5)),
}


def instead(owner: Any, name: str, patch: pytest.MonkeyPatch, by: Callable[..., Any]) -> None:
    """Put something else in the place of a method; it is given the method that was there."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda self, *rest: by(original, self, *rest))


def told(trace: Trace, command: int = WHICH) -> set[str]:
    """The kinds of which a command is named as one that nothing explains."""
    return {said.split()[0] for said in unexplained(trace) if str(command) in said.replace(",", "").split()}


def run(fault: str, scenario: cq.Scenario = BASE) -> Trace:
    wrong = UNRELATED[fault]
    return cq.simulate(scenario if wrong is None else scenario.with_(faults=wrong), seed=1, engine="simpy").trace


# --- engines that do what nobody asked them to -----------------------------------------------------------------------


@pytest.fixture
def drops_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """A projection does not take in what was delivered to it."""
    instead(
        projection.Projection, "deliver", monkeypatch,
        lambda original, self, journey: None if journey.command == WHICH else original(self, journey),
    )  # fmt: skip


@pytest.fixture
def answers_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler keeps its answer to itself."""
    instead(
        telling.Telling, "reply", monkeypatch,
        lambda original, self, journey, answer: None if journey.command == WHICH else original(self, journey, answer),
    )  # fmt: skip


@pytest.mark.usefixtures("drops_an_event")
@pytest.mark.parametrize("fault", UNRELATED)
def test_a_gap_needs_trouble_on_the_way_to_the_projection(fault: str) -> None:
    assert told(run(fault)) == {"PGAP"}


@pytest.mark.usefixtures("answers_nobody")
@pytest.mark.parametrize("fault", UNRELATED)
def test_who_is_not_answered_needs_trouble_of_its_own(fault: str) -> None:
    assert told(run(fault)) == {"UNK"}


@pytest.mark.parametrize("fault", sorted(set(UNRELATED) - {"a change of a record"}))
def test_a_state_that_forgets_needs_trouble_of_its_own(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler does not fold what it was answered, and accepts three where two are allowed."""
    instead(
        command_handler.CommandHandler, "_fold", monkeypatch,
        lambda original, self, journey, *home: None if journey.command == 1 else original(self, journey, *home),
    )  # fmt: skip
    one_by_one = cq.Clients(cq.Regular(ms(400)))
    rule = BASE.with_(state=cq.FromGenerated(), rule=cq.Range(0, 2), aggregates=cq.Evenly(1), clients=one_by_one)
    trace = run(fault, rule)
    assert told(trace, 1) == {"BEHIND"}
    assert told(trace, 2) == {"DBL"}


# --- stories: it takes the right kind of trouble, at the right place and time ----------------------------------------


def story(count: int = 1, **about: Any) -> Story:
    return Story(commands=count, faults=NOTES, **about)


def kinds(of: Story) -> set[str]:
    return {said.split()[0] for said in unexplained(of.trace())}


def gap(**about: Any) -> Story:
    """An event is written at 3 ms, and passed by."""
    told = story(2, projections=("view", "list"), **about)
    told.issue(1).decide(2).send_append(2).write(3, 0).release(3).inform(4).apply(4, 0, projection=1)
    told.issue(11, 1).decide(12, 1, version=1).send_append(12, 1).write(13, 1, 1).release(13, 1).inform(14, command=1)
    return told.apply(14, 1, 1).apply(14, 1, 1, projection=1)


def test_the_loss_must_be_on_the_way_to_that_projection() -> None:
    assert kinds(gap()) == {"PGAP"}
    assert kinds(gap().row(3, Moment.MESSAGE_LOST, place=Link.STORE_TO_PROJECTION, outcome=1)) == {"PGAP"}
    assert kinds(gap().lose(3, Link.STORE_TO_HANDLER)) == {"PGAP"}
    assert kinds(gap().row(3, Moment.MESSAGE_LOST, place=Link.STORE_TO_PROJECTION, outcome=0)) == set()


@pytest.mark.parametrize(
    ("place", "at", "until", "left"), [(0, 3.5, 9, set()), (1, 3.5, 9, {"PGAP"}), (0, 0, 1, {"PGAP"})]
)
def test_the_crash_must_be_of_that_projection_and_then(place: int, at: float, until: float, left: set[str]) -> None:
    told = gap().crash(at, Part.PROJECTION, place).restart(until, Part.PROJECTION, place, value=0)
    assert kinds(told) & {"PGAP"} == left


def test_what_is_written_where_something_vanished_may_be_passed_by() -> None:
    """A projection that fetches does not look again at positions that it has had."""
    told = story(2).store(1, 0).inform(5).crash(9).vanish(9).restart(10, value=0).store(20, 0, 1).inform(25, command=1)
    told.rows = [row for row in told.rows if row[1:3] != (Moment.APPLIED, 1)]
    told.lose(0, Link.STORE_TO_PROJECTION, 1)
    assert "PGAP" not in kinds(told)


def lost() -> Story:
    """Told accepted, and never written."""
    return story(2).issue(1).decide(2).send_append(2).release(2).inform(3)


@pytest.mark.parametrize("link", [Link.STORE_TO_HANDLER, Link.HANDLER_TO_CLIENT, Link.CLIENT_TO_HANDLER])
def test_what_is_lost_behind_the_log_loses_nothing(link: Link) -> None:
    told = lost().fail(4, outcome=AppendOutcome.FULL)
    assert kinds(told) == set()
    bare = lost().row(4, Moment.WRITTEN, outcome=AppendOutcome.DUPLICATE).lose(4, link)
    assert kinds(bare) == {"LOST"}


def test_a_crash_while_it_was_on_its_way_must_have_taken_it_along() -> None:
    told = lost().row(4, Moment.WRITTEN, outcome=AppendOutcome.DUPLICATE).crash(1.5).restart(1.6, value=0)
    assert kinds(told) == {"LOST"}


def test_a_conflict_after_which_the_command_is_refused_loses_what_was_promised() -> None:
    told = story(attempts_per_try=2).issue(1).decide(2).send_append(2).inform(2)
    told.fail(3, outcome=AppendOutcome.CONFLICT).decide(4, decision=Decision.FORBIDDEN, attempt=1)
    assert anomalies(told.trace())[["kind", "causes"]].to_numpy().tolist() == [["LOST", "version conflict (1)"]]


def ghost() -> Story:
    """Told failed, and written."""
    return story().issue(1).decide(2).send_append(2).write(3, 0).apply(3, 0).release(3).inform(4, Answer.FAILURE)


def test_a_client_that_gives_up_makes_no_handler_say_no() -> None:
    assert kinds(ghost()) == {"GHOST"}
    assert kinds(ghost().row(3.5, Moment.GAVE_UP, outcome=Belief.UNKNOWN)) == {"GHOST"}
    assert kinds(ghost().row(3.5, Moment.HANDLER_GAVE_UP)) == set()


@pytest.mark.parametrize(("at", "left"), [(0.5, set()), (3.9, {"UNK"})])
def test_a_store_that_crashes_when_all_is_told_keeps_nothing_back(at: float, left: set[str]) -> None:
    told = story().issue(1).decide(2).send_append(2).write(3, 0).apply(3, 0).release(3)
    assert kinds(told) == {"UNK"}
    assert kinds(told.crash(at).restart(at + 1, value=1)) == left


def test_a_lost_look_matters_to_those_who_learn_from_looking() -> None:
    told = (
        story().issue(1).decide(2).send_append(2).write(3, 0).apply(3, 0).release(3).lose(5, Link.CLIENT_TO_PROJECTION)
    )
    assert kinds(told) == {"UNK"}
    assert kinds(told.row(6, Moment.POLLED, place=Channel.READ_MODEL, value=1)) == set()


def test_an_event_that_comes_before_the_answer_is_not_recognised() -> None:
    told = story(answer_at=("received",)).issue(1).decide(2).send_append(2).write(3, 0).apply(3, 0).release(3)
    early = [*told.rows]
    assert kinds(told.row(4, Moment.ANSWERED, outcome=Answer.RECEIVED)) == set()
    told.rows = early
    assert kinds(told.row(2, Moment.ANSWERED, outcome=Answer.RECEIVED)) == {"UNK"}


def twice(**about: Any) -> Story:
    """One is allowed, and two are accepted, though the first was through before the second was issued."""
    told = story(2, low=0, high=1, **about).store(1, 0).inform(5)
    return told.store(20, 1, 1, version=0).inform(25, command=1)


@pytest.mark.parametrize(
    ("trouble", "left"),
    [
        (lambda told: told.row(2, Moment.HANDLER_GAVE_UP), {"DBL"}),
        (lambda told: told.row(21, Moment.HANDLER_GAVE_UP, 1), set()),
        (lambda told: told.strike(2, 1, Operation.MESSAGE, 0), {"DBL"}),
        (lambda told: told.crash(7, Part.HANDLER).restart(8, Part.HANDLER, value=1), {"DBL"}),
        (lambda told: told.crash(19.5, Part.HANDLER).restart(20.5, Part.HANDLER, value=1), set()),
        (lambda told: told.crash(19.5, Part.HANDLER, 1).restart(20.5, Part.HANDLER, 1, value=1), {"DBL"}),
        (lambda told: told.row(9, Moment.RECOVERED, value=0).row(22, Moment.RECOVERED, value=0), {"DBL"}),
    ],
)  # fmt: skip
def test_what_is_over_has_accepted_nothing_twice(trouble: Callable[[Story], Story], left: set[str]) -> None:
    assert kinds(twice(shards=2)) == {"DBL"}
    assert kinds(trouble(twice(shards=2))) & {"DBL"} == left


def test_what_parted_the_state_explains_what_was_decided_by_it() -> None:
    """The first is written, and its answer lost: the handler never learns of it."""
    told = twice(fold_on="answer", wait_for="answer").lose(3, Link.STORE_TO_HANDLER).fold(22, 1, 1)
    table = anomalies(told.trace()).set_index("kind")["causes"]
    assert table.to_dict() == {"BEHIND": "loss on store->handler (1)", "DBL": "loss on store->handler (1)"}
    bare = twice(fold_on="answer", wait_for="answer").fold(22, 1, 1)
    assert kinds(bare) == {"BEHIND", "DBL"}


def test_appends_that_overtake_each_other_were_each_allowed() -> None:
    """One more and one less, in that order; they arrive the other way round."""
    told = Story(commands=2, low=0, high=1, marks={"change": [1, -1]})
    for command in (0, 1):
        told.issue(1 + command, command).decide(1 + command, command, version=command)
        told.send_append(1 + command, command).release(1 + command, command).inform(1 + command, command=command)
    told.write(5, 0, 1).apply(5, 0, 1).write(6, 1, 0).apply(6, 1, 0)
    assert anomalies(told.trace())[["kind", "causes"]].to_numpy().tolist() == [
        ["DBL", "appends overtook each other (1)"]
    ]
