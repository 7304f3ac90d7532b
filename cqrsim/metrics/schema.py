"""The columns of every table: name, dtype, unit and meaning, in their order.

The columns that tables have per projection stand here once, with ``{projection}`` for its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cqrsim.metrics.vocabulary import CATEGORIES
from cqrsim.trace import About


@dataclass(frozen=True)
class Column:
    """One column of a table.  A dtype in brackets names a fixed, ordered set of categories."""

    name: str
    dtype: str
    unit: str
    meaning: str


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines of "name | dtype | unit | meaning"."""
    lines = [[" ".join(part.split()) for part in line.split("|")] for line in text.strip().splitlines()]
    return tuple(Column(*parts) for parts in lines)


COMMANDS = _columns(
    """
    command | int64 | | number of the command
    group | category | | name of its group of clients
    session | int64 | | number of its user
    aggregate | int64 | | number of the aggregate it is about
    change | int64 | | by how much it changes the aggregate
    valid | bool | | whether it is valid in itself
    events | int64 | | how many events it yields if it is accepted
    in_window | bool | | whether its intended time lies in the measured window
    intended_ms | float64 | ms | when it was meant to be issued
    issued_ms | float64 | ms | when it was issued
    caught_ms | float64 | ms | when pre-validation kept it from being sent
    sent_ms | float64 | ms | when it was first sent
    received_ms | float64 | ms | when it first reached a handler
    admitted_ms | float64 | ms | when it first had the turn and a worker
    decided_ms | float64 | ms | when it was first accepted or refused
    append_sent_ms | float64 | ms | when its append was first sent
    written_ms | float64 | ms | when its events first became durable
    published_ms | float64 | ms | when its events were first published
    applied_{projection}_ms | float64 | ms | when the projection applied its events
    visible_ms | float64 | ms | when all projections had applied its events
    released_ms | float64 | ms | when its turn first passed on
    answered_ms | float64 | ms | when its client had the first answer, of whatever kind
    informed_ms | float64 | ms | when its client knew the outcome
    gave_up_ms | float64 | ms | when its client gave up waiting
    seen_ms | float64 | ms | when an own read first showed its change
    truth | [truth] | | what became of it, at the end of the run
    belief | [belief] | | what its client believes in the end
    channel | [channel] | | by which way its client learned the outcome
    reason | [reason] | | the first refusal, failed append or lost message in its way (missing if it became durable)
    attempts | int64 | | how many times its client sent it
    polls | int64 | | how many times its client looked for the outcome
    wrong_accept | boolean | | accepted though the log, at the place of its append, forbids it (missing: cannot be told)
    wrong_refuse | boolean | | refused for a state though the log allows it (missing: cannot be told)
    stale_decision | bool | | decided on a version that was not the durable one then
    divergent_decision | bool | | decided while the handler's state of the aggregate and the log had parted
    answer_ms | float64 | ms | from intended to the first answer
    feedback_ms | float64 | ms | from intended to the client knowing the outcome
    durability_ms | float64 | ms | from intended to durable
    visibility_ms | float64 | ms | from intended to applied in all projections
    own_read_ms | float64 | ms | from intended to the first own read that showed it
    lag_ms | float64 | ms | from durable to applied in all projections
    turn_wait_ms | float64 | ms | from received to admitted, of the first try that was let in
    turn_held_ms | float64 | ms | from admitted to released, of the same try
    answer_from_sent_ms | float64 | ms | from first sent to the first answer
    feedback_from_sent_ms | float64 | ms | from first sent to the client knowing the outcome
    durability_from_sent_ms | float64 | ms | from first sent to durable
    visibility_from_sent_ms | float64 | ms | from first sent to applied in all projections
    own_read_from_sent_ms | float64 | ms | from first sent to the first own read that showed it
    """
)

EVENTS = _columns(
    """
    position | int64 | | place in the log
    kind | [event_kind] | | event, or error event (a stored refusal)
    command | int64 | | number of the command it comes from
    attempt | int64 | | number of the attempt it comes from
    aggregate | int64 | | number of the aggregate it is about
    version | int64 | | version of the aggregate after it; -1 for error events, which do not count
    size_bytes | int64 | bytes | room that it takes
    written_ms | float64 | ms | when it became durable
    published_ms | float64 | ms | when it was published
    applied_{projection}_ms | float64 | ms | when the projection applied it
    """
)

