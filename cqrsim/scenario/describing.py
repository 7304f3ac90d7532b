"""Scenarios in plain words: one short paragraph for each part, with human units."""

import html
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cqrsim.scenario.aggregates import Evenly, Weighted, Zipf
from cqrsim.scenario.arrivals import Bursts, Closed, Poisson, Recorded, Regular
from cqrsim.scenario.clients import Clients
from cqrsim.scenario.distributions import (
    AnyDistribution,
    Constant,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Uniform,
)
from cqrsim.scenario.faults import AnyFault, DiskFull, LostMessages, SlowDisk, Stall, WriteErrors
from cqrsim.scenario.feedback import Combined, ErrorCache, Feedback, ForwardEvent, Polling, Silence, SyncValidation
from cqrsim.scenario.projections import Projection
from cqrsim.scenario.rules import Range, Rule, name_of
from cqrsim.scenario.scenario import Scenario
from cqrsim.scenario.state import FromGenerated, FromPublished, LoadDecideAppend, OwnStore
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
        yield title, _sentences(*_clients(group))
    yield "Feedback", _sentences(feedback(scenario.feedback))
    yield "Handlers", _sentences(*_handlers(scenario))
    yield "Event store", _sentences(*_store(scenario))
    yield "Disk", _sentences(*_disk(scenario))
    for view in scenario.views:
        yield f'Projection "{view.name}"', _sentences(*_projection(view))
    yield "Network", _sentences(*_network(scenario))
    yield "Faults", _sentences(*(fault(one) for one in scenario.faults)) or "None."
    yield "Time", _sentences(*_time(scenario))


def _sentences(*parts: str | None) -> str:
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts if part)


def _clients(group: Clients) -> Iterator[str | None]:
    yield arrivals(group.arrivals)
    yield f"{_percent(group.invalid)} of the commands are invalid in themselves" if group.invalid else None
    if group.pre_validation is not None:
        check = group.pre_validation
        cost = "" if _is_zero(check.cost) else f", which takes {times(check.cost)}"
        yield f"before sending, clients find {_percent(check.caught)} of the invalid ones{cost}"
    yield f"a command yields {_amounts(group.event_counts, 'event', 'events')} of {group.event_size}"
    if group.changes != ((1, 1.0),):
        yield f"it changes its aggregate's number by {_amounts(group.changes, '', '')}"
    yield feedback(group.feedback) if group.feedback is not None else None
    yield f"a client gives up after {group.patience}" if group.patience is not None else None
    yield _retries(group)
    yield f"{group.sessions} users share them" if group.sessions is not None else None
    if group.own_reads is not None:
        looks = f"{group.own_reads.count} times" if group.own_reads.count > 1 else "once"
        yield f"told of success, a client looks {looks} for its change in {_names(group.own_reads.of)}"
    if group.background_reads is not None:
        reads = group.background_reads
        yield f"{reads.sessions} users look at {_names(reads.of)} besides, {reads.rate} in all"


def _retries(group: Clients) -> str | None:
    if group.retries is None:
        return None
    retries = group.retries
    growth = f", each wait {retries.factor:g} times the one before" if retries.factor != 1 else ""
    cap = f", at most {retries.cap}" if retries.cap is not None else ""
    jitter = f", stretched by up to {_percent(retries.jitter)}" if retries.jitter else ""
    same = "the same command id" if retries.same_id else "a new command id"
    reasons = " or ".join(retries.after)
    return (
        f"after a {reasons} it tries again up to {retries.at_most} times with {same}, "
        f"first after {retries.first}{growth}{cap}{jitter}"
    )


def arrivals(given: Any) -> str:
    """When commands are issued."""
    words: dict[type, Callable[[Any], str]] = {
        Poisson: lambda a: f"commands come at random, {a.rate} on average",
        Regular: lambda a: f"a command comes every {a.every}" + (f", from {a.start} on" if a.start else ""),
        Recorded: lambda a: f"{len(a.times_ns):,} commands come as recorded" + (f" in {a.file}" if a.file else ""),
        Bursts: lambda a: (
            f"commands come at random, {a.rate} in quiet times that last {times(a.quiet)}, "
            f"{a.burst_rate} in bursts that last {times(a.burst)}"
        ),
        Closed: _closed,
    }
    return words[type(given)](given)


def _closed(given: Closed) -> str:
    wait = "the first answer" if given.waits_for == "answer" else "the outcome"
    pace = f", at a pace of one command in {given.pace}" if given.pace is not None else ""
    limit = f", {given.at_most} commands each" if given.at_most is not None else ""
    return f"{given.clients} clients think for {times(given.think)}, issue a command, and wait for {wait}{pace}{limit}"


