"""What each command is, whatever becomes of it: the marks that every design meets alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cqrsim.plan.arithmetic import exp, log
from cqrsim.plan.arrivals import choose, open_times, think_times
from cqrsim.plan.draws import Block, Bools, Draws, Floats, Ints, Stream
from cqrsim.scenario.aggregates import AnyAggregates, Evenly, Weighted, Zipf
from cqrsim.scenario.arrivals import Closed, Poisson
from cqrsim.scenario.clients import Clients
from cqrsim.scenario.scenario import Scenario
from cqrsim.trace import Marks, Reads

Turn = Callable[[Floats], npt.NDArray[Any]]
"""Makes marks of uniform numbers; fractions are cut off."""

NO_TIMES: Ints = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Population:
    """All commands of a run, with the luck that belongs to them."""

    draws: Draws
    marks: Marks
    caught: Bools
    """Which commands pre-validation keeps from being sent."""
    think: tuple[Ints, ...]
    """For each group the think times (ns) before its commands; none where commands come by themselves."""


def populate(scenario: Scenario, seed: int, replication: int, end_ns: int) -> Population:
    """Draw who issues what and when.

    Commands of open groups are numbered together by their intended time; behind them come the possible commands of
    closed groups, client by client in rounds.
    """
    times, thinks = [], []
    for group in scenario.groups:
        luck = (seed, replication, group.name)
        closed = isinstance(group.arrivals, Closed)
        times.append(NO_TIMES if closed else open_times(group.arrivals, luck, end_ns))
        thinks.append(think_times(group.arrivals, luck, end_ns) if isinstance(group.arrivals, Closed) else NO_TIMES)
    blocks, intended = _numbered(scenario.groups, times, thinks)
    draws = Draws(seed, replication, blocks)
    marks = _marks(scenario, draws, intended)
    return Population(draws, marks, _caught(scenario, draws, marks), tuple(thinks))


def _numbered(groups: tuple[Clients, ...], times: list[Ints], thinks: list[Ints]) -> tuple[tuple[Block, ...], Ints]:
    """Give the commands their global numbers: open ones by time (ties by group), then the closed groups."""
    numbers, intended = _merged(times)
    blocks, next_number = [], len(intended)
    for group, mine, thought in zip(groups, numbers, thinks, strict=True):
        closed = np.arange(next_number, next_number + len(thought))
        blocks.append(Block(group.name, closed if isinstance(group.arrivals, Closed) else mine))
        next_number += len(thought)
    return tuple(blocks), _with_undecided(intended, next_number)


def _merged(times: list[Ints]) -> tuple[list[Ints], Ints]:
    """For each of several ascending rows of times the numbers that they get in one such row, and that row."""
    filled = [mine for mine in times if len(mine)]
    if len(filled) <= 1:
        return [np.arange(len(mine)) for mine in times], filled[0] if filled else NO_TIMES
    everything = np.concatenate(times)
    order = np.argsort(everything, kind="stable")
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return np.split(number, np.cumsum([len(mine) for mine in times])[:-1]), everything[order]


def _with_undecided(intended: Ints, count: int) -> Ints:
    """Add a -1 for each command whose time only the run decides."""
    undecided = np.broadcast_to(np.int64(-1), count - len(intended))
    if len(intended) and len(undecided):
        return np.concatenate([intended, undecided])
    return intended if len(intended) else undecided


def _marks(scenario: Scenario, draws: Draws, intended: Ints) -> Marks:
    groups = scenario.groups
    choice = _choice(scenario.aggregates)
    return Marks.of(
        draws.count,
        intended=intended,
        session=_sessions(groups, draws),
        aggregate=_column(draws, [choice for _ in groups], np.int64, "aggregate"),
        group=_column(draws, range(len(groups)), np.int16),
        valid=np.logical_not(_column(draws, [_below(group.invalid) for group in groups], np.bool_, "invalid")),
        change=_column(draws, [_picked(group.changes) for group in groups], np.int64, "change"),
        events=_column(draws, [_picked(group.event_counts) for group in groups], np.int16, "events"),
        event_bytes=_column(draws, [int(group.event_size) for group in groups], np.int64),
        error_bytes=_column(draws, [int(group.error_size) for group in groups], np.int64),
    )


def _column(draws: Draws, of_groups: Sequence[int | Turn], dtype: npt.DTypeLike, purpose: str = "") -> npt.NDArray[Any]:
    """A mark for every command: each group has one for all of its own, or draws them for a purpose.

    Luck belongs to its purpose, so none need be drawn where it cannot matter.  A single number stands for the whole
    column where all commands have the same.
    """
    if not any(map(callable, of_groups)) and len(set(of_groups)) == 1:
        return np.asarray(of_groups[0], dtype)
    column, luck = np.empty(draws.count, dtype), draws.uniform(purpose)
    for position, mark in enumerate(of_groups):
        if callable(mark):
            for part in luck.of_group(position):
                column[part.places] = mark(part.uniform)
        else:
            column[draws.blocks[position].places()] = mark
    return column


def _below(share: float) -> int | Turn:
    """Whether uniform numbers are below a share."""
    if 0.0 < share < 1.0:
        return lambda uniform: uniform < share
    return int(share > 0.0)


def _picked(weighted: tuple[tuple[int, float], ...]) -> int | Turn:
    """One of several weighted numbers."""
    if len(weighted) == 1:
        return weighted[0][0]
    values = np.array([value for value, _ in weighted], dtype=np.int64)
    chosen = choose(np.array([weight for _, weight in weighted]))
    return lambda uniform: values[chosen(uniform)]


def _sessions(groups: tuple[Clients, ...], draws: Draws) -> Ints:
    """Who issues the command: in closed groups its client, else one of the group's users, else a user of its own."""
    if len(groups) == 1 and not _is_closed(groups[0]) and groups[0].sessions is None:
        return draws.blocks[0].commands  # users have the numbers of their commands, and need no second array
    sessions, luck, first = np.empty(draws.count, dtype=np.int64), draws.uniform("session"), 0
    for position, (group, block) in enumerate(zip(groups, draws.blocks, strict=True)):
        users = _users(group, len(block.commands))
        if group.sessions is None or _is_closed(group):
            sessions[block.places()] = first + np.arange(len(block.commands)) % users
        else:
            for part in luck.of_group(position):
                sessions[part.places] = first + (part.uniform * users).astype(np.int64)
        first += users
    return sessions


