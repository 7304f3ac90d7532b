"""What each command is, whatever becomes of it: the marks that every design meets alike."""

from dataclasses import dataclass

import numpy as np

from cqrsim.plan.arithmetic import exp, log
from cqrsim.plan.arrivals import choose, open_times, shares_to_levels, think_times
from cqrsim.plan.draws import Block, Bools, Draws, Floats, Ints, Stream
from cqrsim.scenario.aggregates import AnyAggregates, Evenly, Weighted, Zipf
from cqrsim.scenario.arrivals import Closed, Poisson
from cqrsim.scenario.clients import Clients
from cqrsim.scenario.scenario import Scenario
from cqrsim.trace import Marks, Reads


@dataclass(frozen=True)
class Population:
    """All commands of a run, with the luck that belongs to them."""

    draws: Draws
    marks: Marks
    caught: Bools
    """Which commands pre-validation keeps from being sent."""
    think: Ints
    """Think time (ns) before the command, in closed groups; 0 elsewhere."""


def populate(scenario: Scenario, seed: int, replication: int, end_ns: int) -> Population:
    """Draw who issues what and when.

    Commands of open groups are numbered together by their intended time; behind them come the possible commands of
    closed groups, client by client in rounds.
    """
    times, thinks = [], []
    for group in scenario.groups:
        luck = (seed, replication, group.name)
        closed = isinstance(group.arrivals, Closed)
        times.append(np.empty(0, dtype=np.int64) if closed else open_times(group.arrivals, luck, end_ns))
        thinks.append(think_times(group.arrivals, luck, end_ns) if isinstance(group.arrivals, Closed) else None)
    blocks, intended, think = _numbered(scenario.groups, times, thinks)
    draws = Draws(seed, replication, blocks)
    marks = _marks(scenario, draws, intended)
    return Population(draws, marks, _caught(scenario, draws, marks), think)


def _numbered(
    groups: tuple[Clients, ...], times: list[Ints], thinks: list[Ints | None]
) -> tuple[tuple[Block, ...], Ints, Ints]:
    """Give the commands their global numbers: open ones by time (ties by group), then the closed groups."""
    all_times = np.concatenate(times)
    owner = np.repeat(np.arange(len(times)), [len(part) for part in times])
    order = np.argsort(all_times, kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    blocks, next_number = [], len(order)
    for position, group in enumerate(groups):
        thought = thinks[position]
        if thought is None:
            blocks.append(Block(group.name, number[owner == position]))
        else:
            blocks.append(Block(group.name, np.arange(next_number, next_number + len(thought))))
            next_number += len(thought)
    intended = np.full(next_number, -1, dtype=np.int64)
    intended[: len(order)] = all_times[order]
    think = np.zeros(next_number, dtype=np.int64)
    for block, thought in zip(blocks, thinks, strict=True):
        if thought is not None:
            think[block.commands] = thought
    return tuple(blocks), intended, think


def _marks(scenario: Scenario, draws: Draws, intended: Ints) -> Marks:
    columns: dict[str, Ints] = {name: np.zeros(draws.count, dtype=np.int64) for name in _MARKED}
    invalid, change, events = draws.uniform("invalid"), draws.uniform("change"), draws.uniform("events")
    first_session = 0
    for position, (group, block) in enumerate(zip(scenario.groups, draws.blocks, strict=True)):
        mine = block.commands
        columns["group"][mine] = position
        columns["valid"][mine] = invalid[mine] >= group.invalid
        columns["change"][mine] = _pick(group.changes, change[mine])
        columns["events"][mine] = _pick(group.event_counts, events[mine])
        columns["event_bytes"][mine] = int(group.event_size)
        columns["error_bytes"][mine] = int(group.error_size)
        sessions, count = _sessions(group, draws, mine)
        columns["session"][mine] = first_session + sessions
        first_session += count
    aggregate = choose_aggregates(scenario.aggregates, draws.uniform("aggregate"))
    return Marks.of(draws.count, intended=intended, aggregate=aggregate, **columns)


_MARKED = ("group", "valid", "change", "events", "event_bytes", "error_bytes", "session")


def _pick(weighted: tuple[tuple[int, float], ...], uniform: Floats) -> Ints:
    values = np.array([value for value, _ in weighted], dtype=np.int64)
    levels = shares_to_levels(np.array([weight for _, weight in weighted]))
    return values[choose(uniform, levels)]


def _sessions(group: Clients, draws: Draws, mine: Ints) -> tuple[Ints, int]:
    """Who issues the command: in closed groups its client, else one of the group's users, else a user of its own."""
    numbers = np.arange(len(mine), dtype=np.int64)
    if isinstance(group.arrivals, Closed):
        return numbers % group.arrivals.clients, group.arrivals.clients
    if group.sessions is not None:
        return (draws.uniform("session")[mine] * group.sessions).astype(np.int64), group.sessions
    return numbers, len(mine)


def choose_aggregates(aggregates: AnyAggregates, uniform: Floats) -> Ints:
    """Which aggregate each command (or read) is about."""
    if isinstance(aggregates, Evenly):
        result: Ints = (uniform * aggregates.count).astype(np.int64)
        return result
    return choose(uniform, shares_to_levels(_popularity(aggregates)))


def _popularity(aggregates: Zipf | Weighted) -> Floats:
    if isinstance(aggregates, Zipf):
        ranks = np.arange(1, aggregates.count + 1, dtype=np.float64)
        return exp(-aggregates.exponent * log(ranks))
    return np.asarray(aggregates.weights, dtype=np.float64)


def _caught(scenario: Scenario, draws: Draws, marks: Marks) -> Bools:
    share = np.zeros(draws.count)
    for group, block in zip(scenario.groups, draws.blocks, strict=True):
        if group.pre_validation is not None:
            share[block.commands] = group.pre_validation.caught
    return ~marks.valid & (draws.uniform("caught") < share)


@dataclass(frozen=True)
class Looks:
    """Background reads: when, by whom, of what, at which projection; ascending times (ns)."""

    time: Ints
    reads: Reads


def background_reads(scenario: Scenario, seed: int, replication: int, end_ns: int) -> Looks:
    """Draw the reads that users do besides their commands."""
    times, sessions, aggregates, projections, first_session = [], [], [], [], 0
    names = [view.name for view in scenario.views]
    for group in scenario.groups:
        reads = group.background_reads
        if reads is None:
            continue
        when = open_times(Poisson(reads.rate), (seed, replication, f"{group.name}/reads"), end_ns)
        luck = {p: Stream(seed, replication, group.name, f"read {p}", 0).take(len(when)) for p in _READ_PURPOSES}
        of = np.array([names.index(name) for name in reads.of] or [0], dtype=np.int64)
        times.append(when)
        sessions.append(first_session + (luck["session"] * reads.sessions).astype(np.int64))
        aggregates.append(choose_aggregates(scenario.aggregates, luck["aggregate"]))
        projections.append(of[(luck["projection"] * len(of)).astype(np.int64)])
        first_session += reads.sessions
    if not times:
        return Looks(np.empty(0, dtype=np.int64), Reads.of())
    time = np.concatenate(times)
    order = np.argsort(time, kind="stable")
    columns = {"session": sessions, "aggregate": aggregates, "projection": projections}
    return Looks(time[order], Reads.of(len(order), **{k: np.concatenate(v)[order] for k, v in columns.items()}))


_READ_PURPOSES = ("session", "aggregate", "projection")
