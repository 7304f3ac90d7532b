"""Choices in plain words: when commands come, how clients learn, where state comes from."""

from collections.abc import Callable, Sequence
from typing import Any

from cqrsim.scenario.aggregates import Evenly, Weighted, Zipf
from cqrsim.scenario.arrivals import Bursts, Closed, Poisson, Recorded, Regular
from cqrsim.scenario.feedback import Combined, ErrorCache, Feedback, ForwardEvent, Polling, Silence, SyncValidation
from cqrsim.scenario.state import FromGenerated, FromPublished, LoadDecideAppend, OwnStore, State
from cqrsim.scenario.words import counted, percent, times
from cqrsim.units import Duration


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


def feedback(given: Feedback, handler_state: State) -> str:
    """How a client learns what became of its command, from a handler with this source of state."""
    if isinstance(given, Combined):
        return "; besides, ".join(feedback(part, handler_state) for part in given.parts)
    words: dict[type, Callable[[Any], str]] = {
        SyncValidation: lambda f: _waiting(f, waits_for_store=handler_state.answers().wait_for != "nothing"),
        ForwardEvent: _forwarding,
        Silence: _silence,
        ErrorCache: _error_cache,
    }
    return words[type(given)](given)


def _waiting(given: SyncValidation, waits_for_store: bool) -> str:
    sent = "the handler has sent the event and takes it for written"
    what = {
        "decided": "the handler has decided",
        "written": "the event is durable" if waits_for_store else sent,
        "applied": f"{projections(given.projections) if given.projections else 'every projection'} shows it",
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


def state(given: Any) -> str:
    """Where the handler's state comes from."""
    if isinstance(given, OwnStore):
        first = "before" if given.order == "own_first" else "after"
        mended = f"; every {given.reconcile_every} it is compared with the log" if given.reconcile_every else ""
        some = f", which finds {percent(given.reconcile_finds)} of what differs" if given.reconcile_finds < 1 else ""
        saved = f"saved {first} the event is sent, in {times(given.save)}"
        return f"state is kept in the handler's own store, {saved}{mended}{some}"
    if isinstance(given, FromPublished):
        limit, doubt = _or_after(given.give_up_after), _doubt(given.in_doubt)
        gaps = "; gaps are noticed and read from the log" if given.catch_up else ""
        return f"state comes from published events; the turn passes when its own has come back{limit}{doubt}{gaps}"
    if isinstance(given, LoadDecideAppend):
        again = f"up to {counted(given.retries, 'retry', 'retries')}"
        doubt = _doubt(given.in_doubt)
        return f"the stream is loaded for each command and appended to at the expected version, with {again}{doubt}"
    assert isinstance(given, FromGenerated)
    if not given.wait:
        return "state comes from the events generated; nobody waits for the store"
    doubt = "; in doubt the stream is read again" if given.careful else _doubt(given.in_doubt)
    return f"state comes from the events generated, when the store has answered{_or_after(given.give_up_after)}{doubt}"


def _or_after(limit: Duration | None) -> str:
    return f", or after {limit}" if limit is not None else ""


def _doubt(in_doubt: str) -> str:
    return "; in doubt the client is told that nobody knows" if in_doubt == "say_unknown" else ""


def aggregates(given: Any) -> str:
    """What the commands are about."""
    if isinstance(given, Evenly):
        return f"{counted(given.count, 'aggregate')}, equally popular" if given.count > 1 else "1 aggregate"
    if isinstance(given, Zipf):
        return f"{counted(given.count, 'aggregate')}, popular by Zipf's law with exponent {given.exponent:g}"
    assert isinstance(given, Weighted)
    return f"{counted(len(given.weights), 'aggregate')}, popular as recorded"


def projections(names: Sequence[str]) -> str:
    """Projections by name."""
    return " and ".join(f'projection "{name}"' for name in names) if names else "the first projection"
