"""Scenarios in plain words: one short paragraph for each part, with human units."""

import html
from collections.abc import Iterator
from typing import Any

from cqrsim.scenario.clients import Clients
from cqrsim.scenario.fault_phrases import fault
from cqrsim.scenario.phrases import aggregates, arrivals, feedback, projections, state
from cqrsim.scenario.projections import Projection
from cqrsim.scenario.rules import Range, Rule
from cqrsim.scenario.scenario import Scenario
from cqrsim.scenario.store import EventStore
from cqrsim.scenario.values import name_of
from cqrsim.scenario.words import counted, is_zero, percent, times
from cqrsim.units import Duration


def described(scenario: Scenario) -> str:
    """The whole scenario, a paragraph a part."""
    return "\n".join(f"{title}: {text}" for title, text in paragraphs(scenario)) + "\n"


def as_html(scenario: Scenario) -> str:
    """The same as a small table, for notebooks."""
    rows = "".join(
        f'<tr><th style="text-align:left">{html.escape(title)}</th>'
        f'<td style="text-align:left">{html.escape(text)}</td></tr>'
        for title, text in paragraphs(scenario)
    )
    return f"<table>{rows}</table>"


def paragraphs(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Titles and texts."""
    if scenario.name:
        yield "Name", scenario.name
    for group in scenario.groups:
        title = "Clients" if len(scenario.groups) == 1 else f'Clients "{group.name}"'
        yield title, _sentences(*_clients(group, scenario))
    yield "Feedback", _sentences(feedback(scenario.feedback, scenario.state))
    yield "Handlers", _sentences(*_handlers(scenario))
    yield "Event store", _sentences(*_store(scenario))
    yield "Disk", _sentences(*_disk(scenario))
    for view in scenario.views:
        yield f'Projection "{view.name}"', _sentences(*_projection(view))
    yield "Network", _sentences(*_network(scenario))
    yield "Faults", _sentences(*_faults(scenario)) or "None."
    yield "Time", _sentences(*_time(scenario))


def _sentences(*parts: str | None) -> str:
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts if part)


def _clients(group: Clients, scenario: Scenario) -> Iterator[str | None]:
    yield arrivals(group.arrivals)
    yield f"{percent(group.invalid)} of the commands are invalid in themselves" if group.invalid else None
    if group.pre_validation is not None:
        check = group.pre_validation
        cost = "" if is_zero(check.cost) else f", which takes {times(check.cost)}"
        yield f"before sending, clients find {percent(check.caught)} of the invalid ones{cost}"
    yield f"a command yields {_amounts(group.event_counts, 'event', 'events')} of {group.event_size}"
    if group.changes != ((1, 1.0),):
        yield f"it changes its aggregate's number by {_amounts(group.changes, '', '')}"
    yield feedback(group.feedback, scenario.state) if group.feedback is not None else None
    yield f"a client gives up after {group.patience}" if group.patience is not None else None
    yield _retries(group)
    yield f"{group.sessions} users share them" if group.sessions is not None else None
    if group.own_reads is not None:
        looks = f"{group.own_reads.count} times" if group.own_reads.count > 1 else "once"
        yield f"told of success, a client looks {looks} for its change in {projections(group.own_reads.of)}"
    if group.background_reads is not None:
        reads = group.background_reads
        yield f"{reads.sessions} users look at {projections(reads.of)} besides, {reads.rate} in all"


def _retries(group: Clients) -> str | None:
    if group.retries is None:
        return None
    retries = group.retries
    growth = f", each wait {retries.factor:g} times the one before" if retries.factor != 1 else ""
    cap = f", at most {retries.cap}" if retries.cap is not None else ""
    jitter = f", stretched by up to {percent(retries.jitter)}" if retries.jitter else ""
    same = "the same command id" if retries.same_id else "a new command id"
    reasons = " or ".join(retries.after)
    return (
        f"after a {reasons} it tries again up to {retries.at_most} times with {same}, "
        f"first after {retries.first}{growth}{cap}{jitter}"
    )


def _handlers(scenario: Scenario) -> Iterator[str | None]:
    handlers = scenario.handlers
    workers = counted(handlers.workers, "worker")
    yield f"{counted(handlers.shards, 'shard')} with {workers}{' each' if handlers.shards > 1 else ''}"
    yield "deciding takes no time" if is_zero(handlers.validate) else f"deciding takes {times(handlers.validate)}"
    if handlers.queue_limit == 0:
        yield "commands that cannot begin at once are refused unread"
    elif handlers.queue_limit is not None:
        yield f"when {counted(handlers.queue_limit, 'command')} wait in a shard, more are refused unread"
    turn = {
        "aggregate": "one command at a time for each aggregate",
        "shard": "one command at a time in each shard",
        "everything": "one command at a time in all",
        "none": "commands of an aggregate do not wait for each other",
    }
    yield turn[handlers.turn]
    yield "a worker stays with its command until the turn has passed on" if handlers.worker_waits else None
    yield state(scenario.state)
    yield aggregates(scenario.aggregates)
    yield _rule(scenario.rule)


def _rule(given: Any) -> str | None:
    if isinstance(given, Range):
        return f"an aggregate's number stays within {given.low}..{given.high} and begins with {given.start}"
    if isinstance(given, Rule):
        return f"a custom rule decides: {name_of(given.decide)}"
    return None


def _store(scenario: Scenario) -> Iterator[str | None]:
    store = scenario.store
    if store.batch_at_most == 1:
        yield "one append at a time"
    else:
        limit = "any number of" if store.batch_at_most is None else f"up to {store.batch_at_most}"
        window = f" that come within {store.batch_window}" if store.batch_window else ""
        yield f"{limit} appends{window} share a write"
    flushes = {"group": "flushed once for each write", "each": "flushed once for each append"}
    yield f"flushed every {store.flush}" if isinstance(store.flush, Duration) else flushes[store.flush]
    yield "answers before the flush" if store.answer_after == "write" else "answers when the event is durable"
    yield "publishes before the event is durable" if store.publish == "before_durable" else None
    yield "versions are checked" if store.check_version else None
    yield f"command ids are stored once{_remembered(store)}" if store.dedupe else None
    yield from _store_in_trouble(store)
    if not is_zero(store.read) or store.read_per_event:
        each = f" and {store.read_per_event} for each event" if store.read_per_event else ""
        snapshots = f", with a snapshot every {store.snapshot_every} events" if store.snapshot_every else ""
        yield f"reading a stream takes {times(store.read)}{each}{snapshots}"


def _remembered(store: EventStore) -> str:
    span = f" for {store.dedupe_for}" if store.dedupe_for is not None else ""
    limit = f"; the last {counted(store.dedupe_at_most, 'id')}" if store.dedupe_at_most is not None else ""
    return f", and remembered{span}{limit}" if span or limit else ""


def _store_in_trouble(store: EventStore) -> Iterator[str | None]:
    """What it does about errors and restarts, where that is not the default."""
    after = {"poison": "refuses everything until it starts again", "exit": "exits and starts again"}
    if store.on_error != "continue":
        yield f"after an error it {after[store.on_error]}, which takes {times(store.restart)}"
    yield "a flush that failed is tried again" if store.retry_flush else None
    yield "it does not start with a bad record in its log" if store.recover == "refuse" else None
    yield "streams are read as written, flushed or not" if store.reads == "written" else None
    yield "appends of a replaced instance are refused" if store.fencing else None
    yield "when it starts again it publishes what it had not" if store.republish else None


def _disk(scenario: Scenario) -> Iterator[str | None]:
    disk = scenario.disk
    if is_zero(disk.write) and is_zero(disk.flush) and not disk.per_kib:
        yield "writes take no time"
    else:
        yield f"a write takes {times(disk.write)}"
        yield None if is_zero(disk.flush) else f"a flush takes {times(disk.flush)}"
        yield f"each KiB takes {disk.per_kib} more" if disk.per_kib else None
    yield f"it holds {disk.capacity}" if disk.capacity is not None else "it never fills by itself"


def _projection(view: Projection) -> Iterator[str | None]:
    yield "applying takes no time" if is_zero(view.apply) else f"applying an event takes {times(view.apply)}"
    yield "events are pushed to it" if view.poll is None else f"it looks for events every {view.poll}"
    if view.batch is not None:
        yield f"it applies the events of up to {counted(view.batch, 'command')} together"
    yield f"committing a batch takes {times(view.commit)}" if view.commit is not None else None
    if view.checkpoint_every is not None:
        yield f"a checkpoint every {counted(view.checkpoint_every, 'event')} takes {times(view.checkpoint)}"
    yield "it notices gaps and reads the log from where it was" if view.catch_up else None
    if view.buffer is not None:
        yield f"{counted(view.buffer, 'event')} may wait for it, and more are dropped"
    yield _rebuilding(view)


def _rebuilding(view: Projection) -> str | None:
    """How it starts again, where that is not the default."""
    start = "started again, it reads the log from its last checkpoint" if view.rebuild == "checkpoint" else ""
    speed = f"an event takes {times(view.rebuild_per_event)} then" if view.rebuild_per_event is not None else ""
    silent = "it answers nobody until it has read the log again" if not view.serves_while_rebuilding else ""
    return "; ".join(part for part in (start, speed, silent) if part) or None


def _network(scenario: Scenario) -> Iterator[str]:
    """Links that are alike in one sentence."""
    links: dict[Any, list[str]] = {}
    for name, route in scenario.network.routes():
        links.setdefault(route, []).append(name)
    for route, names in links.items():
        delay = "no time" if is_zero(route.delay) else times(route.delay)
        loss = f", and {percent(route.loss)} are lost" if route.loss else ""
        order = "" if route.in_order else ", and may overtake each other"
        where = "all links" if len(links) == 1 else ", ".join(names) if len(names) <= 4 else f"{len(names)} links"
        yield f"messages take {delay} on {where}{loss}{order}"


def _faults(scenario: Scenario) -> Iterator[str]:
    end_ns = int(scenario.length) + int(scenario.grace_time) + int(scenario.drain)
    yield from (fault(one, end_ns) for one in scenario.faults)


def _time(scenario: Scenario) -> Iterator[str | None]:
    yield f"commands count that are meant to come from {scenario.warm_up} to {scenario.length}"
    yield f"more come for another {scenario.grace_time}, and what is under way is followed for {scenario.drain}"


def _amounts(weighted: tuple[tuple[int, float], ...], one: str, many: str) -> str:
    """Numbers, with their shares if there are several."""
    if len(weighted) == 1:
        number = weighted[0][0]
        return f"{number} {one if number == 1 else many}".strip()
    total = sum(weight for _, weight in weighted)
    listed = ", ".join(f"{number} ({percent(weight / total)})" for number, weight in weighted)
    return f"{listed} {many}".strip()
