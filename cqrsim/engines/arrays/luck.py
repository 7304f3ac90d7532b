"""Luck that was drawn beforehand, and a note of what was not."""

from cqrsim.engines.arrays.memory import *


def drawn(m, column, slot, command):
    """The luck of a command; the second cell of a column says what every command has, if it is the same for all."""
    if m[column] == 1:
        return m[column + 1]
    row = m[column + 2 + slot]
    if row == 0:
        return misses(m, column, slot)
    return m[row + command]


def of_series(m, series, number):
    """Luck that belongs to no command: the number-th of its kind."""
    if number >= m[series + 1]:
        return misses(m, series, number)
    return m[m[series] + number]


def stops_for(m, cell):
    """What a setting has ruled out is needed after all: no further act happens."""
    misses(m, cell, 1)
    m[BUDGET] = m[EVENTS_DONE] - 1


def misses(m, where, what):
    """Luck that was not drawn: take note, and go on a while with what may be wrong, to see what else is missing."""
    for i in range(m[MISSES]):
        if m[MISSED + 2 * i] == where and m[MISSED + 2 * i + 1] == what:
            return 0
    if m[MISSES] < MOST_MISSES:
        m[MISSED + 2 * m[MISSES]], m[MISSED + 2 * m[MISSES] + 1] = where, what
        m[MISSES] += 1
    if m[MISSES] == 1:
        m[BUDGET] = 2 * m[EVENTS_DONE] + 10_000
    return 0
