"""Exact recursions over given arrivals and services, in whole numbers of whatever unit: equality, no tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Times = Sequence[int]


def lindley(arrivals: Times, services: Times) -> list[int]:
    """Departures from one server: each begins when it is there and the one before has left (Lindley 1952).

    >>> lindley([0, 3, 4], [5, 2, 4])
    [5, 7, 11]
    """
    free, departures = 0, []
    for arrives, takes in zip(arrivals, services, strict=True):
        free = max(arrives, free) + takes
        departures.append(free)
    return departures


def kiefer_wolfowitz(arrivals: Times, services: Times, servers: int) -> list[int]:
    """Waits for the first free one of several servers (Kiefer and Wolfowitz 1955).

    >>> kiefer_wolfowitz([0, 3, 4], [5, 2, 4], servers=2)
    [0, 0, 1]
    """
    free, waits = [0] * servers, []
    for arrives, takes in zip(arrivals, services, strict=True):
        begins = max(arrives, free[0])
        waits.append(begins - arrives)
        free = sorted([begins + takes, *free[1:]])
    return waits


def with_outages(arrivals: Times, services: Times, outages: Sequence[tuple[int, int]]) -> list[int]:
    """Departures from one server that stands still at times, and then goes on where it was.

    >>> with_outages([0, 3], [5, 2], [(6, 16)])
    [5, 17]
    """
    free, departures = 0, []
    for arrives, takes in zip(arrivals, services, strict=True):
        free = _finished(max(arrives, free), takes, outages)
        departures.append(free)
    return departures


def _finished(begins: int, work: int, outages: Sequence[tuple[int, int]]) -> int:
    ends = begins + work
    for stops, goes_on in outages:
        if stops < ends and begins < goes_on:
            ends += goes_on - max(stops, begins)
    return ends


def area_in_system(arrivals: Times, departures: Times) -> int:
    """The integral of the number in system, from one change to the next (Little 1961: the sum of the sojourns).

    >>> area_in_system([0, 3], [5, 7])
    9
    """
    area = 0
    for begins, ends in pairwise(sorted({*arrivals, *departures})):
        inside = sum(a <= begins for a in arrivals) - sum(d <= begins for d in departures)
        area += inside * (ends - begins)
    return area
