"""Scenarios as people write them pass a strict type checker; mistakes of type do not."""

import subprocess
import sys

import pytest

CODE = """
import numpy as np

import cqrsim as cq
from cqrsim import ms, per_second, seconds

blog = cq.Scenario(
    clients=cq.Clients(cq.Poisson(per_second(200)), invalid=0.02, events={1: 0.9, 2: 0.1}, changes=[(1, 0.5)]),
    feedback=cq.ForwardEvent(poll=ms(100)) | cq.ErrorCache(keep_for=seconds(30)),
    disk=cq.Disk(write=ms(1), flush=cq.LogNormal(p50=ms(1.5), p99=ms(8))),
    projections=[cq.Projection(apply=cq.Exponential(ms(1)), commit=ms(1))],
    aggregates=cq.Weighted([1, 2]),
    network=ms(1),
    faults=[
        cq.WriteErrors(0.1),
        cq.Partition(["handler->store"], at=seconds(1), lasts=seconds(2)),
        cq.Fault(cq.Slow(10, added=ms(5)), when=seconds(5), lasts=cq.Exponential(seconds(1)), at_most=3),
        cq.Fault(cq.Crash(restart=seconds(2)), when=cq.Renewal(up=cq.Exponential(seconds(9)), down=ms(0))),
        cq.Fault(cq.Drop(), cq.When(bool), "client->handler", between=(seconds(1), None)),
    ],
)
mean: float = blog.disk.write.mean_ns()
variant: cq.Scenario = blog.with_({"disk.write": ms(1)}, feedback=cq.Silence(cq.Polling(seconds(2), factor=2)))
several = [cq.Empirical(np.array([1.0]), unit="ms"), cq.Empirical([ms(1)]), cq.Mixture([(1, ms(1))])]
arrivals = [cq.Recorded(gaps=[1.0]), cq.Closed(3, think=ms(1)), cq.Recorded(times=np.array([1, 2]))]
reads = cq.OwnReads(of="view", gap=ms(2))
retries = cq.Retries(3, first=ms(1), after=["timeout"])
store = cq.EventStore(flush=ms(5), batch_at_most=None)
duration: cq.Duration = 3 * (ms(1) + ms(2)) / 2
ratio: float = ms(1) / ms(2)
rate: cq.Rate = per_second(3) * 2
blog.length = ms(1)  # type: ignore[misc]
cq.Disk(write=2)  # type: ignore[arg-type]
cq.Poisson(200)  # type: ignore[arg-type]
cq.Disk(wirte=ms(1))  # type: ignore[call-arg]
"""


@pytest.mark.long
def test_public_use_is_type_checked():
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--follow-imports=silent", "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
