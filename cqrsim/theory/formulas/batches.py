"""What is served or fetched together: group commits and polls of a feed, as embedded chains (Bailey 1954)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STATES = 400
"""Lengths of queue that a chain knows; what is used here keeps far below."""


def left_over(comes: float, at_most: int) -> float:
    """Mean number left behind when at most so many are taken at once, and a Poisson number comes in between.

    The stationary mean of q' = max(0, q + Poisson(comes) - at_most), without end if ``comes`` is not less.

    >>> round(left_over(comes=25, at_most=30), 9)
    0.701829509
    """
    return float(np.arange(STATES) @ _left_over_shares(comes, at_most))


def _left_over_shares(comes: float, at_most: int) -> NDArray[np.float64]:
    chances = _poisson(comes)
    moves = np.zeros((STATES, STATES))
    for queue in range(STATES):
        left = np.maximum(queue + np.arange(len(chances)) - at_most, 0)
        np.add.at(moves[queue], np.minimum(left, STATES - 1), chances)
    return _stationary(moves)


class GroupCommit(NamedTuple):
    """Group commit: mean time to durable (seconds), share of time busy, appends per batch, batches per second."""

    durable: float
    busy: float
    batch: float
    commits: float


def exponential_commits(rate: float, speed: float, at_most: int) -> GroupCommit:
    """M/M[1,b]/1 (Bailey 1954): from the root r < 1 of speed r^(b+1) - (rate + speed) r + rate.

    >>> round(exponential_commits(rate=50, speed=100, at_most=1).durable, 12)
    0.02
    """
    root = _root(rate, speed, at_most)
    constant = rate * (1 - root) / (rate + speed * (1 - root))
    waiting = constant * root / (1 - root) ** 2
    busy = constant / (1 - root)
    return GroupCommit(waiting / rate + 1 / speed, busy, rate / (busy * speed), busy * speed)


def _root(rate: float, speed: float, at_most: int) -> float:
    low, high = 0.0, 1 - 1e-9
    for _ in range(200):
        middle = (low + high) / 2
        above = speed * middle ** (at_most + 1) - (rate + speed) * middle + rate > 0
        low, high = (middle, high) if above else (low, middle)
    return (low + high) / 2


def constant_commits(rate: float, service: float, at_most: int | None) -> GroupCommit:
    """M/D[1,b]/1 (Bailey 1954, Chaudhry and Templeton 1983), and with ``at_most`` of None without a limit.

    The chain of lengths at the ends of commits; the mean queue is its area over a cycle of commit and idle time.

    >>> round(constant_commits(rate=300, service=0.01, at_most=None).durable, 9)
    0.014918376
    """
    limit = STATES if at_most is None else at_most
    shares = _left_behind(rate * service, limit)
    cycle = service + float(shares[0]) / rate
    stay = float(np.maximum(np.arange(STATES) - limit, 0) @ shares)
    waiting = (stay * service + rate * service**2 / 2) / cycle
    return GroupCommit(waiting / rate + service, service / cycle, rate * cycle, 1 / cycle)


def _left_behind(comes: float, limit: int) -> NDArray[np.float64]:
    """How many wait when a commit ends: those that did not fit into it, and those that came meanwhile."""
    chances = _poisson(comes)
    moves = np.zeros((STATES, STATES))
    for queue in range(STATES):
        behind = max(queue - limit, 0) + np.arange(len(chances))
        np.add.at(moves[queue], np.minimum(behind, STATES - 1), chances)
    return _stationary(moves)


def windowed_commits(rate: float, window: float) -> GroupCommit:
    """Writes that take no time, but wait a window for others: a renewal of idle time and window.

    A batch has the first append, which waits the whole window, and a Poisson number of others, which wait half of it.

    >>> windowed_commits(rate=300, window=0.01).batch
    4.0
    """
    others = rate * window
    cycle = window + 1 / rate
    return GroupCommit((window + others * window / 2) / (1 + others), window / cycle, 1 + others, 1 / cycle)


def _poisson(mean: float) -> NDArray[np.float64]:
    """Chances of 0, 1, 2, ... as far as they count."""
    numbers = np.arange(int(mean + 12 * math.sqrt(mean) + 30))
    factorials = np.array([math.lgamma(number + 1) for number in numbers])
    chances: NDArray[np.float64] = np.exp(numbers * math.log(mean) - mean - factorials)
    return chances


def _stationary(moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shares of time that a chain is in its states: those that a step does not change, and that add up to 1."""
    equations = np.vstack([(moves.T - np.eye(len(moves)))[:-1], np.ones(len(moves))])
    shares: NDArray[np.float64] = np.linalg.solve(equations, np.append(np.zeros(len(moves) - 1), 1.0))
    return shares