def feedback(given: Feedback) -> str:
    """How a client learns what became of its command."""
    if isinstance(given, Combined):
        return "; besides, ".join(feedback(part) for part in given.parts)
    words: dict[type, Callable[[Any], str]] = {
        SyncValidation: _waiting,
        ForwardEvent: _forwarding,
        Silence: _silence,
        ErrorCache: _error_cache,
    }
    return words[type(given)](given)


def _waiting(given: SyncValidation) -> str:
    what = {
        "decided": "the handler has decided",
        "written": "the event is durable",
        "applied": f"{_names(given.projections) if given.projections else 'every projection'} shows it",
    }[given.answer_at]
    limit = f", for at most {given.wait_at_most}" if given.wait_at_most is not None else ""
    return f"the client waits until {what}{limit}"


def _forwarding(given: ForwardEvent) -> str:
    answers = given.answers()
    ways = ["is pushed to it"] if answers.event_push else []
    ways += [f"is polled by it {_polling(answers.event_poll)}"] if answers.event_poll is not None else []
    return f"the client is answered at once; success and refusal are events: each {' and '.join(ways)}{_id(given)}"


def _silence(given: Silence) -> str:
    presumed = f"; after {given.patience} it presumes failure" if given.patience is not None else ""
    of = f'projection "{given.of}"' if given.of is not None else "the first projection"
    return f"refusals are silent: the client looks at {of} {_polling(given.reload)}{presumed}"


def _error_cache(given: ErrorCache) -> str:
    size = f" and at most {given.at_most} entries" if given.at_most is not None else ""
    success = "its event" if given.success_by == "event" else "a read model"
    return (
        f"refusals wait {given.keep_for} in an error cache{size}, into which the client looks {_polling(given.poll)}; "
        f"success shows in {success}{_id(given)}"
    )


def _id(given: ForwardEvent | ErrorCache) -> str:
    return "" if given.command_id == "client" else "; the handler makes the command's id"


def _polling(given: Polling) -> str:
    growth = f", then at gaps {given.factor:g} times as long each" if given.factor != 1 else ""
    cap = f" up to {given.cap}" if given.cap is not None else ""
    limit = f", {given.at_most} times at most" if given.at_most is not None else ""
    return f"{'every' if given.factor == 1 else 'after'} {given.first}{growth}{cap}{limit}"


def _handlers(scenario: Scenario) -> Iterator[str | None]:
    handlers = scenario.handlers
    workers = _count(handlers.workers, "worker")
    yield f"{_count(handlers.shards, 'shard')} with {workers}{' each' if handlers.shards > 1 else ''}"
    yield "deciding takes no time" if _is_zero(handlers.validate) else f"deciding takes {times(handlers.validate)}"
    if handlers.queue_limit is not None:
        yield f"when {_count(handlers.queue_limit, 'command')} wait in a shard, more are refused unread"
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


def state(given: Any) -> str:
    """Where the handler's state comes from."""
    if isinstance(given, OwnStore):
        first = "before" if given.order == "own_first" else "after"
        return f"state is kept in the handler's own store, saved {first} the event is sent, in {times(given.save)}"
    if isinstance(given, FromPublished):
        limit = _or_after(given.give_up_after)
        return f"state comes from published events; the turn passes when its own has come back{limit}"
    if isinstance(given, LoadDecideAppend):
        again = f"up to {_count(given.retries, 'retry', 'retries')}"
        return f"the stream is loaded for each command and appended to at the expected version, with {again}"
    assert isinstance(given, FromGenerated)
    if not given.wait:
        return "state comes from the events generated; nobody waits for the store"
    doubt = "; in doubt the stream is read again" if given.careful else ""
    return f"state comes from the events generated, when the store has answered{_or_after(given.give_up_after)}{doubt}"


def _or_after(limit: Duration | None) -> str:
    return f", or after {limit}" if limit is not None else ""


def aggregates(given: Any) -> str:
    """What the commands are about."""
    if isinstance(given, Evenly):
        return f"{_count(given.count, 'aggregate')}, equally popular" if given.count > 1 else "1 aggregate"
    if isinstance(given, Zipf):
        return f"{_count(given.count, 'aggregate')}, popular by Zipf's law with exponent {given.exponent:g}"
    assert isinstance(given, Weighted)
    return f"{_count(len(given.weights), 'aggregate')}, popular as recorded"


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
    yield "command ids are stored once" if store.dedupe else None
    if not _is_zero(store.read) or store.read_per_event:
        each = f" and {store.read_per_event} for each event" if store.read_per_event else ""
        snapshots = f", with a snapshot every {store.snapshot_every} events" if store.snapshot_every else ""
        yield f"reading a stream takes {times(store.read)}{each}{snapshots}"


