"""Rows of the trace: recorded as they come, and put in order at the end of their instant."""

from cqrsim.engines.arrays.memory import *
from cqrsim.engines.arrays.words import *


def row(m, moment, command, attempt, place, outcome, value):
    """Record a step."""
    at = m[OUT_END]
    if at >= m[OUT_LAST]:
        raise MemoryError
    m[at], m[at + 1], m[at + 2], m[at + 3] = m[TIME], moment, command, attempt
    m[at + 4], m[at + 5], m[at + 6] = place, outcome, value
    m[OUT_END] = at + WIDTH


def note(m, moment, journey, place, outcome, value):
    """Record a step of a journey."""
    row(m, moment, m[journey + COMMAND], m[journey + ATTEMPT], place, outcome, value)


def is_above(m, a, b):
    """Whether one row of the trace belongs behind another of the same instant."""
    for column in range(1, WIDTH):
        if m[a + column] != m[b + column]:
            return m[a + column] > m[b + column]
    return False


def settle(m):
    """Put the rows of each instant in order, up to the end of what is recorded."""
    start, end = m[OUT], m[OUT_END]
    while start < end:
        behind = start + WIDTH
        while behind < end and m[behind] == m[start]:
            behind += WIDTH
        sort_rows(m, start, (behind - start) // WIDTH)
        start = behind


def sort_rows(m, base, count):
    """In their order, by Shell's method; mostly there are a few, and in order already."""
    gap = count // 2 if count > 32 else min(count - 1, 1)
    while gap > 0:
        for i in range(gap, count):
            at = base + i * WIDTH
            while at - gap * WIDTH >= base and is_above(m, at - gap * WIDTH, at):
                for column in range(at, at + WIDTH):
                    m[column], m[column - gap * WIDTH] = m[column - gap * WIDTH], m[column]
                at -= gap * WIDTH
        gap //= 2
