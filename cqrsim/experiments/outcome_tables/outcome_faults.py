"""What strikes the first append of a script or a message about it: every outcome of an append, loss, copies, crashes.

Each hits that one append and nothing else.  What takes time - a restart, a stall, a copy that comes late - comes in
several lengths: shorter and longer than a handler waits, or so short that it is over before the append is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cqrsim.errors import Problem, ScenarioError
from cqrsim.experiments.outcome_tables.outcome_designs import TIMEOUT, known
from cqrsim.experiments.outcome_tables.scripts import begins
from cqrsim.scenario import (
    Ambiguous,
    AnyFault,
    At,
    Corrupt,
    Crash,
    Die,
    Drop,
    Duplicate,
    Fault,
    Freeze,
    Lie,
    Nth,
    Pause,
    Promote,
    Refuse,
    Scenario,
    TwoInstances,
)
from cqrsim.units import Duration, ms

Together: TypeAlias = tuple[AnyFault, ...]
"""Faults that strike in one run."""

Variants: TypeAlias = tuple[Together, ...]
"""What goes by one name: each is tried at every spacing."""

HEARD = ms(10)
"""By then, with the delays of :func:`cqrsim.script`, the first append is durable and everybody has heard of it."""

LATE = (ms(1), TIMEOUT / 2, TIMEOUT * 2.5)
"""How much later a copy of a message comes."""

HIDDEN, SHORT, LONG = ms(0.5), TIMEOUT / 4, TIMEOUT * 5
"""Lengths: over before the append is written; shorter than a handler waits; longer."""


@dataclass(frozen=True)
class First:
    """What must be known of a design, to strike its first append."""

    at: Duration
    """When the first command is issued."""
    loads: bool
    """Whether a stream is loaded before each append."""
    hears: bool
    """Whether the handler waits to hear of its appends."""
    answered: bool
    """Whether an answer says what became of a command, or only that it was received."""
    error_events: bool
    error_cache: bool

    @classmethod
    def of(cls, design: Scenario) -> First:
        """What a script says of it."""
        state, feedback = design.state.answers(), design.feedback.answers()
        return cls(
            at=begins(design)[0],
            loads=state.load,
            hears=state.wait_for != "nothing",
            answered=feedback.answer_at != "received",
            error_events=feedback.error_events,
            error_cache=feedback.error_cache,
        )

    @property
    def append(self) -> int:
        """Which message from a handler to the store it is; its answer is the same one on the way back."""
        return 2 if self.loads else 1

    @property
    def heard(self) -> Duration:
        """When everybody has heard of it."""
        return self.at + HEARD


def outcome_faults(design: Scenario) -> dict[str, Variants]:
    """All faults of the outcome table by name, made for a script; each in its variants.

    >>> from cqrsim.experiments import outcome_designs
    >>> faults = outcome_faults(outcome_designs()["2a"])
    >>> len(faults), len(faults["refused"]), len(faults["late_ok"])
    (28, 1, 2)
    """
    first = First.of(design)
    return {name: tuple(_named(name, one) for one in make(first)) for name, make in _MAKERS.items()}


def faults_for(design: Scenario, asked: Mapping[str, Any] | Iterable[str] | None) -> dict[str, Variants]:
    """The faults that were asked for: all of them, those with these names, or some of one's own."""
    if isinstance(asked, Mapping):
        return {name: _variants(name, given) for name, given in asked.items()}
    standard = outcome_faults(design)
    return standard if asked is None else {known("fault", name, standard): standard[name] for name in asked}


def _variants(name: str, given: Any) -> Variants:
    """One fault, a tuple of those that strike together, or a list of variants of either."""
    variants = tuple(_together(one) for one in (given if isinstance(given, list) else [given]))
    if not variants or not all(hasattr(fault, "generals") for one in variants for fault in one):
        hint = "give a fault, a tuple of faults that strike together, or a list of variants"
        raise ScenarioError((Problem(f'faults."{name}"', given, "is no fault", hint),))
    return variants


def _together(given: Any) -> Together:
    return () if given is None else given if isinstance(given, tuple) else (given,)


def _named(name: str, together: Together) -> Together:
    """The faults called after their row, so that a ledger and a picture say what was meant."""
    names = [name] if len(together) == 1 else [f"{name} ({place})" for place in range(1, len(together) + 1)]
    return tuple(fault.variant(name=one) for fault, one in zip(together, names, strict=True))


# --- one append, one outcome -------------------------------------------------------------------------------------


def _none(first: First) -> Iterator[Together]:
    yield ()


def _refused(first: First) -> Iterator[Together]:
    yield (Fault(Refuse(), when=Nth(1)),)


def _ambiguous(first: First) -> Iterator[Together]:
    yield (Fault(Ambiguous(), when=Nth(1)),)


def _late_ok(first: First) -> Iterator[Together]:
    for lasts in (SHORT, LONG):
        yield (Fault(Freeze(), when=Nth(1), lasts=lasts),)


def _late_err(first: First) -> Iterator[Together]:
    for lasts in (SHORT, LONG):
        yield (Fault(Freeze(then="error"), when=Nth(1), lasts=lasts),)


def _crash_pre(first: First) -> Iterator[Together]:
    for restart in (SHORT, LONG):
        yield (Fault(Crash(restart=restart), where="store", when=Nth(1)),)


def _crash_post(first: First) -> Iterator[Together]:
    for restart in (SHORT, LONG):
        yield (Fault(Crash(restart=restart), where="store", when=Nth(1, side="after")),)


