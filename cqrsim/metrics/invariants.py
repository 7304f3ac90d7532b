"""What must hold in every trace, whatever the design and whatever breaks: a checker that names what violates it.

Rules that a trace is excused from are excused by what it says of itself: a store that publishes before it is durable,
a notice that was lost, a wait that was given up, a crash.  Measured traces need not have every step, so that a
missing one is held against simulated traces only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cqrsim.messages import Answer, AppendOutcome, Channel, Decision, Link, Operation, Part, Seen
from cqrsim.metrics import queues
from cqrsim.metrics.broken import Check, broken
from cqrsim.metrics.log import Log, log_of, logs_of
from cqrsim.metrics.paths import Paths, paths
from cqrsim.metrics.recovery import RULES_OF_RECOVERY
from cqrsim.metrics.states import doubled, folded_times, held, second_instances, states_of
from cqrsim.metrics.steps import FOREVER, Bools, Ints, earliest, is_any, unions
from cqrsim.metrics.views import views_of
from cqrsim.moments import NEVER, Moment
from cqrsim.trace import Trace


def invariants(trace: Trace) -> list[str]:
    """The rules that a trace breaks, in words that name commands; an empty list if it breaks none.

    >>> invariants(Trace.from_rows(np.array([[5, Moment.SENT, 0, 0, 0, 0, 0], [6, Moment.ISSUED, 0, 0, 0, 0, 6]])))
    ['sent before issued: command 0']
    """
    ways, log = paths(trace), log_of(trace)
    return [rule for check in _CHECKS for rule in check(ways, log)]


def _attempts(ways: Paths, which: Bools) -> Ints:
    return ways.command_of[which]


_ONCE_PER_ATTEMPT = (
    Moment.SENT, Moment.RECEIVED, Moment.ADMITTED, Moment.DECIDED, Moment.APPEND_SENT,
    Moment.APPEND_RECEIVED, Moment.WRITTEN, Moment.APPEND_FAILED, Moment.PUBLISHED,
)  # fmt: skip


def commands_are_conserved(ways: Paths, log: Log) -> Iterator[str]:
    """Every command is issued once, and every step follows from the one before it."""
    for moment in (Moment.ISSUED, Moment.CAUGHT, Moment.INFORMED):
        counts = np.bincount(ways.rows(moment).command, minlength=ways.commands)
        yield from broken(f"{moment.name.lower()} more than once", np.flatnonzero(counts > 1))
    for moment in _ONCE_PER_ATTEMPT:
        counts = np.bincount(ways.key(ways.rows(moment)), minlength=ways.keys)
        yield from broken(f"{moment.name.lower()} more than once in one attempt", _attempts(ways, counts > 1))
    both = (ways.first(Moment.CAUGHT) >= 0) & (ways.first(Moment.SENT) >= 0)
    yield from broken("caught and sent", np.flatnonzero(both))
    if not ways.trace.about.measured:
        sent = ways.first(Moment.SENT) >= 0
        yield from broken("sent without being issued", np.flatnonzero(sent & (ways.first(Moment.ISSUED) < 0)))
        yield from _follows(ways, Moment.RECEIVED, Moment.SENT)
        yield from _follows(ways, Moment.DECIDED, Moment.RECEIVED)
        lost = (ways.lost(Link.CLIENT_TO_HANDLER) >= 0) & (ways.first_of_attempt(Moment.RECEIVED) >= 0)
        yield from broken("lost and received in one attempt", _attempts(ways, lost))
        yield from _follows(ways, Moment.FORGOTTEN, Moment.RECEIVED)


def _follows(ways: Paths, later: Moment, earlier: Moment) -> Iterator[str]:
    """A step of a try without the one that leads to it."""
    without = (ways.first_of_attempt(later) >= 0) & ~ways.of_try(ways.first_of_attempt(earlier) >= 0)
    if earlier == Moment.SENT:
        without &= ~ways.is_copy  # nobody sends a copy
    yield from broken(f"{later.name.lower()} but not {earlier.name.lower()}", _attempts(ways, without))


def appends_are_conserved(ways: Paths, log: Log) -> Iterator[str]:
    """What is appended was accepted, arrives at most once, and ends at most once: durable or failed."""
    received, sent = ways.first_of_attempt(Moment.APPEND_RECEIVED), ways.first_of_attempt(Moment.APPEND_SENT)
    written, failed = ways.written, ways.append_failed
    yield from broken("written and failed in one attempt", _attempts(ways, (written >= 0) & (failed >= 0)))
    if not ways.trace.about.measured:
        sent = np.where(ways.is_copy & (sent < 0), sent[ways.original], sent)
        ended = (ways.entered >= 0) | (failed >= 0)
        yield from broken("append ended without arriving", _attempts(ways, ended & (received < 0)))
        yield from broken("append arrived without being sent", _attempts(ways, (received >= 0) & (sent < 0)))
        refused = (sent >= 0) & (ways.accepted < 0) & ~ways.is_copy
        yield from broken("append sent without being accepted", _attempts(ways, refused))


def bytes_are_within_capacity(ways: Paths, log: Log) -> Iterator[str]:
    """Events and error events together never take more room than there is."""
    capacity = ways.trace.about.capacity_bytes
    if capacity >= 0:
        logs = (stretch.log for stretch in logs_of(ways.trace))
        too_much = np.concatenate([log.command[np.cumsum(log.size) > capacity] for log in logs])
        yield from broken(f"more than {capacity} bytes stored", too_much)


def positions_have_no_gaps(ways: Paths, log: Log) -> Iterator[str]:
    """Positions ascend one by one with time, from 0 or 1, at any time: what vanished leaves its position to others."""
    found: dict[str, None] = {}
    for stretch in logs_of(ways.trace):
        found |= dict.fromkeys(_positions(ways, stretch.log))
    yield from found


def _positions(ways: Paths, log: Log) -> Iterator[str]:
    if len(log) == 0 or ways.trace.about.measured:
        return
    if log.position[0] not in (0, 1):
        yield from broken(f"the log begins at position {log.position[0]}", log.command[:1])
    marked = np.where(log.is_error, 1, ways.trace.marks.events[log.command])
    gaps = np.diff(log.position) != marked[:-1]
    if not ways.trace.about.custom_rule and ways.trace.custom is None:
        yield from broken("position does not follow on the one before", log.command[1:][gaps])
    yield from broken("position given twice", log.command[1:][np.diff(log.position) <= 0])
    yield from broken("written before its position's turn", log.command[1:][np.diff(log.written) < 0])


def versions_have_no_gaps(ways: Paths, log: Log) -> Iterator[str]:
    """Where the store checks versions, each append finds the one that it expects; but not what a restart finds."""
    if not ways.trace.about.expect_version:
        return
    rows, lives = ways.rows(Moment.APPEND_SENT), ways.lives
    expected = np.full(ways.keys, NEVER, np.int64)
    expected[ways.key(rows)] = rows.value
    expected[lives.key[lives.is_found]] = NEVER
    wrong = []
    for stretch in logs_of(ways.trace):
        here, standing = stretch.log, expected[stretch.log.key]
        new = ~here.is_error & (here.written >= stretch.begins)
        wrong.append(here.command[new & (standing >= 0) & (standing != here.version_before)])
    yield from broken("written on another version than it expected", np.concatenate(wrong))


def nothing_is_published_before_it_is_durable(ways: Paths, log: Log) -> Iterator[str]:
    """What listeners hear of is in the log then, whatever becomes of it later."""
    published = ways.first_of_attempt(Moment.PUBLISHED)
    if not ways.trace.about.publishes_before_durable:
        early = (published >= 0) & ((ways.entered < 0) | (published < ways.entered))
        yield from broken("published before durable", _attempts(ways, early))


def turns_are_held_by_one(ways: Paths, log: Log) -> Iterator[str]:
    """From admitted to released nobody else of the same aggregate (or shard, or all) is admitted by that instance."""
    about, marks = ways.trace.about, ways.trace.marks
    if about.turn == "none":
        return
    admitted = np.where(ways.tries_begin, ways.first_of_attempt(Moment.ADMITTED), NEVER)
    key = np.flatnonzero(admitted >= 0)
    released = ways.released_of_try[ways.try_of[key]]
    command = ways.command_of[key]
    aggregate = marks.aggregate[command]
    scope = {"aggregate": aggregate, "shard": aggregate % max(about.shards, 1)}.get(about.turn, 0 * aggregate)
    ends = np.where(released < 0, FOREVER, released)
    order = np.lexsort((ends, admitted[key], scope))
    same = scope[order][1:] == scope[order][:-1]
    overlap = same & (admitted[key][order][1:] < ends[order][:-1])
    overlap &= ~doubled(ways.trace, aggregate[order][1:], admitted[key][order][1:])
    yield from broken(f"admitted while another has the turn of the {about.turn}", command[order][1:][overlap])


def workers_do_one_thing_at_a_time(ways: Paths, log: Log) -> Iterator[str]:
    """No shard validates more commands at once than its instances have workers."""
    about = ways.trace.about
    admitted, decided = ways.first_of_attempt(Moment.ADMITTED), ways.first_of_attempt(Moment.DECIDED)
    busy = (admitted >= 0) & (decided > admitted)
    shard = ways.trace.marks.aggregate[ways.command_of[busy]] % max(about.shards, 1)
    who, _, _, peak, rows = unions(shard, admitted[busy], decided[busy])
    if not about.measured:
        instances = 1 + np.bincount(second_instances(ways.trace).place, minlength=max(about.shards, 1))
        too_many = peak > about.workers * instances[who]
        yield from broken("more commands at work than workers", _attempts(ways, busy)[rows[too_many]])


def steps_are_in_order(ways: Paths, log: Log) -> Iterator[str]:
    """In time order: issued <= sent <= received <= admitted <= decided <= written <= published <= applied."""
    early = (ways.first(Moment.SENT) >= 0) & (ways.first(Moment.SENT) < ways.first(Moment.ISSUED))
    yield from broken("sent before issued", np.flatnonzero(early))
    early = (ways.first(Moment.ISSUED) >= 0) & (ways.first(Moment.ISSUED) < ways.intended)
    yield from broken("issued before intended", np.flatnonzero(early))
    handled = (Moment.SENT, Moment.RECEIVED, Moment.ADMITTED, Moment.LOADED, Moment.DECIDED, Moment.APPEND_SENT)
    steps = [(moment.name.lower(), ways.first_of_attempt(moment)) for moment in handled]
    steps.append(("append_received", ways.first_of_attempt(Moment.APPEND_RECEIVED)))
    if not ways.trace.about.publishes_before_durable:
        steps.append(("written", ways.written))
    steps.append(("published", ways.first_of_attempt(Moment.PUBLISHED)))
    steps.append(("applied", ways.first_of_attempt(Moment.APPLIED)))
    before = np.full(ways.keys, NEVER, np.int64)
    for name, times in steps:
        early = (times >= 0) & (times < before)
        yield from broken(f"{name} before an earlier step", _attempts(ways, early))
        before = np.maximum(before, times)


def projections_apply_once_and_in_order(ways: Paths, log: Log) -> Iterator[str]:
    """A projection applies each append at most once, and in the order of the log where its route keeps it."""
    rows = ways.rows(Moment.APPLIED)
    for number, name in enumerate(ways.trace.about.projections):
        here = rows.take(rows.place == number)
        counts = np.bincount(ways.key(here), minlength=ways.keys)
        yield from broken(f"applied more than once in {name}", _attempts(ways, counts > 1))
        if ways.trace.about.delivers_in_order and not ways.trace.about.publishes_before_durable:
            there = np.flatnonzero(log.applied[number] >= 0)
            inverted = np.flatnonzero(np.diff(log.applied[number][there]) < 0)
            excused = _came_late_for_a_reason(ways, log, number, there[inverted])
            against = log.command[there[inverted + 1]][~excused]
            yield from broken(f"applied against the order of the log in {name}", against)


def _came_late_for_a_reason(ways: Paths, log: Log, number: int, rows: Ints) -> Bools:
    """Whether a message to a projection was lost or struck, or the projection had to read the log by then."""
    key, applied = log.key[rows], log.applied[number][rows]
    struck = ways.rows(Moment.FAULT_STRUCK)
    delayed = ways.first_where(Moment.FAULT_STRUCK, struck.outcome == Operation.MESSAGE)[key] >= 0
    parts = [ways.trace.of(moment) for moment in (Moment.CRASHED, Moment.RESTARTED)]
    times = [part.time[(part.outcome == Part.PROJECTION) & (part.place == number)] for part in parts]
    read = applied >= np.concatenate(times).min(initial=FOREVER)
    return np.asarray((ways.lost_to(number)[key] >= 0) | delayed | read, np.bool_)


def handler_state_is_a_fold_of_the_log(ways: Paths, log: Log) -> Iterator[str]:
    """State that is built from publications or answers holds a prefix of each stream, where no notice was missed."""
    about = ways.trace.about
    if about.fold_on not in ("publication", "answer") or about.publishes_before_durable or about.turn == "none":
        return  # without turns several are on their way at once, and may overtake each other
    folded = folded_times(ways)
    failed = ways.rows(Moment.APPEND_FAILED)
    died = ways.first_where(Moment.APPEND_FAILED, failed.outcome == AppendOutcome.CRASHED) >= 0
    acknowledged = died & (ways.first_of_attempt(Moment.BUFFERED) >= 0)
    yield from broken("folded but never durable", _attempts(ways, (folded >= 0) & (ways.entered < 0) & ~acknowledged))
    if not len(ways.trace.of(Moment.BUFFERED)):
        early = (folded >= 0) & (folded < ways.entered)
        yield from broken("folded before durable", _attempts(ways, early))
    excused = _aggregates_that_missed_a_notice(ways)
    for state in states_of(ways.trace):
        yield from _folded_in_order(ways, log, held(ways, state), excused)


def _folded_in_order(ways: Paths, log: Log, since: Ints, excused: Ints) -> Iterator[str]:
    rows = log.appends.rows
    of, at = log.aggregate[rows], since[log.key[rows]]
    order = np.argsort(of, kind="stable")
    rows, of = rows[order], of[order]
    at = np.where(at < 0, FOREVER, at)[order]
    early = (of[1:] == of[:-1]) & (at[1:] < at[:-1]) & ~np.isin(of[1:], excused)
    yield from broken("folded ahead of an earlier event of its stream", log.command[rows[1:][early]])


def _aggregates_that_missed_a_notice(ways: Paths) -> Ints:
    """Those of which a notice was lost or not waited for, or whose log or handler was not what it had been."""
    missed = earliest(
        ways.lost(Link.STORE_TO_HANDLER),
        ways.lost(Link.STORE_TO_SUBSCRIBER),
        ways.first_of_attempt(Moment.HANDLER_GAVE_UP),
        *(ways.first_of_attempt(moment) for moment in _UPSETS),
    )
    of_instances = np.isin(
        ways.trace.marks.aggregate % max(ways.trace.about.shards, 1), second_instances(ways.trace).place
    )
    commands = np.concatenate(
        [_attempts(ways, missed >= 0), np.flatnonzero(of_instances), _attempts(ways, ways.is_copy)]
    )
    return np.unique(ways.trace.marks.aggregate[commands])


_UPSETS = (Moment.FORGOTTEN, Moment.VANISHED, Moment.RECOVERED, Moment.ALTERED)


def reads_show_what_was_applied(ways: Paths, log: Log) -> Iterator[str]:
    """An own read shows a command's change if, and only if, the view of the projection has it.

    What a projection shows while it builds another view is its own affair.
    """
    rows = ways.rows(Moment.OWN_READ)
    for number, name in enumerate(ways.trace.about.projections):
        here, wrong = rows.take(rows.place == number), []
        if not len(here):
            continue
        for view in views_of(ways.trace)[number]:
            looks = here.take((here.time >= view.begins) & (here.time < _crash_before(ways.trace, number, view.ends)))
            known = ways.first_attempt(view.since)[looks.command]
            shown = looks.outcome == Seen.YES
            otherwise = np.where(shown, (known < 0) | (known > looks.time), (known >= 0) & (known < looks.time))
            wrong.append(looks.command[otherwise])
        yield from broken(f"read in {name} otherwise than applied", np.concatenate(wrong))


def _crash_before(trace: Trace, number: int, ends: int) -> int:
    """When the crash was that led to the end of a view; for the last view, its crash for good."""
    crashed, restarted = trace.of(Moment.CRASHED), trace.of(Moment.RESTARTED)
    crashes, starts = (
        part.time[(part.outcome == Part.PROJECTION) & (part.place == number)] for part in (crashed, restarted)
    )
    earlier = starts[starts < ends].max(initial=NEVER)
    between = crashes[(crashes > earlier) & (crashes <= ends)]
    return int(between[0]) if len(between) else ends


def success_by_event_is_durable(ways: Paths, log: Log) -> Iterator[str]:
    """Who learns of a success from an event or a read model learns what was true, at some time."""
    told = ways.rows(Moment.INFORMED)
    by_event = is_any(told.place, (Channel.EVENT_PUSH, Channel.EVENT_POLL, Channel.READ_MODEL))
    told = told.take(by_event & (told.outcome == Answer.SUCCESS))
    if not ways.trace.about.publishes_before_durable:
        stored = ways.any_attempt(ways.entered >= 0)
        yield from broken("told of a success that is not durable", told.command[~stored[told.command]])


def areas_agree(ways: Paths, log: Log) -> Iterator[str]:
    """Little's law on the path: the area under the number present is the sum of the times spent there."""
    end = max(ways.trace.about.end_ns, int(ways.trace.rows.time[-1]) if len(ways.trace) else 0)
    decided = ways.rows(Moment.DECIDED)
    turned_away = decided.time[decided.outcome == Decision.OVERLOADED]
    admitted = ways.rows(Moment.ADMITTED)
    admitted = admitted.take(ways.tries_begin[ways.key(admitted)])
    unserved = (ways.first_of_attempt(Moment.RECEIVED) >= 0) & (ways.first_of_attempt(Moment.ADMITTED) < 0)
    forgotten = ways.forgotten[unserved & (ways.forgotten >= 0) & (ways.refused < 0)]
    found = ways.append_ended[(ways.written < 0) & (ways.append_failed < 0) & (ways.append_ended >= 0)]
    done = [rows.time[rows.outcome != AppendOutcome.CONFLICT] for rows in (ways.rows(Moment.WRITTEN),)]
    stations = {
        "handler": (queues.waiting(ways.trace), Moment.RECEIVED, [admitted.time, turned_away, forgotten]),
        "store": (
            queues.at_store(ways.trace),
            Moment.APPEND_RECEIVED,
            [*done, ways.rows(Moment.APPEND_FAILED).time, found],
        ),
    }
    if ways.trace.about.measured:
        return
    for name, (stays, arrival, departures) in stations.items():
        came, left = ways.rows(arrival).time, np.sort(np.concatenate(departures))
        if len(left) > len(came) or (left < np.sort(came)[: len(left)]).any():
            yield f"more have left the {name} than came"
            continue
        area = sum(left.tolist()) - sum(came.tolist()) + end * (len(came) - len(left))
        spent = sum(np.where(stays.ends < 0, end, stays.ends).tolist()) - sum(stays.begins.tolist())
        if area != spent:
            yield f"Little's law fails at the {name}: area {area} ns, times spent {spent} ns"


_CHECKS: tuple[Check, ...] = (
    commands_are_conserved,
    appends_are_conserved,
    bytes_are_within_capacity,
    positions_have_no_gaps,
    versions_have_no_gaps,
    nothing_is_published_before_it_is_durable,
    turns_are_held_by_one,
    workers_do_one_thing_at_a_time,
    steps_are_in_order,
    projections_apply_once_and_in_order,
    handler_state_is_a_fold_of_the_log,
    reads_show_what_was_applied,
    success_by_event_is_durable,
    areas_agree,
    *RULES_OF_RECOVERY,
)
