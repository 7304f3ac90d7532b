"""A failure is made small, and stays the same failure."""

from unittest import mock

import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.actors.recovery import Recovery
from swarm.checks import Failure, failures
from swarm.shrinking import shrink

pytestmark = pytest.mark.swarm

LARGE = cq.Scenario(
    clients=(cq.Clients(cq.Poisson(per_second(100)), name="one"), cq.Clients(cq.Regular(ms(20)), name="two")),
    store=cq.EventStore(check_version=True, snapshot_every=3),
    disk=cq.Disk(write=cq.Exponential(ms(1))),
    projections=(cq.Projection(name="a"), cq.Projection(name="b", apply=ms(1))),
    aggregates=cq.Zipf(12, 1.0),
    faults=(
        cq.SlowDisk(2, at=ms(20), lasts=ms(10)),
        cq.StoreCrash(at=ms(60), restart=ms(5)),
        cq.LostMessages(0.1),
    ),
    length=ms(200),
    drain=seconds(5),
)


def test_what_is_not_needed_for_a_failure_is_taken_away() -> None:
    """Of three faults, two groups and a dozen settings only the crash is left."""

    def forgetful(self: Recovery, repaired: bool) -> None:
        if self.log.entries:
            self.log.entries.pop()
            self.log.refold()
        come_up(self, repaired)

    come_up = Recovery.come_up
    with mock.patch.object(Recovery, "come_up", forgetful):
        failure = next(one for one in failures(LARGE, 1, ("invariants",)) if "starts with" in one.said)
        small = shrink(LARGE, 1, failure, lambda said: None)
        assert failure.way in {found.way for found in failures(small, 1, ("invariants",))}
    assert len(small.faults) == 1
    assert len(small.groups) == len(small.views) == 1
    assert (small.store, small.disk) == (cq.EventStore(), cq.Disk())
    assert small.length < LARGE.length


def test_the_way_of_a_failure_names_no_commands() -> None:
    """Else a smaller scenario would never fail in the same way."""
    said = "the store starts with 5 events, and the log has 4: command 3"
    assert Failure("invariants", said).way == ("invariants", "the store starts with N events, and the log has N")
