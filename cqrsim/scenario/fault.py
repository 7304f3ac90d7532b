"""The general form of a fault: what goes wrong, when, where and for how long; and what all short forms share."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from cqrsim.errors import Problem
from cqrsim.scenario import effects, triggers
from cqrsim.scenario.checks import Count, Maybe, Name
from cqrsim.scenario.distributions import Constant, DistributionOrNone
from cqrsim.scenario.effects import MANNERS, AnyEffect, Crash
from cqrsim.scenario.spans import BetweenSetting, Span, Window
from cqrsim.scenario.targets import OPERATIONS, Where, target_of
from cqrsim.scenario.triggers import AfterFault, At, Nth, OfOperations, TriggerSetting
from cqrsim.scenario.values import Known, Settings, setting, shortened, value
from cqrsim.units import Duration


@value
class Fault(Settings):
    """The general form: what goes wrong, when, where, and for how long.

    >>> from cqrsim.scenario import Every, Slow
    >>> from cqrsim.units import seconds
    >>> slow = Fault(Slow(10), when=Every(seconds(60)), lasts=seconds(5))
    >>> slow.target, str(slow.span)
    ('disk', 'from 1min on')
    >>> Fault(Slow(10), where="client->handler")
    Traceback (most recent call last):
    cqrsim.errors.ScenarioError: Fault: where: Slow strikes the disk (got "client->handler")
    """

    what: AnyEffect
    """What happens."""
    when: TriggerSetting = setting(default=Duration(0))
    """When it strikes; a duration stands for once, at that time."""
    where: Maybe[Where] = None
    """Where: "disk", "store", "handlers" or "handlers.2", "projections" or "projections.board", "clients" or
    "clients.api", a link such as "client->handler", or "store->projection.board"; "none": where the effect belongs."""
    lasts: DistributionOrNone = setting(default=None)
    """How long each strike lasts; "none": to the end, or, where the trigger picks operations and the effect can befall
    one of them, for that operation."""
    between: BetweenSetting = setting(default=None)
    """From when to when it may strike, as a list of two; the second may be "none"; "none": always."""
    at_most: Maybe[Count] = None
    """How often it may strike; "none": no limit."""
    name: Maybe[Name] = None
    """What it is called; if not given, its kind and number."""
    kind: Literal["Fault"] = setting(default="Fault", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """What has no meaning together."""
        if known.has("what", "where"):
            yield from _misplaced(known.what, known.where)
        if known.has("what", "when", "where"):
            yield from _misbound(known.what, known.when, known.where)
        if known.has("what", "when", "lasts"):
            yield from _length_said_elsewhere(known.what, known.when, known.lasts)
        if known.has("when", "between"):
            yield from _outside(known.when, known.between)
        if known.has("when", "name") and isinstance(known.when, AfterFault) and known.when.fault == known.name:
            yield Problem("when.fault", known.name, "is the fault itself")

    @property
    def target(self) -> str:
        """Where it strikes, decided."""
        return _target(self.what, self.where)

    @property
    def operation(self) -> str | None:
        """Which operations its trigger picks from, decided; None for triggers that do not look at operations."""
        if isinstance(self.when, triggers.When):
            return _operation(self.what, self.target)
        if isinstance(self.when, OfOperations):
            return self.when.of or _operation(self.what, self.target)
        return None

    @property
    def single(self) -> bool:
        """Whether a strike befalls one operation, and is over with it."""
        return self.operation is not None and self.lasts is None and MANNERS[type(self.what)].single

    @property
    def span(self) -> Span:
        """When it may be there, as far as that is known beforehand."""
        begins, ends = self.between if self.between is not None else (Duration(0), None)
        if isinstance(self.when, At):
            once = self.lasts.value if isinstance(self.lasts, Constant) else None
            return Span(self.when.at, None if once is None else self.when.at + once)
        if isinstance(self.when, triggers.Every):
            begins = max(begins, self.when.begins)
        return Span(begins, ends if self.single else None)

    def general(self) -> "Fault":
        """The fault itself."""
        return self

    def generals(self) -> tuple["Fault", ...]:
        """The fault itself."""
        return (self,)


def _target(what: effects.Effect, where: str | None) -> str:
    return where if where is not None else MANNERS[type(what)].targets[0]


def _operation(what: effects.Effect, target: str) -> str | None:
    """The operation that is meant where nothing is said."""
    operations = (*MANNERS[type(what)].operations, *OPERATIONS[target_of(target).kind])
    return operations[0] if operations else None


_CALLED = {
    "disk": "the disk",
    "store": "the store",
    "handlers": "handlers",
    "projections": "projections",
    "clients": "clients",
    "links": "links",
}


def _listed(words: Iterable[str], last: str = "or") -> str:
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end


def _misplaced(what: effects.Effect, where: str | None) -> Iterator[Problem]:
    """An effect where it cannot strike."""
    effect, manner = type(what).__name__, MANNERS[type(what)]
    if where is None and manner.targets[0] == "links":
        yield Problem("where", None, f'{effect} strikes a link, so it must be said which: where = "client->handler"')
        return
    kind = target_of(_target(what, where)).kind
    if kind not in manner.targets:
        yield Problem("where", where, f"{effect} strikes {_listed(_CALLED[one] for one in manner.targets)}")
    elif isinstance(what, Crash) and kind != "store":
        for name in ("power", "tears"):
            if getattr(what, name):
                yield Problem(f"what.{name}", True, f"belongs to the store: {_CALLED[kind]} write nothing")


def _misbound(what: effects.Effect, when: triggers.Trigger, where: str | None) -> Iterator[Problem]:
    """A trigger that does not go with the effect or the target."""
    effect, manner, target = type(what).__name__, MANNERS[type(what)], _target(what, where)
    happens = OPERATIONS[target_of(target).kind]
    if isinstance(when, OfOperations | triggers.When) and not happens:
        message = f"{_CALLED['clients']} do nothing that can be counted: use a trigger of time"
        yield Problem("when", None, f"{type(when).__name__} picks operations, but {message}")
    elif isinstance(when, OfOperations) and when.of is not None:
        fitting = [one for one in manner.operations or happens if one in happens]
        if when.of not in happens:
            quoted = _listed(f'"{one}"' for one in happens)
            yield Problem("when.of", when.of, f'there is no such operation at "{target}": use {quoted}')
        elif when.of not in fitting:
            yield Problem("when.of", when.of, f'{effect} befalls "{_listed(fitting)}" only')
    after = (Crash, effects.Pause, effects.TwoInstances, effects.Custom)
    if isinstance(when, Nth) and when.side == "after" and not isinstance(what, after):
        names = _listed(one.__name__ for one in after)
        yield Problem("when.side", "after", f"belongs to {names}: {effect} must strike ahead of an operation to matter")
    if isinstance(what, effects.Overload) and not isinstance(when, At | triggers.Every | triggers.Renewal):
        message = (
            f"who comes when must be known beforehand, which {type(when).__name__} does not tell: use a trigger of time"
        )
        yield Problem("when", None, message)
    by_time = At | triggers.Every | triggers.Renewal | AfterFault
    if isinstance(what, effects.Consume) and not isinstance(when, by_time):
        yield Problem("when", None, "Consume takes room over time, so it must be said when: use a trigger of time")
    held = isinstance(what, effects.Cut) and what.held
    if isinstance(when, triggers.While) and (
        held or isinstance(what, effects.Freeze | effects.Pause | effects.TwoInstances)
    ):
        yield Problem(
            "when", None, f"nobody knows beforehand how long While lasts, which {effect} has to: use another trigger"
        )
    if isinstance(what, effects.Die) and isinstance(when, triggers.Renewal | triggers.While):
        yield Problem("when", None, f"a disk that has died stays dead: {type(when).__name__} would bring it back")


def _length_said_elsewhere(what: effects.Effect, when: triggers.Trigger, lasts: Any) -> Iterator[Problem]:
    """A length where the trigger or the effect says it."""
    if lasts is None:
        return
    if isinstance(when, triggers.Renewal | triggers.While):
        yield Problem("lasts", shortened(lasts), f"must not be given: {type(when).__name__} says how long")
    elif MANNERS[type(what)].at_once:
        yield Problem(
            "lasts", shortened(lasts), f"must not be given: {type(what).__name__} {MANNERS[type(what)].at_once}"
        )


def _outside(when: triggers.Trigger, between: Window) -> Iterator[Problem]:
    """A window that cannot be, or that is said of a single time."""
    if between is None:
        return
    begin, end = between
    if end is not None and end < begin:
        yield Problem("between", None, f"must not end ({end}) before it begins ({begin})")
    elif isinstance(when, At):
        hint = f'write when = "{begin}"' + (f', lasts = "{end - begin}"' if end is not None else "")
        yield Problem(
            "between", None, f"belongs to what strikes again and again; this strikes once, at {when.at}", hint
        )


class ShortFault(Settings):
    """What all short forms can tell."""

    at: Duration
    name: str | None

    @property
    def span(self) -> Span:
        """When the fault is there."""
        lasts: Duration | None = getattr(self, "lasts", None)
        return Span(self.at, None if lasts is None else self.at + lasts)

    @property
    def between(self) -> tuple[Duration, Duration | None] | None:
        """The same for the general form; None if it is always there."""
        span = self.span
        return (span.begins, span.ends) if span.begins or span.ends is not None else None

    @abstractmethod
    def general(self) -> Fault:
        """The same fault in the general form."""

    def generals(self) -> tuple[Fault, ...]:
        """The same fault in the general form: one fault, or one for each link."""
        return (self.general(),)
