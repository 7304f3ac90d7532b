"""When a fault strikes: at times, at operations, while something holds, or after another fault."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cqrsim.errors import Problem, ScenarioError
from cqrsim.scenario.checks import FUNCTION, Checked, Count, Growth, Maybe, Name, NonNegative, PositiveDuration, Share
from cqrsim.scenario.choices import Choice
from cqrsim.scenario.distributions import DistributionSetting
from cqrsim.scenario.targets import Operation
from cqrsim.scenario.values import CodeOnly, Known, Settings, setting, value
from cqrsim.units import Duration


class Trigger(Settings):
    """What all triggers have in common."""


class OfOperations(Trigger):
    """A trigger that picks operations one by one."""

    of: Operation | None


@value
class At(Trigger):
    """Once, at a time; a plain duration says the same.

    >>> from cqrsim.units import seconds
    >>> At(seconds(5)).at
    seconds(5)
    """

    at: Duration = Duration(0)
    """When."""
    kind: Literal["At"] = setting(default="At", kw_only=True, repr=False)

    def shorthand(self) -> Duration:
        """A plain duration says the same."""
        return self.at


@value
class Every(Trigger):
    """Again and again, a period after the other.

    >>> from cqrsim.units import seconds
    >>> Every(seconds(10), jitter=seconds(1)).begins
    seconds(10)
    """

    period: PositiveDuration
    """From one strike to the next."""
    start: Maybe[Duration] = None
    """When the first one comes; "none": after one period."""
    jitter: Duration = Duration(0)
    """By how much each may come later, at random; the others are not moved by it."""
    kind: Literal["Every"] = setting(default="Every", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Strikes that overtake each other."""
        if known.has("period", "jitter") and known.jitter > known.period:
            yield Problem("jitter", known.jitter, f"must not be more than period ({known.period})")

    @property
    def begins(self) -> Duration:
        """When the first strike comes, without its jitter."""
        return self.period if self.start is None else self.start


