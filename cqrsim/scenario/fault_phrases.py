"""Faults in plain words: what happens, when, where, and for how long."""

from collections.abc import Callable
from typing import Any

from cqrsim.scenario import effects, triggers
from cqrsim.scenario.distributions import Constant
from cqrsim.scenario.effects import MANNERS
from cqrsim.scenario.faults import AnyFault, Fault, Partition, SlowDisk
from cqrsim.scenario.targets import target_of
from cqrsim.scenario.values import name_of
from cqrsim.scenario.words import counted, is_zero, percent, times

Words = dict[type, Callable[[Any], str]]


def fault(given: AnyFault, end_ns: int) -> str:
    """What goes wrong, and when; and whether that is too late."""
    name = f"{given.name}: " if given.name is not None else ""
    never = " (after the end: never happens)" if int(given.span.begins) >= end_ns else ""
    return f"{name}{_told(given)}{never}"


def _told(given: AnyFault) -> str:
    """Short forms as general ones; but several links together, and a slow disk as people say it."""
    if isinstance(given, SlowDisk):
        return f"the disk is {given.factor:g} times slower {given.span}"
    if isinstance(given, Partition):
        return _with_time(_cut(given.held, " and ".join(map(_link, given.link))), str(given.span))
    return _general(given.general())


def _general(fault: Fault) -> str:
    if not fault.single:
        return _with_time(_state(fault), f"{_when(fault)}{_limits(fault)}")
    limits = _limits(fault)
    counts = isinstance(fault.when, triggers.Nth | triggers.Sequence)
    return _with_time(_befalling(fault), limits.strip() or ("" if counts else "all the time"))


def _with_time(told: str, when: str) -> str:
    """Say when at the end of the first clause; what comes behind a semicolon is detail."""
    main, semicolon, detail = told.partition("; ")
    space = " " if when and not when.startswith(",") else ""
    return f"{main}{space}{when}{semicolon}{detail}"


# --- effects that befall operations ---------------------------------------------------------------------------------

_PREDICATES: Words = {
    effects.Refuse: lambda e: "fail" + {"EIO": "", "ENOSPC": " for want of room", "EROFS": " as read-only"}[e.code],
    effects.Ambiguous: lambda e: f"fail; {_kept(e.kept)}",
    effects.FlushError: lambda e: f"fail; {_kept(e.kept)}",
    effects.Slow: lambda e: f"take {_slower(e)}",
    effects.Lie: lambda e: "seem to succeed; bytes stay in a cache" + (f" for {e.holds}" if e.holds else ""),
    effects.Drop: lambda e: "are lost",
    effects.Duplicate: lambda e: (
        "arrive twice" + ("" if is_zero(e.after) else f"; the second time {times(e.after)} later")
    ),
    effects.Delay: lambda e: f"arrive later; by {times(e.by)}",
}


def _kept(share: float) -> str:
    if share == 0:
        return "what they write is not kept"
    return "what they write is kept all the same" if share == 1 else f"{percent(share)} of what they write is kept"


def _slower(given: effects.Slow) -> str:
    added = "" if is_zero(given.added) else f"{times(given.added)} longer"
    if given.factor == 1:
        return added or "as long as ever"
    return f"{given.factor:g} times as long" + (f" and {added}" if added else "")


def _befalling(fault: Fault) -> str:
    """Operations picked one by one."""
    what, operations, when = _PREDICATES[type(fault.what)](fault.what), _operations(fault), fault.when
    if isinstance(when, triggers.PerOperation):
        return f"{'all' if when.share == 1 else percent(when.share)} of {operations} {what}"
    if isinstance(when, triggers.InBursts):
        burst = f"{percent(when.share)} of them begin a burst of {when.mean:g} on average"
        return f"{operations} {_with_time(what, 'in bursts')}; {burst}"
    if isinstance(when, triggers.Nth):
        verb, space, rest = what.replace("they write", "it writes").partition(" ")
        return (
            f"number {when.number} of {operations} {_OF_ONE[verb.rstrip(';')]}{';' * verb.endswith(';')}{space}{rest}"
        )
    if isinstance(when, triggers.Sequence):
        return f'of {operations} those struck in "{when.pattern}" {what}'
    assert isinstance(when, triggers.When)
    return f"of {operations} those that {name_of(when.function)} picks {what}"


_OF_ONE = {"fail": "fails", "take": "takes", "seem": "seems", "are": "is", "arrive": "arrives"}
"""What operations do, of one operation."""

_KINDS = {
    "write": "the writes",
    "flush": "the flushes",
    "append": "the appends",
    "decide": "the decisions",
    "answer": "the answers and own events",
    "apply": "the events applied",
    "message": "the messages",
}


def _operations(fault: Fault) -> str:
    """What the trigger picks from."""
    kind = _KINDS[fault.operation or "write"]
    return f"{kind} {_link(fault.target)}" if fault.operation == "message" else kind


def _link(target: str) -> str:
    found = target_of(target)
    return found.place if found.one is None else f'{found.place} "{found.one}"'


# --- effects that last, or happen at once ---------------------------------------------------------------------------


