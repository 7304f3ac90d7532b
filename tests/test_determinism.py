"""Same scenario, same seed: same trace, wherever and whenever; and luck belongs to the command."""

import subprocess
import sys

import numpy as np
import pytest

import cqrsim as cq
from cqrsim import ms, per_second, seconds
from cqrsim.engines.simpy_engine import run
from cqrsim.plan.answers import Effect
from cqrsim.plan.draws import Column
from cqrsim.plan.plan import Plan, lower

BUSY = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(300)), invalid=0.05, patience=ms(200), retries=cq.Retries(2, ms(20))),
    feedback=cq.ForwardEvent(poll=ms(20)) | cq.ErrorCache(keep_for=seconds(1)),
    handlers=cq.Handlers(validate=cq.Exponential(ms(1)), shards=2),
    disk=cq.Disk(write=cq.LogNormal(p50=ms(1), p99=ms(9))),
    network=cq.Network(client_to_handler=cq.Exponential(ms(0.3)), handler_to_client=cq.Exponential(ms(0.3))),
    projections=cq.Projection(apply=cq.Exponential(ms(1))),
    aggregates=cq.Zipf(100, 1.0),
    length=seconds(2),
    drain=seconds(2),
    faults=(cq.WriteErrors(share=0.02), cq.Stall(at=seconds(1), lasts=ms(50))),
)

IN_ANOTHER_PROCESS = """
import cqrsim as cq
from cqrsim.engines.simpy_engine import run
from cqrsim.plan.plan import lower
import sys
plan = lower(cq.load(sys.argv[1]), seed=7, replication=3)
print(plan.digest, run(plan).digest())
"""


def digest(scenario: cq.Scenario, seed: int = 1) -> str:
    return run(lower(scenario, seed)).digest()


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_another_process_with_another_hash_seed_comes_to_the_same_end(hash_seed: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Digests of plan and trace agree between processes, whatever PYTHONHASHSEED says."""
    path = tmp_path / "busy.toml"
    BUSY.save(path)
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(path)]
    said = subprocess.run(command, env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True)
    plan = lower(BUSY, seed=7, replication=3)
    assert said.stdout.split() == [plan.digest, run(plan).digest()]


def test_the_digest_of_a_trace_is_what_it_has_always_been() -> None:
    """A change of the meaning of a run shows here, and belongs into the CHANGELOG."""
    pinned = cq.Scenario(
        clients=cq.Clients(cq.Poisson(per_second(50)), invalid=0.1),
        handlers=cq.Handlers(validate=cq.LogNormal(p50=ms(1), p99=ms(5))),
        disk=cq.Disk(write=cq.Exponential(ms(2))),
        length=seconds(2),
    )
    assert digest(pinned) == PINNED


PINNED = "7dac2041f4d550bdbd2d04e77f5ab33297ecfda8a5e945763ae4baf186968949"


@pytest.mark.parametrize(
    "null",
    [
        cq.WriteErrors(share=0),
        cq.LostMessages(link="client->handler", share=0),
        cq.LostMessages(link="client->cache", share=1),
        cq.DiskFull(at=seconds(1), lasts=seconds(0)),
        cq.Stall(at=seconds(1), lasts=seconds(0)),
        cq.SlowDisk(factor=1, at=seconds(0), lasts=seconds(2)),
        cq.WriteErrors(share=1, at=seconds(500), lasts=seconds(1)),
    ],
    ids=lambda fault: f"{type(fault).__name__} {getattr(fault, 'link', '')}",
)
def test_a_fault_that_cannot_fire_leaves_the_run_equal_to_the_last_bit(null: cq.AnyFault) -> None:
    """Share 0, no length, an unreachable target or time: same digest."""
    scenario = BUSY.with_(feedback=cq.ForwardEvent(poll=ms(20)))
    assert digest(scenario.with_faults(null)) == digest(scenario)


def _hit(plan: Plan) -> Column:
    """The luck of the errors of writes."""
    return next(fault.hit for fault in plan.faults if fault.effect == Effect.REFUSE and fault.hit is not None)


def columns(plan: Plan) -> dict[str, np.ndarray]:
    """Everything drawn for first and second attempts."""
    found = {"intended": plan.marks.intended, "aggregate": plan.marks.aggregate, "valid": plan.marks.valid}
    for attempt in (0, 1):
        found[f"validate {attempt}"] = plan.handler.validate.array(attempt)
        found[f"write {attempt}"] = plan.disk.write.array(attempt)
        found[f"apply {attempt}"] = plan.projections[0].apply.array(attempt)
        found[f"error {attempt}"] = _hit(plan).array(attempt)
        for link, route in plan.routes.items():
            found[f"{link.name} {attempt}"] = route.delay.array(attempt)
    return found


def test_adding_a_fault_moves_no_other_draw() -> None:
    """Each fault has luck of its own."""
    before = columns(lower(BUSY, 1))
    more = (cq.WriteErrors(share=0.5, name="new"), cq.LostMessages(share=0.1, link="client->handler"))
    after = columns(lower(BUSY.with_faults(*more), 1))
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_longer_run_begins_with_the_same_luck() -> None:
    """The n-th command is the same command, however long the run."""
    short, long = (columns(lower(BUSY.with_(length=length), 1)) for length in (seconds(1), seconds(3)))
    assert all(np.array_equal(values, long[name][: len(values)]) for name, values in short.items())


def test_another_group_of_clients_moves_nobodys_luck() -> None:
    """The draws of a group are keyed by its name and the command's place in it."""
    one = cq.Clients(cq.Poisson(per_second(100)), name="one", invalid=0.1)
    other = cq.Clients(cq.Poisson(per_second(77)), name="other")
    alone = lower(BUSY.with_(clients=one), 1)
    together = lower(BUSY.with_(clients=(other, one)), 1)
    mine = together.groups[1].commands
    for name, values in columns(alone).items():
        assert np.array_equal(columns(together)[name][mine], values), name


def test_designs_meet_the_same_commands() -> None:
    """Another design, or another distribution at a station, changes no mark of a command."""
    other = BUSY.with_(state=cq.OwnStore(), feedback=cq.SyncValidation(), disk=cq.Disk(write=ms(1)))
    first, second = lower(BUSY, 1).marks, lower(other, 1).marks
    for name in ("intended", "aggregate", "valid", "change", "session", "event_bytes"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_seeds_and_replications_differ() -> None:
    """Another seed or replication is other luck."""
    digests = {lower(BUSY, seed, replication).digest for seed in (1, 2, 3) for replication in (0, 1, 2)}
    assert len(digests) == 9
