"""The ledger: every firing, every period, and what came of each."""

import numpy as np
import pandas as pd
from metrics.stories import Story

from cqrsim.messages import AppendOutcome, Link, Operation, Part
from cqrsim.metrics import faults
from cqrsim.moments import Moment
from cqrsim.trace import FaultNote

NOTES = (
    FaultNote("slow", "SlowDisk", "disk", "slow"),
    FaultNote("errors", "WriteErrors", "disk", "refuse"),
    FaultNote("power", "PowerLoss", "store", "crash"),
    FaultNote("lossy", "LostMessages", "client->handler", "drop"),
)


def story(count: int = 1) -> Story:
    return Story(commands=count, faults=NOTES)


def ledger(told: Story) -> pd.DataFrame:
    return faults(told.trace())


def test_nothing_strikes_without_faults() -> None:
    assert ledger(Story().store(1, 0)).empty


def test_periods_have_a_begin_and_an_end() -> None:
    told = story().row(5, Moment.FAULT_BEGAN, -1).row(9, Moment.FAULT_ENDED, -1).row(20, Moment.FAULT_BEGAN, -1)
    table = ledger(told)
    assert table["time_ms"].tolist() == [5, 20]
    assert np.array_equal(table["until_ms"], [9, np.nan], equal_nan=True)
    assert table["outcome"].tolist() == ["in force", "in force to the end"]
    row = table.iloc[0]
    assert (row["fault"], row["kind"], row["target"], row["effect"]) == ("slow", "SlowDisk", "disk", "slow")
    assert (row["operation"], row["number"], row["command"]) == ("", -1, -1)


def test_firings_say_what_they_struck_and_what_came_of_it() -> None:
    told = story(3).issue(1, 0).decide(2, 0).send_append(2, 0).strike(2, 1, Operation.WRITE, 0, 1)
    told.fail(3, 0, outcome=AppendOutcome.ERROR, fault=1).strike(9, 0, Operation.WRITE, 1, 2).store(7, 0, 1)
    told.issue(20, 2).strike(20, 3, Operation.MESSAGE, 2, 7).lose(20, Link.CLIENT_TO_HANDLER, 2, fault=3)
    table = ledger(told)
    assert table["fault"].tolist() == ["errors", "slow", "lossy"]
    assert table["operation"].tolist() == ["write", "write", "message"]
    assert table["number"].tolist() == [1, 2, 7]
    assert table["command"].tolist() == [0, 1, 2]
    assert table["outcome"].tolist() == ["error", "ok", "lost"]


def test_an_error_that_was_none() -> None:
    told = story().issue(1).decide(2).send_append(2).strike(2, 1, Operation.WRITE, 0)
    told.fail(3, outcome=AppendOutcome.ERROR, fault=1).restart(50, value=1).find(50, 0)
    assert ledger(told)["outcome"].tolist() == ["error, yet found durable"]


def test_crashes_last_until_the_part_starts_again_and_say_what_they_cost() -> None:
    told = story(2).store(1, 0, 0).store(10, 1, 1, version=1).crash(50, fault=2).vanish(50, 0, fault=2)
    told.vanish(50, 1, fault=2).restart(90, value=0)
    row = ledger(told).iloc[0]
    assert (row["time_ms"], row["until_ms"], row["outcome"]) == (50, 90, "store crashed, 2 vanished")
    told = story().crash(5, Part.HANDLER, 3, fault=2)
    assert ledger(told)["outcome"].tolist() == ["shard 3 crashed"]
    assert ledger(told)["until_ms"].isna().all()


def test_a_second_instance_is_told() -> None:
    told = story().strike(5, 2).restart(5, Part.INSTANCE, 1, value=0)
    assert ledger(told)["outcome"].tolist() == ["second instance of shard 1"]


def test_altered_records_are_counted() -> None:
    told = story().store(1, 0).strike(9, 2).alter(9, 0, fault=2)
    assert ledger(told)["outcome"].tolist() == ["1 altered"]