def _disk(scenario: Scenario) -> Iterator[str | None]:
    disk = scenario.disk
    if _is_zero(disk.write) and _is_zero(disk.flush) and not disk.per_kib:
        yield "writes take no time"
    else:
        yield f"a write takes {times(disk.write)}"
        yield None if _is_zero(disk.flush) else f"a flush takes {times(disk.flush)}"
        yield f"each KiB takes {disk.per_kib} more" if disk.per_kib else None
    yield f"it holds {disk.capacity}" if disk.capacity is not None else "it never fills by itself"


def _projection(view: Projection) -> Iterator[str | None]:
    yield "applying takes no time" if _is_zero(view.apply) else f"applying an event takes {times(view.apply)}"
    yield "events are pushed to it" if view.poll is None else f"it looks for events every {view.poll}"
    yield f"it applies up to {_count(view.batch, 'event')} together" if view.batch is not None else None
    yield f"committing a batch takes {times(view.commit)}" if view.commit is not None else None
    if view.checkpoint_every is not None:
        yield f"a checkpoint every {_count(view.checkpoint_every, 'event')} takes {times(view.checkpoint)}"


def _network(scenario: Scenario) -> Iterator[str]:
    """Links that are alike in one sentence."""
    links: dict[Any, list[str]] = {}
    for name, route in scenario.network.routes():
        links.setdefault(route, []).append(name)
    for route, names in links.items():
        delay = "no time" if _is_zero(route.delay) else times(route.delay)
        loss = f", and {_percent(route.loss)} are lost" if route.loss else ""
        order = "" if route.in_order else ", and may overtake each other"
        where = "all links" if len(links) == 1 else ", ".join(names) if len(names) <= 4 else f"{len(names)} links"
        yield f"messages take {delay} on {where}{loss}{order}"


def fault(given: AnyFault) -> str:
    """What goes wrong, and when."""
    name = f"{given.name}: " if given.name is not None else ""
    words: dict[type, Callable[[Any], str]] = {
        DiskFull: lambda f: "the disk is full",
        WriteErrors: lambda f: f"{_percent(f.share)} of the writes fail",
        SlowDisk: lambda f: f"the disk is {f.factor:g} times slower",
        Stall: lambda f: "the disk stalls",
        LostMessages: lambda f: f"{_percent(f.share)} of the messages {f.link} are lost",
    }
    return f"{name}{words[type(given)](given)} {given.span}"


def _time(scenario: Scenario) -> Iterator[str | None]:
    yield f"commands count that are meant to come from {scenario.warm_up} to {scenario.length}"
    yield f"more come for another {scenario.grace_time}, and what is under way is followed for {scenario.drain}"


def times(given: AnyDistribution) -> str:
    """How long something takes."""
    if isinstance(given, Constant):
        return str(given.value)
    if isinstance(given, Exponential):
        return f"{given.mean} on average (exponential)"
    if isinstance(given, Uniform):
        return f"{given.low} to {given.high}"
    if isinstance(given, LogNormal) and given.p50 is not None:
        return f"{given.p50} at the median and {given.p99} at the 99 % quantile (log-normal, mean {_about(given)})"
    if isinstance(given, LogNormal | Gamma):
        kind = "log-normal" if isinstance(given, LogNormal) else "gamma"
        return f"{given.mean} on average ({kind}, cv {given.cv:g})"
    if isinstance(given, Mixture):
        total = sum(weight for weight, _ in given.parts)
        return " or ".join(f"{times(part)} in {_percent(weight / total)} of cases" for weight, part in given.parts)
    how = "in their order" if given.replay else "drawn at random"
    source = f" from {given.file}" if given.file is not None else ""
    return f"{_about(given)} on average ({len(given.values):,} measured values{source}, {how})"


def _about(given: AnyDistribution) -> str:
    """A mean with three digits."""
    mean = given.mean_ns()
    scale = 10 ** max(0, len(str(int(mean))) - 3)
    return str(Duration(round(mean / scale) * scale))


def _is_zero(given: AnyDistribution) -> bool:
    return isinstance(given, Constant) and not given.value


def _percent(share: float) -> str:
    return f"{share * 100:.6g} %"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _names(names: Sequence[str]) -> str:
    return " and ".join(f'projection "{name}"' for name in names) if names else "the first projection"


def _amounts(weighted: tuple[tuple[int, float], ...], one: str, many: str) -> str:
    """Numbers, with their shares if there are several."""
    if len(weighted) == 1:
        number = weighted[0][0]
        return f"{number} {one if number == 1 else many}".strip()
    total = sum(weight for _, weight in weighted)
    listed = ", ".join(f"{number} ({_percent(weight / total)})" for number, weight in weighted)
    return f"{listed} {many}".strip()
