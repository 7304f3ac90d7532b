"""Pictures of runs in which parts crash, logs lose events, and faults strike."""

import pytest
from matplotlib.axes import Axes
from metrics.stories import Story

from cqrsim.messages import AppendOutcome, Link, Operation, Part
from cqrsim.moments import Moment
from cqrsim.plots.one_command import journey
from cqrsim.plots.over_time import timeline
from cqrsim.plots.periods import faults_throughout, periods_of
from cqrsim.trace import FaultNote

FAULTS = (FaultNote("power", "PowerLoss"), FaultNote("flaky", "WriteErrors"), FaultNote("slow", "DelayedMessages"))


def story(count: int = 1) -> Story:
    return Story(commands=count, faults=FAULTS)


def vanished() -> Story:
    return story().store(1, 0).inform(5).crash(50).vanish(50).restart(90, value=0)


def found_later() -> Story:
    told = story().issue(1).decide(2).send_append(2).strike(2, 1, Operation.WRITE, 0)
    return told.fail(3, outcome=AppendOutcome.ERROR, fault=1).release(4).restart(50, value=1).find(50, 0)


def forgotten() -> Story:
    return story().issue(1).row(2, Moment.RECEIVED, value=0).crash(3, Part.HANDLER).forget(3)


def delayed() -> Story:
    """The message and the projection that are struck are where the command is just then."""
    told = story().strike(1, 2, Operation.MESSAGE, 0).store(1, 0).strike(3, 2, Operation.APPLY, 0)
    return told.lose(3, Link.STORE_TO_PROJECTION, fault=2).alter(9)


def words(ax: Axes) -> str:
    return " ".join(text.get_text().replace("\n", " ") for text in ax.texts)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (vanished(), ("vanished from the log",)),
        (found_later(), ("found in the log", "fault: flaky")),
        (forgotten(), ("handler crashed",)),
        (delayed(), ("fault: slow", "altered in the log")),
    ],
)
def test_a_command_is_drawn_with_what_befell_it(told: Story, said: tuple[str, ...]) -> None:
    drawn = words(journey(told.trace(), 0))
    assert all(part in drawn for part in said), drawn


def test_parts_that_are_down_are_shaded() -> None:
    trace = vanished().trace()
    periods = periods_of(trace, 2.0)
    assert [(period.name, period.begins, period.ends) for period in periods] == [("power", 0.05, 0.09)]
    assert len(timeline(trace)) == 5


def test_what_strikes_once_is_not_there_all_the_time() -> None:
    assert faults_throughout(vanished().trace()) == []
    told = story().store(1, 0)
    for number in range(3):
        told.strike(1 + number, 2, Operation.MESSAGE, 0, number + 1)
    assert faults_throughout(told.trace()) == ["slow"]
