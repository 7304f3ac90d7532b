"""Queues: one server and pools of servers, endless and finite waiting rooms, closed populations."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from cqrsim.theory.formulas.batches import left_over


def pollaczek_khinchine(rate: float, mean: float, second_moment: float) -> float:
    """Mean wait of M/G/1: rate E[S^2] / (2 (1 - rate E[S])) (Pollaczek 1930, Khinchine 1932).

    >>> round(pollaczek_khinchine(rate=50, mean=0.01, second_moment=0.0002), 12)
    0.01
    """
    return rate * second_moment / (2 * (1 - rate * mean))


def constant_service_wait_share(rate: float, service: float, time: float) -> float:
    """P(wait <= time) of M/D/1, as Erlang's alternating sum (Erlang 1909, Crommelin 1932).

    >>> round(constant_service_wait_share(rate=60, service=0.01, time=0), 12)
    0.4
    """
    terms = (
        (-rate * (time - k * service)) ** k / math.factorial(k) * math.exp(rate * (time - k * service))
        for k in range(math.floor(time / service + 1e-9) + 1)
    )
    return (1 - rate * service) * math.fsum(terms)


def erlang_b(servers: int, load: float) -> float:
    """Share refused by servers without a waiting room, for a load in Erlang (Erlang 1917).

    >>> erlang_b(servers=1, load=1.0)
    0.5
    """
    refused = 1.0
    for busy in range(1, servers + 1):
        refused = load * refused / (busy + load * refused)
    return refused


def erlang_c(servers: int, load: float) -> float:
    """Share that waits for one of several servers with an endless queue, for a load in Erlang (Erlang 1917).

    >>> round(erlang_c(servers=1, load=0.5), 12)
    0.5
    """
    refused = erlang_b(servers, load)
    return refused / (1 - load / servers * (1 - refused))


def pool_wait(rate: float, mean: float, servers: int) -> float:
    """Mean wait of M/M/c: Erlang's C times mean / (c - load).

    >>> round(pool_wait(rate=50, mean=0.01, servers=1), 12)
    0.01
    """
    load = rate * mean
    return erlang_c(servers, load) * mean / (servers - load)


def constant_pool_wait(rate: float, service: float, servers: int) -> float:
    """Mean wait of M/D/c (Crommelin 1932): in each service time those in service leave, and Poisson many come.

    So the queue is what ``servers`` a time leave over, and by Little's law the wait is its mean by the rate.

    >>> round(constant_pool_wait(rate=60, service=0.01, servers=1), 12)
    0.0075
    """
    return left_over(rate * service, servers) / rate


class Finite(NamedTuple):
    """A queue with a last place: the share refused, and what the others wait, in seconds."""

    refused: float
    wait: float


def finite_pool(rate: float, mean: float, servers: int, places: int) -> Finite:
    """M/M/c/(c + places): Poisson arrivals see time averages (Wolff 1982), so the share refused is P(all is taken).

    >>> finite_pool(rate=100, mean=0.01, servers=1, places=1).refused
    0.3333333333333333
    """
    load = rate * mean
    weights = [1.0]
    for number in range(1, servers + places + 1):
        weights.append(weights[-1] * load / min(number, servers))
    shares = np.array(weights) / math.fsum(weights)
    waiting = float(np.maximum(np.arange(len(shares)) - servers, 0) @ shares)
    refused = float(shares[-1])
    return Finite(refused, waiting / (rate * (1 - refused)))


class ClosedLoop(NamedTuple):
    """A closed population: commands per second, and the mean time that each is under way, in seconds."""

    throughput: float
    response: float


def machine_repair(clients: int, think: float, mean: float, servers: int = 1) -> ClosedLoop:
    """So many clients that think (exponential) and then need one of the servers (exponential): M/M/c//N.

    The birth and death chain of Palm (1943); the response follows from Little's law for the whole loop.

    >>> machine_repair(clients=1, think=0.03, mean=0.01).throughput
    25.0
    """
    weights = [1.0]
    for number in range(1, clients + 1):
        weights.append(weights[-1] * (clients - number + 1) / think * mean / min(number, servers))
    shares = np.array(weights) / math.fsum(weights)
    busy = float(np.minimum(np.arange(clients + 1), servers) @ shares)
    throughput = busy / mean
    return ClosedLoop(throughput, clients / throughput - think)


def waits_from_empty(rate: float, speed: float, count: int) -> list[float]:
    """Mean waits of the first commands of an M/M/1 that starts empty, from the chain of numbers found.

    Between two arrivals a geometric number leaves, of those there: P(k) = a b^k with a = rate / (rate + speed).

    >>> [round(wait, 6) for wait in waits_from_empty(rate=80, speed=100, count=2)]
    [0.0, 0.004444]
    """
    comes = rate / (rate + speed)
    leave = comes * (1 - comes) ** np.arange(count)
    found, waits = np.array([1.0]), []
    for _ in range(count):
        waits.append(float(np.arange(len(found)) @ found) / speed)
        stay = np.convolve(found, leave[: len(found)][::-1])[len(found) - 1 :]
        found = np.concatenate([[1 - stay.sum()], stay])
    return waits