READS = _columns(
    """
    kind | [read_kind] | | own read after a success, or background read
    read | int64 | | number of the own read of its command, or of the background read
    command | int64 | | number of the command that an own read looks for; -1 for background reads
    session | int64 | | number of the user; background readers are users of their own
    aggregate | int64 | | number of the aggregate that is looked at
    projection | category | | name of the projection that is looked at
    time_ms | float64 | ms | when the projection was looked at
    in_window | bool | | whether that is in the measured window
    saw | boolean | | whether an own read showed its command's change (missing for background reads)
    version | int64 | | how many events of the aggregate the projection had applied
    versions_behind | int64 | | how many durable events of the aggregate it had not
    global_versions_behind | int64 | | how many durable events of any aggregate it had not
    behind_ms | float64 | ms | for how long the oldest of those of the aggregate had been durable
    read_your_writes_floor | int64 | | version up to the latest own write known to have succeeded; -1 without one
    read_your_writes_violated | bool | | whether one of those writes was not shown
    monotonic_reads_floor | int64 | | newest version that the session had read of the aggregate; -1 without one
    monotonic_reads_violated | bool | | whether this read showed an older one
    """
)

EPISODES = _columns(
    """
    kind | [episode_kind] | | fault, down, store_refuses, divergence or stuck_turn
    target | str | | where: the fault's target, the store, an aggregate, a shard
    aggregate | int64 | | number of the aggregate; -1 if it is about none
    begin_ms | float64 | ms | when it began
    end_ms | float64 | ms | when it ended; NaN if it lasted to the end of the run
    cause | str | | what it goes back to
    ended_by | str | | how it ended
    peak | int64 | | most attempts at once that were extra or missing; failed appends of a refusing store
    commands | int64 | | commands meanwhile: decided (divergence), refused (store), waiting (stuck turn), issued (down)
    wrong_decisions | int64 | | decisions of the aggregate that were wrong meanwhile
    """
)

SERIES = _columns(
    """
    begin_ms | float64 | ms | where the bin begins
    end_ms | float64 | ms | where it ends
    in_system | float64 | | mean number of commands issued and not settled
    waiting | float64 | | mean number of commands waiting for the turn or a worker
    at_store | float64 | | mean number of appends waiting in the store or being written
    store_bytes | float64 | bytes | mean room taken by events and error events
    event_bytes | float64 | bytes | of which events
    error_bytes | float64 | bytes | of which error events
    lag_{projection}_events | float64 | | mean number of durable events that the projection had yet to apply
    divergent_aggregates | float64 | | mean number of aggregates whose state in the handler had parted from the log
    cache_entries | float64 | | mean number of refusals in the error caches
    arrivals_per_s | float64 | per_s | commands issued
    durable_per_s | float64 | per_s | appends that became durable
    informed_per_s | float64 | per_s | clients that came to know an outcome
    faults_active | float64 | | mean number of faults in force
    """
)

OUTCOMES = _columns(
    """
    truth | [truth] | | what became of the commands
    belief | [belief] | | what their clients believe
    commands | int64 | | how many, of the measured window
    share | float64 | share | of all commands of the window
    """
)

CONSISTENCY = _columns(
    """
    metric | str | | name of the measure
    value | float64 | | NaN if there was nothing to measure
    unit | str | | unit of the value
    n | int64 | | how many things it is measured on
    lower_bound | bool | | whether the true value is only known to be larger
    """
)

ANOMALIES = _columns(
    """
    kind | [anomaly] | | what went wrong for good
    count | int64 | | how many commands it befell, to the end of the run; how many parts are down (DOWN)
    witnesses | object | | numbers of the first twenty of them, as a tuple
    causes | str | | what it goes back to, and in how many of the commands
    visible_ms | float64 | ms | when the first of them could be seen by who sees everything, healed ones included
    healed | int64 | | how many commands it befell for a while only, and not in the end
    unexplained | int64 | | in how many of the count no fault, crash, loss, full disk or given up wait came before
    """
)