def _false_ok(first: First) -> Iterator[Together]:
    """The flush was a lie, and a loss of power tells; that comes when everybody has heard of the event."""
    for restart in (SHORT, LONG):
        yield (
            Fault(Lie(), when=Nth(1, of="flush")),
            Fault(Crash(power=True, restart=restart), where="store", when=At(first.heard)),
        )


def _failover_lag(first: First) -> Iterator[Together]:
    """The replica has heard of nothing since the first command was issued; later error events are lost, too."""
    for switch in (SHORT, LONG):
        yield (Fault(Promote(lag=HEARD, switch=switch), when=At(first.heard)),)


def _gone(first: First) -> Iterator[Together]:
    yield (Fault(Die(), when=Nth(1)),)


def _silent_change(first: First) -> Iterator[Together]:
    """All that is stored by then changes: the first event, and perhaps an error event of the second command."""
    yield (Fault(Corrupt(records=2), when=At(first.heard)),)


# --- messages ----------------------------------------------------------------------------------------------------


def _lost(link: str, number: int = 1) -> Fault:
    return Fault(Drop(), where=link, when=Nth(number))


def _lost_command(first: First) -> Iterator[Together]:
    yield (_lost("client->handler"),)


def _lost_append(first: First) -> Iterator[Together]:
    yield (_lost("handler->store", first.append),)


def _lost_answer(first: First) -> Iterator[Together]:
    yield (_lost("store->handler", first.append),)


def _lost_to_handler(first: First) -> Iterator[Together]:
    yield (_lost("store->subscriber"),)


def _lost_to_projection(first: First) -> Iterator[Together]:
    yield (_lost("store->projection"),)


def _lost_reply(first: First) -> Iterator[Together]:
    yield (_lost("handler->client"),)


def _lost_notice(first: First) -> Iterator[Together]:
    """The second command is the one that is refused: its notice goes the way that the feedback has for it, if any."""
    if first.error_events:
        yield (_lost("handler->store", 2 * first.append),)
    elif first.error_cache:
        yield (_lost("handler->cache"),)
    elif first.answered:
        yield (_lost("handler->client", 2),)
    else:
        yield ()


def _doubled(link: str, after: Duration, number: int = 1) -> Fault:
    return Fault(Duplicate(after), where=link, when=Nth(number))


def _double_command(first: First) -> Iterator[Together]:
    for after in LATE:
        yield (_doubled("client->handler", after),)


def _double_append(first: First) -> Iterator[Together]:
    for after in LATE:
        yield (_doubled("handler->store", after, first.append),)


def _double_publication(first: First) -> Iterator[Together]:
    for after in LATE:
        yield (_doubled("store->subscriber", after), _doubled("store->projection", after))


def _double_answer(first: First) -> Iterator[Together]:
    for after in LATE:
        yield (_doubled("store->handler", after, first.append),)


# --- processes ---------------------------------------------------------------------------------------------------


def _crash_before_sending(first: First) -> Iterator[Together]:
    for restart in (HIDDEN, SHORT, LONG):
        yield (Fault(Crash(restart=restart), where="handlers", when=Nth(1, of="append")),)


def _crash_while_waiting(first: First) -> Iterator[Together]:
    """The shortest restart reads the log before the append is in it."""
    for restart in (HIDDEN, SHORT, LONG):
        yield (Fault(Crash(restart=restart), where="handlers", when=Nth(1, side="after", of="append")),)


def _crash_after_answer(first: First) -> Iterator[Together]:
    """A handler that hears of nothing crashes when another one would have heard."""
    when = Nth(1, side="after", of="answer") if first.hears else At(first.heard)
    for restart in (HIDDEN, SHORT, LONG):
        yield (Fault(Crash(restart=restart), where="handlers", when=when),)


def _overlap(first: First) -> Iterator[Together]:
    for lasts in (SHORT, LONG):
        yield (Fault(TwoInstances(), when=Nth(1, side="after", of="append"), lasts=lasts),)


def _zombie(first: First) -> Iterator[Together]:
    """It stands still with its decision made and its append not sent."""
    for lasts in (SHORT, LONG):
        yield (Fault(Pause(), when=Nth(1, of="append"), lasts=lasts),)


def _projection_crash(first: First) -> Iterator[Together]:
    for restart in (SHORT, LONG):
        yield (Fault(Crash(restart=restart), where="projections", when=Nth(1)),)
        yield (Fault(Crash(restart=restart), where="projections", when=Nth(1, side="after")),)


_MAKERS: dict[str, Callable[[First], Iterator[Together]]] = {
    "none": _none,
    "refused": _refused,
    "ambiguous": _ambiguous,
    "late_ok": _late_ok,
    "late_err": _late_err,
    "crash_pre": _crash_pre,
    "crash_post": _crash_post,
    "false_ok": _false_ok,
    "failover_lag": _failover_lag,
    "gone": _gone,
    "silent_change": _silent_change,
    "lost command": _lost_command,
    "lost append": _lost_append,
    "lost store answer": _lost_answer,
    "lost publication to handler": _lost_to_handler,
    "lost publication to projection": _lost_to_projection,
    "lost reply": _lost_reply,
    "lost refusal notice": _lost_notice,
    "duplicate command": _double_command,
    "duplicate append": _double_append,
    "duplicate publication": _double_publication,
    "duplicate answer": _double_answer,
    "handler crash before sending": _crash_before_sending,
    "handler crash while waiting": _crash_while_waiting,
    "handler crash after the answer": _crash_after_answer,
    "overlap": _overlap,
    "zombie": _zombie,
    "projection crash": _projection_crash,
}

OUTCOME_FAULTS = tuple(_MAKERS)
"""The names of all faults of the table, in its order."""
