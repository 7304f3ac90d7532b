"""What designs and policies promise, held against a run: rules that need the scenario, and not its trace alone."""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

import cqrsim as cq
from cqrsim.messages import AppendOutcome, Decision, Part
from cqrsim.moments import Moment
from cqrsim.plan.faults import named_faults
from cqrsim.trace import Rows, Trace

Key = tuple[int, int]
Contract = Callable[[cq.Scenario, Trace], Iterator[str]]

FOREVER = 1 << 62
TOLD_ERRORS = (cq.Refuse, cq.Ambiguous, cq.FlushError)
OF_THE_STORE = ("disk", "store")


def breaches(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """All promises that a run does not keep."""
    for contract in CONTRACTS:
        yield from contract(scenario, trace)


def _named(rule: str, commands: set[int]) -> Iterator[str]:
    if commands:
        yield f"{rule}: command {', '.join(map(str, sorted(commands)[:5]))}"


def _times(trace: Trace, moment: Moment, outcome: int | None = None, place: int | None = None) -> dict[Key, int]:
    """The first time of a moment, by command and attempt."""
    found: dict[Key, int] = {}
    rows = trace.of(moment)
    for time, command, attempt, code, where in _rows(rows, "time", "command", "attempt", "outcome", "place"):
        if outcome in (None, code) and place in (None, where):
            found.setdefault((command, attempt), time)
    return found


def _rows(rows: Rows, *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(getattr(rows, name).tolist() for name in names), strict=True)


def _starts(trace: Trace, part: Part) -> list[tuple[int, int, int]]:
    """(time, place, position up to which it has read) of each start of a part."""
    rows = trace.of(Moment.RESTARTED)
    return list(_rows(rows.take(rows.outcome == part), "time", "place", "value"))


def _is_copy(trace: Trace, attempt: int) -> bool:
    return 0 <= trace.about.duplicates_from <= attempt


def _strikes_the_store(scenario: cq.Scenario) -> bool:
    return any(named.fault.target in OF_THE_STORE for named in named_faults(scenario))


# --- handlers -------------------------------------------------------------------------------------------------------


def careful_handlers_look_again(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """Whoever gives up waiting reads the stream before the turn passes."""
    state = scenario.state
    if not (isinstance(state, cq.FromGenerated) and state.careful):
        return
    reread, released = _times(trace, Moment.REREAD), _times(trace, Moment.RELEASED)
    gave_up = [key for key in _times(trace, Moment.HANDLER_GAVE_UP) if key in released]
    blind = {key[0] for key in gave_up if reread.get(key, FOREVER) > released[key]}
    yield from _named("gave up, and let go without looking again", blind)


def restarted_handlers_know_what_the_log_says(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """An instance that starts holds each aggregate at the version of the log that it has read."""
    about = trace.about
    if about.fold_on == "never" or about.keeps_own_store or len(trace.of(Moment.VANISHED)):
        return
    log = _log(trace)
    for part in (Part.HANDLER, Part.INSTANCE):
        for time, shard, up_to in _starts(trace, part):
            if part == Part.HANDLER and up_to >= 0:
                yield from _first_decisions(trace, log, time, shard, up_to)


def _log(trace: Trace) -> list[tuple[int, int]]:
    """(position, command) of all that is in the log."""
    found = trace.of(Moment.RECOVERED)
    both = [trace.of(Moment.WRITTEN), found.take(found.outcome == 0)]
    return [pair for rows in both for pair in _rows(rows, "value", "command")]


def _first_decisions(trace: Trace, log: list[tuple[int, int]], time: int, shard: int, up_to: int) -> Iterator[str]:
    """Of each aggregate the first decision after a start, if nothing was put into the state before it.

    A store that publishes early tells a handler that is being built of more than its log has.
    """
    if trace.about.publishes_before_durable:
        return
    marks = trace.marks
    folded, decided = trace.of(Moment.FOLDED), trace.of(Moment.DECIDED)
    touched: dict[int, int] = {}
    for at, command, where in _rows(folded, "time", "command", "place"):
        if at >= time and where == shard:
            touched.setdefault(int(marks.aggregate[command]), at)
    seen: set[int] = set()
    wrong: set[int] = set()
    for at, command, where, said, version in _rows(decided, "time", "command", "place", "outcome", "value"):
        aggregate = int(marks.aggregate[command])
        if at <= time or where != shard or aggregate in seen or said == Decision.OVERLOADED:
            continue
        seen.add(aggregate)
        if touched.get(aggregate, FOREVER) > at:
            there = sum(
                int(marks.events[other]) for position, other in log
                if position < up_to and marks.aggregate[other] == aggregate
            )  # fmt: skip
            if there != version:
                wrong.add(command)
    yield from _named("decided on another state than what the restarted handler has read", wrong)


def nobody_is_promised_what_is_not_written(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """A handler that waits for the store hears "written" of what was written."""
    if scenario.store.answer_after == "write" and isinstance(scenario.store.flush, cq.Duration):
        return
    written = _times(trace, Moment.WRITTEN)
    answered = _times(trace, Moment.APPEND_ANSWERED, AppendOutcome.OK)
    lied = {key[0] for key, time in answered.items() if written.get(key, FOREVER) > time}
    yield from _named("answered as written, and not written", lied)


# --- the store ------------------------------------------------------------------------------------------------------


def errors_are_told(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """An error of the disk ends the append that it strikes, unless the store tries again by its own policy."""
    if isinstance(scenario.store.flush, cq.Duration):
        return
    named, written = named_faults(scenario), _times(trace, Moment.WRITTEN)
    struck = trace.of(Moment.FAULT_STRUCK)
    silent = set()
    for time, command, attempt, fault in _rows(struck, "time", "command", "attempt", "place"):
        what = named[fault].fault.what
        retried = isinstance(what, cq.FlushError) and scenario.store.retry_flush
        begun = time in trace.of(Moment.APPEND_STARTED).time
        told = isinstance(what, TOLD_ERRORS) and not retried and command >= 0 and begun
        if told and written.get((command, attempt), -1) >= time:
            silent.add(command)
    yield from _named("written, although the disk reported an error", silent - _with_error_events(trace))


def _with_error_events(trace: Trace) -> set[int]:
    """Of these commands a strike may have befallen the error event, and not the append."""
    both = [trace.of(Moment.REFUSAL_LOST), trace.of(Moment.REFUSAL_STORED)]
    return {command for rows in both for command in rows.command.tolist()}


def poisoned_stores_write_nothing(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """After an error of the disk a store of that policy writes nothing more before it is started again."""
    if scenario.store.on_error != "poison" or isinstance(scenario.store.flush, cq.Duration):
        return
    failed = trace.of(Moment.APPEND_FAILED)
    errors = failed.time[(failed.outcome == AppendOutcome.ERROR) & (failed.value >= 0)]
    starts = np.array([time for time, _, _ in _starts(trace, Part.STORE)] or [FOREVER])
    written = trace.of(Moment.WRITTEN)
    bad = set()
    for time, command in _rows(written, "time", "command"):
        since = errors[errors < time]
        if len(since) and not ((starts >= since[-1]) & (starts <= time)).any():
            bad.add(command)
    yield from _named("written by a store that should refuse everything", bad)


def a_loss_of_power_empties_caches(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """Of what a disk has said to be flushed, and held in its cache, nothing outlives a loss of power."""
    named = [one.fault for one in named_faults(scenario)]
    if not any(
        isinstance(f.what, cq.Lie) and f.what.holds is None and f.span.ends is None and f.when == cq.At() for f in named
    ):
        return  # fmt: skip
    power = [time for time, fault in _rows(trace.of(Moment.CRASHED), "time", "value")
             if fault >= 0 and isinstance(named[fault].what, cq.Crash) and named[fault].what.power]  # fmt: skip
    gone = _times(trace, Moment.VANISHED)
    kept = {
        key[0] for key, time in _times(trace, Moment.WRITTEN).items() if power and time < power[0] and key not in gone
    }
    yield from _named("outlived a loss of power in a cache", kept)


def fenced_instances_write_nothing(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """Where the store fences, nothing is written that an older instance has decided and that arrives too late."""
    if not scenario.store.fencing:
        return
    received, arrived = _times(trace, Moment.RECEIVED), _times(trace, Moment.APPEND_RECEIVED)
    written, paused = _times(trace, Moment.WRITTEN), _paused(scenario, trace)
    late = set()
    for time, shard, _ in _starts(trace, Part.INSTANCE):
        for key, at in arrived.items():
            mine = trace.marks.aggregate[key[0]] % max(trace.about.shards, 1) == shard
            if mine and key in written and received.get(key, FOREVER) < time < at and time in paused:
                late.add(key[0])
    yield from _named("written by an instance that had been replaced", late)


def _paused(scenario: cq.Scenario, trace: Trace) -> set[int]:
    """The times at which an instance was made to stand still, and another took its place."""
    named, struck = named_faults(scenario), trace.of(Moment.FAULT_STRUCK)
    kinds = (cq.Pause, cq.TwoInstances)
    return {time for time, fault in _rows(struck, "time", "place") if isinstance(named[fault].fault.what, kinds)}


def command_ids_are_stored_once(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """A store that remembers command ids stores none twice while it remembers it."""
    store, limit = scenario.store, scenario.store.dedupe_at_most
    if not store.dedupe or store.dedupe_for is not None or _strikes_the_store(scenario):
        return
    if limit is not None and (store.batch_at_most != 1 or isinstance(store.flush, cq.Duration)):
        return
    names = dict(enumerate(scenario.groups))
    kept: list[int] = []
    twice = set()
    for _, command in sorted(_rows(trace.of(Moment.WRITTEN), "value", "command")):
        group = names.get(int(trace.marks.group[command]))
        if group is None or not _keeps_its_id(scenario, group):
            command = -1 - command if command not in kept else command
        elif command in kept:
            twice.add(command)
        kept.append(command)
        kept = kept if limit is None else kept[-limit:]
    yield from _named("stored twice under one command id", twice)


def _keeps_its_id(scenario: cq.Scenario, group: cq.Clients) -> bool:
    maker = (group.feedback or scenario.feedback).answers().command_id
    return (group.retries is None or group.retries.same_id) and maker == "client"


# --- projections, caches, links, the ledger -------------------------------------------------------------------------


def whoever_counts_misses_nothing(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """A projection that notices gaps has, before whatever it has applied in the end, everything."""
    if any(len(trace.of(moment)) for moment in (Moment.VANISHED, Moment.ALTERED, Moment.RECOVERED)):
        return
    if trace.about.publishes_before_durable:
        return  # what is published and then fails leaves its position to another
    end = int(trace.rows.time[-1])
    for number, view in enumerate(scenario.views):
        if view.catch_up and trace.about.delivers_in_order:
            applied = _times(trace, Moment.APPLIED, place=number)
            log = sorted(_rows(trace.of(Moment.WRITTEN), "value", "command", "attempt"))
            there = [(command, attempt) in applied for _, command, attempt in log]
            last = max((n for n, is_there in enumerate(there) if is_there), default=0)
            missing = {log[n][1] for n in range(last) if not there[n]} if end else set()
            yield from _named(f"missed by {view.name}, which notices gaps", missing)


def rebuilt_views_lack_nothing(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """A view that is built anew from the first event on has everything up to where it has read."""
    crashed = trace.of(Moment.CRASHED)
    for number, view in enumerate(scenario.views):
        falls = crashed.time[(crashed.outcome == Part.PROJECTION) & (crashed.place == number)]
        begun = max([0, *trace.of(Moment.VANISHED).time.tolist(), *trace.of(Moment.RECOVERED).time.tolist()])
        for time, place, up_to in _starts(trace, Part.PROJECTION):
            if place != number or not (falls < time).any() or begun or trace.about.publishes_before_durable:
                continue
            since = _read_from(trace, view, number, int(falls[falls < time][-1]))
            yield from _named(
                f"missing in {view.name} after it was built anew", _lacks(trace, number, time, since, up_to)
            )


def _read_from(trace: Trace, view: cq.Projection, number: int, crash: int) -> int:
    """The position from which it reads: its last checkpoint, or the first."""
    marks = trace.of(Moment.CHECKPOINTED)
    if view.rebuild == "zero":
        return 0
    return max((value + 1 for time, place, value in _rows(marks, "time", "place", "value")
                if place == number and time < crash), default=0)  # fmt: skip


def _lacks(trace: Trace, number: int, time: int, since: int, up_to: int) -> set[int]:
    applied = _times(trace, Moment.APPLIED, place=number)
    written = _rows(trace.of(Moment.WRITTEN), "value", "command", "attempt")
    return {command for position, command, attempt in written
            if since <= position < up_to and applied.get((command, attempt), FOREVER) > time}  # fmt: skip


def refusals_are_kept_as_long_as_promised(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """An entry of the error cache can be read from when it was put there until its time is over."""
    expired = trace.of(Moment.REFUSAL_EXPIRED)
    put: dict[int, list[int]] = {}
    for time, command in _rows(trace.of(Moment.REFUSAL_CACHED), "time", "command"):
        put.setdefault(command, []).append(time)
    wrong = set()
    for time, command, pushed_out in _rows(expired, "time", "command", "value"):
        group = scenario.groups[min(int(trace.marks.group[command]), len(scenario.groups) - 1)]
        keep_for = (group.feedback or scenario.feedback).answers().keep_for
        named = int(trace.marks.group[command]) < len(scenario.groups)
        if named and not pushed_out and keep_for is not None and time - int(keep_for) not in put.get(command, ()):
            wrong.add(command)
    yield from _named("forgotten by the error cache at another time than promised", wrong)


def messages_keep_their_order(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """What one client sends arrives in the order in which it was sent; so does what one shard sends to the store."""
    network = scenario.network
    sessions, shards = trace.marks.session, trace.marks.aggregate % max(trace.about.shards, 1)
    ways = ((network.client_to_handler, Moment.SENT, Moment.RECEIVED, sessions),
            (network.handler_to_store, Moment.APPEND_SENT, Moment.APPEND_RECEIVED, shards))  # fmt: skip
    if any(
        isinstance(named.fault.what, cq.Crash | cq.Promote | cq.Pause | cq.Cut | cq.Duplicate | cq.TwoInstances)
        for named in named_faults(scenario)
    ):
        return  # what waits for somebody to come back is let in when that is, in an order of its own  # fmt: skip
    for route, sent, arrived, connections in ways:
        if route.in_order:
            yield from _named(f"{arrived.name.lower()} out of turn", _overtaken(trace, sent, arrived, connections))


def _overtaken(trace: Trace, sent: Moment, arrived: Moment, connections: np.ndarray) -> set[int]:  # type: ignore[type-arg]
    arrivals = _times(trace, arrived)
    latest: dict[int, int] = {}
    found = set()
    times = sorted((time, key) for key, time in _times(trace, sent).items() if key in arrivals)
    for _, key in times:
        connection = int(connections[key[0]])
        if arrivals[key] < latest.get(connection, -1):
            found.add(key[0])
        latest[connection] = max(latest.get(connection, -1), arrivals[key])
    return found


def the_ledger_knows_who_struck(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """A row that names a fault comes with, or after, the fault's entry in the ledger."""
    first: dict[int, int] = {}
    for moment in (Moment.FAULT_STRUCK, Moment.FAULT_BEGAN):
        for time, fault in _rows(trace.of(moment), "time", "place"):
            first[fault] = min(time, first.get(fault, FOREVER))
    for moment in (Moment.MESSAGE_LOST, Moment.APPEND_FAILED, Moment.CRASHED, Moment.VANISHED, Moment.ALTERED):
        rows = trace.of(moment)
        unknown = [n for n, (time, fault) in enumerate(_rows(rows, "time", "value"))
                   if fault >= 0 and first.get(fault, FOREVER) > time]  # fmt: skip
        if unknown:
            yield f"{moment.name.lower()} by a fault that is not in the ledger"


def faults_do_what_they_say(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """A replica lacks as many appends as is said; so many records are altered, or kept for a restart to notice."""
    gone = Counter(_rows(trace.of(Moment.VANISHED), "time", "value"))
    altered = Counter(_rows(trace.of(Moment.ALTERED), "time", "value"))
    struck = Counter(_rows(trace.of(Moment.FAULT_STRUCK), "time", "place"))
    starts = {time for time, _, _ in _starts(trace, Part.STORE)}
    for (time, number), times in struck.items():
        what = named_faults(scenario)[number].fault.what
        if isinstance(what, cq.Promote) and what.lag is None and gone[time, number] > what.appends * times:
            yield "a replica lacks more than it is said to"
        if isinstance(what, cq.Corrupt) and time not in starts:
            if altered[time, number] > what.records * times:
                yield "more records are altered than is said"
            if what.detected == 1.0 and altered[time, number]:
                yield "altered in silence, though all is to be noticed"
            stored = sum(1 for at in trace.of(Moment.WRITTEN).time.tolist() if at < time)
            before = sum(count for (at, _), count in altered.items() if at < time) + len(trace.of(Moment.VANISHED))
            if what.detected == 0.0 and altered[time, number] < min(what.records, stored - before):
                yield "fewer records are altered than is said"


def copies_come_from_faults(scenario: cq.Scenario, trace: Trace) -> Iterator[str]:
    """A command that arrives twice was doubled by a fault, as often as the ledger says, and not more often."""
    named, struck = named_faults(scenario), trace.of(Moment.FAULT_STRUCK)
    doubled = Counter(command for command, fault in _rows(struck, "command", "place")
                      if isinstance(named[fault].fault.what, cq.Duplicate))  # fmt: skip
    copies = Counter(command for command, attempt in _times(trace, Moment.RECEIVED) if _is_copy(trace, attempt))
    yield from _named("copied more often than struck", set(copies - doubled))


CONTRACTS: tuple[Contract, ...] = (
    careful_handlers_look_again,
    restarted_handlers_know_what_the_log_says,
    nobody_is_promised_what_is_not_written,
    errors_are_told,
    poisoned_stores_write_nothing,
    a_loss_of_power_empties_caches,
    fenced_instances_write_nothing,
    command_ids_are_stored_once,
    whoever_counts_misses_nothing,
    rebuilt_views_lack_nothing,
    refusals_are_kept_as_long_as_promised,
    messages_keep_their_order,
    the_ledger_knows_who_struck,
    faults_do_what_they_say,
    copies_come_from_faults,
)
