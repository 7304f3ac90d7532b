"""Closed populations: clients that think, issue a command, wait for the answer, and think again."""

from __future__ import annotations

from collections.abc import Mapping

import cqrsim as cq
from cqrsim.theory.formulas.queues import machine_repair
from cqrsim.theory.oracle import Case, Oracle
from cqrsim.theory.systems import mean_s, system, window, window_s
from cqrsim.units import ms, seconds

MEAN = 0.01


def closed() -> Oracle:
    """So many clients at one handler, at a pool of handlers, and at the disk."""
    return Oracle(
        id="closed",
        title="M/M/c//N: clients that wait for their answers (machine repair)",
        source="Palm 1943; Little 1961",
        formula="p_n proportional to N! / (N - n)! (1 / think)^n / (mu_1 ... mu_n); R = N / X - think",
        cases=(
            _loop("handler", clients=10, think=0.15, servers=1),
            _loop("pool of 3", clients=30, think=0.1, servers=3),
            _loop("disk", clients=10, think=0.15, servers=1),
        ),
    )


def _loop(name: str, clients: int, think: float, servers: int) -> Case:
    known = machine_repair(clients, think, MEAN, servers)
    service = cq.Exponential(seconds(MEAN))
    at_disk = {"disk": cq.Disk(write=service), "feedback": cq.SyncValidation(answer_at="written")}
    at_handler = {"handlers": cq.Handlers(workers=servers, validate=service)}
    scenario = system(
        1, 32,
        clients=cq.Clients(cq.Closed(clients, think=cq.Exponential(seconds(think)))),
        **(at_disk if name == "disk" else at_handler),
    )  # fmt: skip
    theory = {"throughput, per s": known.throughput, "response": known.response}
    return Case(scenario, _throughput_and_response, theory, 0.02, name=name)


def paced_by_delay() -> Oracle:
    """Clients that never wait for each other: only thinking and a delay."""
    clients, think, delay = 20, 0.08, 0.02
    scenario = system(
        1, 12,
        clients=cq.Clients(cq.Closed(clients, think=cq.Exponential(seconds(think)))),
        feedback=cq.ForwardEvent(push=True),
        network=cq.Network(store_to_client=cq.Route(cq.Uniform(ms(0), ms(40)), in_order=False)),
    )  # fmt: skip
    waits = scenario.with_({"clients.arrivals.waits_for": "outcome"})
    return Oracle(
        id="closed-delay",
        title="A closed population without queues: throughput depends on what clients wait for",
        source="Little 1961",
        formula="X = N / (think + what it waits for)",
        cases=(
            Case(scenario, _throughput_and_response, {"throughput, per s": clients / think}, 0.01, name="answer"),
            Case(
                waits, _throughput_and_response,
                {"throughput, per s": clients / (think + delay), "response": delay}, 0.01, name="outcome",
            ),
        ),
    )  # fmt: skip


def _throughput_and_response(run: cq.Run) -> Mapping[str, float]:
    commands = window(run)
    return {
        "throughput, per s": len(commands) / window_s(run),
        "response": mean_s(commands["feedback_ms"]),
    }


ORACLES = (closed, paced_by_delay)
