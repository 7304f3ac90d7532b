"""What people use today: the three stations of the quickstart as a plain SimPy script.

A command waits for a worker, is validated, waits for the disk, is written, waits for the projection, is applied.
Every command is a process, every station a Resource, and the moments of every command are kept.  Tuned no further
than its author would: but the same random numbers are drawn before the clock starts, so that only simulating counts.
"""

import numpy as np
import simpy

Moments = tuple[float, float, float, float, float, float, float]


def draw(count: int, seed: int) -> tuple[list[float], ...]:
    """Of so many commands: when they arrive (s), and how long to validate, write and apply each takes."""
    generator = np.random.default_rng(seed)
    gaps, *times = (generator.exponential(mean, count) for mean in (1 / 200, 0.001, 0.002, 0.002))
    return np.cumsum(gaps).tolist(), *(column.tolist() for column in times)


def sojourns(moments: list[Moments]) -> list[float]:
    """Seconds from arriving to being applied."""
    return [applied - arrived for arrived, *_, applied in moments]


def simulate(arrivals: list[float], validate: list[float], write: list[float], apply: list[float]) -> list[Moments]:
    """Times (s) at which each command arrived, was admitted, decided, begun to be written, written, and applied."""
    env = simpy.Environment()
    handler, disk, projection = (simpy.Resource(env, capacity=1) for _ in range(3))
    moments: list[Moments] = []

    def command(number: int):  # type: ignore[no-untyped-def]
        arrived = env.now
        with handler.request() as turn:
            yield turn
            admitted = env.now
            yield env.timeout(validate[number])
        decided = env.now
        with disk.request() as turn:
            yield turn
            started = env.now
            yield env.timeout(write[number])
        written = env.now
        with projection.request() as turn:
            yield turn
            begun = env.now
            yield env.timeout(apply[number])
        moments.append((arrived, admitted, decided, started, written, begun, env.now))

    def source():  # type: ignore[no-untyped-def]
        for number, at in enumerate(arrivals):
            yield env.timeout(at - env.now)
            env.process(command(number))

    env.process(source())
    env.run()
    return moments