def _is_closed(group: Clients) -> bool:
    return isinstance(group.arrivals, Closed)


def _users(group: Clients, commands: int) -> int:
    if isinstance(group.arrivals, Closed):
        return group.arrivals.clients
    return commands if group.sessions is None else group.sessions


def _choice(aggregates: AnyAggregates) -> int | Turn:
    """Which aggregate a command (or read) is about."""
    if isinstance(aggregates, Evenly):
        return _one_of(aggregates.count)
    popularity = _popularity(aggregates)
    return 0 if len(popularity) == 1 else choose(popularity)


def _one_of(count: int) -> int | Turn:
    return 0 if count == 1 else lambda uniform: uniform * count


def _popularity(aggregates: Zipf | Weighted) -> Floats:
    if isinstance(aggregates, Zipf):
        ranks = np.arange(1, aggregates.count + 1, dtype=np.float64)
        return exp(-aggregates.exponent * log(ranks))
    return np.asarray(aggregates.weights, dtype=np.float64)


def _caught(scenario: Scenario, draws: Draws, marks: Marks) -> Bools:
    """Of what is invalid, pre-validation catches a share."""
    caught: Bools = _column(draws, [_below(_share_caught(group)) for group in scenario.groups], np.bool_, "caught")
    if not caught.any():
        return np.broadcast_to(np.False_, draws.count)
    return np.logical_and(caught, ~marks.valid)


def _share_caught(group: Clients) -> float:
    if group.pre_validation is None or group.invalid <= 0.0:
        return 0.0
    return group.pre_validation.caught


@dataclass(frozen=True)
class Looks:
    """Background reads: when, by whom, of what, at which projection; ascending times (ns)."""

    time: Ints
    reads: Reads


def background_reads(scenario: Scenario, seed: int, replication: int, end_ns: int) -> Looks:
    """Draw the reads that users do besides their commands."""
    times, first_session = list[Ints](), 0
    columns = {name: list[Ints]() for name in ("session", "aggregate", "projection")}
    names = [view.name for view in scenario.views]
    for group in scenario.groups:
        reads = group.background_reads
        if reads is None:
            continue
        when = open_times(Poisson(reads.rate), (seed, replication, f"{group.name}/reads"), end_ns)
        luck = {name: Stream(seed, replication, group.name, f"read {name}", 0) for name in columns}
        of = np.array([names.index(name) for name in reads.of] or [0], dtype=np.int64)
        times.append(when)
        columns["session"].append(first_session + _turned(luck["session"], len(when), _one_of(reads.sessions)))
        columns["aggregate"].append(_turned(luck["aggregate"], len(when), _choice(scenario.aggregates)))
        columns["projection"].append(of[_turned(luck["projection"], len(when), _one_of(len(of)))])
        first_session += reads.sessions
    if not times:
        return Looks(NO_TIMES, Reads.of())
    time = np.concatenate(times)
    order = np.argsort(time, kind="stable")
    return Looks(time[order], Reads.of(len(time), **{k: np.concatenate(v)[order] for k, v in columns.items()}))


def _turned(stream: Stream, count: int, mark: int | Turn) -> Ints:
    return stream.turned(count, mark) if callable(mark) else np.full(count, mark, dtype=np.int64)