@value
class Renewal(Trigger):
    """Up for a while, then down for a while, again and again; a run begins up.

    It says how long each strike lasts.  What takes no time, or says itself how long it takes (a crash), happens when a
    time down begins.

    >>> from cqrsim.scenario.distributions import Exponential
    >>> from cqrsim.units import seconds
    >>> Renewal(up=Exponential(seconds(60)), down=seconds(2)).down
    Constant(value=seconds(2))
    """

    up: DistributionSetting
    """Time until it strikes."""
    down: DistributionSetting
    """Time until that is over."""
    kind: Literal["Renewal"] = setting(default="Renewal", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """Times that add up to nothing."""
        if known.has("up", "down") and known.up.mean_ns() + known.down.mean_ns() <= 0:
            yield Problem("up", None, "up and down must not both take no time: it would strike without end")


@value
class PerOperation(OfOperations):
    """Each operation is struck with the same probability, whatever happens to the others.

    >>> PerOperation(0.01).share
    0.01
    """

    share: Share
    """Which share of the operations; 0: never."""
    of: Maybe[Operation] = None
    """Which operations: "write" or "flush" (disk, store), "append", "decide" or "answer" (handlers), "apply"
    (projections), "message" (links); "none": those that the effect and its target suggest."""
    kind: Literal["PerOperation"] = setting(default="PerOperation", kw_only=True, repr=False)


@value
class InBursts(OfOperations):
    """Operations are struck in bursts of random (geometric) length, as errors of disks are.

    >>> InBursts(0.001, mean=5).mean
    5.0
    """

    share: Share
    """Which share of the operations begins a burst; 0: never."""
    mean: Growth
    """How many operations a burst strikes, on average."""
    of: Maybe[Operation] = None
    """Which operations, as in PerOperation; "none": those that the effect and its target suggest."""
    kind: Literal["InBursts"] = setting(default="InBursts", kw_only=True, repr=False)


@value
class Nth(OfOperations):
    """One operation, by its number.

    >>> Nth(37, of="flush").side
    'before'
    """

    number: Count
    """Which one, counted from 1."""
    side: Literal["before", "after"] = "before"
    """Whether the fault strikes ahead of the operation, or right behind it."""
    of: Maybe[Operation] = None
    """Which operations, as in PerOperation; "none": those that the effect and its target suggest."""
    kind: Literal["Nth"] = setting(default="Nth", kw_only=True, repr=False)


def _pattern(given: Any) -> str:
    """Points and crosses, and perhaps a capital X at the end."""
    if not isinstance(given, str) or not given:
        raise ValueError('must be a text of "." and "x", such as "..x"')
    wrong = sorted(set(given) - set(".xX"))
    if wrong:
        listed = ", ".join(f'"{letter}"' for letter in wrong)
        raise ScenarioError((Problem("", given, f'must be made of "." (spared) and "x" (struck), not {listed}'),))
    if "X" in given[:-1]:
        raise ValueError('a capital "X" stands for all from here on, so it must be the last letter')
    return str(given)


_PATTERN = Checked(_pattern, 'a text of "." and "x"', {"type": "string", "pattern": r"^[.x]*[.xX]$"})


@value
class Sequence(OfOperations):
    """Operations by a script: one letter for each, in their order.

    >>> Sequence("..x.X").pattern
    '..x.X'
    """

    pattern: Annotated[str, _PATTERN]
    """"." spares an operation, "x" strikes it, and a capital "X" at the end strikes all from there on."""
    of: Maybe[Operation] = None
    """Which operations, as in PerOperation; "none": those that the effect and its target suggest."""
    kind: Literal["Sequence"] = setting(default="Sequence", kw_only=True, repr=False)


@value
class While(Trigger):
    """As long as something measured is above a limit; it says how long each strike lasts.

    >>> While("store_queue", above=100).above
    100.0
    """

    measure: Literal["disk_usage", "store_queue", "handler_queue", "projection_queue", "log_length"]
    """What is measured: the share of the disk's capacity that is used, what waits for the store, in the fullest shard
    or for the slowest projection, or the number of events in the log."""
    above: NonNegative
    """The limit."""
    kind: Literal["While"] = setting(default="While", kw_only=True, repr=False)

    @staticmethod
    def mistakes(known: Known) -> Iterator[Problem]:
        """A usage that is no share."""
        if known.has("measure", "above") and known.measure == "disk_usage" and known.above > 1:
            yield Problem("above", known.above, "must be a share between 0 and 1 for disk_usage")


@value
class AfterFault(Trigger):
    """After each strike of another fault.

    >>> from cqrsim.units import seconds
    >>> AfterFault("slow disk", delay=seconds(30)).fault
    'slow disk'
    """

    fault: Name
    """The name of the other fault; one without a name is called by its kind and number, such as "Stall 1"."""
    delay: DistributionSetting = setting(default=Duration(0))
    """Time from its strike."""
    kind: Literal["AfterFault"] = setting(default="AfterFault", kw_only=True, repr=False)


@value
class When(CodeOnly, Trigger):
    """Whenever a function of your own says so, asked at each operation of the target.  It cannot be written to a file.

    >>> When(lambda view: view.time_ns > 5_000_000_000).kind
    'When'
    """

    called = "the trigger When"
    instead = "another trigger"

    function: Annotated[Callable[[Any], bool], FUNCTION]
    """From a view of the system to whether the operation is struck."""
    kind: Literal["When"] = setting(default="When", kw_only=True, repr=False)


def _as_at(given: Any) -> At | None:
    """A duration, or its text, stands for once at that time; a bare number is told that it lacks its unit."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    return At(Duration.accept(given))


AnyTrigger: TypeAlias = Annotated[
    At | Every | Renewal | PerOperation | InBursts | Nth | Sequence | While | AfterFault | When,
    Choice("trigger", _as_at, Duration.json_schema()),
]

if TYPE_CHECKING:
    from cqrsim.scenario.values import Accepts

    TriggerSetting: TypeAlias = Accepts[AnyTrigger, AnyTrigger | Duration]
else:
    TriggerSetting = AnyTrigger