FAULTS = _columns(
    """
    time_ms | float64 | ms | when it struck, or came into force
    until_ms | float64 | ms | when its period ended, or what it crashed started again; NaN if neither happened
    fault | str | | name of the fault
    kind | str | | what kind of fault it is, as the scenario says it
    target | str | | where it strikes
    effect | str | | what it does there
    operation | str | | which operation it struck; empty if it struck at its time, and for periods
    number | int64 | | number of that operation among its kind, from 1; -1 for periods
    command | int64 | | number of the command whose operation it was; -1 if it was nobody's
    attempt | int64 | | number of the attempt
    outcome | str | | what came of it: of the append, the message, the part or the log
    """
)

JOURNEY = _columns(
    """
    time_ms | float64 | ms | since the command was issued
    attempt | int64 | | number of the attempt
    moment | [moment] | | which step
    who | str | | where it happened
    outcome | str | | what came of it
    """
)

SUMMARY = _columns(
    """
    metric | str | | name of the measure, its unit last; \
        messages: all that were sent for a command, lost ones too, each question and each answer as one: commands, \
        replies, loads, re-reads, appends, notices, publications to projections and subscribed handlers, polls, reads; \
        store_busy: writes, but not periodic flushes
    stat | str | | statistic of it; the full name is metric_stat, or the metric alone for "value"
    value | float64 | | NaN if there was nothing to measure
    unit | str | | unit of the value
    n | int64 | | how many things it is measured on
    n_censored | int64 | | how many of those were unresolved when the run ended
    lower_bound | bool | | whether the true value is only known to be larger
    """
)

TABLES: dict[str, tuple[Column, ...]] = {
    "commands": COMMANDS,
    "events": EVENTS,
    "reads": READS,
    "episodes": EPISODES,
    "series": SERIES,
    "outcomes": OUTCOMES,
    "consistency": CONSISTENCY,
    "anomalies": ANOMALIES,
    "faults": FAULTS,
    "journey": JOURNEY,
    "summary": SUMMARY,
}
"""All tables by name."""


def schema() -> pd.DataFrame:
    """The columns of all tables, as a table: table, column, dtype, unit, meaning.

    >>> columns = schema()
    >>> columns[columns.column == "feedback_ms"].iloc[0].meaning
    'from intended to the client knowing the outcome'
    """
    rows = [(table, c.name, c.dtype, c.unit, c.meaning) for table, columns in TABLES.items() for c in columns]
    return pd.DataFrame(rows, columns=["table", "column", "dtype", "unit", "meaning"], dtype="str")


def columns_of(table: str, about: About) -> Iterator[Column]:
    """The columns of a table of a run, in order: those per projection once for each."""
    for column in TABLES[table]:
        if "{projection}" not in column.name:
            yield column
            continue
        for projection in about.projections:
            yield Column(column.name.format(projection=projection), column.dtype, column.unit, column.meaning)


def build(table: str, values: Mapping[str, Any], about: About) -> pd.DataFrame:
    """A table with exactly the columns and dtypes of its schema."""
    columns = list(columns_of(table, about))
    if (given := set(values)) != (asked := {column.name for column in columns}):
        raise KeyError(f"columns of {table}: {sorted(given ^ asked)} not in both the schema and the values")
    return pd.DataFrame({column.name: _typed(values[column.name], column) for column in columns})


def rows_of(table: str, rows: Sequence[Sequence[Any]], about: About) -> pd.DataFrame:
    """A small table from its rows, with exactly the columns and dtypes of its schema."""
    columns = list(columns_of(table, about))
    parts = zip(*rows, strict=True) if rows else [()] * len(columns)
    return build(table, {column.name: list(part) for column, part in zip(columns, parts, strict=True)}, about)


def _typed(values: Any, column: Column) -> Any:
    if column.dtype == "category":
        return values
    if column.dtype.startswith("["):
        if isinstance(values, pd.Categorical):
            return values
        return pd.Categorical(values, dtype=CATEGORIES[column.dtype[1:-1]])
    if column.dtype in ("str", "boolean", "object"):
        return pd.array(values, dtype="boolean") if column.dtype == "boolean" else pd.Series(values, dtype=column.dtype)
    return np.asarray(values, np.dtype(column.dtype))
