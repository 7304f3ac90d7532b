"""Choices in plain words: when commands come, how clients learn, where state comes from, what goes wrong."""

from collections.abc import Callable, Sequence
from typing import Any

from cqrsim.amounts import LARGEST
from cqrsim.scenario.aggregates import Evenly, Weighted, Zipf
from cqrsim.scenario.arrivals import Bursts, Closed, Poisson, Recorded, Regular
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
from cqrsim.scenario.state import FromGenerated, FromPublished, LoadDecideAppend, OwnStore, State
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
        return f"state is kept in the handler's own store, saved {first} the event is sent, in {times(given.save)}"
    if isinstance(given, FromPublished):
        limit = _or_after(given.give_up_after)
        return f"state comes from published events; the turn passes when its own has come back{limit}"
    if isinstance(given, LoadDecideAppend):
        again = f"up to {counted(given.retries, 'retry', 'retries')}"
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
        return f"{counted(given.count, 'aggregate')}, equally popular" if given.count > 1 else "1 aggregate"
    if isinstance(given, Zipf):
        return f"{counted(given.count, 'aggregate')}, popular by Zipf's law with exponent {given.exponent:g}"
    assert isinstance(given, Weighted)
    return f"{counted(len(given.weights), 'aggregate')}, popular as recorded"


def fault(given: AnyFault, end_ns: int) -> str:
    """What goes wrong, and when; and whether that is too late."""
    name = f"{given.name}: " if given.name is not None else ""
    words: dict[type, Callable[[Any], str]] = {
        DiskFull: lambda f: "the disk is full",
        WriteErrors: lambda f: f"{percent(f.share)} of the writes fail",
        SlowDisk: lambda f: f"the disk is {f.factor:g} times slower",
        Stall: lambda f: "the disk stalls",
        LostMessages: lambda f: f"{percent(f.share)} of the messages {f.link} are lost",
    }
    never = " (after the end: never happens)" if int(given.at) >= end_ns else ""
    return f"{name}{words[type(given)](given)} {given.span}{never}"


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
        return " or ".join(f"{times(part)} in {percent(weight / total)} of cases" for weight, part in given.parts)
    how = "in their order" if given.replay else "drawn at random"
    source = f" from {given.file}" if given.file is not None else ""
    return f"{_about(given)} on average ({len(given.values):,} measured values{source}, {how})"


def _about(given: AnyDistribution) -> str:
    """A mean with three digits."""
    mean = given.mean_ns()
    if mean > LARGEST / 2:
        return f"{mean / 1e9:.3g}s"
    scale = 10 ** max(0, len(str(int(mean))) - 3)
    return str(Duration(round(mean / scale) * scale))


def is_zero(given: AnyDistribution) -> bool:
    """Whether it takes no time at all."""
    return isinstance(given, Constant) and not given.value


def percent(share: float) -> str:
    """A share for people."""
    return f"{share * 100:.6g} %"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def projections(names: Sequence[str]) -> str:
    """Projections by name."""
    return " and ".join(f'projection "{name}"' for name in names) if names else "the first projection"