def _state(fault: Fault) -> str:
    what, target = fault.what, fault.target
    if type(what) in _PREDICATES:
        return f"{_all(fault)} {_PREDICATES[type(what)](what)}"
    words: Words = {
        effects.Full: lambda e: "the disk is full",
        effects.Freeze: lambda e: "the disk stalls" + ("; what it was at then fails" if e.then == "error" else ""),
        effects.Die: lambda e: f"the disk dies; it {'answers with errors' if e.answers else 'never answers again'}",
        effects.Consume: lambda e: (
            f"something else fills the disk by {e.per_second} a second"
            + (f"; by {e.at_most} at most" if e.at_most is not None else "")
        ),
        effects.Corrupt: _changing,
        effects.Promote: lambda e: (
            f"a replica takes the store's place; {_lacking(e)}, and the switch takes {times(e.switch)}"
        ),
        effects.Crash: lambda e: f"{_part(target)} {_crashing(e)}",
        effects.TwoInstances: lambda e: f"a second instance runs beside {_part(target)}",
        effects.Pause: lambda e: f"{_part(target)} stands still" + ("; another takes its place" if e.takeover else ""),
        effects.Cut: lambda e: _cut(e.held, _link(target)),
        effects.Disconnect: lambda e: f"nothing reaches {_part(target)}",
        effects.Overload: lambda e: (
            f"{_part(target)} send {e.rate} more commands; {percent(e.invalid)} of them invalid"
        ),
        effects.Custom: lambda e: f"a custom effect ({name_of(e.function)}) strikes {_part(target)}",
    }
    return words[type(what)](what)


def _all(fault: Fault) -> str:
    """All operations that an effect can befall."""
    if isinstance(fault.what, effects.Slow):
        return "writes and flushes"
    if target_of(fault.target).kind == "links":
        return f"all messages {_link(fault.target)}"
    return "all flushes" if isinstance(fault.what, effects.FlushError | effects.Lie) else "all writes"


def _changing(given: effects.Corrupt) -> str:
    change = "changes" if given.records == 1 else "change"
    seen = f"{percent(given.detected)} of such changes are noticed" if given.detected else "nobody notices"
    return f"{counted(given.records, 'stored record')} {change}; {seen}"


def _lacking(given: effects.Promote) -> str:
    if given.lag is not None:
        return f"it lacks the appends of the last {given.lag}"
    return f"it lacks the last {counted(given.appends, 'append')}" if given.appends else "it lacks nothing"


def _crashing(given: effects.Crash) -> str:
    how = "loses power" if given.power else "crashes"
    torn = "; a write under way may be torn" if given.tears else ""
    lost = "; messages to it are lost meanwhile" if given.while_down == "lost" else ""
    return f"{how}; it is back after {times(given.restart)}{torn}{lost}"


def _cut(held: bool, links: str) -> str:
    return f"nothing gets through {links}{'; messages wait' if held else ''}"


def _part(target: str) -> str:
    """A target with its article."""
    found = target_of(target)
    if found.one is not None:
        words = {"handlers": "handler {}", "projections": 'projection "{}"', "clients": 'the clients "{}"'}
        return words.get(found.place, _link(target)).format(found.one)
    words = {"handlers": "every handler", "projections": "every projection", "clients": "the clients"}
    return words.get(target, f"the {target}" if found.kind != "links" else target)


# --- when -----------------------------------------------------------------------------------------------------------


def _when(fault: Fault) -> str:
    when = fault.when
    if isinstance(when, triggers.At):
        return _once(fault, when)
    words: Words = {
        triggers.Every: lambda w: (
            f"every {w.period} from {w.begins} on" + (f", up to {w.jitter} later" if w.jitter else "")
        ),
        triggers.Renewal: lambda w: f"again and again, after {times(w.up)}{_down(fault, w)}",
        triggers.PerOperation: lambda w: f"at {percent(w.share)} of {_operations(fault)}",
        triggers.InBursts: lambda w: (
            f"at {_operations(fault)} in bursts of {w.mean:g} on average, which {percent(w.share)} of them begin"
        ),
        triggers.Nth: lambda w: f"right {w.side} number {w.number} of {_operations(fault)}",
        triggers.Sequence: lambda w: f'at those of {_operations(fault)} that are struck in "{w.pattern}"',
        triggers.While: lambda w: f"while {_measured(w)}",
        triggers.AfterFault: lambda w: (
            f'after each strike of "{w.fault}"'
            if is_zero(w.delay)
            else f'{times(w.delay)} after each strike of "{w.fault}"'
        ),
        triggers.When: lambda w: f"at those of {_operations(fault)} that {name_of(w.function)} picks",
    }
    return words[type(when)](when)


def _once(fault: Fault, when: triggers.At) -> str:
    if MANNERS[type(fault.what)].at_once:
        return f"at {when.at}"
    if fault.lasts is None or isinstance(fault.lasts, Constant):
        return str(fault.span)
    return f"from {when.at} on"


def _down(fault: Fault, when: triggers.Renewal) -> str:
    return "" if MANNERS[type(fault.what)].at_once else f" for {times(when.down)}"


def _measured(given: triggers.While) -> str:
    words = {
        "disk_usage": "more than {share} of the disk is used",
        "store_queue": "more than {above:g} appends wait for the store",
        "handler_queue": "more than {above:g} commands wait in a shard",
        "projection_queue": "more than {above:g} events wait for a projection",
        "log_length": "the log has more than {above:g} events",
    }
    return words[given.measure].format(share=percent(given.above), above=given.above)


def _limits(fault: Fault) -> str:
    """For how long, between when, and how often."""
    told = ""
    if fault.lasts is not None and not (isinstance(fault.when, triggers.At) and isinstance(fault.lasts, Constant)):
        told += f", for {times(fault.lasts)} each time"
    if fault.between is not None:
        begin, end = fault.between
        told += f" from {begin} on" if end is None else f" from {begin} to {end}"
    if fault.at_most is not None:
        told += f", {'once' if fault.at_most == 1 else f'{fault.at_most:,} times'} at most"
    return told
